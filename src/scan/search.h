/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The search in reverse: does any word of kernel memory point into one of the
 * live allocations?
 *
 * Looked through are all slab objects of the machine, the kernel's own data,
 * that of all modules, the per-CPU areas and the stacks of all tasks.  Not looked through: other
 * vmalloc areas, large page allocations, user pages; docs/verdict.md says what follows.
 */
#ifndef NLB_SEARCH_H
#define NLB_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/query.h"
#include "scan/reach.h"
#include "scan/slab.h"

struct btf;
struct search;

/* Memory of the stack itself: what is marked starts there. */
struct region {
	uint64_t start, size;
};

struct search_stats {
	uint64_t bytes; /* read */
	uint64_t slabs;
	uint64_t objects; /* that were asked about */
	uint64_t ns;
	bool early; /* see search__run() */
};

/*
 * q must be the search's own while it runs; btf and q remain the caller's.
 * 0, -EOPNOTSUPP where the kernel's layout is not known, or a negative errno.
 */
int search__new(struct search **out, struct query *q, const struct btf *btf);
void search__free(struct search *s);

/*
 * Says of every object whether it is reachable (sorts them by address).  Where some
 * are sought and the stack itself turns out to reach all of those, that is the answer:
 * the rest of memory is not read, stats->early is set, and of the others nothing is
 * said.  limit
 * is the most bytes to read, 0: no limit.  Returns 0, -E2BIG where the limit
 * did not suffice (then nothing may be concluded), -ECANCELED once *cancel is
 * set, -EAGAIN where lists changed too
 * quickly to be walked, or a negative errno.
 */
int search__run(struct search *s, struct reach_object *objects, size_t count,
		const struct region *regions, size_t nr_regions, uint64_t limit, const int *cancel,
		struct search_stats *stats);

/*
 * Is there memory that the last search did not read, though it should have (more processors than
 * are known here, slabs too large, a module's data)?  Then what seems to have no reference may have
 * one.
 */
bool search__partial(const struct search *s);
/*
 * Is this error of search__new() or search__run() one that may pass: lists that changed while
 * they were walked, want of memory?
 */
bool search__passes(int err);

/* Is the object free although no event said so? */
enum slab_state search__state(struct search *s, uint64_t addr);

#endif /* NLB_SEARCH_H */
