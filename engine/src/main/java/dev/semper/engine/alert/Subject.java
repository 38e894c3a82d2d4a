package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertRule.Severity;
import org.jspecify.annotations.Nullable;

/// What something is about that may be told: by this it is routed and silenced.
///
/// @param workload null if it is about the tenant as a whole
record Subject(String tenant, @Nullable String workload, String rule, Severity severity) {
  static Subject of(Alert alert) {
    return new Subject(alert.tenant(), alert.workload(), alert.rule(), alert.severity());
  }
}
