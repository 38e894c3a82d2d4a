package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.spec.AlertChannel;
import dev.semper.engine.spec.AlertChannel.Tls;
import jakarta.mail.MessagingException;
import jakarta.mail.Session;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.subethamail.smtp.auth.EasyAuthenticationHandlerFactory;
import org.subethamail.smtp.auth.LoginFailedException;
import org.subethamail.smtp.helper.SimpleMessageListener;
import org.subethamail.smtp.server.SMTPServer;

/// Mail to a real SMTP server over TCP, with real certificates.
@Timeout(120)
class EmailSenderTest {
  private static @TempDir Path dir = Path.of("");

  private final List<MimeMessage> mails = new CopyOnWriteArrayList<>();

  @BeforeAll
  static void makeCertificates() throws Exception {
    for (String name : List.of("server", "stranger")) {
      keytool(
          "-genkeypair",
          "-alias",
          name,
          "-keyalg",
          "EC",
          "-dname",
          "CN=localhost",
          "-ext",
          "SAN=dns:localhost,ip:127.0.0.1",
          "-keystore",
          dir.resolve(name + ".p12").toString(),
          "-storepass",
          "secret");
      keytool(
          "-exportcert",
          "-rfc",
          "-alias",
          name,
          "-file",
          dir.resolve(name + ".pem").toString(),
          "-keystore",
          dir.resolve(name + ".p12").toString(),
          "-storepass",
          "secret");
    }
    Files.writeString(dir.resolve("password"), "open sesame\n");
    Files.writeString(dir.resolve("wrong"), "open barley\n");
  }

  private static void keytool(String... arguments) throws Exception {
    List<String> command = new java.util.ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(output).isZero();
  }

  private static SSLContext identity() throws Exception {
    KeyStore store =
        KeyStore.getInstance(dir.resolve("server.p12").toFile(), "secret".toCharArray());
    KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(store, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return context;
  }

  private SMTPServer.Builder server() {
    return SMTPServer.port(0)
        .bindAddress(InetAddress.getLoopbackAddress())
        .hostName("localhost")
        .authenticationHandlerFactory(
            new EasyAuthenticationHandlerFactory((user, password, _) -> {
              if (!user.equals("semper") || !password.equals("open sesame")) {
                throw new LoginFailedException();
              }
            }))
        .simpleMessageListener(
            new SimpleMessageListener() {
              @Override
              public boolean accept(@Nullable String from, @Nullable String to) {
                return !"nobody@example.org".equals(to);
              }

              @Override
              public void deliver(
                  @Nullable String from, @Nullable String to, @Nullable InputStream data)
                  throws IOException {
                try {
                  mails.add(new MimeMessage(Session.getInstance(new Properties()), data));
                } catch (MessagingException e) {
                  throw new IOException(e);
                }
              }
            });
  }

  private static AlertChannel.Email channel(
      SMTPServer server, Tls tls, String ca, @Nullable String password, String to) {
    return new AlertChannel.Email(
        "mail",
        "localhost",
        server.getPortAllocated(),
        tls,
        password == null ? null : "semper",
        password == null ? null : new AlertChannel.Secret.InFile(dir.resolve(password)),
        "semper@example.org",
        List.of(to),
        dir.resolve(ca + ".pem"),
        Duration.ofSeconds(5));
  }

  private static void send(AlertChannel.Email channel) throws IOException {
    new EmailSender(channel).send(Notifications.firing("dl-1"), 1);
  }

  @Test
  void sendsWithStartTlsAndAPassword() throws Exception {
    SMTPServer server =
        server().requireTLS().requireAuth().startTlsSocketFactory(identity()).build();
    server.start();
    try {
      send(channel(server, Tls.STARTTLS, "server", "password", "ops@example.org"));
    } finally {
      server.stop();
    }

    assertThat(mails).hasSize(1);
    MimeMessage mail = mails.getFirst();
    assertThat(mail.getSubject()).isEqualTo("[FIRING:2] critical: db, web (slow)");
    assertThat(mail.getMessageID()).isEqualTo("<dl-1@semper.example.org>");
    String text = String.valueOf(mail.getContent());
    assertThat(text).contains("2 alerts fire").contains("höher als sonst");
    assertThat(text.indexOf("CRITICAL")).isLessThan(text.indexOf("WARNING"));
  }

  @Test
  void sendsByImplicitTls() throws Exception {
    SMTPServer server = server().serverSocketFactory(identity()).build();
    server.start();
    try {
      send(channel(server, Tls.IMPLICIT, "server", null, "ops@example.org"));
    } finally {
      server.stop();
    }

    assertThat(mails).hasSize(1);
  }

  @Test
  void refusesAServerItDoesNotTrustOrThatSpeaksInTheClear() throws Exception {
    SMTPServer secure = server().enableTLS().startTlsSocketFactory(identity()).build();
    SMTPServer clear = server().build();
    secure.start();
    clear.start();
    try {
      assertThatThrownBy(
              () -> send(channel(secure, Tls.STARTTLS, "stranger", "password", "ops@example.org")))
          .isInstanceOf(IOException.class);
      assertThatThrownBy(
              () -> send(channel(clear, Tls.STARTTLS, "server", "password", "ops@example.org")))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("STARTTLS");
      assertThatThrownBy(
              () -> send(channel(secure, Tls.STARTTLS, "server", "wrong", "ops@example.org")))
          .isInstanceOf(IOException.class)
          .hasMessageNotContaining("barley");
      assertThatThrownBy(
              () -> send(channel(secure, Tls.STARTTLS, "server", "password", "nobody@example.org")))
          .isInstanceOf(Sender.Refused.class);
    } finally {
      secure.stop();
      clear.stop();
    }
    assertThat(mails).isEmpty();
  }

  @Test
  void readsWell() {
    String text = EmailSender.text(Notifications.firing("dl-7"), ZoneOffset.UTC);

    assertThat(text)
        .startsWith(
            """
            2 alerts fire

              CRITICAL  db takes 812.5 ms — höher als sonst
                rule: slow
                workload: db
                since: 2026-07-01 12:00:00 Z
                runbook: https://wiki/slow
                id: al-db
            """);
  }
}
