package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.Aead.UnreadableException;
import dev.semper.engine.secret.Rekey.Stage;
import dev.semper.engine.secret.Rekey.State;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.workload.Boundaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Changes keys while everybody goes on reading and writing. The journal says how far it is: a
/// server that died goes on there. A key is given up only once nothing needs it.
final class Rekeying implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Rekeying.class);
  private static final int AT_ONCE = 200;
  private static final int MOST_TOLD = 100;
  private static final int KEPT = 20;

  private record Doc(
      State state,
      Stage stage,
      boolean master,
      boolean data,
      String masterKey,
      long done,
      long total,
      String startedBy,
      @Nullable Instant endedAt,
      List<String> unreadable,
      String error) {}

  private final Store store;
  private final Keyring keyring;
  private final Vault vault;
  private final Boundaries boundaries;
  private @Nullable Thread thread;

  Rekeying(Store store, Keyring keyring, Vault vault, Boundaries boundaries) {
    this.store = store;
    this.keyring = keyring;
    this.vault = vault;
    this.boundaries = boundaries;
  }

  List<Rekey> list(int limit) {
    return store.secretRekeys(limit).stream().map(Rekeying::rekey).toList();
  }

  /// Goes on with one that an earlier server has begun.
  void resume() {
    list(1).stream().filter(r -> r.state() == State.RUNNING).findFirst().ifPresent(this::start);
  }

  /// Not just the newest: clocks jump.
  private Optional<Rekey> running() {
    return list(KEPT).stream().filter(r -> r.state() == State.RUNNING).findFirst();
  }

  Rekey begin(boolean master, boolean data, String actor) throws InterruptedException {
    Refusals.require(
        master || data, "master", "is false, and so is data: there is nothing to change");
    vault.lock().lockInterruptibly();
    try {
      Optional<Rekey> before = running();
      if (before.isPresent()) {
        throw new SemperException(
            ErrorCode.OPERATION_IN_PROGRESS,
            "The keys of secrets are being changed already (%d of %d); wait for its end"
                .formatted(before.get().done(), before.get().total()));
      }
      if (store.countSecrets(null) == 0) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED, "There are no secrets, so there are no keys to change");
      }
      MasterKey now = keyring.master();
      if (master
          && !(keyring.source() instanceof MasterKeySource.File)
          && keyring.notWrappedBy(now.id()).isEmpty()) {
        throw new SemperException(
            ErrorCode.PRECONDITION_FAILED,
            "Everything is wrapped by master key %s already. To change it: name a new one in the settings (secrets.master_key_*) and the present one as previous (secrets.previous_master_key_*), restart the server, and ask again"
                .formatted(now.id()));
      }
      long total =
          (master ? keyring.all().size() : 0)
              + (data ? store.countSecretVersionsBefore(null, Long.MAX_VALUE) : 0);
      byte[] id = new byte[8];
      vault.random().nextBytes(id);
      Rekey rekey =
          new Rekey(
              HexFormat.of().formatHex(id),
              State.RUNNING,
              master ? Stage.MAKE_MASTER : Stage.SEAL,
              master,
              data,
              now.id(),
              0,
              total,
              vault.now(),
              actor,
              null,
              List.of(),
              "");
      Vault.Change change = vault.change();
      change.batch.put(row(rekey));
      store.secretRekeys(Integer.MAX_VALUE).stream().skip(KEPT).forEach(change.batch::delete);
      tell(change, rekey, "secret.rekey_started", actor);
      boundaries.pass("secret/rekey/begin");
      change.commit();
      boundaries.pass("secret/rekey/begun");
      start(rekey);
      return rekey;
    } finally {
      vault.lock().unlock();
    }
  }

  private synchronized void start(Rekey rekey) {
    thread = Thread.ofVirtual().name("semper-rekey").start(() -> run(rekey));
  }

  private void run(Rekey begun) {
    Rekey rekey = begun;
    try {
      while (rekey.stage() != Stage.END) {
        boundaries.pass("secret/rekey/" + rekey.stage().id());
        rekey =
            switch (rekey.stage()) {
              case MAKE_MASTER -> makeMaster(rekey);
              case WRAP -> wrap(rekey);
              case PUT_IN_PLACE -> putInPlace(rekey);
              case SEAL -> seal(rekey);
              case END -> rekey;
            };
      }
      if (rekey.unreadable().isEmpty()) {
        end(rekey, State.SUCCEEDED, "");
      } else {
        end(
            rekey,
            State.FAILED,
            "Some values do not open, and keep their old key: set them anew or delete them, and ask again: "
                + String.join(", ", rekey.unreadable()));
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt(); // the next server goes on
    } catch (SemperException | IOException | UnreadableException e) {
      if (e instanceof SemperException s
          && (s.code() == ErrorCode.SHUTTING_DOWN || s.code() == ErrorCode.FENCED)) {
        return;
      }
      LOG.error("the keys of secrets could not be changed: {}", e.getMessage());
      try {
        end(rekey, State.FAILED, String.valueOf(e.getMessage()));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      } catch (SemperException other) {
        LOG.error("nor can that be recorded: {}", other.getMessage());
      }
    }
  }

  private Rekey makeMaster(Rekey rekey) throws InterruptedException {
    MasterKey target;
    if (keyring.source() instanceof MasterKeySource.File(Path file)) {
      Path next = Keyring.next(file);
      try {
        target = KeyFiles.read(next); // made before a crash
      } catch (NoSuchFileException _) {
        target = KeyFiles.make(next, vault.random());
      }
    } else {
      target = keyring.master();
    }
    return save(rekey.to(target.id()).at(Stage.WRAP));
  }

  private Rekey wrap(Rekey begun) throws InterruptedException, UnreadableException, IOException {
    Rekey rekey = begun;
    if (keyring.source() instanceof MasterKeySource.File(Path file)
        && !keyring.master().id().equals(rekey.masterKey())) {
      keyring.use(KeyFiles.read(Keyring.next(file)));
    }
    while (true) {
      vault.lock().lockInterruptibly();
      try {
        List<Keyring.Id> left = keyring.notWrappedBy(rekey.masterKey());
        if (left.isEmpty()) {
          break;
        }
        Vault.Change change = vault.change();
        // A program takes its time, and writers wait meanwhile.
        int most = keyring.master() instanceof MasterKey.Remote ? 1 : AT_ONCE;
        List<Keyring.Id> some = left.subList(0, Math.min(most, left.size()));
        Map<Keyring.Id, Keyring.Doc> wrapped = new LinkedHashMap<>();
        for (Keyring.Id id : some) {
          wrapped.put(id, keyring.rewrapped(id, keyring.master()));
        }
        wrapped.forEach((id, doc) -> change.batch.put(Keyring.row(id, doc)));
        rekey = rekey.progress(some.size(), rekey.unreadable());
        change.batch.put(row(rekey));
        boundaries.pass("secret/rekey/wrap/some");
        change.commit();
        keyring.added(wrapped);
      } finally {
        vault.lock().unlock();
      }
    }
    return save(rekey.at(Stage.PUT_IN_PLACE));
  }

  /// The old key stays beside the new one under its own name: backups of the database that were
  /// made before need it.
  private Rekey putInPlace(Rekey rekey) throws InterruptedException, IOException {
    if (keyring.source() instanceof MasterKeySource.File(Path file)) {
      MasterKey.Bytes now = KeyFiles.read(file);
      if (!now.id().equals(rekey.masterKey())) {
        Path old = file.resolveSibling(file.getFileName() + "." + now.id());
        Path part = file.resolveSibling(file.getFileName() + ".part");
        Files.deleteIfExists(part);
        Files.copy(file, part, StandardCopyOption.COPY_ATTRIBUTES);
        Files.setPosixFilePermissions(part, PosixFilePermissions.fromString("rw-------"));
        KeyFiles.move(part, old);
        boundaries.pass("secret/rekey/put_in_place/kept");
        KeyFiles.move(Keyring.next(file), file);
        boundaries.pass("secret/rekey/put_in_place/moved");
        LOG.warn(
            "the master key is now {} in {}: keep a copy of it elsewhere. The one before is {}; backups made before need it",
            rekey.masterKey(),
            file,
            old);
      }
    }
    return save(rekey.at(rekey.data() ? Stage.SEAL : Stage.END));
  }

  private Rekey seal(Rekey begun) throws InterruptedException {
    Rekey rekey = begun;
    Set<String> tenants = new TreeSet<>();
    keyring.all().keySet().forEach(id -> tenants.add(id.tenant()));
    for (String tenant : tenants) {
      long newest = newKey(tenant, rekey);
      Set<String> bad = new HashSet<>();
      while (true) {
        vault.lock().lockInterruptibly();
        try {
          List<Row.SecretVersion> rows =
              store.secretVersionsBefore(tenant, newest, AT_ONCE + bad.size());
          List<Row.SecretVersion> some =
              rows.stream().filter(r -> !bad.contains(words(r))).toList();
          if (some.isEmpty()) {
            break;
          }
          rekey = sealed(rekey, some, bad);
        } finally {
          vault.lock().unlock();
        }
      }
      if (bad.isEmpty()) {
        dropBefore(tenant, newest);
      }
    }
    return save(rekey.at(Stage.END));
  }

  private Rekey sealed(Rekey rekey, List<Row.SecretVersion> some, Set<String> bad)
      throws InterruptedException {
    Vault.Change change = vault.change();
    for (Row.SecretVersion row : some) {
      Vault.Sealed old = Vault.sealed(row);
      try {
        byte[] value = vault.opened(row.tenant(), row.name(), old);
        change.put(
            row.tenant(), row.name(), change.seal(row.tenant(), row.name(), old.version(), value));
      } catch (UnreadableException e) {
        LOG.error("{} does not open: it {}", words(row), e.getMessage());
        bad.add(words(row));
      }
    }
    List<String> all = new ArrayList<>(rekey.unreadable());
    bad.stream().filter(b -> !all.contains(b)).limit(MOST_TOLD).forEach(all::add);
    Rekey further = rekey.progress(some.size(), all);
    change.batch.put(row(further));
    boundaries.pass("secret/rekey/seal/some");
    change.commit();
    return further;
  }

  private static String words(Row.SecretVersion row) {
    return "%s/%s version %d".formatted(row.tenant(), row.name(), row.number());
  }

  /// Makes the data key that this change of keys seals with, unless it has been made.
  private long newKey(String tenant, Rekey rekey) throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      long newest = keyring.newest(tenant);
      Keyring.Doc doc = keyring.all().get(new Keyring.Id(tenant, newest));
      if (doc != null && doc.madeFor().equals(rekey.id())) {
        return newest;
      }
      Vault.Change change = vault.change();
      change.newKey(tenant, rekey.id());
      boundaries.pass("secret/rekey/seal/key");
      change.commit();
      return keyring.newest(tenant);
    } finally {
      vault.lock().unlock();
    }
  }

  private void dropBefore(String tenant, long newest) throws InterruptedException {
    vault.lock().lockInterruptibly();
    try {
      if (store.countSecretVersionsBefore(tenant, newest) > 0) {
        return;
      }
      List<Keyring.Id> old =
          keyring.all().keySet().stream()
              .filter(id -> id.tenant().equals(tenant) && id.version() < newest)
              .toList();
      Vault.Change change = vault.change();
      old.forEach(id -> change.batch.delete(new Row.SecretKey(id.tenant(), id.version(), "")));
      boundaries.pass("secret/rekey/seal/drop");
      change.commit();
      old.forEach(keyring::dropped);
    } finally {
      vault.lock().unlock();
    }
  }

  private Rekey save(Rekey rekey) throws InterruptedException {
    Vault.Change change = vault.change();
    change.batch.put(row(rekey));
    change.commit();
    return rekey;
  }

  private void end(Rekey rekey, State state, String why) throws InterruptedException {
    Rekey ended = rekey.ended(state, why, vault.now());
    Vault.Change change = vault.change();
    change.batch.put(row(ended));
    tell(
        change,
        ended,
        state == State.SUCCEEDED ? "secret.rekey_succeeded" : "secret.rekey_failed",
        "system");
    boundaries.pass("secret/rekey/end");
    change.commit();
    boundaries.pass("secret/rekey/ended");
  }

  private void tell(Vault.Change change, Rekey rekey, String type, String actor) {
    change.batch.event(
        vault.now(),
        "default",
        null,
        null,
        type,
        Map.of(
            "rekey",
            rekey.id(),
            "master",
            rekey.master(),
            "data",
            rekey.data(),
            "total",
            rekey.total(),
            "error",
            rekey.error()),
        null,
        actor);
  }

  private static Row.SecretRekey row(Rekey r) {
    Doc doc =
        new Doc(
            r.state(),
            r.stage(),
            r.master(),
            r.data(),
            r.masterKey(),
            r.done(),
            r.total(),
            r.startedBy(),
            r.endedAt(),
            r.unreadable(),
            r.error());
    return new Row.SecretRekey(r.id(), r.startedAt(), Docs.write(doc));
  }

  private static Rekey rekey(Row.SecretRekey row) {
    Doc d = Docs.read(row.doc(), Doc.class);
    return new Rekey(
        row.id(),
        d.state(),
        d.stage(),
        d.master(),
        d.data(),
        d.masterKey(),
        d.done(),
        d.total(),
        row.startedAt(),
        d.startedBy(),
        d.endedAt(),
        Optional.ofNullable(d.unreadable()).orElse(List.of()),
        d.error());
  }

  @Override
  public synchronized void close() {
    Thread running = thread;
    if (running != null) {
      running.interrupt();
      try {
        running.join(Duration.ofSeconds(5));
      } catch (InterruptedException _) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
