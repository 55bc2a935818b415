/* Users with keep-alive connections who ask at a steady rate, whatever becomes of their requests.

       users EDGE:PORT,EDGE:PORT BACKENDS RATE CONNECTIONS TIMEOUT_MS FILE

   Request number n is due n / RATE seconds after the begin, at the edges by turns and at /be_(n mod BACKENDS). Its
   latency counts from the instant at which it was due, so that one that has to wait for a free connection does not hide
   the wait. A right answer has status 200 and the body "COLOR be_N\n". Nothing is tried twice: an end of the connection
   before the whole answer is a failure, also of a connection that has served before. One that ended while no request was
   on it is opened again, as each HTTP client does.

   Each line of FILE: microseconds since 1970 at which the request was due, microseconds to its end, edge (from 0), what
   came: `blue`, `green`, or `!` and what went wrong. SIGTERM: no further requests; ends once all have ended. */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_EDGES = 8, LONGEST_ANSWER = 4096 };

struct connection {
    int fd, edge, backend; /* fd -1: closed */
    int busy, connecting, served;
    long long due, begun;
    size_t length;
    char answer[LONGEST_ANSWER + 1];
    struct connection *next_free;
};

static struct sockaddr_in edges[MOST_EDGES];
static int edge_count, backend_count, epoll, under_way;
static long long timeout_ns;
static struct connection *idle[MOST_EDGES];
static FILE *file;
static volatile sig_atomic_t ends;

static void end(int number) { (void)number, ends = 1; }

static long long now(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static long long since_1970; /* what to add to the monotonic clock */

static void release(struct connection *c) {
    c->busy = c->connecting = 0;
    c->next_free = idle[c->edge];
    idle[c->edge] = c;
}

static void shut(struct connection *c) {
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->served = 0;
}

/* The request has ended; `what` is what its line says. */
static void finish(struct connection *c, const char *what, int keeps) {
    fprintf(file, "%lld %lld %d %s\n", (c->due + since_1970) / 1000, (now(CLOCK_MONOTONIC) - c->due) / 1000, c->edge, what);
    under_way--;
    if (!keeps) shut(c);
    release(c);
}

static void fail(struct connection *c, const char *what) {
    char text[64];
    snprintf(text, sizeof text, "!%s%s", what, c->served ? "-of-a-used-connection" : "");
    finish(c, text, 0);
}

static void ask(struct connection *c) {
    char text[96];
    int length = snprintf(text, sizeof text, "GET /be_%d HTTP/1.1\r\nHost: users\r\n\r\n", c->backend);
    if (send(c->fd, text, length, MSG_NOSIGNAL) != length) fail(c, errno == EPIPE || errno == ECONNRESET ? "reset" : "send");
}

static void begin(struct connection *c, int backend, long long due) {
    c->busy = 1;
    c->backend = backend;
    c->due = due;
    c->begun = now(CLOCK_MONOTONIC);
    c->length = 0;
    under_way++;
    if (c->fd >= 0) {
        ask(c);
        return;
    }
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int one = 1;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.ptr = c};
    if (c->fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event) < 0) {
        fail(c, "socket");
        return;
    }
    c->connecting = 1;
    if (connect(c->fd, (struct sockaddr *)&edges[c->edge], sizeof edges[0]) < 0 && errno != EINPROGRESS) fail(c, "connect");
}

/* Judges what has come so far. */
static void judge(struct connection *c, int is_end) {
    c->answer[c->length] = 0;
    char *body = strstr(c->answer, "\r\n\r\n");
    char *header = body ? strcasestr(c->answer, "\r\ncontent-length:") : NULL;
    size_t whole = header && header < body ? (size_t)(body + 4 - c->answer) + strtoul(header + 17, NULL, 10) : 0;
    if (!body || !header || c->length < whole) {
        if (is_end) fail(c, c->length ? "cut-off" : "closed");
        else if (c->length == LONGEST_ANSWER) fail(c, "too-long");
        return;
    }
    char *close = strcasestr(c->answer, "\r\nconnection: close");
    int keeps = !is_end && c->length == whole && !(close && close < body);
    int status = strncmp(c->answer, "HTTP/1.1 ", 9) ? 0 : atoi(c->answer + 9);
    char text[64], blue[32], green[32];
    snprintf(blue, sizeof blue, "blue be_%d\n", c->backend);
    snprintf(green, sizeof green, "green be_%d\n", c->backend);
    if (status != 200) {
        snprintf(text, sizeof text, "!status-%d", status);
        finish(c, text, keeps);
    } else if (c->length != whole || (strcmp(body + 4, blue) && strcmp(body + 4, green))) {
        finish(c, "!wrong-body", 0);
    } else {
        c->served = keeps;
        finish(c, body[4] == 'b' ? "blue" : "green", keeps);
    }
}

static void take(struct connection *c, unsigned events) {
    if (c->fd < 0) return;
    if (c->connecting && events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) {
        int problem = 0;
        socklen_t size = sizeof problem;
        getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &problem, &size);
        if (problem) {
            fail(c, problem == ECONNREFUSED ? "refused" : "connect");
            return;
        }
        c->connecting = 0;
        ask(c);
        if (!c->busy) return;
    }
    if (!(events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))) return;
    for (;;) {
        if (!c->busy) { /* An idle connection ends: that is no request's failure. */
            char rest;
            ssize_t count = recv(c->fd, &rest, 1, 0);
            if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
            shut(c);
            return;
        }
        ssize_t count = recv(c->fd, c->answer + c->length, LONGEST_ANSWER - c->length, 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) return;
        if (count < 0) {
            fail(c, errno == ECONNRESET ? "reset" : "recv");
            return;
        }
        c->length += count;
        judge(c, count == 0);
        if (c->fd < 0) return;
    }
}

int main(int count, char **arguments) {
    if (count != 7) return fprintf(stderr, "see the head of users.c\n"), 2;
    for (char *edge = strtok(arguments[1], ","); edge && edge_count < MOST_EDGES; edge = strtok(NULL, ",")) {
        char *port = strchr(edge, ':');
        if (!port) return 2;
        *port++ = 0;
        edges[edge_count].sin_family = AF_INET;
        edges[edge_count].sin_port = htons(atoi(port));
        if (inet_pton(AF_INET, edge, &edges[edge_count++].sin_addr) != 1) return 2;
    }
    backend_count = atoi(arguments[2]);
    double rate = atof(arguments[3]);
    int connections = atoi(arguments[4]);
    timeout_ns = atoll(arguments[5]) * 1000000;
    file = fopen(arguments[6], "w");
    if (!file || edge_count < 1 || backend_count < 1 || rate <= 0 || connections < edge_count) return 2;
    static char buffer[1 << 16];
    setvbuf(file, buffer, _IOFBF, sizeof buffer);
    struct sigaction action = {.sa_handler = end};
    sigaction(SIGTERM, &action, NULL);
    epoll = epoll_create1(EPOLL_CLOEXEC);
    struct connection *all = calloc(connections, sizeof *all);
    for (int i = 0; i < connections; i++) {
        all[i].fd = -1;
        all[i].edge = i % edge_count;
        release(&all[i]);
    }
    since_1970 = now(CLOCK_REALTIME) - now(CLOCK_MONOTONIC);
    long long start = now(CLOCK_MONOTONIC), looked = start;
    long long number[MOST_EDGES] = {0}; /* the next request of each edge: its own, so that one edge never holds up another */
    while (!ends || under_way) {
        long long time = now(CLOCK_MONOTONIC), wait = 50000000;
        for (int edge = 0; edge < edge_count && !ends; edge++) {
            for (;;) {
                long long n = number[edge] * edge_count + edge;
                long long due = start + (long long)(n * 1e9 / rate);
                if (due > time) {
                    if (due - time < wait) wait = due - time;
                    break;
                }
                struct connection *c = idle[edge];
                if (!c) {
                    if (time - due > timeout_ns) { /* no connection was free for that long */
                        fprintf(file, "%lld %lld %d !no-connection\n", (due + since_1970) / 1000, (time - due) / 1000, edge);
                        number[edge]++;
                        continue;
                    }
                    break;
                }
                idle[edge] = c->next_free;
                number[edge]++;
                begin(c, (int)(number[edge] % backend_count), due);
            }
        }
        struct epoll_event events[256];
        struct timespec pause = {wait / 1000000000, wait % 1000000000};
        int ready = epoll_pwait2(epoll, events, 256, &pause, NULL);
        for (int i = 0; i < ready; i++) take(events[i].data.ptr, events[i].events);
        time = now(CLOCK_MONOTONIC);
        if (time - looked > 20000000) {
            looked = time;
            for (int i = 0; i < connections; i++)
                if (all[i].busy && time - all[i].begun > timeout_ns) fail(&all[i], "timeout");
        }
    }
    return fclose(file) ? 1 : 0;
}
