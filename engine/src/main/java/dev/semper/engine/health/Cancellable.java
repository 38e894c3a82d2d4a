package dev.semper.engine.health;

import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/// Text whose search ends when the check it belongs to is cancelled. RE2 takes time linear in the
/// text, but the factor is the length of the pattern.
final class Cancellable implements CharSequence {
  private static final int LOOK_EVERY = 1024;

  private final CharSequence text;
  private final BooleanSupplier cancelled;
  private int reads;

  Cancellable(CharSequence text, BooleanSupplier cancelled) {
    this.text = text;
    this.cancelled = cancelled;
  }

  @Override
  public char charAt(int index) {
    if (++reads % LOOK_EVERY == 0 && cancelled.getAsBoolean()) {
      throw new CancellationException("the search took too long");
    }
    return text.charAt(index);
  }

  @Override
  public int length() {
    return text.length();
  }

  @Override
  public CharSequence subSequence(int start, int end) {
    return text.subSequence(start, end);
  }

  @Override
  public String toString() {
    return text.toString();
  }
}
