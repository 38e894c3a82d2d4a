package dev.semper.engine.alert;

import dev.semper.engine.alert.Judge.Verdict;
import dev.semper.engine.alert.Notification.Item;
import dev.semper.engine.alert.Notification.Reason;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.AlertMatch;
import dev.semper.engine.spec.AlertRule;
import dev.semper.engine.spec.AlertRule.Severity;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.AlertSettings.Route;
import dev.semper.engine.spec.DependencySpec;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.Row;
import dev.semper.engine.workload.Workload;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiFunction;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// The open alerts and how they change. It changes itself and gathers what must become durable with
/// it in a batch; the owner commits that before anybody sees it. Owned by one thread.
final class Board {
  /// A message holds no more; the rest of a group goes into further ones.
  static final int MOST_PER_MESSAGE = 100;

  private static final String SYSTEM = "system";

  /// One rule about one workload.
  ///
  /// @param workload empty for none
  private record Key(String tenant, String workload, String rule) {}

  private record Place(String tenant, String workload) {}

  private record Judging(AlertRule rule, Judge judge) {}

  private final Measures measures;
  private final InstantSource wall;
  private final LongSupplier nanos;
  private final RandomGenerator random;
  private final BiFunction<String, String, Optional<Workload>> find;
  private final Map<Key, Tracked> open = new LinkedHashMap<>();
  private final Map<Key, Judging> judges = new HashMap<>();
  private final Map<String, Silence> silences = new TreeMap<>();
  private AlertSettings settings;
  private long lastSeq;
  private long cursor;
  private long saved;
  private Batch batch = new Batch();

  /// @param find a workload by tenant and name
  Board(
      AlertSettings settings,
      Measures measures,
      BiFunction<String, String, Optional<Workload>> find,
      InstantSource wall,
      LongSupplier nanos,
      RandomGenerator random) {
    this.settings = settings;
    this.measures = measures;
    this.find = find;
    this.wall = wall;
    this.nanos = nanos;
    this.random = random;
  }

  /// As an earlier server left it.
  ///
  /// @param lastDelivery number of the newest delivery
  void load(
      Collection<Alert> alerts, Collection<Silence> loaded, long lastDelivery, long eventSeq) {
    open.clear();
    silences.clear();
    batch = new Batch();
    for (Alert alert : alerts) {
      open.put(key(alert), Tracked.loaded(alert, wall.instant(), nanos.getAsLong()));
    }
    loaded.forEach(silence -> silences.put(silence.id(), silence));
    lastSeq = lastDelivery;
    cursor = eventSeq;
    saved = eventSeq;
  }

  void settings(AlertSettings changed) {
    settings = changed;
  }

  long cursor() {
    return cursor;
  }

  /// So that a later server need not look at the same events again.
  void saveCursor() {
    if (cursor != saved) {
      batch.put(new Row.AlertCursor(cursor));
      saved = cursor;
    }
  }

  /// What must become durable, with what was done since the last time.
  Batch takeBatch() {
    Batch taken = batch;
    batch = new Batch();
    if (!taken.isEmpty()) {
      taken.put(new Row.AlertCursor(cursor));
      saved = cursor;
    }
    return taken;
  }

  /// The open alerts, the oldest first, each with what holds it back.
  List<Alerts.Standing> alerts() {
    Map<Place, Severity> worst = worst();
    return open.values().stream()
        .map(t -> new Alerts.Standing(t.alert, held(t.alert, worst).orElse(null)))
        .toList();
  }

  List<Silence> silences() {
    return List.copyOf(silences.values());
  }

  /// Looks at all rules of all workloads.
  void look(Collection<Workload> workloads) {
    Set<Key> seen = new HashSet<>();
    for (Workload workload : workloads) {
      look(workload, seen);
    }
    for (Key key : List.copyOf(open.keySet())) {
      Tracked tracked = open.get(key);
      if (tracked != null && !seen.contains(key) && !isEventInForce(key, tracked)) {
        over(key, tracked);
      }
    }
    judges.keySet().retainAll(seen);
    measures.retain(workloads);
    expireSilences();
  }

  /// Looks at all rules of one workload.
  void look(Workload workload) {
    look(workload, new HashSet<>());
  }

  private void look(Workload workload, Set<Key> seen) {
    long now = nanos.getAsLong();
    for (AlertRule rule : rules(workload.tenant(), workload.name(), workload)) {
      if (rule.condition() instanceof AlertRule.Occurrence) {
        continue;
      }
      Key key = new Key(workload.tenant(), workload.name(), rule.name());
      seen.add(key);
      Judging judging = judges.get(key);
      if (judging == null || !judging.rule().equals(rule)) {
        judging = new Judging(rule, Judge.of(rule));
        judges.put(key, judging);
      }
      Tracked tracked = open.get(key);
      boolean firing = tracked != null && tracked.alert.status() == Alert.Status.FIRING;
      Verdict verdict = judging.judge().judge(measures, workload, firing, now);
      judge(key, rule, tracked, verdict, now);
    }
  }

  /// Those of the server and its own; an own one takes the place of a server's of the same name.
  private List<AlertRule> rules(String tenant, String name, @Nullable Workload workload) {
    List<AlertRule> own = workload == null ? List.of() : workload.spec().alerts();
    List<AlertRule> rules = new ArrayList<>(own);
    for (AlertRule rule : settings.rules()) {
      boolean replaced = !own.isEmpty() && own.stream().anyMatch(o -> o.name().equals(rule.name()));
      if (!replaced && rule.where().matches(tenant, name.isEmpty() ? null : name)) {
        rules.add(rule);
      }
    }
    return rules;
  }

  private void judge(
      Key key, AlertRule rule, @Nullable Tracked tracked, Verdict verdict, long now) {
    Duration held = Duration.ofNanos(tracked == null ? 0 : now - tracked.since);
    Alert.Status status = tracked == null ? null : tracked.alert.status();
    switch (Life.next(status, verdict.active(), held, rule.hold())) {
      case NOTHING -> {}
      case BEGIN -> begin(key, rule, Alert.Status.PENDING, verdict.value(), Map.of(), now);
      case FIRE -> fire(key, rule, tracked, verdict.value(), Map.of(), now);
      case DROP -> drop(key, tracked);
      case RESOLVE -> resolve(key, tracked);
    }
  }

  private Tracked begin(
      Key key,
      AlertRule rule,
      Alert.Status status,
      OptionalDouble value,
      Map<String, Object> data,
      long now) {
    String workload = key.workload().isEmpty() ? null : key.workload();
    Subject subject = new Subject(key.tenant(), workload, rule.name(), rule.severity());
    Map<String, String> labels = Words.labels(subject, rule.labels());
    Double measured = value.isPresent() ? value.getAsDouble() : null;
    Instant at = wall.instant();
    Alert alert =
        new Alert(
            id("al", at),
            Words.fingerprint(labels),
            key.tenant(),
            workload,
            rule.name(),
            rule.severity(),
            status,
            measured,
            summary(rule, labels, measured, data),
            labels,
            annotations(rule, labels, measured, data),
            at,
            status == Alert.Status.FIRING ? at : null,
            null,
            null,
            null,
            null,
            Alert.Told.NOTHING,
            null,
            null,
            0);
    Tracked tracked = new Tracked(alert, now);
    open.put(key, tracked);
    save(alert);
    return tracked;
  }

  private void fire(
      Key key,
      AlertRule rule,
      @Nullable Tracked tracked,
      OptionalDouble value,
      Map<String, Object> data,
      long now) {
    Tracked fired = tracked;
    if (fired == null) {
      fired = begin(key, rule, Alert.Status.FIRING, value, data, now);
    } else {
      Double measured = value.isPresent() ? value.getAsDouble() : null;
      Alert before = fired.alert;
      fired.alert =
          before.firing(
              measured,
              summary(rule, before.labels(), measured, data),
              annotations(rule, before.labels(), measured, data),
              wall.instant());
      save(fired.alert);
    }
    fired.news = now;
    fired.happened = now;
    event("alert.firing", fired.alert, Map.of(), SYSTEM);
  }

  private void drop(Key key, @Nullable Tracked tracked) {
    if (tracked != null) {
      open.remove(key);
      batch.delete(row(tracked.alert));
    }
  }

  private void resolve(Key key, @Nullable Tracked tracked) {
    if (tracked == null) {
      return;
    }
    tracked.alert = tracked.alert.resolved(wall.instant());
    tracked.news = nanos.getAsLong();
    save(tracked.alert);
    event("alert.resolved", tracked.alert, Map.of(), SYSTEM);
    if (!tracked.alert.isOpen()) {
      open.remove(key);
    }
  }

  /// Its rule or its workload is gone.
  private void over(Key key, Tracked tracked) {
    switch (tracked.alert.status()) {
      case PENDING -> drop(key, tracked);
      case FIRING -> resolve(key, tracked);
      case RESOLVED -> {}
    }
  }

  // Events.

  /// Takes events in, in their order.
  void take(List<Event> events) {
    for (Event event : events) {
      cursor = event.seq();
      if (!event.type().startsWith("alert.") && !event.type().startsWith("silence.")) {
        String name = event.workload() == null ? "" : event.workload();
        Workload workload = name.isEmpty() ? null : find.apply(event.tenant(), name).orElse(null);
        happened(event, name, workload);
      }
      Notice.of(event).ifPresent(this::notice);
    }
  }

  /// Told at once to the channels of its route, and to nobody if it is held back: it is over then.
  private void notice(Notice notice) {
    Subject subject = notice.subject();
    Route route =
        settings.route(subject.tenant(), subject.workload(), subject.rule(), subject.severity());
    Optional<String> held = quiet(subject);
    List<String> channels = held.isPresent() ? List.of() : route.channels();
    Item item = notice.item();
    Map<String, String> group = Grouping.group(route, subject.tenant(), item.labels());
    channels.forEach(
        channel -> deliver(channel, subject.tenant(), Reason.NOTICE, group, List.of(item)));
    Map<String, Object> data = new TreeMap<>();
    data.put("recovery_id", notice.recovery());
    data.put("channels", channels);
    held.ifPresent(why -> data.put("held_by", why));
    batch.event(
        wall.instant(),
        subject.tenant(),
        subject.workload(),
        null,
        "alert.notice",
        data,
        notice.recovery(),
        SYSTEM);
  }

  private void happened(Event event, String name, @Nullable Workload workload) {
    for (AlertRule rule : rules(event.tenant(), name, workload)) {
      if (!(rule.condition() instanceof AlertRule.Occurrence occurrence)) {
        continue;
      }
      Key key = new Key(event.tenant(), name, rule.name());
      Tracked tracked = open.get(key);
      long now = nanos.getAsLong();
      if (occurrence.begins(event.type())) {
        if (tracked == null || tracked.alert.status() == Alert.Status.RESOLVED) {
          fire(key, rule, tracked, OptionalDouble.empty(), event.data(), now);
        } else {
          tracked.happened = now;
        }
      } else if (occurrence.ends(event.type())
          && tracked != null
          && tracked.alert.status() == Alert.Status.FIRING) {
        resolve(key, tracked);
      }
    }
  }

  /// Whether it is of an event rule that still is, about something that still is, lately.
  private boolean isEventInForce(Key key, Tracked tracked) {
    Workload workload = find.apply(key.tenant(), key.workload()).orElse(null);
    if (!key.workload().isEmpty() && workload == null) {
      return false;
    }
    return rules(key.tenant(), key.workload(), workload).stream()
        .filter(rule -> rule.name().equals(key.rule()))
        .map(AlertRule::condition)
        .anyMatch(condition ->
            condition instanceof AlertRule.Occurrence o
                && nanos.getAsLong() - tracked.happened < o.resolveAfter().toNanos());
  }

  // Telling.

  /// Puts what is to be told now into the batch.
  ///
  /// @return nanoseconds until something more may be due
  long tell() {
    Map<Place, Severity> worst = worst();
    while (true) {
      long now = nanos.getAsLong();
      Grouping.Due due =
          Grouping.due(open.values(), settings, a -> held(a, worst).isPresent(), now);
      if (due.messages().isEmpty()) {
        return due.nanos();
      }
      due.messages().forEach(message -> send(message, now));
    }
  }

  private void send(Grouping.Message message, long now) {
    Instant at = wall.instant();
    List<Item> items = message.alerts().stream().map(t -> Item.of(t.alert)).toList();
    for (String channel : message.channels()) {
      for (int from = 0; from < items.size(); from += MOST_PER_MESSAGE) {
        List<Item> part = items.subList(from, Math.min(items.size(), from + MOST_PER_MESSAGE));
        String tenant = message.alerts().getFirst().alert.tenant();
        deliver(channel, tenant, message.reason(), message.group(), part);
      }
    }
    for (Tracked tracked : message.alerts()) {
      int steps = Math.max(tracked.alert.step(), message.steps());
      tracked.alert = tracked.alert.told(steps, at);
      tracked.toldFirst = tracked.toldFirst == 0 ? now : tracked.toldFirst;
      tracked.told = now;
      save(tracked.alert);
      if (!tracked.alert.isOpen()) {
        open.remove(key(tracked.alert));
      }
    }
  }

  private void deliver(
      String channel, String tenant, Reason reason, Map<String, String> group, List<Item> items) {
    Instant at = wall.instant();
    long seq = ++lastSeq;
    Notification notification = Notification.of(deliveryId(at, seq), reason, group, at, items);
    batch.put(Delivery.of(seq, tenant, channel, group.toString(), notification).row());
  }

  static String deliveryId(Instant at, long seq) {
    return "dl-" + Long.toString(at.getEpochSecond(), 36) + "-" + Long.toString(seq, 36);
  }

  long nextSeq() {
    return ++lastSeq;
  }

  /// The severity of the worst alert that fires, by workload.
  private Map<Place, Severity> worst() {
    Map<Place, Severity> worst = new HashMap<>();
    for (Tracked tracked : open.values()) {
      Alert alert = tracked.alert;
      if (alert.status() == Alert.Status.FIRING && alert.workload() != null) {
        worst.merge(
            new Place(alert.tenant(), alert.workload()),
            alert.severity(),
            (a, b) -> a.compareTo(b) > 0 ? a : b);
      }
    }
    return worst;
  }

  /// Why an alert is not told now, in words; empty if it is.
  private Optional<String> held(Alert alert, Map<Place, Severity> worst) {
    return quiet(Subject.of(alert))
        .or(() ->
            settings.inhibitDependents()
                ? cause(alert, worst).map(w -> "alert of " + w)
                : Optional.empty());
  }

  /// Which silence or window is about it now.
  private Optional<String> quiet(Subject what) {
    Instant now = wall.instant();
    for (Silence silence : silences.values()) {
      if (silence.isActive(now) && silence.covers(what)) {
        return Optional.of("silence " + silence.id());
      }
    }
    for (AlertSettings.Window window : settings.windows()) {
      boolean meant =
          window.match().matches(what.tenant(), what.workload(), what.rule(), what.severity());
      if (meant && window.covers(now)) {
        return Optional.of("maintenance window " + window.name());
      }
    }
    return Optional.empty();
  }

  /// A dependency that has an alert at least as severe.
  private Optional<String> cause(Alert alert, Map<Place, Severity> worst) {
    if (alert.workload() == null || alert.status() != Alert.Status.FIRING) {
      return Optional.empty();
    }
    return find.apply(alert.tenant(), alert.workload()).stream()
        .flatMap(w -> w.spec().dependsOn().stream())
        .filter(DependencySpec::required)
        .map(DependencySpec::workload)
        .filter(name -> {
          Severity other = worst.get(new Place(alert.tenant(), name));
          return other != null && other.compareTo(alert.severity()) >= 0;
        })
        .findFirst();
  }

  // What people do.

  /// @throws SemperException PRECONDITION_FAILED if it does not fire
  Alert acknowledge(String id, String actor, @Nullable String comment) {
    Tracked tracked =
        open.values().stream()
            .filter(t -> t.alert.id().equals(id) && t.alert.status() == Alert.Status.FIRING)
            .findFirst()
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.PRECONDITION_FAILED,
                    "Alert " + id + " does not fire: only what fires can be acknowledged"));
    if (!tracked.alert.isAcknowledged()) {
      tracked.alert = tracked.alert.acknowledged(actor, comment, wall.instant());
      save(tracked.alert);
      Map<String, Object> data = comment == null ? Map.of() : Map.of("comment", comment);
      event("alert.acknowledged", tracked.alert, data, actor);
    }
    return tracked.alert;
  }

  /// @param key of the request: said again, it makes no other
  Silence silence(
      String tenant,
      AlertMatch match,
      @Nullable Instant startsAt,
      Duration length,
      String comment,
      String actor,
      @Nullable String key) {
    Instant now = wall.instant();
    Instant start = startsAt == null ? now : startsAt;
    String id =
        key == null
            ? id("si", now)
            : "si-" + Words.fingerprint(Map.of("tenant", tenant, "actor", actor, "key", key));
    Silence known = silences.get(id);
    if (known != null) {
      return known;
    }
    Silence silence =
        new Silence(id, tenant, match, start, start.plus(length), comment, actor, null);
    silences.put(silence.id(), silence);
    save("silence.created", silence, actor);
    return silence;
  }

  /// @throws SemperException NOT_FOUND
  Silence endSilence(String id, String actor) {
    Silence silence = silences.get(id);
    if (silence == null) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no silence " + id);
    }
    Instant now = wall.instant();
    if (now.isBefore(silence.endsAt())) {
      silence = silence.endedAt(now, actor);
      silences.put(id, silence);
      save("silence.ended", silence, actor);
    }
    return silence;
  }

  private void save(String type, Silence silence, String actor) {
    batch.put(new Row.Silence(silence.id(), silence.tenant(), Docs.write(silence)));
    batch.event(
        wall.instant(),
        silence.tenant(),
        null,
        null,
        type,
        Map.of(
            "silence_id",
            silence.id(),
            "ends_at",
            silence.endsAt().toString(),
            "comment",
            silence.comment()),
        null,
        actor);
  }

  /// Forgets silences a week after their end.
  private void expireSilences() {
    Instant limit = wall.instant().minus(Duration.ofDays(7));
    for (Silence silence : List.copyOf(silences.values())) {
      if (silence.endsAt().isBefore(limit)) {
        silences.remove(silence.id());
        batch.delete(new Row.Silence(silence.id(), silence.tenant(), ""));
      }
    }
  }

  private void save(Alert alert) {
    batch.put(row(alert));
  }

  static Row.Alert row(Alert alert) {
    return new Row.Alert(
        alert.id(),
        alert.tenant(),
        alert.workload(),
        alert.rule(),
        alert.status().id(),
        alert.isOpen(),
        alert.since(),
        Docs.write(alert));
  }

  private void event(String type, Alert alert, Map<String, Object> more, String actor) {
    Map<String, Object> data = new TreeMap<>(more);
    data.put("alert_id", alert.id());
    data.put("rule", alert.rule());
    data.put("severity", alert.severity().name().toLowerCase(Locale.ROOT));
    data.put("summary", alert.summary());
    if (alert.value() != null) {
      data.put("value", alert.value());
    }
    batch.event(wall.instant(), alert.tenant(), alert.workload(), null, type, data, null, actor);
  }

  private static String summary(
      AlertRule rule,
      Map<String, String> labels,
      @Nullable Double value,
      Map<String, Object> data) {
    String template = rule.annotations().getOrDefault("summary", "{rule} on {workload}");
    return Words.fill(template, labels, Words.number(value), data);
  }

  private static Map<String, String> annotations(
      AlertRule rule,
      Map<String, String> labels,
      @Nullable Double value,
      Map<String, Object> data) {
    Map<String, String> filled = new TreeMap<>();
    rule.annotations()
        .forEach(
            (name, text) -> filled.put(name, Words.fill(text, labels, Words.number(value), data)));
    return filled;
  }

  private String id(String prefix, Instant now) {
    return "%s-%s-%s"
        .formatted(
            prefix,
            Long.toString(now.getEpochSecond(), 36),
            Long.toString(random.nextLong(36L * 36 * 36 * 36 * 36), 36));
  }

  private static Key key(Alert alert) {
    return new Key(alert.tenant(), alert.workload() == null ? "" : alert.workload(), alert.rule());
  }
}
