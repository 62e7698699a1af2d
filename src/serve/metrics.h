/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a run stands, in the words that Prometheus and its like collect
 * (docs/metrics.md).
 *
 * Pure: numbers in, text out.  There are no kernel addresses and no contents of
 * memory in it, whatever the names given are: others than root read this.
 */
#ifndef NLB_SERVE_METRICS_H
#define NLB_SERVE_METRICS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"
#include "serve/status.h"

/* Series that callbacks make are bounded: what comes later is "other". */
#define METRICS_CALLBACKS 64

enum metrics_format {
	METRICS_TEXT,	     /* Prometheus' text format 0.0.4 */
	METRICS_OPENMETRICS, /* OpenMetrics 1.0.0 */
};

/* Which of the two a client that sent this Accept header wants; NULL: none. */
enum metrics_format metrics__negotiate(const char *accept);
/* What goes into Content-Type. */
const char *metrics__content_type(enum metrics_format format);

/* What has a callback, or none, in common. */
struct metrics_callback {
	const char *name; /* NULL: no callback */
	uint64_t outstanding, outstanding_bytes;
	struct metrics_findings {
		uint64_t count, bytes;
	} findings[NR_RULES][NR_CERTAINTIES];
};

struct metrics {
	const struct run_status *status;
	uint64_t suppressed; /* findings among the status', not among those below */
	/* The first is that of no callback; the last, beyond nr, all others. */
	struct metrics_callback callbacks[METRICS_CALLBACKS + 2];
	size_t nr; /* without the last */
};

void metrics__print(FILE *out, const struct metrics *m, enum metrics_format format);

#endif /* NLB_SERVE_METRICS_H */
