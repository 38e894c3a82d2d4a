package dev.semper.driver.process;

/// Signals a process named by PID and start time: never another one that got its PID.
final class Safely {
  private Safely() {}

  /// @return 0, or the errno
  static int signal(int pid, long start, int signal) {
    int fd = Native.pidfdOpen(pid);
    if (fd < 0) {
      return -fd;
    }
    try {
      // the handle is fixed now: if the start time is right, it is the one meant
      Proc proc = ProcTable.one(pid);
      if (proc == null || proc.start() != start) {
        return Native.ESRCH;
      }
      return -Native.pidfdSignal(fd, signal);
    } finally {
      Native.close(fd);
    }
  }
}
