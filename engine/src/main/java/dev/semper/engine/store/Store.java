package dev.semper.engine.store;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The engine's database.
public final class Store implements AutoCloseable {
  private static final String SELECT_RELEASE =
      "SELECT tenant, workload, uid, generation, created_at, doc FROM workload_release";
  private static final String SELECT_ALERT =
      "SELECT id, tenant, workload, rule, status, is_open, started_at, doc FROM alert";
  private static final String SELECT_DELIVERY =
      "SELECT id, seq, tenant, channel, group_key, status, created_at, doc FROM delivery";
  private static final String SELECT_OPERATION =
      "SELECT id, seq, tenant, workload, kind, status, is_open, parent, idempotency_key, doc"
          + " FROM operation";

  private static final String SELECT_OUTAGE =
      "SELECT uid, started_at, ended_at, reason FROM health_outage";
  private static final String SELECT_HOOK_RUN =
      "SELECT id, seq, tenant, workload, is_open, doc FROM hook_run";
  private static final String SELECT_RECOVERY =
      "SELECT id, tenant, workload, uid, started_at, doc FROM recovery";

  private static final String SELECT_CONFIG_REVISION =
      "SELECT tenant, config, number, layer, created_at, doc, content FROM config_revision";
  private static final String LIST_CONFIG_REVISION =
      "SELECT tenant, config, number, layer, created_at, doc, '' FROM config_revision";

  private static final String SELECT_SECRET = "SELECT tenant, name, due_at, doc FROM secret";
  private static final String SELECT_SECRET_VERSION =
      "SELECT tenant, name, number, key_version, doc FROM secret_version";
  private static final String SELECT_SECRET_USE =
      "SELECT tenant, name, incarnation, doc FROM secret_use";
  private static final String SELECT_SECRET_APPROVAL =
      "SELECT id, tenant, name, created_at, doc FROM secret_approval";

  private final Database database;
  private final CommitQueue queue;
  private final Writer writer;
  private final EventLog events;
  private final AuditLog audit;

  private Store(Database database, Session session, Retention retention) throws SQLException {
    session.begin();
    session.takeOver();
    Head head = session.lockHead();
    long first = session.firstEvent(head.event() + 1);
    session.commit();
    this.database = database;
    this.queue = new CommitQueue();
    this.events = new EventLog(database, first, head.event());
    this.writer = new Writer(database, queue, events, retention, session, head);
    this.audit = new AuditLog(database, writer::head);
  }

  /// Opens the database, makes or migrates its schema and takes it over from any older server.
  ///
  /// @throws SemperException STORE_UNAVAILABLE if it cannot be opened, PRECONDITION_FAILED if a
  ///   newer Semper has migrated it
  public static Store open(StoreConfig config) {
    Retention retention =
        new Retention(InstantSource.system(), config.eventRetentionDays(), Retention.Plan.DEFAULT);
    return open(Database.of(config), retention);
  }

  static Store open(Database database, Retention retention) {
    boolean opened = false;
    try {
      database.acquire();
      Schema.migrate(database);
      Store store = takeOver(database, retention);
      store.writer.start();
      opened = true;
      return store;
    } catch (SQLException e) {
      throw SemperException.wrap(
          ErrorCode.STORE_UNAVAILABLE,
          "Cannot open the database: " + database.explain(e).words(),
          e);
    } finally {
      if (!opened) {
        database.close();
      }
    }
  }

  private static Store takeOver(Database database, Retention retention) throws SQLException {
    Session session = Session.open(database);
    boolean taken = false;
    try {
      Store store = new Store(database, session, retention);
      taken = true;
      return store;
    } finally {
      if (!taken) {
        session.close();
      }
    }
  }

  /// Makes a batch durable; waits through an outage of the database, however long.
  ///
  /// @return its events with their numbers
  /// @throws SemperException ALREADY_EXISTS if a key is taken, FENCED, SHUTTING_DOWN, INTERNAL if
  ///   the database will never take the data; then nothing is written
  /// @throws IllegalArgumentException if the data of an event or audit record cannot be JSON
  /// @throws InterruptedException if interrupted before it was written; then it never will be
  public List<Event> commit(Batch batch) throws InterruptedException {
    return commit(batch, Long.MAX_VALUE);
  }

  /// As [#commit(Batch)], but gives up with STORE_UNAVAILABLE when the batch could not be written
  /// within the patience; then nothing of it is or ever will be written. (It takes longer in one
  /// case: if the connection is lost in the middle of the commit, only the database knows.)
  public List<Event> commit(Batch batch, Duration patience) throws InterruptedException {
    return commit(batch, TimeUnit.NANOSECONDS.convert(patience));
  }

  private List<Event> commit(Batch batch, long nanos) throws InterruptedException {
    if (batch.isEmpty()) {
      return List.of();
    }
    Pending pending = new Pending(Draft.of(batch));
    queue.add(pending);
    return switch (queue.await(pending, nanos)) {
      case Pending.Written(List<Event> written) -> written;
      case Pending.Refused(ErrorCode code, String message, Throwable cause) ->
          throw refused(code, message, cause);
      case Pending.Withdrawn() ->
          throw new SemperException(
              ErrorCode.STORE_UNAVAILABLE,
              "The change was not written, try again later: "
                  + trouble().orElse("the database is too slow"));
    };
  }

  private static SemperException refused(
      ErrorCode code, String message, @Nullable Throwable cause) {
    return cause == null
        ? new SemperException(code, message)
        : SemperException.wrap(code, message, cause);
  }

  /// Why the database cannot be written now, for readiness; empty if it can.
  public Optional<String> trouble() {
    return writer.trouble();
  }

  public EventLog events() {
    return events;
  }

  public AuditLog audit() {
    return audit;
  }

  public List<Row.Tenant> tenants() {
    return new Query("SELECT name, doc FROM tenant ORDER BY name")
        .list(database, row -> new Row.Tenant(row.getString(1), row.getString(2)));
  }

  public List<Row.Token> tokens() {
    return new Query("SELECT id, hash, tenant, doc FROM token ORDER BY id")
        .list(
            database,
            row ->
                new Row.Token(
                    row.getString(1), row.getString(2), row.getString(3), row.getString(4)));
  }

  public List<Row.Workload> workloads() {
    return new Query("SELECT tenant, name, doc FROM workload ORDER BY tenant, name")
        .list(
            database,
            row -> new Row.Workload(row.getString(1), row.getString(2), row.getString(3)));
  }

  public List<Row.Instance> instances() {
    return new Query("SELECT incarnation, tenant, workload, doc FROM instance ORDER BY incarnation")
        .list(
            database,
            row ->
                new Row.Instance(
                    row.getString(1), row.getString(2), row.getString(3), row.getString(4)));
  }

  /// Generations of a workload, newest first.
  public List<Row.Release> releases(String uid, int limit) {
    return new Query(SELECT_RELEASE)
        .where("uid = ?", uid)
        .then("ORDER BY generation DESC LIMIT ?", limit)
        .list(database, Store::release);
  }

  public Optional<Row.Release> release(String uid, long generation) {
    return new Query(SELECT_RELEASE)
            .where("uid = ? AND generation = ?", uid, generation)
            .list(database, Store::release)
            .stream()
            .findFirst();
  }

  /// Operations that have not ended, in order of arrival.
  public List<Row.Operation> openOperations() {
    return new Query(SELECT_OPERATION)
        .where("is_open")
        .then("ORDER BY seq")
        .list(database, Store::operation);
  }

  /// Newest first; null matters not.
  public List<Row.Operation> operations(
      @Nullable String tenant, @Nullable String workload, @Nullable String status, int limit) {
    return new Query(SELECT_OPERATION)
        .whereEqual("tenant", tenant)
        .whereEqual("workload", workload)
        .whereEqual("status", status)
        .then("ORDER BY seq DESC LIMIT ?", limit)
        .list(database, Store::operation);
  }

  /// Members of a batch, in order of arrival.
  public List<Row.Operation> members(String parent) {
    return new Query(SELECT_OPERATION)
        .where("parent = ?", parent)
        .then("ORDER BY seq")
        .list(database, Store::operation);
  }

  public Optional<Row.Operation> operation(String id) {
    return new Query(SELECT_OPERATION)
        .where("id = ?", id).list(database, Store::operation).stream().findFirst();
  }

  public Optional<Row.Operation> operationByKey(String tenant, String idempotencyKey) {
    return new Query(SELECT_OPERATION)
            .where("tenant = ? AND idempotency_key = ?", tenant, idempotencyKey)
            .list(database, Store::operation)
            .stream()
            .findFirst();
  }

  public List<Row.Step> steps(String operationId) {
    return new Query("SELECT operation_id, position, doc FROM step")
        .where("operation_id = ?", operationId)
        .then("ORDER BY position")
        .list(database, row -> new Row.Step(row.getString(1), row.getInt(2), row.getString(3)));
  }

  /// Number of the last event that was looked at for hooks.
  public long hookCursor() {
    return new Query("SELECT event_seq FROM hook_cursor")
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  /// Runs of hooks that have not ended, in the order in which they became due.
  public List<Row.HookRun> openHookRuns() {
    return new Query(SELECT_HOOK_RUN)
        .where("is_open")
        .then("ORDER BY seq")
        .list(database, Store::hookRun);
  }

  /// Newest first.
  public List<Row.HookRun> hookRuns(String tenant, String workload, int limit) {
    return new Query(SELECT_HOOK_RUN)
        .where("tenant = ? AND workload = ?", tenant, workload)
        .then("ORDER BY seq DESC LIMIT ?", limit)
        .list(database, Store::hookRun);
  }

  public Optional<Row.HookRun> hookRun(String id) {
    return new Query(SELECT_HOOK_RUN)
        .where("id = ?", id).list(database, Store::hookRun).stream().findFirst();
  }

  /// Runs of a workload that have ended, but for the newest ones; only their keys are told.
  public List<Row.HookRun> oldHookRuns(String tenant, String workload, int keep) {
    return new Query("SELECT id, seq, tenant, workload, is_open, '' FROM hook_run")
        .where("tenant = ? AND workload = ?", tenant, workload)
        .where("NOT is_open")
        .then("ORDER BY seq DESC LIMIT 100 OFFSET ?", keep)
        .list(database, Store::hookRun);
  }

  /// The newest run of each workload that has any; only their keys are told.
  public List<Row.HookRun> newestHookRuns() {
    return new Query(
            "SELECT id, seq, tenant, workload, is_open, '' FROM hook_run WHERE seq IN"
                + " (SELECT max(seq) FROM hook_run GROUP BY tenant, workload)")
        .list(database, Store::hookRun);
  }

  /// Highest `seq` of all runs of hooks; 0 if there is none.
  public long lastHookRunSeq() {
    return new Query("SELECT max(seq) FROM hook_run")
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  public Optional<Row.Recovery> recovery(String id) {
    return new Query(SELECT_RECOVERY)
        .where("id = ?", id).list(database, Store::recovery).stream().findFirst();
  }

  /// Newest first; null matters not.
  public List<Row.Recovery> recoveries(
      @Nullable String tenant, @Nullable String workload, @Nullable String uid, int limit) {
    return new Query(SELECT_RECOVERY)
        .whereEqual("tenant", tenant)
        .whereEqual("workload", workload)
        .whereEqual("uid", uid)
        .then("ORDER BY started_at DESC, id DESC LIMIT ?", limit)
        .list(database, Store::recovery);
  }

  /// The newest of each workload of a tenant, newest first.
  public List<Row.Recovery> newestRecoveries(String tenant, int each) {
    String numbered =
        "SELECT id, tenant, workload, uid, started_at, doc, row_number() OVER"
            + " (PARTITION BY workload ORDER BY started_at DESC, id DESC) AS place FROM recovery"
            + " WHERE tenant = ?";
    return new Query("SELECT id, tenant, workload, uid, started_at, doc FROM (")
        .then(numbered + ") AS numbered WHERE place <= ?", tenant, each)
        .then("ORDER BY started_at DESC, id DESC")
        .list(database, Store::recovery);
  }

  /// Those that began before an instant, oldest first.
  public List<Row.Recovery> recoveriesBefore(Instant before, int limit) {
    return new Query(SELECT_RECOVERY)
        .where("started_at < ?", Micros.of(before))
        .then("ORDER BY started_at LIMIT ?", limit)
        .list(database, Store::recovery);
  }

  /// Highest `seq` of all operations; 0 if there is none.
  public long lastOperationSeq() {
    return new Query("SELECT max(seq) FROM operation")
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  public List<Row.HealthStatus> healthStatuses() {
    return new Query("SELECT uid, status, since FROM health_status ORDER BY uid")
        .list(
            database,
            row ->
                new Row.HealthStatus(
                    row.getString(1), row.getString(2), Micros.toInstant(row.getLong(3))));
  }

  /// The newest outages of a workload, newest first.
  public List<Row.Outage> outages(String uid, int limit) {
    return new Query(SELECT_OUTAGE)
        .where("uid = ?", uid)
        .then("ORDER BY started_at DESC LIMIT ?", limit)
        .list(database, Store::outage);
  }

  /// Outages that last.
  public List<Row.Outage> openOutages() {
    return new Query(SELECT_OUTAGE)
        .where("ended_at IS NULL")
        .then("ORDER BY uid, started_at")
        .list(database, Store::outage);
  }

  /// Minutes of a workload's health from one to another, both included, oldest first.
  public List<Row.HealthMinute> healthMinutes(String uid, long from, long to, int limit) {
    return new Query(HealthColumns.SELECT)
        .where("uid = ? AND minute >= ? AND minute <= ?", uid, from, to)
        .then("ORDER BY minute LIMIT ?", limit)
        .list(database, HealthColumns::read);
  }

  /// How many milliseconds a workload was in each status, from a minute on; in the order of
  /// [Row.HealthMinute#millis].
  public List<Long> healthMillis(String uid, long fromMinute) {
    return new Query("SELECT " + HealthColumns.SUMS + " FROM health_minute")
        .where("uid = ? AND minute >= ?", uid, fromMinute)
        .list(
            database,
            row ->
                List.of(
                    row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getLong(5)))
        .getFirst();
  }

  /// The oldest minute of anybody's health; empty if there is none.
  public Optional<Long> oldestHealthMinute() {
    return minute(new Query("SELECT min(minute) FROM health_minute"));
  }

  /// The newest minute of a workload's health; empty if there is none.
  public Optional<Long> newestHealthMinute(String uid) {
    return minute(new Query("SELECT max(minute) FROM health_minute").where("uid = ?", uid));
  }

  private Optional<Long> minute(Query query) {
    return query
        .list(
            database,
            row -> {
              long minute = row.getLong(1);
              return row.wasNull() ? Optional.<Long>empty() : Optional.of(minute);
            })
        .getFirst();
  }

  private static Row.Outage outage(ResultSet row) throws SQLException {
    long ended = row.getLong(3);
    Instant endedAt = row.wasNull() ? null : Micros.toInstant(ended);
    return new Row.Outage(
        row.getString(1), Micros.toInstant(row.getLong(2)), endedAt, row.getString(4));
  }

  /// Alerts about which something is still to be done, the oldest first.
  public List<Row.Alert> openAlerts() {
    return new Query(SELECT_ALERT)
        .where("is_open")
        .then("ORDER BY started_at, id")
        .list(database, Store::alert);
  }

  /// Newest first; null matters not.
  public List<Row.Alert> alerts(
      @Nullable String tenant, @Nullable String workload, @Nullable String status, int limit) {
    return new Query(SELECT_ALERT)
        .whereEqual("tenant", tenant)
        .whereEqual("workload", workload)
        .whereEqual("status", status)
        .then("ORDER BY started_at DESC, id LIMIT ?", limit)
        .list(database, Store::alert);
  }

  public Optional<Row.Alert> alert(String id) {
    return new Query(SELECT_ALERT)
        .where("id = ?", id).list(database, Store::alert).stream().findFirst();
  }

  /// Alerts that are over and began before that, the oldest first.
  public List<Row.Alert> alertsOverBefore(Instant time, int limit) {
    return new Query(SELECT_ALERT)
        .where("started_at < ?", Micros.of(time))
        .where("NOT is_open")
        .then("ORDER BY started_at LIMIT ?", limit)
        .list(database, Store::alert);
  }

  /// Up to which event alert rules have looked; empty if they never have.
  public OptionalLong alertCursor() {
    return new Query("SELECT event_seq FROM alert_cursor")
        .list(database, row -> row.getLong(1)).stream().mapToLong(Long::longValue).findFirst();
  }

  public List<Row.Silence> silences() {
    return new Query("SELECT id, tenant, doc FROM silence ORDER BY id")
        .list(
            database, row -> new Row.Silence(row.getString(1), row.getString(2), row.getString(3)));
  }

  /// Newest first; null matters not.
  public List<Row.Delivery> deliveries(
      @Nullable String tenant, @Nullable String channel, @Nullable String status, int limit) {
    return new Query(SELECT_DELIVERY)
        .whereEqual("tenant", tenant)
        .whereEqual("channel", channel)
        .whereEqual("status", status)
        .then("ORDER BY seq DESC LIMIT ?", limit)
        .list(database, Store::delivery);
  }

  /// The oldest ones with that status on a channel, in their order.
  public List<Row.Delivery> oldestDeliveries(String channel, String status, int limit) {
    return new Query(SELECT_DELIVERY)
        .whereEqual("channel", channel)
        .whereEqual("status", status)
        .then("ORDER BY seq LIMIT ?", limit)
        .list(database, Store::delivery);
  }

  public Optional<Row.Delivery> delivery(String id) {
    return new Query(SELECT_DELIVERY)
        .where("id = ?", id).list(database, Store::delivery).stream().findFirst();
  }

  /// Channels that something with that status is for, and how much.
  public Map<String, Long> deliveriesByChannel(String status) {
    Map<String, Long> counts = new TreeMap<>();
    new Query("SELECT channel, count(*) FROM delivery")
        .where("status = ?", status)
        .then("GROUP BY channel")
        .list(database, row -> counts.put(row.getString(1), row.getLong(2)));
    return counts;
  }

  /// With that status, made before that, the oldest first.
  public List<Row.Delivery> deliveriesBefore(String status, Instant time, int limit) {
    return new Query(SELECT_DELIVERY)
        .where("status = ? AND created_at < ?", status, Micros.of(time))
        .then("ORDER BY seq LIMIT ?", limit)
        .list(database, Store::delivery);
  }

  /// The newest revision of each layer of a configuration, up to a number, by layer.
  public List<Row.ConfigRevision> configLayers(String tenant, String config, long upTo) {
    return new Query(SELECT_CONFIG_REVISION)
        .where("tenant = ? AND config = ?", tenant, config)
        .where(
            "number IN (SELECT max(number) FROM config_revision WHERE tenant = ? AND config = ?"
                + " AND number <= ? GROUP BY layer)",
            tenant,
            config,
            upTo)
        .then("ORDER BY layer")
        .list(database, Store::configRevision);
  }

  /// Revisions of a configuration without their content, newest first; null matters not.
  public List<Row.ConfigRevision> configRevisions(
      String tenant, String config, @Nullable String layer, int limit) {
    return new Query(LIST_CONFIG_REVISION)
        .where("tenant = ? AND config = ?", tenant, config)
        .whereEqual("layer", layer)
        .then("ORDER BY number DESC LIMIT ?", limit)
        .list(database, Store::configRevision);
  }

  public Optional<Row.ConfigRevision> configRevision(String tenant, String config, long number) {
    return new Query(SELECT_CONFIG_REVISION)
            .where("tenant = ? AND config = ? AND number = ?", tenant, config, number)
            .list(database, Store::configRevision)
            .stream()
            .findFirst();
  }

  /// The newest revision of each configuration, without its content; null = of all tenants.
  public List<Row.ConfigRevision> configs(@Nullable String tenant) {
    return new Query(LIST_CONFIG_REVISION)
        .where(
            "(tenant, config, number) IN"
                + " (SELECT tenant, config, max(number) FROM config_revision GROUP BY tenant, config)")
        .whereEqual("tenant", tenant)
        .then("ORDER BY tenant, config")
        .list(database, Store::configRevision);
  }

  private static Row.ConfigRevision configRevision(ResultSet row) throws SQLException {
    return new Row.ConfigRevision(
        row.getString(1),
        row.getString(2),
        row.getLong(3),
        row.getString(4),
        Micros.toInstant(row.getLong(5)),
        row.getString(6),
        row.getString(7));
  }

  /// Data keys in the order of their tenants and versions.
  public List<Row.SecretKey> secretKeys() {
    return new Query("SELECT tenant, version, doc FROM secret_key ORDER BY tenant, version")
        .list(
            database, row -> new Row.SecretKey(row.getString(1), row.getLong(2), row.getString(3)));
  }

  /// In the order of tenants and names; null = of all tenants.
  public List<Row.Secret> secrets(@Nullable String tenant) {
    return new Query(SELECT_SECRET)
        .whereEqual("tenant", tenant)
        .then("ORDER BY tenant, name")
        .list(database, Store::secret);
  }

  public Optional<Row.Secret> secret(String tenant, String name) {
    return new Query(SELECT_SECRET)
        .where("tenant = ? AND name = ?", tenant, name).list(database, Store::secret).stream()
            .findFirst();
  }

  /// How many there are; null = of all tenants.
  public long countSecrets(@Nullable String tenant) {
    return new Query("SELECT count(*) FROM secret")
        .whereEqual("tenant", tenant)
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  /// Those that had to be looked at by then, the oldest first.
  public List<Row.Secret> secretsDue(Instant time, int limit) {
    return new Query(SELECT_SECRET)
        .where("due_at <= ?", Micros.of(time))
        .then("ORDER BY due_at, tenant, name LIMIT ?", limit)
        .list(database, Store::secret);
  }

  /// When the next one has to be looked at; empty if none has.
  public Optional<Instant> nextSecretDue() {
    return new Query("SELECT due_at FROM secret")
            .where("due_at IS NOT NULL")
            .then("ORDER BY due_at LIMIT 1")
            .list(database, row -> Micros.toInstant(row.getLong(1)))
            .stream()
            .findFirst();
  }

  /// Values of a secret, newest first.
  public List<Row.SecretVersion> secretVersions(String tenant, String name) {
    return new Query(SELECT_SECRET_VERSION)
        .where("tenant = ? AND name = ?", tenant, name)
        .then("ORDER BY number DESC")
        .list(database, Store::secretVersion);
  }

  public Optional<Row.SecretVersion> secretVersion(String tenant, String name, long number) {
    return new Query(SELECT_SECRET_VERSION)
            .where("tenant = ? AND name = ? AND number = ?", tenant, name, number)
            .list(database, Store::secretVersion)
            .stream()
            .findFirst();
  }

  /// Values of a tenant that are sealed with a data key older than one.
  public List<Row.SecretVersion> secretVersionsBefore(String tenant, long keyVersion, int limit) {
    return new Query(SELECT_SECRET_VERSION)
        .where("tenant = ? AND key_version < ?", tenant, keyVersion)
        .then("ORDER BY key_version, name, number LIMIT ?", limit)
        .list(database, Store::secretVersion);
  }

  /// @param tenant null = all
  public long countSecretVersionsBefore(@Nullable String tenant, long keyVersion) {
    return new Query("SELECT count(*) FROM secret_version")
        .where("key_version < ?", keyVersion)
        .whereEqual("tenant", tenant)
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  /// What instances have of a secret.
  public List<Row.SecretUse> secretUses(String tenant, String name) {
    return new Query(SELECT_SECRET_USE)
        .where("tenant = ? AND name = ?", tenant, name)
        .then("ORDER BY incarnation")
        .list(database, Store::secretUse);
  }

  /// What one incarnation has of secrets.
  public List<Row.SecretUse> secretUses(String incarnation) {
    return new Query(SELECT_SECRET_USE)
        .where("incarnation = ?", incarnation)
        .then("ORDER BY tenant, name")
        .list(database, Store::secretUse);
  }

  /// What all incarnations have of secrets.
  public List<Row.SecretUse> secretUses() {
    return new Query(SELECT_SECRET_USE)
        .then("ORDER BY tenant, name, incarnation")
        .list(database, Store::secretUse);
  }

  /// Incarnations that have something of secrets.
  public List<String> secretUsers() {
    return new Query("SELECT DISTINCT incarnation FROM secret_use ORDER BY incarnation")
        .list(database, row -> row.getString(1));
  }

  public Optional<Row.SecretApproval> secretApproval(String id) {
    return new Query(SELECT_SECRET_APPROVAL)
        .where("id = ?", id).list(database, Store::secretApproval).stream().findFirst();
  }

  /// Newest first; null matters not.
  public List<Row.SecretApproval> secretApprovals(
      @Nullable String tenant, @Nullable String name, int limit) {
    return new Query(SELECT_SECRET_APPROVAL)
        .whereEqual("tenant", tenant)
        .whereEqual("name", name)
        .then("ORDER BY created_at DESC, id LIMIT ?", limit)
        .list(database, Store::secretApproval);
  }

  /// Changes of keys, newest first.
  public List<Row.SecretRekey> secretRekeys(int limit) {
    return new Query("SELECT id, started_at, doc FROM secret_rekey")
        .then("ORDER BY started_at DESC, id LIMIT ?", limit)
        .list(
            database,
            row ->
                new Row.SecretRekey(
                    row.getString(1), Micros.toInstant(row.getLong(2)), row.getString(3)));
  }

  private static Row.Secret secret(ResultSet row) throws SQLException {
    long due = row.getLong(3);
    Instant dueAt = row.wasNull() ? null : Micros.toInstant(due);
    return new Row.Secret(row.getString(1), row.getString(2), dueAt, row.getString(4));
  }

  private static Row.SecretVersion secretVersion(ResultSet row) throws SQLException {
    return new Row.SecretVersion(
        row.getString(1), row.getString(2), row.getLong(3), row.getLong(4), row.getString(5));
  }

  private static Row.SecretUse secretUse(ResultSet row) throws SQLException {
    return new Row.SecretUse(
        row.getString(1), row.getString(2), row.getString(3), row.getString(4));
  }

  private static Row.SecretApproval secretApproval(ResultSet row) throws SQLException {
    return new Row.SecretApproval(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        Micros.toInstant(row.getLong(4)),
        row.getString(5));
  }

  /// Highest `seq` of all deliveries; 0 if there is none.
  public long lastDeliverySeq() {
    return new Query("SELECT max(seq) FROM delivery")
        .list(database, row -> row.getLong(1))
        .getFirst();
  }

  private static Row.Alert alert(ResultSet row) throws SQLException {
    return new Row.Alert(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getBoolean(6),
        Micros.toInstant(row.getLong(7)),
        row.getString(8));
  }

  private static Row.Delivery delivery(ResultSet row) throws SQLException {
    return new Row.Delivery(
        row.getString(1),
        row.getLong(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        Micros.toInstant(row.getLong(7)),
        row.getString(8));
  }

  private static Row.Release release(ResultSet row) throws SQLException {
    return new Row.Release(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getLong(4),
        Micros.toInstant(row.getLong(5)),
        row.getString(6));
  }

  private static Row.HookRun hookRun(ResultSet row) throws SQLException {
    return new Row.HookRun(
        row.getString(1),
        row.getLong(2),
        row.getString(3),
        row.getString(4),
        row.getBoolean(5),
        row.getString(6));
  }

  private static Row.Recovery recovery(ResultSet row) throws SQLException {
    return new Row.Recovery(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        Micros.toInstant(row.getLong(5)),
        row.getString(6));
  }

  private static Row.Operation operation(ResultSet row) throws SQLException {
    return new Row.Operation(
        row.getString(1),
        row.getLong(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getBoolean(7),
        row.getString(8),
        row.getString(9),
        row.getString(10));
  }

  /// Writes what waits, refuses what comes and closes. During an outage what waits is refused after
  /// a few seconds.
  @Override
  public void close() {
    writer.close();
    events.close();
    database.close();
  }
}
