package dev.semper.run;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Looks at databases, the profile's checks and the use of resources; the worst of all is the
/// health.
final class Health {
  enum Status {
    HEALTHY,
    DEGRADED,
    UNHEALTHY;

    String told() {
      return name().toLowerCase(Locale.ROOT);
    }

    Status or(Status other) {
      return compareTo(other) >= 0 ? this : other;
    }

    /// As a metric: 1, 0.5, 0.
    String metric() {
      return switch (this) {
        case HEALTHY -> "1";
        case DEGRADED -> "0.5";
        case UNHEALTHY -> "0";
      };
    }
  }

  /// A condition that has a remedy of its own.
  enum Trouble {
    DATABASE,
    MEMORY,
    DISK,
    /// A required check of the profile fails.
    SERVICE;

    String told() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What one look has found.
  ///
  /// @param service what the profile's checks come to
  /// @param usage null if it could not be read
  record Report(
      Status status,
      Status application,
      Status service,
      Map<String, Status> checks,
      List<String> issues,
      Map<String, DatabaseProbe.Answer> databases,
      @Nullable Usage usage,
      String timestamp,
      long millis) {
    /// The worst of all but the checks of the service.
    Status withoutService() {
      return application.or(
          databases.isEmpty() ? Status.HEALTHY : checks.getOrDefault("database", Status.HEALTHY));
    }

    /// Troubles that last: the caller counts them.
    List<Trouble> troubles() {
      List<Trouble> troubles = new ArrayList<>();
      if (databases.values().stream().anyMatch(answer -> answer.status() != Status.HEALTHY)) {
        troubles.add(Trouble.DATABASE);
      }
      if (usage != null && usage.memoryPercent() > 90) {
        troubles.add(Trouble.MEMORY);
      }
      if (usage != null && usage.diskPercent() > 90) {
        troubles.add(Trouble.DISK);
      }
      // A restart of the program does not heal a database.
      if (service == Status.UNHEALTHY) {
        troubles.add(Trouble.SERVICE);
      }
      return troubles;
    }

    Map<String, String> told() {
      Map<String, String> map = new LinkedHashMap<>();
      checks.forEach((name, found) -> map.put(name, found.told()));
      return map;
    }
  }

  private static final double SECONDS = 30;

  private final List<DatabaseProbe> databases;
  private final List<Profile.HealthCheck> checks;
  private final Usage.Meter meter;

  Health(List<DatabaseProbe> databases, List<Profile.HealthCheck> checks, Usage.Meter meter) {
    this.databases = databases;
    this.checks = checks;
    this.meter = meter;
  }

  Report look() throws InterruptedException {
    long begun = System.nanoTime();
    Deadline deadline = Deadline.in(SECONDS);
    Map<String, DatabaseProbe.Answer> answers = new ConcurrentHashMap<>();
    Map<String, String> failed = new ConcurrentHashMap<>();
    List<Thread> threads = new ArrayList<>();
    for (DatabaseProbe probe : databases) {
      threads.add(
          thread(
              probe.database.name(),
              () -> answers.put(probe.database.name(), probe.ask(deadline))));
    }
    for (Profile.HealthCheck check : checks) {
      threads.add(
          thread(
              check.name(),
              () -> {
                try {
                  Deadline own = deadline.orIn(check.timeout());
                  own.within(
                      "check " + check.name(),
                      () -> {
                        check.check().run(own);
                        return true;
                      });
                } catch (InterruptedException e) {
                  throw e;
                } catch (Exception e) {
                  failed.put(check.name(), Check.reason(e));
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join(deadline.millisLeft() + 1000L);
    }

    List<String> issues = new ArrayList<>();
    Map<String, Status> all = new LinkedHashMap<>();
    Status database = Status.HEALTHY;
    for (DatabaseProbe probe : databases) {
      DatabaseProbe.Answer answer =
          answers.computeIfAbsent(
              probe.database.name(), name -> new DatabaseProbe.Answer(-1, -1, name + " hangs"));
      Status status =
          !probe.required && answer.status() == Status.UNHEALTHY
              ? Status.DEGRADED
              : answer.status();
      database = database.or(status);
      if (answer.trouble() != null) {
        issues.add(answer.trouble());
      } else if (answer.status() != Status.HEALTHY) {
        issues.add(
            "database "
                + probe.database.name()
                + (answer.millis() > 1000
                    ? " took " + Math.round(answer.millis()) + " ms"
                    : " uses " + Math.round(answer.poolPercent()) + " % of its pool"));
      }
    }
    Status service = Status.HEALTHY;
    for (Profile.HealthCheck check : checks) {
      String trouble = failed.get(check.name());
      Status status =
          trouble == null ? Status.HEALTHY : check.required() ? Status.UNHEALTHY : Status.DEGRADED;
      all.put(check.name(), status);
      service = service.or(status);
      if (trouble != null) {
        issues.add(check.name() + ": " + trouble);
      }
    }
    Status resources = Status.HEALTHY;
    Usage usage = null;
    try {
      usage = meter.look();
      resources =
          over(issues, "memory", usage.memoryPercent(), 90)
              .or(over(issues, "processor", usage.cpuPercent(), 95))
              .or(over(issues, "disk", usage.diskPercent(), 90));
    } catch (IOException | RuntimeException e) {
      issues.add("resources cannot be read: " + Check.reason(e));
      resources = Status.DEGRADED;
    }
    Status application = database == Status.UNHEALTHY ? database : resources;
    Map<String, Status> told = new LinkedHashMap<>();
    if (!databases.isEmpty()) {
      told.put("database", database);
    }
    told.put("application", application);
    told.put("resources", resources);
    told.putAll(all);
    Status worst = Status.HEALTHY;
    for (Status status : told.values()) {
      worst = worst.or(status);
    }
    return new Report(
        worst,
        application,
        service,
        told,
        issues,
        answers,
        usage,
        Log.now(),
        (System.nanoTime() - begun) / 1_000_000);
  }

  private static Status over(List<String> issues, String what, double percent, double limit) {
    if (percent <= limit) {
      return Status.HEALTHY;
    }
    issues.add(what + " use is " + percent + " %, over " + (int) limit + " %");
    return Status.DEGRADED;
  }

  private interface Work {
    void run() throws InterruptedException;
  }

  private static Thread thread(String name, Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
            },
            "health " + name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  void reconnect() {
    databases.forEach(probe -> {
      if (probe.database.url() != null) {
        probe.reconnect();
      }
    });
  }

  boolean reclaimMemory() {
    System.gc();
    return meter.reclaim();
  }
}
