package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.webhook.Receiver;
import dev.semper.engine.webhook.Signature;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Posts a [Notification] as JSON; with a secret it is signed.
final class WebhookSender implements Sender {
  private final AlertChannel.Webhook channel;
  private @Nullable Receiver receiver;

  WebhookSender(AlertChannel.Webhook channel) {
    this.channel = channel;
  }

  @Override
  public void send(Notification notification, int attempt)
      throws IOException, InterruptedException {
    byte[] body = notification.json().getBytes(StandardCharsets.UTF_8);
    Map<String, String> headers = new TreeMap<>(channel.headers());
    headers.put("Semper-Delivery", notification.delivery());
    headers.put("Semper-Attempt", Integer.toString(attempt));
    if (channel.secret() != null) {
      headers.putAll(Signature.headers(Sender.secret(channel.secret()), Instant.now(), body));
    }
    if (receiver == null) {
      receiver = Trust.receiver(channel.url(), channel.ca(), channel.timeout());
    }
    Sender.require(receiver.send(body, headers));
  }

  @Override
  public void close() {
    if (receiver != null) {
      receiver.close();
    }
  }
}
