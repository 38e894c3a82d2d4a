package dev.semper.engine.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/// One address that JSON is sent to. The whole of a try has one deadline. Closed, it leaves nothing
/// behind, whatever the other side does.
public final class Receiver implements AutoCloseable {
  private static final int KEPT = 16 << 10;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpClient client;
  private final URI url;
  private final String method;
  private final Duration timeout;

  /// @param trust whose certificates are good; null = those the JDK trusts
  public Receiver(URI url, String method, @Nullable SSLContext trust, Duration timeout) {
    this.url = url;
    this.method = method;
    this.timeout = timeout;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .executor(threads);
    if (trust != null) {
      builder.sslContext(trust);
    }
    client = builder.build();
  }

  /// Tries once. Headers take the place of those set here.
  public Answer send(byte[] json, Map<String, String> headers) throws InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .header("User-Agent", "semper")
            .method(method, BodyPublishers.ofByteArray(json));
    headers.forEach(request::setHeader);
    CompletableFuture<HttpResponse<InputStream>> exchange =
        client.sendAsync(request.build(), BodyHandlers.ofInputStream());
    CompletableFuture<Answer> answer = exchange.thenApplyAsync(Receiver::answer, threads);
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return none(late());
    } catch (ExecutionException e) {
      return none(words(e.getCause()));
    } finally {
      end(exchange);
    }
  }

  /// Of one that has not ended in time nothing more is read.
  private static void end(CompletableFuture<HttpResponse<InputStream>> exchange) {
    if (!exchange.cancel(true) && exchange.state() == CompletableFuture.State.SUCCESS) {
      try {
        exchange.resultNow().body().close();
      } catch (IOException _) {
        // It was to be thrown away.
      }
    }
  }

  /// The first of the body is kept, the rest not read.
  private static Answer answer(HttpResponse<InputStream> response) {
    try (InputStream in = response.body()) {
      return new Answer(response.statusCode(), new String(in.readNBytes(KEPT), UTF_8), "");
    } catch (IOException e) {
      return new Answer(response.statusCode(), "", "the answer broke off: " + e);
    }
  }

  private static Answer none(String why) {
    return new Answer(0, "", why);
  }

  private String late() {
    return "no answer within " + timeout.toMillis() + " ms";
  }

  private String words(@Nullable Throwable cause) {
    return switch (cause) {
      case HttpConnectTimeoutException _ -> "cannot connect to " + url.getAuthority() + " in time";
      case ConnectException _ -> "cannot connect to " + url.getAuthority();
      case HttpTimeoutException _ -> late();
      case null -> "failed";
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
    threads.shutdownNow();
  }
}
