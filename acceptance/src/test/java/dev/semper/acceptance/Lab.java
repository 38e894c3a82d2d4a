package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ApplyRequest;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.InstanceInfo;
import dev.semper.api.LogQuery;
import dev.semper.api.OperationInfo;
import dev.semper.api.SemperClient;
import dev.semper.api.WorkloadInfo;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import org.awaitility.Awaitility;

/// A server and the questions the fault tests ask of it again and again.
record Lab(ServerProcess server) implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(40);

  static Lab open() {
    return new Lab(ServerProcess.create().start());
  }

  SemperClient client() {
    return server.client();
  }

  /// Applies a TOML document and waits for the end, whatever it is.
  OperationInfo apply(String toml) {
    OperationInfo begun = client().apply(ApplyRequest.of(toml, "toml")).operation();
    return client().await(Objects.requireNonNull(begun).id(), PATIENCE);
  }

  /// Applies a TOML document; everything in it must be up and ready in the end.
  void run(String toml) {
    OperationInfo ended = apply(toml);
    assertThat(ended.succeeded())
        .as(() -> ended + "\n" + members(ended) + "\n" + server.log())
        .isTrue();
  }

  List<OperationInfo> members(OperationInfo batch) {
    return client().members(batch.id()).items();
  }

  /// The operation on one workload that was begun last.
  OperationInfo last(String workload) {
    return client().operations(workload, null, 1).items().getFirst();
  }

  WorkloadInfo workload(String name) {
    return client().workload(name);
  }

  /// The only instance.
  InstanceInfo instance(String workload) {
    List<InstanceInfo> instances = workload(workload).instances();
    assertThat(instances).hasSize(1);
    return instances.getFirst();
  }

  static long pid(InstanceInfo instance) {
    return Long.parseLong(Objects.requireNonNull(instance.handle(), instance::toString));
  }

  long pid(String workload) {
    return pid(instance(workload));
  }

  WorkloadInfo await(String name, String what, Predicate<WorkloadInfo> condition) {
    return Awaitility.await(name + " " + what)
        .pollInterval(Duration.ofMillis(20))
        .atMost(PATIENCE)
        .until(() -> workload(name), condition);
  }

  /// Waits until the only instance runs as another process than before.
  InstanceInfo awaitSuccessor(String workload, long pid) {
    return await(
            workload,
            "is back as another process than " + pid,
            w ->
                w.instancesReady() == 1
                    && w.instances().size() == 1
                    && pid(w.instances().getFirst()) != pid)
        .instances()
        .getFirst();
  }

  /// Oldest first.
  List<EventInfo> events(String workload, String type, long after) {
    return client().events(new EventQuery(workload, null, type, null, after), 1000).items();
  }

  EventInfo awaitEvent(String workload, String type, long after) {
    return Awaitility.await(type + " of " + workload)
        .pollInterval(Duration.ofMillis(20))
        .atMost(PATIENCE)
        .until(() -> events(workload, type, after), events -> !events.isEmpty())
        .getFirst();
  }

  long lastEvent() {
    return client().events(EventQuery.ALL, 1).last();
  }

  /// The whole log of a workload's first instance that is still kept.
  String log(String workload) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      client().logs(workload, new LogQuery(0, 0, false, 0L), out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString(StandardCharsets.UTF_8);
  }

  /// Processes of a workload that live now, children included.
  List<Long> pids(String workload) {
    return server.members().stream()
        .filter(m -> m.workload().equals(workload))
        .map(ServerProcess.Member::pid)
        .toList();
  }

  void awaitGone(String workload) {
    Awaitility.await("no process of " + workload + " is left")
        .pollInterval(Duration.ofMillis(50))
        .atMost(PATIENCE)
        .until(() -> pids(workload), List::isEmpty);
  }

  static boolean alive(long pid) {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false) && !zombie(pid);
  }

  private static boolean zombie(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
      return stat.substring(stat.lastIndexOf(')') + 2).startsWith("Z");
    } catch (NoSuchFileException e) {
      return false;
    } catch (IOException e) {
      return false; // gone between the opening and the reading
    }
  }

  /// Sends a signal by its name or number.
  static void signal(String signal, long pid) {
    run(List.of("kill", "-" + signal, String.valueOf(pid)));
  }

  static void run(List<String> command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertThat(process.waitFor()).as(() -> command + ": " + said).isZero();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(command + " was interrupted", e);
    }
  }

  /// Whether the machine lets us do something, e.g. mount.
  static boolean possible(String... command) {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /// Removes a workload with everything of it.
  void delete(String workload) {
    OperationInfo begun =
        client()
            .delete(
                workload,
                new dev.semper.api.ActionRequest(
                    null, null, true, true, null, null, null, null, null));
    OperationInfo ended = client().await(begun.id(), PATIENCE);
    assertThat(ended.succeeded()).as(ended::toString).isTrue();
  }

  @Override
  public void close() {
    server.close();
  }
}
