/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was lost on the way from the kernel, and making it good: after a loss the
 * in-kernel book of live allocations is the truth.
 */
#ifndef NLB_LOSSES_H
#define NLB_LOSSES_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "record/session.h"
#include "trace/names.h"

struct ring_buffer;

/* All pointers are the caller's and must outlive it; the rest begins as zero. */
struct losses {
	struct hooks *hooks;
	struct names *names;
	struct session *session;
	struct ring_buffer *ring;
	uint64_t lost, misses; /* as far as the ledger knows */
	bool left_out_said;
	bool full_said;
	bool failing; /* to read the book */
	unsigned blind;
	bool silent; /* hooks__silent(), as far as the ledger knows */
	bool stale;  /* the book is to be read whatever was lost */
	bool back;   /* silence has ended, and the book was not read since */
};

/* An event was read, but could not be taken: as good as lost in the ring buffer. */
void losses__event(struct losses *l);
/*
 * With the ring buffer emptied: if events were lost, or hooks were silenced, the ledger gets
 * the book.  Returns true if hooks on functions run again: what they would have said
 * meanwhile, a device that comes up too, was not said.
 */
bool losses__check(struct losses *l);
/* Tells the ledger what cannot be seen; before the first event, losses__check() then does. */
void losses__blind(struct losses *l);
/* Tells the ledger and the report what the kernel counted; about once a second. */
void losses__count(struct losses *l);

#endif /* NLB_LOSSES_H */
