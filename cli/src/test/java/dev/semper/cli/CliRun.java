package dev.semper.cli;

import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;

/// One run of the program within a test.
///
/// @param status exit status
record CliRun(int status, String out, String err) {
  static CliRun of(String... args) {
    return with("", false, false, args);
  }

  /// With somebody at the terminal who types that.
  static CliRun answering(String typed, String... args) {
    return with(typed, true, false, args);
  }

  static CliRun piped(String input, String... args) {
    return with(input, false, false, args);
  }

  static CliRun coloured(String... args) {
    return with("", false, true, args);
  }

  private static CliRun with(String input, boolean asks, boolean colours, String... args) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal =
        new Terminal(
            new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
            new PrintWriter(out),
            new PrintWriter(err),
            asks,
            asks,
            colours);
    int status = Main.run(terminal, args);
    return new CliRun(status, out.toString(), err.toString());
  }
}
