package dev.semper.server;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Writes a streamed answer from a virtual thread: each write waits until the reader has taken it,
/// so that a slow reader slows nobody but itself.
final class Outlet {
  private static final long PATIENCE_SECONDS = 60;
  private final Context context;
  private final HttpServerResponse response;

  Outlet(Context context, HttpServerResponse response) {
    this.context = context;
    this.response = response;
  }

  void write(ByteBuffer bytes) throws IOException, InterruptedException {
    byte[] copy = new byte[bytes.remaining()];
    bytes.get(copy);
    write(Buffer.buffer(copy));
  }

  void write(String text) throws IOException, InterruptedException {
    write(Buffer.buffer(text));
  }

  private void write(Buffer buffer) throws IOException, InterruptedException {
    CompletableFuture<Void> written = new CompletableFuture<>();
    context.runOnContext(_ -> {
      if (response.closed() || response.ended()) {
        written.completeExceptionally(new IOException("the reader is gone"));
      } else {
        response
            .write(buffer)
            .onSuccess(_ -> written.complete(null))
            .onFailure(written::completeExceptionally);
      }
    });
    try {
      written.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new IOException("the reader is gone", e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("the reader has taken nothing for " + PATIENCE_SECONDS + " s", e);
    }
  }
}
