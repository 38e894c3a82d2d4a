package dev.semper.engine.alert;

import com.fasterxml.jackson.annotation.JsonIgnore;
import dev.semper.engine.spec.AlertRule.Severity;
import java.time.Instant;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Something that a rule has found. Immutable.
///
/// @param id of this one time
/// @param fingerprint the same each time the same rule finds the same thing
/// @param workload null if it is about the tenant as a whole
/// @param value what was measured, when it began or fired
/// @param labels all of them, also the names by which it is found
/// @param annotations with their placeholders filled in
/// @param since when the condition became true
/// @param firedAt when it had been true for long enough
/// @param acknowledgedBy who has said to look after it; ends repeats and escalation
/// @param told what the channels have heard last
/// @param toldFirstAt when the channels first heard that it fires
/// @param toldAt when the channels last heard of it
/// @param step steps of the escalation that were taken
public record Alert(
    String id,
    String fingerprint,
    String tenant,
    @Nullable String workload,
    String rule,
    Severity severity,
    Status status,
    @Nullable Double value,
    String summary,
    Map<String, String> labels,
    Map<String, String> annotations,
    Instant since,
    @Nullable Instant firedAt,
    @Nullable Instant resolvedAt,
    @Nullable String acknowledgedBy,
    @Nullable Instant acknowledgedAt,
    @Nullable String comment,
    Told told,
    @Nullable Instant toldFirstAt,
    @Nullable Instant toldAt,
    int step) {

  public enum Status {
    /// True, but not for long enough.
    PENDING,
    FIRING,
    RESOLVED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What the channels have heard.
  public enum Told {
    NOTHING,
    FIRING,
    RESOLVED
  }

  public Alert {
    labels = Map.copyOf(labels);
    annotations = Map.copyOf(annotations);
  }

  /// Whether something is still to be done about it: it is not over, or its end was not told.
  @JsonIgnore
  public boolean isOpen() {
    return status != Status.RESOLVED || told == Told.FIRING;
  }

  /// Whether the channels have not heard how it is.
  @JsonIgnore
  boolean isNews() {
    return switch (status) {
      case PENDING -> false;
      case FIRING -> told != Told.FIRING;
      case RESOLVED -> told == Told.FIRING;
    };
  }

  @JsonIgnore
  boolean isAcknowledged() {
    return acknowledgedBy != null;
  }

  Alert firing(@Nullable Double measured, String words, Map<String, String> notes, Instant now) {
    return new Alert(
        id,
        fingerprint,
        tenant,
        workload,
        rule,
        severity,
        Status.FIRING,
        measured,
        words,
        labels,
        notes,
        since,
        now,
        null,
        acknowledgedBy,
        acknowledgedAt,
        comment,
        told,
        toldFirstAt,
        toldAt,
        step);
  }

  Alert resolved(Instant now) {
    return new Alert(
        id,
        fingerprint,
        tenant,
        workload,
        rule,
        severity,
        Status.RESOLVED,
        value,
        summary,
        labels,
        annotations,
        since,
        firedAt,
        now,
        acknowledgedBy,
        acknowledgedAt,
        comment,
        told,
        toldFirstAt,
        toldAt,
        step);
  }

  Alert acknowledged(String actor, @Nullable String words, Instant now) {
    return new Alert(
        id,
        fingerprint,
        tenant,
        workload,
        rule,
        severity,
        status,
        value,
        summary,
        labels,
        annotations,
        since,
        firedAt,
        resolvedAt,
        actor,
        now,
        words,
        told,
        toldFirstAt,
        toldAt,
        step);
  }

  /// The channels hear how it is now.
  Alert told(int steps, Instant now) {
    return new Alert(
        id,
        fingerprint,
        tenant,
        workload,
        rule,
        severity,
        status,
        value,
        summary,
        labels,
        annotations,
        since,
        firedAt,
        resolvedAt,
        acknowledgedBy,
        acknowledgedAt,
        comment,
        status == Status.FIRING ? Told.FIRING : Told.RESOLVED,
        toldFirstAt == null ? now : toldFirstAt,
        now,
        steps);
  }
}
