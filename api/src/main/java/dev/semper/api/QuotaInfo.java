package dev.semper.api;

/// What a tenant may use; 0 = unlimited.
///
/// @param memory bytes
/// @param cpu cores
public record QuotaInfo(int workloads, int instances, long memory, double cpu) {}
