/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an administrator or a distribution has set that decides what a tracer may do:
 * sysctls, lockdown, preemption model.  Facts, and what follows from them in words.
 */
#ifndef NLB_SETTINGS_H
#define NLB_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SETTING_ABSENT (-1) /* this kernel has no such sysctl, or nobody may read it */

enum lockdown { LOCKDOWN_NONE, LOCKDOWN_INTEGRITY, LOCKDOWN_CONFIDENTIALITY };

struct settings {
	int kptr_restrict;	       /* kernel.kptr_restrict */
	int perf_event_paranoid;       /* kernel.perf_event_paranoid */
	int unprivileged_bpf_disabled; /* kernel.unprivileged_bpf_disabled */
	int ftrace_enabled;	       /* kernel.ftrace_enabled */
	int bpf_jit_enable;	       /* net.core.bpf_jit_enable */
	enum lockdown lockdown;	       /* as securityfs says */
	bool preempt_rt;
};

/* root is put in front of all paths, "" for the running system's. */
void settings__read(struct settings *s, const char *root);
/*
 * Is kernel.ftrace_enabled 0 just now?  A few system calls, of which none makes anything or
 * wants a capability; one that cannot be read is not 0.
 */
bool settings__ftrace_off(const char *root);

/* What a user should know of a setting. */
struct remark {
	bool bad; /* something does not work because of it */
	char text[200];
};

#define MAX_REMARKS 8

/* At most MAX_REMARKS.  Returns how many. */
size_t settings__remarks(const struct settings *s, struct remark remarks[MAX_REMARKS]);

/* ---- capabilities ---- */

/* What a capability is for on this kernel with these settings. */
struct privilege {
	int capability; /* CAP_BPF and so on */
	const char *name;
	bool wanted;	/* by `run` as it is by default */
	bool held;	/* now, effective; also through CAP_SYS_ADMIN where that is as good */
	bool later;	/* also for modules that are loaded later, and for attaching again */
	char what[100]; /* it is wanted for, or why it is not */
};

#define NR_PRIVILEGES 5

/*
 * major and minor are the kernel's version, held the effective capabilities, bit N
 * for capability N; memlock: RLIMIT_MEMLOCK has no limit.
 */
void privileges__find(struct privilege list[NR_PRIVILEGES], const struct settings *s,
		      unsigned major, unsigned minor, uint64_t held, bool memlock);
/* The same of this process. */
void privileges__own(struct privilege list[NR_PRIVILEGES], const struct settings *s, unsigned major,
		     unsigned minor);
/* The names of those that are wanted and not held, with commas; "" where there are none. */
void privileges__absent(const struct privilege list[NR_PRIVILEGES], char *buf, size_t size);
/* Does a hook of this mechanism ("kprobe", "raw_tp") on a module's function or not want it? */
bool privilege__for_hook(const struct privilege *p, const char *mechanism, bool module);

#endif /* NLB_SETTINGS_H */
