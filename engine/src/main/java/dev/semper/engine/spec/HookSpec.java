package dev.semper.engine.spec;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A script or a webhook that is run when something happens to a workload.
///
/// @param command program with an absolute path, and arguments; empty if it is a webhook
/// @param user who runs the command; the server's own user if null
/// @param timeout of the command, or of one try of the webhook, default 30 s
/// @param async whether what brought it about goes on without waiting for its end
/// @param onError what follows for an operation that waits for it
/// @param everyCheck of `on_failure` and `on_healthy`: at each check too, not only on the change
public record HookSpec(
    Type type,
    List<String> command,
    @Nullable Webhook webhook,
    @Nullable String user,
    Duration timeout,
    boolean async,
    OnError onError,
    boolean everyCheck) {
  static final Duration TIMEOUT = Duration.ofSeconds(30);

  /// When it is run.
  public enum Type {
    /// The workload has come up.
    ON_START,
    /// It has stopped, or has done its work.
    ON_STOP,
    /// It is restarted, or one of its instances is.
    ON_RESTART,
    /// An instance fails, or the workload gets into error.
    ON_FAILURE,
    /// An instance has become ready.
    ON_HEALTHY,
    /// It is about to be deleted.
    ON_DESTROY,
    /// Before an update starts or replaces anything; may refuse it.
    BEFORE_UPDATE,
    /// An update has succeeded.
    AFTER_UPDATE;

    /// As in files and events, e.g. `on_failure`.
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }

    boolean before() {
      return name().startsWith("BEFORE_");
    }

    /// Whether an operation can wait for it: it is a step of that operation.
    public boolean step() {
      return switch (this) {
        case ON_START, ON_STOP, ON_RESTART, ON_FAILURE, ON_HEALTHY -> false;
        case ON_DESTROY, BEFORE_UPDATE, AFTER_UPDATE -> true;
      };
    }

    boolean checks() {
      return this == ON_FAILURE || this == ON_HEALTHY;
    }

    boolean asyncByDefault() {
      return !before() && this != ON_DESTROY;
    }

    OnError onErrorByDefault(boolean async) {
      return before() && !async ? OnError.VETO : OnError.IGNORE;
    }
  }

  /// In files `veto`, `ignore`.
  public enum OnError {
    /// The operation fails before it has done anything.
    VETO,
    IGNORE
  }

  /// @param url `http` or `https`
  /// @param secretFile file with the key of the HMAC-SHA256 signature; not signed if null
  public record Webhook(
      String url, String method, Map<String, String> headers, @Nullable String secretFile) {
    static final List<String> METHODS = List.of("POST", "PUT", "PATCH");

    public Webhook {
      headers = Map.copyOf(headers);
      String problem = urlProblem(url);
      Limits.require(problem == null, "url " + problem);
      Limits.require(METHODS.contains(method), "method must be one of " + METHODS);
      headers.forEach((k, v) ->
          Limits.require(
              ProbeSpec.Http.isHeader(k, v), "header " + k + " is not what HTTP allows"));
    }

    /// @return what is wrong with it; null if nothing is
    static @Nullable String urlProblem(String url) {
      try {
        URI uri = new URI(url);
        String scheme = uri.getScheme();
        if (!"http".equalsIgnoreCase(scheme) && !"https".equalsIgnoreCase(scheme)) {
          return "must begin with http:// or https://";
        }
        return uri.getHost() == null || uri.getRawUserInfo() != null || uri.getPort() > 65535
            ? "must be http(s)://HOST[:PORT]/PATH; a password belongs into headers"
            : null;
      } catch (URISyntaxException e) {
        return "is no URL: " + e.getReason();
      }
    }
  }

  public HookSpec {
    command = List.copyOf(command);
    Limits.require(
        command.isEmpty() != (webhook == null), "a hook is either a command or a webhook");
    Limits.require(
        command.isEmpty()
            || (ProbeSpec.Command.isExec(command) && command.getFirst().startsWith("/")),
        "command must name a program by its absolute path");
    Limits.HOOK_TIMEOUT.require("timeout", timeout);
    Limits.require(async || type.step(), type.id() + " is always async");
    Limits.require(
        onError == OnError.IGNORE || (type.before() && !async),
        "only a before_ hook that is not async can veto");
    Limits.require(!everyCheck || type.checks(), "every_check is for on_failure and on_healthy");
  }
}
