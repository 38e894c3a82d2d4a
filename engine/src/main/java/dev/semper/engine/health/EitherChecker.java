package dev.semper.engine.health;

/// Does each check the cheapest way it can be done.
record EitherChecker(Checker sockets, Checker threads) implements Checker {
  @Override
  public void start(Check check) {
    of(check).start(check);
  }

  @Override
  public void cancel(Check check) {
    of(check).cancel(check);
  }

  private Checker of(Check check) {
    return SocketChecker.canDo(check) ? sockets : threads;
  }
}
