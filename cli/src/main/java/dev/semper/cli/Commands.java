package dev.semper.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/// All commands by name. Reading the annotations of every one costs more than most commands take,
/// so only the one that was asked for is made.
final class Commands {
  private static final Set<String> VALUED =
      Set.of("--home", "--url", "--token", "--token-file", "--tenant", "--format");
  private static final Set<String> NOT_OF_THE_LIFECYCLE =
      Set.of("run", "server", "demo", "completion", "version", "help");

  private final Session session;
  private final Map<String, Supplier<CommandLine>> all = new LinkedHashMap<>();

  Commands(Session session) {
    this.session = session;
    workloads();
    work();
    machine();
  }

  private void workloads() {
    add("plan", () -> new PlanCommand(session));
    add("apply", () -> new ApplyCommand(session));
    add("status", () -> new StatusCommand(session));
    add("list", () -> new StatusCommand(session));
    add("health", () -> new HealthCommand(session));
    act("start", "Starts workloads.");
    act("stop", "Stops workloads; nothing but an operator starts them again.");
    act("restart", "Restarts workloads, instance by instance.");
    add("recover", () -> new RecoverCommand(session));
    add("recoveries", () -> new RecoveriesCommand(session));
    add("enable", () -> new EnableCommand(session));
    act("disable", "Stops workloads and refuses starts until they are enabled.");
    act("rollback", "Moves workloads back to the specification before.");
    act("delete", "Stops and removes workloads.");
    add("maintenance", () -> new MaintenanceCommand(session));
    add("batch", () -> new BatchCommand(session));
    add("state", () -> new StateCommand(session));
    add("logs", () -> new LogsCommand(session));
    add("history", () -> new HistoryCommand(session));
    add("hook", () -> new HookCommand(session));
    add("hooks", () -> new HooksCommand(session));
    add("releases", () -> new ReleasesCommand(session));
  }

  private void work() {
    add("events", () -> new EventsCommand(session));
    group(
        "operations",
        () -> new OperationsCommand.ListOperations(session),
        Map.of(
            "list", () -> new OperationsCommand.ListOperations(session),
            "show", () -> new OperationsCommand.Show(session),
            "wait", () -> new OperationsCommand.Wait(session),
            "cancel", () -> new OperationsCommand.Cancel(session)));
    group(
        "config",
        () -> new ConfigCommand.ListConfigs(session),
        Map.ofEntries(
            Map.entry("list", () -> new ConfigCommand.ListConfigs(session)),
            Map.entry("get", () -> new ConfigCommand.Get(session)),
            Map.entry("set", () -> new ConfigCommand.Set(session)),
            Map.entry("diff", () -> new ConfigCommand.Diff(session)),
            Map.entry("history", () -> new ConfigCommand.History(session)),
            Map.entry("rollback", () -> new ConfigCommand.RollBack(session)),
            Map.entry("explain", () -> new ConfigCommand.Explain(session)),
            Map.entry("validate", () -> new ConfigCommand.Validate(session)),
            Map.entry("watch", () -> new ConfigCommand.Watch(session)),
            Map.entry("edit", () -> new ConfigCommand.Edit(session)),
            Map.entry("import", () -> new ConfigCommand.Import(session)),
            Map.entry("export", () -> new ConfigCommand.Export(session)),
            Map.entry("pin", () -> new ConfigCommand.Pin(session)),
            Map.entry("delete", () -> new ConfigCommand.Delete(session))));
    group(
        "secret",
        () -> new SecretCommand.ListSecrets(session),
        Map.ofEntries(
            Map.entry("list", () -> new SecretCommand.ListSecrets(session)),
            Map.entry("set", () -> new SecretCommand.Set(session)),
            Map.entry("get", () -> new SecretCommand.Get(session)),
            Map.entry("show", () -> new SecretCommand.Show(session)),
            Map.entry("history", () -> new SecretCommand.History(session)),
            Map.entry("rotate", () -> new SecretCommand.Rotate(session)),
            Map.entry("retire", () -> new SecretCommand.Retire(session)),
            Map.entry("delete", () -> new SecretCommand.Delete(session)),
            Map.entry("request", () -> new SecretCommand.Request(session)),
            Map.entry("approvals", () -> new SecretCommand.ListApprovals(session)),
            Map.entry("approve", () -> new SecretCommand.Approve(session)),
            Map.entry("rekey", () -> new SecretCommand.RekeyKeys(session))));
    group(
        "alerts",
        () -> new AlertsCommand.ListAlerts(session),
        Map.of(
            "list", () -> new AlertsCommand.ListAlerts(session),
            "show", () -> new AlertsCommand.Show(session),
            "ack", () -> new AlertsCommand.Acknowledge(session),
            "deliveries", () -> new AlertsCommand.Deliveries(session),
            "resend", () -> new AlertsCommand.Resend(session),
            "test", () -> new AlertsCommand.Test(session)));
    group(
        "silence",
        () -> new SilenceCommand.ListSilences(session),
        Map.of(
            "list", () -> new SilenceCommand.ListSilences(session),
            "add", () -> new SilenceCommand.Add(session),
            "end", () -> new SilenceCommand.End(session)));
    group(
        "audit",
        () -> new AuditCommand.ListAudit(session),
        Map.of(
            "list", () -> new AuditCommand.ListAudit(session),
            "verify", () -> new AuditCommand.Verify(session)));
    group(
        "tenants",
        () -> new TenantsCommand.ListTenants(session),
        Map.of(
            "list", () -> new TenantsCommand.ListTenants(session),
            "set", () -> new TenantsCommand.Set(session),
            "delete", () -> new TenantsCommand.Delete(session)));
    group(
        "tokens",
        () -> new TokensCommand.ListTokens(session),
        Map.of(
            "list", () -> new TokensCommand.ListTokens(session),
            "create", () -> new TokensCommand.Create(session),
            "delete", () -> new TokensCommand.Delete(session)));
  }

  private void machine() {
    add("info", () -> new InfoCommand(session));
    add("run", RunCommand::new);
    add("server", () -> new ServerCommand(session));
    group(
        "daemon",
        () -> new DaemonCommand.Status(session),
        Map.of(
            "start", () -> new DaemonCommand.Start(session),
            "stop", () -> new DaemonCommand.Stop(session),
            "restart", () -> new DaemonCommand.Restart(session),
            "reload", () -> new DaemonCommand.Reload(session),
            "status", () -> new DaemonCommand.Status(session),
            "logs", () -> new DaemonCommand.Logs(session)));
    add("demo", () -> new DemoCommand(session));
    add("version", () -> new VersionCommand(session));
    add("completion", () -> new CompletionCommand(session));
    add("help", () -> new HelpCommand(session));
    all.put("lifecycle", () -> lifecycle(null));
  }

  private void add(String name, Supplier<Action> command) {
    all.put(name, () -> new CommandLine(command.get()));
  }

  private void act(String name, String description) {
    all.put(
        name,
        () -> {
          CommandLine line = new CommandLine(new ActCommand(session, name));
          line.getCommandSpec()
              .usageMessage()
              .description(description)
              .footerHeading("%nExamples:%n")
              .footer("  semper " + name + " web", "  semper " + name + " web worker --no-wait");
          return line;
        });
  }

  /// Commands about one noun; the noun alone does what `alone` does.
  private void group(String name, Supplier<Action> alone, Map<String, Supplier<Action>> verbs) {
    all.put(
        name,
        () -> {
          CommandLine line = new CommandLine(alone.get());
          verbs.keySet().stream()
              .sorted()
              .forEach(verb -> line.addSubcommand(verb, new CommandLine(required(verbs, verb))));
          return line;
        });
  }

  private static Action required(Map<String, Supplier<Action>> verbs, String verb) {
    Supplier<Action> made = verbs.get(verb);
    if (made == null) {
      throw new IllegalArgumentException(verb);
    }
    return made.get();
  }

  /// The seeds' place for the same commands.
  private CommandLine lifecycle(@Nullable String word) {
    CommandLine line = new CommandLine(new LifecycleCommand());
    Supplier<CommandLine> wanted = word == null ? null : all.get(word);
    if (word != null && wanted != null && !NOT_OF_THE_LIFECYCLE.contains(word)) {
      line.addSubcommand(word, wanted.get());
      return line;
    }
    all.forEach((name, command) -> {
      if (!NOT_OF_THE_LIFECYCLE.contains(name) && !name.equals("lifecycle")) {
        line.addSubcommand(name, command.get());
      }
    });
    return line;
  }

  List<String> names() {
    return List.copyOf(all.keySet());
  }

  /// The program, knowing at least the command that the arguments ask for.
  CommandLine line(String... args) {
    CommandLine root = new CommandLine(session.globals());
    List<String> words = words(args);
    String first = words.isEmpty() ? "" : words.getFirst();
    if (first.equals("lifecycle")) {
      root.addSubcommand(first, lifecycle(words.size() > 1 ? words.get(1) : null));
    } else if (all.containsKey(first)) {
      add(root, first);
    } else {
      all.keySet().forEach(name -> add(root, name));
    }
    return configured(root);
  }

  /// Every command, for help and completion.
  CommandLine everything() {
    return line();
  }

  private void add(CommandLine root, String name) {
    Supplier<CommandLine> command = all.get(name);
    if (command != null) {
      root.addSubcommand(name, command.get());
    }
  }

  private CommandLine configured(CommandLine root) {
    Terminal terminal = session.terminal();
    Failures failures = new Failures(session, this::names);
    return root.setCaseInsensitiveEnumValuesAllowed(true)
        .setExpandAtFiles(false)
        .setUsageHelpWidth(100)
        .setUsageHelpLongOptionsMaxWidth(28)
        .setColorScheme(
            CommandLine.Help.defaultColorScheme(terminal.colours() ? Ansi.ON : Ansi.OFF))
        .setOut(terminal.out())
        .setErr(terminal.err())
        .setExecutionExceptionHandler(failures)
        .setParameterExceptionHandler(failures);
  }

  /// The first two words that are neither options nor values of the options of all commands.
  private static List<String> words(String... args) {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < args.length && words.size() < 2; i++) {
      if (VALUED.contains(args[i])) {
        i++;
      } else if (!args[i].startsWith("-")) {
        words.add(args[i]);
      }
    }
    return words;
  }
}
