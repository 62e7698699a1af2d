// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the ledger is, how much memory it takes, and that it takes no more
 * the longer it runs.
 *
 * The stream is what an NFC stack under load makes: on each device polling
 * rounds and exchanges in turn, as work items of kworkers; some user arguments
 * freed a while after their callback (suspects that are cleared within the
 * grace), a few only after they were reported; and beside that any number of
 * objects that just live, one of which now and then makes room for another.
 * Addresses are reused as SLUB does, the latest first.
 *
 * Events are made in batches of 100 ms of event time, and only what the ledger
 * does with them is timed, in CPU time: the machine need not be idle.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ledger/ledger.h"

#define STEP_NS	   20000ULL /* between events: 50,000 a second */
#define TICK_NS	   100000000ULL
#define GRACE_NS   1000000000ULL
#define MIN_AGE_NS 5000000000ULL
#define BATCH	   6000 /* events of one tick, and those of a phase more */
#define DEFERRED   8192
#define TOLD	   1024

/* Names, as src/trace/names.c numbers them. */
enum {
	SUBMIT = 1,
	DISPATCH,
	WQ_POLL,
	WQ_CMD,
	WQ_COMPLETE,
	ALLOCATOR,
	FREER,
	FIRST_CALLBACK,
	CALLBACKS = 12,
	FIRST_STACK = 1,
	STACKS = 64,
};

struct object {
	uint64_t addr, born;
};

/* One device; a command goes through its phases, each a work item. */
struct device {
	uint64_t addr;
	uint32_t tid;
	unsigned phase;
	unsigned round;
	uint32_t callback;
	struct object argument, request, response, command;
};

/* Frees to come: a ring, in order since all of one wait the same time. */
struct deferred {
	uint64_t by; /* ns */
	struct {
		uint64_t at;
		struct object object;
	} ring[DEFERRED];
	size_t first, count;
};

struct bench {
	struct ledger *ledger;
	uint64_t now, next_tick, next_second;
	uint64_t random;

	uint64_t *free_addrs; /* stack */
	size_t nr_free, room_free;
	uint64_t next_addr;

	struct device *devices;
	size_t nr_devices, turn;
	struct object *live;
	size_t nr_live;
	struct deferred soon, late; /* within the grace, and after it */

	struct event events[BATCH + 64];
	size_t nr_events;
	struct {
		uint64_t addr, id;
	} told[TOLD];
	size_t nr_told;
	uint64_t leaks, retracted;
	uint64_t done; /* events */
	double seconds;
};

static uint64_t draw(struct bench *b)
{
	/* xorshift64 */
	b->random ^= b->random << 13;
	b->random ^= b->random >> 7;
	b->random ^= b->random << 17;
	return b->random;
}

static void *must(void *p)
{
	if (!p) {
		fprintf(stderr, "bench: out of memory\n");
		exit(1);
	}
	return p;
}

/* ---- the stream ---- */

static struct event *emit(struct bench *b, enum event_type type, uint32_t tid)
{
	struct event *e = &b->events[b->nr_events++];

	b->now += STEP_NS;
	memset(e, 0, sizeof(*e));
	e->type = type;
	e->time = b->now;
	e->tid = tid;
	return e;
}

static struct object birth(struct bench *b, uint32_t tid, uint64_t size, enum event_kind kind,
			   uint32_t caller)
{
	struct event *e = emit(b, EVENT_ALLOC, tid);
	struct object o = { .born = e->time };

	if (b->nr_free) {
		o.addr = b->free_addrs[--b->nr_free];
	} else {
		o.addr = b->next_addr;
		b->next_addr += 256;
	}
	e->alloc.addr = o.addr;
	e->alloc.size = size;
	e->alloc.kind = kind;
	e->alloc.caller = caller;
	e->alloc.stack = FIRST_STACK + (uint32_t)(size * 7 + tid) % STACKS;
	memcpy(e->alloc.comm, "kworker/0:1", sizeof("kworker/0:1"));
	return o;
}

static void death(struct bench *b, uint32_t tid, struct object *o, uint32_t caller)
{
	struct event *e;

	if (!o->addr)
		return;
	e = emit(b, EVENT_FREE, tid);
	e->free.addr = o->addr;
	e->free.born = o->born;
	e->free.caller = caller;
	if (b->nr_free == b->room_free) {
		b->room_free = b->room_free ? 2 * b->room_free : 4096;
		b->free_addrs =
			must(reallocarray(b->free_addrs, b->room_free, sizeof(*b->free_addrs)));
	}
	b->free_addrs[b->nr_free++] = o->addr;
	*o = (struct object){ 0 };
}

static void frame(struct bench *b, const struct device *d, uint32_t function, bool enter)
{
	struct event *e = emit(b, enter ? EVENT_ENTER : EVENT_LEAVE, d->tid);

	e->frame.function = function;
	e->frame.outermost = enter;
}

static void submit(struct bench *b, struct device *d)
{
	bool polls = d->round % 4 == 0;
	struct event *e;

	frame(b, d, WQ_POLL, true);
	d->callback = FIRST_CALLBACK + d->round % CALLBACKS;
	if (!polls)
		d->argument = birth(b, d->tid, 16 + d->round % 5 * 8, EVENT_KIND_OBJECT, ALLOCATOR);
	d->request = birth(b, d->tid, 640, EVENT_KIND_SKB, 0);
	e = emit(b, EVENT_SUBMIT, d->tid);
	e->submit.device = d->addr;
	e->submit.argument = polls ? d->addr : d->argument.addr;
	e->submit.request = d->request.addr;
	e->submit.callback = d->callback;
	e->submit.function = SUBMIT;
	e->submit.timeout_ms = 1000;
	d->command = birth(b, d->tid, 96, EVENT_KIND_OBJECT, SUBMIT);
	emit(b, EVENT_SUBMIT_RETURN, d->tid);
	frame(b, d, WQ_POLL, false);
}

/* The driver takes the request, and another work item finds the answer. */
static void complete(struct bench *b, struct device *d)
{
	struct event *e;

	frame(b, d, WQ_CMD, true);
	d->response = birth(b, d->tid, 576, EVENT_KIND_SKB, 0);
	death(b, d->tid, &d->request, FREER);
	e = emit(b, EVENT_COMPLETE, d->tid);
	e->complete.device = d->addr;
	e->complete.command = d->command.addr;
	e->complete.response = d->response.addr;
	frame(b, d, WQ_CMD, false);
}

static void defer(struct bench *b, struct deferred *d, struct object *o)
{
	size_t i = (d->first + d->count) % DEFERRED;

	if (d->count == DEFERRED)
		must(NULL);
	d->ring[i].at = b->now + d->by;
	d->ring[i].object = *o;
	d->count++;
	*o = (struct object){ 0 };
}

static void free_deferred(struct bench *b, uint32_t tid, struct deferred *d)
{
	while (d->count && d->ring[d->first].at <= b->now) {
		death(b, tid, &d->ring[d->first].object, FREER);
		d->first = (d->first + 1) % DEFERRED;
		d->count--;
	}
}

static void answer(struct bench *b, struct device *d)
{
	struct event *e;

	frame(b, d, WQ_COMPLETE, true);
	e = emit(b, EVENT_CALLBACK, d->tid);
	e->callback.device = d->addr;
	e->callback.argument = d->argument.addr ? d->argument.addr : d->addr;
	e->callback.response = d->response.addr;
	e->callback.callback = d->callback;
	if (d->argument.addr && d->round % 8 == 1)
		defer(b, d->round % 512 == 1 ? &b->late : &b->soon, &d->argument);
	death(b, d->tid, &d->argument, d->callback);
	death(b, d->tid, &d->response, 0);
	death(b, d->tid, &d->command, DISPATCH);
	frame(b, d, WQ_COMPLETE, false);
	d->round++;
}

static void phase(struct bench *b)
{
	struct device *d = &b->devices[b->turn++ % b->nr_devices];
	static void (*const phases[])(struct bench *, struct device *) = { submit, complete,
									   answer };

	phases[d->phase](b, d);
	d->phase = (d->phase + 1) % 3;
	free_deferred(b, d->tid, &b->soon);
	free_deferred(b, d->tid, &b->late);
	if (b->nr_live && draw(b) % 2) {
		struct object *o = &b->live[draw(b) % b->nr_live];

		death(b, d->tid, o, FREER);
		*o = birth(b, d->tid, 64, draw(b) % 4 ? EVENT_KIND_OBJECT : EVENT_KIND_SKB,
			   ALLOCATOR);
	}
}

/* ---- the ledger's side ---- */

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct bench *b = ctx;

	(void)now;
	b->leaks++;
	if (b->nr_told < TOLD) {
		b->told[b->nr_told].addr = a->addr;
		b->told[b->nr_told++].id = a->id;
	}
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)ctx;
	(void)a;
	(void)was;
	(void)now;
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct bench *b = ctx;

	(void)a;
	(void)now;
	b->retracted++;
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)ctx;
	(void)w;
	(void)now;
}

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* As src/cmd/run.c does it ten times a second. */
static void tick(struct bench *b, uint64_t now)
{
	const struct allocation *a;
	size_t n = b->nr_told;

	while ((a = ledger__next_due(b->ledger, now)))
		ledger__judge(b->ledger, a, a->skb ? VERDICT_UNREFERENCED : VERDICT_UNREADABLE,
			      now);
	/* What was told in the tick before has been searched for. */
	for (size_t i = 0; i < n; i++)
		ledger__searched(b->ledger, b->told[i].addr, b->told[i].id, VERDICT_STALE, 0, now,
				 now);
	b->nr_told -= n;
	memmove(b->told, b->told + n, b->nr_told * sizeof(*b->told));
	if (now >= b->next_second) {
		ledger__tick(b->ledger, now);
		b->next_second = now + 1000000000;
	}
}

static void play(struct bench *b)
{
	double began = cpu_seconds();

	for (size_t i = 0; i < b->nr_events; i++)
		if (ledger__event(b->ledger, &b->events[i]))
			must(NULL);
	tick(b, b->now);
	b->seconds += cpu_seconds() - began;
	b->done += b->nr_events;
	b->nr_events = 0;
}

static void run(struct bench *b, uint64_t events)
{
	uint64_t end = b->done + events;

	while (b->done < end) {
		while (b->now < b->next_tick && b->nr_events < BATCH)
			phase(b);
		b->next_tick = b->now + TICK_NS;
		play(b);
	}
}

static size_t in_use(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static size_t resident(void)
{
	unsigned long size = 0, pages = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		if (fscanf(f, "%lu %lu", &size, &pages) != 2)
			pages = 0;
		fclose(f);
	}
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void start(struct bench *b, size_t devices, size_t live)
{
	struct ledger_config config = { .grace_ns = GRACE_NS, .min_age_ns = MIN_AGE_NS };
	struct ledger_ops ops = { on_leak, on_update, on_retracted, on_warning };
	size_t before, i;

	memset(b, 0, sizeof(*b));
	b->random = 0x9e3779b97f4a7c15ULL;
	b->next_addr = 0xffff888100000000ULL;
	b->now = 1000000000000ULL;
	b->next_tick = b->now + TICK_NS;
	b->soon.by = 300000000;
	b->late.by = 3000000000;
	b->nr_devices = devices;
	b->devices = must(calloc(devices, sizeof(*b->devices)));
	for (i = 0; i < devices; i++) {
		b->devices[i].addr = 0xffff888000000000ULL + i * 4096;
		b->devices[i].tid = (uint32_t)(40 + i);
		b->devices[i].round = (unsigned)(i * 5);
	}
	b->live = must(calloc(live + 1, sizeof(*b->live)));
	before = in_use();
	b->ledger = must(ledger__new(&config, &ops, b));
	if (ledger__set_role(b->ledger, SUBMIT, ROLE_SUBMIT) ||
	    ledger__set_role(b->ledger, DISPATCH, ROLE_DISPATCH))
		must(NULL);
	for (i = 0; i < live; i++) {
		b->live[i] = birth(b, 7, 64, i % 4 ? EVENT_KIND_OBJECT : EVENT_KIND_SKB, ALLOCATOR);
		if (b->nr_events == BATCH)
			play(b);
	}
	play(b);
	if (live)
		printf("# %8zu live allocations: %zu bytes each, %.0f ns to add one\n", live,
		       (in_use() - before) / live, b->seconds * 1e9 / (double)live);
	b->nr_live = live;
	b->done = 0;
	b->seconds = 0;
	b->next_tick = b->now + TICK_NS;
}

static void stop(struct bench *b)
{
	ledger__free(b->ledger);
	free(b->devices);
	free(b->live);
	free(b->free_addrs);
}

/* ---- what is measured ---- */

static double rate(struct bench *b, uint64_t events, size_t devices, size_t live)
{
	const struct ledger_stats *s;
	double per_second;

	start(b, devices, live);
	run(b, 100000); /* caches */
	b->done = 0;
	b->seconds = 0;
	run(b, events);
	s = ledger__stats(b->ledger);
	per_second = (double)b->done / b->seconds;
	printf("%8zu live, %4zu commands in flight: %6.2f million events/s (%.0f ns each); "
	       "%" PRIu64 " suspects, %" PRIu64 " cleared, %" PRIu64 " retracted\n",
	       live, devices, per_second / 1e6, 1e9 / per_second, s->suspects, s->cleared,
	       s->retracted);
	stop(b);
	return per_second;
}

/*
 * After a while everything there will be is there; from then on nothing may be
 * added.  Returns whether that is so.
 */
static bool growth(struct bench *b, uint64_t events)
{
	size_t used, used_after, rss, rss_after;
	const struct ledger_stats *s;
	uint64_t outstanding;
	bool ok;

	start(b, 4, 10000);
	run(b, events / 10);
	s = ledger__stats(b->ledger);
	outstanding = s->outstanding;
	used = in_use();
	rss = resident();
	run(b, events);
	used_after = in_use();
	rss_after = resident();
	/* One tick is not like another: some commands and suspects more or less. */
	ok = used_after < used + 65536 && rss_after < rss + 1048576;
	printf("# %" PRIu64 " events, %" PRIu64
	       " suspects: %zu to %zu bytes in use, %zu to %zu KiB "
	       "resident, %" PRIu64 " to %" PRIu64 " outstanding\n",
	       events, s->suspects, used, used_after, rss / 1024, rss_after / 1024, outstanding,
	       s->outstanding);
	printf("%s - ledger: no growth in %" PRIu64 " events\n", ok ? "ok" : "not ok", events);
	if (!s->suspects || !s->cleared || !s->retracted || !b->leaks || s->callbacks_unmatched ||
	    s->commands_lost || s->missed_hooks || s->unknown_frees) {
		printf("not ok - ledger: the stream is what it should be\n");
		ok = false;
	}
	stop(b);
	return ok;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "events", required_argument, NULL, 'n' },
		{ "devices", required_argument, NULL, 'd' },
		{ "live", required_argument, NULL, 'l' },
		{ "growth", required_argument, NULL, 'g' },
		{ 0 },
	};
	struct bench *b = must(malloc(sizeof(*b)));
	uint64_t events = 10000000;
	size_t devices = 4;
	long live = -1;
	bool ok = true;
	int c;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 'n':
			events = strtoull(optarg, NULL, 0);
			break;
		case 'd':
			devices = strtoul(optarg, NULL, 0);
			break;
		case 'l':
			live = strtol(optarg, NULL, 0);
			break;
		case 'g':
			ok = growth(b, strtoull(optarg, NULL, 0));
			free(b);
			return !ok;
		default:
			fprintf(stderr,
				"usage: %s [--events N] [--devices N] [--live N] | "
				"--growth EVENTS\n",
				argv[0]);
			return 2;
		}
	}
	if (live >= 0) {
		rate(b, events, devices, (size_t)live);
	} else {
		for (size_t n = 0; n <= 1000000; n = n ? n * 10 : 10000)
			rate(b, events, devices, n);
		rate(b, events, 100, 10000);
		ok = growth(b, 10 * events);
	}
	free(b);
	return !ok;
}
