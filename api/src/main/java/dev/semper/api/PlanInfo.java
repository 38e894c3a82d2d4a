package dev.semper.api;

import java.util.List;

/// What applying a document changes.
///
/// @param empty nothing does
/// @param notes what else is to be known of the document, one sentence each; usually none
public record PlanInfo(boolean empty, List<PlanItem> items, List<String> notes) {}
