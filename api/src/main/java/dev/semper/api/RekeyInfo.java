package dev.semper.api;

import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A change of keys and how far it is.
///
/// @param state running, succeeded or failed
/// @param stage make_master, wrap, put_in_place, seal or end
/// @param masterKey id of the master key it is to end with
/// @param done of `total` keys and values
/// @param unreadable values that do not open
public record RekeyInfo(
    String id,
    String state,
    String stage,
    boolean master,
    boolean data,
    String masterKey,
    long done,
    long total,
    Instant startedAt,
    String startedBy,
    @Nullable Instant endedAt,
    List<String> unreadable,
    @Nullable String error) {
  /// Whether there is more to come of it.
  public boolean goesOn() {
    return state.equals("running");
  }
}
