/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the pictures of a report need, collected while a ledger is driven: html,
 * pprof, folded, perfetto and kmemleak are written from it once the end is known.
 *
 * Each of those formats is a struct report_format like text and json, fed by
 * the same calls.  What is beyond findings (allocations that were freed, memory
 * over time) comes from two taps around each event.  All a driver has to do:
 *
 *	struct report *r = format->open(out, names, quiet);
 *	if (model__collects(format))
 *		model__clock(r, monotonic, wall);      once, when tracing begins
 *	...
 *	if (model__collects(format))
 *		model__before(r, ledger, &event);
 *	err = ledger__event(ledger, &event);
 *	if (model__collects(format))
 *		model__after(r, ledger, &event);
 *	...
 *	format->end(r, &end);
 *	if (model__collects(format))
 *		err = model__status(r);
 *	format->close(r);
 *
 * Without the clock, wall time is that of the findings; without the taps there
 * is only what lives at the end.  Frees that the ledger notices by other means
 * (a glance, the book) are found out with the next event.
 *
 * Names come from the kernel and are not trusted: everything in the view is
 * valid UTF-8 without control characters.
 *
 * Memory: what is live, every finding, one total per stack and role, and a
 * fixed number of time buckets and finished allocations.
 */
#ifndef NLB_MODEL_H
#define NLB_MODEL_H

#include "report/report.h"

#define MODEL_SLICES  20000U /* allocations without a finding that are kept */
#define MODEL_BUCKETS 512U   /* of time */
#define MODEL_STORY   8U     /* turns of a finding that are kept */

struct model_frame {
	uint64_t addr;
	uint32_t offset;      /* into the function */
	const char *function; /* never NULL: the text where it is not known */
	const char *module;   /* NULL: the kernel itself, or not known */
	const char *text;     /* name+0xoff/0xsize [module] */
};

struct model_stack {
	size_t depth;
	size_t site; /* the frame to blame; depth where there is none */
	const struct model_frame *frames;
	const struct stack *raw; /* as names.h has it */
};

enum model_turn_kind { MODEL_REPORTED, MODEL_CHANGED, MODEL_RETRACTED };

struct model_turn {
	enum model_turn_kind kind;
	enum certainty certainty; /* from then on; of a retraction: before */
	uint64_t time;		  /* nanoseconds since the epoch */
};

/* Strings may be NULL as in struct report_leak. */
struct model_finding {
	uint64_t id, addr, size;
	uint64_t born;	      /* monotonic nanoseconds, as struct allocation's */
	uint64_t moment;      /* that the rule names, likewise */
	uint64_t wall_born;   /* nanoseconds since the epoch */
	uint64_t wall_moment; /* likewise */
	enum rule rule;
	enum certainty certainty;
	enum kind kind;
	bool skb, sock;
	bool retracted; /* freed or used after all: it stands no more */
	unsigned degraded;
	uint32_t pid;
	const char *comm;
	uint32_t stack_id, callback_id;	 /* numbers of names.h: what makes a site */
	const struct model_stack *stack; /* NULL: none could be taken */
	const char *function, *module;
	uint32_t offset;
	const char *callback, *submit, *submitter, *upper, *command, *device;
	const char *role; /* words__role() */
	const char *what; /* words__what(); never NULL, nor role */
	unsigned char bytes[REPORT_HEXDUMP];
	size_t nr_bytes;
	struct model_turn story[MODEL_STORY]; /* the last one is always the latest */
	size_t nr_story;
};

/* The findings with the same rule, stack and callback. */
struct model_site {
	const struct model_finding *first;	     /* the oldest that stands, else the oldest */
	const struct model_finding *const *findings; /* all, oldest first */
	size_t nr_findings;
	uint64_t count, bytes; /* of those that stand: definite or probable */
	uint64_t by_certainty[NR_CERTAINTIES];
	uint64_t possible, retracted; /* that do not */
};

/* What became of the allocations of one stack in one role. */
struct model_total {
	const struct model_stack *stack; /* NULL: unknown */
	const char *caller;		 /* of the allocator, NULL: unknown */
	const char *callback, *command;	 /* NULL: no command */
	enum kind kind;
	enum rule rule; /* by which those that live were told to be leaks; RULE_NONE: none */
	uint64_t count, bytes, live_count, live_bytes;
};

/* One allocation from birth to release, in monotonic nanoseconds. */
struct model_slice {
	uint64_t id, addr, size;
	uint64_t born, end; /* end: of the trace, if it was not released */
	bool live;
	bool missed; /* its free was: end is when that was noticed */
	enum kind kind;
	enum rule rule; /* a leak by it; RULE_NONE: none */
	enum certainty certainty;
	uint32_t tid;
	char comm[16];
	const struct model_stack *stack;
	const char *function; /* to blame, NULL: unknown */
	const char *callback, *command, *device;
};

struct model_bucket {
	uint64_t count;	       /* outstanding at its end */
	uint64_t bytes;	       /* likewise */
	uint64_t most_bytes;   /* within it */
	uint64_t leaked_bytes; /* of what lives then, what stands as a leak in the end */
	uint64_t leaked_count;
};

struct model_histogram {
	const char *callback; /* NULL: no callback, no command */
	struct histogram h;
};

struct model_warning {
	const char *rule, *message;
	uint64_t count; /* the same again */
};

/* Everything, once the end is known; all of it the model's. */
struct model_view {
	/* start; kernel is NULL if there was none */
	const char *kernel;
	const char *const *modules;
	size_t nr_modules;
	size_t hooks;
	const char *const *missing;
	size_t nr_missing;
	uint64_t start, wall_start; /* monotonic; since the epoch, 0: not known */
	uint64_t end;		    /* monotonic */

	/* end */
	double seconds;
	struct ledger_stats stats; /* findings and retractions: what is suppressed left out */
	uint64_t suppressed, suppressed_bytes;
	uint64_t lost_events, missed_hooks, unseen, left_out;
	bool veiled;	 /* addresses are numbers that stand for them, contents left out */
	bool incomplete; /* as struct report_end's */
	bool short_of_memory;

	/* sites with findings that stand come first, most bytes first */
	const struct model_site *sites;
	size_t nr_sites;
	size_t standing;		       /* so many of them */
	uint64_t leaks, leaked_bytes;	       /* that stand */
	uint64_t by_certainty[NR_CERTAINTIES]; /* likewise */
	uint64_t degraded;		       /* of them */
	unsigned why_degraded;		       /* enum degraded of all of them */

	const struct model_total *totals;
	size_t nr_totals;
	const struct model_slice *slices; /* leaks and the newest others, by birth */
	size_t nr_slices;
	uint64_t slices_left_out;
	const struct model_bucket *buckets; /* from start on */
	size_t nr_buckets;
	uint64_t bucket_ns;
	const struct model_histogram *histograms;
	size_t nr_histograms;
	const struct model_warning *warnings;
	size_t nr_warnings;
};

/* Writes a report.  Returns 0 or a negative errno; a failed write is the stream's error. */
typedef int (*model_writer)(const struct model_view *view, FILE *out);

/* For a format's open(). */
struct report *model__open(FILE *out, const struct names *names, model_writer writer);

/* Is this one of the formats that are written from a model? */
bool model__collects(const struct report_format *format);
/* The same moment on both clocks, when tracing begins. */
void model__clock(struct report *r, uint64_t monotonic, uint64_t wall);
/* Before and after the ledger is given an event. */
void model__before(struct report *r, const struct ledger *l, const struct event *e);
void model__after(struct report *r, const struct ledger *l, const struct event *e);
/* 0, or a negative errno: what was written is not all there is.  After end(). */
int model__status(const struct report *r);
/* After end(), until close(); NULL before. */
const struct model_view *model__view(const struct report *r);

/* What makes a table of functions one of a model's formats. */
void model__start(struct report *r, const struct report_start *start);
void model__leak(struct report *r, const struct report_leak *leak);
void model__update(struct report *r, const struct report_leak *leak);
void model__retracted(struct report *r, const struct report_leak *leak);
void model__warning(struct report *r, const char *rule, const char *message);
void model__histogram(struct report *r, const struct histogram *h, const char *callback);
void model__tick(struct report *r, uint64_t now);
void model__end(struct report *r, const struct report_end *end);
void model__close(struct report *r);
uint64_t model__memory(const struct report *r);

#define MODEL_FORMAT(open_function)                                                                \
	{                                                                                          \
		.open = (open_function), .start = model__start, .leak = model__leak,               \
		.update = model__update, .retracted = model__retracted, .warning = model__warning, \
		.histogram = model__histogram, .tick = model__tick, .end = model__end,             \
		.close = model__close, .memory = model__memory,                                    \
	}

extern const struct report_format report_model; /* collects, writes nothing */
extern const struct report_format report_kmemleak;
extern const struct report_format report_html;
extern const struct report_format report_pprof;
extern const struct report_format report_folded;
extern const struct report_format report_perfetto;

/* Why the report is not all there is; NULL: it is. */
const char *model__incomplete(const struct model_view *v);
/* Does it stand as a leak? */
bool model__stands(const struct model_finding *f);

#endif /* NLB_MODEL_H */
