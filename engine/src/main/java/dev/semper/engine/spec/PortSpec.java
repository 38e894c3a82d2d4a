package dev.semper.engine.spec;

/// @param number 1–65535, or 0 for `"auto"`: a free one per instance
public record PortSpec(int number) {
  public static final PortSpec AUTO = new PortSpec(0);

  public boolean auto() {
    return number == 0;
  }
}
