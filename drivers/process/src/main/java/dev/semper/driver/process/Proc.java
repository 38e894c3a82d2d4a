package dev.semper.driver.process;

/// One line of `/proc/PID/stat`. PID and start time together name a process for ever (in one boot).
///
/// @param start clock ticks since boot
/// @param ticks processor time of itself and of its reaped children
record Proc(
    int pid, int parent, int group, int session, char state, long start, long ticks, long pages) {

  boolean alive() {
    return state != 'Z' && state != 'X' && state != 'x';
  }

  /// Parses the file's text; the name in brackets may hold anything, so it starts from the last
  /// bracket.
  static Proc parse(byte[] stat, int length) {
    int at = length - 1;
    while (stat[at] != ')') {
      at--;
    }
    at += 2;
    char state = (char) stat[at];
    long[] fields = new long[22];
    int field = 0;
    at += 2;
    while (at < length && field < fields.length) {
      boolean negative = stat[at] == '-';
      long value = 0;
      for (at += negative ? 1 : 0; at < length && stat[at] >= '0' && stat[at] <= '9'; at++) {
        value = value * 10 + stat[at] - '0';
      }
      fields[field++] = negative ? -value : value;
      at++;
    }
    int pid = 0;
    for (int i = 0; stat[i] != ' '; i++) {
      pid = pid * 10 + stat[i] - '0';
    }
    // fields[0] is the fourth of proc(5), the parent
    long ticks = fields[10] + fields[11] + fields[12] + fields[13];
    return new Proc(
        pid,
        (int) fields[0],
        (int) fields[1],
        (int) fields[2],
        state,
        fields[18],
        ticks,
        fields[20]);
  }
}
