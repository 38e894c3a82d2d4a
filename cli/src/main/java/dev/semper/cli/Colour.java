package dev.semper.cli;

import java.util.Locale;

/// What a word means to the reader, as a colour of the terminal.
enum Colour {
  GOOD("32"),
  BUSY("33"),
  BAD("31"),
  QUIET("2"),
  STRONG("1"),
  PLAIN("0");

  private final String code;

  Colour(String code) {
    this.code = code;
  }

  String on(String text) {
    return this == PLAIN ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
  }

  /// The colour of a load: below 70 %, below 90 %, and above.
  static Colour ofPercent(double percent) {
    return percent < 70 ? GOOD : percent < 90 ? BUSY : BAD;
  }

  private static Colour ofPercent(String text) {
    try {
      return ofPercent(Double.parseDouble(text.substring(0, text.length() - 1)));
    } catch (NumberFormatException _) {
      return PLAIN;
    }
  }

  /// The colour of a state, phase, status or verdict; words it does not know stay plain.
  static Colour of(String word) {
    String plain = word.strip();
    if (plain.endsWith("%") && !plain.contains(" ")) {
      return ofPercent(plain);
    }
    return switch (plain.toLowerCase(Locale.ROOT)) {
      case "running",
          "ready",
          "healthy",
          "ok",
          "succeeded",
          "done",
          "granted",
          "yes",
          "pass",
          "passed" ->
          GOOD;
      case "starting",
          "stopping",
          "updating",
          "restarting",
          "installing",
          "configuring",
          "uninstalling",
          "launching",
          "queued",
          "waiting",
          "unwinding",
          "backoff",
          "degraded",
          "maintenance",
          "cancelled",
          "create",
          "scale",
          "reconfigure",
          "replace" ->
          BUSY;
      case "error",
          "failed",
          "rolled_back",
          "inconsistent",
          "unhealthy",
          "critical",
          "refused",
          "no",
          "fail",
          "delete" ->
          BAD;
      case "stopped",
          "inactive",
          "disabled",
          "ended",
          "unknown",
          "none",
          "pending",
          "skipped",
          "-" ->
          QUIET;
      default -> PLAIN;
    };
  }
}
