package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.spi.Usage;
import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Compares what an instance uses with what a probe allows.
final class ResourceCheck {
  private static final double MIB = 1 << 20;

  private ResourceCheck() {}

  static Outcome check(ProbeSpec.Resource limits, Check.Subject subject, long nanos) {
    List<String> faults = new ArrayList<>();
    if (limits.cpu() != null
        || limits.memory() != null
        || limits.processes() > 0
        || limits.openFiles() > 0) {
      Usage usage = subject.insight().usage().get();
      if (usage.processes() == 0) {
        return new Outcome.Erred("It is not known what the instance uses");
      }
      cpu(limits.cpu(), usage, subject.lastLook(), nanos, faults);
      memory(limits.memory(), usage, faults);
      count("processes", limits.processes(), usage.processes(), faults);
      if (limits.openFiles() > 0 && usage.openFiles() < 0) {
        return new Outcome.Erred("The open files of the instance cannot be counted");
      }
      count("open files", limits.openFiles(), usage.openFiles(), faults);
    }
    if (limits.disk() != null && limits.diskFree() != null) {
      String trouble = disk(limits.disk(), limits.diskFree(), faults);
      if (trouble != null) {
        return new Outcome.Erred(trouble);
      }
    }
    return faults.isEmpty()
        ? new Outcome.Passed()
        : new Outcome.Failed("It uses " + String.join("; ", faults));
  }

  private static void cpu(
      ProbeSpec.@Nullable Amount limit,
      Usage usage,
      LastLook last,
      long nanos,
      List<String> faults) {
    if (limit == null) {
      return;
    }
    long spentMillis = usage.cpuMillis() - last.cpuMillis;
    double wallMillis = (nanos - last.cpuAt) / 1e6;
    boolean first = last.cpuMillis == LastLook.NONE;
    last.cpuMillis = usage.cpuMillis();
    last.cpuAt = nanos;
    double cores = first ? 0 : spentMillis / Math.max(1, wallMillis);
    if (cores > limit.value()) {
      faults.add(String.format(Locale.ROOT, "%.2f cores, allowed are %.2f", cores, limit.value()));
    }
  }

  private static void memory(ProbeSpec.@Nullable Amount limit, Usage usage, List<String> faults) {
    if (limit != null && usage.residentBytes() > limit.value()) {
      faults.add(
          String.format(
              Locale.ROOT,
              "%.1f MiB of memory, allowed are %.1f",
              usage.residentBytes() / MIB,
              limit.value() / MIB));
    }
  }

  private static void count(String what, int limit, int used, List<String> faults) {
    if (limit > 0 && used > limit) {
      faults.add("%d %s, allowed are %d".formatted(used, what, limit));
    }
  }

  /// @return why it cannot be told
  private static @Nullable String disk(String path, ProbeSpec.Amount needed, List<String> faults) {
    try {
      FileStore disk = Files.getFileStore(Path.of(path));
      double wanted =
          needed.percent() > 0 ? disk.getTotalSpace() / 100.0 * needed.percent() : needed.value();
      long free = disk.getUsableSpace();
      if (free < wanted) {
        faults.add(
            String.format(
                Locale.ROOT,
                "a disk at %s with %.1f MiB free, needed are %.1f",
                path,
                free / MIB,
                wanted / MIB));
      }
      return null;
    } catch (IOException e) {
      return "The disk at " + path + " cannot be looked at: " + e;
    }
  }
}
