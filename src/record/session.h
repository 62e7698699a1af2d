/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ledger together with who listens to it, and a recording of everything that
 * was done to it: whoever changes the ledger or what findings are told in does
 * so through here.  The player of recordings makes the same calls.
 *
 * Whatever has no counterpart here (reading the ledger) is asked of
 * session__ledger() itself.
 */
#ifndef NLB_SESSION_H
#define NLB_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "record/recorder.h"
#include "report/tell.h"
#include "trace/names.h"

struct session;

/*
 * names remain the caller's and must outlive it.  Returns NULL when out of
 * memory.
 */
struct session *session__new(const struct ledger_config *config, const struct ledger_ops *ops,
			     void *ctx, const struct names *names);
/* The ledger goes with it; tell and recorder remain the caller's. */
void session__free(struct session *s);

/* Who is told of the run itself; before any call below.  Without: nobody. */
void session__set_tell(struct session *s, struct tell *tell);
/*
 * For a format that wants more than findings: what it is told of every event,
 * and of the two clocks when tracing begins.
 */
struct session_taps {
	void (*clock)(struct report *r, uint64_t monotonic, uint64_t wall);
	void (*before)(struct report *r, const struct ledger *l, const struct event *e);
	void (*after)(struct report *r, const struct ledger *l, const struct event *e);
};
/* taps and report remain the caller's; before any call below. */
void session__set_taps(struct session *s, const struct session_taps *taps, struct report *report);
/*
 * Records from here on; before the first event.  What is given in header is
 * that of the run.
 */
void session__record(struct session *s, struct recorder *r, const char *version, const char *kernel,
		     const char *arch);

/* To ask it, not to change it: that would not be recorded. */
const struct ledger *session__ledger(const struct session *s);

/* ---- as the ledger's functions of that name ---- */

int session__set_role(struct session *s, uint32_t function, enum role role);
int session__event(struct session *s, const struct event *e);
void session__missed(struct session *s, uint64_t count);
void session__woke(struct session *s, uint64_t now);
void session__blind(struct session *s, unsigned blind);
void session__set_grace(struct session *s, uint64_t grace_ns);
void session__judge(struct session *s, const struct allocation *a, enum verdict verdict,
		    uint64_t now);
void session__searched(struct session *s, uint64_t addr, uint64_t id, enum verdict verdict,
		       uint32_t checksum, uint64_t began, uint64_t now);
void session__suspect_all(struct session *s, uint64_t now);
void session__cannot_search(struct session *s);
void session__recheck(struct session *s, uint64_t now);
void session__owner_gone(struct session *s, bool (*owned)(void *ctx, const struct allocation *a),
			 void *ctx, uint64_t now);
void session__forget_devices(struct session *s);
int session__resync(struct session *s, const struct live *live, size_t count, uint64_t snapshot);
void session__ledger_tick(struct session *s, uint64_t now);

/* ---- as those of tell.h ---- */

void session__set_clock(struct session *s, uint64_t offset);
int session__set_command(struct session *s, uint32_t function, uint8_t type, const char *name);
int session__set_device(struct session *s, uint64_t device, const char *name);
void session__forget_device_names(struct session *s);
/* To be called by the tell_bytes with what it gives. */
void session__bytes(struct session *s, uint64_t id, const unsigned char *bytes, size_t size);

/* ---- the run ---- */

/* Tracing has begun. */
void session__start(struct session *s, const struct report_start *start, uint64_t now);
/* Ten times a second or so. */
void session__tick(struct session *s, uint64_t now);
void session__histograms(struct session *s);
/* What the kernel side has counted so far. */
void session__counters(struct session *s, uint64_t lost, uint64_t unseen, uint64_t left_out);
/* The counters are those of the latest session__counters(). */
void session__end(struct session *s, uint64_t now, bool incomplete);

#endif /* NLB_SESSION_H */
