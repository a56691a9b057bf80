/*
 * The state of the io_uring server, its ring and its buffers. It is only
 * included by uring.c, which says how the server works.
 */
#ifndef URING_H
#define URING_H

#include <liburing.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "common.h"

enum {
	SQ_ENTRIES = 4096,
	CQ_ENTRIES = 32768,
	MAX_CONNS = 16384,
	GROUP = 0,          /* of the provided buffers */
	MIN_BUF = 16 << 10, /* bytes of a provided buffer, at least; an echo's are as asked for */
	/*
	 * The kernel takes buffers in turn, so the fewer there are, the more of
	 * them are in the CPU's caches. There are more when peers that do not
	 * read hold them, not when many connections have something to say at
	 * once: those are sent back in a moment.
	 */
	FIRST_BUFS = 256,
	MAX_BUFS = 8192,
	CACHE_LINE = 64,
	MAX_IOV = 16, /* buffers sent at once */
	NONE = -1,
};

enum op { OP_ACCEPT = 1, OP_RECV, OP_SEND, OP_STDIN, OP_LIFETIME, OP_CANCEL, OP_CLOSE };

struct conn {
	int head, tail; /* buffers received and not yet sent, in order */
	/* Bytes sent of the first buffer; of a source, where in the pattern it is. */
	size_t sent;
	size_t asked; /* bytes of the send under way */
	int queued;   /* buffers from head to tail */
	int next_dirty, next_starved, next_instant;
	unsigned sending : 1;
	unsigned instant : 1; /* of a send: it does not wait, and has not failed */
	unsigned receiving : 1;
	unsigned patient : 1; /* the socket is full: the next send is to wait */
	unsigned waiting : 1; /* the send under way waits for the socket */
	unsigned dirty : 1;   /* on the list of those to be looked at */
	unsigned starved : 1; /* on the list of those that found no buffer */
	unsigned eof : 1;     /* nothing more will be received */
	unsigned failed : 1;  /* nothing more can be sent */
	struct msghdr msg;
	struct iovec iov[MAX_IOV];
};

struct buffer {
	int next; /* in the connection's queue */
	unsigned len;
};

static struct {
	struct options opt;
	struct io_uring ring;
	const char *mode;
	int listener;
	struct conn *conns;
	int dirty;                      /* a stack */
	int starved, last_starved;      /* a queue */
	struct io_uring_buf_ring *bufs;
	struct buffer buffer[MAX_BUFS]; /* by its number */
	unsigned char *memory;
	size_t buf_size;
	int nbufs;     /* buffers that there are */
	int free_bufs; /* of those, how many the kernel has */
	int returned;  /* of those, how many it has not been told of yet */
	int waiting;   /* buffers of connections whose send waits */
	int instant;   /* a stack of those with a send that does not wait */
	int go_on;     /* there is work to do after the instant sends */
	uint64_t received;
	unsigned char *pattern;
	struct commands commands;
	char in[256];
	struct __kernel_timespec lifetime;
} s;

/* Makes room for a request, which is then to be prepared and tagged. */
static struct io_uring_sqe *new_sqe(void)
{
	struct io_uring_sqe *sqe;

	while (!(sqe = io_uring_get_sqe(&s.ring))) {
		int ret = io_uring_submit(&s.ring);

		if (ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN)
			die(-ret, "io_uring_submit");
	}
	return sqe;
}

static void tag(struct io_uring_sqe *sqe, enum op op, int conn)
{
	io_uring_sqe_set_data64(sqe, (uint64_t)op << 32 | (uint32_t)conn);
}

/* Buffers are a cache line further apart than they are long: the first lines of
 * buffers, all that short messages use, are then not in the same set of it. */
static unsigned char *buffer_memory(int b)
{
	return s.memory + (size_t)b * (s.buf_size + CACHE_LINE);
}

/* Gives a buffer to the kernel, with those that come before the next round. */
static void give_buffer(int b)
{
	io_uring_buf_ring_add(s.bufs, buffer_memory(b), s.buf_size, b,
			      io_uring_buf_ring_mask(MAX_BUFS), s.returned++);
	s.free_bufs++;
}

static void give_more_buffers(int total)
{
	while (s.nbufs < total)
		give_buffer(s.nbufs++);
}

static void set_up_ring(void)
{
	static const struct {
		unsigned flags;
		const char *mode;
	} tries[] = {
		{IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, "SINGLE_ISSUER, DEFER_TASKRUN"},
		{IORING_SETUP_COOP_TASKRUN, "COOP_TASKRUN"},
	};
	int ret = -EINVAL;

	for (size_t i = 0; i < sizeof tries / sizeof *tries && ret == -EINVAL; i++) {
		struct io_uring_params p = {
			.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | tries[i].flags,
			.cq_entries = CQ_ENTRIES,
		};

		ret = io_uring_queue_init_params(SQ_ENTRIES, &s.ring, &p);
		s.mode = tries[i].mode;
	}
	if (ret < 0)
		die(-ret, "io_uring_queue_init_params");
	/* Saves looking the ring up in each system call; not all kernels can. */
	io_uring_register_ring_fd(&s.ring);
}

static void set_up_buffers(void)
{
	struct io_uring_buf_reg reg = {.ring_entries = MAX_BUFS, .bgid = GROUP};
	int ret;

	s.buf_size = s.opt.proto == ECHO_PROTO || s.opt.buf > MIN_BUF ? s.opt.buf : MIN_BUF;
	/* Only the buffers that are used take memory. */
	s.memory = mmap(NULL, MAX_BUFS * (s.buf_size + CACHE_LINE), PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	s.bufs = mmap(NULL, MAX_BUFS * sizeof(struct io_uring_buf), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s.memory == MAP_FAILED || s.bufs == MAP_FAILED)
		die(errno, "mmap");
	reg.ring_addr = (unsigned long)s.bufs;
	ret = io_uring_register_buf_ring(&s.ring, &reg, 0);
	if (ret < 0)
		die(-ret, "io_uring_register_buf_ring");
	io_uring_buf_ring_init(s.bufs);
	give_more_buffers(FIRST_BUFS);
	io_uring_buf_ring_advance(s.bufs, s.returned);
	s.returned = 0;
}

static void set_up_files(void)
{
	struct rlimit limit;
	unsigned n = MAX_CONNS;
	int ret;

	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < n)
		n = limit.rlim_cur;
	ret = io_uring_register_files_sparse(&s.ring, n);
	if (ret < 0)
		die(-ret, "io_uring_register_files_sparse");
	s.conns = calloc(n, sizeof *s.conns);
	if (!s.conns)
		die(ENOMEM, "connections");
}

#endif
