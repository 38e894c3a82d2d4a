package dev.semper.server;

import dev.semper.api.FieldProblem;
import dev.semper.api.ProblemDetails;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Turns whatever went wrong into an answer: the only place where errors become HTTP.
final class Errors {
  private static final Logger LOG = LoggerFactory.getLogger(Errors.class);

  private Errors() {}

  static Answer answer(Throwable error) {
    return switch (error) {
      case Refusal refusal ->
          problem(
              refusal.status(),
              refusal.code(),
              refusal.getMessage(),
              refusal.problems(),
              Map.of(),
              refusal.headers());
      case SemperException e -> {
        if (e.code() == ErrorCode.INTERNAL) {
          LOG.error("a request failed by a defect", e);
        }
        yield problem(
            status(e.code()),
            e.code(),
            e.getMessage(),
            e.problems(),
            e.details(),
            headers(e.code()));
      }
      case InterruptedException _ ->
          problem(
              503,
              ErrorCode.TIMEOUT,
              "The request was not done in time or the server is ending; look what has become of it"
                  + " before you try again",
              List.of(),
              Map.of(),
              headers(ErrorCode.TIMEOUT));
      default -> {
        LOG.error("a request failed by a defect", error);
        yield problem(
            500,
            ErrorCode.INTERNAL,
            "The server failed by a defect of its own; its log says more",
            List.of(),
            Map.of(),
            Map.of());
      }
    };
  }

  static int status(ErrorCode code) {
    return switch (code.kind()) {
      case USER -> 400;
      case UNAUTHENTICATED -> 401;
      case FORBIDDEN -> 403;
      case NOT_FOUND -> 404;
      case CONFLICT -> 409;
      case UNAVAILABLE -> 503;
      case INTERNAL -> 500;
    };
  }

  private static Map<String, String> headers(ErrorCode code) {
    return code.kind() == ErrorCode.Kind.UNAVAILABLE ? Map.of("Retry-After", "2") : Map.of();
  }

  static List<FieldProblem> fields(List<Problem> problems) {
    return problems.stream().map(p -> new FieldProblem(p.path(), p.line(), p.message())).toList();
  }

  private static Answer problem(
      int status,
      ErrorCode code,
      @Nullable String detail,
      List<Problem> problems,
      Map<String, Object> more,
      Map<String, String> headers) {
    String name = code.name().toLowerCase(Locale.ROOT);
    ProblemDetails details =
        new ProblemDetails(
            "urn:semper:problem:" + name.replace('_', '-'),
            Character.toUpperCase(name.charAt(0)) + name.substring(1).replace('_', ' '),
            status,
            detail == null ? "" : detail,
            code.name(),
            problems.isEmpty() ? null : fields(problems),
            more);
    return new Answer.Json(status, details, "application/problem+json", headers);
  }
}
