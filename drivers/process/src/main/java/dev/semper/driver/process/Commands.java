package dev.semper.driver.process;

import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.Exit;
import dev.semper.spi.LaunchException;
import dev.semper.spi.StopRequest;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Commands run beside an instance, e.g. probes: helper incarnations with their own tree, so that a
/// hanging one can be ended with all it has started.
final class Commands {
  private static final Logger LOG = LoggerFactory.getLogger(Commands.class);
  private static final StopRequest AT_ONCE = new StopRequest("KILL", Duration.ZERO);
  private static final long LOOK_NANOS = Duration.ofMillis(50).toNanos();
  private static final long SLACK = 1 << 20;

  private final Processes processes;
  private final KeeperLink keeper;
  private final Ender ender;
  private final Path outputs;
  private final AtomicLong last = new AtomicLong(System.currentTimeMillis() * 1000);

  Commands(Processes processes, KeeperLink keeper, Ender ender, Path outputs) {
    this.processes = processes;
    this.keeper = keeper;
    this.ender = ender;
    this.outputs = outputs;
  }

  ExecResult run(Tracked beside, ExecRequest request) throws LaunchException {
    String name = Helpers.name(beside.name(), last.incrementAndGet());
    Path output = outputs.resolve(Wire.fileName(name));
    try {
      KeeperProgram.makePrivate(outputs);
      Tracked helper = start(beside, name, request, output);
      boolean timedOut = !await(helper, request, output);
      if (timedOut) {
        ender.end(helper, AT_ONCE);
      }
      Exit exit = helper.ended().get(10, TimeUnit.SECONDS);
      return new ExecResult(exit, text(output, request.maxOutput()), timedOut);
    } catch (IOException e) {
      throw new LaunchException("cannot keep the output of " + name + ": " + e, true);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LaunchException("interrupted while " + name + " ran", true);
    } catch (ExecutionException | TimeoutException e) {
      throw new LaunchException("cannot end " + name + ": " + e, true);
    } finally {
      clean(name, output);
    }
  }

  private Tracked start(Tracked beside, String name, ExecRequest request, Path output)
      throws LaunchException {
    Map<String, String> env = new LinkedHashMap<>(env(beside));
    env.putAll(request.env());
    List<String> command = request.command();
    Tracked.Note note =
        request.workingDir() == null ? beside.note() : beside.note().in(request.workingDir());
    String program = Launching.program(name, command.getFirst(), env);
    List<String> more = new ArrayList<>(List.of("out=" + output));
    return processes.spawn(name, program, Launching.spawn(name, program, command, env, note, more));
  }

  /// That of the launch; after the server's death that of the running process.
  private static Map<String, String> env(Tracked beside) {
    Map<String, String> launched = beside.env();
    if (launched != null) {
      return launched;
    }
    Map<String, String> env = new LinkedHashMap<>();
    for (String entry : ProcTable.environment(beside.pid())) {
      int equals = entry.indexOf('=');
      if (equals > 0) {
        env.put(entry.substring(0, equals), entry.substring(equals + 1));
      }
    }
    return env;
  }

  /// @return whether it ended in time
  private static boolean await(Tracked helper, ExecRequest request, Path output)
      throws IOException, InterruptedException, ExecutionException {
    long deadline = System.nanoTime() + request.timeout().toNanos();
    while (true) {
      long left = deadline - System.nanoTime();
      try {
        helper.ended().get(Math.clamp(left, 0, LOOK_NANOS), TimeUnit.NANOSECONDS);
        return true;
      } catch (TimeoutException e) {
        if (left <= 0) {
          return false;
        }
      }
      if (output.toFile().length() > request.maxOutput() + SLACK) {
        cut(output, request.maxOutput());
      }
    }
  }

  /// What comes later is appended there, so the head stays.
  private static void cut(Path output, int bytes) throws IOException {
    try (RandomAccessFile file = new RandomAccessFile(output.toFile(), "rw")) {
      file.setLength(bytes);
    }
  }

  private static String text(Path output, int bytes) throws IOException {
    try (var in = Files.newInputStream(output)) {
      return new String(in.readNBytes(bytes), StandardCharsets.UTF_8);
    }
  }

  private void clean(String name, Path output) {
    @Nullable Tracked helper = processes.tracked(name);
    if (helper != null) {
      if (helper.runs()) { // interrupted: end it, but do not wait
        Thread.ofVirtual().start(() -> abandon(helper));
      } else if (helper.forget()) {
        processes.drop(helper);
      }
    }
    try {
      Files.deleteIfExists(output);
    } catch (IOException e) {
      LOG.warn("cannot delete {}", output, e);
    }
  }

  /// Ends a command that nobody waits for any more.
  void abandon(Tracked helper) {
    try {
      if (helper.runs()) {
        ender.end(helper, AT_ONCE);
        helper.ended().get(10, TimeUnit.SECONDS);
      }
      if (helper.forget()) {
        processes.drop(helper);
      }
      Files.deleteIfExists(outputs.resolve(Wire.fileName(helper.name())));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException | ExecutionException | TimeoutException | RuntimeException e) {
      LOG.warn(
          "cannot end the abandoned command {} (keeper {})", helper.name(), keeper.keeperPid(), e);
    }
  }
}
