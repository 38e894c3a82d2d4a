package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Leads rotations from step to step and looks at what is due: rotations by policy, versions whose
/// time is over, expiries. Where a rotation is stands in the secret's row: a server that died goes
/// on there. Steps: `create` (a command makes the value), `apply` (the value is durable, the hook
/// sets it where it is used), then it is in force.
///
/// One thread looks; each secret that is due is worked on by a thread of its own, a few at once.
/// Without secrets there is no thread.
final class Rotations implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rotations.class);
  private static final Duration IDLE = Duration.ofMinutes(10);
  private static final Duration LEAST = Duration.ofMillis(100);
  private static final Duration FIRST_RETRY = Duration.ofSeconds(30);
  private static final Duration LAST_RETRY = Duration.ofHours(1);
  private static final int AT_ONCE = 8;
  private static final int MOST_TOLD = 20;
  private static final String SYSTEM = "system";

  private record Place(String tenant, String name) {}

  private final Store store;
  private final Vault vault;
  private final Uses uses;
  private final Boundaries boundaries;
  private final List<Secrets.Listener> listeners = new CopyOnWriteArrayList<>();
  private final Set<Place> busy = ConcurrentHashMap.newKeySet();
  private final Set<Thread> workers = ConcurrentHashMap.newKeySet();
  private final Semaphore slots = new Semaphore(AT_ONCE);
  private final Semaphore wakeups = new Semaphore(0);
  private @Nullable Thread thread;
  private volatile boolean closed;

  Rotations(Store store, Vault vault, Uses uses, Boundaries boundaries) {
    this.store = store;
    this.vault = vault;
    this.uses = uses;
    this.boundaries = boundaries;
  }

  void onChange(Secrets.Listener listener) {
    listeners.add(listener);
  }

  void tell(Secret secret, String actor) {
    listeners.forEach(
        l -> l.changed(secret.tenant(), secret.name(), secret.status().current(), actor));
  }

  /// Looks at what is due, as soon as possible.
  synchronized void wake() {
    if (thread == null && !closed) {
      thread = Thread.ofVirtual().name("semper-secrets").start(this::run);
    }
    wakeups.release();
  }

  private void run() {
    while (!closed) {
      try {
        Duration wait =
            store
                .nextSecretDue()
                .map(due -> Duration.between(vault.now(), due))
                .filter(left -> left.compareTo(IDLE) < 0)
                .orElse(IDLE);
        boolean _ =
            wakeups.tryAcquire(
                Math.max(LEAST.toMillis(), wait.toMillis() + 1), TimeUnit.MILLISECONDS);
        wakeups.drainPermits();
        for (Row.Secret row : store.secretsDue(vault.now(), 100)) {
          begin(new Place(row.tenant(), row.name()));
        }
      } catch (InterruptedException _) {
        return;
      } catch (SemperException e) {
        LOG.warn("secrets cannot be looked at now: {}", e.getMessage());
      }
    }
  }

  /// Looks at one in a thread of its own, unless one does already.
  void begin(String tenant, String name) throws InterruptedException {
    begin(new Place(tenant, name));
  }

  private void begin(Place place) throws InterruptedException {
    if (!busy.add(place)) {
      return;
    }
    slots.acquire();
    Thread worker =
        Thread.ofVirtual()
            .name("semper-secret-" + place.name())
            .unstarted(() -> {
              try {
                work(place);
              } finally {
                slots.release();
                busy.remove(place);
                workers.remove(Thread.currentThread());
                wakeups.release();
              }
            });
    workers.add(worker);
    worker.start();
  }

  private void work(Place place) {
    try {
      look(place.tenant(), place.name());
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (SemperException e) {
      if (e.code() != ErrorCode.SHUTTING_DOWN && e.code() != ErrorCode.FENCED) {
        LOG.warn("Secret {} of tenant {}: {}", place.name(), place.tenant(), e.getMessage());
        postpone(place, e);
      }
    }
  }

  /// What cannot be done now is not tried again at once.
  private void postpone(Place place, SemperException why) {
    try {
      Optional<Secret> secret = vault.find(place.tenant(), place.name());
      if (secret.isPresent()) {
        failed(secret.get(), secret.get().status().rotating(), String.valueOf(why.getMessage()));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    } catch (SemperException e) {
      LOG.warn("nor can that be recorded: {}", e.getMessage());
    }
  }

  /// Does what is due of a secret.
  void look(String tenant, String name) throws InterruptedException {
    Optional<Secret> found = vault.find(tenant, name);
    if (found.isEmpty()) {
      return;
    }
    Secret secret = found.get();
    Instant now = vault.now();
    Instant retry = secret.status().retryAt();
    boolean mayTry = retry == null || !now.isBefore(retry);
    if (secret.status().rotating().isEmpty() && mayTry && isDue(secret, now)) {
      secret = begun(secret);
    }
    if (mayTry) {
      if (secret.status().rotating().equals("create")) {
        secret = created(secret);
      }
      if (secret.status().rotating().equals("apply")) {
        applied(secret);
      }
      giveUpOld(tenant, name);
    }
    warn(tenant, name);
  }

  private static boolean isDue(Secret secret, Instant now) {
    Instant last = secret.status().rotatedAt();
    return secret.rotation().enabled()
        && last != null
        && !now.isBefore(last.plus(secret.rotation().interval()));
  }

  private Secret begun(Secret seen) throws InterruptedException {
    vault.lock().lockInterruptibly();
    Secret after;
    try {
      Secret secret = vault.get(seen.tenant(), seen.name());
      if (!secret.status().rotating().isEmpty() || !isDue(secret, vault.now())) {
        return secret;
      }
      after = begin(secret, null, SYSTEM);
    } finally {
      vault.lock().unlock();
    }
    if (after.status().rotating().isEmpty()) {
      tell(after, SYSTEM);
    }
    return after;
  }

  /// Begins a rotation; without a program to run it ends at once. The caller holds the lock.
  ///
  /// @param value null = it is made
  Secret begin(Secret secret, byte @Nullable [] value, String actor) throws InterruptedException {
    RotationPolicy policy = secret.rotation();
    Vault.Change change = vault.change();
    if (value == null && !policy.generator().command().isEmpty()) {
      Secret creating = secret.with(secret.status().rotating("create", secret.status().newest()));
      change.put(creating, vault.versions(secret.tenant(), secret.name()));
      change.event(
          creating,
          "secret.rotation_started",
          Map.of("version", secret.status().newest() + 1),
          actor);
      boundaries.pass("secret/rotate/begin");
      change.commit();
      boundaries.pass("secret/rotate/begun");
      return creating;
    }
    byte[] bytes = value == null ? policy.generator().draw(vault.random()) : value;
    Secret after = sealed(change, secret, bytes, actor, true);
    boundaries.pass("secret/rotate/begin");
    change.commit();
    boundaries.pass("secret/rotate/begun");
    return after;
  }

  /// Adds a version; in force if no hook has to apply it first.
  private Secret sealed(
      Vault.Change change, Secret secret, byte[] value, String actor, boolean first)
      throws InterruptedException {
    long number = secret.status().newest() + 1;
    SecretVersion version =
        new SecretVersion(
            number, SecretVersion.State.PENDING, vault.now(), actor, null, null, false);
    Vault.Sealed sealed = change.seal(secret.tenant(), secret.name(), version, value);
    List<Vault.Sealed> versions = vault.versions(secret.tenant(), secret.name());
    if (first) {
      change.event(secret, "secret.rotation_started", Map.of("version", number), actor);
    }
    if (!secret.rotation().hook().isEmpty()) {
      Secret applying = secret.with(secret.status().rotating("apply", number));
      change.put(secret.tenant(), secret.name(), sealed);
      List<Vault.Sealed> all = new ArrayList<>(versions);
      all.addFirst(sealed);
      change.put(applying, all);
      return applying;
    }
    return promoted(
        change, secret.with(secret.status().rotating("", number)), versions, sealed, actor);
  }

  private Secret promoted(
      Vault.Change change,
      Secret secret,
      List<Vault.Sealed> versions,
      Vault.Sealed next,
      String actor) {
    Secret after = vault.putInForce(change, secret, versions, next);
    change.event(
        after,
        "secret.rotated",
        Map.of("version", next.version().number(), "previous", secret.status().current()),
        actor);
    return after;
  }

  private Secret created(Secret secret) throws InterruptedException {
    RotationPolicy policy = secret.rotation();
    byte[] value;
    try {
      value =
          stripped(
              Commands.run(
                  policy.generator().command(),
                  variables(secret, secret.status().newest() + 1),
                  new byte[0],
                  policy.timeout()));
      if (value.length == 0 || value.length > Clear.MAX_BYTES) {
        throw new Commands.FailedException(
            policy.generator().command().getFirst() + " must write 1 byte to 64 KiB");
      }
    } catch (Commands.FailedException e) {
      return failed(secret, "create", String.valueOf(e.getMessage()));
    }
    boundaries.pass("secret/rotate/create");
    vault.lock().lockInterruptibly();
    Secret after;
    try {
      Secret now = vault.get(secret.tenant(), secret.name());
      if (!now.status().rotating().equals("create")) {
        return now; // given up meanwhile
      }
      Vault.Change change = vault.change();
      after = sealed(change, now, value, SYSTEM, false);
      change.commit();
    } finally {
      vault.lock().unlock();
    }
    boundaries.pass("secret/rotate/created");
    if (after.status().rotating().isEmpty()) {
      tell(after, SYSTEM);
    }
    return after;
  }

  /// A line end after the value is none of it.
  private static byte[] stripped(byte[] output) {
    int end = output.length;
    if (end > 0 && output[end - 1] == '\n') {
      end--;
      if (end > 0 && output[end - 1] == '\r') {
        end--;
      }
    }
    return java.util.Arrays.copyOf(output, end);
  }

  private void applied(Secret secret) throws InterruptedException {
    List<Vault.Sealed> versions = vault.versions(secret.tenant(), secret.name());
    Optional<Vault.Sealed> next = number(versions, secret.status().newest());
    Optional<Vault.Sealed> current = number(versions, secret.status().current());
    if (next.isEmpty()) {
      return; // given up meanwhile
    }
    try {
      hook(secret, "apply", next.get(), current.orElse(null));
    } catch (Commands.FailedException e) {
      failed(secret, "apply", String.valueOf(e.getMessage()));
      return;
    }
    boundaries.pass("secret/rotate/applied");
    vault.lock().lockInterruptibly();
    Secret after;
    try {
      Secret now = vault.get(secret.tenant(), secret.name());
      if (!now.status().rotating().equals("apply")
          || now.status().newest() != secret.status().newest()) {
        return;
      }
      Vault.Change change = vault.change();
      List<Vault.Sealed> all = vault.versions(secret.tenant(), secret.name());
      after = promoted(change, now, all, number(all, now.status().newest()).orElseThrow(), SYSTEM);
      change.commit();
    } finally {
      vault.lock().unlock();
    }
    boundaries.pass("secret/rotate/in force");
    tell(after, SYSTEM);
  }

  private static Optional<Vault.Sealed> number(List<Vault.Sealed> versions, long number) {
    return versions.stream().filter(v -> v.version().number() == number).findFirst();
  }

  private Secret failed(Secret secret, String step, String why) throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      Secret now = vault.get(secret.tenant(), secret.name());
      if (!now.status().rotating().equals(step)) {
        return now;
      }
      long seconds = FIRST_RETRY.toSeconds() << Math.min(20, now.status().failures());
      Instant again = vault.now().plusSeconds(Math.min(LAST_RETRY.toSeconds(), seconds));
      Secret after = now.with(now.status().failed(why, again));
      Vault.Change change = vault.change();
      change.put(after, vault.versions(secret.tenant(), secret.name()));
      change.event(
          after,
          "secret.rotation_failed",
          Map.of(
              "step",
              step.isEmpty() ? "retire" : step,
              "error",
              why,
              "attempt",
              after.status().failures(),
              "next_attempt_at",
              again.toString()),
          SYSTEM);
      change.commit();
      LOG.warn(
          "Secret {} of tenant {} could not be rotated ({}): {}",
          secret.name(),
          secret.tenant(),
          step,
          why);
      return after;
    } finally {
      vault.lock().unlock();
    }
  }

  /// The caller holds the lock.
  Secret abandon(Secret secret, String actor) throws InterruptedException {
    if (secret.status().rotating().isEmpty()) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED, "Secret %s is not being rotated".formatted(secret.name()));
    }
    Vault.Change change = vault.change();
    List<Vault.Sealed> versions = new ArrayList<>();
    for (Vault.Sealed sealed : vault.versions(secret.tenant(), secret.name())) {
      if (sealed.version().state() == SecretVersion.State.PENDING) {
        Vault.Sealed gone = sealed.as(sealed.version().retired(vault.now()));
        change.put(secret.tenant(), secret.name(), gone);
        versions.add(gone);
      } else {
        versions.add(sealed);
      }
    }
    Secret after = secret.with(secret.status().rotating("", secret.status().newest()));
    change.put(after, versions);
    change.event(
        after, "secret.rotation_abandoned", Map.of("step", secret.status().rotating()), actor);
    change.commit();
    return after;
  }

  /// Gives up previous versions that nobody needs any more, and tells of those whose time is over
  /// although somebody does.
  private void giveUpOld(String tenant, String name) throws InterruptedException {
    for (Vault.Sealed sealed : vault.versions(tenant, name)) {
      SecretVersion version = sealed.version();
      if (version.state() != SecretVersion.State.PREVIOUS) {
        continue;
      }
      List<SecretUse> needing = uses.needing(tenant, name, version.number());
      Instant until = version.validUntil();
      boolean over = until == null || !vault.now().isBefore(until);
      boolean allHaveNewer = needing.isEmpty() && !uses.of(tenant, name).isEmpty();
      if (needing.isEmpty() && (over || allHaveNewer)) {
        var _ = retire(tenant, name, version.number(), false, SYSTEM);
      } else if (over) {
        overdue(tenant, name, version.number(), needing);
      }
    }
  }

  private void overdue(String tenant, String name, long number, List<SecretUse> needing)
      throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      Secret secret = vault.get(tenant, name);
      List<Vault.Sealed> versions = new ArrayList<>(vault.versions(tenant, name));
      Vault.Sealed sealed = number(versions, number).orElse(null);
      if (sealed == null || sealed.version().state() != SecretVersion.State.PREVIOUS) {
        return;
      }
      Vault.Change change = vault.change();
      if (!sealed.version().overdue()) {
        Vault.Sealed late = sealed.as(sealed.version().late());
        versions.replaceAll(v -> v.version().number() == number ? late : v);
        change.put(tenant, name, late);
        change.event(
            secret,
            "secret.version_overdue",
            Map.of(
                "version",
                number,
                "instances",
                needing.stream().map(SecretUse::instance).distinct().limit(MOST_TOLD).toList()),
            SYSTEM);
        LOG.warn(
            "Version {} of secret {} of tenant {} should have been given up, but {} instance(s) still have it",
            number,
            name,
            tenant,
            needing.size());
      }
      change.put(secret, versions);
      change.commit();
    } finally {
      vault.lock().unlock();
    }
  }

  /// @param force although somebody needs it
  SecretVersion retire(String tenant, String name, long number, boolean force, String actor)
      throws InterruptedException {
    Secret secret = vault.get(tenant, name);
    List<Vault.Sealed> seen = vault.versions(tenant, name);
    Vault.Sealed old = previous(secret, seen, number);
    List<String> needing =
        uses.needing(tenant, name, number).stream()
            .map(SecretUse::instance)
            .distinct()
            .sorted()
            .toList();
    if (!needing.isEmpty() && !force) {
      throw new SemperException(
          ErrorCode.DEPENDED_UPON,
          "Version %d of secret %s is still needed by %s: restart them, or force it"
              .formatted(number, name, String.join(", ", needing)),
          List.of(),
          Map.of("dependents", needing));
    }
    if (!secret.rotation().hook().isEmpty()) {
      try {
        hook(secret, "retire", old, number(seen, secret.status().current()).orElse(null));
      } catch (Commands.FailedException e) {
        failed(secret, "", String.valueOf(e.getMessage()));
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED,
            "Version %d of secret %s cannot be given up: %s"
                .formatted(number, name, e.getMessage()));
      }
    }
    boundaries.pass("secret/retire/hooked");
    vault.lock().lockInterruptibly();
    try {
      Secret now = vault.get(tenant, name);
      List<Vault.Sealed> versions = new ArrayList<>(vault.versions(tenant, name));
      Vault.Sealed retired = old.as(previous(now, versions, number).version().retired(vault.now()));
      Vault.Sealed fresh = number(versions, number).orElseThrow().as(retired.version());
      versions.replaceAll(v -> v.version().number() == number ? fresh : v);
      Vault.Change change = vault.change();
      change.put(tenant, name, fresh);
      change.put(now, versions);
      vault.dropOld(change, now, versions);
      change.event(
          now,
          "secret.version_retired",
          Map.of("version", number, "forced", !needing.isEmpty()),
          actor);
      change.commit();
      return fresh.version();
    } finally {
      vault.lock().unlock();
    }
  }

  private static Vault.Sealed previous(Secret secret, List<Vault.Sealed> versions, long number) {
    Vault.Sealed found =
        number(versions, number)
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.NOT_FOUND,
                    "Secret %s has no version %d, or has it no more"
                        .formatted(secret.name(), number)));
    if (found.version().state() != SecretVersion.State.PREVIOUS) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED,
          "Version %d of secret %s is %s; only a previous one can be given up"
              .formatted(number, secret.name(), found.version().state().id()));
    }
    return found;
  }

  private void hook(Secret secret, String verb, Vault.Sealed version, Vault.@Nullable Sealed other)
      throws Commands.FailedException, InterruptedException {
    Map<String, Object> told = new LinkedHashMap<>();
    told.put("tenant", secret.tenant());
    told.put("secret", secret.name());
    told.put("version", version.version().number());
    told.put("value", text(secret, version));
    if (other != null) {
      told.put(verb.equals("apply") ? "previous" : "current", text(secret, other));
    }
    List<String> words = new ArrayList<>(secret.rotation().hook());
    words.add(verb);
    var _ =
        Commands.run(
            words,
            variables(secret, version.version().number()),
            (Docs.write(told) + "\n").getBytes(UTF_8),
            secret.rotation().timeout());
  }

  /// Bytes that are no text are told in Base64.
  private String text(Secret secret, Vault.Sealed version) throws InterruptedException {
    byte[] value = vault.open(secret.tenant(), secret.name(), version);
    return Clear.of(value)
        .text()
        .orElseGet(() -> java.util.Base64.getEncoder().encodeToString(value));
  }

  private static Map<String, String> variables(Secret secret, long version) {
    return Map.of(
        "SEMPER_TENANT",
        secret.tenant(),
        "SEMPER_SECRET",
        secret.name(),
        "SEMPER_SECRET_VERSION",
        String.valueOf(version));
  }

  private void warn(String tenant, String name) throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      Optional<Secret> found = vault.find(tenant, name);
      if (found.isEmpty()) {
        return;
      }
      Secret secret = found.get();
      Secret.Status status = secret.status();
      Instant expires = secret.about().expiresAt();
      Instant now = vault.now();
      Vault.Change change = vault.change();
      if (expires != null && !status.expired() && !now.isBefore(expires)) {
        status = status.told(true, true);
        change.event(secret, "secret.expired", Map.of("expires_at", expires.toString()), SYSTEM);
      } else if (expires != null
          && !status.warned()
          && !now.isBefore(expires.minus(secret.about().notifyBefore()))) {
        status = status.told(true, false);
        change.event(secret, "secret.expiring", Map.of("expires_at", expires.toString()), SYSTEM);
      }
      // When it has to be looked at next is part of the row.
      change.put(secret.with(status), vault.versions(tenant, name));
      change.commit();
    } finally {
      vault.lock().unlock();
    }
  }

  @Override
  public void close() {
    Thread running;
    synchronized (this) {
      closed = true;
      running = thread;
    }
    List<Thread> all = new ArrayList<>(workers);
    if (running != null) {
      all.add(running);
    }
    all.forEach(Thread::interrupt);
    boolean interrupted = false;
    for (Thread one : all) {
      try {
        one.join(Duration.ofSeconds(5));
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
