package dev.semper.engine.alert;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.webhook.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;

/// Brings notifications to one channel. Called from one thread at a time, which may be interrupted.
interface Sender extends AutoCloseable {
  /// Returns once the receiver has it.
  ///
  /// @throws Refused if the receiver is there and does not want this one
  /// @throws IOException if it could not be brought there; another attempt may do better
  void send(Notification notification, int attempt) throws IOException, InterruptedException;

  @Override
  default void close() {}

  /// The receiver's no to one notification; others may be welcome.
  final class Refused extends IOException {
    private static final long serialVersionUID = 1;

    Refused(String message) {
      super(message);
    }
  }

  /// Makes the one for a channel; what it needs is loaded only then.
  static Sender of(AlertChannel channel) {
    return switch (channel) {
      case AlertChannel.Webhook webhook -> new WebhookSender(webhook);
      case AlertChannel.Alertmanager alertmanager -> new AlertmanagerSender(alertmanager);
      case AlertChannel.Email email -> new EmailSender(email);
      case AlertChannel.Command command -> new CommandSender(command);
    };
  }

  /// @throws Refused if it was answered with what another attempt would be answered with too
  static void require(Answer answer) throws IOException {
    if (answer.success()) {
      return;
    }
    // A redirect is a fault of the channel, not of the one notification.
    throw answer.mayPass() || answer.redirect()
        ? new IOException(answer.words())
        : new Refused(answer.words());
  }

  /// The secret as it is now, so that it can be changed without a restart.
  static String secret(AlertChannel.Secret secret) throws IOException {
    String text =
        switch (secret) {
          case AlertChannel.Secret.InFile f ->
              Files.readString(f.file(), StandardCharsets.UTF_8).strip();
          case AlertChannel.Secret.InVariable v -> System.getenv(v.name());
        };
    if (text == null || text.isEmpty()) {
      throw new IOException(
          switch (secret) {
            case AlertChannel.Secret.InFile f -> "the secret in " + f.file() + " is empty";
            case AlertChannel.Secret.InVariable v -> "there is no variable " + v.name();
          });
    }
    return text;
  }
}
