package dev.semper.engine.spec;

import java.util.List;

/// What a document says.
///
/// @param workloads in the order of the document
/// @param notes what whoever applies it should know, one sentence each; usually none
public record Document(List<WorkloadSpec> workloads, List<String> notes) {
  public Document {
    workloads = List.copyOf(workloads);
    notes = List.copyOf(notes);
  }
}
