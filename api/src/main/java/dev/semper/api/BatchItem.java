package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// One member of a batch.
///
/// @param action start, stop, restart, recover, enable, disable, rollback, maintenance, resume or
///   delete
public record BatchItem(String workload, String action, @Nullable ActionRequest options) {}
