package dev.semper.run;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Looks at health at each interval, and acts when a trouble lasts. One thread for the whole life
/// of the container; while the program does not run it only looks on.
///
/// A degraded state passes, as at start-up; only an unhealthy one is a failed check. A remedy has
/// worked when the next look no longer finds the trouble, not when it returns.
final class Monitor {
  private final Health health;
  private final Lifecycle lifecycle;
  private final Settings settings;
  private final Profile profile;
  private final Children children;
  private final Program program;
  private final Consumer<String> restart;
  private final Map<Health.Trouble, Integer> lasting = new EnumMap<>(Health.Trouble.class);
  private volatile Health.@Nullable Report last;
  private volatile @Nullable String awaited;

  /// @param restart asks for a restart of the program, with the reason
  Monitor(
      Health health,
      Lifecycle lifecycle,
      Settings settings,
      Profile profile,
      Children children,
      Program program,
      Consumer<String> restart) {
    this.health = health;
    this.lifecycle = lifecycle;
    this.settings = settings;
    this.profile = profile;
    this.children = children;
    this.program = program;
    this.restart = restart;
  }

  Health.@Nullable Report last() {
    return last;
  }

  void start() {
    Thread thread =
        new Thread(
            () -> {
              try {
                while (true) {
                  Thread.sleep((long) (settings.healthInterval * 1000));
                  if (lifecycle.state() == Lifecycle.State.RUNNING) {
                    checkSafely();
                  }
                }
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "health");
    thread.setDaemon(true);
    thread.start();
  }

  /// A defect in one look must not be the end of all.
  private void checkSafely() throws InterruptedException {
    try {
      check();
    } catch (RuntimeException e) {
      lifecycle.say("ERROR", "health_check_broken", Map.of("error", Check.reason(e)));
    }
  }

  /// A look before the program runs.
  Health.Report first() throws InterruptedException {
    synchronized (lasting) {
      lasting.clear();
    }
    return look();
  }

  private Health.Report look() throws InterruptedException {
    Health.Report report = health.look();
    last = report;
    boolean passed = report.status() != Health.Status.UNHEALTHY;
    lifecycle.checked(passed);
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("health_status", report.status().told());
    details.put("checks", report.told());
    if (!report.issues().isEmpty()) {
      details.put("issues", report.issues());
    }
    lifecycle.happened(
        passed ? Lifecycle.Event.HEALTH_CHECK_PASSED : Lifecycle.Event.HEALTH_CHECK_FAILED,
        report.millis(),
        details);
    return report;
  }

  private void check() throws InterruptedException {
    Health.Report report = look();
    String reason = awaited;
    if (reason != null && report.status() != Health.Status.UNHEALTHY) {
      awaited = null;
      lifecycle.happened(
          Lifecycle.Event.RECOVERY_COMPLETED,
          Map.of("action", "service_restart", "reason", reason));
    }
    List<Health.Trouble> due = new ArrayList<>();
    int threshold = profile.threshold() == null ? settings.healthThreshold : profile.threshold();
    synchronized (lasting) {
      for (Health.Trouble trouble : Health.Trouble.values()) {
        if (!report.troubles().contains(trouble)) {
          lasting.remove(trouble);
        } else if (lasting.merge(trouble, 1, Integer::sum) >= threshold) {
          lasting.remove(trouble);
          due.add(trouble);
        }
      }
    }
    for (Health.Trouble trouble : due) {
      Health.Report now = last;
      if (now != null && now.troubles().contains(trouble)) {
        lifecycle.happened(
            Lifecycle.Event.FAILURE_DETECTED,
            Map.of(
                "trouble", trouble.told(),
                "consecutive_checks", threshold,
                "issues", now.issues()));
        remedy(trouble, now.issues());
      }
    }
  }

  private void remedy(Health.Trouble trouble, List<String> issues) throws InterruptedException {
    String action =
        switch (trouble) {
          case DATABASE -> "connection_restart";
          case MEMORY -> "memory_cleanup";
          case DISK -> "disk_cleanup";
          case SERVICE -> "service_restart";
        };
    if (trouble == Health.Trouble.SERVICE) {
      if (!profile.serviceRestart()) {
        lifecycle.say("WARNING", "remedy_unavailable", Map.of("action", action));
        return;
      }
      awaited = String.join("; ", issues);
      restart.accept("unhealthy: " + String.join("; ", issues));
      return;
    }
    Map<String, Object> done = new LinkedHashMap<>();
    done.put("action", action);
    boolean acted =
        switch (trouble) {
          case DATABASE -> connectionRestart(done);
          case MEMORY -> memoryCleanup(done);
          case DISK -> diskCleanup(done);
          case SERVICE -> false;
        };
    if (!acted) {
      lifecycle.say("WARNING", "remedy_unavailable", done);
      return;
    }
    if (look().troubles().contains(trouble)) {
      lifecycle.say("WARNING", "remedy_failed", done);
    } else {
      lifecycle.happened(Lifecycle.Event.RECOVERY_COMPLETED, done);
    }
  }

  private boolean connectionRestart(Map<String, Object> done) throws InterruptedException {
    health.reconnect();
    command(profile.connectionRestart(), "connection_restart", done);
    return true;
  }

  private boolean memoryCleanup(Map<String, Object> done) throws InterruptedException {
    boolean reclaimed = health.reclaimMemory();
    done.put("reclaimed_by_kernel", reclaimed);
    return command(profile.memoryCleanup(), "memory_cleanup", done) || reclaimed;
  }

  private boolean diskCleanup(Map<String, Object> done) {
    if (profile.disk().isEmpty()) {
      done.put("reason", "no folder is declared in remediation.disk_cleanup");
      return false;
    }
    Deletion.Done deleted = Deletion.of(profile.disk());
    done.put("deleted_files", deleted.files());
    done.put("deleted_bytes", deleted.bytes());
    if (!deleted.trouble().isEmpty()) {
      done.put("errors", deleted.trouble());
    }
    return true;
  }

  /// False if there is none.
  private boolean command(List<String> command, String name, Map<String, Object> done)
      throws InterruptedException {
    if (command.isEmpty()) {
      return false;
    }
    try {
      done.put("exit_code", Commands.run(children, command, variables(name), Deadline.in(30)));
    } catch (SpawnException | TimeoutException e) {
      done.put("error", "" + e.getMessage());
    }
    return true;
  }

  private List<String> variables(String action) {
    Children.Child child = program.running();
    return child == null
        ? List.of("SEMPER_ACTION=" + action)
        : List.of("SEMPER_ACTION=" + action, "SEMPER_PROGRAM_PID=" + child.pid());
  }
}
