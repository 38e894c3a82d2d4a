package dev.semper.engine.config;

import dev.semper.engine.error.SemperException;

/// Gives the values of `{{secret:ID}}`.
public interface SecretSource {
  /// @throws SemperException if there is no such secret, or the reader may not have it
  void check(String id, Reader reader);

  /// For what is delivered to the reader itself only, never for an answer, an event or a log.
  ///
  /// @throws SemperException as [#check]
  String value(String id, Reader reader);
}
