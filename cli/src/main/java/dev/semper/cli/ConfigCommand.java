package dev.semper.cli;

import dev.semper.api.ConfigChange;
import dev.semper.api.ConfigContent;
import dev.semper.api.ConfigExplanation;
import dev.semper.api.ConfigInfo;
import dev.semper.api.ConfigPatchRequest;
import dev.semper.api.ConfigQuery;
import dev.semper.api.ConfigRevisionInfo;
import dev.semper.api.ConfigRollbackRequest;
import dev.semper.api.ConfigWatcher;
import dev.semper.api.ConfigWriteRequest;
import dev.semper.api.ConfigWritten;
import dev.semper.api.EffectiveConfig;
import dev.semper.api.Listing;
import dev.semper.api.Wire;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.core.JacksonException;

/// Configurations: what they come to, and changes of them.
final class ConfigCommand {
  private ConfigCommand() {}

  private static final String LAYERS =
      "global, development, staging, production, schema or overlay.NAME";

  /// For whom it is put together.
  static final class ReaderOptions {
    @Option(
        names = {"-e", "--env"},
        paramLabel = "ENVIRONMENT",
        description = "development (default), staging or production.")
    @Nullable String environment;

    @Option(
        names = "--label",
        paramLabel = "NAME=VALUE",
        description = "A label of the reader, for overlays.")
    Map<String, String> labels = new LinkedHashMap<>();

    @Option(
        names = "--feature",
        paramLabel = "FLAG",
        description = "A flag that is on for the reader.")
    List<String> features = new ArrayList<>();

    @Option(
        names = {"-w", "--workload"},
        paramLabel = "NAME",
        description = "As this workload reads it.")
    @Nullable String workload;

    ConfigQuery query() {
      return new ConfigQuery(environment, labels, features, workload);
    }

    boolean given() {
      return environment != null || workload != null;
    }
  }

  /// About a write.
  static final class WriteOptions {
    @Option(
        names = {"-m", "--message"},
        paramLabel = "WORDS",
        description = "What it is for; kept with the revision.")
    @Nullable String message;

    @Option(names = "--tag", paramLabel = "TAG", description = "A tag of the revision.")
    List<String> tags = new ArrayList<>();

    @Option(
        names = "--expect",
        paramLabel = "REVISION",
        description = "Only if the layer is at this revision; 0 = only if there is none.")
    @Nullable Long expected;

    @Option(names = "--validate-only", description = "Check everything and write nothing.")
    boolean validateOnly;
  }

  private static ExitStatus told(Session session, ConfigWritten written, boolean validateOnly) {
    if (session.json()) {
      session.json(written);
      return ExitStatus.OK;
    }
    Terminal terminal = session.terminal();
    ConfigRevisionInfo revision = written.revision();
    if (!written.changed()) {
      terminal.say(revision.layer() + ": nothing changes, it is at revision " + revision.number());
      return ExitStatus.OK;
    }
    changes(session, written.changes());
    terminal.say(
        validateOnly
            ? revision.layer() + ": valid, nothing was written"
            : revision.layer() + ": revision " + revision.number());
    return ExitStatus.OK;
  }

  private static void changes(Session session, List<ConfigChange> changes) {
    Terminal terminal = session.terminal();
    for (ConfigChange change : changes) {
      String line =
          switch (change.kind()) {
            case "added" -> "+ " + change.key() + " = " + value(change.after());
            case "removed" -> "- " + change.key() + " = " + value(change.before());
            default ->
                "~ "
                    + change.key()
                    + " = "
                    + value(change.before())
                    + " → "
                    + value(change.after());
          };
      terminal.say(line);
    }
  }

  private static String value(@Nullable Object value) {
    return value == null ? "(taken away)" : Wire.JSON.writeValueAsString(value);
  }

  /// Tells each value that is no table with its key.
  private static void leaves(
      Map<?, ?> table, String path, BiConsumer<String, @Nullable Object> each) {
    table.forEach((key, value) -> {
      String name = String.valueOf(key);
      String bare = name.matches("[A-Za-z0-9_-]+") ? name : Wire.JSON.writeValueAsString(name);
      String at = path.isEmpty() ? bare : path + "." + bare;
      if (value instanceof Map<?, ?> below && !below.isEmpty()) {
        leaves(below, at, each);
      } else {
        each.accept(at, value);
      }
    });
  }

  private static String read(Session session, String file) {
    session.sends(file.equals("-") ? "standard input" : file);
    try {
      return file.equals("-")
          ? new String(session.terminal().in().readAllBytes(), StandardCharsets.UTF_8)
          : Files.readString(Path.of(file));
    } catch (IOException e) {
      throw new UsageException("cannot read " + file + ": " + RunFiles.reason(e));
    }
  }

  private static String format(@Nullable String given, String file) {
    if (given != null) {
      return given;
    }
    String name = file.toLowerCase(Locale.ROOT);
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      return "yaml";
    }
    if (name.endsWith(".json")) {
      return "json";
    }
    return name.endsWith(".env") ? "dotenv" : "toml";
  }

  @Command(
      description = "Lists configurations.",
      footerHeading = "%nExamples:%n",
      footer = {"  semper config", "  semper config get web --env production"})
  static final class ListConfigs implements Action {
    private final Session session;

    ListConfigs(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<ConfigInfo> configs = session.client().configs();
      if (session.json()) {
        session.json(configs);
        return ExitStatus.OK;
      }
      if (configs.items().isEmpty()) {
        session.terminal().say("no configurations");
        return ExitStatus.OK;
      }
      Table table = Table.of("NAME", "REVISION>", "CHANGED", "BY", "LAYERS", "READ BY");
      for (ConfigInfo config : configs.items()) {
        table.row(
            config.name(),
            Long.toString(config.revision()),
            session.at(config.changedAt()),
            config.changedBy(),
            String.join(", ", config.layers().stream().map(ConfigRevisionInfo::layer).toList()),
            String.join(
                ", ",
                config.readers().stream().map(r -> r.workload() + " " + r.instances()).toList()));
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Shows what a configuration comes to, or one key of it.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper config get web --env production",
        "  semper config get web database.url --workload web"
      })
  static final class Get implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "KEY", description = "e.g. database.url")
    @Nullable String key;

    @Mixin final ReaderOptions reader = new ReaderOptions();

    @Option(names = "--layer", paramLabel = "LAYER", description = "As written in: " + LAYERS + ".")
    @Nullable String layer;

    @Option(names = "--revision", paramLabel = "N", description = "As it was at this revision.")
    @Nullable Long revision;

    @Option(names = "--reveal", description = "With what is sensitive; for administrators.")
    boolean reveal;

    Get(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Map<String, @Nullable Object> values;
      if (layer != null) {
        ConfigContent content = session.client().configLayer(name, layer, reveal);
        if (session.json()) {
          session.json(content);
          return ExitStatus.OK;
        }
        values = content.values();
      } else {
        EffectiveConfig config = session.client().config(name, reader.query(), revision, reveal);
        if (session.json() && key == null) {
          session.json(config);
          return ExitStatus.OK;
        }
        values = config.values();
      }
      int[] found = new int[1];
      leaves(
          values,
          "",
          (path, value) -> {
            if (key == null) {
              found[0]++;
              session.terminal().say(path + " = " + value(value));
            } else if (path.equals(key)) {
              found[0]++;
              session.terminal().say(value instanceof String text ? text : value(value));
            } else if (path.startsWith(key + ".")) {
              found[0]++;
              session.terminal().say(path + " = " + value(value));
            }
          });
      if (key != null && found[0] == 0) {
        session.terminal().note(name + " has no key " + key);
        return ExitStatus.NOT_FOUND;
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = {
        "Sets keys of a layer, or removes them; each time a revision.",
        "A VALUE that is JSON keeps its type (5, true, [1,2]); anything else is a text."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper config set web log.level=debug -m 'more to see'",
        "  semper config set web --layer production database.pool=20 --remove database.debug"
      })
  static final class Set implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1..*", paramLabel = "KEY=VALUE", description = "What to set.")
    List<String> settings = new ArrayList<>();

    @Option(
        names = "--layer",
        paramLabel = "LAYER",
        defaultValue = "global",
        description = LAYERS + " (default ${DEFAULT-VALUE}).")
    String layer = "global";

    @Option(names = "--remove", paramLabel = "KEY", description = "A key to remove.")
    List<String> remove = new ArrayList<>();

    @Mixin final WriteOptions write = new WriteOptions();

    Set(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Map<String, @Nullable Object> set = new LinkedHashMap<>();
      for (String setting : settings) {
        int equals = setting.indexOf('=');
        if (equals < 1) {
          throw new UsageException("write KEY=VALUE, not " + setting);
        }
        set.put(setting.substring(0, equals), parsed(setting.substring(equals + 1)));
      }
      if (set.isEmpty() && remove.isEmpty()) {
        throw new UsageException("give KEY=VALUE or --remove KEY");
      }
      ConfigPatchRequest patch =
          new ConfigPatchRequest(
              set, remove, write.message, write.tags, write.expected, write.validateOnly);
      return told(
          session, session.client().patchConfigLayer(name, layer, patch), write.validateOnly);
    }

    private static @Nullable Object parsed(String text) {
      try {
        return text.isBlank() ? text : Wire.JSON.readValue(text, Object.class);
      } catch (JacksonException _) {
        return text;
      }
    }
  }

  @Command(
      description = "Shows what differs between two revisions.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {"  semper config diff web 3 7", "  semper config diff web 3 7 --env production"})
  static final class Diff implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", paramLabel = "FROM", description = "Revision; 0 = nothing.")
    long from;

    @Parameters(index = "2", paramLabel = "TO", description = "Revision.")
    long to;

    @Mixin final ReaderOptions reader = new ReaderOptions();

    Diff(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<ConfigChange> changes =
          session.client().diffConfig(name, from, to, reader.given() ? reader.query() : null);
      if (session.json()) {
        session.json(changes);
      } else if (changes.items().isEmpty()) {
        session.terminal().say("nothing differs");
      } else {
        changes(session, changes.items());
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Lists revisions, the newest first.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper config history web --layer production")
  static final class History implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Option(names = "--layer", paramLabel = "LAYER", description = "Only of this layer.")
    @Nullable String layer;

    @Option(
        names = {"-n", "--limit"},
        paramLabel = "N",
        defaultValue = "20",
        description = "At most N (default ${DEFAULT-VALUE}).")
    int limit;

    History(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<ConfigRevisionInfo> history = session.client().configRevisions(name, layer, limit);
      if (session.json()) {
        session.json(history);
        return ExitStatus.OK;
      }
      Table table = Table.of("REVISION>", "LAYER", "WRITTEN", "BY", "WHAT", "CHECKSUM");
      for (ConfigRevisionInfo revision : history.items()) {
        table.row(
            Long.toString(revision.number()),
            revision.layer(),
            session.at(revision.createdAt()),
            revision.author(),
            what(revision),
            revision.checksum().substring(0, Math.min(12, revision.checksum().length())));
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }

    private static String what(ConfigRevisionInfo revision) {
      StringBuilder what = new StringBuilder(revision.description());
      revision.tags().forEach(tag -> what.append(" #").append(tag));
      if (revision.removed()) {
        what.append(" (removed)");
      }
      if (revision.restoredFrom() != null) {
        what.append(" (from ").append(revision.restoredFrom()).append(')');
      }
      return what.append(revision.pinned() ? " (pinned)" : "").toString().strip();
    }
  }

  @Command(
      description = "Goes back to what a revision held, by a new revision.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper config rollback web 3",
        "  semper config rollback web 3 --all   every layer as it was then"
      })
  static final class RollBack implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", paramLabel = "REVISION", description = "As listed by history.")
    long revision;

    @Option(names = "--all", description = "Every layer, not only the one the revision is of.")
    boolean all;

    @Mixin final WriteOptions write = new WriteOptions();

    RollBack(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<ConfigWritten> written =
          session
              .client()
              .rollBackConfig(
                  name,
                  new ConfigRollbackRequest(
                      revision, all, write.message, write.expected, write.validateOnly));
      if (session.json()) {
        session.json(written);
      } else if (written.items().isEmpty()) {
        session.terminal().say("nothing changes");
      } else {
        written.items().forEach(w -> told(session, w, write.validateOnly));
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Shows where each value comes from, and what it has won over.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper config explain web database.url --env production")
  static final class Explain implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", arity = "0..1", paramLabel = "KEY", description = "e.g. database.url")
    @Nullable String key;

    @Mixin final ReaderOptions reader = new ReaderOptions();

    Explain(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<ConfigExplanation> all = session.client().explainConfig(name, reader.query(), key);
      if (session.json()) {
        session.json(all);
        return ExitStatus.OK;
      }
      Table table = Table.of("KEY", "VALUE", "LAYER", "REVISION>", "OVERRODE");
      for (ConfigExplanation e : all.items()) {
        String overrode =
            String.join(
                ", ",
                e.overrode().stream()
                    .map(o -> o.layer() + " (" + o.revision() + ") " + value(o.value()))
                    .toList());
        table.row(e.key(), value(e.value()), e.layer(), Long.toString(e.revision()), overrode);
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Checks a document against everything a write would be checked by.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper config validate web production.toml --layer production")
  static final class Validate implements Action {
    private final Session session;

    @Mixin final DocumentOptions document = new DocumentOptions();

    Validate(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      return document.write(session, null, List.of(), null, true);
    }
  }

  /// A document and where it goes.
  static final class DocumentOptions {
    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", paramLabel = "FILE", description = "- reads what is piped in.")
    String file = "-";

    @Option(
        names = "--layer",
        paramLabel = "LAYER",
        defaultValue = "global",
        description = LAYERS + " (default ${DEFAULT-VALUE}).")
    String layer = "global";

    @Option(
        names = "--input-format",
        paramLabel = "FORMAT",
        description = "toml, yaml, json or dotenv (default: by the file's name, else toml).")
    @Nullable String format;

    ExitStatus write(
        Session session,
        @Nullable String message,
        List<String> tags,
        @Nullable Long expected,
        boolean validateOnly) {
      ConfigWriteRequest request =
          new ConfigWriteRequest(
              null,
              read(session, file),
              format(format, file),
              null,
              message,
              tags,
              expected,
              validateOnly);
      return told(session, session.client().putConfigLayer(name, layer, request), validateOnly);
    }
  }

  @Command(
      description = {
        "Writes a document into a layer, or every document of a folder into the layer it is named"
            + " after.",
        "A value *** stays what it was."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper config import web production.toml --layer production",
        "  semper config import web config.d   global.toml, production.toml, schema.toml …"
      })
  static final class Import implements Action {
    private final Session session;

    @Mixin final DocumentOptions document = new DocumentOptions();
    @Mixin final WriteOptions write = new WriteOptions();

    Import(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Path folder = Path.of(document.file);
      if (document.file.equals("-") || !Files.isDirectory(folder)) {
        return document.write(
            session, write.message, write.tags, write.expected, write.validateOnly);
      }
      for (Path file : documents(folder)) {
        String fileName = file.getFileName().toString();
        DocumentOptions one = new DocumentOptions();
        one.name = document.name;
        one.file = file.toString();
        one.layer = fileName.substring(0, fileName.lastIndexOf('.'));
        one.write(session, write.message, write.tags, null, write.validateOnly);
      }
      return ExitStatus.OK;
    }

    /// The schema last: what it asks for may be in the others.
    private static List<Path> documents(Path folder) {
      try (var files = Files.list(folder)) {
        return files
            .filter(f -> f.getFileName().toString().matches("[a-z0-9.-]+\\.(toml|ya?ml|json|env)"))
            .sorted(
                java.util.Comparator.comparing(
                        (Path f) -> f.getFileName().toString().startsWith("schema."))
                    .thenComparing(Path::toString))
            .toList();
      } catch (IOException e) {
        throw new UsageException("cannot read " + folder + ": " + RunFiles.reason(e));
      }
    }
  }

  @Command(
      description = "Writes a configuration as a document, or all its layers into a folder.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper config export web --env production --as dotenv",
        "  semper config export web --dir config.d   one document per layer, for git"
      })
  static final class Export implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Option(
        names = "--as",
        paramLabel = "FORMAT",
        defaultValue = "toml",
        description = "toml, yaml, json or dotenv (default ${DEFAULT-VALUE}).")
    String as = "toml";

    @Option(names = "--layer", paramLabel = "LAYER", description = "As written in: " + LAYERS + ".")
    @Nullable String layer;

    @Option(names = "--dir", paramLabel = "DIR", description = "Folder for all layers.")
    @Nullable Path dir;

    @Option(names = "--reveal", description = "With what is sensitive; for administrators.")
    boolean reveal;

    @Mixin final ReaderOptions reader = new ReaderOptions();

    Export(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      if (dir == null) {
        String text = session.client().exportConfig(name, as, layer, reader.query(), reveal);
        session.terminal().out().print(text);
        session.terminal().out().flush();
        return ExitStatus.OK;
      }
      ConfigInfo config =
          session.client().configs().items().stream()
              .filter(c -> c.name().equals(name))
              .findFirst()
              .orElseThrow(() ->
                  new UsageException(ExitStatus.NOT_FOUND, "there is no configuration " + name));
      for (ConfigRevisionInfo revision : config.layers()) {
        String id = revision.layer();
        String text = session.client().exportConfig(name, as, id, ConfigQuery.DEFAULT, reveal);
        Path file = dir.resolve(id + (as.equals("dotenv") ? ".env" : "." + as));
        try {
          Files.createDirectories(dir);
          Files.writeString(file, text);
        } catch (IOException e) {
          throw new UsageException("cannot write " + file + ": " + RunFiles.reason(e));
        }
        session.terminal().say(file.toString());
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Shows a configuration each time it comes to something else.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper config watch web --env production")
  static final class Watch implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Mixin final ReaderOptions reader = new ReaderOptions();

    Watch(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      Map<String, @Nullable Object> before = new LinkedHashMap<>();
      boolean[] first = {true};
      try (ConfigWatcher _ =
          ConfigWatcher.start(
              session.client(),
              name,
              reader.query(),
              null,
              config -> {
                tell(config, before, first[0]);
                first[0] = false;
              })) {
        new CountDownLatch(1).await();
      }
      return ExitStatus.OK;
    }

    private void tell(EffectiveConfig config, Map<String, @Nullable Object> before, boolean first) {
      if (session.json()) {
        session.jsonLine(config);
        return;
      }
      Map<String, @Nullable Object> now = new LinkedHashMap<>();
      leaves(config.values(), "", now::put);
      session.terminal().say("# revision " + config.revision());
      now.forEach((key, value) -> {
        if (first || !before.containsKey(key)) {
          session.terminal().say((first ? "" : "+ ") + key + " = " + value(value));
        } else if (!java.util.Objects.equals(before.get(key), value)) {
          session
              .terminal()
              .say("~ " + key + " = " + value(before.get(key)) + " → " + value(value));
        }
      });
      before.forEach((key, value) -> {
        if (!now.containsKey(key)) {
          session.terminal().say("- " + key + " = " + value(value));
        }
      });
      before.clear();
      before.putAll(now);
    }
  }

  @Command(
      description = "Opens a layer in $EDITOR and writes it when the editor ends.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper config edit web --layer production")
  static final class Edit implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Option(
        names = "--layer",
        paramLabel = "LAYER",
        defaultValue = "global",
        description = LAYERS + " (default ${DEFAULT-VALUE}).")
    String layer = "global";

    @Option(
        names = "--as",
        paramLabel = "FORMAT",
        defaultValue = "toml",
        description = "toml, yaml or json (default ${DEFAULT-VALUE}).")
    String as = "toml";

    @Mixin final WriteOptions write = new WriteOptions();

    Edit(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      long revision = 0;
      String text = "";
      boolean known =
          session.client().configs().items().stream()
              .filter(c -> c.name().equals(name))
              .flatMap(c -> c.layers().stream())
              .anyMatch(l -> l.layer().equals(layer));
      if (known) {
        revision = session.client().configLayer(name, layer, false).revision().number();
        text = session.client().exportConfig(name, as, layer, ConfigQuery.DEFAULT, false);
      }
      String edited = edited(text);
      if (edited.equals(text)) {
        session.terminal().say("nothing was changed");
        return ExitStatus.OK;
      }
      long expected = write.expected == null ? revision : write.expected;
      ConfigWriteRequest request =
          new ConfigWriteRequest(
              null, edited, as, null, write.message, write.tags, expected, write.validateOnly);
      return told(
          session, session.client().putConfigLayer(name, layer, request), write.validateOnly);
    }

    private String edited(String text) throws InterruptedException {
      String editor = System.getenv().getOrDefault("EDITOR", "vi");
      try {
        Path file =
            Files.createTempFile(
                "semper-" + name + "-" + layer + "-",
                "." + as,
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
          Files.writeString(file, text);
          int exit =
              new ProcessBuilder("/bin/sh", "-c", editor + " \"$1\"", "sh", file.toString())
                  .inheritIO()
                  .start()
                  .waitFor();
          if (exit != 0) {
            throw new UsageException(editor + " ended with " + exit + "; nothing was written");
          }
          return Files.readString(file);
        } finally {
          Files.deleteIfExists(file);
        }
      } catch (IOException e) {
        throw new UsageException("cannot edit: " + RunFiles.reason(e));
      }
    }
  }

  @Command(
      description = "Keeps a revision for good, or with --off no more.",
      footerHeading = "%nExample:%n",
      footer = "  semper config pin web 12")
  static final class Pin implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Parameters(index = "1", paramLabel = "REVISION", description = "As listed by history.")
    long revision;

    @Option(names = "--off", description = "Let it go with the others.")
    boolean off;

    Pin(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      ConfigRevisionInfo pinned = session.client().pinConfigRevision(name, revision, !off);
      if (session.json()) {
        session.json(pinned);
      } else {
        session.terminal().say("revision " + revision + (off ? " is not pinned" : " is pinned"));
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Removes a layer, or a configuration with all its revisions.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {"  semper config delete web --layer overlay.beta", "  semper config delete old"})
  static final class Delete implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Configuration.")
    String name = "";

    @Option(names = "--layer", paramLabel = "LAYER", description = "Only this layer.")
    @Nullable String layer;

    @Option(
        names = {"-y", "--confirm"},
        description = "Do not ask.")
    boolean confirm;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      if (layer != null) {
        return told(session, session.client().deleteConfigLayer(name, layer), false);
      }
      Terminal terminal = session.terminal();
      boolean sure =
          confirm
              || !terminal.asks()
              || Question.yes(terminal, "Delete " + name + " with all its revisions?");
      if (!sure) {
        terminal.say("cancelled");
        return ExitStatus.OK;
      }
      session.client().deleteConfig(name);
      terminal.say("deleted " + name);
      return ExitStatus.OK;
    }
  }
}
