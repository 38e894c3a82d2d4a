package dev.semper.engine.hook;

import dev.semper.spi.InstanceLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/// The end of what a script has written.
final class Tail {
  static final int BYTES = 16 << 10;

  private Tail() {}

  static String of(InstanceLog log) throws IOException {
    ByteBuffer bytes = ByteBuffer.allocate(BYTES);
    long position = Math.max(log.start(), log.end() - BYTES);
    while (bytes.hasRemaining()) {
      InstanceLog.Chunk chunk = log.read(position, bytes.remaining());
      if (!chunk.bytes().hasRemaining()) {
        break;
      }
      position = chunk.next();
      bytes.put(chunk.bytes());
    }
    return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
  }

  /// For messages: the last line that is not blank, or nothing.
  static String lastLine(String text) {
    return text.lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .reduce("", (_, later) -> later);
  }
}
