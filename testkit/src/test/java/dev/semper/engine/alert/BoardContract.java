package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.engine.spec.AlertMatch;
import dev.semper.engine.spec.AlertRule;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.DriverFacts;
import dev.semper.engine.spec.Format;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.spec.WorkloadSpec;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.Store;
import dev.semper.engine.store.StoreConfig;
import dev.semper.engine.workload.Desired;
import dev.semper.engine.workload.State;
import dev.semper.engine.workload.Workload;
import dev.semper.testkit.ManualClock;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The board on a real database, with times that the test moves.
abstract class BoardContract {
  private static final Instant START = Instant.parse("2026-07-01T12:00:00Z");

  private final ManualClock wall = new ManualClock(START);
  private final Known measures = new Known();
  private final Map<String, Workload> workloads = new LinkedHashMap<>();
  private long nanos = 5_000_000_000L;
  private @TempDir Path dir = Path.of("");
  private @Nullable Store open;
  private @Nullable Board current;

  /// Measures as the test says.
  private static final class Known implements Measures {
    final Map<String, Double> values = new HashMap<>();
    int changes;

    @Override
    public OptionalDouble value(Workload workload, String measure) {
      Double value = values.get(workload.name() + "." + measure);
      return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }

    @Override
    public OptionalDouble failuresInARow(Workload workload, @Nullable String probe) {
      return value(workload, "consecutive_failures");
    }

    @Override
    public int healthChanges(Workload workload, Duration window) {
      return changes;
    }

    @Override
    public void retain(Collection<Workload> all) {}
  }

  @BeforeEach
  void openStore() {
    open = Store.open(config(dir));
    add("web", "");
  }

  @AfterEach
  void closeStore() {
    store().close();
  }

  /// An empty database.
  ///
  /// @param dir of this test
  abstract StoreConfig config(Path dir);

  private Store store() {
    return java.util.Objects.requireNonNull(open);
  }

  private Board board() {
    return java.util.Objects.requireNonNull(current);
  }

  private void add(String name, String more) {
    String document = "[workloads.%s]\nkind = \"x\"\n%s".formatted(name, more);
    SpecReader reader =
        new SpecReader(Map.of("x", new DriverFacts(List.of(), true, _ -> List.of())));
    workloads.put(name, workload(reader.readDocument(document, Format.TOML, null).getFirst()));
  }

  private static Workload workload(WorkloadSpec spec) {
    return new Workload(
        "default",
        spec.name(),
        "uid-" + spec.name(),
        1,
        0,
        new TreeMap<>(Map.of(1L, spec)),
        State.RUNNING,
        START,
        Desired.RUNNING,
        "",
        List.of(),
        null,
        0,
        null,
        null,
        0,
        START);
  }

  private Board begin(String toml) {
    AlertSettings settings = SpecReader.readAlerts("[alerts]\nbuiltin = false\n" + toml, dir);
    Board board =
        new Board(
            settings,
            measures,
            (_, name) -> Optional.ofNullable(workloads.get(name)),
            wall,
            () -> nanos,
            new Random(1));
    board.load(
        store().openAlerts().stream()
            .map(row -> dev.semper.engine.store.Docs.read(row.doc(), Alert.class))
            .toList(),
        store().silences().stream()
            .map(row -> dev.semper.engine.store.Docs.read(row.doc(), Silence.class))
            .toList(),
        store().lastDeliverySeq(),
        store().events().last());
    current = board;
    return board;
  }

  /// Time goes by, and all is looked at and told that is due.
  private void after(String duration) throws InterruptedException {
    Duration by = SpecReader.duration(duration);
    wall.advance(by);
    nanos += by.toNanos();
    turn();
  }

  private void turn() throws InterruptedException {
    board().look(workloads.values());
    board().tell();
    store().commit(board().takeBatch());
  }

  private void measure(String name, double value) {
    measures.values.put(name, value);
  }

  private List<String> status() {
    return board().alerts().stream().map(s -> s.alert().status().id()).toList();
  }

  /// Oldest first, e.g. `ops firing`.
  private List<String> told() {
    return store().deliveries(null, null, null, 1000).reversed().stream()
        .map(Delivery::of)
        .map(d -> d.channel() + " " + d.notification().reason().id())
        .toList();
  }

  private Delivery lastTold() {
    return Delivery.of(store().deliveries(null, null, null, 1).getFirst());
  }

  private static final String CPU =
      """
      group_wait = "0s"
      group_interval = "0s"
      [[alerts.channels]]
      name = "ops"
      type = "webhook"
      url = "http://127.0.0.1:1"
      [[alerts.channels]]
      name = "boss"
      type = "webhook"
      url = "http://127.0.0.1:1"
      [[alerts.rules]]
      name = "cpu"
      measure = "cpu"
      value = 10
      clear = 5
      for = "1m"
      annotations = { summary = "{workload} uses {value}" }
      [[alerts.routes]]
      channels = ["ops"]
      escalate = [{ after = "15m", channels = ["boss"] }]
      """;

  @Test
  void waitsThenFiresThenResolvesWithHysteresis() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    assertThat(status()).containsExactly("pending");
    after("59s");
    assertThat(status()).containsExactly("pending");
    after("1s");
    assertThat(status()).containsExactly("firing");
    measure("web.cpu", 7);
    after("1m");
    assertThat(status()).containsExactly("firing");
    measure("web.cpu", 5);
    after("1s");

    assertThat(status()).isEmpty();
    assertThat(told()).containsExactly("ops firing", "ops resolved");
    assertThat(lastTold().notification().alerts().getFirst().summary()).isEqualTo("web uses 11");
    assertThat(store().events().newest(EventFilter.ALL, 2))
        .extracting(Event::type)
        .containsExactly("alert.resolved", "alert.firing");
  }

  @Test
  void dropsWhatWasNotTrueForLongEnough() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    measure("web.cpu", 10);
    after("30s");
    measure("web.cpu", 11);
    after("45s");

    assertThat(status()).containsExactly("pending");
    assertThat(told()).isEmpty();
    assertThat(store().openAlerts()).hasSize(1);
  }

  @Test
  void doesNotCareForJumpsOfTheClock() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    wall.advance(Duration.ofDays(400));
    turn();
    assertThat(status()).containsExactly("pending");
    wall.set(START.minus(Duration.ofDays(400)));
    after("60s");
    assertThat(status()).containsExactly("firing");
    wall.advance(Duration.ofDays(700));
    turn();

    assertThat(told()).containsExactly("ops firing");
  }

  @Test
  void repeatsAndEscalatesUntilSomebodyAcknowledges() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    after("1m");
    after("14m");
    assertThat(told()).containsExactly("ops firing");
    after("1m");
    assertThat(told()).containsExactly("ops firing", "boss escalation");
    after("4h");
    assertThat(told())
        .containsExactly("ops firing", "boss escalation", "ops repeat", "boss repeat");

    board().acknowledge(board().alerts().getFirst().alert().id(), "alice", "on it");
    after("9h");
    assertThat(told()).hasSize(4);
    measure("web.cpu", 0);
    after("1s");
    assertThat(told().subList(4, 6)).containsExactly("ops resolved", "boss resolved");
  }

  @Test
  void goesOnAfterARestartWhereItWas() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    after("1m");
    String id = board().alerts().getFirst().alert().id();

    nanos = 77; // the clock of another process
    begin(CPU);
    turn();
    assertThat(board().alerts().getFirst().alert().id()).isEqualTo(id);
    assertThat(told()).containsExactly("ops firing");
    after("15m");
    assertThat(told()).containsExactly("ops firing", "boss escalation");
  }

  @Test
  void tellsAfterASilenceWhatStillFires() throws Exception {
    begin(CPU);
    AlertMatch web = new AlertMatch(List.of(), List.of("w*"), List.of(), List.of());
    board().silence("default", web, null, Duration.ofHours(2), "release", "alice", null);
    measure("web.cpu", 11);
    turn();
    after("1m");
    assertThat(status()).containsExactly("firing");
    assertThat(board().alerts().getFirst().heldBy()).startsWith("silence si-");
    assertThat(told()).isEmpty();
    begin(CPU); // a restart does not forget it
    after("118m");
    assertThat(told()).isEmpty();
    after("2m");
    assertThat(told()).containsExactly("ops firing");
  }

  @Test
  void tellsTheEndAfterASilenceOfWhatWasToldBefore() throws Exception {
    begin(CPU);
    measure("web.cpu", 11);
    turn();
    after("1m");
    Silence silence =
        board().silence("default", AlertMatch.ALL, null, Duration.ofHours(2), "", "alice", null);
    measure("web.cpu", 0);
    after("1m");
    assertThat(told()).containsExactly("ops firing");
    board().endSilence(silence.id(), "alice");
    after("1s");
    assertThat(told()).containsExactly("ops firing", "ops resolved");
    assertThat(store().openAlerts()).isEmpty();
  }

  @Test
  void isQuietInAMaintenanceWindow() throws Exception {
    begin(
        CPU
            + "[[alerts.silences]]\nname = \"noon\"\nstart = \"12:00\"\nend = \"14:00\"\nzone = \"UTC\"\n");
    measure("web.cpu", 11);
    turn();
    after("1h");
    assertThat(board().alerts().getFirst().heldBy()).isEqualTo("maintenance window noon");
    assertThat(told()).isEmpty();
    after("1h");
    assertThat(told()).containsExactly("ops firing");
  }

  @Test
  void gathersAGroupAndTellsItOnce() throws Exception {
    add("api", "");
    begin(
        CPU.replace("group_wait = \"0s\"", "group_by = []\ngroup_wait = \"30s\"")
            .replace("group_interval = \"0s\"", "group_interval = \"5m\"")
            .replace("for = \"1m\"", ""));
    measure("web.cpu", 11);
    turn();
    measure("api.cpu", 12);
    after("20s");
    assertThat(told()).isEmpty();
    after("10s");
    assertThat(told()).containsExactly("ops firing");
    assertThat(lastTold().notification().alerts())
        .extracting(Notification.Item::workload)
        .containsExactlyInAnyOrder("web", "api");

    measure("api.cpu", 0);
    after("1m");
    assertThat(told()).hasSize(1);
    after("4m");
    assertThat(told()).containsExactly("ops firing", "ops resolved");
    assertThat(lastTold().notification().status()).isEqualTo("firing");
    assertThat(lastTold().notification().firing()).isEqualTo(1);
  }

  @Test
  void tellsOfTheCauseAndNotOfItsDependents() throws Exception {
    add("db", "");
    add("app", "depends_on = [\"db\"]");
    begin(CPU.replace("for = \"1m\"", ""));
    measure("db.cpu", 11);
    measure("app.cpu", 11);
    turn();

    assertThat(told()).containsExactly("ops firing");
    assertThat(lastTold().notification().alerts().getFirst().workload()).isEqualTo("db");
    assertThat(board().alerts())
        .filteredOn(s -> "app".equals(s.alert().workload()))
        .extracting(Alerts.Standing::heldBy)
        .containsExactly("alert of db");

    measure("db.cpu", 0);
    after("1s");
    assertThat(told()).containsExactly("ops firing", "ops resolved", "ops firing");
  }

  @Test
  void splitsWhatIsTooMuchForOneMessage() throws Exception {
    for (int i = 0; i < 250; i++) {
      add("w" + i, "");
      measure("w" + i + ".cpu", 11);
    }
    begin(CPU.replace("group_wait", "group_by = []\ngroup_wait").replace("for = \"1m\"", ""));
    turn();

    assertThat(told()).containsExactly("ops firing", "ops firing", "ops firing");
  }

  @Test
  void resolvesWhenTheWorkloadIsGone() throws Exception {
    begin(CPU.replace("for = \"1m\"", ""));
    measure("web.cpu", 11);
    turn();
    workloads.clear();
    after("1s");

    assertThat(status()).isEmpty();
    assertThat(told()).containsExactly("ops firing", "ops resolved");
  }

  private static Event event(long seq, String type) {
    return new Event(seq, START, "default", "web", null, type, Map.of("code", 3), null, "system");
  }

  private static final String EVENT =
      CPU
          + """
          [[alerts.rules]]
          name = "gave-up"
          type = "event"
          event = "instance.given_up"
          resolve_on = ["instance.ready"]
          resolve_after = "1h"
          annotations = { summary = "{workload}: code {data.code}" }
          """;

  @Test
  void firesOnAnEventAndResolvesOnAnother() throws Exception {
    begin(EVENT);
    board().take(List.of(event(1, "instance.exited"), event(2, "instance.given_up")));
    turn();
    assertThat(status()).containsExactly("firing");
    assertThat(lastTold().notification().alerts().getFirst().summary()).isEqualTo("web: code 3");
    board().take(List.of(event(3, "instance.given_up")));
    turn();
    assertThat(told()).containsExactly("ops firing");
    board().take(List.of(event(4, "instance.ready")));
    turn();

    assertThat(told()).containsExactly("ops firing", "ops resolved");
    assertThat(store().alertCursor()).hasValue(4);
  }

  private static Event notification(long seq, String severity) {
    return new Event(
        seq,
        START,
        "default",
        "web",
        null,
        "recovery.notification",
        Map.of("number", 2, "message", "look at web", "severity", severity, "cause", "it is down"),
        "op-7",
        "system:recovery");
  }

  @Test
  void tellsEachNoticeOfARecoveryOnceByTheRouteOfTheWorkload() throws Exception {
    begin(CPU);
    board().take(List.of(notification(1, "warning")));
    turn();
    begin(CPU); // a restart tells nothing twice
    turn();

    assertThat(told()).containsExactly("ops notice");
    assertThat(store().alertCursor()).hasValue(1);
    Notification notice = lastTold().notification();
    assertThat(notice.title()).isEqualTo("[NOTICE] warning: web (recovery)");
    Notification.Item item = notice.alerts().getFirst();
    assertThat(item.id()).isEqualTo("op-7.2");
    assertThat(item.summary()).isEqualTo("look at web");
    assertThat(item.annotations()).containsEntry("cause", "it is down");
    assertThat(store().events().newest(EventFilter.ALL, 1).getFirst().data())
        .containsEntry("channels", List.of("ops"));

    board().take(List.of(notification(3, "warning"), notification(4, "warning")));
    turn();
    assertThat(told()).containsExactly("ops notice", "ops notice", "ops notice");
    assertThat(board().alerts()).isEmpty();
  }

  @Test
  void isQuietAboutRecoveriesInASilenceAndSaysSo() throws Exception {
    begin(CPU);
    AlertMatch web = new AlertMatch(List.of(), List.of("web"), List.of("recovery"), List.of());
    Silence silence = board().silence("default", web, null, Duration.ofHours(2), "", "alice", null);
    board().take(List.of(notification(1, "critical")));
    turn();

    assertThat(told()).isEmpty();
    Event event = store().events().newest(EventFilter.ALL, 1).getFirst();
    assertThat(event.type()).isEqualTo("alert.notice");
    assertThat(event.data())
        .containsEntry("channels", List.of())
        .containsEntry("held_by", "silence " + silence.id());
  }

  @Test
  void resolvesAnEventThatDoesNotHappenAgain() throws Exception {
    begin(EVENT);
    board().take(List.of(event(1, "instance.given_up")));
    turn();
    after("59m");
    assertThat(status()).containsExactly("firing");
    after("1m");
    assertThat(status()).isEmpty();
  }

  @Test
  void letsAWorkloadReplaceARuleOfTheServer() throws Exception {
    add(
        "web",
        "alerts = [{ name = \"cpu\", measure = \"cpu\", value = 20, severity = \"critical\" }]");
    begin(CPU);
    measure("web.cpu", 15);
    turn();
    assertThat(status()).isEmpty();
    measure("web.cpu", 21);
    after("1s");

    assertThat(board().alerts())
        .extracting(s -> s.alert().severity())
        .containsExactly(AlertRule.Severity.CRITICAL);
  }

  private static final String OTHERS =
      """
      [[alerts.rules]]
      name = "grows"
      type = "trend"
      measure = "memory"
      value = 100
      window = "10m"
      [[alerts.rules]]
      name = "odd"
      type = "anomaly"
      measure = "response_time"
      [[alerts.rules]]
      name = "silent"
      type = "absent"
      measure = "ready"
      for = "2m"
      [[alerts.rules]]
      name = "flaps"
      type = "flapping"
      """;

  private List<String> firing() {
    return board().alerts().stream()
        .filter(s -> s.alert().status() == Alert.Status.FIRING)
        .map(s -> s.alert().rule())
        .sorted()
        .toList();
  }

  @Test
  void seesTrendsAnomaliesSilenceAndFlapping() throws Exception {
    begin(OTHERS);
    Random random = new Random(7);
    for (int i = 0; i < 60; i++) {
      measure("web.memory", 1000 + random.nextInt(5));
      measure("web.response_time", 50 + random.nextInt(10));
      measure("web.ready", 1);
      after("15s");
      assertThat(firing()).isEmpty();
    }
    for (int i = 0; i < 40; i++) {
      measure("web.memory", 1000 + i); // 240 an hour
      after("15s");
    }
    assertThat(firing()).containsExactly("grows");
    measure("web.response_time", 400);
    after("15s");
    assertThat(firing()).containsExactly("grows", "odd");
    measure("web.response_time", 55);
    measures.values.remove("web.ready");
    measures.changes = 6;
    after("15s");
    after("2m");
    assertThat(firing()).containsExactly("flaps", "grows", "silent");
  }
}
