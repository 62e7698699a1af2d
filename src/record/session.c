// SPDX-License-Identifier: GPL-2.0-only
/*
 * The calls of session.h: each does what its name says and writes it down.
 *
 * Written after it was done: so what the ledger made it ask for (the bytes of a
 * leak) comes before the call that needs it, and a recording never ends between
 * the two.
 */
#include "record/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct session {
	const struct names *names;
	struct ledger *ledger;
	struct ledger_config config;
	struct tell *tell;		 /* or NULL */
	struct recorder *recorder;	 /* or NULL */
	const struct session_taps *taps; /* or NULL */
	struct report *tapped;
	uint32_t functions, stacks; /* recorded so far */
	bool tracing;
	uint64_t started;
	uint64_t lost, unseen, left_out;
};

struct session *session__new(const struct ledger_config *config, const struct ledger_ops *ops,
			     void *ctx, const struct names *names)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->names = names;
	s->config = *config;
	s->ledger = ledger__new(config, ops, ctx);
	if (!s->ledger) {
		free(s);
		return NULL;
	}
	return s;
}

void session__free(struct session *s)
{
	if (!s)
		return;
	ledger__free(s->ledger);
	free(s);
}

void session__set_tell(struct session *s, struct tell *tell)
{
	s->tell = tell;
}

void session__set_taps(struct session *s, const struct session_taps *taps, struct report *report)
{
	s->taps = taps;
	s->tapped = report;
}

const struct ledger *session__ledger(const struct session *s)
{
	return s->ledger;
}

/* ---- writing down ---- */

static void put_function(struct session *s, uint32_t number)
{
	const char *module = names__module(s->names, number);
	struct item item = { .type = ITEM_FUNCTION };

	item.function.name = names__text(s->names, number);
	item.function.module = module ? module : "";
	recorder__write(s->recorder, &item);
}

static void put_stack(struct session *s, uint32_t number)
{
	const struct stack *stack = names__stack_at(s->names, number);
	struct item item = { .type = ITEM_FRAME };

	for (size_t i = 0; i < stack->depth; i++) {
		const struct stack_frame *f = &stack->frames[i];

		item.frame.addr = f->addr;
		item.frame.function = f->function;
		item.frame.offset = f->offset;
		item.frame.text = f->text;
		recorder__write(s->recorder, &item);
	}
	item = (struct item){ .type = ITEM_STACK, .stack.site = (uint32_t)stack->site };
	recorder__write(s->recorder, &item);
}

/* The item, after the names that it may mention. */
static void put(struct session *s, const struct item *item)
{
	if (!s->recorder)
		return;
	while (s->functions < names__nr_functions(s->names))
		put_function(s, ++s->functions);
	while (s->stacks < names__nr_stacks(s->names))
		put_stack(s, ++s->stacks);
	recorder__write(s->recorder, item);
}

static void put_empty(struct session *s, enum item_type type)
{
	struct item item = { .type = type };

	put(s, &item);
}

static void put_time(struct session *s, enum item_type type, uint64_t now)
{
	struct item item = { .type = type, .tick.time = now };

	put(s, &item);
}

void session__record(struct session *s, struct recorder *r, const char *version, const char *kernel,
		     const char *arch)
{
	struct item item = { .type = ITEM_HEADER, .header = { version, kernel, arch } };

	s->recorder = r;
	/* Before any name. */
	recorder__write(r, &item);
	item = (struct item){ .type = ITEM_CONFIG, .config = s->config };
	recorder__write(r, &item);
	if (s->tell)
		session__set_clock(s, tell__clock(s->tell));
}

/* ---- the ledger ---- */

int session__set_role(struct session *s, uint32_t function, enum role role)
{
	struct item item = { .type = ITEM_ROLE, .role = { function, (uint8_t)role } };
	int err = ledger__set_role(s->ledger, function, role);

	put(s, &item);
	return err;
}

int session__event(struct session *s, const struct event *e)
{
	struct item item = { .type = ITEM_OF_EVENT(e->type), .event = *e };
	int err;

	if (s->taps)
		s->taps->before(s->tapped, s->ledger, e);
	err = ledger__event(s->ledger, e);
	if (s->taps)
		s->taps->after(s->tapped, s->ledger, e);
	put(s, &item);
	return err;
}

void session__woke(struct session *s, uint64_t now)
{
	ledger__woke(s->ledger, now);
	put_time(s, ITEM_WOKE, now);
}

void session__blind(struct session *s, unsigned blind)
{
	struct item item = { .type = ITEM_BLIND, .missed.count = blind };

	ledger__blind(s->ledger, blind);
	put(s, &item);
}

void session__missed(struct session *s, uint64_t count)
{
	struct item item = { .type = ITEM_MISSED, .missed.count = count };

	ledger__missed(s->ledger, count);
	put(s, &item);
}

void session__set_grace(struct session *s, uint64_t grace_ns)
{
	struct item item = { .type = ITEM_GRACE, .grace.ns = grace_ns };

	ledger__set_grace(s->ledger, grace_ns);
	put(s, &item);
}

void session__judge(struct session *s, const struct allocation *a, enum verdict verdict,
		    uint64_t now)
{
	struct item item = { .type = ITEM_JUDGE };

	item.look.time = now;
	item.look.addr = a->addr;
	item.look.id = a->id;
	item.look.verdict = (uint8_t)verdict;
	ledger__judge(s->ledger, a, verdict, now);
	put(s, &item);
}

void session__searched(struct session *s, uint64_t addr, uint64_t id, enum verdict verdict,
		       uint32_t checksum, uint64_t began, uint64_t now)
{
	const struct allocation *a = ledger__find(s->ledger, addr);
	struct item item = { .type = ITEM_SEARCHED };
	/* A search asks about all that lives; of most nobody wants to know. */
	bool matters = a && a->id == id && a->rule != RULE_NONE;

	item.look.time = now;
	item.look.began = began;
	item.look.addr = addr;
	item.look.id = id;
	item.look.verdict = (uint8_t)verdict;
	item.look.checksum = checksum;
	ledger__searched(s->ledger, addr, id, verdict, checksum, began, now);
	if (matters)
		put(s, &item);
}

void session__suspect_all(struct session *s, uint64_t now)
{
	ledger__suspect_all(s->ledger, now);
	put_time(s, ITEM_SUSPECT_ALL, now);
}

void session__cannot_search(struct session *s)
{
	ledger__cannot_search(s->ledger);
	put_empty(s, ITEM_CANNOT_SEARCH);
}

void session__recheck(struct session *s, uint64_t now)
{
	ledger__recheck(s->ledger, now);
	put_time(s, ITEM_RECHECK, now);
}

struct owner {
	struct session *session;
	bool (*owned)(void *ctx, const struct allocation *a);
	void *ctx;
	size_t hits;
};

static bool owned_by(void *ctx, const struct allocation *a)
{
	struct item item = { .type = ITEM_OWNED, .owned.id = a->id };
	struct owner *o = ctx;

	if (!o->owned(o->ctx, a))
		return false;
	o->hits++;
	put(o->session, &item);
	return true;
}

void session__owner_gone(struct session *s, bool (*owned)(void *ctx, const struct allocation *a),
			 void *ctx, uint64_t now)
{
	struct owner o = { s, owned, ctx, 0 };

	ledger__owner_gone(s->ledger, owned_by, &o, now);
	/* It is asked every second, and mostly nobody says yes. */
	if (o.hits)
		put_time(s, ITEM_OWNER_GONE, now);
}

void session__forget_devices(struct session *s)
{
	ledger__forget_devices(s->ledger);
	put_empty(s, ITEM_FORGET_DEVICES);
}

int session__resync(struct session *s, const struct live *live, size_t count, uint64_t snapshot)
{
	struct item item = { .type = ITEM_LIVE };
	int err = ledger__resync(s->ledger, live, count, snapshot);

	for (size_t i = 0; s->recorder && i < count; i++) {
		item.live = live[i];
		put(s, &item);
	}
	put_time(s, ITEM_RESYNC, snapshot);
	return err;
}

void session__ledger_tick(struct session *s, uint64_t now)
{
	ledger__tick(s->ledger, now);
	put_time(s, ITEM_LEDGER_TICK, now);
}

/* ---- what is told ---- */

void session__set_clock(struct session *s, uint64_t offset)
{
	struct item item = { .type = ITEM_CLOCK, .clock.offset = offset };

	if (s->tell)
		tell__set_clock(s->tell, offset);
	put(s, &item);
}

int session__set_command(struct session *s, uint32_t function, uint8_t type, const char *name)
{
	struct item item = { .type = ITEM_COMMAND, .command = { function, type, name } };
	int err = s->tell ? tell__set_command(s->tell, function, type, name) : 0;

	put(s, &item);
	return err;
}

int session__set_device(struct session *s, uint64_t device, const char *name)
{
	struct item item = { .type = ITEM_DEVICE, .device = { device, name } };
	int err = s->tell ? tell__set_device(s->tell, device, name) : 0;

	put(s, &item);
	return err;
}

void session__forget_device_names(struct session *s)
{
	if (s->tell)
		tell__forget_devices(s->tell);
	put_empty(s, ITEM_FORGET_NAMES);
}

void session__bytes(struct session *s, uint64_t id, const unsigned char *bytes, size_t size)
{
	struct item item = { .type = ITEM_BYTES, .bytes.id = id };

	if (size > sizeof(item.bytes.bytes.data))
		size = sizeof(item.bytes.bytes.data);
	item.bytes.bytes.size = (uint8_t)size;
	memcpy(item.bytes.bytes.data, bytes, size);
	put(s, &item);
}

/* ---- the run ---- */

void session__start(struct session *s, const struct report_start *start, uint64_t now)
{
	struct item item = { .type = ITEM_MODULE };

	s->tracing = true;
	s->started = now;
	if (s->taps && s->tell)
		s->taps->clock(s->tapped, now, now + tell__clock(s->tell));
	if (s->tell)
		tell__start(s->tell, start);
	for (size_t i = 0; i < start->nr_modules; i++) {
		item.text.text = start->modules[i];
		put(s, &item);
	}
	item.type = ITEM_MISSING;
	for (size_t i = 0; i < start->nr_missing; i++) {
		item.text.text = start->missing[i];
		put(s, &item);
	}
	item = (struct item){ .type = ITEM_START };
	item.start.time = now;
	item.start.hooks = (uint32_t)start->hooks;
	put(s, &item);
}

void session__tick(struct session *s, uint64_t now)
{
	if (s->tell)
		tell__tick(s->tell, now);
	put_time(s, ITEM_TICK, now);
	recorder__tick(s->recorder, now);
}

void session__histograms(struct session *s)
{
	if (s->tell)
		tell__histograms(s->tell, s->ledger);
	put_empty(s, ITEM_HISTOGRAMS);
}

void session__counters(struct session *s, uint64_t lost, uint64_t unseen, uint64_t left_out)
{
	struct item item = { .type = ITEM_COUNTERS, .counters = { lost, unseen, left_out } };

	if (lost == s->lost && unseen == s->unseen && left_out == s->left_out)
		return;
	s->lost = lost;
	s->unseen = unseen;
	s->left_out = left_out;
	put(s, &item);
}

void session__end(struct session *s, uint64_t now, bool incomplete)
{
	const struct ledger_stats *stats = ledger__stats(s->ledger);
	struct report_end end = { .ledger = s->ledger };
	struct item item = { .type = ITEM_END };

	end.seconds = (double)(now - s->started) / 1e9;
	end.lost_events = s->lost;
	end.missed_hooks = stats->missed_hooks;
	end.unseen = s->unseen;
	end.left_out = s->left_out;
	end.incomplete = incomplete;
	if (s->tell && s->tracing)
		tell__end(s->tell, &end);
	item.end.time = now;
	item.end.lost = s->lost;
	item.end.unseen = s->unseen;
	item.end.left_out = s->left_out;
	item.end.allocations = stats->allocations;
	item.end.frees = stats->frees;
	item.end.suspects = stats->suspects;
	item.end.cleared = stats->cleared;
	item.end.retracted = stats->retracted;
	item.end.possible = stats->findings[CERTAINTY_POSSIBLE];
	item.end.probable = stats->findings[CERTAINTY_PROBABLE];
	item.end.definite = stats->findings[CERTAINTY_DEFINITE];
	put(s, &item);
}
