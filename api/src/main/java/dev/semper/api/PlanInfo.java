package dev.semper.api;

import java.util.List;

/// What applying a document changes.
///
/// @param empty nothing does
public record PlanInfo(boolean empty, List<PlanItem> items) {}
