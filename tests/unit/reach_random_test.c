// SPDX-License-Identifier: GPL-2.0-only
/*
 * Random memories against the truth (heap.h): the same in every run, and some
 * new ones each time, whose seed is printed when one of them fails.
 *
 *   REACH_SEED=N build/tests/reach_random_test    begins with that one
 */
#include "unit/unit.h"

#include <time.h>

#include "unit/heap.h"

#define FIXED 4000
#define NEW   4000

static void run(uint64_t first, unsigned rounds, struct heap_counts *counts)
{
	uint8_t bytes[HEAP_BYTES];
	char why[256];

	for (uint64_t seed = first; seed < first + rounds; seed++) {
		/* A generator's first numbers resemble those of the next seed. */
		uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ULL;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)(next_random(&state) >> 8);
		if (!heap__check(bytes, sizeof(bytes), why, sizeof(why), counts))
			fail_msg("REACH_SEED=%llu: %s", (unsigned long long)seed, why);
	}
}

static void fixed(void **state)
{
	struct heap_counts c = { 0 };

	(void)state;
	run(0, FIXED, &c);
	/* There was something to be told apart. */
	assert_true(c.heaps == FIXED && c.members > 10 * c.heaps);
	assert_true(c.reachable > c.members / 20);
	assert_true(c.stale > c.members / 20);
	assert_true(c.leaked > c.members / 20);
	assert_true(c.marked > c.members / 50);
	assert_true(c.overlapping > c.members / 50);
	assert_true(c.through_edges > c.members / 50);
	assert_true(c.named_by_leaked > c.members / 50);
}

static void fresh(void **state)
{
	const char *given = getenv("REACH_SEED");
	uint64_t seed = given ? strtoull(given, NULL, 10) : 1000000ULL * (uint64_t)time(NULL);

	(void)state;
	run(seed, NEW, NULL);
}

static void nothing(void **state)
{
	char why[256];

	(void)state;
	assert_true(heap__check(NULL, 0, why, sizeof(why), NULL));
}

static const struct CMUnitTest reach_random[] = {
	TEST("reach: an empty memory agrees with the model", nothing),
	TEST("reach: 4,000 random memories agree with the model", fixed),
	TEST("reach: 4,000 others, new in each run, do as well", fresh),
};

UNIT_MAIN(reach_random)
