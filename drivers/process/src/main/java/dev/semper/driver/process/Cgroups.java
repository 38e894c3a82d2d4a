package dev.semper.driver.process;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.spi.Resources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Control groups. Instances with limits join one per incarnation under `semper/HOME/`, on version
/// 2, version 1 or both side by side. Apart from that every tree is born into a group of version 2
/// that limits nothing, under `semper/HOME-trees/`, where the keeper may make one.
final class Cgroups implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Cgroups.class);
  private static final int CPU_PERIOD = 100_000;
  static final List<String> CONTROLLERS = List.of("memory", "cpu", "pids");

  /// @param base where groups of this home are made
  private record Hierarchy(Path base, boolean unified) {}

  private final Map<String, Hierarchy> hierarchies = new LinkedHashMap<>();
  private final Map<String, String> missing = new LinkedHashMap<>();
  private @Nullable Path trees;

  Cgroups(String home) {
    for (String controller : CONTROLLERS) {
      missing.put(controller, "the machine has no '" + controller + "' control groups");
    }
    try {
      for (String line : Files.readAllLines(Path.of("/proc/self/mountinfo"))) {
        mount(line.split(" "), home);
      }
    } catch (IOException e) {
      missing.replaceAll((_, _) -> "cannot read /proc/self/mountinfo: " + e.getMessage());
    }
  }

  /// Short, and the same whenever the home is opened.
  static String homeName(Path home) {
    return KeeperProgram.hash(home.toAbsolutePath().normalize().toString().getBytes(UTF_8));
  }

  private void mount(String[] fields, String home) throws IOException {
    int dash = List.of(fields).indexOf("-");
    String type = fields[dash + 1];
    Path point = Path.of(fields[4]);
    if (type.equals("cgroup2")) {
      unified(point, home);
    } else if (type.equals("cgroup")) {
      List<String> options = List.of(fields[dash + 3].split(","));
      for (String controller : CONTROLLERS) {
        if (options.contains(controller)) {
          tryBase(controller, point.resolve("semper").resolve(home));
        }
      }
    }
  }

  private void tryBase(String controller, Path base) {
    try {
      Files.createDirectories(base);
      hierarchies.put(controller, new Hierarchy(base, false));
    } catch (IOException e) {
      missing.put(controller, "not allowed to make " + base + ": run the server as root");
    }
  }

  private void unified(Path point, String home) throws IOException {
    List<String> offered = words(point.resolve("cgroup.controllers"));
    for (Path parent : parents(point)) {
      Path base = parent.resolve("semper").resolve(home);
      if (trees == null && Files.isWritable(parent)) {
        trees = base.resolveSibling(home + "-trees");
      }
      for (String controller : CONTROLLERS) {
        if (offered.contains(controller) && !hierarchies.containsKey(controller)) {
          if (enable(controller, parent, base)) {
            hierarchies.put(controller, new Hierarchy(base, true));
          } else {
            missing.put(
                controller,
                "not allowed to use it below "
                    + parent
                    + ": run the server as root or under a"
                    + " systemd unit with Delegate=yes");
          }
        }
      }
    }
  }

  /// Beside the server's own group first: a delegated tree may be used without being root.
  private static Set<Path> parents(Path point) throws IOException {
    Set<Path> parents = new LinkedHashSet<>();
    for (String line : Files.readAllLines(Path.of("/proc/self/cgroup"))) {
      if (line.startsWith("0::/")) {
        Path own = point.resolve(line.substring("0::/".length())).normalize();
        Path parent = own.getParent();
        parents.add(own.equals(point) || parent == null ? point : parent);
      }
    }
    parents.add(point);
    return parents;
  }

  private static boolean enable(String controller, Path parent, Path base) {
    try {
      Files.createDirectories(base);
      Path semper = base.getParent();
      for (Path directory : semper == null ? List.of(parent) : List.of(parent, semper, base)) {
        Path control = directory.resolve("cgroup.subtree_control");
        if (!words(control).contains(controller)) {
          Files.writeString(control, "+" + controller);
        }
      }
      return true;
    } catch (IOException e) {
      LOG.debug("cannot enable {} below {}", controller, parent, e);
      return false;
    }
  }

  private static List<String> words(Path file) throws IOException {
    return List.of(Files.readString(file).strip().split("\\s+"));
  }

  /// Why a controller cannot be used; null if it can.
  @Nullable String missing(String controller) {
    return hierarchies.containsKey(controller) ? null : missing.get(controller);
  }

  String place(String controller) {
    Hierarchy hierarchy = hierarchies.get(controller);
    return hierarchy == null
        ? ""
        : (hierarchy.unified() ? "control groups version 2 at " : "control groups version 1 at ")
            + hierarchy.base();
  }

  /// Makes the groups for the limits that are set and can be enforced.
  ///
  /// @return files that the new process has to write itself into
  List<String> create(String incarnation, Resources limits) throws IOException {
    Set<String> joins = new LinkedHashSet<>();
    if (limits.memoryBytes() > 0) {
      limitMemory(incarnation, limits.memoryBytes(), joins);
    }
    if (limits.cpu() > 0) {
      limitCpu(incarnation, limits.cpu(), joins);
    }
    if (limits.pids() > 0) {
      Path group = group("pids", incarnation, joins);
      if (group != null) {
        write(group, "pids.max", Long.toString(limits.pids()));
      }
    }
    return new ArrayList<>(joins);
  }

  private void limitMemory(String incarnation, long bytes, Set<String> joins) throws IOException {
    Path group = group("memory", incarnation, joins);
    if (group == null) {
      return;
    }
    if (unified("memory")) {
      write(group, "memory.max", Long.toString(bytes));
      writeIfThere(group, "memory.swap.max", "0");
    } else {
      write(group, "memory.limit_in_bytes", Long.toString(bytes));
      writeIfThere(group, "memory.memsw.limit_in_bytes", Long.toString(bytes));
    }
  }

  private void limitCpu(String incarnation, double cpu, Set<String> joins) throws IOException {
    Path group = group("cpu", incarnation, joins);
    if (group == null) {
      return;
    }
    long quota = Math.max(1000, Math.round(cpu * CPU_PERIOD));
    if (unified("cpu")) {
      write(group, "cpu.max", quota + " " + CPU_PERIOD);
    } else {
      write(group, "cpu.cfs_period_us", Integer.toString(CPU_PERIOD));
      write(group, "cpu.cfs_quota_us", Long.toString(quota));
    }
  }

  private boolean unified(String controller) {
    Hierarchy hierarchy = hierarchies.get(controller);
    return hierarchy != null && hierarchy.unified();
  }

  private @Nullable Path group(String controller, String incarnation, Set<String> joins)
      throws IOException {
    Path group = path(controller, incarnation);
    if (group != null) {
      Files.createDirectories(group);
      joins.add(group.resolve("cgroup.procs").toString());
    }
    return group;
  }

  private @Nullable Path path(String controller, String incarnation) {
    Hierarchy hierarchy = hierarchies.get(controller);
    return hierarchy == null ? null : hierarchy.base().resolve(Wire.fileName(incarnation));
  }

  private static void write(Path group, String file, String value) throws IOException {
    Files.writeString(group.resolve(file), value);
  }

  /// Swap may not be accounted on this machine.
  private static void writeIfThere(Path group, String file, String value) throws IOException {
    if (Files.exists(group.resolve(file))) {
      write(group, file, value);
    }
  }

  /// Where trees can be tracked; null if nowhere.
  @Nullable Path trees() {
    return trees;
  }

  /// PIDs of the members, also of those that left session and environment behind.
  ///
  /// @param tree the group the tree was born into; empty if none
  Set<Integer> members(String incarnation, String tree) {
    Set<Integer> members = new LinkedHashSet<>();
    groups(incarnation, tree).forEach(group -> addMembers(group, members));
    return members;
  }

  /// Whether a tree has groups and nothing is left in them or below. What has left for a group
  /// elsewhere, as root may, is not seen here.
  boolean isDeserted(String incarnation, String tree) {
    return !tree.isEmpty() && groups(incarnation, tree).stream().noneMatch(Cgroups::isPopulated);
  }

  private static boolean isPopulated(Path group) {
    Path events = group.resolve("cgroup.events");
    try {
      return Files.exists(events)
          ? Files.readAllLines(events).contains("populated 1")
          : !Files.readString(group.resolve("cgroup.procs")).isEmpty();
    } catch (IOException e) {
      LOG.debug("whether {} is empty cannot be read", group, e);
      return true;
    }
  }

  private Set<Path> groups(String incarnation, String tree) {
    Set<Path> groups = new LinkedHashSet<>();
    for (String controller : CONTROLLERS) {
      Path group = path(controller, incarnation);
      if (group != null && Files.isDirectory(group)) {
        groups.add(group);
      }
    }
    if (!tree.isEmpty()) {
      groups.add(Path.of(tree));
    }
    return groups;
  }

  private static void addMembers(Path group, Set<Integer> members) {
    if (!Files.isDirectory(group)) {
      return;
    }
    try {
      for (String pid : Files.readAllLines(group.resolve("cgroup.procs"))) {
        members.add(Integer.parseInt(pid));
      }
    } catch (IOException e) {
      LOG.debug("the group {} has just gone", group, e);
    }
  }

  /// How many processes the kernel killed for the memory limit, in words; empty if none.
  String outOfMemory(String incarnation) {
    Path group = path("memory", incarnation);
    if (group == null || !Files.isDirectory(group)) {
      return "";
    }
    boolean unified = unified("memory");
    try {
      Path events = group.resolve(unified ? "memory.events" : "memory.oom_control");
      for (String line : Files.readAllLines(events)) {
        if (line.startsWith("oom_kill ") && !line.equals("oom_kill 0")) {
          Path limit = group.resolve(unified ? "memory.max" : "memory.limit_in_bytes");
          return "out of memory: over its limit of " + Files.readString(limit).strip() + " bytes";
        }
      }
    } catch (IOException e) {
      LOG.debug("cannot read how {} ended", group, e);
    }
    return "";
  }

  /// Removes the groups of an incarnation whose tree is gone.
  void remove(String incarnation) {
    for (String controller : CONTROLLERS) {
      Path group = path(controller, incarnation);
      if (group != null && Files.isDirectory(group)) {
        try {
          Files.deleteIfExists(group);
        } catch (IOException e) {
          LOG.debug("the group {} is still in use; it is removed at the next start", group, e);
        }
      }
    }
  }

  /// Removes empty groups of incarnations nobody knows any more.
  void tidy(Set<String> known) {
    Set<String> names = new LinkedHashSet<>();
    known.forEach(name -> names.add(Wire.fileName(name)));
    for (Hierarchy hierarchy : new LinkedHashSet<>(hierarchies.values())) {
      try (var groups = Files.list(hierarchy.base())) {
        for (Path group : groups.filter(Files::isDirectory).toList()) {
          if (!names.contains(group.getFileName().toString())) {
            Files.deleteIfExists(group);
          }
        }
      } catch (IOException e) {
        LOG.debug("cannot tidy {}", hierarchy.base(), e);
      }
    }
  }

  /// Leaves no empty directories behind.
  @Override
  public void close() {
    for (Hierarchy hierarchy : new LinkedHashSet<>(hierarchies.values())) {
      try {
        Files.deleteIfExists(hierarchy.base());
        Path semper = hierarchy.base().getParent();
        if (semper != null) {
          Files.deleteIfExists(semper);
        }
      } catch (IOException e) {
        LOG.debug("{} is still in use: {}", hierarchy.base(), e.getMessage());
      }
    }
  }
}
