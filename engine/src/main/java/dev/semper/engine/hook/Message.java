package dev.semper.engine.hook;

import dev.semper.engine.spec.SpecReader;
import dev.semper.engine.store.Docs;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/// What a hook is told: as environment and as JSON.
final class Message {
  private static final int LONGEST = 4096;

  private Message() {}

  /// The environment of a script: the server's own without what looks secret, the names of seed 002
  /// with and without the prefix, and ours.
  static Map<String, String> env(HookRun run, Map<String, String> server) {
    Map<String, String> env = new HashMap<>();
    server.forEach((name, value) -> {
      if (!name.startsWith("SEMPER_") && !SpecReader.looksSecret(name)) {
        env.put(name, value);
      }
    });
    HookRun.Occasion on = run.occasion();
    Map<String, String> seed = new LinkedHashMap<>();
    seed.put("VM_NAME", run.workload());
    seed.put("EVENT_TYPE", run.hook().type().id());
    seed.put("TIMESTAMP", on.at().toString());
    seed.put("FAILURE_COUNT", Integer.toString(on.failures()));
    seed.put("REASON", on.reason());
    seed.put("STATE", on.state());
    seed.forEach((name, value) -> {
      if (!name.equals("STATE")) { // too common a name; the seed has it with the prefix only
        put(env, name, value);
      }
      put(env, "AZLIN_" + name, value);
    });
    put(env, "SEMPER_EVENT", run.hook().type().id());
    put(env, "SEMPER_DELIVERY", run.id());
    put(env, "SEMPER_ATTEMPT", Integer.toString(run.attempt()));
    put(env, "SEMPER_EVENT_SEQ", Long.toString(on.eventSeq()));
    put(env, "SEMPER_TENANT", run.tenant());
    put(env, "SEMPER_WORKLOAD", run.workload());
    put(env, "SEMPER_INSTANCE", Objects.requireNonNullElse(on.instance(), ""));
    put(env, "SEMPER_VERSION", on.version());
    put(env, "SEMPER_STATE", on.state());
    put(env, "SEMPER_REASON", on.reason());
    put(env, "SEMPER_FAILURES", Integer.toString(on.failures()));
    put(env, "SEMPER_OPERATION", Objects.requireNonNullElse(on.operationId(), ""));
    return env;
  }

  private static void put(Map<String, String> env, String name, String value) {
    String clean = value.replace('\0', '\uFFFD');
    env.put(name, clean.length() > LONGEST ? clean.substring(0, LONGEST) : clean);
  }

  static String json(HookRun run) {
    HookRun.Occasion on = run.occasion();
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("delivery", run.id());
    json.put("attempt", run.attempt());
    json.put("event", run.hook().type().id());
    json.put("event_seq", on.eventSeq());
    json.put("timestamp", on.at().toString());
    json.put("tenant", run.tenant());
    json.put("workload", run.workload());
    json.put("vm_name", run.workload());
    if (on.instance() != null) {
      json.put("instance", on.instance());
    }
    json.put("kind", on.kind());
    json.put("version", on.version());
    json.put("state", on.state());
    json.put("reason", on.reason());
    json.put("failure_count", on.failures());
    if (on.operationId() != null) {
      json.put("operation_id", on.operationId());
    }
    json.put("data", on.data());
    return Docs.write(json);
  }
}
