package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.TokenCreated;
import dev.semper.api.TokenInfo;
import dev.semper.api.TokenRequest;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Who may do what.
final class TokensCommand {
  private TokensCommand() {}

  @Command(
      description = "Lists the tokens you may manage, without their secrets (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper tokens list")
  static final class ListTokens implements Action {
    private final Session session;

    ListTokens(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<TokenInfo> tokens = session.client().tokens();
      if (session.json()) {
        session.json(tokens);
        return ExitStatus.OK;
      }
      Table table = Table.of("ID", "NAME", "ROLE", "TENANT", "CREATED", "BY");
      for (TokenInfo token : tokens.items()) {
        table.row(
            token.id(),
            token.name(),
            token.role(),
            token.tenant(),
            session.at(token.createdAt()),
            token.createdBy());
      }
      table.print(session.terminal());
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Makes a token and shows its secret this once (admin).",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper tokens create alice --role operator --for team-a")
  static final class Create implements Action {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Who acts with it.")
    String name = "";

    @Option(
        names = "--role",
        required = true,
        paramLabel = "ROLE",
        description = "viewer, operator or admin.")
    String role = "";

    @Option(
        names = "--for",
        paramLabel = "TENANT",
        description = "Tenant it is good for, '*' for all (default: --tenant, else default).")
    @Nullable String tenant;

    Create(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      String owner = tenant != null ? tenant : session.globals().tenant().orElse(null);
      TokenCreated made = session.client().createToken(new TokenRequest(name, role, owner));
      if (session.json()) {
        session.json(made);
        return ExitStatus.OK;
      }
      session.terminal().say(made.secret());
      session
          .terminal()
          .note(
              "token "
                  + made.token().id()
                  + " of "
                  + made.token().name()
                  + ", "
                  + made.token().role()
                  + " of tenant "
                  + made.token().tenant()
                  + ". The secret above is not shown again.");
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Revokes a token at once (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper tokens delete ID")
  static final class Delete implements Action {
    private final Session session;

    @Parameters(paramLabel = "ID", description = "Token, as listed.")
    String id = "";

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      session.client().deleteToken(id);
      if (!session.json()) {
        session.terminal().say("revoked " + id);
      }
      return ExitStatus.OK;
    }
  }
}
