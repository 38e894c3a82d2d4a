package dev.semper.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Reads a time such as `10`, `10s`, `500ms`, `2m`; a number alone is seconds.
final class Seconds implements ITypeConverter<Duration> {
  @Override
  public Duration convert(String text) {
    String number = text.replaceFirst("[a-z]+$", "");
    String unit = text.substring(number.length());
    if (!number.matches("[0-9]{1,9}")) {
      throw new TypeConversionException("'" + text + "' is not a time such as 10s, 500ms or 2m");
    }
    long n = Long.parseLong(number);
    return switch (unit) {
      case "ms" -> Duration.ofMillis(n);
      case "", "s" -> Duration.ofSeconds(n);
      case "m" -> Duration.ofMinutes(n);
      case "h" -> Duration.ofHours(n);
      default ->
          throw new TypeConversionException(
              "'" + text + "' is not a time such as 10s, 500ms or 2m");
    };
  }
}
