package dev.semper.engine.spec;

/// Finds brackets and keys nested too deep before the recursive parser of tomlj meets them, which
/// would end its stack. Knows just enough TOML to skip strings and comments; of broken ones it may
/// think what it likes, for those the parser refuses.
final class TomlNesting {
  private final String text;
  private final int max;
  private int at;
  private int line = 1;
  private int open;
  private int dots;

  private TomlNesting(int max, String text) {
    this.max = max;
    this.text = text;
  }

  /// @return 0 if nothing is nested deeper
  static int lineDeeperThan(int max, String text) {
    return new TomlNesting(max, text).scan();
  }

  private int scan() {
    for (; at < text.length(); at++) {
      switch (text.charAt(at)) {
        case '\n' -> newLine();
        case '#' -> skipComment();
        case '"' -> skipString('"', true);
        case '\'' -> skipString('\'', false);
        case '[', '{' -> open++;
        case ']', '}' -> open = Math.max(0, open - 1);
        case '.' -> dots++;
        case '=', ',' -> dots = 0;
        default -> {}
      }
      if (open > max || dots > max) {
        return line;
      }
    }
    return 0;
  }

  private void newLine() {
    line++;
    dots = 0;
  }

  /// Stops before the end of the line.
  private void skipComment() {
    while (at + 1 < text.length() && text.charAt(at + 1) != '\n') {
      at++;
    }
  }

  /// Stops at the last character of the string.
  private void skipString(char quote, boolean escapes) {
    String triple = String.valueOf(quote).repeat(3);
    boolean multiLine = text.startsWith(triple, at);
    at += multiLine ? 3 : 1;
    for (; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '\n') {
        if (!multiLine) {
          newLine();
          return;
        }
        line++;
      } else if (c == '\\' && escapes) {
        at++;
      } else if (c == quote && (!multiLine || text.startsWith(triple, at))) {
        at += multiLine ? 2 : 0;
        return;
      }
    }
  }
}
