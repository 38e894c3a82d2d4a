package dev.semper.spi;

/// Limits of one instance; 0 means unlimited.
///
/// @param memoryBytes resident memory of the whole tree
/// @param cpu cores, e.g. 0.5
/// @param pids processes and threads
public record Resources(long memoryBytes, double cpu, long pids) {
  public static final Resources UNLIMITED = new Resources(0, 0, 0);

  public Resources {
    if (memoryBytes < 0 || cpu < 0 || pids < 0) {
      throw new IllegalArgumentException("resource limits must not be negative");
    }
  }
}
