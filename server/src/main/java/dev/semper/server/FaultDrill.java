package dev.semper.server;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.workload.Boundaries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// Ends this server where it was told to, as SIGKILL would: for drills of what the next start makes
/// of it. How to ask for it: docs/server.md.
final class FaultDrill implements Boundaries {
  static final String HALT_AT = "semper.halt-at";
  static final String TRACE = "semper.trace-boundaries";
  private static final int AS_BY_SIGKILL = 137;

  private final @Nullable String haltAt;
  private final @Nullable Path trace;
  private String plan = "";
  private Pattern point = Pattern.compile("");
  private int left;

  private FaultDrill(@Nullable String haltAt, @Nullable Path trace) {
    this.haltAt = haltAt;
    this.trace = trace;
    if (haltAt != null && !haltAt.startsWith("@")) {
      take(haltAt);
    }
  }

  /// Nothing, unless the system properties ask for a drill.
  static Boundaries of(@Nullable String haltAt, @Nullable String trace) {
    return haltAt == null && trace == null
        ? Boundaries.NONE
        : new FaultDrill(haltAt, trace == null ? null : Path.of(trace));
  }

  @Override
  public synchronized void pass(String passed) {
    if (trace != null) {
      record(trace, passed);
    }
    if (haltAt != null && haltAt.startsWith("@")) {
      take(read(Path.of(haltAt.substring(1))));
    }
    if (!plan.isEmpty() && point.matcher(passed).find() && --left == 0) {
      Runtime.getRuntime().halt(AS_BY_SIGKILL);
    }
  }

  /// @param wanted `POINT`, or `POINT#N` for the N-th time; empty for never
  private void take(String wanted) {
    if (wanted.equals(plan)) {
      return;
    }
    int hash = wanted.lastIndexOf('#');
    String number = hash < 0 ? "" : wanted.substring(hash + 1);
    boolean counted = number.matches("[1-9][0-9]{0,8}");
    try {
      point = Pattern.compile(counted ? wanted.substring(0, hash) : wanted);
    } catch (PatternSyntaxException e) {
      throw SemperException.wrap(
          ErrorCode.INVALID_REQUEST,
          HALT_AT + "=" + wanted + " is not a regular expression: " + e.getMessage(),
          e);
    }
    left = counted ? Integer.parseInt(number) : 1;
    plan = wanted;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException _) {
      return "";
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void record(Path file, String passed) {
    try {
      Files.write(
          file,
          (passed + "\n").getBytes(UTF_8),
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
