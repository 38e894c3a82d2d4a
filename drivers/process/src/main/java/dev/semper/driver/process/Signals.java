package dev.semper.driver.process;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/// Names and numbers of Linux signals (x86 and ARM agree).
final class Signals {
  static final int KILL = 9;
  static final int CONT = 18;
  static final int STOP = 19;
  private static final String[] NAMES = {
    "0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
    "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"
  };
  private static final Map<String, Integer> NUMBERS = numbers();

  private Signals() {}

  private static Map<String, Integer> numbers() {
    Map<String, Integer> numbers = new HashMap<>();
    for (int i = 1; i < NAMES.length; i++) {
      numbers.put(NAMES[i], i);
    }
    numbers.put("POLL", 29);
    numbers.put("IOT", 6);
    numbers.put("CLD", 17);
    return numbers;
  }

  static String name(int number) {
    return number < NAMES.length ? NAMES[number] : "RTMIN+" + (number - 34);
  }

  /// @param name with or without SIG, or a number
  static int number(String name) {
    String plain = name.strip().toUpperCase(Locale.ROOT);
    plain = plain.startsWith("SIG") ? plain.substring(3) : plain;
    Integer number = NUMBERS.get(plain);
    if (number != null) {
      return number;
    }
    if (plain.matches("[1-9][0-9]?") && Integer.parseInt(plain) <= 64) {
      return Integer.parseInt(plain);
    }
    throw new IllegalArgumentException(
        "there is no signal '" + name + "'; name one like TERM, INT, HUP, QUIT, USR1 or KILL");
  }
}
