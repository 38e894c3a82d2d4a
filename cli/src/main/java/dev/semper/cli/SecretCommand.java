package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.RekeyInfo;
import dev.semper.api.RekeyRequest;
import dev.semper.api.SecretAccess;
import dev.semper.api.SecretApprovalInfo;
import dev.semper.api.SecretGenerator;
import dev.semper.api.SecretInfo;
import dev.semper.api.SecretRevealRequest;
import dev.semper.api.SecretRotateRequest;
import dev.semper.api.SecretRotation;
import dev.semper.api.SecretUseInfo;
import dev.semper.api.SecretValue;
import dev.semper.api.SecretVersionInfo;
import dev.semper.api.SecretWriteRequest;
import java.io.Console;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Secrets. A value is never an argument: others see those in the list of processes, and shells
/// keep them.
final class SecretCommand {
  private static final int MAX_BYTES = 64 << 10;

  private SecretCommand() {}

  /// Where a value comes from.
  static final class ValueOptions {
    @Option(
        names = {"-f", "--from-file"},
        paramLabel = "FILE",
        description = "Read the value from FILE, all of it; - is standard input.")
    @Nullable String file;

    @Option(names = "--generate", description = "Have the server make the value.")
    boolean generate;

    @Option(
        names = "--keep-newline",
        description = "Keep a line end after the value; else one is taken off text.")
    boolean keepNewline;

    /// The value's bytes; asks for them at a terminal.
    byte[] read(Session session, String name) {
      if (file == null) {
        return session.terminal().asks() ? ask(name) : stripped(standardInput(session));
      }
      return stripped(file.equals("-") ? standardInput(session) : ofFile(file));
    }

    private static byte[] ofFile(String file) {
      try {
        return limited(Files.readAllBytes(Path.of(file)));
      } catch (IOException e) {
        throw new UsageException("cannot read " + file + ": " + RunFiles.reason(e));
      }
    }

    private static byte[] standardInput(Session session) {
      try {
        return limited(session.terminal().in().readNBytes(MAX_BYTES + 3));
      } catch (IOException e) {
        throw new UsageException("cannot read standard input: " + RunFiles.reason(e));
      }
    }

    private static byte[] limited(byte[] bytes) {
      if (bytes.length > MAX_BYTES + 2) {
        throw new UsageException("a value is at most 64 KiB");
      }
      return bytes;
    }

    private static byte[] ask(String name) {
      Console console =
          Optional.ofNullable(System.console())
              .filter(Console::isTerminal)
              .orElseThrow(() ->
                  new UsageException(
                      "there is no terminal to ask at: give the value by --from-file"));
      char[] once = console.readPassword("Value of %s: ", name);
      char[] twice = console.readPassword("Again: ");
      if (once == null || twice == null || !Arrays.equals(once, twice)) {
        throw new UsageException("that was not the same twice; nothing was changed");
      }
      return new String(once).getBytes(StandardCharsets.UTF_8);
    }

    private byte[] stripped(byte[] bytes) {
      int end = bytes.length;
      if (!keepNewline && text(bytes) != null && end > 0 && bytes[end - 1] == '\n') {
        end--;
        if (end > 0 && bytes[end - 1] == '\r') {
          end--;
        }
      }
      if (end == 0) {
        throw new UsageException("the value is empty; nothing was changed");
      }
      return Arrays.copyOf(bytes, end);
    }
  }

  /// Null if it is no text.
  private static @Nullable String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      return null;
    }
  }

  private static @Nullable String base64(byte @Nullable [] bytes) {
    return bytes == null || text(bytes) != null ? null : Base64.getEncoder().encodeToString(bytes);
  }

  private static void told(Session session, SecretInfo secret, String what) {
    if (session.json()) {
      session.json(secret);
    } else {
      session.terminal().say("%s: %s".formatted(secret.name(), what));
    }
  }

  @Command(
      description = "Lists secrets, without their values.",
      footerHeading = "%nExamples:%n",
      footer = {"  semper secret", "  semper secret set db-password"})
  static final class ListSecrets implements Action {
    private final Session session;

    ListSecrets(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<SecretInfo> secrets = session.client().secrets();
      if (session.json()) {
        session.json(secrets);
        return ExitStatus.OK;
      }
      if (secrets.items().isEmpty()) {
        session.terminal().say("no secrets");
        return ExitStatus.OK;
      }
      Table table =
          Table.of("NAME", "VERSION>", "CHANGED", "NEXT ROTATION", "EXPIRES", "DESCRIPTION");
      for (SecretInfo secret : secrets.items()) {
        table.row(
            secret.name(),
            Long.toString(secret.version()),
            session.at(secret.rotatedAt()),
            secret.rotating() != null
                ? "now: " + secret.rotating() + (secret.failures() > 0 ? ", failing" : "")
                : session.at(secret.nextRotationAt()),
            session.at(secret.expiresAt()),
            secret.description());
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = {
        "Makes a secret, gives it another value, or changes what is known of it.",
        "The value is asked for without showing it, or read from a file or from standard input; it is never an argument."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper secret set db-password",
        "  pwgen 32 1 | semper secret set db-password --from-file -",
        "  semper secret set session-key --generate --rotate-every 30d --overlap 1d",
        "  semper secret set db-password --only --workload web --workload worker"
      })
  static final class Set implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    @Mixin final ValueOptions value = new ValueOptions();

    @Option(names = "--only", description = "Change only what is known of it, not the value.")
    boolean only;

    @Option(
        names = {"-m", "--description"},
        paramLabel = "WORDS",
        description = "What it is for.")
    @Nullable String description;

    @Option(names = "--tag", paramLabel = "TAG", description = "A tag.")
    @Nullable List<String> tags;

    @Option(
        names = "--expires",
        paramLabel = "TIME",
        description =
            "When it is no longer good, e.g. 2027-01-31T12:00:00Z or 90d from now; never.")
    @Nullable String expires;

    @Option(
        names = "--notify-before",
        paramLabel = "TIME",
        description = "How long before its expiry a warning is given (1h).")
    @Nullable String notifyBefore;

    @Option(
        names = "--expect",
        paramLabel = "VERSION",
        description = "Only if it is at this version; 0 = only if there is none.")
    @Nullable Long expected;

    @Option(
        names = {"-e", "--env"},
        paramLabel = "ENVIRONMENT",
        description = "Deliver it in this environment only; may be given more than once.")
    @Nullable List<String> environments;

    @Option(
        names = {"-w", "--workload"},
        paramLabel = "NAME",
        description = "Deliver it to this workload only; may be given more than once.")
    @Nullable List<String> workloads;

    @Option(
        names = "--allow-tenant",
        paramLabel = "TENANT",
        description = "Another tenant that may refer to it; may be given more than once.")
    @Nullable List<String> tenants;

    @Option(
        names = "--require-approval",
        negatable = true,
        description = "Nobody sees the value without another administrator's consent.")
    @Nullable Boolean requireApproval;

    @Option(
        names = "--rotate-every",
        paramLabel = "TIME",
        description = "Rotate it by itself that often; off = not.")
    @Nullable String every;

    @Option(
        names = "--overlap",
        paramLabel = "TIME",
        description = "How long the version before stays good (1h).")
    @Nullable String overlap;

    @Option(names = "--length", paramLabel = "N", description = "Characters to generate (32).")
    @Nullable Integer length;

    @Option(
        names = "--alphabet",
        paramLabel = "CHARACTERS",
        description = "Characters to draw from (letters and digits).")
    @Nullable String alphabet;

    @Option(
        names = "--generator",
        paramLabel = "WORD",
        description = "Program, word by word, that makes values; once with an empty word = none.")
    @Nullable List<String> generator;

    @Option(
        names = "--hook",
        paramLabel = "WORD",
        description =
            "Program, word by word, run with apply and retire; once with an empty word = none.")
    @Nullable List<String> hook;

    Set(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      byte[] bytes = only || value.generate ? null : value.read(session, name);
      SecretInfo after =
          session
              .client()
              .putSecret(
                  name,
                  new SecretWriteRequest(
                      bytes == null ? null : text(bytes),
                      base64(bytes),
                      value.generate ? true : null,
                      description,
                      tags,
                      access(),
                      rotation(),
                      expiry(),
                      notifyBefore,
                      expected));
      told(session, after, only ? "changed" : "version " + after.version());
      return ExitStatus.OK;
    }

    private @Nullable SecretAccess access() {
      return environments == null && workloads == null && tenants == null && requireApproval == null
          ? null
          : new SecretAccess(environments, tenants, workloads, requireApproval);
    }

    private @Nullable SecretRotation rotation() {
      boolean makes = length != null || alphabet != null || generator != null;
      if (every == null && overlap == null && !makes && hook == null) {
        return null;
      }
      boolean off = "off".equals(every);
      return new SecretRotation(
          every == null ? null : !off,
          off ? null : every,
          overlap,
          makes ? new SecretGenerator(length, alphabet, words(generator)) : null,
          words(hook),
          null);
    }

    private static @Nullable List<String> words(@Nullable List<String> given) {
      return given == null || !given.equals(List.of("")) ? given : List.of();
    }

    private @Nullable String expiry() {
      return expires != null && expires.matches("[0-9]+[smhd]")
          ? Instant.now().plus(length(expires)).toString()
          : expires;
    }

    private static Duration length(String text) {
      long number = Long.parseLong(text.substring(0, text.length() - 1));
      return switch (text.charAt(text.length() - 1)) {
        case 's' -> Duration.ofSeconds(number);
        case 'm' -> Duration.ofMinutes(number);
        case 'h' -> Duration.ofHours(number);
        default -> Duration.ofDays(number);
      };
    }
  }

  @Command(
      description = "Shows a value (admin). Who, from where and why goes into the audit log first.",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper secret get db-password --reason 'looking at ticket 12'",
        "  semper secret get tls-key --out key.pem"
      })
  static final class Get implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    @Option(names = "--at", paramLabel = "VERSION", description = "Another version.")
    @Nullable Long version;

    @Option(
        names = {"-r", "--reason"},
        paramLabel = "WORDS",
        description = "What it is needed for.")
    @Nullable String reason;

    @Option(
        names = {"-o", "--out"},
        paramLabel = "FILE",
        description = "Write the value to a new FILE (0600) instead.")
    @Nullable Path out;

    Get(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      SecretValue value =
          session.client().revealSecret(name, new SecretRevealRequest(version, reason));
      if (out != null) {
        write(out, value);
      } else if (session.json()) {
        session.json(value);
      } else if (value.value() != null) {
        session.terminal().say(value.value());
      } else {
        session.terminal().say(String.valueOf(value.valueBase64()));
        session.terminal().note("the value is no text; this is its Base64");
      }
      return ExitStatus.OK;
    }

    private static void write(Path file, SecretValue value) {
      byte[] bytes =
          value.value() != null
              ? value.value().getBytes(StandardCharsets.UTF_8)
              : Base64.getDecoder().decode(String.valueOf(value.valueBase64()));
      try {
        Files.createFile(
            file,
            java.nio.file.attribute.PosixFilePermissions.asFileAttribute(
                java.nio.file.attribute.PosixFilePermissions.fromString("rw-------")));
        Files.write(file, bytes);
      } catch (IOException e) {
        throw new UsageException("cannot write " + file + ": " + RunFiles.reason(e));
      }
    }
  }

  @Command(
      description = "Shows what is known of a secret and who has which version, without its value.",
      footerHeading = "%nExample:%n",
      footer = "  semper secret show db-password")
  static final class Show implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    Show(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      show();
      return ExitStatus.OK;
    }

    private void show() {
      SecretInfo secret = session.client().secret(name);
      Listing<SecretUseInfo> uses = session.client().secretUses(name);
      if (session.json()) {
        session.json(secret);
        return;
      }
      Terminal terminal = session.terminal();
      terminal.say("%s  version %d  %s".formatted(name, secret.version(), secret.description()));
      terminal.say(
          "  changed %s by %s".formatted(session.at(secret.changedAt()), secret.changedBy()));
      if (secret.rotating() != null) {
        terminal.say("  rotation under way: " + secret.rotating());
      }
      if (secret.error() != null) {
        terminal.say(
            "  failing (%d): %s; next try %s"
                .formatted(secret.failures(), secret.error(), session.at(secret.nextAttemptAt())));
      }
      if (secret.nextRotationAt() != null) {
        terminal.say("  next rotation " + session.at(secret.nextRotationAt()));
      }
      if (secret.expiresAt() != null) {
        terminal.say("  expires " + session.at(secret.expiresAt()));
      }
      terminal.say("  seen %d times".formatted(secret.reads()));
      if (!uses.items().isEmpty()) {
        Table table = Table.of("INSTANCE", "VERSION>", "DELIVERED", "ADOPTED");
        for (SecretUseInfo use : uses.items()) {
          table.row(
              use.instance(),
              use.version() + (use.current() ? "" : " (old)"),
              session.at(use.deliveredAt()),
              use.adoptedAt() == null ? "not yet" : session.at(use.adoptedAt()));
        }
        table.print(terminal);
      }
    }
  }

  @Command(
      description = "Lists the versions of a secret, without their values.",
      footerHeading = "%nExample:%n",
      footer = "  semper secret history db-password")
  static final class History implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    History(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<SecretVersionInfo> versions = session.client().secretVersions(name);
      if (session.json()) {
        session.json(versions);
        return ExitStatus.OK;
      }
      Table table = Table.of("VERSION>", "STATE", "MADE", "BY", "GOOD UNTIL", "RETIRED");
      for (SecretVersionInfo version : versions.items()) {
        table.row(
            Long.toString(version.version()),
            version.state() + (version.overdue() ? " (overdue)" : ""),
            session.at(version.createdAt()),
            version.createdBy(),
            session.at(version.validUntil()),
            session.at(version.retiredAt()));
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = {
        "Gives a secret a new value and lets everybody who has the old one go over to it.",
        "Without a value the generator of the secret makes one."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper secret rotate session-key",
        "  semper secret rotate db-password --from-file new.txt",
        "  semper secret rotate db-password --abandon"
      })
  static final class Rotate implements Action {
    private static final Duration POLL = Duration.ofMillis(200);
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    @Option(
        names = {"-f", "--from-file"},
        paramLabel = "FILE",
        description = "The new value; - is standard input.")
    @Nullable String file;

    @Option(names = "--abandon", description = "Give up the rotation under way.")
    boolean abandon;

    @Option(names = "--no-wait", description = "Do not wait for the hook.")
    boolean noWait;

    Rotate(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      byte[] bytes = null;
      if (file != null) {
        ValueOptions value = new ValueOptions();
        value.file = file;
        bytes = value.read(session, name);
      }
      SecretInfo now =
          session
              .client()
              .rotateSecret(
                  name,
                  new SecretRotateRequest(
                      bytes == null ? null : text(bytes), base64(bytes), abandon ? true : null));
      while (!abandon && !noWait && now.rotating() != null && now.error() == null) {
        Thread.sleep(POLL);
        now = session.client().secret(name);
      }
      if (now.error() != null) {
        told(session, now, "%s failed: %s".formatted(now.rotating(), now.error()));
        return ExitStatus.FAILED;
      }
      told(
          session,
          now,
          abandon
              ? "given up, version %d stays".formatted(now.version())
              : now.rotating() != null ? "rotation under way" : "version " + now.version());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Gives up a previous version before its time.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper secret retire db-password 3 --force")
  static final class Retire implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    @Parameters(index = "1", paramLabel = "VERSION", description = "Its number.")
    long version;

    @Option(names = "--force", description = "Although an instance still needs it.")
    boolean force;

    Retire(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      SecretVersionInfo after = session.client().retireSecretVersion(name, version, force);
      if (session.json()) {
        session.json(after);
      } else {
        session.terminal().say("%s: version %d is retired".formatted(name, after.version()));
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Removes secrets with all their values.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper secret delete db-password")
  static final class Delete implements Action {
    private final Session session;

    @Parameters(arity = "1..*", paramLabel = "NAME", description = "Secrets.")
    List<String> names = List.of();

    @Option(names = "--force", description = "Although instances have it.")
    boolean force;

    @Option(
        names = {"-y", "--yes"},
        description = "Do not ask.")
    boolean yes;

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Terminal terminal = session.terminal();
      String all = String.join(", ", names);
      if (!yes
          && terminal.asks()
          && !Question.yes(terminal, "Delete " + all + " with all values?")) {
        terminal.note("nothing was changed");
        return ExitStatus.FAILED;
      }
      for (String name : names) {
        session.client().deleteSecret(name, force);
        if (!session.json()) {
          terminal.say("deleted " + name);
        }
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Asks another administrator for consent to see a secret once.",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper secret request db-password --reason 'ticket 12'")
  static final class Request implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "NAME", description = "Secret.")
    String name = "";

    @Option(
        names = {"-r", "--reason"},
        required = true,
        paramLabel = "WORDS",
        description = "What it is needed for.")
    String reason = "";

    Request(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      SecretApprovalInfo asked = session.client().requestSecretApproval(name, reason);
      if (session.json()) {
        session.json(asked);
      } else {
        session.terminal().say(asked.id());
        session
            .terminal()
            .note("have another administrator approve it: semper secret approve " + asked.id());
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Lists who has asked to see secrets, and what was said to it (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper secret approvals")
  static final class ListApprovals implements Action {
    private final Session session;

    @Parameters(index = "0", arity = "0..1", paramLabel = "NAME", description = "Secret.")
    @Nullable String name;

    ListApprovals(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<SecretApprovalInfo> approvals = session.client().secretApprovals(name);
      if (session.json()) {
        session.json(approvals);
        return ExitStatus.OK;
      }
      Table table = Table.of("ID", "SECRET", "WHO", "WHY", "STATE", "BY", "GOOD UNTIL");
      for (SecretApprovalInfo a : approvals.items()) {
        table.row(
            a.id(),
            a.secret(),
            a.requester(),
            a.reason(),
            a.state(),
            Objects.requireNonNullElse(a.decidedBy(), ""),
            session.at(a.validUntil()));
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Consents to another administrator's request, or refuses it (admin).",
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {"  semper secret approve ID", "  semper secret approve ID --deny"})
  static final class Approve implements Action {
    private final Session session;

    @Parameters(index = "0", paramLabel = "ID", description = "Request, as listed.")
    String id = "";

    @Option(names = "--deny", description = "Refuse it.")
    boolean deny;

    Approve(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      SecretApprovalInfo after = session.client().decideSecretApproval(id, !deny);
      if (session.json()) {
        session.json(after);
      } else {
        session
            .terminal()
            .say(
                deny
                    ? "denied"
                    : "%s may see %s once until %s"
                        .formatted(
                            after.requester(), after.secret(), session.at(after.validUntil())));
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = {
        "Changes keys while everything goes on (admin of all tenants): every value is sealed anew with new data keys.",
        "With --master the data keys are wrapped by a new master key too. It goes on by itself if the server dies."
      },
      sortOptions = false,
      footerHeading = "%nExamples:%n",
      footer = {
        "  semper secret rekey",
        "  semper secret rekey --master",
        "  semper secret rekey --status"
      })
  static final class RekeyKeys implements Action {
    private static final Duration POLL = Duration.ofMillis(300);
    private final Session session;

    @Option(names = "--master", description = "Another master key too.")
    boolean master;

    @Option(names = "--master-only", description = "Another master key, but the same data keys.")
    boolean masterOnly;

    @Option(names = "--no-wait", description = "Do not wait for the end.")
    boolean noWait;

    @Option(names = "--status", description = "Only show the last ones.")
    boolean status;

    RekeyKeys(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() throws InterruptedException {
      if (status) {
        return list();
      }
      RekeyInfo now = session.client().rekey(new RekeyRequest(master || masterOnly, !masterOnly));
      long told = -1;
      while (!noWait && now.goesOn()) {
        if (session.terminal().shows() && now.done() != told) {
          told = now.done();
          session.terminal().note("%s: %d of %d".formatted(now.stage(), told, now.total()));
        }
        Thread.sleep(POLL);
        String id = now.id();
        now =
            session.client().rekeys().items().stream()
                .filter(r -> r.id().equals(id))
                .findFirst()
                .orElse(now);
      }
      if (session.json()) {
        session.json(now);
      } else {
        session.terminal().say(words(now));
      }
      return now.state().equals("failed") ? ExitStatus.FAILED : ExitStatus.OK;
    }

    private static String words(RekeyInfo r) {
      return switch (r.state()) {
        case "succeeded" ->
            "keys are changed: %d keys and values, master key %s"
                .formatted(r.total(), r.masterKey());
        case "failed" -> "keys could not be changed: " + r.error();
        default -> "keys are being changed: %s, %d of %d".formatted(r.stage(), r.done(), r.total());
      };
    }

    private ExitStatus list() {
      Listing<RekeyInfo> rekeys = session.client().rekeys();
      if (session.json()) {
        session.json(rekeys);
        return ExitStatus.OK;
      }
      Table table = Table.of("STARTED", "BY", "STATE", "STAGE", "DONE>", "TOTAL>", "MASTER KEY");
      for (RekeyInfo r : rekeys.items()) {
        table.row(
            session.at(r.startedAt()),
            r.startedBy(),
            r.state(),
            r.stage(),
            Long.toString(r.done()),
            Long.toString(r.total()),
            r.masterKey());
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }
}
