package dev.semper.engine;

import dev.semper.engine.config.Reader;
import dev.semper.engine.config.SecretSource;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.secret.Handover;
import dev.semper.engine.secret.Receiver;
import dev.semper.engine.secret.Secrets;

/// Where configurations have their secrets from. Values are given only while something is handed
/// over to an instance.
final class ConfigSecrets implements SecretSource {
  /// To whom values are being given by this thread.
  static final ScopedValue<Handover> HANDOVER = ScopedValue.newInstance();

  private final Secrets secrets;

  ConfigSecrets(Secrets secrets) {
    this.secrets = secrets;
  }

  @Override
  public void check(String id, Reader reader) {
    secrets.check(id, new Receiver(reader.tenant(), reader.environment().id(), null, null, null));
  }

  @Override
  public String value(String id, Reader reader) {
    if (!HANDOVER.isBound()) {
      throw new SemperException(
          ErrorCode.FORBIDDEN, "secrets are given to instances of workloads only");
    }
    try {
      return HANDOVER.get().value(id);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw SemperException.wrap(
          ErrorCode.SHUTTING_DOWN, "secret " + id + " could not be read in time", e);
    }
  }
}
