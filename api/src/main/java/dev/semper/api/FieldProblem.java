package dev.semper.api;

/// One thing wrong with what was sent.
///
/// @param path the field, e.g. `workloads.web.probes[0].period`
/// @param line line of the document, from 1; 0 if there is none
public record FieldProblem(String path, int line, String message) {
  @Override
  public String toString() {
    return (line > 0 ? "line " + line + ": " : "") + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
