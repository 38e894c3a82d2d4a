package dev.semper.engine.webhook;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/// Signs what is sent, with the time, so that what was overheard cannot be sent again later. How to
/// verify it is in `docs/webhooks.md`.
public final class Signature {
  /// Seconds since 1970.
  public static final String TIMESTAMP = "Semper-Timestamp";

  /// `sha256=` and the HMAC-SHA256 (hex) of timestamp, a dot, and the body.
  public static final String SIGNATURE = "Semper-Signature";

  private Signature() {}

  /// The headers that go with a body.
  public static Map<String, String> headers(String secret, Instant now, byte[] body) {
    String timestamp = Long.toString(now.getEpochSecond());
    return Map.of(TIMESTAMP, timestamp, SIGNATURE, of(secret, timestamp, body));
  }

  private static String of(String secret, String timestamp, byte[] body) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(secret.getBytes(UTF_8), "HmacSHA256"));
      mac.update((timestamp + ".").getBytes(UTF_8));
      return "sha256=" + HexFormat.of().formatHex(mac.doFinal(body));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
