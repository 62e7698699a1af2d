/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search in a thread of its own: it reads much memory, and the loop that
 * empties the ring buffer must not wait for it.
 */
#ifndef NLB_SCANNER_H
#define NLB_SCANNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "scan/search.h"

struct scanner;

/* A live allocation to ask about, and the answer. */
struct scan_object {
	uint64_t addr, id;
	uint64_t size;		    /* of what a reference may point into */
	uint64_t ghost, ghost_size; /* see struct reach_object */
	bool sought;		    /* likewise: what the search is for */
	enum verdict verdict;
	uint32_t checksum;
	bool answered; /* out: else nothing was found out about it */
};

struct scan_result {
	const struct scan_object *objects;
	size_t count;
	uint64_t began; /* CLOCK_MONOTONIC */
	struct search_stats stats;
	int err; /* then the objects say VERDICT_UNREADABLE; -EAGAIN: another may succeed */
};

/*
 * Whether memory can be searched on this kernel is found out by the first search
 * (-EOPNOTSUPP).  Returns 0 or a negative errno.
 */
int scanner__new(struct scanner **out);
/* Stops a search under way. */
void scanner__free(struct scanner *s);

/*
 * Begins a search; takes over both lists, also on error.  partial: not all regions are
 * known, so nothing can be said to have no reference.  limit: most bytes to
 * read, 0 for all.  Returns 0, or -EBUSY while one is under way.
 */
int scanner__start(struct scanner *s, struct scan_object *objects, size_t count,
		   struct region *regions, size_t nr_regions, bool partial, uint64_t limit);
/* The result, valid until the next start; NULL: none is there. */
const struct scan_result *scanner__result(struct scanner *s);

#endif /* NLB_SCANNER_H */
