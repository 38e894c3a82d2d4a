package dev.semper.cli;

import dev.semper.api.ApiException;
import dev.semper.api.FieldProblem;
import dev.semper.api.UnreachableException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/// Turns everything that goes wrong into words and an [ExitStatus]; the only place that does.
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
  private final Session session;
  private final Supplier<List<String>> commands;

  /// @param commands names of all commands, for suggestions
  Failures(Session session, Supplier<List<String>> commands) {
    this.session = session;
    this.commands = commands;
  }

  @Override
  public int handleExecutionException(Exception e, CommandLine line, ParseResult result) {
    return tell(e).code();
  }

  @Override
  public int handleParseException(ParameterException e, String[] args) {
    CommandLine line = e.getCommandLine();
    boolean root = line.getParent() == null;
    String name = line.getCommandSpec().qualifiedName();
    if (e instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()) {
      String word = unmatched.getUnmatched().getFirst();
      boolean option = word.startsWith("-");
      List<String> known = option ? options(line) : root ? commands.get() : names(line);
      error(
          option || known.isEmpty()
              ? "'" + name + "' does not take " + word
              : "'" + name + "' has no command " + word);
      Names.nearest(word, known).ifPresent(near -> hint("did you mean " + near + "?"));
    } else {
      error(String.valueOf(e.getMessage()));
    }
    hint("see: " + name + " --help");
    return ExitStatus.USAGE.code();
  }

  private static List<String> options(CommandLine line) {
    return line.getCommandSpec().options().stream()
        .flatMap(option -> List.of(option.names()).stream())
        .toList();
  }

  private static List<String> names(CommandLine line) {
    return List.copyOf(line.getSubcommands().keySet());
  }

  /// Tells the user what went wrong and what to do next.
  ExitStatus tell(Exception e) {
    ExitStatus status =
        switch (e) {
          case ApiException refused -> refused(refused);
          case UnreachableException unreachable -> unreachable(unreachable);
          case UsageException usage -> {
            error(String.valueOf(usage.getMessage()));
            yield usage.status();
          }
          case InterruptedException interrupted -> {
            Thread.currentThread().interrupt();
            error("interrupted");
            yield ExitStatus.FAILED;
          }
          default -> {
            error("a defect of Semper: " + e + ". Please report it with the output of -v");
            yield ExitStatus.INTERNAL;
          }
        };
    if (session.globals().verbose) {
      e.printStackTrace(session.terminal().err());
    }
    return status;
  }

  private ExitStatus unreachable(UnreachableException e) {
    error(String.valueOf(e.getMessage()));
    hint("is it running? See: semper daemon status, semper daemon logs");
    return ExitStatus.UNAVAILABLE;
  }

  private ExitStatus refused(ApiException e) {
    error(e.problem().detail());
    for (FieldProblem problem : e.problems()) {
      session.terminal().note("  " + placed(problem));
    }
    List<String> allowed = e.problem().allowed();
    if (!allowed.isEmpty()) {
      hint("allowed now: " + String.join(", ", allowed));
    }
    Optional.ofNullable(e.problem().operationId())
        .ifPresent(id -> hint("see: semper operations show " + id));
    ExitStatus status = of(e.status(), e.code());
    if (status == ExitStatus.DENIED && e.status() == 401) {
      hint(
          "give a token with --token-file or SEMPER_TOKEN; the first one is run/token in the home");
    }
    if (session.globals().verbose) {
      hint("code " + e.code() + ", status " + e.status());
    }
    return status;
  }

  /// As compilers say it, so that editors find the place.
  private String placed(FieldProblem problem) {
    return problem.line() == 0 || session.document().isEmpty()
        ? problem.toString()
        : session.document()
            + ":"
            + problem.line()
            + ": "
            + new FieldProblem(problem.path(), 0, problem.message());
  }

  /// What a problem of the API means to a shell.
  static ExitStatus of(int status, String code) {
    if (code.equals("TIMEOUT")) {
      return ExitStatus.TIMEOUT;
    }
    return switch (status) {
      case 401, 403 -> ExitStatus.DENIED;
      case 404 -> ExitStatus.NOT_FOUND;
      case 409, 412, 428 -> ExitStatus.CONFLICT;
      case 408, 504 -> ExitStatus.TIMEOUT;
      case 429, 502, 503 -> ExitStatus.UNAVAILABLE;
      default -> status >= 500 ? ExitStatus.INTERNAL : ExitStatus.USAGE;
    };
  }

  private void error(String message) {
    session.terminal().note("semper: " + message);
  }

  private void hint(String message) {
    session.terminal().note("  " + message);
  }
}
