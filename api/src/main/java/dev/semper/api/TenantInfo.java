package dev.semper.api;

import java.time.Instant;

/// An owner of workloads.
public record TenantInfo(String name, QuotaInfo quota, Instant createdAt) {}
