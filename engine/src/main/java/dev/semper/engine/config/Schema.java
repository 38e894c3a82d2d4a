package dev.semper.engine.config;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.Trees;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What values must be like: `items` with a type and bounds each, a JSON Schema, or both.
///
/// ```toml
/// additional = false                    # only the keys of the items; default true
/// [[items]]
/// key = "database.url"
/// type = "string"                       # string, number, boolean, array, object, secret
/// required = true
/// pattern = "^postgresql://"
/// [json_schema]
/// type = "object"
/// ```
final class Schema {
  static final Schema ANY = new Schema(List.of(), true, null);
  private static final Set<String> KEYS = Set.of("items", "additional", "json_schema");
  private static final Set<String> ITEM_KEYS =
      Set.of(
          "key",
          "type",
          "required",
          "sensitive",
          "description",
          "min",
          "max",
          "pattern",
          "enum",
          "validation");
  private static final Set<String> BOUNDS = Set.of("schema", "min", "max", "pattern", "enum");
  private static final int LONGEST_PATTERN = 1000;

  private enum Type {
    STRING,
    NUMBER,
    BOOLEAN,
    ARRAY,
    OBJECT,
    SECRET;

    String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean fits(Object value) {
      return switch (this) {
        case STRING -> value instanceof String;
        case NUMBER -> value instanceof Number;
        case BOOLEAN -> value instanceof Boolean;
        case ARRAY -> value instanceof List<?>;
        case OBJECT -> value instanceof Map<?, ?>;
        case SECRET ->
            value instanceof String text && text.startsWith("{{secret:") && text.endsWith("}}");
      };
    }
  }

  /// @param min least number, or least length of a text or a list
  private record Item(
      KeyPath path,
      @Nullable Type type,
      boolean required,
      boolean sensitive,
      @Nullable BigDecimal min,
      @Nullable BigDecimal max,
      @Nullable Pattern pattern,
      List<Object> choices,
      @Nullable JsonSchema schema) {}

  private final List<Item> items;
  private final boolean additional;
  private final @Nullable JsonSchema whole;

  private Schema(List<Item> items, boolean additional, @Nullable JsonSchema whole) {
    this.items = items;
    this.additional = additional;
    this.whole = whole;
  }

  /// @throws SemperException INVALID_CONFIG with all that is wrong with it
  static Schema of(Map<String, Object> values) {
    List<Problem> problems = new ArrayList<>();
    Schema schema = new SchemaReader(problems).read(values);
    if (!problems.isEmpty()) {
      throw Refusals.invalid("the schema", problems);
    }
    return schema;
  }

  /// What is wrong with values that are resolved.
  void check(Map<String, Object> values, List<Problem> problems) {
    for (Item item : items) {
      Object value = Values.get(values, item.path());
      if (value == null) {
        if (item.required()) {
          problems.add(new Problem(item.path().toString(), 0, "is required"));
        }
      } else {
        check(item, value, problems);
      }
    }
    if (!additional) {
      Values.leaves(
          values,
          KeyPath.ROOT,
          (path, _) -> {
            if (items.stream().noneMatch(i -> path.isWithin(i.path()))) {
              problems.add(new Problem(path.toString(), 0, "is a key that the schema has not"));
            }
          });
    }
    if (whole != null) {
      whole.check(values, "", problems);
    }
  }

  private static void check(Item item, Object value, List<Problem> problems) {
    String path = item.path().toString();
    Type type = item.type();
    if (type != null && !type.fits(value)) {
      problems.add(
          new Problem(
              path,
              0,
              type == Type.SECRET
                  ? "must be a reference to a secret, {{secret:ID}}"
                  : "must be of type %s, not %s".formatted(type.id(), typeOf(value))));
      return;
    }
    BigDecimal measure = measure(value);
    String what =
        value instanceof Number ? "" : value instanceof String ? " characters long" : " items long";
    if (measure != null && item.min() != null && measure.compareTo(item.min()) < 0) {
      problems.add(new Problem(path, 0, "must be at least %s%s".formatted(item.min(), what)));
    }
    if (measure != null && item.max() != null && measure.compareTo(item.max()) > 0) {
      problems.add(new Problem(path, 0, "must be at most %s%s".formatted(item.max(), what)));
    }
    if (item.pattern() != null
        && !(value instanceof String text && item.pattern().matcher(text).find())) {
      problems.add(new Problem(path, 0, "must match " + item.pattern()));
    }
    if (!item.choices().isEmpty() && !item.choices().contains(value)) {
      problems.add(new Problem(path, 0, "must be one of " + item.choices()));
    }
    if (item.schema() != null) {
      item.schema().check(value, path, problems);
    }
  }

  static String typeOf(Object value) {
    for (Type type : Type.values()) {
      if (type != Type.SECRET && type.fits(value)) {
        return type.id();
      }
    }
    return "nothing";
  }

  private static @Nullable BigDecimal measure(Object value) {
    return switch (value) {
      case Number n -> new BigDecimal(n.toString());
      case String text -> BigDecimal.valueOf(text.codePointCount(0, text.length()));
      case List<?> list -> BigDecimal.valueOf(list.size());
      default -> null;
    };
  }

  boolean isSensitive(KeyPath path) {
    return items.stream().anyMatch(i -> i.sensitive() && path.isWithin(i.path()));
  }

  /// Reads a schema.
  private static final class SchemaReader {
    private final List<Problem> problems;

    SchemaReader(List<Problem> problems) {
      this.problems = problems;
    }

    Schema read(Map<String, Object> values) {
      known(values, KEYS, "");
      List<Item> items = new ArrayList<>();
      Object list = values.getOrDefault("items", List.of());
      if (list instanceof List<?> tables) {
        Set<KeyPath> paths = new HashSet<>();
        for (int i = 0; i < tables.size(); i++) {
          Item item = item(Objects.requireNonNull(tables.get(i)), "items[" + i + "]");
          if (item != null && !paths.add(item.path())) {
            problem("items[" + i + "].key", "is there twice: " + item.path());
          } else if (item != null) {
            items.add(item);
          }
        }
      } else {
        problem("items", "must be a list of tables");
      }
      Object additional = values.getOrDefault("additional", true);
      if (!(additional instanceof Boolean)) {
        problem("additional", "must be true or false");
      }
      return new Schema(
          List.copyOf(items),
          !Boolean.FALSE.equals(additional),
          jsonSchema(values, "json_schema", ""));
    }

    private @Nullable Item item(Object raw, String at) {
      if (!(raw instanceof Map<?, ?>)) {
        problem(at, "must be a table with at least a key");
        return null;
      }
      Map<String, Object> table = Values.table(raw);
      known(table, ITEM_KEYS, at);
      int before = problems.size();
      if (!(table.get("key") instanceof String key)) {
        problem(at + ".key", "is missing: the key it is about, e.g. database.url");
        return null;
      }
      KeyPath path;
      try {
        path = KeyPath.parse(key);
      } catch (SemperException e) {
        problem(at + ".key", String.valueOf(e.getMessage()));
        return null;
      }
      Type type = type(table.get("type"), at);
      // Bounds stand in `validation`, or beside it.
      Map<String, Object> bounds = table;
      String where = at;
      if (table.get("validation") instanceof Map<?, ?> inner) {
        bounds = Values.table(inner);
        where = at + ".validation";
        known(bounds, BOUNDS, where);
      } else if (table.containsKey("validation")) {
        problem(at + ".validation", "must be a table");
      }
      Item item =
          new Item(
              path,
              type,
              flag(table, "required", at),
              type == Type.SECRET || flag(table, "sensitive", at),
              number(bounds, "min", where),
              number(bounds, "max", where),
              pattern(bounds, where),
              choices(bounds, where),
              jsonSchema(bounds, "schema", where));
      return problems.size() > before ? null : item;
    }

    private void known(Map<String, Object> table, Set<String> keys, String at) {
      for (String key : table.keySet()) {
        if (!keys.contains(key)) {
          problem(
              at.isEmpty() ? key : at + "." + key,
              "unknown key; known are " + String.join(", ", keys.stream().sorted().toList()));
        }
      }
    }

    private @Nullable Type type(@Nullable Object value, String at) {
      if (value == null) {
        return null;
      }
      for (Type type : Type.values()) {
        if (type.id().equals(value)) {
          return type;
        }
      }
      problem(at + ".type", "must be string, number, boolean, array, object or secret");
      return null;
    }

    private boolean flag(Map<String, Object> table, String key, String at) {
      Object value = table.getOrDefault(key, false);
      if (!(value instanceof Boolean)) {
        problem(at + "." + key, "must be true or false");
      }
      return Boolean.TRUE.equals(value);
    }

    private @Nullable BigDecimal number(Map<String, Object> table, String key, String at) {
      Object value = table.get(key);
      if (value != null && !(value instanceof Number)) {
        problem(at + "." + key, "must be a number");
      }
      return value instanceof Number n ? new BigDecimal(n.toString()) : null;
    }

    private @Nullable Pattern pattern(Map<String, Object> table, String at) {
      Object value = table.get("pattern");
      if (value == null) {
        return null;
      }
      if (!(value instanceof String text) || text.length() > LONGEST_PATTERN) {
        problem(
            at + ".pattern", "must be a text of at most %d characters".formatted(LONGEST_PATTERN));
        return null;
      }
      try {
        return Pattern.compile(text);
      } catch (PatternSyntaxException e) {
        problem(at + ".pattern", "is no regular expression: " + e.getDescription());
        return null;
      }
    }

    private List<Object> choices(Map<String, Object> table, String at) {
      Object value = table.get("enum");
      if (value == null) {
        return List.of();
      }
      if (!(value instanceof List<?> list) || list.isEmpty()) {
        problem(at + ".enum", "must be a list of values");
        return List.of();
      }
      List<Object> choices = new ArrayList<>();
      list.forEach(v -> choices.add(Objects.requireNonNull(v)));
      return choices;
    }

    private @Nullable JsonSchema jsonSchema(Map<String, Object> table, String key, String at) {
      if (!table.containsKey(key)) {
        return null;
      }
      String path = at.isEmpty() ? key : at + "." + key;
      if (!(table.get(key) instanceof Map<?, ?> schema)) {
        problem(path, "must be a JSON Schema, a table");
        return null;
      }
      return JsonSchema.of(Values.table(schema), path, problems);
    }

    private void problem(String path, String message) {
      problems.add(new Problem(Trees.quoted(path).length() > 400 ? "" : path, 0, message));
    }
  }

  /// How what is wrong is told.
  static final class Refusals {
    private Refusals() {}

    static SemperException invalid(String what, List<Problem> problems) {
      Problem first = problems.getFirst();
      String message =
          problems.size() == 1
              ? "cannot use %s: %s".formatted(what, first)
              : "cannot use %s: it has %d problems, first %s"
                  .formatted(what, problems.size(), first);
      return new SemperException(ErrorCode.INVALID_CONFIG, message, problems, Map.of());
    }
  }
}
