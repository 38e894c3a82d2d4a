package dev.semper.engine.alert;

import dev.semper.engine.store.FreshPostgres;
import dev.semper.engine.store.StoreConfig;
import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;

final class PostgresBoardTest extends BoardContract {
  @RegisterExtension static final FreshPostgres DATABASE = new FreshPostgres();

  @Override
  StoreConfig config(Path dir) {
    return DATABASE.config();
  }
}
