package dev.semper.engine.access;

import java.time.Instant;

/// An owner of workloads.
public record Tenant(String name, Quota quota, Instant createdAt) {}
