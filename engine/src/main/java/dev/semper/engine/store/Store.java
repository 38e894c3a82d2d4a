package dev.semper.engine.store;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The engine's database.
public final class Store implements AutoCloseable {
  /// Opens the database, makes or migrates its schema and takes it over from any older server.
  public static Store open(StoreConfig config) {
    throw new UnsupportedOperationException();
  }

  /// Makes a batch durable; waits through an outage of the database, however long.
  ///
  /// @return its events with their numbers
  public List<Event> commit(Batch batch) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// As [#commit(Batch)], but gives up with STORE_UNAVAILABLE when the batch could not be written
  /// within the patience; then nothing of it is or ever will be written.
  public List<Event> commit(Batch batch, Duration patience) throws InterruptedException {
    throw new UnsupportedOperationException();
  }

  /// Why the database cannot be written now, for readiness; empty if it can.
  public Optional<String> trouble() {
    throw new UnsupportedOperationException();
  }

  public EventLog events() {
    throw new UnsupportedOperationException();
  }

  public AuditLog audit() {
    throw new UnsupportedOperationException();
  }

  public List<Row.Tenant> tenants() {
    throw new UnsupportedOperationException();
  }

  public List<Row.Token> tokens() {
    throw new UnsupportedOperationException();
  }

  public List<Row.Workload> workloads() {
    throw new UnsupportedOperationException();
  }

  public List<Row.Instance> instances() {
    throw new UnsupportedOperationException();
  }

  /// Generations of a workload, newest first.
  public List<Row.Release> releases(String uid, int limit) {
    throw new UnsupportedOperationException();
  }

  public Optional<Row.Release> release(String uid, long generation) {
    throw new UnsupportedOperationException();
  }

  /// Operations that have not ended, in order of arrival.
  public List<Row.Operation> openOperations() {
    throw new UnsupportedOperationException();
  }

  /// Newest first; null matters not.
  public List<Row.Operation> operations(
      @Nullable String tenant, @Nullable String workload, @Nullable String status, int limit) {
    throw new UnsupportedOperationException();
  }

  /// Members of a batch, in order of arrival.
  public List<Row.Operation> members(String parent) {
    throw new UnsupportedOperationException();
  }

  public Optional<Row.Operation> operation(String id) {
    throw new UnsupportedOperationException();
  }

  public Optional<Row.Operation> operationByKey(String tenant, String idempotencyKey) {
    throw new UnsupportedOperationException();
  }

  public List<Row.Step> steps(String operationId) {
    throw new UnsupportedOperationException();
  }

  /// Highest `seq` of all operations; 0 if there is none.
  public long lastOperationSeq() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {}
}
