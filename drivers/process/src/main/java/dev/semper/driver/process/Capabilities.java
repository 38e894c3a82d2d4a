package dev.semper.driver.process;

import dev.semper.spi.Capability;
import java.util.ArrayList;
import java.util.List;

/// Which promises hold on this machine.
final class Capabilities {
  private Capabilities() {}

  /// @param untracked why trees are not tracked by control groups; empty if they are
  static List<Capability> of(Cgroups cgroups, String untracked) {
    List<Capability> all = new ArrayList<>();
    all.add(
        new Capability(
            "exit-while-away", true, "the keeper knows exit codes while the server is away"));
    all.add(
        new Capability(
            "tree-kill",
            untracked.isEmpty(),
            "session, descendants, environment mark, "
                + (untracked.isEmpty()
                    ? "control group"
                    : "control group with resources; what forks away from others, makes a session of"
                        + " its own and overwrites its environment is not found: "
                        + untracked)));
    boolean root = "root".equals(System.getProperty("user.name"));
    all.add(
        new Capability(
            "other-users",
            root,
            root
                ? "programs can run as any user"
                : "the server does not run as root: programs run as "
                    + System.getProperty("user.name")));
    for (String controller : Cgroups.CONTROLLERS) {
      String missing = cgroups.missing(controller);
      all.add(
          new Capability(
              controller + "-limit",
              missing == null,
              missing == null ? cgroups.place(controller) : "not enforced: " + missing));
    }
    return all;
  }
}
