// The program that every supervisor under test runs: at its first instruction it reads the monotonic clock, writes
// "NAME PID NANOSECONDS" into the pipe that the harness reads, and sleeps until it is killed.
//
//   unit PIPE NAME            stays in the foreground
//   unit PIPE NAME PIDFILE    goes to the background as daemons do, for supervisors that want a PID file
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc < 3) return 2;
  if (argc > 3) {
    if (fork() > 0) _exit(0);
    setsid();
    int file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || dprintf(file, "%d\n", getpid()) < 0) return 3;
    close(file);
  }
  char line[200];
  int length = snprintf(line, sizeof line, "%s %d %lld\n", argv[2], getpid(), now.tv_sec * 1000000000LL + now.tv_nsec);
  int pipe = open(argv[1], O_WRONLY | O_NONBLOCK);
  if (pipe < 0 || write(pipe, line, length) != length) return 4;
  close(pipe);
  for (;;) pause();
}
