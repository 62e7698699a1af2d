/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Writes a recording: items (item.h) into blocks (block.h) into a file.
 *
 * A block goes to the file when it is full, or a second after its first item;
 * what is only a tick may wait ten.  So a recording lacks at most that when the
 * tracer is killed.  Where writing fails it is said once, the recording ends
 * with its last whole block, and tracing goes on.
 */
#ifndef NLB_RECORDER_H
#define NLB_RECORDER_H

#include <stdint.h>

#include "record/item.h"

struct recorder;

/*
 * Opens the file, and makes it where there is none; what is in it stays.  Only its
 * owner may read what is made, since kernel addresses and bytes are in there.
 * Returns 0 or a negative errno, which was said.
 */
int recorder__open(struct recorder **out, const char *path);
/*
 * There is something to record: what was in the file goes.  SIGXFSZ is ignored from
 * then on.  Returns 0 or a negative errno, which was said.
 */
int recorder__begin(struct recorder *r);
/*
 * Writes what is still due, or where nothing was begun leaves all as it was.  0, or the
 * negative errno that the recording failed with.
 */
int recorder__close(struct recorder *r);

/* Once it was begun.  r NULL: does nothing, as after a failure. */
void recorder__write(struct recorder *r, const struct item *item);
/* Lets a block go that has waited long enough.  now: CLOCK_MONOTONIC, nanoseconds. */
void recorder__tick(struct recorder *r, uint64_t now);

/* Bytes written so far. */
uint64_t recorder__bytes(const struct recorder *r);

#endif /* NLB_RECORDER_H */
