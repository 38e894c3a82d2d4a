package dev.semper.engine.health;

import dev.semper.spi.ExecRequest;
import dev.semper.spi.ExecResult;
import dev.semper.spi.LaunchException;

/// Runs the command of a probe beside an incarnation; the driver of its kind does it. May block.
@FunctionalInterface
public interface CommandRunner {
  ExecResult exec(String kind, String incarnation, ExecRequest request) throws LaunchException;
}
