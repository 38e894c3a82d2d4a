package dev.semper.probe.grpc;

import dev.semper.spi.ProbeOutcome;
import io.vertx.core.buffer.Buffer;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The two messages of the health protocol, as in
/// <https://github.com/grpc/grpc/blob/master/doc/health-checking.md>: a request with one text, an
/// answer with one number, each framed by a byte and a length.
final class HealthMessages {
  /// Of an answer; real ones have seven bytes.
  static final int LONGEST = 4096;

  private static final int FRAME = 5;
  private static final int SERVING = 1;
  private static final String[] STATUS = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};

  private HealthMessages() {}

  static Buffer request(String service) {
    byte[] name = service.getBytes(StandardCharsets.UTF_8);
    Buffer message = Buffer.buffer();
    if (name.length > 0) {
      message.appendByte((byte) 0x0a); // field 1, a text
      for (int rest = name.length; ; rest >>>= 7) {
        message.appendByte((byte) (rest > 0x7f ? (rest & 0x7f) | 0x80 : rest));
        if (rest <= 0x7f) {
          break;
        }
      }
      message.appendBytes(name);
    }
    return Buffer.buffer().appendByte((byte) 0).appendInt(message.length()).appendBuffer(message);
  }

  static ProbeOutcome judge(
      HealthClient.Question question,
      @Nullable String status,
      @Nullable String message,
      byte[] body) {
    String of =
        (question.service().isEmpty() ? "" : "Service " + question.service() + " of ")
            + question.at();
    if (status == null) {
      return new ProbeOutcome.Failed(of + " did not answer as gRPC does");
    }
    if (!status.equals("0")) {
      String why = message == null ? "" : ": " + decoded(message);
      return new ProbeOutcome.Failed(of + " answered with gRPC status " + status + why);
    }
    int serving = serving(body);
    if (serving == SERVING) {
      return ProbeOutcome.PASSED;
    }
    String word = serving >= 0 && serving < STATUS.length ? STATUS[serving] : "garbage";
    return new ProbeOutcome.Failed(of + " is " + word);
  }

  /// Messages are percent-encoded.
  private static String decoded(String message) {
    try {
      return URLDecoder.decode(message.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException _) {
      return message;
    }
  }

  /// @return -1 if the answer is not what it should be; 0 is left out on the wire
  private static int serving(byte[] body) {
    if (body.length == FRAME && body[0] == 0) {
      return 0;
    }
    boolean simple = body.length == FRAME + 2 && body[0] == 0 && body[FRAME] == 0x08;
    return simple ? body[FRAME + 1] : -1;
  }
}
