package dev.semper.cli;

import java.io.InputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;

/// Where a command writes and asks.
///
/// @param in what is typed or piped in
/// @param out what was asked for
/// @param err progress and errors
/// @param asks whether somebody is there to answer a question
/// @param shows whether somebody watches `err`, so that progress is worth writing
/// @param colours whether `out` may be coloured
record Terminal(
    InputStream in,
    PrintWriter out,
    PrintWriter err,
    boolean asks,
    boolean shows,
    boolean colours) {

  /// The process's own. The launcher says in `semper.tty` which of 0, 1, 2 are terminals, because
  /// Java can only tell of all at once.
  static Terminal ofProcess() {
    String tty = System.getProperty("semper.tty", "");
    boolean dumb = "dumb".equals(System.getenv("TERM"));
    String noColour = System.getenv("NO_COLOR");
    return new Terminal(
        System.in,
        writer(System.out),
        writer(System.err),
        tty.contains("0") && tty.contains("2"),
        tty.contains("2"),
        tty.contains("1") && !dumb && (noColour == null || noColour.isEmpty()));
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new OutputStreamWriter(stream, stream.charset()), true);
  }

  Terminal withoutColours() {
    return new Terminal(in, out, err, asks, shows, false);
  }

  void say(String line) {
    out.println(line);
  }

  void note(String line) {
    err.println(line);
  }

  String paint(Colour colour, String text) {
    return colours ? colour.on(text) : text;
  }
}
