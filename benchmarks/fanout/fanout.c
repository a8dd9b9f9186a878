/* The load of WebSocket fan-out: one socket sends a 32-byte message, every socket has to get it, again and again.
 *
 * One thread, one epoll, all sockets in one room of the server. A round begins when the message is sent and ends when
 * the last socket has it whole; the next begins at once. What arrives is compared with what has to arrive, octet by octet.
 *
 * Usage: fanout PORT PATH SOCKETS MILLISECONDS
 * It opens the sockets, makes a few rounds that do not count, prints READY and waits for a line; then it works and
 * prints one line of JSON: what was delivered, in which time, and how long a round took.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_ROUNDS = 1 << 20, WARM_UP_ROUNDS = 3, GIVE_UP_MS = 5000, TEXT_FRAME = 0x81, MASKED = 0x80 };

static const char MESSAGE[] = "0123456789abcdef0123456789abcdef";
enum { MESSAGE_BYTES = sizeof MESSAGE - 1, FRAME_BYTES = 2 + MESSAGE_BYTES };

static unsigned char frame[FRAME_BYTES];          /* what every socket has to get */
static unsigned char sent[FRAME_BYTES + 4];       /* the same from a client: with a mask, here of zeros (RFC 6455 5.3) */
static int *sockets, *arrived;                    /* arrived: octets of the frame that a socket has, by place */
static int epoll;
static double durations[MAX_ROUNDS];

static void fail(const char *why) {
  fprintf(stderr, "fanout: %s\n", why);
  exit(1);
}

static double now_us(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* The server's answer may be followed by nothing: nobody has sent yet. */
static int open_socket(int port, const char *path) {
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char text[4096];
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  size_t size = 0;
  if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address)) fail("cannot connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  int count = snprintf(text, sizeof text,
                       "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
                       path, port);
  if (send(fd, text, (size_t)count, MSG_NOSIGNAL) != count) fail("cannot send a handshake");
  while (!memmem(text, size, "\r\n\r\n", 4)) {
    ssize_t received = recv(fd, text + size, sizeof text - size, 0);
    if (received <= 0) fail("the server closed during the handshake");
    size += (size_t)received;
  }
  if (size < 12 || memcmp(text, "HTTP/1.1 101", 12)) fail("the server refused a WebSocket");
  fcntl(fd, F_SETFL, O_NONBLOCK);
  return fd;
}

/* Returns 1 when the socket at `place` now has the whole frame, 0 when some of it is still to come. */
static int receive(int place) {
  unsigned char bytes[FRAME_BYTES + 1];
  int have = arrived[place];
  ssize_t received = recv(sockets[place], bytes, (size_t)(FRAME_BYTES - have) + 1, 0);
  if (received <= 0) fail("the server closed a WebSocket");
  if (have + received > FRAME_BYTES || memcmp(bytes, frame + have, (size_t)received)) fail("a wrong message arrived");
  arrived[place] = have + (int)received;
  return arrived[place] == FRAME_BYTES;
}

static double run_round(int count) {
  struct epoll_event events[512];
  double began = now_us();
  memset(arrived, 0, (size_t)count * sizeof *arrived);
  if (send(sockets[0], sent, sizeof sent, MSG_NOSIGNAL) != sizeof sent) fail("cannot send the message");
  for (int complete = 0; complete < count;) {
    int ready = epoll_wait(epoll, events, 512, GIVE_UP_MS);
    if (ready <= 0) fail("the message did not reach every socket");
    for (int i = 0; i < ready; i++) complete += receive((int)events[i].data.u32);
  }
  return now_us() - began;
}

static int compare(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: fanout PORT PATH SOCKETS MILLISECONDS\n", stderr);
    return 2;
  }
  int port = atoi(argv[1]), count = atoi(argv[3]), rounds = 0;
  double wanted_us = atof(argv[4]) * 1e3, began;
  frame[0] = sent[0] = TEXT_FRAME;
  frame[1] = MESSAGE_BYTES;
  sent[1] = MASKED | MESSAGE_BYTES;
  memcpy(frame + 2, MESSAGE, MESSAGE_BYTES);
  memcpy(sent + 6, MESSAGE, MESSAGE_BYTES);
  sockets = calloc((size_t)count, sizeof *sockets);
  arrived = calloc((size_t)count, sizeof *arrived);
  epoll = epoll_create1(0);
  if (count < 1 || !sockets || !arrived || epoll < 0) fail("not so many sockets");

  for (int place = 0; place < count; place++) {
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)place};
    sockets[place] = open_socket(port, argv[2]);
    epoll_ctl(epoll, EPOLL_CTL_ADD, sockets[place], &event);
  }
  usleep(100 * 1000); /* the last ones may still be entering the room */
  for (int i = 0; i < WARM_UP_ROUNDS; i++) run_round(count);
  puts("READY");
  fflush(stdout);
  if (getchar() == EOF) return 0;

  began = now_us();
  do durations[rounds++] = run_round(count);
  while (now_us() - began < wanted_us && rounds < MAX_ROUNDS);
  double took = now_us() - began;
  qsort(durations, (size_t)rounds, sizeof *durations, compare);
  printf("RESULT {\"requests\": %ld, \"duration_us\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f, \"errors\": 0}\n",
         (long)rounds * count, took, durations[rounds / 2], durations[rounds * 99 / 100]);
  return 0;
}
