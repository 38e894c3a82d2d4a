package dev.semper.driver.process;

import dev.semper.spi.Driver;
import dev.semper.testkit.DriverContract;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

class ProcessContractTest extends DriverContract {
  @Override
  protected Driver newDriver() {
    return new ProcessDriver();
  }

  @Override
  protected Map<String, Object> running() {
    return Map.of("command", "echo ready; sleep 1000");
  }

  @Override
  protected Map<String, Object> endingWith(int code, Path when) {
    return Map.of(
        "command",
        "echo ready; while [ ! -e '%s' ]; do sleep 0.02; done; exit %d".formatted(when, code));
  }

  @Override
  protected Map<String, Object> stubborn() {
    return Map.of("command", "trap '' TERM; echo ready; while :; do sleep 1; done");
  }

  @Override
  protected Map<String, Object> missing() {
    return Map.of("command", List.of("/no/such/program"));
  }

  @Override
  protected Map<String, Object> invalid() {
    return Map.of("command", List.of());
  }

  @Override
  protected List<String> printing() {
    return List.of("sh", "-c", "echo hello; exit 3");
  }

  @Override
  protected List<String> hanging() {
    return List.of("sleep", "1000");
  }
}
