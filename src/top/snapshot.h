/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the full-screen view shows: how things stood at one moment, as plain
 * data.  The collector makes it from what the ledger has and what was reported
 * since the beginning.  No input or output, no clock.
 *
 * A snapshot does not change while the trace goes on, so that a view can be
 * paused; the next collector__take() makes another one of it.
 */
#ifndef NLB_SNAPSHOT_H
#define NLB_SNAPSHOT_H

#include "report/front.h"
#include "report/report.h"

#define SNAPSHOT_HISTORY 60  /* seconds */
#define SNAPSHOT_ALERTS	 500 /* the latest are kept */
#define ALERT_TEXT	 384

enum snapshot_state { SNAPSHOT_ATTACHING, SNAPSHOT_WAITING, SNAPSHOT_TRACING, SNAPSHOT_ENDING };

/* One callback; its allocations as the histograms count them. */
struct callback_row {
	uint32_t callback; /* name id, NAME_NONE: no callback, no command */
	const char *name;
	uint64_t allocations, freed, outstanding, outstanding_bytes;
	double rate;			    /* allocations a second */
	uint64_t history[SNAPSHOT_HISTORY]; /* outstanding bytes each second, oldest first */
	size_t nr_history;
	uint64_t leaks[NR_CERTAINTIES]; /* findings that stand */
	uint64_t leaked_bytes;
	uint64_t size_log2[32]; /* see struct histogram */
	uint64_t lifetime_us_log2[48];
};

/* Findings with the same rule, allocation stack and callback. */
struct site_row {
	uint32_t callback;
	enum rule rule;
	const char *sentence;	   /* without the count */
	const char *carried;	   /* by which command, NULL: by none */
	const char *function;	   /* that allocated, NULL: unknown */
	const struct stack *stack; /* NULL: none could be taken */
	uint64_t count, bytes;
	uint64_t leaks[NR_CERTAINTIES];
	uint64_t retracted;
	uint64_t first, latest; /* nanoseconds since the epoch */
	/* of the latest one: */
	uint64_t addr, size;
	char comm[16];
	uint32_t tid;
	unsigned degraded; /* enum degraded, of any */
	unsigned char contents[REPORT_HEXDUMP];
	size_t nr_contents;
};

struct command_row {
	char type[24], device[16]; /* empty: not known */
	const char *callback;	   /* NULL: not known */
	uint64_t age_ns;
	uint32_t timeout_ms;
	bool submitting, completed, called, overdue;
};

enum alert_kind {
	ALERT_PROBABLE,
	ALERT_DEFINITE,
	ALERT_RETRACTED,
	ALERT_WARNING,
	ALERT_MESSAGE,
};

/* Of a site there is one alert, which moves up with every leak. */
struct alert_row {
	uint64_t id;   /* its own */
	uint64_t time; /* nanoseconds since the epoch */
	enum alert_kind kind;
	bool of_site;
	uint32_t callback; /* of the site */
	char text[ALERT_TEXT];
};

struct snapshot {
	enum snapshot_state state;
	uint64_t time; /* nanoseconds since the epoch */
	double seconds;
	char kernel[72];
	char modules[160]; /* separated by spaces */
	size_t hooks, hooks_missing;
	struct ledger_stats stats;
	uint64_t lost_events, missed_hooks, unseen;
	const struct callback_row *callbacks; /* in no order */
	size_t nr_callbacks;
	const struct site_row *sites; /* in the order of their first leak */
	size_t nr_sites;
	const struct command_row *commands; /* oldest first */
	size_t nr_commands;
	const struct alert_row *alerts; /* newest first */
	size_t nr_alerts;
};

struct collector;

/* names remain the caller's and must outlive it.  NULL when out of memory. */
struct collector *collector__new(const struct names *names);
void collector__free(struct collector *c);

/* What a report_format is told.  Without memory an alert or a site is left out. */
void collector__start(struct collector *c, const struct report_start *start);
void collector__leak(struct collector *c, const struct report_leak *leak);
void collector__update(struct collector *c, const struct report_leak *leak);
void collector__retracted(struct collector *c, const struct report_leak *leak);
void collector__warning(struct collector *c, const char *message);
/* A line that was meant for standard error. */
void collector__message(struct collector *c, const char *line);

/* Time passes: to be called several times a second. */
void collector__tick(struct collector *c, const struct front_now *now);
/* Is there something new that should not wait for the next second? */
bool collector__news(const struct collector *c);
/* Makes the snapshot anew.  0 or -ENOMEM: then it is the one from before. */
int collector__take(struct collector *c, const struct front_now *now);
/* The latest; never NULL, valid until the next one is taken. */
const struct snapshot *collector__snapshot(const struct collector *c);
/* What stands now, for the last line of all. */
void collector__total(const struct collector *c, uint64_t *bytes, uint64_t *count, size_t *sites);

#endif /* NLB_SNAPSHOT_H */
