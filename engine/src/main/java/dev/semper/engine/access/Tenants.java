package dev.semper.engine.access;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.ReentrantLock;

/// The tenants there are; `default` always exists.
public final class Tenants {
  public static final String DEFAULT = "default";
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private record Doc(Quota quota, Instant createdAt) {}

  private final Store store;
  private final Tokens tokens;
  private final Clock clock;
  private final ConcurrentSkipListMap<String, Tenant> tenants = new ConcurrentSkipListMap<>();
  private final ReentrantLock writing = new ReentrantLock();

  private Tenants(Store store, Tokens tokens, Clock clock) {
    this.store = store;
    this.tokens = tokens;
    this.clock = clock;
  }

  /// Reads the tenants, and makes `default` if there is none.
  public static Tenants load(Store store, Tokens tokens, Clock clock) throws InterruptedException {
    Tenants loaded = new Tenants(store, tokens, clock);
    for (Row.Tenant row : store.tenants()) {
      Doc doc = Docs.read(row.doc(), Doc.class);
      loaded.tenants.put(row.name(), new Tenant(row.name(), doc.quota(), doc.createdAt()));
    }
    if (!loaded.tenants.containsKey(DEFAULT)) {
      loaded.create(DEFAULT, Quota.UNLIMITED, "system");
    }
    return loaded;
  }

  /// By name.
  public List<Tenant> list() {
    return List.copyOf(tenants.values());
  }

  public Optional<Tenant> find(String name) {
    return Optional.ofNullable(tenants.get(name));
  }

  public Tenant get(String name) {
    return find(name).orElseThrow(() -> missing(name));
  }

  public Tenant create(String name, Quota quota, String actor) throws InterruptedException {
    writing.lock();
    try {
      if (tenants.containsKey(name)) {
        throw new SemperException(
            ErrorCode.ALREADY_EXISTS, "There is a tenant " + name + " already; change it instead");
      }
      return write(new Tenant(name, quota, clock.instant()), "tenant.created", actor);
    } finally {
      writing.unlock();
    }
  }

  /// Sets the quota. Workloads over a lowered one go on; only what asks for more is refused.
  public Tenant update(String name, Quota quota, String actor) throws InterruptedException {
    writing.lock();
    try {
      Tenant before = get(name);
      if (before.quota().equals(quota)) {
        return before;
      }
      return write(new Tenant(name, quota, before.createdAt()), "tenant.updated", actor);
    } finally {
      writing.unlock();
    }
  }

  /// Removes a tenant that has no workloads and no secrets, and its tokens.
  public void delete(String name, String actor) throws InterruptedException {
    writing.lock();
    try {
      get(name);
      if (name.equals(DEFAULT)) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED, "The tenant default cannot be deleted");
      }
      long workloads = store.workloads().stream().filter(w -> w.tenant().equals(name)).count();
      if (workloads > 0) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED,
            "Tenant %s still has %d workload(s); delete them first".formatted(name, workloads));
      }
      long secrets = store.countSecrets(name);
      if (secrets > 0) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED,
            "Tenant %s still has %d secret(s); delete them first".formatted(name, secrets));
      }
      Batch batch = new Batch().delete(new Row.Tenant(name, ""));
      batch.event(clock.instant(), name, null, null, "tenant.deleted", Map.of(), null, actor);
      tokens.deleteAll(name, batch, actor);
      tenants.remove(name);
    } finally {
      writing.unlock();
    }
  }

  private Tenant write(Tenant tenant, String event, String actor) throws InterruptedException {
    Quota quota = tenant.quota();
    Map<String, Object> data =
        Map.of(
            "workloads", quota.workloads(),
            "instances", quota.instances(),
            "memory", quota.memoryBytes(),
            "cpu", quota.cpu());
    Doc doc = new Doc(quota, tenant.createdAt());
    Batch batch = new Batch().put(new Row.Tenant(tenant.name(), Docs.write(doc)));
    batch.event(clock.instant(), tenant.name(), null, null, event, data, null, actor);
    store.commit(batch, PATIENCE);
    tenants.put(tenant.name(), tenant);
    return tenant;
  }

  private SemperException missing(String name) {
    return new SemperException(
        ErrorCode.NOT_FOUND,
        "There is no tenant %s; there are: %s"
            .formatted(name, String.join(", ", tenants.keySet())));
  }
}
