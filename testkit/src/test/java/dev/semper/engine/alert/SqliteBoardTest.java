package dev.semper.engine.alert;

import dev.semper.engine.store.StoreConfig;
import java.nio.file.Path;

final class SqliteBoardTest extends BoardContract {
  @Override
  StoreConfig config(Path dir) {
    return StoreConfig.sqlite(dir.resolve("semper.db"));
  }
}
