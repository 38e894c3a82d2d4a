package dev.semper.cli;

import java.io.InputStream;
import java.io.PrintWriter;
import java.io.Writer;

/// A terminal that nobody looks at.
final class CliRunTerminal {
  static final Terminal NONE =
      new Terminal(
          InputStream.nullInputStream(),
          new PrintWriter(Writer.nullWriter()),
          new PrintWriter(Writer.nullWriter()),
          false,
          false,
          false);

  private CliRunTerminal() {}
}
