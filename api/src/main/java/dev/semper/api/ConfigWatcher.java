package dev.semper.api;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;

/// Keeps a configuration current across broken connections, and starts without the server: what it
/// was last told is kept in a file and told again when nobody answers.
///
/// ```java
/// try (ConfigWatcher _ = ConfigWatcher.start(client, "web", ConfigQuery.of("production"), copy, this::use)) {
/// ```
public final class ConfigWatcher implements AutoCloseable {
  private static final Duration POLL = Duration.ofSeconds(30);

  private final SemperClient client;
  private final String name;
  private final ConfigQuery reader;
  private final @Nullable Path copy;
  private final Consumer<EffectiveConfig> listener;
  private final Thread thread;
  private @Nullable EffectiveConfig told;

  private ConfigWatcher(
      SemperClient client,
      String name,
      ConfigQuery reader,
      @Nullable Path copy,
      Consumer<EffectiveConfig> listener) {
    this.client = client;
    this.name = name;
    this.reader = reader;
    this.copy = copy;
    this.listener = listener;
    thread = Thread.ofVirtual().name("config-" + name).unstarted(this::run);
  }

  /// Tells the listener what the configuration comes to: once before this returns, by the server or
  /// else by the copy, then from a thread of its own each time it comes to something else.
  ///
  /// @param copy where the last known good one is kept, readable by its owner only; null = nowhere
  /// @throws UnreachableException if the server does not answer and there is no copy
  /// @throws ApiException if the server refuses
  public static ConfigWatcher start(
      SemperClient client,
      String name,
      ConfigQuery reader,
      @Nullable Path copy,
      Consumer<EffectiveConfig> listener) {
    ConfigWatcher watcher = new ConfigWatcher(client, name, reader, copy, listener);
    try {
      watcher.tell(client.config(name, reader, null, false));
    } catch (UnreachableException e) {
      watcher.tell(watcher.lastKnownGood().orElseThrow(() -> e));
    }
    watcher.thread.start();
    return watcher;
  }

  private void run() {
    int failures = 0;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        EffectiveConfig known = told;
        long revision = known == null ? 0 : known.revision();
        tell(client.awaitConfig(name, reader, revision, POLL));
        failures = 0;
      } catch (UnreachableException | ApiException _) {
        SemperClient.pause(++failures); // what is known stays good
      }
    }
  }

  private void tell(EffectiveConfig now) {
    EffectiveConfig before = told;
    told = now;
    if (before == null || !before.checksum().equals(now.checksum())) {
      keep(now);
      listener.accept(now);
    }
  }

  private Optional<EffectiveConfig> lastKnownGood() {
    Path file = copy;
    if (file == null || !Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(Wire.JSON.readValue(Files.readString(file), EffectiveConfig.class));
    } catch (IOException | JacksonException _) {
      return Optional.empty(); // as good as none
    }
  }

  /// Whole or not at all.
  private void keep(EffectiveConfig config) {
    Path file = copy;
    if (file == null) {
      return;
    }
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.deleteIfExists(fresh);
      Files.createFile(
          fresh,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
      Files.writeString(fresh, Wire.JSON.writeValueAsString(config), StandardCharsets.UTF_8);
      try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException("the copy " + file + " cannot be written", e);
    }
  }

  /// Stops watching.
  @Override
  public void close() {
    thread.interrupt();
  }
}
