package dev.semper.server;

import dev.semper.api.Wire;
import dev.semper.engine.access.Principal;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.SpecReader;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// An admitted request: authenticated, permitted, and as the contract says.
///
/// @param tenant the one meant; [Principal#ALL] for all
/// @param values of path, query and headers by name
/// @param body null if there is none
/// @param facts what the audit record is to say beside what the call itself says
record Call(
    Contract.Endpoint endpoint,
    Principal principal,
    String tenant,
    String origin,
    Map<String, String> values,
    @Nullable JsonNode body,
    Map<String, Object> facts) {

  static Call of(
      Contract.Endpoint endpoint,
      Principal principal,
      String tenant,
      String origin,
      Map<String, String> values,
      @Nullable JsonNode body) {
    return new Call(endpoint, principal, tenant, origin, values, body, new LinkedHashMap<>());
  }

  String actor() {
    return principal.name();
  }

  /// A value the contract requires.
  String required(String name) {
    String value = values.get(name);
    if (value == null) {
      throw new IllegalStateException(endpoint.id() + " has no " + name);
    }
    return value;
  }

  @Nullable String text(String name) {
    return values.get(name);
  }

  Optional<Long> number(String name) {
    return Optional.ofNullable(values.get(name)).map(Long::valueOf);
  }

  int number(String name, int otherwise) {
    String value = values.get(name);
    return value == null ? otherwise : Integer.parseInt(value);
  }

  boolean flag(String name, boolean otherwise) {
    String value = values.get(name);
    return value == null ? otherwise : Boolean.parseBoolean(value);
  }

  @Nullable String idempotencyKey() {
    return values.get("Idempotency-Key");
  }

  /// The body as a record, or `otherwise` if there is none.
  <T> T body(Class<T> type, T otherwise) {
    return body == null ? otherwise : Wire.JSON.treeToValue(body, type);
  }

  <T> T body(Class<T> type) {
    if (body == null) {
      throw new IllegalStateException(endpoint.id() + " has no body");
    }
    return Wire.JSON.treeToValue(body, type);
  }

  /// The tenant to search by: null for all.
  @Nullable String tenantFilter() {
    return tenant.equals(Principal.ALL) ? null : tenant;
  }

  static Duration duration(String field, String text) {
    try {
      return SpecReader.duration(text);
    } catch (IllegalArgumentException e) {
      throw invalid(field, String.valueOf(e.getMessage()));
    }
  }

  static SemperException invalid(String field, String message) {
    return new SemperException(
        ErrorCode.INVALID_REQUEST,
        "The request is wrong: " + field + ": " + message,
        List.of(new Problem(field, 0, message)),
        Map.of());
  }

  static <E extends Enum<E>> E choice(Class<E> type, String text) {
    return Enum.valueOf(type, text.toUpperCase(Locale.ROOT));
  }
}
