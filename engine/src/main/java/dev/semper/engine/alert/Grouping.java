package dev.semper.engine.alert;

import dev.semper.engine.alert.Notification.Reason;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.AlertSettings.Route;
import dev.semper.engine.spec.AlertSettings.Step;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;

/// Decides what is to be told now, and to whom. Groups are not kept: they follow from the open
/// alerts and what was told of each. Pure.
final class Grouping {
  /// Nothing is due.
  static final long NEVER = Long.MAX_VALUE;

  /// @param steps of the escalation that have been taken then
  record Message(
      Reason reason,
      Map<String, String> group,
      List<String> channels,
      List<Tracked> alerts,
      int steps) {}

  /// @param nanos until something more may be due
  record Due(List<Message> messages, long nanos) {}

  private record Key(Route route, Map<String, String> labels) {}

  private final AlertSettings settings;
  private final Predicate<Alert> held;
  private final long now;
  private final List<Message> messages = new ArrayList<>();
  private long wait = NEVER;

  private Grouping(AlertSettings settings, Predicate<Alert> held, long now) {
    this.settings = settings;
    this.held = held;
    this.now = now;
  }

  /// @param held says which alerts are not to be told now
  static Due due(
      Collection<Tracked> open, AlertSettings settings, Predicate<Alert> held, long now) {
    return new Grouping(settings, held, now).due(open);
  }

  private Due due(Collection<Tracked> open) {
    Map<Key, List<Tracked>> groups = new LinkedHashMap<>();
    for (Tracked tracked : open) {
      if (tracked.alert.status() != Alert.Status.PENDING) {
        groups.computeIfAbsent(key(tracked.alert), _ -> new ArrayList<>()).add(tracked);
      }
    }
    groups.forEach((key, members) -> look(key.route(), key.labels(), members));
    return new Due(messages, wait);
  }

  private Key key(Alert alert) {
    Route route = settings.route(alert.tenant(), alert.workload(), alert.rule(), alert.severity());
    return new Key(route, group(route, alert.tenant(), alert.labels()));
  }

  /// What the alerts of a group have in common.
  static Map<String, String> group(Route route, String tenant, Map<String, String> labels) {
    Map<String, String> group = new TreeMap<>();
    group.put("tenant", tenant);
    for (String name : route.groupBy()) {
      String value = labels.get(name);
      if (value != null) {
        group.put(name, value);
      }
    }
    return group;
  }

  private void look(Route route, Map<String, String> labels, List<Tracked> members) {
    List<Tracked> free = members.stream().filter(m -> !held.test(m.alert)).toList();
    List<Tracked> news = free.stream().filter(m -> m.alert.isNews()).toList();
    List<Tracked> firing =
        free.stream().filter(m -> m.alert.status() == Alert.Status.FIRING).toList();
    boolean told = members.stream().anyMatch(Tracked::wasTold);
    long lastTold =
        members.stream().filter(Tracked::wasTold).mapToLong(m -> m.told - now).max().orElse(0);
    if (!news.isEmpty()) {
      long first = news.stream().mapToLong(m -> m.news - now).min().orElse(0);
      long due =
          told ? lastTold + route.groupInterval().toNanos() : first + route.groupWait().toNanos();
      if (isDue(due)) {
        boolean fires = news.stream().anyMatch(m -> m.alert.status() == Alert.Status.FIRING);
        List<Tracked> all = new ArrayList<>(firing);
        news.stream().filter(m -> !firing.contains(m)).forEach(all::add);
        tell(route, fires ? Reason.FIRING : Reason.RESOLVED, labels, all);
        return;
      }
    } else if (firing.stream().anyMatch(m -> !m.alert.isAcknowledged())
        && isDue(lastTold + route.repeatInterval().toNanos())) {
      tell(route, Reason.REPEAT, labels, firing);
      return;
    }
    escalate(route, labels, firing);
  }

  /// @param in nanoseconds from now
  private boolean isDue(long in) {
    if (in > 0) {
      wait = Math.min(wait, in);
    }
    return in <= 0;
  }

  private void tell(Route route, Reason reason, Map<String, String> labels, List<Tracked> alerts) {
    int steps = alerts.stream().mapToInt(m -> m.alert.step()).max().orElse(0);
    Set<String> channels = new LinkedHashSet<>(route.channels());
    for (Step step : route.escalation().subList(0, Math.min(steps, route.escalation().size()))) {
      channels.addAll(step.channels());
    }
    messages.add(new Message(reason, labels, List.copyOf(channels), alerts, steps));
    wait = 0; // what comes after it is looked at again
  }

  private void escalate(Route route, Map<String, String> labels, List<Tracked> firing) {
    List<Tracked> waiting =
        firing.stream()
            .filter(m ->
                m.wasTold() && !m.alert.isAcknowledged() && m.alert.told() == Alert.Told.FIRING)
            .toList();
    for (int i = 0; i < route.escalation().size(); i++) {
      Step step = route.escalation().get(i);
      int next = i;
      List<Tracked> late =
          waiting.stream()
              .filter(m -> m.alert.step() == next)
              .filter(m -> isDue(m.toldFirst - now + step.after().toNanos()))
              .toList();
      if (!late.isEmpty()) {
        messages.add(new Message(Reason.ESCALATION, labels, step.channels(), late, i + 1));
        wait = 0;
        return;
      }
    }
  }
}
