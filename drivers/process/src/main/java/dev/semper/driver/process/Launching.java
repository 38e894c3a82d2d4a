package dev.semper.driver.process;

import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Turns a launch into the keeper's words and its refusal into words for people.
final class Launching {
  private static final int ENOENT = 2;
  private static final int ENOEXEC = 8;
  private static final int EACCES = 13;

  /// EAGAIN, ENOMEM, ENFILE, EMFILE, ETXTBSY: what may pass by itself.
  private static final Set<Integer> PASSING = Set.of(11, 12, 23, 24, 26);

  private Launching() {}

  static Tracked.Note note(Launch launch, Settings settings) {
    return new Tracked.Note(
        orEmpty(settings.directory()),
        orEmpty(settings.user()),
        orEmpty(settings.group()),
        orEmpty(settings.umask()),
        launch.log().file().toAbsolutePath().normalize().toString(),
        switch (settings.stderr()) {
          case SEPARATE -> errorLog(launch.log().file()).toString();
          case MERGE, DISCARD -> "";
        },
        launch.log().maxBytes(),
        launch.log().maxFiles());
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  /// `web-0.log` → `web-0.err.log`
  private static Path errorLog(Path log) {
    String name = log.toAbsolutePath().normalize().getFileName().toString();
    String error =
        name.endsWith(".log") ? name.substring(0, name.length() - 4) + ".err.log" : name + ".err";
    return log.toAbsolutePath().normalize().resolveSibling(error);
  }

  /// @param more fields of the keeper that [#extras] or the caller adds
  static List<String> spawn(
      String incarnation,
      String program,
      List<String> command,
      Map<String, String> env,
      Tracked.Note note,
      List<String> more) {
    List<String> fields = new ArrayList<>();
    fields.add(incarnation);
    fields.add("path=" + program);
    command.forEach(argument -> fields.add("arg=" + argument));
    env.forEach((name, value) -> {
      if (!name.equals(Environment.MARKER)) {
        fields.add("env=" + name + "=" + value);
      }
    });
    fields.add("env=" + Environment.MARKER + "=" + incarnation);
    add(fields, "dir", note.directory());
    add(fields, "user", note.user());
    add(fields, "group", note.group());
    add(fields, "umask", note.umask());
    fields.addAll(more);
    return fields;
  }

  static List<String> extras(Settings settings, Tracked.Note note, List<String> joins) {
    List<String> fields = new ArrayList<>();
    add(fields, "out", note.log());
    add(fields, "in", orEmpty(settings.stdin()));
    switch (settings.stderr()) {
      case SEPARATE -> add(fields, "err", note.errorLog());
      case DISCARD -> add(fields, "err", "/dev/null");
      case MERGE -> {} // what the keeper does unless told otherwise
    }
    settings.limits().forEach(limit -> fields.add("limit=" + limit));
    if (settings.nice() != null) {
      fields.add("nice=" + settings.nice());
    }
    joins.forEach(join -> fields.add("cgroup=" + join));
    fields.add("note=" + note.text());
    return fields;
  }

  private static void add(List<String> fields, String key, String value) {
    if (!value.isEmpty()) {
      fields.add(key + "=" + value);
    }
  }

  static String program(String incarnation, String name, Map<String, String> env)
      throws LaunchException {
    String program = Environment.find(name, env);
    if (program == null) {
      throw new LaunchException(
          "cannot start "
              + incarnation
              + ": there is no program '"
              + name
              + "' on PATH ("
              + env.getOrDefault("PATH", Environment.DEFAULT_PATH)
              + "); install it or give its whole path in 'command'",
          false);
    }
    return program;
  }

  static LaunchException refused(String incarnation, String program, KeeperException why) {
    String reason =
        switch (why.step()) {
          case "exec" -> exec(program, why);
          case "dir" -> "cannot enter its working directory " + why.text() + "; see 'working_dir'";
          case "user", "group" -> account(why);
          case "stdin" -> "cannot read its standard input " + why.text() + "; see 'stdin'";
          case "log" -> "cannot write its log " + why.text();
          case "limit" -> "cannot set " + why.text() + ifNotPermitted(why, "; raising a limit");
          case "nice" -> "cannot set " + why.text() + ifNotPermitted(why, "; a negative value");
          case "cgroup" -> "cannot join its control group " + why.text();
          case "fork", "pipe" ->
              "the system gave no new process ("
                  + why.text()
                  + "): it has too many, or too little memory";
          default -> "step '" + why.step() + "' failed: " + why.text();
        };
    return new LaunchException(
        "cannot start " + incarnation + ": " + reason, PASSING.contains(why.errno()));
  }

  private static String account(KeeperException why) {
    return why.text()
        + (why.errno() == Native.EPERM
            ? ": only a server that runs as root can start programs as somebody else"
            : "; see '" + why.step() + "'");
  }

  private static String ifNotPermitted(KeeperException why, String what) {
    return why.errno() == Native.EPERM || why.errno() == EACCES
        ? what + " needs a server that runs as root"
        : "";
  }

  private static String exec(String program, KeeperException why) {
    return switch (why.errno()) {
      case ENOENT ->
          Files.exists(Path.of(program))
              ? program + " names an interpreter (#! line or loader) that does not exist"
              : "there is no file " + program + "; correct 'command' or install it";
      case EACCES ->
          Files.isDirectory(Path.of(program))
              ? program + " is a directory, not a program"
              : program + " may not be executed; chmod +x it, or check its user's rights";
      case ENOEXEC ->
          program + " is no program: neither a binary of this machine nor a script with a #! line";
      default -> "exec of " + why.text();
    };
  }
}
