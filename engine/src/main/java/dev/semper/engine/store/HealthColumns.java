package dev.semper.engine.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The columns of table `health_minute`, in the order of [Row.HealthMinute].
final class HealthColumns {
  static final List<String> MEASURES =
      Stream.of("score", "cpu", "memory", "error_rate", "response_time")
          .flatMap(m -> Stream.of(m + "_min", m + "_mean", m + "_max", m + "_last"))
          .toList();
  static final List<String> STATUSES =
      List.of("healthy_ms", "degraded_ms", "unhealthy_ms", "critical_ms", "unknown_ms");
  static final String SELECT =
      "SELECT uid, minute, %s, %s FROM health_minute"
          .formatted(String.join(", ", MEASURES), String.join(", ", STATUSES));
  static final String SUMS =
      String.join(", ", STATUSES.stream().map(s -> "sum(" + s + ")").toList());

  private HealthColumns() {}

  static Object[] values(Row.HealthMinute minute) {
    List<Object> values = new ArrayList<>();
    values.add(minute.uid());
    values.add(minute.minute());
    for (Row.Spread spread : minute.measures()) {
      values.add(orNull(spread.min()));
      values.add(orNull(spread.mean()));
      values.add(orNull(spread.max()));
      values.add(orNull(spread.last()));
    }
    values.addAll(minute.millis());
    return values.toArray();
  }

  private static Object orNull(@Nullable Integer value) {
    return value == null ? Session.NullNumber.NULL : value;
  }

  static Row.HealthMinute read(ResultSet row) throws SQLException {
    int column = 3;
    List<Row.Spread> measures = new ArrayList<>();
    for (int i = 0; i < Row.HealthMinute.MEASURES; i++) {
      measures.add(
          new Row.Spread(
              number(row, column),
              number(row, column + 1),
              number(row, column + 2),
              number(row, column + 3)));
      column += 4;
    }
    List<Integer> millis = new ArrayList<>();
    for (int i = 0; i < Row.HealthMinute.STATUSES; i++) {
      millis.add(row.getInt(column++));
    }
    return new Row.HealthMinute(row.getString(1), row.getLong(2), measures, millis);
  }

  private static @Nullable Integer number(ResultSet row, int column) throws SQLException {
    int value = row.getInt(column);
    return row.wasNull() ? null : value;
  }
}
