package dev.semper.engine.hook;

import dev.semper.engine.hook.HookRun.Status;
import org.jspecify.annotations.Nullable;

/// How far a run has come, mostly how it ended; the fields are those of [HookRun].
record Ending(
    Status status,
    @Nullable Long pid,
    @Nullable Integer exitCode,
    int httpStatus,
    String stdout,
    String stderr,
    String message) {
  static Ending without(Status status, String message) {
    return new Ending(status, null, null, 0, "", "", message);
  }
}
