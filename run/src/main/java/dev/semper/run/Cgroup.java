package dev.semper.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Limits and use of the control group this process is in, version 1 or 2. What cannot be read is
/// -1.
final class Cgroup {
  private static final long NONE = 1L << 60; // version 1 tells "no limit" by a huge number

  private final @Nullable Path unified;
  private final @Nullable Path memory;
  private final @Nullable Path cpu;
  private final @Nullable Path accounting;

  private Cgroup(
      @Nullable Path unified,
      @Nullable Path memory,
      @Nullable Path cpu,
      @Nullable Path accounting) {
    this.unified = unified;
    this.memory = memory;
    this.cpu = cpu;
    this.accounting = accounting;
  }

  static Cgroup ofThisProcess() {
    return read(Path.of("/"));
  }

  /// @param root stands for `/`, so that tests can have their own
  static Cgroup read(Path root) {
    Path self = root.resolve("proc/self");
    List<String> groups = lines(self.resolve("cgroup"));
    List<String> mounts = lines(self.resolve("mountinfo"));
    Path v2 = folder(root, groups, mounts, "");
    if (v2 != null && !Files.exists(v2.resolve("cgroup.controllers"))) {
      v2 = null;
    }
    return new Cgroup(
        v2,
        folder(root, groups, mounts, "memory"),
        folder(root, groups, mounts, "cpu"),
        folder(root, groups, mounts, "cpuacct"));
  }

  /// The folder of a controller; that of version 2 for "".
  private static @Nullable Path folder(
      Path root, List<String> groups, List<String> mounts, String controller) {
    String group = null;
    for (String line : groups) {
      String[] parts = line.split(":", 3); // 4:cpu,cpuacct:/docker/ab12
      if (parts.length == 3 && List.of(parts[1].split(",")).contains(controller)) {
        group = parts[2];
      }
    }
    if (group == null) {
      return null;
    }
    for (String line : mounts) {
      // 30 23 0:26 ROOT MOUNTED rw,… shared:9 - cgroup cgroup rw,memory
      int dash = line.indexOf(" - ");
      if (dash < 0) {
        continue;
      }
      String[] front = line.substring(0, dash).split(" ");
      String[] back = line.substring(dash + 3).split(" ");
      boolean fits =
          controller.isEmpty()
              ? back[0].equals("cgroup2")
              : back[0].equals("cgroup")
                  && back.length > 2
                  && List.of(back[2].split(",")).contains(controller);
      if (fits) {
        Path mounted = root.resolve(front[4].substring(1));
        String below = group.startsWith(front[3]) ? group.substring(front[3].length()) : group;
        Path inner = mounted.resolve(below.replaceFirst("^/+", "")).normalize();
        return Files.isDirectory(inner) ? inner : mounted;
      }
    }
    return null;
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return List.of();
    }
  }

  private static @Nullable String text(@Nullable Path folder, String file) {
    if (folder == null) {
      return null;
    }
    List<String> lines = lines(folder.resolve(file));
    return lines.isEmpty() ? null : lines.getFirst().strip();
  }

  private static long number(@Nullable String text) {
    try {
      return text == null || text.equals("max") ? -1 : Long.parseLong(text);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  private static long field(@Nullable Path folder, String file, String name) {
    if (folder == null) {
      return -1;
    }
    for (String line : lines(folder.resolve(file))) {
      if (line.startsWith(name + " ")) {
        return number(line.substring(name.length() + 1).strip());
      }
    }
    return -1;
  }

  /// Bytes, the smallest limit on the way up; -1 if there is none.
  long memoryLimit() {
    long limit = -1;
    for (Path folder : upwards(unified)) {
      limit = least(limit, number(text(folder, "memory.max")));
    }
    for (Path folder : upwards(memory)) {
      limit = least(limit, number(text(folder, "memory.limit_in_bytes")));
    }
    return limit >= NONE ? -1 : limit;
  }

  private static long least(long a, long b) {
    return a < 0 ? b : b < 0 ? a : Math.min(a, b);
  }

  private static List<Path> upwards(@Nullable Path folder) {
    List<Path> all = new ArrayList<>();
    for (Path at = folder; at != null && all.size() < 32; at = at.getParent()) {
      all.add(at);
    }
    return all;
  }

  /// Bytes in use that cannot be given back at once (without the cache of inactive files); -1
  /// unknown.
  long memoryUsed() {
    long used = number(text(unified, "memory.current"));
    if (used >= 0) {
      return used - Math.max(0, field(unified, "memory.stat", "inactive_file"));
    }
    used = number(text(memory, "memory.usage_in_bytes"));
    return used < 0
        ? -1
        : Math.max(0, used - Math.max(0, field(memory, "memory.stat", "total_inactive_file")));
  }

  /// Cores; -1 if there is no limit.
  double cpuLimit() {
    double limit = -1;
    for (Path folder : upwards(unified)) {
      String text = text(folder, "cpu.max"); // 150000 100000, or max 100000
      if (text != null && text.matches("[0-9]+ [0-9]+")) {
        String[] parts = text.split(" ");
        double cores = Double.parseDouble(parts[0]) / Double.parseDouble(parts[1]);
        limit = limit < 0 ? cores : Math.min(limit, cores);
      }
    }
    long quota = number(text(cpu, "cpu.cfs_quota_us"));
    long period = number(text(cpu, "cpu.cfs_period_us"));
    return limit < 0 && quota > 0 && period > 0 ? (double) quota / period : limit;
  }

  /// Microseconds of processor time so far; -1 unknown.
  long cpuUsed() {
    long used = field(unified, "cpu.stat", "usage_usec");
    if (used >= 0) {
      return used;
    }
    long nanos = number(text(accounting, "cpuacct.usage"));
    return nanos < 0 ? -1 : nanos / 1000;
  }

  /// Asks the kernel to give back memory (version 2 only); false if it cannot be asked.
  boolean reclaim(long bytes) {
    if (unified == null || !Files.isWritable(unified.resolve("memory.reclaim"))) {
      return false;
    }
    try {
      Files.writeString(unified.resolve("memory.reclaim"), "" + bytes);
      return true;
    } catch (IOException e) {
      return false; // EAGAIN: less than asked for was to be had
    }
  }
}
