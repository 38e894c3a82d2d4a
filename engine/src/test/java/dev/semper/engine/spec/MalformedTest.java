package dev.semper.engine.spec;

import static dev.semper.engine.spec.Documents.READER;
import static dev.semper.engine.spec.Documents.resource;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The hand-made part of the corpus in `src/test/resources/malformed`; `expected.tsv` tells what
/// each file has to be answered with.
class MalformedTest {
  record Malformed(String file, int line, String path, String fragment) {
    boolean isAnsweredBy(Problem p) {
      return (line == 0 || p.line() == line)
          && (path.isEmpty() || p.path().equals(path))
          && p.message().contains(fragment);
    }
  }

  static Stream<Malformed> corpus() {
    return resource("/malformed/expected.tsv")
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split("\t", -1))
        .map(cells -> new Malformed(cells[0], Integer.parseInt(cells[1]), cells[2], cells[3]));
  }

  @ParameterizedTest
  @MethodSource("corpus")
  void namesTheFault(Malformed malformed) {
    String text = resource("/malformed/" + malformed.file());

    List<Problem> problems =
        Documents.problems(
            () -> READER.readDocument(text, Format.ofFileName(malformed.file()), null));

    assertThat(problems).anyMatch(malformed::isAnsweredBy);
    assertThat(problems)
        .allSatisfy(p -> {
          assertThat(p.line()).isPositive();
          assertThat(p.message()).isNotBlank().hasSizeLessThan(2000);
        });
  }

  @Test
  void hasTwoHundredFiles() {
    assertThat(corpus().map(Malformed::file).distinct()).hasSizeGreaterThanOrEqualTo(200);
  }

  @Test
  void tellsAllProblemsAtOnceInTheOrderOfTheLines() {
    String text =
        """
        [workloads.web]
        kind = "process"
        comand = ["x"]
        instances = -1
        restart = { delay = "x", policy = "never ever" }

        [workloads.Db]
        kind = "vm"
        """;

    assertThatThrownBy(() -> Documents.toml(text))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.INVALID_SPEC);
              assertThat(e).hasMessageContaining("7 problems");
              assertThat(e.problems())
                  .extracting(Problem::line, Problem::path)
                  .containsExactly(
                      tuple(1, "workloads.web.command"),
                      tuple(3, "workloads.web.comand"),
                      tuple(4, "workloads.web.instances"),
                      tuple(5, "workloads.web.restart.policy"),
                      tuple(5, "workloads.web.restart.delay"),
                      tuple(7, "workloads.Db"),
                      tuple(8, "workloads.Db.kind"));
            });
  }

  @Test
  void refusesWhatIsLargerThanEightMebibytes() {
    String large = "# " + "é".repeat(4 << 20) + "\n";

    for (Format format : Format.values()) {
      assertThat(Documents.problems(() -> READER.readDocument(large, format, null)))
          .singleElement()
          .satisfies(p -> assertThat(p.message()).contains("larger than 8 MiB"));
    }
  }

  @Test
  void tellsNoMoreThanAHundredProblems() {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 5000; i++) {
      lines.append("bad").append(i).append(" = 1\n");
    }

    List<Problem> problems = Documents.tomlProblems(Documents.table(lines.toString()));

    assertThat(problems).hasSize(Problems.MOST + 1);
    assertThat(problems.getLast().message()).isEqualTo("4900 more problems");
  }

  @Test
  void findsManyCyclesInTime() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 2000; i++) {
      text.append(
          "[workloads.w%d]\nkind = \"process\"\ncommand = [\"x\"]\ndepends_on = [\"w%d\"]\n"
              .formatted(i, i ^ 1));
    }

    assertThat(Documents.tomlProblems(text.toString())).hasSize(20);
  }

  @Test
  void doesNotRepeatTheValueOfAVariable() {
    assertThat(Documents.tomlProblems(Documents.table("env = { PASSWORD = 123.456 }")))
        .singleElement()
        .satisfies(p -> assertThat(p.message()).doesNotContain("123"));
  }

  @Test
  void refusesTomlThatWouldCostTooMuchMemory() {
    assertThat(Documents.tomlProblems("[a]\n".repeat((1 << 16) + 1)))
        .singleElement()
        .satisfies(p -> assertThat(p.message()).contains("larger than 256 KiB"));
  }

  @Test
  void readsTheDensestTomlThatIsAllowed() {
    long before = System.nanoTime();

    assertThat(Documents.tomlProblems("[a]\n".repeat(1 << 16))).hasSize(Problems.MOST + 1);

    assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(60));
  }

  @Test
  void refusesHalfACharacter() {
    for (Format format : Format.values()) {
      assertThat(Documents.problems(() -> READER.readDocument("\n# \uD83D", format, null)))
          .singleElement()
          .satisfies(p -> assertThat(p.toString()).contains("line 2").contains("half a character"));
    }
  }
}
