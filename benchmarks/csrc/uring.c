/*
 * A server on io_uring with one thread: what the machine can do, for others to
 * be measured against.
 *
 *	gcc -O2 -Wall -Wextra -o uring uring.c -luring
 *	uring -proto echo|sink|source -buf N -lifetime 1m30s
 *
 * Accepting and receiving are multishot, sockets are direct descriptors, and
 * received bytes are sent from the very buffers that the kernel put them in. In
 * a round all completions are handled, and then all that follows from them is
 * submitted and the next completions are waited for, in one system call.
 *
 * A send is first tried without waiting, so that it has completed when it has
 * been submitted, and it only posts a completion if it did not send everything.
 * Completions of all sends would end the wait for something to do at once, and
 * a second system call would be needed to go on waiting.
 */
#define _GNU_SOURCE
#include "uring.h"

static void accept_connections(void)
{
	struct io_uring_sqe *sqe = new_sqe();

	io_uring_prep_multishot_accept_direct(sqe, s.listener, NULL, NULL, 0);
	tag(sqe, OP_ACCEPT, NONE);
}

static void read_stdin(void)
{
	struct io_uring_sqe *sqe = new_sqe();

	io_uring_prep_read(sqe, STDIN_FILENO, s.in, sizeof s.in, -1);
	tag(sqe, OP_STDIN, NONE);
}

static void receive(int i)
{
	struct io_uring_sqe *sqe = new_sqe();

	io_uring_prep_recv_multishot(sqe, i, NULL, 0, 0);
	sqe->flags |= IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT;
	sqe->buf_group = GROUP;
	tag(sqe, OP_RECV, i);
	s.conns[i].receiving = 1;
}

/* Sees to it that the connection is looked at when this round's completions
 * have been handled. */
static void mark(int i)
{
	struct conn *c = &s.conns[i];

	if (c->dirty)
		return;
	c->dirty = 1;
	c->next_dirty = s.dirty;
	s.dirty = i;
}

static void starve(int i)
{
	struct conn *c = &s.conns[i];

	c->starved = 1;
	c->next_starved = NONE;
	if (s.starved == NONE)
		s.starved = i;
	else
		s.conns[s.last_starved].next_starved = i;
	s.last_starved = i;
}

/* Points the connection's send at what it has received. Returns whether that is
 * all that there is. */
static int gather(struct conn *c)
{
	size_t skip = c->sent;
	int n = 0, b;

	c->asked = 0;
	for (b = c->head; b != NONE && n < MAX_IOV; b = s.buffer[b].next, n++) {
		c->iov[n].iov_base = buffer_memory(b) + skip;
		c->iov[n].iov_len = s.buffer[b].len - skip;
		c->asked += c->iov[n].iov_len;
		skip = 0;
	}
	c->msg.msg_iov = c->iov;
	c->msg.msg_iovlen = n;
	return b == NONE;
}

static void send_some(int i)
{
	struct conn *c = &s.conns[i];
	struct io_uring_sqe *sqe = new_sqe();
	int flags = MSG_NOSIGNAL | MSG_WAITALL;
	int all = 1;

	if (s.pattern) {
		c->asked = s.opt.buf;
		c->iov[0].iov_base = s.pattern + c->sent;
		c->msg.msg_iovlen = 1;
	} else {
		all = gather(c);
		c->instant = !c->patient;
	}
	if (c->instant)
		flags |= MSG_DONTWAIT;
	if (c->msg.msg_iovlen == 1)
		io_uring_prep_send(sqe, i, c->iov[0].iov_base, c->asked, flags);
	else
		io_uring_prep_sendmsg(sqe, i, &c->msg, flags);
	sqe->flags |= IOSQE_FIXED_FILE;
	if (c->instant) {
		/* With MSG_WAITALL, to send less than everything is no success. */
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		c->next_instant = s.instant;
		s.instant = i;
		s.go_on |= !all || c->eof;
	} else {
		c->waiting = 1;
		s.waiting += c->queued;
	}
	tag(sqe, OP_SEND, i);
	c->sending = 1;
}

static int pop_buffer(struct conn *c)
{
	int b = c->head;

	c->head = s.buffer[b].next;
	c->queued--;
	c->sent = 0;
	return b;
}

static void fail(int i)
{
	struct conn *c = &s.conns[i];

	c->failed = 1;
	if (c->receiving) {
		struct io_uring_sqe *sqe = new_sqe();

		io_uring_prep_cancel64(sqe, (uint64_t)OP_RECV << 32 | (uint32_t)i, 0);
		sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
		tag(sqe, OP_CANCEL, i);
	}
}

static void opened(int i)
{
	struct conn *c = &s.conns[i];

	memset(c, 0, offsetof(struct conn, iov));
	c->head = NONE;
	if (s.pattern)
		mark(i);
	else
		receive(i);
}

static void closed(int i)
{
	struct conn *c = &s.conns[i];
	struct io_uring_sqe *sqe = new_sqe();

	while (c->head != NONE)
		give_buffer(pop_buffer(c));
	io_uring_prep_close_direct(sqe, i);
	sqe->flags |= IOSQE_CQE_SKIP_SUCCESS;
	tag(sqe, OP_CLOSE, i);
}

static void on_accept(struct io_uring_cqe *cqe)
{
	if (cqe->res >= 0)
		opened(cqe->res);
	else if (cqe->res != -ECONNABORTED && cqe->res != -EINTR && cqe->res != -EAGAIN)
		fprintf(stderr, "accept: %s\n", strerror(-cqe->res));
	if (!(cqe->flags & IORING_CQE_F_MORE))
		accept_connections();
}

static void on_recv(int i, struct io_uring_cqe *cqe)
{
	struct conn *c = &s.conns[i];

	if (cqe->flags & IORING_CQE_F_BUFFER) {
		int b = cqe->flags >> IORING_CQE_BUFFER_SHIFT;

		s.free_bufs--;
		if (cqe->res <= 0 || c->failed || s.opt.proto == SINK_PROTO) {
			give_buffer(b);
		} else {
			s.buffer[b] = (struct buffer){NONE, cqe->res};
			if (c->head == NONE)
				c->head = b;
			else
				s.buffer[c->tail].next = b;
			c->tail = b;
			c->queued++;
			s.waiting += c->waiting;
			mark(i);
		}
	}
	if (cqe->res > 0)
		s.received += cqe->res;
	if (cqe->flags & IORING_CQE_F_MORE)
		return;
	c->receiving = 0;
	if (cqe->res == -ENOBUFS) {
		starve(i);
	} else if (cqe->res > 0 && !c->failed) {
		receive(i);
	} else {
		c->eof = 1;
		c->failed |= cqe->res < 0;
		mark(i);
	}
}

static void on_send(int i, int res)
{
	struct conn *c = &s.conns[i];

	if (c->waiting)
		s.waiting -= c->queued;
	c->sending = c->instant = c->waiting = 0;
	mark(i);
	if (res == -EAGAIN || res == -EINTR) {
		c->patient = 1;
		return;
	}
	if (res <= 0) {
		fail(i);
		return;
	}
	c->patient = (size_t)res < c->asked;
	if (s.pattern) {
		c->sent = (c->sent + res) % PERIOD;
		return;
	}
	c->sent += res;
	while (c->head != NONE && c->sent >= s.buffer[c->head].len) {
		size_t rest = c->sent - s.buffer[c->head].len;

		give_buffer(pop_buffer(c));
		c->sent = rest;
	}
}

static void on_stdin(int res)
{
	if (res <= 0)
		exit(0);
	answer(&s.commands, s.in, res, s.received);
	read_stdin();
}

static void handle(struct io_uring_cqe *cqe)
{
	int i = (int)(uint32_t)cqe->user_data;

	switch ((enum op)(cqe->user_data >> 32)) {
	case OP_RECV:
		on_recv(i, cqe);
		break;
	case OP_SEND:
		on_send(i, cqe->res);
		break;
	case OP_ACCEPT:
		on_accept(cqe);
		break;
	case OP_STDIN:
		on_stdin(cqe->res);
		break;
	case OP_LIFETIME:
		die(0, "still running after %g s: stopped", s.opt.lifetime);
	case OP_CLOSE:
		die(-cqe->res, "close of connection %d", i);
	case OP_CANCEL: /* there was nothing left to cancel */
		break;
	}
}

/* Sends for, or closes, the connections that something has happened to. */
static void look_at_dirty(void)
{
	int i;

	while ((i = s.dirty) != NONE) {
		struct conn *c = &s.conns[i];

		s.dirty = c->next_dirty;
		c->dirty = 0;
		if (c->sending)
			continue;
		if (!c->failed && (c->head != NONE || s.pattern))
			send_some(i);
		else if (!c->receiving && !c->starved && (c->failed || c->eof))
			closed(i);
	}
}

/* Lets those receive again that found no buffer, as many as there are buffers. */
static void feed_starved(void)
{
	int n;

	if (s.starved == NONE)
		return;
	if (s.nbufs < MAX_BUFS && s.waiting > s.nbufs / 2)
		give_more_buffers(2 * s.nbufs);
	for (n = s.free_bufs; n > 0 && s.starved != NONE; n--) {
		int i = s.starved;
		struct conn *c = &s.conns[i];

		s.starved = c->next_starved;
		c->starved = 0;
		if (c->failed)
			mark(i);
		else
			receive(i);
	}
}

/* The instant sends that have not failed by now have sent everything. */
static void complete_instant(void)
{
	while (s.instant != NONE) {
		int i = s.instant;
		struct conn *c = &s.conns[i];

		s.instant = c->next_instant;
		if (c->instant)
			on_send(i, c->asked);
	}
}

static void play_round(void)
{
	unsigned head, n = 0;
	struct io_uring_cqe *cqe;
	int ret, submitted;

	if (s.go_on || (s.starved != NONE && s.instant != NONE))
		ret = io_uring_submit_and_get_events(&s.ring);
	else
		ret = io_uring_submit_and_wait(&s.ring, 1);
	if (ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN)
		die(-ret, "io_uring_enter");
	submitted = io_uring_sq_ready(&s.ring) == 0;
	io_uring_for_each_cqe(&s.ring, head, cqe) {
		handle(cqe);
		n++;
	}
	io_uring_cq_advance(&s.ring, n);
	s.go_on = !submitted;
	if (submitted) {
		complete_instant();
		feed_starved();
		look_at_dirty();
	}
	if (s.returned) {
		io_uring_buf_ring_advance(s.bufs, s.returned);
		s.returned = 0;
	}
}

int main(int argc, char **argv)
{
	struct io_uring_sqe *sqe;
	char status[128];
	uint16_t port;

	s.opt = parse_options(argc, argv);
	s.dirty = s.starved = s.instant = NONE;
	if (s.opt.proto == SOURCE_PROTO)
		s.pattern = new_pattern(s.opt.buf);
	set_up_ring();
	set_up_files();
	set_up_buffers();
	s.listener = listen_loopback(0, &port);
	accept_connections();
	read_stdin();
	s.lifetime.tv_sec = s.opt.lifetime;
	s.lifetime.tv_nsec = (s.opt.lifetime - s.lifetime.tv_sec) * 1e9;
	sqe = new_sqe();
	io_uring_prep_timeout(sqe, &s.lifetime, 0, 0);
	tag(sqe, OP_LIFETIME, NONE);
	snprintf(status, sizeof status, "C with liburing, one thread, %s", s.mode);
	hello(port, 1, status);
	for (;;)
		play_round();
}
