package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Runs programs that are told secrets. They are children of the server with pipes, not
/// incarnations of a driver: what a driver runs leaves its output in files.
final class Commands {
  private static final List<String> INHERITED = List.of("PATH", "HOME", "USER", "LANG", "TZ");
  private static final int MOST_OUTPUT = 128 << 10;
  private static final int MOST_WORDS = 300;

  /// It did not do what it was to do. The message has nothing of what it wrote to standard output.
  static final class FailedException extends Exception {
    private static final long serialVersionUID = 1;

    FailedException(String message) {
      super(message);
    }
  }

  private Commands() {}

  /// @param input what it reads
  /// @return what it has written
  static byte[] run(
      List<String> words, Map<String, String> variables, byte[] input, Duration timeout)
      throws FailedException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(words);
    Map<String, String> environment = builder.environment();
    environment.keySet().retainAll(INHERITED);
    environment.putAll(variables);
    Process process;
    try {
      process = builder.start();
    } catch (IOException e) {
      throw new FailedException(words.getFirst() + " cannot be run: " + e.getMessage());
    }
    List<ProcessHandle> all = new ArrayList<>();
    try {
      FutureTask<byte[]> output = reading(process.getInputStream(), MOST_OUTPUT);
      FutureTask<byte[]> errors = reading(process.getErrorStream(), 4 << 10);
      Thread.ofVirtual().name("secret-command-input").start(() -> feed(process, input));
      if (!process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
        throw new FailedException(
            "%s has not ended within %d s".formatted(words.getFirst(), timeout.toSeconds()));
      }
      if (process.exitValue() != 0) {
        throw new FailedException(
            "%s ended with %d%s"
                .formatted(words.getFirst(), process.exitValue(), said(errors, input)));
      }
      return output.get(5, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new FailedException(
          "%s wrote what cannot be taken (at most %d KiB)"
              .formatted(words.getFirst(), MOST_OUTPUT >> 10));
    } catch (TimeoutException e) {
      throw new FailedException(words.getFirst() + " has ended, but its output has not");
    } finally {
      process.descendants().forEach(all::add);
      process.destroyForcibly();
      all.forEach(ProcessHandle::destroyForcibly);
    }
  }

  private static void feed(Process process, byte[] input) {
    try (OutputStream out = process.getOutputStream()) {
      out.write(input);
    } catch (IOException _) {
      // It did not want to read; that is its own business.
    }
  }

  private static FutureTask<byte[]> reading(InputStream from, int most) {
    FutureTask<byte[]> task =
        new FutureTask<>(() -> {
          try (from) {
            byte[] bytes = from.readNBytes(most + 1);
            if (bytes.length > most) {
              throw new IOException("more than " + (most >> 10) + " KiB");
            }
            return bytes;
          }
        });
    Thread.ofVirtual().name("secret-command-output").start(task);
    return task;
  }

  /// What it said on standard error, unless it repeats what it was told.
  private static String said(FutureTask<byte[]> errors, byte[] input) throws InterruptedException {
    try {
      String text = new String(errors.get(1, TimeUnit.SECONDS), UTF_8).strip();
      boolean tells =
          Arrays.stream(new String(input, UTF_8).split("[^A-Za-z0-9+/=_-]+"))
              .anyMatch(word -> word.length() >= 8 && text.contains(word));
      String short_ = text.length() > MOST_WORDS ? text.substring(0, MOST_WORDS) + "…" : text;
      return text.isEmpty() || tells ? "" : ": " + short_;
    } catch (ExecutionException | TimeoutException e) {
      return "";
    }
  }
}
