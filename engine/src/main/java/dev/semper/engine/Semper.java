package dev.semper.engine;

import dev.semper.engine.error.Problem;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.store.AuditLog;
import dev.semper.engine.store.EventLog;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Workloads;
import dev.semper.spi.Capability;
import java.util.List;
import java.util.Map;

/// Semper as a library: everything the server and the command line can do.
public final class Semper implements AutoCloseable {
  public static Builder builder() {
    return new Builder();
  }

  public Workloads workloads() {
    throw new UnsupportedOperationException();
  }

  public Operations operations() {
    throw new UnsupportedOperationException();
  }

  public EventLog events() {
    throw new UnsupportedOperationException();
  }

  public AuditLog audit() {
    throw new UnsupportedOperationException();
  }

  /// The database itself, for features of the server that keep rows of their own.
  public Store store() {
    throw new UnsupportedOperationException();
  }

  /// What each driver can promise on this machine, by kind.
  public Map<String, List<Capability>> capabilities() {
    throw new UnsupportedOperationException();
  }

  /// Why it is not ready to take work; empty if it is.
  public List<Problem> troubles() {
    throw new UnsupportedOperationException();
  }

  /// Stops taking work and lets go; what runs goes on running.
  @Override
  public void close() {}

  /// Collects what the library needs.
  public static final class Builder {
    public Semper start() throws InterruptedException {
      throw new UnsupportedOperationException();
    }
  }
}
