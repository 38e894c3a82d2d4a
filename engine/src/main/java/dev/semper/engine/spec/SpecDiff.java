package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a change of a workload's specification changes, and what that takes.
///
/// @param changes in the order of the canonical document; empty if both are equal
/// @param effect the strongest effect of any of them
public record SpecDiff(List<Change> changes, Effect effect) {
  private static final Set<String> LIVE =
      Set.of(
          "probes",
          "health",
          "hooks",
          "recovery",
          "restart",
          "stop",
          "update",
          "depends_on",
          "labels",
          "log",
          "start_seconds",
          "alerts");
  private static final String INSTANCES = "instances";

  /// The key that names the items of a list of tables.
  private static final Map<String, String> IDENTITIES =
      Map.of("probes", "name", "alerts", "name", "depends_on", "workload");

  public SpecDiff {
    changes = List.copyOf(changes);
  }

  /// From weak to strong.
  public enum Effect {
    /// Nothing changes.
    NONE,
    /// Semper behaves differently; no process notices.
    LIVE,
    /// What runs is given another revision of its configuration.
    DELIVER,
    /// Instances are added or taken away.
    SCALE,
    /// Every instance is replaced: a running process sees the change.
    REPLACE
  }

  /// @param path e.g. `env.LANG`, `probes.http.period`
  /// @param before as in [SpecReader#write], `***` if it may be secret; null if it was not there
  /// @param after likewise; null if it is gone
  public record Change(String path, @Nullable Object before, @Nullable Object after) {}

  /// @param old null for a new workload, which takes a [Effect#REPLACE]
  public static SpecDiff between(@Nullable WorkloadSpec old, WorkloadSpec now) {
    if (old != null && !old.name().equals(now.name())) {
      throw new IllegalArgumentException(
          "two workloads cannot be compared: %s and %s".formatted(old.name(), now.name()));
    }
    Map<String, Object> before = old == null ? Map.of() : SpecReader.write(old);
    Map<String, Object> after = SpecReader.write(now);
    List<Change> changes = new ArrayList<>();
    Effect effect = Effect.NONE;
    boolean delivers = false;
    for (String key : union(after.keySet(), before.keySet())) {
      int count = changes.size();
      compare(key, key, before.get(key), after.get(key), changes);
      if (changes.size() > count) {
        Effect own = effectOf(key, old == null ? null : old.config(), now.config());
        delivers |= own == Effect.DELIVER;
        effect = effect.compareTo(own) < 0 ? own : effect;
      }
    }
    // Both at once take more steps than replacing them all.
    boolean both = delivers && effect == Effect.SCALE;
    return new SpecDiff(changes, old == null || both ? Effect.REPLACE : effect);
  }

  private static Effect effectOf(
      String key, @Nullable ConfigSpec before, @Nullable ConfigSpec after) {
    if (before != null && after != null && key.equals("config")) {
      return config(before, after);
    }
    if (before != null && after != null && key.equals("labels")) {
      return delivery(after); // overlays look at them
    }
    if (LIVE.contains(key)) {
      return Effect.LIVE;
    }
    return key.equals(INSTANCES) ? Effect.SCALE : Effect.REPLACE;
  }

  /// What instances have of it may be the same, and only Semper's own part differ.
  private static Effect config(ConfigSpec before, ConfigSpec after) {
    if (!given(before).equals(given(after))) {
      return Effect.REPLACE;
    }
    return before.revision() == after.revision() ? Effect.LIVE : delivery(after);
  }

  private static ConfigSpec given(ConfigSpec c) {
    return new ConfigSpec(
        c.name(),
        c.environment(),
        c.features(),
        0,
        true,
        c.wholeEnv(),
        c.env(),
        c.envPrefix(),
        c.files(),
        ConfigSpec.Change.RESTART,
        null,
        Map.of());
  }

  private static Effect delivery(ConfigSpec config) {
    return switch (config.change().mode()) {
      case NONE -> Effect.LIVE;
      case SIGNAL, HOOK, RELOAD -> Effect.DELIVER;
      case RESTART -> Effect.REPLACE;
    };
  }

  private static void compare(
      String path,
      String key,
      @Nullable Object before,
      @Nullable Object after,
      List<Change> changes) {
    if (Objects.equals(before, after)) {
      return;
    }
    Map<String, Object> left = before == null ? Map.of() : parts(path, before);
    Map<String, Object> right = after == null ? Map.of() : parts(path, after);
    int count = changes.size();
    if (left != null && right != null) {
      for (String part : union(right.keySet(), left.keySet())) {
        compare(Words.join(path, part), part, left.get(part), right.get(part), changes);
      }
    }
    if (changes.size() == count) {
      changes.add(whole(path, key, before, after));
    }
  }

  /// A change of a value as a whole; of a list of tables only the order of their names.
  private static Change whole(
      String path, String key, @Nullable Object before, @Nullable Object after) {
    return IDENTITIES.containsKey(path)
        ? new Change(path, names(path, before), names(path, after))
        : new Change(path, Secrets.masked(key, before), Secrets.masked(key, after));
  }

  private static @Nullable List<String> names(String path, @Nullable Object list) {
    Map<String, Object> parts = list == null ? null : parts(path, list);
    return parts == null ? null : List.copyOf(parts.keySet());
  }

  /// The named parts that are compared one by one.
  ///
  /// @return null for a value that is compared as a whole
  private static @Nullable Map<String, Object> parts(String path, Object value) {
    Map<String, Object> parts = new LinkedHashMap<>();
    if (value instanceof Map<?, ?> map) {
      map.forEach((k, v) -> parts.put(String.valueOf(k), v));
      return parts;
    }
    String identity = IDENTITIES.get(path);
    if (value instanceof List<?> list && identity != null) {
      for (Object item : list) {
        if (item instanceof Map<?, ?> table) {
          parts.put(String.valueOf(table.get(identity)), table);
        }
      }
      return parts;
    }
    return null;
  }

  private static Set<String> union(Collection<String> a, Collection<String> b) {
    Set<String> all = new LinkedHashSet<>(a);
    all.addAll(b);
    return all;
  }
}
