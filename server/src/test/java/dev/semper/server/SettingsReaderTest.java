package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.Problem;
import dev.semper.engine.error.SemperException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsReaderTest {
  @TempDir Path home;

  private Settings read(String toml) throws IOException {
    Files.writeString(home.resolve("semper.toml"), toml);
    return SettingsReader.read(home, null);
  }

  @Test
  void hasDefaultsForAll() {
    assertThat(SettingsReader.read(home, null)).isEqualTo(Settings.of(home));
  }

  @Test
  void readsAllSettings() throws IOException {
    Files.writeString(home.resolve("pw"), "s3cret\n");

    Settings settings =
        read(
            """
            [api]
            host = "0.0.0.0"
            port = 0
            allowed_hosts = ["semper.example"]
            max_connections = 64
            [database]
            url = "jdbc:postgresql://db/semper"
            user = "semper"
            password_file = "pw"
            [log]
            level = "debug"
            format = "json"
            file = "logs/x.log"
            max_size = "1Mi"
            max_files = 2
            [engine]
            max_concurrent_operations = 3
            event_retention_days = 7
            health_retention_days = 3
            [traces]
            endpoint = "https://otel.example/in"
            sample = 0.5
            probes = true
            probe_sample = 1
            [traces.headers]
            X-Key = "t0ken"
            """);

    assertThat(settings.traces())
        .isEqualTo(
            new Settings.Traces(
                URI.create("https://otel.example/in"), Map.of("X-Key", "t0ken"), 0.5, true, 1));
    assertThat(settings.toString()).doesNotContain("t0ken");
    assertThat(settings.api())
        .isEqualTo(new Settings.Api("0.0.0.0", 0, List.of("semper.example"), 64));
    assertThat(settings.database())
        .isEqualTo(new Settings.Database("jdbc:postgresql://db/semper", "semper", "s3cret"));
    assertThat(settings.log())
        .isEqualTo(new Settings.Log("debug", true, home.resolve("logs/x.log"), 1 << 20, 2));
    assertThat(settings.engine()).isEqualTo(new Settings.Engine(3, 7, 3, 5));
    assertThat(settings.toString()).doesNotContain("s3cret");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          [api]~prot = 1                | api.prot  | 2 | did you mean api.port
          [api]~port = 70000            | api.port  | 2 | 0 to 65535
          [api]~port = "x"              | api.port  | 2 | number
          [api]~host = 1                | api.host  | 2 | text
          [api]~allowed_hosts = [1]     | api.allowed_hosts | 2 | list
          [log]~level = "loud"          | log.level | 2 | error, warn
          [log]~format = "xml"          | log.format | 2 | text or json
          [log]~max_size = "many"       | log.max_size | 2 | size
          [database]~url = "jdbc:h2:x"  | database.url | 2 | jdbc:postgresql
          [database]~password_file="no" | database.password_file | 2 | cannot be read
          [engine]~event_retention_days=0 | engine.event_retention_days | 2 | from 1
          [vms.a]~enabled = true~[api]~x = 1 | api.x | 4 | unknown setting
          vms = 1                       | vms | 1 | unknown setting
          [api]~port =                  | '' | 2 | ''
          """)
  void refusesWhatIsWrongByLineAndName(String toml, String key, int line, String words) {
    assertThatThrownBy(() -> read(toml.replace("~", "\n")))
        .isInstanceOfSatisfying(
            SemperException.class,
            e -> {
              Problem problem = e.problems().getFirst();
              assertThat(problem.path()).isEqualTo(key);
              assertThat(problem.line()).isEqualTo(line);
              assertThat(problem.message()).contains(words);
            });
  }

  @Test
  void readsTheDaemonTableOfALifecycleConfig() throws IOException {
    Files.writeString(
        home.resolve("lifecycle-config.toml"),
        """
        [daemon]
        pid_file = "~/x/daemon.pid"
        log_file = "/var/log/x.log"
        log_level = "WARNING"
        [vms.web1]
        enabled = true
        [vms.web1.hooks]
        on_start = "/bin/true"
        """);

    Settings settings = SettingsReader.read(home, null);

    assertThat(settings.pidFile())
        .isEqualTo(Path.of(System.getProperty("user.home"), "x/daemon.pid"));
    assertThat(settings.log().file()).isEqualTo(Path.of("/var/log/x.log"));
    assertThat(settings.log().level()).isEqualTo("warn");
  }

  @Test
  void refusesASettingsFileThatIsNotThere() {
    assertThatThrownBy(() -> SettingsReader.read(home, home.resolve("none.toml")))
        .isInstanceOf(SemperException.class)
        .hasMessageContaining("does not exist");
  }
}
