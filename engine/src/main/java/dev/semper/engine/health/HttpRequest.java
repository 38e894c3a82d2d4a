package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// The request of an HTTP probe as it goes over the wire.
final class HttpRequest {
  private static final String AGENT = "semper-probe/1";
  private static final byte[] NOTHING = {};

  /// Headers that say how we talk.
  private static final Set<String> OURS =
      Set.of("connection", "content-length", "transfer-encoding");

  private HttpRequest() {}

  static byte[] bytes(ProbeSpec.Http http, int port) {
    StringBuilder text = new StringBuilder(160);
    String line = http.method() + " " + escaped(http.path()) + " HTTP/1.1\r\n";
    byte[] body = http.body() == null ? NOTHING : http.body().getBytes(StandardCharsets.UTF_8);
    text.append(line);
    header(text, http, "Host", authority(http, port));
    header(text, http, "User-Agent", AGENT);
    header(text, http, "Accept", "*/*");
    for (Map.Entry<String, String> own : http.headers().entrySet()) {
      if (!OURS.contains(own.getKey().toLowerCase(Locale.ROOT))) {
        line(text, own.getKey(), own.getValue());
      }
    }
    if (ProbeSpec.Http.takesBody(http.method())) {
      line(text, "Content-Length", String.valueOf(body.length));
    }
    line(text, "Connection", "close");
    byte[] head = text.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(head.length + body.length).put(head).put(body).array();
  }

  private static void header(StringBuilder text, ProbeSpec.Http http, String name, String value) {
    if (http.headers().keySet().stream().noneMatch(name::equalsIgnoreCase)) {
      line(text, name, value);
    }
  }

  private static void line(StringBuilder text, String name, String value) {
    text.append(flat(name)).append(": ").append(flat(value)).append("\r\n");
  }

  private static String flat(String text) {
    return text.replace('\r', ' ').replace('\n', ' ');
  }

  /// Blanks and control characters would end the request line early.
  private static String escaped(String path) {
    String absolute = path.startsWith("/") ? path : "/" + path;
    StringBuilder escaped = new StringBuilder(absolute.length());
    for (byte b : absolute.getBytes(StandardCharsets.UTF_8)) {
      if (b > 0x20 && b < 0x7f) {
        escaped.append((char) b);
      } else {
        escaped.append(String.format("%%%02X", b & 0xff));
      }
    }
    return escaped.toString();
  }

  static String authority(ProbeSpec.Http http, int port) {
    String host = http.host().contains(":") ? "[" + http.host() + "]" : http.host();
    boolean usual = port == (http.scheme().equals("https") ? 443 : 80);
    return usual ? host : host + ":" + port;
  }

  static String url(ProbeSpec.Http http, int port) {
    return http.scheme() + "://" + authority(http, port) + http.path();
  }
}
