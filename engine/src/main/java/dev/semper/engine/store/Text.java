package dev.semper.engine.store;

import org.jspecify.annotations.Nullable;

/// Makes a string storable in both databases: PostgreSQL knows no NUL, UTF-8 no half of a surrogate
/// pair; both become U+FFFD.
final class Text {
  private static final char REPLACEMENT = '\uFFFD';

  private Text() {}

  static String clean(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (isBad(text, i)) {
        return replaced(text);
      }
    }
    return text;
  }

  static @Nullable String cleanOrNull(@Nullable String text) {
    return text == null ? null : clean(text);
  }

  private static String replaced(String text) {
    StringBuilder clean = new StringBuilder(text);
    for (int i = 0; i < text.length(); i++) {
      if (isBad(text, i)) {
        clean.setCharAt(i, REPLACEMENT);
      }
    }
    return clean.toString();
  }

  private static boolean isBad(String text, int i) {
    char c = text.charAt(i);
    if (c == 0) {
      return true;
    }
    if (!Character.isSurrogate(c)) {
      return false;
    }
    return Character.isHighSurrogate(c)
        ? i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1))
        : i == 0 || !Character.isHighSurrogate(text.charAt(i - 1));
  }
}
