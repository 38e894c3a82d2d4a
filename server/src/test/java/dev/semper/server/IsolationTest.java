package dev.semper.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.semper.api.ActionRequest;
import dev.semper.api.ApiException;
import dev.semper.api.ApplyResult;
import dev.semper.api.AuditInfo;
import dev.semper.api.ConfigPatchRequest;
import dev.semper.api.ConfigQuery;
import dev.semper.api.EventInfo;
import dev.semper.api.EventQuery;
import dev.semper.api.LogQuery;
import dev.semper.api.OperationInfo;
import dev.semper.api.QuotaRequest;
import dev.semper.api.SemperClient;
import dev.semper.api.TokenCreated;
import dev.semper.api.TokenRequest;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Who may see and do what, and what is left of it in the audit log; by the typed client.
class IsolationTest {
  private static final Map<String, Object> SLEEPER =
      Map.of(
          "kind", "process",
          "command", List.of("sh", "-c", "echo hello; exec sleep 600"),
          "start_seconds", "50ms");

  @TempDir static Path home;
  private static TestServer server;
  private static SemperClient admin;
  private static SemperClient ofTeam;

  @BeforeAll
  static void start() throws Exception {
    server = TestServer.start(home);
    admin = server.client();
    admin.putTenant("team", new QuotaRequest(1, null, null, null));
    ofTeam = server.client(token("carol", "admin", "team"));
    done(admin.put("secret", SLEEPER, 0L, false));
  }

  @AfterAll
  static void stop() {
    ofTeam.close();
    admin.close();
    server.close();
  }

  private static String token(String name, String role, String tenant) {
    TokenCreated created = admin.createToken(new TokenRequest(name, role, tenant));
    return created.secret();
  }

  private static void done(ApplyResult applied) {
    OperationInfo operation = applied.operation();
    assertThat(operation).isNotNull();
    if (operation != null) {
      OperationInfo ended = admin.await(operation.id(), Duration.ofSeconds(20));
      assertThat(ended.status()).as(ended.error()).isEqualTo("succeeded");
    }
  }

  private static void refused(int status, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            ApiException.class, e -> assertThat(e.status()).as(e.getMessage()).isEqualTo(status));
  }

  @Test
  void hidesTheWorkloadsOfOtherTenants() {
    SemperClient stranger = ofTeam.withTenant("default");

    refused(403, () -> stranger.workload("secret"));
    refused(403, () -> stranger.act("secret", "stop", ActionRequest.DEFAULT));
    refused(
        403,
        () ->
            stranger.logs("secret", new LogQuery(0, 10, false, null), new ByteArrayOutputStream()));
    refused(403, stranger::workloads);
    refused(404, () -> ofTeam.workload("secret"));
    assertThat(ofTeam.workloads().items()).noneMatch(w -> w.tenant().equals("default"));
  }

  @Test
  void hidesTheRestOfOtherTenants() {
    String operation = admin.operations("secret", null, 1).items().getFirst().id();
    SemperClient everything = ofTeam.withTenant("*");

    refused(404, () -> ofTeam.operation(operation));
    refused(404, () -> ofTeam.cancel(operation));
    refused(404, () -> ofTeam.members(operation));
    refused(404, () -> ofTeam.tenantInfo("default"));
    refused(403, () -> ofTeam.putTenant("team", new QuotaRequest(9, null, null, null)));
    refused(403, () -> ofTeam.createToken(new TokenRequest("x", "viewer", "default")));
    refused(403, () -> ofTeam.createToken(new TokenRequest("x", "admin", "*")));
    refused(403, () -> ofTeam.shutdown(false));
    refused(403, ofTeam::metrics);
    String foreign =
        admin.tokens().items().stream()
            .filter(t -> t.tenant().equals("*"))
            .findFirst()
            .orElseThrow()
            .id();
    refused(404, () -> ofTeam.deleteToken(foreign));
    assertThat(ofTeam.tokens().items()).allMatch(t -> t.tenant().equals("team"));
    assertThat(ofTeam.tenants().items()).extracting(t -> t.name()).containsExactly("team");
    assertThat(everything.events(EventQuery.ALL.after(0), 1000).items())
        .isNotEmpty()
        .allMatch(e -> e.tenant().equals("team"));
    assertThat(everything.audit(null, null, 1000).items()).allMatch(a -> a.tenant().equals("team"));
  }

  @Test
  void hidesTheConfigurationsOfOtherTenants() {
    ConfigPatchRequest patch =
        new ConfigPatchRequest(Map.of("password", "hidden"), null, null, null, null, null);
    var _ = admin.patchConfigLayer("settings", "global", patch);
    SemperClient stranger = ofTeam.withTenant("default");

    refused(403, () -> stranger.config("settings", ConfigQuery.DEFAULT, null, false));
    refused(403, () -> stranger.patchConfigLayer("settings", "global", patch));
    refused(404, () -> ofTeam.config("settings", ConfigQuery.DEFAULT, null, false));
    refused(404, () -> ofTeam.configRevisions("settings", null, 10));
    refused(404, () -> ofTeam.deleteConfig("settings"));
    assertThat(ofTeam.withTenant("*").configs().items()).isEmpty();
    try (SemperClient viewer = server.client(token("vito", "viewer", "default"))) {
      assertThat(viewer.config("settings", ConfigQuery.DEFAULT, null, false).values())
          .containsEntry("password", "***");
      refused(403, () -> viewer.config("settings", ConfigQuery.DEFAULT, null, true));
      refused(403, () -> viewer.patchConfigLayer("settings", "global", patch));
    }
    assertThat(admin.audit(null, "config.patch", 10).items().toString()).doesNotContain("hidden");
  }

  @Test
  void givesEachRoleItsDue() {
    try (SemperClient viewer = server.client(token("vera", "viewer", "default"));
        SemperClient operator = server.client(token("otto", "operator", "default"))) {
      assertThat(viewer.workload("secret").name()).isEqualTo("secret");
      refused(403, () -> viewer.act("secret", "stop", ActionRequest.DEFAULT));
      refused(403, () -> viewer.delete("secret", ActionRequest.DEFAULT));
      refused(403, () -> viewer.audit(null, null, 10));
      refused(403, () -> operator.forceState("secret", "error", "because"));
      refused(403, () -> operator.createToken(new TokenRequest("x", "viewer", null)));
      ActionRequest dryRun =
          new ActionRequest(null, true, null, null, null, null, null, null, null);
      assertThat(operator.act("secret", "stop", dryRun).kind()).isEqualTo("stop");
    }
  }

  @Test
  void acceptsATokenUntilItIsDeleted() {
    TokenCreated created = admin.createToken(new TokenRequest("temp", "viewer", "default"));
    try (SemperClient temp = server.client(created.secret())) {
      temp.workloads();

      admin.deleteToken(created.token().id());

      refused(401, temp::workloads);
    }
  }

  @Test
  void makesOneTokenPerIdempotencyKey() {
    SemperClient once = admin.withIdempotencyKey("make-dora");
    once.createToken(new TokenRequest("dora", "viewer", "default"));

    refused(409, () -> once.createToken(new TokenRequest("dora", "viewer", "default")));

    assertThat(admin.tokens().items()).filteredOn(t -> t.name().equals("dora")).hasSize(1);
  }

  @Test
  void recordsWhatWasGrantedRefusedAndTriedWithoutAToken() {
    try (SemperClient mallory = server.client("smp_000000000000_wrong");
        SemperClient vera = server.client(token("vera2", "viewer", "default"))) {
      refused(401, () -> mallory.act("secret", "stop", ActionRequest.DEFAULT));
      refused(403, () -> vera.act("secret", "restart", ActionRequest.DEFAULT));
      refused(409, () -> admin.act("secret", "enable", ActionRequest.DEFAULT));
    }

    List<AuditInfo> records = admin.withTenant("*").audit(null, null, 1000).items();

    assertThat(records)
        .anySatisfy(a -> {
          assertThat(a.actor()).isEqualTo("anonymous");
          assertThat(a.action()).isEqualTo("workloads.stop");
          assertThat(a.outcome()).isEqualTo("refused");
          assertThat(a.origin()).isEqualTo("127.0.0.1");
          assertThat(a.resource()).isEqualTo("default/secret");
        })
        .anySatisfy(a -> {
          assertThat(a.actor()).isEqualTo("vera2");
          assertThat(a.outcome()).isEqualTo("refused");
          assertThat(a.detail()).containsEntry("code", "FORBIDDEN");
        })
        .anySatisfy(a -> {
          assertThat(a.action()).isEqualTo("workloads.enable");
          assertThat(a.outcome()).isEqualTo("refused");
          assertThat(a.detail()).containsEntry("code", "ILLEGAL_TRANSITION");
        })
        .anySatisfy(a -> {
          assertThat(a.actor()).isEqualTo("admin");
          assertThat(a.action()).isEqualTo("workloads.put");
          assertThat(a.outcome()).isEqualTo("granted");
          assertThat(a.detail()).containsKey("operation_id");
        });
    assertThat(records.toString()).doesNotContain("smp_");
    assertThat(admin.verifyAudit().intact()).isTrue();
  }

  @Test
  void streamsEventsFromWhereTheReaderWas() {
    List<EventInfo> all = admin.withTenant("*").events(EventQuery.ALL.after(0), 1000).items();
    List<Long> seen = new ArrayList<>();

    admin
        .withTenant("*")
        .follow(
            EventQuery.ALL.after(3),
            event -> {
              seen.add(event.seq());
              return event.seq() < all.getLast().seq();
            });

    assertThat(seen)
        .startsWith(4L)
        .isSorted()
        .doesNotHaveDuplicates()
        .hasSize((int) (seen.getLast() - 3));
  }

  @Test
  void streamsWhatHappensFromNowOn() throws Exception {
    List<EventInfo> seen = new ArrayList<>();
    Thread reader =
        Thread.ofVirtual()
            .start(() ->
                admin.follow(
                    new EventQuery(
                        null, null, "tenant.*", null, admin.events(EventQuery.ALL, 1).last()),
                    event -> {
                      seen.add(event);
                      return false;
                    }));

    admin.putTenant("default", new QuotaRequest(null, null, null, 900.0));

    assertThat(reader.join(Duration.ofSeconds(10))).isTrue();
    assertThat(seen)
        .singleElement()
        .satisfies(e -> assertThat(e.type()).isEqualTo("tenant.updated"));
  }

  @Test
  void copiesLogsByPosition() throws Exception {
    await()
        .atMost(Duration.ofSeconds(10))
        .until(() -> log(new LogQuery(0, 50, false, null)).contains("hello"));

    ByteArrayOutputStream rest = new ByteArrayOutputStream();
    long end = admin.logs("secret", new LogQuery(0, 0, false, 2L), rest);

    assertThat(rest.toString(StandardCharsets.UTF_8)).isEqualTo("llo\n");
    assertThat(end).isEqualTo(6);
  }

  private static String log(LogQuery query) throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    admin.logs("secret", query, out);
    return out.toString(StandardCharsets.UTF_8);
  }
}
