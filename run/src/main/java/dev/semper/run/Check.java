package dev.semper.run;

import java.io.IOException;
import java.io.Serial;
import java.net.HttpURLConnection;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// One look at something that is needed. Returns if it is there, throws if not; either within the
/// deadline if it can, and is left behind if it cannot.
interface Check {
  void run(Deadline deadline) throws Exception;

  /// What was found instead of what is needed.
  final class FailedException extends Exception {
    @Serial private static final long serialVersionUID = 1;

    FailedException(String message) {
      super(message);
    }
  }

  /// An attempt over the network does not take more than this many seconds, so that there is
  /// another.
  double ATTEMPT = 10;

  /// Asks a URL; redirects are followed.
  ///
  /// @param below the first status that is a failure
  static Check http(URI url, int below) {
    return deadline -> {
      Deadline attempt = deadline.orIn(ATTEMPT);
      HttpURLConnection connection = (HttpURLConnection) url.toURL().openConnection();
      try {
        connection.setConnectTimeout(attempt.millisLeft());
        connection.setReadTimeout(attempt.millisLeft());
        connection.setUseCaches(false);
        connection.setRequestProperty("User-Agent", "semper-run");
        int status = connection.getResponseCode();
        if (status < 0 || status >= below) {
          throw new FailedException("GET " + shown(url) + " answered " + status);
        }
      } catch (IOException e) {
        throw new FailedException("GET " + shown(url) + ": " + reason(e));
      } finally {
        connection.disconnect();
      }
    };
  }

  /// Without user, password and query, which may be secret.
  private static String shown(URI url) {
    return url.getScheme()
        + "://"
        + url.getHost()
        + (url.getPort() < 0 ? "" : ":" + url.getPort())
        + (url.getPath() == null ? "" : url.getPath());
  }

  static Check tcp(String host, int port) {
    return deadline -> {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(host, port), deadline.orIn(ATTEMPT).millisLeft());
      } catch (IOException e) {
        throw new FailedException(host + ":" + port + ": " + reason(e));
      }
    };
  }

  static Check directory(Path folder, boolean writable) {
    return deadline -> {
      if (!Files.isDirectory(folder)) {
        throw new FailedException(folder + " is no directory");
      }
      if (!Files.isReadable(folder) || !Files.isExecutable(folder)) {
        throw new FailedException(folder + " cannot be read");
      }
      if (writable && !Files.isWritable(folder)) {
        throw new FailedException(folder + " cannot be written");
      }
    };
  }

  /// Enough cores and free memory for so many workers.
  static Check resources(int workers, long bytesEach) {
    return deadline -> {
      int cores = Runtime.getRuntime().availableProcessors(); // the JVM heeds the cgroup
      if (cores < workers) {
        throw new FailedException(cores + " cores for " + workers + " workers");
      }
      long free = Usage.freeMemory();
      if (free < workers * bytesEach) {
        throw new FailedException(
            (free >> 20)
                + " MiB of memory are free, "
                + ((workers * bytesEach) >> 20)
                + " are needed");
      }
    };
  }

  /// Runs a program; 0 means there.
  static Check command(Children children, List<String> command) {
    return deadline -> {
      int code = Commands.run(children, command, List.of(), deadline);
      if (code != 0) {
        throw new FailedException(command.getFirst() + " ended with code " + code);
      }
    };
  }

  static String reason(Throwable e) {
    String message = e.getMessage();
    return e.getClass().getSimpleName().replace("Exception", "")
        + (message == null || message.isBlank()
            ? ""
            : ": " + message.strip().lines().findFirst().orElse(""));
  }
}
