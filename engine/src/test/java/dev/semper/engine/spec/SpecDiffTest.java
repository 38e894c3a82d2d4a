package dev.semper.engine.spec;

import static dev.semper.engine.spec.Documents.web;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.spec.SpecDiff.Change;
import dev.semper.engine.spec.SpecDiff.Effect;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SpecDiffTest {
  @Test
  void findsNothingBetweenEqualOnes() {
    assertThat(SpecDiff.between(SpecReaderTest.full(), SpecReaderTest.full()))
        .isEqualTo(new SpecDiff(List.of(), Effect.NONE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "restart = 'always'                              | LIVE    | restart.policy",
        "stop = { timeout = '1s' }                       | LIVE    | stop.timeout",
        "update = { ready_timeout = '1s' }               | LIVE    | update.ready_timeout",
        "depends_on = ['db']                             | LIVE    | depends_on.db.workload",
        "labels = { a = 'b' }                            | LIVE    | labels.a",
        "log = { max_files = 1 }                         | LIVE    | log.max_files",
        "start_seconds = 9                               | LIVE    | start_seconds",
        "probes = [{type='liveness', command=['x']}]     | LIVE    | probes.command.type",
        "instances = 2                                   | SCALE   | instances",
        "version = '2'                                   | REPLACE | version",
        "env = { A = 'b' }                               | REPLACE | env.A",
        "env_file = '/a'                                 | REPLACE | env_file",
        "port = 'auto'                                   | REPLACE | port",
        "resources = { cpu = 1 }                         | REPLACE | resources.cpu",
        "user = 'www'                                    | REPLACE | user",
        "limits = {}                                     | REPLACE | limits",
      })
  void classifiesEveryKey(String line, Effect effect, String path) {
    WorkloadSpec changed = web(line.replace('\'', '"'));

    SpecDiff there = SpecDiff.between(web(""), changed);
    SpecDiff back = SpecDiff.between(changed, web(""));

    assertThat(there.effect()).isEqualTo(effect).isEqualTo(back.effect());
    assertThat(there.changes()).extracting(Change::path).contains(path);
    assertThat(back.changes()).extracting(Change::path).contains(path);
  }

  @Test
  void takesTheStrongestEffect() {
    WorkloadSpec now = web("instances = 2\nrestart = \"no\"\nversion = \"9\"");

    assertThat(SpecDiff.between(web(""), now).effect()).isEqualTo(Effect.REPLACE);
    assertThat(SpecDiff.between(web("version = \"9\""), now).effect()).isEqualTo(Effect.SCALE);
  }

  @Test
  void tellsOldAndNewValues() {
    String probe =
        "instances = %d\nprobes = [{ type = \"liveness\", tcp = { port = 1 }, period = \"%s\" }]";

    assertThat(
            SpecDiff.between(web(probe.formatted(1, "1s")), web(probe.formatted(3, "90s")))
                .changes())
        .containsExactly(
            new Change("instances", 1L, 3L), new Change("probes.tcp.period", "1s", "1m30s"));
  }

  @Test
  void namesAddedAndRemovedParts() {
    SpecDiff diff =
        SpecDiff.between(
            web("env = { A = \"1\", B = \"2\" }"), web("env = { A = \"1\", C = \"3\" }"));

    assertThat(diff.changes())
        .containsExactlyInAnyOrder(new Change("env.B", "2", null), new Change("env.C", null, "3"));
  }

  @Test
  void noticesANewOrder() {
    assertThat(
            SpecDiff.between(web("depends_on = [\"a\", \"b\"]"), web("depends_on = [\"b\", \"a\"]"))
                .changes())
        .containsExactly(new Change("depends_on", List.of("a", "b"), List.of("b", "a")));
  }

  @Test
  void masksWhatLooksSecret() {
    WorkloadSpec old =
        web(
            "limits = { api_key = \"s1\" }\nenv = { DB_PASSWORD = \"s1\", github_token = \"s1\", "
                + "URL = \"pg://me:s1@db/x\", PLAIN = \"a\" }");
    WorkloadSpec now =
        web(
            "limits = { api_key = \"s2\" }\nenv = { DB_PASSWORD = \"s2\", github_token = \"s2\", "
                + "URL = \"pg://me:s2@db/x\", PLAIN = \"b\" }");

    assertThat(SpecDiff.between(old, now).changes())
        .containsExactlyInAnyOrder(
            new Change("limits.api_key", "***", "***"),
            new Change("env.DB_PASSWORD", "***", "***"),
            new Change("env.github_token", "***", "***"),
            new Change("env.URL", "pg://me:***@db/x", "pg://me:***@db/x"),
            new Change("env.PLAIN", "a", "b"));
    assertThat(SpecDiff.between(null, now).toString()).doesNotContain("s2").contains("***");
  }

  @Test
  void replacesWhatWasNotThereBefore() {
    SpecDiff diff = SpecDiff.between(null, web(""));

    assertThat(diff.effect()).isEqualTo(Effect.REPLACE);
    assertThat(diff.changes()).contains(new Change("kind", null, "process"));
    assertThat(diff.changes()).allSatisfy(c -> assertThat(c.before()).isNull());
  }

  @Test
  void refusesToCompareTwoWorkloads() {
    WorkloadSpec db = Documents.toml(Documents.table("").replace("web", "db")).getFirst();

    assertThatThrownBy(() -> SpecDiff.between(web(""), db))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("db");
  }
}
