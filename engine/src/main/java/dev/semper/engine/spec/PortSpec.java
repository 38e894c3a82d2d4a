package dev.semper.engine.spec;

/// @param number 1–65535, or 0 for `"auto"`: a free one per instance
public record PortSpec(int number) {
  public static final PortSpec AUTO = new PortSpec(0);

  public PortSpec {
    Limits.require(number == 0 || Limits.PORT.problem(number) == null, "port must be 0 to 65535");
  }

  public boolean auto() {
    return number == 0;
  }
}
