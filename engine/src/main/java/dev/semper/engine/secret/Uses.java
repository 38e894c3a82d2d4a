package dev.semper.engine.secret;

import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What instances have of secrets, as rows.
final class Uses {
  private record Doc(
      String tenant,
      String workload,
      String instance,
      long version,
      Instant deliveredAt,
      @Nullable Instant adoptedAt) {}

  private final Store store;

  Uses(Store store) {
    this.store = store;
  }

  List<SecretUse> of(String tenant, String name) {
    return store.secretUses(tenant, name).stream().map(Uses::use).toList();
  }

  Optional<SecretUse> of(String tenant, String name, String incarnation) {
    return store.secretUses(incarnation).stream()
        .filter(r -> r.tenant().equals(tenant) && r.name().equals(name))
        .map(Uses::use)
        .findFirst();
  }

  /// Those who may still need a version: they have it, or have not shown to be well with a newer.
  List<SecretUse> needing(String tenant, String name, long version) {
    return of(tenant, name).stream()
        .filter(u -> u.version() <= version || u.adoptedAt() == null)
        .toList();
  }

  static SecretUse use(Row.SecretUse row) {
    Doc doc = Docs.read(row.doc(), Doc.class);
    return new SecretUse(
        doc.tenant(),
        doc.workload(),
        doc.instance(),
        row.incarnation(),
        doc.version(),
        doc.deliveredAt(),
        doc.adoptedAt());
  }

  static Row.SecretUse row(String owner, String name, SecretUse use) {
    Doc doc =
        new Doc(
            use.tenant(),
            use.workload(),
            use.instance(),
            use.version(),
            use.deliveredAt(),
            use.adoptedAt());
    return new Row.SecretUse(owner, name, use.incarnation(), Docs.write(doc));
  }
}
