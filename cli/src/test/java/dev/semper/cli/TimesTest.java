package dev.semper.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TimesTest {
  @ParameterizedTest
  @CsvSource({
    "PT0.25S,250ms",
    "PT59S,59s",
    "PT60S,1m",
    "PT3M4S,3m 4s",
    "PT2H,2h",
    "PT25H,1d 1h",
    "PT-5S,0s"
  })
  void namesTwoUnitsAtMost(Duration span, String words) {
    assertThat(Times.span(span)).isEqualTo(words);
  }

  @Test
  void countsBytesInPowersOf1024() {
    assertThat(StatusCommand.bytes(1023)).isEqualTo("1023B");
    assertThat(StatusCommand.bytes(1024)).isEqualTo("1.0KiB");
    assertThat(StatusCommand.bytes(3L << 30)).isEqualTo("3.0GiB");
  }
}
