package dev.semper.driver.process;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What the driver adds to and reads from an instance's environment.
final class Environment {
  static final String DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  /// Set for every process started; how members of a tree are found that have left it.
  static final String MARKER = "SEMPER_INCARNATION";

  private Environment() {}

  /// The file that a bare command name means, by the PATH of the instance; null if there is none.
  static @Nullable String find(String name, Map<String, String> env) {
    if (name.contains("/")) {
      return name;
    }
    for (String directory : env.getOrDefault("PATH", DEFAULT_PATH).split(":", -1)) {
      Path file = Path.of(directory.isEmpty() ? "/" : directory, name);
      if (Files.isRegularFile(file) && Files.isExecutable(file)) {
        return file.toString();
      }
    }
    return null;
  }
}
