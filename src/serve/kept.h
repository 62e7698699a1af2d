/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of a finding for those who ask about it later: its bytes as they
 * were when the leak was established, and whether it was cleared.
 */
#ifndef NLB_KEPT_H
#define NLB_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_BYTES 32

struct kept_finding {
	uint64_t id; /* the allocation's */
	unsigned char bytes[KEPT_BYTES];
	uint8_t nr_bytes;
	bool cleared;
	uint32_t crc; /* as kmemleak computes it */
};

struct kept;

/* NULL when out of memory. */
struct kept *kept__new(void);
void kept__free(struct kept *k);

/* Copies *f; one with this id is replaced.  0 or -ENOMEM. */
int kept__add(struct kept *k, const struct kept_finding *f);
/* Valid until the next change; NULL: nothing is kept of it. */
const struct kept_finding *kept__get(const struct kept *k, uint64_t id);
/* The finding is no more. */
void kept__remove(struct kept *k, uint64_t id);

/* From now on it is cleared, also if nothing was kept of it.  0 or -ENOMEM. */
int kept__clear(struct kept *k, uint64_t id);
bool kept__cleared(const struct kept *k, uint64_t id);
size_t kept__nr_cleared(const struct kept *k);

#endif /* NLB_KEPT_H */
