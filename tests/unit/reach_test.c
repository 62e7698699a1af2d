// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pure part of the search: what is reachable from roots, what only names
 * itself, and what freed memory still names; random graphs against a model.
 */
#include "unit/unit.h"

#include "scan/reach.h"

#define BASE  0xffff888000000000ULL
#define NODES 40

static struct reach_object *at(struct reach *r, uint64_t addr)
{
	struct reach_object *o = reach__find(r, addr);

	assert_non_null(o);
	return o;
}

static void empty(void **state)
{
	struct reach *r = reach__new(NULL, 0);

	(void)state;
	assert_non_null(r);
	assert_null(reach__find(r, 0));
	assert_null(reach__find(r, BASE));
	assert_false(reach__spans(r, 0));
	reach__finish(r);
	reach__free(r);
	reach__free(NULL);
}

static void finding(void **state)
{
	/* Given in no order, some of them neighbours. */
	struct reach_object objects[] = {
		{ .addr = BASE + 0x2000, .size = 64, .reachable = true, .stale = true },
		{ .addr = BASE + 0x1000, .size = 8 },
		{ .addr = BASE + 0x1008, .size = 8 },
		{ .addr = BASE + 0x3000, .size = 1 },
	};
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));

	(void)state;
	assert_int_equal(at(r, BASE + 0x1000)->addr, BASE + 0x1000);
	assert_int_equal(at(r, BASE + 0x1007)->addr, BASE + 0x1000);
	assert_int_equal(at(r, BASE + 0x1008)->addr, BASE + 0x1008);
	/* Into the middle counts, behind the end does not. */
	assert_int_equal(at(r, BASE + 0x203f)->addr, BASE + 0x2000);
	assert_null(reach__find(r, BASE + 0x2040));
	assert_null(reach__find(r, BASE + 0x1010));
	assert_null(reach__find(r, BASE + 0xfff));
	assert_int_equal(at(r, BASE + 0x3000)->addr, BASE + 0x3000);
	assert_null(reach__find(r, BASE + 0x3001));
	assert_null(reach__find(r, 0));
	assert_null(reach__find(r, UINT64_MAX));
	assert_true(reach__spans(r, BASE + 0x1000));
	assert_false(reach__spans(r, BASE + 0xfff));
	assert_false(reach__spans(r, BASE + 0x3001));
	/* What was said of them before is forgotten. */
	reach__finish(r);
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		assert_false(objects[i].reachable);
		assert_false(objects[i].stale);
	}
	reach__free(r);
}

/* addr + size is 0 there, or more than fits: neither hides what lies below. */
static void top(void **state)
{
	struct reach_object objects[] = {
		{ .addr = BASE, .size = 64 },
		{ .addr = UINT64_MAX - 63, .size = 64 },
		{ .addr = BASE + 0x1000, .size = 64 },
		{ .addr = UINT64_MAX - 127, .size = 64 },
	};
	struct reach_object beyond[] = { { .addr = UINT64_MAX - 7, .size = UINT64_MAX },
					 { .addr = BASE, .size = 8 } };
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));

	(void)state;
	assert_int_equal(at(r, UINT64_MAX)->addr, UINT64_MAX - 63);
	assert_int_equal(at(r, UINT64_MAX - 64)->addr, UINT64_MAX - 127);
	assert_int_equal(at(r, BASE + 63)->addr, BASE);
	assert_int_equal(at(r, BASE + 0x1000)->addr, BASE + 0x1000);
	assert_null(reach__find(r, 0));
	reach__free(r);
	r = reach__new(beyond, ARRAY_SIZE(beyond));
	assert_int_equal(at(r, UINT64_MAX)->addr, UINT64_MAX - 7);
	assert_int_equal(at(r, BASE)->addr, BASE);
	/* Memory does not begin again. */
	assert_null(reach__find(r, 0));
	assert_null(reach__find(r, 1));
	assert_null(reach__find(r, BASE - 1));
	reach__free(r);
}

/* At the other end, where NULL would point into it. */
static void bottom(void **state)
{
	struct reach_object objects[] = { { .addr = 0, .size = 16 },
					  { .addr = 16, .size = 0 },
					  { .addr = 32, .size = 0 } };
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));

	(void)state;
	assert_int_equal(at(r, 0)->size, 16);
	assert_int_equal(at(r, 15)->size, 16);
	/* Nothing points into what is empty. */
	assert_null(reach__find(r, 16));
	assert_null(reach__find(r, 32));
	assert_false(reach__spans(r, 16));
	reach__free(r);
}

/* What was freed unseen may have been made part of something else since. */
static void overlapping(void **state)
{
	struct reach_object objects[] = { { .addr = BASE, .size = 512 },
					  { .addr = BASE + 64, .size = 64 },
					  { .addr = BASE + 64, .size = 8 },
					  { .addr = BASE + 192, .size = 64 },
					  { .addr = BASE + 480, .size = 64 } };
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));
	struct reach_object *o;

	(void)state;
	/* Behind those inside, in none of them, in two and in three. */
	assert_int_equal(at(r, BASE + 300)->addr, BASE);
	assert_int_equal(at(r, BASE + 150)->addr, BASE);
	assert_null(reach__next(r, at(r, BASE + 300), BASE + 300));
	o = at(r, BASE + 200);
	assert_int_equal(o->addr, BASE + 192);
	assert_int_equal(reach__next(r, o, BASE + 200)->addr, BASE);
	o = at(r, BASE + 70);
	assert_int_equal(o->addr, BASE + 64);
	o = reach__next(r, o, BASE + 70);
	assert_int_equal(o->addr, BASE + 64);
	o = reach__next(r, o, BASE + 70);
	assert_int_equal(o->addr, BASE);
	assert_null(reach__next(r, o, BASE + 70));
	/* Of two at one address, the longer one. */
	assert_int_equal(at(r, BASE + 100)->size, 64);
	assert_int_equal(at(r, BASE + 520)->addr, BASE + 480);
	assert_null(reach__next(r, at(r, BASE + 520), BASE + 520));
	assert_null(reach__find(r, BASE + 544));
	reach__free(r);
}

static void chain(void **state)
{
	struct reach_object objects[5];
	struct reach *r;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		objects[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
	r = reach__new(objects, 5);
	/* root -> 0 -> 1 -> 2, and 3 <-> 4 */
	reach__root(r, &objects[0], false);
	assert_int_equal(reach__edge(r, &objects[1], &objects[2]), 0);
	assert_int_equal(reach__edge(r, &objects[0], &objects[1]), 0);
	assert_int_equal(reach__edge(r, &objects[3], &objects[4]), 0);
	assert_int_equal(reach__edge(r, &objects[4], &objects[3]), 0);
	assert_int_equal(reach__edge(r, &objects[4], &objects[4]), 0);
	reach__finish(r);
	assert_true(objects[0].reachable && objects[1].reachable && objects[2].reachable);
	assert_false(objects[3].reachable || objects[4].reachable);
	reach__free(r);
}

static void stale(void **state)
{
	struct reach_object objects[4];
	struct reach *r;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		objects[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
	r = reach__new(objects, 4);
	reach__root(r, &objects[0], true);
	reach__root(r, &objects[1], true);
	reach__root(r, &objects[1], false);
	reach__root(r, &objects[2], true);
	assert_int_equal(reach__edge(r, &objects[1], &objects[2]), 0);
	reach__finish(r);
	assert_true(objects[0].stale && !objects[0].reachable);
	/* Live memory names these as well. */
	assert_true(objects[1].reachable && !objects[1].stale);
	assert_true(objects[2].reachable && !objects[2].stale);
	assert_false(objects[3].reachable || objects[3].stale);
	reach__free(r);
}

/* An object must not be more certain than all that names it. */
static void stale_chain(void **state)
{
	struct reach_object objects[6];
	struct reach *r;

	(void)state;
	for (size_t i = 0; i < 6; i++)
		objects[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
	r = reach__new(objects, 6);
	/* freed -> 0 -> 1 <-> 2 -> 4 and root -> 3 -> 4; 5 names 0, and nobody names 5 */
	reach__root(r, &objects[0], true);
	reach__root(r, &objects[3], false);
	assert_int_equal(reach__edge(r, &objects[2], &objects[4]), 0);
	assert_int_equal(reach__edge(r, &objects[2], &objects[1]), 0);
	assert_int_equal(reach__edge(r, &objects[1], &objects[2]), 0);
	assert_int_equal(reach__edge(r, &objects[0], &objects[1]), 0);
	assert_int_equal(reach__edge(r, &objects[3], &objects[4]), 0);
	assert_int_equal(reach__edge(r, &objects[5], &objects[0]), 0);
	reach__finish(r);
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(objects[i].stale, i < 3);
		assert_int_equal(objects[i].reachable, i == 3 || i == 4);
	}
	reach__free(r);
}

/* Against the plainest way to compute the same. */
static void random_graphs(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		bool edge[NODES][NODES] = { 0 }, reached[NODES] = { 0 };
		struct reach_object objects[NODES];
		struct reach *r;

		for (size_t i = 0; i < NODES; i++)
			objects[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
		r = reach__new(objects, NODES);
		for (unsigned n = next_random(&seed) % 90; n; n--) {
			unsigned from = next_random(&seed) % NODES, to = next_random(&seed) % NODES;

			edge[from][to] = true;
			assert_int_equal(reach__edge(r, &objects[from], &objects[to]), 0);
		}
		for (unsigned n = next_random(&seed) % 4; n; n--) {
			unsigned root = next_random(&seed) % NODES;

			reached[root] = true;
			reach__root(r, &objects[root], false);
		}
		for (unsigned pass = 0; pass < NODES; pass++)
			for (unsigned i = 0; i < NODES; i++)
				for (unsigned j = 0; j < NODES; j++)
					reached[j] |= reached[i] && edge[i][j];
		reach__finish(r);
		for (unsigned i = 0; i < NODES; i++)
			assert_int_equal(objects[i].reachable, reached[i]);
		reach__free(r);
	}
}

static void deep(void **state)
{
	enum { COUNT = 100000 };
	struct reach_object *objects = calloc(COUNT, sizeof(*objects));
	struct reach *r;

	(void)state;
	for (size_t i = 0; i < COUNT; i++)
		objects[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
	r = reach__new(objects, COUNT);
	for (size_t i = 0; i + 1 < COUNT; i++)
		assert_int_equal(reach__edge(r, &objects[i], &objects[i + 1]), 0);
	reach__root(r, &objects[0], false);
	reach__finish(r);
	assert_true(objects[COUNT - 1].reachable);
	reach__free(r);
	free(objects);
}

static const struct CMUnitTest reach[] = {
	TEST("reach: an empty set", empty),
	TEST("reach: which object an address points into", finding),
	TEST("reach: objects at the top of the address space", top),
	TEST("reach: objects at address 0, and empty ones", bottom),
	TEST("reach: objects that overlap", overlapping),
	TEST("reach: what roots reach, and a circle that nobody does", chain),
	TEST("reach: references from freed memory", stale),
	TEST("reach: what is named only by what freed memory names", stale_chain),
	TEST("reach: random graphs agree with a model", random_graphs),
	TEST("reach: a chain of 100,000", deep),
};

UNIT_MAIN(reach)
