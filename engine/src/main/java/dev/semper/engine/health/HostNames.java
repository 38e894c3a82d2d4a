package dev.semper.engine.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Resolves the hosts of probes. Addresses and `localhost`, which is nearly all, take no time; a
/// name is looked up on threads of our own, because a slow name server would hold a carrier of
/// virtual threads and with it every other probe.
final class HostNames implements AutoCloseable {
  private static final int THREADS = 8;

  private final ThreadPoolExecutor lookups =
      new ThreadPoolExecutor(
          THREADS,
          THREADS,
          10,
          TimeUnit.SECONDS,
          new LinkedBlockingQueue<>(),
          Thread.ofPlatform().daemon().name("semper-probe-names-", 0).factory());

  HostNames() {
    lookups.allowCoreThreadTimeOut(true);
  }

  /// The address a host is, unless it is a name to look up.
  static @Nullable InetAddress literal(String host) {
    boolean maybe = host.indexOf(':') >= 0 || (!host.isEmpty() && isDigit(host.charAt(0)));
    if (host.equals("localhost")) {
      return InetAddress.ofLiteral("127.0.0.1");
    }
    try {
      return maybe ? InetAddress.ofLiteral(host) : null;
    } catch (IllegalArgumentException _) {
      return null;
    }
  }

  private static boolean isDigit(char c) {
    return c >= '0' && c <= '9';
  }

  InetSocketAddress resolve(String host, int port) throws IOException, InterruptedException {
    InetAddress literal = literal(host);
    return new InetSocketAddress(literal != null ? literal : lookUp(host), port);
  }

  private InetAddress lookUp(String host) throws IOException, InterruptedException {
    Future<InetAddress> answer = lookups.submit(() -> InetAddress.getByName(host));
    try {
      return answer.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof UnknownHostException) {
        throw new UnknownHostException("no host is called " + host);
      }
      throw new IOException("looking up " + host + " failed: " + e.getCause(), e);
    } finally {
      answer.cancel(true);
    }
  }

  @Override
  public void close() {
    lookups.shutdownNow();
  }
}
