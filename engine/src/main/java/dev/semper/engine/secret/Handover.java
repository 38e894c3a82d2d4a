package dev.semper.engine.secret;

import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import java.util.LinkedHashMap;
import java.util.Map;

/// Values on their way to one instance. What it was given is recorded by [#record], before its
/// program gets to see any of it. Used by one thread.
public final class Handover {
  /// A secret by its owner and name.
  record Place(String tenant, String name) {}

  private final Secrets secrets;
  private final Receiver receiver;
  private final Map<Place, Long> given = new LinkedHashMap<>();

  Handover(Secrets secrets, Receiver receiver) {
    this.secrets = secrets;
    this.receiver = receiver;
  }

  /// The value in force.
  ///
  /// @param id `NAME`, or `TENANT/NAME`
  /// @throws SemperException NOT_FOUND, FORBIDDEN, SECRET_UNREADABLE, INVALID_CONFIG if it is no
  ///   text
  public String value(String id) throws InterruptedException {
    Place place = place(receiver.tenant(), id);
    Vault.Sealed sealed = secrets.inForce(place, receiver);
    given.put(place, sealed.version().number());
    return Clear.of(secrets.open(place, sealed))
        .text()
        .orElseThrow(() ->
            new SemperException(
                ErrorCode.INVALID_CONFIG,
                "Secret %s is not text, so it cannot be part of a configuration".formatted(id)));
  }

  /// Makes durable who has got what.
  ///
  /// @return whether there was anything new for it
  public boolean record() throws InterruptedException {
    boolean fresh = secrets.delivered(receiver, given);
    given.clear();
    return fresh;
  }

  static Place place(String tenant, String id) {
    int slash = id.indexOf('/');
    return slash < 0
        ? new Place(tenant, id)
        : new Place(id.substring(0, slash), id.substring(slash + 1));
  }
}
