/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * New findings in the system's log, as kmemleak announces them there: counted,
 * and at most one line a minute.
 */
#ifndef NLB_NOTICE_H
#define NLB_NOTICE_H

#include <stdint.h>

#define NOTICE_COLLECT_NS  5000000000ULL /* from the first to the line about it */
#define NOTICE_INTERVAL_NS 60000000000ULL

/* All zero: nothing to say. */
struct notice {
	uint64_t pending;
	uint64_t since; /* when the first of those came */
	uint64_t last;	/* line, 0: none yet */
};

/* Times are nanoseconds of one clock, and never 0. */
void notice__add(struct notice *n, uint64_t now);
/* How many to announce now, which then have been; 0: not now. */
uint64_t notice__due(struct notice *n, uint64_t now);
/* The same whatever the time: a scan was asked for, or the end has come. */
uint64_t notice__flush(struct notice *n, uint64_t now);

/* Writes the line to the kernel's log, or to syslog where that cannot be. */
void notice__write(uint64_t count);

#endif /* NLB_NOTICE_H */
