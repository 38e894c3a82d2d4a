package dev.semper.engine.spec;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Which configuration a workload reads, how it gets it, and what follows when it changes.
///
/// @param name of the configuration, default that of the workload
/// @param environment `development` (default), `staging` or `production`
/// @param features flags that are on, for the conditions of overlays
/// @param revision the one its instances are to have; 0 = none yet. The engine keeps it at the
///   newest, one after the other through an operation, unless `follow` is false
/// @param follow whether a new revision is delivered by itself, default true
/// @param wholeEnv every value is an environment variable: `database.url` is `DATABASE_URL`
/// @param env further variables, by name, and the key each gets
/// @param envPrefix before the names that `wholeEnv` makes
/// @param files that are rendered for each instance
/// @param schema of this version of the workload, that the values have to meet beside that of the
///   configuration; empty = none
public record ConfigSpec(
    String name,
    String environment,
    Set<String> features,
    long revision,
    boolean follow,
    boolean wholeEnv,
    Map<String, String> env,
    String envPrefix,
    List<File> files,
    Change change,
    @Nullable Gray gray,
    Map<String, Object> schema) {
  static final List<String> ENVIRONMENTS = List.of("development", "staging", "production");
  static final List<String> FORMATS = List.of("toml", "yaml", "json", "dotenv");

  /// How a running instance gets to know of a new revision.
  public enum Mode {
    /// Not at all: it gets the revision when it is launched next.
    NONE,
    /// Its files are rendered anew, then its main process gets a signal.
    SIGNAL,
    /// Its files are rendered anew, then a command is run beside it.
    HOOK,
    /// Its files are rendered anew, then a path of its is posted to.
    RELOAD,
    /// It is replaced, as by an update.
    RESTART
  }

  /// @param mode default restart
  /// @param signal of mode signal, without SIG, default `HUP`
  /// @param command of mode hook
  /// @param path of mode reload, e.g. `/reload`
  /// @param port of mode reload; 0 = the instance's own
  /// @param timeout of the command or the request, default 30 s
  /// @param settle how long an instance is watched after it was told; it must be ready then
  public record Change(
      Mode mode,
      String signal,
      List<String> command,
      String path,
      int port,
      Duration timeout,
      Duration settle) {
    public static final Change RESTART =
        new Change(
            Mode.RESTART, "HUP", List.of(), "", 0, Duration.ofSeconds(30), Duration.ofSeconds(1));

    public Change {
      command = List.copyOf(command);
      Limits.require(
          mode != Mode.HOOK || ProbeSpec.Command.isExec(command), "mode hook needs a command");
      Limits.require(mode != Mode.RELOAD || path.startsWith("/"), "mode reload needs a path");
      Limits.PROBE_TIMEOUT.require("timeout", timeout);
      Limits.SETTLE.require("settle", settle);
    }
  }

  /// A new revision is given to a share of the instances first, and goes back if one of them is not
  /// well within the time.
  ///
  /// @param share of the instances, rounded up, at least one
  public record Gray(double share, Duration hold) {
    public Gray {
      Limits.require(share > 0 && share <= 1, "share must be more than 0 and at most 1");
      Limits.HEALTHY_FOR.require("for", hold);
    }

    /// How many of so many instances.
    public int of(int instances) {
      return Math.max(1, Math.min(instances, (int) Math.ceil(share * instances - 1e-9)));
    }
  }

  /// A file that is rendered when an instance is launched, and when its configuration changes.
  ///
  /// @param path absolute, or below the instance's own directory, `SEMPER_CONFIG_DIR`; may contain
  ///   `${SEMPER_INSTANCE}` and `${SEMPER_ORDINAL}`
  /// @param format of a file that holds all values; empty for one made from a template
  /// @param template Mustache; empty if there is none or it is in a file
  /// @param templateFile absolute; null if there is none
  /// @param mode permissions, default 0600
  /// @param owner `USER` or `USER:GROUP`; null = that of the server
  public record File(
      String path,
      String format,
      String template,
      @Nullable String templateFile,
      int mode,
      @Nullable String owner) {
    public File {
      Limits.require(!path.isBlank(), "path must not be empty");
      Limits.require(mode >= 0 && mode <= 0777, "mode must be 0000 to 0777");
    }
  }

  public ConfigSpec {
    features = Set.copyOf(features);
    env = Map.copyOf(env);
    files = List.copyOf(files);
    schema = Map.copyOf(schema);
    Limits.require(Limits.isName(name), "config.name " + Limits.NAME_FORM);
    Limits.require(
        ENVIRONMENTS.contains(environment), "environment must be one of " + ENVIRONMENTS);
    Limits.require(revision >= 0, "revision must not be negative");
    env.keySet().forEach(k -> Limits.require(Limits.isVariable(k), "bad variable " + k));
    Limits.require(
        files.stream().map(File::path).distinct().count() == files.size(),
        "each file must have its own path");
  }

  /// The same at another revision.
  public ConfigSpec at(long other) {
    return new ConfigSpec(
        name,
        environment,
        features,
        other,
        follow,
        wholeEnv,
        env,
        envPrefix,
        files,
        change,
        gray,
        schema);
  }
}
