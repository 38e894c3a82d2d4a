package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.store.Docs;
import dev.semper.engine.store.Row;
import dev.semper.engine.store.Store;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Wishes to see secrets, and what others have said to them. Callers hold the vault's lock.
final class Approvals {
  private static final Duration OPEN = Duration.ofHours(24);
  private static final int LOOKED_AT = 1000;

  private record Doc(
      String requester,
      String reason,
      Approval.State state,
      @Nullable String decidedBy,
      @Nullable Instant decidedAt,
      Instant validUntil) {}

  private final Store store;
  private final Vault vault;
  private final Duration valid;

  Approvals(Store store, Vault vault, Duration valid) {
    this.store = store;
    this.vault = vault;
    this.valid = valid;
  }

  List<Approval> list(@Nullable String tenant, @Nullable String secret, int limit) {
    return store.secretApprovals(tenant, secret, limit).stream().map(Approvals::approval).toList();
  }

  Approval request(Secret secret, String reason, String actor) throws InterruptedException {
    Refusals.require(!reason.isBlank(), "reason", "is missing: say what you need the value for");
    byte[] bytes = new byte[8];
    vault.random().nextBytes(bytes);
    Instant now = vault.now();
    Approval asked =
        new Approval(
            HexFormat.of().formatHex(bytes),
            secret.tenant(),
            secret.name(),
            actor,
            reason,
            Approval.State.REQUESTED,
            now,
            null,
            null,
            now.plus(OPEN));
    return write(secret, asked, "secret.approval_requested", actor);
  }

  /// @param tenant in which the caller looks; null = any
  Approval decide(@Nullable String tenant, String id, boolean yes, String actor)
      throws InterruptedException {
    Approval asked =
        store
            .secretApproval(id)
            .map(Approvals::approval)
            .filter(a -> tenant == null || a.tenant().equals(tenant))
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.NOT_FOUND, "There is no request for approval with the id " + id));
    Instant now = vault.now();
    if (asked.state() != Approval.State.REQUESTED || now.isAfter(asked.validUntil())) {
      throw new SemperException(
          ErrorCode.PRECONDITION_FAILED,
          "Request %s is %s already; ask anew"
              .formatted(
                  id, asked.state() == Approval.State.REQUESTED ? "too old" : asked.state().id()));
    }
    if (yes && asked.requester().equals(actor)) {
      throw new SemperException(
          ErrorCode.FORBIDDEN,
          "%s has asked for this; another administrator has to approve it".formatted(actor));
    }
    Approval decided =
        asked.as(
            yes ? Approval.State.APPROVED : Approval.State.DENIED, actor, now, now.plus(valid));
    Secret secret = vault.get(asked.tenant(), asked.secret());
    return write(secret, decided, yes ? "secret.approved" : "secret.denied", actor);
  }

  /// Takes the consent that somebody has been given.
  ///
  /// @throws SemperException APPROVAL_REQUIRED if there is none
  void use(Vault.Change change, Secret secret, String actor) {
    Instant now = vault.now();
    Approval found =
        list(secret.tenant(), secret.name(), LOOKED_AT).stream()
            .filter(a -> a.state() == Approval.State.APPROVED)
            .filter(a -> a.requester().equals(actor) && now.isBefore(a.validUntil()))
            .findFirst()
            .orElseThrow(() ->
                new SemperException(
                    ErrorCode.APPROVAL_REQUIRED,
                    "Secret %s is seen only with the approval of another administrator: ask for it (semper secret request %s), and have it approved (semper secret approve ID)"
                        .formatted(secret.name(), secret.name())));
    Approval used =
        found.as(Approval.State.USED, found.decidedBy(), found.decidedAt(), found.validUntil());
    change.batch.put(row(used));
  }

  private Approval write(Secret secret, Approval approval, String event, String actor)
      throws InterruptedException {
    Vault.Change change = vault.change();
    change.batch.put(row(approval));
    change.event(
        secret,
        event,
        Map.of(
            "approval",
            approval.id(),
            "requester",
            approval.requester(),
            "reason",
            approval.reason()),
        actor);
    change.commit();
    return approval;
  }

  /// Forgets all of a secret.
  void drop(Vault.Change change, Secret secret) {
    store
        .secretApprovals(secret.tenant(), secret.name(), Integer.MAX_VALUE)
        .forEach(change.batch::delete);
  }

  private static Row.SecretApproval row(Approval a) {
    Doc doc =
        new Doc(a.requester(), a.reason(), a.state(), a.decidedBy(), a.decidedAt(), a.validUntil());
    return new Row.SecretApproval(a.id(), a.tenant(), a.secret(), a.createdAt(), Docs.write(doc));
  }

  private static Approval approval(Row.SecretApproval row) {
    Doc doc = Docs.read(row.doc(), Doc.class);
    return new Approval(
        row.id(),
        row.tenant(),
        row.name(),
        doc.requester(),
        doc.reason(),
        doc.state(),
        row.createdAt(),
        doc.decidedBy(),
        doc.decidedAt(),
        doc.validUntil());
  }
}
