// SPDX-License-Identifier: GPL-2.0-only
/*
 * Glances and searches.
 *
 * A search asks about all live allocations at once, not only about the
 * suspects: only so is it known which of them name each other.  Searches keep
 * their distance: at most a tenth of one processor's time.
 */
#include "cmd/investigate.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "scan/scanner.h"
#include "scan/slab.h"
#include "util/log.h"

#define SEARCH_PAUSE_NS 500000000ULL
#define SEARCH_SHARE	10  /* one part in so many of the time */
#define DEVICE_BYTES	512 /* of struct nfc_digital_dev and the like */
#define MODULE_REGIONS	4

struct investigation {
	struct investigation_config config;
	struct kernel *kernel;
	struct hooks *hooks;
	struct ledger *ledger;
	const struct layout *layout;
	struct slabs *slabs;
	struct scanner *scanner;
	bool tried, searching;
	uint64_t not_before; /* the next search */
	uint64_t next_scan;
	bool asked; /* for a search of everything */
	int64_t begun, ended;
	struct investigation_status last;
};

struct investigation *investigation__new(const struct investigation_config *config,
					 struct kernel *kernel, struct hooks *hooks,
					 struct ledger *ledger, const struct layout *layout)
{
	struct investigation *i = calloc(1, sizeof(*i));

	if (!i)
		return NULL;
	i->config = *config;
	i->kernel = kernel;
	i->hooks = hooks;
	i->ledger = ledger;
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
	int err;

	if (i->tried)
		return;
	i->tried = true;
	err = slabs__new(&i->slabs, i->kernel->query, i->kernel->btf);
	if (!err)
		err = scanner__new(&i->scanner, i->kernel->btf);
	if (err)
		log_info("memory cannot be searched on this kernel (%s): findings stay probable",
			 strerror(-err));
}

/* ---- what to ask about ---- */

struct collection {
	struct investigation *i;
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
		/* What refers to an skb refers to its struct. */
		.ghost = a->ghost,
		.ghost_size = a->ghost_size,
		.size = a->skb && c->i->layout->skb_size ? c->i->layout->skb_size : a->size,
	};
}

static void add_region(struct region **list, size_t *count, const struct memory_range *range)
{
	struct region *more = reallocarray(*list, *count + 1, sizeof(*more));

	if (!more)
		return;
	*list = more;
	more[(*count)++] = (struct region){ range->start, range->size };
}

struct regions {
	struct region *list;
	size_t count;
};

/* A device's structure: its size is not known here, and a page is enough. */
static void collect_device(void *ctx, uint64_t device)
{
	struct memory_range range = { device, DEVICE_BYTES };
	struct regions *r = ctx;

	add_region(&r->list, &r->count, &range);
}

/* The roots: data of the traced modules, and devices. */
static size_t collect_regions(struct investigation *i, struct region **out)
{
	struct memory_range ranges[MODULE_REGIONS];
	struct regions r = { 0 };

	for (size_t m = 0; m < hooks__nr_modules(i->hooks); m++) {
		int n = kernel__module_data(i->kernel, hooks__module(i->hooks, m), ranges,
					    MODULE_REGIONS);

		for (int k = 0; k < n; k++)
			add_region(&r.list, &r.count, &ranges[k]);
	}
	ledger__each_device(i->ledger, collect_device, &r);
	*out = r.list;
	return r.count;
}

static void begin_search(struct investigation *i, uint64_t now)
{
	struct collection c = { .i = i };
	struct region *regions;
	size_t nr_regions;

	if (i->asked)
		ledger__suspect_all(i->ledger, now);
	i->asked = false;
	i->begun++;
	ledger__each(i->ledger, collect, &c);
	if (c.count) {
		nr_regions = collect_regions(i, &regions);
		i->searching = !scanner__start(i->scanner, c.objects, c.count, regions, nr_regions,
					       i->config.scan_limit);
	}
	if (!i->searching)
		i->ended = i->begun;
}

static void end_search(struct investigation *i, const struct scan_result *r, uint64_t now)
{
	i->searching = false;
	i->ended = i->begun;
	i->last = (struct investigation_status){ .err = r->err,
						 .began = r->began,
						 .stats = r->stats };
	i->not_before = now + SEARCH_PAUSE_NS + r->stats.ns * (SEARCH_SHARE - 1);
	if (r->err)
		log_info("memory could not be searched (%s): findings stay probable",
			 r->err == -E2BIG ? "--scan-limit does not suffice" : strerror(-r->err));
	else
		log_debug("searched %llu KiB, %llu slabs for %llu allocations in %llu ms",
			  (unsigned long long)r->stats.bytes >> 10,
			  (unsigned long long)r->stats.slabs, (unsigned long long)r->count,
			  (unsigned long long)r->stats.ns / 1000000);
	for (size_t n = 0; n < r->count; n++)
		ledger__searched(i->ledger, r->objects[n].addr, r->objects[n].id,
				 r->objects[n].verdict, r->objects[n].checksum, r->began, now);
}

void investigation__work(struct investigation *i, uint64_t now)
{
	const struct scan_result *result;
	const struct allocation *a;

	while ((a = ledger__next_due(i->ledger, now))) {
		prepare(i);
		ledger__judge(i->ledger, a, look__at(i->kernel->query, i->slabs, i->layout, a),
			      now);
	}
	if (!i->next_scan)
		i->next_scan = now + i->config.scan_interval_ns;
	if (i->config.scan_interval_ns && now >= i->next_scan) {
		ledger__suspect_all(i->ledger, now);
		i->next_scan = now + i->config.scan_interval_ns;
	}
	if (ledger__search_due(i->ledger, now))
		prepare(i);
	if (!i->scanner)
		return;
	result = i->searching ? scanner__result(i->scanner) : NULL;
	if (result)
		end_search(i, result, now);
	if (!i->searching &&
	    (i->asked || (now >= i->not_before && ledger__search_due(i->ledger, now))))
		begin_search(i, now);
}

int64_t investigation__search(struct investigation *i)
{
	prepare(i);
	if (!i->scanner)
		return -EOPNOTSUPP;
	i->asked = true;
	return i->begun + 1;
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
