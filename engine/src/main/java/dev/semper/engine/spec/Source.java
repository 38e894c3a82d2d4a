package dev.semper.engine.spec;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Turns text, or a JSON body that is parsed already, into [Node]s. What is larger, deeper or more
/// tangled than any honest document is refused before it costs much.
final class Source {
  static final int MAX_BYTES = 8 << 20;

  /// tomlj takes up to a kilobyte of memory for a byte of text, and seconds for a MiB.
  static final int MAX_TOML_BYTES = 256 << 10;

  static final int MAX_DEPTH = 100;

  private Source() {}

  static Node parse(String text, Format format, Problems problems) {
    if (isLongerThan(text, MAX_BYTES)) {
      throw problems.fatal("", 1, "the document is larger than 8 MiB: split it");
    }
    if (format == Format.TOML && isLongerThan(text, MAX_TOML_BYTES)) {
      throw problems.fatal(
          "", 1, "the document is larger than 256 KiB: split it, or write it as YAML or JSON");
    }
    String content = text.startsWith("\uFEFF") ? text.substring(1) : text;
    int broken = lineWithHalfACharacter(content);
    if (broken > 0) {
      throw problems.fatal("", broken, "holds half a character: save the document as UTF-8");
    }
    Node node =
        LargeDocuments.parse(
            content,
            () ->
                switch (format) {
                  case TOML -> new TomlSource(content, problems).parse();
                  case YAML -> new YamlSource(content, problems).parse();
                  case JSON -> new JsonSource(content, problems).parse();
                });
    problems.throwIfAny("the document");
    return node;
  }

  /// Of UTF-8, without encoding it.
  private static boolean isLongerThan(String text, int bytes) {
    if (text.length() <= bytes / 3 || text.length() > bytes) {
      return text.length() > bytes;
    }
    return text.codePoints().mapToLong(Source::bytes).sum() > bytes;
  }

  private static int bytes(int codePoint) {
    return codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }

  /// A surrogate alone, which is no character and cannot be written as UTF-8.
  ///
  /// @return 0 if there is none
  private static int lineWithHalfACharacter(String text) {
    int line = 1;
    for (int i = 0; i < text.length(); i += Character.charCount(text.codePointAt(i))) {
      if (text.charAt(i) == '\n') {
        line++;
      } else if (isSurrogate(text.codePointAt(i))) {
        return line;
      }
    }
    return 0;
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
  }

  static boolean isWhole(String text) {
    return text.codePoints().noneMatch(Source::isSurrogate);
  }

  static Node ofJson(Map<?, ?> json, Problems problems) {
    return ofJson(json, "", 1, problems);
  }

  private static Node ofJson(@Nullable Object value, String path, int depth, Problems problems) {
    if (depth > MAX_DEPTH) {
      throw tooDeep(path, 0, problems);
    }
    return switch (value) {
      case null -> new Node.Nothing(0);
      case Map<?, ?> map -> {
        Map<String, Node.Entry> entries = new LinkedHashMap<>();
        map.forEach((k, v) -> {
          String key = String.valueOf(k);
          Node node = ofJson(v, Words.join(path, key), depth + 1, problems);
          entries.put(key, new Node.Entry(0, node));
        });
        yield new Node.Table(0, entries);
      }
      case Iterable<?> list -> {
        List<Node> items = new ArrayList<>();
        for (Object item : list) {
          items.add(ofJson(item, path + "[" + items.size() + "]", depth + 1, problems));
        }
        yield new Node.Items(0, items);
      }
      default -> scalar(0, value);
    };
  }

  /// @param value of any class that a parser makes of a number, a text or a truth value
  static Node scalar(int line, Object value) {
    return switch (value) {
      case String s when !isWhole(s) -> new Node.Unusable(line, "a text with half a character");
      case String s -> new Node.Scalar(line, s, s);
      case Boolean b -> new Node.Scalar(line, b, b.toString());
      case Double d -> new Node.Scalar(line, d, d.toString());
      case BigInteger i when i.bitLength() > 63 ->
          new Node.Unusable(line, "an integer beyond 64 bits");
      case Long _, Integer _, Short _, Byte _, BigInteger _ ->
          new Node.Scalar(line, ((Number) value).longValue(), value.toString());
      case Number n -> new Node.Scalar(line, n.doubleValue(), n.toString());
      default -> new Node.Unusable(line, Words.cut(value.toString()));
    };
  }

  static RuntimeException tooDeep(String path, int line, Problems problems) {
    return problems.fatal(
        Words.cut(path, 200),
        line,
        "the document is nested deeper than %d levels".formatted(MAX_DEPTH));
  }

  static void duplicate(String path, String key, int line, int first, Problems problems) {
    problems.add(
        path,
        line,
        "the key `%s` is there twice, first on line %d: remove one"
            .formatted(Words.cut(key), first));
  }
}
