/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a patch has changed: the leaks of two runs side by side, by site.
 *
 * A site is told by its rule, the function that allocated and the callback:
 * offsets and stacks change with every build.
 */
#ifndef NLB_DIFF_H
#define NLB_DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"
#include "trace/names.h"

/* The leaks of one run that stand at its end. */
struct tally;

/*
 * From what a run ended with, or its recording where that is not complete; keeps nothing
 * of it.  NULL when out of memory.
 */
struct tally *tally__new(const struct ledger *l, const struct names *names, double seconds,
			 bool complete);
void tally__free(struct tally *t);

/* What matters most first. */
enum diff_change { DIFF_NEW, DIFF_MORE, DIFF_FEWER, DIFF_GONE, DIFF_SAME, NR_DIFF_CHANGES };

struct diff;

/*
 * More or fewer is in relation to the commands seen, or to time where one of
 * the two has seen none, and by more than a tenth: the same leak in a longer
 * run is no more of it.  The tallies remain the caller's and must outlive it.
 * Returns NULL when out of memory.
 */
struct diff *diff__new(const struct tally *before, const struct tally *after);
void diff__free(struct diff *d);

/* Sites that changed like that. */
size_t diff__count(const struct diff *d, enum diff_change change);

/* For people, at most 80 columns. */
void diff__text(const struct diff *d, FILE *out);
/* One line of JSON a site, and one for the sum: docs/json.md. */
void diff__json(const struct diff *d, FILE *out);

#endif /* NLB_DIFF_H */
