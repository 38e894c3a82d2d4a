package dev.semper.engine.operation;

import org.jspecify.annotations.Nullable;

/// Watches operations being carried out, e.g. to trace them. Called by the threads that carry them
/// out: must return at once.
public interface OperationObserver {
  OperationObserver NONE = (_, _) -> Run.NONE;

  /// This server begins to carry an operation out.
  ///
  /// @param interrupted the operation as the journal has it of the server before this one, which
  ///   had begun it and died or was closed; null if none had. A step of it that is still running is
  ///   done again
  Run begin(Operation operation, @Nullable Operation interrupted);

  /// What one server does of one operation. If the server is closed before the operation has ended,
  /// nothing more is told: the next server goes on with it.
  interface Run {
    Run NONE =
        new Run() {
          @Override
          public void stepBegun(Operation.Step step) {}

          @Override
          public void stepEnded(Operation.Step step) {}

          @Override
          public void ended(Operation operation) {}
        };

    /// Its intent is durable.
    void stepBegun(Operation.Step step);

    /// The step begun last is done or has failed.
    void stepEnded(Operation.Step step);

    /// Its end is durable.
    void ended(Operation operation);
  }
}
