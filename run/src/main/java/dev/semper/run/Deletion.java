package dev.semper.run;

import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitResult;
import java.nio.file.FileVisitor;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;

/// Takes away files that were declared as such, and nothing else.
final class Deletion {
  private static final long BIG = 100L << 20;

  /// @param trouble what could not be deleted, and why
  record Done(int files, long bytes, List<String> trouble) {}

  private Deletion() {}

  /// Deletes regular files below the folders; links are neither followed nor deleted, folders stay.
  static Done of(List<Profile.Declared> declared) {
    List<String> trouble = new ArrayList<>();
    int[] files = {0};
    long[] bytes = {0};
    for (Profile.Declared one : declared) {
      if (!Files.isDirectory(one.folder(), LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      PathMatcher matcher = one.folder().getFileSystem().getPathMatcher("glob:" + one.pattern());
      long before = System.currentTimeMillis() - (long) (one.olderThan() * 1000);
      FileVisitor<Path> visitor =
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              if (Thread.currentThread().isInterrupted()) {
                return FileVisitResult.TERMINATE;
              }
              if (attributes.isRegularFile()
                  && matcher.matches(file.getFileName())
                  && attributes.lastModifiedTime().toMillis() < before) {
                try {
                  Files.delete(file);
                  files[0]++;
                  bytes[0] += attributes.size();
                } catch (IOException e) {
                  trouble.add(file + ": " + Check.reason(e));
                }
              }
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
              trouble.add(file + ": " + Check.reason(e));
              return FileVisitResult.CONTINUE;
            }
          };
      try {
        Files.walkFileTree(one.folder(), visitor);
      } catch (IOException e) {
        trouble.add(one.folder() + ": " + Check.reason(e));
      }
    }
    return new Done(files[0], bytes[0], trouble);
  }

  /// Renames logs of more than 100 MB to `NAME.1`.
  ///
  /// @return their names
  static List<String> rotate(Path logs) throws IOException {
    List<String> rotated = new ArrayList<>();
    if (!Files.isDirectory(logs)) {
      return rotated;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(logs, "*.log")) {
      for (Path file : files) {
        if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && Files.size(file) > BIG) {
          Files.move(
              file,
              file.resolveSibling(file.getFileName() + ".1"),
              StandardCopyOption.REPLACE_EXISTING);
          rotated.add(file.toString());
        }
      }
    } catch (DirectoryIteratorException e) {
      throw e.getCause();
    }
    return rotated;
  }
}
