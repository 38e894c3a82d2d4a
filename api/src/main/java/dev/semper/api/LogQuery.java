package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Which part of a log.
///
/// @param instance ordinal of the instance
/// @param lines how many of the last lines; does not matter with a position
/// @param follow whether to go on as more is written
/// @param position of the first byte wanted: the number of bytes ever written before it
public record LogQuery(int instance, int lines, boolean follow, @Nullable Long position) {}
