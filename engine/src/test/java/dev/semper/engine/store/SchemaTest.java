package dev.semper.engine.store;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.net.URL;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class SchemaTest {
  @ParameterizedTest
  @ValueSource(strings = {"sqlite", "postgresql"})
  void knowsItsNewestMigration(String dialect) throws Exception {
    URL folder = Objects.requireNonNull(Schema.class.getResource("/db/" + dialect));
    String[] files = Objects.requireNonNull(new File(folder.toURI()).list());
    List<Integer> versions =
        Arrays.stream(files)
            .map(name -> Integer.parseInt(name.replaceAll("V(\\d+)__.*\\.sql", "$1")))
            .sorted()
            .toList();

    assertThat(versions)
        .containsExactlyElementsOf(IntStream.rangeClosed(1, Schema.NEWEST).boxed().toList());
  }
}
