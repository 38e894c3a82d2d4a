package dev.semper.engine.hook;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.hook.HookRun.Status;
import dev.semper.engine.spec.HookSpec;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Sends webhooks. Any 2xx answer is success. What may pass (no connection, no answer in time, 408,
/// 429, 5xx) is tried again with growing pauses for [#PATIENCE]; of a hook that an operation waits
/// for, within its timeout only. Redirects are not followed.
final class Webhooks {
  static final Duration PATIENCE = Duration.ofMinutes(10);
  static final String SIGNATURE = "X-Semper-Signature-256";
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /// @param status 0 if there was no answer
  private record Answer(int status, String body, String error) {
    boolean success() {
      return status >= 200 && status < 300;
    }

    boolean mayPass() {
      return status == 0 || status == 408 || status == 429 || status >= 500;
    }

    Ending ending(Status end, int tries) {
      String times = tries == 1 ? "" : " (try " + tries + ")";
      String message =
          success() ? "" : (error.isEmpty() ? "the receiver answered " + status : error) + times;
      return new Ending(end, null, null, status, body, "", message);
    }
  }

  private final Clock clock;

  Webhooks(Clock clock) {
    this.clock = clock;
  }

  /// @param cancelled waited upon during pauses
  Ending send(HookRun run, CompletableFuture<?> cancelled) throws InterruptedException {
    HookSpec.Webhook webhook = run.hook().webhook();
    if (webhook == null) {
      throw new IllegalArgumentException(run.id() + " is no webhook");
    }
    boolean patient = run.hook().async() || run.hook().type() == HookSpec.Type.ON_DESTROY;
    Duration patience =
        patient
            ? PATIENCE.minus(Duration.between(run.dueAt(), clock.instant()))
            : run.hook().timeout();
    long deadline = System.nanoTime() + patience.toNanos();
    Duration pause = FIRST_PAUSE;
    for (int tries = 1; ; tries++) {
      Answer answer = tryOnce(run, webhook);
      if (answer.success()) {
        return answer.ending(Status.SUCCEEDED, tries);
      }
      if (!answer.mayPass() || System.nanoTime() + pause.toNanos() - deadline > 0) {
        return answer.ending(Status.FAILED, tries);
      }
      if (rest(pause, cancelled)) {
        return answer.ending(Status.CANCELLED, tries);
      }
      pause = pause.multipliedBy(2);
      pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }
  }

  /// @return whether it was cancelled meanwhile
  private static boolean rest(Duration pause, CompletableFuture<?> cancelled)
      throws InterruptedException {
    try {
      cancelled.get(pause.toMillis(), TimeUnit.MILLISECONDS);
      return true;
    } catch (TimeoutException e) {
      return false;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e);
    }
  }

  /// A client of its own for each try: nothing of a receiver that hangs is left behind.
  private static Answer tryOnce(HookRun run, HookSpec.Webhook webhook) throws InterruptedException {
    Duration timeout = run.hook().timeout();
    byte[] body = Message.json(run).getBytes(UTF_8);
    var threads = Executors.newVirtualThreadPerTaskExecutor();
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .followRedirects(HttpClient.Redirect.NEVER)
            .connectTimeout(timeout)
            .executor(threads)
            .build();
    try {
      HttpRequest request = request(run, webhook, body, timeout);
      CompletableFuture<Answer> answer =
          client
              .sendAsync(request, HttpResponse.BodyHandlers.ofInputStream())
              .thenApplyAsync(Webhooks::answer, threads);
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      return new Answer(0, "", "no answer within " + timeout.toMillis() + " ms");
    } catch (ExecutionException e) {
      return new Answer(0, "", "no answer: " + e.getCause());
    } catch (IOException | GeneralSecurityException e) {
      return new Answer(0, "", "it cannot be signed: " + e);
    } finally {
      client.shutdownNow();
      threads.shutdownNow();
    }
  }

  private static HttpRequest request(
      HookRun run, HookSpec.Webhook webhook, byte[] body, Duration timeout)
      throws IOException, GeneralSecurityException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(webhook.url()))
            .timeout(timeout)
            .header("Content-Type", "application/json")
            .header("User-Agent", "Semper")
            .header("X-Semper-Event", run.hook().type().id())
            .header("X-Semper-Delivery", run.id())
            .method(webhook.method(), HttpRequest.BodyPublishers.ofByteArray(body));
    webhook.headers().forEach(request::setHeader);
    String signature = signature(webhook.secretFile(), body);
    if (signature != null) {
      request.setHeader(SIGNATURE, signature);
    }
    return request.build();
  }

  private static @Nullable String signature(@Nullable String secretFile, byte[] body)
      throws IOException, GeneralSecurityException {
    if (secretFile == null) {
      return null;
    }
    byte[] key = Files.readString(Path.of(secretFile)).strip().getBytes(UTF_8);
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body));
  }

  /// The first of the body is kept, the rest not read.
  private static Answer answer(HttpResponse<InputStream> response) {
    try (InputStream in = response.body()) {
      return new Answer(response.statusCode(), new String(in.readNBytes(Tail.BYTES), UTF_8), "");
    } catch (IOException e) {
      return new Answer(response.statusCode(), "", "the answer broke off: " + e);
    }
  }
}
