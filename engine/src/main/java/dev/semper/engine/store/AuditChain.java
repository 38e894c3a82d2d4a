package dev.semper.engine.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/// The hash of an audit record: SHA-256 over these strings in UTF-8, each as a netstring
/// (`LENGTH:BYTES,`, so that no two records have the same text): hash of the record before, seq,
/// microseconds since 1970, tenant, actor, origin, action, resource, outcome, detail as stored.
final class AuditChain {
  /// Stands for the hash of the record before the first.
  static final String START = "0".repeat(64);

  private AuditChain() {}

  static String hash(String previousHash, long seq, AuditEntry entry, String detail) {
    MessageDigest digest = sha256();
    add(digest, previousHash);
    add(digest, Long.toString(seq));
    add(digest, Long.toString(Micros.of(entry.at())));
    add(digest, entry.tenant());
    add(digest, entry.actor());
    add(digest, entry.origin());
    add(digest, entry.action());
    add(digest, entry.resource());
    add(digest, entry.outcome());
    add(digest, detail);
    return HexFormat.of().formatHex(digest.digest());
  }

  private static void add(MessageDigest digest, String field) {
    byte[] bytes = field.getBytes(StandardCharsets.UTF_8);
    digest.update((bytes.length + ":").getBytes(StandardCharsets.US_ASCII));
    digest.update(bytes);
    digest.update((byte) ',');
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
