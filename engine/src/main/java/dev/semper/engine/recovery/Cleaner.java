package dev.semper.engine.recovery;

import dev.semper.engine.spec.RecoverySpec;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// Deletes files below declared paths, and nothing else. It holds on to each directory by its
/// descriptor and never follows a symbolic link, so that nobody who can write there can lead it
/// elsewhere; it stays on the file system it began on; and it deletes only what was last changed
/// before a moment, so that doing it again after a crash takes nothing that has come since.
final class Cleaner {
  private static final int MAX_DEPTH = 64;
  private static final int MAX_TROUBLES = 3;

  /// What was done.
  ///
  /// @param bytes that the deleted files held
  /// @param troubles why some could not be deleted, the first few
  /// @param complete whether all was looked at
  record Report(long files, long bytes, List<String> troubles, boolean complete) {
    String text() {
      String done = "deleted %d files, %d bytes".formatted(files, bytes);
      return done
          + (complete ? "" : "; ran out of time")
          + (troubles.isEmpty() ? "" : "; " + String.join("; ", troubles));
    }
  }

  private final Path semper;
  private final Instant before;
  private final @Nullable PathMatcher pattern;
  private final BooleanSupplier stop;
  private final long deadline;
  private final Runnable deleted;
  private final List<String> troubles = new ArrayList<>();
  private long files;
  private long bytes;
  private boolean complete = true;

  /// @param semper the server's home: nothing in it, or around it, is touched
  /// @param before files last changed later than that stay
  /// @param pattern which file names; empty for all, directories that become empty and symbolic
  ///   links included
  /// @param stop tells when nobody wants it any more
  /// @param deleted is told of each file
  Cleaner(
      Path semper,
      Instant before,
      String pattern,
      Duration timeout,
      BooleanSupplier stop,
      Runnable deleted) {
    this.semper = semper;
    this.before = before;
    this.pattern =
        pattern.isEmpty() ? null : FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    this.stop = stop;
    this.deadline = System.nanoTime() + timeout.toNanos();
    this.deleted = deleted;
  }

  Report clean(List<String> paths) {
    for (String path : paths) {
      try {
        root(Path.of(path));
      } catch (NoSuchFileException e) {
        // What is not there needs no cleaning.
      } catch (IOException | DirectoryIteratorException e) {
        trouble(path + ": " + e);
      }
    }
    return new Report(files, bytes, List.copyOf(troubles), complete);
  }

  private void root(Path path) throws IOException {
    if (Files.isSymbolicLink(path)) {
      trouble(path + " is a symbolic link: name the directory itself");
      return;
    }
    Path real = path.toRealPath();
    Path home = semper.toRealPath();
    String refusal = RecoverySpec.refusal(real.toString());
    Path parent = real.getParent();
    if (refusal != null || parent == null) {
      trouble(real + " " + refusal);
      return;
    }
    if (real.startsWith(home) || home.startsWith(real)) {
      trouble(real + " is, or holds, the home of Semper itself");
      return;
    }
    try (DirectoryStream<Path> stream = Files.newDirectoryStream(parent)) {
      if (!(stream instanceof SecureDirectoryStream<Path> directory)) {
        trouble("this file system cannot be cleaned safely: " + parent);
        return;
      }
      Path name = real.getFileName();
      BasicFileAttributes attributes = attributes(directory, name);
      if (attributes.isDirectory()) {
        try (SecureDirectoryStream<Path> inside =
            directory.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
          contents(inside, real, device(attributes), 1);
        }
      } else {
        file(directory, name, attributes);
      }
    }
  }

  /// @param at for messages
  /// @return whether nothing was left
  private boolean contents(
      SecureDirectoryStream<Path> directory, Path at, String device, int depth) {
    boolean empty = true;
    for (Path entry : directory) {
      if (stop.getAsBoolean() || System.nanoTime() - deadline > 0 || depth > MAX_DEPTH) {
        complete = false;
        return false;
      }
      Path name = entry.getFileName();
      try {
        empty &= entry(directory, name, at.resolve(name), device, depth);
      } catch (NoSuchFileException e) {
        // Somebody else was faster.
      } catch (IOException | DirectoryIteratorException e) {
        trouble(at.resolve(name) + ": " + e);
        empty = false;
      }
    }
    return empty;
  }

  private boolean entry(
      SecureDirectoryStream<Path> directory, Path name, Path at, String device, int depth)
      throws IOException {
    BasicFileAttributes attributes = attributes(directory, name);
    if (!attributes.isDirectory()) {
      return file(directory, name, attributes);
    }
    if (!device(attributes).equals(device)) {
      return false; // Another file system is mounted there.
    }
    boolean old = isOld(attributes);
    boolean empty;
    try (SecureDirectoryStream<Path> inside =
        directory.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
      empty = contents(inside, at, device, depth + 1);
    }
    if (pattern != null || !empty || !old) {
      return false;
    }
    try {
      directory.deleteDirectory(name);
      return true;
    } catch (DirectoryNotEmptyException e) {
      return false; // Somebody has put something there meanwhile.
    }
  }

  /// @return whether it is gone
  private boolean file(
      SecureDirectoryStream<Path> directory, Path name, BasicFileAttributes attributes)
      throws IOException {
    boolean wanted =
        pattern == null
            ? attributes.isRegularFile() || attributes.isSymbolicLink()
            : attributes.isRegularFile() && pattern.matches(name);
    if (!wanted || !isOld(attributes)) {
      return false;
    }
    directory.deleteFile(name);
    files++;
    bytes += attributes.isRegularFile() ? attributes.size() : 0;
    deleted.run();
    return true;
  }

  private boolean isOld(BasicFileAttributes attributes) {
    return !attributes.lastModifiedTime().toInstant().isAfter(before);
  }

  private static BasicFileAttributes attributes(SecureDirectoryStream<Path> directory, Path name)
      throws IOException {
    BasicFileAttributeView view =
        directory.getFileAttributeView(
            name, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS);
    return view.readAttributes();
  }

  /// On Unix the key of a file reads `(dev=…,ino=…)`.
  private static String device(BasicFileAttributes attributes) {
    String key = String.valueOf(attributes.fileKey());
    int comma = key.indexOf(',');
    return comma < 0 ? "" : key.substring(0, comma);
  }

  private void trouble(String what) {
    if (troubles.size() < MAX_TROUBLES) {
      troubles.add(what);
    }
  }
}
