package dev.semper.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The signals that are taken and passed on, and how they are read.
///
/// They are blocked in every thread of the JVM and read from one descriptor (`signalfd`), so no
/// handler is needed and none is lost. A thread inherits its mask, hence it must be set before the
/// JVM has any: the launcher does it by `env --block-signal`. Where it did not, [#requireBlocked]
/// sets it and starts this very program again in the same process. `-Xrs` keeps the JVM from
/// unblocking HUP, INT, TERM and QUIT for itself.
///
/// Not passed on: KILL and STOP (nobody can), the signals of faults (the JVM's own), RTMIN+16 and
/// above (the JVM wakes its threads with RTMAX-2 and [#RESERVED]).
final class Signals {
  static final int HUP = 1;
  static final int INT = 2;
  static final int KILL = 9;
  static final int TERM = 15;
  static final int CHLD = 17;
  static final int CONT = 18;

  /// What the JVM suspends threads with, instead of USR2: `_JAVA_SR_SIGNUM`, set by the launcher.
  static final int RESERVED = 64;

  private static final int RTMIN = 34;
  private static final Map<Integer, String> NAMES =
      Map.ofEntries(
          Map.entry(1, "HUP"),
          Map.entry(2, "INT"),
          Map.entry(3, "QUIT"),
          Map.entry(6, "ABRT"),
          Map.entry(9, "KILL"),
          Map.entry(10, "USR1"),
          Map.entry(11, "SEGV"),
          Map.entry(12, "USR2"),
          Map.entry(13, "PIPE"),
          Map.entry(14, "ALRM"),
          Map.entry(15, "TERM"),
          Map.entry(17, "CHLD"),
          Map.entry(18, "CONT"),
          Map.entry(20, "TSTP"),
          Map.entry(21, "TTIN"),
          Map.entry(22, "TTOU"),
          Map.entry(23, "URG"),
          Map.entry(24, "XCPU"),
          Map.entry(26, "VTALRM"),
          Map.entry(27, "PROF"),
          Map.entry(28, "WINCH"),
          Map.entry(29, "POLL"),
          Map.entry(30, "PWR"));
  private static final List<Integer> TAKEN =
      List.of(1, 2, 3, 10, 12, 14, 15, 17, 18, 20, 21, 22, 23, 24, 26, 27, 28, 29, 30);
  private static final int SET_BYTES = 128; // sigset_t
  private static final int INFO_BYTES = 128; // struct signalfd_siginfo
  private static final long SIG_BLOCK = 0;
  private static final long CLOEXEC = 0x80000;

  private Signals() {}

  /// `TERM`, `RTMIN+3`, or the number.
  static String name(int signal) {
    String known = NAMES.get(signal);
    if (known != null) {
      return known;
    }
    return signal >= RTMIN && signal < RTMIN + 16 ? "RTMIN+" + (signal - RTMIN) : "" + signal;
  }

  /// The number of a name like `TERM` or `SIGTERM`; 0 if it is none.
  static int number(String name) {
    String bare = name.toUpperCase(Locale.ROOT);
    String plain = bare.startsWith("SIG") ? bare.substring(3) : bare;
    for (Map.Entry<Integer, String> entry : NAMES.entrySet()) {
      if (entry.getValue().equals(plain)) {
        return entry.getKey();
      }
    }
    return 0;
  }

  private static long mask() {
    long mask = 0;
    for (int signal : TAKEN) {
      mask |= 1L << (signal - 1);
    }
    for (int signal = RTMIN; signal < RTMIN + 16; signal++) {
      mask |= 1L << (signal - 1);
    }
    return mask;
  }

  private static MemorySegment set(Arena arena) {
    MemorySegment set = arena.allocate(SET_BYTES, 8);
    set.set(ValueLayout.JAVA_LONG, 0, mask());
    return set;
  }

  /// Returns once all signals taken are blocked in every thread; see the class.
  ///
  /// @throws IOException if the JVM unblocks them, which `-Xrs` prevents
  static void requireBlocked() throws IOException {
    if ((blocked() & mask()) == mask()) {
      return;
    }
    if (System.getenv("SEMPER_RUN_AGAIN") != null) {
      throw new IOException(
          "the JVM keeps signals for itself: start it with -Xrs and with _JAVA_SR_SIGNUM="
              + RESERVED
              + " in its environment");
    }
    try (Arena arena = Arena.ofConfined()) {
      setenv(arena, "SEMPER_RUN_AGAIN", "1");
      String own = System.getenv("_JAVA_SR_SIGNUM");
      if (own != null && System.getenv("SEMPER_RUN_LAUNCHED") == null) {
        setenv(arena, "SEMPER_RUN_KEPT__JAVA_SR_SIGNUM", own);
      }
      setenv(arena, "_JAVA_SR_SIGNUM", "" + RESERVED);
      Native.call("pthread_sigmask", SIG_BLOCK, set(arena).address(), 0);
      List<byte[]> words = Words.ofThisProcess();
      int failed =
          Native.call(
              "execv",
              arena.allocateFrom("/proc/self/exe").address(),
              Words.vector(arena, words).address());
      throw new IOException("cannot start again: " + Native.message(-failed));
    }
  }

  private static void setenv(Arena arena, String name, String value) {
    Native.call(
        "setenv", arena.allocateFrom(name).address(), arena.allocateFrom(value).address(), 1);
  }

  /// The mask of this thread.
  private static long blocked() throws IOException {
    for (String line :
        Files.readAllLines(Path.of("/proc/thread-self/status"), StandardCharsets.ISO_8859_1)) {
      if (line.startsWith("SigBlk:")) {
        return Long.parseUnsignedLong(line.substring(7).strip(), 16);
      }
    }
    throw new IOException("no SigBlk in /proc/thread-self/status");
  }

  /// A descriptor to [#read] from.
  static int open() throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      int fd = Native.call("signalfd", -1, set(arena).address(), CLOEXEC);
      if (fd < 0) {
        throw new IOException("signalfd: " + Native.message(-fd));
      }
      return fd;
    }
  }

  /// Waits for signals; several may come at once.
  static List<Integer> read(int fd) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(16 * INFO_BYTES, 8);
      int bytes;
      do {
        bytes = Native.call("read", fd, buffer.address(), buffer.byteSize());
      } while (bytes == -Native.EINTR);
      if (bytes < INFO_BYTES) {
        throw new IOException("reading signals: " + Native.message(-bytes));
      }
      List<Integer> signals = new ArrayList<>();
      for (long at = 0; at < bytes; at += INFO_BYTES) {
        signals.add(buffer.get(ValueLayout.JAVA_INT, at));
      }
      return signals;
    }
  }
}
