package dev.semper.engine.workload;

import java.util.Map;

/// Gives instances the configuration that their specification names. Calls may block.
public interface Configuration {
  /// For workloads that read none.
  Configuration NONE =
      new Configuration() {
        @Override
        public Map<String, String> launch(Workload workload, Instance instance) {
          return Map.of();
        }

        @Override
        public void forget(String incarnation) {}
      };

  /// Puts the files of an instance that is to be launched in place. Called again for the same one
  /// it does the same again.
  ///
  /// @return its environment; nothing of it may be shown
  /// @throws dev.semper.engine.error.SemperException if it cannot be had
  Map<String, String> launch(Workload workload, Instance instance);

  /// The incarnation is gone: what was made for it alone may go.
  void forget(String incarnation);
}
