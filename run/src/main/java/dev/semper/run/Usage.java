package dev.semper.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// What is used of memory, processors and disk. In a container that of its control group, elsewhere
/// that of the processes below this one, with the machine's memory as the limit.
///
/// @param memoryPercent of the smallest limit known
/// @param cpuPercent of the cores allowed, since the last look
/// @param diskPercent of the file system with the base folder
record Usage(
    double memoryPercent,
    double memoryMb,
    double cpuPercent,
    double diskPercent,
    int connections,
    List<Double> load) {

  /// Takes looks; knows the last one, since processor time is a difference.
  static final class Meter {
    private final boolean contained = Native.call("getpid") == 1;
    private final Cgroup group = Cgroup.ofThisProcess();
    private final Path disk;
    private final long memoryLimit;
    private final double cores;
    private final double hertz = Native.word("sysconf", 2); // _SC_CLK_TCK
    private final long pageSize = Native.word("sysconf", 30); // _SC_PAGESIZE
    private long before = System.nanoTime();
    private double usedBefore;

    Meter(Settings settings, Path disk) {
      this.disk = disk;
      long limit = least(group.memoryLimit(), settings.maxMemory);
      memoryLimit =
          settings.has("RESOURCE_MEMORY_LIMIT") ? least(limit, settings.memoryLimit) : limit;
      double allowed = group.cpuLimit() > 0 ? group.cpuLimit() : processors();
      if (settings.has("RESOURCE_CPU_LIMIT") && settings.cpuLimit > 0) {
        allowed = Math.min(allowed, settings.cpuLimit);
      }
      if (settings.maxCpu > 0) {
        allowed = Math.min(allowed, settings.maxCpu / 100);
      }
      cores = allowed;
      usedBefore = seconds(tree());
    }

    private static int processors() {
      return Runtime.getRuntime().availableProcessors();
    }

    private static long least(long a, long b) {
      return a <= 0 ? b : b <= 0 ? a : Math.min(a, b);
    }

    private List<Tree.Entry> tree() {
      return contained && group.cpuUsed() >= 0 && group.memoryUsed() >= 0
          ? List.of()
          : Tree.below(Native.call("getpid"));
    }

    private double seconds(List<Tree.Entry> tree) {
      return contained && group.cpuUsed() >= 0
          ? group.cpuUsed() / 1e6
          : tree.stream().mapToLong(Tree.Entry::ticks).sum() / hertz;
    }

    synchronized Usage look() throws IOException {
      List<Tree.Entry> tree = tree();
      long now = System.nanoTime();
      double used = seconds(tree);
      // A process that ended took its time along: less than nothing is nothing.
      double cpu =
          Math.max(0, 100 * (used - usedBefore) / (Math.max(1, now - before) / 1e9) / cores);
      before = now;
      usedBefore = used;
      long bytes =
          contained && group.memoryUsed() >= 0
              ? group.memoryUsed()
              : tree.stream().mapToLong(Tree.Entry::pages).sum() * pageSize;
      double memory =
          memoryLimit > 0
              ? 100.0 * bytes / memoryLimit
              : 100.0 * (1 - (double) meminfo("MemAvailable") / meminfo("MemTotal"));
      Path place = disk;
      while (!Files.exists(place) && place.getParent() != null) {
        place = place.getParent();
      }
      java.nio.file.FileStore store = Files.getFileStore(place);
      double total = store.getTotalSpace();
      double full = total <= 0 ? 0 : 100 * (1 - store.getUsableSpace() / total);
      return new Usage(
          rounded(memory),
          rounded(bytes / 1048576.0),
          rounded(cpu),
          rounded(full),
          countConnections(),
          readLoad());
    }

    boolean reclaim() {
      return group.reclaim(64L << 20);
    }
  }

  static double rounded(double value) {
    return Math.round(value * 10) / 10.0;
  }

  /// Bytes that could be taken now: what is left of the control group's limit, or of the machine.
  static long freeMemory() throws IOException {
    Cgroup group = Cgroup.ofThisProcess();
    long machine = meminfo("MemAvailable");
    long limit = group.memoryLimit();
    return limit < 0 ? machine : Math.min(machine, limit - Math.max(0, group.memoryUsed()));
  }

  private static long meminfo(String name) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"), StandardCharsets.ISO_8859_1)) {
      if (line.startsWith(name + ":")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("no " + name + " in /proc/meminfo");
  }

  private static List<Double> readLoad() throws IOException {
    String[] words =
        Files.readString(Path.of("/proc/loadavg"), StandardCharsets.ISO_8859_1).split(" ");
    return List.of(
        Double.parseDouble(words[0]), Double.parseDouble(words[1]), Double.parseDouble(words[2]));
  }

  /// Established TCP connections of this network namespace.
  private static int countConnections() {
    int count = 0;
    for (String table : List.of("tcp", "tcp6")) {
      try (var lines = Files.lines(Path.of("/proc/self/net", table), StandardCharsets.ISO_8859_1)) {
        count +=
            (int)
                lines
                    .map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length > 3 && words[3].equals("01"))
                    .count();
      } catch (IOException e) {
        // No IPv6 here.
      }
    }
    return count;
  }
}
