package dev.semper.probe.ssh;

import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PublicKey;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import org.apache.sshd.client.SshClient;
import org.apache.sshd.client.channel.ChannelExec;
import org.apache.sshd.client.channel.ClientChannelEvent;
import org.apache.sshd.client.config.hosts.HostConfigEntryResolver;
import org.apache.sshd.client.keyverifier.AcceptAllServerKeyVerifier;
import org.apache.sshd.client.keyverifier.KnownHostsServerKeyVerifier;
import org.apache.sshd.client.keyverifier.RejectAllServerKeyVerifier;
import org.apache.sshd.client.keyverifier.ServerKeyVerifier;
import org.apache.sshd.client.session.ClientSession;
import org.apache.sshd.common.AttributeRepository;
import org.apache.sshd.common.AttributeRepository.AttributeKey;
import org.apache.sshd.common.keyprovider.KeyIdentityProvider;
import org.apache.sshd.common.util.security.SecurityUtils;

/// One login per check; one client, with one thread for its sockets, serves all.
final class Logins implements AutoCloseable {
  private static final AttributeKey<Trust> TRUST = new AttributeKey<>();
  private static final int LONGEST_OUTPUT = 64 * 1024;
  private static final int SHOWN = 200;

  private final SshClient client = SshClient.setUpDefaultClient();

  Logins() {
    client.setNioWorkers(1);
    client.setHostConfigEntryResolver(HostConfigEntryResolver.EMPTY);
    client.setKeyIdentityProvider(KeyIdentityProvider.EMPTY_KEYS_PROVIDER);
    client.setServerKeyVerifier(Logins::verify);
    client.start();
  }

  /// Who counts as the right host; remembers why one did not.
  private static final class Trust {
    final ServerKeyVerifier verifier;
    volatile boolean refused;

    Trust(ServerKeyVerifier verifier) {
      this.verifier = verifier;
    }
  }

  private static boolean verify(ClientSession session, SocketAddress host, PublicKey key) {
    AttributeRepository context = session.getConnectionContext();
    Trust trust = context == null ? null : context.getAttribute(TRUST);
    if (trust == null) {
      return false;
    }
    boolean good = trust.verifier.verifyServerKey(session, host, key);
    trust.refused = !good;
    return good;
  }

  ProbeOutcome check(ProbeTarget target) throws InterruptedException {
    Map<String, Object> settings = target.settings();
    String user = String.valueOf(settings.get("user"));
    String host = settings.get("host") instanceof String own ? own : "127.0.0.1";
    int port = settings.get("port") instanceof Long own ? own.intValue() : 22;
    String at = user + "@" + host + ":" + port;
    Trust trust = new Trust(verifier(settings));
    Deadline deadline = new Deadline(target.timeout());
    try {
      Credentials credentials = credentials(settings);
      try (ClientSession session =
          client
              .connect(user, host, port, AttributeRepository.ofKeyValuePair(TRUST, trust))
              .verify(deadline.left())
              .getSession()) {
        try {
          credentials.addTo(session);
          session.auth().verify(deadline.left());
          return settings.get("command") instanceof String command
              ? run(session, at, command, settings, deadline)
              : ProbeOutcome.PASSED;
        } finally {
          session.close(true);
        }
      }
    } catch (Unusable e) {
      return new ProbeOutcome.Errored(String.valueOf(e.getMessage()));
    } catch (InterruptedIOException e) {
      throw interrupted(e);
    } catch (IOException e) {
      if (Thread.interrupted()) {
        throw interrupted(e);
      }
      String why = trust.refused ? "its host key is not the known one" : line(e);
      return new ProbeOutcome.Failed("No login at " + at + ": " + why);
    }
  }

  private static InterruptedException interrupted(IOException e) {
    InterruptedException interrupted = new InterruptedException();
    interrupted.initCause(e);
    return interrupted;
  }

  private static ServerKeyVerifier verifier(Map<String, Object> settings) {
    Path known =
        settings.get("known_hosts") instanceof String own
            ? Path.of(own)
            : Path.of(System.getProperty("user.home"), ".ssh", "known_hosts");
    return switch (String.valueOf(settings.getOrDefault("host_check", "strict"))) {
      case "off" -> AcceptAllServerKeyVerifier.INSTANCE;
      case "accept-new" ->
          new KnownHostsServerKeyVerifier(AcceptAllServerKeyVerifier.INSTANCE, known);
      default -> new KnownHostsServerKeyVerifier(RejectAllServerKeyVerifier.INSTANCE, known);
    };
  }

  /// The probe's own files cannot be used.
  private static final class Unusable extends Exception {
    private static final long serialVersionUID = 1;

    Unusable(String message) {
      super(message, null, false, false);
    }
  }

  private record Credentials(List<KeyPair> keys, String password) {
    void addTo(ClientSession session) {
      keys.forEach(session::addPublicKeyIdentity);
      if (!password.isEmpty()) {
        session.addPasswordIdentity(password);
      }
    }
  }

  /// Read at each check, since the files may have been replaced.
  private static Credentials credentials(Map<String, Object> settings) throws Unusable {
    Path reading = Path.of("/");
    try {
      List<KeyPair> keys = List.of();
      String password = "";
      if (settings.get("identity_file") instanceof String file) {
        reading = Path.of(file);
        try (var in = Files.newInputStream(reading)) {
          Iterable<KeyPair> read = SecurityUtils.loadKeyPairIdentities(null, () -> file, in, null);
          keys = read == null ? List.of() : List.copyOf((java.util.Collection<KeyPair>) read);
        }
        if (keys.isEmpty()) {
          throw new Unusable("There is no private key in " + file);
        }
      }
      if (settings.get("password_file") instanceof String file) {
        reading = Path.of(file);
        password = Files.readString(reading).strip();
      }
      return new Credentials(keys, password);
    } catch (IOException | GeneralSecurityException e) {
      throw new Unusable(reading + " cannot be used to log in: " + e);
    }
  }

  private static ProbeOutcome run(
      ClientSession session,
      String at,
      String command,
      Map<String, Object> settings,
      Deadline deadline)
      throws IOException {
    Output output = new Output();
    try (ChannelExec channel = session.createExecChannel(command)) {
      channel.setRedirectErrorStream(true);
      channel.setOut(output);
      channel.open().verify(deadline.left());
      channel.waitFor(EnumSet.of(ClientChannelEvent.CLOSED), deadline.left());
      Integer exit = channel.getExitStatus();
      long wanted = settings.get("expected_exit") instanceof Long own ? own : 0;
      if (exit == null) {
        String signal = channel.getExitSignal();
        return new ProbeOutcome.Failed(
            "%s on %s %s"
                .formatted(
                    command, at, signal == null ? "has not ended" : "was ended by " + signal));
      }
      if (exit != wanted) {
        return new ProbeOutcome.Failed(
            "%s on %s ended with code %d%s".formatted(command, at, exit, output.shown()));
      }
      return settings.get("expected_output") instanceof String text && !output.text().contains(text)
          ? new ProbeOutcome.Failed(
              "%s on %s did not print \"%s\"%s".formatted(command, at, text, output.shown()))
          : ProbeOutcome.PASSED;
    }
  }

  private static String line(Exception e) {
    String message = e.getMessage() == null ? e.toString() : e.getMessage();
    return message.lines().findFirst().orElse("");
  }

  /// What is left of the time of a check.
  private record Deadline(long at) {
    Deadline(Duration timeout) {
      this(System.nanoTime() + timeout.toNanos());
    }

    Duration left() {
      return Duration.ofNanos(Math.max(1_000_000, at - System.nanoTime()));
    }
  }

  /// The beginning of what a command prints; the rest is dropped.
  private static final class Output extends OutputStream {
    private final byte[] kept = new byte[LONGEST_OUTPUT];
    private int length;

    @Override
    public synchronized void write(int b) {
      if (length < kept.length) {
        kept[length++] = (byte) b;
      }
    }

    @Override
    public synchronized void write(byte[] bytes, int offset, int count) {
      int fits = Math.min(count, kept.length - length);
      System.arraycopy(bytes, offset, kept, length, fits);
      length += fits;
    }

    synchronized String text() {
      return new String(kept, 0, length, StandardCharsets.UTF_8);
    }

    String shown() {
      String text = text().strip();
      return text.isEmpty() ? "" : ": " + text.substring(0, Math.min(SHOWN, text.length()));
    }
  }

  @Override
  public void close() {
    client.stop();
  }
}
