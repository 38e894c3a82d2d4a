package dev.semper.engine.spec;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A `lifecycle-config.toml`, in which tables `[vms.NAME]` say which virtual machines are watched.
/// Each is rewritten as a table of a workload of kind `remote`, with the lines of the original.
///
/// @param workloads by name, in the order of the document
/// @param notes what of the file has another effect than its keys promise
record LifecycleFile(Map<String, Node.Entry> workloads, List<String> notes) {
  static final String VMS = "vms";
  private static final List<String> TOP = List.of("daemon", VMS);
  private static final List<String> DAEMON = List.of("pid_file", "log_file", "log_level");
  private static final List<String> VM =
      List.of(
          "enabled",
          "check_interval_seconds",
          "restart_policy",
          "ssh_failure_threshold",
          "health_check_timeout",
          "hooks",
          "host",
          "port",
          "user",
          "identity_file",
          "known_hosts",
          "start_command",
          "stop_command",
          "restart_command",
          "command_timeout");
  private static final List<String> HOOKS =
      List.of("on_start", "on_stop", "on_restart", "on_failure", "on_healthy", "on_destroy");
  private static final List<String> KEYS = List.of("id_ed25519", "id_rsa");
  private static final Limits.Numbers SECONDS = new Limits.Numbers(1, 86_400);
  private static final Limits.Numbers TIMEOUT = new Limits.Numbers(1, 3600);
  private static final List<String> SETTINGS =
      List.of("start_command", "stop_command", "restart_command", "command_timeout");

  private enum RestartPolicy {
    NEVER,
    ON_FAILURE,
    ALWAYS
  }

  static boolean is(Node.Table document) {
    return !document.entries().containsKey("workloads")
        && TOP.stream().anyMatch(document.entries()::containsKey);
  }

  /// @param home of the user as whom the server runs: `~` in paths, and where its keys are
  static LifecycleFile read(Node.Table document, Path home, Problems problems) {
    TableReader top = new TableReader(document, "", TOP, problems);
    List<String> notes = new ArrayList<>();
    TableReader daemon = top.table("daemon", DAEMON);
    if (daemon != null) {
      List<String> given = DAEMON.stream().filter(daemon::has).toList();
      given.forEach(daemon::text);
      if (!given.isEmpty()) {
        notes.add(
            "daemon.%s: not used here, only by a server in whose home the file is"
                .formatted(String.join(", ", given)));
      }
    }
    Map<String, Node.Entry> workloads = new LinkedHashMap<>();
    if (top.node(VMS) instanceof Node.Table vms && !vms.entries().isEmpty()) {
      vms.entries()
          .forEach((name, entry) -> {
            Node.Table workload = new Vm(name, entry, home, notes, problems).workload();
            if (workload != null) {
              workloads.put(name, new Node.Entry(entry.line(), workload));
            }
          });
    } else {
      throw problems.fatal(
          VMS, Math.max(1, top.line(VMS)), "there are no machines: add a [vms.NAME] table");
    }
    problems.throwIfAny("the document");
    return new LifecycleFile(workloads, notes);
  }

  /// One table `[vms.NAME]`.
  private static final class Vm {
    private final String name;
    private final Node.Entry entry;
    private final Path home;
    private final List<String> notes;
    private final Problems problems;
    private final String path;

    Vm(String name, Node.Entry entry, Path home, List<String> notes, Problems problems) {
      this.name = name;
      this.entry = entry;
      this.home = home;
      this.notes = notes;
      this.problems = problems;
      this.path = Words.join(VMS, name);
    }

    /// @return null if there is a problem
    Node.@Nullable Table workload() {
      if (!(entry.value() instanceof Node.Table table)) {
        problems.add(path, entry.line(), "must be a table, not " + entry.value().describe());
        return null;
      }
      TableReader t = new TableReader(table, path, VM, problems);
      if (!t.has("enabled")) {
        t.problem("enabled", "is missing: true or false");
      }
      boolean enabled = t.flag("enabled", true);
      RestartPolicy policy = t.choice("restart_policy", RestartPolicy.NEVER);
      String host = host(t);
      long interval = t.number("check_interval_seconds", 60L, SECONDS);
      Node.Table probe = probe(t, policy, host, interval);
      Node.Table hooks = hooks(t);
      Map<String, Node.Entry> entries = new LinkedHashMap<>();
      put(entries, t, "kind", "kind", "remote");
      put(entries, t, "instances", "enabled", enabled ? 1L : 0L);
      put(entries, t, "host", "host", host);
      put(entries, t, "restart", "restart_policy", TableReader.word(policy));
      int line = table.line();
      entries.put("probes", new Node.Entry(line, new Node.Items(line, List.of(probe))));
      entries.put("health", new Node.Entry(line, health(t, interval)));
      entries.put("hooks", new Node.Entry(hooks.line(), hooks));
      SETTINGS.stream().filter(t::has).forEach(key -> entries.put(key, table.entries().get(key)));
      boolean restartable =
          Stream.of("restart_command", "start_command", "stop_command").anyMatch(t::has);
      if (policy != RestartPolicy.NEVER && !restartable) {
        notes.add(
            "%s: restart_policy restarts nothing as long as there is no restart_command"
                .formatted(path));
      }
      return t.broken() ? null : new Node.Table(line, entries);
    }

    /// Looked at as often as it is checked.
    private static Node.Table health(TableReader t, long interval) {
      Map<String, Node.Entry> health = new LinkedHashMap<>();
      put(health, t, "interval", "check_interval_seconds", interval);
      return new Node.Table(t.line("check_interval_seconds"), health);
    }

    private String host(TableReader t) {
      String host = t.text("host", name);
      if (host.isBlank()) {
        t.problem("host", "must not be empty");
      }
      return host;
    }

    /// By SSH if there is a key to log in with, by a connection to the port otherwise.
    private Node.Table probe(TableReader t, RestartPolicy policy, String host, long interval) {
      Map<String, Node.Entry> probe = new LinkedHashMap<>();
      boolean restarts = policy != RestartPolicy.NEVER;
      int threshold = t.number("ssh_failure_threshold", 3, Limits.THRESHOLD);
      put(probe, t, "type", "restart_policy", restarts ? "liveness" : "readiness");
      put(probe, t, "period", "check_interval_seconds", interval);
      put(
          probe,
          t,
          "timeout",
          "health_check_timeout",
          (long) t.number("health_check_timeout", 30, TIMEOUT));
      put(
          probe,
          t,
          "failure_threshold",
          "ssh_failure_threshold",
          policy == RestartPolicy.ALWAYS ? 1L : (long) threshold);
      Map<String, Node.Entry> method = new LinkedHashMap<>();
      int port = t.number("port", 22, Limits.PORT);
      put(method, t, "host", "host", host);
      put(method, t, "port", "port", (long) port);
      String user = t.text("user", System.getProperty("user.name"));
      String known = t.text("known_hosts");
      String key = key(t);
      if (key != null) {
        put(method, t, "user", "user", user);
        put(method, t, "identity_file", "identity_file", key);
        put(method, t, "host_check", "known_hosts", "accept-new");
        if (known != null) {
          put(method, t, "known_hosts", "known_hosts", expanded(known));
        }
      } else {
        notes.add(
            "%s: there is no key %s, so only a connection to port %d is tried, without a login"
                .formatted(path, home.resolve(".ssh").resolve(KEYS.getFirst()), port));
      }
      int line = t.line("host");
      probe.put(key == null ? "tcp" : "ssh", new Node.Entry(line, new Node.Table(line, method)));
      return new Node.Table(line, probe);
    }

    /// That of the file, or the first of the server's user that exists.
    private @Nullable String key(TableReader t) {
      String own = t.text("identity_file");
      if (own != null) {
        String file = expanded(own);
        if (!file.startsWith("/")) {
          t.problem("identity_file", "must be an absolute path, or begin with ~/");
        }
        return file;
      }
      return KEYS.stream()
          .map(home.resolve(".ssh")::resolve)
          .filter(Files::isRegularFile)
          .map(Path::toString)
          .findFirst()
          .orElse(null);
    }

    /// An empty text is no hook.
    private Node.Table hooks(TableReader t) {
      TableReader hooks = t.table("hooks", HOOKS);
      Map<String, Node.Entry> entries = new LinkedHashMap<>();
      if (hooks != null) {
        for (String key : HOOKS) {
          String script = hooks.text(key, "");
          if (!script.isEmpty()) {
            put(entries, hooks, key, key, expanded(script));
          }
        }
      }
      return new Node.Table(t.line("hooks"), entries);
    }

    private String expanded(String file) {
      return file.startsWith("~/") ? home + file.substring(1) : file;
    }

    /// A value with the line of the key it comes from.
    private static void put(
        Map<String, Node.Entry> entries,
        TableReader from,
        String key,
        String origin,
        Object value) {
      int line = from.line(origin);
      entries.put(key, new Node.Entry(line, Source.scalar(line, value)));
    }
  }
}
