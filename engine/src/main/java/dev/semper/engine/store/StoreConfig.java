package dev.semper.engine.store;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/// Where state is kept.
///
/// @param url `jdbc:sqlite:FILE` or `jdbc:postgresql://…`
/// @param eventRetentionDays older events are dropped (never the newest 10,000), default 90
public record StoreConfig(
    String url, @Nullable String user, @Nullable String password, int eventRetentionDays) {
  public static StoreConfig sqlite(Path file) {
    return new StoreConfig("jdbc:sqlite:" + file.toAbsolutePath(), null, null, 90);
  }
}
