package dev.semper.engine.spec;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.re2j.Pattern;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.json.JsonMapper;

class RoundTripTest {
  private static final JsonMapper JSON = new JsonMapper();

  @Property(tries = 300)
  void readsBackWhatItWrites(@ForAll("specs") WorkloadSpec spec) {
    assertThat(Documents.READER.readWorkload(spec.name(), SpecReader.write(spec))).isEqualTo(spec);
  }

  @Property(tries = 300)
  void readsBackWhatItWritesThroughTextToo(@ForAll("specs") WorkloadSpec spec) {
    String text = JSON.writeValueAsString(SpecReader.write(spec));
    String document = "{\"workloads\": {\"" + spec.name() + "\": " + text + "}}";

    assertThat(
            Documents.READER.readWorkload(
                spec.name(), JSON.readValue(text, new TypeReference<Map<String, Object>>() {})))
        .isEqualTo(spec);
    assertThat(Documents.READER.readDocument(document, Format.JSON, null)).containsExactly(spec);
    assertThat(Documents.READER.readDocument(document, Format.YAML, null)).containsExactly(spec);
  }

  @Property(tries = 300)
  void writesTheSameTextForEqualOnes(@ForAll("specs") WorkloadSpec spec) {
    WorkloadSpec again = Documents.READER.readWorkload(spec.name(), SpecReader.write(spec));

    assertThat(JSON.writeValueAsString(SpecReader.write(again)))
        .isEqualTo(JSON.writeValueAsString(SpecReader.write(spec)));
    assertThat(SpecDiff.between(spec, again).effect()).isEqualTo(SpecDiff.Effect.NONE);
  }

  @Property(tries = 500)
  void differsExactlyIfTheSpecsDiffer(@ForAll("parts") Parts a, @ForAll("parts") Parts b) {
    WorkloadSpec old = spec("web", a);
    WorkloadSpec now = spec("web", b);

    assertThat(SpecDiff.between(old, now).effect() == SpecDiff.Effect.NONE)
        .isEqualTo(old.equals(now));
  }

  @Property
  void readsBackDurations(@ForAll("durations") Duration duration) {
    assertThat(SpecReader.duration(SpecReader.format(duration))).isEqualTo(duration);
  }

  @Property
  void readsBackSizes(@ForAll("sizes") long bytes) {
    assertThat(Sizes.parse(Sizes.format(bytes).toString())).isEqualTo(bytes);
  }

  @Provide
  Arbitrary<Duration> durations() {
    return Arbitraries.longs().between(0, 10_000_000_000_000L).map(Duration::ofMillis);
  }

  @Provide
  Arbitrary<Long> sizes() {
    Arbitrary<Long> any = Arbitraries.longs().between(0, Long.MAX_VALUE);
    return Combinators.combine(any, Arbitraries.integers().between(0, 50))
        .as((n, shift) -> (n >> shift) << shift);
  }

  record Parts(
      int instances,
      String version,
      Map<String, String> env,
      int port,
      List<DependencySpec> dependsOn,
      RestartSpec restart,
      Map<String, Object> settings,
      List<ProbeSpec> probes) {}

  private static WorkloadSpec spec(String name, Parts p) {
    return new WorkloadSpec(
        name,
        "process",
        p.version(),
        p.instances(),
        p.env(),
        p.instances() % 2 == 0 ? null : "/etc/" + p.version() + ".env",
        p.port() < 0 ? null : new PortSpec(p.port()),
        Duration.ofMillis(p.instances() * 7L),
        p.dependsOn(),
        p.restart(),
        new StopSpec(p.instances() % 2 == 0 ? "QUIT" : "TERM", Duration.ofMillis(p.instances())),
        new UpdateSpec(
            p.instances() % 2 == 0 ? UpdateSpec.Order.START_FIRST : UpdateSpec.Order.STOP_FIRST,
            Duration.ofMillis(1L + p.instances())),
        new ResourceSpec(p.instances() * 1000L, p.instances() / 3.0, p.instances()),
        new LogSpec(1024L + p.instances(), p.instances()),
        p.port() < 0
            ? p.probes().stream().filter(RoundTripTest::hasOwnTarget).toList()
            : p.probes(),
        health(p.instances()),
        hooks(p.instances()),
        recovery(p.instances()),
        alerts(p),
        config(p.instances()),
        p.env(),
        p.settings());
  }

  private static @Nullable ConfigSpec config(int n) {
    return n % 3 == 0
        ? null
        : new ConfigSpec(
            "c" + n,
            ConfigSpec.ENVIRONMENTS.get(n % 3),
            Set.of("f" + n),
            n,
            n % 2 == 0,
            n % 2 == 0,
            n % 2 == 0 ? Map.of() : Map.of("A_" + n, "a.b"),
            n % 4 == 0 ? "P_" : "",
            List.of(
                new ConfigSpec.File("/etc/" + n, "toml", "", null, n % 0777, null),
                new ConfigSpec.File("t" + n, "", "{{a.b}}", null, 0640, "user:group"),
                new ConfigSpec.File("u" + n, "", "", "/t", 0600, "user")),
            new ConfigSpec.Change(
                List.of(ConfigSpec.Mode.values()).get(n % 5),
                "HUP",
                n % 5 == 2 ? List.of("/bin/reload") : List.of(),
                n % 5 == 3 ? "/reload" : "",
                n % 5 == 3 ? 8000 : 0,
                Duration.ofMillis(1L + n),
                Duration.ofMillis(n)),
            n % 2 == 0 ? null : new ConfigSpec.Gray(0.25, Duration.ofMillis(n)),
            n % 2 == 0 ? Map.of() : Map.of("additional", false));
  }

  /// Values of every kind, from one number.
  private static HealthSpec health(int n) {
    return n % 3 == 0
        ? HealthSpec.DEFAULT
        : new HealthSpec(
            Duration.ofSeconds(1 + n),
            Duration.ofMillis(1000 + n),
            n / 100.0,
            n / 10.0,
            n % 2 == 0 ? 0 : n * 1.5,
            n,
            n / 11.0,
            n / 10.0,
            Duration.ofMillis(n),
            Duration.ofMillis(2L * n),
            1 + n % 9,
            1 + n % 7,
            n % 2 == 0 ? Set.of() : Set.of(HealthSpec.Check.values()),
            n % 2 == 0 ? null : List.of());
  }

  private static List<HookSpec> hooks(int seed) {
    return Arrays.stream(HookSpec.Type.values())
        .filter(type -> (seed + type.id().length()) % 3 == 1)
        .map(type -> hook(type, seed % 2 == 0, Duration.ofMillis(1 + seed)))
        .toList();
  }

  private static HookSpec hook(HookSpec.Type type, boolean webhook, Duration timeout) {
    boolean async = !type.step() || webhook;
    return new HookSpec(
        type,
        webhook ? List.of() : List.of("/bin/x", "", "a b"),
        webhook ? new HookSpec.Webhook("https://h:1/p?q", "PUT", Map.of("X", "é"), "/k") : null,
        webhook ? null : "www",
        timeout,
        async,
        type == HookSpec.Type.BEFORE_UPDATE && !async
            ? HookSpec.OnError.VETO
            : HookSpec.OnError.IGNORE,
        type == HookSpec.Type.ON_FAILURE);
  }

  private static RecoverySpec recovery(int seed) {
    boolean own = seed % 2 == 1;
    return new RecoverySpec(
        seed % 3 != 0,
        own ? "gentle" : RecoverySpec.BUILT_IN.get(seed % 3),
        1 + seed % 9,
        1 + seed % 7,
        Duration.ofMillis(1 + seed),
        Duration.ofMillis(seed),
        seed % 5 == 0 ? List.of() : List.of("/srv/cache", "/srv/é b"),
        own || seed % 4 == 0 ? List.of() : List.of(RecoverySpec.Action.DISABLE),
        own ? List.of(rung(seed), cleanup(seed), notice(seed)) : List.of());
  }

  private static RecoverySpec.Rung rung(int seed) {
    boolean signal = seed % 3 == 0;
    return new RecoverySpec.Rung(
        RecoverySpec.Action.MEMORY_CLEANUP,
        1 + seed % 5,
        Duration.ofMillis(seed),
        Duration.ofMillis(seed),
        1 + seed % 3,
        Duration.ofMillis(1 + seed),
        signal ? List.of() : List.of("/bin/x", "", "a b"),
        List.of(),
        Duration.ZERO,
        "",
        signal ? "USR1" : null,
        0,
        "",
        AlertRule.Severity.WARNING,
        "");
  }

  private static RecoverySpec.Rung cleanup(int seed) {
    return new RecoverySpec.Rung(
        RecoverySpec.Action.DISK_CLEANUP,
        1,
        Duration.ZERO,
        Duration.ZERO,
        1,
        Duration.ofSeconds(1),
        List.of(),
        List.of("/srv/tmp"),
        Duration.ofMillis(seed),
        "*.log",
        null,
        0,
        "",
        AlertRule.Severity.WARNING,
        "");
  }

  private static RecoverySpec.Rung notice(int seed) {
    return new RecoverySpec.Rung(
        RecoverySpec.Action.NOTIFY,
        2,
        Duration.ZERO,
        Duration.ZERO,
        1,
        Duration.ofSeconds(1),
        List.of(),
        List.of(),
        Duration.ZERO,
        "",
        null,
        0,
        seed % 3 == 0 ? "" : "look \"here\"",
        seed % 2 == 0 ? AlertRule.Severity.INFO : AlertRule.Severity.CRITICAL,
        "");
  }

  /// One of each type, with values that vary.
  private static List<AlertRule> alerts(Parts p) {
    int n = p.instances() + 1;
    Duration span = Duration.ofSeconds(n);
    List<AlertRule.Condition> conditions =
        List.of(
            new AlertRule.Threshold("cpu", AlertRule.Comparison.ABOVE, n / 2.0, n / 3.0),
            new AlertRule.Threshold("ready", AlertRule.Comparison.AT_MOST, n, n + 1.5),
            new AlertRule.Trend("memory", AlertRule.Comparison.ABOVE, n * 1e6, span),
            new AlertRule.Anomaly("response_time", 1 + n / 100.0, n),
            new AlertRule.ConsecutiveFailures(n, n % 2 == 0 ? null : "http"),
            new AlertRule.Flapping(n, span),
            new AlertRule.Absent("memory"),
            new AlertRule.Occurrence(
                List.of("instance.*"), n % 2 == 0 ? List.of() : List.of("instance.up"), span));
    List<AlertRule> rules = new ArrayList<>();
    for (AlertRule.Condition condition : conditions) {
      rules.add(
          new AlertRule(
              "rule-" + rules.size(),
              n % 2 == 0 ? AlertRule.Severity.INFO : AlertRule.Severity.CRITICAL,
              condition,
              condition instanceof AlertRule.Occurrence ? Duration.ZERO : Duration.ofMillis(n),
              AlertMatch.ALL,
              Map.of("team", "t" + n),
              Map.of("summary", "{workload} is at {value}")));
    }
    return rules;
  }

  private static boolean hasOwnTarget(ProbeSpec probe) {
    return switch (probe.method()) {
      case ProbeSpec.Http http -> http.port() != 0;
      case ProbeSpec.Tcp tcp -> tcp.port() != 0;
      default -> true;
    };
  }

  @Provide
  Arbitrary<WorkloadSpec> specs() {
    Arbitrary<String> names =
        Arbitraries.strings().withChars("abz019-").ofMinLength(0).ofMaxLength(62).map(s -> "w" + s);
    return Combinators.combine(names, parts()).as((name, p) -> spec(name, withoutSelf(name, p)));
  }

  private static Parts withoutSelf(String name, Parts p) {
    List<DependencySpec> others =
        p.dependsOn().stream().filter(d -> !d.workload().equals(name)).toList();
    return new Parts(
        p.instances(),
        p.version(),
        p.env(),
        p.port(),
        others,
        p.restart(),
        p.settings(),
        p.probes());
  }

  @Provide
  Arbitrary<Parts> parts() {
    Arbitrary<String> text = text().ofMaxLength(12);
    Arbitrary<Map<String, String>> env =
        Arbitraries.maps(text().ofMinLength(1).ofMaxLength(8).filter(s -> s.indexOf('=') < 0), text)
            .ofMaxSize(4);
    Arbitrary<Integer> port = Arbitraries.integers().between(-20000, 65535);
    return Combinators.combine(
            Arbitraries.integers().between(0, 1000),
            Arbitraries.strings().withChars("0123456789.v-+ é").ofMaxLength(10).map(s -> "1" + s),
            env,
            port,
            dependencies(),
            restarts(),
            settings(),
            probes())
        .as(Parts::new);
  }

  private static net.jqwik.api.arbitraries.StringArbitrary text() {
    return Arbitraries.strings()
        .withCharRange(' ', '~')
        .withChars("\"'\\\n\t€é💥#{}[]:".toCharArray())
        .excludeChars('\ud83d', '\udca5');
  }

  private static Arbitrary<List<DependencySpec>> dependencies() {
    return Combinators.combine(
            Arbitraries.of("db", "cache", "queue", "a-b"),
            Arbitraries.of(DependencySpec.Condition.class),
            Arbitraries.integers().between(0, 86_400_000),
            Arbitraries.of(true, false))
        .as((name, condition, millis, required) ->
            new DependencySpec(
                name,
                condition,
                condition == DependencySpec.Condition.HEALTHY
                    ? Duration.ofMillis(millis)
                    : Duration.ZERO,
                required,
                Duration.ofMillis(millis)))
        .list()
        .ofMaxSize(4)
        .uniqueElements(DependencySpec::workload);
  }

  private static Arbitrary<RestartSpec> restarts() {
    Arbitrary<Set<Integer>> codes = Arbitraries.integers().between(0, 255).set().ofMaxSize(3);
    Arbitrary<Duration> delays =
        Arbitraries.longs().between(0, 2_592_000_000L).map(Duration::ofMillis);
    return Combinators.combine(
            Arbitraries.of(RestartSpec.Policy.class),
            delays,
            delays,
            Arbitraries.doubles().between(0, 1).ofScale(6),
            Arbitraries.integers().between(0, 1_000_000),
            Arbitraries.of(RestartSpec.OnLimit.class),
            codes,
            codes)
        .as((policy, a, b, jitter, attempts, onLimit, some, others) -> {
          List<Integer> free = new ArrayList<>(others);
          free.removeAll(some);
          return new RestartSpec(
              policy,
              a.compareTo(b) < 0 ? a : b,
              a.compareTo(b) < 0 ? b : a,
              jitter,
              attempts,
              a.plusMillis(1),
              b,
              onLimit,
              others,
              some,
              Set.copyOf(free));
        });
  }

  private static Arbitrary<Map<String, Object>> settings() {
    Arbitrary<Object> leaf =
        Arbitraries.oneOf(
            text().ofMaxLength(8).map(s -> s),
            Arbitraries.longs().map(n -> n),
            Arbitraries.doubles().map(d -> d + 0.0),
            Arbitraries.of(true, false).map(b -> b));
    Arbitrary<Object> nested =
        Arbitraries.oneOf(
            leaf,
            leaf.list().ofMaxSize(3).map(List::copyOf),
            Arbitraries.maps(text().ofMaxLength(5), leaf).ofMaxSize(3).map(Map::copyOf));
    Arbitrary<List<String>> command = text().ofMaxLength(8).list().ofMinSize(1).ofMaxSize(4);
    return Combinators.combine(command, nested.list().ofMaxSize(3))
        .as((exec, values) -> Map.of("command", exec, "limits", Map.of("x", values)));
  }

  private static Arbitrary<List<ProbeSpec>> probes() {
    Arbitrary<Integer> ports = Arbitraries.integers().between(0, 65535);
    Arbitrary<ProbeSpec.Method> methods =
        Arbitraries.oneOf(
            ports.map(p -> new ProbeSpec.Tcp("::1", p)),
            text().ofMaxLength(9).list().ofMaxSize(3).map(RoundTripTest::command),
            Combinators.combine(
                    ports,
                    Arbitraries.strings().withCharRange('!', '~').ofMaxLength(9),
                    Arbitraries.of(ProbeSpec.Log.Expect.class))
                .as(RoundTripTest::newer),
            Combinators.combine(
                    ports,
                    Arbitraries.strings().withCharRange('!', '~').ofMaxLength(20),
                    Arbitraries.integers().between(100, 599).list().ofMaxSize(3),
                    text().ofMaxLength(9),
                    Arbitraries.of("http", "https"))
                .as((port, path, status, body, scheme) ->
                    new ProbeSpec.Http(
                        scheme,
                        "localhost",
                        port,
                        "/" + path,
                        Map.of("X-Port", Integer.toString(port)),
                        status,
                        body.isEmpty() ? null : body)));
    return Combinators.combine(
            methods,
            Arbitraries.of(ProbeSpec.Type.class),
            Arbitraries.integers().between(1, 1000),
            Arbitraries.longs().between(100, 86_400_000).map(Duration::ofMillis))
        .as(RoundTripTest::probe)
        .list()
        .ofMaxSize(3)
        .uniqueElements(ProbeSpec::name);
  }

  private static ProbeSpec.Method command(List<String> arguments) {
    List<String> exec = new ArrayList<>(List.of("/bin/x"));
    exec.addAll(arguments);
    return new ProbeSpec.Command(exec);
  }

  /// One of the methods with many optional keys.
  private static ProbeSpec.Method newer(int number, String word, ProbeSpec.Log.Expect expect) {
    return switch (number % 4) {
      case 0 -> new ProbeSpec.Log(Pattern.quote(word + "x"), expect);
      case 1 ->
          new ProbeSpec.Resource(
              new ProbeSpec.Amount(number / 8.0, 0),
              number % 3 == 0 ? null : new ProbeSpec.Amount(number * 512.0, 0),
              number / 2,
              number / 3,
              "/" + number,
              new ProbeSpec.Amount(0, number % 100 + 1));
      case 2 -> new ProbeSpec.Command(List.of("x"), "/" + number, Map.of("A" + number, word));
      default ->
          new ProbeSpec.Http(
              "https",
              "h",
              number,
              "PUT",
              "/",
              Map.of(),
              word,
              new HttpExpectation(
                  List.of(new HttpExpectation.StatusRange(100, 100 + number % 500)),
                  null,
                  Pattern.quote(word + "x"),
                  Map.of(
                      "/" + word.replace("~", "~0").replace("/", "~1"),
                      number % 2 == 0 ? (Object) word : number / 4.0)),
              new TlsSpec(expect == ProbeSpec.Log.Expect.PRESENT, null, "a.b"));
    };
  }

  private static ProbeSpec probe(
      ProbeSpec.Method method, ProbeSpec.Type type, int threshold, Duration period) {
    return new ProbeSpec(
        "p" + threshold,
        type,
        method,
        period.minusMillis(100),
        period,
        Duration.ofMillis(threshold),
        threshold,
        type == ProbeSpec.Type.READINESS ? threshold : 1,
        threshold % 2 == 0
            ? RetrySpec.NONE
            : new RetrySpec(threshold % 100, Duration.ofMillis(threshold), 1.25, Duration.ZERO),
        threshold % 3 == 0 ? null : new BreakerSpec(threshold, period, threshold));
  }
}
