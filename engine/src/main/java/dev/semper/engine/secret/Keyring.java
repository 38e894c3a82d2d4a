package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.Aead.UnreadableException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The data keys of tenants and the master keys that wrap them. Data keys are unwrapped when they
/// are first needed. Writers hold the vault's lock; readers need none.
final class Keyring {
  private static final Logger LOG = LoggerFactory.getLogger(Keyring.class);
  private static final Duration PATIENCE = Duration.ofSeconds(5);

  /// A data key by its place.
  record Id(String tenant, long version) {}

  /// A data key as it is stored.
  ///
  /// @param wrappedBy id of the master key
  /// @param check fingerprint of the data key
  /// @param madeFor the change of keys that made it; empty = it is a tenant's first
  record Doc(String wrappedBy, String wrapped, String check, Instant createdAt, String madeFor) {}

  private final Store store;
  private final MasterKeySource source;
  private final @Nullable MasterKeySource previous;
  private final Clock clock;
  private final SecureRandom random;
  private final Map<String, MasterKey> masters = new ConcurrentHashMap<>();
  private final Map<Id, Doc> docs = new ConcurrentHashMap<>();
  private final Map<Id, byte[]> open = new ConcurrentHashMap<>();
  private volatile @Nullable MasterKey current;

  Keyring(
      Store store,
      MasterKeySource source,
      @Nullable MasterKeySource previous,
      Clock clock,
      SecureRandom random) {
    this.store = store;
    this.source = source;
    this.previous = previous;
    this.clock = clock;
    this.random = random;
  }

  /// Reads what there is and refuses to go on without the master keys that are needed. Touches no
  /// master key if there is nothing to open.
  ///
  /// @throws SemperException PRECONDITION_FAILED
  void load() throws InterruptedException {
    for (Row.SecretKey row : store.secretKeys()) {
      docs.put(new Id(row.tenant(), row.version()), Docs.read(row.doc(), Doc.class));
    }
    if (docs.isEmpty()) {
      return;
    }
    if (store.countSecrets(null) == 0) {
      forget();
      return;
    }
    gather();
    Map<String, Long> missing = new TreeMap<>();
    docs.values().stream()
        .map(Doc::wrappedBy)
        .filter(id -> !masters.containsKey(id))
        .filter(
            id -> !(id.startsWith(MasterKey.Remote.PREFIX) && current instanceof MasterKey.Remote))
        .forEach(id -> missing.merge(id, 1L, Long::sum));
    if (!missing.isEmpty()) {
      throw new SemperException(ErrorCode.PRECONDITION_FAILED, lost(missing));
    }
    proveRemote();
    MasterKey now = current;
    if (now != null && docs.values().stream().anyMatch(d -> !d.wrappedBy().equals(now.id()))) {
      LOG.warn(
          "some data keys of secrets are still wrapped by an older master key: keep it, and run semper secret rekey");
    }
  }

  /// Data keys that nothing is sealed with need not be opened ever again.
  private void forget() throws InterruptedException {
    Batch batch = new Batch();
    docs.keySet().forEach(id -> batch.delete(new Row.SecretKey(id.tenant(), id.version(), "")));
    store.commit(batch, PATIENCE);
    docs.clear();
  }

  private void gather() {
    masters.clear();
    MasterKey now = read(source);
    current = now;
    if (now != null) {
      masters.put(now.id(), now);
    }
    if (previous != null) {
      MasterKey before = read(previous);
      if (before == null) {
        throw KeyFiles.refused(
            "The previous master key is not there: %s; if everything is wrapped by the new one, take secrets.previous_master_key_* out of the settings"
                .formatted(previous));
      }
      masters.put(before.id(), before);
    }
    // One that a change of keys has made and not yet put in place.
    if (source instanceof MasterKeySource.File(Path path) && Files.exists(next(path))) {
      MasterKey next = read(new MasterKeySource.File(next(path)));
      if (next != null) {
        masters.put(next.id(), next);
      }
    }
  }

  static Path next(Path file) {
    return file.resolveSibling(file.getFileName() + ".new");
  }

  /// Null if it is not there.
  private static @Nullable MasterKey read(MasterKeySource source) {
    return switch (source) {
      case MasterKeySource.File(Path path) -> {
        try {
          yield KeyFiles.read(path);
        } catch (NoSuchFileException _) {
          yield null;
        }
      }
      case MasterKeySource.Env(String name) -> {
        String hex = System.getenv(name);
        yield hex == null || hex.isBlank() ? null : KeyFiles.parse(hex, source.toString());
      }
      case MasterKeySource.Command(List<String> words) -> new MasterKey.Remote(words);
    };
  }

  private String lost(Map<String, Long> missing) {
    MasterKey now = current;
    return "The secrets of this server are wrapped by master key %s, but %s %s: put the right key back from your copy, or name where it is as secrets.previous_master_key_file. Nothing was changed; without it %d secrets cannot be read"
        .formatted(
            String.join(" and ", missing.keySet()),
            source,
            now == null ? "is not there" : "holds " + now.id(),
            store.countSecrets(null));
  }

  /// Whether a program is the right one is known only when it has unwrapped something.
  private void proveRemote() throws InterruptedException {
    for (String id : new TreeSet<>(docs.values().stream().map(Doc::wrappedBy).toList())) {
      if (!id.startsWith(MasterKey.Remote.PREFIX)) {
        continue;
      }
      Id one =
          docs.entrySet().stream()
              .filter(e -> e.getValue().wrappedBy().equals(id))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElseThrow();
      try {
        var _ = key(one);
      } catch (UnreadableException e) {
        throw KeyFiles.refused(
            "The data key of tenant %s %s. It is wrapped by %s: see that %s works and has the right key. Nothing was changed; without it %d secrets cannot be read"
                .formatted(one.tenant(), e.getMessage(), id, source, store.countSecrets(null)));
      }
    }
  }

  /// The master key that wraps from now on; a file is made if there is none and nothing is wrapped
  /// yet.
  MasterKey master() {
    MasterKey now = current;
    if (now == null) {
      if (masters.isEmpty()) {
        gather();
      }
      now = current;
    }
    if (now == null) {
      if (!docs.isEmpty() || !(source instanceof MasterKeySource.File(Path path))) {
        throw KeyFiles.refused(
            "Nothing can be kept secret: the master key is not there (%s). Give it 64 hex digits, as `openssl rand -hex 32` writes them"
                .formatted(source));
      }
      now = KeyFiles.make(path, random);
      use(now);
    }
    return now;
  }

  MasterKeySource source() {
    return source;
  }

  /// Another one wraps from now on.
  void use(MasterKey key) {
    masters.put(key.id(), key);
    current = key;
  }

  /// The newest data key of a tenant; 0 if there is none.
  long newest(String tenant) {
    return docs.keySet().stream()
        .filter(id -> id.tenant().equals(tenant))
        .mapToLong(Id::version)
        .max()
        .orElse(0);
  }

  /// Adds a data key to a batch; it counts once [#added] was called.
  Id make(String tenant, String madeFor, Batch batch, Map<Id, Doc> made)
      throws InterruptedException {
    Id id = new Id(tenant, newest(tenant) + 1);
    byte[] key = new byte[Aead.KEY_BYTES];
    random.nextBytes(key);
    Doc doc = wrapped(id, key, master(), clock.instant(), madeFor);
    batch.put(row(id, doc));
    made.put(id, doc);
    open.put(id, key);
    return id;
  }

  void added(Map<Id, Doc> made) {
    docs.putAll(made);
  }

  /// The same data key wrapped by another master key.
  Doc rewrapped(Id id, MasterKey by) throws UnreadableException, InterruptedException {
    Doc doc = doc(id);
    return wrapped(id, key(id), by, doc.createdAt(), doc.madeFor());
  }

  private Doc wrapped(Id id, byte[] key, MasterKey by, Instant createdAt, String madeFor)
      throws InterruptedException {
    byte[] wrapped = by.wrap(key, context(id), random);
    String text = Base64.getEncoder().encodeToString(wrapped);
    return new Doc(by.id(), text, check(key), createdAt, madeFor);
  }

  static Row.SecretKey row(Id id, Doc doc) {
    return new Row.SecretKey(id.tenant(), id.version(), Docs.write(doc));
  }

  void dropped(Id id) {
    docs.remove(id);
    open.remove(id);
  }

  boolean has(Id id) {
    return docs.containsKey(id);
  }

  Map<Id, Doc> all() {
    return new LinkedHashMap<>(docs);
  }

  /// Those that another master key than this one wraps, in order.
  List<Id> notWrappedBy(String master) {
    List<Id> ids = new ArrayList<>();
    docs.forEach((id, doc) -> {
      if (!doc.wrappedBy().equals(master)) {
        ids.add(id);
      }
    });
    ids.sort(Comparator.comparing(Id::tenant).thenComparingLong(Id::version));
    return ids;
  }

  private Doc doc(Id id) throws UnreadableException {
    Doc doc = docs.get(id);
    if (doc == null) {
      throw new UnreadableException(
          "is sealed with data key %d, which is gone".formatted(id.version()));
    }
    return doc;
  }

  /// A data key, unwrapped.
  byte[] key(Id id) throws UnreadableException, InterruptedException {
    byte[] known = open.get(id);
    if (known != null) {
      return known;
    }
    Doc doc = doc(id);
    MasterKey master = masters.get(doc.wrappedBy());
    if (master == null && current instanceof MasterKey.Remote remote) {
      master = remote; // the program was moved
    }
    if (master == null) {
      throw new UnreadableException("needs master key " + doc.wrappedBy() + ", which is not there");
    }
    byte[] key;
    try {
      key = master.unwrap(Base64.getDecoder().decode(doc.wrapped()), context(id));
    } catch (UnreadableException | IllegalArgumentException e) {
      throw new UnreadableException(
          "needs data key %d, which %s".formatted(id.version(), reason(e)));
    }
    if (!check(key).equals(doc.check())) {
      throw new UnreadableException(
          "needs data key %d, but %s unwraps it to another one".formatted(id.version(), source));
    }
    open.put(id, key);
    return key;
  }

  private static String reason(Exception e) {
    return e instanceof UnreadableException ? String.valueOf(e.getMessage()) : "was changed";
  }

  private static String check(byte[] key) {
    return Aead.fingerprint("data key", key);
  }

  private static byte[] context(Id id) {
    return Aead.context("data key", id.tenant(), String.valueOf(id.version()));
  }
}
