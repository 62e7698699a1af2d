/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What searching may cost: a share of the time that passes is earned, up to a burst,
 * and each search is paid from that.  So the first suspects after a quiet time are
 * searched for at once, and many of them cost no more than the share.
 *
 * All times are nanoseconds of one clock, which never goes back; that a caller asks
 * about an earlier time than before is harmless.
 */
#ifndef NLB_BUDGET_H
#define NLB_BUDGET_H

#include <stdint.h>

#define BUDGET_SHARE	10	      /* one part in so many of the time */
#define BUDGET_BURST_NS 1000000000ULL /* that may be spent at once */
#define BUDGET_PAUSE_NS 300000000ULL  /* from the end of a search to the next, at least */

/* Zero: nothing was spent yet. */
struct budget {
	uint64_t left, as_of; /* what may be spent, as of then: may lie ahead */
	uint64_t not_before;  /* the next search */
};

/* A search that took ns has ended.  Sets not_before. */
void budget__pay(struct budget *b, uint64_t ns, uint64_t now);

#endif /* NLB_BUDGET_H */
