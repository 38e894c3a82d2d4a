package dev.semper.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Processes by descent, from `/proc`.
final class Tree {
  /// One process.
  ///
  /// @param started clock ticks since boot; with the PID it names a process for good
  /// @param ticks processor time used, in clock ticks
  /// @param pages resident pages
  record Entry(int pid, int parent, char state, long started, long ticks, long pages) {}

  private static final Path PROC = Path.of("/proc");

  private Tree() {}

  /// All descendants of a process that are not zombies, parents first; not the process itself.
  static List<Entry> below(int root) {
    List<Entry> all = all();
    List<Entry> found = new ArrayList<>();
    Deque<Integer> parents = new ArrayDeque<>(List.of(root));
    while (!parents.isEmpty()) {
      int parent = parents.remove();
      for (Entry entry : all) {
        if (entry.parent() == parent) {
          parents.add(entry.pid());
          if (entry.state() != 'Z' && entry.state() != 'X') {
            found.add(entry);
          }
        }
      }
    }
    return found;
  }

  static boolean isStill(Entry entry) {
    Entry now = read(PROC.resolve("" + entry.pid()));
    return now != null && now.started() == entry.started();
  }

  private static List<Entry> all() {
    List<Entry> all = new ArrayList<>();
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(PROC, "[1-9]*")) {
      for (Path folder : folders) {
        Entry entry = read(folder);
        if (entry != null) {
          all.add(entry);
        }
      }
    } catch (IOException | DirectoryIteratorException e) {
      throw new IllegalStateException("cannot read /proc: " + e, e);
    }
    return all;
  }

  private static @Nullable Entry read(Path folder) {
    String stat;
    try {
      stat = Files.readString(folder.resolve("stat"), StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      return null; // it has ended meanwhile
    }
    // The name in brackets may hold anything, brackets too.
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return new Entry(
        Integer.parseInt(folder.getFileName().toString()),
        Integer.parseInt(fields[1]),
        fields[0].charAt(0),
        Long.parseLong(fields[19]),
        Long.parseLong(fields[11]) + Long.parseLong(fields[12]),
        Long.parseLong(fields[21]));
  }
}
