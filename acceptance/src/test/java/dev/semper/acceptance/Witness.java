package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.AuditVerification;
import dev.semper.api.EventInfo;
import dev.semper.api.EventPage;
import dev.semper.api.EventQuery;
import dev.semper.api.InstanceInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.SemperClient;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/// Knows what really happened on a home, and checks that the server says the same: the processes of
/// `/proc`, the ledger into which each process of a workload writes itself when it starts, and
/// every event ever seen.
final class Witness {
  /// A start, as the process that was started tells it.
  record Start(String incarnation, long pid) {}

  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Set<String> SETTLED = Set.of("running", "ended", "failed");

  private final ServerProcess server;
  private final Path ledger;
  private final List<EventInfo> events = new ArrayList<>();

  Witness(ServerProcess server) {
    this.server = server;
    ledger = server.home().resolve("ledger");
  }

  /// A command for the shell: writes itself into the ledger, then does the rest in the same
  /// process.
  String unit(String rest) {
    return "echo \"$SEMPER_INCARNATION $$\" >> " + ledger + "; " + rest;
  }

  /// Every start there was, oldest first.
  List<Start> starts() {
    try {
      return !Files.exists(ledger)
          ? List.of()
          : Files.readAllLines(ledger).stream()
              .map(line -> line.split(" ", 2))
              .map(words -> new Start(words[0], Long.parseLong(words[1])))
              .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Waits until nothing is under way any more, and checks everything.
  void verify() {
    settle();
    verifyProcesses();
    verifyEvents();
    verifyStarts();
    verifyNothingIsLeft();
    AuditVerification audit = server.client().verifyAudit();
    assertThat(audit.intact()).as("audit: %s", audit.broken()).isTrue();
  }

  /// Waits until no operation is open and no instance is between two phases.
  void settle() {
    List<String> open = new ArrayList<>();
    try {
      Awaitility.await()
          .pollDelay(Duration.ZERO)
          .pollInterval(Duration.ofMillis(10))
          .atMost(PATIENCE)
          .until(() -> {
            open.clear();
            open.addAll(underWay());
            return open.isEmpty();
          });
    } catch (org.awaitility.core.ConditionTimeoutException e) {
      throw server.failure("Still under way after 20 s: " + open);
    }
  }

  private List<String> underWay() {
    SemperClient client = server.client();
    List<String> open = new ArrayList<>();
    for (OperationInfo operation : client.operations(null, null, 50).items()) {
      if (!operation.ended()) {
        open.add(
            "%s %s of %s is %s: %s"
                .formatted(
                    operation.kind(),
                    operation.id(),
                    operation.workload(),
                    operation.status(),
                    operation.steps()));
      }
    }
    for (WorkloadInfo workload : client.workloads().items()) {
      if (workload.operationId() != null) {
        open.add(workload.name() + " is held by " + workload.operationId());
      }
      for (InstanceInfo instance : workload.instances()) {
        if (!SETTLED.contains(instance.phase())) {
          open.add(instance.name() + " is " + instance.phase() + ": " + instance.reason());
        }
      }
    }
    return open;
  }

  /// What the API says runs is what runs, once.
  private void verifyProcesses() {
    Map<String, Long> said = new TreeMap<>();
    for (WorkloadInfo workload : server.client().workloads().items()) {
      for (InstanceInfo instance : workload.instances()) {
        if (instance.phase().equals("running")) {
          Long before =
              said.put(
                  instance.incarnation(), Long.valueOf(Objects.requireNonNull(instance.handle())));
          assertThat(before).as("%s is shown twice", instance.incarnation()).isNull();
        }
      }
    }
    Map<String, Long> real = new TreeMap<>();
    for (ServerProcess.Member member : server.members()) {
      if (member.incarnation().contains("!")) {
        continue; // the command of a probe beside it, which comes and goes
      }
      Long before = real.put(member.incarnation(), member.pid());
      if (before != null) {
        throw server.failure(
            "%s runs twice, as %d and %d".formatted(member.incarnation(), before, member.pid()));
      }
    }
    if (!real.equals(said)) {
      throw server.failure("The API says that %s run, but it is %s".formatted(said, real));
    }
    assertThat(server.keepers()).as("keepers").hasSizeLessThanOrEqualTo(1);
  }

  /// None is missing, and what was seen once is never taken back.
  private void verifyEvents() {
    SemperClient everybody = server.client().withTenant("*");
    List<EventInfo> seen = List.copyOf(events);
    if (!seen.isEmpty()) {
      EventInfo last = seen.getLast();
      List<EventInfo> again = everybody.events(EventQuery.ALL.after(last.seq() - 1), 1).items();
      assertThat(again).as("the last event seen before").containsExactly(last);
    }
    long after = seen.isEmpty() ? 0 : seen.getLast().seq();
    while (true) {
      EventPage page = everybody.events(EventQuery.ALL.after(after), 500);
      for (EventInfo event : page.items()) {
        assertThat(event.seq()).as("number of the event after %d", after).isEqualTo(after + 1);
        after = event.seq();
        events.add(event);
      }
      if (after >= page.last()) {
        return;
      }
      assertThat(page.items()).as("events after %d of %d", after, page.last()).isNotEmpty();
    }
  }

  /// No incarnation was started twice; each has its events; none ended without one.
  private void verifyStarts() {
    List<Start> starts = starts();
    assertThat(starts.stream().map(Start::incarnation).toList())
        .as("incarnations started")
        .doesNotHaveDuplicates();
    Set<String> launching = incarnations("instance.launching");
    Set<String> exited = incarnations("instance.exited");
    Set<String> alive =
        server.members().stream()
            .map(ServerProcess.Member::incarnation)
            .collect(Collectors.toCollection(HashSet::new));
    for (Start start : starts) {
      if (!launching.contains(start.incarnation())) {
        throw server.failure(start + " has no instance.launching event");
      }
      if (alive.contains(start.incarnation()) == exited.contains(start.incarnation())) {
        throw server.failure(
            start
                + (alive.contains(start.incarnation())
                    ? " lives, but there is an instance.exited event"
                    : " has ended without an instance.exited event"));
      }
    }
    Set<String> started = starts.stream().map(Start::incarnation).collect(Collectors.toSet());
    Map<String, EventInfo> exits = new HashMap<>();
    for (EventInfo exit : events("instance.exited")) {
      String incarnation = String.valueOf(exit.data().get("incarnation"));
      EventInfo before = exits.put(incarnation, exit);
      if (before != null) {
        throw server.failure("Recorded twice: " + before + " and " + exit);
      }
      boolean known = exit.data().containsKey("code") || exit.data().containsKey("signal");
      if (!known && started.contains(incarnation)) {
        throw server.failure("It did run, but how it ended is not known: " + exit);
      }
    }
  }

  /// No step stays open in the journal; no record of the keeper and no log outlives what it is
  /// about.
  private void verifyNothingIsLeft() {
    for (OperationInfo operation : server.client().operations(null, null, 50).items()) {
      assertThat(operation.steps())
          .as("steps of %s %s, which has ended", operation.kind(), operation.id())
          .noneMatch(s -> s.status().equals("running") || s.status().equals("pending"));
    }
    // Both are cleared after the fact is durable, beside what comes next.
    Awaitility.await("the records of the keeper are those of what runs")
        .pollInterval(Duration.ofMillis(20))
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(records()).isEqualTo(Set.copyOf(incarnations())));
    Awaitility.await("the logs are those of the workloads there are")
        .pollInterval(Duration.ofMillis(20))
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(workloads()).containsAll(logs()));
  }

  private List<String> incarnations() {
    return server.members().stream().map(ServerProcess.Member::incarnation).toList();
  }

  private List<String> workloads() {
    return server.client().workloads().items().stream().map(WorkloadInfo::name).toList();
  }

  /// Those that begin with a dot are of the process that waits for the next launch.
  private Set<String> records() {
    return names(server.home().resolve("run/process/inc")).stream()
        .filter(name -> !name.startsWith("."))
        .map(name -> URLDecoder.decode(name, UTF_8))
        .collect(Collectors.toSet());
  }

  private Set<String> logs() {
    return names(server.home().resolve("logs/default"));
  }

  private static Set<String> names(Path directory) {
    try (Stream<Path> files = Files.list(directory)) {
      return files.map(f -> f.getFileName().toString()).collect(Collectors.toSet());
    } catch (NoSuchFileException _) {
      return Set.of();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// The incarnations that events of a type are about.
  Set<String> incarnations(String type) {
    return events(type).stream()
        .map(e -> String.valueOf(e.data().get("incarnation")))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /// Events of a type seen by the last [#verify].
  List<EventInfo> events(String type) {
    return events.stream().filter(e -> e.type().equals(type)).toList();
  }
}
