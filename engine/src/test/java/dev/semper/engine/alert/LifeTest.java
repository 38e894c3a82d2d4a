package dev.semper.engine.alert;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

class LifeTest {
  /// Walks through looks a second apart and holds the state against what was seen.
  @Property
  void firesExactlyWhenItWasTrueForLongEnoughWithoutABreak(
      @ForAll @Size(max = 60) List<Boolean> looks, @ForAll @IntRange(max = 8) int wanted) {
    Alert.@Nullable Status status = null;
    int since = 0;
    int trueFor = -1;
    for (int second = 0; second < looks.size(); second++) {
      boolean active = looks.get(second);
      trueFor = active ? trueFor + 1 : -1;
      boolean fired = status == Alert.Status.FIRING;
      int held = status == null ? 0 : second - since;
      Life next = Life.next(status, active, Duration.ofSeconds(held), Duration.ofSeconds(wanted));
      switch (next) {
        case NOTHING -> {}
        case BEGIN -> {
          status = Alert.Status.PENDING;
          since = second;
        }
        case FIRE -> status = Alert.Status.FIRING;
        case DROP, RESOLVE -> status = null;
      }

      assertThat(status == Alert.Status.FIRING).isEqualTo(active && (fired || trueFor >= wanted));
      assertThat(status == null).isEqualTo(!active);
    }
  }
}
