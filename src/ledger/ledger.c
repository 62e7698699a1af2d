// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger of ledger.h.
 *
 * Live allocations are known by address, commands by the address of the object
 * that carries them, tasks by id.  Everything is removed when it ends, so
 * memory follows what is live in the kernel, not how long the trace runs.
 *
 * The rules, each at its moment:
 *
 *   callback-kept    the command was freed by the function that runs
 *                    callbacks: its callback has just returned
 *   command-dropped  the command was freed by anybody else before its callback
 *                    was entered
 *   submit-failed    the submitting call returned an error
 *   owner-gone       the device was freed or the module unloaded
 *   unreferenced     a scan, of everything older than the minimum age
 *
 * None of them is a verdict.  What a command carried may be borrowed: so only
 * an object whose first command was submitted by the frame that allocated it
 * counts as given away with that command (digital_in_send's data exchange),
 * and is reported as probable when a glance after the grace time finds nothing
 * against it.  One that existed before (the device's active target in ATR_REQ),
 * or whose story was cut by a loss, is first searched for in all of memory.
 * What is passed on to a new command has carriers again and is no suspect.
 *
 * A finding becomes definite when two searches at least the minimum age apart
 * find no reference and the object has not changed.
 */
#include "ledger/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/table.h"

#define FRAMES_MAX	 16
#define GROWTH_WINDOW_NS 10000000000ULL
#define GROWTH_WINDOWS	 5

struct command {
	uint64_t addr; /* 0 until its allocation was seen */
	struct carrier carrier;
	uint64_t argument, request, params, response; /* addresses of allocations, or 0 */
	uint64_t argument_value;		      /* as submitted: need not be an allocation */
	uint64_t response_value;		      /* as completed: may be an ERR_PTR */
	uint32_t tid; /* of the submitting task while the call is open */
	uint32_t timeout_ms;
	uint64_t queued_at;
	bool submitting;
	bool overdue; /* said */
	bool completed;
	bool called;
	struct command *prev, *next;
};

struct task {
	uint32_t tid;
	uint32_t depth; /* may exceed FRAMES_MAX: deeper frames are only counted */
	uint64_t frame; /* the outermost one's number */
	uint32_t functions[FRAMES_MAX];
	struct command *submitting;
	struct command *calling; /* outermost callback being run */
};

/* Outstanding allocations of one stack, window after window. */
struct growth {
	uint32_t stack;
	uint64_t outstanding, last;
	unsigned higher; /* windows in a row */
};

struct ledger {
	struct ledger_config config;
	struct ledger_ops ops;
	void *ctx;

	struct table allocations;   /* by address */
	struct table commands;	    /* by address */
	struct table tasks;	    /* by id */
	struct command unbound;	    /* list: submitted, their address not seen */
	struct command bound;	    /* list: all others */
	struct allocation suspects; /* list, by due time */
	struct table devices;	    /* seen in commands: address -> this */
	struct table growth;	    /* stack -> struct growth */
	uint64_t window_end;

	uint8_t *roles; /* enum role, by function */
	size_t nr_roles;
	struct histogram **histograms;
	size_t nr_histograms;

	uint64_t next_id;
	uint64_t next_frame;
	unsigned degraded;
	struct ledger_stats stats;
};

/* ---- names ---- */

const char *rule__name(enum rule rule)
{
	static const char *const names[NR_RULES] = {
		[RULE_NONE] = "none",
		[RULE_CALLBACK_KEPT] = "callback-kept",
		[RULE_COMMAND_DROPPED] = "command-dropped",
		[RULE_SUBMIT_FAILED] = "submit-failed",
		[RULE_OWNER_GONE] = "owner-gone",
		[RULE_UNREFERENCED] = "unreferenced",
		[RULE_CALLBACK_OVERDUE] = "callback-overdue",
		[RULE_GROWTH] = "growth",
	};

	return names[rule];
}

const char *certainty__name(enum certainty certainty)
{
	static const char *const names[NR_CERTAINTIES] = {
		[CERTAINTY_POSSIBLE] = "possible",
		[CERTAINTY_PROBABLE] = "probable",
		[CERTAINTY_DEFINITE] = "definite",
	};

	return names[certainty];
}

const char *kind__name(enum kind kind)
{
	static const char *const names[NR_KINDS] = {
		[KIND_OBJECT] = "object",
		[KIND_SKB] = "skb",
		[KIND_USER_ARGUMENT] = "user-argument",
		[KIND_REQUEST] = "request",
		[KIND_RESPONSE] = "response",
		[KIND_PARAMS] = "params",
		[KIND_COMMAND] = "command",
	};

	return names[kind];
}

/* ---- roles ---- */

int ledger__set_role(struct ledger *l, uint32_t function, enum role role)
{
	if (function >= l->nr_roles) {
		size_t n = (function | 63) + 1;
		uint8_t *more = realloc(l->roles, n);

		if (!more)
			return -ENOMEM;
		memset(more + l->nr_roles, ROLE_NONE, n - l->nr_roles);
		l->roles = more;
		l->nr_roles = n;
	}
	l->roles[function] = role;
	return 0;
}

static enum role role_of(const struct ledger *l, uint32_t function)
{
	return function < l->nr_roles ? l->roles[function] : ROLE_NONE;
}

/* ---- histograms ---- */

static unsigned log2_index(uint64_t x, unsigned size)
{
	unsigned i = x ? 63 - (unsigned)__builtin_clzll(x) : 0;

	return i < size ? i : size - 1;
}

static struct histogram *histogram_of(struct ledger *l, uint32_t callback)
{
	struct histogram *h, **more;

	for (size_t i = 0; i < l->nr_histograms; i++)
		if (l->histograms[i]->callback == callback)
			return l->histograms[i];
	more = reallocarray(l->histograms, l->nr_histograms + 1, sizeof(*more));
	if (!more)
		return NULL;
	l->histograms = more;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->callback = callback;
	l->histograms[l->nr_histograms++] = h;
	return h;
}

static void histogram_count(struct histogram *h, const struct allocation *a, int64_t sign)
{
	h->allocations += (uint64_t)sign;
	h->outstanding += (uint64_t)sign;
	h->bytes += (uint64_t)sign * a->size;
	h->size_log2[log2_index(a->size, 32)] += (uint64_t)sign;
}

/* From now on the allocation counts under this callback.  Out of memory leaves
 * it where it was.
 */
static void move_bucket(struct ledger *l, struct allocation *a, uint32_t callback)
{
	struct histogram *from, *to;

	if (a->bucket == callback)
		return;
	from = histogram_of(l, a->bucket);
	to = histogram_of(l, callback);
	if (!from || !to)
		return;
	histogram_count(from, a, -1);
	histogram_count(to, a, 1);
	a->bucket = callback;
}

/* ---- suspects ---- */

static void suspects_remove(struct allocation *a)
{
	if (!a->next)
		return;
	a->prev->next = a->next;
	a->next->prev = a->prev;
	a->prev = a->next = NULL;
}

/* By due time: nearly always the latest, so looked for from the end. */
static void suspects_insert(struct ledger *l, struct allocation *a, uint64_t due)
{
	struct allocation *after = l->suspects.prev;

	a->due = due;
	while (after != &l->suspects && after->due > due)
		after = after->prev;
	a->prev = after;
	a->next = after->next;
	a->prev->next = a;
	a->next->prev = a;
}

static void suspect(struct ledger *l, struct allocation *a, enum rule rule, bool search,
		    uint64_t now)
{
	uint64_t grace = l->config.grace_ns;

	/* A command's cargo is in use, unless a search finds even the command lost. */
	if (!a || a->rule != RULE_NONE || (a->carriers && rule != RULE_UNREFERENCED))
		return;
	a->rule = rule;
	a->certainty = CERTAINTY_POSSIBLE;
	a->moment = now;
	a->degraded = l->degraded;
	a->looks = 0;
	a->clean_at = 0;
	a->referenced = 0;
	a->told = false;
	a->look = search || a->uncertain ? LOOK_SEARCH : LOOK_GLANCE;
	l->stats.suspects++;
	suspects_insert(l, a, now + grace);
}

/* The moment of a rule about what a command carried. */
static void suspect_carried(struct ledger *l, uint64_t addr, enum rule rule, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (a)
		suspect(l, a, rule, !a->owned && a->kind != KIND_RESPONSE, now);
}

static void count_finding(struct ledger *l, const struct allocation *a, int64_t sign)
{
	/* A suspect nobody has looked at yet is no finding. */
	if (a->looks)
		l->stats.findings[a->certainty] += (uint64_t)sign;
}

/* No longer suspected: freed, carried again, or its story was lost. */
static void clear_suspicion(struct ledger *l, struct allocation *a, uint64_t now)
{
	if (a->rule == RULE_NONE)
		return;
	suspects_remove(a);
	count_finding(l, a, -1);
	if (!a->told) {
		l->stats.cleared++;
	} else {
		l->stats.retracted++;
		l->ops.retracted(l->ctx, a, now);
	}
	a->rule = RULE_NONE;
	a->certainty = CERTAINTY_POSSIBLE;
	a->looks = 0;
	a->told = false;
}

void ledger__set_grace(struct ledger *l, uint64_t grace_ns)
{
	struct allocation *a;

	l->config.grace_ns = grace_ns;
	for (a = l->suspects.next; a != &l->suspects; a = a->next)
		if (!a->looks)
			a->due = a->moment + grace_ns;
}

const struct allocation *ledger__next_due(struct ledger *l, uint64_t now)
{
	for (struct allocation *a = l->suspects.next; a != &l->suspects && a->due <= now;
	     a = a->next)
		if (a->look == LOOK_GLANCE)
			return a;
	return NULL;
}

bool ledger__search_due(const struct ledger *l, uint64_t now)
{
	for (const struct allocation *a = l->suspects.next; a != &l->suspects && a->due <= now;
	     a = a->next)
		if (a->look == LOOK_SEARCH)
			return true;
	return false;
}

static void set_certainty(struct ledger *l, struct allocation *a, enum certainty certainty,
			  uint64_t now)
{
	enum certainty was = a->certainty;

	count_finding(l, a, -1);
	a->certainty = certainty;
	a->looks++;
	count_finding(l, a, 1);
	if (!a->told && certainty != CERTAINTY_POSSIBLE) {
		a->told = true;
		l->ops.leak(l->ctx, a, now);
	} else if (a->told && was != certainty) {
		l->ops.update(l->ctx, a, was, now);
	}
}

static void look_again(struct ledger *l, struct allocation *a, enum look look, uint64_t after)
{
	suspects_remove(a);
	a->look = look;
	suspects_insert(l, a, after);
}

/* Less and less often, up to 64 times the minimum age. */
static uint64_t backoff(const struct ledger *l, const struct allocation *a)
{
	return l->config.min_age_ns << (a->looks < 6 ? a->looks : 6);
}

static void allocation_end(struct ledger *l, struct allocation *a, uint64_t now);

/* It is free, and no event said so. */
static void heal(struct ledger *l, struct allocation *a, uint64_t now)
{
	l->stats.missed_frees_healed++;
	allocation_end(l, a, now);
}

void ledger__judge(struct ledger *l, const struct allocation *judged, enum verdict verdict,
		   uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, judged->addr);

	if (a != judged || a->rule == RULE_NONE)
		return;
	switch (verdict) {
	case VERDICT_FREE:
		heal(l, a, now);
		return;
	case VERDICT_REFERENCED:
		set_certainty(l, a, CERTAINTY_POSSIBLE, now);
		look_again(l, a, LOOK_GLANCE, now + backoff(l, a));
		return;
	default:
		set_certainty(l, a, CERTAINTY_PROBABLE, now);
		look_again(l, a, LOOK_SEARCH, now);
	}
}

void ledger__searched(struct ledger *l, uint64_t addr, uint64_t id, enum verdict verdict,
		      uint32_t checksum, uint64_t began, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a || a->id != id || a->rule == RULE_NONE || a->look != LOOK_SEARCH || a->due > began)
		return;
	switch (verdict) {
	case VERDICT_FREE:
		heal(l, a, now);
		return;
	case VERDICT_REFERENCED:
		a->clean_at = 0;
		a->referenced++;
		if (a->rule == RULE_UNREFERENCED && !a->told) {
			clear_suspicion(l, a, now);
			return;
		}
		/* A word that was merely left behind is soon overwritten; a
		 * finding falls only if it is still referred to the next time.
		 */
		if (!a->told || a->referenced > 1)
			set_certainty(l, a, CERTAINTY_POSSIBLE, now);
		look_again(l, a, LOOK_SEARCH, now + backoff(l, a));
		return;
	case VERDICT_UNREADABLE:
		/* Nothing more can be found out: it stays what it is. */
		suspects_remove(a);
		return;
	case VERDICT_STALE:
		a->clean_at = 0;
		set_certainty(l, a, CERTAINTY_PROBABLE, now);
		look_again(l, a, LOOK_SEARCH, now + backoff(l, a));
		return;
	case VERDICT_UNREFERENCED:
		a->referenced = 0;
		break;
	}
	if (a->clean_at && a->checksum == checksum && began - a->clean_at >= l->config.min_age_ns) {
		set_certainty(l, a, CERTAINTY_DEFINITE, now);
		suspects_remove(a);
		return;
	}
	if (!a->clean_at || a->checksum != checksum) {
		a->clean_at = began;
		a->checksum = checksum;
	}
	set_certainty(l, a, CERTAINTY_PROBABLE, now);
	look_again(l, a, LOOK_SEARCH, a->clean_at + l->config.min_age_ns);
}

/* ---- allocations ---- */

static struct command *command_at(struct ledger *l, uint64_t addr)
{
	return table__get(&l->commands, addr);
}

static struct task *task_of(struct ledger *l, uint32_t tid)
{
	return table__get(&l->tasks, tid);
}

static struct task *task_make(struct ledger *l, uint32_t tid)
{
	struct task *t = task_of(l, tid);

	if (t)
		return t;
	t = calloc(1, sizeof(*t));
	if (!t)
		return NULL;
	t->tid = tid;
	if (table__set(&l->tasks, tid, t)) {
		free(t);
		return NULL;
	}
	return t;
}

/* A task with nothing open is forgotten. */
static void task_settle(struct ledger *l, struct task *t)
{
	if (t->depth || t->submitting || t->calling)
		return;
	table__remove(&l->tasks, t->tid);
	free(t);
}

static uint64_t frame_of(struct ledger *l, const struct event *e)
{
	const struct task *t = e->irq ? NULL : task_of(l, e->tid);

	return t && t->depth ? t->frame : 0;
}

/* Out of memory leaves a site out, nothing worse. */
static void growth_count(struct ledger *l, uint32_t stack, int64_t n)
{
	struct growth *g = table__get(&l->growth, stack);

	if (!g && n > 0 && stack) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		g->stack = stack;
		if (table__set(&l->growth, stack, g)) {
			free(g);
			return;
		}
	}
	if (g)
		g->outstanding += (uint64_t)n;
}

static struct allocation *allocation_add(struct ledger *l, uint64_t addr, uint64_t born,
					 uint64_t size)
{
	struct allocation *a = calloc(1, sizeof(*a));
	struct histogram *h = histogram_of(l, NAME_NONE);

	if (!a || !h)
		goto fail;
	a->addr = addr;
	a->born = born;
	a->size = size;
	a->carrier.type = NO_COMMAND_TYPE;
	if (table__set(&l->allocations, addr, a))
		goto fail;
	a->id = ++l->next_id;
	histogram_count(h, a, 1);
	l->stats.allocations++;
	l->stats.outstanding++;
	l->stats.outstanding_bytes += size;
	return a;
fail:
	free(a);
	return NULL;
}

static void allocation_end(struct ledger *l, struct allocation *a, uint64_t now)
{
	struct histogram *h = histogram_of(l, a->bucket);

	clear_suspicion(l, a, now);
	growth_count(l, a->stack, -1);
	if (h) {
		uint64_t us = now > a->born ? (now - a->born) / 1000 : 0;

		h->freed++;
		h->outstanding--;
		h->lifetime_us_log2[log2_index(us, 48)]++;
	}
	l->stats.frees++;
	l->stats.outstanding--;
	l->stats.outstanding_bytes -= a->size;
	table__remove(&l->allocations, a->addr);
	free(a);
}

/* ---- what commands carry ---- */

/*
 * Takes up what was submitted or delivered under this role, if it is the base
 * address of an allocation (a pointer into one is borrowed, an ERR_PTR is no
 * pointer).  Returns the address to remember, or 0.
 */
static uint64_t carry(struct ledger *l, struct command *c, uint64_t addr, enum kind kind,
		      uint64_t frame, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a)
		return 0;
	if (a->skb != (kind == KIND_REQUEST || kind == KIND_RESPONSE))
		return 0; /* an skb as user argument or the like: not ours to judge */
	/* Carried again: in use after all. */
	clear_suspicion(l, a, now);
	if (a->carrier.type == NO_COMMAND_TYPE)
		a->owned = frame && a->frame == frame;
	a->kind = kind;
	a->carriers++;
	a->carrier = c->carrier;
	if (a->bucket == NAME_NONE)
		move_bucket(l, a, c->carrier.callback);
	return addr;
}

static void release(struct ledger *l, uint64_t addr, const struct allocation *command)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a || !a->carriers)
		return;
	a->carriers--;
	if (command) {
		a->ghost = command->addr;
		a->ghost_size = command->size;
	}
}

static void release_all(struct ledger *l, const struct command *c)
{
	const struct allocation *command = table__get(&l->allocations, c->addr);

	release(l, c->argument, command);
	release(l, c->request, command);
	release(l, c->params, command);
	release(l, c->response, command);
}

static void deliver(struct ledger *l, uint64_t addr, const struct command *c)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a)
		return;
	a->carrier = c->carrier;
	move_bucket(l, a, c->carrier.callback);
}

static void list_add(struct command *list, struct command *c)
{
	c->prev = list->prev;
	c->next = list;
	c->prev->next = c;
	list->prev = c;
}

static void list_remove(struct command *c)
{
	c->prev->next = c->next;
	c->next->prev = c->prev;
}

static void command_end(struct ledger *l, struct command *c)
{
	size_t i = 0;
	struct task *t;

	list_remove(c);
	if (c->addr)
		table__remove(&l->commands, c->addr);
	while ((t = table__next(&l->tasks, &i))) {
		if (t->submitting == c)
			t->submitting = NULL;
		if (t->calling == c)
			t->calling = NULL;
	}
	l->stats.commands_live--;
	free(c);
}

void ledger__missed(struct ledger *l, uint64_t count)
{
	l->stats.missed_hooks += count;
	l->degraded |= DEGRADED_MISSED_HOOKS;
}

/*
 * A hook on commands has not run: what anything alive is used for can no longer
 * be said, so no rule accuses it any more.
 */
static void command_unseen(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	ledger__missed(l, 1);
	while ((a = table__next(&l->allocations, &i))) {
		a->uncertain = true;
		if (a->certainty == CERTAINTY_POSSIBLE)
			clear_suspicion(l, a, now);
	}
}

/* ---- events ---- */

static int on_alloc(struct ledger *l, const struct event *e)
{
	struct allocation *a = table__get(&l->allocations, e->alloc.addr);
	struct command *c;
	struct task *t;

	if (a && a->born == e->time) {
		/* Known from the book, which has no stacks. */
		if (!a->stack) {
			a->stack = e->alloc.stack;
			growth_count(l, a->stack, 1);
		}
		return 0;
	}
	if (a) {
		l->stats.missed_frees_healed++;
		c = command_at(l, a->addr);
		if (c) {
			release_all(l, c);
			command_end(l, c);
		}
		allocation_end(l, a, e->time);
	}
	a = allocation_add(l, e->alloc.addr, e->time, e->alloc.size);
	if (!a)
		return -ENOMEM;
	a->skb = e->alloc.kind == EVENT_KIND_SKB;
	a->kind = a->skb ? KIND_SKB : KIND_OBJECT;
	a->caller = e->alloc.caller;
	a->stack = e->alloc.stack;
	growth_count(l, a->stack, 1);
	a->tid = e->tid;
	memcpy(a->comm, e->alloc.comm, sizeof(a->comm));
	a->frame = frame_of(l, e);
	if (a->skb || role_of(l, a->caller) != ROLE_SUBMIT)
		return 0;

	/* The submitting call allocates the command. */
	t = e->irq ? NULL : task_of(l, e->tid);
	c = t ? t->submitting : NULL;
	a->kind = KIND_COMMAND;
	if (!c || c->addr) {
		command_unseen(l, e->time);
		return 0;
	}
	c->addr = a->addr;
	if (table__set(&l->commands, c->addr, c)) {
		c->addr = 0;
		return -ENOMEM;
	}
	list_remove(c);
	list_add(&l->bound, c);
	a->carrier = c->carrier;
	move_bucket(l, a, c->carrier.callback);
	return 0;
}

static int on_submit(struct ledger *l, const struct event *e)
{
	struct command *c = calloc(1, sizeof(*c));
	uint64_t frame = frame_of(l, e);
	struct task *t = task_make(l, e->tid);

	if (!c || !t) {
		free(c);
		return -ENOMEM;
	}
	if (t->submitting) {
		/* Its return was missed; whether it failed is not known. */
		ledger__missed(l, 1);
		t->submitting->submitting = false;
	}
	c->carrier.device = e->submit.device;
	c->carrier.callback = e->submit.callback;
	c->carrier.function = e->submit.function;
	c->carrier.type = e->submit.command_type;
	c->timeout_ms = e->submit.timeout_ms;
	c->argument_value = e->submit.argument;
	c->tid = e->tid;
	c->queued_at = e->time;
	c->submitting = true;
	c->argument = carry(l, c, e->submit.argument, KIND_USER_ARGUMENT, frame, e->time);
	c->request = carry(l, c, e->submit.request, KIND_REQUEST, frame, e->time);
	c->params = carry(l, c, e->submit.params, KIND_PARAMS, frame, e->time);
	t->submitting = c;
	list_add(&l->unbound, c);
	l->stats.commands++;
	l->stats.commands_live++;
	if (c->carrier.device)
		table__set(&l->devices, c->carrier.device, l);
	return 0;
}

static void on_submit_return(struct ledger *l, const struct event *e)
{
	struct task *t = task_of(l, e->tid);
	struct command *c = t ? t->submitting : NULL;
	struct command was;

	if (!t)
		return;
	t->submitting = NULL;
	if (c)
		c->submitting = false;
	if (c && e->submit_return.ret < 0) {
		/* The command object, if there was one, is judged by its own free. */
		was = *c;
		release_all(l, c);
		command_end(l, c);
		suspect_carried(l, was.argument, RULE_SUBMIT_FAILED, e->time);
		suspect_carried(l, was.request, RULE_SUBMIT_FAILED, e->time);
		suspect_carried(l, was.params, RULE_SUBMIT_FAILED, e->time);
	} else if (c && !c->addr) {
		/* It succeeded, but where the command lies was not seen: its
		 * end will not be seen either.
		 */
		release_all(l, c);
		command_end(l, c);
		command_unseen(l, e->time);
	}
	task_settle(l, t);
}

static void on_complete(struct ledger *l, const struct event *e)
{
	struct command *c = command_at(l, e->complete.command);

	if (!c || c->completed)
		return;
	c->completed = true;
	c->response_value = e->complete.response;
	c->response = carry(l, c, e->complete.response, KIND_RESPONSE, 0, e->time);
}

/*
 * The command whose callback was entered.  Callbacks call each other, and while
 * the outer one is not hooked yet only the inner is seen: it has the same
 * arguments, so they tell as well.
 */
static struct command *command_called(struct ledger *l, const struct event *e)
{
	struct command *c, *same_arguments = NULL;

	for (c = l->bound.next; c != &l->bound; c = c->next) {
		if (c->called || c->carrier.device != e->callback.device ||
		    c->argument_value != e->callback.argument)
			continue;
		if (c->carrier.callback == e->callback.callback)
			return c;
		if (c->completed && c->response_value == e->callback.response)
			same_arguments = c;
	}
	return same_arguments;
}

static int on_callback(struct ledger *l, const struct event *e)
{
	struct task *t = task_make(l, e->tid);
	struct command *c;

	if (!t)
		return -ENOMEM;
	if (t->calling)
		return 0; /* callbacks call each other: the outermost counts */
	c = command_called(l, e);
	if (!c) {
		/* Queued before the trace began, or called by somebody else. */
		l->stats.callbacks_unmatched++;
		task_settle(l, t);
		return 0;
	}
	c->called = true;
	t->calling = c;
	if (!c->response)
		c->response = carry(l, c, e->callback.response, KIND_RESPONSE, 0, e->time);
	deliver(l, c->argument, c);
	deliver(l, c->response, c);
	return 0;
}

/* The command's object goes: its callback has returned, or never ran. */
static void command_freed(struct ledger *l, struct command *c, uint32_t caller, uint64_t now)
{
	bool returned = c->called || role_of(l, caller) == ROLE_DISPATCH;
	struct command was;
	size_t i = 0;
	struct task *t;

	if (returned && !c->called) {
		deliver(l, c->argument, c);
		deliver(l, c->response, c);
	}
	was = *c;
	release_all(l, c);
	command_end(l, c);
	if (returned) {
		l->stats.callbacks++;
		suspect_carried(l, was.argument, RULE_CALLBACK_KEPT, now);
		suspect_carried(l, was.response, RULE_CALLBACK_KEPT, now);
	} else {
		l->stats.dropped++;
		suspect_carried(l, was.argument, RULE_COMMAND_DROPPED, now);
		suspect_carried(l, was.request, RULE_COMMAND_DROPPED, now);
		suspect_carried(l, was.params, RULE_COMMAND_DROPPED, now);
	}
	/* Its task may have nothing open any more. */
	while (returned && (t = table__next(&l->tasks, &i))) {
		if (!t->depth && !t->submitting && !t->calling) {
			task_settle(l, t);
			break;
		}
	}
}

static bool belongs(void *ctx, const struct allocation *a)
{
	return a->carrier.type != NO_COMMAND_TYPE && a->carrier.device == *(const uint64_t *)ctx;
}

void ledger__owner_gone(struct ledger *l, bool (*owned)(void *ctx, const struct allocation *a),
			void *ctx, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i)))
		if (owned(ctx, a))
			suspect(l, a, RULE_OWNER_GONE, true, now);
}

/* A device structure was freed: what its commands carried has no owner. */
static void device_gone(struct ledger *l, uint64_t device, uint64_t now)
{
	ledger__owner_gone(l, belongs, &device, now);
}

void ledger__suspect_all(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i))) {
		if (a->rule != RULE_NONE || now < a->born || now - a->born < l->config.min_age_ns)
			continue;
		suspect(l, a, RULE_UNREFERENCED, true, now);
		if (a->rule == RULE_UNREFERENCED)
			look_again(l, a, LOOK_SEARCH, now);
	}
}

/* ---- now and then ---- */

static void check_overdue(struct ledger *l, struct command *list, uint64_t now)
{
	for (struct command *c = list->next; c != list; c = c->next) {
		/* 3 times its own timeout and a second */
		uint64_t limit = 3ULL * c->timeout_ms * 1000000 + 1000000000;
		struct warning w = { .rule = RULE_CALLBACK_OVERDUE, .carrier = c->carrier };

		if (c->overdue || c->called || now < c->queued_at || now - c->queued_at < limit)
			continue;
		c->overdue = true;
		w.age_ns = now - c->queued_at;
		l->ops.warning(l->ctx, &w, now);
	}
}

static void check_growth(struct ledger *l, uint64_t now)
{
	struct growth *g;
	size_t i = 0;

	while ((g = table__next(&l->growth, &i))) {
		struct warning w = { .rule = RULE_GROWTH, .stack = g->stack };

		g->higher = g->outstanding > g->last ? g->higher + 1 : 0;
		g->last = g->outstanding;
		w.outstanding = g->outstanding;
		if (g->higher == GROWTH_WINDOWS)
			l->ops.warning(l->ctx, &w, now);
	}
}

void ledger__tick(struct ledger *l, uint64_t now)
{
	check_overdue(l, &l->bound, now);
	if (!l->window_end)
		l->window_end = now + GROWTH_WINDOW_NS;
	if (now < l->window_end)
		return;
	l->window_end = now + GROWTH_WINDOW_NS;
	check_growth(l, now);
}

static void on_free(struct ledger *l, const struct event *e)
{
	struct allocation *a = table__get(&l->allocations, e->free.addr);
	struct command *c;

	if (!a) {
		l->stats.unknown_frees++;
		return;
	}
	if (e->free.healed)
		l->stats.missed_frees_healed++;
	if (table__remove(&l->devices, a->addr))
		device_gone(l, a->addr, e->time);
	c = command_at(l, a->addr);
	if (c && e->free.healed) {
		release_all(l, c);
		command_end(l, c);
	} else if (c) {
		command_freed(l, c, e->free.caller, e->time);
	}
	allocation_end(l, a, e->time);
}

static int on_enter(struct ledger *l, const struct event *e)
{
	struct task *t;

	if (e->irq)
		return 0;
	t = task_make(l, e->tid);
	if (!t)
		return -ENOMEM;
	if (e->frame.outermost && t->depth) {
		/* The exit of what came before was missed. */
		ledger__missed(l, 1);
		t->depth = 0;
	}
	if (!t->depth)
		t->frame = ++l->next_frame;
	if (t->depth < FRAMES_MAX)
		t->functions[t->depth] = e->frame.function;
	t->depth++;
	return 0;
}

static void on_leave(struct ledger *l, const struct event *e)
{
	struct task *t = e->irq ? NULL : task_of(l, e->tid);
	uint32_t depth;

	if (!t || !t->depth)
		return; /* began before the trace */
	/* Back to the frame of that function; what lies above it has been left too. */
	for (depth = t->depth; depth; depth--)
		if (depth > FRAMES_MAX || t->functions[depth - 1] == e->frame.function)
			break;
	if (!depth)
		return;
	t->depth = depth - 1;
	task_settle(l, t);
}

int ledger__event(struct ledger *l, const struct event *e)
{
	switch (e->type) {
	case EVENT_ALLOC:
		return on_alloc(l, e);
	case EVENT_FREE:
		on_free(l, e);
		return 0;
	case EVENT_SUBMIT:
		return on_submit(l, e);
	case EVENT_SUBMIT_RETURN:
		on_submit_return(l, e);
		return 0;
	case EVENT_COMPLETE:
		on_complete(l, e);
		return 0;
	case EVENT_CALLBACK:
		return on_callback(l, e);
	case EVENT_ENTER:
		return on_enter(l, e);
	case EVENT_LEAVE:
		on_leave(l, e);
		return 0;
	}
	return 0;
}

/* ---- after a loss ---- */

/*
 * Frames, commands and who carries what may have changed unseen, so all of it
 * is forgotten; what stays is which allocations are live.  None of those can be
 * accused by a rule any more: the event that would clear it may be a lost one.
 */
static void forget_custody(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	struct task *t;
	size_t i = 0;

	while (l->unbound.next != &l->unbound)
		command_end(l, l->unbound.next);
	while (l->bound.next != &l->bound)
		command_end(l, l->bound.next);
	while ((t = table__next(&l->tasks, &i)))
		free(t);
	table__free(&l->tasks);
	i = 0;
	while ((a = table__next(&l->allocations, &i))) {
		a->carriers = 0;
		a->uncertain = true;
		if (a->certainty == CERTAINTY_POSSIBLE)
			clear_suspicion(l, a, now);
	}
}

int ledger__resync(struct ledger *l, const struct live *live, size_t count, uint64_t snapshot)
{
	struct table seen = { 0 };
	struct allocation *a, **gone = NULL;
	size_t i, nr_gone = 0;
	int err = 0;

	l->stats.resyncs++;
	l->degraded |= DEGRADED_LOST_EVENTS;
	forget_custody(l, snapshot);

	for (i = 0; i < count && !err; i++) {
		const struct live *b = &live[i];

		err = table__set(&seen, b->addr, (void *)b);
		a = table__get(&l->allocations, b->addr);
		if (err || (a && a->born == b->born))
			continue;
		if (a)
			allocation_end(l, a, snapshot);
		a = allocation_add(l, b->addr, b->born, b->size);
		if (!a) {
			err = -ENOMEM;
			break;
		}
		a->skb = b->skb;
		a->kind = b->skb ? KIND_SKB : KIND_OBJECT;
		a->caller = b->caller;
		a->tid = b->tid;
		a->uncertain = true;
		memcpy(a->comm, b->comm, sizeof(a->comm));
	}
	gone = calloc(l->allocations.used + 1, sizeof(*gone));
	if (err || !gone) {
		err = -ENOMEM;
		goto out;
	}
	i = 0;
	while ((a = table__next(&l->allocations, &i)))
		if (a->born < snapshot && !table__get(&seen, a->addr))
			gone[nr_gone++] = a;
	for (i = 0; i < nr_gone; i++)
		allocation_end(l, gone[i], snapshot);
out:
	free(gone);
	table__free(&seen);
	return err;
}

/* ---- results ---- */

const struct ledger_stats *ledger__stats(const struct ledger *l)
{
	return &l->stats;
}

size_t ledger__histograms(const struct ledger *l)
{
	return l->nr_histograms;
}

const struct histogram *ledger__histogram(const struct ledger *l, size_t index)
{
	return l->histograms[index];
}

static int by_id(const void *a, const void *b)
{
	const struct allocation *x = *(const struct allocation *const *)a;
	const struct allocation *y = *(const struct allocation *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void ledger__each(const struct ledger *l, void (*each)(void *ctx, const struct allocation *a),
		  void *ctx)
{
	const struct allocation *a;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i)))
		each(ctx, a);
}

void ledger__each_finding(const struct ledger *l,
			  void (*each)(void *ctx, const struct allocation *a), void *ctx)
{
	const struct allocation **found = calloc(l->allocations.used + 1, sizeof(*found));
	const struct allocation *a;
	size_t i = 0, n = 0;

	if (!found)
		return;
	while ((a = table__next(&l->allocations, &i)))
		if (a->rule != RULE_NONE && a->certainty != CERTAINTY_POSSIBLE)
			found[n++] = a;
	qsort(found, n, sizeof(*found), by_id);
	for (i = 0; i < n; i++)
		each(ctx, found[i]);
	free(found);
}

const struct allocation *ledger__find(const struct ledger *l, uint64_t addr)
{
	return table__get(&l->allocations, addr);
}

struct ledger *ledger__new(const struct ledger_config *config, const struct ledger_ops *ops,
			   void *ctx)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->config = *config;
	l->ops = *ops;
	l->ctx = ctx;
	l->suspects.prev = l->suspects.next = &l->suspects;
	l->unbound.prev = l->unbound.next = &l->unbound;
	l->bound.prev = l->bound.next = &l->bound;
	return l;
}

void ledger__free(struct ledger *l)
{
	struct allocation *a;
	struct growth *g;
	struct task *t;
	size_t i = 0;

	if (!l)
		return;
	while (l->unbound.next != &l->unbound)
		command_end(l, l->unbound.next);
	while (l->bound.next != &l->bound)
		command_end(l, l->bound.next);
	while ((t = table__next(&l->tasks, &i)))
		free(t);
	i = 0;
	while ((a = table__next(&l->allocations, &i)))
		free(a);
	i = 0;
	while ((g = table__next(&l->growth, &i)))
		free(g);
	table__free(&l->tasks);
	table__free(&l->commands);
	table__free(&l->allocations);
	table__free(&l->devices);
	table__free(&l->growth);
	for (i = 0; i < l->nr_histograms; i++)
		free(l->histograms[i]);
	free(l->histograms);
	free(l->roles);
	free(l);
}
