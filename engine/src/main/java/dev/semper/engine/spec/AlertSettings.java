package dev.semper.engine.spec;

import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The `[alerts]` table of a server's settings.
///
/// @param enabled whether alerts are looked after at all, default true
/// @param interval between two looks at all workloads, default 15 s
/// @param inhibitDependents whether alerts of a workload are held back while a dependency of it has
///   one at least as severe, default true
/// @param giveUpAfter how long a delivery is tried, default 24 h
/// @param rules the server's own and those built in
/// @param routes the first that matches an alert says where it goes; the last one takes all
public record AlertSettings(
    boolean enabled,
    Duration interval,
    boolean inhibitDependents,
    Duration giveUpAfter,
    List<AlertRule> rules,
    List<AlertChannel> channels,
    List<Route> routes,
    List<Window> windows) {
  public static final AlertSettings DEFAULT = AlertReader.defaults();

  public AlertSettings {
    rules = List.copyOf(rules);
    channels = List.copyOf(channels);
    routes = List.copyOf(routes);
    windows = List.copyOf(windows);
  }

  /// The route of an alert.
  public Route route(
      String tenant, @Nullable String workload, String rule, AlertRule.Severity severity) {
    return routes.stream()
        .filter(route -> route.match().matches(tenant, workload, rule, severity))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("the last route takes all"));
  }

  /// Where alerts go.
  ///
  /// @param groupBy labels whose values make a group; the tenant always does
  /// @param groupWait how long a new group waits for more of its kind, default 10 s
  /// @param groupInterval least time between two messages of a group that has changed, default 1
  ///   min
  /// @param repeatInterval how often one that has not changed is told again, default 4 h
  /// @param escalation by time
  public record Route(
      AlertMatch match,
      List<String> channels,
      List<String> groupBy,
      Duration groupWait,
      Duration groupInterval,
      Duration repeatInterval,
      List<Step> escalation) {
    public Route {
      channels = List.copyOf(channels);
      groupBy = List.copyOf(groupBy);
      escalation = List.copyOf(escalation);
    }
  }

  /// Whom to tell too if nobody has acknowledged an alert.
  ///
  /// @param after since it was first told
  public record Step(Duration after, List<String> channels) {
    public Step {
      channels = List.copyOf(channels);
    }
  }

  /// A daily maintenance window, by the clock on the wall of a time zone: where clocks go forward
  /// it is shorter, where they go back longer.
  ///
  /// @param start in it
  /// @param end not in it any more; before `start` = on the next day
  /// @param days on which it starts; empty = every day
  public record Window(
      String name,
      LocalTime start,
      LocalTime end,
      ZoneId zone,
      Set<DayOfWeek> days,
      AlertMatch match) {
    public Window {
      days = Set.copyOf(days);
      Limits.require(!start.equals(end), "end must differ from start");
    }

    public boolean covers(Instant at) {
      LocalDateTime local = LocalDateTime.ofInstant(at, zone);
      LocalTime time = local.toLocalTime();
      if (start.isBefore(end)) {
        return !time.isBefore(start) && time.isBefore(end) && on(local.getDayOfWeek());
      }
      return !time.isBefore(start)
          ? on(local.getDayOfWeek())
          : time.isBefore(end) && on(local.getDayOfWeek().minus(1));
    }

    private boolean on(DayOfWeek day) {
      return days.isEmpty() || days.contains(day);
    }
  }
}
