package dev.semper.engine.config;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaException;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SchemaRegistryConfig;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.regex.RegularExpression;
import com.networknt.schema.regex.RegularExpressionFactory;
import dev.semper.engine.error.Problem;
import dev.semper.engine.spec.Trees;
import dev.semper.engine.store.Docs;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A JSON Schema, draft 2020-12 unless it says otherwise. Its patterns are matched in linear time
/// (RE2), and it is fetched from nowhere. The library is loaded when the first one is used.
final class JsonSchema {
  private static final String OWN = "https://json-schema.org/draft/";
  private static final String DRAFT = "https://json-schema.org/draft/2020-12/schema";
  private static final int MOST_PROBLEMS = 100;

  private final Schema schema;

  private JsonSchema(Schema schema) {
    this.schema = schema;
  }

  /// @param problems gets what is wrong with the schema itself
  /// @return null if it is none
  static @Nullable JsonSchema of(Map<String, Object> schema, String at, List<Problem> problems) {
    JsonNode node = node(schema);
    int before = problems.size();
    add(Library.META.validate(node), at, problems);
    if (problems.size() > before) {
      return null;
    }
    try {
      Schema compiled = Library.REGISTRY.getSchema(node);
      compiled.initializeValidators();
      return new JsonSchema(compiled);
    } catch (SchemaException | PatternSyntaxException e) {
      problems.add(new Problem(at, 0, "is no usable JSON Schema: " + e.getMessage()));
      return null;
    }
  }

  void check(Object value, String at, List<Problem> problems) {
    add(schema.validate(node(value)), at, problems);
  }

  private static JsonNode node(Object value) {
    return Docs.MAPPER.valueToTree(Values.plain(value));
  }

  private static void add(List<Error> errors, String at, List<Problem> problems) {
    for (Error error : errors) {
      if (problems.size() < MOST_PROBLEMS) {
        problems.add(new Problem(path(error, at), 0, words(error)));
      }
    }
  }

  private static String path(Error error, String at) {
    StringBuilder path = new StringBuilder(at);
    for (int i = 0; i < error.getInstanceLocation().getNameCount(); i++) {
      Object part = error.getInstanceLocation().getElement(i);
      if (part instanceof Number index) {
        path.append('[').append(index).append(']');
      } else {
        String longer = Trees.join(path.toString(), String.valueOf(part));
        path.setLength(0);
        path.append(longer);
      }
    }
    String property = error.getProperty();
    return property == null ? path.toString() : Trees.join(path.toString(), property);
  }

  /// Without the value, which may be sensitive.
  private static String words(Error error) {
    return switch (error.getKeyword()) {
      case "required" -> "is required";
      case "additionalProperties", "unevaluatedProperties" -> "is a key that the schema has not";
      case "enum", "const" -> "must be one of " + error.getSchemaNode();
      case "pattern" -> "must match " + error.getSchemaNode().asString();
      case "type" -> "must be of type " + error.getSchemaNode();
      case "minimum" -> "must be at least " + error.getSchemaNode();
      case "maximum" -> "must be at most " + error.getSchemaNode();
      case null, default ->
          "does not meet %s: %s".formatted(error.getKeyword(), error.getSchemaNode());
    };
  }

  /// Loaded with the first schema.
  private static final class Library {
    static final SchemaRegistry REGISTRY =
        SchemaRegistry.withDefaultDialect(
            SpecificationVersion.DRAFT_2020_12,
            builder ->
                builder
                    .schemaCacheEnabled(false) // an $id of one tenant must mean nothing to others
                    .schemaLoader(loader -> loader.allow(iri -> iri.toString().startsWith(OWN)))
                    .schemaRegistryConfig(
                        SchemaRegistryConfig.builder().regularExpressionFactory(linear()).build()));
    static final Schema META = REGISTRY.getSchema(SchemaLocation.of(DRAFT));

    private static RegularExpressionFactory linear() {
      return regex -> {
        Pattern pattern = Pattern.compile(regex);
        RegularExpression expression = text -> pattern.matcher(text).find();
        return expression;
      };
    }
  }
}
