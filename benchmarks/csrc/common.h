/*
 * What the C servers of the benchmark suite have in common: their flags, and
 * what they say to the program that started them. See doc.go of
 * internal/bench/servers for the protocol between the two.
 */
#ifndef COMMON_H
#define COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* After how many bytes what a source sends repeats. */
#define PERIOD 251

enum proto { ECHO_PROTO, SINK_PROTO, SOURCE_PROTO };

struct options {
	enum proto proto;
	size_t buf;
	double lifetime; /* seconds */
};

__attribute__((noreturn, format(printf, 2, 3)))
static void die(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	if (err)
		fprintf(stderr, ": %s", strerror(err));
	fputc('\n', stderr);
	exit(1);
}

/* Parses a duration the way Go writes it, such as 1m30s or 500ms, or seconds. */
static double parse_duration(const char *s)
{
	double total = 0;

	while (*s) {
		char *end;
		double n = strtod(s, &end);

		if (end == s || n < 0)
			die(0, "-lifetime: not a duration: %s", s);
		if (!strncmp(end, "ms", 2)) {
			total += n / 1e3;
			end += 2;
		} else if (*end == 'h' || *end == 'm') {
			total += *end == 'h' ? n * 3600 : n * 60;
			end++;
		} else if (*end == 's' || !*end) {
			total += n;
			end += *end == 's';
		} else {
			die(0, "-lifetime: unknown unit: %s", end);
		}
		s = end;
	}
	return total;
}

static void parse_proto(struct options *o, const char *name)
{
	if (!strcmp(name, "echo")) {
		o->proto = ECHO_PROTO;
	} else if (!strcmp(name, "sink")) {
		o->proto = SINK_PROTO;
	} else if (!strcmp(name, "source")) {
		o->proto = SOURCE_PROTO;
	} else {
		fprintf(stderr, "unsupported: %s: only echo, sink and source\n", name);
		exit(3);
	}
}

/* Parses -name value and -name=value, with one dash or two, as Go does. */
static struct options parse_options(int argc, char **argv)
{
	struct options o = {.proto = ECHO_PROTO, .buf = 4096, .lifetime = 600};

	for (int i = 1; i < argc; i++) {
		const char *name = argv[i];
		const char *value;

		name += *name == '-';
		name += *name == '-';
		value = strchr(name, '=');
		size_t n = value ? (size_t)(value - name) : strlen(name);
		if (value)
			value++;
		else if (i + 1 < argc)
			value = argv[++i];
		else
			die(0, "flag needs an argument: %s", argv[i]);
		if (n == 5 && !strncmp(name, "proto", n))
			parse_proto(&o, value);
		else if (n == 3 && !strncmp(name, "buf", n))
			o.buf = strtoul(value, NULL, 10);
		else if (n == 8 && !strncmp(name, "lifetime", n))
			o.lifetime = parse_duration(value);
		else
			die(0, "unknown flag: %s", argv[i]);
	}
	if (o.buf < 1 || o.buf > 64 << 20)
		die(0, "-buf: must be from 1 to 64 MiB");
	return o;
}

/*
 * Listens on a loopback port that the kernel chooses. Connections inherit
 * TCP_NODELAY from the listening socket.
 */
static int listen_loopback(int type_flags, uint16_t *port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof addr;
	int one = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | type_flags, 0);

	if (fd < 0)
		die(errno, "socket");
	if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) < 0)
		die(errno, "TCP_NODELAY");
	if (bind(fd, (struct sockaddr *)&addr, len) < 0)
		die(errno, "bind");
	if (listen(fd, 65535) < 0)
		die(errno, "listen");
	if (getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		die(errno, "getsockname");
	*port = ntohs(addr.sin_port);
	return fd;
}

/* Says that the server listens. */
static void hello(uint16_t port, int iouring, const char *status)
{
	printf("{\"Addr\":\"127.0.0.1:%u\",\"PID\":%ld,\"GOMAXPROCS\":1,\"NumCPU\":%ld,"
	       "\"IOUring\":%s,\"Status\":\"%s\"}\n",
	       port, (long)getpid(), sysconf(_SC_NPROCESSORS_ONLN),
	       iouring ? "true" : "false", status);
	fflush(stdout);
}

/* Lines that have been read from standard input in part. */
struct commands {
	char line[256];
	size_t len;
};

/* Answers the commands in n more bytes of standard input. */
static void answer(struct commands *c, const char *in, size_t n, uint64_t received)
{
	for (size_t i = 0; i < n; i++) {
		if (in[i] != '\n') {
			if (c->len == sizeof c->line - 1)
				die(0, "a command is too long");
			c->line[c->len++] = in[i];
			continue;
		}
		c->line[c->len] = 0;
		c->len = 0;
		if (strcmp(c->line, "stats"))
			die(0, "unknown command \"%s\"", c->line);
		printf("{\"received_bytes\":%llu}\n", (unsigned long long)received);
		fflush(stdout);
	}
}

/* The content of a source: size bytes can be taken from any offset below PERIOD. */
static unsigned char *new_pattern(size_t size)
{
	unsigned char *p = malloc(size + PERIOD);

	if (!p)
		die(ENOMEM, "pattern");
	for (size_t i = 0; i < size + PERIOD; i++)
		p[i] = i % PERIOD;
	return p;
}

#endif
