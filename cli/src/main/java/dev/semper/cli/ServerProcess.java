package dev.semper.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The server of a home as a process of this machine, found by its PID file.
sealed interface ServerProcess {
  String MAIN = "dev.semper.server.Main";

  /// No PID file: none was started, or it ended in good order.
  record Absent() implements ServerProcess {}

  /// The file names a process that is gone, or has become another program.
  record Stale(Path file, String why) implements ServerProcess {}

  /// The file does not say which process.
  record Unreadable(Path file, String why) implements ServerProcess {}

  record Alive(ProcessHandle handle) implements ServerProcess {
    long pid() {
      return handle.pid();
    }
  }

  static ServerProcess find(RunFiles files) {
    Path file = files.pid();
    String text;
    try {
      text = Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      return byAddress(files);
    } catch (IOException e) {
      return new Unreadable(file, RunFiles.reason(e));
    }
    if (!text.matches("[0-9]{1,18}")) {
      String shown = text.length() > 20 ? text.substring(0, 20) + "…" : text;
      return new Unreadable(file, "it holds '" + shown + "' instead of a process number");
    }
    return of(file, Long.parseLong(text));
  }

  /// The settings may put the PID file elsewhere; the address that the server leaves has its number
  /// too.
  static ServerProcess byAddress(RunFiles files) {
    return files
        .server()
        .flatMap(server -> ProcessHandle.of(server.pid()))
        .filter(ServerProcess::isServer)
        .<ServerProcess>map(Alive::new)
        .orElseGet(Absent::new);
  }

  private static ServerProcess of(Path file, long pid) {
    Optional<ProcessHandle> handle = ProcessHandle.of(pid).filter(ServerProcess::lives);
    if (handle.isEmpty()) {
      return new Stale(file, "process " + pid + " no longer runs");
    }
    if (!isServer(handle.get())) {
      return new Stale(file, "process " + pid + " is another program now");
    }
    return new Alive(handle.get());
  }

  /// Whether it runs and is a server; one that cannot be looked at may be one.
  static boolean isServer(ProcessHandle handle) {
    String line = commandLine(handle);
    return lives(handle) && (line == null || line.contains(MAIN));
  }

  /// Whether it runs. One that has ended but was not yet collected by its parent does not: in a
  /// container nobody may ever collect it.
  static boolean lives(ProcessHandle handle) {
    if (!handle.isAlive()) {
      return false;
    }
    try {
      String stat = Files.readString(Path.of("/proc/" + handle.pid() + "/stat"));
      return !stat.startsWith("Z", stat.lastIndexOf(')') + 2);
    } catch (IOException e) {
      return handle.isAlive(); // no /proc, or gone this moment
    }
  }

  /// Null if it cannot be told, as for other users' processes on some systems.
  private static @Nullable String commandLine(ProcessHandle handle) {
    try {
      byte[] line = Files.readAllBytes(Path.of("/proc/" + handle.pid() + "/cmdline"));
      return line.length == 0 ? null : new String(line, StandardCharsets.UTF_8).replace('\0', ' ');
    } catch (IOException e) {
      return handle.info().commandLine().orElse(null);
    }
  }

  /// How a server for that home is started, by the launcher if there is one.
  static List<String> command(Path home, String... options) {
    String launcher = System.getProperty("semper.launcher");
    List<String> command = new ArrayList<>();
    if (launcher != null) {
      command.add(launcher);
      command.add("server");
    } else {
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add("--sun-misc-unsafe-memory-access=allow");
      command.add("-cp");
      command.add(System.getProperty("java.class.path"));
      command.add(MAIN);
    }
    command.addAll(List.of(options));
    command.add("--home");
    command.add(home.toString());
    return command;
  }
}
