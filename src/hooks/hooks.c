// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads, attaches, arms, and follows modules and callbacks that come and go.  See hooks.h.
 */
#include "hooks/hooks.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hooks/internal.h"
#include "kernel/kbtf.h"
#include "kernel/module_names.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/table.h"

#define MAX_CALLBACKS  32
#define DETACH_THREADS 32

static const char *const default_modules[] = { "nfc_digital", "nfc" };

/* ---- modules ---- */

bool hooks__wants_module(const struct hooks *h, const char *name)
{
	const size_t n = sizeof(default_modules) / sizeof(*default_modules);
	size_t i;

	for (i = 0; i < h->config.nr_modules; i++)
		if (modules__same_name(h->config.modules[i], name))
			return true;
	for (i = 0; !h->config.nr_modules && i < n; i++)
		if (modules__same_name(default_modules[i], name) ||
		    modules__depends(&h->kernel->modules, name, default_modules[i]))
			return true;
	return false;
}

bool hooks__has_module(const struct hooks *h, const char *name)
{
	for (size_t i = 0; i < h->nr_modules; i++)
		if (!strcmp(h->modules[i], name))
			return true;
	return false;
}

size_t hooks__nr_modules(const struct hooks *h)
{
	return h->nr_modules;
}

const char *hooks__module(const struct hooks *h, size_t index)
{
	return h->modules[index];
}

/*
 * One that is just being loaded is in /proc/modules before it is in sysfs, which tells its lives
 * apart: it is taken when its own event comes.
 */
static bool can_take(const struct hooks *h, const char *name)
{
	return hooks__wants_module(h, name) && !hooks__has_module(h, name) &&
	       (kernel__built_in(h->kernel, name) || missing__life(name));
}

static void forget_callback(struct hooks *h, const struct entry *e)
{
	if (e->function && e->meaning.role == HOOK_CALLBACK &&
	    table__remove(&h->callbacks, e->addr))
		h->nr_callbacks--;
}

static void forget_module(struct hooks *h, const char *name)
{
	for (size_t i = 0; i < h->count; i++) {
		struct entry *e = h->entries[i];

		if (strcmp(e->hook.module, name) != 0 || e->hook.state == HOOK_GONE)
			continue;
		plan__state(e, HOOK_GONE, "its module was unloaded");
		forget_callback(h, e);
	}
}

/* All of it, or nothing. */
static int add_module(struct hooks *h, const char *name)
{
	char(*more)[64] = reallocarray(h->modules, h->nr_modules + 1, sizeof(*more));
	size_t first = h->count;
	uint64_t *lives;
	int err;

	if (!more)
		return -ENOMEM;
	h->modules = more;
	lives = reallocarray(h->lives, h->nr_modules + 1, sizeof(*lives));
	if (!lives)
		return -ENOMEM;
	h->lives = lives;
	lives[h->nr_modules] = missing__life(name);
	snprintf(more[h->nr_modules], sizeof(*more), "%s", name);
	err = names__trace_module(h->names, name);
	if (!err)
		err = places__take(h, name);
	if (!err)
		err = plan__module(h, name);
	if (err) {
		places__leave(h, name);
		module_names__drop(h->kernel->names, name);
	}
	while (err && h->count > first) {
		forget_callback(h, h->entries[--h->count]);
		free(h->entries[h->count]);
	}
	/* Those that were its own before are not again. */
	if (err)
		forget_module(h, name);
	h->nr_modules += !err;
	return err;
}

/* ---- loading and attaching ---- */

static uint64_t symbol_address(const struct hooks *h, const char *name)
{
	uint64_t addr;

	query__find(h->kernel->query, NULL, name, &addr);
	return addr;
}

/* The text of a kernel function: what is printed of its first byte has its size. */
static struct nlb_range symbol_range(const struct hooks *h, const char *name)
{
	uint64_t addr = symbol_address(h, name);
	struct symbol sym;
	const char *size;

	if (!addr || query__resolve(h->kernel->query, &addr, 1, &sym))
		return (struct nlb_range){ 0 };
	size = strchr(sym.text, '/');
	return (struct nlb_range){ .start = addr, .size = size ? strtoull(size + 1, NULL, 16) : 0 };
}

/* See in_interrupt() in bpf/send.h. */
static void find_preempt_count(const struct hooks *h, struct nlb_filter *f)
{
	int offset = kbtf__member_offset(h->kernel->btf, "pcpu_hot", "preempt_count");
	uint64_t hot = symbol_address(h, "pcpu_hot");

	f->cpu_offsets = symbol_address(h, "__per_cpu_offset");
	f->preempt_count = symbol_address(h, "__preempt_count");
	if (!f->preempt_count && hot && offset >= 0)
		f->preempt_count = hot + (uint64_t)offset;
}

/* How the programs for module functions are to be loaded, by mode. */
static void choose_function_programs(struct hooks *h)
{
	struct bpf_program *kprobes[] = { h->skel->progs.nlb_call, h->skel->progs.nlb_enter,
					  h->skel->progs.nlb_leave };
	struct bpf_program *trampolines[] = { h->skel->progs.nlb_f_call, h->skel->progs.nlb_f_enter,
					      h->skel->progs.nlb_f_leave };
	bool kprobe = h->mode == ATTACH_KPROBE ||
		      (h->mode == ATTACH_KPROBE_MULTI && h->kernel->features.cookie);
	bool fentry = h->mode == ATTACH_FENTRY && !h->kernel->features.function_fentry &&
		      (h->kernel->features.module_btf || h->kernel->builtins.nfc);

	for (size_t i = 0; i < 3; i++) {
		bpf_program__set_autoload(kprobes[i], kprobe);
		bpf_program__set_autoload(trampolines[i], fentry);
		if (h->mode == ATTACH_KPROBE_MULTI)
			bpf_program__set_expected_attach_type(kprobes[i], BPF_TRACE_KPROBE_MULTI);
	}
}

/* As many counters of the filter to an entry as by default. */
static void size_book(struct hooks *h)
{
	const uint64_t per_entry = NLB_FILTER_SLOTS / NLB_BOOK_ENTRIES;
	uint32_t bits = NLB_FILTER_BITS;

	bpf_map__set_max_entries(h->skel->maps.book, h->config.book_entries);
	while (bits < 31 && 1ULL << bits < per_entry * h->config.book_entries)
		bits++;
	if (bits == NLB_FILTER_BITS)
		return;
	bpf_map__set_max_entries(h->skel->maps.live_slots, 1U << bits);
	h->skel->rodata->live_bits = bits;
}

static int load(struct hooks *h)
{
	struct bpf_program *p;
	int err;

	h->skel = nfcleakbpf__open();
	if (!h->skel)
		return -errno;
	bpf_object__for_each_program (p, h->skel->obj)
		bpf_program__set_autoload(p, false);
	for (size_t i = 0; i < h->count; i++) {
		struct entry *e = h->entries[i];

		if (e->function || !e->program_name)
			continue;
		e->program = bpf_object__find_program_by_name(h->skel->obj, e->program_name);
		bpf_program__set_autoload(e->program, e->hook.state == HOOK_PLANNED);
	}
	choose_function_programs(h);
	if (h->config.book_entries)
		size_book(h);
	h->skel->rodata->ask_cookie = h->kernel->features.cookie;
	if (kbtf__tracepoint_arg_is_pointer(h->kernel->btf, "kmalloc", 2) > 0)
		h->skel->rodata->kmalloc_size_arg = 3;
	err = nfcleakbpf__load(h->skel);
	if (err) {
		log_error("the BPF programs could not be loaded: %s; run with --verbose for "
			  "the kernel's reasons, and see 'nfcleakbpf doctor'",
			  strerror(-err));
		return err;
	}
	h->skel->bss->filter.skb_alloc = symbol_range(h, "__alloc_skb");
	h->skel->bss->filter.skb_clone = symbol_range(h, "skb_clone");
	find_preempt_count(h, &h->skel->bss->filter);
	h->loaded = true;
	return 0;
}

static struct bpf_program *function_program(const struct hooks *h, const struct entry *e)
{
	char name[32];

	snprintf(name, sizeof(name), "nlb_%s%s", h->mode == ATTACH_FENTRY ? "f_" : "",
		 e->program_name + strlen("nlb_"));
	return bpf_object__find_program_by_name(h->skel->obj, name);
}

static void attach_entry(struct hooks *h, size_t index)
{
	struct entry *e = h->entries[index];
	size_t end = missing__end_of(h, index);
	int inner = -1;
	int err = 0;

	if (e->hook.state != HOOK_PLANNED)
		return;
	/* What never seems to end is worse than what is not seen at all. */
	if (end < h->count)
		attach_entry(h, end);
	if (end < h->count && h->entries[end]->hook.state != HOOK_ATTACHED) {
		if (missing__needs_end(e)) {
			plan__state(e, HOOK_MISSING, "%s %s is missing",
				    h->entries[end]->hook.mechanism, h->entries[end]->hook.target);
			return;
		}
		e->program_name = "nlb_call"; /* a fact, but no frame */
	}
	if (e->meaning.role == HOOK_SUBMIT && e->function)
		inner = hook_meaning__arguments(&e->meaning)->argument - 1;
	if (e->function)
		err = attach__function(&e->attachment, h->mode, function_program(h, e), e->addr,
				       kernel__built_in(h->kernel, e->hook.module) ? NULL
										   : e->hook.module,
				       e->hook.target, NLB_COOKIE(index + 1, inner),
				       missing__is_return(e), !h->kernel->features.cookie);
	else
		err = attach__program(&e->attachment, e->program);
	if (err)
		plan__state(e, HOOK_MISSING, "%s", attach__error(err, h->mode));
	else
		e->hook.state = HOOK_ATTACHED;
}

static void attach_planned(struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++)
		attach_entry(h, i);
}

int hooks__attach(struct hooks *h)
{
	int err = load(h);

	if (err)
		return err;
	attach_planned(h);
	for (size_t i = 0; i < h->count; i++) {
		const struct hook *hook = &h->entries[i]->hook;

		h->entries[i]->fresh = false; /* the start says it all */
		log_debug("%-15s %s%s%s%s%s", hook->mechanism, hook->target,
			  *hook->module ? " of " : "", hook->module,
			  hook->state == HOOK_ATTACHED ? "" : ": ", hook->reason);
		if (h->entries[i]->required && hook->state != HOOK_ATTACHED) {
			log_error("cannot trace without %s %s: %s", hook->mechanism, hook->target,
				  hook->reason);
			return -EOPNOTSUPP;
		}
	}
	h->level = HOOKS_AWAKE;
	/* What came or went while all that was attached. */
	h->unsure = true;
	return 0;
}

void hooks__arm(struct hooks *h)
{
	/* What functions did until now says nothing of memory, which was not followed. */
	h->awake_since = clock__now();
	h->armed = true;
	places__write(h);
}

void hooks__disarm(struct hooks *h)
{
	if (!h->loaded)
		return;
	h->armed = false;
	h->disarmed_at = clock__now();
	__atomic_store_n(&h->skel->bss->filter.span.size, 0, __ATOMIC_SEQ_CST);
}

bool hooks__too_late(const struct hooks *h, const struct event *e)
{
	return h->disarmed_at && e->time > h->disarmed_at &&
	       (e->type == EVENT_ALLOC || e->type == EVENT_SUBMIT ||
		e->type == EVENT_SUBMIT_RETURN);
}

struct detacher {
	struct hooks *h;
	const char *module; /* NULL: everything */
	size_t next;
};

static void *detach_some(void *arg)
{
	struct detacher *d = arg;
	size_t i;

	while ((i = __atomic_fetch_add(&d->next, 1, __ATOMIC_RELAXED)) < d->h->count) {
		struct entry *e = d->h->entries[d->h->count - 1 - i];

		if (d->module && strcmp(e->hook.module, d->module) != 0)
			continue;
		__atomic_fetch_add(&d->h->misses,
				   attach__program_misses(e->attachment.own_prog - 1),
				   __ATOMIC_RELAXED);
		attach__detach(&e->attachment);
	}
	return NULL;
}

/* Most of a detach is waiting for grace periods, which threads can share. */
static void detach(struct hooks *h, const char *module)
{
	struct detacher d = { .h = h, .module = module };
	pthread_t threads[DETACH_THREADS];
	size_t n = 0;

	while (n < DETACH_THREADS && n < h->count &&
	       !pthread_create(&threads[n], NULL, detach_some, &d))
		n++;
	detach_some(&d);
	while (n)
		pthread_join(threads[--n], NULL);
}

/* ---- following modules and callbacks ---- */

int hooks__module_loaded(struct hooks *h)
{
	size_t before = h->nr_modules;
	int err = kernel__refresh_modules(h->kernel);

	/* One that is not traced may lie where another one was, too. */
	names__modules_changed(h->names);
	for (size_t i = 0; !err && i < h->kernel->modules.count; i++) {
		const char *name = h->kernel->modules.list[i].name;

		if (!can_take(h, name))
			continue;
		err = add_module(h, name);
	}
	h->failed = err;
	if (h->nr_modules == before)
		return err;
	/*
	 * What it allocates counts from here on, and then memory first: trampolines and
	 * function hooks take their time, and the module begins now.  If memory cannot be
	 * followed, that was said, and is tried again (arming.c).
	 */
	places__write(h);
	(void)hooks__wake(h);
	attach_planned(h);
	missing__say(h);
	return 1;
}

bool hooks__module_gone(struct hooks *h, const char *name)
{
	size_t i = 0;

	while (i < h->nr_modules && strcmp(h->modules[i], name) != 0)
		i++;
	if (i == h->nr_modules)
		return false;
	memmove(&h->modules[i], &h->modules[i + 1], (h->nr_modules - i - 1) * sizeof(*h->modules));
	memmove(&h->lives[i], &h->lives[i + 1], (h->nr_modules - i - 1) * sizeof(*h->lives));
	h->nr_modules--;
	places__leave(h, name);
	module_names__drop(h->kernel->names, name);
	places__write(h);
	detach(h, name);
	forget_module(h, name);
	return true;
}

void hooks__learn_callback(struct hooks *h, const struct subsystem *s, uint64_t addr)
{
	const char *lost = "what this callback was given, until it returns";
	struct symbol sym;
	struct entry *e;

	/* What it was called when it was submitted: something else may lie there now. */
	if (table__get(&h->callbacks, addr) || kernel__resolve(h->kernel, &addr, 1, &sym) ||
	    sym.offset || !missing__alive(h, sym.module) || table__set(&h->callbacks, addr, h))
		return;
	e = plan__function(h, s, sym.module, sym.name, addr, NULL, HOOK_CALLBACK, false, lost);
	if (!e) {
		table__remove(&h->callbacks, addr); /* the next time, then */
		return;
	}
	if (h->nr_callbacks++ >= MAX_CALLBACKS)
		plan__state(e, HOOK_MISSING, "%d callbacks are hooked already", MAX_CALLBACKS);
	attach_entry(h, e->index);
	missing__say(h);
}

/* ---- life ---- */

int hooks__new(struct hooks **out, const struct hooks_config *config, struct kernel *kernel,
	       struct names *names)
{
	struct hooks *h = calloc(1, sizeof(*h));
	size_t i;
	int err;

	*out = NULL;
	if (!h)
		return -ENOMEM;
	h->config = *config;
	h->kernel = kernel;
	h->names = names;
	h->mode = config->mode;
	if (h->mode == ATTACH_AUTO)
		h->mode = kernel->features.kprobe || kernel->features.function_fentry
				  ? ATTACH_KPROBE
				  : ATTACH_FENTRY;
	err = plan__core(h);
	for (i = 0; !err && subsystems[i]; i++)
		for (const char *const *w = subsystems[i]->wrappers; !err && w && *w; w++)
			err = names__wrapper(names, *w);
	for (i = 0; !err && i < kernel->modules.count; i++)
		if (can_take(h, kernel->modules.list[i].name))
			err = add_module(h, kernel->modules.list[i].name);
	if (!err)
		err = plan__scattered(h);
	if (!err)
		missing__plan(h);
	if (err)
		hooks__free(h);
	else
		*out = h;
	return err;
}

void hooks__free(struct hooks *h)
{
	if (!h)
		return;
	hooks__disarm(h);
	if (h->loaded)
		detach(h, NULL);
	nfcleakbpf__destroy(h->skel);
	for (size_t i = 0; i < 2; i++)
		if (h->grace_maps[i])
			close(h->grace_maps[i] - 1);
	for (size_t i = 0; i < h->count; i++)
		free(h->entries[i]);
	free(h->entries);
	free(h->modules);
	free(h->lives);
	table__free(&h->callbacks);
	free(h);
}

/* ---- what others need ---- */

const struct hook_meaning *hooks__meaning(const struct hooks *h, uint64_t cookie)
{
	size_t hook = NLB_COOKIE_HOOK(cookie);

	if (!hook || hook > h->count || !h->entries[hook - 1]->function)
		return NULL;
	return &h->entries[hook - 1]->meaning;
}

size_t hooks__count(const struct hooks *h)
{
	return h->count;
}

const struct hook *hooks__at(const struct hooks *h, size_t index)
{
	return &h->entries[index]->hook;
}

int hooks__events_fd(const struct hooks *h)
{
	return bpf_map__fd(h->skel->maps.events);
}

int hooks__book_fd(const struct hooks *h)
{
	return bpf_map__fd(h->skel->maps.book);
}

int hooks__stacks_fd(const struct hooks *h)
{
	return bpf_map__fd(h->skel->maps.known_stacks);
}

int hooks__scopes_fd(const struct hooks *h)
{
	return bpf_map__fd(h->skel->maps.scopes);
}

uint32_t hooks__generation(const struct hooks *h)
{
	return __atomic_load_n(&h->skel->bss->generation, __ATOMIC_RELAXED);
}

size_t hooks__book_entries(const struct hooks *h)
{
	return h->config.book_entries ? h->config.book_entries : NLB_BOOK_ENTRIES;
}

const struct nlb_counters *hooks__counters(const struct hooks *h)
{
	return &h->skel->bss->counters;
}

uint64_t hooks__misses(const struct hooks *h)
{
	const struct nlb_counters *c = &h->skel->bss->counters;
	uint64_t misses = __atomic_load_n(&h->misses, __ATOMIC_RELAXED);
	struct bpf_program *p;

	bpf_object__for_each_program (p, h->skel->obj)
		misses += attach__program_misses(bpf_program__fd(p));
	/* Those that are copies of these. */
	for (size_t i = 0; i < h->count; i++)
		misses += attach__program_misses(h->entries[i]->attachment.own_prog - 1);
	return misses + __atomic_load_n(&c->scope_full, __ATOMIC_RELAXED) +
	       __atomic_load_n(&c->scope_healed, __ATOMIC_RELAXED) +
	       __atomic_load_n(&c->no_stack, __ATOMIC_RELAXED);
}
