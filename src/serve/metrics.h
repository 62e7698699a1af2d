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

#include <stdbool.h>
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

#define METRICS_LABEL_MAX 128 /* bytes of a label's value */

/* What has a callback, or none, in common. */
struct metrics_callback {
	char label[METRICS_LABEL_MAX + 1];
	uint64_t outstanding, outstanding_bytes;
	struct metrics_findings {
		uint64_t count, bytes;
	} findings[NR_RULES][NR_CERTAINTIES];
};

struct metrics {
	const struct run_status *status;
	/* The first is that of no callback, the second all those without one of their own. */
	struct metrics_callback callbacks[METRICS_CALLBACKS + 2];
	size_t nr;
};

/* Nothing but those two.  status remains the caller's. */
void metrics__init(struct metrics *m, const struct run_status *status);
/*
 * Where a callback of this name counts; NULL: no callback.  What would be printed alike is
 * one, whatever module it is of: no series is there twice.  make: it gets one of its own if
 * there is room.
 */
struct metrics_callback *metrics__callback(struct metrics *m, const char *name, bool make);

void metrics__print(FILE *out, const struct metrics *m, enum metrics_format format);

#endif /* NLB_SERVE_METRICS_H */
