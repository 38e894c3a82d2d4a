package dev.semper.traces;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.metrics.MeterProvider;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporterBuilder;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.common.export.RetryPolicy;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.SpanData;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/// Sends spans over OTLP/HTTP, tried again as the standard says.
final class Otlp implements AutoCloseable {
  private static final org.slf4j.Logger LOG = LoggerFactory.getLogger(Otlp.class);
  private static final Duration TIMEOUT = Duration.ofSeconds(10);

  /// With all tries.
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /// Says by `java.util.logging` what [SpanQueue] says already. Held, or it would be forgotten.
  private static final Logger NOISE = Logger.getLogger("io.opentelemetry.exporter");

  private final OtlpHttpSpanExporter exporter;
  private final Resource resource;

  Otlp(Target target) {
    NOISE.setLevel(Level.OFF);
    OtlpHttpSpanExporterBuilder builder =
        OtlpHttpSpanExporter.builder()
            .setEndpoint(target.url())
            .setCompression("gzip")
            .setConnectTimeout(TIMEOUT)
            .setTimeout(TIMEOUT)
            .setRetryPolicy(RetryPolicy.getDefault())
            .setMeterProvider(MeterProvider.noop());
    target.headers().forEach(builder::addHeader);
    exporter = builder.build();
    AttributesBuilder service = Attributes.builder();
    target.service().forEach(service::put);
    resource = Resource.getDefault().merge(Resource.create(service.build()));
  }

  /// Sends spans and waits for the answer.
  ///
  /// @return whether the receiver has taken them
  boolean send(List<Span> spans) {
    List<SpanData> data = spans.stream().<SpanData>map(s -> new OtlpSpan(s, resource)).toList();
    CompletableResultCode result =
        exporter.export(data).join(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    Throwable failure = result.getFailureThrowable();
    if (failure != null) {
      LOG.debug("Spans were not taken: {}", failure.toString());
    }
    return result.isSuccess();
  }

  @Override
  public void close() {
    exporter.shutdown();
  }
}
