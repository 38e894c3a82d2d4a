package dev.semper.engine.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Batch;
import dev.semper.engine.store.Event;
import dev.semper.engine.store.EventFilter;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import dev.semper.engine.store.StoreConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Clock;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@SuppressWarnings("NullAway.Init")
class AccessTest {
  private static final Quota TWO = new Quota(2, 10, 1 << 30, 4);

  @TempDir Path home;
  private Store store;
  private Tokens tokens;
  private Tenants tenants;

  @BeforeEach
  void open() throws InterruptedException {
    store = Store.open(StoreConfig.sqlite(home.resolve("semper.db")));
    tokens = Tokens.load(store, Clock.systemUTC(), new SecureRandom());
    tenants = Tenants.load(store, tokens, Clock.systemUTC());
  }

  @AfterEach
  void close() {
    store.close();
  }

  /// As after a restart of the server.
  private void reopen() throws InterruptedException {
    store.close();
    open();
  }

  private static void refused(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(SemperException.class, e -> assertThat(e.code()).isEqualTo(code));
  }

  @Test
  void alwaysHasTheDefaultTenant() throws InterruptedException {
    assertThat(tenants.list()).extracting(Tenant::name).containsExactly("default");
    refused(ErrorCode.PRECONDITION_FAILED, () -> tenants.delete("default", "me"));

    reopen();

    assertThat(tenants.get("default").quota()).isEqualTo(Quota.UNLIMITED);
  }

  @Test
  void remembersTenantsAndTheirQuotas() throws InterruptedException {
    Tenant made = tenants.create("team", Quota.UNLIMITED, "me");
    Tenant changed = tenants.update("team", TWO, "me");

    reopen();

    assertThat(tenants.get("team").quota()).isEqualTo(TWO);
    assertThat(changed.createdAt()).isEqualTo(made.createdAt());
    refused(ErrorCode.ALREADY_EXISTS, () -> tenants.create("team", TWO, "me"));
    refused(ErrorCode.NOT_FOUND, () -> tenants.get("none"));
    refused(ErrorCode.NOT_FOUND, () -> tenants.update("none", TWO, "me"));
    assertThat(store.events().read(EventFilter.ALL, 100))
        .extracting(Event::type)
        .containsSubsequence("tenant.created", "tenant.updated");
  }

  @Test
  void removesATenantWithItsTokensOnceItIsEmpty() throws InterruptedException {
    tenants.create("team", TWO, "me");
    String secret = tokens.create("bob", Role.VIEWER, "team", "me", null).secret();
    Row.Workload workload = new Row.Workload("team", "web", "{}");
    store.commit(new Batch().put(workload));
    refused(ErrorCode.PRECONDITION_FAILED, () -> tenants.delete("team", "me"));
    assertThat(tokens.authenticate(secret)).isPresent();
    store.commit(new Batch().delete(workload));

    tenants.delete("team", "me");

    assertThat(tenants.find("team")).isEmpty();
    assertThat(tokens.authenticate(secret)).isEmpty();
    reopen();
    assertThat(tenants.find("team")).isEmpty();
    assertThat(tokens.list("*")).isEmpty();
  }

  @Test
  void knowsATokenByItsSecretOnly() throws InterruptedException {
    Tokens.Created created = tokens.create("bob", Role.OPERATOR, "default", "me", null);

    assertThat(tokens.authenticate(created.secret()))
        .contains(new Principal("bob", Role.OPERATOR, "default"));
    reopen();
    assertThat(tokens.authenticate(created.secret())).isPresent();
    assertThat(store.tokens().toString()).doesNotContain(created.secret().substring(17));
    assertThat(tokens.find(created.token().id())).contains(created.token());
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "smp_", "smp__", "smp_x_y", "x", "smp_000000000000_"})
  void refusesWhatIsNoToken(String presented) throws InterruptedException {
    Tokens.Created created = tokens.create("bob", Role.OPERATOR, "default", "me", null);

    assertThat(tokens.authenticate(presented)).isEmpty();
    assertThat(tokens.authenticate("smp_" + created.token().id() + "_")).isEmpty();
    assertThat(tokens.authenticate("smp_" + created.token().id() + "_x")).isEmpty();
    assertThat(tokens.authenticate(created.secret() + "x")).isEmpty();
  }

  @Test
  void forgetsADeletedToken() throws InterruptedException {
    Tokens.Created created = tokens.create("bob", Role.OPERATOR, "default", "me", null);

    tokens.delete(created.token().id(), "me");

    assertThat(tokens.authenticate(created.secret())).isEmpty();
    refused(ErrorCode.NOT_FOUND, () -> tokens.delete(created.token().id(), "me"));
  }

  @Test
  void makesOneTokenPerIdempotencyKeyAndActor() throws InterruptedException {
    tokens.create("bob", Role.VIEWER, "default", "me", "key");

    refused(
        ErrorCode.ALREADY_EXISTS, () -> tokens.create("bob", Role.VIEWER, "default", "me", "key"));
    tokens.create("bob", Role.VIEWER, "default", "you", "key");
    assertThat(tokens.list("default")).hasSize(2);
  }

  @Test
  void makesTheFirstTokenOnce() throws Exception {
    Path file = home.resolve("token");

    assertThat(tokens.makeFirst(file)).isTrue();
    String secret = Files.readString(file).strip();
    reopen();
    assertThat(tokens.makeFirst(file)).isFalse();

    assertThat(tokens.authenticate(secret)).contains(new Principal("admin", Role.ADMIN, "*"));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
  }

  @Test
  void ordersRoles() {
    assertThat(Role.ADMIN.atLeast(Role.OPERATOR)).isTrue();
    assertThat(Role.OPERATOR.atLeast(Role.OPERATOR)).isTrue();
    assertThat(Role.VIEWER.atLeast(Role.OPERATOR)).isFalse();
    assertThat(new Principal("a", Role.ADMIN, "team").sees("*")).isFalse();
    assertThat(new Principal("a", Role.ADMIN, "*").sees("team")).isTrue();
  }
}
