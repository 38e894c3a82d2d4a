package dev.semper.api;

import java.util.List;

/// Whether the server takes work, and if not, why.
public record Readiness(boolean ready, List<FieldProblem> reasons) {}
