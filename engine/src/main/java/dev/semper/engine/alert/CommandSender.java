package dev.semper.engine.alert;

import dev.semper.engine.alert.Notification.Item;
import dev.semper.engine.spec.AlertChannel;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// Runs a program with the JSON on its standard input and the gist in `SEMPER_…` variables. Of the
/// server's own variables it is given `PATH`, `HOME`, `LANG` and `TZ` only: the others may be
/// secret. When its time is over, it and its children are ended.
final class CommandSender implements Sender {
  private static final int MOST_OUTPUT = 2_000;
  private static final List<String> INHERITED = List.of("PATH", "HOME", "LANG", "LC_ALL", "TZ");

  private final AlertChannel.Command channel;

  CommandSender(AlertChannel.Command channel) {
    this.channel = channel;
  }

  @Override
  public void send(Notification notification, int attempt)
      throws IOException, InterruptedException {
    ProcessBuilder builder = new ProcessBuilder(channel.exec()).redirectErrorStream(true);
    builder.environment().keySet().retainAll(INHERITED);
    builder.environment().putAll(environment(notification, attempt));
    Process process = builder.start();
    try {
      byte[] json = notification.json().getBytes(StandardCharsets.UTF_8);
      Thread.startVirtualThread(() -> feed(process.getOutputStream(), json));
      ByteArrayOutputStream output = new ByteArrayOutputStream();
      Thread reader = Thread.startVirtualThread(() -> read(process.getInputStream(), output));
      if (!process.waitFor(channel.timeout().toMillis(), TimeUnit.MILLISECONDS)) {
        throw new IOException("has not ended within " + channel.timeout().toMillis() + " ms");
      }
      reader.join(200); // a child it has left behind may hold the pipe for ever
      if (process.exitValue() != 0) {
        String said = output.toString(StandardCharsets.UTF_8).strip();
        throw new IOException(
            "ended with code " + process.exitValue() + (said.isEmpty() ? "" : ": " + said));
      }
    } finally {
      end(process);
    }
  }

  private static void feed(OutputStream stdin, byte[] json) {
    try (stdin) {
      stdin.write(json);
    } catch (IOException _) {
      // It need not read it; its exit code tells.
    }
  }

  private static void read(InputStream stdout, ByteArrayOutputStream output) {
    byte[] buffer = new byte[1024];
    try (stdout) {
      for (int n = stdout.read(buffer); n >= 0; n = stdout.read(buffer)) {
        int room = MOST_OUTPUT - output.size();
        if (room > 0) {
          output.write(buffer, 0, Math.min(n, room));
        }
      }
    } catch (IOException _) {
      // closed because its time was over
    }
  }

  private static void end(Process process) throws IOException {
    try (Stream<ProcessHandle> children = process.descendants()) {
      if (process.isAlive()) {
        children.forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
      }
    }
    process.getInputStream().close();
    process.getOutputStream().close();
  }

  static Map<String, String> environment(Notification n, int attempt) {
    String workloads =
        n.alerts().stream()
            .map(Item::workload)
            .filter(w -> w != null)
            .distinct()
            .collect(Collectors.joining(" "));
    return Map.of(
        "SEMPER_DELIVERY", n.delivery(),
        "SEMPER_ATTEMPT", Integer.toString(attempt),
        "SEMPER_REASON", n.reason().id(),
        "SEMPER_STATUS", n.status(),
        "SEMPER_SEVERITY", n.severity().name().toLowerCase(Locale.ROOT),
        "SEMPER_TENANT", n.group().getOrDefault("tenant", ""),
        "SEMPER_WORKLOADS", workloads,
        "SEMPER_ALERTS", Integer.toString(n.alerts().size()),
        "SEMPER_TITLE", n.title());
  }
}
