package dev.semper.engine.operation;

/// Texts of workload files for tests: everything fast, nothing random.
public final class Doc {
  private static final String RESTART =
      "{ policy = \"on-failure\", delay = \"5ms\", max_delay = \"20ms\", jitter = 0.0 }";

  private Doc() {}

  /// @param lines further keys of the workload
  public static String workload(String name, String version, String... lines) {
    StringBuilder text =
        new StringBuilder(
            "[workloads.%s]%nkind = \"scripted\"%nversion = \"%s\"%n".formatted(name, version));
    add(text, "start_seconds", "\"10ms\"", lines);
    add(text, "restart", RESTART, lines);
    add(text, "stop", "{ timeout = \"200ms\" }", lines);
    for (String line : lines) {
      text.append(line).append('\n');
    }
    return text.append('\n').toString();
  }

  private static void add(StringBuilder text, String key, String value, String... lines) {
    for (String line : lines) {
      if (line.startsWith(key)) {
        return;
      }
    }
    text.append(key).append(" = ").append(value).append('\n');
  }

  public static String workload(String name) {
    return workload(name, "1");
  }

  /// A probe by a scripted command.
  public static String probe(String name, String type, String... lines) {
    return """
    [[workloads.%s.probes]]
    name = "%s"
    type = "%s"
    command = ["%s"]
    period = "100ms"
    failure_threshold = 1
    %s
    """
        .formatted(name, type, type, type, String.join("\n", lines));
  }
}
