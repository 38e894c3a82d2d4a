package dev.semper.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.Configurator;
import ch.qos.logback.classic.spi.ConfiguratorRank;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.encoder.Encoder;
import ch.qos.logback.core.rolling.FixedWindowRollingPolicy;
import ch.qos.logback.core.rolling.RollingFileAppender;
import ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy;
import ch.qos.logback.core.spi.ContextAwareBase;
import ch.qos.logback.core.util.FileSize;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Sets Logback up in code: its XML would cost a tenth of the start. Found by Logback as its
/// configurator, then told the settings.
@ConfiguratorRank(ConfiguratorRank.CUSTOM_HIGH_PRIORITY)
public final class Logging extends ContextAwareBase implements Configurator {
  private static final String PATTERN =
      "%d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5level %logger{0} - %msg%n%ex";

  @Override
  public ExecutionStatus configure(LoggerContext context) {
    apply(context, new Settings.Log("info", false, null, 0, 0));
    return ExecutionStatus.DO_NOT_INVOKE_NEXT_IF_ANY;
  }

  /// From now on logs go where and as the settings say.
  static void apply(Settings.Log log) {
    if (LoggerFactory.getILoggerFactory() instanceof LoggerContext context) {
      apply(context, log);
    }
  }

  static void level(String level) {
    if (LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)
        instanceof ch.qos.logback.classic.Logger root) {
      root.setLevel(Level.toLevel(level));
    }
  }

  private static void apply(LoggerContext context, Settings.Log log) {
    ch.qos.logback.classic.Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
    root.detachAndStopAllAppenders();
    OutputStreamAppender<ILoggingEvent> appender =
        log.file() == null ? new ConsoleAppender<>() : file(context, log, log.file());
    appender.setContext(context);
    appender.setEncoder(encoder(context, log.json()));
    appender.start();
    root.addAppender(appender);
    root.setLevel(Level.toLevel(log.level()));
    for (String noisy : new String[] {"io.netty", "io.vertx", "org.flywaydb", "com.zaxxer"}) {
      context.getLogger(noisy).setLevel(Level.WARN);
    }
    context.getLogger("com.networknt").setLevel(Level.ERROR);
    // What the target of a probe does wrong is told by the probe, and not at each check.
    context.getLogger("org.apache.sshd").setLevel(Level.ERROR);
    context.getLogger("io.vertx.core.net.impl.ConnectionBase").setLevel(Level.OFF);
  }

  private static Encoder<ILoggingEvent> encoder(LoggerContext context, boolean json) {
    if (json) {
      JsonLines encoder = new JsonLines();
      encoder.setContext(context);
      encoder.start();
      return encoder;
    }
    PatternLayoutEncoder encoder = new PatternLayoutEncoder();
    encoder.setContext(context);
    encoder.setPattern(PATTERN);
    encoder.start();
    return encoder;
  }

  private static RollingFileAppender<ILoggingEvent> file(
      LoggerContext context, Settings.Log log, Path path) {
    RollingFileAppender<ILoggingEvent> file = new RollingFileAppender<>();
    file.setContext(context);
    file.setFile(path.toString());
    FixedWindowRollingPolicy window = new FixedWindowRollingPolicy();
    window.setContext(context);
    window.setParent(file);
    window.setFileNamePattern(path + ".%i");
    window.setMinIndex(1);
    window.setMaxIndex(Math.max(1, log.maxFiles()));
    window.start();
    SizeBasedTriggeringPolicy<ILoggingEvent> size = new SizeBasedTriggeringPolicy<>();
    size.setContext(context);
    size.setMaxFileSize(new FileSize(log.maxBytes()));
    size.start();
    file.setRollingPolicy(window);
    file.setTriggeringPolicy(size);
    return file;
  }
}
