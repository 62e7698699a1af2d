// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two ways to meet what nobody thought of, both with fixed seeds.
 *
 * Garbage: events in any order with any values.  The ledger must not crash, and
 * its books must balance whatever it was told.
 *
 * Simulation: a small pretended NFC stack whose devices queue, answer, pass on,
 * drop and fail, with everything interleaved and every freed address handed out
 * again at once, as SLUB does.  It knows what it really leaks: just that must be
 * reported, in time and in the end as definite, and nothing else, ever.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/player.h"

#define MS 1000000ULL

static unsigned tests, failures;

static void result(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void result(bool ok, const char *format, ...)
{
	va_list args;

	printf("%s %u - ", ok ? "ok" : "not ok", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	failures += !ok;
}

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(seed >> 33) % n;
}

static bool percent(uint32_t n)
{
	return below(100) < n;
}

static struct names *names;

static uint32_t fn(const char *name)
{
	return names__intern(names, name, "nfc_digital");
}

/* ---- the books must balance ---- */

struct sums {
	uint64_t live, bytes, told, looked[NR_CERTAINTIES];
	uint64_t allocations, freed, outstanding, histogram_bytes;
	bool bad;
};

static void add(void *ctx, const struct allocation *a)
{
	struct sums *s = ctx;

	s->live++;
	s->bytes += a->size;
	s->told += a->told;
	if (a->rule != RULE_NONE && a->looks)
		s->looked[a->certainty]++;
	if (a->rule == RULE_NONE && (a->told || a->certainty != CERTAINTY_POSSIBLE))
		s->bad = true;
}

static void count(void *ctx, const struct allocation *a)
{
	(void)a;
	++*(uint64_t *)ctx;
}

/* NULL, or what does not balance. */
static const char *unbalanced(const struct player *p, uint64_t live)
{
	const struct ledger_stats *st = ledger__stats(p->ledger);
	struct sums s = { 0 };
	uint64_t findings = 0;

	ledger__each(p->ledger, add, &s);
	for (size_t i = 0; i < ledger__histograms(p->ledger); i++) {
		const struct histogram *h = ledger__histogram(p->ledger, i);
		uint64_t sizes = 0, lifetimes = 0;

		for (size_t b = 0; b < 32; b++)
			sizes += h->size_log2[b];
		for (size_t b = 0; b < 48; b++)
			lifetimes += h->lifetime_us_log2[b];
		if (sizes != h->allocations || lifetimes != h->freed ||
		    h->allocations != h->freed + h->outstanding)
			return "a histogram";
		s.allocations += h->allocations;
		s.freed += h->freed;
		s.outstanding += h->outstanding;
	}
	if (s.bad)
		return "a finding without a rule";
	if (s.live != live || st->outstanding != live)
		return "what is live";
	if (s.bytes != st->outstanding_bytes)
		return "bytes";
	if (st->allocations != st->frees + st->outstanding)
		return "allocations and frees";
	if (s.allocations != st->allocations || s.freed != st->frees ||
	    s.outstanding != st->outstanding)
		return "the histograms together";
	for (enum certainty c = 0; c < NR_CERTAINTIES; c++)
		if (s.looked[c] != st->findings[c])
			return "findings by certainty";
	ledger__each_finding(p->ledger, count, &findings);
	if (findings != st->findings[CERTAINTY_PROBABLE] + st->findings[CERTAINTY_DEFINITE])
		return "the list of findings";
	if (p->leaks - p->retractions != s.told)
		return "what was said and taken back";
	if (st->suspects < st->cleared + st->retracted)
		return "suspects";
	if (st->commands != st->callbacks + st->commands_live + st->dropped + st->commands_failed +
				    st->commands_lost)
		return "commands";
	return NULL;
}

/* ---- garbage ---- */

#define ADDRS 24

struct garbage {
	struct player player;
	bool live[ADDRS];
	uint64_t born[ADDRS];
};

/* Few addresses, so that they meet; 0 among them. */
static uint64_t address(uint32_t i)
{
	return i ? 0xffff888000000000ULL + i * 64 : 0;
}

static uint64_t value(void)
{
	switch (below(8)) {
	case 0:
		return 0;
	case 1:
		return (uint64_t) - (int64_t)below(4096);
	case 2:
		return address(below(ADDRS)) + below(64);
	default:
		return address(below(ADDRS));
	}
}

static const char *const functions[] = {
	"digital_send_cmd",	     "digital_wq_cmd_complete", "digital_wq_poll",
	"digital_tg_recv_sensf_req", "digital_in_recv_sdd_res", "nfc_digital_unregister_device",
};

static uint32_t function(void)
{
	return percent(5) ? below(1000000) : fn(functions[below(6)]);
}

static uint64_t nr_live(const struct garbage *g)
{
	uint64_t n = 0;

	for (size_t i = 0; i < ADDRS; i++)
		n += g->live[i];
	return n;
}

static void garbage_event(struct garbage *g)
{
	struct event e = { .type = 1 + below(EVENT_ABORTED), .tid = below(4), .irq = percent(10) };
	uint32_t i = below(ADDRS);

	e.time = percent(3) ? below(1000) : g->player.now + below(1000);
	switch (e.type) {
	case EVENT_ALLOC:
		e.alloc.addr = address(i);
		e.alloc.size = percent(2) ? UINT64_MAX >> below(64) : below(4096);
		e.alloc.kind = percent(30) ? EVENT_KIND_SKB : EVENT_KIND_OBJECT;
		e.alloc.caller = function();
		e.alloc.stack = below(8);
		if (!e.alloc.addr)
			break; /* nothing can be there */
		g->live[i] = true;
		g->born[i] = e.time;
		break;
	case EVENT_FREE:
		e.free.addr = address(i);
		e.free.caller = function();
		e.free.healed = percent(5);
		/* Of a life that is over, now and then. */
		e.free.born = percent(70) ? 0 : percent(50) ? g->born[i] : below(1000);
		if (!e.free.born || e.free.born == g->born[i])
			g->live[i] = false;
		break;
	case EVENT_SUBMIT:
		e.submit.device = value();
		e.submit.argument = value();
		e.submit.request = value();
		e.submit.params = value();
		e.submit.callback = function();
		e.submit.function = function();
		e.submit.timeout_ms = below(65536);
		e.submit.command_type = (uint8_t)below(256);
		e.submit.anonymous = percent(30);
		e.submit.on_stack = percent(3);
		break;
	case EVENT_SUBMIT_RETURN:
		e.submit_return.ret = (int64_t)below(3) - 1;
		break;
	case EVENT_COMPLETE:
		e.complete.device = value();
		e.complete.command = value();
		e.complete.response = value();
		break;
	case EVENT_CALLBACK:
		e.callback.device = value();
		e.callback.argument = value();
		e.callback.response = value();
		e.callback.callback = function();
		break;
	case EVENT_ENTER:
	case EVENT_LEAVE:
		e.frame.function = function();
		e.frame.outermost = percent(20);
		break;
	case EVENT_HANDLE:
	case EVENT_DISPATCH:
	case EVENT_ABORT:
		e.handle.handle = value();
		e.handle.request = value();
		e.handle.response = value();
		break;
	case EVENT_DISPATCHED:
	case EVENT_ABORTED:
		break;
	}
	ledger__event(g->player.ledger, &e);
}

static void forget(struct garbage *g, uint64_t addr)
{
	for (uint32_t i = 0; i < ADDRS; i++)
		if (address(i) == addr)
			g->live[i] = false;
}

static enum verdict any_verdict(void *ctx, const struct allocation *a, enum look look)
{
	static const enum verdict verdicts[] = { VERDICT_UNREFERENCED, VERDICT_UNREFERENCED,
						 VERDICT_UNREFERENCED, VERDICT_DOUBTFUL,
						 VERDICT_REFERENCED,   VERDICT_UNREADABLE };

	(void)ctx;
	(void)a;
	(void)look;
	return verdicts[below(6)];
}

static bool any_owner(void *ctx, const struct allocation *a)
{
	(void)ctx;
	(void)a;
	return percent(20);
}

static void garbage_resync(struct garbage *g)
{
	struct live live[ADDRS];
	size_t n = 0;

	for (uint32_t i = 0; i < ADDRS; i++) {
		if (percent(30)) {
			g->live[i] = percent(50);
			g->born[i] = below(1000);
		}
		if (!g->live[i])
			continue;
		live[n++] = (struct live){ .addr = address(i),
					   .born = g->born[i],
					   .size = below(100),
					   .skb = percent(30),
					   .caller = function() };
	}
	ledger__resync(g->player.ledger, live, n, UINT64_MAX);
}

static void garbage_other(struct garbage *g)
{
	const struct allocation *a;
	uint64_t addr;

	switch (below(6)) {
	case 0:
		if (percent(10))
			garbage_resync(g);
		break;
	case 1:
		ledger__suspect_all(g->player.ledger, g->player.now);
		break;
	case 2:
		ledger__owner_gone(g->player.ledger, any_owner, NULL, g->player.now);
		break;
	case 3:
		ledger__missed(g->player.ledger, 1);
		break;
	case 4:
		/* The object is free, and no event said so. */
		a = ledger__next_due(g->player.ledger, g->player.now);
		if (!a)
			break;
		addr = a->addr;
		ledger__judge(g->player.ledger, a, VERDICT_FREE, g->player.now);
		forget(g, addr);
		break;
	case 5:
		ledger__set_grace(g->player.ledger, below(2) * SECOND_NS);
		break;
	}
}

static void garbage(unsigned round, unsigned events)
{
	struct garbage g = { .player = { .look = any_verdict, .searches = true } };
	const char *what = NULL;
	unsigned n;

	seed = round;
	player__start(&g.player, names, SECOND_NS, (uint64_t)below(3) * SECOND_NS + 1);
	for (n = 0; n < events && !what; n++) {
		if (percent(1))
			garbage_other(&g);
		else
			garbage_event(&g);
		if (percent(5))
			player__advance(&g.player, g.player.now + below(500) * MS);
		if (n % 64 == 0)
			what = unbalanced(&g.player, nr_live(&g));
	}
	for (uint32_t i = 0; i < ADDRS && !what; i++)
		ledger__event(g.player.ledger, &(struct event){ .type = EVENT_FREE,
								.time = g.player.now,
								.free.addr = address(i) });
	if (!what)
		what = unbalanced(&g.player, 0);
	if (!what && (ledger__next_due(g.player.ledger, UINT64_MAX) ||
		      ledger__search_due(g.player.ledger, UINT64_MAX)))
		what = "suspects when nothing is live";
	if (g.player.endless)
		what = "an endless loop";
	result(!what, "garbage %u: %u events%s%s", round, n, what ? " unbalance " : "",
	       what ? what : "");
	player__stop(&g.player);
}

/* ---- simulation ---- */

#define DEVICES	 5
#define OPS_MAX	 64
#define CLASSES	 4
#define FREE_MAX 4096
#define LATER	 256

struct object {
	uint64_t addr;
	bool live, skb;
	bool held;   /* by a queue or a structure: a look finds that */
	bool leaked; /* nobody will ever free it */
	uint64_t leaked_at;
	struct object *next; /* of all */
};

enum op_type {
	OP_ENTER,
	OP_LEAVE,
	OP_ALLOC,
	OP_FREE,
	OP_SUBMIT,
	OP_RETURN,
	OP_COMPLETE,
	OP_CALLBACK,
	OP_LEAK,
	OP_LATER, /* freed after so many milliseconds; until then nobody can find it */
	OP_HOLD,  /* the same, but somebody refers to it */
};

struct op {
	enum op_type type;
	uint32_t tid;
	const char *name;
	struct object *object, *argument, *request, *response;
	int ret;
	uint32_t ms;
	unsigned class;
};

struct device {
	uint64_t addr;
	struct op ops[OPS_MAX];
	size_t first, count;
	uint64_t next_at;
	/* the command in flight */
	bool pending;
	struct object *command, *argument, *request;
	const char *callback;
	bool owned;		 /* the argument */
	struct object *target;	 /* lives as long as the device */
	struct object *incoming; /* another's request, to be the next response */
};

struct simulation {
	struct player player;
	struct device devices[DEVICES];
	struct object *objects;
	uint64_t freed[CLASSES][FREE_MAX]; /* handed out again, the latest first */
	size_t nr_freed[CLASSES];
	uint64_t next_addr;
	struct {
		struct object *object;
		uint64_t at;
	} later[LATER];
	size_t nr_later;
	uint32_t loss;	    /* percent of function hooks that do not run */
	uint32_t ring_loss; /* per mille of events that find the ring buffer full */
	unsigned events, nr_leaked;
	char fault[256];
};

static void fault(struct simulation *s, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void fault(struct simulation *s, const char *format, ...)
{
	va_list args;

	if (*s->fault)
		return;
	va_start(args, format);
	vsnprintf(s->fault, sizeof(s->fault), format, args);
	va_end(args);
}

static struct object *object_new(struct simulation *s, bool skb)
{
	struct object *o = calloc(1, sizeof(*o));

	if (!o)
		abort();
	o->skb = skb;
	o->next = s->objects;
	s->objects = o;
	return o;
}

static struct object *object_at(const struct simulation *s, uint64_t addr)
{
	for (struct object *o = s->objects; o; o = o->next)
		if (o->live && o->addr == addr)
			return o;
	return NULL;
}

/* What a look at the memory of the pretended kernel would show. */
static enum verdict truth(void *ctx, const struct allocation *a, enum look look)
{
	const struct object *o = object_at(ctx, a->addr);

	if (!o)
		return VERDICT_FREE;
	if (look == LOOK_SEARCH)
		return o->leaked ? VERDICT_UNREFERENCED : VERDICT_REFERENCED;
	if (!o->skb)
		return VERDICT_UNREADABLE;
	return o->held ? VERDICT_REFERENCED : VERDICT_UNREFERENCED;
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct simulation *s = ctx;
	const struct object *o = object_at(s, a->addr);

	if (strcmp(what, "leak") != 0)
		return;
	if (!o || !o->leaked)
		fault(s, "false alarm after %u events: %s %s of %s at %.3f s", s->events,
		      rule__name(a->rule), kind__name(a->kind), names__text(names, a->caller),
		      (double)now / 1e9);
	else if (now - o->leaked_at > 3 * SECOND_NS && !s->loss && !s->ring_loss)
		fault(s, "an alert %.1f s late", (double)(now - o->leaked_at) / 1e9);
}

static void emit(struct simulation *s, const struct event *e)
{
	enum passage passage = PASS_SEEN;

	/* Memory events are not missed, kprobes are. */
	if (e->type != EVENT_ALLOC && e->type != EVENT_FREE && percent(s->loss))
		passage = PASS_UNSEEN;
	else if (below(1000) < s->ring_loss)
		passage = PASS_LOST;
	s->events++;
	player__event(&s->player, e, passage);
}

static void do_free(struct simulation *s, struct object *o, uint32_t tid, const char *name,
		    unsigned class)
{
	struct event e = { .type = EVENT_FREE, .tid = tid };

	if (!o->live)
		fault(s, "the simulation frees twice");
	e.free.addr = o->addr;
	e.free.caller = fn(name);
	o->live = false;
	if (s->nr_freed[class] < FREE_MAX)
		s->freed[class][s->nr_freed[class]++] = o->addr;
	emit(s, &e);
}

/* Classes: sizes that share slabs. */
static unsigned class_of(const struct object *o, unsigned class)
{
	return o->skb ? 0 : class;
}

static void do_alloc(struct simulation *s, const struct op *op)
{
	unsigned class = class_of(op->object, op->class);
	struct event e = { .type = EVENT_ALLOC, .tid = op->tid };
	struct object *o = op->object;

	if (s->nr_freed[class])
		o->addr = s->freed[class][--s->nr_freed[class]];
	else
		o->addr = s->next_addr += 0x1000;
	o->live = true;
	e.alloc.addr = o->addr;
	e.alloc.size = o->skb ? 904 : 1ULL << (3 + 2 * class);
	e.alloc.kind = o->skb ? EVENT_KIND_SKB : EVENT_KIND_OBJECT;
	e.alloc.caller = fn(op->name);
	emit(s, &e);
}

static uint64_t addr_of(const struct object *o)
{
	return o ? o->addr : 0;
}

static void later(struct simulation *s, struct object *o, uint32_t ms)
{
	if (s->nr_later == LATER) {
		do_free(s, o, 60, "digital_late", class_of(o, 1));
		return;
	}
	s->later[s->nr_later].object = o;
	s->later[s->nr_later++].at = s->player.now + ms * MS;
}

static void run_op(struct simulation *s, const struct device *d, const struct op *op)
{
	struct event e = { .tid = op->tid };

	switch (op->type) {
	case OP_ENTER:
	case OP_LEAVE:
		e.type = op->type == OP_ENTER ? EVENT_ENTER : EVENT_LEAVE;
		e.frame.function = fn(op->name);
		e.frame.outermost = true;
		emit(s, &e);
		break;
	case OP_ALLOC:
		do_alloc(s, op);
		break;
	case OP_FREE:
		do_free(s, op->object, op->tid, op->name, class_of(op->object, op->class));
		break;
	case OP_SUBMIT:
		e.type = EVENT_SUBMIT;
		e.submit.device = d->addr;
		e.submit.argument = addr_of(op->argument);
		e.submit.request = addr_of(op->request);
		e.submit.callback = fn(op->name);
		e.submit.function = fn("digital_send_cmd");
		e.submit.timeout_ms = 60000;
		emit(s, &e);
		break;
	case OP_RETURN:
		e.type = EVENT_SUBMIT_RETURN;
		e.submit_return.ret = op->ret;
		emit(s, &e);
		break;
	case OP_COMPLETE:
		e.type = EVENT_COMPLETE;
		e.complete.device = d->addr;
		e.complete.command = addr_of(op->object);
		e.complete.response = op->response ? addr_of(op->response) : (uint64_t)-110;
		emit(s, &e);
		break;
	case OP_CALLBACK:
		e.type = EVENT_CALLBACK;
		e.callback.device = d->addr;
		e.callback.argument = addr_of(op->argument);
		e.callback.response = op->response ? addr_of(op->response) : (uint64_t)-110;
		e.callback.callback = fn(op->name);
		emit(s, &e);
		break;
	case OP_LEAK:
		op->object->leaked = true;
		op->object->leaked_at = s->player.now;
		s->nr_leaked++;
		break;
	case OP_HOLD:
		op->object->held = true;
		later(s, op->object, op->ms);
		break;
	case OP_LATER:
		later(s, op->object, op->ms);
		break;
	}
}

static struct op *push(struct device *d, enum op_type type, uint32_t tid, const char *name)
{
	struct op *op = &d->ops[(d->first + d->count++) % OPS_MAX];

	if (d->count > OPS_MAX)
		abort();
	*op = (struct op){ .type = type, .tid = tid, .name = name, .class = 1 };
	return op;
}

static void push_object(struct device *d, enum op_type type, uint32_t tid, const char *name,
			struct object *o)
{
	push(d, type, tid, name)->object = o;
}

/* Somebody's last duty towards an object: done, done later, or forgotten. */
static void dispose(struct device *d, uint32_t tid, const char *name, struct object *o)
{
	struct op *op;

	switch (below(10)) {
	case 0:
		push_object(d, OP_LEAK, tid, name, o);
		break;
	case 1:
	case 2:
		op = push(d, OP_LATER, tid, name);
		op->object = o;
		op->ms = below(800);
		break;
	case 3:
		if (!o->skb) {
			push_object(d, OP_FREE, tid, name, o);
			break;
		}
		op = push(d, OP_HOLD, tid, name);
		op->object = o;
		op->ms = below(20000);
		break;
	default:
		push_object(d, OP_FREE, tid, name, o);
	}
}

/* Queues a command, in a frame that is open; argument may be one passed on. */
static void plan_submit(struct simulation *s, struct device *d, uint32_t tid,
			struct object *argument, struct object *request)
{
	static const char *const callbacks[] = { "digital_in_recv_sdd_res",
						 "digital_tg_recv_sensf_req",
						 "digital_in_send_complete" };
	bool passed = argument;
	struct op *op;

	d->owned = argument;
	d->callback = callbacks[below(3)];
	if (!argument && percent(60)) {
		argument = object_new(s, false);
		push_object(d, OP_ALLOC, tid, "digital_in_send", argument);
		d->owned = true;
	} else if (!argument && percent(50)) {
		argument = d->target;
	}
	if (!request && percent(50)) {
		request = object_new(s, true);
		push_object(d, OP_ALLOC, tid, "digital_in_send_dep_req", request);
	}
	op = push(d, OP_SUBMIT, tid, d->callback);
	op->argument = argument;
	op->request = request;
	if (!passed && percent(10)) {
		push(d, OP_RETURN, tid, NULL)->ret = -12;
		if (d->owned)
			dispose(d, tid, "digital_in_send", argument);
		if (request)
			dispose(d, tid, "digital_in_send_dep_req", request);
		return;
	}
	d->command = object_new(s, false);
	op = push(d, OP_ALLOC, tid, "digital_send_cmd");
	op->object = d->command;
	op->class = 2;
	push(d, OP_RETURN, tid, NULL);
	d->argument = argument;
	d->request = request;
	d->pending = true;
}

static void push_free_command(struct device *d, uint32_t tid, const char *name, struct object *o)
{
	struct op *op = push(d, OP_FREE, tid, name);

	op->object = o;
	op->class = 2;
}

static void plan_drop(struct device *d)
{
	uint32_t tid = 600 + below(3);

	d->pending = false;
	push_free_command(d, tid, "digital_flush", d->command);
	if (d->owned)
		dispose(d, tid, "digital_flush", d->argument);
	if (d->request)
		dispose(d, tid, "digital_flush", d->request);
}

static void plan_response(struct simulation *s, struct device *d, struct object **response)
{
	*response = NULL;
	if (d->incoming) {
		*response = d->incoming;
		d->incoming = NULL;
	} else if (percent(50)) {
		*response = object_new(s, true);
		push_object(d, OP_ALLOC, 7, "driver_receive", *response);
	}
}

/* The driver has sent the request: it is freed, or handed to another device. */
static void plan_sent(struct simulation *s, struct device *d)
{
	struct device *peer = &s->devices[below(DEVICES)];

	if (peer != d && peer->pending && !peer->incoming && !peer->count && percent(60)) {
		peer->incoming = d->request;
		peer->next_at = 0; /* it answers at once */
	} else {
		push_object(d, OP_FREE, 7, "driver_send", d->request);
	}
	d->request = NULL;
}

static void plan_answer(struct simulation *s, struct device *d)
{
	struct object *command = d->command, *argument = d->argument, *response, *kept;
	const char *callback = d->callback;
	uint32_t tid = 41 + (uint32_t)(d - s->devices) * 2 + below(2);
	bool owned = d->owned, passed = false;
	struct op *op;

	plan_response(s, d, &response);
	op = push(d, OP_COMPLETE, 7, NULL);
	op->object = command;
	op->response = response;
	push(d, OP_ENTER, tid, "digital_wq_cmd_complete");
	op = push(d, OP_CALLBACK, tid, callback);
	op->argument = argument;
	op->response = response;
	d->pending = false;
	/* Some free first, and what they allocate then is at the same address. */
	kept = response;
	if (response && percent(60)) {
		push_object(d, OP_FREE, tid, callback, response);
		kept = NULL;
	}
	if (owned && percent(40)) {
		push_object(d, OP_FREE, tid, callback, argument);
		owned = false;
	}
	if (percent(50)) {
		struct object *request = kept && percent(50) ? kept : NULL;

		passed = owned && percent(60);
		plan_submit(s, d, tid, passed ? argument : NULL, request);
		if (request)
			kept = NULL;
	}
	push_free_command(d, tid, "digital_wq_cmd_complete", command);
	push(d, OP_LEAVE, tid, "digital_wq_cmd_complete");
	/* The rest comes after, in one of the ways above: a leak is one from now on. */
	if (kept)
		dispose(d, tid, callback, kept);
	if (owned && !passed)
		dispose(d, tid, callback, argument);
}

static void plan(struct simulation *s, struct device *d)
{
	uint32_t tid = 20 + (uint32_t)(d - s->devices);

	d->next_at = s->player.now + below(percent(5) ? 4000 : 200) * MS;
	if (!d->pending) {
		push(d, OP_ENTER, tid, "digital_wq_poll");
		plan_submit(s, d, tid, NULL, NULL);
		push(d, OP_LEAVE, tid, "digital_wq_poll");
	} else if (d->incoming) {
		if (d->request)
			push_object(d, OP_FREE, 7, "driver_send", d->request);
		d->request = NULL;
		plan_answer(s, d);
	} else if (d->request && percent(70)) {
		plan_sent(s, d);
	} else if (percent(10)) {
		plan_drop(d);
	} else if (d->request) {
		plan_sent(s, d);
	} else {
		plan_answer(s, d);
	}
}

static void pass_time(struct simulation *s, uint64_t until)
{
	player__advance(&s->player, until);
	for (size_t i = 0; i < s->nr_later;) {
		struct object *o = s->later[i].object;

		if (s->later[i].at > until) {
			i++;
			continue;
		}
		s->later[i] = s->later[--s->nr_later];
		o->held = false;
		do_free(s, o, 60, "digital_late", class_of(o, 1));
	}
}

static void start_device(struct simulation *s, struct device *d)
{
	uint32_t tid = 700;

	d->addr = 0xffff8880f0000000ULL + (uint64_t)(d - s->devices) * 0x1000;
	d->target = object_new(s, false);
	push(d, OP_ENTER, tid, "digital_wq_cmd_complete");
	push_object(d, OP_ALLOC, tid, "nfc_targets_found", d->target);
	push(d, OP_LEAVE, tid, "digital_wq_cmd_complete");
	while (d->count) {
		run_op(s, d, &d->ops[d->first]);
		d->first = (d->first + 1) % OPS_MAX;
		d->count--;
	}
}

static void step(struct simulation *s)
{
	struct device *d = &s->devices[below(DEVICES)];

	if (!below(1000))
		player__scan(&s->player);
	if (!d->count) {
		if (s->player.now < d->next_at) {
			pass_time(s, s->player.now + below(10) * MS);
			return;
		}
		plan(s, d);
		return;
	}
	run_op(s, d, &d->ops[d->first]);
	d->first = (d->first + 1) % OPS_MAX;
	d->count--;
	pass_time(s, s->player.now + below(200) * 1000);
}

/* Everything that was begun comes to its end, then two minutes of silence. */
static void wind_down(struct simulation *s)
{
	for (size_t i = 0; i < DEVICES; i++) {
		struct device *d = &s->devices[i];

		while (d->count) {
			run_op(s, d, &d->ops[d->first]);
			d->first = (d->first + 1) % OPS_MAX;
			d->count--;
		}
		if (d->incoming)
			do_free(s, d->incoming, 7, "driver_send", 0);
		d->incoming = NULL;
	}
	for (unsigned n = 0; n < 1200; n++)
		pass_time(s, s->player.now + 100 * MS);
}

static unsigned check_found(struct simulation *s)
{
	const char *what = unbalanced(&s->player, s->player.nr_book);
	unsigned found = 0;

	/* Which of the lost is still live, the book alone knows. */
	if (what && !s->ring_loss)
		fault(s, "unbalanced: %s", what);

	for (const struct object *o = s->objects; o; o = o->next) {
		const struct allocation *a = o->live ? player__finding(&s->player, o->addr) : NULL;

		if (o->leaked && !a && !s->loss && !s->ring_loss)
			fault(s, "an %s leaked at %.3f s was not found", o->skb ? "skb" : "object",
			      (double)o->leaked_at / 1e9);
		if (o->leaked && a && a->certainty != CERTAINTY_DEFINITE)
			fault(s, "a leak never became definite");
		if (a && !o->leaked)
			fault(s, "a false finding stands");
		found += a != NULL;
	}
	return found;
}

static void simulate(unsigned round, unsigned steps, uint32_t loss, uint32_t ring_loss)
{
	struct simulation *s = calloc(1, sizeof(*s));
	unsigned found;

	if (!s)
		abort();
	seed = round;
	s->player.look = truth;
	s->player.on_said = on_said;
	s->player.ctx = s;
	s->player.searches = true;
	s->next_addr = 0xffff888000000000ULL;
	player__start(&s->player, names, PLAYER_GRACE_NS, PLAYER_MIN_AGE_NS);
	for (size_t i = 0; i < DEVICES; i++)
		start_device(s, &s->devices[i]);
	s->loss = loss;
	s->ring_loss = ring_loss;
	for (unsigned n = 0; n < steps && !*s->fault; n++)
		step(s);
	wind_down(s);
	found = check_found(s);
	result(!*s->fault, "simulation %u%s%s: %u events, %u of %u leaks%s%s", round,
	       loss ? " with hooks that do not run" : "", ring_loss ? " with lost events" : "",
	       s->events, found, s->nr_leaked, *s->fault ? "; " : "", s->fault);
	player__stop(&s->player);
	while (s->objects) {
		struct object *next = s->objects->next;

		free(s->objects);
		s->objects = next;
	}
	free(s);
}

int main(int argc, char **argv)
{
	unsigned rounds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 8;

	setvbuf(stdout, NULL, _IOLBF, 0);
	names = names__new(NULL, NULL);
	if (!names)
		return 1;
	for (unsigned i = 0; i < rounds; i++)
		simulate(i, 12000, 0, 0);
	for (unsigned i = 0; i < rounds; i++)
		simulate(100 + i, 12000, 0, 1);
	for (unsigned i = 0; i < rounds; i++)
		simulate(200 + i, 12000, 1, 0);
	for (unsigned i = 0; i < rounds; i++)
		garbage(i, 20000);
	printf("1..%u\n", tests);
	names__free(names);
	return failures != 0;
}
