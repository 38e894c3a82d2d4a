package dev.semper.driver.process;

import java.io.File;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/// Reads `/proc`.
final class ProcTable {
  private static final int KTHREADD = 2;
  private static final long SETTLED_TICKS = 200;

  /// All processes at one moment, by PID.
  record Snapshot(long takenNanos, Map<Integer, Proc> byPid) {}

  /// Before the first pass.
  static final Snapshot NOTHING = new Snapshot(System.nanoTime() - Long.MAX_VALUE / 2, Map.of());

  private record Identity(int pid, long start) {}

  private final ReentrantLock lock = new ReentrantLock();
  private final byte[] buffer = new byte[4096];
  private final Map<Identity, String> markers = new HashMap<>();

  Snapshot now() {
    lock.lock();
    try {
      return scan();
    } finally {
      lock.unlock();
    }
  }

  private Snapshot scan() {
    long begun = System.nanoTime();
    String[] names = new File("/proc").list();
    Map<Integer, Proc> byPid = new HashMap<>();
    if (names != null) {
      for (String name : names) {
        if (name.charAt(0) >= '1' && name.charAt(0) <= '9') {
          Proc proc = read(name);
          if (proc != null && proc.parent() != KTHREADD) {
            byPid.put(proc.pid(), proc);
          }
        }
      }
    }
    markers.keySet().removeIf(id -> !lives(byPid.get(id.pid()), id.start()));
    return new Snapshot(begun, byPid);
  }

  private static boolean lives(@Nullable Proc proc, long start) {
    return proc != null && proc.start() == start;
  }

  private @Nullable Proc read(String pid) {
    try (FileInputStream in = new FileInputStream("/proc/" + pid + "/stat")) {
      int length = in.read(buffer);
      return length <= 0 ? null : Proc.parse(buffer, length);
    } catch (IOException e) {
      return null; // it has just ended
    }
  }

  /// One process now; null if it is gone.
  static @Nullable Proc one(int pid) {
    try {
      byte[] stat = Files.readAllBytes(Path.of("/proc/" + pid + "/stat"));
      return stat.length == 0 ? null : Proc.parse(stat, stat.length);
    } catch (IOException e) {
      return null;
    }
  }

  /// The incarnation a process says it belongs to, by its environment; empty if none.
  String marker(Proc proc) {
    lock.lock();
    try {
      Identity id = new Identity(proc.pid(), proc.start());
      String known = markers.get(id);
      if (known == null) {
        known = readMarker(proc.pid());
        // a young process may still be between fork and exec: what it lacks now may come
        if (!known.isEmpty() || uptimeTicks() - proc.start() > SETTLED_TICKS) {
          markers.put(id, known);
        }
      }
      return known;
    } finally {
      lock.unlock();
    }
  }

  private static String readMarker(int pid) {
    for (String entry : environment(pid)) {
      if (entry.startsWith(Environment.MARKER + "=")) {
        return entry.substring(Environment.MARKER.length() + 1);
      }
    }
    return "";
  }

  /// The environment a process was started with; empty if it is gone or another user's.
  static String[] environment(int pid) {
    try {
      byte[] bytes = Files.readAllBytes(Path.of("/proc/" + pid + "/environ"));
      return new String(bytes, StandardCharsets.UTF_8).split("\0");
    } catch (IOException e) {
      return new String[0];
    }
  }

  private static long uptimeTicks() {
    try {
      String text = Files.readString(Path.of("/proc/uptime"));
      return (long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * Machine.TICKS);
    } catch (IOException e) {
      return 0;
    }
  }
}
