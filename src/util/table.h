/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hash table from a 64-bit key (an address, a task id) to a pointer.
 *
 * Open addressing with linear probing and backward-shift deletion: no
 * tombstones, so a table that lives for months does not slow down.  The table
 * does not own what it points to.
 */
#ifndef NLB_TABLE_H
#define NLB_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_slot {
	uint64_t key;
	void *value; /* NULL: free */
};

/* All zero is an empty table. */
struct table {
	struct table_slot *slots;
	size_t size; /* a power of two, or 0 */
	size_t used;
};

/* Returns the value, or NULL. */
void *table__get(const struct table *t, uint64_t key);
/* value must not be NULL; replaces, which cannot fail.  Returns 0 or -ENOMEM. */
int table__set(struct table *t, uint64_t key, void *value);
/* Returns what was removed, or NULL. */
void *table__remove(struct table *t, uint64_t key);
void table__free(struct table *t);

/* Iterates over all values: for (size_t i = 0; (p = table__next(t, &i));) ...
 * The table must not be changed meanwhile.
 */
void *table__next(const struct table *t, size_t *position);

#endif /* NLB_TABLE_H */
