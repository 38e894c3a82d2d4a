package dev.semper.acceptance;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Requests that are wrong in some way, as bytes.
final class MalformedRequests {
  /// @param application it is good HTTP, only a wrong call: closing is no answer
  @SuppressWarnings("ArrayRecordComponent") // nobody compares them
  record Request(String name, byte[] bytes, boolean application) {
    /// Whether it ends too early.
    boolean cut() {
      return name.startsWith("half ") || name.endsWith(" without end");
    }

    @Override
    public String toString() {
      return name;
    }
  }

  private final String token;
  private final List<Request> all = new ArrayList<>();

  private MalformedRequests(String token) {
    this.token = token;
  }

  static List<Request> with(String token) {
    MalformedRequests requests = new MalformedRequests(token);
    requests.bodies();
    requests.fields();
    requests.queries();
    requests.paths();
    requests.methods();
    requests.headers();
    requests.wire();
    return requests.all;
  }

  private String head(String method, String target, String... more) {
    StringBuilder head = new StringBuilder();
    head.append(method).append(' ').append(target).append(" HTTP/1.1\r\n");
    head.append("Host: 127.0.0.1\r\nConnection: close\r\n");
    head.append("Authorization: Bearer ").append(token).append("\r\n");
    for (String line : more) {
      head.append(line).append("\r\n");
    }
    return head.append("\r\n").toString();
  }

  private void add(String name, boolean application, byte[]... parts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      bytes.writeBytes(part);
    }
    all.add(new Request(name, bytes.toByteArray(), application));
  }

  private void call(String method, String target, byte[] body) {
    call(method + " " + target + " with " + shown(body), method, target, body);
  }

  private void call(String name, String method, String target, byte[] body) {
    String head =
        head(method, target, "Content-Type: application/json", "Content-Length: " + body.length);
    add(name, true, head.getBytes(ISO_8859_1), body);
  }

  private static String shown(byte[] body) {
    String text = new String(body, UTF_8);
    return text.length() > 60 ? text.substring(0, 60) + "… (" + body.length + " bytes)" : text;
  }

  private void call(String method, String target, String body) {
    call(method, target, body.getBytes(UTF_8));
  }

  /// Where a JSON body is required.
  private static final Map<String, String> BODIES =
      Map.of(
          "/api/v1/apply", "POST",
          "/api/v1/plan", "POST",
          "/api/v1/batch", "POST",
          "/api/v1/tokens", "POST",
          "/api/v1/tenants/other", "PUT",
          "/api/v1/workloads/kept", "PUT",
          "/api/v1/workloads/kept/state", "POST");

  private void bodies() {
    BODIES.forEach((target, method) -> {
      for (String body :
          List.of(
              "",
              " ",
              "{",
              "[]",
              "null",
              "42",
              "\"text\"",
              "{\"document\": \"x\"",
              "{\"document\": \"x\"} trailing",
              "{\"document\": \"x\", \"document\": \"y\"}",
              "{\"nonsense\": true}",
              "{'document': 'x'}",
              "{\"document\": NaN}",
              "<document/>")) {
        call(method, target, body);
      }
      call(method, target, new byte[] {'{', '"', (byte) 0xff, (byte) 0xfe, '"', ':', '1', '}'});
      call(
          method + " " + target + " with 100,000 lists",
          method,
          target,
          "[".repeat(100_000).getBytes(UTF_8));
      call(
          method + " " + target + " with 100,000 objects",
          method,
          target,
          "{\"a\":".repeat(100_000).getBytes(UTF_8));
      call(
          method + " " + target + " with a number of 100,000 digits",
          method,
          target,
          ("{\"a\":" + "9".repeat(100_000) + "}").getBytes(UTF_8));
    });
  }

  /// A field of a wrong type or out of its range.
  private void fields() {
    for (String body :
        List.of(
            "{\"document\": 7}",
            "{\"document\": null}",
            "{\"document\": \"\", \"format\": \"xml\"}",
            "{\"document\": \"x = 1\", \"prune\": \"yes\"}",
            "{\"document\": \"x = 1\", \"parallelism\": 0}",
            "{\"document\": \"x = 1\", \"parallelism\": 1e9}",
            "{\"document\": \"x = 1\", \"parallelism\": 1.5}",
            "{\"document\": \"x = 1\", \"priority\": \"urgent\"}",
            "{\"document\": \"x = 1\", \"base_dir\": \"relative/dir\"}",
            "{\"document\": \"x = 1\", \"base_dir\": \"/a\\u0000b\"}",
            "{\"document\": \"\\u0000\"}",
            "{\"document\": \"\\ud800\"}",
            "{\"document\": \"[workloads\"}",
            "{\"document\": \"---\\n- &a [*a]\", \"format\": \"yaml\"}",
            "{\"document\": \"{\", \"format\": \"json\"}")) {
      call("POST", "/api/v1/apply", body);
    }
    for (String body :
        List.of(
            "{\"items\": []}",
            "{\"items\": {}}",
            "{\"items\": [1]}",
            "{\"items\": [{\"workload\": \"kept\"}]}",
            "{\"items\": [{\"workload\": \"kept\", \"action\": \"explode\"}]}",
            "{\"items\": [{\"workload\": \"../x\", \"action\": \"stop\"}]}",
            "{\"items\": [{\"workload\": \"kept\", \"action\": \"stop\", \"options\": {\"dry_run\": true}}]}",
            "{\"items\": [{\"workload\": \"nobody\", \"action\": \"stop\"}]}")) {
      call("POST", "/api/v1/batch", body);
    }
    for (String body :
        List.of(
            "{\"priority\": 1}",
            "{\"timeout\": \"soon\"}",
            "{\"timeout\": \"-1s\"}",
            "{\"attempts\": 0}",
            "{\"attempts\": 11}",
            "{\"force\": \"true\"}",
            "{\"queue\": null, \"extra\": 1}")) {
      call("POST", "/api/v1/workloads/kept/stop", body);
    }
    call("POST", "/api/v1/workloads/kept/state", "{\"state\": \"happy\", \"reason\": \"x\"}");
    call("POST", "/api/v1/workloads/kept/state", "{\"state\": \"running\", \"reason\": \"\"}");
    call("PUT", "/api/v1/workloads/kept", "{\"kind\": \"process\"}");
    call("PUT", "/api/v1/workloads/kept", "{\"kind\": \"process\", \"command\": {}}");
    call(
        "PUT",
        "/api/v1/workloads/kept?generation=99",
        "{\"kind\": \"process\", \"command\": \"x\"}");
    call("PUT", "/api/v1/workloads/UPPER", "{\"kind\": \"process\", \"command\": \"x\"}");
    call("PUT", "/api/v1/tenants/other", "{\"quota\": {\"memory\": \"lots\"}}");
    call("PUT", "/api/v1/tenants/other", "{\"quota\": {\"workloads\": -1}}");
    call("POST", "/api/v1/tokens", "{\"name\": \"x y\", \"role\": \"admin\"}");
    call("POST", "/api/v1/tokens", "{\"name\": \"x\", \"role\": \"god\"}");
    call(
        "POST",
        "/api/v1/tokens",
        "{\"name\": \"x\", \"role\": \"viewer\", \"tenant\": \"no-such\"}");
    call("POST", "/api/v1/server/shutdown", "{\"with_workloads\": \"no\"}");
    call("POST", "/api/v1/server/reload", "{\"surprise\": 1}");
  }

  private void get(String target, String... more) {
    add("GET " + shown(target.getBytes(UTF_8)), true, head("GET", target, more).getBytes(UTF_8));
  }

  private void queries() {
    for (String query :
        List.of(
            "limit=0",
            "limit=-1",
            "limit=abc",
            "limit=1e3",
            "limit=1001",
            "limit=99999999999999999999",
            "limit=",
            "limit=1&limit=2",
            "after=-1",
            "after=x",
            "after=9223372036854775808",
            "unknown=1",
            "tenant=../etc",
            "tenant=no-such",
            "tenant=%00",
            "type=" + "x".repeat(200),
            "workload=" + "x".repeat(100))) {
      get("/api/v1/events?" + query);
    }
    for (String query :
        List.of(
            "follow=maybe",
            "position=-5",
            "position=99999999999999999999",
            "instance=-1",
            "instance=1000",
            "instance=1.5",
            "lines=-1",
            "lines=10000000")) {
      get("/api/v1/workloads/kept/logs?" + query);
    }
    get("/api/v1/operations?status=sleeping");
    get("/api/v1/operations/nope?wait=10");
    get("/api/v1/operations/nope?wait=soon");
    get("/api/v1/operations/no%20pe");
    get("/api/v1/events/stream?after=yesterday");
    get("/api/v1/events/stream", "Last-Event-ID: abc");
    get("/api/v1/events/stream", "Last-Event-ID: -3");
  }

  private void paths() {
    for (String path :
        List.of(
            "/",
            "/api",
            "/api/v2/workloads",
            "/api/v1/workload",
            "/api/v1/workloads/",
            "/api/v1//workloads",
            "/api/v1/workloads/..",
            "/api/v1/workloads/../../../etc/passwd",
            "/api/v1/workloads/..%2f..%2f..%2fetc%2fpasswd/logs",
            "/api/v1/workloads/%2e%2e/logs",
            "/api/v1/workloads/%00/logs",
            "/api/v1/workloads/kept%00/logs",
            "/api/v1/workloads/%zz",
            "/api/v1/workloads/%",
            "/api/v1/workloads/%ff%fe",
            "/api/v1/workloads/KEPT",
            "/api/v1/workloads/k\u00e4pt",
            "/api/v1/workloads/kept;drop=1",
            "/api/v1/workloads/" + "x".repeat(4000),
            "/api/v1/workloads/-x",
            "/healthz/x",
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "/api/v1/operations/..%2f..",
            "/API/V1/WORKLOADS")) {
      get(path);
    }
  }

  private void methods() {
    for (String method : List.of("PATCH", "TRACE", "CONNECT", "BREW", "get", "OPTIONS", "POST")) {
      add(method + " of a list", true, head(method, "/api/v1/events").getBytes(UTF_8));
    }
    for (String target : List.of("/api/v1/apply", "/api/v1/server/shutdown", "/api/v1/batch")) {
      get(target);
      add("DELETE " + target, true, head("DELETE", target).getBytes(UTF_8));
    }
    add("POST healthz", true, head("POST", "/healthz").getBytes(UTF_8));
  }

  private void plain(String name, boolean application, String request) {
    add(name, application, request.getBytes(ISO_8859_1));
  }

  private void headers() {
    String get = "GET /api/v1/workloads HTTP/1.1\r\n";
    String host = "Host: 127.0.0.1\r\nConnection: close\r\n";
    String auth = "Authorization: Bearer " + token + "\r\n";
    plain("no token", true, get + host + "\r\n");
    plain("an empty token", true, get + host + "Authorization: Bearer \r\n\r\n");
    plain("a wrong token", true, get + host + "Authorization: Bearer semper_nobody\r\n\r\n");
    plain("a token of another scheme", true, get + host + "Authorization: Basic YTpi\r\n\r\n");
    plain(
        "a foreign host",
        true,
        get + "Host: evil.example\r\nConnection: close\r\n" + auth + "\r\n");
    plain("no host", true, get + "Connection: close\r\n" + auth + "\r\n");
    plain("a foreign origin", true, get + host + auth + "Origin: http://evil.example\r\n\r\n");
    plain("a huge header", false, get + host + auth + "X: " + "x".repeat(20_000) + "\r\n\r\n");
    plain("many headers", false, get + host + auth + "X-A: b\r\n".repeat(5_000) + "\r\n");
    plain("a huge target", false, "GET /" + "x".repeat(20_000) + " HTTP/1.1\r\n" + host + "\r\n");
    plain("a header with a space in its name", false, get + host + auth + "X Y: z\r\n\r\n");
    plain("a space before the colon", false, get + host + auth + "X-Y : z\r\n\r\n");
    plain("a header with NUL", false, get + host + auth + "X: a\0b\r\n\r\n");
    String post = "POST /api/v1/apply HTTP/1.1\r\n";
    String json = "Content-Type: application/json\r\n";
    plain(
        "a length that is no number",
        false,
        post + host + auth + json + "Content-Length: x\r\n\r\n{}");
    plain("a negative length", false, post + host + auth + json + "Content-Length: -1\r\n\r\n{}");
    plain(
        "a length beyond all numbers",
        false,
        post + host + auth + json + "Content-Length: 99999999999999999999\r\n\r\n{}");
    plain(
        "a length of 1 TB",
        true,
        post + host + auth + json + "Content-Length: 1099511627776\r\n\r\n{}");
    plain(
        "two lengths",
        false,
        post + host + auth + json + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
    plain(
        "text as body",
        true,
        post + host + auth + "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}");
    plain("a body without type", true, post + host + auth + "Content-Length: 2\r\n\r\n{}");
    plain(
        "a form as body",
        true,
        post
            + host
            + auth
            + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b");
    plain(
        "a broken multipart body",
        true,
        post + host + auth + "Content-Type: multipart/form-data\r\nContent-Length: 2\r\n\r\n{}");
    plain(
        "a compressed body",
        true,
        post + host + auth + json + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}");
    plain("a body on a GET", true, get + host + auth + json + "Content-Length: 2\r\n\r\n{}");
    plain(
        "a long idempotency key",
        true,
        post
            + host
            + auth
            + json
            + "Idempotency-Key: "
            + "k".repeat(300)
            + "\r\nContent-Length: 17\r\n\r\n{\"document\": \"x\"}");
    plain(
        "an expectation",
        false,
        post + host + auth + json + "Expect: miracles\r\nContent-Length: 2\r\n\r\n{}");
  }

  /// What is not, or hardly, HTTP.
  private void wire() {
    String get = "GET /api/v1/workloads HTTP/1.1\r\n";
    String post = "POST /api/v1/apply HTTP/1.1\r\n";
    String host = "Host: 127.0.0.1\r\nConnection: close\r\nAuthorization: Bearer " + token + "\r\n";
    String json = "Content-Type: application/json\r\n";
    String chunked = post + host + json + "Transfer-Encoding: chunked\r\n\r\n";
    plain("a chunk size that is no number", false, chunked + "zz\r\n{}\r\n0\r\n\r\n");
    plain("a negative chunk size", false, chunked + "-1\r\n{}\r\n0\r\n\r\n");
    plain(
        "a chunk size beyond all numbers", false, chunked + "fffffffffffffffff\r\n{}\r\n0\r\n\r\n");
    plain("a chunk longer than it says", false, chunked + "1\r\n{}{}{}{}\r\n0\r\n\r\n");
    plain("chunks without end", false, chunked + "2\r\n{}\r\n");
    plain(
        "an unknown transfer coding",
        false,
        post + host + json + "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    plain(
        "chunked twice",
        false,
        post
            + host
            + json
            + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n");
    String smuggled = "GET /api/v1/server HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    plain(
        "a length and chunks",
        false,
        post
            + host
            + json
            + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            + smuggled);
    plain(
        "chunks and a length",
        false,
        post
            + host
            + json
            + "Transfer-Encoding: chunked\r\nContent-Length: 100\r\n\r\n0\r\n\r\n"
            + smuggled);
    plain(
        "a folded header", false, post + host + json + "X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}");
    plain("a folded length", false, post + host + json + "Content-Length:\r\n 2\r\n\r\n{}");
    plain(
        "a hidden transfer coding",
        false,
        post + host + json + "Transfer-Encoding:\u000bchunked\r\nContent-Length: 2\r\n\r\n{}");
    plain("a bare carriage return", false, get + "Host: 127.0.0.1\rX: y\r\n\r\n");
    plain("HTTP/0.9", false, "GET /api/v1/workloads\r\n\r\n");
    plain("HTTP/3.7", false, "GET /api/v1/workloads HTTP/3.7\r\nHost: 127.0.0.1\r\n\r\n");
    plain("HTTP/x", false, "GET /api/v1/workloads HTTP/x\r\nHost: 127.0.0.1\r\n\r\n");
    plain("no version", false, "GET /api/v1/workloads \r\nHost: 127.0.0.1\r\n\r\n");
    plain(
        "spaces in the target",
        false,
        "GET /api/v1/work loads HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    plain("no method", false, " /api/v1/workloads HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    plain("HTTP/2 without agreement", false, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    plain("a star as target", false, "OPTIONS * HTTP/1.1\r\n" + host + "\r\n");
    plain(
        "a whole address as target",
        false,
        "GET http://evil.example/api/v1/workloads HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    plain(
        "a greeting of TLS",
        false,
        "\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003"
            + "\u00aa".repeat(300)
            + "\r\n\r\n");
    plain("zeros", false, "\0".repeat(20_000));
    plain("noise", false, "\u00ff\u0080\u0001".repeat(7_000));
    plain("empty lines only", false, "\r\n".repeat(100) + "x\r\n\r\n");
    plain("half a head", false, get + "Host: 127.0");
    plain("half a body", false, post + host + json + "Content-Length: 100\r\n\r\n{\"document\":");
    add(
        "a body of 9 MiB in chunks",
        true,
        chunked.getBytes(ISO_8859_1),
        chunk(9 << 20),
        "0\r\n\r\n".getBytes(ISO_8859_1));
    byte[] large = new byte[9 << 20];
    add(
        "a body of 9 MiB",
        true,
        (post + host + json + "Content-Length: " + large.length + "\r\n\r\n").getBytes(ISO_8859_1),
        large);
  }

  private static byte[] chunk(int bytes) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes((Integer.toHexString(bytes) + "\r\n").getBytes(ISO_8859_1));
    out.writeBytes(" ".repeat(bytes).getBytes(ISO_8859_1));
    out.writeBytes("\r\n".getBytes(ISO_8859_1));
    return out.toByteArray();
  }
}
