package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class OptionsTest {
  private static Options parse(String line) throws Options.WrongException {
    return Options.parse(line.isEmpty() ? List.of() : List.of(line.split(" ")));
  }

  @Test
  void takesAllOptionsAndLeavesTheProgramsOwnAlone() throws Options.WrongException {
    Options options =
        parse(
            "--flow-name=rpa1 --mode simple --container-id c1 --log-level DEBUG --export-report /r.json"
                + " --profile p.toml --metrics-port 0 --base /srv -- prog --flow-name x --");

    assertThat(options)
        .isEqualTo(
            new Options(
                "rpa1",
                false,
                "c1",
                "DEBUG",
                Path.of("/r.json"),
                Path.of("p.toml"),
                0,
                Path.of("/srv"),
                4));
  }

  @Test
  void theProgramMayFollowWithoutDashes() throws Options.WrongException {
    assertThat(parse("--flow-name a sh -c x").words()).isEqualTo(3);
    assertThat(parse("--flow-name a sh -c x").managed()).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'',--flow-name is missing",
    "--flow-name,--flow-name needs a value",
    "--flow-name a,no COMMAND",
    "--flow-name a --,no COMMAND",
    "--flow-name a --flow-name b x,twice",
    "--flow-name ../a x,--flow-name '../a'",
    "--flow-name a --mode fast x,--mode 'fast'",
    "--flow-name a --log-level info x,--log-level 'info'",
    "--flow-name a --metrics-port 99999 x,--metrics-port '99999'",
    "--flow-name a --wrong x,unknown option '--wrong'"
  })
  void whatIsWrongIsNamed(String line, String message) {
    assertThatThrownBy(() -> parse(line))
        .isInstanceOf(Options.WrongException.class)
        .hasMessageContaining(message);
  }
}
