package dev.semper.engine.secret;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What a server is told of secrets.
///
/// @param master where the master key is; null = the file `master.key` in the home
/// @param previous where the one before is, as long as something is wrapped by it
/// @param history versions kept of each secret beside those in force, default 10
/// @param approvalValid how long somebody may see a secret once another has approved, default 1 h
public record SecretSettings(
    @Nullable MasterKeySource master,
    @Nullable MasterKeySource previous,
    int history,
    Duration approvalValid) {
  public static final SecretSettings DEFAULT =
      new SecretSettings(null, null, 10, Duration.ofHours(1));

  public SecretSettings {
    if (history < 0) {
      throw new IllegalArgumentException("history must not be negative");
    }
  }
}
