package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// A token to make.
///
/// @param name who acts with it
/// @param role viewer, operator or admin
/// @param tenant `*` = all; default `default`
public record TokenRequest(String name, String role, @Nullable String tenant) {}
