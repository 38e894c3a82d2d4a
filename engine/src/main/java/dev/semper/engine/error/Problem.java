package dev.semper.engine.error;

/// One thing wrong with what a user wrote.
///
/// @param path the field, e.g. `workloads.web.probes[0].period`
/// @param line line of the document, from 1; 0 if there is none
/// @param message what is wrong and what would be right
public record Problem(String path, int line, String message) {
  @Override
  public String toString() {
    return (line > 0 ? "line " + line + ": " : "") + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
