package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ApplyRequest;
import dev.semper.api.OperationInfo;
import dev.semper.api.UnreachableException;
import dev.semper.engine.operation.OperationKind;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The server dies at each point at which it makes a difference, in each kind of operation; the
/// next one brings the operation to the very end it would have come to, with nothing lost and
/// nothing twice.
///
/// The points are not listed here: each drill is done once undisturbed, with the server telling the
/// points it passes.
@Execution(ExecutionMode.CONCURRENT)
class CrashAtEveryStepTest {
  private static final int SAMPLE = 3;

  /// Of the many ways of a recovery; the engine's own drills die at more of its points.
  private static final int SAMPLE_OF_RECOVERY = 1;

  /// @param occurrence the how-manieth time the point is passed
  private record Point(String name, int occurrence) {
    String plan() {
      return "^" + Pattern.quote(name) + "$#" + occurrence;
    }

    /// Effects are carried out beside the operation: one may come after its end, or not at all when
    /// another overtakes it.
    boolean certain() {
      return !name.startsWith("effect/");
    }
  }

  @ParameterizedTest
  @EnumSource
  void aServerThatDiesOnTheWayComesToTheSameEnd(Drill drill) {
    try (Rig rig = new Rig(drill)) {
      List<Point> all = rig.rehearse();
      List<Point> some = new ArrayList<>();
      int sample = drill.kind() == OperationKind.RECOVER ? SAMPLE_OF_RECOVERY : SAMPLE;
      for (int i = 0; i < sample; i++) {
        some.add(all.get((2 * i + 1) * all.size() / (2 * sample)));
      }
      some.forEach(rig::run);
    }
  }

  @Tag("soak")
  @ParameterizedTest
  @EnumSource
  void aServerThatDiesAtAnyStepComesToTheSameEnd(Drill drill) {
    try (Rig rig = new Rig(drill)) {
      List<Point> all = rig.rehearse();
      all.forEach(rig::run);
      System.out.printf("%s: died at %d points, %d not reached%n", drill, all.size(), rig.missed);
    }
  }

  @Test
  void everyKindOfOperationHasADrill() {
    assertThat(Stream.of(Drill.values()).map(Drill::kind).distinct())
        .containsExactlyInAnyOrder(OperationKind.values());
  }

  static String bystander(Witness witness) {
    return """
    [workloads.bystander]
    kind = "process"
    command = ["/bin/sh", "-c", '''%s''']
    start_seconds = "0s"
    """
        .formatted(witness.unit(Stage.SLEEP));
  }

  /// A server on which one drill is done again and again.
  private static final class Rig implements AutoCloseable {
    private final Drill drill;
    private final ServerProcess server = ServerProcess.create();
    private final Witness witness = new Witness(server);
    private final Path trace = server.home().resolve("trace");
    private final Path haltAt = server.home().resolve("halt-at");
    private final String bystander;
    private Map<String, String> picture = Map.of();
    private String status = "";
    private int stages;
    private int missed;

    Rig(Drill drill) {
      this.drill = drill;
      server.options("-Dsemper.halt-at=@" + haltAt, "-Dsemper.trace-boundaries=" + trace).start();
      OperationInfo applied =
          server.client().apply(ApplyRequest.of(bystander(witness), "toml")).operation();
      server.client().await(Objects.requireNonNull(applied).id(), Duration.ofSeconds(20));
      bystander = incarnation();
    }

    private String incarnation() {
      return server.client().workload("bystander").instances().getFirst().incarnation();
    }

    /// Does the drill undisturbed.
    ///
    /// @return the points passed
    List<Point> rehearse() {
      Stage stage = new Stage(server, witness, "s" + stages++);
      drill.prepare(stage);
      witness.settle();
      int before = passed().size();
      status = stage.await(drill.act(stage)).status();
      witness.verify();
      picture = stage.picture();
      drill.check(stage);
      List<String> passed = passed();
      stage.clear();
      Map<String, Integer> times = new HashMap<>();
      return passed.subList(before, passed.size()).stream()
          .map(name -> new Point(name, times.merge(name, 1, Integer::sum)))
          .toList();
    }

    private List<String> passed() {
      try {
        return Files.exists(trace) ? Files.readAllLines(trace) : List.of();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// Does the drill with the server dying at that point, and checks what the next one makes of
    /// it.
    void run(Point point) {
      Stage stage = new Stage(server, witness, "s" + stages++);
      try {
        drill.prepare(stage);
        die(stage, point);
        server.start();
        OperationInfo ended = stage.await(drill.act(stage));
        witness.verify();
        assertThat(ended.status()).as("%s", ended).isEqualTo(status);
        assertThat(stage.picture()).isEqualTo(picture);
        drill.check(stage);
        assertThat(incarnation()).as("the bystander").isEqualTo(bystander);
        stage.clear();
      } catch (AssertionError | RuntimeException e) {
        throw server.failure(drill + " with a crash at " + point + ": " + e, e);
      }
    }

    private void die(Stage stage, Point point) {
      plan(point.plan());
      try {
        stage.await(drill.act(stage));
      } catch (UnreachableException _) {
        // It died before it could answer.
      }
      if (!server.ends(Duration.ofSeconds(point.certain() ? 10 : 2))) {
        if (point.certain()) {
          throw server.failure("The server has not passed " + point);
        }
        missed++;
        server.kill9();
      }
      try {
        Files.delete(haltAt);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /// The server may read it at any moment.
    private void plan(String text) {
      try {
        Path fresh = server.home().resolve("halt-at.new");
        Files.write(fresh, text.getBytes(UTF_8));
        Files.move(fresh, haltAt, StandardCopyOption.ATOMIC_MOVE);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public void close() {
      server.close();
    }
  }
}
