package dev.semper.cli;

/// Where the command line begins.
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(run(Terminal.ofProcess(), args));
  }

  static int run(Terminal terminal, String... args) {
    Session session = new Session(new Globals(), terminal);
    Commands commands = new Commands(session);
    int status =
        args.length == 0 ? commands.line().execute("--help") : commands.line(args).execute(args);
    terminal.out().flush();
    terminal.err().flush();
    return status;
  }
}
