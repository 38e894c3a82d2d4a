package dev.semper.engine.spec;

import java.time.Duration;

/// How a new version takes over, instance by instance.
///
/// @param order `start-first` keeps the old instance until the new one is ready; `stop-first` is
///   for what cannot run twice, and the default when the port is fixed
/// @param readyTimeout a new instance not ready by then turns the update back, default 60 s
public record UpdateSpec(Order order, Duration readyTimeout) {
  public UpdateSpec {
    Limits.READY_TIMEOUT.require("ready_timeout", readyTimeout);
  }

  public enum Order {
    START_FIRST,
    STOP_FIRST
  }
}
