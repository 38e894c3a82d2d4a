package dev.semper.engine;

import dev.semper.spi.ProbeMethod;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The probe methods that are not the engine's own. Looked for when a specification first asks for
/// one, so that a server whose workloads use none pays nothing.
final class ProbeMethods implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ProbeMethods.class);

  private final List<ProbeMethod> given;
  private volatile @Nullable Map<String, ProbeMethod> found;
  private boolean closed;

  /// @param given beside those of the class path; they win
  ProbeMethods(List<ProbeMethod> given) {
    this.given = List.copyOf(given);
  }

  Map<String, ProbeMethod> byName() {
    Map<String, ProbeMethod> known = found;
    return known != null ? known : find();
  }

  private synchronized Map<String, ProbeMethod> find() {
    Map<String, ProbeMethod> known = found;
    if (known != null || closed) {
      return known == null ? Map.of() : known;
    }
    Map<String, ProbeMethod> byName = new LinkedHashMap<>();
    given.forEach(method -> byName.put(method.name(), method));
    for (ProbeMethod method : onClassPath()) {
      ProbeMethod other = byName.putIfAbsent(method.name(), method);
      if (other != null) {
        LOG.warn("{} is left out: {} has the name {} too", method, other, method.name());
      }
    }
    found = Map.copyOf(byName);
    return Map.copyOf(byName);
  }

  /// A broken jar takes nothing with it but its own method.
  private static List<ProbeMethod> onClassPath() {
    List<ProbeMethod> methods = new ArrayList<>();
    var providers = ServiceLoader.load(ProbeMethod.class).iterator();
    while (true) {
      try {
        if (!providers.hasNext()) {
          return methods;
        }
        methods.add(providers.next());
      } catch (ServiceConfigurationError e) {
        LOG.error("A probe method on the class path cannot be used", e);
      }
    }
  }

  @Override
  public synchronized void close() {
    closed = true;
    Map<String, ProbeMethod> known = found;
    if (known != null) {
      known.values().forEach(ProbeMethod::close);
    }
  }
}
