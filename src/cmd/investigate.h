/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the ledger's suspects and memory: glances at once, searches in the
 * background, and gives the ledger what they showed.
 */
#ifndef NLB_INVESTIGATE_H
#define NLB_INVESTIGATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "kernel/kernel.h"
#include "record/session.h"
#include "scan/look.h"
#include "scan/search.h"

struct investigation;

struct investigation_config {
	uint64_t scan_interval_ns; /* of kmemleak's rule, 0: never, also not at the end */
	uint64_t scan_limit;	   /* most bytes that a search reads, 0: all there are */
};

/*
 * All pointers remain the caller's and must outlive it.  A kernel whose memory
 * cannot be searched is no error: then nothing becomes definite.  Returns NULL
 * when out of memory.
 */
struct investigation *investigation__new(const struct investigation_config *config,
					 struct kernel *kernel, struct hooks *hooks,
					 struct session *session, const struct layout *layout);
void investigation__free(struct investigation *i);

/*
 * Glances at the suspects that are due, begins a search if one is, takes the
 * result of one that has ended.  The ring buffer must have been emptied.
 */
void investigation__work(struct investigation *i, uint64_t now);

/* kmemleak's rule, now: every old enough allocation is searched for. */
void investigation__scan(struct investigation *i, uint64_t now);

/*
 * The end has come: asks about every finding once more, without a pause, and unless
 * scans are not wanted about everything else as well.  Returns whether investigation__work() should
 * be called again before the report; no longer than two seconds.
 */
bool investigation__last(struct investigation *i, uint64_t now);
/*
 * A search over all live allocations that are older than the minimum age, as
 * soon as one under way has ended and whatever the time since.  Returns the number of
 * the search to wait for (see struct investigation_status), or a negative errno
 * where memory cannot be searched.
 */
int64_t investigation__search(struct investigation *i);
/* From now on kmemleak's rule is followed this often; 0: never. */
void investigation__set_interval(struct investigation *i, uint64_t interval_ns, uint64_t now);

struct investigation_status {
	uint64_t interval_ns; /* 0: never */
	uint64_t next_scan;   /* time of the next, 0: not known yet */
	int64_t ended;	      /* searches, also those that failed */
	bool searching;
	/* of the last that has ended */
	int err;
	uint64_t began;
	struct search_stats stats;
};
void investigation__status(const struct investigation *i, struct investigation_status *out);

#endif /* NLB_INVESTIGATE_H */
