package dev.semper.engine.health;

import dev.semper.engine.spec.HealthSpec;
import dev.semper.engine.spec.HealthSpec.Check;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// How many of 100 points the measures leave, and what took the others. What was not measured takes
/// none.
///
/// @param points 0–100
/// @param reasons one sentence per deduction
record Score(int points, List<String> reasons) {
  private static final int CUSTOM_ERRED = 15;
  private static final int CUSTOM_FAILED = 10;

  Score {
    reasons = List.copyOf(reasons);
  }

  /// @param custom last results of the probes that count as checks of their own
  static Score of(HealthSpec spec, Measures measures, List<ProbeReport> custom) {
    Deductions deductions = new Deductions();
    if (spec.checks(Check.CPU_USAGE) && measures.cpuPercent() != null) {
      deductions.level(
          measures.cpuPercent(), spec.cpuCritical(), 30, spec.cpuWarning(), 15, "CPU", " %");
    }
    if (spec.checks(Check.MEMORY_USAGE) && measures.memoryMb() != null) {
      memory(spec, measures.memoryMb(), deductions);
    }
    if (spec.checks(Check.ERROR_RATE) && measures.errorPercent() != null) {
      deductions.level(
          measures.errorPercent(),
          spec.errorRateCritical(),
          40,
          spec.errorRateWarning(),
          20,
          "error rate",
          " %");
    }
    if (spec.checks(Check.RESPONSE_TIME) && measures.responseMillis() != null) {
      deductions.level(
          measures.responseMillis(),
          (double) spec.responseTimeCritical().toMillis(),
          20,
          (double) spec.responseTimeWarning().toMillis(),
          10,
          "response time",
          " ms");
    }
    custom.forEach(deductions::custom);
    return new Score(Math.max(0, 100 - deductions.sum), deductions.reasons);
  }

  private static void memory(HealthSpec spec, double used, Deductions deductions) {
    double limit = spec.memoryLimitMb();
    double warning = spec.memoryWarningMb();
    if (limit > 0 && used > limit) {
      deductions.take(25, "memory " + number(used) + " MB over its limit " + number(limit) + " MB");
    } else if (warning > 0 && used > warning) {
      deductions.take(
          10, "memory " + number(used) + " MB over its warning " + number(warning) + " MB");
    }
  }

  /// At most one decimal, and none for what is whole.
  static String number(double value) {
    return value == Math.rint(value)
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  private static final class Deductions {
    private final List<String> reasons = new ArrayList<>();
    private int sum;

    void take(int points, String reason) {
      sum += points;
      reasons.add(reason + ": −" + points);
    }

    void level(
        double value,
        double critical,
        int heavy,
        double warning,
        int light,
        String what,
        String unit) {
      String is = what + " " + number(value) + unit + " over ";
      if (value > critical) {
        take(heavy, is + "critical " + number(critical) + unit);
      } else if (value > warning) {
        take(light, is + "warning " + number(warning) + unit);
      }
    }

    void custom(ProbeReport check) {
      ProbeResult result = check.result();
      String name = "check " + result.probe() + " of " + check.instance();
      switch (result.kind()) {
        case ERROR -> take(CUSTOM_ERRED, name + " could not be done (" + result.message() + ")");
        case FAILED -> take(CUSTOM_FAILED, name + " fails (" + result.message() + ")");
        case PASSED, WITHHELD -> {
          // costs nothing
        }
      }
    }
  }
}
