package dev.semper.engine.alert;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.engine.spec.AlertMatch;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Holds alerts back for a while: they are recorded and not told. What still fires when it ends is
/// told then. By the wall clock.
///
/// @param match which alerts of the tenant
/// @param endedBy who ended it early
public record Silence(
    String id,
    String tenant,
    AlertMatch match,
    Instant startsAt,
    Instant endsAt,
    String comment,
    String createdBy,
    @Nullable String endedBy) {

  @JsonIgnore
  public boolean isActive(Instant now) {
    return !now.isBefore(startsAt) && now.isBefore(endsAt);
  }

  boolean covers(Subject what) {
    return what.tenant().equals(tenant)
        && match.matches(what.tenant(), what.workload(), what.rule(), what.severity());
  }

  Silence endedAt(Instant now, String actor) {
    return new Silence(id, tenant, match, startsAt, now, comment, createdBy, actor);
  }
}
