package dev.semper.probe.grpc;

import dev.semper.spi.ProbeOutcome;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientAgent;
import io.vertx.core.http.HttpClientConnection;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpConnectOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.core.net.PemTrustOptions;
import java.net.ConnectException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/// Speaks the health protocol: one client and one connection per check, as a new client of the
/// instance would make. One event loop serves all checks.
final class HealthClient implements AutoCloseable {
  private static final String PATH = "/grpc.health.v1.Health/Check";

  private final Vertx vertx =
      Vertx.vertx(
          new VertxOptions()
              .setEventLoopPoolSize(1)
              .setWorkerPoolSize(1)
              .setInternalBlockingPoolSize(2)
              .setUseDaemonThread(true));

  /// @param service empty = the server as a whole
  /// @param tls null = in clear
  record Question(
      String host, int port, String service, @Nullable Map<?, ?> tls, Duration timeout) {
    String at() {
      return host + ":" + port;
    }
  }

  ProbeOutcome check(Question question) throws InterruptedException {
    HttpConnectOptions options =
        new HttpConnectOptions()
            .setHost(question.host())
            .setPort(question.port())
            .setConnectTimeout(question.timeout().toMillis());
    if (question.tls() != null) {
      Object caFile = question.tls().get("ca_file");
      if (caFile != null && !Files.isReadable(Path.of(caFile.toString()))) {
        return new ProbeOutcome.Errored("The ca_file " + caFile + " cannot be read");
      }
      options.setSsl(true).setSslOptions(ssl(question.tls()));
      Object name = question.tls().get("server_name");
      if (name != null) {
        options
            .setServer(
                io.vertx.core.net.SocketAddress.inetSocketAddress(question.port(), question.host()))
            .setHost(name.toString());
      }
    }
    HttpClientAgent client =
        vertx.createHttpClient(
            new HttpClientOptions()
                .setProtocolVersion(HttpVersion.HTTP_2)
                .setUseAlpn(question.tls() != null)
                .setHttp2ClearTextUpgrade(false));
    Future<HttpClientConnection> connecting = client.connect(options);
    try {
      Future<ProbeOutcome> answer = connecting.compose(connection -> ask(connection, question));
      return outcome(answer.toCompletionStage().toCompletableFuture(), question);
    } finally {
      // With its connection, even one that is only half there.
      client.close();
    }
  }

  private static ProbeOutcome outcome(CompletableFuture<ProbeOutcome> answer, Question question)
      throws InterruptedException {
    try {
      return answer.get();
    } catch (ExecutionException e) {
      String why =
          switch (e.getCause()) {
            case ConnectException _ -> "connection refused";
            case ClosedChannelException _ -> "it closed the connection";
            case null -> "unknown";
            case Throwable t -> t.getMessage() == null ? t.toString() : t.getMessage();
          };
      return new ProbeOutcome.Failed(
          "No gRPC answer from %s: %s"
              .formatted(question.at(), why.lines().findFirst().orElse("")));
    }
  }

  private static ClientSSLOptions ssl(Map<?, ?> tls) {
    boolean verify = Boolean.TRUE.equals(tls.get("verify"));
    ClientSSLOptions options =
        new ClientSSLOptions()
            .setUseAlpn(true)
            .setTrustAll(!verify)
            .setHostnameVerificationAlgorithm(verify ? "HTTPS" : "");
    options.setApplicationLayerProtocols(List.of("h2"));
    if (tls.get("ca_file") instanceof String file) {
      options.setTrustOptions(new PemTrustOptions().addCertPath(file));
    }
    return options;
  }

  private static Future<ProbeOutcome> ask(HttpClientConnection connection, Question question) {
    return connection
        .request(
            new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setURI(PATH)
                .putHeader("content-type", "application/grpc")
                .putHeader("te", "trailers")
                .putHeader("user-agent", "semper-probe/1")
                .putHeader("grpc-timeout", question.timeout().toMillis() + "m"))
        .compose(request -> answer(request, question));
  }

  private static Future<ProbeOutcome> answer(HttpClientRequest request, Question question) {
    return request
        .send(HealthMessages.request(question.service()))
        .compose(response -> read(response, question));
  }

  private static Future<ProbeOutcome> read(HttpClientResponse response, Question question) {
    if (response.statusCode() != 200) {
      return Future.succeededFuture(
          new ProbeOutcome.Failed(
              "HTTP %d from %s, which is not gRPC"
                  .formatted(response.statusCode(), question.at())));
    }
    Promise<ProbeOutcome> outcome = Promise.promise();
    Buffer body = Buffer.buffer();
    response.exceptionHandler(outcome::tryFail);
    response.handler(part -> {
      if (body.length() + part.length() > HealthMessages.LONGEST) {
        outcome.tryComplete(
            new ProbeOutcome.Failed("The answer of %s is too long".formatted(question.at())));
        response.request().reset();
      } else {
        body.appendBuffer(part);
      }
    });
    response.endHandler(_ ->
        outcome.tryComplete(
            HealthMessages.judge(
                question,
                trailer(response, "grpc-status"),
                trailer(response, "grpc-message"),
                body.getBytes())));
    return outcome.future();
  }

  /// An answer without a body has its trailers among the headers.
  private static @Nullable String trailer(HttpClientResponse response, String name) {
    String trailer = response.getTrailer(name);
    return trailer != null ? trailer : response.getHeader(name);
  }

  @Override
  public void close() {
    vertx.close();
  }
}
