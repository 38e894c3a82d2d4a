package dev.semper.engine.spec;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;

/// Reads JSON token by token with Jackson, which knows the line of each.
final class JsonSource {
  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxStringLength(Source.MAX_BYTES)
                  .maxNameLength(Source.MAX_BYTES)
                  .build())
          .build();

  private final String text;
  private final Problems problems;

  JsonSource(String text, Problems problems) {
    this.text = text;
    this.problems = problems;
  }

  Node parse() {
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), text)) {
      JsonToken first = parser.nextToken();
      if (first == null) {
        return new Node.Nothing(1);
      }
      Node node = node(parser, first, "", 1);
      if (parser.nextToken() != null) {
        throw problems.fatal("", line(parser), "there is more after the end of the document");
      }
      return node;
    } catch (JacksonException e) {
      int line = e.getLocation() == null ? 1 : Math.max(1, e.getLocation().getLineNr());
      throw problems.fatal("", line, "is not JSON: " + Words.cut(e.getOriginalMessage(), 300));
    }
  }

  private Node node(JsonParser parser, @Nullable JsonToken token, String path, int depth) {
    int line = line(parser);
    if (depth > Source.MAX_DEPTH) {
      throw Source.tooDeep(path, line, problems);
    }
    return switch (token) {
      case START_OBJECT -> table(parser, path, depth);
      case START_ARRAY -> array(parser, path, depth);
      case VALUE_NULL -> new Node.Nothing(line);
      case VALUE_TRUE -> Source.scalar(line, true);
      case VALUE_FALSE -> Source.scalar(line, false);
      case VALUE_STRING -> Source.scalar(line, parser.getString());
      case VALUE_NUMBER_INT -> Source.scalar(line, parser.getNumberValue());
      case VALUE_NUMBER_FLOAT -> new Node.Scalar(line, parser.getDoubleValue(), parser.getString());
      case null, default -> throw problems.fatal(path, line, "is not JSON: a value is missing");
    };
  }

  private Node table(JsonParser parser, String path, int depth) {
    int line = line(parser);
    Map<String, Node.Entry> entries = new LinkedHashMap<>();
    for (String key = parser.nextName(); key != null; key = parser.nextName()) {
      int keyLine = line(parser);
      String keyPath = Words.join(path, key);
      Node value = node(parser, parser.nextToken(), keyPath, depth + 1);
      Node.Entry first = entries.putIfAbsent(key, new Node.Entry(keyLine, value));
      if (first != null) {
        Source.duplicate(keyPath, key, keyLine, first.line(), problems);
      }
    }
    return new Node.Table(line, entries);
  }

  private Node array(JsonParser parser, String path, int depth) {
    int line = line(parser);
    List<Node> items = new ArrayList<>();
    for (JsonToken t = parser.nextToken(); t != JsonToken.END_ARRAY; t = parser.nextToken()) {
      items.add(node(parser, t, path + "[" + items.size() + "]", depth + 1));
    }
    return new Node.Items(line, items);
  }

  private static int line(JsonParser parser) {
    return Math.max(1, parser.currentTokenLocation().getLineNr());
  }
}
