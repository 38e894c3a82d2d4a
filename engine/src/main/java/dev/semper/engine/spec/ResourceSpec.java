package dev.semper.engine.spec;

/// Limits of one instance, also what it counts for in the quota of its tenant. 0 = unlimited.
///
/// @param memoryBytes in files `"256Mi"`, `"1G"` or a number of bytes
/// @param cpu cores, e.g. 0.5
/// @param pids processes and threads
public record ResourceSpec(long memoryBytes, double cpu, long pids) {
  public static final ResourceSpec UNLIMITED = new ResourceSpec(0, 0, 0);

  public ResourceSpec {
    Limits.BYTES.require("memory", memoryBytes);
    Limits.CPU.require("cpu", cpu);
    Limits.PIDS.require("pids", pids);
  }
}
