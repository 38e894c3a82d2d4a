package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.SemperClient;
import dev.semper.api.Wire;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// One call of the program: where it writes, and the server it talks to.
final class Session {
  private final Globals globals;
  private final Terminal terminal;
  private @Nullable SemperClient client;
  private String document = "";

  Session(Globals globals, Terminal terminal) {
    this.globals = globals;
    this.terminal = terminal;
  }

  Globals globals() {
    return globals;
  }

  /// The file a command sends, for what the server says about lines of it; empty if none.
  String document() {
    return document;
  }

  void sends(String file) {
    document = file;
  }

  Path home() {
    return globals.home();
  }

  Terminal terminal() {
    return globals.noColour ? terminal.withoutColours() : terminal;
  }

  boolean json() {
    return globals.format == Globals.Format.JSON;
  }

  /// Writes a wire record, as the API says it.
  void json(Object value) {
    terminal.say(Wire.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(value));
  }

  /// Shows a list: as JSON what the API says, else a table with a row for each.
  ///
  /// @param none what is said if there is none; empty = the table's header
  <T> ExitStatus list(Listing<T> found, String none, Table table, Consumer<T> row) {
    if (json()) {
      json(found);
    } else if (found.items().isEmpty() && !none.isEmpty()) {
      terminal().say(none);
    } else {
      found.items().forEach(row);
      table.print(terminal());
    }
    return ExitStatus.OK;
  }

  /// Says what has been done: as JSON what the API says, else in words.
  ExitStatus done(Object answer, Supplier<String> words) {
    if (json()) {
      json(answer);
    } else {
      terminal().say(words.get());
    }
    return ExitStatus.OK;
  }

  /// As one line, for what does not end.
  void jsonLine(Object value) {
    terminal.say(Wire.JSON.writeValueAsString(value));
  }

  String at(@Nullable Instant instant) {
    return Times.at(instant, ZoneId.systemDefault());
  }

  String since(@Nullable Instant instant) {
    return Times.ago(instant, Instant.now());
  }

  SemperClient client() {
    SemperClient open = client;
    if (open == null) {
      open = connect();
      client = open;
    }
    return open;
  }

  private SemperClient connect() {
    String url = url();
    try {
      URI server = new URI(url);
      if (server.getHost() != null && server.getScheme().startsWith("http")) {
        String token = globals.token().orElseGet(this::tokenOfFile);
        return new SemperClient(server, token, globals.tenant().orElse(null));
      }
    } catch (URISyntaxException _) {
      // told below
    }
    throw new UsageException(
        url + " is not the address of a server; write e.g. http://127.0.0.1:8470");
  }

  /// Looks for the server again: one that was started anew may have another port.
  SemperClient reconnect() {
    client = null;
    return client();
  }

  private String url() {
    return globals.url().orElseGet(() -> RunFiles.of(home()).requireServer().url());
  }

  private String tokenOfFile() {
    Path file = globals.tokenFile == null ? RunFiles.of(home()).token() : globals.tokenFile;
    try {
      return Files.readString(file).strip();
    } catch (NoSuchFileException e) {
      throw new UsageException(
          globals.tokenFile == null ? ExitStatus.DENIED : ExitStatus.USAGE,
          "no token: there is no file "
              + file
              + ". Give one with --token-file or SEMPER_TOKEN, or name the server's home with --home");
    } catch (IOException e) {
      throw new UsageException(
          ExitStatus.DENIED,
          "the token in "
              + file
              + " cannot be read: "
              + RunFiles.reason(e)
              + ". Are you its owner?");
    }
  }
}
