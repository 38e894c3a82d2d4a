package dev.semper.cli;

import java.util.Collection;
import java.util.Comparator;
import java.util.Optional;

/// Finds the word somebody probably meant.
final class Names {
  private Names() {}

  /// The nearest of the candidates, if one is near enough to be meant.
  static Optional<String> nearest(String word, Collection<String> candidates) {
    int limit = Math.max(1, Math.min(3, word.length() / 3 + 1));
    return candidates.stream()
        .min(Comparator.comparingInt(candidate -> distance(word, candidate)))
        .filter(candidate -> distance(word, candidate) <= limit);
  }

  /// Insertions, deletions, replacements and swaps of neighbours (Damerau, optimal string
  /// alignment).
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        d[i][j] = Math.min(i, j) == 0 ? Math.max(i, j) : step(d, a, b, i, j);
      }
    }
    return d[a.length()][b.length()];
  }

  private static int step(int[][] d, String a, String b, int i, int j) {
    int replaced = d[i - 1][j - 1] + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
    int best = Math.min(replaced, Math.min(d[i - 1][j], d[i][j - 1]) + 1);
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(best, d[i - 2][j - 2] + 1) : best;
  }
}
