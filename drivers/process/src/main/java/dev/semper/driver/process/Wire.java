package dev.semper.driver.process;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/// The keeper's line format: fields separated by a blank, percent-encoded; `%` alone is the empty
/// field. Described at the head of keeper.pl.
final class Wire {
  private static final String FIELD_SAFE = "_./:=,+@!-";
  private static final String NAME_SAFE = "_!-";
  private static final HexFormat HEX = HexFormat.of().withUpperCase();

  private Wire() {}

  static String line(long id, String verb, List<String> fields) {
    StringBuilder line = new StringBuilder().append(id).append(' ').append(verb);
    for (String field : fields) {
      line.append(' ');
      if (field.isEmpty()) {
        line.append('%');
      } else {
        encode(field, FIELD_SAFE, line);
      }
    }
    return line.append('\n').toString();
  }

  static List<String> fields(String line) {
    List<String> fields = new ArrayList<>();
    for (String field : line.split(" ", -1)) {
      fields.add(decode(field));
    }
    return fields;
  }

  /// A file name for any text; the keeper names its records in the same way.
  static String fileName(String text) {
    StringBuilder name = new StringBuilder();
    encode(text, NAME_SAFE, name);
    return name.toString();
  }

  private static void encode(String text, String safe, StringBuilder to) {
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean plain = isLetterOrDigit(c) || safe.indexOf(c) >= 0;
      if (plain) {
        to.append(c);
      } else {
        to.append('%').append(HEX.toHexDigits(b));
      }
    }
  }

  private static boolean isLetterOrDigit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  static String decode(String field) {
    if (field.indexOf('%') < 0) {
      return field;
    }
    if (field.equals("%")) {
      return "";
    }
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(field.length());
    for (int i = 0; i < field.length(); i++) {
      char c = field.charAt(i);
      if (c == '%') {
        bytes.write(HexFormat.fromHexDigits(field, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(c);
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
