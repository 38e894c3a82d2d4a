package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.store.AuditEntry;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Secrets: writing them, seeing them, giving them to who needs them, and giving them up. For any
/// thread.
public final class Secrets implements AutoCloseable {
  private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final int MOST_TAGS = 20;

  /// Is told when another version of a secret is in force; must not block.
  @FunctionalInterface
  public interface Listener {
    void changed(String tenant, String name, long version, String actor);
  }

  private final Store store;
  private final Keyring keyring;
  private final Vault vault;
  private final Approvals approvals;
  private final Uses uses;
  private final Rotations rotations;
  private final Rekeying rekeying;
  private final Boundaries boundaries;
  private volatile boolean used = true;

  /// Opens what there is.
  ///
  /// @throws SemperException PRECONDITION_FAILED if a master key that is needed is not there, is
  ///   another one, or could be read by others
  public Secrets(
      Store store, Path home, SecretSettings settings, Clock clock, Boundaries boundaries)
      throws InterruptedException {
    this.store = store;
    this.boundaries = boundaries;
    SecureRandom random = new SecureRandom();
    MasterKeySource master =
        settings.master() == null
            ? new MasterKeySource.File(home.resolve("master.key"))
            : settings.master();
    keyring = new Keyring(store, master, settings.previous(), clock, random);
    vault = new Vault(store, keyring, clock, random, settings.history());
    approvals = new Approvals(store, vault, settings.approvalValid());
    uses = new Uses(store);
    rotations = new Rotations(store, vault, uses, boundaries);
    rekeying = new Rekeying(store, keyring, vault, boundaries);
    keyring.load();
  }

  /// Goes on with what was under way.
  public void open() {
    rekeying.resume();
    if (store.nextSecretDue().isPresent()) {
      rotations.wake();
    }
  }

  public void onChange(Listener listener) {
    rotations.onChange(listener);
  }

  // Looking.

  /// In the order of tenants and names; null = of all tenants.
  public List<Secret> list(@Nullable String tenant) {
    return vault.list(tenant);
  }

  /// @throws SemperException NOT_FOUND
  public Secret get(String tenant, String name) {
    return vault.get(tenant, name);
  }

  public Optional<Secret> find(String tenant, String name) {
    return vault.find(tenant, name);
  }

  /// Newest first.
  public List<SecretVersion> history(String tenant, String name) {
    vault.get(tenant, name);
    return vault.versions(tenant, name).stream().map(Vault.Sealed::version).toList();
  }

  /// Which instances have which version.
  public List<SecretUse> uses(String tenant, String name) {
    vault.get(tenant, name);
    return uses.of(tenant, name);
  }

  /// Shows a value. The audit record is durable before it is given.
  ///
  /// @throws SemperException NOT_FOUND, APPROVAL_REQUIRED, SECRET_UNREADABLE
  public Revealed reveal(RevealRequest request) throws InterruptedException {
    return locked(() -> {
      Secret secret = vault.get(request.tenant(), request.name());
      long number = request.version() == null ? secret.status().current() : request.version();
      Vault.Sealed sealed =
          vault
              .version(request.tenant(), request.name(), number)
              .orElseThrow(() ->
                  new SemperException(
                      ErrorCode.NOT_FOUND,
                      "Secret %s has no version %d, or has it no more"
                          .formatted(request.name(), number)));
      Vault.Change change = vault.change();
      if (secret.access().requireApproval()) {
        approvals.use(change, secret, request.actor());
      }
      byte[] value = vault.open(request.tenant(), request.name(), sealed);
      change.put(
          secret.with(secret.status().read(vault.now(), request.actor())),
          vault.versions(request.tenant(), request.name()));
      if (!Operations.WITNESS.isBound()) {
        change.batch.audit(
            new AuditEntry(
                vault.now(),
                request.tenant(),
                request.actor(),
                request.origin(),
                "secret.reveal",
                request.tenant() + "/" + request.name(),
                "granted",
                Map.of("version", number, "reason", request.reason())));
      }
      boundaries.pass("secret/reveal/checked");
      change.commit();
      return new Revealed(request.tenant(), request.name(), number, Clear.of(value));
    });
  }

  // Writing.

  /// Makes a secret, gives it another value, or changes what is known of it.
  ///
  /// @throws SemperException INVALID_REQUEST, STALE_REVISION if it has moved on from what was
  ///   expected, OPERATION_IN_PROGRESS while a rotation is under way, APPROVAL_REQUIRED to take the
  ///   need of approval away
  public Secret put(SecretWrite write) throws InterruptedException {
    check(write);
    Secret after = locked(() -> written(write));
    if (write.value() != null || write.generate()) {
      rotations.tell(after, write.actor());
    }
    rotations.wake();
    return after;
  }

  private static void check(SecretWrite write) {
    Refusals.require(
        NAME.matcher(write.name()).matches(),
        "name",
        "must be 1 to 63 characters a-z, 0-9 and -, starting with a letter or digit");
    Refusals.require(
        write.value() == null || !write.generate(), "value", "must not be given and generated");
    Refusals.require(
        write.value() == null
            || (write.value().size() > 0 && write.value().size() <= Clear.MAX_BYTES),
        "value",
        "must be 1 byte to 64 KiB");
    Refusals.require(
        write.description() == null || write.description().length() <= 1000,
        "description",
        "must be at most 1000 characters");
    List<String> tags = write.tags();
    Refusals.require(
        tags == null
            || (tags.size() <= MOST_TAGS
                && tags.stream().allMatch(t -> !t.isBlank() && t.length() <= 63)),
        "tags",
        "must be at most 20, each of 1 to 63 characters");
    Duration notice = write.notifyBefore();
    Refusals.require(
        notice == null || (!notice.isNegative() && notice.toDays() <= 365),
        "notify_before",
        "must be 0s to 365d");
  }

  private Secret written(SecretWrite write) throws InterruptedException {
    Optional<Secret> before = vault.find(write.tenant(), write.name());
    refuseStale(write, before);
    boolean value = write.value() != null || write.generate();
    Refusals.require(
        value || before.isPresent(), "value", "is missing: there is no such secret yet");
    if (value && before.isPresent() && !before.get().status().rotating().isEmpty()) {
      throw inProgress(before.get());
    }
    Vault.Change change = vault.change();
    Secret secret = described(write, before, value);
    if (before.isPresent()
        && before.get().access().requireApproval()
        && !secret.access().requireApproval()) {
      approvals.use(change, before.get(), write.actor());
    }
    List<Vault.Sealed> versions = vault.versions(write.tenant(), write.name());
    Secret after;
    if (value) {
      long number = secret.status().newest() + 1;
      SecretVersion version =
          new SecretVersion(
              number, SecretVersion.State.PENDING, vault.now(), write.actor(), null, null, false);
      byte[] bytes = write.value() == null ? generated(secret) : write.value().bytes();
      Vault.Sealed sealed = change.seal(write.tenant(), write.name(), version, bytes);
      secret = secret.with(secret.status().rotating("", number));
      after = vault.putInForce(change, secret, versions, sealed);
      change.event(
          after,
          before.isEmpty() ? "secret.created" : "secret.version_set",
          Map.of("version", number, "previous", before.map(s -> s.status().current()).orElse(0L)),
          write.actor());
    } else {
      after = secret;
      change.put(after, versions);
      change.event(
          after, "secret.updated", Map.of("version", after.status().current()), write.actor());
    }
    boundaries.pass("secret/set/checked");
    change.commit();
    boundaries.pass("secret/set/durable");
    return after;
  }

  private byte[] generated(Secret secret) {
    Refusals.require(
        secret.rotation().generator().command().isEmpty(),
        "generate",
        "is made by a command here: rotate the secret instead");
    return secret.rotation().generator().draw(vault.random());
  }

  private static void refuseStale(SecretWrite write, Optional<Secret> before) {
    Long expected = write.expected();
    long present = before.map(s -> s.status().current()).orElse(0L);
    if (expected != null && expected != present) {
      throw new SemperException(
          ErrorCode.STALE_REVISION,
          "Secret %s is at version %d, not %d; read it again and repeat your change"
              .formatted(write.name(), present, expected),
          List.of(),
          Map.of("version", present));
    }
  }

  private static SemperException inProgress(Secret secret) {
    return new SemperException(
        ErrorCode.OPERATION_IN_PROGRESS,
        "Secret %s is being rotated (%s%s); wait for its end, or give it up: semper secret rotate %s --abandon"
            .formatted(
                secret.name(),
                secret.status().rotating(),
                secret.status().error().isEmpty() ? "" : ": " + secret.status().error(),
                secret.name()));
  }

  private Secret described(SecretWrite write, Optional<Secret> before, boolean value) {
    Instant now = vault.now();
    Secret.About was = before.map(Secret::about).orElse(null);
    Instant expires = write.expiresAt();
    if (expires == null && was != null && !value) {
      expires = was.expiresAt();
    }
    if (SecretWrite.NEVER.equals(expires)) {
      expires = null;
    }
    Duration notice = write.notifyBefore();
    Secret.About about =
        new Secret.About(
            write.description() != null
                ? write.description()
                : was == null ? "" : was.description(),
            write.tags() != null ? write.tags() : was == null ? List.of() : was.tags(),
            expires,
            notice != null ? notice : was == null ? Duration.ofHours(1) : was.notifyBefore(),
            was == null ? now : was.createdAt(),
            was == null ? write.actor() : was.createdBy(),
            now,
            write.actor());
    Secret.Status status = before.map(Secret::status).orElse(Secret.Status.NEW);
    if (write.expiresAt() != null) {
      status = status.told(false, false);
    }
    return new Secret(
        write.tenant(),
        write.name(),
        about,
        write.access() != null
            ? write.access()
            : before.map(Secret::access).orElse(AccessPolicy.DEFAULT),
        write.rotation() != null
            ? write.rotation()
            : before.map(Secret::rotation).orElse(RotationPolicy.DEFAULT),
        status);
  }

  /// Removes a secret with all its values.
  ///
  /// @param force although instances have it
  /// @throws SemperException DEPENDED_UPON
  public void delete(String tenant, String name, boolean force, String actor)
      throws InterruptedException {
    locked(() -> {
      Secret secret = vault.get(tenant, name);
      List<String> used =
          uses.of(tenant, name).stream().map(SecretUse::instance).distinct().sorted().toList();
      if (!used.isEmpty() && !force) {
        throw new SemperException(
            ErrorCode.DEPENDED_UPON,
            "Secret %s is in use by %s: take it out of their configuration, or force it"
                .formatted(name, String.join(", ", used)),
            List.of(),
            Map.of("dependents", used));
      }
      Vault.Change change = vault.change();
      change.batch.delete(new Row.Secret(tenant, name, null, ""));
      store.secretVersions(tenant, name).forEach(change.batch::delete);
      store.secretUses(tenant, name).forEach(change.batch::delete);
      approvals.drop(change, secret);
      change.event(secret, "secret.deleted", Map.of(), actor);
      boundaries.pass("secret/delete/checked");
      change.commit();
      return secret;
    });
  }

  /// Begins a rotation: makes a new value, has it applied by the hook if there is one, puts it in
  /// force, and gives the old one up when nobody needs it any more.
  ///
  /// @param value null = the generator makes it
  /// @return as it is now; [Secret.Status#rotating] tells whether there is more to come
  public Secret rotate(String tenant, String name, @Nullable Clear value, String actor)
      throws InterruptedException {
    Refusals.require(
        value == null || (value.size() > 0 && value.size() <= Clear.MAX_BYTES),
        "value",
        "must be 1 byte to 64 KiB");
    long before = vault.get(tenant, name).status().current();
    Secret after =
        locked(() -> {
          Secret secret = vault.get(tenant, name);
          if (!secret.status().rotating().isEmpty()) {
            throw inProgress(secret);
          }
          return rotations.begin(secret, value == null ? null : value.bytes(), actor);
        });
    if (after.status().current() != before && after.status().rotating().isEmpty()) {
      rotations.tell(after, actor);
    }
    rotations.wake();
    return after;
  }

  /// Gives up a rotation that does not come to its end; the version in force stays.
  public Secret abandon(String tenant, String name, String actor) throws InterruptedException {
    return locked(() -> rotations.abandon(vault.get(tenant, name), actor));
  }

  /// Gives up a version before its time.
  ///
  /// @param force although somebody still has it
  /// @throws SemperException DEPENDED_UPON
  public SecretVersion retire(String tenant, String name, long version, boolean force, String actor)
      throws InterruptedException {
    vault.get(tenant, name);
    return rotations.retire(tenant, name, version, force, actor);
  }

  // Approval.

  /// Newest first; null matters not.
  public List<Approval> approvals(@Nullable String tenant, @Nullable String name, int limit) {
    return approvals.list(tenant, name, limit);
  }

  /// Asks for the approval of another administrator to see a secret once.
  public Approval requestApproval(String tenant, String name, String reason, String actor)
      throws InterruptedException {
    return locked(() -> approvals.request(vault.get(tenant, name), reason, actor));
  }

  /// @param tenant null = whichever the request is of
  public Approval decide(@Nullable String tenant, String id, boolean approve, String actor)
      throws InterruptedException {
    return locked(() -> approvals.decide(tenant, id, approve, actor));
  }

  // Keys.

  /// Begins to change keys; goes on by itself, over restarts too.
  ///
  /// @param master whether data keys are wrapped by a new master key, or by the one that the
  ///   settings name now
  /// @param data whether tenants get new data keys and every value is sealed anew
  /// @throws SemperException OPERATION_IN_PROGRESS, PRECONDITION_FAILED
  public Rekey rekey(boolean master, boolean data, String actor) throws InterruptedException {
    return rekeying.begin(master, data, actor);
  }

  /// The newest first.
  public List<Rekey> rekeys(int limit) {
    return rekeying.list(limit);
  }

  // For those who need values.

  /// Whether a secret is there for somebody.
  ///
  /// @param id `NAME`, or `TENANT/NAME` of another tenant that allows it
  /// @throws SemperException NOT_FOUND, FORBIDDEN
  public void check(String id, Receiver receiver) {
    allowed(Handover.place(receiver.tenant(), id), receiver);
  }

  private Secret allowed(Handover.Place place, Receiver receiver) {
    boolean own = place.tenant().equals(receiver.tenant());
    Optional<Secret> found = vault.find(place.tenant(), place.name());
    String refusal =
        found.map(s -> s.access().refusal(place.tenant(), receiver)).orElse("is not there");
    if (found.isEmpty() || (!own && !refusal.isEmpty())) {
      // Of other tenants it is not told what they have.
      throw new SemperException(
          ErrorCode.NOT_FOUND,
          "there is no secret %s in tenant %s%s"
              .formatted(
                  place.name(), place.tenant(), own ? "" : " for tenant " + receiver.tenant()));
    }
    if (!refusal.isEmpty()) {
      throw new SemperException(
          ErrorCode.FORBIDDEN, "secret %s %s".formatted(place.name(), refusal));
    }
    return found.get();
  }

  /// Begins to give values to an instance.
  public Handover handOver(Receiver receiver) {
    return new Handover(this, receiver);
  }

  Vault.Sealed inForce(Handover.Place place, Receiver receiver) {
    Secret secret = allowed(place, receiver);
    return vault
        .version(place.tenant(), place.name(), secret.status().current())
        .or(() ->
            vault.version(
                place.tenant(),
                place.name(),
                vault.get(place.tenant(), place.name()).status().current()))
        .orElseThrow(() -> Refusals.missing(place.tenant(), place.name()));
  }

  byte[] open(Handover.Place place, Vault.Sealed sealed) throws InterruptedException {
    return vault.open(place.tenant(), place.name(), sealed);
  }

  boolean delivered(Receiver receiver, Map<Handover.Place, Long> given)
      throws InterruptedException {
    String incarnation = receiver.incarnation();
    return !given.isEmpty()
        && incarnation != null
        && locked(() -> recorded(receiver, incarnation, given));
  }

  private boolean recorded(Receiver receiver, String incarnation, Map<Handover.Place, Long> given)
      throws InterruptedException {
    Batch batch = new Batch();
    Instant now = vault.now();
    Map<String, Object> facts = new LinkedHashMap<>();
    String workload = String.valueOf(receiver.workload());
    facts.put("workload", workload);
    facts.put("instance", receiver.instance());
    facts.put("incarnation", incarnation);
    for (Map.Entry<Handover.Place, Long> entry : given.entrySet()) {
      Handover.Place place = entry.getKey();
      Optional<SecretUse> has = uses.of(place.tenant(), place.name(), incarnation);
      if (has.isPresent() && has.get().version() == entry.getValue()) {
        continue;
      }
      SecretUse use =
          new SecretUse(
              receiver.tenant(),
              workload,
              String.valueOf(receiver.instance()),
              incarnation,
              entry.getValue(),
              now,
              null);
      batch.put(Uses.row(place.tenant(), place.name(), use));
      Map<String, Object> detail = new LinkedHashMap<>(facts);
      detail.put("version", entry.getValue());
      batch.audit(
          new AuditEntry(
              now,
              place.tenant(),
              "workload:" + receiver.tenant() + "/" + workload,
              "local",
              "secret.deliver",
              place.tenant() + "/" + place.name(),
              "granted",
              detail));
    }
    if (batch.isEmpty()) {
      return false;
    }
    boundaries.pass("secret/deliver/given");
    store.commit(batch, PATIENCE);
    used = true;
    boundaries.pass("secret/deliver/durable");
    return true;
  }

  /// An instance is well with what it was given last.
  public void adopted(String incarnation) throws InterruptedException {
    look(locked(() -> markAdopted(incarnation)));
  }

  private List<Handover.Place> markAdopted(String incarnation) throws InterruptedException {
    Batch batch = new Batch();
    List<Handover.Place> places = new ArrayList<>();
    for (Row.SecretUse row : store.secretUses(incarnation)) {
      SecretUse use = Uses.use(row);
      if (use.adoptedAt() == null) {
        SecretUse adopted =
            new SecretUse(
                use.tenant(),
                use.workload(),
                use.instance(),
                use.incarnation(),
                use.version(),
                use.deliveredAt(),
                vault.now());
        batch.put(Uses.row(row.tenant(), row.name(), adopted));
        places.add(new Handover.Place(row.tenant(), row.name()));
      }
    }
    store.commit(batch, PATIENCE);
    return places;
  }

  private void look(List<Handover.Place> places) throws InterruptedException {
    for (Handover.Place place : places) {
      rotations.look(place.tenant(), place.name());
    }
  }

  /// An incarnation is gone, and needs nothing any more.
  public void forget(String incarnation) throws InterruptedException {
    look(
        locked(() -> {
          Batch batch = new Batch();
          List<Handover.Place> places = new ArrayList<>();
          for (Row.SecretUse row : store.secretUses(incarnation)) {
            batch.delete(row);
            places.add(new Handover.Place(row.tenant(), row.name()));
          }
          store.commit(batch, PATIENCE);
          return places;
        }));
  }

  /// Gives up what an earlier server had no time to when its readers had adopted something newer.
  public void settle() throws InterruptedException {
    Set<Handover.Place> places = new LinkedHashSet<>();
    store.secretUses().forEach(row -> places.add(new Handover.Place(row.tenant(), row.name())));
    for (Handover.Place place : places) {
      rotations.begin(place.tenant(), place.name());
    }
  }

  /// Incarnations that have something.
  public List<String> users() {
    List<String> users = store.secretUsers();
    used = !users.isEmpty();
    return users;
  }

  /// Whether any incarnation may have something.
  public boolean hasUsers() {
    return used;
  }

  /// A secret of which somebody has an older version than the one in force.
  public record Lag(String tenant, String name, long version) {}

  public List<Lag> lagging() {
    return lagging(store.secretUses());
  }

  public List<Lag> lagging(String incarnation) {
    return lagging(store.secretUses(incarnation));
  }

  private List<Lag> lagging(List<Row.SecretUse> rows) {
    Map<Handover.Place, Lag> lagging = new LinkedHashMap<>();
    Map<Handover.Place, Long> current = new HashMap<>();
    for (Row.SecretUse row : rows) {
      Handover.Place place = new Handover.Place(row.tenant(), row.name());
      long version =
          current.computeIfAbsent(
              place,
              p -> vault.find(p.tenant(), p.name()).map(s -> s.status().current()).orElse(0L));
      if (version > Uses.use(row).version()) {
        lagging.put(place, new Lag(row.tenant(), row.name(), version));
      }
    }
    return List.copyOf(lagging.values());
  }

  private interface Work<T> {
    T done() throws InterruptedException;
  }

  private <T> T locked(Work<T> work) throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      return work.done();
    } finally {
      vault.lock().unlock();
    }
  }

  /// Ends what it does on its own; it goes on with the next start.
  @Override
  public void close() {
    rotations.close();
    rekeying.close();
  }
}
