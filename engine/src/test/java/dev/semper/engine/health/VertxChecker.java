package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// The same http check with the client of Vert.x on one event loop: what the benchmark compares
/// with.
final class VertxChecker implements Checker {
  private final Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
  private final HttpClient client =
      vertx.createHttpClient(
          new HttpClientOptions().setKeepAlive(false).setTcpNoDelay(true),
          new PoolOptions().setHttp1MaxSize(100_000).setEventLoopSize(1));
  private final Map<Check, HttpClientRequest> open = new ConcurrentHashMap<>();

  @Override
  public void start(Check check) {
    ProbeSpec.Http http = (ProbeSpec.Http) check.subject.spec().method();
    check.begin();
    client
        .request(
            new RequestOptions()
                .setMethod(HttpMethod.GET)
                .setHost(http.host())
                .setPort(check.port())
                .setURI(http.path())
                .putHeader("User-Agent", "semper-probe/1"))
        .compose(request -> {
          open.put(check, request);
          return request.send();
        })
        .compose(answer -> answer.body().map(_ -> answer.statusCode()))
        .onComplete(status -> {
          open.remove(check);
          check.end(
              status.succeeded() && status.result() == 200
                  ? new Outcome.Passed()
                  : new Outcome.Failed(String.valueOf(status.cause())));
        });
  }

  @Override
  public void cancel(Check check) {
    HttpClientRequest request = open.remove(check);
    if (request != null) {
      request.reset();
    }
  }
}
