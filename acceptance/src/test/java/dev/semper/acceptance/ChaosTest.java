package dev.semper.acceptance;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

class ChaosTest {
  private static final int SHORT = 15;

  @Test
  void nothingIsLostWhenTheServerIsKilledAtRandomMoments() {
    run(SHORT, Long.getLong("semper.chaos.seed", System.nanoTime()), 10);
  }

  /// `acceptance/chaos`
  @Tag("soak")
  @EnabledIfSystemProperty(named = "semper.chaos.kills", matches = ".+", disabledReason = "long")
  @Test
  void nothingIsLostInAThousandKills() {
    run(
        Integer.getInteger("semper.chaos.kills", 1000),
        Long.getLong("semper.chaos.seed", System.nanoTime()),
        Integer.getInteger("semper.chaos.minutes", 120));
  }

  private static void run(int kills, long seed, int minutes) {
    System.out.println("chaos: seed " + seed + "; the same again: -Dsemper.chaos.seed=" + seed);
    try (Chaos chaos = new Chaos(seed)) {
      String done = chaos.run(kills, Duration.ofMinutes(minutes));
      System.out.println("chaos: " + done);
      assertThat(done).contains("kills");
    }
  }
}
