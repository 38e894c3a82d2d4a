package dev.semper.server;

import dev.semper.api.Wire;
import dev.semper.engine.access.Principal;
import dev.semper.engine.access.Role;
import dev.semper.engine.access.Tenants;
import dev.semper.engine.access.Tokens;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Admits requests: asks whether there is such an operation, who calls, whether they may, and
/// whether the request is as the contract says, in this order. Never touches the store.
final class Gate {
  private static final JsonMapper STRICT =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Contract contract;
  private final Routes routes;
  private final Tokens tokens;
  private final Tenants tenants;
  private final Set<String> hosts;

  /// @param hosts names the server may be called by in `Host`; empty = any
  Gate(Contract contract, Routes routes, Tokens tokens, Tenants tenants, Set<String> hosts) {
    this.contract = contract;
    this.routes = routes;
    this.tokens = tokens;
    this.tenants = tenants;
    this.hosts = hosts;
  }

  /// What the head of a request says. Fields are filled as far as it was understood; `refusal` says
  /// why it goes no further.
  static final class Visit {
    final String origin;
    Contract.@Nullable Endpoint endpoint;
    Routes.@Nullable Route route;
    @Nullable Principal principal;
    String tenant = Tenants.DEFAULT;
    final Map<String, String> values = new LinkedHashMap<>();
    @Nullable Refusal refusal;

    Visit(String origin) {
      this.origin = origin;
    }

    String actor() {
      return principal == null ? "anonymous" : principal.name();
    }
  }

  /// Judges the head of a request, before its body is read.
  Visit visit(HttpServerRequest request) {
    Visit visit = new Visit(String.valueOf(request.remoteAddress().hostAddress()));
    try {
      refuseForeignHosts(request);
      find(request, visit);
      authenticate(request, visit);
      permit(request, visit);
    } catch (Refusal refusal) {
      visit.refusal = refusal;
    }
    return visit;
  }

  /// Judges the rest of a request, with its body.
  Call admit(HttpServerRequest request, Visit visit, byte[] body) {
    Contract.Endpoint endpoint = visit.endpoint;
    if (endpoint == null) {
      throw new IllegalStateException("admitted without an operation");
    }
    List<Problem> problems = new ArrayList<>();
    parameters(request, endpoint, visit, problems);
    JsonNode json = body(request, endpoint, body, problems);
    if (!problems.isEmpty()) {
      throw invalid(endpoint, problems);
    }
    Principal principal = visit.principal;
    return Call.of(
        endpoint,
        principal == null ? new Principal("anonymous", Role.VIEWER, "") : principal,
        visit.tenant,
        visit.origin,
        visit.values,
        json);
  }

  private void refuseForeignHosts(HttpServerRequest request) {
    String host = request.getHeader("Host");
    if (!hosts.isEmpty() && (host == null || !hosts.contains(name(host)))) {
      throw new Refusal(
          403,
          ErrorCode.FORBIDDEN,
          "The server is not called %s (against DNS rebinding); use its address, or add the name to api.allowed_hosts in semper.toml"
              .formatted(quoted(host)));
    }
    String origin = request.getHeader("Origin");
    if (origin != null && !(origin.equals("http://" + host) || origin.equals("https://" + host))) {
      throw new Refusal(
          403,
          ErrorCode.FORBIDDEN,
          "Pages of %s may not use this server; call it from a program or from its own pages"
              .formatted(quoted(origin)));
    }
  }

  private static String name(String host) {
    int colon = host.lastIndexOf(':');
    return colon > host.lastIndexOf(']') ? host.substring(0, colon) : host;
  }

  private void find(HttpServerRequest request, Visit visit) {
    String path = request.path();
    List<String> segments = path == null ? List.of() : segments(path);
    switch (contract.match(request.method().name(), segments)) {
      case Contract.Match.Found(Contract.Endpoint endpoint, Map<String, String> parameters) -> {
        visit.endpoint = endpoint;
        visit.values.putAll(parameters);
        visit.route =
            routes
                .find(endpoint.id())
                .orElseThrow(() -> new IllegalStateException("no route for " + endpoint.id()));
      }
      case Contract.Match.WrongMethod(List<String> allowed) ->
          throw new Refusal(
              405,
              ErrorCode.INVALID_REQUEST,
              "%s is not possible on %s; possible: %s"
                  .formatted(request.method().name(), path, String.join(", ", allowed)),
              List.of(new Problem("method", 0, "must be one of " + String.join(", ", allowed))),
              Map.of("Allow", String.join(", ", allowed)));
      case Contract.Match.Unknown() ->
          throw new Refusal(
              404,
              ErrorCode.NOT_FOUND,
              "There is nothing at %s; the API begins with /api/v1, the paths of extensions with /api/extensions/lifecycle"
                  .formatted(quoted(path)));
    }
  }

  private static List<String> segments(String path) {
    try {
      return Arrays.stream(path.substring(Math.min(1, path.length())).split("/", -1))
          .map(s -> URLDecoder.decode(s.replace("+", "%2B"), StandardCharsets.UTF_8))
          .toList();
    } catch (IllegalArgumentException _) {
      throw new Refusal(
          400, ErrorCode.INVALID_REQUEST, "The path " + quoted(path) + " is not a valid URL path");
    }
  }

  private void authenticate(HttpServerRequest request, Visit visit) {
    if (visit.route == null || visit.route.role() == null) {
      return;
    }
    String header = request.getHeader("Authorization");
    String token =
        header != null && header.regionMatches(true, 0, "Bearer ", 0, 7)
            ? header.substring(7).strip()
            : "";
    visit.principal =
        tokens
            .authenticate(token)
            .orElseThrow(() ->
                new Refusal(
                    401,
                    ErrorCode.UNAUTHENTICATED,
                    token.isEmpty()
                        ? "A token is needed: send Authorization: Bearer TOKEN; the first one is in run/token of the server's home"
                        : "The token is not valid; it may have been deleted",
                    List.of(),
                    Map.of("WWW-Authenticate", "Bearer realm=\"semper\"")));
  }

  private void permit(HttpServerRequest request, Visit visit) {
    Principal principal = visit.principal;
    if (principal == null || visit.route == null || visit.route.role() == null) {
      return;
    }
    visit.tenant = tenant(request, principal);
    if (!principal.role().atLeast(visit.route.role())) {
      throw new Refusal(
          403,
          ErrorCode.FORBIDDEN,
          "%s is a %s; this needs the role %s"
              .formatted(principal.name(), principal.role().id(), visit.route.role().id()));
    }
    if (!visit.tenant.equals(Principal.ALL)) {
      if (!principal.sees(visit.tenant)) {
        throw new Refusal(
            403,
            ErrorCode.FORBIDDEN,
            "The token is for tenant %s only".formatted(principal.tenant()));
      }
      if (tenants.find(visit.tenant).isEmpty()) {
        throw new Refusal(404, ErrorCode.NOT_FOUND, "There is no tenant " + quoted(visit.tenant));
      }
    }
  }

  private static String tenant(HttpServerRequest request, Principal principal) {
    String asked = request.getParam("tenant");
    if (asked == null) {
      return principal.seesAll() ? Tenants.DEFAULT : principal.tenant();
    }
    return asked.equals(Principal.ALL) && !principal.seesAll() ? principal.tenant() : asked;
  }

  private void parameters(
      HttpServerRequest request, Contract.Endpoint endpoint, Visit visit, List<Problem> problems) {
    Map<String, List<String>> query = new HashMap<>();
    request
        .params()
        .forEach((name, value) -> query.computeIfAbsent(name, _ -> new ArrayList<>()).add(value));
    Set<String> known = new TreeSet<>();
    for (Contract.Parameter parameter : endpoint.parameters()) {
      String name = parameter.name();
      @Nullable String value =
          switch (parameter.in()) {
            case "path" -> visit.values.get(name);
            case "header" -> request.getHeader(name);
            default -> {
              known.add(name);
              List<String> values = query.getOrDefault(name, List.of());
              if (values.size() > 1) {
                problems.add(new Problem(name, 0, "is given more than once"));
              }
              yield values.isEmpty() ? null : values.getFirst();
            }
          };
      if (value != null) {
        problems.addAll(contract.checkText(parameter, value));
        visit.values.put(name, value);
      }
    }
    for (String name : query.keySet()) {
      if (!known.contains(name)) {
        String names = known.isEmpty() ? "there are none here" : "known: " + known;
        problems.add(new Problem(name, 0, "unknown query parameter; " + names));
      }
    }
  }

  private @Nullable JsonNode body(
      HttpServerRequest request, Contract.Endpoint endpoint, byte[] body, List<Problem> problems) {
    JsonNode schema = endpoint.body();
    if (schema == null) {
      if (body.length > 0) {
        problems.add(new Problem("body", 0, "this request takes no body"));
      }
      return null;
    }
    if (body.length == 0) {
      if (endpoint.bodyRequired()) {
        problems.add(new Problem("body", 0, "a JSON body is required"));
      }
      return null;
    }
    String type = request.getHeader("Content-Type");
    if (type == null || !type.toLowerCase(java.util.Locale.ROOT).startsWith("application/json")) {
      throw new Refusal(
          415,
          ErrorCode.INVALID_REQUEST,
          "The body must be JSON, sent with Content-Type: application/json, not " + quoted(type),
          List.of(new Problem("Content-Type", 0, "must be application/json")),
          Map.of());
    }
    JsonNode json = parse(endpoint, body);
    problems.addAll(contract.checkBody(endpoint, schema, json));
    return json;
  }

  private static JsonNode parse(Contract.Endpoint endpoint, byte[] body) {
    try {
      return STRICT.readTree(body);
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 0 : Math.max(0, e.getLocation().getLineNr());
      // What the parser says may be a part of the document.
      String reason = endpoint.takesSecrets() ? "" : ": " + reason(e);
      throw invalid(endpoint, List.of(new Problem("body", line, "is not valid JSON" + reason)));
    }
  }

  private static String reason(JacksonException e) {
    String message = e.getOriginalMessage();
    return message == null ? "it cannot be read" : message.lines().findFirst().orElse("");
  }

  private static Refusal invalid(Contract.Endpoint endpoint, List<Problem> problems) {
    Problem first = problems.getFirst();
    String more = problems.size() > 1 ? " (and " + (problems.size() - 1) + " more)" : "";
    return new Refusal(
        endpoint.invalid(),
        ErrorCode.INVALID_REQUEST,
        "The request is wrong: " + first + more,
        problems,
        Map.of());
  }

  private static String quoted(@Nullable String text) {
    if (text == null) {
      return "(none)";
    }
    return Wire.JSON.writeValueAsString(text.length() > 200 ? text.substring(0, 200) + "…" : text);
  }
}
