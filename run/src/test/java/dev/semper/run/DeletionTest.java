package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DeletionTest {
  @TempDir Path folder;

  private Path old(String name) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "x");
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(7200)));
    return file;
  }

  @Test
  void deletesOnlyOldFilesOfThePatternBelowTheFolder() throws IOException {
    Path gone = old("cache/deep/a.tmp");
    Path otherName = old("cache/a.dat");
    Path young = Files.writeString(folder.resolve("cache/b.tmp"), "x");
    Path outside = old("elsewhere/c.tmp");
    Path link = Files.createSymbolicLink(folder.resolve("cache/link"), folder.resolve("elsewhere"));

    Deletion.Done done =
        Deletion.of(List.of(new Profile.Declared(folder.resolve("cache"), "*.tmp", 3600)));

    assertThat(done.files()).isEqualTo(1);
    assertThat(done.bytes()).isEqualTo(1);
    assertThat(done.trouble()).isEmpty();
    assertThat(gone).doesNotExist();
    assertThat(List.of(otherName, young, outside, link))
        .allSatisfy(file -> assertThat(file).exists());
  }

  @Test
  void nothingDeclaredDeletesNothing() {
    assertThat(Deletion.of(List.of()).files()).isZero();
  }

  @Test
  void rotatesLogsOfMoreThan100MegabytesOnly() throws IOException {
    Path big = folder.resolve("big.log");
    try (RandomAccessFile file = new RandomAccessFile(big.toFile(), "rw")) {
      file.setLength((100L << 20) + 1); // sparse
    }
    Path small = Files.writeString(folder.resolve("small.log"), "x");

    assertThat(Deletion.rotate(folder)).containsExactly(big.toString());

    assertThat(big).doesNotExist();
    assertThat(folder.resolve("big.log.1")).exists();
    assertThat(small).exists();
  }
}
