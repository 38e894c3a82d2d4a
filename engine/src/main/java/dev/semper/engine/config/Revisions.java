package dev.semper.engine.config;

import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongPredicate;
import org.jspecify.annotations.Nullable;

/// Revisions as rows, and the newest snapshot of each configuration that was lately asked for in
/// memory: an idle server holds none, a read of one that is held touches no database.
final class Revisions {
  private static final int MOST_HELD = 4096;
  private static final int MOST_READERS = 64;

  record Key(String tenant, String name) {}

  /// What is known of the newest snapshot.
  private record Held(Snapshot snapshot, Map<Reader, Effective> effective) {}

  /// What the row's `doc` holds.
  record Doc(
      String checksum,
      String author,
      String description,
      List<String> tags,
      long restoredFrom,
      boolean pinned,
      boolean removed,
      @Nullable Overlay overlay,
      @Nullable String secret) {}

  /// Makes an effective value.
  interface Maker {
    Effective of(Snapshot snapshot, Reader reader);
  }

  private final Store store;
  private final Map<Key, Held> held = new ConcurrentHashMap<>();

  Revisions(Store store) {
    this.store = store;
  }

  Snapshot newest(String tenant, String name) {
    return held(new Key(tenant, name)).snapshot();
  }

  /// Loaded while nobody can show a newer one of the same name.
  private Held held(Key key) {
    Held known = held.get(key);
    if (known != null) {
      return known;
    }
    if (held.size() >= MOST_HELD) {
      held.clear();
    }
    Held loaded = held.computeIfAbsent(key, this::load);
    return loaded == null
        ? new Held(Snapshot.none(key.tenant(), key.name()), new ConcurrentHashMap<>())
        : loaded;
  }

  /// What does not exist is not held: whoever asks for such names could fill the memory.
  @SuppressWarnings("NullAway") // null is how computeIfAbsent is told to keep nothing
  private Held load(Key key) {
    Snapshot snapshot = at(key.tenant(), key.name(), Long.MAX_VALUE);
    return snapshot.number() == 0 ? null : new Held(snapshot, new ConcurrentHashMap<>());
  }

  /// What it comes to now.
  Effective effective(String name, Reader reader, Maker maker) {
    Held known = held(new Key(reader.tenant(), name));
    Effective made = known.effective().get(reader);
    if (made == null) {
      made = maker.of(known.snapshot(), reader);
      if (known.effective().size() >= MOST_READERS) {
        known.effective().clear();
      }
      known.effective().put(reader, made);
    }
    return made;
  }

  /// As it was at a revision, as far as it is still kept.
  Snapshot at(String tenant, String name, long number) {
    TreeMap<String, Snapshot.Part> parts = new TreeMap<>();
    long newest = 0;
    for (Row.ConfigRevision row : store.configLayers(tenant, name, number)) {
      Revision revision = revision(row);
      newest = Math.max(newest, row.number());
      if (!revision.removed()) {
        parts.put(row.layer(), new Snapshot.Part(revision, Values.parse(row.content())));
      }
    }
    return new Snapshot(tenant, name, newest, parts);
  }

  Optional<Snapshot.Part> find(String tenant, String name, long number) {
    return store
        .configRevision(tenant, name, number)
        .map(row -> new Snapshot.Part(revision(row), Values.parse(row.content())));
  }

  List<Revision> list(String tenant, String name, @Nullable Layer layer, int limit) {
    return store.configRevisions(tenant, name, layer == null ? null : layer.id(), limit).stream()
        .map(Revisions::revision)
        .toList();
  }

  List<Row.ConfigRevision> heads(@Nullable String tenant) {
    return store.configs(tenant);
  }

  /// The snapshot has become durable.
  void show(Snapshot snapshot) {
    held.put(
        new Key(snapshot.tenant(), snapshot.name()), new Held(snapshot, new ConcurrentHashMap<>()));
  }

  void forget(String tenant, String name) {
    held.remove(new Key(tenant, name));
  }

  static Revision revision(Row.ConfigRevision row) {
    Doc doc = Docs.read(row.doc(), Doc.class);
    return new Revision(
        row.number(),
        new Layer(row.layer()),
        row.createdAt(),
        doc.author(),
        doc.description(),
        doc.tags(),
        doc.checksum(),
        doc.restoredFrom(),
        doc.pinned(),
        doc.removed(),
        doc.overlay(),
        doc.secret() == null ? "" : doc.secret());
  }

  static Row.ConfigRevision row(String tenant, String name, Revision r, String content) {
    Doc doc =
        new Doc(
            r.checksum(),
            r.author(),
            r.description(),
            r.tags(),
            r.restoredFrom(),
            r.pinned(),
            r.removed(),
            r.overlay(),
            r.secret().isEmpty() ? null : r.secret());
    return new Row.ConfigRevision(
        tenant, name, r.number(), r.layer().id(), r.createdAt(), Docs.write(doc), content);
  }

  /// Drops what is beyond the history of a layer, but for what is kept.
  ///
  /// @param most how many are left, the newest
  /// @param kept says of a number whether it stays in any case
  void drop(Batch batch, String tenant, String name, Layer layer, int most, LongPredicate kept) {
    List<Row.ConfigRevision> rows =
        store.configRevisions(tenant, name, layer.id(), Integer.MAX_VALUE);
    rows.stream()
        .skip(most)
        .filter(row -> !revision(row).pinned() && !kept.test(row.number()))
        .forEach(batch::delete);
  }
}
