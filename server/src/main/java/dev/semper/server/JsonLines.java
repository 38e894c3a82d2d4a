package dev.semper.server;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.encoder.EncoderBase;
import dev.semper.api.Wire;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.slf4j.event.KeyValuePair;

/// A log line as one JSON object: timestamp, level, component, event, duration_ms, message and
/// details, which hold the other key-value pairs of the call. What is not there is left out.
final class JsonLines extends EncoderBase<ILoggingEvent> {
  private static final byte[] NOTHING = {};

  @Override
  public byte[] headerBytes() {
    return NOTHING;
  }

  @Override
  public byte[] footerBytes() {
    return NOTHING;
  }

  @Override
  public byte[] encode(ILoggingEvent event) {
    Map<String, Object> line = new LinkedHashMap<>();
    Map<String, Object> details = new LinkedHashMap<>();
    Instant at =
        event.getInstant() == null
            ? Instant.ofEpochMilli(event.getTimeStamp())
            : event.getInstant();
    line.put("timestamp", at);
    line.put("level", event.getLevel().toString());
    line.put("component", component(event.getLoggerName()));
    if (event.getKeyValuePairs() != null) {
      for (KeyValuePair pair : event.getKeyValuePairs()) {
        boolean ours = pair.key.equals("event") || pair.key.equals("duration_ms");
        Object value = pair.value instanceof Number ? pair.value : String.valueOf(pair.value);
        (ours ? line : details).put(pair.key, value);
      }
    }
    line.put("message", event.getFormattedMessage());
    IThrowableProxy failure = event.getThrowableProxy();
    if (failure != null) {
      details.put("error", ThrowableProxyUtil.asString(failure));
    }
    if (!details.isEmpty()) {
      line.put("details", details);
    }
    byte[] json = Wire.JSON.writeValueAsBytes(line);
    byte[] withEnd = Arrays.copyOf(json, json.length + 1);
    withEnd[json.length] = '\n';
    return withEnd;
  }

  /// The simple name of the logger's class.
  private static String component(String logger) {
    return logger.substring(logger.lastIndexOf('.') + 1);
  }
}
