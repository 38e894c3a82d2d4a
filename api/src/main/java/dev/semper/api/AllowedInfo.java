package dev.semper.api;

import java.util.List;

/// What may be asked of a workload now.
public record AllowedInfo(String state, List<String> allowed) {}
