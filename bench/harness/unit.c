// The program that every supervisor under test runs: at its first instruction it reads the monotonic clock, writes
// "NAME PID NANOSECONDS" into the pipe that the harness reads, and sleeps until it is killed.
//
//   unit PIPE NAME            stays in the foreground
//   unit PIPE NAME PIDFILE    goes to the background as daemons do, for supervisors that want a PID file
//   unit PIPE NAME - PORT     answers HTTP on that port of 127.0.0.1 instead of sleeping; with PIDFILE too
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int serve(int port) {
  static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int server = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  setsockopt(server, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(server, (struct sockaddr *)&address, sizeof address) < 0 || listen(server, 100) < 0) return 5;
  for (;;) {
    char request[4096];
    int client = accept(server, NULL, NULL);
    if (client < 0) continue;
    if (read(client, request, sizeof request) > 0 && write(client, answer, sizeof answer - 1) < 0) perror("write");
    close(client);
  }
}

int main(int argc, char **argv) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (argc < 3) return 2;
  if (argc > 3 && strcmp(argv[3], "-")) {
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
  if (argc > 4) return serve(atoi(argv[4]));
  for (;;) pause();
}
