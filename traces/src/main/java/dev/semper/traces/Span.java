package dev.semper.traces;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A span that has ended.
///
/// @param parent its parent; null if it is the root of its trace
/// @param call whether it calls something outside, as a probe does
/// @param startNanos since the epoch
/// @param endNanos since the epoch, not before its start
/// @param attributes texts, whole numbers and truth values by name
/// @param error what went wrong; null if nothing did
/// @param follows another span that it goes on with
record Span(
    Place place,
    @Nullable Place parent,
    String name,
    boolean call,
    long startNanos,
    long endNanos,
    Map<String, Object> attributes,
    @Nullable String error,
    @Nullable Place follows) {
  Span {
    endNanos = Math.max(startNanos, endNanos);
    attributes = new TreeMap<>(attributes);
  }

  /// Where a span is.
  ///
  /// @param trace 32 hexadecimal digits
  /// @param id 16 hexadecimal digits
  record Place(String trace, String id) {}
}
