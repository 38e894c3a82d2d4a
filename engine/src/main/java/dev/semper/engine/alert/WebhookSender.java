package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.store.Docs;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Posts a [Notification] as JSON. With a secret, `Semper-Signature` is `sha256=` and the
/// HMAC-SHA256 (hex) of the value of `Semper-Timestamp` (seconds since 1970), a dot, and the body.
final class WebhookSender implements Sender {
  private final AlertChannel.Webhook channel;
  private @Nullable HttpPost post;

  WebhookSender(AlertChannel.Webhook channel) {
    this.channel = channel;
  }

  @Override
  public void send(Notification notification, int attempt)
      throws IOException, InterruptedException {
    byte[] body = Docs.write(notification).getBytes(StandardCharsets.UTF_8);
    Map<String, String> headers = new TreeMap<>(channel.headers());
    headers.put("Semper-Delivery", notification.delivery());
    headers.put("Semper-Attempt", Integer.toString(attempt));
    if (channel.secret() != null) {
      String timestamp = Long.toString(Instant.now().getEpochSecond());
      headers.put("Semper-Timestamp", timestamp);
      headers.put("Semper-Signature", signature(Sender.secret(channel.secret()), timestamp, body));
    }
    if (post == null) {
      post = new HttpPost(channel.url(), channel.ca(), channel.timeout());
    }
    post.send(body, headers);
  }

  static String signature(String secret, String timestamp, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      mac.update((timestamp + ".").getBytes(StandardCharsets.UTF_8));
      return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    if (post != null) {
      post.close();
    }
  }
}
