package dev.semper.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// The file with workloads that a command is about.
final class Document {
  @Option(
      names = {"-f", "--file"},
      required = true,
      paramLabel = "FILE",
      description = "Workloads as TOML, YAML or JSON; - reads what is piped in.")
  String file = "-";

  @Option(
      names = "--input-format",
      paramLabel = "FORMAT",
      description = "toml, yaml or json (default: by the file's name, else toml).")
  @Nullable String format;

  @Option(
      names = "--prune",
      description = "Delete the tenant's workloads that are not in the file.")
  boolean prune;

  String text(Session session) {
    session.sends(file.equals("-") ? "standard input" : file);
    try {
      return file.equals("-")
          ? new String(session.terminal().in().readAllBytes(), StandardCharsets.UTF_8)
          : Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UsageException("cannot read " + file + ": " + RunFiles.reason(e));
    }
  }

  String format(String text) {
    if (format != null) {
      return format;
    }
    String name = file.toLowerCase(Locale.ROOT);
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      return "yaml";
    }
    if (name.endsWith(".json") || text.stripLeading().startsWith("{")) {
      return "json";
    }
    return "toml";
  }

  /// Where relative paths in the file start.
  String baseDir() {
    Path here = Path.of("").toAbsolutePath();
    if (file.equals("-")) {
      return here.toString();
    }
    Path parent = here.resolve(file).normalize().getParent();
    return parent == null ? "/" : parent.toString();
  }
}
