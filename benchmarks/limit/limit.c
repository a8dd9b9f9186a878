/* The limit: how fast this machine can answer HTTP at all.
 *
 * One thread, one level-triggered epoll. It looks only for the end of each request head and at one letter of its path,
 * and sends an answer made at compile time: no parser, no router, no handler. A framework cannot be faster, so every
 * figure of the suite is shown as a ratio to this program.
 *
 * Rules: requests have no body; all requests that arrived together are answered by one send; while a client does not
 * read, its connection is not read either.
 *
 * Usage: limit PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 65536, READ_BYTES = 64 * 1024, SHORTEST_REQUEST = 18 /* "GET / HTTP/1.1" and two line ends */ };

#define ANSWER(type, length, body) \
  "HTTP/1.1 200 OK\r\nServer: limit\r\nContent-Type: " type "\r\nContent-Length: " length "\r\n\r\n" body

static const char TEXT[] = ANSWER("text/plain; charset=utf-8", "13", "Hello, World!");
static const char USER[] = ANSWER("application/json", "30", "{\"id\":7,\"name\":\"Ada Lovelace\"}");

/* Empty for nearly every connection: filled by half a request or by a client that reads slowly. */
typedef struct {
  char *unread, *unsent;
  size_t unread_size, unsent_size;
} Connection;

static Connection connections[MAX_CONNECTIONS];
static char input[2 * READ_BYTES];
static char output[1 << 20];
static int epoll;

static void watch(int operation, int fd, uint32_t events) {
  struct epoll_event event = {.events = events, .data.fd = fd};
  if (epoll_ctl(epoll, operation, fd, &event)) perror("limit: epoll_ctl");
}

static void drop(int fd) {
  free(connections[fd].unread);
  free(connections[fd].unsent);
  connections[fd] = (Connection){0};
  close(fd);
}

static int keep(char **place, size_t *size, const char *bytes, size_t count) {
  *place = malloc(count);
  if (!*place) return -1;
  memcpy(*place, bytes, count);
  *size = count;
  return 0;
}

/* Write one answer per complete request of input[0..size) to output. Returns bytes consumed, or -1 for a bad client. */
static ssize_t answer(size_t size, size_t *answered) {
  size_t position = 0, out = 0;
  for (;;) {
    char *end = memmem(input + position, size - position, "\r\n\r\n", 4);
    if (!end) break;
    size_t next = (size_t)(end - input) + 4;
    if (next - position < SHORTEST_REQUEST || out + sizeof TEXT + sizeof USER > sizeof output) return -1;
    int is_user = input[position + 5] == 'u'; /* "GET /u..." */
    const char *bytes = is_user ? USER : TEXT;
    size_t count = (is_user ? sizeof USER : sizeof TEXT) - 1;
    memcpy(output + out, bytes, count);
    out += count;
    position = next;
  }
  *answered = out;
  return (ssize_t)position;
}

static int send_output(int fd, size_t size) {
  ssize_t sent = send(fd, output, size, MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return -1;
  if (sent < 0) sent = 0;
  if ((size_t)sent == size) return 0;
  Connection *connection = &connections[fd];
  watch(EPOLL_CTL_MOD, fd, EPOLLOUT);
  return keep(&connection->unsent, &connection->unsent_size, output + sent, size - (size_t)sent);
}

static void on_readable(int fd) {
  Connection *connection = &connections[fd];
  size_t kept = connection->unread_size, answered = 0;
  ssize_t received = recv(fd, input + kept, READ_BYTES, 0);
  if (received < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (received <= 0) {
    drop(fd);
    return;
  }
  if (kept) memcpy(input, connection->unread, kept);
  free(connection->unread);
  connection->unread = NULL;
  connection->unread_size = 0;

  size_t size = kept + (size_t)received;
  ssize_t used = answer(size, &answered);
  size_t rest = used < 0 ? 0 : size - (size_t)used;
  int failed = used < 0 || rest > READ_BYTES;
  if (!failed && rest) failed = keep(&connection->unread, &connection->unread_size, input + used, rest);
  if (!failed && answered) failed = send_output(fd, answered);
  if (failed) drop(fd);
}

static void on_writable(int fd) {
  Connection *connection = &connections[fd];
  ssize_t sent = send(fd, connection->unsent, connection->unsent_size, MSG_NOSIGNAL);
  if (sent < 0) {
    if (errno != EAGAIN) drop(fd);
    return;
  }
  connection->unsent_size -= (size_t)sent;
  memmove(connection->unsent, connection->unsent + sent, connection->unsent_size);
  if (connection->unsent_size) return;
  free(connection->unsent);
  connection->unsent = NULL;
  watch(EPOLL_CTL_MOD, fd, EPOLLIN);
}

static void accept_all(int listener) {
  int fd, on = 1;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    if (fd >= MAX_CONNECTIONS) {
      close(fd);
      continue;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    watch(EPOLL_CTL_ADD, fd, EPOLLIN);
  }
}

static int listen_on(int port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) return -1;
  return listener;
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: limit PORT\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  int listener = listen_on(atoi(argv[1]));
  if (listener < 0) {
    fprintf(stderr, "limit: cannot listen on port %s: %s\n", argv[1], strerror(errno));
    return 1;
  }
  epoll = epoll_create1(0);
  watch(EPOLL_CTL_ADD, listener, EPOLLIN);
  struct epoll_event events[512];
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listener) accept_all(listener);
      else if (events[i].events & EPOLLOUT) on_writable(fd);
      else on_readable(fd);
    }
  }
}
