package dev.semper.server;

import java.util.Collection;

/// Finds the name somebody may have meant.
final class Nearest {
  private Nearest() {}

  /// @return empty if none is near
  static String of(String name, Collection<String> known) {
    String nearest = "";
    int best = Math.max(2, name.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(name, candidate);
      if (distance < best || (distance == best && candidate.compareTo(nearest) < 0)) {
        best = distance;
        nearest = candidate;
      }
    }
    return nearest;
  }

  /// Levenshtein's distance.
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int change = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[b.length()];
  }
}
