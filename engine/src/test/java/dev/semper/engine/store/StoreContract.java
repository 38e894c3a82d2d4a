package dev.semper.engine.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// What both databases must do.
@Timeout(120)
abstract class StoreContract {
  static final Instant NOW = Instant.parse("2026-03-01T12:00:00.123456Z");

  /// The same empty database during one test.
  abstract StoreConfig config();

  Store open() {
    return Store.open(config());
  }

  private FlakyDatabase flaky() {
    return new FlakyDatabase(Database.of(config()));
  }

  private Store open(Database database) {
    return Store.open(
        database, new Retention(InstantSource.fixed(NOW), 90, Retention.Plan.DEFAULT));
  }

  void sql(String sql) throws SQLException {
    StoreConfig config = config();
    try (Connection connection =
            DriverManager.getConnection(config.url(), config.user(), config.password());
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static Batch event(String workload) {
    return event(new Batch(), workload, "x");
  }

  static Batch event(Batch batch, String workload, String type) {
    return batch.event(NOW, "default", workload, null, type, Map.of(), null, "system");
  }

  static AuditEntry audit(int n) {
    return new AuditEntry(
        NOW.plusNanos(n * 1_001L),
        "default",
        "alice",
        "127.0.0.1",
        "workloads.start",
        "default/w" + n,
        "granted",
        Map.of("b", n, "a", "é\uD83D\uDE00"));
  }

  static void assertCode(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            SemperException.class, e -> assertThat(e.code()).as(e.getMessage()).isEqualTo(code));
  }

  // --- health

  private static Row.HealthMinute minute(String uid, long minute, int millis) {
    Row.Spread spread = new Row.Spread(100, 150, 200, 150);
    return new Row.HealthMinute(
        uid,
        minute,
        List.of(spread, spread, Row.Spread.NONE, spread, Row.Spread.NONE),
        List.of(millis, 0, 1, 2, 3));
  }

  @Test
  void keepsHealth() throws InterruptedException {
    Row.HealthStatus status =
        new Row.HealthStatus("u1", "healthy", NOW.truncatedTo(ChronoUnit.MICROS));
    Row.Outage first = new Row.Outage("u1", NOW.truncatedTo(ChronoUnit.MICROS), null, "é");
    Row.Outage second =
        new Row.Outage("u1", NOW.plusSeconds(9).truncatedTo(ChronoUnit.MICROS), null, "b");
    Row.Outage ended =
        new Row.Outage(
            "u1", first.startedAt(), NOW.plusSeconds(1).truncatedTo(ChronoUnit.MICROS), "é");
    try (Store store = open()) {
      assertThat(store.oldestHealthMinute()).isEmpty();
      assertThat(store.healthMillis("u1", 0)).containsExactly(0L, 0L, 0L, 0L, 0L);
      store.commit(new Batch().put(new Row.HealthStatus("u1", "unknown", NOW)).put(first));
      store.commit(
          new Batch()
              .put(status)
              .put(ended)
              .put(second)
              .put(minute("u1", 5, 10))
              .put(minute("u1", 6, 20))
              .put(minute("u2", 6, 30)));
    }

    try (Store store = open()) {
      assertThat(store.healthStatuses()).containsExactly(status);
      assertThat(store.outages("u1", 10)).containsExactly(second, ended);
      assertThat(store.openOutages()).containsExactly(second);
      assertThat(store.healthMinutes("u1", 0, 5, 10)).containsExactly(minute("u1", 5, 10));
      assertThat(store.healthMinutes("u1", 5, 9, 10)).hasSize(2);
      assertThat(store.healthMinutes("u1", 5, 9, 1)).hasSize(1);
      assertThat(store.healthMillis("u1", 5)).containsExactly(30L, 0L, 2L, 4L, 6L);
      assertThat(store.healthMillis("u1", 6)).containsExactly(20L, 0L, 1L, 2L, 3L);
      assertThat(store.oldestHealthMinute()).contains(5L);
      assertThat(store.newestHealthMinute("u1")).contains(6L);
      assertThat(store.newestHealthMinute("u3")).isEmpty();
    }
  }

  @Test
  void addsUpTheTimesOfAMinuteThatIsPutTwice() throws InterruptedException {
    try (Store store = open()) {
      store.commit(new Batch().put(minute("u1", 5, 10)));
      store.commit(new Batch().put(minute("u1", 5, 10)));

      assertThat(store.healthMinutes("u1", 5, 5, 2))
          .singleElement()
          .satisfies(m -> assertThat(m.millis()).containsExactly(20, 0, 2, 4, 6));
    }
  }

  @Test
  void dropsHealthOfOneWorkloadOrOfOldTimes() throws InterruptedException {
    Instant then = Instant.ofEpochSecond(600);
    try (Store store = open()) {
      store.commit(
          new Batch()
              .put(new Row.HealthStatus("u1", "healthy", NOW))
              .put(new Row.Outage("u1", then, then.plusSeconds(1), ""))
              .put(new Row.Outage("u2", then, then.plusSeconds(1), ""))
              .put(new Row.Outage("u2", then.plusSeconds(1), null, ""))
              .put(minute("u1", 9, 1))
              .put(minute("u2", 9, 1))
              .put(minute("u2", 11, 1)));

      store.commit(new Batch().dropHealth("u1"));
      assertThat(store.healthStatuses()).isEmpty();
      assertThat(store.outages("u1", 9)).isEmpty();
      assertThat(store.healthMinutes("u1", 0, 99, 9)).isEmpty();
      assertThat(store.healthMinutes("u2", 0, 99, 9)).hasSize(2);

      store.commit(new Batch().dropHealthBefore(11));
      assertThat(store.healthMinutes("u2", 0, 99, 9)).containsExactly(minute("u2", 11, 1));
      assertThat(store.outages("u2", 9)).extracting(Row.Outage::endedAt).containsOnlyNulls();
    }
  }

  // --- rows

  @Test
  void keepsRowsAcrossReopening() throws InterruptedException {
    Row.Tenant tenant = new Row.Tenant("default", "{\"a\":1}");
    Row.Token token = new Row.Token("t1", "h1", "default", "{}");
    Row.Workload workload = new Row.Workload("default", "web", "{\"é\":\"\uD83D\uDE00\"}");
    Row.Instance instance = new Row.Instance("i1", "default", "web", "{}");
    Row.Release release1 = new Row.Release("default", "web", "u1", 1, NOW, "{}");
    Row.Release release2 = new Row.Release("default", "web", "u1", 2, NOW.plusSeconds(1), "{}");
    Row.Operation ended = operation("o1", 1, "succeeded", false, null, "key");
    Row.Operation open = operation("o2", 2, "running", true, "o1", null);
    Row.Step step = new Row.Step("o1", 0, "{}");
    try (Store store = open()) {
      Batch batch = new Batch();
      List.of(tenant, token, workload, instance, release1, release2, ended, open, step)
          .forEach(batch::put);
      assertThat(store.commit(batch)).isEmpty();
    }

    try (Store store = open()) {
      assertThat(store.tenants()).containsExactly(tenant);
      assertThat(store.tokens()).containsExactly(token);
      assertThat(store.workloads()).containsExactly(workload);
      assertThat(store.instances()).containsExactly(instance);
      assertThat(store.releases("u1", 10)).containsExactly(release2, release1);
      assertThat(store.releases("u1", 1)).containsExactly(release2);
      assertThat(store.release("u1", 1)).contains(release1);
      assertThat(store.release("u1", 3)).isEmpty();
      assertThat(store.operation("o1")).contains(ended);
      assertThat(store.operationByKey("default", "key")).contains(ended);
      assertThat(store.operationByKey("other", "key")).isEmpty();
      assertThat(store.openOperations()).containsExactly(open);
      assertThat(store.members("o1")).containsExactly(open);
      assertThat(store.operations(null, null, null, 10)).containsExactly(open, ended);
      assertThat(store.operations("default", "web", "succeeded", 10)).containsExactly(ended);
      assertThat(store.operations("other", null, null, 10)).isEmpty();
      assertThat(store.steps("o1")).containsExactly(step);
      assertThat(store.lastOperationSeq()).isEqualTo(2);
    }
  }

  private static Row.Operation operation(
      String id,
      long seq,
      String status,
      boolean open,
      @Nullable String parent,
      @Nullable String key) {
    return new Row.Operation(id, seq, "default", "web", "start", status, open, parent, key, "{}");
  }

  @Test
  void keepsRunsOfHooksAndHowFarEventsWereReadForThem() throws InterruptedException {
    Row.HookRun old = new Row.HookRun("1.on_stop", 1, "default", "web", false, "{}");
    Row.HookRun open = new Row.HookRun("2.on_start", 2, "default", "web", true, "{}");
    Row.HookRun newest = new Row.HookRun("3.on_stop", 3, "default", "web", false, "{}");
    try (Store store = open()) {
      assertThat(store.hookCursor()).isZero();
      store.commit(new Batch().put(old).put(open).put(newest).put(new Row.HookCursor(7)));
    }

    try (Store store = open()) {
      assertThat(store.hookCursor()).isEqualTo(7);
      assertThat(store.openHookRuns()).containsExactly(open);
      assertThat(store.hookRuns("default", "web", 2)).containsExactly(newest, open);
      assertThat(store.hookRun("1.on_stop")).contains(old);
      assertThat(store.oldHookRuns("default", "web", 1))
          .extracting(Row.HookRun::id)
          .containsExactly("1.on_stop");
      assertThat(store.newestHookRuns()).extracting(Row.HookRun::id).containsExactly("3.on_stop");
      assertThat(store.lastHookRunSeq()).isEqualTo(3);
      store.commit(new Batch().delete(old));
      assertThat(store.hookRun("1.on_stop")).isEmpty();
    }
  }

  @Test
  void keepsSecretsAndFindsWhatIsDue() throws InterruptedException {
    Instant due = NOW.truncatedTo(ChronoUnit.MICROS);
    Row.Secret db = new Row.Secret("default", "db", due, "{}");
    Row.Secret api = new Row.Secret("default", "api", null, "{}");
    Row.Secret later = new Row.Secret("team", "db", due.plusSeconds(9), "{}");
    Row.SecretKey key = new Row.SecretKey("default", 2, "{}");
    Row.SecretVersion old = new Row.SecretVersion("default", "db", 1, 1, "{}");
    Row.SecretVersion fresh = new Row.SecretVersion("default", "db", 2, 2, "{}");
    Row.SecretUse use = new Row.SecretUse("default", "db", "i1", "{}");
    Row.SecretApproval approval = new Row.SecretApproval("a1", "default", "db", due, "{}");
    Row.SecretRekey rekey = new Row.SecretRekey("r1", due, "{}");
    try (Store store = open()) {
      store.commit(new Batch().put(db).put(api).put(later).put(key).put(old).put(fresh));
      store.commit(new Batch().put(use).put(approval).put(rekey));
    }

    try (Store store = open()) {
      assertThat(store.secrets(null)).containsExactly(api, db, later);
      assertThat(store.secrets("default")).containsExactly(api, db);
      assertThat(store.secret("team", "db")).contains(later);
      assertThat(store.countSecrets(null)).isEqualTo(3);
      assertThat(store.countSecrets("team")).isEqualTo(1);
      assertThat(store.secretsDue(due, 10)).containsExactly(db);
      assertThat(store.nextSecretDue()).contains(due);
      assertThat(store.secretKeys()).containsExactly(key);
      assertThat(store.secretVersions("default", "db")).containsExactly(fresh, old);
      assertThat(store.secretVersion("default", "db", 1)).contains(old);
      assertThat(store.secretVersionsBefore("default", 2, 10)).containsExactly(old);
      assertThat(store.countSecretVersionsBefore(null, 9)).isEqualTo(2);
      assertThat(store.secretUses("default", "db")).containsExactly(use);
      assertThat(store.secretUses("i1")).containsExactly(use);
      assertThat(store.secretUsers()).containsExactly("i1");
      assertThat(store.secretApproval("a1")).contains(approval);
      assertThat(store.secretApprovals("default", "db", 5)).containsExactly(approval);
      assertThat(store.secretRekeys(5)).containsExactly(rekey);

      Batch gone = new Batch();
      List.of(db, api, later, key, old, fresh, use, approval, rekey).forEach(gone::delete);
      store.commit(gone);
      assertThat(store.secrets(null)).isEmpty();
      assertThat(store.nextSecretDue()).isEmpty();
      assertThat(store.secretKeys()).isEmpty();
      assertThat(store.secretVersions("default", "db")).isEmpty();
      assertThat(store.secretUsers()).isEmpty();
      assertThat(store.secretApprovals(null, null, 5)).isEmpty();
      assertThat(store.secretRekeys(5)).isEmpty();
    }
  }

  @Test
  void appliesTheChangesOfABatchInTheirOrder() throws InterruptedException {
    try (Store store = open()) {
      store.commit(
          new Batch()
              .put(new Row.Workload("default", "a", "1"))
              .put(new Row.Workload("default", "a", "2"))
              .put(new Row.Workload("default", "b", "1"))
              .delete(new Row.Workload("default", "b", ""))
              .delete(new Row.Workload("default", "c", ""))
              .put(new Row.Workload("default", "c", "3")));

      assertThat(store.workloads())
          .containsExactly(
              new Row.Workload("default", "a", "2"), new Row.Workload("default", "c", "3"));
    }
  }

  @Test
  void deletesEveryKindOfRow() throws InterruptedException {
    List<Row> rows =
        List.of(
            new Row.Tenant("default", "{}"),
            new Row.Token("t1", "h1", "default", "{}"),
            new Row.Workload("default", "web", "{}"),
            new Row.Instance("i1", "default", "web", "{}"),
            new Row.Release("default", "web", "u1", 1, NOW, "{}"),
            operation("o1", 1, "running", true, null, null),
            new Row.Step("o1", 0, "{}"));
    try (Store store = open()) {
      Batch puts = new Batch();
      rows.forEach(puts::put);
      store.commit(puts);
      Batch deletes = new Batch();
      rows.forEach(deletes::delete);
      store.commit(deletes);

      assertThat(store.tenants()).isEmpty();
      assertThat(store.tokens()).isEmpty();
      assertThat(store.workloads()).isEmpty();
      assertThat(store.instances()).isEmpty();
      assertThat(store.releases("u1", 1)).isEmpty();
      assertThat(store.operation("o1")).isEmpty();
      assertThat(store.steps("o1")).isEmpty();
      assertThat(store.lastOperationSeq()).isZero();
    }
  }

  // --- events

  @Test
  void numbersEventsWithoutGapsUnderManyCallersOfWhichSomeFail() throws Exception {
    int callers = 64;
    int each = 40;
    Set<Long> seqs = Collections.synchronizedSet(new HashSet<>());
    Set<String> refused = Collections.synchronizedSet(new HashSet<>());
    try (Store store = open();
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      store.commit(new Batch().put(new Row.Token("first", "taken", "default", "{}")));
      List<Future<?>> all = new ArrayList<>();
      for (int c = 0; c < callers; c++) {
        int caller = c;
        all.add(
            pool.submit(() -> {
              long before = 0;
              for (int n = 0; n < each; n++) {
                String name = caller + "-" + n;
                Batch batch = new Batch().put(new Row.Workload("default", name, "{}"));
                event(event(batch, name, "a"), name, "b");
                boolean bad = n % 10 == caller % 10;
                if (bad) {
                  batch.put(new Row.Token(name, "taken", "default", "{}"));
                  assertCode(ErrorCode.ALREADY_EXISTS, () -> store.commit(batch));
                  refused.add(name);
                  continue;
                }
                List<Event> events = store.commit(batch);
                assertThat(events).extracting(Event::type).containsExactly("a", "b");
                assertThat(events.get(0).seq()).isGreaterThan(before);
                assertThat(events.get(1).seq()).isEqualTo(events.get(0).seq() + 1);
                before = events.get(1).seq();
                events.forEach(e -> seqs.add(e.seq()));
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }

      int good = callers * each - refused.size();
      assertThat(refused).hasSize(callers * each / 10);
      assertThat(seqs).hasSize(2 * good);
      assertThat(store.events().last()).isEqualTo(2L * good);
      assertThat(store.workloads()).hasSize(good).noneMatch(w -> refused.contains(w.name()));
      assertThat(store.tokens()).hasSize(1);
      assertThat(store.trouble()).isEmpty();
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, 100_000))
          .extracting(Event::seq)
          .containsExactlyElementsOf(LongStream.rangeClosed(1, seqs.size()).boxed().toList());
    }
  }

  @Test
  void tellsFollowersTheSameAsTheDatabaseDoes() throws InterruptedException {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("text", "NUL \0, half \uD83D, \uD83D\uDE00");
    data.put("int", 1);
    data.put("long", 1L << 40);
    data.put("double", 1.5);
    data.put("list", List.of(1, "a", Map.of("k", true)));
    data.put("null", null);
    List<Event> told;
    List<Event> followed;
    try (Store store = open()) {
      told =
          store.commit(
              new Batch()
                  .event(NOW.plusNanos(789), "d\0", "w", "i\uDC00", "t", data, "op", "me")
                  .event(NOW, "d", null, null, "t", Map.of(), null, "me"));
      followed = store.events().read(EventFilter.ALL, 10);
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, 10)).isEqualTo(told).isEqualTo(followed);
      assertThat(told.getFirst().at()).isEqualTo(NOW);
      assertThat(told.getFirst().tenant()).isEqualTo("d\uFFFD");
      assertThat(told.getFirst().instance()).isEqualTo("i\uFFFD");
      assertThat(told.getFirst().data()).containsEntry("int", 1).containsEntry("double", 1.5);
    }
  }

  static Stream<EventFilter> filters() {
    return Stream.of(
        EventFilter.ALL,
        EventFilter.ALL.after(7),
        EventFilter.ALL.after(1_000),
        new EventFilter("t1", null, null, null, null, 0),
        new EventFilter("t1", "w1", null, null, null, 3),
        new EventFilter(null, null, "i2", null, null, 0),
        new EventFilter(null, null, null, "instance.*", null, 0),
        new EventFilter(null, null, null, "instance.exited", null, 5),
        new EventFilter(null, null, null, "instance", null, 0),
        new EventFilter("t0", "w0", "i0", "instance.*", "o0", 0),
        new EventFilter(null, null, null, null, "o1", 0));
  }

  @ParameterizedTest
  @MethodSource("filters")
  void filtersAlikeInMemoryAndInTheDatabase(EventFilter filter) throws InterruptedException {
    List<String> types =
        List.of("instance.exited", "instance.started", "instance", "instancex.y", "instance/z");
    List<Event> oldest;
    List<Event> newest;
    try (Store store = open()) {
      Batch batch = new Batch();
      for (int n = 0; n < 60; n++) {
        batch.event(
            NOW,
            "t" + n % 2,
            n % 7 == 0 ? null : "w" + n % 2,
            n % 5 == 0 ? null : "i" + n % 3,
            types.get(n % types.size()),
            Map.of("n", n),
            n % 4 == 0 ? null : "o" + n % 2,
            "system");
      }
      store.commit(batch);
      oldest = store.events().read(filter, 8);
      newest = store.events().newest(filter, 8);
    }
    try (Store store = open()) {
      assertThat(store.events().read(filter, 8)).isEqualTo(oldest).hasSizeLessThanOrEqualTo(8);
      assertThat(store.events().newest(filter, 8)).isEqualTo(newest).hasSizeLessThanOrEqualTo(8);
      assertThat(oldest).extracting(Event::seq).isSorted();
      assertThat(newest)
          .extracting(Event::seq)
          .isSortedAccordingTo(Collections.reverseOrder())
          .allMatch(seq -> seq > filter.after());
      if (filter.after() < 100) {
        assertThat(oldest).isNotEmpty();
      }
    }
  }

  @Test
  void readsOnInTheDatabaseWhenTheRingHasGoneOn() throws InterruptedException {
    try (Store store = open()) {
      for (int n = 0; n < 12; n++) {
        Batch batch = new Batch();
        for (int i = 0; i < 1_000; i++) {
          event(batch, "w", "x");
        }
        store.commit(batch);
      }

      long after = 0;
      while (after < 12_000) {
        List<Event> page = store.events().read(EventFilter.ALL.after(after), 700);
        assertThat(page.getFirst().seq()).isEqualTo(after + 1);
        after += page.size();
        assertThat(page.getLast().seq()).isEqualTo(after);
      }
      assertThat(store.events().newest(EventFilter.ALL, 12_000))
          .extracting(Event::seq)
          .containsExactlyElementsOf(
              LongStream.rangeClosed(1, 12_000).map(n -> 12_001 - n).boxed().toList());
    }
  }

  @Test
  void wakesAWaitingReaderAtOnce() throws Exception {
    try (Store store = open();
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      assertThat(store.events().first()).isEqualTo(1);
      assertThat(store.events().await(0, Duration.ofMillis(10))).isZero();
      Future<Long> waiting = pool.submit(() -> store.events().await(0, Duration.ofMinutes(1)));
      store.commit(event("w"));
      assertThat(waiting.get(5, TimeUnit.SECONDS)).isEqualTo(1);
      assertThat(store.events().await(0, Duration.ZERO)).isEqualTo(1);
    }
  }

  @Test
  void dropsOldEventsButNeverTheNewest() throws InterruptedException {
    Instant old = NOW.minus(91, ChronoUnit.DAYS);
    Retention retention =
        new Retention(
            InstantSource.fixed(NOW), 90, new Retention.Plan(10, 7, Duration.ofMillis(20)));
    try (Store store = Store.open(Database.of(config()), retention)) {
      Batch batch = new Batch();
      for (int n = 0; n < 50; n++) {
        batch.event(old, "default", "w", null, "x", Map.of(), null, "system");
      }
      store.commit(batch);
      Awaitility.await().until(() -> store.events().first() == 41);
      store.commit(event("young"));
      Awaitility.await().until(() -> store.events().first() == 42);

      assertThat(store.events().read(EventFilter.ALL, 100))
          .extracting(Event::seq)
          .containsExactlyElementsOf(LongStream.rangeClosed(42, 51).boxed().toList());
      for (int n = 0; n < 20; n++) {
        store.commit(event("young"));
      }
      Awaitility.await().until(() -> store.events().first() == 51);
    }
    try (Store store = open()) {
      assertThat(store.events().first()).isEqualTo(51);
      assertThat(store.events().read(EventFilter.ALL, 100)).hasSize(21);
      assertThat(store.commit(event("next")).getFirst().seq()).isEqualTo(72);
    }
  }

  // --- audit

  private void writeAudit(int count) throws InterruptedException {
    try (Store store = open()) {
      for (int n = 1; n <= count; n++) {
        store.commit(new Batch().audit(audit(n)));
      }
    }
  }

  @Test
  void provesAnUntouchedAuditLog() throws InterruptedException {
    try (Store store = open()) {
      assertThat(store.audit().verify())
          .isEqualTo(new AuditLog.Verification(0, AuditChain.START, Optional.empty()));
    }
    writeAudit(5);
    writeAudit(3);
    try (Store store = open()) {
      AuditLog.Verification verification = store.audit().verify();
      AuditLog.Entry newest = store.audit().newest(null, null, null, 1).getFirst();

      assertThat(verification.broken()).isEmpty();
      assertThat(verification.records()).isEqualTo(8);
      assertThat(verification.head()).isEqualTo(newest.hash());
      assertThat(newest.entry().detail()).containsEntry("b", 3).containsEntry("a", "é\uD83D\uDE00");
      assertThat(newest.entry().at()).isEqualTo(Micros.truncate(audit(3).at()));
      assertThat(store.audit().newest("default", "alice", "workloads.start", 3)).hasSize(3);
      assertThat(store.audit().newest("default", "bob", null, 3)).isEmpty();
    }
  }

  static Stream<Arguments> forgeries() {
    String copy =
        "INSERT INTO audit SELECT %s, at, tenant, actor, origin, action, resource, outcome, detail,"
            + " previous_hash, hash FROM audit WHERE seq = 6";
    return Stream.of(
        Arguments.of("UPDATE audit SET at = at + 1 WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET tenant = 'x' WHERE seq = 1", "record 1 has been changed"),
        Arguments.of("UPDATE audit SET actor = 'bob' WHERE seq = 6", "record 6 has been changed"),
        Arguments.of("UPDATE audit SET origin = 'x' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET action = 'x' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET resource = 'x' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET outcome = 'x' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET detail = '{}' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of(
            "UPDATE audit SET resource = 'workloads.start' || resource, action = '' WHERE seq = 3",
            "record 3 has been changed"),
        Arguments.of("UPDATE audit SET hash = '00' WHERE seq = 3", "record 3 has been changed"),
        Arguments.of("UPDATE audit SET previous_hash = '00' WHERE seq = 3", "record 3 does not"),
        Arguments.of("DELETE FROM audit WHERE seq = 1", "record 1 has been removed"),
        Arguments.of("DELETE FROM audit WHERE seq IN (3, 4)", "records 3 to 4 have been removed"),
        Arguments.of("DELETE FROM audit WHERE seq >= 5", "the newest records, 5 to 6, have been"),
        Arguments.of("DELETE FROM audit", "the newest records, 1 to 6, have been removed"),
        Arguments.of(copy.formatted("7"), "record 7 does not"),
        Arguments.of(copy.formatted("0"), "record 0 has been inserted"),
        Arguments.of(
            "UPDATE server_epoch SET audit_seq = 5", "records 6 to 6 have been added by hand"),
        Arguments.of("UPDATE server_epoch SET audit_hash = '00'", "the chain's head has another"));
  }

  @ParameterizedTest
  @MethodSource("forgeries")
  void findsAForgedAuditRecord(String forgery, String finding) throws Exception {
    writeAudit(6);
    sql(forgery);
    try (Store store = open()) {
      assertThat(store.audit().verify().broken()).get().asString().contains(finding);
    }
  }

  @Test
  void findsAHeadSetBackWhileTheServerRuns() throws Exception {
    String hash;
    try (Store store = open()) {
      store.commit(new Batch().audit(audit(1)));
      hash = store.audit().verify().head();
      store.commit(new Batch().audit(audit(2)));
      sql("DELETE FROM audit WHERE seq = 2");
      sql("UPDATE server_epoch SET audit_seq = 1, audit_hash = '" + hash + "'");

      assertThat(store.audit().verify().broken()).get().asString().contains("head set back");
    }
  }

  @Test
  void findsARecordThatContinuesTheChainByHand() throws Exception {
    writeAudit(2);
    String head;
    try (Store store = open()) {
      head = store.audit().verify().head();
    }
    AuditEntry forged = new AuditEntry(NOW, "d", "a", "o", "x", "r", "granted", Map.of());
    sql(
        "INSERT INTO audit VALUES (3, %d, 'd', 'a', 'o', 'x', 'r', 'granted', '{}', '%s', '%s')"
            .formatted(Micros.of(NOW), head, AuditChain.hash(head, 3, forged, "{}")));
    try (Store store = open()) {
      assertThat(store.audit().verify().broken())
          .contains("records 3 to 3 have been added by hand");
    }
  }

  // --- other servers

  @Test
  void refusesANewerSchema() throws Exception {
    open().close();
    sql(
        "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script,"
            + " checksum, installed_by, execution_time, success) VALUES"
            + " (9, '99', 'future', 'SQL', 'V99__future.sql', 0, 'x', 0, "
            + (config().url().startsWith("jdbc:sqlite") ? "1" : "true")
            + ")");

    assertThatThrownBy(this::open)
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.PRECONDITION_FAILED))
        .hasMessageContaining("version 99")
        .hasMessageContaining("versions up to " + Schema.NEWEST)
        .hasMessageContaining("Start the newer Semper");
  }

  @Test
  void writesNothingMoreOnceAnotherServerHasTakenOver() throws Exception {
    try (Store store = open()) {
      store.commit(event("w"));
      sql("UPDATE server_epoch SET epoch = epoch + 1");

      assertCode(ErrorCode.FENCED, () -> store.commit(event("late")));
      assertCode(ErrorCode.FENCED, () -> store.commit(event("late"), Duration.ofSeconds(1)));
      assertThat(store.trouble()).get().asString().contains("another server has taken over");
      assertThat(store.events().last()).isEqualTo(1);
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, 10)).hasSize(1);
    }
  }

  @Test
  void noticesWithoutWritingThatAnotherServerHasTakenOver() throws Exception {
    try (Store store = open()) {
      sql("UPDATE server_epoch SET epoch = epoch + 1");

      Awaitility.await().atMost(Duration.ofSeconds(15)).until(() -> store.trouble().isPresent());
    }
  }

  // --- trouble

  @Test
  void writesEveryBatchExactlyOnceThoughCommitsAreLost() throws Exception {
    FlakyDatabase flaky = flaky();
    Random random = new Random(42);
    Set<String> done = Collections.synchronizedSet(new HashSet<>());
    try (Store store = open(flaky);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      flaky.plan =
          n -> {
            if (n % 5 != 0) {
              return FlakyDatabase.Commit.WORKS;
            }
            return random.nextBoolean()
                ? FlakyDatabase.Commit.LOST_BEFORE
                : FlakyDatabase.Commit.LOST_AFTER;
          };
      List<Future<?>> all = new ArrayList<>();
      for (int c = 0; c < 8; c++) {
        int caller = c;
        all.add(
            pool.submit(() -> {
              for (int n = 0; n < 25; n++) {
                String name = caller + "-" + n;
                store.commit(event(new Batch(), name, "x").audit(audit(n)));
                done.add(name);
              }
              return null;
            }));
      }
      for (Future<?> one : all) {
        one.get();
      }
      flaky.plan = n -> FlakyDatabase.Commit.WORKS;
      assertThat(store.audit().verify().broken()).isEmpty();
    }
    try (Store store = open()) {
      List<Event> events = store.events().read(EventFilter.ALL, 10_000);
      assertThat(events)
          .extracting(Event::seq)
          .isEqualTo(LongStream.rangeClosed(1, 200).boxed().toList());
      assertThat(events).extracting(Event::workload).containsExactlyInAnyOrderElementsOf(done);
      assertThat(store.audit().verify().broken()).isEmpty();
      assertThat(store.audit().verify().records()).isEqualTo(200);
    }
  }

  @Test
  void answersFencedWhenTheDatabaseWasTakenOverDuringALostCommit() throws Exception {
    FlakyDatabase flaky = flaky();
    try (Store store = open(flaky);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      flaky.plan =
          n -> {
            flaky.away = true;
            return FlakyDatabase.Commit.LOST_BEFORE;
          };
      Future<?> commit = pool.submit(() -> store.commit(event("w"), Duration.ofMillis(1)));
      Awaitility.await().until(() -> store.trouble().isPresent());
      sql("UPDATE server_epoch SET epoch = 77");
      assertThat(commit.isDone()).isFalse();
      flaky.away = false;

      assertThatThrownBy(commit::get)
          .cause()
          .isInstanceOfSatisfying(
              SemperException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FENCED))
          .hasMessageContaining("may have been written or not");
      assertThat(store.trouble()).get().asString().contains("taken over");
    }
  }

  @Test
  void waitsThroughAnOutageUnlessToldOtherwise() throws Exception {
    FlakyDatabase flaky = flaky();
    try (Store store = open(flaky);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      flaky.away = true;
      Future<List<Event>> patient = pool.submit(() -> store.commit(event("patient")));
      Awaitility.await().until(() -> store.trouble().isPresent());
      assertThatThrownBy(() -> store.commit(event("impatient"), Duration.ofMillis(100)))
          .isInstanceOfSatisfying(
              SemperException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.STORE_UNAVAILABLE))
          .hasMessageContaining("it is away");
      assertThat(patient.isDone()).isFalse();
      assertThat(store.events().last()).isZero();

      flaky.away = false;
      assertThat(patient.get().getFirst().seq()).isEqualTo(1);
      assertThat(store.trouble()).isEmpty();
      assertThat(store.events().read(EventFilter.ALL, 10))
          .extracting(Event::workload)
          .containsExactly("patient");
    }
  }

  @Test
  void findsTheEndOfAnOutageThoughNobodyWrites() throws Exception {
    FlakyDatabase flaky = flaky();
    try (Store store = open(flaky)) {
      flaky.away = true;
      assertCode(
          ErrorCode.STORE_UNAVAILABLE, () -> store.commit(event("w"), Duration.ofMillis(50)));
      assertThat(store.trouble()).isPresent();

      flaky.away = false;
      Awaitility.await().until(() -> store.trouble().isEmpty());
      assertThat(store.events().last()).isZero();
    }
  }

  @Test
  void writesNothingOfACallerThatWasInterruptedWhileItWaited() throws Exception {
    FlakyDatabase flaky = flaky();
    try (Store store = open(flaky)) {
      flaky.away = true;
      AtomicReference<Throwable> thrown = new AtomicReference<>();
      Thread caller =
          Thread.startVirtualThread(() -> {
            try {
              store.commit(event("interrupted"));
            } catch (InterruptedException | RuntimeException e) {
              thrown.set(e);
            }
          });
      Awaitility.await().until(() -> store.trouble().isPresent());
      caller.interrupt();
      caller.join();
      flaky.away = false;
      store.commit(event("next"));

      assertThat(thrown.get()).isInstanceOf(InterruptedException.class);
      assertThat(store.events().read(EventFilter.ALL, 10))
          .extracting(Event::workload)
          .containsExactly("next");
    }
  }

  @Test
  void keepsOnlyTheGuiltyOfAGroupFromBeingWritten() throws Exception {
    FlakyDatabase flaky = flaky();
    try (Store store = open(flaky);
        ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      store.commit(new Batch().put(new Row.Token("t", "taken", "default", "{}")));
      flaky.away = true;
      List<Future<List<Event>>> all = new ArrayList<>();
      for (int n = 0; n < 10; n++) {
        Batch batch = event("w" + n);
        if (n == 4) {
          batch.put(new Row.Token("t2", "taken", "default", "{}"));
        }
        all.add(pool.submit(() -> store.commit(batch)));
      }
      Awaitility.await().until(() -> store.trouble().isPresent());
      flaky.away = false;

      for (int n = 0; n < 10; n++) {
        Future<List<Event>> one = all.get(n);
        if (n == 4) {
          assertThatThrownBy(one::get)
              .isInstanceOf(ExecutionException.class)
              .hasRootCauseInstanceOf(SQLException.class)
              .cause()
              .hasMessageContaining("nothing of it was written");
        } else {
          assertThat(one.get()).hasSize(1);
        }
      }
      assertThat(store.events().last()).isEqualTo(9);
    }
  }

  @Test
  void refusesDataThatIsNotJsonOnTheCallersThread() throws Exception {
    try (Store store = open()) {
      Map<String, Object> cyclic = new HashMap<>();
      cyclic.put("self", cyclic);
      assertThatThrownBy(() ->
              store.commit(new Batch().event(NOW, "d", null, null, "x", cyclic, null, "system")))
          .isInstanceOf(IllegalArgumentException.class);
      assertThat(store.commit(event("w"))).hasSize(1);
    }
  }

  @Test
  void commitsWhileASlowReaderHoldsASnapshot() throws Exception {
    Database database = Database.of(config());
    CountDownLatch reading = new CountDownLatch(1);
    CountDownLatch enough = new CountDownLatch(1);
    try (Store store = open(database);
        ExecutorService pool = Executors.newCachedThreadPool()) {
      store.commit(event("before"));
      Query count = new Query("SELECT count(*) FROM event");
      Future<Long> slow =
          pool.submit(() ->
              database.snapshot(connection -> {
                long first = count.list(connection, row -> row.getLong(1)).getFirst();
                reading.countDown();
                awaitUninterruptibly(enough);
                long second = count.list(connection, row -> row.getLong(1)).getFirst();
                return first * 1_000 + second;
              }));
      reading.await();
      for (int n = 0; n < 300; n++) {
        store.commit(event("w"), Duration.ofSeconds(10));
      }
      assertThat(store.events().last()).isEqualTo(301);
      assertThat(store.workloads()).isEmpty();
      enough.countDown();

      assertThat(slow.get()).isEqualTo(1_001);
    }
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void writesOnClosingWhatItHasAccepted() throws Exception {
    Set<String> accepted = Collections.synchronizedSet(new HashSet<>());
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      Store store = open();
      CountDownLatch started = new CountDownLatch(50);
      List<Future<?>> all = new ArrayList<>();
      for (int c = 0; c < 16; c++) {
        int caller = c;
        all.add(
            pool.submit(() -> {
              try {
                for (int n = 0; ; n++) {
                  store.commit(event(caller + "-" + n));
                  accepted.add(caller + "-" + n);
                  started.countDown();
                }
              } catch (SemperException e) {
                assertThat(e.code()).isEqualTo(ErrorCode.SHUTTING_DOWN);
              }
              return null;
            }));
      }
      started.await();
      store.close();
      for (Future<?> one : all) {
        one.get();
      }
      assertCode(ErrorCode.SHUTTING_DOWN, () -> store.commit(event("late")));
      assertCode(ErrorCode.STORE_UNAVAILABLE, store::workloads);
      store.close();
    }
    try (Store store = open()) {
      assertThat(store.events().read(EventFilter.ALL, 1_000_000))
          .extracting(Event::workload)
          .containsExactlyInAnyOrderElementsOf(accepted);
    }
  }

  @Test
  void closesDuringAnOutage() throws Exception {
    FlakyDatabase flaky = flaky();
    try (ExecutorService pool = Executors.newVirtualThreadPerTaskExecutor()) {
      Store store = open(flaky);
      flaky.away = true;
      Future<?> waiting = pool.submit(() -> store.commit(event("w")));
      Awaitility.await().until(() -> store.trouble().isPresent());
      store.close();

      assertThatThrownBy(waiting::get)
          .cause()
          .isInstanceOfSatisfying(
              SemperException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.SHUTTING_DOWN));
    }
  }

  // --- crashes

  /// Starts a child that commits, kills it, and looks for all it had been told; again and again on
  /// one database.
  void survivesKills(int rounds, Path directory) throws Exception {
    Random random = new Random(7);
    Set<String> told = new HashSet<>();
    for (int round = 0; round < rounds; round++) {
      Path out = directory.resolve("told" + round);
      int lines = 20 + random.nextInt(800);
      Process child = startChild(round, out);
      try {
        Awaitility.await()
            .atMost(Duration.ofSeconds(60))
            .pollInterval(Duration.ofMillis(5))
            .until(() -> completeLines(out).size() >= lines);
      } finally {
        child.destroyForcibly().waitFor();
      }
      told.addAll(completeLines(out));
      try (Store store = open()) {
        List<Event> events = store.events().read(EventFilter.ALL, Integer.MAX_VALUE);
        assertThat(events)
            .extracting(Event::seq)
            .isEqualTo(LongStream.rangeClosed(1, events.size()).boxed().toList());
        Set<String> stored = new HashSet<>();
        events.forEach(e -> stored.add(e.seq() + " " + e.workload()));
        assertThat(stored).containsAll(told);
        assertThat(store.workloads()).hasSize(events.size());
        assertThat(store.audit().verify().broken()).isEmpty();
        assertThat(store.audit().verify().records()).isEqualTo(events.size());
      }
    }
  }

  /// The last line may be cut by the kill.
  private static List<String> completeLines(Path file) throws IOException {
    String text = Files.readString(file);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().toList();
  }

  Process startChild(int round, Path out) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            CrashChild.class.getName(),
            config().url(),
            String.valueOf(round))
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .redirectOutput(out.toFile())
        .start();
  }
}
