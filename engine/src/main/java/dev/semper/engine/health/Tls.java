package dev.semper.engine.health;

import dev.semper.engine.spec.TlsSpec;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/// Encrypts connections of probes. Unless told otherwise without proof of identity: the target is
/// the instance itself, mostly with a certificate nobody has signed.
final class Tls {
  private Tls() {}

  /// Made on first use; it costs 100 ms.
  private static final class Anybody {
    static final SSLContext CONTEXT = make(new TrustManager[] {new TrustAnybody()});
  }

  /// Trusts what Java trusts.
  private static final class Usual {
    static final SSLContext CONTEXT = make(null);
  }

  /// Does the handshake over a connection; closing the connection is the caller's.
  static Socket encrypt(Socket socket, String host, int port, TlsSpec tls) throws IOException {
    String name = tls.serverName() == null ? host : tls.serverName();
    SSLSocket encrypted =
        (SSLSocket) context(tls).getSocketFactory().createSocket(socket, name, port, false);
    if (tls.verify()) {
      SSLParameters parameters = encrypted.getSSLParameters();
      parameters.setEndpointIdentificationAlgorithm("HTTPS");
      encrypted.setSSLParameters(parameters);
    }
    encrypted.startHandshake();
    return encrypted;
  }

  private static SSLContext context(TlsSpec tls) throws IOException {
    if (!tls.verify()) {
      return Anybody.CONTEXT;
    }
    return tls.caFile() == null ? Usual.CONTEXT : make(managers(Path.of(tls.caFile())));
  }

  /// Read at each check, since the file may have been replaced.
  private static TrustManager[] managers(Path caFile) throws IOException {
    try (InputStream in = Files.newInputStream(caFile)) {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      int count = 0;
      for (Certificate each : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
        trusted.setCertificateEntry("ca-" + count++, each);
      }
      TrustManagerFactory factory =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      factory.init(trusted);
      return factory.getTrustManagers();
    } catch (IOException | GeneralSecurityException e) {
      throw new Troubles.OurOwn("the ca_file " + caFile + " cannot be used: " + e);
    }
  }

  private static SSLContext make(TrustManager @Nullable [] managers) {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, managers, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This Java cannot do TLS", e);
    }
  }

  private static final class TrustAnybody extends X509ExtendedTrustManager {
    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

    @Override
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}
