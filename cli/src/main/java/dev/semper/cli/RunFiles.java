package dev.semper.cli;

import dev.semper.api.Wire;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;

/// What a server leaves in `run/` of its home for those who look for it.
record RunFiles(Path home) {
  static RunFiles of(Path home) {
    return new RunFiles(home);
  }

  /// What `run/server.json` says.
  record Server(String url, long pid) {}

  Path token() {
    return home.resolve("run/token");
  }

  Path pid() {
    return home.resolve("run/semper.pid");
  }

  Path serverFile() {
    return home.resolve("run/server.json");
  }

  /// Where the daemon's own output goes until its log is open.
  Path console() {
    return home.resolve("logs/server.out");
  }

  Path log() {
    return home.resolve("logs/server.log");
  }

  /// Empty if no server has left its address.
  Optional<Server> server() {
    try {
      return Optional.of(Wire.JSON.readValue(Files.readString(serverFile()), Server.class))
          .filter(server -> server.url() != null);
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException | JacksonException e) {
      throw new UsageException(
          ExitStatus.UNAVAILABLE,
          "the server's address in "
              + serverFile()
              + " cannot be read: "
              + reason(e)
              + ". Name the server with --url");
    }
  }

  Server requireServer() {
    return server()
        .orElseThrow(() ->
            new UsageException(
                ExitStatus.UNAVAILABLE,
                "no server runs on "
                    + home
                    + ". Start one with: semper daemon start. For another one use --home or"
                    + " --url"));
  }

  /// What went wrong with a file, without its name.
  static String reason(Exception e) {
    return switch (e) {
      case NoSuchFileException missing -> "no such file";
      case AccessDeniedException denied -> "permission denied";
      default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    };
  }
}
