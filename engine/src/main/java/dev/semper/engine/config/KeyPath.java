package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.Trees;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The keys that lead to a value, written as in TOML: `database.url`, `hosts."a.example".port`.
public record KeyPath(List<String> keys) implements Comparable<KeyPath> {
  static final KeyPath ROOT = new KeyPath(List.of());

  public KeyPath {
    keys = List.copyOf(keys);
  }

  /// @throws SemperException INVALID_CONFIG
  static KeyPath parse(String text) {
    List<String> keys = new ArrayList<>();
    int at = 0;
    while (at <= text.length()) {
      StringBuilder key = new StringBuilder();
      if (at < text.length() && text.charAt(at) == '"') {
        at = quoted(text, at + 1, key);
      } else {
        int dot = text.indexOf('.', at);
        int end = dot < 0 ? text.length() : dot;
        key.append(text, at, end);
        at = end;
      }
      if (key.isEmpty() || (at < text.length() && text.charAt(at) != '.')) {
        throw bad(text);
      }
      keys.add(key.toString());
      if (at == text.length()) {
        return new KeyPath(keys);
      }
      at++;
    }
    throw bad(text);
  }

  /// @return position after the closing quote
  private static int quoted(String text, int from, StringBuilder key) {
    for (int i = from; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"') {
        return i + 1;
      }
      if (c == '\\' && i + 1 < text.length()) {
        i++;
      }
      key.append(text.charAt(i));
    }
    throw bad(text);
  }

  private static SemperException bad(String text) {
    String shown = Trees.quoted(text);
    return new SemperException(
        ErrorCode.INVALID_CONFIG,
        "%s is no key: write keys with dots between, e.g. database.url or hosts.\"a.example\".port"
            .formatted(shown),
        List.of(new Problem(shown, 0, "is no key")),
        Map.of());
  }

  KeyPath with(String key) {
    List<String> longer = new ArrayList<>(keys);
    longer.add(key);
    return new KeyPath(longer);
  }

  boolean isWithin(KeyPath other) {
    return keys.size() >= other.keys.size()
        && keys.subList(0, other.keys.size()).equals(other.keys);
  }

  String last() {
    return keys.isEmpty() ? "" : keys.getLast();
  }

  @Override
  public int compareTo(KeyPath other) {
    for (int i = 0; i < Math.min(keys.size(), other.keys.size()); i++) {
      int order = keys.get(i).compareTo(other.keys.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(keys.size(), other.keys.size());
  }

  @Override
  public String toString() {
    String path = "";
    for (String key : keys) {
      path = Trees.join(path, key);
    }
    return path;
  }
}
