package dev.semper.server;

import dev.semper.api.Listing;
import dev.semper.api.RekeyInfo;
import dev.semper.api.RekeyRequest;
import dev.semper.api.SecretAccess;
import dev.semper.api.SecretApprovalInfo;
import dev.semper.api.SecretApprovalRequest;
import dev.semper.api.SecretGenerator;
import dev.semper.api.SecretInfo;
import dev.semper.api.SecretRetireRequest;
import dev.semper.api.SecretRevealRequest;
import dev.semper.api.SecretRotateRequest;
import dev.semper.api.SecretRotation;
import dev.semper.api.SecretUseInfo;
import dev.semper.api.SecretValue;
import dev.semper.api.SecretVersionInfo;
import dev.semper.api.SecretWriteRequest;
import dev.semper.engine.access.Role;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.AccessPolicy;
import dev.semper.engine.secret.Approval;
import dev.semper.engine.secret.Clear;
import dev.semper.engine.secret.Generator;
import dev.semper.engine.secret.Rekey;
import dev.semper.engine.secret.RevealRequest;
import dev.semper.engine.secret.Revealed;
import dev.semper.engine.secret.RotationPolicy;
import dev.semper.engine.secret.Secret;
import dev.semper.engine.secret.SecretUse;
import dev.semper.engine.secret.SecretVersion;
import dev.semper.engine.secret.SecretWrite;
import dev.semper.engine.secret.Secrets;
import dev.semper.engine.spec.SpecReader;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Secrets. Values come in and go out here only; nothing of them goes into a record of the call.
final class SecretRoutes {
  private static final int REKEYS = 20;

  private final Secrets secrets;

  SecretRoutes(Secrets secrets) {
    this.secrets = secrets;
  }

  void addTo(Routes routes) {
    routes
        .read("listSecrets", Role.VIEWER, this::list)
        .read("getSecret", Role.VIEWER, this::get)
        .read("listSecretVersions", Role.VIEWER, this::versions)
        .read("listSecretUses", Role.VIEWER, this::uses)
        .change("putSecret", Role.OPERATOR, "secret.put", this::put)
        .change("deleteSecret", Role.OPERATOR, "secret.delete", this::delete)
        .change("revealSecret", Role.ADMIN, "secret.reveal", this::reveal)
        .change("rotateSecret", Role.OPERATOR, "secret.rotate", this::rotate)
        .change("retireSecretVersion", Role.OPERATOR, "secret.retire", this::retire)
        .change("requestSecretApproval", Role.ADMIN, "secret.request", this::request)
        .read("listSecretApprovals", Role.ADMIN, this::approvals)
        .change("approveSecretApproval", Role.ADMIN, "secret.approve", call -> decide(call, true))
        .change("denySecretApproval", Role.ADMIN, "secret.deny", call -> decide(call, false))
        .read("listRekeys", Role.ADMIN, this::rekeys)
        .change("rekey", Role.ADMIN, "secret.rekey", this::rekey);
  }

  private Answer list(Call call) {
    return Answer.ok(
        new Listing<>(secrets.list(call.tenantFilter()).stream().map(SecretRoutes::view).toList()));
  }

  private Answer get(Call call) {
    return answer(200, secrets.get(call.tenant(), call.required("name")));
  }

  private static Answer answer(int status, Secret secret) {
    return Answer.json(
        status, view(secret), Map.of("ETag", "\"" + secret.status().current() + "\""));
  }

  private Answer versions(Call call) {
    return Answer.ok(
        new Listing<>(
            secrets.history(call.tenant(), call.required("name")).stream()
                .map(SecretRoutes::view)
                .toList()));
  }

  private Answer uses(Call call) {
    long current = secrets.get(call.tenant(), call.required("name")).status().current();
    return Answer.ok(
        new Listing<>(
            secrets.uses(call.tenant(), call.required("name")).stream()
                .map(use -> view(use, current))
                .toList()));
  }

  private Answer put(Call call) throws InterruptedException {
    SecretWriteRequest body = call.body(SecretWriteRequest.class);
    String name = call.required("name");
    Optional<Secret> before = secrets.find(call.tenant(), name);
    if (body.access() != null && !call.principal().role().atLeast(Role.ADMIN)) {
      throw new SemperException(
          ErrorCode.FORBIDDEN,
          "%s is a %s; only an admin may change who has access to a secret"
              .formatted(call.actor(), call.principal().role().id()));
    }
    Clear value = value(body.value(), body.valueBase64());
    boolean generate = body.generate() != null && body.generate();
    call.facts().put("new_value", value != null || generate);
    Secret after =
        secrets.put(
            new SecretWrite(
                call.tenant(),
                name,
                value,
                generate,
                body.description(),
                body.tags(),
                access(body.access(), before),
                rotation(body.rotation(), before),
                expiry(body.expiresAt()),
                duration("notify_before", body.notifyBefore()),
                expected(call, body.expected()),
                call.actor()));
    return answer(before.isEmpty() ? 201 : 200, after);
  }

  private static @Nullable Clear value(@Nullable String text, @Nullable String base64) {
    if (text != null && base64 != null) {
      throw Call.invalid("value_base64", "must not be given beside value");
    }
    if (text != null) {
      return Clear.of(text);
    }
    if (base64 == null) {
      return null;
    }
    try {
      return Clear.of(Base64.getDecoder().decode(base64));
    } catch (IllegalArgumentException _) {
      throw Call.invalid("value_base64", "must be Base64");
    }
  }

  private static @Nullable Instant expiry(@Nullable String text) {
    if (text == null) {
      return null;
    }
    if (text.equals("never")) {
      return SecretWrite.NEVER;
    }
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeException _) {
      throw Call.invalid("expires_at", "must be a time such as 2027-01-31T12:00:00Z, or never");
    }
  }

  private static @Nullable Duration duration(String field, @Nullable String text) {
    return text == null ? null : Call.duration(field, text);
  }

  private static @Nullable Long expected(Call call, @Nullable Long said) {
    String match = call.text("If-Match");
    return match == null || match.equals("*") ? said : Long.valueOf(match.replaceAll("[^0-9]", ""));
  }

  /// What is not said stays.
  private static @Nullable AccessPolicy access(
      @Nullable SecretAccess said, Optional<Secret> before) {
    if (said == null) {
      return null;
    }
    AccessPolicy was = before.map(Secret::access).orElse(AccessPolicy.DEFAULT);
    return new AccessPolicy(
        set(said.environments(), was.environments()),
        set(said.tenants(), was.tenants()),
        set(said.workloads(), was.workloads()),
        said.requireApproval() == null ? was.requireApproval() : said.requireApproval());
  }

  private static Set<String> set(@Nullable List<String> said, Set<String> was) {
    return said == null ? was : Set.copyOf(said);
  }

  private static @Nullable RotationPolicy rotation(
      @Nullable SecretRotation said, Optional<Secret> before) {
    if (said == null) {
      return null;
    }
    RotationPolicy was = before.map(Secret::rotation).orElse(RotationPolicy.DEFAULT);
    Duration interval = duration("rotation.interval", said.interval());
    Duration overlap = duration("rotation.overlap", said.overlap());
    Duration timeout = duration("rotation.timeout", said.timeout());
    return new RotationPolicy(
        said.enabled() == null ? was.enabled() : said.enabled(),
        interval == null ? was.interval() : interval,
        overlap == null ? was.overlap() : overlap,
        generator(said.generator(), was.generator()),
        said.hook() == null ? was.hook() : said.hook(),
        timeout == null ? was.timeout() : timeout);
  }

  private static Generator generator(@Nullable SecretGenerator said, Generator was) {
    return said == null
        ? was
        : new Generator(
            said.length() == null ? was.length() : said.length(),
            said.alphabet() == null ? was.alphabet() : said.alphabet(),
            said.command() == null ? was.command() : said.command());
  }

  private Answer delete(Call call) throws InterruptedException {
    secrets.delete(call.tenant(), call.required("name"), call.flag("force", false), call.actor());
    return new Answer.Empty();
  }

  private Answer reveal(Call call) throws InterruptedException {
    SecretRevealRequest body = call.body(SecretRevealRequest.class);
    String reason = body.reason() == null ? "" : body.reason();
    Long version = body.version();
    String name = call.required("name");
    call.facts()
        .put(
            "version",
            version == null ? secrets.get(call.tenant(), name).status().current() : version);
    call.facts().put("reason", reason);
    Revealed shown =
        secrets.reveal(
            new RevealRequest(call.tenant(), name, version, reason, call.actor(), call.origin()));
    Optional<String> text = shown.value().text();
    return Answer.ok(
        new SecretValue(
            shown.tenant(),
            shown.name(),
            shown.version(),
            text.orElse(null),
            text.isPresent() ? null : Base64.getEncoder().encodeToString(shown.value().bytes())));
  }

  private Answer rotate(Call call) throws InterruptedException {
    SecretRotateRequest body = call.body(SecretRotateRequest.class);
    Clear value = value(body.value(), body.valueBase64());
    boolean abandon = body.abandon() != null && body.abandon();
    if (abandon && value != null) {
      throw Call.invalid("value", "must not be given to abandon a rotation");
    }
    call.facts().put("abandon", abandon);
    String name = call.required("name");
    return answer(
        200,
        abandon
            ? secrets.abandon(call.tenant(), name, call.actor())
            : secrets.rotate(call.tenant(), name, value, call.actor()));
  }

  private Answer retire(Call call) throws InterruptedException {
    SecretRetireRequest body = call.body(SecretRetireRequest.class);
    long version = Long.parseLong(call.required("revision"));
    boolean force = body.force() != null && body.force();
    call.facts().put("version", version);
    call.facts().put("force", force);
    return Answer.ok(
        view(secrets.retire(call.tenant(), call.required("name"), version, force, call.actor())));
  }

  private Answer request(Call call) throws InterruptedException {
    SecretApprovalRequest body = call.body(SecretApprovalRequest.class);
    call.facts().put("reason", body.reason());
    Approval asked =
        secrets.requestApproval(call.tenant(), call.required("name"), body.reason(), call.actor());
    return Answer.json(201, view(asked), Map.of());
  }

  private Answer approvals(Call call) {
    return Answer.ok(
        new Listing<>(
            secrets
                .approvals(call.tenantFilter(), call.text("secret"), call.number("limit", 100))
                .stream()
                .map(SecretRoutes::view)
                .toList()));
  }

  private Answer decide(Call call, boolean approve) throws InterruptedException {
    return Answer.ok(
        view(secrets.decide(call.tenantFilter(), call.required("id"), approve, call.actor())));
  }

  private Answer rekeys(Call call) {
    refuseOneTenant(call);
    return Answer.ok(
        new Listing<>(secrets.rekeys(REKEYS).stream().map(SecretRoutes::view).toList()));
  }

  private Answer rekey(Call call) throws InterruptedException {
    refuseOneTenant(call);
    RekeyRequest body = call.body(RekeyRequest.class);
    boolean master = body.master() != null && body.master();
    boolean data = body.data() == null || body.data();
    call.facts().put("master", master);
    call.facts().put("data", data);
    return Answer.json(202, view(secrets.rekey(master, data, call.actor())), Map.of());
  }

  private static void refuseOneTenant(Call call) {
    if (!call.principal().seesAll()) {
      throw new SemperException(
          ErrorCode.FORBIDDEN, "Keys are changed by an administrator of all tenants only");
    }
  }

  private static SecretInfo view(Secret s) {
    Secret.About about = s.about();
    Secret.Status status = s.status();
    RotationPolicy rotation = s.rotation();
    Instant rotated = status.rotatedAt();
    return new SecretInfo(
        s.tenant(),
        s.name(),
        about.description(),
        about.tags(),
        status.current(),
        rotated,
        status.rotating().isEmpty() ? null : status.rotating(),
        status.error().isEmpty() ? null : status.error(),
        status.failures(),
        status.retryAt(),
        rotation.enabled() && rotated != null ? rotated.plus(rotation.interval()) : null,
        about.expiresAt(),
        SpecReader.format(about.notifyBefore()),
        new SecretAccess(
            sorted(s.access().environments()),
            sorted(s.access().tenants()),
            sorted(s.access().workloads()),
            s.access().requireApproval()),
        new SecretRotation(
            rotation.enabled(),
            SpecReader.format(rotation.interval()),
            SpecReader.format(rotation.overlap()),
            new SecretGenerator(
                rotation.generator().length(),
                rotation.generator().alphabet(),
                rotation.generator().command()),
            rotation.hook(),
            SpecReader.format(rotation.timeout())),
        status.reads(),
        status.lastReadAt(),
        status.lastReadBy().isEmpty() ? null : status.lastReadBy(),
        about.createdAt(),
        about.createdBy(),
        about.changedAt(),
        about.changedBy());
  }

  private static List<String> sorted(Set<String> words) {
    return words.stream().sorted().toList();
  }

  private static SecretVersionInfo view(SecretVersion v) {
    return new SecretVersionInfo(
        v.number(),
        v.state().id(),
        v.createdAt(),
        v.createdBy(),
        v.validUntil(),
        v.retiredAt(),
        v.overdue());
  }

  private static SecretUseInfo view(SecretUse u, long current) {
    return new SecretUseInfo(
        u.tenant(),
        u.workload(),
        u.instance(),
        u.incarnation(),
        u.version(),
        u.version() == current,
        u.deliveredAt(),
        u.adoptedAt());
  }

  private static SecretApprovalInfo view(Approval a) {
    return new SecretApprovalInfo(
        a.id(),
        a.tenant(),
        a.secret(),
        a.requester(),
        a.reason(),
        a.state().id(),
        a.createdAt(),
        a.decidedBy(),
        a.decidedAt(),
        a.validUntil());
  }

  private static RekeyInfo view(Rekey r) {
    return new RekeyInfo(
        r.id(),
        r.state().id(),
        r.stage().id(),
        r.master(),
        r.data(),
        r.masterKey(),
        r.done(),
        r.total(),
        r.startedAt(),
        r.startedBy(),
        r.endedAt(),
        r.unreadable(),
        r.error().isEmpty() ? null : r.error());
  }
}
