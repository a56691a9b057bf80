// Shows that a request can be left waiting in io-wq (see poller/rerun_linux.go):
//
//	cc -O2 -o iowq_exit iowq_exit.c -luring -lpthread
//	perf record -e cpu-clock -F 50000 -g -C 1 -o /tmp/perf.data -- sleep 70 &
//	./iowq_exit 60
//
// A thread opens a file on a ring, which starts an io-wq worker on CPU 1. Another
// thread closes that ring, its last. The kernel then tells the worker to go; at
// that moment the first thread opens a file on a new ring. perf's interrupts on
// CPU 1 make the moment long enough to be met: without them it was not, in
// minutes, with them in 4 of 2138 rounds (6.18.44). A request that waits for 5 seconds is reported, and cancelled by the
// other thread.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static struct io_uring rings[2];
static volatile int make = -1, drop = -1, cancel = -1; // rings, for the helper

static long now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void pin(int cpu) {
	cpu_set_t s;
	CPU_ZERO(&s);
	CPU_SET(cpu, &s);
	sched_setaffinity(0, sizeof s, &s);
}

static void *help(void *unused) {
	pin(1);
	for (;; usleep(50)) {
		if (make >= 0) {
			if (io_uring_queue_init(8, &rings[make], IORING_SETUP_COOP_TASKRUN))
				exit(1);
			make = -1;
		}
		if (drop >= 0) {
			io_uring_queue_exit(&rings[drop]);
			drop = -1;
		}
		if (cancel >= 0) {
			struct io_uring_sqe *s = io_uring_get_sqe(&rings[cancel]);
			io_uring_prep_cancel64(s, 1, 0);
			s->user_data = 2;
			io_uring_submit(&rings[cancel]);
			cancel = -1;
		}
	}
	return unused;
}

static void *hog(void *unused) { // keeps CPU 1 from sleeping
	pin(1);
	nice(19);
	for (;;)
		;
	return unused;
}

static void wait_for(volatile int *done) {
	while (*done >= 0)
		usleep(20);
}

// next reports whether a completion came within some seconds.
static int next(struct io_uring *r, long seconds, const char *what) {
	struct io_uring_cqe *c;
	struct __kernel_timespec ts = {.tv_sec = seconds};
	long end = now() + seconds * 1000000000L;
	int e;
	do
		e = io_uring_wait_cqe_timeout(r, &c, &ts);
	while (e == -EINTR && now() < end);
	if (e)
		return 0;
	if (what)
		printf("  %s: request %llu ends with %d\n", what, c->user_data, c->res);
	if (c->user_data == 1 && c->res >= 0)
		close(c->res);
	io_uring_cqe_seen(r, c);
	return 1;
}

int main(int argc, char **argv) {
	long end = now() + (argc > 1 ? atol(argv[1]) : 60) * 1000000000L, rounds = 0, stuck = 0;
	pthread_t t;
	cpu_set_t cpu1;
	struct epoll_event ev;
	int ep = epoll_create1(0), cur = 0;
	CPU_ZERO(&cpu1);
	CPU_SET(1, &cpu1);
	pthread_create(&t, NULL, help, NULL);
	pthread_create(&t, NULL, hog, NULL);
	pin(0);
	make = cur;
	wait_for(&make);
	for (; now() < end; rounds++) {
		struct io_uring *r = &rings[cur];
		struct io_uring_sqe *s = io_uring_get_sqe(r);
		io_uring_prep_openat(s, AT_FDCWD, "/tmp/iowq_exit", O_CREAT | O_RDWR, 0600);
		s->user_data = 1;
		io_uring_submit(r);
		if (!next(r, 5, NULL)) {
			stuck++;
			printf("round %ld: not opened after 5 s\n", rounds);
			cancel = cur;
			next(r, 2, "cancelled by another thread");
			next(r, 2, "cancelled by another thread");
		}
		if (rounds == 0)
			io_uring_register_iowq_aff(r, sizeof cpu1, &cpu1);
		make = 1 - cur;
		wait_for(&make);
		drop = cur;
		wait_for(&drop);
		epoll_wait(ep, &ev, 1, 200); // interrupted by the task work that forgets the ring
		for (long until = now() + rand() % 60000; now() < until;)
			;
		cur = 1 - cur;
	}
	printf("%ld of %ld rounds stuck\n", stuck, rounds);
	return 0;
}
