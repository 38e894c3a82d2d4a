package dev.semper.api;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An event in the words of the seed. Every field is there.
///
/// @param eventId its number
/// @param eventType one of the seed's 14
/// @param details `event`, its type in Semper's words, and its facts
/// @param userId who caused it; null if nobody did
@JsonInclude
public record ExtensionEvent(
    String eventId,
    String extensionName,
    String eventType,
    Instant timestamp,
    Map<String, Object> details,
    @Nullable String userId,
    @Nullable String tenantId,
    boolean success,
    @Nullable String errorMessage) {}
