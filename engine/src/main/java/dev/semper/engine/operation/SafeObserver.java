package dev.semper.engine.operation;

import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// An observer whose defects do not reach what is observed.
final class SafeObserver implements OperationObserver {
  private static final Logger LOG = LoggerFactory.getLogger(SafeObserver.class);

  private final OperationObserver observer;

  SafeObserver(OperationObserver observer) {
    this.observer = observer;
  }

  @Override
  public Run begin(Operation operation, @Nullable Operation interrupted) {
    try {
      return new SafeRun(observer.begin(operation, interrupted));
    } catch (RuntimeException e) {
      failed(e);
      return Run.NONE;
    }
  }

  private record SafeRun(Run run) implements Run {
    @Override
    public void stepBegun(Operation.Step step) {
      tell(() -> run.stepBegun(step));
    }

    @Override
    public void stepEnded(Operation.Step step) {
      tell(() -> run.stepEnded(step));
    }

    @Override
    public void ended(Operation operation) {
      tell(() -> run.ended(operation));
    }
  }

  private static void tell(Runnable telling) {
    try {
      telling.run();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private static void failed(RuntimeException e) {
    LOG.error("An observer of operations failed", e);
  }
}
