package dev.semper.api;

import java.util.List;

/// What would happen to one workload.
///
/// @param action none, create, reconfigure, scale, replace or delete
public record PlanItem(String workload, String action, List<ChangeInfo> changes) {}
