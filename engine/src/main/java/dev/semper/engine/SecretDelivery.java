package dev.semper.engine;

import dev.semper.engine.config.Configs;
import dev.semper.engine.config.Delivery;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Configurer;
import dev.semper.engine.secret.Handover;
import dev.semper.engine.secret.Receiver;
import dev.semper.engine.secret.Secrets;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.workload.Configuration;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Owners;
import dev.semper.engine.workload.Workload;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Joins secrets to the delivery of configurations: what an instance is given is recorded, a new
/// version of a secret is a new revision of each configuration that refers to it, and an instance
/// that is well after it was given a version has adopted it.
final class SecretDelivery implements Configuration, Configurer, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(SecretDelivery.class);

  /// Work for the one thread that does what must not hold up others.
  private interface Work {
    void run() throws InterruptedException;
  }

  private final Secrets secrets;
  private final Configs configs;
  private final Delivery delivery;

  /// Incarnations that were given something they may not be well with yet.
  private final Set<String> waiting = ConcurrentHashMap.newKeySet();

  private final LinkedBlockingQueue<Work> todo = new LinkedBlockingQueue<>();
  private @Nullable Thread thread;

  SecretDelivery(Secrets secrets, Configs configs, Delivery delivery) {
    this.secrets = secrets;
    this.configs = configs;
    this.delivery = delivery;
  }

  /// Goes on where an earlier server has ended.
  void open(Owners owners) {
    secrets.onChange(
        (tenant, name, version, actor) -> later(() -> bring(tenant, name, version, actor)));
    owners.onChange(this::look);
    List<String> users = secrets.users();
    if (!users.isEmpty()) {
      later(() -> catchUp(owners, users));
    }
  }

  /// A configuration is renewed only for those who have an older version: what is launched from now
  /// on is given the new one anyway.
  private void bring(String tenant, String name, long version, String actor)
      throws InterruptedException {
    if (secrets.lagging().contains(new Secrets.Lag(tenant, name, version))) {
      configs.renew(tenant, name, version, actor);
    }
  }

  private synchronized void later(Work work) {
    todo.add(work);
    if (thread == null) {
      thread = Thread.ofVirtual().name("semper-secret-delivery").start(this::run);
    }
  }

  private void run() {
    try {
      while (true) {
        Work work = todo.take();
        try {
          work.run();
        } catch (SemperException e) {
          if (e.code() == ErrorCode.SHUTTING_DOWN || e.code() == ErrorCode.FENCED) {
            return;
          }
          if (e.code().kind() == ErrorCode.Kind.UNAVAILABLE) {
            todo.add(work); // the database is away; what waited for it so long has waited already
          } else {
            LOG.error("A secret could not be brought further: {}", e.getMessage());
          }
        }
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  private void catchUp(Owners owners, List<String> users) throws InterruptedException {
    Set<String> known = new HashSet<>();
    owners.list().forEach(w -> w.instances().forEach(i -> known.add(i.incarnation())));
    for (String incarnation : users) {
      if (known.contains(incarnation)) {
        waiting.add(incarnation);
      } else {
        secrets.forget(incarnation);
      }
    }
    owners.list().forEach(this::look);
    secrets.settle();
    bringAll(secrets.lagging());
  }

  private void bringAll(List<Secrets.Lag> lagging) throws InterruptedException {
    for (Secrets.Lag lag : lagging) {
      configs.renew(lag.tenant(), lag.name(), lag.version(), "system");
    }
  }

  private void look(Workload workload) {
    if (waiting.isEmpty()) {
      return;
    }
    for (Instance instance : workload.instances()) {
      if (instance.isReady() && waiting.remove(instance.incarnation())) {
        later(() -> secrets.adopted(instance.incarnation()));
      }
    }
  }

  private Handover begin(Workload workload, Instance instance, WorkloadSpec spec) {
    ConfigSpec config = spec.config();
    return secrets.handOver(
        new Receiver(
            workload.tenant(),
            config == null ? "development" : config.environment(),
            workload.name(),
            workload.instanceName(instance),
            instance.incarnation()));
  }

  /// Before its program gets to see anything.
  private void record(Handover handover, Instance instance) {
    try {
      if (handover.record()) {
        waiting.add(instance.incarnation());
        later(() ->
            bringAll(
                secrets.lagging(instance.incarnation()))); // a new version may have come in between
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SemperException.wrap(
          ErrorCode.SHUTTING_DOWN, "What is given to an instance could not be recorded in time", e);
    }
  }

  @Override
  public Map<String, String> launch(Workload workload, Instance instance) {
    WorkloadSpec spec = workload.spec(instance);
    if (spec.config() == null) {
      return Map.of();
    }
    Handover handover = begin(workload, instance, spec);
    Map<String, String> environment =
        ScopedValue.where(ConfigSecrets.HANDOVER, handover)
            .call(() -> delivery.launch(workload, instance));
    record(handover, instance);
    return environment;
  }

  @Override
  public void forget(String incarnation) {
    waiting.remove(incarnation);
    delivery.forget(incarnation);
    if (secrets.hasUsers()) {
      later(() -> secrets.forget(incarnation));
    }
  }

  @Override
  public WorkloadSpec pin(String tenant, WorkloadSpec spec) {
    return delivery.pin(tenant, spec);
  }

  @Override
  public void check(String tenant, WorkloadSpec spec) {
    delivery.check(tenant, spec);
  }

  /// Its program is told last, so that it cannot be well with what was not recorded.
  @Override
  public void deliver(Workload workload, Instance instance, WorkloadSpec spec)
      throws InterruptedException {
    render(workload, instance, spec);
    Handover handover = begin(workload, instance, spec);
    var _ =
        ScopedValue.where(ConfigSecrets.HANDOVER, handover)
            .call(() -> {
              delivery.deliver(workload, instance, spec);
              return handover;
            });
    record(handover, instance);
  }

  @Override
  public void render(Workload workload, Instance instance, WorkloadSpec spec) {
    Handover handover = begin(workload, instance, spec);
    ScopedValue.where(ConfigSecrets.HANDOVER, handover)
        .run(() -> delivery.render(workload, instance, spec));
    record(handover, instance);
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      running = thread;
    }
    if (running == null) {
      return;
    }
    running.interrupt();
    try {
      running.join(java.time.Duration.ofSeconds(5));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
