package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Does tcp checks and plain http checks on the scheduler's own thread, without blocking: no
/// hand-over between threads, which is most of the cost of a small exchange.
/// docs/adr/0002-probe-client.md has the figures. Not thread-safe but for [#wakeUp].
final class SocketChecker implements Checker, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SocketChecker.class);
  private static final int BUFFER = 4096;

  private final Selector selector;
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
  private final byte[] bytes = new byte[BUFFER];
  private final Map<Check, Exchange> exchanges = new HashMap<>();
  private @Nullable Thread owner;

  SocketChecker() {
    try {
      selector = Selector.open();
    } catch (IOException e) {
      throw new UncheckedIOException("No selector for probes can be opened", e);
    }
  }

  /// One connection with what is still to be sent and what has come.
  private static final class Exchange {
    final Check check;
    final SocketChannel channel;
    final int port;
    @Nullable ByteBuffer request;
    @Nullable HttpReply reply;

    Exchange(Check check, SocketChannel channel, int port) {
      this.check = check;
      this.channel = channel;
      this.port = port;
    }
  }

  /// Whether a check can be done here: no encryption, no name to look up, nothing to search.
  static boolean canDo(Check check) {
    return switch (check.subject.spec().method()) {
      case ProbeSpec.Http http ->
          http.scheme().equals("http")
              && isAddress(http.host())
              && HttpJudge.isQuick(http.expected());
      case ProbeSpec.Tcp tcp -> isAddress(tcp.host());
      default -> false;
    };
  }

  /// Runs through an exchange without a network, so that everything it needs is loaded before a
  /// host is out of files: the JVM would not try to load a class a second time.
  static void rehearse() throws HttpReply.Garbage {
    ProbeSpec.Http http =
        new ProbeSpec.Http("http", "127.0.0.1", 1, "/", Map.of(), List.of(), "ok");
    HttpReply reply = new HttpReply(http);
    byte[] answer = "HTTP/1.1 500 No\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
    reply.feed(answer, answer.length);
    reply.end();
    Outcome refused = Troubles.judge(HttpRequest.url(http, 1), new Troubles.NoPort());
    log.debug("Rehearsed {} {}", HttpJudge.judge(http, 1, reply, () -> false), refused);
    log.trace("{}", (Object) HttpRequest.bytes(http, 1));
  }

  private static boolean isAddress(String host) {
    return HostNames.literal(host) != null;
  }

  /// Carries on with what has come until something is due or somebody calls [#wakeUp].
  ///
  /// @param nanos at most so long
  void await(long nanos) throws IOException {
    owner = Thread.currentThread();
    if (nanos <= 0) {
      selector.selectNow(this::ready);
    } else {
      long millis = TimeUnit.NANOSECONDS.toMillis(nanos - 1) + 1;
      selector.select(this::ready, millis);
    }
  }

  void wakeUp() {
    if (!Thread.currentThread().equals(owner)) {
      selector.wakeup();
    }
  }

  @Override
  public void start(Check check) {
    if (!check.begin()) {
      check.end(new Outcome.Erred("cancelled"));
      return;
    }
    int port = check.port();
    InetAddress address = HostNames.literal(check.host());
    if (port == 0 || address == null) {
      check.end(Troubles.judge(check.what(), new Troubles.NoPort()));
      return;
    }
    SocketChannel channel = null;
    try {
      channel = SocketChannel.open(family(address));
      channel.configureBlocking(false);
      Exchange exchange = new Exchange(check, channel, port);
      exchanges.put(check, exchange);
      // On this host the kernel has connected them by now, though it says that it is at it.
      if (channel.connect(new InetSocketAddress(address, port)) || channel.finishConnect()) {
        connected(exchange);
      } else {
        channel.register(selector, SelectionKey.OP_CONNECT, exchange);
      }
    } catch (IOException e) {
      close(channel);
      finish(check, Troubles.judge(check.what(), e));
    } catch (Throwable e) {
      close(channel);
      finish(check, new Outcome.Erred("The prober itself failed: " + e));
    }
  }

  /// A socket of IPv4 costs less to make and to connect than one that can do both.
  private static ProtocolFamily family(InetAddress address) {
    return address instanceof Inet4Address
        ? StandardProtocolFamily.INET
        : StandardProtocolFamily.INET6;
  }

  @Override
  public void cancel(Check check) {
    finish(check, new Outcome.Erred("cancelled"));
  }

  private void ready(SelectionKey key) {
    Exchange exchange = (Exchange) key.attachment();
    try {
      if (key.isConnectable()) {
        exchange.channel.finishConnect();
        connected(exchange);
      } else if (key.isWritable()) {
        send(exchange);
      } else if (key.isReadable()) {
        receive(exchange);
      }
    } catch (IOException e) {
      finish(exchange.check, Troubles.judge(exchange.check.what(), e));
    } catch (HttpReply.Garbage e) {
      finish(exchange.check, new Outcome.Failed(exchange.check.what() + ": " + e.getMessage()));
    } catch (Throwable e) {
      finish(exchange.check, new Outcome.Erred("The prober itself failed: " + e));
    }
  }

  private void connected(Exchange exchange) throws IOException {
    if (exchange.channel.getLocalAddress().equals(exchange.channel.getRemoteAddress())) {
      throw new Troubles.MetItself();
    }
    if (exchange.check.subject.spec().method() instanceof ProbeSpec.Http http) {
      exchange.request = ByteBuffer.wrap(exchange.check.worker.request(http, exchange.port));
      exchange.reply = new HttpReply(http);
      send(exchange);
    } else {
      finish(exchange.check, new Outcome.Passed());
    }
  }

  private void send(Exchange exchange) throws IOException {
    ByteBuffer request = exchange.request;
    if (request == null) {
      return;
    }
    exchange.channel.write(request);
    int interest = request.hasRemaining() ? SelectionKey.OP_WRITE : SelectionKey.OP_READ;
    SelectionKey key = exchange.channel.keyFor(selector);
    if (key == null) {
      exchange.channel.register(selector, interest, exchange);
    } else {
      key.interestOps(interest);
    }
  }

  private void receive(Exchange exchange) throws IOException, HttpReply.Garbage {
    HttpReply reply = exchange.reply;
    if (reply == null || !(exchange.check.subject.spec().method() instanceof ProbeSpec.Http http)) {
      return;
    }
    buffer.clear();
    int n = exchange.channel.read(buffer);
    if (n < 0) {
      reply.end();
    } else {
      buffer.flip().get(bytes, 0, n);
      if (!reply.feed(bytes, n)) {
        return;
      }
    }
    finish(exchange.check, HttpJudge.judge(http, exchange.port, reply, () -> false));
  }

  private void finish(Check check, Outcome outcome) {
    Exchange exchange = exchanges.remove(check);
    if (exchange != null) {
      close(exchange.channel);
    }
    check.end(outcome);
  }

  private static void close(@Nullable SocketChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException _) {
        // Nothing more can be done with a socket that cannot be closed.
      }
    }
  }

  @Override
  public void close() {
    exchanges.values().forEach(exchange -> close(exchange.channel));
    exchanges.clear();
    try {
      selector.close();
    } catch (IOException e) {
      throw new UncheckedIOException("The selector of the probes cannot be closed", e);
    }
  }
}
