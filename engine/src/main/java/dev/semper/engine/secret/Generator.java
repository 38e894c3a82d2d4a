package dev.semper.engine.secret;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.SecureRandom;
import java.util.List;

/// Makes new values.
///
/// @param length characters, 8 to 1024, default 32
/// @param alphabet characters to draw from, 2 to 256 different ones, default letters and digits
/// @param command a program that makes the value instead and writes it to standard output; empty =
///   it is drawn
public record Generator(int length, String alphabet, List<String> command) {
  private static final String LETTERS_AND_DIGITS =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  public static final Generator DEFAULT = new Generator(32, LETTERS_AND_DIGITS, List.of());

  public Generator {
    command = List.copyOf(command);
    Refusals.require(
        length >= 8 && length <= 1024, "rotation.generator.length", "must be from 8 to 1024");
    long different = alphabet.codePoints().distinct().count();
    Refusals.require(
        different >= 2 && different <= 256 && different == alphabet.codePoints().count(),
        "rotation.generator.alphabet",
        "must be 2 to 256 characters, each once");
  }

  /// Without a bias: each character is as likely.
  byte[] draw(SecureRandom random) {
    int[] characters = alphabet.codePoints().toArray();
    StringBuilder value = new StringBuilder();
    for (int i = 0; i < length; i++) {
      value.appendCodePoint(characters[random.nextInt(characters.length)]);
    }
    return value.toString().getBytes(UTF_8);
  }
}
