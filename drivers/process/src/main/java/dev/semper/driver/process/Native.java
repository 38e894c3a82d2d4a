package dev.semper.driver.process;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/// The few system calls the JDK has no method for. Linked at first use: a server without stops and
/// rotations never pays for it. All failures come back as a negative errno.
final class Native {
  static final int ESRCH = 3;
  static final int EPERM = 1;
  static final int ENOSYS = 38;
  private static final int O_PATH_CLOEXEC = 0x280000;
  private static final int O_WRONLY_CLOEXEC = 0x80001;
  private static final int COLLAPSE_RANGE = 0x08;
  private static final long PIDFD_SEND_SIGNAL = 424;
  private static final long PIDFD_OPEN = 434;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
  private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;
  private static final MethodHandle OPEN =
      link("open", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, INT), 2);
  private static final MethodHandle CLOSE = link("close", FunctionDescriptor.of(INT, INT), -1);
  private static final MethodHandle FALLOCATE =
      link("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG), -1);
  private static final MethodHandle SYSCALL =
      link("syscall", FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG), 1);

  private Native() {}

  @SuppressWarnings("restricted") // the whole purpose of this class
  private static MethodHandle link(String name, FunctionDescriptor type, int firstVariadic) {
    Linker.Option errno = Linker.Option.captureCallState("errno");
    MemorySegment symbol = LINKER.defaultLookup().findOrThrow(name);
    return firstVariadic < 0
        ? LINKER.downcallHandle(symbol, type, errno)
        : LINKER.downcallHandle(symbol, type, errno, Linker.Option.firstVariadicArg(firstVariadic));
  }

  /// A handle on a directory, good for paths under `/proc/self/fd`.
  static int openDirectory(Path directory) throws IOException {
    return open(directory, O_PATH_CLOEXEC);
  }

  private static int open(Path file, int flags) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int fd = (int) OPEN.invokeExact(state, arena.allocateFrom(file.toString()), flags);
      if (fd < 0) {
        throw new IOException("cannot open " + file + ": errno " + errno(state));
      }
      return fd;
    } catch (IOException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  static void close(int fd) {
    try (Arena arena = Arena.ofConfined()) {
      int _ = (int) CLOSE.invokeExact(arena.allocate(STATE), fd);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  /// Takes the first bytes out of a file atomically; writers in append mode go on undisturbed.
  ///
  /// @return 0, or the negative errno of a file system that cannot
  static int collapse(Path file, long bytes) throws IOException {
    int fd = open(file, O_WRONLY_CLOEXEC);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      int result = (int) FALLOCATE.invokeExact(state, fd, COLLAPSE_RANGE, 0L, bytes);
      return result < 0 ? -errno(state) : 0;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    } finally {
      close(fd);
    }
  }

  /// A handle on a process that can never mean another one.
  static int pidfdOpen(int pid) {
    return (int) syscall(PIDFD_OPEN, pid, 0, 0, 0);
  }

  static int pidfdSignal(int pidfd, int signal) {
    return (int) syscall(PIDFD_SEND_SIGNAL, pidfd, signal, 0, 0);
  }

  private static long syscall(long number, long a, long b, long c, long d) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long result = (long) SYSCALL.invokeExact(state, number, a, b, c, d);
      return result < 0 ? -errno(state) : result;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static int errno(MemorySegment state) {
    return (int) ERRNO.get(state, 0L);
  }
}
