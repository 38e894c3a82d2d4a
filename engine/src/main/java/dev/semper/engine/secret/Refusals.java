package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.util.List;
import java.util.Map;

/// Says what is wrong with a request.
final class Refusals {
  private Refusals() {}

  static void require(boolean holds, String field, String message) {
    if (!holds) {
      throw invalid(field, message);
    }
  }

  static SemperException invalid(String field, String message) {
    return new SemperException(
        ErrorCode.INVALID_REQUEST,
        "The request is wrong: " + field + ": " + message,
        List.of(new Problem(field, 0, message)),
        Map.of());
  }

  static SemperException missing(String tenant, String name) {
    return new SemperException(
        ErrorCode.NOT_FOUND, "There is no secret %s in tenant %s".formatted(name, tenant));
  }
}
