// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary events in any order, with any loss, and verdicts that contradict each
 * other: the ledger's books must balance whatever it was told, and everything it says
 * must be about an allocation that it knows.
 *
 *   make fuzz-run
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRS	  16 /* few, so that they meet */
#define FUNCTIONS 8
#define TICK_NS	  250000000ULL

static void require(bool so, const char *what)
{
	if (so)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* ---- what the bytes mean ---- */

struct input {
	const uint8_t *data;
	size_t size;
};

static uint8_t byte(struct input *in)
{
	if (!in->size)
		return 0;
	in->size--;
	return *in->data++;
}

static uint64_t address(struct input *in)
{
	uint8_t b = byte(in);

	return b % ADDRS ? 0xffff888000000000ULL + b % ADDRS * 64 : 0;
}

/* An address, one within an object, an error, or something else. */
static uint64_t value(struct input *in)
{
	uint8_t b = byte(in);

	if (b < 16)
		return (uint64_t) - (int64_t)b;
	return address(in) + (b & 128 ? b & 63 : 0);
}

static uint32_t function(struct input *in)
{
	uint8_t b = byte(in);

	return b == 255 ? UINT32_MAX : b % (FUNCTIONS + 1);
}

/* ---- what is said ---- */

struct fuzz {
	struct input in;
	struct ledger *ledger;
	uint64_t now, said, taken_back;
	uint64_t last_id;
};

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct fuzz *f = ctx;

	(void)now;
	require(a->rule != RULE_NONE, "a leak without a rule");
	require(a->certainty != CERTAINTY_POSSIBLE, "a leak that is only possible");
	require(ledger__find(f->ledger, a->addr) == a, "a leak of what is not there");
	f->said++;
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)ctx;
	(void)now;
	require(a->certainty != was, "an update that is none");
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct fuzz *f = ctx;

	(void)a;
	(void)now;
	f->taken_back++;
	require(f->taken_back <= f->said, "more taken back than said");
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)ctx;
	(void)now;
	require(rule__name(w->rule), "a warning without a name");
}

/* ---- one step ---- */

static void do_event(struct fuzz *f, uint8_t what)
{
	struct event e = { .type = 1 + what % EVENT_ABORTED };
	struct input *in = &f->in;
	uint8_t b = byte(in);

	e.tid = b & 3;
	e.irq = b & 4;
	/* Processors deliver out of order; clocks do not go back by much. */
	e.time = b & 8 ? f->now : f->now - (b >> 4) * 1000ULL;
	switch (e.type) {
	case EVENT_ALLOC:
		e.alloc.addr = address(in);
		b = byte(in);
		e.alloc.kind = b % 3;
		e.alloc.size = b & 128 ? UINT64_MAX >> (b & 63) : b;
		e.alloc.stack_left_out = b & 64;
		e.alloc.caller = function(in);
		e.alloc.stack = function(in);
		break;
	case EVENT_FREE:
		e.free.addr = address(in);
		b = byte(in);
		e.free.born = b & 1 ? f->now - b * 1000ULL : 0;
		e.free.healed = b & 2;
		e.free.caller = function(in);
		break;
	case EVENT_SUBMIT:
		e.submit.device = value(in);
		e.submit.argument = value(in);
		e.submit.request = value(in);
		e.submit.params = value(in);
		for (size_t i = 0; i < EVENT_INNER; i++)
			e.submit.inner[i] = value(in);
		e.submit.callback = function(in);
		e.submit.upper = function(in);
		e.submit.function = function(in);
		e.submit.timeout_ms = byte(in) * 16U;
		e.submit.command_type = byte(in);
		e.submit.anonymous = b & 64;
		break;
	case EVENT_SUBMIT_RETURN:
		e.submit_return.ret = (int8_t)byte(in);
		break;
	case EVENT_COMPLETE:
		e.complete.device = value(in);
		e.complete.command = value(in);
		e.complete.response = value(in);
		break;
	case EVENT_CALLBACK:
		e.callback.device = value(in);
		e.callback.argument = value(in);
		e.callback.response = value(in);
		e.callback.callback = function(in);
		break;
	case EVENT_ENTER:
	case EVENT_LEAVE:
		e.frame.function = function(in);
		e.frame.outermost = b & 128;
		break;
	case EVENT_HANDLE:
	case EVENT_DISPATCH:
	case EVENT_DISPATCHED:
	case EVENT_ABORT:
	case EVENT_ABORTED:
		e.handle.handle = value(in);
		e.handle.request = value(in);
		e.handle.response = value(in);
		break;
	}
	require(!ledger__event(f->ledger, &e), "out of memory");
}

static bool some(void *ctx, const struct allocation *a)
{
	return *(uint8_t *)ctx >> (a->id & 7) & 1;
}

static void do_resync(struct fuzz *f)
{
	struct live live[ADDRS];
	size_t n = byte(&f->in) % ADDRS;

	/* A book has each address once. */
	for (size_t i = 0; i < n; i++)
		live[i] = (struct live){ .addr = 0xffff888000000000ULL + (i + 1) * 64,
					 .born = f->now - byte(&f->in) * 100000ULL,
					 .size = byte(&f->in),
					 .skb = byte(&f->in) & 1,
					 .caller = function(&f->in) };
	require(!ledger__resync(f->ledger, live, n, f->now), "out of memory");
}

static void do_other(struct fuzz *f, uint8_t what)
{
	struct ledger *l = f->ledger;
	const struct allocation *a;
	uint8_t b = byte(&f->in);
	uint64_t addr;

	switch (what % 12) {
	case 0:
		do_resync(f);
		break;
	case 1:
		ledger__suspect_all(l, f->now);
		break;
	case 2:
		ledger__owner_gone(l, some, &b, f->now);
		break;
	case 3:
		ledger__missed(l, b);
		break;
	case 4:
		ledger__set_grace(l, b * 10000000ULL);
		break;
	case 5:
		require(!ledger__set_role(l, 1 + b % FUNCTIONS, b / FUNCTIONS % 3),
			"out of memory");
		break;
	case 6:
		ledger__forget_devices(l);
		break;
	case 7:
		ledger__woke(l, f->now);
		break;
	case 8:
		if (!(b & 15))
			ledger__recheck(l, f->now);
		break;
	case 9:
		/* Of one that may be another by now. */
		addr = address(&f->in);
		a = ledger__find(l, addr);
		ledger__searched(l, addr, a ? a->id - (b >> 7) : b, b % (VERDICT_UNREADABLE + 1),
				 byte(&f->in) & 1, f->now - b * 1000000ULL, f->now);
		break;
	case 10:
		f->now += b * TICK_NS;
		ledger__tick(l, f->now);
		break;
	default:
		f->now += b * 1000ULL;
		break;
	}
	/* As run does, but the answer is anybody's. */
	for (int i = 0; i < 4 && (a = ledger__next_due(l, f->now)); i++)
		ledger__judge(l, a, byte(&f->in) % (VERDICT_UNREADABLE + 1), f->now);
}

/* ---- the books ---- */

struct sums {
	uint64_t live, bytes, told;
};

static void add(void *ctx, const struct allocation *a)
{
	struct sums *s = ctx;

	s->live++;
	s->bytes += a->size;
	s->told += a->told;
}

static void count(void *ctx, const struct allocation *a)
{
	(void)a;
	++*(uint64_t *)ctx;
}

static void balance(struct fuzz *f)
{
	const struct ledger_stats *st = ledger__stats(f->ledger);
	uint64_t findings = 0, outstanding = 0;
	struct sums s = { 0 };

	ledger__each(f->ledger, add, &s);
	for (size_t i = 0; i < ledger__histograms(f->ledger); i++)
		outstanding += ledger__histogram(f->ledger, i)->outstanding;
	ledger__each_finding(f->ledger, count, &findings);
	require(s.live == st->outstanding && s.live == outstanding, "what is live");
	require(s.bytes == st->outstanding_bytes, "bytes");
	require(st->allocations == st->frees + st->outstanding, "allocations and frees");
	require(findings == st->findings[CERTAINTY_PROBABLE] + st->findings[CERTAINTY_DEFINITE],
		"findings");
	require(s.told == f->said - f->taken_back, "what was said and taken back");
	require(st->commands == st->callbacks + st->uncalled + st->commands_live + st->dropped +
					st->commands_failed + st->commands_lost,
		"commands");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ledger_config config = { .grace_ns = 1000000000, .min_age_ns = 5000000000 };
	struct ledger_ops ops = { on_leak, on_update, on_retracted, on_warning };
	struct fuzz f = { .in = { data, size }, .now = 1000000000000 };

	f.ledger = ledger__new(&config, &ops, &f);
	require(f.ledger, "out of memory");
	require(!ledger__set_role(f.ledger, 1, ROLE_SUBMIT) &&
			!ledger__set_role(f.ledger, 2, ROLE_DISPATCH),
		"out of memory");
	while (f.in.size) {
		uint8_t what = byte(&f.in);

		f.now += 1000;
		if (what & 192)
			do_event(&f, what & 63);
		else
			do_other(&f, what);
	}
	balance(&f);
	ledger__free(f.ledger);
	return 0;
}
