package dev.semper.engine.spec;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Durations as text: `1s`, `500ms`, `1h30m`, `2d`, or a plain number of seconds. To the
/// millisecond.
final class Durations {
  private static final Pattern PLAIN = Pattern.compile("\\d{1,12}(\\.\\d{1,3})?");
  private static final Pattern UNITS =
      Pattern.compile(
          "(?:(\\d{1,9})d)?(?:(\\d{1,9})h)?(?:(\\d{1,9})m)?"
              + "(?:(\\d{1,12})(?:\\.(\\d{1,3}))?s)?(?:(\\d{1,15})ms)?");
  static final String FORM =
      "a duration such as \"1s\", \"500ms\" or \"1h30m\", or a number of seconds";

  private Durations() {}

  /// @return null if it is none
  static @Nullable Duration parse(String text) {
    String trimmed = text.strip();
    if (PLAIN.matcher(trimmed).matches()) {
      return ofSeconds(new BigDecimal(trimmed));
    }
    Matcher m = UNITS.matcher(trimmed);
    if (trimmed.isEmpty() || !m.matches()) {
      return null;
    }
    return Duration.ofDays(number(m.group(1)))
        .plusHours(number(m.group(2)))
        .plusMinutes(number(m.group(3)))
        .plusSeconds(number(m.group(4)))
        .plusMillis(fraction(m.group(5)))
        .plusMillis(number(m.group(6)));
  }

  /// @return null if it is negative, too long or finer than a millisecond
  static @Nullable Duration ofSeconds(double seconds) {
    return seconds >= 0 && seconds < 1e12 ? ofSeconds(BigDecimal.valueOf(seconds)) : null;
  }

  private static @Nullable Duration ofSeconds(BigDecimal seconds) {
    BigDecimal millis = seconds.movePointRight(3);
    BigDecimal whole = millis.setScale(0, RoundingMode.DOWN);
    return whole.compareTo(millis) == 0 ? Duration.ofMillis(whole.longValueExact()) : null;
  }

  /// The shortest text that [#parse] reads back: `1h30m`, `1s`, `1s500ms`, `0s`.
  static String format(Duration duration) {
    if (duration.isZero()) {
      return "0s";
    }
    StringBuilder out = new StringBuilder();
    append(out, duration.toDaysPart(), "d");
    append(out, duration.toHoursPart(), "h");
    append(out, duration.toMinutesPart(), "m");
    append(out, duration.toSecondsPart(), "s");
    append(out, duration.toMillisPart(), "ms");
    return out.toString();
  }

  private static void append(StringBuilder out, long value, String unit) {
    if (value > 0) {
      out.append(value).append(unit);
    }
  }

  private static long number(@Nullable String digits) {
    return digits == null ? 0 : Long.parseLong(digits);
  }

  private static long fraction(@Nullable String digits) {
    return digits == null ? 0 : Long.parseLong((digits + "00").substring(0, 3));
  }
}
