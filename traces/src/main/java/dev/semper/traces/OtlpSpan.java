package dev.semper.traces;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A span as the exporter wants it.
final class OtlpSpan implements SpanData {
  private static final InstrumentationScopeInfo SCOPE =
      InstrumentationScopeInfo.create("dev.semper");

  /// Outputs of commands come in here.
  private static final int LONGEST_TEXT = 4096;

  private final Span span;
  private final Resource resource;
  private final Attributes attributes;

  OtlpSpan(Span span, Resource resource) {
    this.span = span;
    this.resource = resource;
    this.attributes = attributes(span.attributes());
  }

  private static Attributes attributes(Map<String, Object> values) {
    AttributesBuilder attributes = Attributes.builder();
    values.forEach((name, value) -> {
      switch (value) {
        case Long number -> attributes.put(name, number);
        case Boolean truth -> attributes.put(name, truth);
        default -> attributes.put(name, cut(String.valueOf(value)));
      }
    });
    return attributes.build();
  }

  private static String cut(String text) {
    return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "…" : text;
  }

  private static SpanContext context(Span.@Nullable Place place) {
    return place == null
        ? SpanContext.getInvalid()
        : SpanContext.create(
            place.trace(), place.id(), TraceFlags.getSampled(), TraceState.getDefault());
  }

  @Override
  public String getName() {
    return span.name();
  }

  @Override
  public SpanKind getKind() {
    return span.call() ? SpanKind.CLIENT : SpanKind.INTERNAL;
  }

  @Override
  public SpanContext getSpanContext() {
    return context(span.place());
  }

  @Override
  public SpanContext getParentSpanContext() {
    return context(span.parent());
  }

  @Override
  public StatusData getStatus() {
    String error = span.error();
    return error == null ? StatusData.unset() : StatusData.create(StatusCode.ERROR, cut(error));
  }

  @Override
  public long getStartEpochNanos() {
    return span.startNanos();
  }

  @Override
  public Attributes getAttributes() {
    return attributes;
  }

  @Override
  public List<EventData> getEvents() {
    return List.of();
  }

  @Override
  public List<LinkData> getLinks() {
    return span.follows() == null ? List.of() : List.of(LinkData.create(context(span.follows())));
  }

  @Override
  public long getEndEpochNanos() {
    return span.endNanos();
  }

  @Override
  public boolean hasEnded() {
    return true;
  }

  @Override
  public int getTotalRecordedEvents() {
    return 0;
  }

  @Override
  public int getTotalRecordedLinks() {
    return getLinks().size();
  }

  @Override
  public int getTotalAttributeCount() {
    return attributes.size();
  }

  @Override
  @Deprecated
  public io.opentelemetry.sdk.common.InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
    return io.opentelemetry.sdk.common.InstrumentationLibraryInfo.create(SCOPE.getName(), null);
  }

  @Override
  public InstrumentationScopeInfo getInstrumentationScopeInfo() {
    return SCOPE;
  }

  @Override
  public Resource getResource() {
    return resource;
  }
}
