package dev.semper.spi;

import java.nio.file.Path;
import java.util.function.BiConsumer;

/// What the server lends a driver.
///
/// @param home the server's home; instances of one home never mix with those of another
/// @param state a directory of the driver's own for its records and sockets, mode 0700
/// @param exits is told each exit exactly once per open driver, in any thread; must not block
/// @param notices is told what an operator should know about an incarnation, e.g. left-over
///   processes
public record DriverContext(
    Path home, Path state, BiConsumer<String, Exit> exits, BiConsumer<String, String> notices) {}
