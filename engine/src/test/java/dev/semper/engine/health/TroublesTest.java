package dev.semper.engine.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class TroublesTest {
  static final List<IOException> OURS =
      List.of(
          new SocketException("Too many open files"),
          new SocketException("No buffer space available"),
          new ConnectException("Cannot assign requested address"),
          new SocketException("Cannot allocate memory"),
          new Troubles.NoPort());
  static final List<IOException> THEIRS =
      List.of(
          new ConnectException("Connection refused"),
          new SocketException("Connection reset"),
          new NoRouteToHostException("No route to host"),
          new UnknownHostException("no host is called web"),
          new Troubles.MetItself(),
          new IOException());

  @ParameterizedTest
  @FieldSource("OURS")
  void troubleOfTheProberSaysNothingOfTheInstance(IOException trouble) {
    assertThat(Troubles.judge("No connection", trouble)).isInstanceOf(Outcome.Erred.class);
  }

  @ParameterizedTest
  @FieldSource("THEIRS")
  void troubleOfTheInstanceIsAFailure(IOException trouble) {
    assertThat(Troubles.judge("No connection", trouble)).isInstanceOf(Outcome.Failed.class);
  }
}
