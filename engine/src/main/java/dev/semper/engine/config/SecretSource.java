package dev.semper.engine.config;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;

/// Gives the values of `{{secret:ID}}`.
public interface SecretSource {
  /// For a server without secrets: refuses, so that a reference never comes to nothing.
  SecretSource NONE =
      new SecretSource() {
        @Override
        public void check(String id, Reader reader) {
          throw new SemperException(
              ErrorCode.INVALID_CONFIG,
              "this server has no secrets, so there is none with the id " + id);
        }

        @Override
        public String value(String id, Reader reader) {
          check(id, reader);
          throw new IllegalStateException("unreachable");
        }
      };

  /// @throws SemperException if there is no such secret, or the reader may not have it
  void check(String id, Reader reader);

  /// For what is delivered to the reader itself only, never for an answer, an event or a log.
  ///
  /// @throws SemperException as [#check]
  String value(String id, Reader reader);
}
