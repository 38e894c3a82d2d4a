package dev.semper.engine.health;

import dev.semper.engine.spec.ProbeSpec;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/// The request of an HTTP probe as it goes over the wire, and what counts as a good answer.
final class HttpRequest {
  private static final String AGENT = "semper-probe/1";

  private HttpRequest() {}

  static byte[] bytes(ProbeSpec.Http http, int port) {
    StringBuilder text = new StringBuilder(160);
    text.append("GET ").append(escaped(http.path())).append(" HTTP/1.1\r\n");
    header(text, http, "Host", authority(http, port));
    header(text, http, "User-Agent", AGENT);
    header(text, http, "Accept", "*/*");
    for (Map.Entry<String, String> own : http.headers().entrySet()) {
      if (!own.getKey().equalsIgnoreCase("Connection")) {
        line(text, own.getKey(), own.getValue());
      }
    }
    line(text, "Connection", "close");
    return text.append("\r\n").toString().getBytes(StandardCharsets.UTF_8);
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

  /// Redirects are not followed: they are an answer like others.
  static Outcome judge(ProbeSpec.Http http, int port, HttpReply reply) {
    int status = reply.status();
    boolean good =
        http.expectedStatus().isEmpty()
            ? status >= 200 && status <= 399
            : http.expectedStatus().contains(status);
    if (!good) {
      return new Outcome.Failed(
          "HTTP " + status + " from " + url(http, port) + ", expected " + expected(http));
    }
    String text = http.expectedBody();
    if (text != null && !reply.bodyContains(text)) {
      return new Outcome.Failed(
          "HTTP " + status + " from " + url(http, port) + " without \"" + text + "\" in its body");
    }
    return new Outcome.Passed();
  }

  private static String expected(ProbeSpec.Http http) {
    return http.expectedStatus().isEmpty()
        ? "200-399"
        : http.expectedStatus().toString().replaceAll("[\\[\\]]", "");
  }
}
