// SPDX-License-Identifier: GPL-2.0-only
/*
 * doctor on kernels that nobody has: whatever they offer and refuse, its text has lines
 * that a terminal has room for, and nothing is missing from it.
 */
#include "unit/unit.h"

#include <sys/capability.h>
#include <sys/mman.h>

#include "cmd/cmd.h"
#include "hooks/hooks.h"
#include "kernel/builtin.h"
#include "kernel/kallsyms.h"
#include "util/wrap.h"

/* ---- a pretended kernel ---- */

static struct kernel kernel;
static struct hook hooks[200];
static size_t nr_hooks, nr_modules;
static bool built_in;

static const char *const modules[] = { "nfc",	    "nfc_digital", "nfcsim",	 "pn533",
				       "pn533_usb", "pn533_i2c",   "trf7970a",	 "st95hf",
				       "port100",   "nfcmrvl_usb", "s3fwrn5_i2c" };

int __wrap_kernel__open(struct kernel *k, const struct builtin_part *parts)
{
	(void)parts;
	*k = kernel;
	k->builtins.nfc = built_in;
	return 0;
}

void __wrap_kernel__close(struct kernel *k)
{
	(void)k;
}

int __wrap_hooks__new(struct hooks **out, const struct hooks_config *config, struct kernel *k,
		      struct names *names)
{
	(void)config;
	(void)k;
	(void)names;
	*out = NULL;
	return 0;
}

void __wrap_hooks__free(struct hooks *h)
{
	(void)h;
}

size_t __wrap_hooks__nr_modules(const struct hooks *h)
{
	(void)h;
	return nr_modules;
}

const char *__wrap_hooks__module(const struct hooks *h, size_t index)
{
	(void)h;
	return modules[index];
}

size_t __wrap_hooks__count(const struct hooks *h)
{
	(void)h;
	return nr_hooks;
}

const struct hook *__wrap_hooks__at(const struct hooks *h, size_t index)
{
	(void)h;
	return &hooks[index];
}

/* ---- what it says ---- */

static char *said(void)
{
	char *argv[] = { "nfcleakbpf doctor", NULL }, *text = calloc(1, 1 << 20);
	int fd = memfd_create("said", MFD_CLOEXEC), was = dup(STDOUT_FILENO);

	assert_non_null(text);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(cmd_doctor(1, argv), EXIT_DONE);
	fflush(stdout);
	dup2(was, STDOUT_FILENO);
	close(was);
	assert_true(pread(fd, text, (1 << 20) - 1, 0) > 0);
	close(fd);
	return text;
}

static void check_width(const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > WRAP_COLUMNS)
			fail_msg("%zu columns: %.*s", n, (int)n, text);
	}
}

/* All words of it, one after the other, however they are broken into lines. */
static void has_words(const char *text, const char *words)
{
	char *joined = strdup(text);
	size_t n = 0;

	for (const char *c = text; *c; c++)
		if ((*c != ' ' && *c != '\n') || (n && joined[n - 1] != ' '))
			joined[n++] = *c == '\n' ? ' ' : *c;
	joined[n] = '\0';
	if (!strstr(joined, words))
		fail_msg("'%s' is not in:\n%s", words, text);
	free(joined);
}

static void set_settings(bool good)
{
	kernel.features.settings = (struct settings){
		.kptr_restrict = good ? 0 : 2,
		.perf_event_paranoid = good ? 1 : 4,
		.unprivileged_bpf_disabled = good ? 2 : 0,
		.ftrace_enabled = good,
		.bpf_jit_enable = good,
		.lockdown = good ? LOCKDOWN_NONE : LOCKDOWN_CONFIDENTIALITY,
		.preempt_rt = !good,
	};
	privileges__find(kernel.features.privileges, &kernel.features.settings, 5, good ? 15 : 10,
			 good ? ~0ULL : 0, good);
}

/* Every hook there can be, each with the longest that can be said about it. */
static void fill_hooks(enum hook_state state)
{
	static const char reason[] =
		"kprobe__attach_to_something_that_is_not_there: the kernel says that it has no such "
		"function, and nobody knows why (Operation n)";

	_Static_assert(sizeof(reason) == sizeof(hooks->reason), "the longest");
	nr_hooks = 0;
	for (size_t i = 0; subsystems[i]; i++) {
		for (const struct hooked_function *f = subsystems[i]->functions; f->name; f++) {
			struct hook *h = &hooks[nr_hooks++];

			assert_true(nr_hooks < ARRAY_SIZE(hooks));
			*h = (struct hook){ .mechanism = "kretprobe", .state = state };
			snprintf(h->target, sizeof(h->target), "%s", f->name);
			snprintf(h->module, sizeof(h->module), "%s", subsystems[i]->module);
			strcpy(h->reason, reason);
			h->lost = f->lost;
		}
	}
	assert_true(nr_hooks > 20);
}

/* Which of its features a kernel has, by chance. */
static void some_features(uint64_t *seed)
{
	struct features *f = &kernel.features;
	bool *const all[] = {
		&f->privileged,	     &f->lockdown,	 &f->btf,	   &f->modules,
		&f->kprobe,	     &f->kprobe_multi,	 &f->cookie,	   &f->module_btf,
		&f->reattach,	     &f->counted_misses, &f->whole_stacks, &f->memory,
		&f->syscall_program, &f->preempted,	 &f->symbols,	   &f->bpf
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		*all[i] = next_random(seed) & 1;
	f->fentry = next_random(seed) & 1 ? -1 : 0;
}

static void eighty_columns(void **state)
{
	static const enum hook_state states[] = { HOOK_PLANNED, HOOK_MISSING, HOOK_UNNEEDED };
	struct features *f = &kernel.features;
	uint64_t seed = 1;

	(void)state;
	strcpy(kernel.features.release, "6.12.117+deb12-cloud-amd64");
	for (int i = 0; i < 400; i++) {
		char *text;

		some_features(&seed);
		set_settings(i % 2);
		fill_hooks(states[i % 3]);
		nr_modules = i % 5 ? ARRAY_SIZE(modules) : 0;
		built_in = i % 10 == 0;
		kallsyms__why_hidden(i % 3 ? NULL : "/nonexistent", f->hidden, sizeof(f->hidden));
		text = said();
		check_width(text);
		if (f->privileged && !f->lockdown && !f->symbols)
			has_words(text, f->hidden);
		free(text);
	}
}

static void all_of_it(void **state)
{
	uint64_t seed = 1;
	char *text;

	(void)state;
	some_features(&seed);
	set_settings(false);
	fill_hooks(HOOK_MISSING);
	nr_modules = ARRAY_SIZE(modules);
	text = said();
	has_words(text, "modules to trace: nfc nfc_digital nfcsim pn533 pn533_usb pn533_i2c "
			"trf7970a st95hf port100 nfcmrvl_usb s3fwrn5_i2c not loaded: nfc ");
	for (size_t i = 0; i < nr_hooks; i++) {
		char words[800];

		snprintf(words, sizeof(words), "- kretprobe %s [%s] %s without it: %s",
			 hooks[i].target, hooks[i].module, hooks[i].reason, hooks[i].lost);
		has_words(text, words);
	}
	free(text);
}

/* ---- lines ---- */

static char *wrapped(int indent, const char *lead, const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	wrap__text(f, indent, lead, text);
	fclose(f);
	return out;
}

static void expect(int indent, const char *lead, const char *text, const char *wanted)
{
	char *got = wrapped(indent, lead, text);

	assert_string_equal(got, wanted);
	free(got);
}

#define FIFTY "12345678901234567890123456789012345678901234567890"

static void lines(void **state)
{
	(void)state;
	expect(4, "", "a b", "    a b\n");
	expect(4, "ok", "a  b ", "ok  a b\n");
	expect(4, "  ok", "a", "  oka\n");
	expect(2, "not loaded:", "nfc", "not loaded: nfc\n");
	expect(2, "not loaded:", "", "not loaded:\n");
	expect(0, "", "", "\n");
	/* 80 columns fit, 81 do not. */
	expect(0, "", FIFTY " 12345678901234567890123456789",
	       FIFTY " 12345678901234567890123456789\n");
	expect(2, "", FIFTY " 1234567890123456789012345678",
	       "  " FIFTY "\n  1234567890123456789012345678\n");
	/* A word for which there is no room. */
	expect(2, "-", FIFTY FIFTY " b", "- " FIFTY FIFTY "\n  b\n");
	expect(2, "lead", "a " FIFTY FIFTY, "lead a\n  " FIFTY FIFTY "\n");
}

static const struct CMUnitTest tests[] = {
	TEST("doctor: 80 columns at most, whatever the kernel", eighty_columns),
	TEST("doctor: names, reasons and what is lost are all there", all_of_it),
	TEST("lines are broken at spaces", lines),
};

UNIT_MAIN(tests)
