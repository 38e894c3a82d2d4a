package dev.semper.api;

import java.util.Map;

/// A workload that reads a configuration.
///
/// @param revision the one that its specification in force names; 0 = none yet
/// @param follows whether new revisions are delivered by themselves
/// @param instances the revision that each instance has, by its name
public record ConfigReader(
    String workload,
    String environment,
    long revision,
    boolean follows,
    Map<String, Long> instances) {}
