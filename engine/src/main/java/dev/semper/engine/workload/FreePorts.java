package dev.semper.engine.workload;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.LinkedHashSet;
import java.util.Set;

/// Finds free TCP ports. Remembers those given lately, so that two instances launched at the same
/// time do not get the same one before either has bound it.
final class FreePorts {
  private static final int REMEMBERED = 2048;
  private final Set<Integer> given = new LinkedHashSet<>();

  /// @return 0 if there is none; a launch with it is refused
  synchronized int next() {
    for (int attempt = 0; attempt < 100; attempt++) {
      int port = free();
      if (given.add(port)) {
        if (given.size() > REMEMBERED) {
          given.remove(given.iterator().next());
        }
        return port;
      }
    }
    given.clear();
    return free();
  }

  private static int free() {
    try (ServerSocket socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return socket.getLocalPort();
    } catch (IOException e) {
      return 0;
    }
  }
}
