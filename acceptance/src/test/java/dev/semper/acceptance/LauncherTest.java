package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Runs `./semper` as it is installed without sources: the script, `packaging/jdk.sh` and `dist/`.
class LauncherTest {
  private static final Path ROOT = root();

  @TempDir Path folder;
  private Path installed = ROOT;

  private record Run(int status, String out, String err) {}

  @BeforeEach
  void install() throws IOException {
    installed = Files.createDirectories(folder.resolve("a place with spaces"));
    Files.createDirectories(installed.resolve("packaging"));
    for (String file : List.of("semper", "packaging/jdk.sh")) {
      Files.copy(ROOT.resolve(file), installed.resolve(file), StandardCopyOption.COPY_ATTRIBUTES);
    }
    Files.createSymbolicLink(installed.resolve("dist"), ROOT.resolve("dist").toRealPath());
  }

  private Run run(Path directory, Map<String, String> env, String... command)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile(folder, "out", "");
    Path err = Files.createTempFile(folder, "err", "");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().putAll(env);
    int status = builder.start().waitFor();
    return new Run(status, Files.readString(out), Files.readString(err));
  }

  @Test
  void runsFromAFolderWithSpacesAndSaysNothingElse() throws Exception {
    Run run = run(folder, Map.of(), installed.resolve("semper").toString(), "version");

    assertThat(run.out()).startsWith("semper 0");
    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
  }

  @Test
  void runsThroughLinksAndByItsBareName() throws Exception {
    Path bin = Files.createDirectories(folder.resolve("bin"));
    Files.createSymbolicLink(folder.resolve("link"), installed.resolve("semper"));
    Files.createSymbolicLink(bin.resolve("semper"), Path.of("../link"));

    assertThat(run(folder, Map.of(), bin.resolve("semper").toString(), "version").status())
        .isZero();
    assertThat(run(installed, Map.of(), "sh", "semper", "version").status()).isZero();
  }

  @Test
  void handsOverArgumentsAsTheyAre() throws Exception {
    Run run =
        run(folder, Map.of(), installed.resolve("semper").toString(), "apply", "-f", "two words *");

    assertThat(run.status()).isEqualTo(2);
    assertThat(run.err()).contains("cannot read two words *: no such file");
  }

  @Test
  void startsTheServerWhereverItsWordStands() throws Exception {
    for (List<String> words :
        List.of(
            List.of("server", "--help"),
            List.of("--home", folder.resolve("server").toString(), "server", "--help"))) {
      String[] command =
          Stream.concat(Stream.of(installed.resolve("semper").toString()), words.stream())
              .toArray(String[]::new);

      Run run = run(folder, Map.of(), command);

      assertThat(run.out()).startsWith("Usage: semper server");
      assertThat(run.status()).isZero();
    }
  }

  @Test
  void goesOnWithoutACacheThatDoesNotFit() throws Exception {
    Path copy = Files.createDirectories(installed.resolve("copy/packaging"));
    Files.copy(ROOT.resolve("packaging/jdk.sh"), copy.resolve("jdk.sh"));
    Path script =
        Files.copy(
            ROOT.resolve("semper"),
            installed.resolve("copy/semper"),
            StandardCopyOption.COPY_ATTRIBUTES);
    Path dist = Files.createDirectories(installed.resolve("copy/dist"));
    for (String file : List.of("classpath", "cli.jvm", "server.jvm")) {
      Files.copy(ROOT.resolve("dist").resolve(file), dist.resolve(file));
    }
    Files.createSymbolicLink(dist.resolve("lib"), ROOT.resolve("dist/lib").toRealPath());
    Files.writeString(dist.resolve("cli.aot"), "not a cache");

    Run run = run(folder, Map.of(), script.toString(), "version");

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isZero();
  }

  @ParameterizedTest
  @CsvSource({"17.0.15,1", "24.0.2,1", "25,0", "25.0.3,0", "26-ea,0", "1.8.0_402,1", "nonsense,1"})
  void tellsANewEnoughJdkByItsReleaseFile(String version, int status) throws Exception {
    Path jdk = Files.createDirectories(folder.resolve("jdk of a user/bin"));
    for (String program : List.of("java", "javac")) {
      assertThat(Files.createFile(jdk.resolve(program)).toFile().setExecutable(true)).isTrue();
    }
    Files.writeString(
        folder.resolve("jdk of a user/release"),
        "IMPLEMENTOR=\"X\"\nJAVA_VERSION=\"" + version + "\"\n",
        StandardCharsets.UTF_8);

    Run run =
        run(
            folder,
            Map.of(),
            "sh",
            "-c",
            ". \"$0\" && semper_jdk_fits \"$1\"",
            ROOT.resolve("packaging/jdk.sh").toString(),
            folder.resolve("jdk of a user").toString());

    assertThat(run.err()).isEmpty();
    assertThat(run.status()).isEqualTo(status);
  }

  @Test
  void doesWithoutAJavaHomeThatIsTooOld() throws Exception {
    Run run =
        run(
            folder,
            Map.of("JAVA_HOME", folder.toString()),
            installed.resolve("semper").toString(),
            "version");

    assertThat(run.status()).isZero();
  }

  private static Path root() {
    Path at = Path.of("").toAbsolutePath();
    while (at != null && !Files.isRegularFile(at.resolve("semper"))) {
      at = at.getParent();
    }
    if (at == null) {
      throw new IllegalStateException(
          "no folder above " + Path.of("").toAbsolutePath() + " has semper");
    }
    return at;
  }
}
