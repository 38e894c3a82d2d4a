package dev.semper.engine.health;

import java.util.Map;

/// Is told what happens to the probing itself, e.g. `host.starved`. Called from the scheduler's
/// thread: must not block.
@FunctionalInterface
public interface Notices {
  void tell(String type, Map<String, Object> data);
}
