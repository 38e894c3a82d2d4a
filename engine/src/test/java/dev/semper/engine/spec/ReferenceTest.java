package dev.semper.engine.spec;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Holds docs/workload-file.md to what the reader does.
class ReferenceTest {
  private static final Path PAGE = Path.of("../docs/workload-file.md");

  @ParameterizedTest
  @EnumSource(Section.class)
  void explainsEveryKeyInItsSection(Section section) throws IOException {
    String text = part(section);

    assertThat(section.keys()).allSatisfy(key -> assertThat(text).contains("`" + key + "`"));
  }

  /// From the heading of a section to the next heading.
  private static String part(Section section) throws IOException {
    String heading =
        switch (section) {
          case DOCUMENT -> "# A workload's file";
          case WORKLOAD -> "## Workload";
          case DEPENDENCY -> "## depends_on";
          case PROBE -> "## probes";
          case HOOKS, HOOK -> "## hooks";
          case ALERT -> "## alerts";
          case LINES -> "### log lines";
          case HTTP, TLS, WEBHOOK, TCP, COMMAND, RESOURCE, RETRY, CIRCUIT_BREAKER ->
              "### " + section.name().toLowerCase(Locale.ROOT);
          case RUNG -> "### ladder";
          case CONFIG -> "## config";
          case CONFIG_FILE -> "### files";
          case CONFIG_CHANGE -> "### change";
          case CONFIG_GRAY -> "### gray";
          case RECOVERY, RESTART, STOP, UPDATE, RESOURCES, LOG, HEALTH ->
              "## " + section.name().toLowerCase(Locale.ROOT);
        };
    String page = Files.readString(PAGE);
    int start = page.indexOf("\n" + heading + "\n");
    start = page.startsWith(heading + "\n") ? 0 : start;
    assertThat(start).as(heading).isNotNegative();
    int end = page.indexOf("\n#", start + heading.length());
    return page.substring(start, end);
  }

  @ParameterizedTest
  @EnumSource(Format.class)
  void showsAnExampleThatIsRead(Format format) throws IOException {
    String name = format.name().toLowerCase(Locale.ROOT);
    String page = Files.readString(PAGE);
    String fence = "```" + name + "\n";
    int start = page.indexOf(fence) + fence.length();
    String example = page.substring(start, page.indexOf("```", start));

    List<WorkloadSpec> specs = Documents.READER.readDocument(example, format, null);

    assertThat(specs.getFirst()).isEqualTo(SpecReaderTest.full());
  }

  @Test
  void showsEveryKeyInTheExample() {
    String example = Documents.resource("full.toml");

    for (Section section : Section.values()) {
      assertThat(section.keys()).allSatisfy(key -> assertThat(example).contains(key));
    }
  }
}
