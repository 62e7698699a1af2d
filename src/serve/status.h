/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a running `run` is doing, for people and for programs.
 */
#ifndef NLB_STATUS_H
#define NLB_STATUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"

/* Without what --suppressions hides. */
struct run_findings {
	uint64_t standing[NR_CERTAINTIES];
	uint64_t retracted;
	uint64_t suppressed; /* how many it hides that would stand */
};

struct run_status {
	int pid;
	const char *kernel;
	const char *const *modules;
	size_t nr_modules;
	size_t hooks, hooks_missing, hooks_asleep;
	bool silent;	       /* those on functions do not run: kernel.ftrace_enabled is 0 */
	const char *following; /* of memory: "all", "ends" or "nothing" */
	bool tracing;	       /* else it waits for a module */
	uint64_t since;	       /* nanoseconds since the epoch */
	uint64_t seconds;
	const struct ledger_stats *stats; /* but not its findings */
	struct run_findings findings;
	uint64_t hidden; /* findings that were cleared */
	uint64_t lost_events;
	uint64_t unseen;
	uint64_t scan_interval_ns; /* 0: never */
	uint64_t next_scan_ns;	   /* from now on */
	uint64_t searches;	   /* that ended; the rest is about the last one */
	const char *search_error;  /* NULL: it came to its end */
	uint64_t search_at;	   /* nanoseconds since the epoch, 0: none yet */
	uint64_t search_ns, search_bytes, search_slabs, search_allocations;
	uint64_t resident_bytes, map_bytes;
	uint64_t peak_bytes; /* resident ever */
	uint64_t left_out;   /* stacks, for want of room in the ring buffer */
	bool armed;	     /* a device is up, and memory is followed */
	uint64_t cpu_ns;     /* processor time of the process */
	uint64_t started;    /* the process, nanoseconds since the epoch */
	uint64_t ring_used, ring_bytes;
	uint64_t book_entries; /* that it has room for */
};

void status__text(FILE *out, const struct run_status *s);
/* One object on one line, docs/control.md.  Nothing when out of memory. */
void status__json(FILE *out, const struct run_status *s);

#endif /* NLB_STATUS_H */
