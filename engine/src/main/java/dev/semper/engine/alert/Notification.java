package dev.semper.engine.alert;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.store.Docs;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/// What a channel is told; as JSON the body of a webhook. The names of its fields are a contract.
///
/// @param version of this form: 1
/// @param delivery the same at each attempt, for receivers to tell what they have had
/// @param status `firing` if any of the alerts fires, else `resolved`
/// @param group what the alerts have in common
/// @param alerts the group's alerts that fire, and those that have resolved since it was last told
public record Notification(
    int version,
    String delivery,
    Reason reason,
    String status,
    Map<String, String> group,
    Instant at,
    List<Item> alerts) {

  /// Words in lower case, as everywhere in the API.
  private static final JsonMapper WIRE =
      Docs.MAPPER.rebuild().enable(EnumFeature.WRITE_ENUMS_TO_LOWERCASE).build();

  /// Why it is told.
  public enum Reason {
    FIRING,
    RESOLVED,
    REPEAT,
    ESCALATION,
    /// A recovery has the action `notify`: told once, there is no alert behind it.
    NOTICE,
    TEST;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One alert as it was when it was told.
  public record Item(
      String id,
      String fingerprint,
      String status,
      Severity severity,
      String rule,
      String tenant,
      @Nullable String workload,
      @Nullable Double value,
      String summary,
      Map<String, String> labels,
      Map<String, String> annotations,
      Instant since,
      @Nullable Instant firedAt,
      @Nullable Instant resolvedAt,
      @Nullable String acknowledgedBy) {
    public Item {
      labels = Map.copyOf(labels);
      annotations = Map.copyOf(annotations);
    }

    boolean isFiring() {
      return status.equals("firing");
    }

    static Item of(Alert alert) {
      return new Item(
          alert.id(),
          alert.fingerprint(),
          alert.status().id(),
          alert.severity(),
          alert.rule(),
          alert.tenant(),
          alert.workload(),
          alert.value(),
          alert.summary(),
          alert.labels(),
          alert.annotations(),
          alert.since(),
          alert.firedAt(),
          alert.resolvedAt(),
          alert.acknowledgedBy());
    }
  }

  public Notification {
    group = Map.copyOf(group);
    alerts = List.copyOf(alerts);
  }

  static Notification of(
      String delivery, Reason reason, Map<String, String> group, Instant at, List<Item> alerts) {
    boolean firing = alerts.stream().anyMatch(Item::isFiring);
    return new Notification(1, delivery, reason, firing ? "firing" : "resolved", group, at, alerts);
  }

  /// What channels are given.
  String json() {
    return WIRE.writeValueAsString(this);
  }

  long firing() {
    return alerts.stream().filter(Item::isFiring).count();
  }

  /// Of the worst alert.
  Severity severity() {
    return alerts.stream().map(Item::severity).max(Comparator.naturalOrder()).orElse(Severity.INFO);
  }

  /// How long what fires is to be taken for firing if nothing more is heard of it: beyond the next
  /// repetition; or, where nothing more will be heard, as long as people need to see it.
  @JsonIgnore
  Duration firesOn() {
    return switch (reason) {
      case FIRING, RESOLVED, REPEAT, ESCALATION -> Duration.ofDays(31);
      case NOTICE -> Duration.ofHours(1);
      case TEST -> Duration.ofMinutes(5);
    };
  }

  /// In one line, e.g. `[FIRING:2] warning: web, api`.
  public String title() {
    String what =
        reason == Reason.NOTICE
            ? "NOTICE"
            : firing() > 0 ? "FIRING:" + firing() : "RESOLVED:" + alerts.size();
    List<String> about =
        alerts.stream()
            .map(a -> a.workload() == null ? a.tenant() : a.workload())
            .distinct()
            .toList();
    String names = String.join(", ", about.subList(0, Math.min(3, about.size())));
    String rules =
        alerts.stream()
            .map(Item::rule)
            .distinct()
            .limit(3)
            .reduce((a, b) -> a + ", " + b)
            .orElse("");
    return "[%s] %s: %s%s (%s)"
        .formatted(
            what,
            reason == Reason.TEST ? "test" : severity().name().toLowerCase(Locale.ROOT),
            names,
            about.size() > 3 ? " and " + (about.size() - 3) + " more" : "",
            rules);
  }
}
