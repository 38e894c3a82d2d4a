package dev.semper.engine.spec;

import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What values may be, in one place: the reader asks first and tells the line, the records insist.
final class Limits {
  private static final Duration DAY = Duration.ofDays(1);
  private static final Duration MILLI = Duration.ofMillis(1);
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
  private static final Pattern PROBE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}");

  static final Numbers INSTANCES = new Numbers(0, 1000);
  static final Numbers PORT = new Numbers(1, 65535);
  static final Numbers STATUS = new Numbers(100, 599);
  static final Numbers EXIT_CODE = new Numbers(0, 255);
  static final Numbers THRESHOLD = new Numbers(1, 1000);
  static final Numbers ATTEMPTS = new Numbers(0, 1_000_000);
  static final Numbers BYTES = new Numbers(0, Long.MAX_VALUE);
  static final Numbers PIDS = new Numbers(0, 1L << 22);
  static final Numbers LOG_BYTES = new Numbers(1024, 1L << 40);
  static final Numbers LOG_FILES = new Numbers(0, 1000);
  static final Decimals CPU = new Decimals(0, 65536);
  static final Decimals GRAY = new Decimals(0, 1);
  static final Decimals PERCENT = new Decimals(0, 100);
  static final Decimals MEGABYTES = new Decimals(0, 1L << 43);
  static final Times HEALTH_INTERVAL = new Times(Duration.ofSeconds(1), DAY);
  static final Times HEALTH_WINDOW = new Times(Duration.ofSeconds(1), DAY);
  static final Times RESPONSE_TIME = new Times(Duration.ZERO, Duration.ofHours(1));
  static final Numbers RECOVERIES = new Numbers(1, 1000);
  static final Numbers REVISION = new Numbers(0, Long.MAX_VALUE);
  static final Decimals SHARE = new Decimals(0, 1);
  static final Times COOLDOWN = new Times(Duration.ZERO, Duration.ofDays(3650));
  static final Times SETTLE = new Times(Duration.ZERO, DAY);
  static final Times ACTION_TIMEOUT = new Times(MILLI, DAY);
  static final Times START_SECONDS = new Times(Duration.ZERO, DAY);
  static final Times STOP_TIMEOUT = new Times(Duration.ZERO, DAY);
  static final Times READY_TIMEOUT = new Times(MILLI, DAY);
  static final Times RESTART_DELAY = new Times(Duration.ZERO, Duration.ofDays(30));
  static final Times WINDOW = new Times(MILLI, Duration.ofDays(3650));
  static final Times RESET_AFTER = new Times(Duration.ZERO, Duration.ofDays(3650));
  static final Times HEALTHY_FOR = new Times(Duration.ZERO, DAY);
  static final Times DEPENDENCY_TIMEOUT = new Times(Duration.ZERO, Duration.ofDays(30));
  static final Times INITIAL_DELAY = new Times(Duration.ZERO, DAY);
  static final Times PERIOD = new Times(Duration.ofMillis(100), DAY);
  static final Numbers RETRIES = new Numbers(0, 100);
  static final Numbers COUNT = new Numbers(1, Integer.MAX_VALUE);
  static final Decimals BACKOFF = new Decimals(1, 100);
  static final Times RETRY_DELAY = new Times(Duration.ZERO, Duration.ofHours(1));
  static final Times RECOVERY_TIMEOUT = new Times(MILLI, DAY);
  static final int LONGEST_REGEX = 1000;
  static final Times HOOK_TIMEOUT = new Times(MILLI, Duration.ofHours(1));
  static final Times PROBE_TIMEOUT = new Times(MILLI, Duration.ofHours(1));

  /// Signals that mean the same on every Linux; names without SIG.
  static final Set<String> SIGNALS =
      Set.of(
          "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
          "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
          "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS");

  static final String NAME_FORM =
      "must be 1 to 63 characters a-z, 0-9 and -, starting with a letter or digit";
  static final String PROBE_NAME_FORM =
      "must be 1 to 63 letters, digits, _, . and -, starting with a letter or digit";

  private Limits() {}

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  static boolean isProbeName(String name) {
    return PROBE_NAME.matcher(name).matches();
  }

  /// Whether the kernel takes it as the name of an environment variable.
  static boolean isVariable(String name) {
    return !name.isEmpty()
        && name.indexOf('=') < 0
        && name.indexOf('\0') < 0
        && Source.isWhole(name);
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new IllegalArgumentException(message);
    }
  }

  record Numbers(long min, long max) {
    /// @return what is wrong with the value, null if nothing is
    @Nullable String problem(long value) {
      if (value >= min && value <= max) {
        return null;
      }
      return max == Long.MAX_VALUE
          ? "must be at least %d, not %d".formatted(min, value)
          : "must be %d to %d, not %d".formatted(min, max, value);
    }

    void require(String field, long value) {
      insist(field, problem(value));
    }
  }

  record Decimals(double min, double max) {
    @Nullable String problem(double value) {
      return value >= min && value <= max
          ? null
          : "must be %.0f to %.0f, not %s".formatted(min, max, value);
    }

    void require(String field, double value) {
      insist(field, problem(value));
    }
  }

  record Times(Duration min, Duration max) {
    @Nullable String problem(Duration value) {
      if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
        return "must be %s to %s, not %s"
            .formatted(
                Durations.format(min),
                Durations.format(max),
                value.isNegative() ? value : Durations.format(value));
      }
      return value.truncatedTo(ChronoUnit.MILLIS).equals(value)
          ? null
          : "must be whole milliseconds, not " + value;
    }

    void require(String field, Duration value) {
      insist(field, problem(value));
    }
  }

  private static void insist(String field, @Nullable String problem) {
    if (problem != null) {
      throw new IllegalArgumentException(field + " " + problem);
    }
  }
}
