// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glances and searches.
 *
 * A search asks about all live allocations at once, not only about the
 * suspects: only so is it known which of them name each other.  Searches keep
 * their distance: at most a tenth of one processor's time.
 */
#include "cmd/investigate.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/budget.h"
#include "scan/scanner.h"
#include "scan/slab.h"
#include "util/clock.h"
#include "util/log.h"

#define ASKED_PAUSE_NS 150000000ULL /* a suspect is not looked at again sooner */
#define TRIES	       3	    /* of a search whose lists change too quickly */
#define DEVICE_BYTES   512	    /* of one that is in no slab */
#define MODULE_REGIONS 4
#define SOCKETS_NS     1000000000ULL  /* how often sockets are looked at */
#define FIRST_SCAN_NS  60000000000ULL /* as kmemleak's */
#define LAST_SEARCH_NS 2000000000ULL  /* the most that the end waits for searches */
#define GLANCES_NS     20000000ULL    /* the most that events wait for glances */

struct investigation {
	struct investigation_config config;
	struct kernel *kernel;
	struct hooks *hooks;
	struct session *session;
	const struct ledger *ledger; /* the session's */
	const struct layout *layout;
	struct slabs *slabs;
	struct scanner *scanner;
	bool tried, searching;
	struct budget budget;
	uint64_t next_scan, next_sockets;
	uint64_t ending;     /* since when, or 0 */
	unsigned asked;	     /* searches of everything that somebody waits for */
	bool for_asked;	     /* the one under way is one of those */
	unsigned tries;	     /* that came to nothing, in a row */
	uint64_t asked_from; /* the next of them, not before then */
	int64_t begun, ended;
	struct investigation_status last;
};

struct investigation *investigation__new(const struct investigation_config *config,
					 struct kernel *kernel, struct hooks *hooks,
					 struct session *session, const struct layout *layout)
{
	struct investigation *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->config = *config;
	i->kernel = kernel;
	i->hooks = hooks;
	i->session = session;
	i->ledger = session__ledger(session);
	i->layout = layout;
	return i;
}

void investigation__free(struct investigation *i)
{
	if (!i)
		return;
	scanner__free(i->scanner);
	slabs__free(i->slabs);
	free(i);
}

/* With the first suspect, not at the start: reading the layout takes time. */
static void prepare(struct investigation *i)
{
	struct btf *btf;
	int err;

	if (i->tried)
		return;
	i->tried = true;
	btf = btf__load_vmlinux_btf();
	err = slabs__new(&i->slabs, i->kernel->query, btf);
	btf__free(btf);
	if (!err)
		err = scanner__new(&i->scanner);
	if (search__passes(err)) {
		log_debug("how memory is laid out could not be read (%s); it is tried again",
			  strerror(-err));
		slabs__free(i->slabs);
		i->slabs = NULL;
		i->tried = false;
		return;
	}
	if (!err)
		return;
	log_info("memory cannot be searched on this kernel (%s): findings stay probable",
		 strerror(-err));
	session__cannot_search(i->session);
}

/* ---- what to ask about ---- */

struct collection {
	struct investigation *i;
	uint64_t now;
	struct scan_object *objects;
	size_t count, room;
};

static void collect(void *ctx, const struct allocation *a)
{
	struct collection *c = ctx;
	struct scan_object *more;

	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 256;

		more = reallocarray(c->objects, room, sizeof(*more));
		if (!more)
			return; /* the rest waits for the next search */
		c->objects = more;
		c->room = room;
	}
	c->objects[c->count++] = (struct scan_object){
		.addr = a->addr,
		.id = a->id,
		.ghost = a->ghost,
		.ghost_size = a->ghost_size,
		.sought = !c->i->asked && a->rule != RULE_NONE && a->next &&
			  a->look == LOOK_SEARCH && a->due <= c->now,
		/* What refers to an skb refers to its struct. */
		.size = a->skb && c->i->layout->skb_size ? c->i->layout->skb_size : a->size,
	};
}

struct regions {
	struct investigation *i;
	struct region *list;
	size_t count;
	bool partial; /* some are missing */
};

static void add_region(struct regions *r, uint64_t start, uint64_t size)
{
	struct region *more = reallocarray(r->list, r->count + 1, sizeof(*more));

	if (!more) {
		r->partial = true;
		return;
	}
	r->list = more;
	more[r->count++] = (struct region){ start, size };
}

/* A device's structure, if it is still there: that it was freed need not have been seen. */
static void collect_device(void *ctx, uint64_t device)
{
	struct regions *r = ctx;
	struct slab slab;

	if (slabs__find(r->i->slabs, device, &slab))
		add_region(r, device, DEVICE_BYTES);
	else if (slab__object(&slab, device) && slabs__state(r->i->slabs, device) != SLAB_FREE)
		add_region(r, slab__object(&slab, device), slab.size);
}

/* One that is open is in use, whoever may point to it. */
static void collect_socket(void *ctx, const struct allocation *a)
{
	struct regions *r = ctx;

	if (a->sock && a->rule != RULE_OWNER_GONE)
		add_region(r, a->addr, a->size);
}

/* The roots: data of the traced modules, devices, and open sockets. */
static void collect_regions(struct investigation *i, struct regions *r)
{
	struct memory_range ranges[MODULE_REGIONS];

	*r = (struct regions){ .i = i };
	for (size_t m = 0; m < hooks__nr_modules(i->hooks); m++) {
		int n = kernel__module_data(i->kernel, hooks__module(i->hooks, m), ranges,
					    MODULE_REGIONS);

		/* One that is just being unloaded has no data any more. */
		r->partial |= n < 0 && n != -ENOENT;
		for (int k = 0; k < n; k++)
			add_region(r, ranges[k].start, ranges[k].size);
	}
	ledger__each_device(i->ledger, collect_device, r);
	ledger__each(i->ledger, collect_socket, r);
}

static void begin_search(struct investigation *i, uint64_t now)
{
	struct collection c = { .i = i, .now = now };
	struct regions r;

	if (i->asked == 2)
		session__suspect_all(i->session, now);
	ledger__each(i->ledger, collect, &c);
	i->for_asked = i->asked;
	i->asked -= i->asked > 0;
	i->begun++;
	if (c.count) {
		collect_regions(i, &r);
		i->searching = !scanner__start(i->scanner, c.objects, c.count, r.list, r.count,
					       r.partial, i->config.scan_limit);
	}
	if (!i->searching)
		i->ended = i->begun;
}

static void end_search(struct investigation *i, const struct scan_result *r, uint64_t now)
{
	i->searching = false;
	i->asked_from = now + ASKED_PAUSE_NS;
	budget__pay(&i->budget, r->stats.ns, now);
	if (r->err == -EAGAIN && ++i->tries < TRIES) {
		log_debug("a search could not be finished; it is made again");
		/* As if it had not been begun: who waits for it waits for the next. */
		i->begun -= i->for_asked;
		i->asked += i->for_asked;
		i->ended = i->begun;
		return;
	}
	i->tries = 0;
	i->ended = i->begun;
	/* What is told of searches is told of whole ones. */
	if (!r->stats.early)
		i->last = (struct investigation_status){ .err = r->err,
							 .began = r->began,
							 .stats = r->stats };
	/* Nothing was found out, which is no reason to give anything up. */
	if (r->err == -EAGAIN) {
		log_debug("a search could not be finished");
		return;
	}
	if (r->err)
		log_info("memory could not be searched (%s): findings stay probable",
			 r->err == -E2BIG ? "--scan-limit does not suffice" : strerror(-r->err));
	else if (r->stats.early)
		log_debug("what was in doubt is in use: read %llu KiB in %llu us",
			  (unsigned long long)r->stats.bytes >> 10,
			  (unsigned long long)r->stats.ns / 1000);
	else
		log_debug("searched %llu KiB, %llu slabs for %llu allocations in %llu ms",
			  (unsigned long long)r->stats.bytes >> 10,
			  (unsigned long long)r->stats.slabs, (unsigned long long)r->count,
			  (unsigned long long)r->stats.ns / 1000000);
	for (size_t n = 0; n < r->count; n++)
		if (r->objects[n].answered)
			session__searched(i->session, r->objects[n].addr, r->objects[n].id,
					  r->objects[n].verdict, r->objects[n].checksum, r->began,
					  now);
}

static bool orphaned(void *ctx, const struct allocation *a)
{
	const struct investigation *i = ctx;

	return a->sock && a->rule == RULE_NONE && look__orphaned(i->kernel->query, i->layout, a);
}

static void take_result(struct investigation *i, uint64_t now)
{
	const struct scan_result *result = i->searching ? scanner__result(i->scanner) : NULL;

	if (result)
		end_search(i, result, now);
}

void investigation__scan(struct investigation *i, uint64_t now)
{
	session__suspect_all(i->session, now);
	if (i->config.scan_interval_ns)
		i->next_scan = now + i->config.scan_interval_ns;
}

void investigation__work(struct investigation *i, uint64_t now)
{
	const uint64_t start = clock__now();
	const struct allocation *a;

	/* What is left waits for its turn: events do not wait, or they are lost. */
	while ((a = ledger__next_due(i->ledger, now)) && clock__now() - start < GLANCES_NS) {
		prepare(i);
		session__judge(i->session, a, look__at(i->kernel->query, i->slabs, i->layout, a),
			       now);
	}
	if (now >= i->next_sockets) {
		session__owner_gone(i->session, orphaned, i, now);
		i->next_sockets = now + SOCKETS_NS;
	}
	if (!i->next_scan)
		i->next_scan = now + (i->config.scan_interval_ns < FIRST_SCAN_NS
					      ? i->config.scan_interval_ns
					      : FIRST_SCAN_NS);
	if (i->config.scan_interval_ns && now >= i->next_scan)
		investigation__scan(i, now);
	if (ledger__search_due(i->ledger, now))
		prepare(i);
	if (!i->scanner)
		return;
	take_result(i, now);
	if (i->searching)
		return;
	if (i->asked ? now >= i->asked_from
		     : (i->ending || now >= i->budget.not_before) &&
			       ledger__search_due(i->ledger, now))
		begin_search(i, now);
}

int64_t investigation__search(struct investigation *i)
{
	prepare(i);
	if (!i->scanner)
		return -EOPNOTSUPP;
	/* Only what two searches find lost is said. */
	i->asked = 2;
	return i->begun + 2;
}

void investigation__set_interval(struct investigation *i, uint64_t interval_ns, uint64_t now)
{
	i->config.scan_interval_ns = interval_ns;
	i->next_scan = now + interval_ns;
}

void investigation__status(const struct investigation *i, struct investigation_status *out)
{
	*out = i->last;
	out->interval_ns = i->config.scan_interval_ns;
	out->next_scan = i->next_scan;
	out->ended = i->ended;
	out->searching = i->searching;
}

bool investigation__last(struct investigation *i, uint64_t now)
{
	if (!i->ending) {
		i->ending = now;
		session__recheck(i->session, now);
		if (i->config.scan_interval_ns)
			investigation__scan(i, now);
	}
	return now - i->ending < LAST_SEARCH_NS &&
	       (i->searching || ledger__search_due(i->ledger, now));
}
