package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApplyRequest;
import dev.semper.api.ConfigPatchRequest;
import dev.semper.api.EventQuery;
import dev.semper.api.InstanceInfo;
import dev.semper.api.OperationInfo;
import dev.semper.api.SemperClient;
import dev.semper.api.WorkloadInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;

/// Where one drill takes place: workloads whose names begin with a word of its own, beside a
/// bystander that nothing may ever touch.
///
/// @param prefix of the names of its workloads
record Stage(ServerProcess server, Witness witness, String prefix) {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  static final String SLEEP = "exec sleep 1000";

  SemperClient client() {
    return server.client();
  }

  String name(String role) {
    return prefix + "-" + role;
  }

  /// The document of one workload; `rest` is what its program does, `keys` are more lines of its
  /// table.
  String workload(String role, String version, int instances, String rest, String... keys) {
    return """
    [workloads.%s]
    kind = "process"
    version = "%s"
    instances = %d
    command = ["/bin/sh", "-c", '''%s''']
    start_seconds = "%s"
    stop = { timeout = "5s" }
    %s
    """
        .formatted(
            name(role),
            version,
            instances,
            witness.unit(rest),
            rest.startsWith("exec") ? "0s" : "300ms",
            String.join("\n", keys));
  }

  /// Applies and waits for the good end.
  void apply(String... documents) {
    succeed(apply(false, true, documents));
  }

  OperationInfo apply(boolean prune, boolean start, String... documents) {
    return apply(client(), prune, start, documents);
  }

  /// Every time with the key of this stage: however often it is said, it is done once.
  OperationInfo applyOnce(boolean prune, String... documents) {
    return apply(client().withIdempotencyKey(prefix), prune, true, documents);
  }

  private static OperationInfo apply(
      SemperClient client, boolean prune, boolean start, String... documents) {
    ApplyRequest request =
        new ApplyRequest(
            String.join("\n", documents), "toml", null, prune, null, null, null, start, null);
    return Objects.requireNonNull(client.apply(request).operation(), "nothing to apply");
  }

  void act(String role, String action) {
    succeed(client().act(name(role), action, ActionRequest.DEFAULT));
  }

  OperationInfo actOnce(String role, String action) {
    return client().withIdempotencyKey(prefix).act(name(role), action, ActionRequest.DEFAULT);
  }

  /// Though all may be well.
  OperationInfo forceOnce(String role, String action) {
    ActionRequest force = new ActionRequest(null, null, null, true, null, null, null, null, null);
    return client().withIdempotencyKey(prefix).act(name(role), action, force);
  }

  /// How many events of a type there are of a workload.
  int events(String role, String type) {
    return client().events(new EventQuery(name(role), null, type, null, 0L), 1000).items().size();
  }

  void awaitEvents(String role, String type, int count) {
    Awaitility.await(count + " of " + type)
        .atMost(PATIENCE)
        .until(() -> events(role, type) == count);
  }

  /// Writes one value into the configuration that is named like a workload.
  void configure(String role, String value) {
    var _ =
        client()
            .patchConfigLayer(
                name(role),
                "global",
                new ConfigPatchRequest(Map.of("value", value), null, null, null, null, null));
  }

  /// Writes it, which said again does nothing, and gives the operation that brings it to the
  /// workload.
  OperationInfo configureOnce(String role, String value) {
    configure(role, value);
    return Awaitility.await("the configuration is brought to " + name(role))
        .atMost(PATIENCE)
        .until(
            () -> client().operations(name(role), null, 1).items().getFirst(),
            o -> o.kind().equals("configure"));
  }

  OperationInfo await(OperationInfo operation) {
    OperationInfo ended = client().await(operation.id(), PATIENCE);
    if (!ended.ended()) {
      throw server.failure("Not ended after 20 s: " + ended);
    }
    return ended;
  }

  private void succeed(OperationInfo operation) {
    OperationInfo ended = await(operation);
    assertThat(ended.status()).as("%s", ended).isEqualTo("succeeded");
  }

  Path file(String name) {
    return server.home().resolve(prefix + "." + name);
  }

  void touch(String name) {
    try {
      Files.writeString(file(name), "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path script(String name, String body) {
    try {
      Path script = Files.writeString(file(name), "#!/bin/sh\n" + body + "\n");
      Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
      return script;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void remove(String name) {
    try {
      Files.delete(file(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<String> lines(String name) {
    try {
      return Files.readAllLines(file(name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A directory of its own that is not in the server's home.
  Path outside() {
    Path home = server.home();
    Path all = home.resolveSibling(home.getFileName() + "-outside");
    Path directory = all.resolve(prefix);
    try {
      all.toFile().deleteOnExit();
      directory.toFile().deleteOnExit();
      return Files.createDirectories(directory);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  void fill(Path directory) {
    try {
      for (int i = 0; i < 3; i++) {
        Files.writeString(directory.resolve("stale-" + i), "x");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// A probe by a command of the shell.
  String readiness(String command) {
    return "{ name = \"r\", type = \"readiness\", period = \"100ms\", failure_threshold = 1, command = [\"/bin/sh\", \"-c\", '''"
        + command
        + "'''] }";
  }

  void awaitUnready(String role) {
    Awaitility.await(name(role) + " is not ready")
        .atMost(PATIENCE)
        .until(() -> client().workload(name(role)).instancesReady() == 0);
  }

  List<WorkloadInfo> workloads() {
    return client().workloads().items().stream()
        .filter(w -> w.name().startsWith(prefix + "-"))
        .toList();
  }

  /// How its workloads are, in words that do not depend on which stage it is.
  Map<String, String> picture() {
    Map<String, String> picture = new TreeMap<>();
    for (WorkloadInfo workload : workloads()) {
      picture.put(
          workload.name().substring(prefix.length() + 1),
          "%s, wanted %s, version %s of generation %d after %d, %d of %d ready: %s"
              .formatted(
                  workload.state(),
                  workload.desired(),
                  workload.version(),
                  workload.generation(),
                  workload.previousGeneration(),
                  workload.instancesReady(),
                  workload.instancesWanted(),
                  workload.instances().stream()
                      .map(Stage::picture)
                      .sorted()
                      .collect(Collectors.joining(", "))));
    }
    return picture;
  }

  private static String picture(InstanceInfo instance) {
    return instance.ordinal()
        + " "
        + instance.phase()
        + (instance.candidate() ? " candidate" : "")
        + " generation "
        + instance.generation();
  }

  /// Removes its workloads.
  void clear() {
    List<OperationInfo> deletions =
        workloads().stream()
            .map(w ->
                client()
                    .delete(
                        w.name(),
                        new ActionRequest(null, null, null, true, null, null, null, null, null)))
            .toList();
    deletions.forEach(this::succeed);
  }
}
