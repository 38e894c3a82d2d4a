package dev.semper.engine.secret;

import java.nio.file.Path;
import java.util.List;

/// Where a master key is: never in the database.
public sealed interface MasterKeySource {
  /// A file with 64 hex digits that only its owner may read; made at first use.
  record File(Path path) implements MasterKeySource {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /// A variable of the server's environment with 64 hex digits.
  record Env(String name) implements MasterKeySource {
    @Override
    public String toString() {
      return "the variable " + name;
    }
  }

  /// A program that has the key, or may ask for what it does, e.g. of a KMS. It is called with
  /// `wrap` or `unwrap` as its last argument, gets a key in Base64 on standard input and writes the
  /// other in Base64 to standard output, within 30 s.
  record Command(List<String> words) implements MasterKeySource {
    public Command {
      words = List.copyOf(words);
      if (words.isEmpty() || words.getFirst().isBlank()) {
        throw new IllegalArgumentException("the command of the master key must not be empty");
      }
    }

    @Override
    public String toString() {
      return "the command " + words.getFirst();
    }
  }
}
