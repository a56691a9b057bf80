/*
 * A server on epoll with one thread: what readiness can do without a runtime.
 *
 *	gcc -O2 -Wall -Wextra -o epoll epoll.c
 *	epoll -proto echo|sink|source -buf N -lifetime 1m30s
 *
 * Connections are edge-triggered and registered once, so that an exchange is
 * one read and one write besides its share of an epoll_wait. A read that does
 * not fill the buffer has emptied the socket, and is not repeated.
 */
#define _GNU_SOURCE
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include "common.h"

enum {
	EVENTS = 1024,
	MIN_BUF = 64 << 10, /* bytes of the one read buffer, at least; an echo's is as asked for */
	TURN = 16,          /* reads or writes of a connection in a row */
};

struct conn {
	int fd;
	unsigned char *rest;  /* what the socket did not take, or NULL */
	size_t begin, end;    /* of rest */
	size_t offset;        /* of a source, where in the pattern it is */
	int hung_up;          /* the peer has said that it sends no more */
	int queued;           /* on the list of those that are not finished */
	struct conn *next;
};

static struct {
	struct options opt;
	int epoll;
	int listener, timer; /* their addresses are what epoll reports */
	int in;
	size_t buf_size;
	unsigned char *buf;
	unsigned char *pattern;
	struct conn *unfinished;
	uint64_t received;
	struct commands commands;
} s;

static void watch(int fd, uint32_t events, void *what)
{
	struct epoll_event e = {.events = events, .data.ptr = what};

	if (epoll_ctl(s.epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		die(errno, "epoll_ctl");
}

/* Whether a call that failed is to be tried again when the socket is ready. */
static int try_later(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK;
}

/* Sends; returns how many bytes were taken, and -1 if there is no use. */
static ssize_t send_some(struct conn *c, const void *p, size_t n)
{
	ssize_t sent;

	do
		sent = send(c->fd, p, n, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0 && try_later())
		return 0;
	return sent;
}

enum outcome { WAIT, GO_ON, CLOSE };

/* Sends what is left of earlier bytes. */
static enum outcome send_rest(struct conn *c)
{
	ssize_t n = send_some(c, c->rest + c->begin, c->end - c->begin);

	if (n < 0)
		return CLOSE;
	c->begin += n;
	if (c->begin < c->end)
		return WAIT;
	free(c->rest);
	c->rest = NULL;
	return GO_ON;
}

/* Sends n bytes back, and keeps those that the socket does not take. */
static enum outcome send_back(struct conn *c, size_t n)
{
	ssize_t sent = send_some(c, s.buf, n);

	if (sent < 0)
		return CLOSE;
	if ((size_t)sent == n)
		return GO_ON;
	c->begin = 0;
	c->end = n - sent;
	c->rest = malloc(c->end);
	if (!c->rest)
		return CLOSE;
	memcpy(c->rest, s.buf + sent, c->end);
	return WAIT;
}

/* Reads once and does what is to be done with it. */
static enum outcome take(struct conn *c)
{
	ssize_t n;

	do
		n = recv(c->fd, s.buf, s.buf_size, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return try_later() ? WAIT : CLOSE;
	if (n == 0)
		return CLOSE;
	s.received += n;
	if (s.opt.proto == ECHO_PROTO) {
		enum outcome o = send_back(c, n);

		if (o != GO_ON)
			return o;
	}
	/* There is no other event for an end that came before this read. */
	return (size_t)n < s.buf_size && !c->hung_up ? WAIT : GO_ON;
}

static enum outcome send_pattern(struct conn *c)
{
	ssize_t n = send_some(c, s.pattern + c->offset, s.opt.buf);

	if (n < 0)
		return CLOSE;
	c->offset = (c->offset + n) % PERIOD;
	/* A write that was cut short will be followed by an event. */
	return (size_t)n < s.opt.buf ? WAIT : GO_ON;
}

static void close_conn(struct conn *c)
{
	close(c->fd);
	free(c->rest);
	free(c);
}

/* Serves a connection until it has to wait or it is others' turn. */
static void serve(struct conn *c)
{
	enum outcome o = GO_ON;

	for (int i = 0; i < TURN && o == GO_ON; i++) {
		if (c->rest)
			o = send_rest(c);
		else if (s.pattern)
			o = send_pattern(c);
		else
			o = take(c);
	}
	if (o == CLOSE) {
		close_conn(c);
	} else if (o == GO_ON) {
		c->queued = 1;
		c->next = s.unfinished;
		s.unfinished = c;
	}
}

/* Serves those whose turn had ended before they had to wait. */
static void serve_unfinished(void)
{
	struct conn *c = s.unfinished;

	s.unfinished = NULL;
	while (c) {
		struct conn *next = c->next;

		c->queued = 0;
		serve(c);
		c = next;
	}
}

static void accept_all(void)
{
	for (;;) {
		struct conn *c;
		int fd = accept4(s.listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			if (!try_later())
				fprintf(stderr, "accept4: %s\n", strerror(errno));
			return;
		}
		c = calloc(1, sizeof *c);
		if (!c)
			die(ENOMEM, "connection");
		c->fd = fd;
		watch(fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, c);
	}
}

static void read_stdin(void)
{
	char in[256];
	ssize_t n = read(STDIN_FILENO, in, sizeof in);

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0)
		exit(0);
	answer(&s.commands, in, n, s.received);
}

static void handle(struct epoll_event *e)
{
	struct conn *c = e->data.ptr;

	if (e->data.ptr == &s.listener) {
		accept_all();
	} else if (e->data.ptr == &s.in) {
		read_stdin();
	} else if (e->data.ptr == &s.timer) {
		die(0, "still running after %g s: stopped", s.opt.lifetime);
	} else {
		if (e->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
			c->hung_up = 1;
		if (!c->queued)
			serve(c);
	}
}

static void start_timer(void)
{
	struct itimerspec when = {.it_value.tv_sec = s.opt.lifetime};

	when.it_value.tv_nsec = (s.opt.lifetime - when.it_value.tv_sec) * 1e9;
	s.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (s.timer < 0 || timerfd_settime(s.timer, 0, &when, NULL) < 0)
		die(errno, "timerfd");
	watch(s.timer, EPOLLIN, &s.timer);
}

int main(int argc, char **argv)
{
	static struct epoll_event events[EVENTS];
	uint16_t port;

	s.opt = parse_options(argc, argv);
	s.buf_size = s.opt.proto == ECHO_PROTO || s.opt.buf > MIN_BUF ? s.opt.buf : MIN_BUF;
	s.buf = malloc(s.buf_size);
	if (!s.buf)
		die(ENOMEM, "buffer");
	if (s.opt.proto == SOURCE_PROTO)
		s.pattern = new_pattern(s.opt.buf);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s.epoll < 0)
		die(errno, "epoll_create1");
	s.listener = listen_loopback(SOCK_NONBLOCK, &port);
	watch(s.listener, EPOLLIN, &s.listener);
	watch(STDIN_FILENO, EPOLLIN, &s.in);
	start_timer();
	hello(port, 0, "C with epoll, one thread, edge-triggered");
	for (;;) {
		int n = epoll_wait(s.epoll, events, EVENTS, s.unfinished ? 0 : -1);

		if (n < 0 && errno != EINTR)
			die(errno, "epoll_wait");
		for (int i = 0; i < n; i++)
			handle(&events[i]);
		serve_unfinished();
	}
}
