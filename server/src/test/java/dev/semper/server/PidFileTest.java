package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PidFileTest {
  private static final String ME = String.valueOf(ProcessHandle.current().pid());

  @TempDir Path home;
  private Path file = Path.of("");

  @BeforeEach
  void make() throws IOException {
    file = home.resolve("run/semper.pid");
    Files.createDirectories(home.resolve("run"));
  }

  @Test
  void holdsNothingButThePidAndGoesAtTheEnd() throws IOException {
    try (PidFile _ = PidFile.take(Settings.of(home))) {
      assertThat(Files.readString(file)).isEqualTo(ME + "\n");
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
          .isEqualTo("rw-------");
    }

    assertThat(file).doesNotExist();
  }

  @Test
  void refusesASecondServerAndNamesTheFirst() {
    try (PidFile _ = PidFile.take(Settings.of(home))) {
      assertThatThrownBy(() -> PidFile.take(Settings.of(home)))
          .isInstanceOfSatisfying(
              SemperException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
          .hasMessageContaining("PID " + ME);
    }
    assertThat(file).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "abc", "-5", "0", "12 34", "99999999999999999999", "4194303", "1"})
  void replacesAStaleOne(String content) throws IOException {
    Files.writeString(file, content);

    try (PidFile _ = PidFile.take(Settings.of(home))) {
      assertThat(Files.readString(file)).isEqualTo(ME + "\n");
    }
  }

  @Test
  void replacesOneWithAnotherProgramsPid() throws IOException, InterruptedException {
    Process other = new ProcessBuilder("sleep", "60").start();
    try {
      Files.writeString(file, String.valueOf(other.pid()));

      try (PidFile _ = PidFile.take(Settings.of(home))) {
        assertThat(Files.readString(file)).isEqualTo(ME + "\n");
      }
    } finally {
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void refusesALiveServerWithAnotherHome() throws IOException, InterruptedException {
    Process other =
        new ProcessBuilder("sh", "-c", "exec sleep 60 & wait", "dev.semper.server.Main").start();
    try {
      Files.writeString(file, String.valueOf(other.pid()));

      assertThatThrownBy(() -> PidFile.take(Settings.of(home)))
          .hasMessageContaining("PID " + other.pid());
    } finally {
      other.descendants().forEach(ProcessHandle::destroyForcibly);
      other.destroyForcibly().waitFor();
    }
  }
}
