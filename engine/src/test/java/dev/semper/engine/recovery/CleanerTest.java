package dev.semper.engine.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CleanerTest {
  private static final Instant NOW = Instant.parse("2026-11-20T10:00:00Z");

  @TempDir Path dir;
  private Path semper;
  private Path root;

  @BeforeEach
  void makePlaces() throws IOException {
    semper = Files.createDirectory(dir.resolve("semper"));
    root = Files.createDirectory(dir.resolve("root"));
  }

  private Path file(String name, Duration age) throws IOException {
    Path file = root.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "12345");
    Files.setLastModifiedTime(file, FileTime.from(NOW.minus(age)));
    return file;
  }

  private Cleaner.Report clean(String pattern, Instant before, Path... paths) {
    return new Cleaner(semper, before, pattern, Duration.ofSeconds(10), () -> false, () -> {})
        .clean(List.of(paths).stream().map(Path::toString).toList());
  }

  @Test
  void deletesOldFilesThatMatchAndNothingElse() throws IOException {
    Path old = file("a.log", Duration.ofDays(2));
    Path deep = file("x/y/b.log", Duration.ofDays(2));
    Path young = file("x/c.log", Duration.ofHours(1));
    Path other = file("x/d.txt", Duration.ofDays(2));
    Path outside = Files.writeString(dir.resolve("outside.log"), "keep");
    Files.setLastModifiedTime(outside, FileTime.from(NOW.minus(Duration.ofDays(9))));
    Path link = Files.createSymbolicLink(root.resolve("link.log"), outside);
    Path way = Files.createSymbolicLink(root.resolve("way"), dir);

    Cleaner.Report report = clean("*.log", NOW.minus(Duration.ofDays(1)), root);

    assertThat(report).isEqualTo(new Cleaner.Report(2, 10, List.of(), true));
    assertThat(List.of(old, deep)).noneMatch(Files::exists);
    assertThat(List.of(young, other, outside, link, way, deep.getParent())).allMatch(Files::exists);
  }

  @Test
  void emptiesADirectoryButKeepsItAndWhatHasComeSince() throws IOException {
    Path old = file("x/old", Duration.ofMinutes(1));
    Path target = Files.writeString(dir.resolve("target"), "keep");
    Path link = Files.createSymbolicLink(root.resolve("link"), target);
    Path fresh = Files.writeString(root.resolve("fresh"), "new");
    Files.setLastModifiedTime(fresh, FileTime.from(Instant.now().plusSeconds(60)));

    Cleaner.Report report = clean("", Instant.now(), root);

    assertThat(report.files()).isEqualTo(2);
    assertThat(report.troubles()).isEmpty();
    assertThat(List.of(old, old.getParent())).noneMatch(Files::exists);
    assertThat(Files.isSymbolicLink(link)).isFalse();
    assertThat(List.of(root, target, fresh)).allMatch(Files::exists);
  }

  @Test
  void refusesLinksAndTheHomeOfSemperAndWhatHoldsIt() throws IOException {
    Path own = Files.writeString(semper.resolve("semper.db"), "data");
    Path link = Files.createSymbolicLink(dir.resolve("link"), root);
    file("a", Duration.ofDays(1));

    Cleaner.Report report = clean("", Instant.now(), link, semper, dir);

    assertThat(report.files()).isZero();
    assertThat(report.troubles()).hasSize(3);
    assertThat(report.troubles().getFirst()).contains("is a symbolic link");
    assertThat(report.troubles().getLast()).contains("the home of Semper");
    assertThat(own).exists();
    assertThat(root.resolve("a")).exists();
  }

  @Test
  void takesNoPartInWhatIsNotThereOrNobodyWants() throws IOException {
    file("a", Duration.ofDays(1));
    file("b", Duration.ofDays(1));
    AtomicInteger deleted = new AtomicInteger();
    Cleaner cleaner =
        new Cleaner(
            semper,
            Instant.now(),
            "",
            Duration.ofSeconds(10),
            () -> deleted.get() > 0,
            deleted::incrementAndGet);

    Cleaner.Report report = cleaner.clean(List.of(dir + "/nothing", root.toString()));

    assertThat(report.files()).isEqualTo(1);
    assertThat(report.complete()).isFalse();
    assertThat(report.troubles()).isEmpty();
  }
}
