package dev.semper.engine.secret;

import static dev.semper.testkit.EngineHarness.ACTOR;
import static dev.semper.testkit.EngineHarness.TENANT;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.AuditLog;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.Row;
import dev.semper.testkit.EngineHarness;
import dev.semper.testkit.ManualClock;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

class SecretsTest {
  private static final Receiver WEB = new Receiver(TENANT, "development", "web", "web-0", "inc-1");

  @TempDir Path dir;

  private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private final AtomicReference<SecretSettings> settings =
      new AtomicReference<>(SecretSettings.DEFAULT);

  @RegisterExtension
  final EngineHarness engine =
      new EngineHarness(builder -> builder.clock(clock).secrets(settings.get()));

  @BeforeEach
  void keepTheMasterKeyOutside() throws Exception {
    settings.set(from(file()));
    engine.stop();
    engine.start();
  }

  private Path keyFile() {
    return dir.resolve("master.key");
  }

  private MasterKeySource.File file() {
    return new MasterKeySource.File(keyFile());
  }

  private static SecretSettings from(MasterKeySource master) {
    return from(master, null);
  }

  private static SecretSettings from(MasterKeySource master, @Nullable MasterKeySource previous) {
    return new SecretSettings(master, previous, 2, Duration.ofHours(1));
  }

  private Secrets secrets() {
    return engine.semper().secrets();
  }

  private Secret set(String name, String value) throws InterruptedException {
    return secrets().put(SecretWrite.of(TENANT, name, value, ACTOR));
  }

  private Secret rotating(String name, RotationPolicy policy, @Nullable String value)
      throws InterruptedException {
    return secrets()
        .put(
            new SecretWrite(
                TENANT,
                name,
                value == null ? null : Clear.of(value),
                false,
                null,
                null,
                null,
                policy,
                null,
                null,
                null,
                ACTOR));
  }

  private static RotationPolicy policy(boolean enabled, List<String> hook) {
    return new RotationPolicy(
        enabled,
        Duration.ofHours(24),
        Duration.ofHours(1),
        Generator.DEFAULT,
        hook,
        Duration.ofSeconds(10));
  }

  private String get(String name) throws InterruptedException {
    return get(name, null, ACTOR);
  }

  private String get(String name, @Nullable Long version, String actor)
      throws InterruptedException {
    return secrets()
        .reveal(new RevealRequest(TENANT, name, version, "test", actor, "local"))
        .value()
        .text()
        .orElseThrow();
  }

  private static void refused(ErrorCode code, String words, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(SemperException.class, e -> assertThat(e.code()).isEqualTo(code))
        .hasMessageContaining(words);
  }

  private List<String> states(String name) {
    return secrets().history(TENANT, name).stream()
        .map(v -> v.number() + " " + v.state().id() + (v.overdue() ? " overdue" : ""))
        .toList();
  }

  private List<Event> events(String type) {
    return engine.events().stream().filter(e -> e.type().equals(type)).toList();
  }

  private void eventually(String what, ThrowingCallable check) {
    Awaitility.await(what)
        .pollInterval(Duration.ofMillis(20))
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(check::call);
  }

  private void restart() throws InterruptedException {
    engine.stop();
    engine.start();
  }

  @Test
  void keepsVersionsAndShowsOnlyWhatIsAskedFor() throws Exception {
    set("db", "first");
    set("db", "second");
    set("api", "other");

    assertThat(get("db")).isEqualTo("second");
    assertThat(get("db", 1L, ACTOR)).isEqualTo("first");
    assertThat(secrets().list(TENANT)).extracting(Secret::name).containsExactly("api", "db");
    assertThat(states("db")).containsExactly("2 current", "1 previous");
    assertThat(secrets().get(TENANT, "db").status().reads()).isEqualTo(2);
    assertThat(secrets().list(TENANT).toString()).doesNotContain("second", "other");

    secrets().delete(TENANT, "db", false, ACTOR);
    refused(ErrorCode.NOT_FOUND, "no secret db", () -> get("db"));
  }

  @Test
  void everyLookAtAValueIsAudited() throws Exception {
    set("db", "first");

    get("db");

    AuditLog.Entry seen =
        engine.semper().audit().newest(TENANT, null, "secret.reveal", 1).getFirst();
    assertThat(seen.entry().actor()).isEqualTo(ACTOR);
    assertThat(seen.entry().resource()).isEqualTo("default/db");
    assertThat(seen.entry().detail()).containsEntry("reason", "test").containsEntry("version", 1);
  }

  @Test
  void ofTwoWritersOneIsTold() throws Exception {
    set("db", "first");

    secrets().put(SecretWrite.of(TENANT, "db", "second", ACTOR).expecting(1));

    refused(
        ErrorCode.STALE_REVISION,
        "at version 2, not 1",
        () -> secrets().put(SecretWrite.of(TENANT, "db", "third", ACTOR).expecting(1)));
    refused(
        ErrorCode.STALE_REVISION,
        "at version 2, not 0",
        () -> secrets().put(SecretWrite.of(TENANT, "db", "third", ACTOR).expecting(0)));
    assertThat(get("db")).isEqualTo("second");
  }

  @Test
  void badWritesAreRefusedByTheNameOfTheField() {
    refused(ErrorCode.INVALID_REQUEST, "name:", () -> set("Not A Name", "x"));
    refused(ErrorCode.INVALID_REQUEST, "value:", () -> set("db", ""));
    refused(ErrorCode.INVALID_REQUEST, "value:", () -> set("db", "x".repeat(64 * 1024 + 1)));
    refused(
        ErrorCode.INVALID_REQUEST,
        "value: is missing",
        () -> rotating("db", policy(true, List.of()), null));
    assertThat(Files.exists(keyFile())).as("nothing was to be kept secret yet").isFalse();
  }

  @Test
  void nothingOfAValueIsInTheDatabase() throws Exception {
    set("db", "canary-0123456789");
    get("db");
    secrets().rotate(TENANT, "db", Clear.of("canary-9876543210"), ACTOR);

    try (var files = Files.walk(engine.home())) { // with the write-ahead log: it is still open
      for (Path found : files.filter(Files::isRegularFile).toList()) {
        assertThat(new String(Files.readAllBytes(found), ISO_8859_1))
            .as(found.toString())
            .doesNotContain("canary-");
      }
    }
  }

  @Test
  void aChangedRowDoesNotOpenAndTheOthersDo() throws Exception {
    set("db", "first");
    set("api", "other");
    Row.SecretVersion row = engine.semper().store().secretVersion(TENANT, "db", 1).orElseThrow();
    String doc = row.doc();
    int at = doc.indexOf("\"sealed\":\"") + 40;
    char flipped = doc.charAt(at) == 'A' ? 'B' : 'A';
    String changed = doc.substring(0, at) + flipped + doc.substring(at + 1);
    engine
        .semper()
        .store()
        .commit(new Batch().put(new Row.SecretVersion(TENANT, "db", 1, 1, changed)));

    refused(ErrorCode.SECRET_UNREADABLE, "Version 1 of secret db", () -> get("db"));
    assertThat(get("api")).isEqualTo("other");
    assertThat(events("secret.unreadable")).hasSize(1);
    set("db", "second");
    assertThat(get("db")).isEqualTo("second");
  }

  @Test
  void aValueMovedToAnotherSecretDoesNotOpen() throws Exception {
    set("db", "first");
    set("api", "other");
    Row.SecretVersion row = engine.semper().store().secretVersion(TENANT, "db", 1).orElseThrow();
    engine
        .semper()
        .store()
        .commit(
            new Batch().put(new Row.SecretVersion(TENANT, "api", 1, row.keyVersion(), row.doc())));

    refused(ErrorCode.SECRET_UNREADABLE, "secret api", () -> get("api"));
  }

  @Test
  void withoutItsMasterKeyItDoesNotStart() throws Exception {
    set("db", "first");
    String key = Files.readString(keyFile());
    engine.stop();
    Path copy = Files.move(keyFile(), dir.resolve("copy"));

    String id = key.replaceAll("(?s).*master key ([0-9a-f]{16}).*", "$1");
    refused(ErrorCode.PRECONDITION_FAILED, id, engine::start);
    Files.writeString(keyFile(), "ab".repeat(32) + "\n");
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-------"));
    refused(ErrorCode.PRECONDITION_FAILED, id, engine::start);
    Files.writeString(keyFile(), "no key");
    refused(ErrorCode.PRECONDITION_FAILED, "64 hex digits", engine::start);
    Files.delete(keyFile());
    Files.move(copy, keyFile());
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-r-----"));
    refused(ErrorCode.PRECONDITION_FAILED, "chmod 600", engine::start);
    Files.setPosixFilePermissions(keyFile(), PosixFilePermissions.fromString("rw-------"));
    engine.start();

    assertThat(get("db")).isEqualTo("first");
  }

  @Test
  void onceAllSecretsAreGoneANewMasterKeyIsNothingToRefuse() throws Exception {
    set("db", "first");
    secrets().delete(TENANT, "db", false, ACTOR);
    engine.stop();
    Files.delete(keyFile());

    engine.start();
    set("db", "second");

    assertThat(get("db")).isEqualTo("second");
  }

  private Rekey awaitRekey() {
    AtomicReference<Rekey> last = new AtomicReference<>();
    eventually(
        "the change of keys ends",
        () -> {
          last.set(secrets().rekeys(1).getFirst());
          assertThat(last.get().state()).isNotEqualTo(Rekey.State.RUNNING);
        });
    return last.get();
  }

  private void rekey(boolean master, boolean data) throws InterruptedException {
    clock.advance(Duration.ofSeconds(1)); // they are told apart by their time
    var _ = secrets().rekey(master, data, ACTOR);
  }

  private void setMany() throws InterruptedException {
    for (int i = 0; i < 250; i++) {
      set("s" + i, "value " + i);
    }
    set("s0", "value 0b");
  }

  private void allAreThere() throws InterruptedException {
    for (int i = 1; i < 250; i++) {
      assertThat(get("s" + i)).isEqualTo("value " + i);
    }
    assertThat(get("s0")).isEqualTo("value 0b");
    assertThat(get("s0", 1L, ACTOR)).isEqualTo("value 0");
  }

  @Test
  void changesAllKeysAndTheOldOnesAreGone() throws Exception {
    setMany();
    String before = Files.readString(keyFile());
    String id = new MasterKey.Bytes(new byte[32]).id();
    assertThat(before).doesNotContain(id);

    rekey(true, true);
    Rekey ended = awaitRekey();

    assertThat(ended.state()).as(ended.error()).isEqualTo(Rekey.State.SUCCEEDED);
    assertThat(Files.readString(keyFile())).isNotEqualTo(before).contains(ended.masterKey());
    assertThat(Files.exists(Keyring.next(keyFile()))).isFalse();
    assertThat(engine.semper().store().secretKeys())
        .hasSize(1)
        .allSatisfy(row -> assertThat(row.doc()).contains(ended.masterKey()));
    allAreThere();
    restart();
    allAreThere();
    assertThat(events("secret.rekey_succeeded")).hasSize(1);
  }

  /// The points are those that it passes when nothing happens.
  @Test
  void diesAtAnyStepOfAChangeOfKeysAndComesToItsEnd() throws Exception {
    set("a", "one");
    set("b", "two");
    rekey(true, true);
    awaitRekey();
    Set<String> points = new LinkedHashSet<>(engine.points().passed());
    points.removeIf(p -> !p.startsWith("secret/rekey/"));
    assertThat(points).contains("secret/rekey/put_in_place/kept", "secret/rekey/seal/drop");

    for (String point : points) {
      long rekeys = secrets().rekeys(20).size();
      engine.points().dieAt(point, 0);
      Thread asks =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  rekey(true, true);
                } catch (SemperException | InterruptedException e) {
                  // it is dead
                } catch (RuntimeException e) {
                  assertThat(e).hasMessageContaining("dead");
                }
              });
      assertThat(engine.points().awaitDeath(Duration.ofSeconds(20))).as(point).isTrue();
      engine.restart();
      asks.join();
      if (secrets().rekeys(20).size() > rekeys) {
        assertThat(awaitRekey().state()).as(point).isEqualTo(Rekey.State.SUCCEEDED);
      } else {
        assertThat(point).isEqualTo("secret/rekey/begin");
      }
      assertThat(get("a")).as(point).isEqualTo("one");
      assertThat(get("b")).as(point).isEqualTo("two");
      assertThat(engine.semper().store().secretKeys()).as(point).hasSize(1);
    }
  }

  @Test
  void aValueThatDoesNotOpenKeepsItsKeyAndIsNamed() throws Exception {
    set("a", "one");
    set("b", "two");
    engine
        .semper()
        .store()
        .commit(
            new Batch()
                .put(
                    new Row.SecretVersion(
                        TENANT,
                        "b",
                        1,
                        1,
                        engine
                            .semper()
                            .store()
                            .secretVersion(TENANT, "a", 1)
                            .orElseThrow()
                            .doc())));

    rekey(false, true);
    Rekey ended = awaitRekey();

    assertThat(ended.state()).isEqualTo(Rekey.State.FAILED);
    assertThat(ended.unreadable()).containsExactly("default/b version 1");
    assertThat(get("a")).isEqualTo("one");
    set("b", "three");
    secrets().retire(TENANT, "b", 1, true, ACTOR);
    secrets().delete(TENANT, "b", true, ACTOR);
    rekey(false, true);
    assertThat(awaitRekey().state()).isEqualTo(Rekey.State.SUCCEEDED);
  }

  @Test
  void movesToAnotherPlaceOfTheMasterKeyByNamingBoth() throws Exception {
    set("db", "first");
    Path other = dir.resolve("other.key");
    KeyFiles.make(other, new java.security.SecureRandom());
    engine.stop();
    settings.set(from(new MasterKeySource.File(other)));
    refused(ErrorCode.PRECONDITION_FAILED, "previous_master_key", engine::start);
    settings.set(from(new MasterKeySource.File(other), file()));
    engine.start();
    assertThat(get("db")).isEqualTo("first");

    rekey(true, false);
    assertThat(awaitRekey().state()).isEqualTo(Rekey.State.SUCCEEDED);

    settings.set(from(new MasterKeySource.File(other)));
    restart();
    assertThat(get("db")).isEqualTo("first");
  }

  private Path script(String name, String text) throws IOException {
    Path script = dir.resolve(name);
    Files.writeString(script, "#!/bin/sh\n" + text);
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script;
  }

  @Test
  void aProgramCanHaveTheMasterKey() throws Exception {
    Path kms =
        script(
            "kms",
            """
            # turns the key round: no cipher, but nothing that can be read without it either
            case "$1" in wrap|unwrap) base64 -d | rev_bytes=1 xxd -p -c 256 | rev | xxd -r -p | base64 -w0 ;; *) exit 2 ;; esac
            """);
    org.junit.jupiter.api.Assumptions.assumeTrue(
        new ProcessBuilder("sh", "-c", "command -v xxd").start().waitFor() == 0,
        "xxd is not on this machine");
    engine.stop();
    settings.set(from(new MasterKeySource.Command(List.of(kms.toString()))));
    engine.start();
    set("db", "first");
    restart();
    assertThat(get("db")).isEqualTo("first");
    engine.stop();
    script("kms", "echo no >&2; exit 1\n");

    refused(ErrorCode.PRECONDITION_FAILED, "ended with 1: no", engine::start);
    assertThat(Files.exists(keyFile())).isFalse();
  }

  @Test
  void rotatesByItselfAndGivesTheOldOneUpAfterTheOverlap() throws Exception {
    rotating("db", policy(true, List.of()), "first");

    clock.advance(Duration.ofHours(24));
    restart();

    eventually(
        "it is rotated", () -> assertThat(states("db")).containsExactly("2 current", "1 previous"));
    assertThat(get("db")).hasSize(32).isNotEqualTo("first");
    assertThat(get("db", 1L, ACTOR)).isEqualTo("first");
    clock.advance(Duration.ofMinutes(61));
    restart();
    eventually(
        "the old one is given up",
        () -> assertThat(states("db")).containsExactly("2 current", "1 retired"));
    assertThat(events("secret.version_retired")).hasSize(1);
  }

  @Test
  void keepsNoMoreRetiredVersionsThanItIsTold() throws Exception {
    rotating(
        "db",
        new RotationPolicy(
            false,
            Duration.ofHours(1),
            Duration.ZERO,
            Generator.DEFAULT,
            List.of(),
            Duration.ofSeconds(1)),
        "v1");
    for (int i = 2; i <= 6; i++) {
      set("db", "v" + i);
      int n = i;
      eventually(
          "the one before is retired",
          () -> assertThat(states("db").get(1)).isEqualTo((n - 1) + " retired"));
    }

    assertThat(states("db")).containsExactly("6 current", "5 retired", "4 retired");
  }

  @Test
  void theHookSetsAValueBeforeAnybodyGetsItAndIsToldWhenItIsGivenUp() throws Exception {
    Path log = dir.resolve("log");
    Path hook = script("hook", "echo \"$1 $SEMPER_SECRET_VERSION $(cat)\" >> " + log + "\n");
    rotating("db", policy(false, List.of(hook.toString())), "first");

    secrets().rotate(TENANT, "db", Clear.of("second"), ACTOR);
    eventually("it is rotated", () -> assertThat(get("db")).isEqualTo("second"));

    assertThat(Files.readAllLines(log))
        .singleElement()
        .asString()
        .startsWith("apply 2 {")
        .contains("\"value\":\"second\"", "\"previous\":\"first\"");
    secrets().retire(TENANT, "db", 1, false, ACTOR);
    assertThat(Files.readAllLines(log).get(1))
        .startsWith("retire 1 {")
        .contains("\"value\":\"first\"", "\"current\":\"second\"");
  }

  @Test
  void aHookThatFailsIsTriedAgainWithTheSameValue() throws Exception {
    Path log = dir.resolve("log");
    Path hook =
        script(
            "hook",
            "cat >> " + log + "; test -e " + dir.resolve("ok") + " || { echo no >&2; exit 3; }\n");
    rotating("db", policy(false, List.of(hook.toString())), "first");

    secrets().rotate(TENANT, "db", null, ACTOR);
    eventually(
        "it fails",
        () ->
            assertThat(secrets().get(TENANT, "db").status().error()).contains("ended with 3: no"));

    assertThat(states("db")).containsExactly("2 pending", "1 current");
    assertThat(get("db")).isEqualTo("first");
    refused(ErrorCode.OPERATION_IN_PROGRESS, "being rotated", () -> set("db", "x"));
    Files.createFile(dir.resolve("ok"));
    clock.advance(Duration.ofMinutes(1));
    restart();
    eventually("it is rotated", () -> assertThat(states("db")).startsWith("2 current"));
    List<String> told = Files.readAllLines(log);
    assertThat(told).hasSize(2);
    assertThat(told.getFirst()).isEqualTo(told.getLast());
  }

  @Test
  void aRotationThatDoesNotEndCanBeGivenUp() throws Exception {
    rotating("db", policy(false, List.of("/nowhere/hook")), "first");
    secrets().rotate(TENANT, "db", null, ACTOR);
    eventually(
        "it fails",
        () -> assertThat(secrets().get(TENANT, "db").status().error()).contains("cannot be run"));

    secrets().abandon(TENANT, "db", ACTOR);

    assertThat(states("db")).containsExactly("2 retired", "1 current");
    set("db", "third");
    assertThat(get("db")).isEqualTo("third");
  }

  @Test
  void diesAtAnyStepOfARotationAndComesToItsEnd() throws Exception {
    Path count = dir.resolve("count");
    Path generator = script("generator", "echo made; echo x >> " + count + "\n");
    Path hook = script("hook", "cat > /dev/null\n");
    RotationPolicy policy =
        new RotationPolicy(
            false,
            Duration.ofHours(24),
            Duration.ofHours(1),
            new Generator(32, "abcdef", List.of(generator.toString())),
            List.of(hook.toString()),
            Duration.ofSeconds(10));
    rotating("r0", policy, "old");
    secrets().rotate(TENANT, "r0", null, ACTOR);
    eventually("it is rotated", () -> assertThat(get("r0")).isEqualTo("made"));
    Set<String> points = new LinkedHashSet<>(engine.points().passed());
    points.removeIf(p -> !p.startsWith("secret/rotate/"));
    assertThat(points).hasSizeGreaterThanOrEqualTo(6);

    int n = 0;
    for (String point : points) {
      String name = "r" + ++n;
      rotating(name, policy, "old");
      engine.points().dieAt(point, 0);
      Thread asks =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  secrets().rotate(TENANT, name, null, ACTOR);
                } catch (RuntimeException | InterruptedException e) {
                  // it is dead
                }
              });
      assertThat(engine.points().awaitDeath(Duration.ofSeconds(20))).as(point).isTrue();
      engine.restart();
      asks.join();
      if (point.endsWith("/begin")) {
        assertThat(get(name)).as(point).isEqualTo("old");
        continue;
      }
      eventually(point, () -> assertThat(get(name)).isEqualTo("made"));
      assertThat(states(name)).as(point).containsExactly("2 current", "1 previous");
    }
  }

  @Test
  void diesAtAnyStepOfAWriteAndItIsThereOrNot() throws Exception {
    for (String point : List.of("secret/set/checked", "secret/set/durable")) {
      engine.points().dieAt(point, 0);
      Thread asks =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  set("db", "value");
                } catch (RuntimeException | InterruptedException e) {
                  // it is dead
                }
              });
      assertThat(engine.points().awaitDeath(Duration.ofSeconds(20))).as(point).isTrue();
      engine.restart();
      asks.join();
      if (point.endsWith("checked")) {
        assertThat(secrets().find(TENANT, "db")).isEmpty();
      } else {
        assertThat(get("db")).isEqualTo("value");
      }
    }
  }

  private void give(String incarnation, String... names) throws InterruptedException {
    Handover handover =
        secrets()
            .handOver(
                new Receiver(TENANT, "development", "web", "web-" + incarnation, incarnation));
    for (String name : names) {
      handover.value(name);
    }
    handover.record();
  }

  @Test
  void anOldVersionGoesAsSoonAsEverybodyIsWellWithTheNewOne() throws Exception {
    set("db", "first");
    give("1", "db");
    give("2", "db");
    secrets().adopted("1");
    secrets().adopted("2");
    secrets().rotate(TENANT, "db", null, ACTOR);
    give("1", "db");
    secrets().adopted("1");

    assertThat(states("db")).containsExactly("2 current", "1 previous");
    give("2", "db");
    assertThat(states("db"))
        .as("it has it, but is not well yet")
        .containsExactly("2 current", "1 previous");
    secrets().adopted("2");
    assertThat(states("db")).containsExactly("2 current", "1 retired");
    assertThat(secrets().uses(TENANT, "db"))
        .hasSize(2)
        .allSatisfy(u -> assertThat(u.version()).isEqualTo(2));
  }

  @Test
  void aReaderThatNeverTakesTheNewOneIsToldOfAndKeepsTheOldUntilItIsForced() throws Exception {
    set("db", "first");
    give("1", "db");
    secrets().adopted("1");
    secrets().rotate(TENANT, "db", null, ACTOR);

    clock.advance(Duration.ofHours(2));
    secrets().open(); // looks at what is due

    eventually("it is told", () -> assertThat(events("secret.version_overdue")).hasSize(1));
    assertThat(events("secret.version_overdue").getFirst().data())
        .containsEntry("instances", List.of("web-1"));
    assertThat(states("db")).containsExactly("2 current", "1 previous overdue");
    refused(
        ErrorCode.DEPENDED_UPON, "web-1", () -> secrets().retire(TENANT, "db", 1, false, ACTOR));
    refused(ErrorCode.DEPENDED_UPON, "web-1", () -> secrets().delete(TENANT, "db", false, ACTOR));
    secrets().retire(TENANT, "db", 1, true, ACTOR);
    assertThat(states("db")).containsExactly("2 current", "1 retired overdue");
  }

  @Test
  void whatIsGoneNeedsNothing() throws Exception {
    set("db", "first");
    give("1", "db");
    secrets().rotate(TENANT, "db", null, ACTOR);
    clock.advance(Duration.ofHours(2));

    secrets().forget("1");

    // That it was overdue may have been noticed in between.
    assertThat(states("db")).hasSize(2).last().asString().startsWith("1 retired");
  }

  private AccessPolicy only(Set<String> environments, Set<String> tenants, Set<String> workloads) {
    return new AccessPolicy(environments, tenants, workloads, false);
  }

  private void access(String name, AccessPolicy policy) throws InterruptedException {
    secrets()
        .put(
            new SecretWrite(
                TENANT, name, null, false, null, null, policy, null, null, null, null, ACTOR));
  }

  @Test
  void givesAValueOnlyToWhomThePolicyNames() throws Exception {
    set("db", "first");
    secrets().check("db", WEB);
    access("db", only(Set.of("production"), Set.of(), Set.of()));
    refused(
        ErrorCode.FORBIDDEN,
        "production only, not for development",
        () -> secrets().check("db", WEB));
    access("db", only(Set.of("development"), Set.of(), Set.of("worker")));
    refused(ErrorCode.FORBIDDEN, "not for workload web", () -> secrets().handOver(WEB).value("db"));
    access("db", AccessPolicy.DEFAULT);
    assertThat(secrets().handOver(WEB).value("db")).isEqualTo("first");

    Receiver stranger = new Receiver("other", "development", "web", "web-0", "inc-9");
    refused(ErrorCode.NOT_FOUND, "no secret", () -> secrets().check("db", stranger));
    refused(ErrorCode.NOT_FOUND, "no secret", () -> secrets().check(TENANT + "/db", stranger));
    access("db", only(Set.of("development"), Set.of("other"), Set.of()));
    assertThat(secrets().handOver(stranger).value(TENANT + "/db")).isEqualTo("first");
  }

  @Test
  void aSecretThatNeedsApprovalIsSeenOnceWithAnother() throws Exception {
    set("db", "first");
    access("db", new AccessPolicy(Set.of("production"), Set.of(), Set.of(), true));

    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> get("db"));
    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> access("db", AccessPolicy.DEFAULT));
    Approval asked = secrets().requestApproval(TENANT, "db", "ticket 12", ACTOR);
    refused(
        ErrorCode.FORBIDDEN, "another", () -> secrets().decide(TENANT, asked.id(), true, ACTOR));
    refused(
        ErrorCode.NOT_FOUND,
        "no request",
        () -> secrets().decide("other", asked.id(), true, "bob"));
    secrets().decide(TENANT, asked.id(), true, "bob");
    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> get("db", null, "carol"));
    assertThat(get("db")).isEqualTo("first");
    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> get("db"));

    Approval second = secrets().requestApproval(TENANT, "db", "ticket 13", ACTOR);
    secrets().decide(TENANT, second.id(), true, "bob");
    clock.advance(Duration.ofMinutes(61));
    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> get("db"));
    Approval third = secrets().requestApproval(TENANT, "db", "ticket 14", ACTOR);
    secrets().decide(TENANT, third.id(), false, "bob");
    refused(ErrorCode.APPROVAL_REQUIRED, "approval", () -> get("db"));
  }

  @Test
  void warnsBeforeASecretExpiresAndWhenItHas() throws Exception {
    secrets()
        .put(
            new SecretWrite(
                TENANT,
                "db",
                Clear.of("first"),
                false,
                null,
                null,
                null,
                null,
                clock.instant().plus(Duration.ofHours(3)),
                null,
                null,
                ACTOR));
    clock.advance(Duration.ofMinutes(121));
    restart();
    eventually("it is told", () -> assertThat(events("secret.expiring")).hasSize(1));
    assertThat(events("secret.expired")).isEmpty();
    clock.advance(Duration.ofHours(1));
    restart();
    eventually("it is told", () -> assertThat(events("secret.expired")).hasSize(1));
    assertThat(secrets().handOver(WEB).value("db")).isEqualTo("first");
  }

  @Test
  void toldListenersKnowTheVersionInForce() throws Exception {
    List<String> told = new ArrayList<>();
    secrets().onChange((tenant, name, version, _) -> told.add(tenant + "/" + name + " " + version));

    set("db", "first");
    secrets().rotate(TENANT, "db", null, ACTOR);
    access("db", AccessPolicy.DEFAULT);

    assertThat(told).containsExactly("default/db 1", "default/db 2");
  }

  @Test
  void eventsTellNothingOfValues() throws Exception {
    set("db", "canary-0123456789");
    secrets().rotate(TENANT, "db", Clear.of("canary-1123456789"), ACTOR);
    get("db");
    give("1", "db");

    assertThat(engine.events().toString()).doesNotContain("canary");
    assertThat(engine.semper().audit().newest(null, null, null, 100).toString())
        .doesNotContain("canary");
    assertThat(Map.of("x", Clear.of("canary")).toString()).doesNotContain("canary");
  }
}
