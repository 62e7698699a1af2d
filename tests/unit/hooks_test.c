// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is planned and followed as modules and callbacks come and go, with a pretended kernel: its
 * modules, their symbols and what it says of an address.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/stat.h>

#include "hooks/internal.h"
#include "ledger/ledger.h"
#include "unit/fake.h"
#include "util/log.h"

struct world {
	struct kernel kernel;
	struct module_info modules[24];
	struct names *names;
	struct hooks *hooks;
};

/* ---- the pretended kernel ---- */

#define NFC_CALLBACK 0xffffffffc0301000ULL

static const struct fake_symbol symbols[] = {
	{ "nfc_llcp_recv", "nfc", NFC_CALLBACK, 0x100 },
	{ "digital_cb", "nfc_digital", 0xffffffffc0400000ULL, 0x40 },
	{ NULL, NULL, 0, 0 },
};

/* Functions of as many names as one wants. */
static const struct fake_symbol *many;

int __wrap_query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out);

int __wrap_query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out)
{
	struct fake_kernel kernel = { .symbols = many ? many : symbols };

	(void)q;
	return fake__resolve(&kernel, addrs, count, out);
}

/* A module's table has one function of each subsystem's; so many times it cannot be read. */
static struct {
	const char *module; /* NULL: any */
	unsigned times;
	int err;
} unreadable;

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out);

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out)
{
	(void)k;
	memset(out, 0, sizeof(*out));
	if (unreadable.times && (!unreadable.module || !strcmp(unreadable.module, module))) {
		unreadable.times--;
		return unreadable.err;
	}
	out->list = calloc(1, sizeof(*out->list));
	out->strings = strdup(strcmp(module, "nfc") != 0 ? "digital_send_cmd" : "nfc_dev_up");
	assert_non_null(out->list);
	assert_non_null(out->strings);
	out->list[0] = (struct module_symbol){ 0xffffffffc0300000ULL, out->strings };
	out->count = 1;
	return 0;
}

int __wrap_kernel__module_text(struct kernel *k, const char *module, struct memory_range *out,
			       size_t max);

int __wrap_kernel__module_text(struct kernel *k, const char *module, struct memory_range *out,
			       size_t max)
{
	const struct module_info *m = modules__find(&k->modules, module);

	assert_true(max >= 1);
	if (!m || !m->base)
		return -ENOENT;
	*out = (struct memory_range){ m->base, m->size };
	return 1;
}

static int refresh_fails;

int __wrap_kernel__refresh_modules(struct kernel *k);

int __wrap_kernel__refresh_modules(struct kernel *k)
{
	(void)k;
	return refresh_fails;
}

/* A module's directory in sysfs is as old as it is said to be. */
static ino_t life;

int __wrap_stat(const char *path, struct stat *st);

int __wrap_stat(const char *path, struct stat *st)
{
	/* Other files are not there on every kernel. */
	const char *end = strrchr(path, '/');

	memset(st, 0, sizeof(*st));
	st->st_ino = life;
	return life && end && !strcmp(end, "/initstate") ? 0 : -1;
}

/* The filter while the span is half written. */
static void (*in_between)(void);

int __wrap_arm__wait_for_programs(struct hooks *h);

int __wrap_arm__wait_for_programs(struct hooks *h)
{
	(void)h;
	if (in_between)
		in_between();
	return 0;
}

static const struct hooks *waking; /* whose ends of skbs are to be seen before any birth */

static void expect_ends(void)
{
	for (size_t i = 0; waking && i < waking->count; i++)
		if (waking->entries[i]->group == GROUP_SKB_ENDS &&
		    !waking->skel->bss->filter.asleep)
			assert_int_equal(waking->entries[i]->hook.state, HOOK_ATTACHED);
}

static int attach_fails;

int __wrap_attach__program(struct attachment *a, struct bpf_program *program);

int __wrap_attach__program(struct attachment *a, struct bpf_program *program)
{
	(void)a;
	(void)program;
	expect_ends();
	return attach_fails;
}

/* Each program has missed as much. */
static uint64_t missed;

int __wrap_bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len);

int __wrap_bpf_obj_get_info_by_fd(int fd, void *info, __u32 *len)
{
	assert_true(fd > 0);
	assert_true(*len >= sizeof(struct bpf_prog_info));
	((struct bpf_prog_info *)info)->recursion_misses = missed;
	return 0;
}

/* What was attached to functions, as "PROGRAM FUNCTION," in this order. */
static char attached[512];
static bool returns_fail;

int __wrap_attach__function(struct attachment *a, enum attach_mode mode,
			    struct bpf_program *program, uint64_t addr, const char *module,
			    const char *name, uint64_t cookie, bool at_return, bool copy);

int __wrap_attach__function(struct attachment *a, enum attach_mode mode,
			    struct bpf_program *program, uint64_t addr, const char *module,
			    const char *name, uint64_t cookie, bool at_return, bool copy)
{
	size_t end = strlen(attached);

	(void)a;
	(void)mode;
	(void)module;
	(void)cookie;
	(void)copy;
	assert_true(addr);
	if (at_return && returns_fail)
		return -EPERM;
	snprintf(attached + end, sizeof(attached) - end, "%s %s,", bpf_program__name(program),
		 name);
	return 0;
}

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return query__resolve(ctx, addrs, count, out);
}

static void load(struct world *w, const char *name, const char *users)
{
	struct module_info *m = &w->modules[w->kernel.modules.count++];

	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	snprintf(m->users, sizeof(m->users), "%s", users);
	w->kernel.modules.list = w->modules;
}

static void lies_at(struct world *w, const char *module, uint64_t base)
{
	struct module_info *m = (struct module_info *)modules__find(&w->kernel.modules, module);

	assert_non_null(m);
	m->base = base;
	m->size = 0x1000;
}

static void begin(struct world *w)
{
	struct hooks_config config = { .mode = ATTACH_KPROBE };

	w->names = names__new(resolve, NULL);
	assert_non_null(w->names);
	w->kernel.features.modules = true;
	assert_int_equal(hooks__new(&w->hooks, &config, &w->kernel, w->names), 0);
	/* Its memory is there before it is loaded. */
	w->hooks->skel = nfcleakbpf__open();
	assert_non_null(w->hooks->skel);
	w->hooks->level = HOOKS_AWAKE;
}

/* The hooks that belong to no module. */
static void set_core_hooks(const struct world *w, enum hook_state state)
{
	for (size_t i = 0; i < w->hooks->count; i++)
		if (!w->hooks->entries[i]->function)
			w->hooks->entries[i]->hook.state = state;
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	many = NULL;
	memset(&unreadable, 0, sizeof(unreadable));
	refresh_fails = attach_fails = 0;
	in_between = NULL;
	*attached = '\0';
	returns_fail = false;
	waking = NULL;
	life = 1;
	log_level = LOG_QUIET;
	*state = w;
	return w ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	hooks__free(w->hooks);
	names__free(w->names);
	free(w);
	return 0;
}

static const struct hook *last_hook(const struct world *w)
{
	return hooks__at(w->hooks, hooks__count(w->hooks) - 1);
}

/* ---- callbacks ---- */

/* NCI's callbacks are functions of nfc: whoever decodes a submit knows them as such. */
static void learns_callbacks_of_other_modules(void **state)
{
	struct world *w = *state;
	const struct hook_meaning *meaning;
	size_t before;

	load(w, "nci", "");
	load(w, "nfc", "nci,");
	begin(w);
	before = hooks__count(w->hooks);
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	assert_int_equal(hooks__count(w->hooks), before + 1);
	assert_string_equal(last_hook(w)->module, "nfc");
	meaning = hooks__meaning(w->hooks, NLB_COOKIE(before + 1, -1));
	assert_non_null(meaning);
	assert_ptr_equal(meaning->subsystem, &subsystem_nci);
	assert_int_equal(meaning->function, names__function(w->names, NFC_CALLBACK));
	/* Once. */
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	assert_int_equal(hooks__count(w->hooks), before + 1);
	/* In the midst of a function, of a module that is not traced, of nothing. */
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK + 1);
	hooks__learn_callback(w->hooks, &subsystem_nci, symbols[1].start);
	hooks__learn_callback(w->hooks, &subsystem_nci, 0);
	assert_int_equal(hooks__count(w->hooks), before + 1);
	/* It goes with its own module, which may be gone when it is heard of. */
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	assert_int_equal(last_hook(w)->state, HOOK_GONE);
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	before = hooks__count(w->hooks);
	life = 0;
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	assert_int_equal(hooks__count(w->hooks), before);
}

/* What is not hooked for want of room is said to be missing, each once. */
static void says_when_callbacks_are_too_many(void **state)
{
	static struct fake_symbol functions[41];
	static char names[40][16];
	struct world *w = *state;
	unsigned refused = 0;
	size_t before;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(names[i], sizeof(names[i]), "callback_%zu", i);
		functions[i] = (struct fake_symbol){ names[i], "nfc", NFC_CALLBACK + i * 64, 64 };
	}
	many = functions;
	load(w, "nfc", "");
	begin(w);
	/* It cannot be hooked here at all, which is another reason. */
	w->hooks->kernel->features.kprobe = true;
	assert_int_equal(setenv("NFCLEAKBPF_REFUSE", "callback_0", 1), 0);
	before = hooks__count(w->hooks);
	w->hooks->nr_callbacks = 31;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++)
		hooks__learn_callback(w->hooks, &subsystem_nci, functions[i / 2].start);
	unsetenv("NFCLEAKBPF_REFUSE");
	assert_int_equal(hooks__count(w->hooks), before + ARRAY_SIZE(names));
	for (size_t i = before; i < hooks__count(w->hooks); i++) {
		assert_int_equal(hooks__at(w->hooks, i)->state, HOOK_MISSING);
		refused +=
			!strcmp(hooks__at(w->hooks, i)->reason, "32 callbacks are hooked already");
	}
	assert_int_equal(refused, ARRAY_SIZE(names) - 1);
	assert_true(hooks__blind(w->hooks) & BLIND_SOMEWHERE);
}

/* ---- modules ---- */

static const struct hook *hook_on(const struct world *w, const char *target)
{
	for (size_t i = 0; i < hooks__count(w->hooks); i++)
		if (!strcmp(hooks__at(w->hooks, i)->target, target))
			return hooks__at(w->hooks, i);
	fail_msg("no hook on %s", target);
	return NULL;
}

/* What was lost may have been an event of a module. */
static void notices_lost_modules(void **state)
{
	struct world *w = *state;
	struct nlb_counters *counters;
	struct nlb_module event;

	load(w, "nfc", "");
	begin(w);
	set_core_hooks(w, HOOK_ATTACHED);
	counters = &w->hooks->skel->bss->counters;
	life = 2;
	load(w, "nfc_digital", "");
	/* While nothing was lost the hooks would have said it. */
	assert_false(hooks__module_missed(w->hooks, &event));
	counters->lost = 1;
	assert_true(hooks__module_missed(w->hooks, &event));
	assert_int_equal(event.h.type, NLB_MODULE_FREE);
	assert_string_equal(event.name, "nfc");
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	assert_true(hooks__module_missed(w->hooks, &event));
	assert_int_equal(event.h.type, NLB_MODULE_LOAD);
	assert_string_equal(event.name, "nfc");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 2);
	assert_false(hooks__module_missed(w->hooks, &event));
	/* Nothing was lost since. */
	life = 3;
	assert_false(hooks__module_missed(w->hooks, &event));
	counters->lost = 2;
	refresh_fails = -ENOMEM;
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
	assert_false(hooks__module_missed(w->hooks, &event));
	/* It could not be found out: so it is asked again. */
	refresh_fails = 0;
	assert_true(hooks__module_missed(w->hooks, &event));
	assert_int_equal(event.h.type, NLB_MODULE_LOAD);
}

/* It is in the list of modules before it can be told from the next of its name. */
static void waits_for_a_module_that_is_being_loaded(void **state)
{
	struct world *w = *state;

	load(w, "nfc", "");
	begin(w);
	load(w, "nfc_digital", "");
	life = 0;
	assert_int_equal(hooks__module_loaded(w->hooks), 0);
	assert_int_equal(hooks__nr_modules(w->hooks), 1);
	life = 1;
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 2);
}

static void takes_a_module_or_nothing_of_it(void **state)
{
	struct world *w = *state;
	struct nlb_module event;
	size_t before;

	load(w, "nfc", "");
	begin(w);
	set_core_hooks(w, HOOK_ATTACHED);
	before = hooks__count(w->hooks);
	load(w, "nfc_digital", "");
	unreadable.times = 2;
	unreadable.err = -ENOMEM;
	assert_int_equal(hooks__module_loaded(w->hooks), -ENOMEM);
	assert_int_equal(hooks__nr_modules(w->hooks), 1);
	assert_int_equal(hooks__count(w->hooks), before);
	/* Not at once, but a second later it is said again. */
	assert_false(hooks__module_missed(w->hooks, &event));
	assert_true(hooks__module_missed(w->hooks, &event));
	assert_int_equal(event.h.type, NLB_MODULE_LOAD);
	assert_string_equal(event.name, "nfc_digital");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 2);
	assert_true(hooks__count(w->hooks) > before);
	assert_false(hooks__module_missed(w->hooks, &event));
}

/* One of two that came at once is taken, and hooked. */
static void takes_those_that_can_be(void **state)
{
	struct world *w = *state;
	struct nlb_module event;

	begin(w);
	set_core_hooks(w, HOOK_ATTACHED);
	load(w, "nfc", "");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	load(w, "nfc_digital", "");
	load(w, "nfc_digital_too", "");
	snprintf(w->modules[0].users, sizeof(w->modules[0].users), "nfc_digital_too,");
	unreadable.module = "nfc_digital_too";
	unreadable.times = 2;
	unreadable.err = -ENOMEM;
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 2);
	assert_string_equal(hook_on(w, "digital_send_cmd")->reason,
			    "no perf kprobes (CONFIG_KPROBE_EVENTS)");
	assert_false(hooks__module_missed(w->hooks, &event));
	assert_true(hooks__module_missed(w->hooks, &event));
	assert_string_equal(event.name, "nfc_digital_too");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 3);
	assert_false(hooks__module_missed(w->hooks, &event));
}

static void says_why_a_function_is_not_hooked(void **state)
{
	struct world *w = *state;

	load(w, "nfc", "");
	load(w, "nfc_digital", "");
	/* The second time it can be read; then neither. */
	unreadable.times = 1;
	unreadable.err = -EFAULT;
	begin(w);
	assert_string_equal(hook_on(w, "nfc_dev_up")->reason,
			    "no perf kprobes (CONFIG_KPROBE_EVENTS)");
	assert_string_equal(hook_on(w, "nfc_digital_unregister_device")->reason,
			    "no such function in this build of nfc_digital");
	assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
	unreadable.times = 2;
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_string_equal(last_hook(w)->target, "nfc_digital_unregister_device");
	assert_string_equal(last_hook(w)->reason,
			    "the symbols of nfc_digital cannot be read: Bad address");
}

/* The hooks on memory are refused as a module comes: it is traced as soon as they are not. */
static void wakes_up_later(void **state)
{
	struct world *w = *state;

	begin(w);
	set_core_hooks(w, HOOK_ASLEEP);
	w->hooks->level = HOOKS_ASLEEP;
	attach_fails = -EPERM;
	load(w, "nfc", "");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_int_equal(hooks__nr_modules(w->hooks), 1);
	assert_int_equal(hooks__level(w->hooks), HOOKS_ASLEEP);
	assert_int_equal(hooks__wake(w->hooks), -EPERM);
	attach_fails = 0;
	assert_int_equal(hooks__wake(w->hooks), 0);
	assert_int_equal(hooks__level(w->hooks), HOOKS_AWAKE);
}

/* However often it is loaded, what is still under way of its last life means the same. */
static void keeps_places_over_reloads(void **state)
{
	struct world *w = *state;
	struct hook_meaning before[64];
	size_t count, learnt;

	w->kernel.features.kprobe = true;
	load(w, "nfc", "nfc_digital,");
	load(w, "nfc_digital", "");
	lies_at(w, "nfc", 0x30000);
	begin(w);
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	hooks__learn_callback(w->hooks, &subsystem_digital, symbols[1].start);
	count = hooks__count(w->hooks);
	assert_in_range(count, 1, ARRAY_SIZE(before));
	for (size_t i = 0; i < count; i++)
		before[i] = w->hooks->entries[i]->meaning;
	learnt = w->hooks->nr_callbacks;
	for (unsigned n = 0; n < 100; n++) {
		assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
		if (n % 2)
			assert_true(hooks__module_gone(w->hooks, "nfc"));
		if (n % 10 == 0) {
			/* In vain at first. */
			unreadable.times = 2;
			unreadable.err = -ENOMEM;
			assert_int_equal(hooks__module_loaded(w->hooks), -ENOMEM);
			assert_string_equal(hook_on(w, "digital_send_cmd")->reason,
					    "its module was unloaded");
		}
		*attached = '\0';
		assert_int_equal(hooks__module_loaded(w->hooks), 1);
		assert_non_null(strstr(attached, "nlb_leave digital_send_cmd,nlb_enter digital_"));
		hooks__learn_callback(w->hooks, &subsystem_digital, symbols[1].start);
		hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
		assert_int_equal(w->hooks->nr_callbacks, learnt);
		assert_int_equal(hooks__count(w->hooks), count);
		for (size_t i = 0; i < count; i++) {
			const struct entry *e = w->hooks->entries[i];

			assert_memory_equal(&e->meaning, &before[i], sizeof(before[i]));
			assert_int_not_equal(e->hook.state, HOOK_GONE);
			assert_int_equal(e->index, i);
			assert_false(e->fresh);
		}
	}
	/* The same callback, given to another subsystem's command, is another hook. */
	assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	hooks__learn_callback(w->hooks, &subsystem_nci, symbols[1].start);
	assert_int_equal(hooks__count(w->hooks), count + 1);
}

/* ---- what begins and ends ---- */

/* A frame whose end is not seen would never end. */
static void attaches_ends_first(void **state)
{
	struct world *w = *state;

	w->kernel.features.kprobe = true;
	begin(w);
	load(w, "nfc", "");
	load(w, "nfc_digital", "");
	snprintf(w->modules[0].users, sizeof(w->modules[0].users), "nfc_digital,");
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_string_equal(attached, "nlb_leave nfc_dev_up,nlb_enter nfc_dev_up,"
				      "nlb_leave digital_send_cmd,nlb_enter digital_send_cmd,");
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
	/* What is submitted is a fact all the same. */
	returns_fail = true;
	*attached = '\0';
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	assert_string_equal(attached, "nlb_call digital_send_cmd,");
	assert_int_equal(hooks__at(w->hooks, missing__find(w->hooks, "nfc", "nfc_dev_up"))->state,
			 HOOK_MISSING);
}

/* Also of the copies of programs, and of those that went with their module. */
static void counts_what_was_missed(void **state)
{
	struct world *w = *state;
	struct nlb_counters *c;
	struct entry *e;

	load(w, "nfc", "");
	begin(w);
	c = &w->hooks->skel->bss->counters;
	missed = 5;
	assert_int_equal(hooks__misses(w->hooks), 0);
	e = w->hooks->entries[missing__find(w->hooks, "nfc", "nfc_dev_up")];
	e->attachment.own_prog = open("/dev/null", O_RDONLY | O_CLOEXEC) + 1;
	assert_true(e->attachment.own_prog);
	assert_int_equal(hooks__misses(w->hooks), 5);
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	assert_int_equal(e->attachment.own_prog, 0);
	missed = 0;
	assert_int_equal(hooks__misses(w->hooks), 5);
	c->scope_full = 10;
	c->scope_healed = 100;
	c->no_stack = 1000;
	assert_int_equal(hooks__misses(w->hooks), 1115);
}

/* Functions tell more than memory does once births are not booked any more. */
static void ends_at_one_moment(void **state)
{
	static const enum event_type late[] = { EVENT_ALLOC, EVENT_SUBMIT, EVENT_SUBMIT_RETURN },
				     told[] = { EVENT_FREE, EVENT_CALLBACK, EVENT_COMPLETE,
						EVENT_DISPATCHED, EVENT_LEAVE };
	struct world *w = *state;
	struct event e = { .type = EVENT_SUBMIT, .time = UINT64_MAX };

	load(w, "nfc", "");
	begin(w);
	w->hooks->loaded = true;
	hooks__arm(w->hooks);
	assert_false(hooks__too_late(w->hooks, &e));
	hooks__disarm(w->hooks);
	w->hooks->loaded = false;
	for (size_t i = 0; i < ARRAY_SIZE(late); i++) {
		e = (struct event){ .type = late[i], .time = w->hooks->disarmed_at };
		assert_false(hooks__too_late(w->hooks, &e));
		e.time++;
		assert_true(hooks__too_late(w->hooks, &e));
	}
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		e = (struct event){ .type = told[i], .time = UINT64_MAX };
		assert_false(hooks__too_late(w->hooks, &e));
	}
}

/* ---- the filter ---- */

static const struct nlb_filter *filter;
static const uint64_t *enclosed; /* ends with 0 */

static bool spanned(uint64_t addr)
{
	return addr - filter->span.start < filter->span.size;
}

static void expect_enclosed(void)
{
	for (const uint64_t *addr = enclosed; *addr; addr++) {
		bool found = false;

		for (size_t i = 0; i < NLB_MAX_RANGES; i++)
			found |= *addr - filter->ranges[i].start < filter->ranges[i].size;
		assert_true(found);
		assert_true(spanned(*addr));
		assert_true(spanned(*addr + 0xfff));
	}
}

/* Others come and go, also below and above, and a module is seen at any moment. */
static void a_module_keeps_its_range(void **state)
{
	static const uint64_t both[] = { 0x30000, 0x20000, 0 }, one[] = { 0x20000, 0 },
			      three[] = { 0x20000, 0x10000, 0x40000, 0 };
	struct world *w = *state;
	struct nlb_range kept;

	load(w, "nfc", "nfc_digital,");
	load(w, "nfc_digital", "");
	lies_at(w, "nfc", 0x30000);
	lies_at(w, "nfc_digital", 0x20000);
	begin(w);
	filter = &w->hooks->skel->bss->filter;
	in_between = expect_enclosed;
	enclosed = both;
	assert_int_equal(filter->span.size, 0);
	hooks__arm(w->hooks);
	expect_enclosed();
	assert_int_equal(filter->span.start, 0x20000);
	assert_int_equal(filter->span.size, 0x11000);
	kept = filter->ranges[1];
	assert_int_equal(kept.start, 0x20000);

	enclosed = one;
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	expect_enclosed();
	assert_false(spanned(0x30000));
	assert_memory_equal(&filter->ranges[1], &kept, sizeof(kept));
	assert_int_equal(filter->ranges[0].size, 0);

	/* Loaded again elsewhere, with another one. */
	lies_at(w, "nfc", 0x40000);
	load(w, "nfcsim", "");
	snprintf(w->modules[1].users, sizeof(w->modules[1].users), "nfcsim,");
	lies_at(w, "nfcsim", 0x10000);
	assert_int_equal(hooks__module_loaded(w->hooks), 1);
	enclosed = three;
	expect_enclosed();
	assert_memory_equal(&filter->ranges[1], &kept, sizeof(kept));

	enclosed = one;
	assert_true(hooks__module_gone(w->hooks, "nfcsim"));
	expect_enclosed();
	assert_int_equal(filter->span.start, 0x20000);
	assert_true(hooks__module_gone(w->hooks, "nfc"));
	expect_enclosed();
	assert_int_equal(filter->span.size, 0x1000);
	assert_memory_equal(&filter->ranges[1], &kept, sizeof(kept));
	in_between = NULL;
	assert_true(hooks__module_gone(w->hooks, "nfc_digital"));
	assert_int_equal(filter->span.size, 0);
}

static void says_which_modules_are_too_many(void **state)
{
	struct world *w = *state;
	unsigned missing = 0;
	char name[16];

	load(w, "nfc", "");
	for (size_t i = 0; i < NLB_MAX_RANGES + 1; i++) {
		size_t end = strlen(w->modules[0].users);

		snprintf(name, sizeof(name), "driver_%zu", i);
		load(w, name, "");
		snprintf(w->modules[0].users + end, sizeof(w->modules[0].users) - end, "%s,", name);
	}
	/* One that is nowhere takes no place. */
	for (size_t i = 0; i < w->kernel.modules.count; i++)
		lies_at(w, w->modules[i].name, i == 3 ? 0 : 0x10000 * (i + 1));
	begin(w);
	set_core_hooks(w, HOOK_ATTACHED);
	for (size_t i = 0; i < hooks__count(w->hooks); i++) {
		const struct hook *h = hooks__at(w->hooks, i);

		if (strcmp(h->mechanism, "filter") != 0)
			continue;
		missing++;
		assert_string_equal(h->module, missing == 1 ? "driver_2" : "driver_16");
		assert_string_equal(h->reason, missing == 1 ? "it is not known where it lies: "
							      "No such file or directory"
							    : "16 modules are traced already");
	}
	assert_int_equal(missing, 2);
	assert_true(hooks__blind(w->hooks) & BLIND_SOMEWHERE);
	/* It goes, and with it what is said of it. */
	assert_true(hooks__module_gone(w->hooks, "driver_16"));
	assert_int_equal(last_hook(w)->state, HOOK_GONE);
}

/* Before 5.13 the hooks on births of skbs stay, those on ends go and come back. */
static void wakes_ends_before_births(void **state)
{
	struct world *w = *state;

	begin(w);
	set_core_hooks(w, HOOK_ASLEEP);
	w->hooks->level = HOOKS_ASLEEP;
	w->hooks->skel->bss->filter.asleep = 1;
	w->kernel.features.reattach = false;
	waking = w->hooks;
	assert_int_equal(hooks__wake(w->hooks), 0);
	assert_int_equal(w->hooks->skel->bss->filter.asleep, 0);
}

/* What is loaded may lie where something else did. */
static void names_are_asked_for_again(void **state)
{
	static const struct fake_symbol other[] = {
		{ "video_probe", "video", NFC_CALLBACK, 0x100 },
		{ NULL, NULL, 0, 0 },
	};
	struct world *w = *state;

	load(w, "nfc", "");
	begin(w);
	assert_string_equal(names__text(w->names, names__function(w->names, NFC_CALLBACK)),
			    "nfc_llcp_recv");
	load(w, "video", "");
	many = other;
	assert_int_equal(hooks__module_loaded(w->hooks), 0);
	assert_string_equal(names__text(w->names, names__function(w->names, NFC_CALLBACK)),
			    "video_probe");
}

static const struct CMUnitTest hooks[] = {
	TEST_IN("hooks: a callback is a function of its own module",
		learns_callbacks_of_other_modules, setup, teardown),
	TEST_IN("hooks: callbacks that are too many are said to be missing",
		says_when_callbacks_are_too_many, setup, teardown),
	TEST_IN("hooks: modules whose events were lost are noticed", notices_lost_modules, setup,
		teardown),
	TEST_IN("hooks: a module that is just being loaded is taken later",
		waits_for_a_module_that_is_being_loaded, setup, teardown),
	TEST_IN("hooks: a module is taken as a whole or later", takes_a_module_or_nothing_of_it,
		setup, teardown),
	TEST_IN("hooks: of several modules those are taken that can be", takes_those_that_can_be,
		setup, teardown),
	TEST_IN("hooks: symbols that cannot be read are a reason",
		says_why_a_function_is_not_hooked, setup, teardown),
	TEST_IN("hooks: a module is traced as soon as memory can be followed", wakes_up_later,
		setup, teardown),
	TEST_IN("hooks: a module that comes again has its old hooks", keeps_places_over_reloads,
		setup, teardown),
	TEST_IN("hooks: returns are attached before entries", attaches_ends_first, setup, teardown),
	TEST_IN("hooks: whatever was missed is counted", counts_what_was_missed, setup, teardown),
	TEST_IN("hooks: what begins after the end is not told by half", ends_at_one_moment, setup,
		teardown),
	TEST_IN("hooks: the ends of skbs are seen before their births", wakes_ends_before_births,
		setup, teardown),
	TEST_IN("hooks: a module keeps its place in the filter", a_module_keeps_its_range, setup,
		teardown),
	TEST_IN("hooks: modules that are too many are said to be missing",
		says_which_modules_are_too_many, setup, teardown),
	TEST_IN("hooks: whatever is loaded, names are asked for again", names_are_asked_for_again,
		setup, teardown),
};

UNIT_MAIN(hooks)
