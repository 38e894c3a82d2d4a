package dev.semper.engine.spec;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Where alerts are sent. Secrets are named here and read when they are used, never held.
public sealed interface AlertChannel {
  /// Unique; shown with each delivery.
  String name();

  /// The word for it in a file.
  String type();

  /// Of one attempt, default 10 s.
  Duration timeout();

  /// A secret, in a file (its first line counts) or a variable of the server's environment.
  sealed interface Secret {
    record InFile(Path file) implements Secret {}

    record InVariable(String name) implements Secret {}
  }

  /// Posts Semper's own JSON.
  ///
  /// @param secret signs what is sent; null = unsigned
  /// @param ca certificates (PEM) to trust instead of the JDK's
  record Webhook(
      String name,
      URI url,
      @Nullable Secret secret,
      Map<String, String> headers,
      @Nullable Path ca,
      Duration timeout)
      implements AlertChannel {
    public Webhook {
      headers = Map.copyOf(headers);
    }

    @Override
    public String type() {
      return "webhook";
    }
  }

  /// Posts to `/api/v2/alerts` of a Prometheus Alertmanager.
  ///
  /// @param url of the Alertmanager, without the path of its API
  /// @param token sent as bearer token
  record Alertmanager(
      String name, URI url, @Nullable Secret token, @Nullable Path ca, Duration timeout)
      implements AlertChannel {
    @Override
    public String type() {
      return "alertmanager";
    }
  }

  /// Sends mail by SMTP.
  ///
  /// @param user null = no authentication
  record Email(
      String name,
      String host,
      int port,
      Tls tls,
      @Nullable String user,
      @Nullable Secret password,
      String from,
      List<String> to,
      @Nullable Path ca,
      Duration timeout)
      implements AlertChannel {
    public Email {
      to = List.copyOf(to);
    }

    @Override
    public String type() {
      return "email";
    }
  }

  /// How a connection to a mail server is protected.
  enum Tls {
    NONE,
    /// Refused if the server does not offer it.
    STARTTLS,
    /// From the first byte on.
    IMPLICIT
  }

  /// Runs a program with the JSON of a webhook on its standard input; exit code 0 = delivered.
  record Command(String name, List<String> exec, Duration timeout) implements AlertChannel {
    public Command {
      exec = List.copyOf(exec);
    }

    @Override
    public String type() {
      return "command";
    }
  }
}
