package dev.semper.engine.store;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/// Writes and reads the JSON `doc` columns of [Row]s: snake_case, unknown fields ignored so that an
/// older server can read what a newer one of the same schema wrote.
public final class Docs {
  public static final JsonMapper MAPPER =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
          .enable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
          .build();

  private Docs() {}

  public static String write(Object doc) {
    return MAPPER.writeValueAsString(doc);
  }

  public static <T> T read(String doc, Class<T> type) {
    return MAPPER.readValue(doc, type);
  }
}
