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
 * None of them is a verdict: see suspects.c.  What is passed on to a new command
 * has carriers again and is no suspect.
 */
#include "ledger/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SEAM_NS	   100000000ULL /* a submitting call does not take that long */
#define UNSEEN_MAX 16384

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

/* ---- tasks and commands ---- */

struct command *command_at(struct ledger *l, uint64_t addr)
{
	return table__get(&l->commands, addr);
}

struct task *task_of(struct ledger *l, uint32_t tid)
{
	return table__get(&l->tasks, tid);
}

struct task *task_make(struct ledger *l, uint32_t tid)
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

void task_settle(struct ledger *l, struct task *t)
{
	if (t->depth || t->submitting || t->calling || t->dispatching || t->aborting)
		return;
	table__remove(&l->tasks, t->tid);
	free(t);
}

static uint64_t frame_of(struct ledger *l, const struct event *e)
{
	const struct task *t = e->irq ? NULL : task_of(l, e->tid);

	return t && t->depth ? t->frame : 0;
}

/* ---- what commands carry ---- */

/*
 * The driver has handed a request to another command as its response (the
 * simulator does): from here on that one answers for it.
 */
static void take_from_requests(struct command *list, struct allocation *a)
{
	/* Nearly always nothing carries it. */
	for (struct command *c = list->next; a->carriers && c != list; c = c->next) {
		if (c->request.id != a->id)
			continue;
		c->request = (struct cargo){ 0 };
		a->carriers--;
	}
}

/* Each once, until its address is that of something seen. */
static void count_unseen(struct ledger *l, uint64_t addr)
{
	const uint64_t kernel = 0xffff000000000000ULL, errors = -4095ULL;

	if (addr < kernel || addr >= errors || l->unseen.used == UNSEEN_MAX ||
	    table__get(&l->unseen, addr) || table__set(&l->unseen, addr, l))
		return;
	l->stats.unseen++;
}

/*
 * Takes up what was submitted or delivered under this role, if it is the base
 * address of an allocation (a pointer into one is borrowed, an ERR_PTR is no
 * pointer).
 */
struct cargo carry(struct ledger *l, struct command *c, uint64_t addr, enum kind kind,
		   uint64_t frame, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a)
		count_unseen(l, addr);
	if (!a)
		return (struct cargo){ 0 };
	if (a->skb != (kind == KIND_REQUEST || kind == KIND_RESPONSE))
		return (struct cargo){ 0 }; /* an skb as user argument or the like */
	/* Carried again: in use after all. */
	clear_suspicion(l, a, now);
	if (a->carrier.type == NO_COMMAND_TYPE)
		a->owned = frame && a->frame == frame;
	if (kind == KIND_RESPONSE) {
		take_from_requests(&l->bound, a);
		take_from_requests(&l->unbound, a);
	}
	a->kind = kind;
	a->carriers++;
	a->carrier = c->carrier;
	/* This command may lie where the last one did. */
	a->ghost = a->ghost_size = 0;
	if (a->bucket == NAME_NONE)
		move_bucket(l, a, c->carrier.callback);
	return (struct cargo){ a->addr, a->id };
}

/*
 * A socket that the user argument names is held for this exchange, by a
 * reference that somebody will have to give back.
 */
static struct cargo hold(struct ledger *l, struct command *c, uint64_t addr, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a || !a->sock)
		return (struct cargo){ 0 };
	clear_suspicion(l, a, now);
	a->carriers++;
	a->carrier = c->carrier;
	return (struct cargo){ a->addr, a->id };
}

void release(struct ledger *l, const struct cargo *cargo, const struct allocation *command)
{
	struct allocation *a = cargo_get(l, cargo);

	if (!a || !a->carriers)
		return;
	a->carriers--;
	if (command) {
		a->ghost = command->addr;
		a->ghost_size = command->size;
	}
}

void release_all(struct ledger *l, const struct command *c)
{
	const struct allocation *command = c->handle ? NULL : table__get(&l->allocations, c->addr);

	release(l, &c->argument, command);
	release(l, &c->request, command);
	release(l, &c->params, command);
	release(l, &c->response, command);
	for (size_t i = 0; i < EVENT_INNER; i++)
		release(l, &c->inner[i], command);
}

/* Where the submitting call came from is known only with the command's allocation. */
static void tell_stack(struct ledger *l, const struct cargo *cargo, uint32_t stack)
{
	struct allocation *a = cargo_get(l, cargo);

	if (a)
		a->carrier.stack = stack;
}

void deliver(struct ledger *l, const struct cargo *cargo, const struct command *c)
{
	struct allocation *a = cargo_get(l, cargo);

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

/* A callback is told by what it is called with, not by its command's address. */
static uint64_t call_key(uint64_t device, uint64_t argument)
{
	return device * 31 + argument;
}

int command_bind(struct ledger *l, struct command *c, uint64_t addr)
{
	uint64_t key = call_key(c->called_on, c->argument_value);
	struct command *last = table__get(&l->by_argument, key);

	if (table__set(&l->commands, addr, c))
		return -ENOMEM;
	if (!last && table__set(&l->by_argument, key, c)) {
		table__remove(&l->commands, addr);
		return -ENOMEM;
	}
	while (last && last->same)
		last = last->same;
	if (last)
		last->same = c;
	c->addr = addr;
	list_remove(c);
	list_add(&l->bound, c);
	return 0;
}

static void command_unbind(struct ledger *l, struct command *c)
{
	uint64_t key = call_key(c->called_on, c->argument_value);
	struct command *before = table__get(&l->by_argument, key);

	if (command_at(l, c->addr) == c) /* a handle may be another one's by now */
		table__remove(&l->commands, c->addr);
	if (before != c) {
		while (before->same != c)
			before = before->same;
		before->same = c->same;
	} else if (c->same) {
		table__set(&l->by_argument, key, c->same); /* replaces: cannot fail */
	} else {
		table__remove(&l->by_argument, key);
	}
	c->same = NULL; /* it may be bound again */
}

void command_end(struct ledger *l, struct command *c)
{
	list_remove(c);
	if (c->addr)
		command_unbind(l, c);
	if (c->submitter)
		c->submitter->submitting = NULL;
	if (c->caller)
		c->caller->calling = NULL;
	if (c->dispatcher)
		c->dispatcher->dispatching = NULL;
	l->stats.commands_live--;
	free(c);
}

static void end_all(struct ledger *l, struct command *list)
{
	while (list->next != list)
		command_end(l, list->next); /* NOLINT(clang-analyzer-unix.Malloc): it unlinks */
}

void ledger__woke(struct ledger *l, uint64_t now)
{
	l->woke = now;
}

void ledger__missed(struct ledger *l, uint64_t count)
{
	l->stats.missed_hooks += count;
	l->degraded |= DEGRADED_MISSED_HOOKS;
}

void ledger__blind(struct ledger *l, unsigned blind)
{
	struct allocation *a;
	size_t i = 0;

	l->blind = blind;
	if (blind)
		l->degraded |= DEGRADED_NO_HOOK;
	while ((a = table__next(&l->allocations, &i)))
		a->end_unseen |= a->skb && (blind & BLIND_SKB_ENDS);
}

/*
 * A hook on commands has not run: what anything alive is used for can no longer
 * be said, but by memory.
 */
static void command_unseen(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	ledger__missed(l, 1);
	while ((a = table__next(&l->allocations, &i)))
		story_cut(l, a, now);
}

static void command_lost(struct ledger *l, struct command *c)
{
	l->stats.commands_lost++;
	release_all(l, c);
	command_end(l, c);
}

static void commands_lost_of(struct ledger *l, struct command *list, uint64_t device)
{
	struct command *c = list->next, *next;

	for (; c != list; c = next) {
		next = c->next;
		if (c->carrier.device == device)
			command_lost(l, c);
	}
}

void commands_lost(struct ledger *l, uint64_t device)
{
	commands_lost_of(l, &l->bound, device);
	commands_lost_of(l, &l->unbound, device);
}

/* Was it a device? */
static void device_ends(struct ledger *l, const struct allocation *a, uint64_t now)
{
	if (table__remove(&l->devices, a->addr))
		device_gone(l, a->addr, now);
}

void allocation_lost(struct ledger *l, struct allocation *a, uint64_t now)
{
	struct command *c;

	l->stats.missed_frees_healed++;
	device_ends(l, a, now);
	c = command_at(l, a->addr);
	if (c)
		command_lost(l, c);
	allocation_end(l, a, now);
}

/* ---- events ---- */

static int on_alloc(struct ledger *l, const struct event *e)
{
	struct allocation *a = table__get(&l->allocations, e->alloc.addr);
	struct command *c;
	struct task *t;
	bool known;

	if (!e->alloc.addr)
		return 0;		 /* from a broken recording: no allocation is there */
	known = a && a->born == e->time; /* from the book, which has no stacks */
	if (a && !known) {
		allocation_lost(l, a, e->time);
		a = NULL;
	}
	if (!a)
		a = allocation_add(l, e->alloc.addr, e->time, e->alloc.size);
	if (!a)
		return -ENOMEM;
	table__remove(&l->unseen, a->addr);
	a->skb = e->alloc.kind == EVENT_KIND_SKB;
	a->sock = e->alloc.kind == EVENT_KIND_SOCK;
	a->kind = a->skb ? KIND_SKB : KIND_OBJECT;
	a->end_unseen |= a->skb && (l->blind & BLIND_SKB_ENDS);
	a->caller = e->alloc.caller;
	a->stack_left_out = e->alloc.stack_left_out;
	allocation_stack(l, a, e->alloc.stack);
	a->tid = e->tid;
	memcpy(a->comm, e->alloc.comm, sizeof(a->comm));
	a->frame = frame_of(l, e);
	if (a->skb || role_of(l, a->caller) != ROLE_SUBMIT)
		return 0;

	/* The submitting call allocates the command. */
	t = e->irq ? NULL : task_of(l, e->tid);
	c = t ? t->submitting : NULL;
	if (known && (!c || c->addr))
		return 0; /* its story was cut with everybody's, when the book was read */
	a->kind = KIND_COMMAND;
	if (!c && e->time < l->woke + SEAM_NS) {
		/* The call began just before. */
		l->stats.unseen++;
		return 0;
	}
	if (!c || c->addr) {
		command_unseen(l, e->time);
		return 0;
	}
	if (command_bind(l, c, a->addr))
		return -ENOMEM;
	c->carrier.stack = e->alloc.stack;
	tell_stack(l, &c->argument, e->alloc.stack);
	tell_stack(l, &c->request, e->alloc.stack);
	tell_stack(l, &c->params, e->alloc.stack);
	for (size_t i = 0; i < EVENT_INNER; i++)
		tell_stack(l, &c->inner[i], e->alloc.stack);
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
		/* Its return was missed: whether it failed is not known, and
		 * without an address its end will not be seen either.
		 */
		ledger__missed(l, 1);
		t->submitting->submitter = NULL;
		if (!t->submitting->addr) {
			l->stats.commands_lost++;
			release_all(l, t->submitting);
			command_end(l, t->submitting);
		}
	}
	c->carrier.device = e->submit.device;
	c->carrier.callback = e->submit.callback;
	c->carrier.function = e->submit.function;
	c->carrier.upper = e->submit.upper;
	c->carrier.type = e->submit.command_type;
	c->timeout_ms = e->submit.timeout_ms;
	c->called_on = e->submit.anonymous ? 0 : e->submit.device;
	c->argument_value = e->submit.argument;
	c->request_value = e->submit.request;
	c->queued_at = e->time;
	if (!e->submit.on_stack)
		c->argument = carry(l, c, e->submit.argument, KIND_USER_ARGUMENT, frame, e->time);
	c->request = carry(l, c, e->submit.request, KIND_REQUEST, frame, e->time);
	c->params = carry(l, c, e->submit.params, KIND_PARAMS, frame, e->time);
	for (size_t i = 0; i < EVENT_INNER; i++)
		c->inner[i] = hold(l, c, e->submit.inner[i], e->time);
	t->submitting = c;
	c->submitter = t;
	list_add(&l->unbound, c);
	l->stats.commands++;
	l->stats.commands_live++;
	if (c->carrier.device)
		table__set(&l->devices, c->carrier.device, (void *)(uintptr_t)c->carrier.device);
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
		c->submitter = NULL;
	if (c && e->submit_return.ret < 0) {
		/* The command object, if there was one, is judged by its own free. */
		was = *c;
		l->stats.commands_failed++;
		release_all(l, c);
		command_end(l, c);
		suspect_carried(l, &was.argument, RULE_SUBMIT_FAILED, e->time);
		suspect_carried(l, &was.request, RULE_SUBMIT_FAILED, e->time);
		suspect_carried(l, &was.params, RULE_SUBMIT_FAILED, e->time);
	} else if (c && !c->addr) {
		/* It succeeded, but where the command lies was not seen: its
		 * end will not be seen either.
		 */
		l->stats.commands_lost++;
		release_all(l, c);
		command_end(l, c);
		command_unseen(l, e->time);
	}
	task_settle(l, t);
}

static int on_complete(struct ledger *l, const struct event *e)
{
	struct command *c = command_at(l, e->complete.command);

	if (!c || c->completed)
		return 0;
	if (table__set(&l->completes, c->carrier.function, l))
		return -ENOMEM;
	c->completed = true;
	c->response_value = e->complete.response;
	c->response = carry(l, c, e->complete.response, KIND_RESPONSE, 0, e->time);
	return 0;
}

/*
 * The command whose callback was entered.  Callbacks call each other, and while
 * the outer one is not hooked yet only the inner is seen: it has the same
 * arguments, so they tell as well.
 */
static struct command *command_called(struct ledger *l, const struct event *e)
{
	uint64_t key = call_key(e->callback.device, e->callback.argument);
	struct command *c, *same_arguments = NULL;

	for (c = table__get(&l->by_argument, key); c; c = c->same) {
		if (c->called || c->called_on != e->callback.device ||
		    c->argument_value != e->callback.argument)
			continue;
		if (c->carrier.callback == e->callback.callback)
			return c;
		if (c->completed && c->response_value == e->callback.response)
			same_arguments = c;
	}
	return same_arguments;
}

bool callback_hooked(const struct ledger *l, uint32_t callback)
{
	return table__get(&l->callbacks_seen, callback);
}

static int on_callback(struct ledger *l, const struct event *e)
{
	struct task *t = task_make(l, e->tid);
	struct command *c;

	if (!t || (!callback_hooked(l, e->callback.callback) &&
		   table__set(&l->callbacks_seen, e->callback.callback, l)))
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
	c->caller = t;
	if (!c->response.id)
		c->response = carry(l, c, e->callback.response, KIND_RESPONSE, 0, e->time);
	deliver(l, &c->argument, c);
	deliver(l, &c->response, c);
	return 0;
}

void command_returned(struct ledger *l, struct command *c, uint64_t now)
{
	struct command was;

	if (!c->called) {
		deliver(l, &c->argument, c);
		deliver(l, &c->response, c);
	}
	was = *c;
	release_all(l, c);
	command_end(l, c);
	/* An event of HCI has none, and ends when it has been sent. */
	if (was.called || was.carrier.callback != NAME_NONE)
		l->stats.callbacks++;
	else
		l->stats.uncalled++;
	suspect_carried(l, &was.argument, RULE_CALLBACK_KEPT, now);
	suspect_carried(l, &was.response, RULE_CALLBACK_KEPT, now);
}

void command_dropped(struct ledger *l, struct command *c, uint64_t now)
{
	const struct command was = *c;

	release_all(l, c);
	command_end(l, c);
	l->stats.dropped++;
	suspect_carried(l, &was.argument, RULE_COMMAND_DROPPED, now);
	suspect_carried(l, &was.request, RULE_COMMAND_DROPPED, now);
	suspect_carried(l, &was.params, RULE_COMMAND_DROPPED, now);
	suspect_carried(l, &was.response, RULE_COMMAND_DROPPED, now);
}

/* The command's object goes: its callback has returned, or never ran. */
static void command_freed(struct ledger *l, struct command *c, uint32_t caller, uint64_t now)
{
	bool dispatched = role_of(l, caller) == ROLE_DISPATCH;
	/* A device that goes calls back for what its driver never answered. */
	bool unanswered =
		dispatched && !c->completed && table__get(&l->completes, c->carrier.function);
	const struct cargo request = c->request;
	struct task *t = c->caller;

	/* Where a callback's entry can be seen, one that was not seen did not run. */
	if (c->called || (dispatched && !callback_hooked(l, c->carrier.callback))) {
		command_returned(l, c, now);
		if (unanswered)
			suspect_carried(l, &request, RULE_OWNER_GONE, now);
	} else {
		command_dropped(l, c, now);
	}
	if (t)
		task_settle(l, t);
}

/* The submitting call has failed, and will say so: it is as if there were no object. */
static void command_given_up(struct ledger *l, struct command *c)
{
	command_unbind(l, c);
	c->addr = 0;
	list_remove(c);
	list_add(&l->unbound, c);
}

static void on_free(struct ledger *l, const struct event *e)
{
	struct allocation *a = table__get(&l->allocations, e->free.addr);
	struct command *c;

	if (!a || (e->free.born && e->free.born != a->born)) {
		l->stats.unknown_frees++;
		return;
	}
	if (e->free.healed) {
		allocation_lost(l, a, e->time);
		return;
	}
	device_ends(l, a, e->time);
	c = command_at(l, a->addr);
	if (c && c->submitter && role_of(l, e->free.caller) == ROLE_SUBMIT)
		command_given_up(l, c);
	else if (c)
		command_freed(l, c, e->free.caller, e->time);
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
		return on_complete(l, e);
	case EVENT_CALLBACK:
		return on_callback(l, e);
	case EVENT_ENTER:
		return on_enter(l, e);
	case EVENT_LEAVE:
		on_leave(l, e);
		return 0;
	case EVENT_HANDLE:
	case EVENT_DISPATCH:
	case EVENT_DISPATCHED:
	case EVENT_ABORT:
	case EVENT_ABORTED:
		return handle_event(l, e);
	}
	return 0;
}

/* ---- after a loss ---- */

/*
 * Frames, commands and who carries what may have changed unseen, so all of it
 * is forgotten; what stays is which allocations are live.  What a rule says of those
 * is for memory to confirm: the event that would clear it may be a lost one.
 */
static void forget_custody(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	struct task *t;
	size_t i = 0;

	l->stats.commands_lost += l->stats.commands_live;
	end_all(l, &l->unbound);
	end_all(l, &l->bound);
	while ((t = table__next(&l->tasks, &i)))
		free(t);
	table__free(&l->tasks);
	i = 0;
	while ((a = table__next(&l->allocations, &i))) {
		a->carriers = 0;
		story_cut(l, a, now);
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
		if (a) {
			device_ends(l, a, snapshot);
			allocation_end(l, a, snapshot);
		}
		a = allocation_add(l, b->addr, b->born, b->size);
		if (!a) {
			err = -ENOMEM;
			break;
		}
		a->skb = b->skb;
		a->sock = b->sock;
		a->kind = b->skb ? KIND_SKB : KIND_OBJECT;
		a->caller = b->caller;
		a->tid = b->tid;
		a->uncertain = true;
		a->end_unseen = a->skb && (l->blind & BLIND_SKB_ENDS);
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
	for (i = 0; i < nr_gone; i++) {
		device_ends(l, gone[i], snapshot);
		allocation_end(l, gone[i], snapshot);
	}
out:
	free(gone);
	table__free(&seen);
	return err;
}

/* ---- life ---- */

struct ledger *ledger__new(const struct ledger_config *config, const struct ledger_ops *ops,
			   void *ctx)
{
	struct ledger *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->config = *config;
	l->ops = *ops;
	l->ctx = ctx;
	l->glances.prev = l->glances.next = &l->glances;
	l->searches.prev = l->searches.next = &l->searches;
	l->unbound.prev = l->unbound.next = &l->unbound;
	l->bound.prev = l->bound.next = &l->bound;
	return l;
}

void ledger__free(struct ledger *l)
{
	struct task *t;
	size_t i = 0;

	if (!l)
		return;
	end_all(l, &l->unbound);
	end_all(l, &l->bound);
	while ((t = table__next(&l->tasks, &i)))
		free(t);
	table__free(&l->tasks);
	table__free(&l->commands);
	table__free(&l->by_argument);
	table__free(&l->devices);
	table__free(&l->callbacks_seen);
	table__free(&l->completes);
	books_free(l);
	free(l->roles);
	free(l);
}
