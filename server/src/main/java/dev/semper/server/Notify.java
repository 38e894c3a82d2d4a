package dev.semper.server;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Tells systemd how the server is (sd_notify): a datagram to the Unix socket in `NOTIFY_SOCKET`.
/// The JDK has no Unix datagram sockets, hence the calls to the C library.
final class Notify {
  private static final Logger LOG = LoggerFactory.getLogger(Notify.class);
  private static final short AF_UNIX = 1;
  private static final int SOCK_DGRAM = 2;
  private static final int LONGEST_PATH = 107;

  private final byte[] address;
  private final long watchdogMicros;

  private Notify(byte[] address, long watchdogMicros) {
    this.address = address;
    this.watchdogMicros = watchdogMicros;
  }

  /// Empty if systemd has not asked.
  static Optional<Notify> of(Map<String, String> environment) {
    String socket = environment.getOrDefault("NOTIFY_SOCKET", "");
    byte[] path = socket.getBytes(StandardCharsets.UTF_8);
    if (path.length < 2 || path.length > LONGEST_PATH || "/@".indexOf(path[0]) < 0) {
      return Optional.empty();
    }
    if (path[0] == '@') {
      path[0] = 0;
    }
    long micros = 0;
    String mine = environment.getOrDefault("WATCHDOG_PID", "");
    if (mine.isEmpty() || mine.equals(String.valueOf(ProcessHandle.current().pid()))) {
      String asked = environment.getOrDefault("WATCHDOG_USEC", "0");
      micros = asked.matches("[0-9]{1,15}") ? Long.parseLong(asked) : 0;
    }
    return Optional.of(new Notify(path, micros));
  }

  /// How often systemd wants to hear `WATCHDOG=1`, in microseconds; 0 = never.
  long watchdogMicros() {
    return watchdogMicros;
  }

  /// @param state e.g. `READY=1`
  @SuppressWarnings("restricted")
  void send(String state) {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      MethodHandle socket =
          call(linker, "socket", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
      MethodHandle close = call(linker, "close", ValueLayout.JAVA_INT);
      MethodHandle sendto =
          linker.downcallHandle(
              linker.defaultLookup().findOrThrow("sendto"),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.JAVA_INT,
                  ValueLayout.ADDRESS,
                  ValueLayout.JAVA_INT));
      int fd = (int) socket.invokeExact((int) AF_UNIX, SOCK_DGRAM, 0);
      byte[] bytes = state.getBytes(StandardCharsets.UTF_8);
      MemorySegment message = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      long sent =
          (long)
              sendto.invokeExact(
                  fd, message, (long) bytes.length, 0, target(arena), 2 + address.length);
      int closed = (int) close.invokeExact(fd);
      if (sent != bytes.length || closed != 0) {
        LOG.warn("systemd was not told {}: sendto returned {}", state, sent);
      }
    } catch (Throwable e) {
      LOG.warn("systemd was not told {}", state, e);
    }
  }

  /// A `sockaddr_un`.
  private MemorySegment target(Arena arena) {
    MemorySegment target = arena.allocate(2 + LONGEST_PATH + 1L);
    target.set(ValueLayout.JAVA_SHORT_UNALIGNED, 0, AF_UNIX);
    MemorySegment.copy(address, 0, target, ValueLayout.JAVA_BYTE, 2, address.length);
    return target;
  }

  @SuppressWarnings("restricted")
  private static MethodHandle call(Linker linker, String name, ValueLayout... arguments) {
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(name),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
  }
}
