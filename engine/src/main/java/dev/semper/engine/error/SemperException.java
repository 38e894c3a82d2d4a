package dev.semper.engine.error;

import java.util.List;
import java.util.Map;

/// A call that could not be carried out. The message says what was tried, on which workload, and
/// what to do next.
public final class SemperException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final ErrorCode code;
  private final transient List<Problem> problems;
  private final transient Map<String, Object> details;

  public SemperException(ErrorCode code, String message) {
    this(code, message, List.of(), Map.of());
  }

  /// @param problems the fields at fault
  /// @param details more for machines, e.g. `allowed` or `operation_id`; goes into the API's answer
  public SemperException(
      ErrorCode code, String message, List<Problem> problems, Map<String, Object> details) {
    super(message);
    this.code = code;
    this.problems = List.copyOf(problems);
    this.details = Map.copyOf(details);
  }

  public static SemperException wrap(ErrorCode code, String message, Throwable cause) {
    SemperException e = new SemperException(code, message);
    e.initCause(cause);
    return e;
  }

  public ErrorCode code() {
    return code;
  }

  public List<Problem> problems() {
    return problems;
  }

  public Map<String, Object> details() {
    return details;
  }
}
