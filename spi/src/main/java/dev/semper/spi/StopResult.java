package dev.semper.spi;

/// @param forced whether something had to be killed
/// @param killed processes that were killed
/// @param leftOver processes that could not be ended, e.g. in uninterruptible sleep
public record StopResult(boolean forced, int killed, int leftOver) {
  public static final StopResult CLEAN = new StopResult(false, 0, 0);
}
