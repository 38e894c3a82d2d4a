package dev.semper.engine.config;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A write to one layer of a configuration.
///
/// @param name of the configuration, by default that of the workload that reads it
/// @param overlay when it counts; null = as before; for overlays only
/// @param expected number of the revision in force in the layer, 0 if there must be none; null =
///   whatever it is
/// @param validateOnly everything is checked and nothing is written
public record Write(
    String tenant,
    String name,
    Layer layer,
    Change change,
    @Nullable Overlay overlay,
    @Nullable Long expected,
    String description,
    List<String> tags,
    String actor,
    boolean validateOnly) {
  /// What becomes of the layer.
  public sealed interface Change {
    /// It holds these values from now on. What is `***` and was there stays what it was.
    record Replace(Map<String, ?> values) implements Change {}

    /// Some keys get values, others go.
    ///
    /// @param set by key, e.g. `database.url`; null takes the key of a lower layer away
    record Patch(Map<String, ?> set, List<String> remove) implements Change {}

    /// The layer goes.
    record Remove() implements Change {}

    /// It holds what it held; a secret that it refers to has another version.
    ///
    /// @param secret e.g. `db@3`
    record Renew(String secret) implements Change {}

    /// It holds again what it held at a revision.
    record Restore(long revision) implements Change {}
  }

  public Write {
    tags = List.copyOf(tags);
  }

  /// A write of somebody who expects nothing and says nothing about it.
  public static Write of(String tenant, String name, Layer layer, Change change, String actor) {
    return new Write(tenant, name, layer, change, null, null, "", List.of(), actor, false);
  }

  public Write expecting(long revision) {
    return new Write(
        tenant, name, layer, change, overlay, revision, description, tags, actor, validateOnly);
  }

  public Write described(String words) {
    return new Write(
        tenant, name, layer, change, overlay, expected, words, tags, actor, validateOnly);
  }
}
