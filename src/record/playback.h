/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Plays a recording: makes the calls of session.h that were made when it was
 * recorded, so that a format is told what the live run told it.
 */
#ifndef NLB_PLAYBACK_H
#define NLB_PLAYBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "record/reader.h"
#include "record/session.h"
#include "report/report.h"

struct playback;

/*
 * What a recording can make a report take of memory, bytes: a million live allocations,
 * all of them leaks, fit in the format that keeps most.  What is beyond makes it a damaged
 * one.
 */
#define PLAYBACK_MEMORY_MAX (2ULL << 30)

struct playback_result {
	enum reading reading; /* READING_END, or what ended it before */
	bool complete;	      /* the run came to its end */
	bool traced;	      /* there was something to trace */
	/* The ledger ends up with other numbers than in the run: recorded by
	 * another version, or while memory was short.
	 */
	bool differs;
	uint64_t ns;	     /* that tracing lasted */
	uint64_t events;     /* that the ledger was given */
	const char *problem; /* in words, "" if there is none; as long as playback and reader */
};

/* reader remains the caller's.  NULL when out of memory. */
struct playback *playback__new(struct reader *reader);
void playback__free(struct playback *p);

/* What is said in the recording, and then by whoever listens, is said in these names. */
const struct names *playback__names(const struct playback *p);

/*
 * Who listens: a format (report is what its open() gave, and goes with the
 * playback from here on), or else the ledger's own ops.  One of them, once,
 * before it is played.  0 or -ENOMEM.
 */
int playback__set_format(struct playback *p, const struct report_format *format,
			 struct report *report);
/* What the format is told beside that. */
void playback__set_taps(struct playback *p, const struct session_taps *taps, struct report *report);
void playback__set_ops(struct playback *p, const struct ledger_ops *ops, void *ctx);

/* Another limit than PLAYBACK_MEMORY_MAX; before it is played. */
void playback__set_memory_max(struct playback *p, uint64_t bytes);

/*
 * Plays all there is; what was recorded before any damage is told as far as it
 * goes, end included.
 */
void playback__run(struct playback *p, struct playback_result *result);

/* What is there in the end; NULL where the recording does not get as far as that. */
const struct session *playback__session(const struct playback *p);

#endif /* NLB_PLAYBACK_H */
