package dev.semper.api;

import java.util.List;

/// Some events.
///
/// @param first number of the oldest event still kept
/// @param last number of the newest event
public record EventPage(List<EventInfo> items, long first, long last) {}
