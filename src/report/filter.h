/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * In front of a format: hides what is suppressed, and counts what is left.
 *
 * The ledger knows nothing of suppressions, so its numbers of findings and
 * retractions include those that are hidden.  struct report_hidden, which the
 * filter puts into struct report_end, says what to subtract.
 */
#ifndef NLB_FILTER_H
#define NLB_FILTER_H

#include "report/report.h"
#include "report/suppress.h"

/* Its open() is filter__open(), which takes more. */
extern const struct report_format report_filtered;

/*
 * What goes to the report returned, by report_filtered's functions, goes on to
 * report unless list hides it.  list may be NULL; generate: end() also proposes
 * suppressions for what stands.  report becomes the filter's, also on failure;
 * list remains the caller's.  Returns NULL when out of memory.
 */
struct report *filter__open(const struct report_format *format, struct report *report,
			    struct suppressions *list, bool generate);

/* How many definite and probable findings stand that are not hidden. */
uint64_t filter__standing(const struct report *r, const struct ledger *ledger);
/* Is this finding, which was passed to leak(), hidden? */
bool filter__hides(const struct report *r, const struct allocation *a);
/* What is; valid as long as the report. */
const struct report_hidden *filter__hidden(const struct report *r);

#endif /* NLB_FILTER_H */
