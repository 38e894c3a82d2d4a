package dev.semper.cli;

import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// The program itself and the options that every command takes.
@Command(
    name = "semper",
    description = "Keeps what you run alive, current and recoverable.",
    synopsisSubcommandLabel = "COMMAND",
    sortOptions = false,
    footerHeading = "%nExamples:%n",
    footer = {
      "  semper demo                      see it at work, on a home of its own",
      "  semper daemon start              start the server in the background",
      "  semper apply -f workloads.toml   make things as the file says",
      "  semper status                    see how they are"
    })
final class Globals {
  enum Format {
    TABLE,
    JSON;

    @Override
    public String toString() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  @Option(
      names = "--home",
      paramLabel = "DIR",
      scope = ScopeType.INHERIT,
      description = "Where the server keeps its state ($$SEMPER_HOME, default ~/.semper).")
  @Nullable Path home;

  @Option(
      names = "--url",
      paramLabel = "URL",
      scope = ScopeType.INHERIT,
      description = "Server to talk to ($$SEMPER_URL, default: the one of the home).")
  @Nullable String url;

  @Option(
      names = "--token",
      paramLabel = "TOKEN",
      scope = ScopeType.INHERIT,
      description = "Who you are ($$SEMPER_TOKEN is better: others can read arguments).")
  @Nullable String token;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "File with the token (default: run/token in the home).")
  @Nullable Path tokenFile;

  @Option(
      names = "--tenant",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "Whose workloads ($$SEMPER_TENANT, default: the token's).")
  @Nullable String tenant;

  @Option(
      names = "--format",
      paramLabel = "FORMAT",
      scope = ScopeType.INHERIT,
      description = "table (default) or json, as the API says it.")
  Format format = Format.TABLE;

  @Option(names = "--no-color", scope = ScopeType.INHERIT, description = "No colours.")
  boolean noColour;

  @Option(
      names = {"-v", "--verbose"},
      scope = ScopeType.INHERIT,
      description = "More about errors.")
  boolean verbose;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "This help.")
  boolean help;

  @CommandLine.Spec CommandLine.Model.@Nullable CommandSpec spec;

  Optional<String> url() {
    return given(url, "SEMPER_URL");
  }

  Optional<String> token() {
    return given(token, "SEMPER_TOKEN");
  }

  Optional<String> tenant() {
    return given(tenant, "SEMPER_TENANT");
  }

  /// Absolute, whether it exists or not.
  Path home() {
    if (home != null) {
      return home.toAbsolutePath().normalize();
    }
    Path own = Path.of(System.getProperty("user.home"), ".semper");
    return given(System.getProperty("semper.home"), "SEMPER_HOME")
        .map(Path::of)
        .orElse(own)
        .toAbsolutePath()
        .normalize();
  }

  private static Optional<String> given(@Nullable String option, String variable) {
    return Optional.ofNullable(option)
        .or(() -> Optional.ofNullable(System.getenv(variable)))
        .filter(value -> !value.isBlank());
  }
}
