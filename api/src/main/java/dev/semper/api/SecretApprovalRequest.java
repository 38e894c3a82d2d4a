package dev.semper.api;

/// @param reason what the value is needed for
public record SecretApprovalRequest(String reason) {}
