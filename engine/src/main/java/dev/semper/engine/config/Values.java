package dev.semper.engine.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.Problem;
import dev.semper.engine.spec.Trees;
import java.math.BigInteger;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

/// Trees of values: tables (sorted by key), lists, texts, whole numbers (`Long`), decimals
/// (`Double`), truth values, and in layers the mark [#REMOVED] for `null`, which takes a key of a
/// lower layer away.
final class Values {
  /// The mark of a key that is taken away.
  enum Removal {
    REMOVED
  }

  static final Object REMOVED = Removal.REMOVED;
  static final int MAX_BYTES = 1 << 20;
  static final int MAX_DEPTH = 32;
  static final int MAX_VALUES = 100_000;
  static final int MAX_KEY = 256;
  static final String MASK = "***";
  private static final int MOST_PROBLEMS = 100;

  private static final TypeReference<Map<String, @Nullable Object>> TABLE =
      new TypeReference<>() {};
  private static final JsonMapper JSON = JsonMapper.builder().build();

  private final List<Problem> problems;
  private int count;

  private Values(List<Problem> problems) {
    this.problems = problems;
  }

  /// Makes a tree of what a parser has made of a document; what cannot be is told.
  static Map<String, Object> of(Map<?, ?> raw, List<Problem> problems) {
    return new Values(problems).table(raw, "", 1);
  }

  /// A single value, e.g. of one key.
  static Object of(@Nullable Object raw, String path, List<Problem> problems) {
    return new Values(problems).value(raw, path, 2);
  }

  private void problem(String path, String message) {
    if (problems.size() < MOST_PROBLEMS) {
      problems.add(new Problem(path.length() > 300 ? path.substring(0, 300) : path, 0, message));
    }
  }

  private Map<String, Object> table(Map<?, ?> raw, String path, int depth) {
    TreeMap<String, Object> table = new TreeMap<>();
    for (Map.Entry<?, ?> entry : raw.entrySet()) {
      String key = String.valueOf(entry.getKey());
      String at = Trees.join(path, key);
      if (key.isEmpty() || key.length() > MAX_KEY || !Trees.isWhole(key) || hasControls(key)) {
        problem(at, "a key must be 1 to %d characters, none a control".formatted(MAX_KEY));
      }
      table.put(key, value(entry.getValue(), at, depth + 1));
    }
    return table;
  }

  private static boolean hasControls(String key) {
    return key.chars().anyMatch(Character::isISOControl);
  }

  private Object value(@Nullable Object raw, String path, int depth) {
    if (depth > MAX_DEPTH + 1) {
      if (depth == MAX_DEPTH + 2) {
        problem(path, "is nested deeper than %d levels".formatted(MAX_DEPTH));
      }
      return "";
    }
    if (++count == MAX_VALUES + 1) {
      problem("", "has more than %d values".formatted(MAX_VALUES));
    }
    return switch (raw) {
      case null -> REMOVED;
      case Map<?, ?> map -> table(map, path, depth);
      case List<?> list -> {
        List<Object> items = new ArrayList<>();
        for (Object item : list) {
          Object made = value(item, path + "[" + items.size() + "]", depth + 1);
          if (isRemoved(made)) {
            problem(path + "[" + items.size() + "]", "a list cannot hold null");
          }
          items.add(made);
        }
        yield List.copyOf(items);
      }
      case String text -> text(text, path);
      case Boolean truth -> truth;
      case BigInteger big when big.bitLength() > 63 -> {
        problem(path, "is a whole number beyond 64 bits: write it as a text");
        yield 0L;
      }
      case Double d when !Double.isFinite(d) -> {
        problem(path, "is not a finite number");
        yield 0L;
      }
      case Long _, Integer _, Short _, Byte _, BigInteger _ -> ((Number) raw).longValue();
      case Number number -> number.doubleValue();
      default -> isRemoved(raw) ? REMOVED : unusable(path);
    };
  }

  private Object unusable(String path) {
    problem(path, "must be a table, a list, a text, a number or a truth value");
    return "";
  }

  private String text(String text, String path) {
    if (!Trees.isWhole(text)) {
      problem(path, "holds half a character: write it as UTF-8");
      return "";
    } else if (text.indexOf('\0') >= 0) {
      problem(path, "must not contain the character NUL");
    }
    return text;
  }

  /// Canonical: keys in order, no blanks.
  static String json(Map<String, Object> table) {
    return JSON.writeValueAsString(plain(table));
  }

  static boolean isRemoved(Object value) {
    return value instanceof Removal;
  }

  /// With null for the mark, for JSON.
  static @Nullable Object plain(Object value) {
    if (isRemoved(value)) {
      return null;
    }
    return switch (value) {
      case Map<?, ?> map -> {
        Map<String, @Nullable Object> plain = new LinkedHashMap<>();
        map.forEach((k, v) -> plain.put(String.valueOf(k), plain(Objects.requireNonNull(v))));
        yield plain;
      }
      case List<?> list -> {
        List<@Nullable Object> plain = new ArrayList<>();
        list.forEach(item -> plain.add(plain(Objects.requireNonNull(item))));
        yield plain;
      }
      default -> value;
    };
  }

  static Map<String, Object> parse(String json) {
    return of(JSON.readValue(json, TABLE), new ArrayList<>());
  }

  static String checksum(String json) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(json.getBytes(UTF_8));
      return HexFormat.of().formatHex(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @SuppressWarnings("unchecked")
  static Map<String, Object> table(Object value) {
    return (Map<String, Object>) value;
  }

  /// Tells every value that is no table, or an empty one, with its path.
  static void leaves(Map<String, Object> table, KeyPath path, BiConsumer<KeyPath, Object> each) {
    table.forEach((key, value) -> {
      KeyPath at = path.with(key);
      if (value instanceof Map<?, ?> map && !map.isEmpty()) {
        leaves(table(value), at, each);
      } else {
        each.accept(at, value);
      }
    });
  }

  /// @return null if nothing is there
  static @Nullable Object get(Map<String, Object> table, KeyPath path) {
    Object at = table;
    for (String key : path.keys()) {
      Object next = at instanceof Map<?, ?> map ? map.get(key) : null;
      if (next == null) {
        return null;
      }
      at = next;
    }
    return at;
  }

  /// A copy with one value set, tables made on the way to it.
  static Map<String, Object> with(Map<String, Object> table, KeyPath path, Object value) {
    TreeMap<String, Object> copy = new TreeMap<>(table);
    String key = path.keys().getFirst();
    if (path.keys().size() == 1) {
      copy.put(key, value);
      return copy;
    }
    KeyPath rest = new KeyPath(path.keys().subList(1, path.keys().size()));
    Object below = copy.get(key);
    copy.put(key, with(below instanceof Map<?, ?> ? table(below) : Map.of(), rest, value));
    return copy;
  }

  /// A copy without what is at the path, and without tables that are empty for it.
  static Map<String, Object> without(Map<String, Object> table, KeyPath path) {
    TreeMap<String, Object> copy = new TreeMap<>(table);
    String key = path.keys().getFirst();
    Object below = copy.get(key);
    if (path.keys().size() == 1) {
      copy.remove(key);
    } else if (below instanceof Map<?, ?>) {
      KeyPath rest = new KeyPath(path.keys().subList(1, path.keys().size()));
      Map<String, Object> less = without(table(below), rest);
      if (less.isEmpty()) {
        copy.remove(key);
      } else {
        copy.put(key, less);
      }
    }
    return copy;
  }
}
