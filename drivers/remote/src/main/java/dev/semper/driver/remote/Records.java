package dev.semper.driver.remote;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Stream;

/// The records in the driver's directory: a small file each, readable by its owner only, as it
/// holds the environment of commands. A file is there as a whole or not at all.
final class Records {
  private static final String SUFFIX = ".record";
  private static final String UNFINISHED = ".tmp";

  private final Path directory;

  Records(Path directory) {
    this.directory = directory;
  }

  Optional<Watched> read(String incarnation) {
    try {
      Properties values = new Properties();
      values.load(new StringReader(Files.readString(file(incarnation))));
      return Optional.of(record(incarnation, values));
    } catch (NoSuchFileException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read " + file(incarnation), e);
    }
  }

  void write(Watched record) {
    Path file = file(record.incarnation());
    Path unfinished = file.resolveSibling(file.getFileName() + UNFINISHED);
    try {
      StringWriter text = new StringWriter();
      values(record).store(text, null);
      try (FileChannel out =
          FileChannel.open(
              unfinished,
              Set.of(
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE,
                  StandardOpenOption.TRUNCATE_EXISTING),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        ByteBuffer bytes = StandardCharsets.UTF_8.encode(text.toString());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write " + file, e);
    }
  }

  void delete(String incarnation) {
    try {
      Files.deleteIfExists(file(incarnation));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot delete " + file(incarnation), e);
    }
  }

  List<String> incarnations() {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(SUFFIX))
          .map(name -> name.substring(0, name.length() - SUFFIX.length()))
          .map(name -> URLDecoder.decode(name, StandardCharsets.UTF_8))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException("cannot list " + directory, e);
    }
  }

  private Path file(String incarnation) {
    return directory.resolve(URLEncoder.encode(incarnation, StandardCharsets.UTF_8) + SUFFIX);
  }

  private static Properties values(Watched record) {
    Properties values = new Properties();
    values.setProperty("phase", record.phase().name());
    values.setProperty("since", record.since().toString());
    values.setProperty("startedAt", record.startedAt().toString());
    values.setProperty("handle", record.handle());
    values.setProperty("restartable", Boolean.toString(record.restartable()));
    values.setProperty("timeout", record.timeout().toString());
    values.setProperty("log", record.log().toString());
    for (int i = 0; i < record.stop().size(); i++) {
      values.setProperty("stop." + i, record.stop().get(i));
    }
    record.env().forEach((name, value) -> values.setProperty("env." + name, value));
    Watched.Started command = record.command();
    if (command != null) {
      values.setProperty("pid", Long.toString(command.pid()));
      values.setProperty("startMillis", Long.toString(command.startMillis()));
    }
    return values;
  }

  private static Watched record(String incarnation, Properties values) {
    List<String> stop = new ArrayList<>();
    for (int i = 0; values.getProperty("stop." + i) != null; i++) {
      stop.add(values.getProperty("stop." + i));
    }
    Map<String, String> env = new HashMap<>();
    for (String name : values.stringPropertyNames()) {
      if (name.startsWith("env.")) {
        env.put(name.substring("env.".length()), values.getProperty(name));
      }
    }
    String pid = values.getProperty("pid");
    return new Watched(
        incarnation,
        Watched.Phase.valueOf(values.getProperty("phase")),
        Instant.parse(values.getProperty("since")),
        Instant.parse(values.getProperty("startedAt")),
        values.getProperty("handle"),
        stop,
        Boolean.parseBoolean(values.getProperty("restartable")),
        Duration.parse(values.getProperty("timeout")),
        env,
        Path.of(values.getProperty("log")),
        pid == null
            ? null
            : new Watched.Started(
                Long.parseLong(pid), Long.parseLong(values.getProperty("startMillis"))));
  }
}
