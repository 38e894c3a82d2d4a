package dev.semper.engine.store;

import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.ObjectReader;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// The facts of events and audit records as JSON text, keys in order.
final class Json {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();
  private static final ObjectReader FACTS =
      MAPPER.readerFor(new TypeReference<Map<String, Object>>() {});

  private Json() {}

  static String write(Map<String, Object> facts) {
    try {
      return facts.isEmpty() ? "{}" : MAPPER.writeValueAsString(facts);
    } catch (JacksonException e) {
      throw new IllegalArgumentException("not facts that can be stored as JSON: " + facts, e);
    }
  }

  static Map<String, Object> read(String json) {
    return json.equals("{}") ? Map.of() : FACTS.readValue(json);
  }
}
