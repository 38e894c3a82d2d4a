package dev.semper.engine.hook;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.semper.engine.hook.HookRun.Status;
import dev.semper.engine.spec.HookSpec;
import dev.semper.engine.webhook.Answer;
import dev.semper.engine.webhook.Backoff;
import dev.semper.engine.webhook.Receiver;
import dev.semper.engine.webhook.Signature;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// Sends webhooks. Any 2xx answer is success. What may pass is tried again with growing pauses for
/// [#PATIENCE]; of a hook that an operation waits for, within its timeout only. Redirects are not
/// followed.
final class Webhooks {
  static final Duration PATIENCE = Duration.ofMinutes(10);
  private static final Backoff BACKOFF = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30));

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
    for (int tries = 1; ; tries++) {
      Answer answer = tryOnce(run, webhook, tries);
      Duration pause = BACKOFF.after(tries);
      if (answer.success()) {
        return ending(answer, Status.SUCCEEDED, tries);
      }
      if (!answer.mayPass() || System.nanoTime() + pause.toNanos() - deadline > 0) {
        return ending(answer, Status.FAILED, tries);
      }
      if (rest(pause, cancelled)) {
        return ending(answer, Status.CANCELLED, tries);
      }
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
  private Answer tryOnce(HookRun run, HookSpec.Webhook webhook, int tries)
      throws InterruptedException {
    byte[] body = Message.json(run).getBytes(UTF_8);
    Map<String, String> headers = new TreeMap<>(webhook.headers());
    headers.put("Semper-Event", run.hook().type().id());
    headers.put("Semper-Delivery", run.id());
    headers.put("Semper-Attempt", Integer.toString(tries));
    try (Receiver receiver =
        new Receiver(URI.create(webhook.url()), webhook.method(), null, run.hook().timeout())) {
      if (webhook.secretFile() != null) {
        String secret = Files.readString(Path.of(webhook.secretFile())).strip();
        headers.putAll(Signature.headers(secret, clock.instant(), body));
      }
      return receiver.send(body, headers);
    } catch (IOException e) {
      return new Answer(0, "", "it cannot be signed: " + e);
    }
  }

  private static Ending ending(Answer answer, Status end, int tries) {
    String times = tries == 1 ? "" : " (try " + tries + ")";
    String words = answer.error().isEmpty() ? "the receiver " + answer.words() : answer.error();
    String message = answer.success() ? "" : words + times;
    return new Ending(end, null, null, answer.status(), answer.body(), "", message);
  }
}
