package dev.semper.api;

/// One difference between two specifications; values that look secret are masked.
public record ChangeInfo(String path, String before, String after) {}
