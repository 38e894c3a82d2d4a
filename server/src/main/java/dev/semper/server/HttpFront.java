package dev.semper.server;

import dev.semper.api.Wire;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.operation.Operations;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Takes requests from the network. The head is judged on the event loop, before a byte of the body
/// is kept; the handler runs on a virtual thread of its own with a time limit.
final class HttpFront {
  private static final Logger LOG = LoggerFactory.getLogger(HttpFront.class);
  static final int MAX_BODY = 8 << 20;

  /// Of all requests together, so that many large ones at once cannot use up the memory.
  static final int MAX_BODIES = 64 << 20;

  private static final int MAX_STREAMS = 256;
  private static final Duration HANDLER_LIMIT = Duration.ofSeconds(30);
  private static final Duration BODY_LIMIT = Duration.ofSeconds(30);
  private static final Duration DRAIN_LIMIT = Duration.ofSeconds(5);
  private static final Duration IDLE_LIMIT = Duration.ofMinutes(2);

  /// By W3C Trace Context; versions to come may add something. What has another form is none.
  private static final Pattern TRACEPARENT =
      Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-[!-~]{0,200})?");

  /// What requests are judged and carried out by, once the engine runs.
  record Desk(Gate gate, Scribe scribe, Metrics metrics) {}

  private final Vertx vertx;
  private final HttpServer server;
  private final int maxConnections;
  private final Promise<Desk> desk = Promise.promise();
  private final AtomicInteger connections = new AtomicInteger();
  private final AtomicInteger streams = new AtomicInteger();
  private final AtomicLong bodies = new AtomicLong();

  /// Threads that only wait for something to happen.
  private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();

  private volatile boolean closing;

  private HttpFront(Vertx vertx, int maxConnections) {
    this.vertx = vertx;
    this.maxConnections = maxConnections;
    this.server =
        vertx.createHttpServer(
            new HttpServerOptions()
                .setMaxHeaderSize(16 << 10)
                .setMaxInitialLineLength(8 << 10)
                .setIdleTimeout((int) IDLE_LIMIT.toSeconds())
                .setIdleTimeoutUnit(TimeUnit.SECONDS)
                .setTcpKeepAlive(true)
                .setHttp2ClearTextEnabled(false)
                .setCompressionSupported(false)
                .setDecompressionSupported(false));
  }

  /// Binds the port. `/healthz` answers from then on; everything else waits for [#open].
  static HttpFront bind(Vertx vertx, String host, int port, int maxConnections)
      throws IOException, InterruptedException {
    HttpFront front = new HttpFront(vertx, maxConnections);
    front.server.connectionHandler(front::connected);
    front.server.requestHandler(front::handle);
    front.server.invalidRequestHandler(front::refuse);
    try {
      await(front.server.listen(port, host), Duration.ofSeconds(20));
      return front;
    } catch (IOException e) {
      throw new IOException(
          "cannot listen on %s:%d: %s; is another server running there?"
              .formatted(host, port, e.getMessage()),
          e);
    }
  }

  int port() {
    return server.actualPort();
  }

  /// From now on requests are carried out.
  void open(Desk opened) {
    desk.complete(opened);
  }

  /// Takes no more requests, ends what only waits, and gives the others a moment to end.
  void close() throws InterruptedException {
    closing = true;
    desk.tryFail("the server is ending");
    waiting.forEach(Thread::interrupt);
    try {
      await(server.shutdown(500, TimeUnit.MILLISECONDS), Duration.ofSeconds(5));
    } catch (IOException e) {
      LOG.warn("the HTTP server did not end cleanly: {}", e.getMessage());
    }
  }

  private static <T> T await(Future<T> future, Duration limit)
      throws IOException, InterruptedException {
    try {
      return future
          .toCompletionStage()
          .toCompletableFuture()
          .get(limit.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      throw new IOException(SemperServer.reason(e), e.getCause());
    } catch (TimeoutException e) {
      throw new IOException("it took longer than " + limit.toSeconds() + " s", e);
    }
  }

  private void connected(HttpConnection connection) {
    int now = connections.incrementAndGet();
    connection.closeHandler(_ -> connections.decrementAndGet());
    if (now > maxConnections) {
      LOG.warn("refused a connection: {} are open", maxConnections);
      connection.close();
    }
  }

  private void handle(HttpServerRequest request) {
    if ("/healthz".equals(request.path()) && request.method().name().equals("GET")) {
      request.response().putHeader("Content-Type", "text/plain").end("ok\n");
      return;
    }
    request.exceptionHandler(_ -> {});
    if (desk.future().succeeded()) {
      judge(desk.future().result(), request);
      return;
    }
    request.pause();
    Context context = vertx.getOrCreateContext();
    desk.future()
        .onSuccess(opened -> context.runOnContext(_ -> judge(opened, request)))
        .onFailure(_ -> context.runOnContext(_ -> send(request, ending())));
  }

  /// Answers what is no HTTP; the connection ends then, for nobody knows where the next request
  /// begins.
  private void refuse(HttpServerRequest request) {
    Throwable cause = request.decoderResult().cause();
    int status =
        switch (cause) {
          case TooLongHttpLineException _ -> 414;
          case TooLongHttpHeaderException _ -> 431;
          case null, default -> 400;
        };
    String what =
        switch (status) {
          case 414 -> "The first line of the request is longer than 8 KiB; send less in the URL";
          case 431 ->
              "The headers of the request are larger than 16 KiB; send fewer or shorter ones";
          default -> "This is not a valid HTTP/1.1 request: its head cannot be read";
        };
    Answer answer =
        Errors.answer(
            new Refusal(
                status,
                ErrorCode.INVALID_REQUEST,
                what,
                List.of(new Problem("head", 0, "cannot be read as HTTP/1.1")),
                Map.of("Connection", "close")));
    LOG.debug("refused what is no HTTP: {}", String.valueOf(cause));
    send(request, answer);
    request.connection().shutdown();
  }

  private static Answer ending() {
    return Errors.answer(
        new SemperException(
            ErrorCode.SHUTTING_DOWN, "The server is ending; try again when it is back"));
  }

  private void judge(Desk open, HttpServerRequest request) {
    long start = System.nanoTime();
    request.pause();
    Gate.Visit visit = open.gate().visit(request);
    if (closing) {
      send(request, ending());
    } else if (visit.refusal != null) {
      run(open, request, visit, new byte[0], start);
    } else if (tooLong(request)) {
      visit.refusal = tooLarge();
      run(open, request, visit, new byte[0], start);
    } else {
      read(open, request, visit, start);
    }
  }

  private static boolean tooLong(HttpServerRequest request) {
    String length = request.getHeader("Content-Length");
    return length != null && (length.length() > 9 || Long.parseLong(length) > MAX_BODY);
  }

  private static Refusal tooLarge() {
    return new Refusal(
        413,
        ErrorCode.INVALID_REQUEST,
        "The body is larger than " + (MAX_BODY >> 20) + " MiB; split the document",
        List.of(new Problem("body", 0, "must not be larger than 8 MiB")),
        Map.of("Connection", "close"));
  }

  private static Refusal tooMany() {
    return new Refusal(
        503,
        ErrorCode.SHUTTING_DOWN,
        "The requests under way hold " + (MAX_BODIES >> 20) + " MiB already; try again soon",
        List.of(),
        Map.of("Connection", "close", "Retry-After", "1"));
  }

  private void read(Desk open, HttpServerRequest request, Gate.Visit visit, long start) {
    Buffer body = Buffer.buffer();
    AtomicLong held = new AtomicLong();
    long timer = vertx.setTimer(BODY_LIMIT.toMillis(), _ -> request.connection().close());
    Runnable letGo = () -> bodies.addAndGet(-held.getAndSet(0));
    request.handler(chunk -> {
      if (visit.refusal != null) {
        return;
      }
      held.addAndGet(chunk.length());
      if (bodies.addAndGet(chunk.length()) > MAX_BODIES) {
        visit.refusal = tooMany();
      } else if (body.length() + chunk.length() > MAX_BODY) {
        visit.refusal = tooLarge();
      } else {
        body.appendBuffer(chunk);
        return;
      }
      vertx.cancelTimer(timer);
      letGo.run();
      run(open, request, visit, new byte[0], start);
    });
    request.endHandler(_ -> {
      if (visit.refusal == null) {
        vertx.cancelTimer(timer);
        run(open, request, visit, body.getBytes(), start, letGo);
      }
    });
    request.exceptionHandler(_ -> {
      vertx.cancelTimer(timer);
      letGo.run();
    });
    request.resume();
  }

  private void run(
      Desk open, HttpServerRequest request, Gate.Visit visit, byte[] body, long start) {
    run(open, request, visit, body, start, () -> {});
  }

  private void run(
      Desk open,
      HttpServerRequest request,
      Gate.Visit visit,
      byte[] body,
      long start,
      Runnable after) {
    Context context = vertx.getOrCreateContext();
    Thread thread =
        Thread.ofVirtual()
            .name("request")
            .unstarted(() -> {
              try {
                work(open, request, visit, body, start, context);
              } finally {
                after.run();
              }
            });
    thread.start();
  }

  private void work(
      Desk open,
      HttpServerRequest request,
      Gate.Visit visit,
      byte[] body,
      long start,
      Context context) {
    try {
      Answer answer = answer(open, request, visit, body);
      open.metrics().request(visit.endpoint, answer.status(), System.nanoTime() - start);
      if (answer instanceof Answer.Stream stream) {
        stream(request, stream, context);
      } else {
        context.runOnContext(_ -> send(request, answer));
      }
    } finally {
      waiting.remove(Thread.currentThread());
    }
  }

  private Answer answer(Desk open, HttpServerRequest request, Gate.Visit visit, byte[] body) {
    Routes.Route route = visit.route;
    Refusal refusal = visit.refusal;
    if (route == null) {
      return Errors.answer(refusal == null ? new IllegalStateException("no route") : refusal);
    }
    Thread thread = Thread.currentThread();
    long poll = longPoll(request);
    if (poll > 0) {
      waiting.add(thread);
    }
    long limit = HANDLER_LIMIT.toMillis() + poll;
    long timer = vertx.setTimer(limit, _ -> thread.interrupt());
    try {
      if (refusal != null) {
        throw refusal;
      }
      Call call = open.gate().admit(request, visit, body);
      Scribe.Testimony testimony = open.scribe().testimony(route, call);
      ScopedValue.Carrier bound = ScopedValue.where(Operations.WITNESS, testimony);
      String traceparent = request.getHeader("traceparent");
      if (traceparent != null && TRACEPARENT.matcher(traceparent).matches()) {
        bound = bound.where(Operations.TRACEPARENT, traceparent);
      }
      Answer answer = bound.call(() -> route.handler().handle(call));
      open.scribe().granted(testimony);
      return answer;
    } catch (Exception | Error e) {
      return open.scribe().refused(route, visit, e);
    } finally {
      vertx.cancelTimer(timer);
      Thread.interrupted();
    }
  }

  /// A long poll may take as much longer as it asks to wait.
  private static long longPoll(HttpServerRequest request) {
    return request.getParam("wait") == null ? 0 : 60_000;
  }

  private void stream(HttpServerRequest request, Answer.Stream stream, Context context) {
    if (streams.incrementAndGet() > MAX_STREAMS) {
      streams.decrementAndGet();
      Refusal refusal =
          new Refusal(
              503,
              ErrorCode.SHUTTING_DOWN,
              "There are " + MAX_STREAMS + " streams open already; end some",
              List.of(),
              Map.of("Retry-After", "10"));
      context.runOnContext(_ -> send(request, Errors.answer(refusal)));
      return;
    }
    Thread thread = Thread.currentThread();
    waiting.add(thread);
    HttpServerResponse response = request.response();
    context.runOnContext(_ -> {
      response.closeHandler(_ -> thread.interrupt());
      response.setStatusCode(200).setChunked(true);
      response.putHeader("Content-Type", stream.contentType());
      response.putHeader("Cache-Control", "no-store");
      stream.headers().forEach(response::putHeader);
      if (request.version() != HttpVersion.HTTP_1_0) {
        response.writeHead(); // without chunks the head can only go with the first bytes
      }
    });
    try {
      if (closing) {
        throw new InterruptedException();
      }
      stream.source().writeTo(new Outlet(context, response));
      context.runOnContext(_ -> end(response));
    } catch (InterruptedException _) {
      context.runOnContext(_ -> end(response));
    } catch (IOException e) {
      LOG.debug("a stream ended: {}", e.getMessage());
      context.runOnContext(_ -> request.connection().close());
    } catch (RuntimeException e) {
      LOG.error("a stream failed by a defect", e);
      context.runOnContext(_ -> request.connection().close());
    } finally {
      streams.decrementAndGet();
    }
  }

  private static void end(HttpServerResponse response) {
    if (!response.ended() && !response.closed()) {
      response.end();
    }
  }

  private void send(HttpServerRequest request, Answer answer) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed()) {
      return;
    }
    response.setStatusCode(answer.status());
    response.putHeader("Cache-Control", "no-store");
    response.putHeader("X-Content-Type-Options", "nosniff");
    answer.headers().forEach(response::putHeader);
    Future<Void> sent =
        switch (answer) {
          case Answer.Json json -> {
            response.putHeader("Content-Type", json.contentType());
            yield response.end(Buffer.buffer(Wire.JSON.writeValueAsBytes(json.body())));
          }
          case Answer.Text text -> {
            response.putHeader("Content-Type", text.contentType());
            yield response.end(text.body());
          }
          case Answer.Empty _, Answer.NotModified _ -> response.end();
          case Answer.Stream _ -> throw new IllegalStateException("streams are not sent whole");
        };
    if (!request.isEnded()) {
      sent.onComplete(_ -> drain(request));
    }
  }

  /// Reads and drops what the client is still sending: closing at once would reset the connection
  /// before it has read the answer.
  private void drain(HttpServerRequest request) {
    long timer = vertx.setTimer(DRAIN_LIMIT.toMillis(), _ -> request.connection().close());
    request.handler(_ -> {});
    request.endHandler(_ -> vertx.cancelTimer(timer));
    request.exceptionHandler(_ -> vertx.cancelTimer(timer));
    request.resume();
  }
}
