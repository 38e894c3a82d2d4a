package dev.semper.api;

import org.jspecify.annotations.Nullable;

/// Whether the audit records are as they were written.
///
/// @param head hash of the newest; note it elsewhere to notice a cut-off end later
/// @param broken what is wrong with the first bad one
public record AuditVerification(
    boolean intact, long records, String head, @Nullable String broken) {}
