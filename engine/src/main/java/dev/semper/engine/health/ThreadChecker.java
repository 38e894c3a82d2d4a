package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.LaunchException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLSocket;

/// Does each check as blocking straight-line code on a virtual thread of its own. Cancelling is
/// interrupting, which closes the socket a virtual thread waits on; the deadline is not kept here
/// but by the scheduler.
final class ThreadChecker implements Checker, AutoCloseable {
  private static final int SHOWN = 200;
  private static final int MAX_OUTPUT = 4096;

  private final CommandRunner commands;
  private final HostNames names = new HostNames();
  private final Set<Check> running = ConcurrentHashMap.newKeySet();

  ThreadChecker(CommandRunner commands) {
    this.commands = commands;
  }

  @Override
  public void start(Check check) {
    Thread thread = Thread.ofVirtual().name("semper-probe").unstarted(() -> run(check));
    check.runBy(thread);
    running.add(check);
    thread.start();
  }

  /// A command is ended by its driver, with all it has started, at the same deadline; interrupting
  /// it could leave something behind.
  @Override
  public void cancel(Check check) {
    if (!(check.subject.spec().method() instanceof ProbeSpec.Command)) {
      check.interrupt();
    }
  }

  private void run(Check check) {
    Outcome outcome = new Outcome.Erred("cancelled");
    try {
      if (check.begin()) {
        outcome = outcome(check);
      }
    } catch (Throwable e) {
      outcome = new Outcome.Erred("The prober itself failed: " + e);
    } finally {
      running.remove(check);
      check.end(outcome);
    }
  }

  private Outcome outcome(Check check) throws InterruptedException {
    try {
      return switch (check.subject.spec().method()) {
        case ProbeSpec.Http http -> http(http, check.port());
        case ProbeSpec.Tcp tcp -> tcp(tcp, check.port());
        case ProbeSpec.Command command -> command(command, check.subject);
      };
    } catch (HttpReply.Garbage e) {
      return new Outcome.Failed(check.what() + ": " + e.getMessage());
    } catch (IOException e) {
      return Troubles.judge(check.what(), e);
    }
  }

  private Outcome http(ProbeSpec.Http http, int port)
      throws IOException, InterruptedException, HttpReply.Garbage {
    try (Socket socket = connect(http.host(), port)) {
      Socket stream = http.scheme().equals("https") ? encrypted(socket, http.host(), port) : socket;
      stream.getOutputStream().write(HttpRequest.bytes(http, port));
      HttpReply reply = new HttpReply(http.expectedBody() != null);
      read(stream.getInputStream(), reply);
      return HttpRequest.judge(http, port, reply);
    }
  }

  private static void read(InputStream in, HttpReply reply) throws IOException, HttpReply.Garbage {
    byte[] buffer = new byte[2048];
    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
      if (reply.feed(buffer, n)) {
        return;
      }
    }
    reply.end();
  }

  private Outcome tcp(ProbeSpec.Tcp tcp, int port) throws IOException, InterruptedException {
    try (Socket _ = connect(tcp.host(), port)) {
      return new Outcome.Passed();
    }
  }

  private Socket connect(String host, int port) throws IOException, InterruptedException {
    if (port == 0) {
      throw new Troubles.NoPort();
    }
    InetSocketAddress address = names.resolve(host, port);
    Socket socket = new Socket();
    try {
      socket.setTcpNoDelay(true);
      socket.connect(address);
      if (socket.getLocalSocketAddress().equals(socket.getRemoteSocketAddress())) {
        throw new Troubles.MetItself();
      }
      return socket;
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  private static Socket encrypted(Socket socket, String host, int port) throws IOException {
    SSLSocket encrypted =
        (SSLSocket) Tls.anyCertificate().getSocketFactory().createSocket(socket, host, port, false);
    encrypted.startHandshake();
    return encrypted;
  }

  private Outcome command(ProbeSpec.Command command, Check.Subject subject) {
    try {
      ExecResult result =
          commands.exec(
              subject.kind(),
              subject.incarnation(),
              new ExecRequest(command.exec(), subject.spec().timeout(), MAX_OUTPUT));
      return judge(command, subject, result);
    } catch (LaunchException e) {
      return e.retryable()
          ? new Outcome.Erred(String.valueOf(e.getMessage()))
          : new Outcome.Failed(
              "Could not run " + command.exec().getFirst() + ": " + e.getMessage());
    }
  }

  private static Outcome judge(
      ProbeSpec.Command command, Check.Subject subject, ExecResult result) {
    if (result.timedOut()) {
      return new Outcome.Failed(
          command.exec().getFirst()
              + " did not end within "
              + subject.spec().timeout().toMillis()
              + " ms");
    }
    Integer code = result.exit().code();
    if (code != null && code == 0) {
      return new Outcome.Passed();
    }
    if (!result.exit().known()) {
      return new Outcome.Erred("How " + command.exec().getFirst() + " ended is " + result.exit());
    }
    String output = result.output().strip();
    return new Outcome.Failed(
        String.format(
            Locale.ROOT,
            "%s ended with %s%s",
            command.exec().getFirst(),
            result.exit(),
            output.isEmpty() ? "" : ": " + output.substring(0, Math.min(SHOWN, output.length()))));
  }

  @Override
  public void close() {
    names.close();
    running.forEach(Check::interrupt);
  }
}
