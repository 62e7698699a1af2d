/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a recording, item after item, forward only: so pipes are good too.
 *
 * Believes nothing: whatever is in the file, the memory taken has a limit, and
 * what cannot be is an error that says where.  It stops at the first damage:
 * what comes after a hole makes no sense without what was in it.
 */
#ifndef NLB_READER_H
#define NLB_READER_H

#include <stdint.h>
#include <stdio.h>

#include "record/item.h"

struct reader;

enum reading {
	READING_ITEM,
	READING_END,	 /* of the file: after a whole block or, in a crash, in the middle of one */
	READING_DAMAGED, /* from here on it makes no sense */
	READING_FOREIGN, /* no recording */
	READING_NEWER,	 /* a recording of a later version */
	READING_FAILED,	 /* the file could not be read, or no memory */
};

/* in remains the caller's.  NULL when out of memory. */
struct reader *reader__new(FILE *in);
void reader__free(struct reader *r);

/* The texts in item are good until the next call. */
enum reading reader__next(struct reader *r, struct item *item);

/*
 * Why it is READING_DAMAGED and so on, in words; "" where nothing is wrong.
 */
const char *reader__problem(const struct reader *r);
/* Whole blocks and the bytes that they and the prelude took. */
uint64_t reader__blocks(const struct reader *r);
uint64_t reader__bytes(const struct reader *r);

#endif /* NLB_READER_H */
