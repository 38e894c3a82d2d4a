package dev.semper.server;

import dev.semper.api.AuditVerification;
import dev.semper.api.Listing;
import dev.semper.api.QuotaRequest;
import dev.semper.api.TenantInfo;
import dev.semper.api.TenantRequest;
import dev.semper.api.TokenCreated;
import dev.semper.api.TokenRequest;
import dev.semper.engine.access.Principal;
import dev.semper.engine.access.Quota;
import dev.semper.engine.access.Role;
import dev.semper.engine.access.Tenants;
import dev.semper.engine.access.Token;
import dev.semper.engine.access.Tokens;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.AuditLog;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Tenants, tokens and the audit log. A token of one tenant sees and manages that tenant's only.
final class AccessRoutes {
  private final Tenants tenants;
  private final Tokens tokens;
  private final AuditLog audit;

  AccessRoutes(Tenants tenants, Tokens tokens, AuditLog audit) {
    this.tenants = tenants;
    this.tokens = tokens;
    this.audit = audit;
  }

  void addTo(Routes routes) {
    routes
        .read("listTenants", Role.VIEWER, this::listTenants)
        .read("getTenant", Role.VIEWER, this::getTenant)
        .change("putTenant", Role.ADMIN, "tenants.put", this::putTenant)
        .change("deleteTenant", Role.ADMIN, "tenants.delete", this::deleteTenant)
        .read("listTokens", Role.ADMIN, this::listTokens)
        .change("createToken", Role.ADMIN, "tokens.create", this::createToken)
        .change("deleteToken", Role.ADMIN, "tokens.delete", this::deleteToken)
        .read("listAudit", Role.ADMIN, this::listAudit)
        .read("verifyAudit", Role.ADMIN, this::verifyAudit);
  }

  private Answer listTenants(Call call) {
    List<TenantInfo> seen =
        tenants.list().stream()
            .filter(t -> call.principal().sees(t.name()))
            .map(Views::tenant)
            .toList();
    return Answer.ok(new Listing<>(seen));
  }

  private Answer getTenant(Call call) {
    String name = call.required("name");
    if (!call.principal().sees(name)) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no tenant " + name);
    }
    return Answer.ok(Views.tenant(tenants.get(name)));
  }

  private Answer putTenant(Call call) throws InterruptedException {
    wantAllTenants(call);
    String name = call.required("name");
    Quota quota = quota(call.body(TenantRequest.class).quota());
    call.facts().put("workloads", quota.workloads());
    call.facts().put("instances", quota.instances());
    call.facts().put("memory", quota.memoryBytes());
    call.facts().put("cpu", quota.cpu());
    boolean exists = tenants.find(name).isPresent();
    return exists
        ? Answer.ok(Views.tenant(tenants.update(name, quota, call.actor())))
        : Answer.json(201, Views.tenant(tenants.create(name, quota, call.actor())), Map.of());
  }

  private static Quota quota(@Nullable QuotaRequest wanted) {
    if (wanted == null) {
      return Quota.UNLIMITED;
    }
    return new Quota(
        wanted.workloads() == null ? 0 : wanted.workloads(),
        wanted.instances() == null ? 0 : wanted.instances(),
        wanted.memory() == null ? 0 : size(wanted.memory()),
        wanted.cpu() == null ? 0 : wanted.cpu());
  }

  private static long size(String text) {
    try {
      return SpecReader.size(text);
    } catch (IllegalArgumentException e) {
      throw Call.invalid("quota.memory", String.valueOf(e.getMessage()));
    }
  }

  private Answer deleteTenant(Call call) throws InterruptedException {
    wantAllTenants(call);
    tenants.delete(call.required("name"), call.actor());
    return new Answer.Empty();
  }

  private static void wantAllTenants(Call call) {
    if (!call.principal().seesAll()) {
      throw new SemperException(
          ErrorCode.FORBIDDEN, "Tenants are managed with an admin token of all tenants only");
    }
  }

  private Answer listTokens(Call call) {
    return Answer.ok(
        new Listing<>(tokens.list(call.principal().tenant()).stream().map(Views::token).toList()));
  }

  private Answer createToken(Call call) throws InterruptedException {
    TokenRequest request = call.body(TokenRequest.class);
    String tenant = request.tenant() == null ? Tenants.DEFAULT : request.tenant();
    if (request.tenant() == null && !call.principal().seesAll()) {
      tenant = call.principal().tenant();
    }
    call.facts().put("name", request.name());
    call.facts().put("role", request.role());
    call.facts().put("tenant", tenant);
    if (!call.principal().sees(tenant)) {
      throw new SemperException(
          ErrorCode.FORBIDDEN,
          "A token of tenant %s cannot make one for %s"
              .formatted(call.principal().tenant(), tenant));
    }
    if (!tenant.equals(Principal.ALL)) {
      tenants.get(tenant);
    }
    Tokens.Created created =
        tokens.create(
            request.name(),
            Call.choice(Role.class, request.role()),
            tenant,
            call.actor(),
            call.idempotencyKey());
    call.facts().put("token_id", created.token().id());
    return Answer.json(
        201,
        new TokenCreated(Views.token(created.token()), created.secret()),
        Map.of("Location", "/api/v1/tokens/" + created.token().id()));
  }

  private Answer deleteToken(Call call) throws InterruptedException {
    String id = call.required("id");
    Optional<Token> token = tokens.find(id).filter(t -> call.principal().sees(t.tenant()));
    if (token.isEmpty()) {
      throw new SemperException(ErrorCode.NOT_FOUND, "There is no token with the id " + id);
    }
    tokens.delete(id, call.actor());
    call.facts().put("name", token.get().name());
    return new Answer.Empty();
  }

  private Answer listAudit(Call call) {
    return Answer.ok(
        new Listing<>(
            audit
                .newest(
                    call.tenantFilter(),
                    call.text("actor"),
                    call.text("action"),
                    call.number("limit", 100))
                .stream()
                .map(Views::audit)
                .toList()));
  }

  private Answer verifyAudit(Call call) {
    AuditLog.Verification found = audit.verify();
    return Answer.ok(
        new AuditVerification(
            found.broken().isEmpty(), found.records(), found.head(), found.broken().orElse(null)));
  }
}
