package dev.semper.driver.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.semper.spi.InstanceLog;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Resources;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class LogFileTest {
  @TempDir Path directory;

  @Test
  void losesNothingWhileAProgramWritesAndOneReadsAlong() throws Exception {
    try (Home home = new Home(directory)) {
      LogTarget target = new LogTarget(home.log("a"), 256 << 10, 1000);
      Map<String, Object> settings =
          Map.of("command", List.of("perl", "-e", "$|=1; print \"$_\\n\" for 1..1000000"));
      var launch = home.launch("a", settings, Resources.UNLIMITED, target);
      home.driver().start(launch);
      InstanceLog log = home.driver().log(target);
      CompletableFuture<String> followed =
          CompletableFuture.supplyAsync(() -> follow(log, "1000000\n"));

      assertThat(home.exit("a").code()).isZero();

      String expected =
          IntStream.rangeClosed(1, 1_000_000).mapToObj(i -> i + "\n").collect(Collectors.joining());
      assertThat(followed.get()).isEqualTo(expected);
      await().until(() -> Files.size(home.log("a")) <= 256 << 10);
      assertThat(text(log)).isEqualTo(expected);
      assertThat(log.start()).isZero();
      assertThat(log.end()).isEqualTo(expected.length());
      assertThat(home.log("a").resolveSibling("a.log.20")).exists();
    }
  }

  private static String follow(InstanceLog log, String last) {
    try {
      StringBuilder all = new StringBuilder();
      long position = 0;
      while (!all.toString().endsWith(last) && log.await(position, Duration.ofSeconds(20))) {
        InstanceLog.Chunk chunk = log.read(position, 1 << 22);
        assertThat(chunk.position()).isEqualTo(position);
        all.append(StandardCharsets.UTF_8.decode(chunk.bytes().duplicate()));
        position = chunk.next();
      }
      return all.toString();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void keepsAFloodOfAGigabyteSmallOnDisk() throws Exception {
    try (Home home = new Home(directory)) {
      LogTarget target = new LogTarget(home.log("a"), 1 << 20, 3);
      Map<String, Object> settings =
          Map.of("command", List.of("sh", "-c", "yes 'a line of the flood' | head -c 1073741824"));
      home.driver().start(home.launch("a", settings, Resources.UNLIMITED, target));
      long most = 0;
      long slowest = 0;
      while (home.exitsOf("a").isEmpty()) {
        most = Math.max(most, size(directory.resolve("logs")));
        long before = System.nanoTime();
        home.driver().attach("a");
        slowest = Math.max(slowest, System.nanoTime() - before);
        home.driver().log(target).await(Long.MAX_VALUE, Duration.ofMillis(5));
      }
      System.out.println(
          "bench: 1 GiB flood, limit 4 MiB: at most "
              + (most >> 20)
              + " MiB on disk, slowest attach meanwhile "
              + slowest / 1000
              + " us");

      InstanceLog log = home.driver().log(target);
      assertThat(log.end()).isEqualTo(1L << 30);
      // taking hundreds of MiB off waits for the disk, which others use too
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> size(directory.resolve("logs")) <= 4 << 20);
      assertThat(log.end()).isEqualTo(1L << 30);
      assertThat(log.end() - log.start()).isBetween(2L << 20, 4L << 20);
      assertThat(most).isLessThan(512 << 20);
      assertThat(text(log)).endsWith("flood\na li");
    }
  }

  private static long size(Path directory) throws IOException {
    try (var files = Files.list(directory)) {
      return files.mapToLong(file -> file.toFile().length()).sum();
    }
  }

  @Test
  void keepsPositionsWhenTheDriverIsReopened() throws Exception {
    try (Home home = new Home(directory)) {
      LogTarget target = new LogTarget(home.log("a"), 8192, 3);
      Map<String, Object> settings = Map.of("command", "seq 1 10000; sleep 1000");
      home.driver().start(home.launch("a", settings, Resources.UNLIMITED, target));
      await().until(() -> home.driver().log(target).start() > 0);
      await().until(() -> Files.size(home.log("a")) <= 8192);
      InstanceLog log = home.driver().log(target);
      long start = log.start();
      String before = text(log);

      home.reopen();

      InstanceLog again = home.driver().log(target);
      assertThat(again.end()).isEqualTo(48894);
      assertThat(again.start()).isEqualTo(start);
      assertThat(text(again)).isEqualTo(before).endsWith("\n10000\n");
    }
  }

  @Test
  void goesOnRotatingForWhatAnEarlierServerStarted() throws Exception {
    try (Home home = new Home(directory)) {
      LogTarget target = new LogTarget(home.log("a"), 8192, 3);
      String script =
          "while [ ! -e "
              + directory.resolve("go")
              + " ]; do sleep 0.01; done; seq 1 50000; sleep 99";
      Map<String, Object> settings = Map.of("command", script);
      home.driver().start(home.launch("a", settings, Resources.UNLIMITED, target));

      home.reopen();
      Files.createFile(directory.resolve("go"));

      await().until(() -> home.log("a").resolveSibling("a.log.3").toFile().exists());
      await().until(() -> Files.size(home.log("a")) <= 8192);
    }
  }

  /// What is on disk after a crash behind each step of setting a part aside (see [LogFile]).
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3, 4, 5, 6, 7})
  void completesWhatACrashInterrupted(int steps) throws Exception {
    for (boolean keep : List.of(true, false)) {
      Path file = directory.resolve("log-" + keep);
      String all = lines(3000);
      Files.writeString(part(file, 1), all.substring(0, 4096));
      Files.writeString(file, all.substring(4096));
      Intent.none(4096).write(part(file, "pos"));

      crashAfter(steps, file, keep);
      LogFile log = log(file, 1 << 20, 5);
      if (steps == 1) {
        Files.writeString(file, "", StandardOpenOption.APPEND);
      }

      assertThat(log.end()).as("end").isEqualTo(all.length());
      assertThat(text(log)).isEqualTo(all.substring((int) log.start()));
      boolean dropped = !keep && steps >= 3;
      assertThat(log.start()).isEqualTo(dropped ? 12288 : 0);
      assertThat(part(file, 0)).doesNotExist();
    }
  }

  private static void crashAfter(int steps, Path file, boolean keep) throws IOException {
    Intent intent = Intent.of(4096, 8192, keep);
    if (steps >= 1 && !keep && steps >= 3) {
      Files.deleteIfExists(part(file, 1)); // older parts go before newer ones
    }
    if (steps >= 1) {
      byte[] head = java.util.Arrays.copyOf(Files.readAllBytes(file), keep ? 8192 : 0);
      Files.write(part(file, 0), head);
    }
    if (steps == 2) {
      Files.write(part(file, 0), new byte[0]); // died while copying
    }
    if (steps >= 3) {
      if (keep) {
        Files.write(part(file, 0), java.util.Arrays.copyOf(Files.readAllBytes(file), 8192));
      }
      intent.write(part(file, "pos"));
    }
    if (steps >= 4) {
      try (FileChannel live = FileChannel.open(file, StandardOpenOption.WRITE)) {
        live.write(ByteBuffer.wrap(intent.mark().getBytes(StandardCharsets.US_ASCII)), 0);
      }
    }
    if (steps >= 5 && keep) {
      Files.move(part(file, 1), part(file, 2));
    }
    if (steps >= 6 && keep) {
      Files.move(part(file, 0), part(file, 1), StandardCopyOption.REPLACE_EXISTING);
    } else if (steps >= 6) {
      Files.delete(part(file, 0));
    }
    if (steps >= 7) {
      assertThat(Native.collapse(file, 8192)).isZero();
    }
  }

  @Test
  void copiesAndTruncatesWhereTheFileSystemCannotTakeOffAHead() throws Exception {
    Path shm = Path.of("/dev/shm");
    assumeTrue(Files.isWritable(shm), "there is no tmpfs to test on");
    Path memory = Files.createTempDirectory(shm, "semper");
    try {
      Path file = memory.resolve("log");
      LogFile log = log(file, 8192, 3);
      String all = lines(3000);
      Files.writeString(file, all);

      log.tick();

      assertThat(log.end()).isEqualTo(all.length());
      assertThat(text(log)).isEqualTo(all.substring((int) log.start()));
      assertThat(Files.size(file)).isZero();
      Files.writeString(file, "more\n", StandardOpenOption.APPEND);
      assertThat(text(log(file, 8192, 3))).isEqualTo(all.substring((int) log.start()) + "more\n");
    } finally {
      try (var files = Files.list(memory)) {
        for (Path file : files.toList()) {
          Files.delete(file);
        }
      }
      Files.delete(memory);
    }
  }

  @Test
  void keepsNoOlderPartsWhenToldSo() throws Exception {
    Path file = directory.resolve("log");
    LogFile log = log(file, 8192, 0);
    String all = lines(3000);
    Files.writeString(file, all);

    log.tick();

    assertThat(Files.size(file)).isLessThanOrEqualTo(8192);
    assertThat(part(file, 1)).doesNotExist();
    assertThat(log.end()).isEqualTo(all.length());
    assertThat(text(log)).isEqualTo(all.substring((int) log.start()));
  }

  @Test
  void findsTheLastLinesAcrossParts() throws Exception {
    Path file = directory.resolve("log");
    LogFile log = log(file, 4096, 100);
    String all = lines(3000);
    Files.writeString(file, all);
    log.tick();

    assertThat(text(log, log.tail(1))).isEqualTo("line 3000\n");
    assertThat(text(log, log.tail(2000))).startsWith("line 1001\n").endsWith("line 3000\n");
    assertThat(log.tail(3000)).isZero();
    assertThat(log.tail(5000)).isZero();
    assertThat(log.tail(0)).isEqualTo(log.end());
    Files.writeString(file, "unfinished", StandardOpenOption.APPEND);
    assertThat(text(log, log.tail(2))).isEqualTo("line 3000\nunfinished");
  }

  @Test
  void neverGoesBackWhenSomebodyTruncatesTheFile() throws Exception {
    Path file = directory.resolve("log");
    LogFile log = log(file, 8192, 3);
    Files.writeString(file, "0123456789");
    log.tick();

    Files.writeString(file, "abc");
    log.tick();

    assertThat(log.end()).isEqualTo(13);
    assertThat(text(log)).isEqualTo("abc");
  }

  @Test
  void isEmptyBeforeAnythingIsWritten() throws Exception {
    LogFile log = log(directory.resolve("log"), 8192, 3);

    assertThat(log.end()).isZero();
    assertThat(log.tail(10)).isZero();
    assertThat(log.read(5, 100).bytes().hasRemaining()).isFalse();
    assertThat(log.await(0, Duration.ofMillis(30))).isFalse();
  }

  private static LogFile log(Path file, long maxBytes, int maxFiles) {
    LogFile log = new LogFile(file);
    log.limit(new LogTarget(file, maxBytes, maxFiles));
    return log;
  }

  private static Path part(Path file, Object suffix) {
    return file.resolveSibling(file.getFileName() + "." + suffix);
  }

  private static String lines(int count) {
    return IntStream.rangeClosed(1, count)
        .mapToObj(i -> "line " + i + "\n")
        .collect(Collectors.joining());
  }

  private static String text(InstanceLog log) throws IOException {
    return text(log, log.start());
  }

  private static String text(InstanceLog log, long from) throws IOException {
    StringBuilder text = new StringBuilder();
    InstanceLog.Chunk chunk = log.read(from, 5000);
    while (chunk.bytes().hasRemaining()) {
      text.append(StandardCharsets.US_ASCII.decode(chunk.bytes().duplicate()));
      chunk = log.read(chunk.next(), 5000);
    }
    return text.toString();
  }
}
