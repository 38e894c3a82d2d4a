package dev.semper.engine.alert;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The names and texts of alerts.
final class Words {
  private static final Pattern PLACEHOLDER = Pattern.compile("\\{([a-z_]+(?:\\.[A-Za-z0-9_]+)?)}");
  private static final int LONGEST = 2_000;

  private Words() {}

  /// @param own further ones
  static Map<String, String> labels(Subject what, Map<String, String> own) {
    Map<String, String> labels = new TreeMap<>(own);
    labels.put("alertname", what.rule());
    labels.put("severity", what.severity().name().toLowerCase(Locale.ROOT));
    labels.put("tenant", what.tenant());
    if (what.workload() != null) {
      labels.put("workload", what.workload());
    }
    return labels;
  }

  /// Of the labels; the same for the same rule about the same thing.
  static String fingerprint(Map<String, String> labels) {
    StringBuilder text = new StringBuilder();
    new TreeMap<>(labels).forEach((k, v) -> text.append(k).append('\0').append(v).append('\0'));
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      byte[] hash = sha.digest(text.toString().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, 8);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Fills in `{workload}`, `{value}`, `{labels.NAME}`, `{data.NAME}` (of an event); others stay.
  static String fill(
      String template, Map<String, String> labels, String value, Map<String, ?> data) {
    Matcher m = PLACEHOLDER.matcher(template);
    StringBuilder out = new StringBuilder();
    while (m.find()) {
      String name = m.group(1);
      Object filled =
          switch (name) {
            case "value" -> value;
            case "rule" -> labels.get("alertname");
            case "workload", "tenant", "severity" -> labels.getOrDefault(name, "");
            default ->
                name.startsWith("labels.")
                    ? labels.get(name.substring(7))
                    : name.startsWith("data.") ? data.get(name.substring(5)) : null;
          };
      String text = filled == null ? m.group() : String.valueOf(filled);
      m.appendReplacement(out, Matcher.quoteReplacement(text));
    }
    m.appendTail(out);
    return out.length() > LONGEST ? out.substring(0, LONGEST) + "…" : out.toString();
  }

  /// With two decimals at most.
  static String number(@Nullable Double value) {
    if (value == null || !Double.isFinite(value)) {
      return value == null ? "" : value.toString();
    }
    return BigDecimal.valueOf(value)
        .setScale(2, RoundingMode.HALF_UP)
        .stripTrailingZeros()
        .toPlainString();
  }
}
