package dev.semper.engine.spec;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Which alerts are meant. Each list names what is meant, with `*` for any characters; an empty one
/// means all.
public record AlertMatch(
    List<String> tenants,
    List<String> workloads,
    List<String> rules,
    List<AlertRule.Severity> severities) {
  public static final AlertMatch ALL = new AlertMatch(List.of(), List.of(), List.of(), List.of());

  static final Pattern GLOB = Pattern.compile("[A-Za-z0-9_.*-]{1,128}");

  public AlertMatch {
    tenants = List.copyOf(tenants);
    workloads = List.copyOf(workloads);
    rules = List.copyOf(rules);
    severities = List.copyOf(severities);
    for (List<String> globs : List.of(tenants, workloads, rules)) {
      globs.forEach(g -> Limits.require(GLOB.matcher(g).matches(), "no pattern: " + g));
    }
  }

  /// @param workload null for an alert of no workload, which only an empty list means
  public boolean matches(
      String tenant, @Nullable String workload, String rule, AlertRule.Severity severity) {
    return matches(tenant, workload)
        && any(rules, rule)
        && (severities.isEmpty() || severities.contains(severity));
  }

  public boolean matches(String tenant, @Nullable String workload) {
    return any(tenants, tenant)
        && (workload == null ? workloads.isEmpty() : any(workloads, workload));
  }

  private static boolean any(List<String> globs, String text) {
    return globs.isEmpty() || globs.stream().anyMatch(glob -> fits(glob, text));
  }

  /// Without backtracking: the parts between the stars are looked for one after the other.
  static boolean fits(String glob, String text) {
    String[] parts = glob.split("\\*", -1);
    if (parts.length == 1) {
      return glob.equals(text);
    }
    String last = parts[parts.length - 1];
    if (!text.startsWith(parts[0]) || text.length() < parts[0].length() + last.length()) {
      return false;
    }
    int at = parts[0].length();
    for (int i = 1; i < parts.length - 1; i++) {
      int found = text.indexOf(parts[i], at);
      if (found < 0) {
        return false;
      }
      at = found + parts[i].length();
    }
    return text.length() - last.length() >= at && text.endsWith(last);
  }
}
