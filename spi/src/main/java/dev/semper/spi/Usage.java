package dev.semper.spi;

/// What the whole tree of an incarnation uses.
///
/// @param cpuMillis processor time so far, as far as known for ended children
/// @param residentBytes memory resident now
/// @param processes processes now
/// @param openFiles file descriptors of the main process; -1 if unreadable
public record Usage(long cpuMillis, long residentBytes, int processes, int openFiles) {
  public static final Usage NONE = new Usage(0, 0, 0, -1);
}
