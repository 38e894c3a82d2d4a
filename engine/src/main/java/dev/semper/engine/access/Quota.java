package dev.semper.engine.access;

/// What all workloads of a tenant together may use; 0 = unlimited.
///
/// @param instances sum of the instances their specifications ask for
/// @param memoryBytes sum over instances of their memory limits
/// @param cpu sum over instances of their processor limits, in cores
public record Quota(int workloads, int instances, long memoryBytes, double cpu) {
  public static final Quota UNLIMITED = new Quota(0, 0, 0, 0);

  public Quota {
    if (workloads < 0 || instances < 0 || memoryBytes < 0 || !(cpu >= 0)) {
      throw new IllegalArgumentException("a quota must not be negative");
    }
  }
}
