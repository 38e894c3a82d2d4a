package dev.semper.engine.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A SELECT put together from conditions.
final class Query {
  /// Makes a record of a row.
  @FunctionalInterface
  interface Mapper<T> {
    T map(ResultSet row) throws SQLException;
  }

  private final StringBuilder sql;
  private final List<Object> values = new ArrayList<>();
  private boolean conditional;

  Query(String select) {
    sql = new StringBuilder(select);
  }

  Query where(String condition, Object... itsValues) {
    sql.append(conditional ? " AND " : " WHERE ").append(condition);
    conditional = true;
    values.addAll(List.of(itsValues));
    return this;
  }

  Query whereEqual(String column, @Nullable Object value) {
    return value == null ? this : where(column + " = ?", value);
  }

  Query then(String end, Object... itsValues) {
    sql.append(' ').append(end);
    values.addAll(List.of(itsValues));
    return this;
  }

  <T> List<T> list(Connection connection, Mapper<T> mapper) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql.toString())) {
      Session.bind(statement, values.toArray());
      try (ResultSet rows = statement.executeQuery()) {
        List<T> list = new ArrayList<>();
        while (rows.next()) {
          list.add(mapper.map(rows));
        }
        return list;
      }
    }
  }

  <T> List<T> list(Database database, Mapper<T> mapper) {
    return database.read(connection -> list(connection, mapper));
  }
}
