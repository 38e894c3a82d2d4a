package dev.semper.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// Asks somebody at the terminal.
final class Question {
  private Question() {}

  /// Anything but a clear yes is a no; so is the end of input.
  static boolean yes(Terminal terminal, String question) {
    terminal.err().print(question + " [y/N] ");
    terminal.err().flush();
    StringBuilder answer = new StringBuilder();
    try {
      int b = terminal.in().read();
      while (b >= 0 && b != '\n') {
        answer.append(new String(new byte[] {(byte) b}, StandardCharsets.ISO_8859_1));
        b = terminal.in().read();
      }
    } catch (IOException e) {
      terminal.note("no answer could be read: " + e.getMessage());
      return false;
    }
    String word = answer.toString().strip().toLowerCase(Locale.ROOT);
    return word.equals("y") || word.equals("yes");
  }
}
