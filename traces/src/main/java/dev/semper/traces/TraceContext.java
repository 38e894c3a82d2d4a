package dev.semper.traces;

import dev.semper.traces.Span.Place;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A `traceparent`, as W3C Trace Context has it.
record TraceContext(Place place, boolean sampled) {
  private static final Pattern FORM =
      Pattern.compile("(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?");
  private static final Pattern ZEROS = Pattern.compile("0+");

  /// Empty if there is none, or it is not as the standard wants it: then a new trace begins.
  static Optional<TraceContext> of(@Nullable String traceparent) {
    Matcher matcher = FORM.matcher(traceparent == null ? "" : traceparent);
    if (!matcher.matches()
        || ZEROS.matcher(matcher.group(1)).matches()
        || ZEROS.matcher(matcher.group(2)).matches()) {
      return Optional.empty();
    }
    boolean sampled = (Integer.parseInt(matcher.group(3), 16) & 1) != 0;
    return Optional.of(new TraceContext(new Place(matcher.group(1), matcher.group(2)), sampled));
  }
}
