/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small pretended memory, made from a string of bytes, whose truth is known:
 * what the graph of the search says about it is compared with the plainest way
 * to compute the same.  One string of bytes is one test, whether a random number
 * generator or a fuzzer made it.
 */
#ifndef NLB_TEST_HEAP_H
#define NLB_TEST_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are looked at: what is longer is cut, what is shorter ends in zeroes. */
#define HEAP_BYTES 1024

/* What there was to find out, to see that the tests do not test nothing. */
struct heap_counts {
	uint64_t heaps, members, overlapping;
	uint64_t reachable, stale, marked, leaked; /* members */
	uint64_t through_edges;			   /* reachable, but named by no root */
	uint64_t named_by_leaked;		   /* leaked, and named by such */
};

/*
 * Builds it, asks reach.h, compares.  True, or false and in why (of len bytes)
 * what is wrong.  counts may be NULL, else is added to.
 */
bool heap__check(const uint8_t *bytes, size_t size, char *why, size_t len,
		 struct heap_counts *counts);

#endif /* NLB_TEST_HEAP_H */
