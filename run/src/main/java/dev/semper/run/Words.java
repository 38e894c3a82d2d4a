package dev.semper.run;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Arguments as the kernel has them: bytes, of which a JVM in a container without a locale would
/// lose all that are not ASCII.
final class Words {
  private Words() {}

  static List<byte[]> ofThisProcess() throws IOException {
    byte[] all = Files.readAllBytes(Path.of("/proc/self/cmdline"));
    List<byte[]> words = new ArrayList<>();
    ByteArrayOutputStream word = new ByteArrayOutputStream();
    for (byte b : all) {
      if (b == 0) {
        words.add(word.toByteArray());
        word.reset();
      } else {
        word.write(b);
      }
    }
    return words;
  }

  /// The last of this process's arguments, untouched.
  static List<byte[]> last(int count) throws IOException {
    List<byte[]> words = ofThisProcess();
    return List.copyOf(words.subList(words.size() - count, words.size()));
  }

  static List<byte[]> of(List<String> words) {
    return words.stream().map(word -> word.getBytes(StandardCharsets.UTF_8)).toList();
  }

  static String text(byte[] word) {
    return new String(word, StandardCharsets.UTF_8);
  }

  /// A `char *[]` that ends with a null.
  static MemorySegment vector(Arena arena, List<byte[]> words) {
    MemorySegment vector = arena.allocate(8L * (words.size() + 1), 8);
    for (int i = 0; i < words.size(); i++) {
      vector.set(ValueLayout.JAVA_LONG, 8L * i, string(arena, words.get(i)).address());
    }
    return vector;
  }

  private static MemorySegment string(Arena arena, byte[] word) {
    MemorySegment text = arena.allocate(word.length + 1L);
    MemorySegment.copy(word, 0, text, ValueLayout.JAVA_BYTE, 0, word.length);
    return text;
  }
}
