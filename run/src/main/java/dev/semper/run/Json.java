package dev.semper.run;

import java.util.Iterator;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes maps, collections, strings, numbers, booleans and null as JSON of one line, with `": "`
/// and `", "` as the tools that grep the log lines expect it.
final class Json {
  private Json() {}

  static String of(@Nullable Object value) {
    StringBuilder to = new StringBuilder(256);
    write(value, to);
    return to.toString();
  }

  private static void write(@Nullable Object value, StringBuilder to) {
    switch (value) {
      case null -> to.append("null");
      case Map<?, ?> map -> {
        to.append('{');
        String comma = "";
        for (Map.Entry<?, ?> entry : map.entrySet()) {
          to.append(comma);
          string("" + entry.getKey(), to);
          to.append(": ");
          write(entry.getValue(), to);
          comma = ", ";
        }
        to.append('}');
      }
      case Iterable<?> values -> {
        to.append('[');
        Iterator<?> all = values.iterator();
        while (all.hasNext()) {
          write(all.next(), to);
          if (all.hasNext()) {
            to.append(", ");
          }
        }
        to.append(']');
      }
      case Boolean bool -> to.append(bool);
      case Double number when number.isNaN() || number.isInfinite() -> to.append("null");
      case Number number -> to.append(number);
      default -> string(value.toString(), to);
    }
  }

  private static void string(String text, StringBuilder to) {
    to.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> to.append("\\\"");
        case '\\' -> to.append("\\\\");
        case '\n' -> to.append("\\n");
        case '\r' -> to.append("\\r");
        case '\t' -> to.append("\\t");
        default -> {
          if (c < 0x20 || c == 0x7f || (Character.isSurrogate(c) && !paired(text, i))) {
            to.append("\\u").append(String.format("%04x", (int) c));
          } else {
            to.append(c);
          }
        }
      }
    }
    to.append('"');
  }

  private static boolean paired(String text, int i) {
    return Character.isHighSurrogate(text.charAt(i))
        ? i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1))
        : i > 0 && Character.isHighSurrogate(text.charAt(i - 1));
  }
}
