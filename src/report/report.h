/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is reported, whatever the format: one struct with everything about a
 * finding, and one table of functions per format.
 */
#ifndef NLB_REPORT_H
#define NLB_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"
#include "trace/names.h"

#define REPORT_HEXDUMP 32

/* A finding with its names; valid during the call that gets it. */
struct report_leak {
	const struct allocation *a;
	enum certainty was; /* update: before */
	uint64_t now;	    /* of this report, nanoseconds since the epoch */
	uint64_t moment;    /* that the rule names, likewise */
	uint64_t age_ms;
	const struct stack *stack; /* NULL: none could be taken */
	const char *function;	   /* alloc.function, NULL: unknown */
	const char *module;	   /* of it, NULL: the kernel or unknown */
	uint32_t offset;
	const char *callback;  /* NULL: no command */
	const char *submit;    /* the submitting call, NULL: no command */
	const char *submitter; /* who called that, NULL: unknown */
	const char *upper;     /* callback that the user argument names, NULL: none */
	const char *command;   /* IN_SEND and so on, NULL: no command */
	const char *device;    /* "nfc0", NULL: unknown */
	unsigned char bytes[REPORT_HEXDUMP];
	size_t nr_bytes;
};

struct report_start {
	const char *version; /* of the nfcleakbpf that traced, NULL: this one */
	const char *kernel;
	const char *const *modules;
	size_t nr_modules;
	size_t hooks;
	const char *const *missing; /* "kprobe digital_send_cmd of nfc_digital: reason" */
	size_t nr_missing;
};

struct suppressions;

/* What a filter has kept from the report, but the ledger counts (filter.h). */
struct report_hidden {
	uint64_t findings[NR_CERTAINTIES]; /* that stand now */
	uint64_t bytes;			   /* of those that are definite or probable */
	uint64_t retracted;
	const struct suppressions *list; /* NULL: there are none */
	const char *generated;		 /* lines of a file of suppressions; NULL: not asked for */
};

struct report_end {
	double seconds;
	const struct ledger *ledger;
	const struct report_hidden *hidden; /* NULL: nothing was */
	uint64_t lost_events;
	uint64_t missed_hooks; /* programs that did not run, and what the ledger noticed */
	uint64_t unseen;       /* allocations that the full book had no room for */
	uint64_t left_out;     /* stacks left out for want of room in the ring buffer */
	bool incomplete;       /* a recording that stops before the run's end */
};

struct report; /* a format's own state */

struct report_format {
	/*
	 * quiet: nothing for people before the end; JSON lines are for programs
	 * and stay.  names and out remain the caller's.  NULL: out of memory.
	 */
	struct report *(*open)(FILE *out, const struct names *names, bool quiet);
	void (*start)(struct report *r, const struct report_start *start);
	void (*leak)(struct report *r, const struct report_leak *leak);
	void (*update)(struct report *r, const struct report_leak *leak);
	void (*retracted)(struct report *r, const struct report_leak *leak);
	void (*warning)(struct report *r, const char *rule, const char *message);
	/* One call per callback; callback NULL: no callback, no command. */
	void (*histogram)(struct report *r, const struct histogram *h, const char *callback);
	/* Now and then, so that what was held back can be written. */
	void (*tick)(struct report *r, uint64_t now);
	void (*end)(struct report *r, const struct report_end *end);
	void (*close)(struct report *r);
	/*
	 * What it takes of memory (util/footprint.h), or will at the end, for what it has
	 * been told.  NULL: nothing that grows.
	 */
	uint64_t (*memory)(const struct report *r);
};

static inline uint64_t report__memory(const struct report_format *format, const struct report *r)
{
	return format->memory ? format->memory(r) : 0;
}

extern const struct report_format report_text; /* alerts, histograms, a closing report */
extern const struct report_format report_json; /* JSON lines, docs/json.md */

/*
 * How an skb came to be: "clone" (skb_clone(): it shares its head with another),
 * "copy" (pskb_copy(), skb_copy() and their like), "new"; NULL: it is none, or
 * there is no stack.
 */
const char *report__origin(const struct report_leak *leak);
/* The last function that is known to have had it. */
const char *report__holder(const struct report_leak *leak);

/* RFC 3339 in UTC with microseconds; buf of at least 32 bytes. */
void report__time(uint64_t ns, char *buf, size_t size);

#endif /* NLB_REPORT_H */
