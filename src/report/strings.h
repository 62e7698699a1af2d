/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings that outlive what they came from, made safe to print: the same text
 * is always the same pointer.
 */
#ifndef NLB_STRINGS_H
#define NLB_STRINGS_H

#include "util/table.h"

/* All zero is empty. */
struct strings {
	struct table table; /* hash -> text, the next free key where they collide */
	uint64_t bytes;	    /* of memory (util/footprint.h), the table's aside */
};

/*
 * A copy of text, made printable (util/printable.h).  NULL for NULL; *err becomes
 * -ENOMEM and "?" is returned when out of memory.
 */
const char *strings__clean(struct strings *s, const char *text, int *err);
void strings__free(struct strings *s);

#endif /* NLB_STRINGS_H */
