package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import dev.semper.engine.workload.Prober.Watch;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.LaunchException;
import dev.semper.spi.ProbeMethod;
import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// Does each check as blocking straight-line code on a virtual thread of its own. Cancelling is
/// interrupting, which closes the socket a virtual thread waits on; the deadline is not kept here
/// but by the scheduler.
final class ThreadChecker implements Checker, AutoCloseable {
  private static final int SHOWN = 200;
  private static final int MAX_OUTPUT = 4096;

  private final CommandRunner commands;
  private final Supplier<Map<String, ProbeMethod>> methods;
  private final HostNames names = new HostNames();
  private final Set<Check> running = ConcurrentHashMap.newKeySet();

  /// @param methods those that are not the engine's own, by name
  ThreadChecker(CommandRunner commands, Supplier<Map<String, ProbeMethod>> methods) {
    this.commands = commands;
    this.methods = methods;
  }

  @Override
  public void start(Check check) {
    Thread thread = Thread.ofVirtual().name("semper-probe").unstarted(() -> run(check));
    check.runBy(thread);
    running.add(check);
    thread.start();
  }

  /// A command is ended by its driver, with all it has started, at the same deadline; interrupting
  /// it could leave something behind. The driver's files must not be closed by an interrupt either.
  @Override
  public void cancel(Check check) {
    switch (check.subject.spec().method()) {
      case ProbeSpec.Http _, ProbeSpec.Tcp _, ProbeSpec.Provided _ -> check.interrupt();
      case ProbeSpec.Command _, ProbeSpec.Resource _, ProbeSpec.Log _ -> {}
    }
  }

  private void run(Check check) {
    Outcome outcome = new Outcome.Erred("cancelled");
    try {
      if (check.begin()) {
        outcome = outcome(check);
      }
    } catch (CancellationException e) {
      outcome = new Outcome.Failed(check.what() + ": " + e.getMessage());
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
        case ProbeSpec.Http http -> http(http, check);
        case ProbeSpec.Tcp tcp -> tcp(tcp, check.port());
        case ProbeSpec.Command command -> command(command, check.subject);
        case ProbeSpec.Resource resource ->
            ResourceCheck.check(resource, check.subject, System.nanoTime());
        case ProbeSpec.Log log -> LogCheck.check(log, check.subject, check::isCancelled);
        case ProbeSpec.Provided provided -> provided(provided, check.subject);
      };
    } catch (HttpReply.Garbage e) {
      return new Outcome.Failed(check.what() + ": " + e.getMessage());
    } catch (IOException e) {
      return Troubles.judge(check.what(), e);
    }
  }

  private Outcome http(ProbeSpec.Http http, Check check)
      throws IOException, InterruptedException, HttpReply.Garbage {
    int port = check.port();
    try (Socket socket = connect(http.host(), port)) {
      Socket stream =
          http.scheme().equals("https")
              ? Tls.encrypt(socket, http.host(), port, http.tls())
              : socket;
      stream.getOutputStream().write(HttpRequest.bytes(http, port));
      HttpReply reply = new HttpReply(http);
      read(stream.getInputStream(), reply);
      return HttpJudge.judge(http, port, reply, check::isCancelled);
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

  private Outcome provided(ProbeSpec.Provided provided, Check.Subject subject)
      throws InterruptedException {
    ProbeMethod method = methods.get().get(provided.name());
    if (method == null) {
      return new Outcome.Erred("No jar on the class path has the method " + provided.name());
    }
    Watch watch = subject.watch();
    ProbeOutcome outcome =
        method.check(
            new ProbeTarget(
                watch.tenant(),
                watch.workload(),
                watch.instance(),
                watch.port(),
                provided.settings(),
                subject.spec().timeout()));
    return switch (outcome) {
      case ProbeOutcome.Passed() -> new Outcome.Passed();
      case ProbeOutcome.Failed(String message) -> new Outcome.Failed(message);
      case ProbeOutcome.Errored(String message) -> new Outcome.Erred(message);
    };
  }

  private Outcome command(ProbeSpec.Command command, Check.Subject subject) {
    try {
      ExecResult result =
          commands.exec(
              subject.watch().kind(),
              subject.watch().incarnation(),
              new ExecRequest(
                  command.exec(),
                  command.workingDir(),
                  command.env(),
                  subject.spec().timeout(),
                  MAX_OUTPUT));
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
