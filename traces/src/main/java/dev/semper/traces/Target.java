package dev.semper.traces;

import java.net.URI;
import java.util.Map;

/// Where spans go.
///
/// @param endpoint of the receiver; `/v1/traces` is added unless the path ends with it
/// @param headers sent with each request
/// @param service who sends them, as attributes of the resource
public record Target(URI endpoint, Map<String, String> headers, Map<String, String> service) {
  private static final String PATH = "/v1/traces";

  public Target {
    headers = Map.copyOf(headers);
    service = Map.copyOf(service);
  }

  String url() {
    String base = endpoint.toString().replaceFirst("/+$", "");
    return base.endsWith(PATH) ? base : base + PATH;
  }

  /// Without the headers, which may be secret.
  @Override
  public String toString() {
    return url();
  }
}
