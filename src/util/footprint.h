/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What things take of memory, at least as much as they do: for whoever has to keep
 * within a limit, and so wants to know before the next growth and not after it.
 */
#ifndef NLB_FOOTPRINT_H
#define NLB_FOOTPRINT_H

#include <stdint.h>
#include <string.h>

#include "util/table.h"

/* Of what malloc() gives for that size. */
static inline uint64_t footprint(uint64_t size)
{
	return size < 24 ? 32 : (size + 23) / 16 * 16;
}

static inline uint64_t footprint__text(const char *text)
{
	return text ? footprint(strlen(text) + 1) : 0;
}

/*
 * A list that doubles where it is full, of so many things or with so much room: while it
 * does, the old one is there as well.
 */
static inline uint64_t footprint__list(uint64_t count, uint64_t size)
{
	return 3 * count * size;
}

static inline uint64_t footprint__table(const struct table *t)
{
	return footprint__list(t->size, sizeof(*t->slots));
}

#endif /* NLB_FOOTPRINT_H */
