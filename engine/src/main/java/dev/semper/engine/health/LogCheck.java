package dev.semper.engine.health;

import com.google.re2j.Pattern;
import dev.semper.engine.spec.ProbeSpec;
import dev.semper.spi.InstanceLog;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Looks for a line in what an instance has written to its log since the check before. A position
/// in a log is a number of bytes ever written, so rotation does not matter; each line is looked at
/// once.
final class LogCheck {
  private static final int CHUNK = 64 * 1024;

  /// Of one check; what is left is for the next one.
  private static final int MOST = 16 << 20;

  /// Longer ones are looked at in pieces.
  private static final int LONGEST_LINE = 64 * 1024;

  private static final int SHOWN = 200;

  private final Pattern pattern;
  private final InstanceLog log;
  private final BooleanSupplier cancelled;

  private LogCheck(Pattern pattern, InstanceLog log, BooleanSupplier cancelled) {
    this.pattern = pattern;
    this.log = log;
    this.cancelled = cancelled;
  }

  static Outcome check(ProbeSpec.Log spec, Check.Subject subject, BooleanSupplier cancelled)
      throws IOException {
    InstanceLog log = subject.insight().log().get();
    LastLook last = subject.lastLook();
    if (last.logPosition == LastLook.NONE) {
      last.logPosition = first(log, subject);
    }
    LogCheck check = new LogCheck(Pattern.compile(spec.pattern()), log, cancelled);
    String line = check.search(last);
    return switch (spec.expect()) {
      case PRESENT ->
          line != null
              ? new Outcome.Passed()
              : new Outcome.Failed("No new line of the log matches " + spec.pattern());
      case ABSENT ->
          line == null
              ? new Outcome.Passed()
              : new Outcome.Failed("A line of the log matches " + spec.pattern() + ": " + line);
    };
  }

  /// What the incarnation has written since its launch, if it is known where that begins. After a
  /// restart of the server it is not: a startup probe looks at all there is rather than miss its
  /// line, the others only at what comes; so does one that was added later.
  private static long first(InstanceLog log, Check.Subject subject) throws IOException {
    long since = subject.insight().logSince();
    if (subject.spec().type() == ProbeSpec.Type.STARTUP) {
      return since >= 0 ? since : log.start();
    }
    return since >= 0 && !subject.watch().known().started() ? since : log.end();
  }

  /// A line that has not ended yet is left for later.
  ///
  /// @return the first line that matches, shortened
  private @Nullable String search(LastLook last) throws IOException {
    String found = null;
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    long at = last.logPosition;
    long end = Math.min(log.end(), at + MOST);
    while (at < end && !cancelled.getAsBoolean()) {
      InstanceLog.Chunk chunk = log.read(at, CHUNK);
      if (chunk.position() != at) {
        line.reset();
      }
      at = chunk.position();
      ByteBuffer bytes = chunk.bytes();
      if (!bytes.hasRemaining()) {
        break;
      }
      while (bytes.hasRemaining()) {
        byte b = bytes.get();
        at++;
        if (b != '\n') {
          line.write(b);
        }
        if (b == '\n' || line.size() >= LONGEST_LINE) {
          found = found == null ? match(line.toString(StandardCharsets.UTF_8)) : found;
          line.reset();
          last.logPosition = at;
        }
      }
    }
    return found;
  }

  private @Nullable String match(String line) {
    if (!pattern.matcher(new Cancellable(line, cancelled)).find()) {
      return null;
    }
    String shown = line.strip();
    return shown.length() > SHOWN ? shown.substring(0, SHOWN) + "…" : shown;
  }
}
