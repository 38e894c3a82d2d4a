package dev.semper.engine.config;

import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// When an overlay counts. All of its conditions must hold; one without any always counts.
///
/// @param precedence of two that count, the higher one wins; of equals the later name
/// @param environment null = in all
/// @param tenant null = of any
/// @param labels that the reader must have
/// @param features that must be on for the reader
public record Overlay(
    int precedence,
    @Nullable Environment environment,
    @Nullable String tenant,
    Map<String, String> labels,
    Set<String> features) {
  public static final Overlay ALWAYS = new Overlay(0, null, null, Map.of(), Set.of());

  public Overlay {
    labels = Map.copyOf(labels);
    features = Set.copyOf(features);
  }

  boolean fits(Reader reader) {
    return mayCount(reader.tenant(), reader.environment())
        && reader.labels().entrySet().containsAll(labels.entrySet())
        && reader.features().containsAll(features);
  }

  /// Whether it counts for some reader there.
  boolean mayCount(String of, Environment in) {
    return (environment == null || environment == in) && (tenant == null || tenant.equals(of));
  }
}
