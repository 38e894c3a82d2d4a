package dev.semper.engine.health;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Tells trouble of the instance from trouble of our own: refused, reset, unreachable and unknown
/// is the instance's; being out of files, ports or memory is ours and says nothing of it.
final class Troubles {
  private static final List<String> OURS =
      List.of(
          "too many open files",
          "cannot assign requested address",
          "no buffer space",
          "cannot allocate memory",
          "operation not permitted");

  private Troubles() {}

  /// The probe names no port and the instance has none.
  static final class NoPort extends IOException {
    private static final long serialVersionUID = 1;

    NoPort() {
      super("the instance has no port of its own: give the probe one");
    }
  }

  /// Something of the probe itself, not of its target.
  static final class OurOwn extends IOException {
    private static final long serialVersionUID = 1;

    OurOwn(String message) {
      super(message);
    }
  }

  /// Nobody listens, and the kernel connected a port of the ephemeral range with itself.
  static final class MetItself extends IOException {
    private static final long serialVersionUID = 1;

    MetItself() {
      super("connection refused (nobody listens; it met itself)");
    }
  }

  static Outcome judge(String what, IOException e) {
    String text = what + ": " + describe(e);
    return isOurs(e) ? new Outcome.Erred(text) : new Outcome.Failed(text);
  }

  private static String describe(IOException e) {
    String message = e.getMessage();
    return message == null ? e.getClass().getSimpleName() : lowerFirst(message);
  }

  private static String lowerFirst(String text) {
    return text.isEmpty()
        ? text
        : text.substring(0, 1).toLowerCase(Locale.ROOT) + text.substring(1);
  }

  static boolean isOurs(@Nullable Throwable e) {
    if (e instanceof NoPort || e instanceof OurOwn || e instanceof InterruptedIOException) {
      return true;
    }
    String message = e == null || e.getMessage() == null ? "" : e.getMessage();
    String lower = message.toLowerCase(Locale.ROOT);
    return OURS.stream().anyMatch(lower::contains);
  }
}
