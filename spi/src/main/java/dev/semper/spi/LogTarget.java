package dev.semper.spi;

import java.nio.file.Path;

/// The log of an instance on disk: the file being written and its older parts `file.1`, `file.2`,
/// ….
///
/// @param file the file being written; its directory is made when needed
/// @param maxBytes size at which a part is set aside
/// @param maxFiles older parts kept beside the current file; 0 keeps none
public record LogTarget(Path file, long maxBytes, int maxFiles) {}
