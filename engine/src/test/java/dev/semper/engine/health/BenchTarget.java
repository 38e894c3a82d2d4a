package dev.semper.engine.health;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Iterator;

/// What the benchmark probes, in a process of its own: one port that answers, one that never does.
/// One thread, so that it takes as little of the machine as it can.
final class BenchTarget {
  private static final byte[] ANSWER =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n"
          .getBytes(StandardCharsets.US_ASCII);

  private BenchTarget() {}

  /// Prints the two ports, good one first.
  static void main(String[] args) throws IOException {
    Selector selector = Selector.open();
    ServerSocketChannel good = listen(selector);
    ServerSocketChannel hanging = listen(selector);
    System.out.println(good.socket().getLocalPort() + " " + hanging.socket().getLocalPort());
    ByteBuffer buffer = ByteBuffer.allocateDirect(4096);
    ByteBuffer answer = ByteBuffer.allocateDirect(ANSWER.length);
    while (true) {
      selector.select();
      for (Iterator<SelectionKey> keys = selector.selectedKeys().iterator(); keys.hasNext(); ) {
        SelectionKey key = keys.next();
        keys.remove();
        if (key.channel() instanceof ServerSocketChannel server) {
          accept(selector, server, server.equals(good));
        } else {
          answer(key, buffer, answer);
        }
      }
    }
  }

  private static ServerSocketChannel listen(Selector selector) throws IOException {
    ServerSocketChannel server = ServerSocketChannel.open();
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 4096);
    server.configureBlocking(false);
    server.register(selector, SelectionKey.OP_ACCEPT);
    return server;
  }

  private static void accept(Selector selector, ServerSocketChannel server, boolean good)
      throws IOException {
    for (SocketChannel peer = server.accept(); peer != null; peer = server.accept()) {
      peer.configureBlocking(false);
      peer.register(selector, SelectionKey.OP_READ, good);
    }
  }

  private static void answer(SelectionKey key, ByteBuffer buffer, ByteBuffer answer) {
    SocketChannel peer = (SocketChannel) key.channel();
    try {
      buffer.clear();
      int n = peer.read(buffer);
      if (n > 0 && Boolean.TRUE.equals(key.attachment())) {
        answer.clear().put(ANSWER).flip();
        peer.write(answer);
        peer.close();
      } else if (n < 0) {
        peer.close();
      }
    } catch (IOException _) {
      key.cancel();
    }
  }
}
