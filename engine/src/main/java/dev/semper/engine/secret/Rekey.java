package dev.semper.engine.secret;

import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A change of keys.
///
/// @param master data keys are wrapped by another master key
/// @param data every value is sealed with a new data key
/// @param masterKey id of the master key it is to end with
/// @param done of `total` keys and values
/// @param unreadable values that do not open, as `TENANT/NAME version N`; they stay as they were,
///   and so does their key
public record Rekey(
    String id,
    State state,
    Stage stage,
    boolean master,
    boolean data,
    String masterKey,
    long done,
    long total,
    Instant startedAt,
    String startedBy,
    @Nullable Instant endedAt,
    List<String> unreadable,
    String error) {
  /// How it is.
  public enum State {
    RUNNING,
    SUCCEEDED,
    FAILED;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// What it does now. After each the journal says so; each can be done again.
  public enum Stage {
    /// A new master key is made, if it is kept in a file.
    MAKE_MASTER,
    /// Data keys are wrapped by it.
    WRAP,
    /// Its file takes the place of the old one.
    PUT_IN_PLACE,
    /// Values are sealed with new data keys.
    SEAL,
    END;

    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  public Rekey {
    unreadable = List.copyOf(unreadable);
  }

  Rekey at(Stage next) {
    return new Rekey(
        id,
        state,
        next,
        master,
        data,
        masterKey,
        done,
        total,
        startedAt,
        startedBy,
        endedAt,
        unreadable,
        error);
  }

  Rekey to(String key) {
    return new Rekey(
        id,
        state,
        stage,
        master,
        data,
        key,
        done,
        total,
        startedAt,
        startedBy,
        endedAt,
        unreadable,
        error);
  }

  Rekey progress(long more, List<String> bad) {
    return new Rekey(
        id,
        state,
        stage,
        master,
        data,
        masterKey,
        Math.min(total, done + more),
        total,
        startedAt,
        startedBy,
        endedAt,
        bad,
        error);
  }

  Rekey ended(State how, String why, Instant now) {
    return new Rekey(
        id,
        how,
        how == State.SUCCEEDED ? Stage.END : stage,
        master,
        data,
        masterKey,
        how == State.SUCCEEDED ? total : done,
        total,
        startedAt,
        startedBy,
        now,
        unreadable,
        why);
  }
}
