package dev.semper.driver.process;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/// Constants of this machine, from the kernel's auxiliary vector.
final class Machine {
  private static final int AT_PAGESZ = 6;
  private static final int AT_CLKTCK = 17;
  static final long PAGE = auxiliary(AT_PAGESZ, 4096);

  /// Clock ticks per second.
  static final long TICKS = auxiliary(AT_CLKTCK, 100);

  /// Changes with every boot of the host: part of the identity of a process.
  static final String BOOT_ID = bootId();

  private Machine() {}

  private static long auxiliary(int key, long otherwise) {
    try {
      ByteBuffer vector =
          ByteBuffer.wrap(Files.readAllBytes(Path.of("/proc/self/auxv")))
              .order(ByteOrder.nativeOrder());
      while (vector.remaining() >= 16) {
        long type = vector.getLong();
        long value = vector.getLong();
        if (type == key) {
          return value;
        }
      }
      return otherwise;
    } catch (IOException e) {
      return otherwise;
    }
  }

  private static String bootId() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip();
    } catch (IOException e) {
      return "unknown";
    }
  }
}
