package dev.semper.driver.process;

import dev.semper.spi.Exit;
import java.time.Instant;
import java.util.List;

/// Reads the keeper's word for an end: wait status, wall time, ticks and detail.
final class Exits {
  private static final int CORE = 0x80;

  private Exits() {}

  static Exit parse(List<String> fields, String why) {
    Instant at = Instant.ofEpochMilli(Long.parseLong(fields.get(1)));
    if (fields.get(0).equals("unknown")) {
      return Exit.unknown(at, fields.get(3));
    }
    int raw = Integer.parseInt(fields.get(0));
    int signal = raw & 0x7f;
    String detail = why.isEmpty() && (raw & CORE) != 0 ? "core dumped" : why;
    return signal == 0
        ? new Exit(at, raw >> 8 & 0xff, null, detail)
        : new Exit(at, null, Signals.name(signal), detail);
  }

  static long ticks(List<String> fields) {
    return Long.parseLong(fields.get(2));
  }
}
