// SPDX-License-Identifier: GPL-2.0-only
/*
 * What settings mean, from files as the kernel has them, and which capabilities follow
 * from them.
 */
#include "unit/unit.h"

#include <sys/capability.h>
#include <sys/stat.h>

#include "kernel/settings.h"
#include "util/runtime.h"

#define ALL (~0ULL)

static char root[] = "/tmp/settings_test.XXXXXX";

static void put(const char *path, const char *text)
{
	char full[256];
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static bool remarked(const struct settings *s, const char *words, bool bad)
{
	struct remark remarks[MAX_REMARKS];
	size_t n = settings__remarks(s, remarks);

	assert_true(n <= MAX_REMARKS);
	for (size_t i = 0; i < n; i++)
		if (strstr(remarks[i].text, words)) {
			assert_int_equal(remarks[i].bad, bad);
			/* whole, not cut */
			assert_true(strlen(remarks[i].text) + 1 < sizeof(remarks[i].text));
			return true;
		}
	return false;
}

static void files(void **state)
{
	struct settings s;

	(void)state;
	settings__read(&s, root);
	assert_int_equal(s.kptr_restrict, SETTING_ABSENT);
	assert_int_equal(s.ftrace_enabled, SETTING_ABSENT);
	assert_int_equal(s.lockdown, LOCKDOWN_NONE);
	assert_false(s.preempt_rt);
	/* What is not there is no obstacle. */
	assert_false(remarked(&s, "", true));

	put("/proc/sys/kernel/kptr_restrict", "2\n");
	put("/proc/sys/kernel/perf_event_paranoid", "-1\n");
	put("/proc/sys/kernel/ftrace_enabled", "0\n");
	put("/proc/sys/kernel/unprivileged_bpf_disabled", "rubbish\n");
	put("/proc/sys/net/core/bpf_jit_enable", "0\n");
	put("/proc/sys/kernel/version", "#1 SMP PREEMPT_RT Debian 6.12.1-1\n");
	put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n");
	settings__read(&s, root);
	assert_int_equal(s.kptr_restrict, 2);
	assert_int_equal(s.perf_event_paranoid, -1);
	assert_int_equal(s.ftrace_enabled, 0);
	assert_true(settings__ftrace_off(root));
	assert_int_equal(s.unprivileged_bpf_disabled, SETTING_ABSENT);
	assert_int_equal(s.lockdown, LOCKDOWN_INTEGRITY);
	assert_true(s.preempt_rt);
	assert_true(remarked(&s, "kernel.ftrace_enabled is 0", true));
	assert_true(remarked(&s, "kernel.kptr_restrict is 2", true));
	assert_true(remarked(&s, "bpf_jit_enable", true));
	assert_true(remarked(&s, "lockdown=integrity", false));
	assert_true(remarked(&s, "PREEMPT_RT", false));
	assert_false(remarked(&s, "perf_event_paranoid", false));

	put("/sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
	put("/proc/sys/kernel/version", "#1 SMP PREEMPT_DYNAMIC Debian\n");
	put("/proc/sys/kernel/perf_event_paranoid", "3\n");
	put("/proc/sys/kernel/unprivileged_bpf_disabled", "0\n");
	settings__read(&s, root);
	assert_int_equal(s.lockdown, LOCKDOWN_CONFIDENTIALITY);
	assert_false(s.preempt_rt);
	assert_true(remarked(&s, "lockdown=confidentiality", true));
	assert_true(remarked(&s, "perf_event_paranoid is 3", false));
	assert_true(remarked(&s, "unprivileged_bpf_disabled is 0", false));
}

static const struct settings debian = { .kptr_restrict = 0,
					.perf_event_paranoid = 3,
					.ftrace_enabled = 1,
					.unprivileged_bpf_disabled = 2,
					.bpf_jit_enable = 1 };
static const struct settings upstream = { .kptr_restrict = 0,
					  .perf_event_paranoid = 1,
					  .ftrace_enabled = 1,
					  .unprivileged_bpf_disabled = 2,
					  .bpf_jit_enable = 1 };

static void absent_is(const struct settings *s, unsigned major, unsigned minor, uint64_t held,
		      bool memlock, const char *wanted)
{
	struct privilege list[NR_PRIVILEGES];
	char text[128];

	privileges__find(list, s, major, minor, held, memlock);
	privileges__absent(list, text, sizeof(text));
	assert_string_equal(text, wanted);
}

#define BIT(cap) (1ULL << (cap))

static void wanted(void **state)
{
	(void)state;
	absent_is(&debian, 6, 12, ALL, false, "");
	absent_is(&debian, 6, 12, 0, false, "CAP_BPF, CAP_PERFMON, CAP_SYS_ADMIN, CAP_SYSLOG");
	absent_is(&upstream, 6, 12, 0, false, "CAP_BPF, CAP_PERFMON");
	absent_is(&upstream, 6, 12, BIT(CAP_BPF) | BIT(CAP_PERFMON), false, "");
	/* The old way, which still is one. */
	absent_is(&debian, 6, 1, BIT(CAP_SYS_ADMIN), false, "CAP_SYSLOG");
	absent_is(&upstream, 5, 10, BIT(CAP_SYS_ADMIN), false, "CAP_SYS_RESOURCE");
	absent_is(&upstream, 5, 10, BIT(CAP_SYS_ADMIN), true, "");
	absent_is(&upstream, 5, 11, BIT(CAP_SYS_ADMIN), false, "");
	absent_is(&upstream, 7, 2, BIT(CAP_SYS_ADMIN), false, "");
}

static bool hook_wants(const struct privilege *list, int cap, const char *mechanism, bool module)
{
	for (size_t i = 0; i < NR_PRIVILEGES; i++)
		if (list[i].capability == cap)
			return privilege__for_hook(&list[i], mechanism, module);
	fail();
	return false;
}

static void of_hooks(void **state)
{
	struct privilege list[NR_PRIVILEGES];

	(void)state;
	privileges__find(list, &debian, 6, 12, 0, false);
	assert_true(hook_wants(list, CAP_BPF, "raw_tp", false));
	assert_true(hook_wants(list, CAP_PERFMON, "kprobe", true));
	assert_true(hook_wants(list, CAP_SYS_ADMIN, "kprobe", true));
	assert_true(hook_wants(list, CAP_SYS_ADMIN, "kretprobe", true));
	assert_true(hook_wants(list, CAP_SYS_ADMIN, "fentry", true));
	assert_false(hook_wants(list, CAP_SYS_ADMIN, "fentry", false));
	assert_false(hook_wants(list, CAP_SYS_ADMIN, "tp_btf", false));
	assert_true(hook_wants(list, CAP_SYSLOG, "kprobe", true));
	assert_false(hook_wants(list, CAP_SYSLOG, "raw_tp", false));
	assert_false(hook_wants(list, CAP_SYS_RESOURCE, "raw_tp", false));
	privileges__find(list, &upstream, 5, 10, 0, false);
	assert_false(hook_wants(list, CAP_SYS_ADMIN, "kprobe", true));
	assert_true(hook_wants(list, CAP_SYS_ADMIN, "fexit", true));
	assert_true(hook_wants(list, CAP_SYS_RESOURCE, "raw_tp", false));
}

static void text_fits(void **state)
{
	struct privilege list[NR_PRIVILEGES];
	char small[8];

	(void)state;
	privileges__find(list, &debian, 6, 12, 0, false);
	privileges__absent(list, small, sizeof(small));
	assert_string_equal(small, "CAP_BPF");
}

static void runtime(void **state)
{
	char buf[RUNTIME_PATH_MAX], longest[200];

	(void)state;
	unsetenv("XDG_RUNTIME_DIR");
	unsetenv("RUNTIME_DIRECTORY");
	assert_string_equal(runtime__path("a", buf), "/run/a");
	setenv("RUNTIME_DIRECTORY", "/run/one:/run/two", 1);
	assert_string_equal(runtime__path("a", buf), "/run/one/a");
	setenv("RUNTIME_DIRECTORY", "here", 1);
	assert_string_equal(runtime__path("a", buf), "/run/a");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = '\0';
	setenv("RUNTIME_DIRECTORY", longest, 1);
	assert_string_equal(runtime__path("a", buf), "/run/a");
	unsetenv("RUNTIME_DIRECTORY");
	setenv("XDG_RUNTIME_DIR", "/run/user/9", 1);
	assert_string_equal(runtime__path("a", buf), geteuid() ? "/run/user/9/a" : "/run/a");
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(root) ? 0 : -1;
}

static int take_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

static const struct CMUnitTest tests[] = {
	TEST("settings are read, and what follows from them is said", files),
	TEST("capabilities that are wanted and absent", wanted),
	TEST("capabilities of each hook", of_hooks),
	TEST("a list of names that is too long is cut", text_fits),
	TEST("where lock and socket are", runtime),
};

UNIT_MAIN_IN(tests, set_up, take_down)
