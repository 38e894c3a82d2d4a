package dev.semper.cli;

import dev.semper.api.ApiException;
import dev.semper.api.ApplyRequest;
import dev.semper.api.ApplyResult;
import dev.semper.api.PlanInfo;
import dev.semper.api.PlanRequest;
import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import dev.semper.api.WorkloadInfo;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/// Enables what is disabled; a single name that is not known becomes a machine that is watched.
@Command(
    description = {
      "Lets disabled workloads start again. A NAME that is not known is watched from now on: a"
          + " machine whose SSH is checked.",
      "What is watched already stays as it is."
    },
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper enable web worker",
      "  semper enable vm1 --interval 30 --restart-policy on-failure --ssh-threshold 3",
      "  semper enable vm1 --host 10.0.0.5"
    })
final class EnableCommand implements Action {
  private static final String ENABLE = "enable";

  private final Session session;

  @Parameters(arity = "1..*", paramLabel = "NAME", description = "Workloads.")
  List<String> names = List.of();

  @Option(
      names = "--interval",
      paramLabel = "TIME",
      description = "Of a new machine: between checks (default 60s).")
  @Nullable String interval;

  @Option(
      names = "--restart-policy",
      paramLabel = "P",
      description = "Of a new machine: never (default), on-failure or always.")
  @Nullable String restartPolicy;

  @Option(
      names = "--ssh-threshold",
      paramLabel = "N",
      description = "Of a new machine: failures in a row that count (default 3).")
  @Nullable Integer sshThreshold;

  @Option(
      names = "--host",
      paramLabel = "HOST",
      description = "Of a new machine: its name or address (default: NAME).")
  @Nullable String host;

  @Mixin final ActionOptions options = new ActionOptions();
  @Mixin final Waiting waiting = new Waiting();

  EnableCommand(Session session) {
    this.session = session;
  }

  @Override
  public ExitStatus run() throws InterruptedException {
    if (names.size() > 1) {
      if (machine().size() > 1) {
        throw new UsageException("settings of a machine are for one NAME at a time");
      }
      return act(ENABLE);
    }
    String name = names.getFirst();
    Optional<WorkloadInfo> known = find(session.client(), name);
    if (known.isEmpty()) {
      return watch(name);
    }
    boolean remote = known.get().kind().equals("remote");
    if (machine().size() > 1 && !(remote && isSame(name))) {
      throw new UsageException(
          name + " is there already, with other settings: change them in its file");
    }
    if (!remote) {
      return act(ENABLE);
    }
    return again(name, known.get());
  }

  private static Optional<WorkloadInfo> find(SemperClient client, String name) {
    try {
      return Optional.of(client.workload(name));
    } catch (ApiException e) {
      if (e.status() == 404) {
        return Optional.empty();
      }
      throw e;
    }
  }

  /// Whoever enables a machine wants it watched.
  private ExitStatus again(String name, WorkloadInfo known) throws InterruptedException {
    return switch (known.state()) {
      case "disabled" -> {
        ExitStatus enabled = act(ENABLE);
        yield enabled == ExitStatus.OK && !options.dryRun && !waiting.noWait
            ? act("start")
            : enabled;
      }
      case "stopped" -> act("start");
      default -> {
        if (session.json()) {
          session.json(known);
        } else {
          session.terminal().say(name + ": is watched already");
        }
        yield ExitStatus.OK;
      }
    };
  }

  private ExitStatus act(String action) throws InterruptedException {
    ActCommand command = new ActCommand(session, action, options, waiting);
    command.names = names;
    return command.run();
  }

  private ExitStatus watch(String name) throws InterruptedException {
    String document = document(name);
    SemperClient client = options.client(session);
    if (options.dryRun) {
      PlanInfo plan = client.plan(new PlanRequest(document, "json", null, null));
      return show(plan, plan);
    }
    ApplyResult result = client.apply(ApplyRequest.of(document, "json"));
    if (result.operation() == null) {
      return show(result.plan(), result);
    }
    if (!session.json()) {
      PlanCommand.print(session.terminal(), result.plan());
    }
    return waiting.end(session, result.operation());
  }

  private ExitStatus show(PlanInfo plan, Object json) {
    if (session.json()) {
      session.json(json);
    } else {
      PlanCommand.print(session.terminal(), plan);
    }
    return ExitStatus.OK;
  }

  private boolean isSame(String name) {
    return session.client().plan(new PlanRequest(document(name), "json", null, null)).empty();
  }

  private String document(String name) {
    return Wire.JSON.writeValueAsString(Map.of("vms", Map.of(name, machine())));
  }

  /// As in a `lifecycle-config.toml`; what is not given has its default there.
  private Map<String, Object> machine() {
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("enabled", true);
    put(machine, "check_interval_seconds", seconds("--interval", interval));
    put(machine, "restart_policy", restartPolicy);
    put(machine, "ssh_failure_threshold", sshThreshold);
    put(machine, "health_check_timeout", seconds("--timeout", options.timeout));
    put(machine, "host", host);
    return machine;
  }

  private static void put(Map<String, Object> machine, String key, @Nullable Object value) {
    if (value != null) {
      machine.put(key, value);
    }
  }

  private static @Nullable Long seconds(String option, @Nullable String text) {
    if (text == null) {
      return null;
    }
    try {
      Duration time = new Seconds().convert(text);
      if (time.toMillisPart() == 0) {
        return time.toSeconds();
      }
    } catch (TypeConversionException e) {
      throw new UsageException(option + ": " + e.getMessage());
    }
    throw new UsageException(option + ": must be whole seconds");
  }
}
