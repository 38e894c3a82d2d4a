package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.api.OperationInfo;
import dev.semper.engine.operation.OperationKind;
import java.nio.file.Path;
import java.util.function.Consumer;
import java.util.function.Function;

/// One kind of operation on a stage, for the server to be killed in.
@SuppressWarnings("ImmutableEnumChecker") // its functions hold no state
enum Drill {
  INSTALL(
      OperationKind.INSTALL,
      _ -> {},
      stage -> stage.applyOnce(false, stage.workload("web", "1", 2, Stage.SLEEP))),

  START(
      OperationKind.START,
      stage -> stage.await(stage.apply(false, false, web(stage, "1"))),
      stage -> stage.actOnce("web", "start")),

  STOP(
      OperationKind.STOP,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.actOnce("web", "stop")),

  RESTART(
      OperationKind.RESTART,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.actOnce("web", "restart")),

  /// Start-first: old and new run beside each other for a moment.
  UPDATE(
      OperationKind.UPDATE,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.applyOnce(false, web(stage, "2"))),

  UPDATE_STOP_FIRST(
      OperationKind.UPDATE,
      stage -> stage.apply(web(stage, "1")),
      stage ->
          stage.applyOnce(
              false,
              stage.workload("web", "2", 2, Stage.SLEEP, "update = { order = \"stop-first\" }"))),

  /// The new version ends before it is ready.
  UPDATE_THAT_GOES_BACK(
      OperationKind.UPDATE,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.applyOnce(false, stage.workload("web", "2", 2, "exit 1", "restart = \"no\""))),

  /// A new revision of the configuration replaces the instances.
  CONFIGURE(
      OperationKind.CONFIGURE,
      stage -> {
        stage.configure("web", "1");
        stage.apply(stage.workload("web", "1", 2, Stage.SLEEP, "config = { env = true }"));
      },
      stage -> stage.configureOnce("web", "2")),

  /// The instances are told; none is replaced.
  CONFIGURE_BY_SIGNAL(
      OperationKind.CONFIGURE,
      stage -> {
        stage.configure("web", "1");
        stage.apply(
            stage.workload(
                "web",
                "1",
                2,
                untouched(stage),
                "config = { files = [{ path = \"app.toml\", format = \"toml\" }], change = { mode = \"signal\", settle = \"50ms\" } }"));
      },
      stage -> stage.configureOnce("web", "2")),

  SCALE_UP(
      OperationKind.UPDATE,
      stage -> stage.apply(stage.workload("web", "1", 1, Stage.SLEEP)),
      stage -> stage.applyOnce(false, stage.workload("web", "1", 3, Stage.SLEEP))),

  SCALE_DOWN(
      OperationKind.UPDATE,
      stage -> stage.apply(stage.workload("web", "1", 3, Stage.SLEEP)),
      stage -> stage.applyOnce(false, stage.workload("web", "1", 1, Stage.SLEEP))),

  RECONFIGURE(
      OperationKind.UPDATE,
      stage -> stage.apply(web(stage, "1")),
      stage ->
          stage.applyOnce(
              false, stage.workload("web", "1", 2, Stage.SLEEP, "labels = { team = \"core\" }"))),

  ROLLBACK(
      OperationKind.ROLLBACK,
      stage -> {
        stage.apply(web(stage, "1"));
        stage.apply(web(stage, "2"));
      },
      stage -> stage.actOnce("web", "rollback")),

  DELETE(
      OperationKind.DELETE,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.actOnce("web", "delete")),

  DISABLE(
      OperationKind.DISABLE,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.actOnce("web", "disable")),

  ENABLE(
      OperationKind.ENABLE,
      stage -> {
        stage.apply(web(stage, "1"));
        stage.act("web", "disable");
      },
      stage -> stage.actOnce("web", "enable")),

  RECOVER(
      OperationKind.RECOVER,
      stage -> {
        String rest = "test -f " + stage.file("mended") + " || exit 3; " + Stage.SLEEP;
        stage.await(
            stage.apply(
                false,
                true,
                stage.workload(
                    "web",
                    "1",
                    1,
                    rest,
                    "restart = \"no\"",
                    "recovery = { enabled = false, ladder = [{ action = \"restart\", settle = \"500ms\" }] }")));
        stage.touch("mended");
      },
      stage -> stage.actOnce("web", "recover")),

  /// The command runs once, whenever the server dies.
  RECOVER_BY_COMMAND(
      OperationKind.RECOVER,
      stage -> mended(stage, "", "{ action = \"command\", settle = \"3s\", command = \"%s\" }"),
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.lines("done")).containsExactly("once")),

  RECOVER_BY_CLEARING(
      OperationKind.RECOVER,
      stage -> {
        Path cache = stage.outside();
        stage.apply(
            stage.workload(
                "web",
                "1",
                1,
                Stage.SLEEP,
                "probes = [" + stage.readiness("test ! -e " + cache + "/stale-0") + "]",
                "recovery = { enabled = false, cache_paths = [\""
                    + cache
                    + "\"], ladder = [{ action = \"clear_cache\", settle = \"3s\" }] }"));
        stage.fill(cache);
        stage.awaitUnready("web");
      },
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.outside()).isEmptyDirectory()),

  /// The same for `reconnect`, which must be found again by another name of its attempt.
  RECOVER_BY_RECONNECTING(
      OperationKind.RECOVER,
      stage -> mended(stage, "", "{ action = \"reconnect\", settle = \"3s\", command = \"%s\" }"),
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.lines("done")).containsExactly("once")),

  /// The script runs once, and its end is known to the recovery that waits for it.
  RECOVER_BY_HOOK(
      OperationKind.RECOVER,
      stage ->
          mended(
              stage,
              "hooks = { on_stop = \"" + stage.script("hook", mending(stage)) + "\" }",
              "{ action = \"hook\", settle = \"3s\", hook = \"on_stop\" }"),
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.lines("done")).containsExactly("once")),

  /// A signal is sent at most once: whether it was sent leaves no trace. What then is not well is
  /// for the next action.
  RECOVER_BY_SIGNAL(
      OperationKind.RECOVER,
      stage -> {
        stage.touch("mended");
        stage.touch("done");
        stage.apply(
            stage.workload(
                "web",
                "1",
                1,
                signalled(stage),
                "probes = [" + stage.readiness("test -f " + stage.file("mended")) + "]",
                "recovery = { enabled = false, ladder = [{ action = \"memory_cleanup\", signal = \"USR1\", settle = \"500ms\" }, { action = \"command\", command = \"touch "
                    + stage.file("mended")
                    + "\" }] }"));
        stage.remove("mended");
        stage.awaitUnready("web");
      },
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.lines("done").size()).isLessThanOrEqualTo(1)),

  RECOVER_BY_DISK_CLEANUP(
      OperationKind.RECOVER,
      stage -> {
        Path logs = stage.outside();
        stage.apply(
            stage.workload(
                "web",
                "1",
                1,
                Stage.SLEEP,
                "probes = [" + stage.readiness("test ! -e " + logs + "/stale-0") + "]",
                "recovery = { enabled = false, ladder = [{ action = \"disk_cleanup\", paths = [\""
                    + logs
                    + "\"], pattern = \"stale-*\", older_than = \"0s\", settle = \"3s\" }] }"));
        stage.fill(logs);
        stage.awaitUnready("web");
      },
      stage -> stage.actOnce("web", "recover"),
      stage -> assertThat(stage.outside()).isEmptyDirectory()),

  RECOVER_BY_REINSTALLING(
      OperationKind.RECOVER,
      stage -> stage.apply(healing(stage, "action = \"reinstall\"")),
      Drill::recoverAnyway),

  RECOVER_BY_SCALING(
      OperationKind.RECOVER,
      stage -> stage.apply(healing(stage, "action = \"scale\", instances = 3")),
      Drill::recoverAnyway),

  RECOVER_BY_DISABLING(
      OperationKind.RECOVER,
      stage -> stage.apply(healing(stage, "action = \"disable\"")),
      Drill::recoverAnyway),

  RECOVER_BY_ROLLBACK(
      OperationKind.RECOVER,
      stage -> {
        stage.apply(web(stage, "1"));
        stage.apply(
            stage.workload(
                "web",
                "2",
                2,
                Stage.SLEEP,
                "recovery = { enabled = false, ladder = [{ action = \"rollback_version\" }] }"));
      },
      Drill::recoverAnyway),

  /// Told once, also to the alert channels.
  RECOVER_BY_NOTICE(
      OperationKind.RECOVER,
      stage -> stage.apply(healing(stage, "action = \"notify\"")),
      Drill::recoverAnyway,
      stage -> {
        stage.awaitEvents("web", "alert.notice", 1);
        assertThat(stage.events("web", "recovery.notification")).isEqualTo(1);
      }),

  MAINTENANCE(
      OperationKind.ENTER_MAINTENANCE,
      stage -> stage.apply(web(stage, "1")),
      stage -> stage.actOnce("web", "maintenance")),

  RESUME(
      OperationKind.EXIT_MAINTENANCE,
      stage -> {
        stage.apply(web(stage, "1"));
        stage.act("web", "maintenance");
      },
      stage -> stage.actOnce("web", "resume")),

  BATCH(
      OperationKind.BATCH,
      _ -> {},
      stage ->
          stage.applyOnce(
              false,
              stage.workload("db", "1", 1, Stage.SLEEP),
              stage.workload("app", "1", 1, Stage.SLEEP, after(stage, "db")),
              stage.workload("web", "1", 1, Stage.SLEEP, after(stage, "app")))),

  PRUNE(
      OperationKind.DELETE,
      stage ->
          stage.apply(
              stage.workload("db", "1", 1, Stage.SLEEP),
              stage.workload("app", "1", 1, Stage.SLEEP, after(stage, "db")),
              stage.workload("web", "1", 1, Stage.SLEEP)),
      stage ->
          stage.applyOnce(
              true,
              stage.workload("web", "1", 1, Stage.SLEEP),
              CrashAtEveryStepTest.bystander(stage.witness())));

  private final OperationKind kind;
  private final Consumer<Stage> prepare;
  private final Function<Stage, OperationInfo> act;
  private final Consumer<Stage> check;

  Drill(OperationKind kind, Consumer<Stage> prepare, Function<Stage, OperationInfo> act) {
    this(kind, prepare, act, _ -> {});
  }

  Drill(
      OperationKind kind,
      Consumer<Stage> prepare,
      Function<Stage, OperationInfo> act,
      Consumer<Stage> check) {
    this.kind = kind;
    this.prepare = prepare;
    this.act = act;
    this.check = check;
  }

  /// A workload that is not well, and a ladder whose one action mends it.
  ///
  /// @param rung with a place for a command that mends it
  private static void mended(Stage stage, String more, String rung) {
    stage.touch("mended");
    stage.apply(
        stage.workload(
            "web",
            "1",
            1,
            Stage.SLEEP,
            "probes = [" + stage.readiness("test -f " + stage.file("mended")) + "]",
            more,
            "recovery = { enabled = false, ladder = [" + rung.formatted(mending(stage)) + "] }"));
    stage.remove("mended");
    stage.awaitUnready("web");
  }

  private static String mending(Stage stage) {
    return "echo once >> %s; sleep 0.3; touch %s"
        .formatted(stage.file("done"), stage.file("mended"));
  }

  /// A program of one process, even while it waits, that SIGHUP does not end.
  private static String untouched(Stage stage) {
    Path fifo = stage.file("fifo");
    return "test -p %s || mkfifo %s; trap : HUP; while :; do read x <> %s; done"
        .formatted(fifo, fifo, fifo);
  }

  /// A program of one process, even while it waits, that a signal mends.
  private static String signalled(Stage stage) {
    Path fifo = stage.file("fifo");
    return "test -p %s || mkfifo %s; trap \"echo once >> %s; : > %s\" USR1; while :; do read x <> %s; done"
        .formatted(fifo, fifo, stage.file("done"), stage.file("mended"), fifo);
  }

  /// A workload that is well, with one action for when it is not.
  private static String healing(Stage stage, String rung) {
    return stage.workload(
        "web",
        "1",
        2,
        Stage.SLEEP,
        "recovery = { enabled = false, ladder = [{ settle = \"200ms\", " + rung + " }] }");
  }

  private static OperationInfo recoverAnyway(Stage stage) {
    return stage.forceOnce("web", "recover");
  }

  private static String web(Stage stage, String version) {
    return stage.workload("web", version, 2, Stage.SLEEP);
  }

  private static String after(Stage stage, String role) {
    return "depends_on = [\"" + stage.name(role) + "\"]";
  }

  /// The kind of the operation, or of the members of its batch.
  OperationKind kind() {
    return kind;
  }

  /// Sets the stage.
  void prepare(Stage stage) {
    prepare.accept(stage);
  }

  /// Checks what the operation was to do beside its workloads.
  void check(Stage stage) {
    check.accept(stage);
  }

  /// Asks for the operation. Said again, it gives the same operation.
  OperationInfo act(Stage stage) {
    return act.apply(stage);
  }
}
