package dev.semper.api;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// Something asked of several workloads.
///
/// @param parallelism default 3
/// @param dependencyOrder default true
public record BatchRequest(
    List<BatchItem> items,
    @Nullable Integer parallelism,
    @Nullable Boolean failFast,
    @Nullable Boolean dependencyOrder) {}
