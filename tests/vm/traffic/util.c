// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors, time and the watchdog.  The watchdog exists because a bug in the
 * kernel's NFC stack can leave a caller asleep in the kernel, where no alarm
 * signal is ever delivered: the work is done in a child, and the parent sees a
 * step that takes too long, says which one and what the kernel was doing, and
 * leaves.
 */
#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "traffic.h"

#define EXIT_HANG 3

struct shared {
	_Atomic uint64_t deadline; /* 0: no step has been entered yet */
	_Atomic unsigned int seconds;
	char name[160];
};

bool verbose;

static struct shared *shared;
static volatile sig_atomic_t stop_signal;

int complain(int err, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fprintf(stderr, "nfctraffic: %s: %s\n", text, strerror(-err));

	return err;
}

uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);

	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

void nap(unsigned int us)
{
	struct timespec ts = {
		.tv_sec = us / 1000000,
		.tv_nsec = (long)(us % 1000000) * 1000,
	};

	nanosleep(&ts, NULL);
}

uint32_t rnd(struct traffic *t)
{
	t->rnd ^= t->rnd << 13;
	t->rnd ^= t->rnd >> 17;
	t->rnd ^= t->rnd << 5;

	return t->rnd;
}

/*
 * From here to the next step() or step_alive() no more than so many seconds may
 * go by.
 */
void step(unsigned int seconds, const char *fmt, ...)
{
	va_list ap;

	if (!shared)
		return;

	shared->deadline = 0;
	va_start(ap, fmt);
	vsnprintf(shared->name, sizeof(shared->name), fmt, ap);
	va_end(ap);
	shared->seconds = seconds;
	shared->deadline = now_ms() + (uint64_t)seconds * 1000;

	if (verbose)
		fprintf(stderr, "nfctraffic: %llu.%03u %s\n", (unsigned long long)(now_ms() / 1000),
			(unsigned int)(now_ms() % 1000), shared->name);
}

/* A wait with a limit of its own goes on: it is not what hangs. */
void step_alive(void)
{
	if (shared)
		shared->deadline = now_ms() + (uint64_t)shared->seconds * 1000;
}

bool stop_requested(void)
{
	return stop_signal != 0;
}

static void on_stop(int sig)
{
	stop_signal = sig;
}

static void show_stack(const char *pid)
{
	char path[300], comm[32] = "?", buf[4096];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		len = read(fd, comm, sizeof(comm) - 1);
		comm[len > 0 ? len : 0] = '\0';
		comm[strcspn(comm, "\n")] = '\0';
		close(fd);
	}

	snprintf(path, sizeof(path), "/proc/%s/stack", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	len = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (len <= 0)
		return;
	buf[len] = '\0';

	if (strcmp(comm, "nfctraffic") && !strstr(buf, "[nfc"))
		return;
	fprintf(stderr, "nfctraffic: kernel stack of %s (%s):\n%s", pid, comm, buf);
}

/* Our own child and every task that is inside an NFC module. */
static void show_stacks(void)
{
	struct dirent *de;
	DIR *proc;

	proc = opendir("/proc");
	if (!proc)
		return;
	while ((de = readdir(proc)))
		if (de->d_name[0] >= '1' && de->d_name[0] <= '9' && atoi(de->d_name) != getpid())
			show_stack(de->d_name);
	closedir(proc);
}

static int watch(pid_t child, const sigset_t *set)
{
	struct timespec interval = { .tv_nsec = 500 * 1000 * 1000 };
	uint64_t deadline;
	int sig, status;

	for (;;) {
		sig = sigtimedwait(set, NULL, &interval);
		if (sig == SIGTERM || sig == SIGINT || sig == SIGHUP)
			kill(child, sig);

		if (waitpid(child, &status, WNOHANG) == child)
			break;

		deadline = shared->deadline;
		if (!deadline || now_ms() < deadline)
			continue;

		fprintf(stderr, "nfctraffic: hung: '%s' is not done after %u s\n", shared->name,
			shared->seconds);
		show_stacks();
		kill(child, SIGKILL);
		/* It may be beyond killing; then it stays behind. */
		nap(500 * 1000);
		if (waitpid(child, &status, WNOHANG) != child)
			fprintf(stderr, "nfctraffic: %d cannot be killed, leaving it\n", child);
		return EXIT_HANG;
	}

	if (WIFSIGNALED(status)) {
		fprintf(stderr, "nfctraffic: killed by signal %d in '%s'\n", WTERMSIG(status),
			shared->name);
		return EXIT_FAILURE;
	}

	return WEXITSTATUS(status);
}

/* Run run(arg) under the watchdog; returns the exit status of the program. */
int supervise(int (*run)(void *arg), void *arg)
{
	struct sigaction sa = { .sa_handler = on_stop };
	sigset_t set, old;
	pid_t parent = getpid();
	pid_t child;
	int err;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED) {
		complain(-errno, "mmap of %zu bytes for the watchdog", sizeof(*shared));
		return EXIT_FAILURE;
	}

	/* Blocked before the fork, so that no signal falls in between. */
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);

	fflush(NULL);
	child = fork();
	if (child < 0) {
		complain(-errno, "fork of the worker");
		return EXIT_FAILURE;
	}
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(EXIT_FAILURE);
		sigaction(SIGTERM, &sa, NULL);
		sigaction(SIGINT, &sa, NULL);
		sigaction(SIGHUP, &sa, NULL);
		sigprocmask(SIG_SETMASK, &old, NULL);
		err = run(arg);
		fflush(NULL);
		_exit(err ? EXIT_FAILURE : EXIT_SUCCESS);
	}

	return watch(child, &set);
}
