package dev.semper.cli;

import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine.Command;

@Command(
    description = "Shows which version this is and what it runs on.",
    footerHeading = "%nExample:%n",
    footer = "  semper version --format json")
final class VersionCommand implements Action {
  private final Session session;

  VersionCommand(Session session) {
    this.session = session;
  }

  static String own() {
    String version = VersionCommand.class.getPackage().getImplementationVersion();
    return version == null ? "unknown" : version;
  }

  @Override
  public ExitStatus run() {
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("version", own());
    facts.put("java", Runtime.version().toString());
    facts.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    facts.put("home", session.home().toString());
    if (session.json()) {
      session.json(facts);
    } else {
      session.terminal().say("semper " + own());
      session.terminal().say("java " + facts.get("java") + ", " + facts.get("os"));
      session.terminal().say("home " + facts.get("home"));
    }
    return ExitStatus.OK;
  }
}
