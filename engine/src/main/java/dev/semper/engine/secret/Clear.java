package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Optional;

/// A value in clear. Nothing of it is told by accident: neither as text nor in a record that has
/// it.
public final class Clear {
  static final int MAX_BYTES = 64 << 10;
  private final byte[] bytes;

  private Clear(byte[] bytes) {
    this.bytes = bytes;
  }

  public static Clear of(String text) {
    return new Clear(text.getBytes(UTF_8));
  }

  public static Clear of(byte[] bytes) {
    return new Clear(bytes.clone());
  }

  public byte[] bytes() {
    return bytes.clone();
  }

  int size() {
    return bytes.length;
  }

  /// Empty if it is not UTF-8.
  public Optional<String> text() {
    try {
      return Optional.of(UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString());
    } catch (CharacterCodingException _) {
      return Optional.empty();
    }
  }

  @Override
  public String toString() {
    return "***";
  }
}
