package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.semper.engine.spec.AlertSettings;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.Store;
import dev.semper.engine.store.StoreConfig;
import dev.semper.engine.webhook.Backoff;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Deliveries from a real database to real receivers.
@Timeout(90)
abstract class OutboxContract {
  private final List<String> got = new CopyOnWriteArrayList<>();
  private final List<String> refused = new CopyOnWriteArrayList<>();
  private @TempDir Path dir = Path.of("");
  private @Nullable Store open;
  private @Nullable HttpServer receiver;
  private volatile Instant now = Instant.parse("2026-07-01T12:00:00Z");
  private long seq;

  @BeforeEach
  void begin() throws IOException {
    open = Store.open(config(dir));
    listen(0);
  }

  private void listen(int port) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 10);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext(
        "/",
        exchange -> {
          try (exchange) {
            String id = exchange.getRequestHeaders().getFirst("Semper-Delivery");
            exchange.getRequestBody().readAllBytes();
            if (refused.contains(id)) {
              exchange.sendResponseHeaders(400, -1);
            } else if (exchange.getRequestURI().getPath().equals("/round")) {
              exchange.getResponseHeaders().add("Location", "/");
              exchange.sendResponseHeaders(307, -1);
            } else {
              got.add(id);
              exchange.sendResponseHeaders(204, -1);
            }
          }
        });
    server.start();
    receiver = server;
  }

  @AfterEach
  void end() {
    Objects.requireNonNull(receiver).stop(0);
    store().close();
  }

  /// An empty database.
  ///
  /// @param dir of this test
  abstract StoreConfig config(Path dir);

  private Store store() {
    return Objects.requireNonNull(open);
  }

  private int port() {
    return Objects.requireNonNull(receiver).getAddress().getPort();
  }

  private AlertSettings channels(String... nameAndUrl) {
    StringBuilder toml = new StringBuilder("[alerts]\ngive_up_after = \"1h\"\n");
    for (int i = 0; i < nameAndUrl.length; i += 2) {
      toml.append("[[alerts.channels]]\ntype = \"webhook\"\ntimeout = \"1s\"\n");
      toml.append("name = \"%s\"\nurl = \"%s\"\n".formatted(nameAndUrl[i], nameAndUrl[i + 1]));
    }
    return SpecReader.readAlerts(toml.toString(), dir);
  }

  private String here() {
    return "http://127.0.0.1:" + port() + "/";
  }

  private void put(String id, String channel, String group) throws InterruptedException {
    Notification notification =
        new Notification(
            1,
            id,
            Notification.Reason.FIRING,
            "firing",
            java.util.Map.of(),
            now,
            Notifications.firing(id).alerts());
    Delivery delivery = Delivery.of(++seq, "default", channel, group, notification);
    store().commit(new Batch().put(delivery.row()));
  }

  private Delivery delivery(String id) {
    return Delivery.of(store().delivery(id).orElseThrow());
  }

  private void until(String id, Delivery.Status status) {
    await().atMost(Duration.ofSeconds(30)).until(() -> delivery(id).status() == status);
  }

  private Outbox outbox(AlertSettings settings) throws InterruptedException {
    return outbox(settings, Outbox.BACKOFF);
  }

  private Outbox outbox(AlertSettings settings, Backoff backoff) throws InterruptedException {
    Outbox outbox = new Outbox(store(), () -> now, new Random(3), backoff);
    outbox.start(settings);
    return outbox;
  }

  @Test
  void isNotHeldUpByAChannelThatHangs() throws Exception {
    try (ServerSocket hole = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
      String nowhere = "http://127.0.0.1:" + hole.getLocalPort() + "/";
      put("a1", "hangs", "g");
      put("b1", "works", "g");
      Outbox outbox = outbox(channels("hangs", nowhere, "works", here()));
      try (Socket _ = hole.accept()) {
        until("b1", Delivery.Status.DELIVERED);
        await().atMost(Duration.ofSeconds(30)).until(() -> delivery("a1").attempts() > 0);
        assertThat(delivery("a1").error()).isEqualTo("no answer within 1000 ms");
        assertThat(delivery("a1").status()).isEqualTo(Delivery.Status.PENDING);
      } finally {
        outbox.close();
      }
    }
  }

  @Test
  void letsOthersPassOneThatIsRefusedButKeepsTheOrderOfAGroup() throws Exception {
    refused.add("a1");
    put("a1", "ops", "a");
    put("a2", "ops", "a");
    put("b1", "ops", "b");
    Outbox outbox = outbox(channels("ops", here()));
    try {
      until("b1", Delivery.Status.DELIVERED);
      await().atMost(Duration.ofSeconds(30)).until(() -> delivery("a1").attempts() > 1);
      assertThat(got).containsExactly("b1");
      assertThat(delivery("a1").error()).isEqualTo("answered 400");

      refused.clear();
      until("a2", Delivery.Status.DELIVERED);
      assertThat(got).containsExactly("b1", "a1", "a2");
    } finally {
      outbox.close();
    }
  }

  /// A minute by the wall clock and by the number of tries; only the pauses are short.
  @Test
  void bringsAllInOrderWhenAReceiverComesBackAfterAMinute() throws Exception {
    int port = port();
    String here = here();
    Objects.requireNonNull(receiver).stop(0);
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add("d" + i);
      put("d" + i, "ops", "g" + i % 3);
    }
    Outbox outbox =
        outbox(channels("ops", here), new Backoff(Duration.ofMillis(20), Duration.ofMillis(100)));
    try {
      await().atMost(Duration.ofSeconds(30)).until(() -> delivery("d0").attempts() > 5);
      now = now.plusSeconds(60);
      put("late", "ops", "g0");
      all.add("late");
      outbox.wake();
      int tries = delivery("d0").attempts();
      await().atMost(Duration.ofSeconds(30)).until(() -> delivery("d0").attempts() > tries);
      assertThat(store().deliveriesByChannel("pending")).containsEntry("ops", 51L);
      assertThat(delivery("d0").error()).isEqualTo("cannot connect to 127.0.0.1:" + port);
      assertThat(delivery("d0").nextAttemptAt()).isAfterOrEqualTo(now);

      listen(port);
      until("late", Delivery.Status.DELIVERED);
      assertThat(got).isEqualTo(all);
    } finally {
      outbox.close();
    }
  }

  @Test
  void doesNotFollowRedirects() throws Exception {
    put("a1", "ops", "a");
    Outbox outbox = outbox(channels("ops", here() + "round"));
    try {
      await().atMost(Duration.ofSeconds(30)).until(() -> delivery("a1").attempts() > 0);
    } finally {
      outbox.close();
    }
    assertThat(delivery("a1").error()).isEqualTo("answered 307, a redirect, which is not followed");
    assertThat(got).isEmpty();
  }

  @Test
  void givesUpWhatIsTooOldButNeverAfterAFewAttempts() throws Exception {
    refused.add("a1");
    put("a1", "ops", "a");
    Delivery tried = delivery("a1");
    for (int i = 0; i < 8; i++) {
      tried = tried.failed("answered 400", now);
    }
    store().commit(new Batch().put(tried.row()));
    now = now.plus(Duration.ofHours(2));
    Outbox outbox = outbox(channels("ops", here()));
    outbox.close();
    assertThat(delivery("a1").status()).isEqualTo(Delivery.Status.PENDING);

    store().commit(new Batch().put(delivery("a1").failed("answered 400", now).row()));
    outbox = outbox(channels("ops", here()));
    try {
      until("a1", Delivery.Status.DEAD);
      assertThat(store().events().newest(EventFilter.ALL, 5))
          .extracting(Event::type)
          .contains("alert.delivery_dead");

      refused.clear();
      store().commit(new Batch().put(delivery("a1").again(now).row()));
      outbox.wake();
      until("a1", Delivery.Status.DELIVERED);
    } finally {
      outbox.close();
    }
  }

  @Test
  void givesUpWhatIsForAChannelThatIsNoMore() throws Exception {
    put("a1", "former", "a");
    Outbox outbox = outbox(channels("ops", here()));
    outbox.close();

    assertThat(delivery("a1").status()).isEqualTo(Delivery.Status.DEAD);
    assertThat(delivery("a1").error()).contains("no channel former");
  }
}
