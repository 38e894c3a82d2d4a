package dev.semper.engine.spec;

import dev.semper.engine.spec.AlertRule.Comparison;
import dev.semper.engine.spec.AlertRule.Severity;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads alert rules of workloads, and the `[alerts]` table of a server's settings.
final class AlertReader {
  private static final List<String> MATCH = List.of("tenants", "workloads", "rules", "severities");
  private static final List<String> RULE = plus(Section.ALERT.keys(), "tenants", "workloads");
  private static final List<String> GROUPING =
      List.of("group_by", "group_wait", "group_interval", "repeat_interval");
  private static final List<String> TOP =
      plus(
          GROUPING,
          "enabled",
          "interval",
          "builtin",
          "disable",
          "inhibit_dependents",
          "give_up_after",
          "rules",
          "channels",
          "routes",
          "silences");
  private static final List<String> ROUTE =
      plus(plus(MATCH, GROUPING.toArray(String[]::new)), "channels", "escalate");
  private static final List<String> STEP = List.of("after", "channels");
  private static final List<String> WINDOW = plus(MATCH, "name", "start", "end", "zone", "days");
  private static final Map<String, List<String>> CHANNELS =
      Map.of(
          "webhook",
          List.of(
              "name", "type", "timeout", "url", "secret_file", "secret_env", "headers", "ca_file"),
          "alertmanager",
          List.of("name", "type", "timeout", "url", "token_file", "token_env", "ca_file"),
          "email",
          List.of(
              "name",
              "type",
              "timeout",
              "host",
              "port",
              "tls",
              "user",
              "password_file",
              "password_env",
              "from",
              "to",
              "ca_file"),
          "command",
          List.of("name", "type", "timeout", "command"));
  private static final Map<String, List<String>> CONDITIONS =
      Map.of(
          "threshold",
          List.of("measure", "op", "value", "clear"),
          "trend",
          List.of("measure", "op", "value", "window"),
          "anomaly",
          List.of("measure", "z", "min_samples"),
          "consecutive_failures",
          List.of("count", "probe"),
          "flapping",
          List.of("count", "window"),
          "absent",
          List.of("measure"),
          "event",
          List.of("event", "resolve_on", "resolve_after"));
  private static final List<String> COMMON =
      List.of("name", "type", "severity", "for", "labels", "annotations", "tenants", "workloads");

  private static final Limits.Times INTERVAL =
      new Limits.Times(Duration.ofSeconds(1), Duration.ofHours(1));
  private static final Limits.Times GROUP = new Limits.Times(Duration.ZERO, Duration.ofDays(1));
  private static final Limits.Times REPEAT =
      new Limits.Times(Duration.ofSeconds(1), Duration.ofDays(30));
  private static final Limits.Times GIVE_UP =
      new Limits.Times(Duration.ofMinutes(1), Duration.ofDays(30));
  private static final Limits.Times TIMEOUT =
      new Limits.Times(Duration.ofMillis(100), Duration.ofMinutes(10));
  private static final Limits.Decimals VALUE = new Limits.Decimals(-1e15, 1e15);
  private static final AlertSettings.Route ALL =
      new AlertSettings.Route(
          AlertMatch.ALL,
          List.of(),
          List.of("workload"),
          Duration.ofSeconds(10),
          Duration.ofMinutes(1),
          Duration.ofHours(4),
          List.of());

  private final Problems problems;
  private final @Nullable Path baseDir;

  AlertReader(Problems problems, @Nullable Path baseDir) {
    this.problems = problems;
    this.baseDir = baseDir;
  }

  private static List<String> plus(List<String> keys, String... more) {
    List<String> all = new ArrayList<>(keys);
    all.addAll(List.of(more));
    return List.copyOf(all);
  }

  /// What a server does that has no `[alerts]`: the rules built in, and nobody to tell.
  static AlertSettings defaults() {
    return new AlertSettings(
        true,
        Duration.ofSeconds(15),
        true,
        Duration.ofHours(24),
        builtin(),
        List.of(),
        List.of(ALL),
        List.of());
  }

  /// By the thresholds of the health monitor they come from: error rate 10 %, response time 5 s, 5
  /// failures in a row.
  private static List<AlertRule> builtin() {
    return List.of(
        threshold("workload-failed", Severity.CRITICAL, "failed", 1, 1, 0, "{workload} has failed"),
        threshold(
            "not-ready",
            Severity.WARNING,
            "not_ready",
            1,
            1,
            120,
            "{workload}: {value} instance(s) not ready"),
        rule(
            "consecutive-failures",
            Severity.WARNING,
            new AlertRule.ConsecutiveFailures(5, null),
            0,
            "{workload}: a probe has failed {value} times in a row"),
        threshold(
            "error-rate",
            Severity.WARNING,
            "error_rate",
            10,
            5,
            60,
            "{workload}: {value} % of its probes fail"),
        threshold(
            "response-time",
            Severity.WARNING,
            "response_time",
            5000,
            4000,
            60,
            "{workload} answers within {value} ms only"),
        threshold(
            "memory-near-limit",
            Severity.WARNING,
            "memory_percent",
            90,
            80,
            300,
            "{workload} uses {value} % of its memory limit"),
        rule(
            "flapping",
            Severity.WARNING,
            new AlertRule.Flapping(6, Duration.ofMinutes(10)),
            0,
            "{workload} has changed its health {value} times lately"),
        rule(
            "operation-inconsistent",
            Severity.CRITICAL,
            new AlertRule.Occurrence(
                List.of("operation.inconsistent"),
                List.of("operation.succeeded"),
                Duration.ofHours(24)),
            0,
            "An operation on {workload} left it inconsistent: somebody has to look"));
  }

  private static AlertRule threshold(
      String name,
      Severity severity,
      String measure,
      double value,
      double clear,
      int seconds,
      String summary) {
    Comparison comparison = value == clear ? Comparison.AT_LEAST : Comparison.ABOVE;
    return rule(
        name,
        severity,
        new AlertRule.Threshold(measure, comparison, value, clear),
        seconds,
        summary);
  }

  private static AlertRule rule(
      String name, Severity severity, AlertRule.Condition condition, int seconds, String summary) {
    return new AlertRule(
        name,
        severity,
        condition,
        Duration.ofSeconds(seconds),
        AlertMatch.ALL,
        Map.of(),
        Map.of("summary", summary));
  }

  /// The rules of one workload.
  List<AlertRule> ofWorkload(TableReader workload) {
    List<AlertRule> rules = new ArrayList<>();
    Set<String> names = new HashSet<>();
    workload.items(
        "alerts",
        "a list of tables",
        (node, path) -> {
          if (node instanceof Node.Table t) {
            AlertRule rule = rule(new TableReader(t, path, Section.ALERT.keys(), problems), false);
            if (rule != null && !names.add(rule.name())) {
              workload.problem(node, path, "the name %s is taken".formatted(rule.name()));
            } else if (rule != null) {
              rules.add(rule);
            }
          } else {
            workload.problem(node, path, "must be a table, not " + node.describe());
          }
        });
    return rules;
  }

  /// @param table `[alerts]`
  AlertSettings ofServer(Node.Table table) {
    TableReader t = new TableReader(table, "alerts", TOP, problems);
    AlertSettings otherwise = AlertSettings.DEFAULT;
    boolean enabled = t.flag("enabled", true);
    Duration interval = t.duration("interval", otherwise.interval(), INTERVAL);
    boolean inhibit = t.flag("inhibit_dependents", true);
    Duration giveUp = t.duration("give_up_after", otherwise.giveUpAfter(), GIVE_UP);
    List<AlertRule> rules = rules(t);
    List<AlertChannel> channels = channels(t);
    List<String> names = channels.stream().map(AlertChannel::name).toList();
    AlertSettings.Route base = grouping(t, AlertMatch.ALL, names, List.of(), ALL);
    List<AlertSettings.Route> routes = routes(t, base, names);
    List<AlertSettings.Window> windows = windows(t);
    return new AlertSettings(enabled, interval, inhibit, giveUp, rules, channels, routes, windows);
  }

  private List<AlertRule> rules(TableReader top) {
    Map<String, AlertRule> rules = new java.util.LinkedHashMap<>();
    Map<String, AlertRule> builtin = new HashMap<>();
    builtin().forEach(rule -> builtin.put(rule.name(), rule));
    if (top.flag("builtin", true)) {
      builtin().forEach(rule -> rules.put(rule.name(), rule));
    }
    for (String name : top.textList("disable")) {
      if (!builtin.containsKey(name)) {
        top.problem(
            "disable",
            "no rule is built in under the name %s, %s"
                .formatted(Words.quoted(name), Words.instead(name, builtin.keySet())));
      }
      rules.remove(name);
    }
    Set<String> own = new HashSet<>();
    each(
        top,
        "rules",
        RULE,
        (t, path) -> {
          AlertRule rule = rule(t, true);
          if (rule != null && !own.add(rule.name())) {
            t.problem("name", "the name %s is taken".formatted(rule.name()));
          } else if (rule != null) {
            rules.put(rule.name(), rule); // in place of one built in
          }
        });
    return List.copyOf(rules.values());
  }

  private interface Each {
    void read(TableReader table, String path);
  }

  private void each(TableReader top, String key, List<String> keys, Each each) {
    top.items(
        key,
        "a list of tables",
        (node, path) -> {
          if (node instanceof Node.Table t) {
            each.read(new TableReader(t, path, keys, problems), path);
          } else {
            top.problem(node, path, "must be a table, not " + node.describe());
          }
        });
  }

  private @Nullable AlertRule rule(TableReader t, boolean ofServer) {
    String name = name(t);
    String type = t.text("type", t.has("event") ? "event" : "threshold");
    Severity severity = t.choice("severity", Severity.WARNING);
    Duration hold = t.duration("for", Duration.ZERO, AlertRule.HOLD);
    Map<String, String> labels = t.texts("labels");
    for (String label : labels.keySet()) {
      if (!AlertRule.isLabel(label)) {
        t.problem(
            "labels",
            label,
            "must be letters, digits and _ and none of "
                + String.join(", ", AlertRule.RESERVED.stream().sorted().toList()));
      }
    }
    Map<String, String> annotations = t.texts("annotations");
    AlertMatch where = ofServer ? match(t, false) : AlertMatch.ALL;
    AlertRule.Condition condition = condition(t, type);
    return t.broken() || condition == null
        ? null
        : new AlertRule(name, severity, condition, hold, where, labels, annotations);
  }

  private static String name(TableReader t) {
    String name = t.text("name");
    if (name == null && !t.has("name")) {
      t.problem("name", "is missing");
    } else if (name != null && !Limits.isProbeName(name)) {
      t.problem("name", Limits.PROBE_NAME_FORM);
    }
    return name == null ? "" : name;
  }

  private static AlertRule.@Nullable Condition condition(TableReader t, String type) {
    List<String> keys = CONDITIONS.get(type);
    if (keys == null) {
      t.problem(
          "type",
          "unknown type %s, %s"
              .formatted(
                  Words.quoted(type),
                  Words.instead(type, CONDITIONS.keySet().stream().sorted().toList())));
      return null;
    }
    for (String key : Section.ALERT.keys()) {
      if (!COMMON.contains(key) && !keys.contains(key) && t.has(key)) {
        t.problem(key, "is not for type %s: remove it".formatted(type));
      }
    }
    return switch (type) {
      case "threshold" -> threshold(t);
      case "trend" -> trend(t);
      case "anomaly" -> {
        String measure = measure(t);
        double z = t.decimal("z", 3, AlertRule.Z);
        int samples = t.number("min_samples", 30, AlertRule.COUNT);
        yield t.broken() ? null : new AlertRule.Anomaly(measure, z, samples);
      }
      case "consecutive_failures" -> {
        int count = t.number("count", 5, AlertRule.COUNT);
        String probe = t.text("probe");
        yield t.broken() ? null : new AlertRule.ConsecutiveFailures(count, probe);
      }
      case "flapping" -> {
        int count = t.number("count", 6, AlertRule.COUNT);
        Duration window = t.duration("window", Duration.ofMinutes(10), AlertRule.SPAN);
        yield t.broken() ? null : new AlertRule.Flapping(count, window);
      }
      case "absent" -> {
        String measure = measure(t);
        yield t.broken() ? null : new AlertRule.Absent(measure);
      }
      default -> occurrence(t);
    };
  }

  private static AlertRule.@Nullable Condition threshold(TableReader t) {
    String measure = measure(t);
    Comparison comparison = comparison(t);
    double value = value(t, "value");
    double clear = t.has("clear") ? value(t, "clear") : value;
    if (t.has("clear") && clear != value && comparison.holds(value, clear)) {
      t.problem(
          "clear",
          "must lie where the alert is over, and %s %s %s is still true there"
              .formatted(measure, comparison.sign(), value));
    }
    return t.broken() ? null : new AlertRule.Threshold(measure, comparison, value, clear);
  }

  private static AlertRule.@Nullable Condition trend(TableReader t) {
    String measure = measure(t);
    Comparison comparison = comparison(t);
    double value = value(t, "value");
    Duration window = t.duration("window", Duration.ofHours(1), AlertRule.SPAN);
    return t.broken() ? null : new AlertRule.Trend(measure, comparison, value, window);
  }

  private static AlertRule.@Nullable Condition occurrence(TableReader t) {
    List<String> types =
        t.node("event") instanceof Node.Items ? t.textList("event") : List.of(t.text("event", ""));
    if (types.isEmpty() || types.contains("")) {
      t.problem("event", "is missing: the type of an event, e.g. \"instance.given_up\"");
    }
    List<String> resolveOn = t.textList("resolve_on");
    Duration after = t.duration("resolve_after", Duration.ofHours(1), AlertRule.HOLD);
    if (t.has("for")) {
      t.problem("for", "is not for type event: it fires at once");
    }
    return t.broken() ? null : new AlertRule.Occurrence(types, resolveOn, after);
  }

  private static String measure(TableReader t) {
    String measure = t.text("measure");
    List<String> known = AlertRule.MEASURES.keySet().stream().sorted().toList();
    if (measure == null && !t.has("measure")) {
      t.problem("measure", "is missing; known are " + String.join(", ", known));
    } else if (measure != null && !known.contains(measure)) {
      t.problem(
          "measure",
          "unknown measure %s, %s".formatted(Words.quoted(measure), Words.instead(measure, known)));
    }
    return measure == null ? "" : measure;
  }

  private static Comparison comparison(TableReader t) {
    String sign = t.text("op", ">");
    for (Comparison comparison : Comparison.values()) {
      if (comparison.sign().equals(sign)) {
        return comparison;
      }
    }
    t.problem("op", "must be one of >, >=, <, <=, not " + Words.quoted(sign));
    return Comparison.ABOVE;
  }

  private static double value(TableReader t, String key) {
    if (!t.has(key)) {
      t.problem(key, "is missing: a number");
    }
    return t.decimal(key, 0, VALUE);
  }

  private AlertMatch match(TableReader t, boolean withAlerts) {
    List<String> tenants = globs(t, "tenants");
    List<String> workloads = globs(t, "workloads");
    List<String> rules = withAlerts ? globs(t, "rules") : List.of();
    List<Severity> severities = withAlerts ? severities(t) : List.of();
    return t.broken() ? AlertMatch.ALL : new AlertMatch(tenants, workloads, rules, severities);
  }

  private static List<String> globs(TableReader t, String key) {
    List<String> globs = t.textList(key);
    for (String glob : globs) {
      if (!AlertMatch.GLOB.matcher(glob).matches()) {
        t.problem(key, "%s can be no name, even with *".formatted(Words.quoted(glob)));
      }
    }
    return globs;
  }

  private static List<Severity> severities(TableReader t) {
    List<Severity> severities = new ArrayList<>();
    List<String> known = List.of("info", "warning", "critical");
    for (String word : t.textList("severities")) {
      if (known.contains(word)) {
        severities.add(Severity.valueOf(word.toUpperCase(Locale.ROOT)));
      } else {
        t.problem(
            "severities",
            "unknown severity %s, %s".formatted(Words.quoted(word), Words.instead(word, known)));
      }
    }
    return severities;
  }

  private List<AlertSettings.Route> routes(
      TableReader top, AlertSettings.Route base, List<String> channels) {
    List<AlertSettings.Route> routes = new ArrayList<>();
    each(
        top,
        "routes",
        ROUTE,
        (t, path) -> {
          List<String> to = known(t, channels);
          routes.add(grouping(t, match(t, true), to, steps(t, channels), base));
        });
    routes.add(base);
    return routes;
  }

  private static AlertSettings.Route grouping(
      TableReader t,
      AlertMatch match,
      List<String> channels,
      List<AlertSettings.Step> steps,
      AlertSettings.Route base) {
    return new AlertSettings.Route(
        match,
        channels,
        t.has("group_by") ? t.textList("group_by") : base.groupBy(),
        t.duration("group_wait", base.groupWait(), GROUP),
        t.duration("group_interval", base.groupInterval(), GROUP),
        t.duration("repeat_interval", base.repeatInterval(), REPEAT),
        steps);
  }

  private static List<String> known(TableReader t, List<String> channels) {
    List<String> named = t.textList("channels");
    if (!t.has("channels")) {
      t.problem("channels", "is missing: names of channels; an empty list tells nobody");
    }
    for (String name : named) {
      if (!channels.contains(name)) {
        t.problem(
            "channels",
            "there is no channel %s%s"
                .formatted(
                    Words.quoted(name),
                    channels.isEmpty() ? "" : ", " + Words.instead(name, channels)));
      }
    }
    return named;
  }

  private List<AlertSettings.Step> steps(TableReader route, List<String> channels) {
    List<AlertSettings.Step> steps = new ArrayList<>();
    each(
        route,
        "escalate",
        STEP,
        (t, path) -> {
          Duration after = t.duration("after", Duration.ofMinutes(15), GROUP);
          List<String> to = known(t, channels);
          if (!steps.isEmpty() && after.compareTo(steps.getLast().after()) <= 0) {
            t.problem("after", "must be later than the step before");
          }
          steps.add(new AlertSettings.Step(after, to));
        });
    return steps;
  }

  private List<AlertSettings.Window> windows(TableReader top) {
    List<AlertSettings.Window> windows = new ArrayList<>();
    each(
        top,
        "silences",
        WINDOW,
        (t, path) -> {
          String name = name(t);
          LocalTime start = time(t, "start");
          LocalTime end = time(t, "end");
          if (start != null && start.equals(end)) {
            t.problem("end", "must differ from start");
          }
          ZoneId zone = zone(t);
          Set<DayOfWeek> days = days(t);
          AlertMatch match = match(t, true);
          if (!t.broken() && start != null && end != null) {
            windows.add(new AlertSettings.Window(name, start, end, zone, days, match));
          }
        });
    return windows;
  }

  private static @Nullable LocalTime time(TableReader t, String key) {
    String text = t.text(key);
    try {
      if (text != null) {
        return LocalTime.parse(text);
      }
      if (!t.has(key)) {
        t.problem(key, "is missing: a time of day such as \"02:00\"");
      }
    } catch (DateTimeException _) {
      t.problem(
          key,
          "must be a time of day such as \"02:00\", not " + Words.quoted(String.valueOf(text)));
    }
    return null;
  }

  @SuppressWarnings("JavaTimeDefaultTimeZone") // that of the machine is what people mean
  private static ZoneId zone(TableReader t) {
    String text = t.text("zone");
    if (text == null) {
      return ZoneId.systemDefault();
    }
    try {
      return ZoneId.of(text);
    } catch (DateTimeException _) {
      t.problem("zone", "unknown time zone %s, e.g. Europe/Paris".formatted(Words.quoted(text)));
      return ZoneId.systemDefault();
    }
  }

  private static Set<DayOfWeek> days(TableReader t) {
    Set<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    for (String text : t.textList("days")) {
      boolean known = false;
      for (DayOfWeek day : DayOfWeek.values()) {
        if (text.equalsIgnoreCase(day.name().substring(0, 3))
            || text.equalsIgnoreCase(day.name())) {
          days.add(day);
          known = true;
        }
      }
      if (!known) {
        t.problem("days", "unknown day %s: mon, tue … sun".formatted(Words.quoted(text)));
      }
    }
    return days;
  }

  private List<AlertChannel> channels(TableReader top) {
    List<AlertChannel> channels = new ArrayList<>();
    Set<String> names = new HashSet<>();
    top.items(
        "channels",
        "a list of tables",
        (node, path) -> {
          if (!(node instanceof Node.Table table)) {
            top.problem(node, path, "must be a table, not " + node.describe());
            return;
          }
          AlertChannel channel = channel(table, path);
          if (channel != null && !names.add(channel.name())) {
            top.problem(node, path, "the name %s is taken".formatted(channel.name()));
          } else if (channel != null) {
            channels.add(channel);
          }
        });
    return channels;
  }

  private @Nullable AlertChannel channel(Node.Table table, String path) {
    Node.Entry given = table.entries().get("type");
    List<String> types = CHANNELS.keySet().stream().sorted().toList();
    String type =
        given != null && given.value() instanceof Node.Scalar s && s.value() instanceof String text
            ? text
            : "";
    List<String> keys = CHANNELS.get(type);
    if (keys == null) {
      problems.add(
          Words.join(path, "type"),
          given == null ? table.line() : given.line(),
          "must be one of " + String.join(", ", types));
      return null;
    }
    TableReader t = new TableReader(table, path, keys, problems);
    return switch (type) {
      case "webhook" -> webhook(t);
      case "alertmanager" -> alertmanager(t);
      case "email" -> email(t);
      default -> command(t);
    };
  }

  private @Nullable AlertChannel webhook(TableReader t) {
    String name = name(t);
    URI url = url(t);
    Map<String, String> headers = t.texts("headers");
    headers.forEach((key, value) -> {
      if (!ProbeSpec.Http.isHeader(key, value)) {
        t.problem("headers", key, "is not a header that HTTP allows");
      } else if (!isFree(key)) {
        t.problem("headers", key, "is set by Semper itself");
      }
    });
    AlertChannel.Secret secret = secret(t, "secret");
    Path ca = file(t, "ca_file");
    Duration timeout = timeout(t);
    return t.broken() || url == null
        ? null
        : new AlertChannel.Webhook(name, url, secret, headers, ca, timeout);
  }

  private static boolean isFree(String header) {
    String lower = header.toLowerCase(Locale.ROOT);
    return !lower.startsWith("semper-")
        && !Set.of(
                "connection",
                "content-length",
                "content-type",
                "expect",
                "host",
                "transfer-encoding",
                "upgrade")
            .contains(lower);
  }

  private @Nullable AlertChannel alertmanager(TableReader t) {
    String name = name(t);
    URI url = url(t);
    AlertChannel.Secret token = secret(t, "token");
    Path ca = file(t, "ca_file");
    Duration timeout = timeout(t);
    return t.broken() || url == null
        ? null
        : new AlertChannel.Alertmanager(name, url, token, ca, timeout);
  }

  private @Nullable AlertChannel email(TableReader t) {
    String name = name(t);
    String host = t.text("host", "localhost");
    if (!ProbeSpec.isHost(host)) {
      t.problem("host", "must be the name or the address of a host, not " + Words.quoted(host));
    }
    AlertChannel.Tls tls = t.choice("tls", AlertChannel.Tls.STARTTLS);
    int port =
        t.number(
            "port",
            switch (tls) {
              case NONE -> 25;
              case STARTTLS -> 587;
              case IMPLICIT -> 465;
            },
            Limits.PORT);
    String user = t.text("user");
    AlertChannel.Secret password = secret(t, "password");
    if ((user == null) != (password == null)) {
      t.problem("user", "user and password_file (or password_env) belong together");
    } else if (user != null && tls == AlertChannel.Tls.NONE) {
      t.problem("tls", "a password is not sent in the clear: use starttls or implicit");
    }
    String from = address(t, "from", t.text("from"));
    List<String> to =
        t.node("to") instanceof Node.Items
            ? t.textList("to")
            : t.has("to") ? List.of(t.text("to", "")) : List.of();
    if (to.isEmpty()) {
      t.problem("to", "is missing: an address or a list of them");
    }
    to.forEach(address -> address(t, "to", address));
    Path ca = file(t, "ca_file");
    Duration timeout = timeout(t);
    return t.broken()
        ? null
        : new AlertChannel.Email(name, host, port, tls, user, password, from, to, ca, timeout);
  }

  private static String address(TableReader t, String key, @Nullable String address) {
    if (address == null && !t.has(key)) {
      t.problem(key, "is missing: a mail address");
    } else if (address != null && !address.matches("[!-~&&[^<>,;:\"@]]+@[!-~&&[^<>,;\"@]]+")) {
      t.problem(key, "must be a mail address, not " + Words.quoted(address));
    }
    return address == null ? "" : address;
  }

  private @Nullable AlertChannel command(TableReader t) {
    String name = name(t);
    List<String> exec = t.textList("command");
    if (!ProbeSpec.Command.isExec(exec)) {
      t.problem(
          "command", "must name a program, e.g. [\"/usr/local/bin/page\", \"--team\", \"a\"]");
    } else if (!exec.getFirst().contains("/")) {
      t.problem("command", "must name the program with its path");
    } else if (!Files.isExecutable(resolved(exec.getFirst()))) {
      t.problem(
          "command", "%s is no program that can be run".formatted(Words.quoted(exec.getFirst())));
    }
    Duration timeout = timeout(t);
    if (t.broken()) {
      return null;
    }
    List<String> absolute = new ArrayList<>(exec);
    absolute.set(0, resolved(exec.getFirst()).toString());
    return new AlertChannel.Command(name, absolute, timeout);
  }

  private static Duration timeout(TableReader t) {
    return t.duration("timeout", Duration.ofSeconds(10), TIMEOUT);
  }

  private static @Nullable URI url(TableReader t) {
    String text = t.text("url");
    if (text == null) {
      if (!t.has("url")) {
        t.problem("url", "is missing");
      }
      return null;
    }
    try {
      URI url = new URI(text);
      boolean web = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
      if (web && url.getHost() != null && url.getUserInfo() == null) {
        return url;
      }
      t.problem(
          "url",
          url.getUserInfo() == null
              ? "must begin with http:// or https:// and name a host"
              : "must not hold a user or password; use a header or a secret file");
    } catch (URISyntaxException e) {
      t.problem("url", "is not a URL: " + e.getReason());
    }
    return null;
  }

  private AlertChannel.@Nullable Secret secret(TableReader t, String what) {
    Path file = file(t, what + "_file");
    String variable = t.text(what + "_env");
    if (file != null && variable != null) {
      t.problem(what + "_env", "there is %s_file too: keep one".formatted(what));
    } else if (variable != null && System.getenv(variable) == null) {
      t.problem(what + "_env", "the server has no variable %s".formatted(Words.quoted(variable)));
    }
    if (file != null) {
      return new AlertChannel.Secret.InFile(file);
    }
    return variable == null ? null : new AlertChannel.Secret.InVariable(variable);
  }

  private @Nullable Path file(TableReader t, String key) {
    String name = t.text(key);
    if (name == null) {
      return null;
    }
    Path path = resolved(name);
    if (!Files.isReadable(path) || Files.isDirectory(path)) {
      t.problem(key, "%s cannot be read".formatted(path));
    }
    return path;
  }

  private Path resolved(String name) {
    String home = System.getProperty("user.home");
    Path path = Path.of(name.startsWith("~/") ? home + name.substring(1) : name);
    return path.isAbsolute() || baseDir == null
        ? path
        : baseDir.toAbsolutePath().resolve(path).normalize();
  }
}
