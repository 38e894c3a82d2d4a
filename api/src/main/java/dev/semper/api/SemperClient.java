package dev.semper.api;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;

/// Talks to a Semper server. Calls block; all of them may throw [ApiException] if the server
/// refuses and [UnreachableException] if it does not answer. Thread-safe.
///
/// Mutations carry an idempotency key and are sent once more when the connection breaks before the
/// answer has come, so that they are carried out exactly once.
public final class SemperClient implements AutoCloseable {
  private static final Duration CONNECT = Duration.ofSeconds(5);
  private static final Duration ANSWER = Duration.ofSeconds(60);
  private static final Duration LONG_POLL = Duration.ofSeconds(30);

  private final HttpClient http;
  private final URI server;
  private final @Nullable String token;
  private final @Nullable String tenant;
  private final @Nullable String key;

  /// @param server e.g. `http://127.0.0.1:8470`
  /// @param token null for [#healthy] and [#readiness] only
  /// @param tenant null for the token's own
  public SemperClient(URI server, @Nullable String token, @Nullable String tenant) {
    this(http(server), server, token, tenant, null);
  }

  private SemperClient(
      HttpClient http,
      URI server,
      @Nullable String token,
      @Nullable String tenant,
      @Nullable String key) {
    this.http = http;
    this.server = server;
    this.token = token;
    this.tenant = tenant;
    this.key = key;
  }

  private static HttpClient http(URI server) {
    HttpClient.Builder http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(CONNECT);
    return ("http".equals(server.getScheme()) ? http.sslContext(withoutTrust()) : http).build();
  }

  /// A client makes the default context, which reads all certificates of the JDK, even if it never
  /// uses it: half of the time that a short command takes.
  private static SSLContext withoutTrust() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(new KeyManager[0], new TrustManager[0], null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("the JDK has no TLS", e);
    }
  }

  /// The same client for another tenant.
  public SemperClient withTenant(@Nullable String tenant) {
    return new SemperClient(http, server, token, tenant, key);
  }

  /// The same client whose mutations carry this idempotency key instead of a new one each: for one
  /// call that is to be carried out once however often the program is run.
  public SemperClient withIdempotencyKey(String key) {
    return new SemperClient(http, server, token, tenant, key);
  }

  public URI server() {
    return server;
  }

  /// Whether the server answers at all.
  public boolean healthy() {
    try {
      return send(request("GET", "/healthz", Map.of(), null), BodyHandlers.discarding())
              .statusCode()
          == 200;
    } catch (UnreachableException _) {
      return false;
    }
  }

  public Readiness readiness() {
    HttpResponse<byte[]> response =
        send(request("GET", "/readyz", Map.of(), null), BodyHandlers.ofByteArray());
    if (response.statusCode() != 200 && response.statusCode() != 503) {
      throw refused(response.statusCode(), response.body());
    }
    return read(response, Readiness.class);
  }

  public ServerInfo serverInfo() {
    return get("/api/v1/server", Map.of(), ServerInfo.class);
  }

  /// The metrics in the text format of Prometheus.
  public String metrics() {
    HttpResponse<byte[]> response =
        checked(send(request("GET", "/metrics", Map.of(), null), BodyHandlers.ofByteArray()));
    return new String(response.body(), StandardCharsets.UTF_8);
  }

  /// @param withWorkloads whether it stops what it runs first
  public Message shutdown(boolean withWorkloads) {
    HttpRequest request =
        request("POST", "/api/v1/server/shutdown", Map.of(), new ShutdownRequest(withWorkloads));
    return read(checked(send(request, BodyHandlers.ofByteArray())), Message.class);
  }

  public ReloadResult reload() {
    return mutate("POST", "/api/v1/server/reload", Map.of(), null, ReloadResult.class);
  }

  public Listing<WorkloadInfo> workloads() {
    return get("/api/v1/workloads", query(), new TypeReference<>() {});
  }

  public WorkloadInfo workload(String name) {
    return get(path(name, ""), query(), WorkloadInfo.class);
  }

  /// Makes the workload as the document says.
  ///
  /// @param generation only if it is at this generation (0 = only if there is none); null does not
  ///   matter
  public ApplyResult put(
      String name, Map<String, Object> document, @Nullable Long generation, boolean queue) {
    Map<String, Object> query = query("generation", generation, "queue", queue ? true : null);
    return mutate("PUT", path(name, ""), query, document, ApplyResult.class);
  }

  /// @param action start, stop, restart, recover, enable, disable, rollback, maintenance, resume or
  ///   delete
  public OperationInfo act(String name, String action, ActionRequest options) {
    if (action.equals("delete")) {
      return delete(name, options);
    }
    return mutate("POST", path(name, "/" + action), query(), options, OperationInfo.class);
  }

  public OperationInfo delete(String name, ActionRequest options) {
    Map<String, Object> query = query();
    Map<String, Object> fields = Wire.JSON.convertValue(options, new TypeReference<>() {});
    query.putAll(fields);
    return mutate("DELETE", path(name, ""), query, null, OperationInfo.class);
  }

  public WorkloadInfo forceState(String name, String state, String reason) {
    StateRequest body = new StateRequest(state, reason);
    return mutate("POST", path(name, "/state"), query(), body, WorkloadInfo.class);
  }

  /// Its last 100 changes of state, newest first.
  public Listing<HistoryEntry> history(String name) {
    return get(path(name, "/history"), query(), new TypeReference<>() {});
  }

  /// Newest first.
  public Listing<ReleaseInfo> releases(String name, int limit) {
    return get(path(name, "/releases"), query("limit", limit), new TypeReference<>() {});
  }

  /// How all workloads are.
  public Listing<WorkloadHealth> health() {
    return get("/api/v1/health", query(), new TypeReference<>() {});
  }

  /// How a workload is, and how it has been.
  public WorkloadHealth health(String name) {
    return get(path(name, "/health"), query(), WorkloadHealth.class);
  }

  /// Oldest first; what is null is left to the server: the last hour, each sample.
  ///
  /// @param resolution e.g. `5m`; `0s` = each sample
  public Listing<HealthPointInfo> healthHistory(
      String name, @Nullable Instant from, @Nullable Instant to, @Nullable String resolution) {
    return get(
        path(name, "/health/history"),
        query("from", from, "to", to, "resolution", resolution),
        new TypeReference<>() {});
  }

  /// The last runs of a workload's hooks, newest first.
  public Listing<HookRunInfo> hookRuns(String name, int limit) {
    return get(path(name, "/hooks"), query("limit", limit), new TypeReference<>() {});
  }

  /// Sets one hook of a workload.
  ///
  /// @param hook what `[workloads.NAME.hooks.TYPE]` holds in a file
  /// @param generation only if it is at this generation; null does not matter
  public ApplyResult setHook(
      String name, String type, Map<String, Object> hook, @Nullable Long generation) {
    Map<String, Object> query = query("generation", generation);
    return mutate("PUT", path(name, "/hooks/" + type), query, hook, ApplyResult.class);
  }

  /// Takes one hook of a workload away, if it is there.
  public ApplyResult clearHook(String name, String type, @Nullable Long generation) {
    Map<String, Object> query = query("generation", generation);
    return mutate("DELETE", path(name, "/hooks/" + type), query, null, ApplyResult.class);
  }

  public UsageInfo usage(String name) {
    return get(path(name, "/usage"), query(), UsageInfo.class);
  }

  public AllowedInfo allowed(String name) {
    return get(path(name, "/allowed"), query(), AllowedInfo.class);
  }

  /// Copies a log, as it was written, until its end; with `follow` until the thread is interrupted
  /// or `out` throws. A broken connection is made again without losing or repeating a byte.
  ///
  /// @return position after the last byte copied
  public long logs(String name, LogQuery log, OutputStream out) throws IOException {
    return new LogFollower(this, path(name, "/logs"), log).copy(out);
  }

  public PlanInfo plan(PlanRequest request) {
    HttpRequest call = request("POST", "/api/v1/plan", query(), request);
    return read(checked(send(call, BodyHandlers.ofByteArray())), PlanInfo.class);
  }

  public ApplyResult apply(ApplyRequest request) {
    return mutate("POST", "/api/v1/apply", query(), request, ApplyResult.class);
  }

  public OperationInfo batch(BatchRequest request) {
    return mutate("POST", "/api/v1/batch", query(), request, OperationInfo.class);
  }

  /// Newest first.
  public Listing<OperationInfo> operations(
      @Nullable String workload, @Nullable String status, int limit) {
    return get(
        "/api/v1/operations",
        query("workload", workload, "status", status, "limit", limit),
        new TypeReference<>() {});
  }

  /// Recoveries, newest first, those that have not begun before them; of one workload, or of all.
  public Listing<RecoveryInfo> recoveries(@Nullable String workload, int limit) {
    return workload == null
        ? get("/api/v1/recoveries", query("limit", limit), new TypeReference<>() {})
        : get(path(workload, "/recoveries"), query("limit", limit), new TypeReference<>() {});
  }

  public OperationInfo operation(String id) {
    return get("/api/v1/operations/" + encode(id), Map.of(), OperationInfo.class);
  }

  public Listing<OperationInfo> members(String id) {
    return get("/api/v1/operations/" + encode(id) + "/members", Map.of(), new TypeReference<>() {});
  }

  public OperationInfo cancel(String id) {
    return mutate(
        "POST",
        "/api/v1/operations/" + encode(id) + "/cancel",
        Map.of(),
        null,
        OperationInfo.class);
  }

  /// Waits until an operation has ended or the time is over.
  ///
  /// @return the operation as it is then
  public OperationInfo await(String id, Duration timeout) {
    return await(id, timeout, LONG_POLL, _ -> {});
  }

  /// As [#await(String, Duration)], and tells at least every `pace` how it stands.
  public OperationInfo await(
      String id, Duration timeout, Duration pace, Consumer<OperationInfo> progress) {
    long deadline = System.nanoTime() + timeout.toNanos();
    while (true) {
      long left = Math.max(0, (deadline - System.nanoTime()) / 1_000_000);
      long wait = Math.min(left, Math.min(pace.toMillis(), LONG_POLL.toMillis()));
      OperationInfo operation =
          get(
              "/api/v1/operations/" + encode(id),
              Map.<String, Object>of("wait", wait + "ms"),
              OperationInfo.class);
      progress.accept(operation);
      if (operation.ended() || left == 0) {
        return operation;
      }
    }
  }

  /// Oldest first if the query says after what, else newest first.
  public EventPage events(EventQuery events, int limit) {
    Map<String, Object> query = query(events);
    query.put("limit", limit);
    return get("/api/v1/events", query, EventPage.class);
  }

  /// Tells the listener of events as they come, until it says to end or the thread is interrupted.
  /// A broken connection is made again from the last event on.
  public void follow(EventQuery events, EventListener listener) {
    new EventFollower(this, events, listener).run();
  }

  /// Those that fire or are pending, the worst first; then those that are over.
  public Listing<AlertInfo> alerts(AlertQuery alerts) {
    return get(
        "/api/v1/alerts",
        query(
            "workload",
            alerts.workload(),
            "status",
            alerts.status(),
            "severity",
            alerts.severity(),
            "all",
            alerts.all() ? true : null,
            "limit",
            alerts.limit()),
        new TypeReference<>() {});
  }

  public AlertInfo alert(String id) {
    return get("/api/v1/alerts/" + encode(id), query(), AlertInfo.class);
  }

  public AlertInfo acknowledge(String id, @Nullable String comment) {
    String path = "/api/v1/alerts/" + encode(id) + "/ack";
    return mutate("POST", path, query(), new AckRequest(comment), AlertInfo.class);
  }

  /// Newest first.
  ///
  /// @param status pending, delivered or dead; null = all
  public Listing<DeliveryInfo> deliveries(
      @Nullable String channel, @Nullable String status, int limit) {
    return get(
        "/api/v1/alerts/deliveries",
        query("channel", channel, "status", status, "limit", limit),
        new TypeReference<>() {});
  }

  public DeliveryInfo resend(String id) {
    String path = "/api/v1/alerts/deliveries/" + encode(id) + "/resend";
    return mutate("POST", path, query(), null, DeliveryInfo.class);
  }

  /// Sends a test through a channel.
  public DeliveryInfo testChannel(String channel) {
    ChannelTestRequest body = new ChannelTestRequest(channel);
    return mutate("POST", "/api/v1/alerts/test", query(), body, DeliveryInfo.class);
  }

  public Listing<SilenceInfo> silences() {
    return get("/api/v1/silences", query(), new TypeReference<>() {});
  }

  public SilenceInfo silence(SilenceRequest silence) {
    return mutate("POST", "/api/v1/silences", query(), silence, SilenceInfo.class);
  }

  /// Ends it now.
  public void endSilence(String id) {
    mutate("DELETE", "/api/v1/silences/" + encode(id), query(), null, Void.class);
  }

  public Listing<ConfigInfo> configs() {
    return get("/api/v1/config", query(), new TypeReference<>() {});
  }

  /// What a configuration comes to for a reader.
  ///
  /// @param revision as it was then; null = now
  /// @param reveal what is sensitive too; for administrators
  public EffectiveConfig config(
      String name, ConfigQuery reader, @Nullable Long revision, boolean reveal) {
    Map<String, Object> query = reader(reader);
    put(query, "revision", revision);
    put(query, "reveal", reveal ? true : null);
    return get(config(name, ""), query, EffectiveConfig.class);
  }

  /// As [#config(String, ConfigQuery, Long, boolean)], once there is another revision than that
  /// one, or the time is over.
  public EffectiveConfig awaitConfig(
      String name, ConfigQuery reader, long revision, Duration patience) {
    Map<String, Object> query = reader(reader);
    query.put("after", revision);
    query.put("wait", Math.min(patience.toMillis(), LONG_POLL.toMillis()) + "ms");
    return get(config(name, ""), query, EffectiveConfig.class);
  }

  /// Where each value comes from.
  ///
  /// @param key only this one and those below it; null = all
  public Listing<ConfigExplanation> explainConfig(
      String name, ConfigQuery reader, @Nullable String key) {
    Map<String, Object> query = reader(reader);
    put(query, "key", key);
    return get(config(name, "/explain"), query, new TypeReference<>() {});
  }

  /// What differs between two revisions.
  ///
  /// @param reader between what they come to for it; null = between what is written in them
  public Listing<ConfigChange> diffConfig(
      String name, long from, long to, @Nullable ConfigQuery reader) {
    Map<String, Object> query = reader == null ? query() : reader(reader);
    query.put("from", from);
    query.put("to", to);
    return get(config(name, "/diff"), query, new TypeReference<>() {});
  }

  /// A document.
  ///
  /// @param format toml, yaml, json or dotenv
  /// @param layer as it is written; null = what it comes to for the reader
  public String exportConfig(
      String name, String format, @Nullable String layer, ConfigQuery reader, boolean reveal) {
    Map<String, Object> query = reader(reader);
    query.put("format", format);
    put(query, "layer", layer);
    put(query, "reveal", reveal ? true : null);
    HttpRequest request = request("GET", config(name, "/export"), query, null);
    byte[] body = checked(send(request, BodyHandlers.ofByteArray())).body();
    return new String(body, StandardCharsets.UTF_8);
  }

  /// Newest first.
  public Listing<ConfigRevisionInfo> configRevisions(
      String name, @Nullable String layer, int limit) {
    return get(
        config(name, "/revisions"),
        query("layer", layer, "limit", limit),
        new TypeReference<>() {});
  }

  public ConfigContent configRevision(String name, long revision, boolean reveal) {
    Map<String, Object> query = query("reveal", reveal ? true : null);
    return get(config(name, "/revisions/" + revision), query, ConfigContent.class);
  }

  public ConfigRevisionInfo pinConfigRevision(String name, long revision, boolean pinned) {
    String path = config(name, "/revisions/" + revision + "/pin");
    return mutate(pinned ? "PUT" : "DELETE", path, query(), null, ConfigRevisionInfo.class);
  }

  /// A layer as it is written.
  public ConfigContent configLayer(String name, String layer, boolean reveal) {
    Map<String, Object> query = query("reveal", reveal ? true : null);
    return get(config(name, "/layers/" + encode(layer)), query, ConfigContent.class);
  }

  public ConfigWritten putConfigLayer(String name, String layer, ConfigWriteRequest write) {
    String path = config(name, "/layers/" + encode(layer));
    return mutate("PUT", path, query(), write, ConfigWritten.class);
  }

  public ConfigWritten patchConfigLayer(String name, String layer, ConfigPatchRequest patch) {
    String path = config(name, "/layers/" + encode(layer));
    return mutate("PATCH", path, query(), patch, ConfigWritten.class);
  }

  public ConfigWritten deleteConfigLayer(String name, String layer) {
    String path = config(name, "/layers/" + encode(layer));
    return mutate("DELETE", path, query(), null, ConfigWritten.class);
  }

  public Listing<ConfigWritten> rollBackConfig(String name, ConfigRollbackRequest back) {
    HttpRequest request =
        HttpRequest.newBuilder(
                request("POST", config(name, "/rollback"), query(), back), (_, _) -> true)
            .header("Idempotency-Key", key != null ? key : UUID.randomUUID().toString())
            .build();
    HttpResponse<byte[]> response = checked(sendTwice(request));
    try {
      return Wire.JSON.readValue(response.body(), new TypeReference<>() {});
    } catch (JacksonException e) {
      throw notUnderstood(response, e);
    }
  }

  public void deleteConfig(String name) {
    mutate("DELETE", config(name, ""), query(), null, Void.class);
  }

  public Listing<SecretInfo> secrets() {
    return get("/api/v1/secrets", query(), new TypeReference<>() {});
  }

  public SecretInfo secret(String name) {
    return get(secret(name, ""), query(), SecretInfo.class);
  }

  /// Makes a secret, gives it another value, or changes what is known of it.
  public SecretInfo putSecret(String name, SecretWriteRequest write) {
    return mutate("PUT", secret(name, ""), query(), write, SecretInfo.class);
  }

  /// @param force although instances have it
  public void deleteSecret(String name, boolean force) {
    mutate("DELETE", secret(name, ""), query("force", force ? true : null), null, Void.class);
  }

  /// Newest first.
  public Listing<SecretVersionInfo> secretVersions(String name) {
    return get(secret(name, "/versions"), query(), new TypeReference<>() {});
  }

  /// Which instances have which version.
  public Listing<SecretUseInfo> secretUses(String name) {
    return get(secret(name, "/uses"), query(), new TypeReference<>() {});
  }

  /// Shows a value; for administrators.
  public SecretValue revealSecret(String name, SecretRevealRequest request) {
    return mutate("POST", secret(name, "/reveal"), query(), request, SecretValue.class);
  }

  public SecretInfo rotateSecret(String name, SecretRotateRequest request) {
    return mutate("POST", secret(name, "/rotate"), query(), request, SecretInfo.class);
  }

  /// @param force although an instance still needs it
  public SecretVersionInfo retireSecretVersion(String name, long version, boolean force) {
    String path = secret(name, "/versions/" + version + "/retire");
    return mutate("POST", path, query(), new SecretRetireRequest(force), SecretVersionInfo.class);
  }

  public SecretApprovalInfo requestSecretApproval(String name, String reason) {
    SecretApprovalRequest body = new SecretApprovalRequest(reason);
    return mutate("POST", secret(name, "/approvals"), query(), body, SecretApprovalInfo.class);
  }

  /// Newest first; null = of all secrets.
  public Listing<SecretApprovalInfo> secretApprovals(@Nullable String secret) {
    return get("/api/v1/secret-approvals", query("secret", secret), new TypeReference<>() {});
  }

  public SecretApprovalInfo decideSecretApproval(String id, boolean approve) {
    String path = "/api/v1/secret-approvals/" + encode(id) + (approve ? "/approve" : "/deny");
    return mutate("POST", path, query(), null, SecretApprovalInfo.class);
  }

  /// Begins to change keys.
  public RekeyInfo rekey(RekeyRequest request) {
    return mutate("POST", "/api/v1/secret-keys/rekeys", query(), request, RekeyInfo.class);
  }

  /// Changes of keys, newest first.
  public Listing<RekeyInfo> rekeys() {
    return get("/api/v1/secret-keys/rekeys", query(), new TypeReference<>() {});
  }

  private static String secret(String name, String rest) {
    return "/api/v1/secrets/" + encode(name) + rest;
  }

  private Map<String, Object> reader(ConfigQuery reader) {
    Map<String, Object> query = query();
    put(query, "environment", reader.environment());
    put(query, "workload", reader.workload());
    if (!reader.labels().isEmpty()) {
      query.put(
          "labels",
          reader.labels().entrySet().stream()
              .map(e -> e.getKey() + "=" + e.getValue())
              .collect(Collectors.joining(",")));
    }
    if (!reader.features().isEmpty()) {
      query.put("features", String.join(",", reader.features()));
    }
    return query;
  }

  private static void put(Map<String, Object> query, String name, @Nullable Object value) {
    if (value != null) {
      query.put(name, value);
    }
  }

  private static String config(String name, String rest) {
    return "/api/v1/config/" + encode(name) + rest;
  }

  /// Newest first.
  public Listing<AuditInfo> audit(@Nullable String actor, @Nullable String action, int limit) {
    return get(
        "/api/v1/audit",
        query("actor", actor, "action", action, "limit", limit),
        new TypeReference<>() {});
  }

  public AuditVerification verifyAudit() {
    return get("/api/v1/audit/verify", Map.of(), AuditVerification.class);
  }

  public Listing<TenantInfo> tenants() {
    return get("/api/v1/tenants", Map.of(), new TypeReference<>() {});
  }

  public TenantInfo tenantInfo(String name) {
    return get("/api/v1/tenants/" + encode(name), Map.of(), TenantInfo.class);
  }

  public TenantInfo putTenant(String name, QuotaRequest quota) {
    return mutate(
        "PUT",
        "/api/v1/tenants/" + encode(name),
        Map.of(),
        new TenantRequest(quota),
        TenantInfo.class);
  }

  public void deleteTenant(String name) {
    mutate("DELETE", "/api/v1/tenants/" + encode(name), Map.of(), null, Void.class);
  }

  public Listing<TokenInfo> tokens() {
    return get("/api/v1/tokens", Map.of(), new TypeReference<>() {});
  }

  public TokenCreated createToken(TokenRequest request) {
    return mutate("POST", "/api/v1/tokens", Map.of(), request, TokenCreated.class);
  }

  public void deleteToken(String id) {
    mutate("DELETE", "/api/v1/tokens/" + encode(id), Map.of(), null, Void.class);
  }

  @Override
  public void close() {
    http.shutdownNow();
  }

  Map<String, Object> query(EventQuery events) {
    return query(
        "workload", events.workload(),
        "instance", events.instance(),
        "type", events.type(),
        "operation_id", events.operationId(),
        "after", events.after());
  }

  /// The query with the tenant and those of the names and values that have one.
  Map<String, Object> query(@Nullable Object... namesAndValues) {
    Map<String, Object> query = new LinkedHashMap<>();
    if (tenant != null) {
      query.put("tenant", tenant);
    }
    for (int i = 0; i < namesAndValues.length; i += 2) {
      Object value = namesAndValues[i + 1];
      if (value != null) {
        query.put(String.valueOf(namesAndValues[i]), value);
      }
    }
    return query;
  }

  /// Opens an answer that has no end of its own.
  HttpResponse<InputStream> open(String path, Map<String, Object> query, Map<String, String> more) {
    HttpRequest.Builder request = builder(path, query).GET();
    more.forEach(request::header);
    HttpResponse<InputStream> response = send(request.build(), BodyHandlers.ofInputStream());
    if (response.statusCode() != 200) {
      try (InputStream body = response.body()) {
        throw refused(response.statusCode(), body.readAllBytes());
      } catch (IOException e) {
        throw new UnreachableException(server, e);
      }
    }
    return response;
  }

  private <T> T get(String path, Map<String, Object> query, Class<T> type) {
    HttpRequest request = request("GET", path, query, null);
    return read(checked(send(request, BodyHandlers.ofByteArray())), type);
  }

  private <T> T get(String path, Map<String, Object> query, TypeReference<T> type) {
    HttpRequest request = request("GET", path, query, null);
    HttpResponse<byte[]> response = checked(send(request, BodyHandlers.ofByteArray()));
    try {
      return Wire.JSON.readValue(response.body(), type);
    } catch (JacksonException e) {
      throw notUnderstood(response, e);
    }
  }

  @SuppressWarnings("NullAway") // T is Void where there is no answer
  private <T> T mutate(
      String method, String path, Map<String, Object> query, @Nullable Object body, Class<T> type) {
    String idempotencyKey = key != null ? key : UUID.randomUUID().toString();
    HttpRequest request =
        HttpRequest.newBuilder(request(method, path, query, body), (_, _) -> true)
            .header("Idempotency-Key", idempotencyKey)
            .build();
    HttpResponse<byte[]> response = checked(sendTwice(request));
    return type == Void.class ? null : read(response, type);
  }

  private HttpResponse<byte[]> sendTwice(HttpRequest request) {
    try {
      return send(request, BodyHandlers.ofByteArray());
    } catch (UnreachableException e) {
      if (e.getCause() instanceof java.net.ConnectException) {
        throw e;
      }
      return send(request, BodyHandlers.ofByteArray());
    }
  }

  private HttpRequest request(
      String method, String path, Map<String, Object> query, @Nullable Object body) {
    HttpRequest.Builder request = builder(path, query).timeout(ANSWER);
    if (body == null) {
      return request.method(method, BodyPublishers.noBody()).build();
    }
    return request
        .header("Content-Type", "application/json")
        .method(method, BodyPublishers.ofByteArray(Wire.JSON.writeValueAsBytes(body)))
        .build();
  }

  private HttpRequest.Builder builder(String path, Map<String, Object> query) {
    StringBuilder uri = new StringBuilder(path);
    char separator = '?';
    for (Map.Entry<String, Object> entry : query.entrySet()) {
      uri.append(separator).append(entry.getKey()).append('=');
      uri.append(encode(String.valueOf(entry.getValue())));
      separator = '&';
    }
    HttpRequest.Builder request = HttpRequest.newBuilder(server.resolve(uri.toString()));
    if (token != null) {
      request.header("Authorization", "Bearer " + token);
    }
    return request;
  }

  private <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    try {
      return http.send(request, handler);
    } catch (IOException e) {
      throw new UnreachableException(server, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnreachableException(server, e);
    }
  }

  private static HttpResponse<byte[]> checked(HttpResponse<byte[]> response) {
    if (response.statusCode() >= 300) {
      throw refused(response.statusCode(), response.body());
    }
    return response;
  }

  private <T> T read(HttpResponse<byte[]> response, Class<T> type) {
    try {
      return Wire.JSON.readValue(response.body(), type);
    } catch (JacksonException e) {
      throw notUnderstood(response, e);
    }
  }

  private UnreachableException notUnderstood(HttpResponse<?> response, JacksonException e) {
    String message =
        "the answer to " + response.request().uri().getPath() + " is not Semper's; is it Semper?";
    return new UnreachableException(server, new IOException(message, e));
  }

  private static ApiException refused(int status, byte[] body) {
    try {
      ProblemDetails problem = Wire.JSON.readValue(body, ProblemDetails.class);
      if (problem != null && problem.code() != null) {
        return new ApiException(problem);
      }
    } catch (JacksonException _) {
      // not ours: told as it is
    }
    String detail = "the server answered " + status + " without saying why; is it Semper?";
    return new ApiException(
        new ProblemDetails("about:blank", "Unknown", status, detail, "UNKNOWN", null, null));
  }

  private static String path(String name, String rest) {
    return "/api/v1/workloads/" + encode(name) + rest;
  }

  private static String encode(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /// A pause before a connection is made again: 0.2 s, doubled up to 5 s.
  static void pause(int attempt) {
    try {
      Thread.sleep(Math.min(5000L, 100L << Math.min(attempt, 6)));
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }

  /// Value of a response header as a number, or -1.
  static long number(HttpResponse<?> response, String header) {
    return response.headers().firstValueAsLong(header.toLowerCase(Locale.ROOT)).orElse(-1);
  }
}
