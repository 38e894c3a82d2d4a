package dev.semper.api;

import java.time.Instant;
import java.util.List;

/// What a workload's instances use.
public record UsageInfo(String workload, Instant at, List<InstanceUsage> instances) {}
