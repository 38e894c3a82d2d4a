package dev.semper.api;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads server-sent events across broken connections.
final class EventFollower {
  private final SemperClient client;
  private final EventQuery events;
  private final EventListener listener;
  private @Nullable Long last;
  private int failures;

  EventFollower(SemperClient client, EventQuery events, EventListener listener) {
    this.client = client;
    this.events = events;
    this.listener = listener;
    this.last = events.after();
  }

  void run() {
    while (!Thread.currentThread().isInterrupted()) {
      try {
        if (!read()) {
          return;
        }
        if (!fail(new IOException("the server ended the stream"))) {
          return;
        }
      } catch (UnreachableException e) {
        if (!fail(e.getCause() == null ? e : e.getCause())) {
          return;
        }
      }
    }
  }

  private boolean fail(Throwable cause) {
    failures++;
    if (!listener.broken(new UnreachableException(client.server(), cause), failures)) {
      return false;
    }
    SemperClient.pause(failures);
    return true;
  }

  /// @return false if the listener wants no more
  private boolean read() {
    Map<String, Object> query = client.query(events);
    Map<String, String> headers = Map.of("Accept", "text/event-stream");
    if (last != null) {
      query.put("after", last);
    } else {
      query.put("after", "now");
    }
    HttpResponse<InputStream> response = client.open("/api/v1/events/stream", query, headers);
    long from = SemperClient.number(response, "Semper-Event-Position");
    if (last == null && from >= 0) {
      last = from;
    }
    try (BufferedReader in =
        new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
      return read(in);
    } catch (IOException e) {
      throw new UnreachableException(client.server(), e);
    }
  }

  private boolean read(BufferedReader in) throws IOException {
    String type = "";
    Long id = null;
    StringBuilder data = new StringBuilder();
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      failures = 0;
      if (line.startsWith("event:")) {
        type = line.substring(6).strip();
      } else if (line.startsWith("data:")) {
        data.append(line.substring(5).strip());
      } else if (line.startsWith("id:")) {
        id = Long.valueOf(line.substring(3).strip());
      } else if (line.isEmpty() && !data.isEmpty()) {
        if (!deliver(type, data.toString())) {
          return false;
        }
        last = id == null ? last : id;
        data.setLength(0);
        type = "";
      }
    }
    return true;
  }

  private boolean deliver(String type, String data) {
    if (type.equals("gap")) {
      return listener.gap(Wire.JSON.readValue(data, EventGap.class));
    }
    return listener.event(Wire.JSON.readValue(data, EventInfo.class));
  }
}
