package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A document to apply.
///
/// @param format toml (default), yaml or json
/// @param baseDir relative paths in the document start here
/// @param prune delete the tenant's workloads that are not in it
/// @param parallelism members worked on at once, default 10
/// @param failFast start no further member after one has failed
/// @param start whether new workloads are started, default true
public record ApplyRequest(
    String document,
    @Nullable String format,
    @Nullable String baseDir,
    @Nullable Boolean prune,
    @Nullable Boolean queue,
    @Nullable Integer parallelism,
    @Nullable Boolean failFast,
    @Nullable Boolean start,
    @Nullable String priority) {
  public static ApplyRequest of(String document, String format) {
    return new ApplyRequest(document, format, null, null, null, null, null, null, null);
  }
}
