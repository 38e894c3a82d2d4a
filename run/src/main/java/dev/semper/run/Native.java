package dev.semper.run;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Calls of the C library, all through one downcall of six machine words.
///
/// Linking a shape of function costs some 10 ms at start, so there is one shape for all: on the
/// Linux ABIs of x86-64 and AArch64 the first six integer or pointer arguments travel in registers
/// of 64 bits, and a function looks only at those it declares. An `int` answer is the lower half.
final class Native {
  static final int EINTR = 4;
  static final int ESRCH = 3;
  static final int ECHILD = 10;

  private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
  private static final StructLayout STATE = Linker.Option.captureStateLayout();
  private static final VarHandle ERRNO =
      STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));
  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle CALL = link();
  private static final Map<String, MemorySegment> FUNCTIONS = new ConcurrentHashMap<>();

  private Native() {}

  @SuppressWarnings("restricted") // the whole purpose of this class
  private static MethodHandle link() {
    return LINKER.downcallHandle(
        FunctionDescriptor.of(WORD, WORD, WORD, WORD, WORD, WORD, WORD),
        Linker.Option.captureCallState("errno"));
  }

  /// Whether this C library has the function.
  static boolean has(String function) {
    return LINKER.defaultLookup().find(function).isPresent();
  }

  /// The address of a variable of the C library.
  static Optional<MemorySegment> variable(String name) {
    return LINKER.defaultLookup().find(name);
  }

  /// Calls a function that answers an `int`: its answer, or `-errno` if that is -1.
  static int call(String function, long... words) {
    return (int) invoke(function, true, words);
  }

  /// Calls a function that answers a pointer or a `long`.
  static long word(String function, long... words) {
    return invoke(function, false, words);
  }

  private static long invoke(String function, boolean isInt, long... words) {
    MemorySegment symbol =
        FUNCTIONS.computeIfAbsent(function, name -> LINKER.defaultLookup().findOrThrow(name));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(STATE);
      long answer =
          (long)
              CALL.invokeExact(
                  symbol,
                  state,
                  at(words, 0),
                  at(words, 1),
                  at(words, 2),
                  at(words, 3),
                  at(words, 4),
                  at(words, 5));
      return isInt && (int) answer == -1 ? -(int) ERRNO.get(state, 0L) : answer;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError(e);
    }
  }

  private static long at(long[] words, int i) {
    return i < words.length ? words[i] : 0;
  }

  /// What `strerror` says.
  static String message(int errno) {
    long text = word("strerror", errno);
    return view(text, 256).getString(0);
  }

  @SuppressWarnings("restricted") // memory of the C library
  static MemorySegment view(long address, long bytes) {
    return MemorySegment.ofAddress(address).reinterpret(bytes);
  }
}
