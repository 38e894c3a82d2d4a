package dev.semper.driver.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.util.HexFormat;

/// What `FILE.pos` holds: the position of the live file's first byte and, while a part is set
/// aside, what is being done.
///
/// @param bytes to take off the head; 0 if nothing is being done
/// @param keep whether they become a part
/// @param mark 16 characters the head is overwritten with
record Intent(long base, long bytes, boolean keep, String mark) {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final HexFormat HEX = HexFormat.of();

  static Intent none(long base) {
    return new Intent(base, 0, false, "");
  }

  static Intent of(long base, long bytes, boolean keep) {
    byte[] mark = new byte[8];
    RANDOM.nextBytes(mark);
    return new Intent(base, bytes, keep, HEX.formatHex(mark));
  }

  boolean pending() {
    return bytes > 0;
  }

  static Intent read(Path file) throws IOException {
    try {
      String[] words = Files.readString(file).strip().split(" ");
      long base = Long.parseLong(words[0]);
      return words.length < 4
          ? none(base)
          : new Intent(base, Long.parseLong(words[1]), words[2].equals("keep"), words[3]);
    } catch (NoSuchFileException e) {
      return none(0);
    } catch (IllegalArgumentException e) {
      throw new IOException(file + " is damaged; delete it to count positions from 0 again", e);
    }
  }

  void write(Path file) throws IOException {
    String text =
        pending()
            ? base + " " + bytes + " " + (keep ? "keep" : "drop") + " " + mark
            : Long.toString(base);
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    Files.writeString(fresh, text + "\n");
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }
}
