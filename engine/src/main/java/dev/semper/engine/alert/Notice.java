package dev.semper.engine.alert;

import dev.semper.engine.alert.Notification.Item;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.store.Event;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/// What a recovery has to tell by its action `notify`: there is no alert behind it.
///
/// @param recovery its id
record Notice(Subject subject, String recovery, Item item) {
  private static final String EVENT = "recovery.notification";

  /// What routes and silences know it by.
  private static final String RULE = "recovery";

  static Optional<Notice> of(Event event) {
    if (!event.type().equals(EVENT)) {
      return Optional.empty();
    }
    Severity severity = severity(text(event, "severity"));
    Subject subject = new Subject(event.tenant(), event.workload(), RULE, severity);
    Map<String, String> labels = Words.labels(subject, Map.of());
    String recovery = String.valueOf(event.operationId());
    Item item =
        new Item(
            recovery + "." + text(event, "number"),
            Words.fingerprint(labels),
            Alert.Status.FIRING.id(),
            severity,
            RULE,
            event.tenant(),
            event.workload(),
            null,
            text(event, "message"),
            labels,
            Map.of("cause", text(event, "cause")),
            event.at(),
            event.at(),
            null,
            null);
    return Optional.of(new Notice(subject, recovery, item));
  }

  /// Earlier servers have told none.
  private static Severity severity(String id) {
    for (Severity severity : Severity.values()) {
      if (severity.name().toLowerCase(Locale.ROOT).equals(id)) {
        return severity;
      }
    }
    return Severity.WARNING;
  }

  private static String text(Event event, String key) {
    return String.valueOf(event.data().getOrDefault(key, ""));
  }
}
