/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What model.c gathers and view.c makes a view of.  Names stay numbers until
 * the end: most allocations are freed without anybody asking for theirs.
 */
#ifndef NLB_GATHER_H
#define NLB_GATHER_H

#include "report/model.h"
#include "report/strings.h"
#include "util/table.h"

/* One allocation as it was last seen. */
struct gathered {
	uint64_t id, addr, size, born, end;
	struct carrier carrier;
	enum kind kind;
	enum rule rule;
	enum certainty certainty;
	uint32_t stack, caller, tid;
	char comm[16];
	bool live, missed;
};

struct gathered_total {
	uint32_t stack, caller, callback, function;
	uint8_t type;
	enum kind kind;
	enum rule rule;
	uint64_t count, bytes, live_count, live_bytes;
};

struct bucket {
	uint64_t count, bytes, most_bytes;
	bool seen; /* else as the one before */
};

struct report {
	FILE *out;
	const struct names *names;
	model_writer writer;
	int err; /* the first thing that went wrong */

	struct strings strings;
	struct table stacks;  /* struct stack -> struct model_stack */
	uint64_t stack_bytes; /* of memory */
	struct table devices; /* address -> name */

	struct table live;     /* address -> struct gathered */
	struct gathered *ring; /* finished */
	size_t nr_ring, ring_at;
	uint64_t finished;
	struct table totals; /* hash -> struct gathered_total */
	struct bucket buckets[MODEL_BUCKETS];
	size_t nr_buckets;
	uint64_t bucket_ns, first, last; /* first 0: no event yet */
	uint64_t healings, reconcile_at; /* of the ledger, as far as taken in */

	struct table by_id; /* struct model_finding */
	struct model_finding **findings;
	size_t nr_findings;
	bool clock_known, offset_known;
	uint64_t clock;	 /* monotonic, when tracing began */
	uint64_t offset; /* of wall time from monotonic, modulo 2^64 */

	struct model_histogram *histograms;
	size_t nr_histograms;
	struct model_warning *warnings;
	size_t nr_warnings;
	const char **modules, **missing;

	/* the view and what it points to */
	struct model_view view;
	bool ended;
	const struct model_finding **ordered;
	struct model_site *sites;
	struct model_total *view_totals;
	struct model_slice *slices;
	struct model_bucket *view_buckets;
};

/* Counts an allocation into its total. */
void gather__total(struct report *r, const struct gathered *g);
/* NULL for 0 or when out of memory. */
const struct model_stack *gather__stack(struct report *r, const struct stack *stack);
/* What is live now, as the ledger knows it; of leaks only the end tells. */
void gather__take(struct gathered *g, const struct allocation *a);

/* Makes the view; the ledger is at its end. */
void gathered__make(struct report *r, const struct report_end *end);
void gathered__free(struct report *r);
/* What the view will take of memory. */
uint64_t gathered__memory(const struct report *r);

#endif /* NLB_GATHER_H */
