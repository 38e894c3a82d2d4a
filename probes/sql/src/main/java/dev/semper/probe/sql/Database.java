package dev.semper.probe.sql;

import dev.semper.spi.ProbeOutcome;
import dev.semper.spi.ProbeTarget;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/// One connection, one question.
final class Database {
  private static final int SHOWN = 100;
  private static final String POSTGRESQL = "jdbc:postgresql:";

  private Database() {}

  static ProbeOutcome check(ProbeTarget target) throws InterruptedException {
    Map<String, Object> settings = target.settings();
    String url = String.valueOf(settings.get("url"));
    Properties properties = new Properties();
    if (settings.get("user") instanceof String user) {
      properties.setProperty("user", user);
    }
    if (settings.get("password_file") instanceof String file) {
      try {
        properties.setProperty("password", Files.readString(Path.of(file)).strip());
      } catch (IOException e) {
        return new ProbeOutcome.Errored("The password_file " + file + " cannot be read: " + e);
      }
    }
    if (url.startsWith(POSTGRESQL)) {
      postgresql(properties, url, target.timeout());
    }
    String query = settings.get("query") instanceof String own ? own : "SELECT 1";
    try (Connection connection = DriverManager.getConnection(url, properties);
        Statement statement = connection.createStatement()) {
      statement.setMaxRows(1);
      boolean rows = statement.execute(query);
      return judge(settings, rows ? first(statement) : null, query);
    } catch (SQLException e) {
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
      return noDriver(e)
          ? new ProbeOutcome.Errored("No jar on the class path has a JDBC driver for " + url)
          : new ProbeOutcome.Failed("The database " + url + " says: " + line(e));
    }
  }

  /// The server itself ends a query that takes too long, so that no backend is left at work when we
  /// have hung up.
  private static void postgresql(Properties properties, String url, Duration timeout) {
    long seconds = timeout.plusMillis(999).toSeconds();
    properties.setProperty("connectTimeout", String.valueOf(seconds));
    properties.setProperty("socketTimeout", String.valueOf(seconds + 1));
    properties.setProperty("ApplicationName", "semper-probe");
    if (!url.contains("options=")) {
      properties.setProperty("options", "-c statement_timeout=" + timeout.toMillis());
    }
  }

  private static boolean noDriver(SQLException e) {
    return "08001".equals(e.getSQLState())
        && String.valueOf(e.getMessage()).startsWith("No suitable driver");
  }

  private static @Nullable String first(Statement statement) throws SQLException {
    try (ResultSet rows = statement.getResultSet()) {
      return rows.next() ? rows.getString(1) : null;
    }
  }

  private static ProbeOutcome judge(
      Map<String, Object> settings, @Nullable String value, String query) {
    if (settings.get("expected") instanceof String expected && !expected.equals(value)) {
      return fault(query, value, "expected " + expected);
    }
    if (settings.get("min") instanceof Number min && compare(value, min) < 0) {
      return fault(query, value, "expected at least " + min);
    }
    if (settings.get("max") instanceof Number max
        && (compare(value, max) > 0 || number(value) == null)) {
      return fault(query, value, "expected at most " + max);
    }
    return ProbeOutcome.PASSED;
  }

  private static ProbeOutcome fault(String query, @Nullable String value, String expected) {
    String shown = value == null ? "nothing" : shortened(value);
    return new ProbeOutcome.Failed(shortened(query) + " gives " + shown + ", " + expected);
  }

  /// What is no number is less than any.
  private static int compare(@Nullable String value, Number limit) {
    BigDecimal number = number(value);
    return number == null ? -1 : number.compareTo(new BigDecimal(limit.toString()));
  }

  private static @Nullable BigDecimal number(@Nullable String value) {
    try {
      return value == null ? null : new BigDecimal(value.strip());
    } catch (NumberFormatException _) {
      return null;
    }
  }

  private static String line(SQLException e) {
    return shortened(String.valueOf(e.getMessage()).replaceAll("\\s+", " "));
  }

  private static String shortened(String text) {
    return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
  }
}
