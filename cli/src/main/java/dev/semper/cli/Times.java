package dev.semper.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Times as people read them.
final class Times {
  private Times() {}

  /// Two units at most, e.g. `3m 4s`, `2d 5h`, `850ms`.
  static String span(Duration duration) {
    if (duration.isNegative()) {
      return "0s";
    }
    long s = duration.toSeconds();
    if (s < 1) {
      return duration.toMillis() + "ms";
    }
    if (s < 60) {
      return s + "s";
    }
    if (s < 3600) {
      return two(s / 60, "m", s % 60, "s");
    }
    if (s < 86_400) {
      return two(s / 3600, "h", s % 3600 / 60, "m");
    }
    return two(s / 86_400, "d", s % 86_400 / 3600, "h");
  }

  private static String two(long big, String bigUnit, long small, String smallUnit) {
    return big + bigUnit + (small == 0 ? "" : " " + small + smallUnit);
  }

  static String ago(@Nullable Instant then, Instant now) {
    return then == null ? "" : span(Duration.between(then, now));
  }

  /// Local date and time, to the millisecond.
  static String at(@Nullable Instant instant, ZoneId zone) {
    return instant == null
        ? ""
        : DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS", Locale.ROOT)
            .withZone(zone)
            .format(instant.truncatedTo(ChronoUnit.MILLIS));
  }
}
