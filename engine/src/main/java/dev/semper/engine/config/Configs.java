package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import dev.semper.engine.workload.Workload;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Configurations: what they are made of, what they come to, and every change of them. For any
/// thread; writes to one configuration come one after the other.
public final class Configs {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int LOCKS = 64;
  private static final int MOST_TOLD = 100;
  private static final int LONGEST_DESCRIPTION = 1000;
  private static final int MOST_TAGS = 20;

  /// Revisions that are looked through for those that brought a secret.
  private static final int RENEWALS = 1000;

  private static final int LONGEST_TAG = 63;

  /// A layer, or a revision of it, with its content.
  ///
  /// @param values with null for keys that it takes away from lower layers; masked
  public record Content(Revision revision, Map<String, @Nullable Object> values) {}

  /// A configuration in brief.
  ///
  /// @param layers those that are there, in the order of their names
  public record Summary(
      String tenant,
      String name,
      long revision,
      Instant changedAt,
      String changedBy,
      List<Revision> layers) {}

  private final Store store;
  private final Revisions revisions;
  private final Supplier<List<Workload>> workloads;
  private final References.Sources sources;
  private final ConfigSettings settings;
  private final Clock clock;
  private final Boundaries boundaries;
  private final ReentrantLock[] locks = new ReentrantLock[LOCKS];

  private final List<BiConsumer<String, String>> listeners = new CopyOnWriteArrayList<>();

  /// Rung when a configuration changes, by whoever waits for it.
  private final Map<Revisions.Key, CompletableFuture<Long>> bells = new ConcurrentHashMap<>();

  /// @param workloads those there are, whoever's
  /// @param secrets gives what `{{secret:ID}}` stands for
  public Configs(
      Store store,
      Supplier<List<Workload>> workloads,
      SecretSource secrets,
      ConfigSettings settings,
      Clock clock,
      Boundaries boundaries) {
    this.store = store;
    this.revisions = new Revisions(store);
    this.workloads = workloads;
    this.sources = new References.Sources(settings.allowedEnv(), System::getenv, secrets);
    this.settings = settings;
    this.clock = clock;
    this.boundaries = boundaries;
    for (int i = 0; i < LOCKS; i++) {
      locks[i] = new ReentrantLock();
    }
  }

  // Reading.

  /// In the order of tenants and names; null = of all tenants.
  public List<Summary> list(@Nullable String tenant) {
    return revisions.heads(tenant).stream()
        .map(row -> {
          Revision newest = Revisions.revision(row);
          return new Summary(
              row.tenant(),
              row.config(),
              row.number(),
              newest.createdAt(),
              newest.author(),
              revisions.newest(row.tenant(), row.config()).parts().values().stream()
                  .map(Snapshot.Part::revision)
                  .toList());
        })
        .toList();
  }

  public Optional<Summary> find(String tenant, String name) {
    return list(tenant).stream().filter(s -> s.name().equals(name)).findFirst();
  }

  /// What a configuration comes to for a reader now.
  ///
  /// @throws SemperException NOT_FOUND, INVALID_CONFIG if something it refers to is gone
  public Effective effective(String name, Reader reader) {
    exists(reader.tenant(), name);
    return revisions.effective(name, reader, this::make);
  }

  /// As which reader a workload reads.
  ///
  /// @throws SemperException NOT_FOUND, PRECONDITION_FAILED if it reads none
  public Reader readerOf(String tenant, String workload) {
    WorkloadSpec spec =
        workloads.get().stream()
            .filter(w -> w.tenant().equals(tenant) && w.name().equals(workload))
            .findFirst()
            .map(Workload::spec)
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.NOT_FOUND,
                    "There is no workload %s in tenant %s".formatted(workload, tenant)));
    if (spec.config() == null) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED,
          "Workload %s of tenant %s reads no configuration".formatted(workload, tenant));
    }
    return Need.reader(tenant, spec);
  }

  /// The workloads that read a configuration, in the order of their names.
  public List<Workload> workloadsReading(String tenant, String name) {
    return workloads.get().stream()
        .filter(w -> w.tenant().equals(tenant))
        .filter(w -> {
          ConfigSpec config = w.spec().config();
          return config != null && config.name().equals(name);
        })
        .toList();
  }

  private List<Need> readers(String tenant, String name) {
    return workloadsReading(tenant, name).stream().map(Need::of).toList();
  }

  /// A secret has another version: what refers to it comes to something else, though nothing of it
  /// is written anew. Each layer that does gets a revision with the same content, so that the
  /// workloads that read it are given it as any other change. Done again it does nothing.
  ///
  /// @param tenant of the secret
  public void renew(String tenant, String secret, long version, String actor)
      throws InterruptedException {
    for (Row.ConfigRevision head : revisions.heads(null)) {
      String id = head.tenant().equals(tenant) ? secret : tenant + "/" + secret;
      String mark = id + "@" + version;
      ReentrantLock lock = lock(head.tenant(), head.config());
      lock.lockInterruptibly();
      try {
        List<Write> writes = new ArrayList<>();
        for (Snapshot.Part part : revisions.newest(head.tenant(), head.config()).parts().values()) {
          Layer layer = part.revision().layer();
          if (References.toSecret(part.values(), id)
              && revisions.list(head.tenant(), head.config(), layer, RENEWALS).stream()
                  .noneMatch(r -> r.secret().equals(mark))) {
            writes.add(
                Write.of(head.tenant(), head.config(), layer, new Write.Change.Renew(mark), actor)
                    .described("secret %s is at version %d".formatted(id, version)));
          }
        }
        if (!writes.isEmpty()) {
          written(writes);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  // What Delivery asks.

  /// Whether a secret that a specification reads has got another version between two revisions.
  boolean renewed(String tenant, WorkloadSpec before, WorkloadSpec after) {
    ConfigSpec from = Objects.requireNonNull(before.config());
    ConfigSpec to = Objects.requireNonNull(after.config());
    Reader reader = Need.reader(tenant, after);
    Set<String> layers =
        revisions.at(tenant, to.name(), to.revision()).layers(reader).stream()
            .map(part -> part.revision().layer().id())
            .collect(Collectors.toSet());
    return revisions.list(tenant, to.name(), null, RENEWALS).stream()
        .filter(r -> r.number() > from.revision() && r.number() <= to.revision())
        .anyMatch(r -> !r.secret().isEmpty() && layers.contains(r.layer().id()));
  }

  long newest(String tenant, String name) {
    return revisions.newest(tenant, name).number();
  }

  String author(String tenant, String name) {
    return revisions.list(tenant, name, null, 1).stream()
        .findFirst()
        .map(Revision::author)
        .orElse("system");
  }

  /// What a configuration comes to for a specification at the revision it names; nothing if there
  /// is none yet.
  ///
  /// @throws SemperException INVALID_CONFIG
  Map<String, Object> values(String tenant, WorkloadSpec spec, References.Secrets mode) {
    ConfigSpec config = Objects.requireNonNull(spec.config());
    Snapshot snapshot = revisions.newest(tenant, config.name());
    if (snapshot.number() != config.revision()) {
      snapshot = revisions.at(tenant, config.name(), config.revision());
    }
    Reader reader = Need.reader(tenant, spec);
    List<Problem> problems = new ArrayList<>();
    Map<String, Object> values =
        References.resolve(snapshot.merged(reader), reader, sources, mode, problems);
    if (mode == References.Secrets.SHOW) {
      schema(snapshot).check(values, problems);
      Need.of(tenant, spec).check(values, problems);
    }
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid(
          "configuration %s at revision %d for workload %s (%s)"
              .formatted(config.name(), config.revision(), spec.name(), config.environment()),
          problems);
    }
    return values;
  }

  /// Is called after each write, with tenant and name; must not block.
  void onWrite(BiConsumer<String, String> listener) {
    listeners.add(listener);
  }

  /// What it came to at a revision.
  public Effective effective(String name, Reader reader, long revision) {
    exists(reader.tenant(), name);
    return make(revisions.at(reader.tenant(), name, revision), reader);
  }

  private void exists(String tenant, String name) {
    if (revisions.newest(tenant, name).number() == 0) {
      throw new SemperException(
          ErrorCode.NOT_FOUND, "There is no configuration %s in tenant %s".formatted(name, tenant));
    }
  }

  private Effective make(Snapshot snapshot, Reader reader) {
    List<Problem> problems = new ArrayList<>();
    Map<String, Object> values =
        References.resolve(
            snapshot.merged(reader), reader, sources, References.Secrets.SHOW, problems);
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid(
          "configuration %s for %s".formatted(snapshot.name(), reader.environment().id()),
          problems);
    }
    return new Effective(
        snapshot.name(), reader, snapshot.number(), Values.checksum(Values.json(values)), values);
  }

  /// Where each value comes from, in the order of the keys; values as they are written, with what
  /// is sensitive masked.
  public List<Explained> explain(String name, Reader reader) {
    exists(reader.tenant(), name);
    Snapshot snapshot = revisions.newest(reader.tenant(), name);
    Masks masks = masks(snapshot);
    return Merge.explain(snapshot.layers(reader)).stream().map(e -> e.masked(masks)).toList();
  }

  /// The values of an effective configuration with what is sensitive masked.
  public Map<String, Object> shown(Effective effective) {
    return masks(revisions.newest(effective.reader().tenant(), effective.name()))
        .table(effective.values());
  }

  private static Masks masks(Snapshot snapshot) {
    return new Masks(schema(snapshot));
  }

  private static Schema schema(Snapshot snapshot) {
    return snapshot.part(Layer.SCHEMA).map(p -> Schema.of(p.values())).orElse(Schema.ANY);
  }

  /// What is in force in a layer.
  ///
  /// @param reveal with what is sensitive
  public Content layer(String tenant, String name, Layer layer, boolean reveal) {
    exists(tenant, name);
    Snapshot snapshot = revisions.newest(tenant, name);
    Snapshot.Part part =
        snapshot
            .part(layer)
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.NOT_FOUND,
                    "Configuration %s has no layer %s; it has %s"
                        .formatted(name, layer, String.join(", ", snapshot.parts().keySet()))));
    return content(snapshot, part, reveal);
  }

  /// Any revision that is still kept.
  public Content revision(String tenant, String name, long number, boolean reveal) {
    exists(tenant, name);
    return content(revisions.newest(tenant, name), part(tenant, name, number), reveal);
  }

  private Snapshot.Part part(String tenant, String name, long number) {
    return revisions
        .find(tenant, name, number)
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.NOT_FOUND,
                "Configuration %s has no revision %d, or has it no more".formatted(name, number)));
  }

  /// A schema has nothing to hide, but keys whose names look so.
  private static Content content(Snapshot snapshot, Snapshot.Part part, boolean reveal) {
    Map<String, Object> values =
        reveal || part.revision().layer().equals(Layer.SCHEMA)
            ? part.values()
            : masks(snapshot).table(part.values());
    Map<String, @Nullable Object> plain = new TreeMap<>();
    values.forEach((key, value) -> plain.put(key, Values.plain(value)));
    return new Content(part.revision(), plain);
  }

  /// Newest first; null = of all layers.
  public List<Revision> history(String tenant, String name, @Nullable Layer layer, int limit) {
    exists(tenant, name);
    return revisions.list(tenant, name, layer, limit);
  }

  /// What differs between two revisions of one layer, or if they are of different layers between
  /// what is written in them; sensitive values masked.
  public List<KeyChange> diff(String tenant, String name, long from, long to) {
    exists(tenant, name);
    Map<String, Object> before = from == 0 ? Map.of() : part(tenant, name, from).values();
    Map<String, Object> after = part(tenant, name, to).values();
    return masked(masks(revisions.newest(tenant, name)), KeyChange.between(before, after));
  }

  /// What differs for a reader between what it came to at two revisions; sensitive values masked.
  public List<KeyChange> diff(String name, Reader reader, long from, long to) {
    exists(reader.tenant(), name);
    String tenant = reader.tenant();
    Map<String, Object> before = revisions.at(tenant, name, from).merged(reader);
    Map<String, Object> after = revisions.at(tenant, name, to).merged(reader);
    return masked(masks(revisions.newest(tenant, name)), KeyChange.between(before, after));
  }

  private static List<KeyChange> masked(Masks masks, List<KeyChange> changes) {
    return changes.stream()
        .map(c ->
            new KeyChange(
                c.path(),
                masks.maskedOrNull(c.path(), c.before()),
                masks.maskedOrNull(c.path(), c.after())))
        .toList();
  }

  /// Waits until a configuration has a revision after one, or the time is over.
  ///
  /// @return the newest number; 0 if there is none
  public long await(String tenant, String name, long after, Duration timeout)
      throws InterruptedException {
    Revisions.Key key = new Revisions.Key(tenant, name);
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      CompletableFuture<Long> bell = bells.computeIfAbsent(key, _ -> new CompletableFuture<>());
      long now = revisions.newest(tenant, name).number();
      long left = deadline - System.nanoTime();
      if (now != after || left <= 0) { // one that was deleted and made anew begins at 1 again
        return now;
      }
      try {
        bell.get(left, TimeUnit.NANOSECONDS);
      } catch (TimeoutException _) {
        return revisions.newest(tenant, name).number();
      } catch (ExecutionException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /// Tells what a configuration comes to for a reader: now, if it is there, and then each time it
  /// comes to something else. What comes in quick succession may be told as one. The listener is
  /// called on a thread of its own; what it throws ends the watch.
  ///
  /// @return ends the watch when it is closed
  public AutoCloseable watch(String name, Reader reader, Consumer<Effective> listener) {
    Thread thread =
        Thread.ofVirtual()
            .name("config-watch-" + name)
            .start(() -> {
              try {
                follow(name, reader, listener);
              } catch (InterruptedException _) {
                Thread.currentThread().interrupt();
              }
            });
    return () -> {
      thread.interrupt();
      thread.join(Duration.ofSeconds(5));
    };
  }

  private void follow(String name, Reader reader, Consumer<Effective> listener)
      throws InterruptedException {
    long seen = 0;
    String told = "";
    while (true) {
      long now = revisions.newest(reader.tenant(), name).number();
      if (now != 0) {
        Effective effective = effective(name, reader);
        if (!effective.checksum().equals(told)) {
          told = effective.checksum();
          listener.accept(effective);
        }
      }
      seen = now;
      await(reader.tenant(), name, seen, Duration.ofMinutes(10));
    }
  }

  // Writing.

  /// Writes a revision, if everybody who reads it can. A write that changes nothing is none.
  ///
  /// @throws SemperException INVALID_CONFIG with all that is wrong, STALE_REVISION if the layer has
  ///   moved on from what was expected, NOT_FOUND if there is nothing to take away or to restore
  public Written write(Write write) throws InterruptedException {
    checkRequest(write);
    ReentrantLock lock = lock(write.tenant(), write.name());
    lock.lockInterruptibly();
    try {
      return written(List.of(write)).getFirst();
    } finally {
      lock.unlock();
    }
  }

  /// Brings a whole configuration back to what it was at a revision: every layer that is different
  /// gets a new one with the old content, all in one commit.
  ///
  /// @return what it took; empty if nothing is different
  /// @throws SemperException as [#write]; NOT_FOUND too if a revision that was in force then has
  ///   been dropped
  public List<Written> restore(
      String tenant, String name, long number, String description, String actor)
      throws InterruptedException {
    ReentrantLock lock = lock(tenant, name);
    lock.lockInterruptibly();
    try {
      exists(tenant, name);
      Snapshot now = revisions.newest(tenant, name);
      Snapshot then = revisions.at(tenant, name, number);
      if (then.number() != number) {
        part(tenant, name, number); // tells that it is not there
      }
      List<Write> writes = new ArrayList<>();
      Set<String> layers = new TreeSet<>(now.parts().keySet());
      layers.addAll(then.parts().keySet());
      for (String id : layers) {
        Optional<Revision> old = then.part(new Layer(id)).map(Snapshot.Part::revision);
        Write.Change change =
            old.isPresent()
                ? new Write.Change.Restore(old.get().number())
                : new Write.Change.Remove();
        writes.add(Write.of(tenant, name, new Layer(id), change, actor).described(description));
      }
      return writes.isEmpty()
          ? List.of()
          : written(writes).stream().filter(Written::changed).toList();
    } finally {
      lock.unlock();
    }
  }

  private ReentrantLock lock(String tenant, String name) {
    return locks[Math.floorMod(new Revisions.Key(tenant, name).hashCode(), LOCKS)];
  }

  private static void checkRequest(Write write) {
    List<Problem> problems = new ArrayList<>();
    if (!NAME.matcher(write.name()).matches()) {
      problems.add(
          new Problem(
              "name",
              0,
              "must be 1 to 63 characters a-z, 0-9 and -, starting with a letter or digit"));
    }
    if (write.description().length() > LONGEST_DESCRIPTION) {
      problems.add(
          new Problem(
              "description", 0, "must be at most %d characters".formatted(LONGEST_DESCRIPTION)));
    }
    if (write.tags().size() > MOST_TAGS
        || write.tags().stream().anyMatch(t -> t.isBlank() || t.length() > LONGEST_TAG)) {
      problems.add(
          new Problem(
              "tags",
              0,
              "must be at most %d, each of 1 to %d characters".formatted(MOST_TAGS, LONGEST_TAG)));
    }
    if (write.overlay() != null && !write.layer().isOverlay()) {
      problems.add(new Problem("layer", 0, "only an overlay has a precedence and conditions"));
    }
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid("the write", problems);
    }
  }

  /// All of them or none, in one commit.
  private List<Written> written(List<Write> writes) throws InterruptedException {
    Write first = writes.getFirst();
    Snapshot after = revisions.newest(first.tenant(), first.name());
    Batch batch = new Batch();
    List<Written> done = new ArrayList<>();
    List<Revision> fresh = new ArrayList<>();
    for (Write write : writes) {
      Optional<Snapshot.Part> before = after.part(write.layer());
      Snapshot.Part next = next(write, after, before);
      if (before.isPresent() && isSame(before.get(), next)) {
        done.add(new Written(before.get().revision(), false, List.of()));
        continue;
      }
      refuseStale(write, before);
      after = after.with(next);
      fresh.add(next.revision());
      List<KeyChange> changes =
          KeyChange.between(
              before.map(Snapshot.Part::values).orElse(new TreeMap<>()), next.values());
      done.add(new Written(next.revision(), true, changes));
      batch.put(
          Revisions.row(write.tenant(), write.name(), next.revision(), Values.json(next.values())));
      tell(batch, write, before, next.revision(), changes);
      drop(batch, write.tenant(), write.name(), write.layer());
    }
    if (!fresh.isEmpty()) {
      check(after, fresh);
      if (!first.validateOnly()) {
        boundaries.pass("config/write/checked");
        commit(batch);
        boundaries.pass("config/write/durable");
        revisions.show(after);
        ring(first.tenant(), first.name(), after.number());
      }
    }
    Masks masks = masks(after);
    return done.stream()
        .map(w ->
            w.revision().layer().equals(Layer.SCHEMA)
                ? w
                : new Written(w.revision(), w.changed(), masked(masks, w.changes())))
        .toList();
  }

  private static boolean isSame(Snapshot.Part before, Snapshot.Part next) {
    return !next.revision().removed()
        && next.revision().secret().isEmpty()
        && next.revision().checksum().equals(before.revision().checksum())
        && Objects.equals(next.revision().overlay(), before.revision().overlay());
  }

  private static void refuseStale(Write write, Optional<Snapshot.Part> before) {
    Long expected = write.expected();
    long present = before.map(p -> p.revision().number()).orElse(0L);
    if (expected != null && expected != present) {
      throw new SemperException(
          ErrorCode.STALE_REVISION,
          "Layer %s of configuration %s is at revision %d, not %d; read it again and repeat your change"
              .formatted(write.layer(), write.name(), present, expected),
          List.of(),
          Map.of("revision", present));
    }
  }

  private Snapshot.Part next(Write write, Snapshot now, Optional<Snapshot.Part> before) {
    Map<String, Object> old = before.map(Snapshot.Part::values).orElse(Map.of());
    Overlay was = before.map(p -> p.revision().overlay()).orElse(null);
    Overlay overlay =
        !write.layer().isOverlay()
            ? null
            : write.overlay() != null ? write.overlay() : was != null ? was : Overlay.ALWAYS;
    List<Problem> problems = new ArrayList<>();
    long restored = 0;
    Map<String, Object> values =
        switch (write.change()) {
          case Write.Change.Replace(Map<String, ?> raw) ->
              masks(now).unmasked(Values.of(raw, problems), old);
          case Write.Change.Patch(Map<String, ?> set, List<String> remove) ->
              patched(old, set, remove, problems);
          case Write.Change.Renew(_) -> old;
          case Write.Change.Remove() -> {
            if (before.isEmpty()) {
              throw new SemperException(
                  ErrorCode.NOT_FOUND,
                  "Configuration %s has no layer %s".formatted(write.name(), write.layer()));
            }
            yield Map.of();
          }
          case Write.Change.Restore(long number) -> {
            Snapshot.Part then = part(write.tenant(), write.name(), number);
            if (!then.revision().layer().equals(write.layer())) {
              throw new SemperException(
                  ErrorCode.INVALID_REQUEST,
                  "Revision %d is of layer %s, not of %s"
                      .formatted(number, then.revision().layer(), write.layer()));
            }
            restored = number;
            overlay = then.revision().overlay();
            yield then.values();
          }
        };
    refuseMasks(values, problems);
    String json = Values.json(values);
    if (json.length() > Values.MAX_BYTES) {
      problems.add(new Problem("", 0, "is larger than 1 MiB: split the configuration"));
    }
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid(
          "layer %s of configuration %s".formatted(write.layer(), write.name()), problems);
    }
    boolean removed =
        write.change() instanceof Write.Change.Remove
            || (restored > 0 && part(write.tenant(), write.name(), restored).revision().removed());
    Revision revision =
        new Revision(
            now.number() + 1,
            write.layer(),
            clock.instant(),
            write.actor(),
            write.description(),
            write.tags(),
            Values.checksum(json),
            restored,
            false,
            removed,
            overlay,
            write.change() instanceof Write.Change.Renew(String secret) ? secret : "");
    return new Snapshot.Part(revision, values);
  }

  private static Map<String, Object> patched(
      Map<String, Object> old, Map<String, ?> set, List<String> remove, List<Problem> problems) {
    Map<String, Object> values = old;
    for (String key : remove) {
      KeyPath path = KeyPath.parse(key);
      if (Values.get(values, path) == null) {
        problems.add(new Problem(key, 0, "is not there, so it cannot be removed"));
      }
      values = Values.without(values, path);
    }
    for (Map.Entry<String, ?> entry : set.entrySet()) {
      Object value = Values.of(entry.getValue(), entry.getKey(), problems);
      values = Values.with(values, KeyPath.parse(entry.getKey()), value);
    }
    return values;
  }

  private static void refuseMasks(Map<String, Object> values, List<Problem> problems) {
    Values.leaves(
        values,
        KeyPath.ROOT,
        (path, value) -> {
          if (value.equals(Values.MASK)) {
            problems.add(
                new Problem(
                    path.toString(), 0, "is masked; give the value itself, or leave the key out"));
          }
        });
  }

  /// Refuses what somebody who reads it could not use.
  private void check(Snapshot after, List<Revision> written) {
    Schema schema = schema(after); // refuses a schema that is none
    List<Problem> problems = new ArrayList<>();
    Set<String> said = new LinkedHashSet<>();
    for (Map.Entry<Reader, List<Need>> look : looks(after, written).entrySet()) {
      Reader reader = look.getKey();
      List<Problem> found = new ArrayList<>();
      Map<String, Object> values =
          References.resolve(after.merged(reader), reader, sources, References.Secrets.SHOW, found);
      schema.check(values, found);
      look.getValue().forEach(own -> own.check(values, found));
      for (Problem problem : found) {
        if (said.add(problem.path() + problem.message())) {
          String where = " (in " + reader.environment().id() + ")";
          problems.add(new Problem(problem.path(), 0, problem.message() + where));
        }
      }
    }
    if (!problems.isEmpty()) {
      throw Schema.Refusals.invalid(
          "configuration %s with this change of %s"
              .formatted(
                  after.name(),
                  written.stream()
                      .map(r -> "layer " + r.layer())
                      .collect(Collectors.joining(", "))),
          problems);
    }
  }

  /// For whom it has to be right: the environments in use, each overlay, each workload.
  private Map<Reader, List<Need>> looks(Snapshot after, List<Revision> written) {
    Map<Reader, List<Need>> looks = new HashMap<>();
    List<Need> known = readers(after.tenant(), after.name());
    EnumSet<Environment> used = EnumSet.noneOf(Environment.class);
    Stream.of(Environment.values())
        .filter(e -> after.parts().containsKey(e.id()))
        .forEach(used::add);
    known.forEach(k -> used.add(k.reader().environment()));
    if (used.isEmpty() && after.parts().keySet().stream().anyMatch(id -> !id.equals("schema"))) {
      used.add(Environment.DEVELOPMENT);
    }
    String tenant = after.tenant();
    for (Environment environment : used) {
      looks.put(Reader.of(tenant, environment), new ArrayList<>());
      for (Snapshot.Part part : after.parts().values()) {
        Overlay overlay = part.revision().overlay();
        if (overlay != null && overlay.mayCount(tenant, environment)) {
          looks.putIfAbsent(
              new Reader(tenant, environment, overlay.labels(), overlay.features()),
              new ArrayList<>());
        }
      }
    }
    for (Need k : known) {
      looks.computeIfAbsent(k.reader(), _ -> new ArrayList<>()).add(k);
    }
    Set<Environment> meant = EnumSet.noneOf(Environment.class);
    for (Revision revision : written) {
      Environment only = environment(revision);
      meant.addAll(only == null ? EnumSet.allOf(Environment.class) : EnumSet.of(only));
    }
    looks.keySet().removeIf(reader -> !meant.contains(reader.environment()));
    return looks;
  }

  /// The one environment that a revision is for; null = all.
  private static @Nullable Environment environment(Revision written) {
    Overlay overlay = written.overlay();
    if (overlay != null) {
      return overlay.environment();
    }
    return Stream.of(Environment.values())
        .filter(e -> e.id().equals(written.layer().id()))
        .findFirst()
        .orElse(null);
  }

  /// Tells which keys, but no values: events are for more eyes than configurations.
  private void tell(
      Batch batch,
      Write write,
      Optional<Snapshot.Part> before,
      Revision next,
      List<KeyChange> changes) {
    Map<String, Object> facts = new HashMap<>();
    facts.put("config", write.name());
    facts.put("layer", next.layer().id());
    facts.put("revision", next.number());
    before.ifPresent(p -> facts.put("previous", p.revision().number()));
    facts.put("checksum", next.checksum());
    facts.put("description", next.description());
    facts.put("tags", next.tags());
    facts.put("keys", changes.stream().limit(MOST_TOLD).map(KeyChange::key).toList());
    facts.put("changes", changes.size());
    if (next.restoredFrom() > 0) {
      facts.put("restored_from", next.restoredFrom());
    }
    String type =
        next.removed()
            ? "config.layer_removed"
            : next.restoredFrom() > 0 ? "config.rolled_back" : "config.revision_written";
    batch.event(next.createdAt(), write.tenant(), null, null, type, facts, null, write.actor());
  }

  private void drop(Batch batch, String tenant, String name, Layer layer) {
    List<Long> used = new ArrayList<>();
    for (Workload workload : workloadsReading(tenant, name)) {
      used.addAll(Need.of(workload).revisions());
      store
          .release(workload.uid(), workload.previousGeneration())
          .map(row -> Docs.MAPPER.readTree(row.doc()).at("/spec/config/revision").asLong(0))
          .ifPresent(used::add); // a rollback goes back to it
    }
    List<Long> kept = new ArrayList<>();
    if (!used.isEmpty()) {
      List<Revision> chain = revisions.list(tenant, name, layer, Integer.MAX_VALUE);
      for (long number : used) {
        chain.stream()
            .mapToLong(Revision::number)
            .filter(n -> n <= number)
            .findFirst()
            .ifPresent(kept::add);
      }
    }
    revisions.drop(batch, tenant, name, layer, settings.history() - 1, kept::contains);
  }

  private void commit(Batch batch) throws InterruptedException {
    if (Operations.WITNESS.isBound()) {
      batch.audit(Operations.WITNESS.get().of(null));
    }
    store.commit(batch, PATIENCE);
  }

  private void ring(String tenant, String name, long number) {
    CompletableFuture<Long> bell = bells.remove(new Revisions.Key(tenant, name));
    if (bell != null) {
      bell.complete(number);
    }
    listeners.forEach(listener -> listener.accept(tenant, name));
  }

  /// Keeps a revision for good, or lets it go with the others.
  public Revision pin(String tenant, String name, long number, boolean pinned, String actor)
      throws InterruptedException {
    ReentrantLock lock = lock(tenant, name);
    lock.lockInterruptibly();
    try {
      Snapshot.Part part = part(tenant, name, number);
      Revision old = part.revision();
      if (old.pinned() == pinned) {
        return old;
      }
      Revision changed =
          new Revision(
              old.number(),
              old.layer(),
              old.createdAt(),
              old.author(),
              old.description(),
              old.tags(),
              old.checksum(),
              old.restoredFrom(),
              pinned,
              old.removed(),
              old.overlay(),
              old.secret());
      Batch batch = new Batch();
      batch.put(Revisions.row(tenant, name, changed, Values.json(part.values())));
      batch.event(
          clock.instant(),
          tenant,
          null,
          null,
          pinned ? "config.revision_pinned" : "config.revision_unpinned",
          Map.of("config", name, "layer", old.layer().id(), "revision", number),
          null,
          actor);
      commit(batch);
      revisions.forget(tenant, name);
      return changed;
    } finally {
      lock.unlock();
    }
  }

  /// Removes a configuration with all its revisions.
  ///
  /// @throws SemperException DEPENDED_UPON if a workload reads it
  public void delete(String tenant, String name, String actor) throws InterruptedException {
    ReentrantLock lock = lock(tenant, name);
    lock.lockInterruptibly();
    try {
      exists(tenant, name);
      List<String> used = readers(tenant, name).stream().map(Need::workload).sorted().toList();
      if (!used.isEmpty()) {
        throw new SemperException(
            ErrorCode.DEPENDED_UPON,
            "Configuration %s is read by %s: delete them, or give them another one"
                .formatted(name, String.join(", ", used)),
            List.of(),
            Map.of("dependents", used));
      }
      Batch batch = new Batch();
      for (Row.ConfigRevision row : store.configRevisions(tenant, name, null, Integer.MAX_VALUE)) {
        batch.delete(row);
      }
      batch.event(
          clock.instant(),
          tenant,
          null,
          null,
          "config.deleted",
          Map.of("config", name),
          null,
          actor);
      commit(batch);
      revisions.forget(tenant, name);
      ring(tenant, name, 0);
    } finally {
      lock.unlock();
    }
  }
}
