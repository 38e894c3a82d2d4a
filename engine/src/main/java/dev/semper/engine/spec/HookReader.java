package dev.semper.engine.spec;

import dev.semper.engine.spec.HookSpec.OnError;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads the hooks of one workload: a path, a URL or a table for each.
final class HookReader {
  /// Hooks of features that are still to come, and what they come with.
  private static final Map<String, String> LATER =
      Map.of(
          "backup",
          "backups",
          "restore",
          "backups",
          "migrate",
          "migrations",
          "rollout",
          "rollouts");

  private final TableReader workload;
  private final @Nullable Path baseDir;

  HookReader(TableReader workload, @Nullable Path baseDir) {
    this.workload = workload;
    this.baseDir = baseDir;
  }

  List<HookSpec> read() {
    List<HookSpec> all = new ArrayList<>();
    TableReader hooks =
        workload.node("hooks") instanceof Node.Table t
            ? workload.table(withoutLater(t), workload.path("hooks"), Section.HOOKS)
            : workload.table("hooks", Section.HOOKS);
    if (hooks == null) {
      return all;
    }
    for (String key : Section.HOOKS.keys()) {
      HookSpec hook = hooks.has(key) ? hook(hooks, key) : null;
      if (hook != null) {
        all.add(hook);
      }
    }
    return all;
  }

  /// Reports the hooks that are still to come.
  private Node.Table withoutLater(Node.Table hooks) {
    Map<String, Node.Entry> rest = new LinkedHashMap<>(hooks.entries());
    LATER.forEach((what, feature) -> {
      for (String key : List.of("before_" + what, "after_" + what)) {
        Node.Entry entry = rest.remove(key);
        if (entry != null) {
          workload.problem(
              new Node.Nothing(entry.line()),
              Words.join(workload.path("hooks"), key),
              "comes with %s, which this version does not have yet: remove it".formatted(feature));
        }
      }
    });
    return new Node.Table(hooks.line(), rest);
  }

  private @Nullable HookSpec hook(TableReader hooks, String key) {
    HookSpec.Type type = HookSpec.Type.valueOf(key.toUpperCase(Locale.ROOT));
    if (hooks.node(key) instanceof Node.Scalar s && s.value() instanceof String text) {
      return shortForm(hooks, key, type, text);
    }
    TableReader t = hooks.table(key, Section.HOOK);
    return t == null ? null : hook(t, type);
  }

  private @Nullable HookSpec shortForm(
      TableReader hooks, String key, HookSpec.Type type, String text) {
    boolean url = text.contains("://");
    HookSpec.Webhook webhook = url ? webhook(hooks, key, text, "POST", Map.of(), null) : null;
    String program = url ? null : program(hooks, key, text);
    if (webhook == null && program == null) {
      return null;
    }
    boolean async = type.asyncByDefault();
    return new HookSpec(
        type,
        program == null ? List.of() : List.of(program),
        webhook,
        null,
        HookSpec.TIMEOUT,
        async,
        type.onErrorByDefault(async),
        false);
  }

  private @Nullable HookSpec hook(TableReader t, HookSpec.Type type) {
    if (t.has("command") == t.has("webhook")) {
      t.problem("must have either a command or a webhook");
    }
    List<String> command = command(t);
    HookSpec.Webhook webhook = webhook(t);
    String user = t.has("user") ? t.loose("user", "") : null;
    if (user != null && (user.isBlank() || webhook != null)) {
      t.problem("user", webhook != null ? "is for a command only" : "must not be empty");
    }
    Duration timeout = t.duration("timeout", HookSpec.TIMEOUT, Limits.HOOK_TIMEOUT);
    boolean async = t.flag("async", type.asyncByDefault());
    if (!async && !type.step()) {
      t.problem("async", "must be true: %s follows what has happened already".formatted(type.id()));
    }
    OnError onError = t.choice("on_error", type.onErrorByDefault(async));
    if (onError == OnError.VETO && (!type.before() || async)) {
      t.problem(
          "on_error",
          async && type.before()
              ? "nobody waits for an async hook, so it cannot veto: remove async or on_error"
              : "%s comes too late to veto anything; only before_update can".formatted(type.id()));
    }
    boolean everyCheck = t.flag("every_check", false);
    if (everyCheck && !type.checks()) {
      t.problem("every_check", "is for on_failure and on_healthy only");
    }
    return t.broken()
        ? null
        : new HookSpec(type, command, webhook, user, timeout, async, onError, everyCheck);
  }

  private List<String> command(TableReader t) {
    List<String> command = new ArrayList<>(t.textList("command"));
    if (t.node("command") instanceof Node.Items) {
      if (!ProbeSpec.Command.isExec(command)) {
        t.problem("command", "must name a program, e.g. [\"/usr/local/bin/alert.sh\"]");
        return List.of();
      }
      String program = program(t, "command", command.getFirst());
      command.set(0, program == null ? "/" : program);
    }
    return command;
  }

  /// The absolute path of a script.
  private @Nullable String program(TableReader t, String key, String text) {
    String path;
    try {
      path = text.isBlank() ? "" : WorkloadReader.resolve(text, baseDir);
    } catch (InvalidPathException e) {
      path = "";
    }
    if (!path.startsWith("/")) {
      t.problem(key, "must be the absolute path of a script, or a URL, not " + Words.quoted(text));
      return null;
    }
    return path;
  }

  private HookSpec.@Nullable Webhook webhook(TableReader hook) {
    if (hook.node("webhook") instanceof Node.Scalar s && s.value() instanceof String url) {
      return webhook(hook, "webhook", url, "POST", Map.of(), null);
    }
    TableReader t = hook.table("webhook", Section.WEBHOOK);
    if (t == null) {
      return null;
    }
    String url = t.text("url");
    if (!t.has("url")) {
      t.problem("url", "is missing: where to send it");
    }
    String method = t.text("method", "POST");
    if (!HookSpec.Webhook.METHODS.contains(method)) {
      t.problem("method", "must be one of " + String.join(", ", HookSpec.Webhook.METHODS));
    }
    Map<String, String> headers = t.texts("headers");
    headers.forEach((name, value) -> {
      if (!ProbeSpec.Http.isHeader(name, value)) {
        t.problem("headers", name, "is not a header that HTTP allows");
      }
    });
    String secretFile = secretFile(t);
    return url == null || t.broken() ? null : webhook(t, "url", url, method, headers, secretFile);
  }

  private @Nullable String secretFile(TableReader t) {
    String file = t.text("secret_file");
    if (file == null) {
      return null;
    }
    try {
      String path = file.isBlank() ? "" : WorkloadReader.resolve(file, baseDir);
      if (path.startsWith("/")) {
        return path;
      }
    } catch (InvalidPathException e) {
      // Reported below.
    }
    t.problem("secret_file", "must be the absolute path of a file, not " + Words.quoted(file));
    return null;
  }

  private static HookSpec.@Nullable Webhook webhook(
      TableReader t,
      String key,
      String url,
      String method,
      Map<String, String> headers,
      @Nullable String secretFile) {
    String problem = HookSpec.Webhook.urlProblem(url);
    if (problem != null) {
      t.problem(key, problem);
      return null;
    }
    return new HookSpec.Webhook(url, method, headers, secretFile);
  }
}
