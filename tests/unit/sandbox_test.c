// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is impossible in the sandbox, each tried in a process of its own: nothing of
 * what somebody who has taken over the tracer would want to do next.  What must be
 * possible there tests/vm/suite/privilege goes through.
 */
#include "unit/unit.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "cmd/sandbox.h"
#include "util/log.h"

enum { FINE = 40, REFUSED, OTHERWISE };

static struct features features;

static int outcome(long ret)
{
	return ret >= 0 ? FINE : errno == EPERM ? REFUSED : OTHERWISE;
}

static int do_fork(void)
{
	return outcome(syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, 0));
}

static int do_vfork(void)
{
	return outcome(syscall(SYS_clone, CLONE_VM | SIGCHLD, NULL, NULL, NULL, 0));
}

static int do_exec(void)
{
	char *const none[] = { NULL };

	return outcome(execve("/bin/true", none, none));
}

static int do_inet(void)
{
	return outcome(socket(AF_INET, SOCK_STREAM, 0));
}

static int do_packet(void)
{
	return outcome(socket(AF_PACKET, SOCK_RAW, 0));
}

static int do_create(void)
{
	return outcome(open("/tmp/sandbox_test.made", O_WRONLY | O_CREAT, 0600));
}

static int do_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0);

	return outcome(p == MAP_FAILED ? -1 : 0);
}

static int do_protect(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? OTHERWISE : outcome(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static int do_mount(void)
{
	return outcome(mount("none", "/mnt", "tmpfs", 0, NULL));
}

static int do_ptrace(void)
{
	return outcome(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

static int do_kill(void)
{
	return outcome(kill(getppid(), 0));
}

static int do_module(void)
{
	return outcome(syscall(SYS_finit_module, -1, "", 0));
}

static int do_unshare(void)
{
	return outcome(unshare(CLONE_NEWUSER));
}

static int do_setuid(void)
{
	return outcome(syscall(SYS_setuid, getuid()));
}

static int do_chmod(void)
{
	return outcome(syscall(SYS_fchmodat, AT_FDCWD, "/tmp", 01777));
}

static int do_keys(void)
{
	return outcome(syscall(SYS_add_key, "user", "x", "x", 1, -3));
}

/* Typing into the terminal, in place of who sits there. */
static int do_type(void)
{
	return outcome(ioctl(-1, TIOCSTI, "x"));
}

/* ---- what goes on ---- */

static int do_read(void)
{
	return outcome(open("/proc/self/status", O_RDONLY));
}

static int do_netlink(void)
{
	return outcome(socket(AF_NETLINK, SOCK_RAW, 16));
}

static int do_memory(void)
{
	char *p = malloc(1 << 22);

	if (!p)
		return OTHERWISE;
	memset(p, 1, 1 << 22);
	free(p);
	return FINE;
}

/* As libbpf does for each map. */
static int do_map(void)
{
	int map = memfd_create("map", MFD_CLOEXEC), place = memfd_create("place", MFD_CLOEXEC);

	return map < 0 || place < 0 ? outcome(-1) : outcome(dup3(map, place, O_CLOEXEC));
}

/* What passes the filter finds that there is no such descriptor. */
static int do_terminal(void)
{
	static const unsigned long requests[] = {
		TCGETS,	 TCSETS,  TCSETSW,  TCSETSF,  TIOCGWINSZ, TIOCGPGRP,
#ifdef TCGETS2
		TCGETS2, TCSETS2, TCSETSW2, TCSETSF2,
#endif
	};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++)
		if (ioctl(-1, requests[i], NULL) != -1 || errno != EBADF)
			return outcome(-1);
	return FINE;
}

static void *thread(void *arg)
{
	*(int *)arg = do_fork();
	return NULL;
}

static int do_thread(void)
{
	int seen = 0;
	pthread_t t;

	if (pthread_create(&t, NULL, thread, &seen))
		return OTHERWISE;
	pthread_join(t, NULL);
	return seen == REFUSED ? FINE : OTHERWISE;
}

static const struct {
	const char *what;
	int (*act)(void);
	int wanted;
} cases[] = {
	{ "fork", do_fork, REFUSED },
	{ "vfork", do_vfork, REFUSED },
	{ "execve", do_exec, REFUSED },
	{ "a connection to elsewhere", do_inet, REFUSED },
	{ "a packet socket", do_packet, REFUSED },
	{ "making a file", do_create, REFUSED },
	{ "new code", do_code, REFUSED },
	{ "data made code", do_protect, REFUSED },
	{ "mount", do_mount, REFUSED },
	{ "ptrace", do_ptrace, REFUSED },
	{ "a signal to others", do_kill, REFUSED },
	{ "loading a module", do_module, REFUSED },
	{ "another namespace", do_unshare, REFUSED },
	{ "another user", do_setuid, REFUSED },
	{ "chmod", do_chmod, REFUSED },
	{ "keys", do_keys, REFUSED },
	{ "typing for others", do_type, REFUSED },
	{ "reading", do_read, FINE },
	{ "netlink", do_netlink, FINE },
	{ "memory", do_memory, FINE },
	{ "libbpf's maps", do_map, FINE },
	{ "the terminal", do_terminal, FINE },
	{ "a thread, which is in it, too", do_thread, FINE },
};

static bool have_seccomp(void)
{
	return prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0;
}

/* A kernel that will not. */
static bool refusing;

int __real_cap_set_proc(cap_t caps);
int __wrap_cap_set_proc(cap_t caps)
{
	errno = EPERM;
	return refusing ? -1 : __real_cap_set_proc(caps);
}

int __real_seccomp_load(scmp_filter_ctx c);
int __wrap_seccomp_load(scmp_filter_ctx c)
{
	return refusing ? -EINVAL : __real_seccomp_load(c);
}

/* In a process of its own: the sandbox is for ever. */
static int in_child(int (*act)(void), bool on)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		log_level = LOG_QUIET;
		sandbox__enter(&features, ATTACH_AUTO, on);
		_exit(act());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void calls(void **state)
{
	(void)state;
	if (!have_seccomp())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int got = in_child(cases[i].act, true);

		if (got != cases[i].wanted)
			fail_msg("%s: %d, not %d", cases[i].what, got, cases[i].wanted);
	}
}

/* What is refused is so because of the sandbox. */
static void without(void **state)
{
	(void)state;
	assert_int_equal(in_child(do_inet, false), FINE);
	assert_int_equal(in_child(do_code, false), FINE);
	assert_int_equal(in_child(do_kill, false), FINE);
}

static int count_capabilities(void)
{
	cap_t caps = cap_get_proc();
	int n = 0;

	for (cap_value_t cap = 0; CAP_IS_SUPPORTED(cap); cap++) {
		cap_flag_value_t value;

		if (cap == CAP_BPF || cap == CAP_PERFMON)
			continue;
		for (cap_flag_t f = CAP_EFFECTIVE; f <= CAP_INHERITABLE; f++) {
			cap_get_flag(caps, cap, f, &value);
			n += value == CAP_SET;
		}
		n += !geteuid() && cap_get_bound(CAP_SETPCAP) == 1;
		n += cap_get_ambient(cap) == 1;
	}
	cap_free(caps);
	return n;
}

static void capabilities(void **state)
{
	const struct settings easy = { .perf_event_paranoid = 1, .ftrace_enabled = 1 };

	(void)state;
	if (geteuid() || cap_get_bound(CAP_SETPCAP) != 1)
		skip();
	privileges__find(features.privileges, &easy, 6, 12, ~0ULL, true);
	assert_int_equal(in_child(count_capabilities, true), 0);
	assert_true(in_child(count_capabilities, false) > 0);
}

/* Who does not ask for details is told as well. */
static void not_to_be_had(void **state)
{
	int said = memfd_create("said", MFD_CLOEXEC), status;
	char text[4000] = "";
	pid_t pid;

	(void)state;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		dup2(said, STDERR_FILENO);
		refusing = true;
		sandbox__enter(&features, ATTACH_AUTO, true);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(pread(said, text, sizeof(text) - 1, 0) > 0);
	close(said);
	assert_non_null(strstr(text, "capabilities cannot be given up (Operation not permitted)"));
	assert_non_null(strstr(text, "nfcleakbpf doctor"));
	assert_non_null(strstr(text, "system calls cannot be filtered (Invalid argument)"));
	assert_non_null(strstr(text, "CONFIG_SECCOMP_FILTER"));
}

static const struct CMUnitTest tests[] = {
	TEST("system calls: what is refused and what is not, for threads as well", calls),
	TEST("without the sandbox they are not refused", without),
	TEST("capabilities: only those of BPF are left", capabilities),
	TEST("what cannot be given up is said, and what to do", not_to_be_had),
};

UNIT_MAIN(tests)
