package dev.semper.api;

import com.fasterxml.jackson.annotation.JsonAnyGetter;
import com.fasterxml.jackson.annotation.JsonAnySetter;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Why a call was refused or failed (RFC 9457).
///
/// @param type a URI reference that names the kind of problem, e.g. `/problems/illegal-transition`
/// @param detail what was tried, on what, and what to do next
/// @param code stable name, e.g. `ILLEGAL_TRANSITION`
/// @param problems the fields at fault
/// @param more other members, e.g. `allowed` or `operation_id`
public record ProblemDetails(
    String type,
    String title,
    int status,
    String detail,
    String code,
    @Nullable List<FieldProblem> problems,
    @JsonAnySetter @JsonAnyGetter @Nullable Map<String, Object> more) {

  /// What would have been allowed; empty if the answer does not say.
  public List<String> allowed() {
    return more != null && more.get("allowed") instanceof List<?> names
        ? names.stream().map(String::valueOf).toList()
        : List.of();
  }

  /// The operation that is in the way.
  public @Nullable String operationId() {
    return more != null && more.get("operation_id") instanceof String id ? id : null;
  }
}
