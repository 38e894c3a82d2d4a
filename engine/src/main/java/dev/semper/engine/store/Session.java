package dev.semper.engine.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The writer's connection. Changes of one table are collected and sent together (on PostgreSQL
/// every sending is a round trip), in their order; tables do not depend on each other.
final class Session implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Session.class);

  private enum Table {
    TENANT,
    TOKEN,
    WORKLOAD,
    INSTANCE,
    RELEASE,
    OPERATION,
    STEP,
    HEALTH_STATUS,
    OUTAGE,
    HEALTH_MINUTE,
    HOOK_CURSOR,
    HOOK_RUN,
    RECOVERY,
    ALERT,
    ALERT_CURSOR,
    SILENCE,
    DELIVERY,
    CONFIG_REVISION,
    SECRET_KEY,
    SECRET,
    SECRET_VERSION,
    SECRET_USE,
    SECRET_APPROVAL,
    SECRET_REKEY,
    EVENT,
    AUDIT
  }

  /// The absence of a number; PostgreSQL wants to know of what type a null is.
  enum NullNumber {
    NULL
  }

  private static final String MOVE_HEAD =
      "UPDATE server_epoch SET last_commit = ?, event_seq = ?, audit_seq = ?, audit_hash = ?"
          + " WHERE id = 1 AND epoch = ? AND last_commit = ?";
  private static final String READ_HEAD =
      "SELECT epoch, last_commit, event_seq, audit_seq, audit_hash FROM server_epoch WHERE id = 1";
  private static final String PUT_TENANT = upsert("tenant", "name", "doc");
  private static final String PUT_TOKEN = upsert("token", "id", "hash", "tenant", "doc");
  private static final String PUT_WORKLOAD = upsert("workload", "tenant, name", "doc");
  private static final String PUT_INSTANCE =
      upsert("instance", "incarnation", "tenant", "workload", "doc");
  private static final String PUT_RELEASE =
      upsert("workload_release", "uid, generation, tenant", "workload", "created_at", "doc");
  private static final String PUT_OPERATION =
      upsert(
          "operation",
          "id",
          "seq",
          "tenant",
          "workload",
          "kind",
          "status",
          "is_open",
          "parent",
          "idempotency_key",
          "doc");
  private static final String PUT_STEP = upsert("step", "operation_id, position", "doc");
  private static final String PUT_HEALTH_STATUS = upsert("health_status", "uid", "status", "since");
  private static final String PUT_OUTAGE =
      upsert("health_outage", "uid, started_at", "ended_at", "reason");
  private static final String PUT_HEALTH_MINUTE = putHealthMinute();
  private static final String PUT_HOOK_CURSOR = upsert("hook_cursor", "id", "event_seq");
  private static final String PUT_HOOK_RUN =
      upsert("hook_run", "id", "seq", "tenant", "workload", "is_open", "doc");
  private static final String PUT_RECOVERY =
      upsert("recovery", "id", "tenant", "workload", "uid", "started_at", "doc");
  private static final String PUT_ALERT =
      upsert("alert", "id", "tenant", "workload", "rule", "status", "is_open", "started_at", "doc");
  private static final String PUT_ALERT_CURSOR = upsert("alert_cursor", "id", "event_seq");
  private static final String PUT_SILENCE = upsert("silence", "id", "tenant", "doc");
  private static final String PUT_DELIVERY =
      upsert(
          "delivery", "id", "seq", "tenant", "channel", "group_key", "status", "created_at", "doc");
  private static final String PUT_CONFIG_REVISION =
      upsert("config_revision", "tenant, config, number", "layer", "created_at", "doc", "content");
  private static final String PUT_SECRET_KEY = upsert("secret_key", "tenant, version", "doc");
  private static final String PUT_SECRET = upsert("secret", "tenant, name", "due_at", "doc");
  private static final String PUT_SECRET_VERSION =
      upsert("secret_version", "tenant, name, number", "key_version", "doc");
  private static final String PUT_SECRET_USE =
      upsert("secret_use", "tenant, name, incarnation", "doc");
  private static final String PUT_SECRET_APPROVAL =
      upsert("secret_approval", "id", "tenant", "name", "created_at", "doc");
  private static final String PUT_SECRET_REKEY = upsert("secret_rekey", "id", "started_at", "doc");
  private static final String ADD_EVENT =
      "INSERT INTO event (seq, at, tenant, workload, instance, type, data, operation_id, actor)"
          + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
  private static final String ADD_AUDIT =
      "INSERT INTO audit (seq, at, tenant, actor, origin, action, resource, outcome, detail,"
          + " previous_hash, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

  private final Database database;
  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new HashMap<>();
  private final Map<Table, PreparedStatement> collected = new EnumMap<>(Table.class);

  private Session(Database database, Connection connection) {
    this.database = database;
    this.connection = connection;
  }

  static Session open(Database database) throws SQLException {
    return new Session(database, database.connect());
  }

  private static String upsert(String table, String key, String... others) {
    String columns = key + ", " + String.join(", ", others);
    StringBuilder set = new StringBuilder();
    for (String column : others) {
      set.append(set.isEmpty() ? "" : ", ").append(column).append(" = excluded.").append(column);
    }
    return "INSERT INTO %s (%s) VALUES (%s) ON CONFLICT (%s) DO UPDATE SET %s"
        .formatted(table, columns, columns.replaceAll("\\w+", "?"), key, set);
  }

  private static String putHealthMinute() {
    List<String> columns = new ArrayList<>(HealthColumns.MEASURES);
    columns.addAll(HealthColumns.STATUSES);
    String sql = upsert("health_minute", "uid, minute", columns.toArray(String[]::new));
    for (String status : HealthColumns.STATUSES) {
      sql =
          sql.replace(
              status + " = excluded." + status,
              status + " = health_minute." + status + " + excluded." + status);
    }
    return sql;
  }

  void begin() throws SQLException {
    database.begin(connection);
  }

  void commit() throws SQLException {
    database.commit(connection);
  }

  void rollback() throws SQLException {
    for (PreparedStatement statement : collected.values()) {
      statement.clearBatch();
    }
    collected.clear();
    database.rollback(connection);
  }

  /// Takes the database over.
  void takeOver() throws SQLException {
    statement("UPDATE server_epoch SET epoch = epoch + 1 WHERE id = 1").executeUpdate();
  }

  /// On PostgreSQL waits for a transaction under way, maybe one of our own lost connection.
  Head lockHead() throws SQLException {
    return head(READ_HEAD + database.forUpdate());
  }

  Head head() throws SQLException {
    return head(READ_HEAD);
  }

  private Head head(String sql) throws SQLException {
    try (ResultSet row = statement(sql).executeQuery()) {
      if (!row.next()) {
        throw new SQLException("the row of table server_epoch has been removed: restore a backup");
      }
      return new Head(
          row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), row.getString(5));
    }
  }

  /// @return false if the database is not where the writer left it
  boolean moveHead(Head from, Head to) throws SQLException {
    PreparedStatement move = statement(MOVE_HEAD);
    bind(move, to.commit(), to.event(), to.audit(), to.auditHash(), from.epoch(), from.commit());
    return move.executeUpdate() == 1;
  }

  long firstEvent(long ifNone) throws SQLException {
    try (ResultSet row = statement("SELECT min(seq) FROM event").executeQuery()) {
      row.next();
      long first = row.getLong(1);
      return row.wasNull() ? ifNone : first;
    }
  }

  /// Number of the newest event of the oldest `limit` ones such that it and all before it are older
  /// than the time; 0 if there is none.
  long oldEvents(long beforeMicros, long maxSeq, int limit) throws SQLException {
    PreparedStatement select =
        statement("SELECT seq, at FROM event WHERE seq <= ? ORDER BY seq LIMIT ?");
    bind(select, maxSeq, limit);
    try (ResultSet row = select.executeQuery()) {
      long upTo = 0;
      while (row.next() && row.getLong(2) < beforeMicros) {
        upTo = row.getLong(1);
      }
      return upTo;
    }
  }

  void dropEvents(long upTo) throws SQLException {
    PreparedStatement delete = statement("DELETE FROM event WHERE seq <= ?");
    bind(delete, upTo);
    delete.executeUpdate();
  }

  /// @param uid null = of all workloads
  void dropHealth(@Nullable String uid, long beforeMinute, Instant outagesBefore)
      throws SQLException {
    flush(); // What was put before it goes, too.
    if (uid == null) {
      execute("DELETE FROM health_minute WHERE minute < ?", beforeMinute);
      execute("DELETE FROM health_outage WHERE ended_at < ?", Micros.of(outagesBefore));
    } else {
      execute("DELETE FROM health_status WHERE uid = ?", uid);
      execute("DELETE FROM health_outage WHERE uid = ?", uid);
      execute("DELETE FROM health_minute WHERE uid = ?", uid);
    }
  }

  private void execute(String sql, Object value) throws SQLException {
    PreparedStatement statement = statement(sql);
    bind(statement, value);
    statement.executeUpdate();
  }

  void put(Row row) throws SQLException {
    switch (row) {
      case Row.Tenant t -> add(Table.TENANT, PUT_TENANT, t.name(), t.doc());
      case Row.Token t -> add(Table.TOKEN, PUT_TOKEN, t.id(), t.hash(), t.tenant(), t.doc());
      case Row.Workload w -> add(Table.WORKLOAD, PUT_WORKLOAD, w.tenant(), w.name(), w.doc());
      case Row.Instance i ->
          add(Table.INSTANCE, PUT_INSTANCE, i.incarnation(), i.tenant(), i.workload(), i.doc());
      case Row.Release r ->
          add(
              Table.RELEASE,
              PUT_RELEASE,
              r.uid(),
              r.generation(),
              r.tenant(),
              r.workload(),
              Micros.of(r.createdAt()),
              r.doc());
      case Row.Operation o ->
          add(
              Table.OPERATION,
              PUT_OPERATION,
              o.id(),
              o.seq(),
              o.tenant(),
              o.workload(),
              o.kind(),
              o.status(),
              o.open(),
              o.parent(),
              o.idempotencyKey(),
              o.doc());
      case Row.HealthStatus h ->
          add(Table.HEALTH_STATUS, PUT_HEALTH_STATUS, h.uid(), h.status(), Micros.of(h.since()));
      case Row.Outage o ->
          add(
              Table.OUTAGE,
              PUT_OUTAGE,
              o.uid(),
              Micros.of(o.startedAt()),
              o.endedAt() == null ? NullNumber.NULL : Micros.of(o.endedAt()),
              o.reason());
      case Row.HealthMinute m ->
          add(Table.HEALTH_MINUTE, PUT_HEALTH_MINUTE, HealthColumns.values(m));
      case Row.Step s -> add(Table.STEP, PUT_STEP, s.operationId(), s.position(), s.doc());
      case Row.HookCursor c -> add(Table.HOOK_CURSOR, PUT_HOOK_CURSOR, 1, c.eventSeq());
      case Row.HookRun h ->
          add(
              Table.HOOK_RUN,
              PUT_HOOK_RUN,
              h.id(),
              h.seq(),
              h.tenant(),
              h.workload(),
              h.open(),
              h.doc());
      case Row.Recovery r ->
          add(
              Table.RECOVERY,
              PUT_RECOVERY,
              r.id(),
              r.tenant(),
              r.workload(),
              r.uid(),
              Micros.of(r.startedAt()),
              r.doc());
      case Row.Alert a ->
          add(
              Table.ALERT,
              PUT_ALERT,
              a.id(),
              a.tenant(),
              a.workload(),
              a.rule(),
              a.status(),
              a.open(),
              Micros.of(a.startedAt()),
              a.doc());
      case Row.AlertCursor c -> add(Table.ALERT_CURSOR, PUT_ALERT_CURSOR, 1, c.eventSeq());
      case Row.Silence s -> add(Table.SILENCE, PUT_SILENCE, s.id(), s.tenant(), s.doc());
      case Row.ConfigRevision c ->
          add(
              Table.CONFIG_REVISION,
              PUT_CONFIG_REVISION,
              c.tenant(),
              c.config(),
              c.number(),
              c.layer(),
              Micros.of(c.createdAt()),
              c.doc(),
              c.content());
      case Row.SecretKey k ->
          add(Table.SECRET_KEY, PUT_SECRET_KEY, k.tenant(), k.version(), k.doc());
      case Row.Secret x ->
          add(
              Table.SECRET,
              PUT_SECRET,
              x.tenant(),
              x.name(),
              x.dueAt() == null ? NullNumber.NULL : Micros.of(x.dueAt()),
              x.doc());
      case Row.SecretVersion v ->
          add(
              Table.SECRET_VERSION,
              PUT_SECRET_VERSION,
              v.tenant(),
              v.name(),
              v.number(),
              v.keyVersion(),
              v.doc());
      case Row.SecretUse u ->
          add(Table.SECRET_USE, PUT_SECRET_USE, u.tenant(), u.name(), u.incarnation(), u.doc());
      case Row.SecretApproval a ->
          add(
              Table.SECRET_APPROVAL,
              PUT_SECRET_APPROVAL,
              a.id(),
              a.tenant(),
              a.name(),
              Micros.of(a.createdAt()),
              a.doc());
      case Row.SecretRekey r ->
          add(Table.SECRET_REKEY, PUT_SECRET_REKEY, r.id(), Micros.of(r.startedAt()), r.doc());
      case Row.Delivery d ->
          add(
              Table.DELIVERY,
              PUT_DELIVERY,
              d.id(),
              d.seq(),
              d.tenant(),
              d.channel(),
              d.group(),
              d.status(),
              Micros.of(d.createdAt()),
              d.doc());
    }
  }

  void delete(Row row) throws SQLException {
    switch (row) {
      case Row.Tenant t -> add(Table.TENANT, "DELETE FROM tenant WHERE name = ?", t.name());
      case Row.Token t -> add(Table.TOKEN, "DELETE FROM token WHERE id = ?", t.id());
      case Row.Workload w ->
          add(
              Table.WORKLOAD,
              "DELETE FROM workload WHERE tenant = ? AND name = ?",
              w.tenant(),
              w.name());
      case Row.Instance i ->
          add(Table.INSTANCE, "DELETE FROM instance WHERE incarnation = ?", i.incarnation());
      case Row.Release r ->
          add(
              Table.RELEASE,
              "DELETE FROM workload_release WHERE uid = ? AND generation = ? AND tenant = ?",
              r.uid(),
              r.generation(),
              r.tenant());
      case Row.Operation o -> add(Table.OPERATION, "DELETE FROM operation WHERE id = ?", o.id());
      case Row.HealthStatus h ->
          add(Table.HEALTH_STATUS, "DELETE FROM health_status WHERE uid = ?", h.uid());
      case Row.Outage o ->
          add(
              Table.OUTAGE,
              "DELETE FROM health_outage WHERE uid = ? AND started_at = ?",
              o.uid(),
              Micros.of(o.startedAt()));
      case Row.HealthMinute m ->
          add(
              Table.HEALTH_MINUTE,
              "DELETE FROM health_minute WHERE uid = ? AND minute = ?",
              m.uid(),
              m.minute());
      case Row.Step s ->
          add(
              Table.STEP,
              "DELETE FROM step WHERE operation_id = ? AND position = ?",
              s.operationId(),
              s.position());
      case Row.HookCursor _ -> throw new IllegalArgumentException("there is always a cursor");
      case Row.HookRun h -> add(Table.HOOK_RUN, "DELETE FROM hook_run WHERE id = ?", h.id());
      case Row.Recovery r -> add(Table.RECOVERY, "DELETE FROM recovery WHERE id = ?", r.id());
      case Row.Alert a -> add(Table.ALERT, "DELETE FROM alert WHERE id = ?", a.id());
      case Row.AlertCursor _ -> add(Table.ALERT_CURSOR, "DELETE FROM alert_cursor WHERE id = ?", 1);
      case Row.ConfigRevision c ->
          add(
              Table.CONFIG_REVISION,
              "DELETE FROM config_revision WHERE tenant = ? AND config = ? AND number = ?",
              c.tenant(),
              c.config(),
              c.number());
      case Row.SecretKey k ->
          add(
              Table.SECRET_KEY,
              "DELETE FROM secret_key WHERE tenant = ? AND version = ?",
              k.tenant(),
              k.version());
      case Row.Secret x ->
          add(
              Table.SECRET,
              "DELETE FROM secret WHERE tenant = ? AND name = ?",
              x.tenant(),
              x.name());
      case Row.SecretVersion v ->
          add(
              Table.SECRET_VERSION,
              "DELETE FROM secret_version WHERE tenant = ? AND name = ? AND number = ?",
              v.tenant(),
              v.name(),
              v.number());
      case Row.SecretUse u ->
          add(
              Table.SECRET_USE,
              "DELETE FROM secret_use WHERE tenant = ? AND name = ? AND incarnation = ?",
              u.tenant(),
              u.name(),
              u.incarnation());
      case Row.SecretApproval a ->
          add(Table.SECRET_APPROVAL, "DELETE FROM secret_approval WHERE id = ?", a.id());
      case Row.SecretRekey r ->
          add(Table.SECRET_REKEY, "DELETE FROM secret_rekey WHERE id = ?", r.id());
      case Row.Silence s -> add(Table.SILENCE, "DELETE FROM silence WHERE id = ?", s.id());
      case Row.Delivery d -> add(Table.DELIVERY, "DELETE FROM delivery WHERE id = ?", d.id());
    }
  }

  void add(Event event, String json) throws SQLException {
    add(
        Table.EVENT,
        ADD_EVENT,
        event.seq(),
        Micros.of(event.at()),
        event.tenant(),
        event.workload(),
        event.instance(),
        event.type(),
        json,
        event.operationId(),
        event.actor());
  }

  void add(AuditLog.Entry record, String json) throws SQLException {
    AuditEntry entry = record.entry();
    add(
        Table.AUDIT,
        ADD_AUDIT,
        record.seq(),
        Micros.of(entry.at()),
        entry.tenant(),
        entry.actor(),
        entry.origin(),
        entry.action(),
        entry.resource(),
        entry.outcome(),
        json,
        record.previousHash(),
        record.hash());
  }

  private void add(Table table, String sql, @Nullable Object... values) throws SQLException {
    PreparedStatement statement = statement(sql);
    PreparedStatement before = collected.put(table, statement);
    if (before != null && !before.equals(statement)) {
      before.executeBatch();
    }
    bind(statement, values);
    statement.addBatch();
  }

  /// Sends what is collected.
  void flush() throws SQLException {
    for (PreparedStatement statement : collected.values()) {
      statement.executeBatch();
    }
    collected.clear();
  }

  private PreparedStatement statement(String sql) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
    }
    return statement;
  }

  static void bind(PreparedStatement statement, @Nullable Object... values) throws SQLException {
    for (int i = 0; i < values.length; i++) {
      switch (values[i]) {
        case null -> statement.setNull(i + 1, Types.VARCHAR);
        case NullNumber _ -> statement.setNull(i + 1, Types.BIGINT);
        case String text -> statement.setString(i + 1, Text.clean(text));
        case Long number -> statement.setLong(i + 1, number);
        case Integer number -> statement.setInt(i + 1, number);
        case Boolean bool -> statement.setBoolean(i + 1, bool);
        case Object other -> throw new IllegalArgumentException("no column holds a " + other);
      }
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      LOG.debug("The writing connection did not close: {}", e.toString());
    }
  }
}
