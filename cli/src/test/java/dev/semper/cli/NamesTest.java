package dev.semper.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NamesTest {
  @ParameterizedTest
  @CsvSource({"'',abc,3", "status,status,0", "stauts,status,1", "start,stop,3", "a,b,1"})
  void countsEdits(String a, String b, int edits) {
    assertThat(Names.distance(a, b)).isEqualTo(edits);
    assertThat(Names.distance(b, a)).isEqualTo(edits);
  }

  @Test
  void suggestsNothingFarAway() {
    assertThat(Names.nearest("deploy", List.of("status", "stop"))).isEmpty();
    assertThat(Names.nearest("stpo", List.of("status", "stop"))).contains("stop");
  }
}
