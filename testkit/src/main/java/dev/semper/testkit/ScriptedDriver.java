package dev.semper.testkit;

import dev.semper.spi.Attachment;
import dev.semper.spi.Capability;
import dev.semper.spi.Driver;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Running;
import dev.semper.spi.SettingProblem;
import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import dev.semper.spi.Usage;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// A driver of kind `scripted` whose programs do what a test has told them: a machine in memory.
/// Its programs survive the server: give the same object to the next one. A server talks to it
/// through a connection of its own ([#connect]), which can be cut as `kill -9` cuts it.
///
/// Settings: `note` (free text), which [#validate] refuses once the test says so.
public final class ScriptedDriver implements Driver {
  /// One program that was started.
  private static final class Program {
    final Launch launch;
    final Behaviour behaviour;
    final Running running;
    final CountDownLatch ended = new CountDownLatch(1);
    boolean forgotten;
    @Nullable Exit exit;

    Program(Launch launch, Behaviour behaviour, Running running) {
      this.launch = launch;
      this.behaviour = behaviour;
      this.running = running;
    }
  }

  private final ScheduledThreadPoolExecutor timer;
  private final Map<String, Program> programs = new LinkedHashMap<>();
  private final Map<String, Behaviour> scripts = new HashMap<>();
  private final Map<String, Deque<Behaviour>> next = new HashMap<>();
  private final Map<String, Integer> answers = new HashMap<>();
  private final Map<String, Usage> uses = new HashMap<>();
  private final List<String> launched = new ArrayList<>();
  private final List<String> signals = new ArrayList<>();
  private final Connection own = new Connection();
  private @Nullable Connection listener;
  private volatile @Nullable String refused;
  private int handles = 1000;

  public ScriptedDriver() {
    timer =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name("scripted").factory());
    timer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
  }

  // The script.

  /// All further programs of a workload behave like that.
  public synchronized void script(String workload, Behaviour behaviour) {
    scripts.put(workload, behaviour);
  }

  /// All further programs of a version of a workload behave like that.
  public synchronized void script(String workload, String version, Behaviour behaviour) {
    scripts.put(workload + "@" + version, behaviour);
  }

  /// The next programs of a workload behave like that, one each.
  public synchronized void next(String workload, Behaviour... behaviours) {
    next.computeIfAbsent(workload, _ -> new ArrayDeque<>()).addAll(List.of(behaviours));
  }

  /// The exit code of probe commands with that first word, beside a workload; at first 0.
  ///
  /// @param workload name, or name and version as in `web@2`
  public synchronized void answer(String workload, String command, int code) {
    answers.put(workload + "/" + command, code);
  }

  /// From now on each instance of a workload uses that much.
  public synchronized void use(String workload, Usage usage) {
    uses.put(workload, usage);
  }

  /// From now on specifications with that `note` cannot run here.
  public void refuse(String note) {
    refused = note;
  }

  /// Ends the running programs of an instance, e.g. `web-0`.
  public void exit(String instance, int code) {
    for (Program program : live(instance)) {
      end(program, Exit.code(Instant.now(), code));
    }
  }

  /// Kills the running programs of an instance.
  public void kill(String instance) {
    for (Program program : live(instance)) {
      end(program, Exit.signal(Instant.now(), "KILL"));
    }
  }

  private synchronized List<Program> live(String instance) {
    return programs.values().stream()
        .filter(p -> p.exit == null && p.launch.instance().equals(instance))
        .toList();
  }

  // What has happened.

  /// Incarnations that run, of one workload, in the order of their starts.
  public synchronized List<String> running(String workload) {
    return programs.values().stream()
        .filter(p -> p.exit == null && p.launch.workload().equals(workload))
        .map(p -> p.launch.incarnation())
        .toList();
  }

  /// Versions that run, of one workload.
  public synchronized List<String> versions(String workload) {
    return programs.values().stream()
        .filter(p -> p.exit == null && p.launch.workload().equals(workload))
        .map(p -> Objects.requireNonNullElse(p.launch.env().get("SEMPER_VERSION"), ""))
        .toList();
  }

  /// Names of the instances that run, e.g. `web-0`; twice if two of one run.
  public synchronized List<String> instances() {
    return programs.values().stream()
        .filter(p -> p.exit == null)
        .map(p -> p.launch.instance())
        .sorted()
        .toList();
  }

  /// Every program ever started, by incarnation, in order.
  public synchronized List<String> launches() {
    return List.copyOf(launched);
  }

  /// Every program ever started of a workload.
  public List<Launch> launches(String workload) {
    synchronized (this) {
      return programs.values().stream()
          .map(p -> p.launch)
          .filter(l -> l.workload().equals(workload))
          .toList();
    }
  }

  /// Signals that running programs were sent, e.g. `web-0 USR1`, in order.
  public synchronized List<String> signals() {
    return List.copyOf(signals);
  }

  // A server's side.

  /// A connection for one server. The latest one opened is told of exits.
  public Connection connect() {
    return new Connection();
  }

  private void end(Program program, Exit exit) {
    Connection told;
    synchronized (this) {
      if (program.exit != null) {
        return;
      }
      program.exit = exit;
      told = listener;
    }
    program.ended.countDown();
    if (program.behaviour.exitTold().isZero()) {
      tell(told, program, exit);
    } else {
      later(() -> tell(told, program, exit), program.behaviour.exitTold());
    }
  }

  private static void tell(@Nullable Connection connection, Program program, Exit exit) {
    if (connection != null) {
      connection.exited(program.launch.incarnation(), exit);
    }
  }

  private void later(Runnable call, Duration delay) {
    var _ = timer.schedule(call, delay.toNanos(), TimeUnit.NANOSECONDS);
  }

  private synchronized Behaviour behaviour(Launch launch) {
    Deque<Behaviour> queue = next.get(launch.workload());
    if (queue != null && !queue.isEmpty()) {
      return queue.removeFirst();
    }
    Behaviour byVersion = scripts.get(launch.workload() + "@" + launch.env().get("SEMPER_VERSION"));
    return byVersion != null
        ? byVersion
        : scripts.getOrDefault(launch.workload(), Behaviour.runs());
  }

  @Override
  public String kind() {
    return "scripted";
  }

  @Override
  public List<String> settingNames() {
    return List.of("note");
  }

  @Override
  public List<SettingProblem> validate(Map<String, Object> settings) {
    return refused != null && refused.equals(settings.get("note"))
        ? List.of(new SettingProblem("note", "is not possible on this machine any more"))
        : List.of();
  }

  @Override
  public void open(DriverContext context) {
    own.open(context);
  }

  @Override
  public List<Capability> capabilities() {
    return List.of(new Capability("scripted", true, "does what it is told"));
  }

  @Override
  public Running start(Launch launch) throws LaunchException {
    synchronized (this) {
      Program known = programs.get(launch.incarnation());
      if (known != null) {
        return known.running;
      }
    }
    Behaviour behaviour = behaviour(launch);
    pause(
        behaviour.hangs()
            ? Duration.ofDays(1)
            : dying(behaviour) ? Duration.ZERO : behaviour.startTakes());
    if (behaviour.startError() != null) {
      throw new LaunchException(behaviour.startError(), behaviour.retryable());
    }
    Program program;
    synchronized (this) {
      handles++;
      program =
          new Program(launch, behaviour, new Running(String.valueOf(handles), Instant.now(), ""));
      programs.put(launch.incarnation(), program);
      launched.add(launch.incarnation());
    }
    if (dying(behaviour)) {
      end(program, Exit.code(Instant.now(), behaviour.exitCode()));
      pause(behaviour.startTakes());
    } else if (behaviour.runsFor() != null) {
      later(
          () -> end(program, Exit.code(Instant.now(), behaviour.exitCode())), behaviour.runsFor());
    }
    return program.running;
  }

  private static boolean dying(Behaviour behaviour) {
    return behaviour.dieInStart();
  }

  private static void pause(Duration time) {
    try {
      if (!time.isZero()) {
        var _ = new CountDownLatch(1).await(time.toNanos(), TimeUnit.NANOSECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while starting", e);
    }
  }

  @Override
  public synchronized Attachment attach(String incarnation) {
    Program program = programs.get(incarnation);
    if (program == null || program.forgotten) {
      return new Attachment.NeverStarted();
    }
    return program.exit == null
        ? new Attachment.Alive(program.running)
        : new Attachment.Ended(program.exit);
  }

  @Override
  public StopResult stop(String incarnation, StopRequest request) {
    Program program;
    synchronized (this) {
      program = programs.get(incarnation);
      if (program == null || program.exit != null) {
        return StopResult.CLEAN;
      }
    }
    Behaviour behaviour = program.behaviour;
    boolean kill =
        behaviour.ignoresStop() || behaviour.stopTakes().compareTo(request.timeout()) > 0;
    Duration wait = kill ? request.timeout() : behaviour.stopTakes();
    try {
      var _ = program.ended.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while stopping " + incarnation, e);
    }
    Integer code = behaviour.stopCode();
    end(
        program,
        kill
            ? Exit.signal(Instant.now(), "KILL")
            : code != null
                ? Exit.code(Instant.now(), code)
                : Exit.signal(Instant.now(), request.signal()));
    return new StopResult(kill, kill ? 1 : 0, 0);
  }

  @Override
  public synchronized void signal(String incarnation, String signal) {
    Program program = programs.get(incarnation);
    if (program != null && program.exit == null) {
      signals.add(program.launch.instance() + " " + signal);
    }
  }

  @Override
  public synchronized void forget(String incarnation) {
    Program program = programs.get(incarnation);
    if (program != null) {
      if (program.exit == null) {
        throw new IllegalStateException(incarnation + " is to be forgotten, but it runs");
      }
      program.forgotten = true;
    }
  }

  @Override
  public synchronized List<String> incarnations() {
    return programs.values().stream()
        .filter(p -> !p.forgotten)
        .map(p -> p.launch.incarnation())
        .toList();
  }

  @Override
  public synchronized Usage usage(String incarnation) {
    Program program = programs.get(incarnation);
    return program == null || program.exit != null
        ? Usage.NONE
        : uses.getOrDefault(program.launch.workload(), new Usage(1, 1 << 20, 1, 3));
  }

  @Override
  public synchronized ExecResult exec(String incarnation, ExecRequest request) {
    Program program = programs.get(incarnation);
    if (program == null || program.exit != null) {
      return new ExecResult(Exit.code(Instant.now(), 1), "it does not run", false);
    }
    String workload = program.launch.workload();
    String command = request.command().getFirst();
    Integer code =
        answers.get(workload + "@" + program.launch.env().get("SEMPER_VERSION") + "/" + command);
    if (code == null) {
      code = answers.getOrDefault(workload + "/" + command, 0);
    }
    return new ExecResult(
        Exit.code(Instant.now(), code), code == 0 ? "" : "scripted to fail", false);
  }

  @Override
  public InstanceLog log(LogTarget target) {
    return new InstanceLog() {
      @Override
      public long start() {
        return 0;
      }

      @Override
      public long end() {
        return 0;
      }

      @Override
      public long tail(int lines) {
        return 0;
      }

      @Override
      public Chunk read(long position, int max) {
        return new Chunk(0, ByteBuffer.allocate(0));
      }

      @Override
      public boolean await(long position, Duration timeout) throws InterruptedException {
        return new CountDownLatch(1).await(timeout.toNanos(), TimeUnit.NANOSECONDS);
      }
    };
  }

  /// Lets go of the server; programs go on.
  @Override
  public void close() {
    own.close();
  }

  /// Ends the machine: no timer of it fires any more.
  public void end() {
    timer.shutdownNow();
  }

  /// What one server sees of the machine.
  public final class Connection implements Driver {
    private @Nullable DriverContext context;
    private volatile boolean cut;

    private Connection() {}

    /// From now on nothing goes through, as if the server had died.
    public void cut() {
      cut = true;
    }

    private ScriptedDriver through() {
      if (cut) {
        throw new IllegalStateException("this server is dead");
      }
      return ScriptedDriver.this;
    }

    private void exited(String incarnation, Exit exit) {
      DriverContext told = context;
      if (!cut && told != null) {
        told.exits().accept(incarnation, exit);
      }
    }

    @Override
    public String kind() {
      return ScriptedDriver.this.kind();
    }

    @Override
    public List<String> settingNames() {
      return ScriptedDriver.this.settingNames();
    }

    @Override
    public List<SettingProblem> validate(Map<String, Object> settings) {
      return ScriptedDriver.this.validate(settings);
    }

    @Override
    public void open(DriverContext context) {
      synchronized (ScriptedDriver.this) {
        this.context = context;
        listener = this;
      }
    }

    @Override
    public List<Capability> capabilities() {
      return ScriptedDriver.this.capabilities();
    }

    @Override
    public Running start(Launch launch) throws LaunchException {
      return through().start(launch);
    }

    @Override
    public Attachment attach(String incarnation) {
      return through().attach(incarnation);
    }

    @Override
    public StopResult stop(String incarnation, StopRequest request) {
      return through().stop(incarnation, request);
    }

    @Override
    public void signal(String incarnation, String signal) {
      through().signal(incarnation, signal);
    }

    @Override
    public void forget(String incarnation) {
      through().forget(incarnation);
    }

    @Override
    public List<String> incarnations() {
      return through().incarnations();
    }

    @Override
    public Usage usage(String incarnation) {
      return through().usage(incarnation);
    }

    @Override
    public ExecResult exec(String incarnation, ExecRequest request) {
      return through().exec(incarnation, request);
    }

    @Override
    public InstanceLog log(LogTarget target) {
      return through().log(target);
    }

    @Override
    public void close() {
      cut = true;
    }
  }
}
