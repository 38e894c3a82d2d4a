package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApiException;
import dev.semper.api.ApplyRequest;
import dev.semper.api.EventQuery;
import dev.semper.api.FieldProblem;
import dev.semper.api.OperationInfo;
import dev.semper.api.PlanRequest;
import dev.semper.api.Wire;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/// Whatever is sent, the answer is a clear refusal, nothing changes and the server goes on.
@Timeout(120)
final class BadInputTest {
  private static final String KEPT =
      """
      [workloads.kept]
      kind = "process"
      command = ["sleep", "600"]
      start_seconds = "0s"
      """;

  private static Lab lab;

  @BeforeAll
  static void open() {
    lab = Lab.open();
    lab.run(KEPT);
  }

  @AfterAll
  static void close() {
    lab.close();
  }

  /// @param line 0: any
  /// @param path empty: any
  private record Malformed(String file, int line, String path, String fragment) {
    boolean isAnsweredBy(FieldProblem p) {
      return (line == 0 || p.line() == line)
          && (path.isEmpty() || p.path().equals(path))
          && p.message().contains(fragment);
    }

    String format() {
      String ending = file.substring(file.lastIndexOf('.') + 1);
      return ending.equals("yml") ? "yaml" : ending;
    }
  }

  private static Path corpus() {
    return Cli.root().resolve("engine/src/test/resources/malformed");
  }

  private static List<Malformed> malformed() throws IOException {
    return Files.readAllLines(corpus().resolve("expected.tsv")).stream()
        .filter(line -> !line.startsWith("#") && !line.isBlank())
        .map(line -> line.split("\t", -1))
        .filter(c -> !c[0].equals("settings-text.toml")) // the driver of these tests takes texts
        .map(c -> new Malformed(c[0], Integer.parseInt(c[1]), c[2], c[3]))
        .toList();
  }

  /// All that a refused request must not touch.
  private record State(List<WorkloadInfo> workloads, long events, int operations) {
    static State now() {
      return new State(
          lab.client().workloads().items(),
          lab.lastEvent(),
          lab.client().operations(null, null, 1000).items().size());
    }
  }

  private static void assertStillWell(State before) {
    assertThat(lab.client().events(EventQuery.ALL.after(before.events()), 100).items()).isEmpty();
    assertThat(State.now()).isEqualTo(before);
    assertThat(lab.client().readiness().ready()).isTrue();
    assertThat(lab.server().log()).doesNotContain("by a defect", "\tat ", "Exception:");
    assertThat(lab.client().tenants().items()).hasSize(1);
    assertThat(lab.client().tokens().items()).hasSize(1);
  }

  @Test
  void everyMalformedFileIsRefusedWithItsLineAndNothingIsApplied() throws IOException {
    State before = State.now();
    List<Malformed> all = malformed();
    assertThat(all.stream().map(Malformed::file).distinct()).hasSizeGreaterThanOrEqualTo(200);
    List<String> wrong = new ArrayList<>();
    for (Malformed one : all) {
      String document =
          new String(Files.readAllBytes(corpus().resolve(one.file())), StandardCharsets.UTF_8);
      refused(one, () -> lab.client().apply(ApplyRequest.of(document, one.format())), wrong);
      refused(
          one, () -> lab.client().plan(new PlanRequest(document, one.format(), null, null)), wrong);
    }
    assertThat(wrong).isEmpty();
    assertStillWell(before);
  }

  private static void refused(Malformed one, Callable<?> call, List<String> wrong) {
    try {
      wrong.add(one.file() + " was accepted: " + call.call());
    } catch (ApiException e) {
      boolean clear =
          e.status() == 400
              && e.problems().stream().anyMatch(one::isAnsweredBy)
              && e.problems().stream().allMatch(p -> p.line() > 0 && !p.message().isBlank())
              && !String.valueOf(e.getMessage()).contains("Exception");
      if (!clear) {
        wrong.add(one + " was answered with " + e.status() + " " + e.problem());
      }
    } catch (Exception e) {
      wrong.add(one + " ended with " + e);
    }
  }

  @Test
  void theCommandLineNamesFileAndLineOfWhatIsWrong() throws Exception {
    State before = State.now();
    List<Malformed> all = malformed();
    List<Malformed> sample =
        IntStream.range(0, 15).mapToObj(i -> all.get(i * all.size() / 15)).toList();
    try (ExecutorService pool = Executors.newFixedThreadPool(3)) {
      List<Future<String>> results = new ArrayList<>();
      for (Malformed one : sample) {
        results.add(pool.submit(() -> applyByCommandLine(one)));
      }
      for (Future<String> result : results) {
        assertThat(result.get()).isEmpty();
      }
    }
    assertStillWell(before);
  }

  /// @return what is wrong with the answer; empty if nothing is
  private static String applyByCommandLine(Malformed one) {
    Path file = corpus().resolve(one.file());
    Cli.Result result = Cli.semper(lab.server().home(), "apply", "-f", file.toString(), "--yes");
    boolean clear =
        result.code() == 2
            && (one.line() == 0 || result.output().contains(file + ":" + one.line() + ":"))
            && result.output().contains(one.path())
            && !result.output().contains("\tat ");
    return clear ? "" : one + " was answered with " + result;
  }

  @Test
  void everyMalformedRequestIsRefusedClearlyAndChangesNothing() throws IOException {
    State before = State.now();
    URI server = lab.server().url();
    List<MalformedRequests.Request> requests = MalformedRequests.with(lab.server().token());
    assertThat(requests).hasSizeGreaterThanOrEqualTo(200);

    List<String> wrong = new ArrayList<>();
    for (MalformedRequests.Request request : requests) {
      RawHttp answer = RawHttp.send(server, request.bytes(), request.cut());
      String fault = fault(request, answer);
      if (!fault.isEmpty()) {
        wrong.add(
            "%s: %s: %d%s %s"
                .formatted(
                    request,
                    fault,
                    answer.status(),
                    answer.timedOut() ? " (timed out)" : "",
                    answer.body().isEmpty() ? answer.head() : answer.body()));
      }
    }
    System.out.println(requests.size() + " malformed requests");
    assertThat(wrong).isEmpty();
    assertStillWell(before);
  }

  private static String fault(MalformedRequests.Request request, RawHttp answer) {
    if (answer.timedOut()) {
      return "no answer";
    }
    if (answer.status() == 0) {
      return request.application() ? "closed without an answer" : "";
    }
    if (answer.status() < 400 || answer.status() >= 500) {
      return "not refused";
    }
    try {
      JsonNode problem = Wire.JSON.readTree(answer.body());
      boolean clear =
          answer.head().contains("application/problem+json")
              && problem.path("status").asInt() == answer.status()
              && !problem.path("code").asString("").isEmpty()
              && problem.path("detail").asString("").length() > 10;
      return clear && !answer.body().contains("Exception") ? "" : "not clear";
    } catch (JacksonException e) {
      return "no problem document";
    }
  }

  @Test
  void requestsSentSlowlyAreWaitedForButNotForEver() throws Exception {
    // 200 connections that say nothing must not keep others out.
    List<java.net.Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        java.net.Socket socket =
            new java.net.Socket(lab.server().url().getHost(), lab.server().url().getPort());
        socket.getOutputStream().write("GET /api/v1/workloads HT".getBytes(StandardCharsets.UTF_8));
        silent.add(socket);
      }
      long begun = System.nanoTime();
      assertThat(lab.client().workloads().items()).isNotEmpty();
      assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(Duration.ofSeconds(2));
    } finally {
      for (java.net.Socket socket : silent) {
        socket.close();
      }
    }
  }

  /// Calls all at once; those that are refused must be refused with a conflict.
  private static <T> List<T> atOnce(int calls, Callable<T> call)
      throws InterruptedException, ExecutionException {
    List<T> results = new ArrayList<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < calls; i++) {
        futures.add(pool.submit(call));
      }
      for (Future<T> future : futures) {
        try {
          results.add(future.get());
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof ApiException refused) || refused.status() != 409) {
            throw e;
          }
        }
      }
    }
    return results;
  }

  @Test
  void fiftyWhoApplyTheSameFileAtOnceStartItOnce() throws Exception {
    String file =
        """
        [workloads.crowd]
        kind = "process"
        command = ["sleep", "600"]
        start_seconds = "0s"
        instances = 2

        [workloads.crowd-too]
        kind = "process"
        command = ["sleep", "600"]
        start_seconds = "0s"
        depends_on = ["crowd"]
        """;

    List<?> done = atOnce(50, () -> lab.client().apply(ApplyRequest.of(file, "toml")));

    assertThat(done).isNotEmpty();
    lab.await("crowd", "runs", w -> w.state().equals("running") && w.operationId() == null);
    lab.await("crowd-too", "runs", w -> w.state().equals("running") && w.operationId() == null);
    assertThat(lab.pids("crowd")).hasSize(2);
    assertThat(lab.pids("crowd-too")).hasSize(1);
    assertThat(lab.workload("crowd").generation()).isEqualTo(1);
    assertThat(lab.client().plan(new PlanRequest(file, "toml", null, null)).empty()).isTrue();
    lab.delete("crowd-too");
    lab.delete("crowd");
  }

  @Test
  void aStormOfStartsAndStopsEndsInOneOfBoth() throws Exception {
    lab.run(KEPT.replace("kept", "storm"));
    ActionRequest plain = ActionRequest.DEFAULT;
    ActionRequest queued = new ActionRequest(null, null, true, null, null, null, null, null, null);
    List<Callable<OperationInfo>> calls =
        List.of(
            () -> lab.client().act("storm", "start", plain),
            () -> lab.client().act("storm", "stop", plain),
            () -> lab.client().act("storm", "restart", plain),
            () -> lab.client().act("storm", "stop", queued),
            () -> lab.client().act("storm", "start", queued));
    java.util.concurrent.atomic.AtomicInteger next =
        new java.util.concurrent.atomic.AtomicInteger();

    List<OperationInfo> begun =
        atOnce(60, () -> calls.get(next.getAndIncrement() % calls.size()).call());

    for (OperationInfo operation : begun) {
      OperationInfo ended = lab.client().await(operation.id(), Lab.PATIENCE);
      assertThat(ended.ended()).as(ended::toString).isTrue();
      assertThat(ended.status()).as(ended::toString).isNotEqualTo("inconsistent");
      assertThat(ended.errorCode()).as(ended::toString).isNotEqualTo("INTERNAL");
    }
    WorkloadInfo end = lab.workload("storm");
    assertThat(end.operationId()).isNull();
    assertThat(end.state()).isIn("running", "stopped");
    assertThat(end.state()).isEqualTo(end.desired());
    Awaitility.await()
        .atMost(Lab.PATIENCE)
        .until(() -> lab.pids("storm").size() == (end.state().equals("running") ? 1 : 0));
    assertThat(lab.server().log()).doesNotContain("by a defect");
    lab.delete("storm");
  }

  /// The heap of the server is bounded, and so is the time it may be kept from its workloads.
  @Test
  void theLargestDocumentsNeitherExhaustTheServerNorHoldUpRestarts() throws Exception {
    lab.run(
        """
        [workloads.restless]
        kind = "process"
        command = ["sleep", "600"]
        start_seconds = "0s"
        restart = { policy = "always", delay = "0s", max_attempts = 0 }
        """);
    long server = lab.server().pid();
    List<Long> latencies = new ArrayList<>();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> answers = new ArrayList<>();
      for (PlanRequest request : largest()) {
        answers.add(pool.submit(() -> status(request)));
      }
      for (int i = 0; i < 5; i++) {
        long pid = lab.pid("restless");
        long begun = System.nanoTime();
        Lab.signal("KILL", pid);
        lab.awaitSuccessor("restless", pid);
        latencies.add((System.nanoTime() - begun) / 1_000_000);
      }
      for (Future<Integer> answer : answers) {
        assertThat(answer.get()).isIn(400, 503);
      }
    }
    System.out.println("restarts while the largest documents are read, in ms: " + latencies);
    assertThat(latencies).allMatch(millis -> millis < 6_000);
    assertThat(lab.server().running()).isTrue();
    assertThat(lab.server().pid()).isEqualTo(server);
    assertThat(lab.server().log()).doesNotContain("OutOfMemory");
    assertThat(lab.client().readiness().ready()).isTrue();
    lab.delete("restless");
  }

  private static int status(PlanRequest request) {
    try {
      lab.client().plan(request);
      return 200;
    } catch (ApiException e) {
      return e.status();
    }
  }

  /// As large as they may be and as costly as we know.
  private static List<PlanRequest> largest() {
    List<PlanRequest> requests = new ArrayList<>();
    for (String unit :
        List.of("[", "a.b.c.d=1\n", "x=[[[]],1]\n", "\"\\u0041\"=1\n", "\n", "a=\"\"\n")) {
      requests.add(request(unit.repeat((256 << 10) / unit.length()), "toml"));
    }
    requests.add(request("x = [" + "1,".repeat((256 << 9) - 10) + "]\n", "toml"));
    StringBuilder keys = new StringBuilder();
    for (int i = 0; keys.length() < (256 << 10) - 20; i++) {
      keys.append("k").append(i).append("=1\n");
    }
    requests.add(request(keys.toString(), "toml"));
    int size = 7 << 20;
    requests.add(request("[" + "[],".repeat(size / 3) + "1]", "json"));
    requests.add(request("x:\n" + "- []\n".repeat(size / 6), "yaml"));
    requests.add(request("x: [" + "1,".repeat(size / 2) + "]", "yaml"));
    return requests;
  }

  private static PlanRequest request(String document, String format) {
    return new PlanRequest(document, format, null, null);
  }
}
