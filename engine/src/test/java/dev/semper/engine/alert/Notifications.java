package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertRule.Severity;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Notifications for tests.
final class Notifications {
  private static final Instant AT = Instant.parse("2026-07-01T12:00:00Z");

  private Notifications() {}

  static Notification firing(String delivery) {
    return of(
        delivery, item("db", Severity.CRITICAL, AT, null), item("web", Severity.WARNING, AT, null));
  }

  static Notification of(String delivery, Notification.Item... items) {
    return Notification.of(
        delivery, Notification.Reason.FIRING, Map.of("tenant", "default"), AT, List.of(items));
  }

  static Notification.Item item(
      String workload, Severity severity, Instant firedAt, @Nullable Instant resolvedAt) {
    String word = severity.name().toLowerCase(java.util.Locale.ROOT);
    return new Notification.Item(
        "al-" + workload,
        "f00d",
        resolvedAt == null ? "firing" : "resolved",
        severity,
        "slow",
        "default",
        workload,
        812.5,
        workload + " takes 812.5 ms — höher als sonst",
        Map.of("alertname", "slow", "severity", word, "tenant", "default", "workload", workload),
        Map.of("summary", "slow", "runbook", "https://wiki/slow"),
        firedAt,
        firedAt,
        resolvedAt,
        null);
  }
}
