package dev.semper.engine.spec;

import java.math.BigDecimal;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Sizes in bytes as text: `256Mi` (powers of 1024), `1G` (powers of 1000), or a number of bytes.
final class Sizes {
  private static final Pattern FORMS =
      Pattern.compile("(\\d{1,19}(?:\\.\\d{1,6})?)\\s?([KkMGTP]i?)?B?");
  private static final Map<Character, Integer> POWERS =
      Map.of('K', 1, 'k', 1, 'M', 2, 'G', 3, 'T', 4, 'P', 5);
  private static final String UNITS = "KMGTP";
  static final String FORM = "a size such as \"256Mi\" or \"1G\", or a number of bytes";

  private Sizes() {}

  /// @return null if it is none, not a whole number of bytes or beyond 64 bits
  static @Nullable Long parse(String text) {
    Matcher m = FORMS.matcher(text.strip());
    if (!m.matches()) {
      return null;
    }
    try {
      return new BigDecimal(m.group(1)).multiply(factor(m.group(2))).longValueExact();
    } catch (ArithmeticException e) {
      return null;
    }
  }

  private static BigDecimal factor(@Nullable String unit) {
    if (unit == null) {
      return BigDecimal.ONE;
    }
    int power = POWERS.getOrDefault(unit.charAt(0), 0);
    return BigDecimal.valueOf(unit.endsWith("i") ? 1024 : 1000).pow(power);
  }

  /// A number, or text with the largest unit that divides it: `256Mi`.
  static Object format(long bytes) {
    int power = 0;
    long rest = bytes;
    while (rest != 0 && rest % 1024 == 0 && power < UNITS.length()) {
      rest /= 1024;
      power++;
    }
    return power == 0 ? bytes : rest + UNITS.substring(power - 1, power) + "i";
  }
}
