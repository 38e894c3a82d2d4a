package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.status.Status;
import dev.semper.api.Wire;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class JsonLinesTest {
  private static List<String> lines(Consumer<Logger> logging) {
    LoggerContext context = new LoggerContext();
    context.setMDCAdapter(new LogbackMDCAdapter());
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
    appender.setContext(context);
    appender.setEncoder(new JsonLines());
    appender.setOutputStream(out);
    appender.start();
    Logger logger = context.getLogger("dev.semper.server.Main");
    logger.addAppender(appender);
    logging.accept(logger);
    assertThat(context.getStatusManager().getCopyOfStatusList())
        .allMatch(status -> status.getEffectiveLevel() < Status.WARN);
    return out.toString(StandardCharsets.UTF_8).lines().toList();
  }

  @Test
  void hasTheShapeOfTheSeed() {
    List<String> lines =
        lines(log ->
            log.atInfo()
                .addKeyValue("event", "server_ready")
                .addKeyValue("duration_ms", 312)
                .addKeyValue("port", 8470)
                .log("ready on {}", "\"8470\"\n"));

    assertThat(lines).hasSize(1);
    JsonNode line = Wire.JSON.readTree(lines.getFirst());
    assertThat(Instant.parse(line.required("timestamp").asString()))
        .isBefore(Instant.now().plusSeconds(1));
    assertThat(line.required("level").asString()).isEqualTo("INFO");
    assertThat(line.required("component").asString()).isEqualTo("Main");
    assertThat(line.required("event").asString()).isEqualTo("server_ready");
    assertThat(line.required("duration_ms").asInt()).isEqualTo(312);
    assertThat(line.required("message").asString()).isEqualTo("ready on \"8470\"\n");
    assertThat(line.required("details").required("port").asInt()).isEqualTo(8470);
  }

  @Test
  void keepsAStackTraceOnOneLine() {
    List<String> lines = lines(log -> log.warn("it broke", new IllegalStateException("why")));

    assertThat(lines).hasSize(1);
    JsonNode line = Wire.JSON.readTree(lines.getFirst());
    assertThat(line.has("event")).isFalse();
    assertThat(line.required("details").required("error").asString())
        .contains("IllegalStateException: why", "JsonLinesTest");
  }
}
