// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings and the capabilities that follow from them.
 *
 * Before 5.8 CAP_SYS_ADMIN stood for CAP_BPF and CAP_PERFMON, and still does
 * (bpf_capable() and perfmon_capable() of include/linux/capability.h).
 */
#include "kernel/settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>

static bool read_line(const char *root, const char *path, char *buf, size_t size)
{
	char full[256];
	FILE *f;
	bool ok;

	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "re");
	ok = f && fgets(buf, (int)size, f);
	if (f)
		fclose(f);
	return ok;
}

static int read_number(const char *root, const char *path)
{
	char line[64], *end;
	long n;

	if (!read_line(root, path, line, sizeof(line)))
		return SETTING_ABSENT;
	n = strtol(line, &end, 10);
	return end == line || n < -1000 || n > 1000 ? SETTING_ABSENT : (int)n;
}

void settings__read(struct settings *s, const char *root)
{
	char line[256];

	s->kptr_restrict = read_number(root, "/proc/sys/kernel/kptr_restrict");
	s->perf_event_paranoid = read_number(root, "/proc/sys/kernel/perf_event_paranoid");
	s->unprivileged_bpf_disabled =
		read_number(root, "/proc/sys/kernel/unprivileged_bpf_disabled");
	s->ftrace_enabled = read_number(root, "/proc/sys/kernel/ftrace_enabled");
	s->bpf_jit_enable = read_number(root, "/proc/sys/net/core/bpf_jit_enable");
	s->lockdown = LOCKDOWN_NONE;
	if (read_line(root, "/sys/kernel/security/lockdown", line, sizeof(line)))
		s->lockdown = strstr(line, "[confidentiality]") ? LOCKDOWN_CONFIDENTIALITY
			      : strstr(line, "[integrity]")	? LOCKDOWN_INTEGRITY
								: LOCKDOWN_NONE;
	s->preempt_rt = read_number(root, "/sys/kernel/realtime") == 1 ||
			(read_line(root, "/proc/sys/kernel/version", line, sizeof(line)) &&
			 strstr(line, "PREEMPT_RT"));
}

bool settings__ftrace_off(const char *root)
{
	return read_number(root, "/proc/sys/kernel/ftrace_enabled") == 0;
}

size_t settings__remarks(const struct settings *s, struct remark remarks[MAX_REMARKS])
{
	size_t n = 0;

#define REMARK(condition, is_bad, ...)                                                   \
	do {                                                                             \
		if (condition) {                                                         \
			remarks[n].bad = is_bad;                                         \
			snprintf(remarks[n].text, sizeof(remarks[n].text), __VA_ARGS__); \
			n++;                                                             \
		}                                                                        \
	} while (0)

	REMARK(s->ftrace_enabled == 0, true,
	       "kernel.ftrace_enabled is 0: hooks on functions never run, and the kernel does not "
	       "say so; set it to 1");
	REMARK(s->kptr_restrict >= 2, true,
	       "kernel.kptr_restrict is %d: nobody is told where functions are; set it to 0 or 1",
	       s->kptr_restrict);
	REMARK(s->lockdown == LOCKDOWN_CONFIDENTIALITY, true,
	       "lockdown=confidentiality: nobody may read kernel memory");
	REMARK(s->lockdown == LOCKDOWN_INTEGRITY, false,
	       "lockdown=integrity: kernel memory may be read, so nothing is in the way");
	REMARK(s->bpf_jit_enable == 0, true,
	       "net.core.bpf_jit_enable is 0: all programs are interpreted, which is slow; set it to 1");
	REMARK(s->perf_event_paranoid > 2, false,
	       "kernel.perf_event_paranoid is %d: kprobes want CAP_SYS_ADMIN; 2 would spare it",
	       s->perf_event_paranoid);
	REMARK(s->unprivileged_bpf_disabled == 0, false,
	       "kernel.unprivileged_bpf_disabled is 0: needed by nothing here; 2 is safer");
	REMARK(s->preempt_rt, false,
	       "PREEMPT_RT: softirqs run in threads, whose allocations count as theirs; some calls "
	       "are not seen, and not counted (docs/kernels.md)");
#undef REMARK
	return n;
}

/* ---- capabilities ---- */

static bool has(uint64_t held, int capability)
{
	return held >> capability & 1;
}

void privileges__find(struct privilege list[NR_PRIVILEGES], const struct settings *s,
		      unsigned major, unsigned minor, uint64_t held, bool memlock)
{
	bool admin = has(held, CAP_SYS_ADMIN), paranoid = s->perf_event_paranoid > 2;
	/* Maps are charged to a memory cgroup since then, not to RLIMIT_MEMLOCK. */
	bool locked = major < 5 || (major == 5 && minor < 11);
	/* kallsyms_show_value() */
	bool hidden = s->kptr_restrict != 0 || s->perf_event_paranoid > 1;
	struct privilege *p = list;

	memset(list, 0, NR_PRIVILEGES * sizeof(*list));
	*p = (struct privilege){ .capability = CAP_BPF, .name = "CAP_BPF", .later = true };
	snprintf(p->what, sizeof(p->what), "programs and maps");
	p->wanted = true;
	p->held = has(held, CAP_BPF) || admin;
	p++;
	*p = (struct privilege){ .capability = CAP_PERFMON, .name = "CAP_PERFMON", .later = true };
	snprintf(p->what, sizeof(p->what), "all hooks, and reading kernel memory");
	p->wanted = true;
	p->held = has(held, CAP_PERFMON) || admin;
	p++;
	*p = (struct privilege){ .capability = CAP_SYS_ADMIN,
				 .name = "CAP_SYS_ADMIN",
				 .later = true };
	p->wanted = paranoid;
	p->held = admin;
	if (paranoid)
		snprintf(p->what, sizeof(p->what), "kprobes: kernel.perf_event_paranoid is %d",
			 s->perf_event_paranoid);
	else
		snprintf(p->what, sizeof(p->what), "only for --attach fentry: types of modules");
	p++;
	*p = (struct privilege){ .capability = CAP_SYSLOG, .name = "CAP_SYSLOG", .later = true };
	p->wanted = hidden;
	p->held = has(held, CAP_SYSLOG);
	snprintf(p->what, sizeof(p->what), "%s: kernel.kptr_restrict is %d",
		 hidden ? "addresses of functions" : "not needed", s->kptr_restrict);
	p++;
	*p = (struct privilege){ .capability = CAP_SYS_RESOURCE,
				 .name = "CAP_SYS_RESOURCE",
				 .later = true };
	p->wanted = locked && !memlock;
	p->held = has(held, CAP_SYS_RESOURCE);
	snprintf(p->what, sizeof(p->what), "%s",
		 !locked   ? "not needed since 5.11"
		 : memlock ? "not needed: RLIMIT_MEMLOCK has no limit"
			   : "maps beyond RLIMIT_MEMLOCK");
}

void privileges__own(struct privilege list[NR_PRIVILEGES], const struct settings *s, unsigned major,
		     unsigned minor)
{
	cap_t caps = cap_get_proc();
	struct rlimit limit = { 0 };
	uint64_t held = 0;

	for (cap_value_t cap = 0; caps && cap <= CAP_LAST_CAP; cap++) {
		cap_flag_value_t value = CAP_CLEAR;

		if (!cap_get_flag(caps, cap, CAP_EFFECTIVE, &value) && value == CAP_SET)
			held |= 1ULL << cap;
	}
	cap_free(caps);
	privileges__find(list, s, major, minor, held,
			 !getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur == RLIM_INFINITY);
}

void privileges__absent(const struct privilege list[NR_PRIVILEGES], char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < NR_PRIVILEGES && n < size; i++)
		if (list[i].wanted && !list[i].held)
			n += (size_t)snprintf(buf + n, size - n, "%s%s", n ? ", " : "",
					      list[i].name);
}

bool privilege__for_hook(const struct privilege *p, const char *mechanism, bool module)
{
	bool kprobe = !strcmp(mechanism, "kprobe") || !strcmp(mechanism, "kretprobe");
	bool trampoline = !strcmp(mechanism, "fentry") || !strcmp(mechanism, "fexit");

	switch (p->capability) {
	case CAP_BPF:
	case CAP_PERFMON:
		return true;
	case CAP_SYS_ADMIN:
		return (kprobe && p->wanted) || (trampoline && module);
	case CAP_SYSLOG:
		return module && p->wanted;
	default:
		return p->wanted;
	}
}
