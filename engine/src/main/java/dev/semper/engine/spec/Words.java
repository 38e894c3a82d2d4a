package dev.semper.engine.spec;

import java.util.Collection;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Words of messages: names and values quoted so that no input can garble them, and the nearest
/// known word.
final class Words {
  private static final Pattern BARE = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final int LONGEST_SHOWN = 60;

  private Words() {}

  static String quoted(String value) {
    return '"' + cut(value) + '"';
  }

  /// Without control characters, and cut to a length that fits into a message.
  static String cut(String value) {
    return cut(value, LONGEST_SHOWN);
  }

  static String cut(String value, int max) {
    StringBuilder out = new StringBuilder();
    value
        .codePoints()
        .limit(max)
        .map(c -> Character.isISOControl(c) || !Character.isDefined(c) ? '?' : c)
        .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? '?' : c)
        .forEach(out::appendCodePoint);
    return value.codePointCount(0, value.length()) > max ? out + "…" : out.toString();
  }

  /// A path with one more key.
  static String join(String path, String key) {
    String step = BARE.matcher(key).matches() ? key : quoted(key);
    return path.isEmpty() ? step : path + "." + step;
  }

  /// What to write instead of an unknown word: the nearest known one, or all if none is near.
  static String instead(String unknown, Collection<String> known) {
    String nearest = nearest(unknown, known);
    return nearest != null
        ? "did you mean `" + nearest + "`?"
        : "known are " + String.join(", ", known);
  }

  static @Nullable String nearest(String unknown, Collection<String> known) {
    if (unknown.length() > LONGEST_SHOWN) {
      return null;
    }
    String best = null;
    int bestDistance = Math.max(1, unknown.length() / 3) + 1;
    for (String word : known) {
      if (unknown.length() > 2 && word.startsWith(unknown)) {
        return word;
      }
      int distance = distance(unknown, word);
      if (distance < bestDistance && distance < word.length()) {
        best = word;
        bestDistance = distance;
      }
    }
    return best;
  }

  /// Edits (insert, delete, replace, swap of neighbours) that lead from one word to the other: the
  /// optimal string alignment distance.
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      for (int j = 0; j <= b.length(); j++) {
        d[i][j] = i == 0 ? j : j == 0 ? i : step(d, a, b, i, j);
      }
    }
    return d[a.length()][b.length()];
  }

  private static int step(int[][] d, String a, String b, int i, int j) {
    boolean same = a.charAt(i - 1) == b.charAt(j - 1);
    int best = Math.min(d[i - 1][j - 1] + (same ? 0 : 1), Math.min(d[i - 1][j], d[i][j - 1]) + 1);
    boolean swapped =
        i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1);
    return swapped ? Math.min(best, d[i - 2][j - 2] + 1) : best;
  }
}
