// SPDX-License-Identifier: GPL-2.0-only
/*
 * Capabilities by libcap, system calls by libseccomp.
 *
 * Everything that is written to is open by now: the recording, standard output, the
 * lock, the sockets.  The control socket is removed in the end, which the owner of its
 * directory may do without any capability.
 */
#include "cmd/sandbox.h"

#include <asm/termbits.h> /* struct termios2, for the numbers below; excludes termios.h */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/log.h"

/* ---- before ---- */

bool sandbox__may_begin(const struct features *f)
{
	struct remark remarks[MAX_REMARKS];
	size_t n = settings__remarks(&f->settings, remarks);
	char absent[128];

	if (!f->bpf) {
		log_error("this kernel (%s) has no BPF (CONFIG_BPF_SYSCALL)", f->release);
		return false;
	}
	privileges__absent(f->privileges, absent, sizeof(absent));
	if (!f->privileged) {
		log_error("not permitted: tracing the kernel needs root (sudo nfcleakbpf run), or "
			  "these capabilities, which are absent: %s",
			  absent);
		return false;
	}
	if (*absent)
		log_info("%s absent: what fails because of that is said below; 'nfcleakbpf doctor' "
			 "tells what for",
			 absent);
	/* It would find nothing and not notice. */
	if (!f->settings.ftrace_enabled) {
		log_error("%s", remarks[0].text);
		return false;
	}
	for (size_t i = 0; i < n; i++)
		log_debug("%s", remarks[i].text);
	return true;
}

/* ---- capabilities ---- */

static bool kept(const struct features *f, enum attach_mode mode, cap_value_t cap)
{
	for (size_t i = 0; i < NR_PRIVILEGES; i++) {
		const struct privilege *p = &f->privileges[i];

		if (p->capability != cap || !p->later)
			continue;
		return p->wanted || (mode == ATTACH_FENTRY && cap == CAP_SYS_ADMIN);
	}
	return false;
}

/* Where there is no capability to keep from /proc, say who only has CAP_SYS_ADMIN. */
static bool stands_in(const struct features *f, cap_value_t cap)
{
	cap_t caps = cap == CAP_SYS_ADMIN ? cap_get_proc() : NULL;
	bool all = caps;

	for (size_t i = 0; caps && i < NR_PRIVILEGES; i++) {
		cap_flag_value_t value = CAP_CLEAR;
		cap_value_t one = f->privileges[i].capability;

		if (one != CAP_BPF && one != CAP_PERFMON)
			continue;
		cap_get_flag(caps, one, CAP_PERMITTED, &value);
		all = all && value == CAP_SET;
	}
	cap_free(caps);
	return cap == CAP_SYS_ADMIN && !all;
}

static int drop_capabilities(const struct features *f, enum attach_mode mode)
{
	static const cap_flag_t flags[] = { CAP_PERMITTED, CAP_EFFECTIVE };
	cap_t caps = cap_init(), now = cap_get_proc();
	int err = caps && now ? 0 : -errno;

	/* What it does not have it cannot get by executing something either. */
	for (cap_value_t cap = 0; !err && CAP_IS_SUPPORTED(cap); cap++) {
		cap_flag_value_t held = CAP_CLEAR;

		if (cap_drop_bound(cap) && errno != EPERM)
			err = -errno;
		cap_get_flag(now, cap, CAP_PERMITTED, &held);
		if (held != CAP_SET || !(kept(f, mode, cap) || stands_in(f, cap)))
			continue;
		for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
			if (cap_set_flag(caps, flags[i], 1, &cap, CAP_SET))
				err = -errno;
	}
	if (cap_reset_ambient() && !err)
		err = -errno;
	if (!err && cap_set_proc(caps))
		err = -errno;
	cap_free(caps);
	cap_free(now);
	return err;
}

/* ---- system calls ---- */

/* As libseccomp names them: those that another architecture does not have are not there. */
static const char *const allowed[] = {
	/* memory, time, threads */
	"brk",
	"munmap",
	"mremap",
	"madvise",
	"futex",
	"futex_time64",
	"sched_yield",
	"sched_getaffinity",
	"set_robust_list",
	"rseq",
	"exit",
	"exit_group",
	"restart_syscall",
	"nanosleep",
	"clock_nanosleep",
	"clock_gettime",
	"clock_getres",
	"gettimeofday",
	"time",
	"timerfd_settime",
	"timerfd_gettime",
	"getrandom",
	"membarrier",
	/* signals */
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"rt_sigpending",
	"rt_sigtimedwait",
	"sigaltstack",
	"signalfd4",
	/* who and where it is, how much it uses */
	"getpid",
	"gettid",
	"getppid",
	"getuid",
	"geteuid",
	"getgid",
	"getegid",
	"getpgrp",
	"uname",
	"sysinfo",
	"getrusage",
	"times",
	"prlimit64",
	"getrlimit",
	"capget",
	/* files */
	"read",
	"readv",
	"pread64",
	"write",
	"writev",
	"pwrite64",
	"close",
	"fstat",
	"newfstatat",
	"stat",
	"lstat",
	"statx",
	"statfs",
	"fstatfs",
	"lseek",
	"ftruncate",
	"fsync",
	"fdatasync",
	"fcntl",
	"dup",
	"dup2",
	"dup3",
	"access",
	"faccessat",
	"faccessat2",
	"readlink",
	"readlinkat",
	"getdents64",
	"getcwd",
	"unlink",
	"unlinkat",
	"memfd_create", /* libbpf from 1.4 on keeps a map's descriptor by it */
	/* waiting */
	"epoll_create1",
	"epoll_ctl",
	"epoll_wait",
	"epoll_pwait",
	"poll",
	"ppoll",
	"select",
	"pselect6",
	"eventfd2",
	/* control, metrics, netlink, systemd, syslog: which sockets is decided below */
	"accept",
	"accept4",
	"bind",
	"connect",
	"sendto",
	"sendmsg",
	"sendmmsg",
	"recvfrom",
	"recvmsg",
	"recvmmsg",
	"shutdown",
	"getsockopt",
	"setsockopt",
	"getsockname",
	"getpeername",
	/* the kernel */
	"bpf",
	"perf_event_open",
};

static const unsigned long ioctls[] = {
	PERF_EVENT_IOC_ENABLE,
	PERF_EVENT_IOC_DISABLE,
	PERF_EVENT_IOC_SET_BPF,
	TCGETS,
	TCSETS,
	TCSETSW,
	TCSETSF,
#ifdef TCGETS2 /* in place of these from glibc 2.42 on */
	TCGETS2,
	TCSETS2,
	TCSETSW2,
	TCSETSF2,
#endif
	TIOCGWINSZ,
	TIOCGPGRP, /* the stop key: whose is the terminal? */
	TCFLSH,
	FIONREAD,
	FIONBIO,
};

#define ALLOW(context, call, ...) \
	seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(call), 1, __VA_ARGS__)

/* Those where it depends on what with. */
static int allow_some(scmp_filter_ctx c)
{
	static const int families[] = { AF_UNIX, AF_NETLINK };
	/* No new code; nothing to be read that was not there; nothing to be made. */
	int err = ALLOW(c, mmap, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

	if (!err)
		err = ALLOW(c, mprotect, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!err)
		err = ALLOW(c, openat, SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT, 0));
	/* Threads, but no processes; see hide_clone3(). */
	if (!err)
		err = ALLOW(c, clone, SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	if (!err)
		err = seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0);
	for (size_t i = 0; !err && i < sizeof(families) / sizeof(*families); i++)
		err = ALLOW(c, socket, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i]));
	for (size_t i = 0; !err && i < sizeof(ioctls) / sizeof(*ioctls); i++)
		err = ALLOW(c, ioctl, SCMP_A1(SCMP_CMP_EQ, ioctls[i]));
	/* abort(), and the terminal's stop key */
	if (!err)
		err = ALLOW(c, tgkill, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (!err)
		err = ALLOW(c, kill, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	if (!err)
		err = ALLOW(c, prctl, SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
	return err;
}

/*
 * No filter can see clone3()'s flags.  Where it does not exist glibc goes on to clone().
 * A filter of its own, since this is nothing for the kernel's log.
 */
static int hide_clone3(void)
{
	scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);
	int err = c ? seccomp_rule_add(c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) : -ENOMEM;

	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

static int filter_calls(void)
{
	int err = hide_clone3();
	scmp_filter_ctx c = err ? NULL : seccomp_init(SCMP_ACT_ERRNO(EPERM));

	if (!c)
		return err ? err : -ENOMEM;
	err = seccomp_attr_set(c, SCMP_FLTATR_CTL_NNP, 1);
	/* Old kernels cannot log: then a refused call is told by what does not work. */
	(void)seccomp_attr_set(c, SCMP_FLTATR_CTL_LOG, 1);
	/* A tree of comparisons in place of a list of a hundred. */
	(void)seccomp_attr_set(c, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; !err && i < sizeof(allowed) / sizeof(*allowed); i++) {
		int call = seccomp_syscall_resolve_name(allowed[i]);

		/* Below 0: only other architectures have it. */
		if (call >= 0)
			err = seccomp_rule_add(c, SCMP_ACT_ALLOW, call, 0);
	}
	if (!err)
		err = allow_some(c);
	if (!err)
		err = seccomp_load(c);
	seccomp_release(c);
	return err;
}

void sandbox__enter(const struct features *f, enum attach_mode mode, bool on)
{
	int err;

	if (!on) {
		log_info("--no-sandbox: capabilities and system calls stay as they are");
		return;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		log_debug("new privileges cannot be ruled out: %s", strerror(errno));
	err = drop_capabilities(f, mode);
	if (err)
		log_info("capabilities cannot be given up (%s), it goes on with all that it has: "
			 "start it with those only that 'nfcleakbpf doctor' names",
			 strerror(-err));
	err = filter_calls();
	if (err)
		log_info("system calls cannot be filtered (%s), it goes on with all of them: use a "
			 "kernel with CONFIG_SECCOMP_FILTER, or nfcleakbpf.service, in which "
			 "systemd keeps much from it",
			 strerror(-err));
	else
		log_debug("capabilities that are not needed are given up, system calls filtered");
}
