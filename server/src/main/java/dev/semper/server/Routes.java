package dev.semper.server;

import dev.semper.engine.access.Role;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What is done for each operation of the contract, who may ask for it, and under which name it
/// goes into the audit log.
final class Routes {
  /// @param role least role needed; null = anybody, without a token
  /// @param action name in the audit log; null for what changes nothing
  record Route(@Nullable Role role, @Nullable String action, Handler handler) {}

  private final Map<String, Route> byOperation = new LinkedHashMap<>();

  /// Adds what reads.
  Routes read(String operation, @Nullable Role role, Handler handler) {
    return add(operation, new Route(role, null, handler));
  }

  /// Adds what changes something.
  Routes change(String operation, Role role, String action, Handler handler) {
    return add(operation, new Route(role, action, handler));
  }

  Optional<Route> find(String operation) {
    return Optional.ofNullable(byOperation.get(operation));
  }

  Map<String, Route> all() {
    return Map.copyOf(byOperation);
  }

  private Routes add(String operation, Route route) {
    if (byOperation.put(operation, route) != null) {
      throw new IllegalArgumentException("two routes for " + operation);
    }
    return this;
  }
}
