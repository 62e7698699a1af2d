/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the control socket (src/serve) and what a running `run` holds: what the
 * verbs mean.
 */
#ifndef NLB_CONTROL_H
#define NLB_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/investigate.h"
#include "hooks/hooks.h"
#include "kernel/kernel.h"
#include "ledger/ledger.h"
#include "report/report.h"
#include "scan/look.h"

/* What the verbs look at and change; all of it remains the caller's. */
struct control_subject {
	struct kernel *kernel;
	struct hooks *hooks;
	const struct names *names;
	const struct ledger *ledger;
	const struct layout *layout;
	struct investigation *investigation;
	const uint64_t *started;	    /* CLOCK_MONOTONIC, 0: not tracing yet */
	uint64_t scan_interval_ns;	    /* what "scan=on" sets it to, 0: kmemleak's */
	bool hide_addresses;		    /* and memory, in what is listed */
	const struct report_hidden *hidden; /* what is suppressed */
	/* Everything about an allocation but its bytes. */
	void (*describe)(void *ctx, const struct allocation *a, uint64_t now,
			 struct report_leak *out);
	/* Is this finding suppressed?  Then nobody is told of it. */
	bool (*hides)(void *ctx, const struct allocation *a);
	/* The run is to end as by SIGINT. */
	void (*stop)(void *ctx);
	void *ctx;
};

struct control;

/*
 * Opens the socket; one that cannot be opened is said and no error, since tracing
 * goes on without it.  subject is copied.  Returns 0 or -ENOMEM.
 */
int control__new(struct control **out, const struct control_subject *subject);
/* At the very end, when all else is done: who waits for that hears of it. */
void control__free(struct control *c);

/* To be watched for reading; -1: there is no socket. */
int control__fd(const struct control *c);
/* When the fd is readable, and at least about every second. */
void control__work(struct control *c, uint64_t now);
/* The run is about to end: no more requests. */
void control__ending(struct control *c);

/* A finding was established, with its bytes.  c may be NULL. */
void control__leak(struct control *c, const struct report_leak *leak, uint64_t now);
/* It is no more.  c may be NULL. */
void control__retracted(struct control *c, const struct allocation *a);

#endif /* NLB_CONTROL_H */
