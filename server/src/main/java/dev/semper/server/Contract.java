package dev.semper.server;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.semper.api.Wire;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.Problem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/// `openapi.yaml`: which operations there are, and whether a request is one of them. Immutable but
/// for the schemas, which are compiled when they are first needed.
final class Contract {
  private static final List<String> METHODS = List.of("get", "put", "post", "delete", "patch");

  /// An operation of the contract.
  ///
  /// @param path segments; a parameter is written `{name}`
  /// @param role least role needed; null for operations without authentication
  /// @param body schema of the body; null if it takes none
  /// @param invalid status that a request gets which is not as the contract says: 422 where the
  ///   contract names it, else 400
  record Endpoint(
      String id,
      String method,
      List<String> path,
      @Nullable Role role,
      List<Parameter> parameters,
      @Nullable JsonNode body,
      boolean bodyRequired,
      int invalid) {
    boolean takesSecrets() {
      return path.stream().anyMatch(segment -> segment.startsWith("secret"));
    }

    boolean mutates() {
      return !method.equals("GET") && !id.equals("plan");
    }
  }

  /// @param in path, query or header
  record Parameter(String name, String in, JsonNode schema) {}

  /// What a method and a path mean.
  sealed interface Match {
    record Found(Endpoint endpoint, Map<String, String> pathParameters) implements Match {}

    record WrongMethod(List<String> allowed) implements Match {}

    record Unknown() implements Match {}
  }

  private final JsonNode root;
  private final List<Endpoint> endpoints = new ArrayList<>();
  private final SchemaRegistry registry =
      SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12);
  private final Map<JsonNode, Schema> schemas = new ConcurrentHashMap<>();

  Contract(JsonNode root) {
    this.root = root;
    for (Map.Entry<String, JsonNode> path : root.required("paths").properties()) {
      for (String method : METHODS) {
        JsonNode operation = path.getValue().get(method);
        if (operation != null) {
          endpoints.add(endpoint(path.getKey(), path.getValue(), method, operation));
        }
      }
    }
  }

  static Contract load() {
    try (InputStream in = Wire.class.getResourceAsStream("/openapi.yaml")) {
      if (in == null) {
        throw new IllegalStateException("openapi.yaml is missing from the api module");
      }
      return new Contract(new YAMLMapper().readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  JsonNode root() {
    return root;
  }

  List<Endpoint> endpoints() {
    return List.copyOf(endpoints);
  }

  Match match(String method, List<String> path) {
    List<String> allowed = new ArrayList<>();
    Match.Found found = null;
    int literals = -1;
    for (Endpoint endpoint : endpoints) {
      Optional<Map<String, String>> parameters = fit(endpoint.path(), path);
      if (parameters.isPresent()) {
        allowed.add(endpoint.method());
        int exact = path.size() - parameters.get().size();
        if (endpoint.method().equals(method) && exact > literals) {
          literals = exact;
          found = new Match.Found(endpoint, parameters.get());
        }
      }
    }
    if (found != null) {
      return found;
    }
    return allowed.isEmpty() ? new Match.Unknown() : new Match.WrongMethod(allowed);
  }

  private static Optional<Map<String, String>> fit(List<String> template, List<String> path) {
    if (template.size() != path.size()) {
      return Optional.empty();
    }
    Map<String, String> parameters = new LinkedHashMap<>();
    for (int i = 0; i < path.size(); i++) {
      String segment = template.get(i);
      if (segment.startsWith("{")) {
        parameters.put(segment.substring(1, segment.length() - 1), path.get(i));
      } else if (!segment.equals(path.get(i))) {
        return Optional.empty();
      }
    }
    return Optional.of(parameters);
  }

  /// What is wrong with a JSON value; paths of the problems start with `at`.
  List<Problem> check(JsonNode schema, JsonNode value, String at) {
    Schema compiled = schemas.computeIfAbsent(schema, this::compile);
    List<Problem> problems = new ArrayList<>();
    for (Error error : compiled.validate(value)) {
      problems.add(problem(error, at, given(error.getInstanceNode())));
    }
    return problems;
  }

  /// What is wrong with the body of an operation. Where secrets are told, what was given is not
  /// repeated.
  List<Problem> checkBody(Endpoint endpoint, JsonNode schema, JsonNode body) {
    if (!endpoint.takesSecrets()) {
      return check(schema, body, "");
    }
    Schema compiled = schemas.computeIfAbsent(schema, this::compile);
    return compiled.validate(body).stream().map(error -> problem(error, "", "")).toList();
  }

  /// As [#check], for a value that came as text in a path, a query or a header.
  List<Problem> checkText(Parameter parameter, String text) {
    return check(parameter.schema(), typed(resolve(parameter.schema()), text), parameter.name());
  }

  private static JsonNode typed(JsonNode schema, String text) {
    JsonNodeFactory json = JsonNodeFactory.instance;
    String type = schema.path("type").asString("");
    boolean truth = text.equals("true") || text.equals("false");
    if (type.equals("integer") && text.matches("-?[0-9]{1,18}")) {
      return json.numberNode(Long.parseLong(text));
    }
    return type.equals("boolean") && truth
        ? json.booleanNode(Boolean.parseBoolean(text))
        : json.stringNode(text);
  }

  private static Problem problem(Error error, String at, String given) {
    StringBuilder path = new StringBuilder(at);
    for (String part : error.getInstanceLocation().toString().split("/")) {
      if (part.matches("[0-9]+")) {
        path.append('[').append(part).append(']');
      } else if (!part.isEmpty()) {
        path.append(path.isEmpty() ? "" : ".").append(part);
      }
    }
    String property = error.getProperty();
    if (property != null) {
      path.append(path.isEmpty() ? "" : ".").append(property);
    }
    return new Problem(path.toString(), 0, words(error, given));
  }

  private static String words(Error error, String given) {
    return switch (error.getKeyword()) {
      case "additionalProperties" -> "unknown field";
      case "required" -> "is required";
      case "enum" -> "must be one of " + error.getSchemaNode() + given;
      case "pattern" -> "must match " + error.getSchemaNode().asString() + given;
      case "type" -> "must be of type " + error.getSchemaNode() + given;
      default -> error.getMessage() + given;
    };
  }

  /// The value at fault, if it is short: a long one may be a whole document with secrets in it.
  private static String given(@Nullable JsonNode value) {
    if (value == null || value.isContainer()) {
      return value == null ? "" : ", not " + (value.isArray() ? "an array" : "an object");
    }
    String text = value.toString();
    return text.length() > 80 ? "" : ", not " + text;
  }

  /// A schema stands alone once it carries the components that its references name.
  private Schema compile(JsonNode schema) {
    ObjectNode alone = JsonNodeFactory.instance.objectNode();
    alone.set("components", root.required("components"));
    schema.properties().forEach(p -> alone.set(p.getKey(), p.getValue()));
    return registry.getSchema(alone);
  }

  /// The node a `$ref` leads to, or the node itself.
  JsonNode resolve(JsonNode node) {
    JsonNode ref = node.get("$ref");
    return ref == null ? node : resolve(root.at(ref.asString().substring(1)));
  }

  private Endpoint endpoint(String path, JsonNode item, String method, JsonNode operation) {
    List<Parameter> parameters = new ArrayList<>();
    for (JsonNode place : List.of(item.path("parameters"), operation.path("parameters"))) {
      for (JsonNode declared : place) {
        JsonNode parameter = resolve(declared);
        parameters.add(
            new Parameter(
                parameter.required("name").asString(),
                parameter.required("in").asString(),
                parameter.required("schema")));
      }
    }
    JsonNode role = operation.get("x-role");
    JsonNode body = operation.path("requestBody");
    return new Endpoint(
        operation.required("operationId").asString(),
        method.toUpperCase(Locale.ROOT),
        List.of(path.substring(1).split("/")),
        role == null ? null : Role.valueOf(role.asString().toUpperCase(Locale.ROOT)),
        List.copyOf(parameters),
        body.path("content").path("application/json").get("schema"),
        body.path("required").asBoolean(false),
        operation.path("responses").has("422") ? 422 : 400);
  }
}
