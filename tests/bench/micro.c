// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a tracer of memory events costs everybody else: small loops of system calls that allocate
 * and free, in CPU time for one turn.
 *
 *   micro [-l PERCENT] [NAME...]     prints "NAME NANOSECONDS" for each, or for those named
 *
 * CPU time and not time: other tasks take turns.  What other tasks do on behalf of a loop (freeing
 * after a grace period) is not in it.  The loops are short enough that some of them are not hit by
 * anything, so the least of several attempts is printed.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ATTEMPTS 10

static int datagram[2], client, server;

static void die(const char *what)
{
	fprintf(stderr, "micro: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void loop_eventfd(void)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	if (fd < 0)
		die("eventfd");
	close(fd);
}

static void loop_datagram(void)
{
	char byte = 0;

	if (send(datagram[0], &byte, 1, 0) != 1 || recv(datagram[1], &byte, 1, 0) != 1)
		die("datagram");
}

static void loop_pipe(void)
{
	int fds[2];

	if (pipe(fds))
		die("pipe");
	close(fds[0]);
	close(fds[1]);
}

/* A file of the root's file system would ask the file system of the guest's host. */
static void loop_open(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die("open");
	close(fd);
}

static void loop_tcp(void)
{
	static char data[1024];
	size_t got = 0;
	ssize_t n;

	if (send(client, data, sizeof(data), 0) != sizeof(data))
		die("send");
	while (got < sizeof(data)) {
		n = recv(server, data, sizeof(data) - got, 0);
		if (n <= 0)
			die("recv");
		got += (size_t)n;
	}
}

static void loop_fork(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("fork");
}

static const struct {
	const char *name;
	void (*loop)(void);
	unsigned turns;
	int children; /* their time counts as well */
} loops[] = {
	{ "eventfd", loop_eventfd, 500, 0 }, { "datagram", loop_datagram, 500, 0 },
	{ "pipe", loop_pipe, 300, 0 },	     { "open", loop_open, 300, 0 },
	{ "tcp", loop_tcp, 200, 0 },	     { "fork", loop_fork, 20, 1 },
};

static void open_sockets(void)
{
	struct sockaddr_in addr = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(addr);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram))
		die("socketpair");
	client = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || client < 0 || bind(listener, (struct sockaddr *)&addr, len) ||
	    listen(listener, 1) || getsockname(listener, (struct sockaddr *)&addr, &len) ||
	    connect(client, (struct sockaddr *)&addr, len))
		die("TCP");
	server = accept(listener, NULL, NULL);
	if (server < 0)
		die("accept");
	close(listener);
}

static double cpu_ns(int children)
{
	struct timespec t;
	struct rusage u;
	double ns;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	ns = (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
	if (children && !getrusage(RUSAGE_CHILDREN, &u))
		ns += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e9 +
		      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e3;
	return ns;
}

/* Where memory happens to lie decides how many page tables a fork copies. */
static void same_addresses(char **argv)
{
	int now = personality(0xffffffff);

	if (now == -1 || now & ADDR_NO_RANDOMIZE ||
	    personality((unsigned)now | ADDR_NO_RANDOMIZE) == -1)
		return;
	execv("/proc/self/exe", argv);
}

static double measure(size_t i, unsigned turns)
{
	double least = 0;

	for (unsigned n = 0; n < turns / 10 + 1; n++)
		loops[i].loop();
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		double ns = cpu_ns(loops[i].children);

		for (unsigned n = 0; n < turns; n++)
			loops[i].loop();
		ns = (cpu_ns(loops[i].children) - ns) / turns;
		if (!attempt || ns < least)
			least = ns;
	}
	return least;
}

static int wanted(const char *name, char **names)
{
	if (!*names)
		return 1;
	while (*names)
		if (!strcmp(*names++, name))
			return 1;
	return 0;
}

int main(int argc, char **argv)
{
	unsigned percent = 100, turns;
	int option;

	while ((option = getopt(argc, argv, "l:")) == 'l')
		percent = (unsigned)strtoul(optarg, NULL, 10);
	if (option != -1 || !percent) {
		fprintf(stderr, "usage: micro [-l PERCENT] [NAME...]\n");
		return 2;
	}
	same_addresses(argv);
	open_sockets();
	for (size_t i = 0; i < sizeof(loops) / sizeof(*loops); i++) {
		if (!wanted(loops[i].name, argv + optind))
			continue;
		turns = loops[i].turns * percent / 100;
		printf("%s %.0f\n", loops[i].name, measure(i, turns ? turns : 1));
		fflush(stdout);
	}
	return 0;
}
