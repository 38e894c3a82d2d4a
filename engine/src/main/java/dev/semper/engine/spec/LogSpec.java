package dev.semper.engine.spec;

/// @param maxBytes size at which a part is set aside, default 10 MiB
/// @param maxFiles older parts kept, default 5
public record LogSpec(long maxBytes, int maxFiles) {
  public static final LogSpec DEFAULT = new LogSpec(10L << 20, 5);

  public LogSpec {
    Limits.LOG_BYTES.require("max_size", maxBytes);
    Limits.LOG_FILES.require("max_files", maxFiles);
  }
}
