/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace is shown by: a format, and for one that somebody sits in front
 * of the file that their keys come from and how things stand now and then.
 */
#ifndef NLB_FRONT_H
#define NLB_FRONT_H

#include "report/report.h"

/* A command in flight, with its names; valid during the call that gets it. */
struct report_command {
	const struct in_flight *command;
	uint64_t age_ns;
	const char *callback; /* NULL: unknown */
	const char *type;     /* IN_SEND and so on, NULL: unknown */
	const char *device;   /* "nfc0", NULL: unknown */
};

/* How things stand; all of it valid during the call that gets it. */
struct front_now {
	uint64_t time; /* nanoseconds since the epoch */
	bool tracing;  /* else no module is there yet */
	bool ending;   /* the end is near: only the last suspects are waited for */
	const char *const *modules;
	size_t nr_modules;
	const struct report_command *commands;
	size_t nr_commands; /* of those in commands[]: the statistics know them all */
	struct report_end sum;
};

struct front {
	const struct report_format *format;
	/* What follows is NULL and 0 where nobody sits in front. */
	int input; /* watched for on_input() */
	/* There is input, or the end of it.  Returns false to end the trace. */
	bool (*on_input)(struct report *r);
	/*
	 * About ten times a second, also before there is anything to trace and
	 * while the last suspects are waited for.  Returns false to end the trace.
	 */
	bool (*refresh)(struct report *r, const struct front_now *now);
};

#endif /* NLB_FRONT_H */
