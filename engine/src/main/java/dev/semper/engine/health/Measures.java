package dev.semper.engine.health;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// What was measured of a workload at one time; null where nothing was. CPU and memory are of its
/// busiest instance.
///
/// @param cpuPercent of `resources.cpu`, or of all cores of the machine; 0–100
/// @param memoryMb resident, in MB of 1,048,576 bytes
/// @param diskPercent how full the file system of its `working_dir` is, or of the home
/// @param errorPercent checks of its probes that failed, of those in the window
/// @param responseMillis mean time of the checks in the window
/// @param responseMillisP95 95 % of them took at most so long
/// @param uptime of the instance that was started last
/// @param restarts of all instances by policy since an operator started them
/// @param lastError the last failure of a probe or the last exit; null if there was none
public record Measures(
    @Nullable Double cpuPercent,
    @Nullable Double memoryMb,
    @Nullable Double diskPercent,
    @Nullable Double errorPercent,
    @Nullable Double responseMillis,
    @Nullable Double responseMillisP95,
    @Nullable Duration uptime,
    int restarts,
    @Nullable String lastError) {
  public static final Measures NONE =
      new Measures(null, null, null, null, null, null, null, 0, null);

  /// Whether anything was measured that tells of the workload's health.
  boolean isEmpty() {
    return cpuPercent == null && memoryMb == null && errorPercent == null;
  }

  /// @return null for the score, which is no measurement
  @Nullable Double of(Measure measure) {
    return switch (measure) {
      case SCORE -> null;
      case CPU_USAGE -> cpuPercent;
      case MEMORY_USAGE -> memoryMb;
      case ERROR_RATE -> errorPercent;
      case RESPONSE_TIME -> responseMillis;
    };
  }
}
