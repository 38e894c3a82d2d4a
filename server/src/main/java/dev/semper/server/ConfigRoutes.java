package dev.semper.server;

import dev.semper.api.ConfigChange;
import dev.semper.api.ConfigContent;
import dev.semper.api.ConfigExplanation;
import dev.semper.api.ConfigInfo;
import dev.semper.api.ConfigOverlay;
import dev.semper.api.ConfigPatchRequest;
import dev.semper.api.ConfigReader;
import dev.semper.api.ConfigRevisionInfo;
import dev.semper.api.ConfigRollbackRequest;
import dev.semper.api.ConfigWriteRequest;
import dev.semper.api.ConfigWritten;
import dev.semper.api.EffectiveConfig;
import dev.semper.api.Listing;
import dev.semper.api.Wire;
import dev.semper.engine.access.Role;
import dev.semper.engine.config.ConfigFormat;
import dev.semper.engine.config.Configs;
import dev.semper.engine.config.Effective;
import dev.semper.engine.config.Environment;
import dev.semper.engine.config.Explained;
import dev.semper.engine.config.KeyChange;
import dev.semper.engine.config.Layer;
import dev.semper.engine.config.Overlay;
import dev.semper.engine.config.Reader;
import dev.semper.engine.config.Revision;
import dev.semper.engine.config.Write;
import dev.semper.engine.config.Written;
import dev.semper.engine.error.ErrorCode;
import dev.semper.engine.error.SemperException;
import dev.semper.engine.spec.ConfigSpec;
import dev.semper.engine.workload.Instance;
import dev.semper.engine.workload.Workload;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Configurations: what they come to, their layers and revisions, and every change of them.
final class ConfigRoutes {
  private static final Duration HEARTBEAT = Duration.ofSeconds(15);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

  private final Configs configs;

  ConfigRoutes(Configs configs) {
    this.configs = configs;
  }

  void addTo(Routes routes) {
    routes
        .read("listConfigs", Role.VIEWER, this::list)
        .read("effectiveConfig", Role.VIEWER, this::effective)
        .read("explainConfig", Role.VIEWER, this::explain)
        .read("streamConfig", Role.VIEWER, this::stream)
        .read("diffConfig", Role.VIEWER, this::diff)
        .read("exportConfig", Role.VIEWER, this::export)
        .read("listConfigRevisions", Role.VIEWER, this::history)
        .read("getConfigRevision", Role.VIEWER, this::revision)
        .read("getConfigLayer", Role.VIEWER, this::layer)
        .change("putConfigLayer", Role.OPERATOR, "config.put", this::put)
        .change("patchConfigLayer", Role.OPERATOR, "config.patch", this::patch)
        .change("deleteConfigLayer", Role.OPERATOR, "config.delete_layer", this::remove)
        .change("rollbackConfig", Role.OPERATOR, "config.rollback", this::rollBack)
        .change("pinConfigRevision", Role.OPERATOR, "config.pin", call -> pin(call, true))
        .change("unpinConfigRevision", Role.OPERATOR, "config.unpin", call -> pin(call, false))
        .change("deleteConfig", Role.OPERATOR, "config.delete", this::delete);
  }

  private Answer list(Call call) {
    return Answer.ok(
        new Listing<>(configs.list(call.tenantFilter()).stream().map(this::view).toList()));
  }

  private Reader reader(Call call) {
    String workload = call.text("workload");
    if (workload != null) {
      return configs.readerOf(call.tenant(), workload);
    }
    String environment = call.text("environment");
    return new Reader(
        call.tenant(),
        environment == null ? Environment.DEVELOPMENT : Environment.of(environment),
        labels(call.text("labels")),
        features(call.text("features")));
  }

  private static Map<String, String> labels(@Nullable String text) {
    Map<String, String> labels = new LinkedHashMap<>();
    for (String label : text == null || text.isEmpty() ? new String[0] : text.split(",")) {
      int equals = label.indexOf('=');
      if (equals < 1) {
        throw Call.invalid("labels", "must be NAME=VALUE, several with commas between");
      }
      labels.put(label.substring(0, equals), label.substring(equals + 1));
    }
    return labels;
  }

  private static Set<String> features(@Nullable String text) {
    return text == null || text.isEmpty()
        ? Set.of()
        : new LinkedHashSet<>(List.of(text.split(",")));
  }

  /// With `wait` and `after` not before there is something newer, or the time is over.
  private Answer effective(Call call) throws InterruptedException {
    String name = call.required("name");
    Reader reader = reader(call);
    String wait = call.text("wait");
    Long after = call.number("after").orElse(null);
    if (wait != null && after != null) {
      var _ = configs.effective(name, reader); // nobody waits for what is not there
      Duration patience = Call.duration("wait", wait);
      configs.await(
          call.tenant(),
          name,
          after,
          patience.compareTo(LONGEST_WAIT) > 0 ? LONGEST_WAIT : patience);
    }
    Long revision = call.number("revision").orElse(null);
    Effective effective =
        revision == null
            ? configs.effective(name, reader)
            : configs.effective(name, reader, revision);
    Map<String, String> headers =
        Map.of(
            "ETag",
            "\"" + effective.checksum() + "\"",
            "Semper-Config-Revision",
            String.valueOf(effective.revision()));
    String known = call.text("If-None-Match");
    return known != null && known.contains(effective.checksum())
        ? new Answer.NotModified(headers)
        : Answer.json(200, view(effective, reveals(call)), headers);
  }

  /// What is sensitive is for administrators.
  private static boolean reveals(Call call) {
    boolean reveal = call.flag("reveal", false);
    if (reveal && !call.principal().role().atLeast(Role.ADMIN)) {
      throw new SemperException(
          ErrorCode.FORBIDDEN,
          "%s is a %s; only an admin may see what is sensitive (reveal)"
              .formatted(call.actor(), call.principal().role().id()));
    }
    return reveal;
  }

  private EffectiveConfig view(Effective e, boolean reveal) {
    return new EffectiveConfig(
        e.reader().tenant(),
        e.name(),
        e.reader().environment().id(),
        e.revision(),
        e.checksum(),
        new LinkedHashMap<>(reveal ? e.values() : configs.shown(e)));
  }

  private Answer explain(Call call) {
    String key = call.text("key");
    List<Explained> all = configs.explain(call.required("name"), reader(call));
    return Answer.ok(
        new Listing<>(
            all.stream()
                .filter(e -> key == null || e.key().equals(key) || e.key().startsWith(key + "."))
                .map(ConfigRoutes::view)
                .toList()));
  }

  private static ConfigExplanation view(Explained e) {
    return new ConfigExplanation(
        e.key(),
        e.value(),
        e.layer().id(),
        e.revision(),
        e.overrode().stream()
            .map(b ->
                new ConfigExplanation.Overrode(b.key(), b.value(), b.layer().id(), b.revision()))
            .toList());
  }

  /// An event `config` now and each time it comes to something else; its id is the revision.
  private Answer stream(Call call) {
    String name = call.required("name");
    Reader reader = reader(call);
    String last = call.text("Last-Event-ID");
    long seen = last == null ? 0 : Long.parseLong(last);
    configs.effective(name, reader); // refuses what is not there
    return new Answer.Stream(
        "text/event-stream",
        Map.of("X-Accel-Buffering", "no"),
        outlet -> stream(name, reader, seen, outlet));
  }

  private void stream(String name, Reader reader, long from, Outlet outlet)
      throws IOException, InterruptedException {
    outlet.write(": semper\n\n");
    long seen = from;
    String told =
        from == 0 ? "" : checksumAt(name, reader, from); // what it knows already is not told again
    while (true) {
      Effective now;
      try {
        now = configs.effective(name, reader);
      } catch (SemperException e) {
        if (e.code() == ErrorCode.NOT_FOUND) {
          outlet.write("event: deleted\ndata: {}\n\n");
          return;
        }
        throw new IOException(e);
      }
      if (!now.checksum().equals(told)) {
        told = now.checksum();
        outlet.write(
            "id: %d\nevent: config\ndata: %s\n\n"
                .formatted(now.revision(), Wire.JSON.writeValueAsString(view(now, false))));
      }
      seen = now.revision();
      if (configs.await(reader.tenant(), name, seen, HEARTBEAT) == seen) {
        outlet.write(": still here\n\n");
      }
    }
  }

  private String checksumAt(String name, Reader reader, long revision) {
    try {
      return configs.effective(name, reader, revision).checksum();
    } catch (SemperException _) {
      return ""; // it is not known any more: told anew
    }
  }

  private Answer diff(Call call) {
    String name = call.required("name");
    long from = Long.parseLong(call.required("from"));
    long to = Long.parseLong(call.required("to"));
    List<KeyChange> changes =
        call.text("environment") == null && call.text("workload") == null
            ? configs.diff(call.tenant(), name, from, to)
            : configs.diff(name, reader(call), from, to);
    return Answer.ok(new Listing<>(changes.stream().map(ConfigRoutes::view).toList()));
  }

  private static ConfigChange view(KeyChange c) {
    return new ConfigChange(c.key(), c.kind(), c.before(), c.after());
  }

  /// A layer as it is written, or what it comes to.
  private Answer export(Call call) {
    String name = call.required("name");
    ConfigFormat format = ConfigFormat.of(call.required("format"));
    String layer = call.text("layer");
    boolean reveal = reveals(call);
    Map<String, @Nullable Object> values;
    if (layer != null) {
      values = configs.layer(call.tenant(), name, new Layer(layer), reveal).values();
    } else {
      Effective effective = configs.effective(name, reader(call));
      values = new LinkedHashMap<>(reveal ? effective.values() : configs.shown(effective));
    }
    return new Answer.Text(200, format.write(values), "text/plain; charset=utf-8");
  }

  private Answer history(Call call) {
    String layer = call.text("layer");
    return Answer.ok(
        new Listing<>(
            configs
                .history(
                    call.tenant(),
                    call.required("name"),
                    layer == null ? null : new Layer(layer),
                    call.number("limit", 100))
                .stream()
                .map(ConfigRoutes::view)
                .toList()));
  }

  private Answer revision(Call call) {
    long number = Long.parseLong(call.required("revision"));
    return Answer.ok(
        view(configs.revision(call.tenant(), call.required("name"), number, reveals(call))));
  }

  private Answer layer(Call call) {
    Configs.Content content =
        configs.layer(
            call.tenant(), call.required("name"), new Layer(call.required("layer")), reveals(call));
    return Answer.json(200, view(content), etag(content.revision()));
  }

  private static Map<String, String> etag(Revision revision) {
    return Map.of("ETag", "\"" + revision.number() + "\"");
  }

  private static ConfigContent view(Configs.Content content) {
    return new ConfigContent(view(content.revision()), content.values());
  }

  private Answer put(Call call) throws InterruptedException {
    ConfigWriteRequest body = call.body(ConfigWriteRequest.class);
    Map<String, @Nullable Object> values = body.values();
    if ((values == null) == (body.document() == null)) {
      throw Call.invalid("values", "give either values or a document with its format");
    }
    if (values == null) {
      String format = body.format();
      if (format == null) {
        throw Call.invalid("format", "is missing: toml, yaml, json or dotenv");
      }
      values = ConfigFormat.of(format).read(String.valueOf(body.document()));
    }
    return written(
        call,
        new Write.Change.Replace(values),
        body.overlay(),
        body.expected(),
        body.description(),
        body.tags(),
        body.validateOnly());
  }

  private Answer patch(Call call) throws InterruptedException {
    ConfigPatchRequest body = call.body(ConfigPatchRequest.class);
    Map<String, @Nullable Object> set = body.set() == null ? Map.of() : body.set();
    List<String> remove = body.remove() == null ? List.of() : body.remove();
    if (set.isEmpty() && remove.isEmpty()) {
      throw Call.invalid("set", "is empty, and so is remove: there is nothing to change");
    }
    return written(
        call,
        new Write.Change.Patch(set, remove),
        null,
        body.expected(),
        body.description(),
        body.tags(),
        body.validateOnly());
  }

  private Answer remove(Call call) throws InterruptedException {
    return written(call, new Write.Change.Remove(), null, null, null, null, null);
  }

  private Answer written(
      Call call,
      Write.Change change,
      @Nullable ConfigOverlay overlay,
      @Nullable Long expected,
      @Nullable String description,
      @Nullable List<String> tags,
      @Nullable Boolean validateOnly)
      throws InterruptedException {
    Layer layer = new Layer(call.required("layer"));
    Write write =
        new Write(
            call.tenant(),
            call.required("name"),
            layer,
            change,
            overlay == null ? null : overlay(overlay),
            expected(call, expected),
            description == null ? "" : description,
            tags == null ? List.of() : tags,
            call.actor(),
            validateOnly != null && validateOnly);
    call.facts().put("layer", layer.id());
    if (write.validateOnly()) {
      call.facts().put("validate_only", true);
    }
    Written done = configs.write(write);
    call.facts().put("revision", done.revision().number());
    return Answer.json(200, view(done), write.validateOnly() ? Map.of() : etag(done.revision()));
  }

  private static @Nullable Long expected(Call call, @Nullable Long said) {
    String match = call.text("If-Match");
    return match == null || match.equals("*") ? said : Long.valueOf(match.replaceAll("[^0-9]", ""));
  }

  private static Overlay overlay(ConfigOverlay o) {
    String environment = o.environment();
    return new Overlay(
        o.precedence() == null ? 0 : o.precedence(),
        environment == null ? null : Environment.of(environment),
        o.tenant(),
        o.labels() == null ? Map.of() : o.labels(),
        o.features() == null ? Set.of() : new LinkedHashSet<>(o.features()));
  }

  private Answer rollBack(Call call) throws InterruptedException {
    ConfigRollbackRequest body = call.body(ConfigRollbackRequest.class);
    String name = call.required("name");
    String words =
        body.description() == null ? "back to revision " + body.revision() : body.description();
    call.facts().put("restored_from", body.revision());
    List<Written> done = new ArrayList<>();
    if (body.all() != null && body.all()) {
      done.addAll(configs.restore(call.tenant(), name, body.revision(), words, call.actor()));
    } else {
      Layer layer =
          configs.revision(call.tenant(), name, body.revision(), false).revision().layer();
      done.add(
          configs.write(
              new Write(
                  call.tenant(),
                  name,
                  layer,
                  new Write.Change.Restore(body.revision()),
                  null,
                  body.expected(),
                  words,
                  List.of(),
                  call.actor(),
                  body.validateOnly() != null && body.validateOnly())));
    }
    call.facts().put("revisions", done.stream().map(w -> w.revision().number()).toList());
    return Answer.ok(new Listing<>(done.stream().map(ConfigRoutes::view).toList()));
  }

  private Answer pin(Call call, boolean pinned) throws InterruptedException {
    long number = Long.parseLong(call.required("revision"));
    call.facts().put("revision", number);
    return Answer.ok(
        view(configs.pin(call.tenant(), call.required("name"), number, pinned, call.actor())));
  }

  private Answer delete(Call call) throws InterruptedException {
    configs.delete(call.tenant(), call.required("name"), call.actor());
    return new Answer.Empty();
  }

  private static ConfigWritten view(Written w) {
    return new ConfigWritten(
        view(w.revision()), w.changed(), w.changes().stream().map(ConfigRoutes::view).toList());
  }

  private ConfigInfo view(Configs.Summary s) {
    return new ConfigInfo(
        s.tenant(),
        s.name(),
        s.revision(),
        s.changedAt(),
        s.changedBy(),
        s.layers().stream().map(ConfigRoutes::view).toList(),
        configs.workloadsReading(s.tenant(), s.name()).stream().map(ConfigRoutes::view).toList());
  }

  private static ConfigReader view(Workload workload) {
    ConfigSpec config = Objects.requireNonNull(workload.spec().config());
    Map<String, Long> instances = new LinkedHashMap<>();
    for (Instance instance : workload.instances()) {
      Long revision = instance.configRevision();
      if (instance.isLive() && revision != null) {
        instances.put(workload.instanceName(instance), revision);
      }
    }
    return new ConfigReader(
        workload.name(), config.environment(), config.revision(), config.follow(), instances);
  }

  static ConfigRevisionInfo view(Revision r) {
    Overlay o = r.overlay();
    return new ConfigRevisionInfo(
        r.number(),
        r.layer().id(),
        r.createdAt(),
        r.author(),
        r.description(),
        r.tags(),
        r.checksum(),
        r.restoredFrom() == 0 ? null : r.restoredFrom(),
        r.pinned(),
        r.removed(),
        o == null ? null : view(o));
  }

  private static ConfigOverlay view(Overlay o) {
    Environment environment = o.environment();
    return new ConfigOverlay(
        o.precedence(),
        environment == null ? null : environment.id(),
        o.tenant(),
        o.labels().isEmpty() ? null : o.labels(),
        o.features().isEmpty() ? null : o.features().stream().sorted().toList());
  }
}
