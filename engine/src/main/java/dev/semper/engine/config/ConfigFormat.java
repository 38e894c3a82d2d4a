package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.Format;
import dev.semper.engine.spec.Trees;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// What documents of values are written in.
public enum ConfigFormat {
  TOML,
  YAML,
  JSON,
  /// Lines `NAME=value`; all values are texts, tables become names with `_` between.
  DOTENV;

  private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
  private static final Pattern BARE = Pattern.compile("[A-Za-z0-9_-]+");

  public String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /// @throws SemperException INVALID_REQUEST
  public static ConfigFormat of(String id) {
    for (ConfigFormat format : values()) {
      if (format.id().equals(id)) {
        return format;
      }
    }
    throw new SemperException(
        ErrorCode.INVALID_REQUEST,
        "There is no format %s: it is toml, yaml, json or dotenv".formatted(Trees.quoted(id)));
  }

  /// @throws SemperException INVALID_SPEC, INVALID_CONFIG with all that is wrong, each with its
  ///   path and line
  public Map<String, @Nullable Object> read(String text) {
    return switch (this) {
      case TOML -> Trees.read(text, Format.TOML);
      case YAML -> Trees.read(text, Format.YAML);
      case JSON -> Trees.read(text, Format.JSON);
      case DOTENV -> readDotenv(text);
    };
  }

  private static Map<String, @Nullable Object> readDotenv(String text) {
    Map<String, @Nullable Object> values = new LinkedHashMap<>();
    List<Problem> problems = new ArrayList<>();
    int line = 0;
    for (String raw : (text.startsWith("\uFEFF") ? text.substring(1) : text).split("\n", -1)) {
      line++;
      String content = raw.strip();
      if (content.isEmpty() || content.startsWith("#")) {
        continue;
      }
      int equals = content.indexOf('=');
      String name =
          content.substring(0, Math.max(0, equals)).strip().replaceFirst("^export\\s+", "");
      if (equals < 0 || !VARIABLE.matcher(name).matches()) {
        problems.add(new Problem(name.length() > 64 ? "" : name, line, "must be NAME=value"));
        continue;
      }
      String value = unquoted(content.substring(equals + 1).strip());
      if (values.containsKey(name)) {
        problems.add(new Problem(name, line, "is there twice: remove one"));
      }
      values.put(name, value);
    }
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid("the document", problems);
    }
    return values;
  }

  private static String unquoted(String value) {
    if (value.length() >= 2 && value.startsWith("'") && value.endsWith("'")) {
      return value.substring(1, value.length() - 1);
    }
    if (value.length() < 2 || !value.startsWith("\"") || !value.endsWith("\"")) {
      return value;
    }
    StringBuilder text = new StringBuilder();
    for (int i = 1; i < value.length() - 1; i++) {
      char c = value.charAt(i);
      if (c == '\\' && i + 1 < value.length() - 1) {
        char next = value.charAt(++i);
        text.append(next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next);
      } else {
        text.append(c);
      }
    }
    return text.toString();
  }

  /// Text that [#read] reads back to the same values; of [#DOTENV] only what is not lost by it. A
  /// null, that takes a key away, only YAML and JSON can say.
  ///
  /// @throws SemperException INVALID_REQUEST if the format cannot say it
  public String write(Map<String, @Nullable Object> values) {
    return switch (this) {
      case TOML -> {
        StringBuilder out = new StringBuilder();
        toml(out, values, "");
        yield out.toString();
      }
      case YAML -> Yaml.MAPPER.writeValueAsString(values);
      case JSON -> Json.MAPPER.writeValueAsString(values) + "\n";
      case DOTENV -> {
        StringBuilder out = new StringBuilder();
        variables(values, "")
            .forEach(
                (name, value) -> out.append(name).append('=').append(quoted(value)).append('\n'));
        yield out.toString();
      }
    };
  }

  /// The leaves of a tree as environment variables: `database.url` is `DATABASE_URL`. Lists and
  /// empty tables are JSON.
  static Map<String, String> variables(Map<String, @Nullable Object> values, String prefix) {
    Map<String, String> variables = new TreeMap<>();
    values.forEach((key, value) -> {
      String name = prefix + key.toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9_]", "_");
      if (value instanceof Map<?, ?> table && !table.isEmpty()) {
        variables.putAll(variables(nullable(table), name + "_"));
      } else if (value != null) {
        variables.put(name, text(value));
      }
    });
    return variables;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, @Nullable Object> nullable(Map<?, ?> table) {
    return (Map<String, @Nullable Object>) table;
  }

  /// A value where only text can be.
  static String text(Object value) {
    return value instanceof Map<?, ?> || value instanceof List<?>
        ? Compact.MAPPER.writeValueAsString(value)
        : String.valueOf(value);
  }

  private static String quoted(String value) {
    return "\""
        + value
            .replace("\\", "\\\\")
            .replace("\"", "\\\"")
            .replace("\n", "\\n")
            .replace("\r", "\\r")
            .replace("\t", "\\t")
        + "\"";
  }

  /// Plain values before tables, as TOML wants it.
  private static void toml(StringBuilder out, Map<String, @Nullable Object> table, String path) {
    table.forEach((key, value) -> {
      if (value == null) {
        throw new SemperException(
            ErrorCode.INVALID_REQUEST,
            "TOML cannot say that %s is taken away (null): use yaml or json"
                .formatted(path.isEmpty() ? key : path + "." + key));
      }
      if (!(value instanceof Map<?, ?>) && !isTables(value)) {
        out.append(bare(key)).append(" = ").append(inline(value)).append('\n');
      }
    });
    table.forEach((key, value) -> {
      String at = path.isEmpty() ? bare(key) : path + "." + bare(key);
      if (value instanceof Map<?, ?> map) {
        out.append("\n[").append(at).append("]\n");
        toml(out, nullable(map), at);
      } else if (value != null && isTables(value)) {
        for (Object item : (List<?>) value) {
          out.append("\n[[").append(at).append("]]\n");
          toml(out, nullable((Map<?, ?>) Objects.requireNonNull(item)), at);
        }
      }
    });
  }

  private static boolean isTables(Object value) {
    return value instanceof List<?> list
        && !list.isEmpty()
        && list.stream().allMatch(Map.class::isInstance);
  }

  private static String bare(String key) {
    return BARE.matcher(key).matches() ? key : basic(key);
  }

  private static String inline(Object value) {
    return switch (value) {
      case String text -> basic(text);
      case List<?> list -> {
        List<String> items = new ArrayList<>();
        list.forEach(item -> items.add(inline(Objects.requireNonNull(item))));
        yield "[" + String.join(", ", items) + "]";
      }
      case Map<?, ?> map -> {
        List<String> entries = new ArrayList<>();
        map.forEach((k, v) ->
            entries.add(bare(String.valueOf(k)) + " = " + inline(Objects.requireNonNull(v))));
        yield entries.isEmpty() ? "{}" : "{ " + String.join(", ", entries) + " }";
      }
      default -> String.valueOf(value);
    };
  }

  private static String basic(String text) {
    StringBuilder out = new StringBuilder("\"");
    text.chars()
        .forEach(c -> {
          switch (c) {
            case '"' -> out.append("\\\"");
            case '\\' -> out.append("\\\\");
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            default -> {
              if (c < 0x20 || c == 0x7f) {
                out.append("\\u%04X".formatted(c));
              } else {
                out.append((char) c);
              }
            }
          }
        });
    return out.append('"').toString();
  }

  /// Loaded when first used.
  private static final class Yaml {
    static final YAMLMapper MAPPER = new YAMLMapper();
  }

  private static final class Json {
    static final JsonMapper MAPPER =
        JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
  }

  private static final class Compact {
    static final JsonMapper MAPPER = new JsonMapper();
  }
}
