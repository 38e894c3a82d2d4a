package dev.semper.traces;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/// Makes ids of traces and spans. Those that another server must find again are made from what the
/// journal holds.
final class Ids {
  private Ids() {}

  static String trace() {
    return span() + span();
  }

  static String span() {
    // Zero would be no id.
    return HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong() | 1);
  }

  static String traceOf(String operation) {
    return digest("trace " + operation).substring(0, 32);
  }

  static String spanOf(String operation, String run) {
    return digest("span " + operation + " " + run).substring(0, 16);
  }

  private static String digest(String text) {
    try {
      return HexFormat.of()
          .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Whether a trace is among the given share of all: the same on each server, for it depends on
  /// the id only.
  static boolean among(double share, String trace) {
    long random = Long.parseUnsignedLong(trace, 16, 32, 16) >>> 1;
    return share >= 1 || random < (long) (share * Long.MAX_VALUE);
  }
}
