package dev.semper.cli;

import java.util.concurrent.Callable;

/// What a command does.
interface Action extends Callable<Integer> {
  ExitStatus run() throws Exception;

  @Override
  default Integer call() throws Exception {
    return run().code();
  }
}
