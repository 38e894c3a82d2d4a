package dev.semper.engine.workload;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.spi.Attachment;
import dev.semper.spi.Driver;
import dev.semper.spi.Exit;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.StopRequest;
import dev.semper.spi.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// All owners of this server: the engine's way to change workloads. Users see [Workloads].
public final class Owners {
  private static final Logger LOG = LoggerFactory.getLogger(Owners.class);
  private static final int RESTART_BURST = 200;
  private static final int RESTARTS_PER_SECOND = 100;
  private static final int UID_LENGTH = 12;
  private static final char[] UID_CHARS = "abcdefghijklmnopqrstuvwxyz234567".toCharArray();

  /// The key of a workload, ordered by tenant and name.
  private record Key(String tenant, String name) implements Comparable<Key> {
    @Override
    public int compareTo(Key other) {
      int byTenant = tenant.compareTo(other.tenant);
      return byTenant != 0 ? byTenant : name.compareTo(other.name);
    }
  }

  private final Store store;
  private final SpecReader reader;
  private final Map<String, Driver> drivers;
  private final Clock clock;
  private final Launches launches;
  private final Hands hands;
  private final RestartBudget budget =
      new RestartBudget(RESTART_BURST, RESTARTS_PER_SECOND, System::nanoTime);
  private final FreePorts ports = new FreePorts();
  private final SecureRandom random = new SecureRandom();
  private final Map<Key, Owner> owners = new ConcurrentSkipListMap<>();
  private final Map<String, Owner> byUid = new ConcurrentHashMap<>();

  /// Owners to wake when a workload changes, by the workload.
  private final Map<Key, Set<Owner>> waiting = new ConcurrentHashMap<>();

  private final List<Consumer<Workload>> listeners = new CopyOnWriteArrayList<>();

  /// @param drivers by kind, already open, reporting exits to [#exited]
  public Owners(
      Store store,
      SpecReader reader,
      Map<String, Driver> drivers,
      Prober prober,
      Configuration configuration,
      Path logs,
      Clock clock,
      Boundaries boundaries) {
    this.store = store;
    this.reader = reader;
    this.drivers = Map.copyOf(drivers);
    this.clock = clock;
    launches = new Launches(logs, configuration);
    hands = new Hands(this.drivers, launches, prober, boundaries);
  }

  /// Takes up the workloads of the database and finds out what has become of their instances.
  public void load() {
    Map<Key, List<Instance>> instances = new HashMap<>();
    for (Row.Instance row : store.instances()) {
      instances
          .computeIfAbsent(new Key(row.tenant(), row.workload()), _ -> new ArrayList<>())
          .add(Rows.read(row));
    }
    List<Owner> loaded = new ArrayList<>();
    for (Row.Workload row : store.workloads()) {
      Key key = new Key(row.tenant(), row.name());
      try {
        loaded.add(load(row, instances.getOrDefault(key, List.of())));
      } catch (SemperException e) {
        LOG.error(
            "Workload {} of tenant {} cannot be loaded: {}", key.name, key.tenant, e.getMessage());
      }
    }
    loaded.forEach(this::resume);
    loaded.forEach(Owner::start);
    Thread.startVirtualThread(this::sweep);
  }

  private Owner load(Row.Workload row, List<Instance> instances) {
    String uid = Rows.uid(row);
    TreeMap<Long, WorkloadSpec> specs = new TreeMap<>();
    specs.put(Rows.generation(row), spec(uid, row.name(), Rows.generation(row)));
    for (Instance instance : instances) {
      specs.computeIfAbsent(instance.generation(), g -> spec(uid, row.name(), g));
    }
    List<Instance> sorted = new ArrayList<>(instances);
    sorted.sort(Comparator.comparingInt(Instance::ordinal));
    return add(Rows.read(row, specs, sorted));
  }

  private WorkloadSpec spec(String uid, String name, long generation) {
    return store
        .release(uid, generation)
        .map(r -> read(name, r))
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.INTERNAL,
                "Generation " + generation + " of workload " + name + " is not in the database"));
  }

  /// The specification a stored release holds.
  public WorkloadSpec read(String name, Row.Release release) {
    return reader.readWorkload(name, Docs.read(release.doc(), Rows.ReleaseDoc.class).spec());
  }

  /// The newest specification there was ever a generation for, in force or not.
  public Optional<WorkloadSpec> newestRelease(Workload workload) {
    return store.releases(workload.uid(), 1).stream()
        .findFirst()
        .map(row -> read(workload.name(), row));
  }

  String createdBy(Row.Release release) {
    return Docs.read(release.doc(), Rows.ReleaseDoc.class).createdBy();
  }

  private Owner add(Workload workload) {
    Key key = new Key(workload.tenant(), workload.name());
    Owner[] self = new Owner[1];
    Owner owner =
        new Owner(workload, store, () -> surroundings(self[0]), hands, now -> published(key, now));
    self[0] = owner;
    owners.put(key, owner);
    byUid.put(workload.uid(), owner);
    return owner;
  }

  /// Before its owner runs: looks after each instance as the journal left it.
  private void resume(Owner owner) {
    Workload workload = owner.current();
    Instant now = clock.instant();
    for (Instance instance : workload.instances()) {
      switch (instance.phase()) {
        case LAUNCHING, STARTING, RUNNING, STOPPING, RESTARTING ->
            hands.reattach(workload, instance, owner);
        case BACKOFF -> {
          Instant next = instance.nextAttemptAt();
          if (next == null) {
            owner.tell(new WorkloadEvent.Reevaluate());
          } else {
            // The wall clock may have jumped meanwhile: never longer than the policy's longest
            // delay.
            Duration left = Duration.between(now, next);
            Duration longest = workload.spec(instance).restart().maxDelay().multipliedBy(2);
            Duration delay =
                left.isNegative() ? Duration.ZERO : left.compareTo(longest) > 0 ? longest : left;
            hands.carryOut(
                workload,
                new Effect.Later(new WorkloadEvent.BackoffOver(instance.incarnation()), delay),
                owner);
          }
        }
        // The server may have died between recording its end and telling the driver so.
        case ENDED, FAILED ->
            hands.carryOut(workload, new Effect.Forget(instance.incarnation()), owner);
      }
    }
  }

  /// Ends and forgets what drivers know of workloads that are known, but of incarnations that are
  /// not: their end was recorded, or they were removed, just before the server died.
  private void sweep() {
    for (Driver driver : drivers.values()) {
      try {
        driver.incarnations().stream()
            .filter(incarnation -> uid(incarnation).length() == UID_LENGTH) // else not an instance
            .forEach(incarnation -> sweep(driver, incarnation));
      } catch (RuntimeException e) {
        LOG.warn("What driver {} still knows could not be swept: {}", driver.kind(), e.toString());
      }
    }
  }

  private void sweep(Driver driver, String incarnation) {
    Owner owner = byUid.get(uid(incarnation));
    if (owner != null) {
      if (owner.current().instances().stream()
          .noneMatch(i -> i.incarnation().equals(incarnation))) {
        driver.stop(incarnation, new StopRequest("TERM", Duration.ofSeconds(5)));
        driver.forget(incarnation);
      }
    } else if (driver.attach(incarnation) instanceof Attachment.Ended) {
      driver.forget(incarnation); // Its workload was deleted just before the server died.
    } else {
      LOG.warn(
          "{} is run by driver {}, but no workload of this database knows it; it is left alone",
          incarnation,
          driver.kind());
    }
  }

  private Surroundings surroundings(Owner self) {
    Instant now = clock.instant();
    String tenant = self.current().tenant();
    return new Surroundings(
        now,
        ThreadLocalRandom.current().nextDouble(),
        (spec, since) -> {
          // Ask to be woken first, then look: what changes in between is not missed.
          for (DependencySpec dependency : spec.dependsOn()) {
            // Within compute, so that it is either taken out with the others or stays in.
            waiting.compute(
                new Key(tenant, dependency.workload()),
                (_, before) -> {
                  Set<Owner> waiters = before == null ? ConcurrentHashMap.newKeySet() : before;
                  waiters.add(self);
                  return waiters;
                });
          }
          return DependencyCheck.blocking(spec, since, name -> find(tenant, name), now);
        },
        budget::take,
        ports::next);
  }

  private void published(Key key, Workload now) {
    Set<Owner> waiters = waiting.remove(key);
    if (waiters != null) {
      waiters.forEach(waiter -> waiter.tell(new WorkloadEvent.Reevaluate()));
    }
    listeners.forEach(listener -> listener.accept(now));
  }

  /// Is shown each new state of each workload; must not block.
  public void onChange(Consumer<Workload> listener) {
    listeners.add(listener);
  }

  /// A driver reports the end of an incarnation.
  public void exited(String incarnation, Exit exit) {
    Owner owner = byUid.get(uid(incarnation));
    if (owner != null) {
      hands.exited(owner, incarnation, exit);
    }
  }

  /// A driver has something to say about an incarnation.
  public void noticed(String incarnation, String message) {
    Owner owner = byUid.get(uid(incarnation));
    if (owner != null) {
      owner.tell(new WorkloadEvent.Noticed(incarnation, message));
    }
  }

  private static String uid(String incarnation) {
    int dot = incarnation.indexOf('.');
    return dot < 0 ? incarnation : incarnation.substring(0, dot);
  }

  public List<Workload> list() {
    return owners.values().stream().map(Owner::current).toList();
  }

  public Optional<Workload> find(String tenant, String name) {
    return Optional.ofNullable(owners.get(new Key(tenant, name))).map(Owner::current);
  }

  /// What keeps a workload from starting now: the first condition of its dependencies not met.
  ///
  /// @return the refusal, DEPENDENCY_MISSING or DEPENDENCY_UNHEALTHY; empty if it may start
  public Optional<SemperException> refusal(String tenant, WorkloadSpec spec) {
    for (DependencySpec dependency : spec.dependsOn()) {
      if (!dependency.required()) {
        continue;
      }
      var unmet = DependencyCheck.unmet(dependency, name -> find(tenant, name), clock.instant());
      if (unmet.isPresent()) {
        return Optional.of(
            new SemperException(
                unmet.get().missing()
                    ? ErrorCode.DEPENDENCY_MISSING
                    : ErrorCode.DEPENDENCY_UNHEALTHY,
                "%s depends on %s: %s"
                    .formatted(spec.name(), dependency.workload(), unmet.get().reason()),
                List.of(),
                Map.of("dependency", dependency.workload())));
      }
    }
    return Optional.empty();
  }

  /// A workload that is to be; nothing happens before [#register].
  ///
  /// @param batch gets its rows
  public Workload prepare(
      String tenant, WorkloadSpec spec, Desired desired, String actor, Batch batch) {
    Instant now = clock.instant();
    TreeMap<Long, WorkloadSpec> specs = new TreeMap<>();
    specs.put(1L, spec);
    Workload workload =
        new Workload(
            tenant,
            spec.name(),
            newUid(),
            1,
            0,
            specs,
            State.INACTIVE,
            now,
            desired,
            "",
            List.of(),
            null,
            0,
            null,
            null,
            0,
            now);
    batch.put(Rows.release(workload, 1, spec, actor, now));
    Rows.write(batch, null, workload);
    return workload;
  }

  /// A further generation of a workload's specification.
  public void prepare(
      Workload workload, long generation, WorkloadSpec spec, String actor, Batch batch) {
    batch.put(Rows.release(workload, generation, spec, actor, clock.instant()));
  }

  /// The workload has become durable: it lives from now on.
  public void register(Workload workload) {
    add(workload).start();
  }

  private String newUid() {
    StringBuilder uid = new StringBuilder();
    for (int i = 0; i < UID_LENGTH; i++) {
      uid.append(UID_CHARS[random.nextInt(UID_CHARS.length)]);
    }
    return uid.toString();
  }

  /// Asks a workload's owner for something.
  ///
  /// @return the workload once it is durable
  public Workload ask(String tenant, String name, WorkloadEvent event) throws InterruptedException {
    return answer(owner(tenant, name).ask(event));
  }

  /// Asks for several things that become durable together.
  public Workload askAll(String tenant, String name, List<? extends WorkloadEvent> events)
      throws InterruptedException {
    Owner owner = owner(tenant, name);
    List<CompletableFuture<Workload>> answers = new ArrayList<>();
    for (WorkloadEvent event : events) {
      answers.add(owner.ask(event));
    }
    for (CompletableFuture<Workload> answer : answers) {
      answer(answer);
    }
    return owner.current();
  }

  /// Removes a workload and all its rows and logs.
  public void remove(String tenant, String name) throws InterruptedException {
    Owner owner = owner(tenant, name);
    Workload removed =
        answer(
            owner.remove(() -> {
              Batch batch = new Batch();
              Workload workload = owner.current();
              Rows.delete(batch, workload, store.releases(workload.uid(), Integer.MAX_VALUE));
              batch.event(
                  clock.instant(),
                  tenant,
                  name,
                  null,
                  "workload.deleted",
                  Map.of("uid", workload.uid()),
                  workload.operationId(),
                  "system");
              return batch;
            }));
    owners.remove(new Key(tenant, name), owner);
    byUid.remove(removed.uid());
    waiting.values().forEach(waiters -> waiters.remove(owner));
    published(new Key(tenant, name), removed);
    deleteLogs(tenant, name);
  }

  /// Deletes what instances of a workload that has been removed have written.
  public void deleteLogs(String tenant, String name) {
    Path directory = launches.directory(tenant, name);
    if (!Files.isDirectory(directory)) {
      return;
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      LOG.warn("The logs in {} could not be deleted: {}", directory, e.toString());
    }
  }

  public Optional<Workload> await(
      String tenant, String name, Predicate<Workload> condition, Duration timeout)
      throws InterruptedException {
    return owner(tenant, name).await(condition, timeout);
  }

  /// Makes those who [#await] the workload look again, since something else they look at has
  /// changed.
  public void nudge(String tenant, String name) {
    Owner owner = owners.get(new Key(tenant, name));
    if (owner != null) {
      owner.nudge();
    }
  }

  private Owner owner(String tenant, String name) {
    Owner owner = owners.get(new Key(tenant, name));
    if (owner == null) {
      throw new SemperException(
          ErrorCode.NOT_FOUND, "There is no workload " + name + " in tenant " + tenant);
    }
    return owner;
  }

  private static Workload answer(CompletableFuture<Workload> future) throws InterruptedException {
    try {
      return future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof SemperException known) {
        throw known;
      }
      throw SemperException.wrap(ErrorCode.INTERNAL, "Internal error: " + e.getCause(), e);
    }
  }

  Usage usage(Workload workload, Instance instance) {
    return instance.isLive() ? hands.driver(workload).usage(instance.incarnation()) : Usage.NONE;
  }

  InstanceLog log(Workload workload, int ordinal) {
    return hands.driver(workload).log(launches.log(workload, workload.spec(), ordinal));
  }

  Store store() {
    return store;
  }

  /// Ends all owners; what runs goes on running.
  public void close() throws InterruptedException {
    for (Owner owner : owners.values()) {
      owner.close();
    }
    hands.close();
  }
}
