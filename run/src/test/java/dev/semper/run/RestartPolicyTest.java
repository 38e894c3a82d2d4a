package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;

import dev.semper.run.RestartPolicy.Again;
import dev.semper.run.RestartPolicy.Kind;
import dev.semper.run.RestartPolicy.Never;
import dev.semper.run.RestartPolicy.Tally;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class RestartPolicyTest {
  private static final long MINUTE = 60_000_000_000L;

  private static RestartPolicy policy(Kind kind) {
    return new RestartPolicy(kind, 5, 10, true, 300, 60);
  }

  @ParameterizedTest
  @CsvSource({"0,10", "1,20", "2,40", "3,80", "4,160", "5,300", "9,300"})
  void theDelayDoublesFromTheBaseToTheMaximum(int n, double delay) {
    assertThat(policy(Kind.ALWAYS).delay(n)).isEqualTo(delay);
  }

  @Test
  void theDelayStaysWithoutBackoff() {
    assertThat(new RestartPolicy(Kind.ALWAYS, 5, 10, false, 300, 60).delay(4)).isEqualTo(10);
  }

  @ParameterizedTest
  @CsvSource({
    "NO,true,false",
    "NO,false,false",
    "ON_FAILURE,true,true",
    "ON_FAILURE,false,false",
    "ALWAYS,false,true",
    "ALWAYS,true,true",
    "UNLESS_STOPPED,false,true"
  })
  void thePolicySaysWhetherToRestart(Kind kind, boolean failed, boolean again) {
    assertThat(policy(kind).decide(failed, Tally.NONE, 0))
        .isInstanceOf(again ? Again.class : Never.class);
  }

  @Test
  void reachingTheLimitRefuses() {
    assertThat(policy(Kind.ALWAYS).decide(true, new Tally(4, MINUTE), 2 * MINUTE))
        .isEqualTo(new Again(160, new Tally(5, 2 * MINUTE + 160_000_000_000L)));
    assertThat(policy(Kind.ALWAYS).decide(true, new Tally(5, MINUTE), 2 * MINUTE))
        .isEqualTo(new Never("5 restarts within 60 minutes is the limit"));
  }

  @Test
  void theWindowResetsBeforeTheLimitIsTested() {
    assertThat(policy(Kind.ALWAYS).decide(true, new Tally(5, MINUTE), 62 * MINUTE))
        .isEqualTo(new Again(10, new Tally(1, 62 * MINUTE + 10_000_000_000L)));
  }
}
