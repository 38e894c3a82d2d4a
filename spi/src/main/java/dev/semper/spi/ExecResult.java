package dev.semper.spi;

/// @param exit how the command ended
/// @param output standard output and error, cut at the maximum
/// @param timedOut whether it was killed for running too long
public record ExecResult(Exit exit, String output, boolean timedOut) {}
