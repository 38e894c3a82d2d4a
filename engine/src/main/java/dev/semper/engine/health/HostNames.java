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

  InetSocketAddress resolve(String host, int port) throws IOException, InterruptedException {
    if (host.equals("localhost")) {
      return new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    }
    try {
      return new InetSocketAddress(InetAddress.ofLiteral(host), port);
    } catch (IllegalArgumentException _) {
      return new InetSocketAddress(lookUp(host), port);
    }
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
