package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operations;
import dev.semper.engine.secret.Aead.UnreadableException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Secrets as rows. Whoever changes any holds [#lock] from reading it to its commit; reading needs
/// nothing.
final class Vault {
  private static final Logger LOG = LoggerFactory.getLogger(Vault.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /// How often it is looked whether an overdue version can go.
  private static final Duration OVERDUE_CHECK = Duration.ofMinutes(1);

  /// A version with its value.
  record Sealed(SecretVersion version, long keyVersion, String bytes) {
    Sealed as(SecretVersion other) {
      return new Sealed(other, keyVersion, bytes);
    }
  }

  private record SecretDoc(
      Secret.About about, AccessPolicy access, RotationPolicy rotation, Secret.Status status) {}

  private record VersionDoc(
      SecretVersion.State state,
      Instant createdAt,
      String createdBy,
      @Nullable Instant validUntil,
      @Nullable Instant retiredAt,
      boolean overdue,
      String sealed) {}

  /// Changes that become durable together, and what follows for the keyring.
  final class Change {
    final Batch batch = new Batch();
    private final Map<Keyring.Id, Keyring.Doc> keys = new HashMap<>();

    /// Seals a value with the tenant's newest key; the first one of a tenant gets its key with it.
    Sealed seal(String tenant, String name, SecretVersion version, byte[] value)
        throws InterruptedException {
      long newest = keyring.newest(tenant);
      Keyring.Id id =
          newest == 0 ? keyring.make(tenant, "", batch, keys) : new Keyring.Id(tenant, newest);
      try {
        byte[] sealed =
            Aead.seal(keyring.key(id), value, context(tenant, name, version.number()), random);
        return new Sealed(version, id.version(), Base64.getEncoder().encodeToString(sealed));
      } catch (UnreadableException e) {
        throw new SemperException(
            ErrorCode.SECRET_UNREADABLE,
            "Secret %s of tenant %s cannot be written: its value %s"
                .formatted(name, tenant, e.getMessage()));
      }
    }

    void newKey(String tenant, String madeFor) throws InterruptedException {
      keyring.make(tenant, madeFor, batch, keys);
    }

    void put(Secret secret, List<Sealed> versions) {
      List<SecretVersion> all = versions.stream().map(Sealed::version).toList();
      SecretDoc doc =
          new SecretDoc(secret.about(), secret.access(), secret.rotation(), secret.status());
      batch.put(
          new Row.Secret(
              secret.tenant(), secret.name(), due(secret, all, clock.instant()), Docs.write(doc)));
    }

    void put(String tenant, String name, Sealed sealed) {
      SecretVersion v = sealed.version();
      VersionDoc doc =
          new VersionDoc(
              v.state(),
              v.createdAt(),
              v.createdBy(),
              v.validUntil(),
              v.retiredAt(),
              v.overdue(),
              sealed.bytes());
      batch.put(
          new Row.SecretVersion(tenant, name, v.number(), sealed.keyVersion(), Docs.write(doc)));
    }

    void event(Secret secret, String type, Map<String, Object> facts, String actor) {
      Map<String, Object> all = new HashMap<>(facts);
      all.put("secret", secret.name());
      batch.event(clock.instant(), secret.tenant(), null, null, type, all, null, actor);
    }

    /// Writes it with the audit record of the request that asked for it, if one did.
    void commit() throws InterruptedException {
      if (Operations.WITNESS.isBound()) {
        batch.audit(Operations.WITNESS.get().of(null));
      }
      store.commit(batch, PATIENCE);
      keyring.added(keys);
    }
  }

  private final Store store;
  private final Keyring keyring;
  private final Clock clock;
  private final SecureRandom random;
  private final int history;
  private final ReentrantLock lock = new ReentrantLock();
  private final Set<String> complained = ConcurrentHashMap.newKeySet();

  /// @param history retired versions kept
  Vault(Store store, Keyring keyring, Clock clock, SecureRandom random, int history) {
    this.store = store;
    this.keyring = keyring;
    this.clock = clock;
    this.random = random;
    this.history = history;
  }

  ReentrantLock lock() {
    return lock;
  }

  Change change() {
    return new Change();
  }

  SecureRandom random() {
    return random;
  }

  Instant now() {
    return clock.instant();
  }

  List<Secret> list(@Nullable String tenant) {
    return store.secrets(tenant).stream().map(Vault::secret).toList();
  }

  Optional<Secret> find(String tenant, String name) {
    return store.secret(tenant, name).map(Vault::secret);
  }

  Secret get(String tenant, String name) {
    return find(tenant, name).orElseThrow(() -> Refusals.missing(tenant, name));
  }

  static Secret secret(Row.Secret row) {
    SecretDoc doc = Docs.read(row.doc(), SecretDoc.class);
    return new Secret(
        row.tenant(), row.name(), doc.about(), doc.access(), doc.rotation(), doc.status());
  }

  /// Newest first.
  List<Sealed> versions(String tenant, String name) {
    return store.secretVersions(tenant, name).stream().map(Vault::sealed).toList();
  }

  Optional<Sealed> version(String tenant, String name, long number) {
    return store.secretVersion(tenant, name, number).map(Vault::sealed);
  }

  static Sealed sealed(Row.SecretVersion row) {
    VersionDoc doc = Docs.read(row.doc(), VersionDoc.class);
    SecretVersion version =
        new SecretVersion(
            row.number(),
            doc.state(),
            doc.createdAt(),
            doc.createdBy(),
            doc.validUntil(),
            doc.retiredAt(),
            doc.overdue());
    return new Sealed(version, row.keyVersion(), doc.sealed());
  }

  /// Gives a value.
  ///
  /// @throws SemperException SECRET_UNREADABLE; the others can be read
  byte[] open(String tenant, String name, Sealed sealed) throws InterruptedException {
    try {
      return opened(tenant, name, sealed);
    } catch (UnreadableException e) {
      Optional<Sealed> again = version(tenant, name, sealed.version().number());
      if (again.isPresent() && again.get().keyVersion() != sealed.keyVersion()) {
        try {
          return opened(tenant, name, again.get()); // sealed anew meanwhile
        } catch (UnreadableException other) {
          throw unreadable(tenant, name, sealed, other);
        }
      }
      throw unreadable(tenant, name, sealed, e);
    }
  }

  byte[] opened(String tenant, String name, Sealed sealed)
      throws UnreadableException, InterruptedException {
    byte[] key = keyring.key(new Keyring.Id(tenant, sealed.keyVersion()));
    byte[] bytes;
    try {
      bytes = Base64.getDecoder().decode(sealed.bytes());
    } catch (IllegalArgumentException e) {
      throw new UnreadableException("was changed");
    }
    return Aead.open(key, bytes, context(tenant, name, sealed.version().number()));
  }

  private SemperException unreadable(
      String tenant, String name, Sealed sealed, UnreadableException why)
      throws InterruptedException {
    long number = sealed.version().number();
    String message =
        "Version %d of secret %s of tenant %s cannot be read: it %s. The others are not affected; set a new value, or restore the database"
            .formatted(number, name, tenant, why.getMessage());
    if (complained.add(tenant + "/" + name + "/" + number)) {
      LOG.error(message);
      store.commit(
          new Batch()
              .event(
                  now(),
                  tenant,
                  null,
                  null,
                  "secret.unreadable",
                  Map.of("secret", name, "version", number),
                  null,
                  "system"),
          PATIENCE);
    }
    return new SemperException(ErrorCode.SECRET_UNREADABLE, message);
  }

  private static byte[] context(String tenant, String name, long number) {
    return Aead.context("secret", tenant, name, String.valueOf(number));
  }

  /// Puts a version in force; the one before stays good for the overlap.
  ///
  /// @param before all versions but the new one
  /// @return the secret as it then is
  Secret putInForce(Change change, Secret secret, List<Sealed> before, Sealed next) {
    Instant now = now();
    List<Sealed> all = new ArrayList<>();
    Sealed inForce = next.as(next.version().current());
    all.add(inForce);
    change.put(secret.tenant(), secret.name(), inForce);
    for (Sealed old : before) {
      if (old.version().number() == next.version().number()) {
        continue;
      }
      if (old.version().state() == SecretVersion.State.CURRENT) {
        Sealed previous = old.as(old.version().previous(now.plus(secret.rotation().overlap())));
        change.put(secret.tenant(), secret.name(), previous);
        all.add(previous);
      } else {
        all.add(old);
      }
    }
    Secret after = secret.with(secret.status().inForce(next.version().number(), now));
    change.put(after, all);
    dropOld(change, after, all);
    return after;
  }

  /// Removes retired versions beyond those that are kept.
  void dropOld(Change change, Secret secret, List<Sealed> all) {
    all.stream()
        .filter(s -> s.version().state() == SecretVersion.State.RETIRED)
        .sorted(Comparator.comparingLong((Sealed s) -> s.version().number()).reversed())
        .skip(history)
        .forEach(s ->
            change.batch.delete(
                new Row.SecretVersion(
                    secret.tenant(), secret.name(), s.version().number(), 0, "")));
  }

  /// When the engine has to look at a secret next.
  static @Nullable Instant due(Secret secret, List<SecretVersion> versions, Instant now) {
    List<Instant> times = new ArrayList<>();
    Secret.Status status = secret.status();
    Instant retry = status.retryAt();
    if (!status.rotating().isEmpty()) {
      times.add(retry == null ? now : retry);
    } else if (secret.rotation().enabled() && status.rotatedAt() != null) {
      Instant next = status.rotatedAt().plus(secret.rotation().interval());
      times.add(retry != null && retry.isAfter(next) ? retry : next);
    }
    for (SecretVersion version : versions) {
      Instant until = version.validUntil();
      if (version.state() == SecretVersion.State.PREVIOUS && until != null) {
        Instant next = version.overdue() ? now.plus(OVERDUE_CHECK) : until;
        times.add(retry != null && retry.isAfter(next) ? retry : next);
      }
    }
    Instant expires = secret.about().expiresAt();
    if (expires != null && !status.warned()) {
      times.add(expires.minus(secret.about().notifyBefore()));
    }
    if (expires != null && !status.expired()) {
      times.add(expires);
    }
    return times.stream().min(Comparator.naturalOrder()).orElse(null);
  }
}
