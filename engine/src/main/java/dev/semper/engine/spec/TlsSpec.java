package dev.semper.engine.spec;

import org.jspecify.annotations.Nullable;

/// How the certificate of a probe's target is looked at.
///
/// @param verify whether it must be trusted and name the host; default false, since the target is
///   the instance itself, mostly with a certificate nobody has signed
/// @param caFile absolute path of certificates in PEM to trust instead of the system's
/// @param serverName asked for by SNI and looked for in the certificate instead of the host
public record TlsSpec(boolean verify, @Nullable String caFile, @Nullable String serverName) {
  public static final TlsSpec ANY = new TlsSpec(false, null, null);

  public TlsSpec {
    Limits.require(verify || caFile == null, "ca_file is only for verify = true");
    Limits.require(
        serverName == null || isServerName(serverName), "server_name must be the name of a host");
  }

  /// SNI takes no addresses.
  static boolean isServerName(String name) {
    return name.matches("[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\\.[A-Za-z0-9_-]+)*")
        && name.length() <= 253;
  }
}
