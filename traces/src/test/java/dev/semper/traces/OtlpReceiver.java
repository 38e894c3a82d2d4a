package dev.semper.traces;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.Status;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/// A receiver of OTLP over HTTP, as a collector has it, on a port of its own.
public final class OtlpReceiver implements AutoCloseable {
  /// A span as it was received.
  ///
  /// @param parent empty for a root
  /// @param error null if nothing went wrong
  /// @param links ids of the spans linked to
  public record Received(
      String trace,
      String id,
      String parent,
      String name,
      long startNanos,
      long endNanos,
      Map<String, Object> attributes,
      @Nullable String error,
      List<String> links) {
    public @Nullable Object attribute(String name) {
      return attributes.get(name);
    }
  }

  private final List<Received> spans = new CopyOnWriteArrayList<>();
  private final List<Map<String, Object>> resources = new CopyOnWriteArrayList<>();
  private final List<String> authorizations = new CopyOnWriteArrayList<>();
  private final CountDownLatch released = new CountDownLatch(1);
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final HttpServer server;
  private volatile int answer = 200;
  private volatile boolean hanging;

  private OtlpReceiver(HttpServer server) {
    this.server = server;
  }

  public static OtlpReceiver start() throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    OtlpReceiver receiver = new OtlpReceiver(server);
    server.setExecutor(receiver.threads);
    server.createContext("/v1/traces", receiver::take);
    server.start();
    return receiver;
  }

  public URI endpoint() {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
  }

  /// From now on it answers with this status; what is not 200 is not kept.
  public void answer(int status) {
    answer = status;
  }

  /// From now on it takes requests and answers none.
  public void hang() {
    hanging = true;
  }

  public List<Received> spans() {
    return List.copyOf(spans);
  }

  public List<Received> spans(Predicate<Received> which) {
    return spans.stream().filter(which).toList();
  }

  /// Attributes of the resources that have sent something.
  public List<Map<String, Object>> resources() {
    return List.copyOf(resources);
  }

  public List<String> authorizations() {
    return List.copyOf(authorizations);
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange;
        InputStream body = exchange.getRequestBody()) {
      boolean zipped = "gzip".equals(exchange.getRequestHeaders().getFirst("Content-Encoding"));
      ExportTraceServiceRequest request =
          ExportTraceServiceRequest.parseFrom(zipped ? new GZIPInputStream(body) : body);
      if (hanging) {
        released.await();
      }
      if (answer == 200) {
        String authorization = exchange.getRequestHeaders().getFirst("Authorization");
        if (authorization != null) {
          authorizations.add(authorization);
        }
        request.getResourceSpansList().forEach(this::keep);
      }
      byte[] reply = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
      exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
      exchange.sendResponseHeaders(answer, reply.length == 0 ? -1 : reply.length);
      exchange.getResponseBody().write(reply);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UncheckedIOException(new IOException(e));
    }
  }

  private void keep(ResourceSpans resource) {
    resources.add(attributes(resource.getResource().getAttributesList()));
    resource
        .getScopeSpansList()
        .forEach(scope ->
            scope
                .getSpansList()
                .forEach(s ->
                    spans.add(
                        new Received(
                            hex(s.getTraceId().toByteArray()),
                            hex(s.getSpanId().toByteArray()),
                            hex(s.getParentSpanId().toByteArray()),
                            s.getName(),
                            s.getStartTimeUnixNano(),
                            s.getEndTimeUnixNano(),
                            attributes(s.getAttributesList()),
                            s.getStatus().getCode() == Status.StatusCode.STATUS_CODE_ERROR
                                ? s.getStatus().getMessage()
                                : null,
                            s.getLinksList().stream()
                                .map(l -> hex(l.getSpanId().toByteArray()))
                                .toList()))));
  }

  private static Map<String, Object> attributes(List<KeyValue> pairs) {
    Map<String, Object> attributes = new TreeMap<>();
    for (KeyValue pair : pairs) {
      AnyValue value = pair.getValue();
      attributes.put(
          pair.getKey(),
          value.hasIntValue()
              ? (Object) value.getIntValue()
              : value.hasBoolValue() ? (Object) value.getBoolValue() : value.getStringValue());
    }
    return attributes;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @Override
  public void close() {
    released.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
