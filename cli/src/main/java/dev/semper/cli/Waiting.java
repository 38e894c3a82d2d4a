package dev.semper.cli;

import dev.semper.api.OperationInfo;
import dev.semper.api.StepInfo;
import dev.semper.api.UnreachableException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import picocli.CommandLine.Option;

/// How a command ends that began an operation: at once, or with the operation.
final class Waiting {
  private static final Duration PATIENCE_WITHOUT_SERVER = Duration.ofSeconds(30);
  private static final Duration WITHOUT_LIMIT = Duration.ofDays(3650);

  @Option(
      names = "--no-wait",
      negatable = true,
      description =
          "Print the operation and return; default: --wait, until it has ended, showing its steps.")
  boolean noWait;

  /// Waits for the operation if wanted, tells what comes of it, and says how that went.
  ExitStatus end(Session session, OperationInfo begun) throws InterruptedException {
    if (noWait || begun.id().isEmpty()) {
      return accepted(session, begun);
    }
    return outcome(session, await(session, begun));
  }

  private static ExitStatus accepted(Session session, OperationInfo operation) {
    if (session.json()) {
      session.json(operation);
    } else {
      session.terminal().say(operation.id());
    }
    return ExitStatus.OK;
  }

  /// A plan of steps that nothing was done of.
  static ExitStatus dryRun(Session session, OperationInfo planned) {
    if (session.json()) {
      session.json(planned);
      return ExitStatus.OK;
    }
    session.terminal().say(title(planned) + " would take these steps; nothing was done:");
    planned.steps().forEach(step -> session.terminal().say("  " + step.name()));
    return ExitStatus.OK;
  }

  static OperationInfo await(Session session, OperationInfo begun) throws InterruptedException {
    Thread goodbye = Thread.ofPlatform().unstarted(() -> goodbye(session, begun));
    Runtime.getRuntime().addShutdownHook(goodbye);
    try {
      return patiently(session, begun, new Progress(session.terminal()));
    } finally {
      try {
        Runtime.getRuntime().removeShutdownHook(goodbye);
      } catch (IllegalStateException _) {
        // going down already: the hook has spoken
      }
    }
  }

  private static void goodbye(Session session, OperationInfo begun) {
    session
        .terminal()
        .note(
            "\nnot waiting any longer; the operation goes on. Follow it: semper operations wait "
                + begun.id()
                + "; cancel it: semper operations cancel "
                + begun.id());
  }

  /// The operation outlives the server, so a server that is away for a moment is waited for.
  private static OperationInfo patiently(Session session, OperationInfo begun, Progress progress)
      throws InterruptedException {
    Duration pace = session.terminal().shows() ? Duration.ofSeconds(1) : Duration.ofSeconds(30);
    Instant lastAnswer = Instant.now();
    boolean told = false;
    while (true) {
      try {
        if (told) {
          session.reconnect().operation(begun.id());
          session.terminal().note("the server is back");
          told = false;
        }
        return session.client().await(begun.id(), WITHOUT_LIMIT, pace, progress::show);
      } catch (UnreachableException | UsageException e) {
        if (Thread.interrupted()) {
          throw new InterruptedException();
        }
        if (!told) {
          session
              .terminal()
              .note("the server does not answer; the operation outlives it, waiting …");
          told = true;
          lastAnswer = Instant.now();
        } else if (lastAnswer.plus(PATIENCE_WITHOUT_SERVER).isBefore(Instant.now())) {
          throw e;
        }
        Thread.sleep(Duration.ofMillis(250));
      }
    }
  }

  static ExitStatus outcome(Session session, OperationInfo operation) {
    if (session.json()) {
      session.json(operation);
    } else {
      describe(session, operation);
    }
    return status(operation);
  }

  static ExitStatus status(OperationInfo operation) {
    if (operation.succeeded()) {
      return ExitStatus.OK;
    }
    return operation.errorCode().equals("TIMEOUT") ? ExitStatus.TIMEOUT : ExitStatus.FAILED;
  }

  private static void describe(Session session, OperationInfo operation) {
    Terminal terminal = session.terminal();
    String line =
        title(operation)
            + ": "
            + terminal.paint(Colour.of(operation.status()), operation.status())
            + " in "
            + lasted(operation);
    if (operation.workload() == null) {
      terminal.say(line);
      members(session, operation);
    } else if (operation.succeeded()) {
      terminal.say(line);
    } else {
      terminal.say(line + (operation.error().isEmpty() ? "" : ": " + operation.error()));
    }
    if (!operation.succeeded()) {
      String log = operation.workload() == null ? "" : ", semper logs " + operation.workload();
      terminal.note("  see: semper operations show " + operation.id() + log);
    }
  }

  private static void members(Session session, OperationInfo batch) {
    Table table = Table.of("WORKLOAD", "DOES", "STATUS", "TOOK", "ERROR");
    for (OperationInfo member : session.client().members(batch.id()).items()) {
      table.row(
          String.valueOf(member.workload()),
          member.kind(),
          member.status(),
          lasted(member),
          member.error());
    }
    if (!table.isEmpty()) {
      table.print(session.terminal());
    }
    if (!batch.error().isEmpty()) {
      session.terminal().say(batch.error());
    }
  }

  static String title(OperationInfo operation) {
    String workload = operation.workload();
    return operation.kind().replace('_', ' ') + (workload == null ? "" : " " + workload);
  }

  static String lasted(OperationInfo operation) {
    Instant from = operation.startedAt() == null ? operation.createdAt() : operation.startedAt();
    Instant to = operation.endedAt() == null ? Instant.now() : operation.endedAt();
    return Times.span(Duration.between(from, to));
  }

  /// Writes each step once, when it has ended.
  private static final class Progress {
    private final Terminal terminal;
    private final Set<String> told = new HashSet<>();

    Progress(Terminal terminal) {
      this.terminal = terminal;
    }

    void show(OperationInfo operation) {
      if (!terminal.shows()) {
        return;
      }
      for (StepInfo step : operation.steps()) {
        boolean ended = step.status().equals("done") || step.status().equals("failed");
        if (ended && told.add(operation.attempt() + "/" + step.undo() + "/" + step.name())) {
          String undo = step.undo() ? "undo " : "";
          String detail = step.detail().isEmpty() ? "" : "  " + step.detail();
          terminal.note("  " + step.status() + "  " + undo + step.name() + detail);
        }
      }
      String waiting = operation.waitingFor();
      if (!operation.ended() && !waiting.isEmpty() && told.add("waiting/" + waiting)) {
        terminal.note("  waiting for " + waiting);
      }
    }
  }
}
