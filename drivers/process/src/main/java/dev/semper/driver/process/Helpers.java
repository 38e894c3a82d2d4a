package dev.semper.driver.process;

/// Names of the commands run beside an instance: `INCARNATION!NUMBER`.
final class Helpers {
  private static final char MARK = '!';

  private Helpers() {}

  static boolean isHelper(String incarnation) {
    return incarnation.indexOf(MARK) >= 0;
  }

  static boolean isHelperOf(String name, String incarnation) {
    return name.length() > incarnation.length()
        && name.charAt(incarnation.length()) == MARK
        && name.startsWith(incarnation);
  }

  static String name(String incarnation, long number) {
    return incarnation + MARK + number;
  }
}
