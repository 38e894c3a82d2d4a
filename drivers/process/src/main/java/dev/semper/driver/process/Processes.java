package dev.semper.driver.process;

import dev.semper.spi.Attachment;
import dev.semper.spi.Capability;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Running;
import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import dev.semper.spi.Usage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An open driver: what runs in one home.
final class Processes implements AutoCloseable, KeeperLink.Listener {
  private static final Logger LOG = LoggerFactory.getLogger(Processes.class);
  private static final Duration REPORTED = Duration.ofSeconds(5);

  private final DriverContext context;
  private final Map<String, Tracked> tracked = new ConcurrentHashMap<>();
  private final Changes changes = new Changes();
  private final Logs logs = new Logs();
  private final Cgroups cgroups;
  private final KeeperLink keeper;
  private final Ender ender;
  private final Sweeper sweeper;
  private final Usages usages;
  private final Commands commands;
  private volatile String untracked = "the keeper has not answered yet";

  private Processes(DriverContext context, KeeperProgram program) throws IOException {
    this.context = context;
    this.cgroups = new Cgroups(Cgroups.homeName(context.home()));
    this.keeper = new KeeperLink(context.state(), program, this);
    Forests forests = new Forests(new ProcTable(), tracked::values);
    this.ender = new Ender(keeper, forests, changes, cgroups);
    this.sweeper = new Sweeper(forests, ender, context.notices(), this::swept);
    this.usages = new Usages(forests);
    this.commands = new Commands(this, keeper, ender, context.state().resolve("exec"));
  }

  static Processes open(DriverContext context) throws IOException {
    KeeperProgram.makePrivate(context.state());
    Processes processes = new Processes(context, KeeperProgram.in(context.state()));
    try {
      processes.keeper.open();
      processes.track();
      processes.sweeper.start();
      processes.logs.start();
      processes.recall();
      return processes;
    } catch (IOException | RuntimeException e) {
      processes.close();
      throw e;
    }
  }

  /// Has the keeper track trees by control groups, which it has to be told once in its life.
  private void track() {
    Path trees = cgroups.trees();
    if (trees == null) {
      untracked = "no directory of control groups version 2 may be written";
      return;
    }
    var _ =
        keeper
            .send("track", List.of(trees.toString()))
            .handle((_, refusal) ->
                untracked = refusal == null ? "" : trees + ": " + refusal.getMessage());
  }

  /// Takes up what an earlier server has left: logs to rotate, left-overs to sweep, commands to
  /// end.
  private void recall() {
    List<String> known = new ArrayList<>();
    List<String> states = keeper.ask("list");
    for (int i = 0; i + 1 < states.size(); i += 2) {
      known.add(states.get(i));
    }
    for (String incarnation : known) {
      Tracked found = known(incarnation);
      if (found != null && found.helper()) {
        Thread.ofVirtual().start(() -> commands.abandon(found));
      }
    }
    cgroups.tidy(new HashSet<>(known));
  }

  List<Capability> capabilities() {
    return Capabilities.of(cgroups, untracked);
  }

  // ---- the keeper's answers, read in its reader's thread and so in order with the exits

  private Optional<Tracked> described(String incarnation, List<String> answer, boolean announce) {
    if (answer.getFirst().equals("never")) {
      return Optional.empty();
    }
    Tracked known =
        tracked.computeIfAbsent(
            incarnation,
            name -> {
              Tracked fresh = Tracked.of(name, answer.subList(1, 6));
              fresh.note().logs().forEach(logs::watch);
              return fresh;
            });
    if (announce) {
      known.announce();
    }
    if (answer.getFirst().equals("ended")) {
      ended(known, answer.subList(6, answer.size()));
    }
    return Optional.of(known);
  }

  private void ended(Tracked known, List<String> how) {
    Exit exit = Exits.parse(how, cgroups.outOfMemory(known.name()));
    if (known.end(exit, Exits.ticks(how))) {
      gone(known);
    }
  }

  private void gone(Tracked known) {
    try {
      report(known);
    } finally {
      known.note().logs().forEach(logs::unwatch);
      changes.happened();
      sweeper.add(known);
    }
  }

  /// While its tree is being ended the end of its main process is kept back: what the engine does
  /// next, e.g. starts its successor on the same port, must find nothing of it left.
  private void report(Tracked known) {
    if (!known.helper() && !known.ending() && known.report()) {
      context.exits().accept(known.name(), known.ended().join());
    }
  }

  @Override
  public void exited(String incarnation, List<String> how) {
    Tracked known = tracked.get(incarnation);
    if (known != null) {
      ended(known, how);
    }
  }

  @Override
  public void reaped() {
    changes.happened();
  }

  @Override
  public void reconnected() {
    ender.rewatch();
    track();
    var _ = keeper.send("list", List.of()).thenAccept(this::compare);
  }

  /// A record that is missing was deleted by somebody; its process is no longer under control.
  private void compare(List<String> states) {
    Set<String> known = new HashSet<>(states);
    for (Tracked one : tracked.values()) {
      Exit lost = Exit.unknown(Instant.now(), "its record was deleted");
      if (one.runs() && !known.contains(one.name()) && one.end(lost, Long.MAX_VALUE)) {
        gone(one);
      }
    }
  }

  // ---- the driver's verbs

  Running start(Launch launch) throws LaunchException {
    Settings settings = settings(launch);
    String incarnation = launch.incarnation();
    String program = Launching.program(incarnation, settings.command().getFirst(), launch.env());
    Tracked.Note note = Launching.note(launch, settings);
    List<String> fields =
        Launching.spawn(
            incarnation,
            program,
            settings.command(),
            launch.env(),
            note,
            Launching.extras(settings, note, prepare(launch)));
    Tracked started = spawn(incarnation, program, fields);
    started.env(launch.env());
    report(started); // had it ended before anybody asked for it
    return started.running();
  }

  private static Settings settings(Launch launch) throws LaunchException {
    try {
      return Settings.of(launch.settings());
    } catch (IllegalArgumentException e) {
      throw new LaunchException(
          "cannot start " + launch.incarnation() + ": " + e.getMessage(), false);
    }
  }

  private List<String> prepare(Launch launch) throws LaunchException {
    try {
      Path directory = launch.log().file().toAbsolutePath().getParent();
      if (directory != null) {
        Files.createDirectories(directory);
      }
      return cgroups.create(launch.incarnation(), launch.resources());
    } catch (IOException e) {
      throw new LaunchException(
          "cannot start " + launch.incarnation() + ": cannot prepare its log or limits: " + e,
          true);
    }
  }

  Tracked spawn(String incarnation, String program, List<String> fields) throws LaunchException {
    try {
      return keeper
          .ask(answer -> described(incarnation, answer, true), "spawn", fields)
          .orElseThrow(() ->
              new LaunchException("cannot start " + incarnation + ": the keeper lost it", true));
    } catch (KeeperException e) {
      cgroups.remove(incarnation);
      throw Launching.refused(incarnation, program, e);
    }
  }

  private @Nullable Tracked known(String incarnation) {
    Tracked known = tracked.get(incarnation);
    return known != null ? known : ask(incarnation);
  }

  private @Nullable Tracked ask(String incarnation) {
    return keeper
        .ask(answer -> described(incarnation, answer, false), "get", List.of(incarnation))
        .orElse(null);
  }

  Attachment attach(String incarnation) {
    Tracked found = tracked.get(incarnation);
    if (found != null && found.forgotten()) {
      return new Attachment.NeverStarted();
    }
    found = ask(incarnation);
    if (found == null) {
      return new Attachment.NeverStarted();
    }
    if (!found.runs()) {
      return new Attachment.Ended(found.ended().join());
    }
    found.announce();
    report(found); // had it ended since the answer
    return new Attachment.Alive(found.running());
  }

  StopResult stop(String incarnation, StopRequest request) {
    Tracked found = known(incarnation);
    if (found == null || found.isSwept()) {
      return StopResult.CLEAN;
    }
    boolean gone = false;
    found.ending(true);
    try {
      StopResult result = ender.end(found, request);
      gone = result.leftOver() == 0;
      if (gone) {
        awaitEnd(found);
      }
      return result;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while stopping " + incarnation, e);
    } finally {
      found.ending(false);
      report(found);
      if (!found.runs() && gone) {
        swept(found);
      } else if (!found.runs()) {
        sweeper.add(found);
      }
    }
  }

  /// The processes are gone; the keeper's word of it is on its way.
  private static void awaitEnd(Tracked found) throws InterruptedException {
    try {
      found.ended().get(REPORTED.toSeconds(), TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      LOG.warn("the keeper has not told of the end of {}", found.name());
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  void signal(String incarnation, String signal) {
    int number = Signals.number(signal);
    try {
      keeper.ask("signal", incarnation, Integer.toString(number), "main");
    } catch (KeeperException e) {
      throw new IllegalStateException(
          "cannot send " + signal + " to " + incarnation + ": " + e.text(), e);
    }
  }

  void forget(String incarnation) {
    Tracked found = known(incarnation);
    if (found == null) {
      return;
    }
    if (found.runs()) {
      throw new IllegalStateException("cannot forget " + incarnation + ": it runs; stop it first");
    }
    if (found.forget()) {
      drop(found);
    }
  }

  private void swept(Tracked known) {
    if (!known.ending()) {
      cgroups.remove(known.name());
    }
    if (known.swept()) {
      drop(known);
    }
  }

  void drop(Tracked known) {
    tracked.remove(known.name(), known);
    known.note().logs().forEach(logs::release);
    var _ =
        keeper
            .send("forget", List.of(known.name()))
            .exceptionally(e -> {
              LOG.debug("{} is forgotten by the next server", known.name(), e);
              return List.of();
            });
  }

  List<String> incarnations() {
    List<String> names = new ArrayList<>();
    List<String> states = keeper.ask("list");
    for (int i = 0; i + 1 < states.size(); i += 2) {
      Tracked known = tracked.get(states.get(i));
      if (!Helpers.isHelper(states.get(i)) && (known == null || !known.forgotten())) {
        names.add(states.get(i));
      }
    }
    return names;
  }

  Usage usage(String incarnation) {
    Tracked found = known(incarnation);
    return found == null || !found.runs() ? Usage.NONE : usages.of(found);
  }

  ExecResult exec(String incarnation, ExecRequest request) throws LaunchException {
    Tracked beside = known(incarnation);
    if (beside == null) {
      throw new LaunchException(
          "cannot run a command beside " + incarnation + ": it was never started", false);
    }
    return commands.run(beside, request);
  }

  LogFile log(LogTarget target) {
    return logs.file(target);
  }

  KeeperLink keeper() {
    return keeper;
  }

  @Nullable Tracked tracked(String incarnation) {
    return tracked.get(incarnation);
  }

  @Override
  public void close() {
    sweeper.close();
    keeper.close();
    logs.close();
    cgroups.close();
  }
}
