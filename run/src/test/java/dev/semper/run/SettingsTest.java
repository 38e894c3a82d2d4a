package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class SettingsTest {
  private static Settings with(String... pairs) {
    Map<String, String> environment =
        new HashMap<>(
            Map.of(
                "CONTAINER_FLOW_NAME", "rpa1",
                "CONTAINER_ENVIRONMENT", "production",
                "CONTAINER_RPA_DB_CONNECTION_STRING", "postgresql://user:pass@host:5432/db"));
    for (int i = 0; i < pairs.length; i += 2) {
      environment.put("CONTAINER_" + pairs[i], pairs[i + 1]);
    }
    return new Settings(environment);
  }

  @Test
  void theSeedsEnvironmentAloneSuffices() {
    Settings settings =
        with(
            "WORKER_ID", "rpa1-worker-1",
            "DATABASE_SURVEY_HUB_HOST", "surveyhub.example.com",
            "PREFECT_API_URL", "http://prefect-server:4200/api",
            "PREFECT_SERVER_URL", "http://prefect-server:4200",
            "MAX_MEMORY_MB", "512",
            "MAX_CPU_PERCENT", "50",
            "EXECUTION_MODE", "daemon",
            "EXECUTION_INTERVAL", "300",
            "RESTART_POLICY", "on-failure",
            "RPA1_BATCH_SIZE", "25");

    assertThat(settings.problems()).isEmpty();
    assertThat(settings.bare).isFalse();
    assertThat(settings.databases)
        .extracting(Settings.Database::name)
        .containsExactly("rpa_db", "SurveyHub");
    Settings.Database hub = settings.databases.get(1);
    assertThat(hub.url()).isNull();
    assertThat(hub.host()).isEqualTo("surveyhub.example.com");
    assertThat(hub.port()).isEqualTo(1433);
    assertThat(hub.required()).isFalse();
    assertThat(settings.maxMemory).isEqualTo(512L << 20);
    assertThat(settings.repeats).isTrue();
  }

  @Test
  void defaultsAreTheDocumentedOnes() {
    Settings settings = with();

    assertThat(settings.restart.told())
        .isEqualTo(
            Map.of(
                "policy",
                "on-failure",
                "max_restart_attempts",
                5,
                "restart_delay_seconds",
                10L,
                "exponential_backoff",
                true,
                "max_delay_seconds",
                300L,
                "restart_window_minutes",
                60L));
    assertThat(settings.metricsPort).isEqualTo(8080);
    assertThat(settings.healthInterval).isEqualTo(60);
    assertThat(settings.healthThreshold).isEqualTo(3);
    assertThat(settings.shutdownTimeout).isEqualTo(30);
    assertThat(settings.base).isEqualTo(Path.of("/app"));
    assertThat(settings.execution).isEqualTo(Settings.Execution.DAEMON);
    assertThat(settings.repeats).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    "MAX_RESTART_ATTEMPTS,many,CONTAINER_MAX_RESTART_ATTEMPTS is 'many'",
    "RESTART_DELAY_SECONDS,-1,CONTAINER_RESTART_DELAY_SECONDS is '-1'",
    "EXECUTION_MODE,batch,CONTAINER_EXECUTION_MODE is 'batch'",
    "MONITORING_METRICS_PORT,70000,CONTAINER_MONITORING_METRICS_PORT is '70000'",
    "RPA_DB_CONNECTION_STRING,host:5432/db,CONTAINER_RPA_DB_CONNECTION_STRING is no connection string",
    "PREFECT_API_URL,ftp://x,",
    "DATABASE_REQUIRED,other,CONTAINER_DATABASE_OTHER_CONNECTION_STRING is missing",
    "SERVICE_REQUIRED,api,CONTAINER_SERVICE_API_HEALTH_ENDPOINT is missing",
    "DATABASE_RPA_DB_TYPE,oracle,CONTAINER_DATABASE_RPA_DB_TYPE is 'oracle'"
  })
  void aWrongValueIsAProblemThatNamesTheVariable(String name, String value, String problem) {
    Settings settings = with(name, value);
    if (problem == null) {
      assertThat(settings.url(name)).isNull();
      problem = "CONTAINER_" + name + " is '" + value + "'";
    }

    String expected = problem;
    assertThat(settings.problems()).anySatisfy(told -> assertThat(told).startsWith(expected));
  }

  @ParameterizedTest
  @CsvSource({
    "RESTART_POLICY,sometimes",
    "DATABASE_RPA_DB_POOL_SIZE,51",
    "DATABASE_RPA_DB_POOL_SIZE,0",
    "DATABASE_RPA_DB_TIMEOUT,301",
    "SERVICE_PREFECT_RETRY_ATTEMPTS,11",
    "SERVICE_PREFECT_TIMEOUT,0",
    "SECURITY_USER_ID,999",
    "SECURITY_GROUP_ID,0",
    "SECURITY_DROP_CAPABILITIES,NET_RAW",
    "RESOURCE_CPU_LIMIT,9",
    "RESOURCE_CPU_LIMIT,lots",
    "RESOURCE_MEMORY_LIMIT,512Q",
    "RESOURCE_DISK_LIMIT,big"
  })
  void aDoubtfulValueIsAWarningThatNamesTheVariable(String name, String value) {
    Settings settings = with(name, value);

    assertThat(settings.problems()).isEmpty();
    assertThat(settings.warnings())
        .anySatisfy(told -> assertThat(told).contains("CONTAINER_" + name));
  }

  @ParameterizedTest
  @CsvSource({
    "postgresql://u:p%40ss@h:5433/d?sslmode=require,jdbc:postgresql://h:5433/d?sslmode=require,u,p@ss",
    "postgres://u@h/d,jdbc:postgresql://h:5432/d,u,",
    "postgresql+psycopg2://u:p@h/d,jdbc:postgresql://h:5432/d,u,p",
    "jdbc:postgresql://h:1/d,jdbc:postgresql://h:1/d,,"
  })
  void readsConnectionStrings(String given, String url, String user, String password)
      throws URISyntaxException {
    Settings.Database database =
        Settings.database("rpa_db", "postgresql", given, "SELECT 1", 30, 0, true);

    assertThat(database.url()).isEqualTo(url);
    assertThat(database.user()).isEqualTo(user);
    assertThat(database.password()).isEqualTo(password);
    assertThat(database.toString()).doesNotContain("p@ss");
  }

  @Test
  void aPasswordIsInNoMessage() {
    Settings settings = with("RPA_DB_CONNECTION_STRING", "mysql://user:geheim@host/db");

    assertThat(settings.problems().toString())
        .contains("RPA_DB_CONNECTION_STRING")
        .doesNotContain("geheim");
    assertThat(
            with("RPA_DB_CONNECTION_STRING", "postgresql://user:geheim@host/db").told().toString())
        .doesNotContain("geheim");
  }
}
