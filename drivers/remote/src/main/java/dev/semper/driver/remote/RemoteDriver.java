package dev.semper.driver.remote;

import dev.semper.spi.Attachment;
import dev.semper.spi.Capability;
import dev.semper.spi.Driver;
import dev.semper.spi.DriverContext;
import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.InstanceLog;
import dev.semper.spi.Launch;
import dev.semper.spi.LaunchException;
import dev.semper.spi.LogTarget;
import dev.semper.spi.Running;
import dev.semper.spi.SettingProblem;
import dev.semper.spi.StopRequest;
import dev.semper.spi.StopResult;
import dev.semper.spi.Usage;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The driver of kind `remote`: watches what runs elsewhere.
///
/// Settings: `host` (for people), `start_command`, `stop_command` and `restart_command` (lists, run
/// on this host in `/`; default: none) and `command_timeout` (of each, default 5 min, then TERM and
/// after 5 s KILL for the whole tree of the command). A start runs `start_command`, a stop
/// `stop_command`; a restart runs `restart_command`, or, if there is none, the other two. Without
/// commands a start only begins the watching and a stop ends it. An update runs nothing.
///
/// A stop command that fails is told as a notice; the watching ends all the same.
public final class RemoteDriver implements Driver {
  private static final Duration BEYOND_COMMAND = Duration.ofSeconds(30);

  private @Nullable Watches watches;

  @Override
  public String kind() {
    return "remote";
  }

  @Override
  public boolean installs() {
    return false;
  }

  @Override
  public List<String> settingNames() {
    return Settings.NAMES;
  }

  @Override
  public List<SettingProblem> validate(Map<String, Object> settings) {
    return Settings.problems(settings);
  }

  @Override
  public void open(DriverContext context) {
    if (watches != null) {
      throw new IllegalStateException("the remote driver is open already");
    }
    watches = new Watches(context);
  }

  private Watches watches() {
    Watches open = watches;
    if (open == null) {
      throw new IllegalStateException("the remote driver is not open");
    }
    return open;
  }

  @Override
  public List<Capability> capabilities() {
    return List.of(
        new Capability(
            "usage", false, "CPU and memory of what runs elsewhere are not seen: use ssh probes"),
        new Capability("resource-limits", false, "what runs elsewhere cannot be limited"));
  }

  @Override
  public Running start(Launch launch) throws LaunchException {
    return watches().start(launch);
  }

  @Override
  public Duration startTimeout(Launch launch) {
    return Settings.of(launch.settings()).timeout().plus(BEYOND_COMMAND);
  }

  @Override
  public Attachment attach(String incarnation) {
    return watches().attach(incarnation);
  }

  @Override
  public StopResult stop(String incarnation, StopRequest request) {
    watches().stop(incarnation, request);
    return StopResult.CLEAN;
  }

  @Override
  public void signal(String incarnation, String signal) {
    throw new UnsupportedOperationException("what runs elsewhere takes no signals");
  }

  @Override
  public void forget(String incarnation) {
    watches().forget(incarnation);
  }

  @Override
  public List<String> incarnations() {
    return watches().incarnations();
  }

  @Override
  public Usage usage(String incarnation) {
    return Usage.NONE;
  }

  @Override
  public ExecResult exec(String incarnation, ExecRequest request) throws LaunchException {
    return watches().exec(incarnation, request);
  }

  @Override
  public InstanceLog log(LogTarget target) {
    return watches().log(target);
  }

  @Override
  public void close() {
    watches = null;
  }
}
