// What probes are pointed at: a web server that costs little, so that two cores are left to the prober. One thread, epoll, many ports.
//
//   target PORTS        listens on that many ports of 127.0.0.1 and prints them in one line
//
// GET /NUMBER answers 200 at once, unless told otherwise by a line on standard input:
//   hang N              each Nth of the numbers is never answered from now on; 0: all are
//   arm FROM TO         each of these numbers answers once more, and with 500 ever after
//   mend FROM TO        ... and with 200 again
//   calm 1, calm 0      all the names below answer as /ok does; they do as they are called
//   report              prints what came since the last report, as JSON: intervals between requests for the same number in microseconds
//   turned              prints what came of armed numbers, as JSON: [number, time of the last good answer, times of bad ones], nanoseconds of the
//                       clock on the wall
// GET /ok /hang /drip /reset /flood /redirect /mute: answers, never does, sends a byte every 100 ms, resets, sends 1 GB, points to itself, closes.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { NUMBERS = 1 << 17, FDS = 1 << 16, INTERVALS = 1 << 22, BAD_KEPT = 16, GIGABYTE = 1 << 30 };
enum kind { NOTHING, LISTENER, REQUESTS, HANGING, DRIPPING, FLOODING, COMMANDS, CLOCK };

static struct {
  enum kind kind;
  long left;
} at[FDS];

static struct {
  int64_t last, good, bad[BAD_KEPT];
  int bads;
  char armed, failing;
} number[NUMBERS];

static uint32_t intervals[INTERVALS];
static long seen, answered, hung;
static int poller, every, calm;
static char zeros[1 << 16];

static int64_t now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int fd, enum kind kind, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  at[fd].kind = kind;
  if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0) fail("epoll_ctl");
}

static void end(int fd) {
  at[fd].kind = NOTHING;
  close(fd);
}

// The end of an exchange: the connection stays if the client wants to ask again.
static void answer(int fd, const char *status, const char *header, int keep) {
  char text[300];
  int length = snprintf(text, sizeof text, "HTTP/1.1 %s\r\n%sContent-Length: 2\r\n%s\r\nok", status, header, keep ? "" : "Connection: close\r\n");
  if (write(fd, text, length) != length || !keep)
    end(fd);
  else if (at[fd].kind == NOTHING)
    watch(fd, REQUESTS, EPOLLIN);
}

static void become(int fd, enum kind kind, uint32_t events) {
  if (at[fd].kind == NOTHING) {
    watch(fd, kind, events);
  } else {
    struct epoll_event event = {.events = events, .data.fd = fd};
    at[fd].kind = kind;
    epoll_ctl(poller, EPOLL_CTL_MOD, fd, &event);
  }
}

static void numbered(int fd, long n, int keep) {
  int64_t time = now(CLOCK_MONOTONIC);
  if (every && n % every == every / 2) {
    hung++;
    number[n].last = 0;
    become(fd, HANGING, EPOLLIN);
    return;
  }
  if (number[n].last && seen < INTERVALS) intervals[seen++] = (time - number[n].last) / 1000;
  number[n].last = time;
  answered++;
  int failing = number[n].failing;
  answer(fd, failing ? "500 Bad" : "200 OK", "", keep);
  if (failing && number[n].bads < BAD_KEPT) number[n].bad[number[n].bads++] = now(CLOCK_REALTIME);
  if (!failing && number[n].armed) {
    number[n].good = now(CLOCK_REALTIME);
    number[n].armed = 0;
    number[n].failing = 1;
  }
}

static void flood(int fd) {
  while (at[fd].left > 0) {
    ssize_t sent = write(fd, zeros, sizeof zeros);
    if (sent < 0 && errno == EAGAIN) return;
    if (sent <= 0) break;
    at[fd].left -= sent;
  }
  end(fd);
}

static void request(int fd) {
  char text[4096];
  ssize_t length = read(fd, text, sizeof text - 1);
  if (length < 0 && errno == EAGAIN) {
    if (at[fd].kind == NOTHING) watch(fd, REQUESTS, EPOLLIN);
    return;
  }
  char *path = length > 0 ? memchr(text, '/', length) : NULL;
  if (!path) {
    end(fd);
    return;
  }
  text[length] = 0;
  path++;
  int keep = !memmem(text, length, "onnection: close", 16);
  if (*path >= '0' && *path <= '9') {
    numbered(fd, atol(path) % NUMBERS, keep);
  } else if (calm) {
    answer(fd, "200 OK", "", keep);
  } else if (!strncmp(path, "hang", 4)) {
    become(fd, HANGING, EPOLLIN);
  } else if (!strncmp(path, "drip", 4)) {
    become(fd, DRIPPING, EPOLLIN);
  } else if (!strncmp(path, "reset", 5)) {
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    end(fd);
  } else if (!strncmp(path, "flood", 5)) {
    dprintf(fd, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", GIGABYTE);
    at[fd].left = GIGABYTE;
    become(fd, FLOODING, EPOLLOUT);
  } else if (!strncmp(path, "redirect", 8)) {
    answer(fd, "302 Found", "Location: /redirect\r\n", 0);
  } else if (!strncmp(path, "mute", 4)) {
    end(fd);
  } else {
    answer(fd, "200 OK", "", keep);
  }
}

static void drip(void) {
  static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n";
  for (int fd = 0; fd < FDS; fd++)
    if (at[fd].kind == DRIPPING && write(fd, at[fd].left < (long)sizeof head - 1 ? &head[at[fd].left++] : "x", 1) < 0) end(fd);
}

static int compare(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static void report(void) {
  qsort(intervals, seen, sizeof *intervals, compare);
#define AT(share) (seen ? intervals[(long)((seen - 1) * (share))] : 0)
  printf("{\"answered\": %ld, \"hung\": %ld, \"p1\": %u, \"p50\": %u, \"p99\": %u, \"max\": %u}\n", answered, hung, AT(0.01), AT(0.5), AT(0.99), AT(1));
  seen = answered = hung = 0;
}

static void turned(void) {
  const char *comma = "";
  printf("[");
  for (int n = 0; n < NUMBERS; n++)
    if (number[n].good) {
      printf("%s[%d, %ld, [", comma, n, (long)number[n].good);
      for (int i = 0; i < number[n].bads; i++) printf("%s%ld", i ? ", " : "", (long)number[n].bad[i]);
      printf("]]");
      comma = ", ";
    }
  printf("]\n");
}

static void command(void) {
  char line[200];
  long from, to;
  if (!fgets(line, sizeof line, stdin)) exit(0);
  if (sscanf(line, "hang %ld", &from) == 1) {
    every = (int)from;
  } else if (sscanf(line, "calm %ld", &from) == 1) {
    calm = (int)from;
  } else if (sscanf(line, "arm %ld %ld", &from, &to) == 2) {
    for (long n = from; n < to && n < NUMBERS; n++) number[n].good = number[n].bads = 0, number[n].armed = 1;
  } else if (sscanf(line, "mend %ld %ld", &from, &to) == 2) {
    for (long n = from; n < to && n < NUMBERS; n++) number[n].good = number[n].bads = number[n].armed = number[n].failing = 0;
  } else if (!strncmp(line, "report", 6)) {
    report();
  } else if (!strncmp(line, "turned", 6)) {
    turned();
  }
  fflush(stdout);
}

static void listen_on(int ports) {
  for (int i = 0; i < ports; i++) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &on, sizeof on);  // accepted when the request is there: saves a turn
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, 65535) < 0) fail("listen");
    getsockname(fd, (struct sockaddr *)&address, &length);
    printf("%d ", ntohs(address.sin_port));
    watch(fd, LISTENER, EPOLLIN);
  }
  printf("\n");
  fflush(stdout);
}

int main(int argc, char **argv) {
  struct rlimit files = {FDS, FDS};
  if (setrlimit(RLIMIT_NOFILE, &files) < 0) {
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  signal(SIGPIPE, SIG_IGN);
  setvbuf(stdin, NULL, _IONBF, 0);
  poller = epoll_create1(0);
  listen_on(argc > 1 ? atoi(argv[1]) : 1);
  watch(0, COMMANDS, EPOLLIN);
  int clock = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  struct itimerspec tenth = {{0, 100000000}, {0, 100000000}};
  timerfd_settime(clock, 0, &tenth, NULL);
  watch(clock, CLOCK, EPOLLIN);
  for (;;) {
    struct epoll_event events[256];
    int n = epoll_wait(poller, events, 256, -1);
    for (int i = 0; i < n; i++) {
      int fd = events[i].data.fd;
      char dummy[4096];
      ssize_t got;
      uint64_t times;
      switch (at[fd].kind) {
        case LISTENER:
          for (int client; (client = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
            if (client >= FDS) {
              close(client);
              continue;
            }
            at[client].kind = NOTHING;
            at[client].left = 0;
            request(client);
          }
          break;
        case REQUESTS:
          request(fd);
          break;
        case HANGING:
        case DRIPPING:
          got = read(fd, dummy, sizeof dummy);
          if (got == 0 || (got < 0 && errno != EAGAIN)) end(fd);
          break;
        case FLOODING:
          flood(fd);
          break;
        case COMMANDS:
          command();
          break;
        case CLOCK:
          if (read(fd, &times, sizeof times) > 0) drip();
          break;
        case NOTHING:
          break;
      }
    }
  }
}
