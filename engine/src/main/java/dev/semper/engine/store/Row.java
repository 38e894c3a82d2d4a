package dev.semper.engine.store;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A row of one of the engine's tables. Columns are what is searched by; the rest is a JSON `doc`
/// that belongs to the feature which writes it.
public sealed interface Row {
  /// Key: name.
  record Tenant(String name, String doc) implements Row {}

  /// Key: id. `hash` is SHA-256 (hex) of the token; unique.
  record Token(String id, String hash, String tenant, String doc) implements Row {}

  /// Key: tenant, name.
  record Workload(String tenant, String name, String doc) implements Row {}

  /// One incarnation. Key: incarnation.
  record Instance(String incarnation, String tenant, String workload, String doc) implements Row {}

  /// One generation of a workload's specification. Key: tenant, uid, generation.
  ///
  /// @param uid of the workload: a new workload of an old name has a new one
  record Release(
      String tenant, String workload, String uid, long generation, Instant createdAt, String doc)
      implements Row {}

  /// Key: id.
  ///
  /// @param seq order of arrival, given by the engine
  /// @param workload null for a batch
  /// @param open whether it has not ended
  /// @param parent the batch it belongs to
  /// @param idempotencyKey unique in its tenant (else the commit fails with ALREADY_EXISTS)
  record Operation(
      String id,
      long seq,
      String tenant,
      @Nullable String workload,
      String kind,
      String status,
      boolean open,
      @Nullable String parent,
      @Nullable String idempotencyKey,
      String doc)
      implements Row {}

  /// A step of an operation. Key: operationId, position.
  record Step(String operationId, int position, String doc) implements Row {}

  /// How a workload was last known to be. Key: uid.
  record HealthStatus(String uid, String status, Instant since) implements Row {}

  /// A time during which a workload was unhealthy or critical. Key: uid, startedAt.
  ///
  /// @param endedAt null while it lasts
  record Outage(String uid, Instant startedAt, @Nullable Instant endedAt, String reason)
      implements Row {}

  /// What a workload's health was in one minute. Key: uid, minute. Put again for the same minute,
  /// its times are added and the rest is replaced.
  ///
  /// @param minute since 1970
  /// @param measures score, cpu, memory, error rate and response time
  /// @param millis in the statuses healthy, degraded, unhealthy, critical and unknown
  record HealthMinute(String uid, long minute, List<Spread> measures, List<Integer> millis)
      implements Row {
    public static final int MEASURES = 5;
    public static final int STATUSES = 5;

    public HealthMinute {
      measures = List.copyOf(measures);
      millis = List.copyOf(millis);
      if (measures.size() != MEASURES || millis.size() != STATUSES) {
        throw new IllegalArgumentException("a minute has 5 measures and 5 statuses");
      }
    }
  }

  /// A measure during some time, in hundredths of its unit; all null if it was not measured.
  record Spread(
      @Nullable Integer min,
      @Nullable Integer mean,
      @Nullable Integer max,
      @Nullable Integer last) {
    public static final Spread NONE = new Spread(null, null, null, null);
  }

  /// How far the events have been looked at for hooks. There is one.
  record HookCursor(long eventSeq) implements Row {}

  /// One run of a hook. Key: id.
  ///
  /// @param seq order in which they became due
  /// @param open whether it has not ended
  record HookRun(String id, long seq, String tenant, String workload, boolean open, String doc)
      implements Row {}

  /// A recovery of a workload. Key: id, that of its operation.
  ///
  /// @param uid of the workload: a new workload of an old name has a new one
  record Recovery(
      String id, String tenant, String workload, String uid, Instant startedAt, String doc)
      implements Row {}

  /// Key: id.
  ///
  /// @param workload null for an alert of a tenant as a whole
  /// @param open whether something is still to be done about it
  record Alert(
      String id,
      String tenant,
      @Nullable String workload,
      String rule,
      String status,
      boolean open,
      Instant startedAt,
      String doc)
      implements Row {}

  /// Up to which event alert rules have looked; there is one.
  record AlertCursor(long eventSeq) implements Row {}

  /// Key: id.
  record Silence(String id, String tenant, String doc) implements Row {}

  /// A message to a channel. Key: id.
  ///
  /// @param seq order in which they are sent
  /// @param group those of one group are sent one after the other
  record Delivery(
      String id,
      long seq,
      String tenant,
      String channel,
      String group,
      String status,
      Instant createdAt,
      String doc)
      implements Row {}

  /// A revision of one layer of a configuration. Key: tenant, config, number.
  ///
  /// @param number counts through all layers of the configuration, from 1
  /// @param content the values as canonical JSON; empty where it was not asked for
  record ConfigRevision(
      String tenant,
      String config,
      long number,
      String layer,
      Instant createdAt,
      String doc,
      String content)
      implements Row {}

  /// A data key of a tenant. Key: tenant, version.
  record SecretKey(String tenant, long version, String doc) implements Row {}

  /// What is known of a secret but its values. Key: tenant, name.
  ///
  /// @param dueAt when it has to be looked at; null = only when somebody asks for it
  record Secret(String tenant, String name, @Nullable Instant dueAt, String doc) implements Row {}

  /// A value of a secret. Key: tenant, name, number.
  ///
  /// @param keyVersion the data key it is sealed with
  record SecretVersion(String tenant, String name, long number, long keyVersion, String doc)
      implements Row {}

  /// What an instance has of a secret. Key: tenant, name, incarnation.
  ///
  /// @param tenant of the secret
  record SecretUse(String tenant, String name, String incarnation, String doc) implements Row {}

  /// Somebody's wish to see a secret. Key: id.
  record SecretApproval(String id, String tenant, String name, Instant createdAt, String doc)
      implements Row {}

  /// A change of keys. Key: id.
  record SecretRekey(String id, Instant startedAt, String doc) implements Row {}
}
