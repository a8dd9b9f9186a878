/* The limit of fan-out: how fast this machine can hand one message to many WebSockets at all.
 *
 * One thread, one epoll. The handshake is answered with the accept value of the one key that our client sends, and a
 * frame of 32 octets goes to every socket as it is: one send each, nothing else.
 *
 * Usage: limit_fanout PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SOCKETS = 65536, MESSAGE_BYTES = 32, HEAD_BYTES = 2, MASK_BYTES = 4 };
enum { SENT_BYTES = HEAD_BYTES + MESSAGE_BYTES, RECEIVED_BYTES = SENT_BYTES + MASK_BYTES };

static const char ACCEPTED[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int room[MAX_SOCKETS], place_of[MAX_SOCKETS], members;

static void enter(int fd) {
  place_of[fd] = members;
  room[members++] = fd;
}

static void leave(int fd) {
  int place = place_of[fd];
  if (place >= 0) {
    room[place] = room[--members];
    place_of[room[place]] = place;
  }
  close(fd);
}

static void tell_all(const unsigned char *frame) {
  unsigned char out[SENT_BYTES] = {frame[0], MESSAGE_BYTES};
  const unsigned char *mask = frame + HEAD_BYTES, *masked = mask + MASK_BYTES;
  for (int i = 0; i < MESSAGE_BYTES; i++) out[HEAD_BYTES + i] = masked[i] ^ mask[i % MASK_BYTES];
  for (int i = 0; i < members; i++) {
    if (send(room[i], out, sizeof out, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) perror("limit_fanout: send");
  }
}

static void on_readable(int fd) {
  unsigned char input[4096];
  ssize_t received = recv(fd, input, sizeof input, 0);
  if (received <= 0) {
    leave(fd);
  } else if (input[0] == 'G') {
    if (send(fd, ACCEPTED, sizeof ACCEPTED - 1, MSG_NOSIGNAL) < 0) perror("limit_fanout: send");
    enter(fd);
  } else if (received == RECEIVED_BYTES) {
    tell_all(input);
  } else {
    leave(fd); /* a Close frame, or no client of ours */
  }
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fputs("usage: limit_fanout PORT\n", stderr);
    return 2;
  }
  signal(SIGPIPE, SIG_IGN);
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), on = 1, epoll = epoll_create1(0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
    perror("limit_fanout: cannot listen");
    return 1;
  }
  struct epoll_event events[512], event = {.events = EPOLLIN, .data.fd = listener};
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    int ready = epoll_wait(epoll, events, 512, -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd != listener) {
        on_readable(fd);
        continue;
      }
      while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (fd >= MAX_SOCKETS) {
          close(fd);
          continue;
        }
        place_of[fd] = -1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event = (struct epoll_event){.events = EPOLLIN, .data.fd = fd};
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
      }
    }
  }
}
