package dev.semper.api;

import java.util.List;

/// The server refused a call or failed at it.
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1;
  private final transient ProblemDetails problem;

  public ApiException(ProblemDetails problem) {
    super(problem.detail());
    this.problem = problem;
  }

  public ProblemDetails problem() {
    return problem;
  }

  public int status() {
    return problem.status();
  }

  public String code() {
    return problem.code();
  }

  /// The fields at fault.
  public List<FieldProblem> problems() {
    List<FieldProblem> problems = problem.problems();
    return problems == null ? List.of() : problems;
  }
}
