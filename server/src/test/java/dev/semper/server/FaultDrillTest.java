package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.SemperException;
import dev.semper.engine.workload.Boundaries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FaultDrillTest {
  @TempDir Path folder;

  /// Passes the points one after the other, in a JVM of its own since it may end there.
  static final class Passing {
    private Passing() {}

    public static void main(String[] points) {
      Boundaries drill =
          FaultDrill.of(
              System.getProperty(FaultDrill.HALT_AT), System.getProperty(FaultDrill.TRACE));
      Stream.of(points).forEach(drill::pass);
    }
  }

  @Test
  void isNothingUnlessAskedFor() {
    assertThat(FaultDrill.of(null, null)).isSameAs(Boundaries.NONE);
  }

  @Test
  void endsTheServerTheNthTimeThePointIsPassed() throws Exception {
    Path trace = folder.resolve("trace");

    int code =
        pass(
            "launch . .generation 2.*intent#2",
            trace,
            "a",
            "launch 0 (generation 2)/intent",
            "launch 0 (generation 3)/intent",
            "launch 1 (generation 2)/intent",
            "b");

    assertThat(code).isEqualTo(137);
    assertThat(Files.readAllLines(trace)).hasSize(4);
  }

  @Test
  void goesOnIfThePointIsNotPassed() throws Exception {
    assertThat(pass("c", folder.resolve("trace"), "a", "b")).isZero();
  }

  @Test
  void readsWhereToEndFromAFileThatMayComeLater() throws Exception {
    Path file = folder.resolve("halt-at");
    Path trace = folder.resolve("trace");

    assertThat(pass("@" + file, trace, "a", "a")).isZero();
    Files.writeString(file, "a#2\n");
    assertThat(pass("@" + file, trace, "a", "a", "a")).isEqualTo(137);

    assertThat(Files.readAllLines(trace)).hasSize(4);
  }

  @Test
  void refusesWhatIsNotARegularExpression() {
    assertThatThrownBy(() -> FaultDrill.of("launch (", null))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining("semper.halt-at=launch ( is not a regular expression");
  }

  private static int pass(String haltAt, Path trace, String... points)
      throws IOException, InterruptedException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Dsemper.halt-at=" + haltAt,
                "-Dsemper.trace-boundaries=" + trace,
                "-cp",
                System.getProperty("java.class.path"),
                Passing.class.getName()));
    command.addAll(Arrays.asList(points));
    return new ProcessBuilder(command).inheritIO().start().waitFor();
  }
}
