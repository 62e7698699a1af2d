/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines that a client and a running `run` exchange (docs/control.md), taken
 * apart.  Pure: text in, meaning out; whatever bytes come, nothing else happens.
 */
#ifndef NLB_SERVE_LINE_H
#define NLB_SERVE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_MAX_BYTES 255 /* of a request, without its newline */

struct line {
	char verb[16];
	char argument[LINE_MAX_BYTES + 1]; /* "" if there is none */
};

/*
 * A request: "VERB", "VERB ARGUMENT" or, as kmemleak has it, "VERB=ARGUMENT"; a
 * carriage return before the newline is no part of it.  Returns 0, or -EINVAL for
 * anything else.
 */
int line__parse(const char *text, size_t len, struct line *out);

/* What "scan" is to do. */
struct scan_order {
	enum {
		SCAN_NOW,
		SCAN_ON,    /* at intervals again */
		SCAN_OFF,   /* only when told to */
		SCAN_EVERY, /* interval_ns, at least a second */
	} what;
	uint64_t interval_ns;
};

/* The arguments of the verbs.  0, or -EINVAL. */
int line__scan(const char *argument, struct scan_order *out);
/* 0x and digits, or 16 digits without it, as kernel messages have them. */
int line__address(const char *argument, uint64_t *addr);
/* "json" or nothing. */
int line__json(const char *argument, bool *json);

/* The line that an answer begins with. */
struct status_line {
	enum { STATUS_LATER, STATUS_OK, STATUS_ERROR } what;
	uint64_t length; /* ok: bytes of data that follow */
	char text[512];	 /* ok: a remark or ""; error: what is wrong */
};

/* A status line without its newline.  0, or -EINVAL. */
int line__status(const char *text, size_t len, struct status_line *out);

#endif /* NLB_SERVE_LINE_H */
