package dev.semper.server;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import java.util.List;
import java.util.Map;

/// A request that HTTP itself has a word for, e.g. 405 or 413.
final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final int status;
  private final ErrorCode code;
  private final transient List<Problem> problems;
  private final transient Map<String, String> headers;

  Refusal(int status, ErrorCode code, String message) {
    this(status, code, message, List.of(), Map.of());
  }

  Refusal(
      int status,
      ErrorCode code,
      String message,
      List<Problem> problems,
      Map<String, String> headers) {
    super(message, null, false, false);
    this.status = status;
    this.code = code;
    this.problems = List.copyOf(problems);
    this.headers = Map.copyOf(headers);
  }

  int status() {
    return status;
  }

  ErrorCode code() {
    return code;
  }

  List<Problem> problems() {
    return problems;
  }

  Map<String, String> headers() {
    return headers;
  }
}
