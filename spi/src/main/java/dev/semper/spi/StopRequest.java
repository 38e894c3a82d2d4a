package dev.semper.spi;

import java.time.Duration;

/// @param signal first signal, without SIG, e.g. `TERM`
/// @param timeout how long the tree has to end before all of it is killed
public record StopRequest(String signal, Duration timeout) {}
