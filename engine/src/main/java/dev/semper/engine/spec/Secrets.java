package dev.semper.engine.spec;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Hides what looks secret by its name, and passwords within URLs.
final class Secrets {
  static final String MASK = "***";
  private static final List<String> WORDS =
      List.of(
          "PASSWORD",
          "PASSWD",
          "PASSPHRASE",
          "TOKEN",
          "SECRET",
          "KEY",
          "CREDENTIAL",
          "AUTHORIZATION",
          "COOKIE");
  private static final Pattern URL_PASSWORD = Pattern.compile("(://[^/@:\\s]*:)[^/@\\s]+@");

  private Secrets() {}

  /// The path of a file with a secret is none.
  static boolean looksSecret(String name) {
    String upper = name.toUpperCase(Locale.ROOT);
    return !upper.endsWith("_FILE") && WORDS.stream().anyMatch(upper::contains);
  }

  /// @param name e.g. of a variable
  static @Nullable Object masked(String name, @Nullable Object value) {
    if (value == null) {
      return null;
    }
    if (looksSecret(name)) {
      return MASK;
    }
    return switch (value) {
      case String text -> URL_PASSWORD.matcher(text).replaceAll("$1" + MASK + "@");
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        map.forEach((k, v) -> shown.put(String.valueOf(k), masked(String.valueOf(k), v)));
        yield shown;
      }
      case List<?> list -> list.stream().map(item -> masked(name, item)).toList();
      default -> value;
    };
  }

  /// A document with every secret in it hidden, however deep.
  static Map<String, Object> maskedTree(Map<String, Object> document) {
    Map<String, Object> masked = new LinkedHashMap<>();
    document.forEach((name, value) -> masked.put(name, maskedNode(name, value)));
    return masked;
  }

  @SuppressWarnings("NullAway") // a value that is there stays there
  private static Object maskedNode(String name, Object value) {
    if (value instanceof Map<?, ?> map) {
      Map<String, Object> masked = new LinkedHashMap<>();
      map.forEach(
          (key, item) -> masked.put(String.valueOf(key), maskedNode(String.valueOf(key), item)));
      return masked;
    }
    if (value instanceof List<?> list && list.stream().anyMatch(Map.class::isInstance)) {
      return list.stream().map(item -> maskedNode(name, item)).toList();
    }
    return masked(name, value);
  }
}
