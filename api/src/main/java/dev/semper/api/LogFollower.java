package dev.semper.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.http.HttpResponse;
import java.util.Map;

/// Copies a log across broken connections: knows the position of each byte it has copied.
final class LogFollower {
  private final SemperClient client;
  private final String path;
  private final LogQuery log;
  private long position = -1;

  LogFollower(SemperClient client, String path, LogQuery log) {
    this.client = client;
    this.path = path;
    this.log = log;
    if (log.position() != null) {
      position = log.position();
    }
  }

  long copy(OutputStream out) throws IOException {
    int failures = 0;
    while (!Thread.currentThread().isInterrupted()) {
      try {
        HttpResponse<InputStream> response = open();
        failures = 0;
        if (copy(response, out) && !log.follow()) {
          return position;
        }
      } catch (UnreachableException e) {
        failures++;
        if (!log.follow() || failures > 10) {
          throw e;
        }
      }
      if (failures > 0) {
        SemperClient.pause(failures);
      }
    }
    return position;
  }

  private HttpResponse<InputStream> open() {
    Map<String, Object> query =
        client.query(
            "instance",
            log.instance(),
            "lines",
            position < 0 ? log.lines() : null,
            "position",
            position < 0 ? null : position,
            "follow",
            log.follow() ? true : null);
    return client.open(path, query, Map.of());
  }

  /// @return whether the answer came to its end
  private boolean copy(HttpResponse<InputStream> response, OutputStream out) throws IOException {
    long start = SemperClient.number(response, "Semper-Log-Position");
    if (start >= 0) {
      position = start;
    }
    try (InputStream in = response.body()) {
      byte[] buffer = new byte[16 * 1024];
      while (true) {
        int read;
        try {
          read = in.read(buffer);
        } catch (IOException e) {
          throw new UnreachableException(client.server(), e);
        }
        if (read < 0) {
          return true;
        }
        out.write(buffer, 0, read);
        out.flush();
        position += read;
      }
    }
  }
}
