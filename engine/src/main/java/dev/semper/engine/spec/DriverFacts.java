package dev.semper.engine.spec;

import dev.semper.spi.Driver;
import dev.semper.spi.SettingProblem;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/// What a reader has to know of a driver.
///
/// @param settingNames the keys of a workload that are the driver's
/// @param installs whether workloads of its kind can be installed anew
/// @param validate tells what is wrong with them; integers arrive as Long, decimals as Double
public record DriverFacts(
    List<String> settingNames,
    boolean installs,
    Function<Map<String, Object>, List<SettingProblem>> validate) {
  public DriverFacts {
    settingNames = List.copyOf(settingNames);
  }

  public static DriverFacts of(Driver driver) {
    return new DriverFacts(driver.settingNames(), driver.installs(), driver::validate);
  }
}
