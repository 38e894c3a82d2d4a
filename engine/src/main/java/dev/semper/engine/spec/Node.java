package dev.semper.engine.spec;

import java.util.List;
import java.util.Map;

/// A document as read, before anything is known about its meaning; the same for all formats.
///
/// Lines count from 1; 0 if there are none (the body of a request that was parsed elsewhere).
sealed interface Node {
  int line();

  /// What it is, for messages.
  String describe();

  /// @param entries in the order of the document
  record Table(int line, Map<String, Entry> entries) implements Node {
    @Override
    public String describe() {
      return "a table";
    }
  }

  /// @param line of the key
  record Entry(int line, Node value) {}

  record Items(int line, List<Node> items) implements Node {
    @Override
    public String describe() {
      return "a list";
    }
  }

  /// @param value String, Long, Double or Boolean
  /// @param text as it was written, where the format tells (`007` in YAML); otherwise of the value
  record Scalar(int line, Object value, String text) implements Node {
    @Override
    public String describe() {
      return value instanceof String s ? Words.quoted(s) : Words.cut(text);
    }
  }

  /// A key without a value: `null` in JSON, nothing in YAML. Counts as a key that is not there.
  record Nothing(int line) implements Node {
    @Override
    public String describe() {
      return "empty";
    }
  }

  /// A value that no key takes: a date, an integer beyond 64 bits.
  record Unusable(int line, String describe) implements Node {}
}
