package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.store.Docs;
import dev.semper.engine.webhook.Receiver;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Posts to `/api/v2/alerts` of a Prometheus Alertmanager. It takes an alert for resolved at its
/// `endsAt`: what fires is given one far ahead.
final class AlertmanagerSender implements Sender {
  private final AlertChannel.Alertmanager channel;
  private @Nullable Receiver receiver;

  AlertmanagerSender(AlertChannel.Alertmanager channel) {
    this.channel = channel;
  }

  @Override
  public void send(Notification notification, int attempt)
      throws IOException, InterruptedException {
    Map<String, String> headers = new LinkedHashMap<>();
    if (channel.token() != null) {
      headers.put("Authorization", "Bearer " + Sender.secret(channel.token()));
    }
    if (receiver == null) {
      URI url = URI.create(channel.url().toString().replaceAll("/+$", "") + "/api/v2/alerts");
      receiver = Trust.receiver(url, channel.ca(), channel.timeout());
    }
    String json = Docs.write(alerts(notification, Instant.now()));
    Sender.require(receiver.send(json.getBytes(StandardCharsets.UTF_8), headers));
  }

  static List<Map<String, Object>> alerts(Notification notification, Instant now) {
    List<Map<String, Object>> alerts = new ArrayList<>();
    for (Notification.Item item : notification.alerts()) {
      Instant begun = item.firedAt() == null ? item.since() : item.firedAt();
      Instant end =
          item.resolvedAt() == null ? now.plus(notification.firesOn()) : item.resolvedAt();
      Map<String, String> annotations = new TreeMap<>(item.annotations());
      annotations.put("summary", item.summary());
      annotations.put("semper_alert", item.id());
      alerts.add(
          Map.of(
              "labels",
              item.labels(),
              "annotations",
              annotations,
              "startsAt",
              begun.toString(),
              "endsAt",
              end.toString()));
    }
    return alerts;
  }

  @Override
  public void close() {
    if (receiver != null) {
      receiver.close();
    }
  }
}
