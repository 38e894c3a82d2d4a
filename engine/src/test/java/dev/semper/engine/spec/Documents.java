package dev.semper.engine.spec;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.spi.SettingProblem;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/// Documents and a driver's facts for the tests of this package.
final class Documents {
  static final SpecReader READER =
      new SpecReader(
          Map.of(
              "process",
              new DriverFacts(
                  List.of("command", "user", "working_dir", "limits"), true, Documents::problems)));

  private Documents() {}

  private static List<SettingProblem> problems(Map<String, Object> settings) {
    List<SettingProblem> problems = new ArrayList<>();
    switch (settings.get("command")) {
      case null -> problems.add(new SettingProblem("command", "is missing: program and arguments"));
      case List<?> list -> {
        for (int i = 0; i < list.size(); i++) {
          if (!(list.get(i) instanceof String)) {
            problems.add(new SettingProblem("command[" + i + "]", "must be a text"));
          }
        }
      }
      default -> problems.add(new SettingProblem("command", "must be a list of texts"));
    }
    for (String text : List.of("user", "working_dir")) {
      if (!(settings.getOrDefault(text, "") instanceof String)) {
        problems.add(new SettingProblem(text, "must be a text"));
      }
    }
    if (!(settings.getOrDefault("limits", Map.of()) instanceof Map<?, ?> limits)) {
      problems.add(new SettingProblem("limits", "must be a table"));
    } else if (limits.containsKey("nofile") && !(limits.get("nofile") instanceof Long n && n > 0)) {
      problems.add(new SettingProblem("limits.nofile", "must be a number from 1"));
    } else if (!Set.of("nofile", "x", "api_key").containsAll(limits.keySet())) {
      problems.add(new SettingProblem("limits", "unknown limit"));
    }
    return problems;
  }

  static List<WorkloadSpec> toml(String text) {
    return READER.readDocument(text, Format.TOML, null);
  }

  /// The only workload of a document; `lines` follow `[workloads.web]`, kind and command.
  static WorkloadSpec web(String lines) {
    return toml(table(lines)).getFirst();
  }

  static String table(String lines) {
    return "[workloads.web]\nkind = \"process\"\ncommand = [\"/bin/true\"]\n" + lines;
  }

  static List<Problem> problems(Runnable read) {
    try {
      read.run();
    } catch (SemperException e) {
      return e.problems();
    }
    throw new AssertionError("the document was accepted");
  }

  static List<Problem> tomlProblems(String text) {
    return problems(() -> toml(text));
  }

  static String resource(String name) {
    try (InputStream in = Documents.class.getResourceAsStream(name)) {
      return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
