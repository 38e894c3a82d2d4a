package dev.semper.server;

import java.io.IOException;
import java.util.Map;

/// What a handler answers.
sealed interface Answer {
  int status();

  Map<String, String> headers();

  /// @param body a wire record
  record Json(int status, Object body, String contentType, Map<String, String> headers)
      implements Answer {}

  record Text(int status, String body, String contentType) implements Answer {
    @Override
    public Map<String, String> headers() {
      return Map.of();
    }
  }

  record Empty() implements Answer {
    @Override
    public int status() {
      return 204;
    }

    @Override
    public Map<String, String> headers() {
      return Map.of();
    }
  }

  /// What the caller has already.
  record NotModified(Map<String, String> headers) implements Answer {
    @Override
    public int status() {
      return 304;
    }
  }

  /// An answer that is written bit by bit.
  record Stream(String contentType, Map<String, String> headers, Source source) implements Answer {
    @Override
    public int status() {
      return 200;
    }
  }

  /// Writes a stream; returns at its end. Ends by an exception of the outlet when the reader is
  /// gone.
  @FunctionalInterface
  interface Source {
    void writeTo(Outlet outlet) throws IOException, InterruptedException;
  }

  static Answer ok(Object body) {
    return json(200, body, Map.of());
  }

  static Answer json(int status, Object body, Map<String, String> headers) {
    return new Json(status, body, "application/json", headers);
  }
}
