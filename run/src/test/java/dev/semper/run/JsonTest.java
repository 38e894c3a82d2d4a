package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class JsonTest {
  @Test
  void writesWhatAnotherReaderReads() {
    Map<String, @Nullable Object> value = new LinkedHashMap<>();
    value.put("text", "a \"quoted\" back\\slash\nline\ttab \u0001 é 😀");
    value.put("none", null);
    value.put("list", List.of(1, 2.5, true, Map.of("k", "v")));
    value.put("nan", Double.NaN);

    JsonNode read = JsonMapper.shared().readTree(Json.of(value));

    assertThat(read.get("text").asString()).isEqualTo(value.get("text"));
    assertThat(read.get("list").toString()).isEqualTo("[1,2.5,true,{\"k\":\"v\"}]");
    assertThat(read.get("none").isNull()).isTrue();
    assertThat(read.get("nan").isNull()).isTrue();
  }

  @Test
  void isOneLineWithSpacesThatToolsGrepFor() {
    assertThat(Json.of(Map.of("component", "lifecycle_manager")))
        .isEqualTo("{\"component\": \"lifecycle_manager\"}");
    assertThat(Json.of("a\nb")).doesNotContain("\n");
  }

  @Test
  void escapesHalfACharacter() {
    assertThat(Json.of("a\ud800b")).isEqualTo("\"a\\ud800b\"");
  }
}
