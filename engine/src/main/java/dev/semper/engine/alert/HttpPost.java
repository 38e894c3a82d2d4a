package dev.semper.engine.alert;

import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/// Posts JSON to one address. No redirects are followed: a receiver says itself where it is. The
/// whole exchange has one deadline, and the answer's body is thrown away.
final class HttpPost implements AutoCloseable {
  private final HttpClient client;
  private final URI url;
  private final Duration timeout;

  /// @param ca certificates to trust instead of the JDK's
  HttpPost(URI url, @Nullable Path ca, Duration timeout) throws IOException {
    this.url = url;
    this.timeout = timeout;
    HttpClient.Builder builder =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .executor(Executors.newThreadPerTaskExecutor(Thread.ofVirtual().factory()));
    if (ca != null) {
      builder.sslContext(Trust.context(ca));
    }
    client = builder.build();
  }

  /// @throws Sender.Refused if it was answered with 4xx, but for those that mean "later"
  void send(byte[] json, Map<String, String> headers) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(url)
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .header("User-Agent", "semper")
            .POST(BodyPublishers.ofByteArray(json));
    headers.forEach(request::setHeader);
    int status = status(client.sendAsync(request.build(), BodyHandlers.discarding()));
    if (status >= 200 && status < 300) {
      return;
    }
    String words = "answered " + status;
    if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429) {
      throw new Sender.Refused(words);
    }
    throw new IOException(
        status >= 300 && status < 400 ? words + ", a redirect, which is not followed" : words);
  }

  private int status(CompletableFuture<? extends HttpResponse<?>> answer)
      throws IOException, InterruptedException {
    try {
      return answer.get(timeout.toMillis(), TimeUnit.MILLISECONDS).statusCode();
    } catch (TimeoutException e) {
      throw new IOException(late(), e);
    } catch (ExecutionException e) {
      throw new IOException(words(e.getCause()), e);
    } finally {
      answer.cancel(true); // the exchange too
    }
  }

  private String late() {
    return "no answer within " + timeout.toMillis() + " ms";
  }

  private String words(@Nullable Throwable cause) {
    return switch (cause) {
      case ConnectException _ -> "cannot connect to " + url.getAuthority();
      case HttpConnectTimeoutException _ -> "cannot connect to " + url.getAuthority() + " in time";
      case HttpTimeoutException _ -> late();
      case null -> "failed";
      default -> cause.getMessage() == null ? cause.toString() : cause.getMessage();
    };
  }

  @Override
  public void close() {
    client.shutdownNow();
  }
}
