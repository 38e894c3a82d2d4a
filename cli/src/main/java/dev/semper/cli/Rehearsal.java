package dev.semper.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/// Runs the commands it reads, one a line, in one process: the build learns from it which classes
/// to keep in the AOT cache. Fails at the first command that does.
public final class Rehearsal {
  private Rehearsal() {}

  public static void main(String[] args) throws IOException {
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      int status = Main.run(Terminal.ofProcess(), line.strip().split(" +"));
      if (status != 0) {
        System.err.println("rehearsal: exit status " + status + " of: " + line);
        System.exit(status);
      }
    }
  }
}
