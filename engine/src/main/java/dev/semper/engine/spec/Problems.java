package dev.semper.engine.spec;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// Gathers what is wrong, so that all of it is told at once.
final class Problems {
  /// More than that help nobody; the rest is only counted.
  static final int MOST = 100;

  private final List<Problem> problems = new ArrayList<>();
  private int count;

  void add(String path, int line, String message) {
    add(path, line, () -> message);
  }

  void add(String path, int line, Supplier<String> message) {
    if (count++ < MOST) {
      problems.add(new Problem(path, line, message.get()));
    }
  }

  int count() {
    return count;
  }

  /// @param what the thing at fault, e.g. `the document`
  void throwIfAny(String what) {
    if (count > 0) {
      throw exception(what);
    }
  }

  /// Reading cannot go on after that one.
  SemperException fatal(String path, int line, String message) {
    add(path, line, message);
    return exception("the document");
  }

  private SemperException exception(String what) {
    problems.sort(Comparator.comparingInt(Problem::line));
    String first = problems.getFirst().toString();
    String message =
        count == 1
            ? "cannot use %s: %s".formatted(what, first)
            : "cannot use %s: it has %d problems, first %s".formatted(what, count, first);
    if (count > MOST) {
      problems.add(
          new Problem("", problems.getLast().line(), "%d more problems".formatted(count - MOST)));
    }
    return new SemperException(ErrorCode.INVALID_SPEC, message, problems, Map.of());
  }
}
