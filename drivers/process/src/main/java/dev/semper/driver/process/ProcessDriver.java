package dev.semper.driver.process;

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
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The driver of kind `process`: runs programs of this Linux machine.
///
/// Settings: `command` (a list, or one text for `/bin/sh -c`), `user`, `group`, `working_dir`
/// (default `/`), `umask` (default `022`), `nice`, `limits` (e.g. `nofile = 4096`, `core =
/// "unlimited"`, `nproc = "100:200"` for soft and hard), `stdin` (a file; default: nothing) and
/// `stderr` (`merge`, `separate` into `NAME.err.log`, `discard`). To the environment it adds
/// `SEMPER_INCARNATION` only.
///
/// An exit is reported for every incarnation that [#start] or [#attach] has said to run.
public final class ProcessDriver implements Driver {
  private @Nullable Processes processes;

  @Override
  public String kind() {
    return "process";
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
    if (processes != null) {
      throw new IllegalStateException("the process driver is open already");
    }
    try {
      processes = Processes.open(context);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "cannot open the process driver in " + context.state() + ": " + e.getMessage(), e);
    }
  }

  Processes processes() {
    Processes open = processes;
    if (open == null) {
      throw new IllegalStateException("the process driver is not open");
    }
    return open;
  }

  @Override
  public List<Capability> capabilities() {
    return processes().capabilities();
  }

  @Override
  public Running start(Launch launch) throws LaunchException {
    return processes().start(launch);
  }

  @Override
  public Attachment attach(String incarnation) {
    return processes().attach(incarnation);
  }

  @Override
  public StopResult stop(String incarnation, StopRequest request) {
    return processes().stop(incarnation, request);
  }

  @Override
  public void signal(String incarnation, String signal) {
    processes().signal(incarnation, signal);
  }

  @Override
  public void forget(String incarnation) {
    processes().forget(incarnation);
  }

  @Override
  public List<String> incarnations() {
    return processes().incarnations();
  }

  @Override
  public Usage usage(String incarnation) {
    return processes().usage(incarnation);
  }

  @Override
  public ExecResult exec(String incarnation, ExecRequest request) throws LaunchException {
    return processes().exec(incarnation, request);
  }

  @Override
  public InstanceLog log(LogTarget target) {
    return processes().log(target);
  }

  @Override
  public void close() {
    if (processes != null) {
      processes.close();
      processes = null;
    }
  }
}
