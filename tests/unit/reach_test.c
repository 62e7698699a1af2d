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

/* As large as a set may get: no recursion, and no more work than there is graph. */
enum { COUNT = 100000 };

static uint64_t bound(uint64_t edges)
{
	/* Each object's edges are looked up once for each of the two colours. */
	return edges + 2ULL * COUNT * 18;
}

static struct reach *large(struct reach_object **objects)
{
	struct reach *r;

	*objects = calloc(COUNT, sizeof(**objects));
	assert_non_null(*objects);
	for (size_t i = 0; i < COUNT; i++)
		(*objects)[i] = (struct reach_object){ .addr = BASE + i * 64, .size = 64 };
	r = reach__new(*objects, COUNT);
	assert_non_null(r);
	return r;
}

static void deep(void **state)
{
	for (unsigned backwards = 0; backwards < 2; backwards++) {
		for (unsigned stale = 0; stale < 2; stale++) {
			struct reach_object *objects;
			struct reach *r = large(&objects);
			size_t missing = 0;

			(void)state;
			for (size_t i = 0; i + 1 < COUNT; i++) {
				size_t from = backwards ? COUNT - 1 - i : i;
				size_t to = backwards ? from - 1 : from + 1;

				assert_int_equal(reach__edge(r, &objects[from], &objects[to]), 0);
			}
			reach__root(r, &objects[backwards ? COUNT - 1 : 0], stale);
			reach__finish(r);
			for (size_t i = 0; i < COUNT; i++)
				missing +=
					objects[i].reachable == stale || objects[i].stale != stale;
			assert_int_equal(missing, 0);
			assert_true(reach__steps(r) >= COUNT - 1);
			assert_true(reach__steps(r) <= bound(COUNT - 1));
			reach__free(r);
			free(objects);
		}
	}
}

/* One names all and is named by all, again and again: a list head's neighbours do that. */
static void wide(void **state)
{
	struct reach_object *objects;
	struct reach *r = large(&objects);
	size_t edges = 0, missing = 0;

	(void)state;
	for (size_t i = 1; i < COUNT; i++) {
		for (unsigned n = 0; n < 3; n++, edges += 2) {
			assert_int_equal(reach__edge(r, &objects[0], &objects[i]), 0);
			assert_int_equal(reach__edge(r, &objects[i], &objects[0]), 0);
		}
	}
	reach__root(r, &objects[COUNT / 2], false);
	reach__finish(r);
	for (size_t i = 0; i < COUNT; i++)
		missing += !objects[i].reachable;
	assert_int_equal(missing, 0);
	assert_true(reach__steps(r) <= bound(edges));
	reach__free(r);
	free(objects);
}

/* ---- words in memory ---- */

static unsigned asked;
static uint64_t asked_of;

static bool is_free(void *ctx, uint64_t object)
{
	asked++;
	asked_of = object;
	return *(const bool *)ctx;
}

static bool free_yes = true, free_no;

/* Five objects of 64 bytes with a gap after each; what is in them is up to the test. */
struct memory {
	struct reach_object objects[5];
	uint64_t words[5][8];
	struct reach *r;
};

static uint64_t addr_of(unsigned i)
{
	return BASE + i * 128;
}

static void memory_start(struct memory *m)
{
	memset(m, 0, sizeof(*m));
	for (unsigned i = 0; i < 5; i++)
		m->objects[i] = (struct reach_object){ .addr = addr_of(i), .size = 64 };
	m->r = reach__new(m->objects, 5);
	assert_non_null(m->r);
	asked = 0;
}

/* One word of a root, or of an object outside the set. */
static void look_at(struct memory *m, uint64_t word, uint64_t from, const bool *freed)
{
	assert_int_equal(
		reach__look(m->r, &word, sizeof(word), from, is_free, (void *)(uintptr_t)freed), 0);
}

/* Also looks through the objects. */
static void memory_finish(struct memory *m)
{
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(reach__look(m->r, m->words[i], sizeof(m->words[i]), addr_of(i),
					     is_free, &free_no),
				 0);
	reach__finish(m->r);
	reach__free(m->r);
}

static void words(void **state)
{
	struct memory m;

	(void)state;
	memory_start(&m);
	look_at(&m, addr_of(0), 0, &free_no);
	look_at(&m, addr_of(1) + 63, 0, &free_no); /* a timer in its last byte */
	look_at(&m, addr_of(2) + 64, 0, &free_no); /* behind the end */
	look_at(&m, addr_of(3) - 1, 0, &free_no);
	look_at(&m, 0, 0, &free_no);
	look_at(&m, UINT64_MAX, 0, &free_no);
	memory_finish(&m);
	assert_true(m.objects[0].reachable);
	assert_true(m.objects[1].reachable);
	for (unsigned i = 2; i < 5; i++)
		assert_false(m.objects[i].reachable || m.objects[i].stale);
	/* Roots are not slab objects: nobody is asked. */
	assert_int_equal(asked, 0);
}

/* Only whole words at multiples of eight. */
static void unaligned(void **state)
{
	unsigned char bytes[8 * 4 + 7] = { 0 };
	uint64_t word = addr_of(0);
	struct memory m;

	(void)state;
	memory_start(&m);
	for (size_t at = 1; at + 8 < sizeof(bytes); at += 9)
		memcpy(bytes + at, &word, sizeof(word)); /* at 1, 10, 19, 28 */
	word = addr_of(1);
	memcpy(bytes + 32, &word, 7); /* cut */
	assert_int_equal(reach__look(m.r, bytes, sizeof(bytes), 0, is_free, &free_no), 0);
	for (size_t size = 0; size < 8; size++)
		assert_int_equal(reach__look(m.r, &word, size, 0, is_free, &free_no), 0);
	memory_finish(&m);
	assert_false(m.objects[0].reachable || m.objects[1].reachable);
}

static void list_heads(void **state)
{
	struct memory m;

	(void)state;
	memory_start(&m);
	/* An empty list in 0; 1 and 2 on a list of their own; 3 on one with a head outside. */
	m.words[0][2] = m.words[0][3] = addr_of(0) + 16;
	m.words[1][0] = m.words[1][1] = addr_of(2) + 8;
	m.words[2][1] = m.words[2][2] = addr_of(1);
	m.words[3][6] = m.words[3][7] = BASE - 4096;
	look_at(&m, addr_of(3) + 48, BASE - 4096, &free_no);
	memory_finish(&m);
	for (unsigned i = 0; i < 3; i++)
		assert_false(m.objects[i].reachable || m.objects[i].stale);
	assert_true(m.objects[3].reachable);
	assert_int_equal(asked, 1);
	assert_int_equal(asked_of, BASE - 4096);
}

/* A pending timer or delayed work is known by its struct, in the middle of the object. */
static void embedded(void **state)
{
	struct memory m;

	(void)state;
	memory_start(&m);
	m.words[0][4] = addr_of(1);		   /* what the work will free with itself */
	m.words[0][3] = BASE - 8192;		   /* timer->entry.pprev */
	look_at(&m, addr_of(0) + 24, 0, &free_no); /* the wheel's bucket */
	m.words[2][4] = addr_of(3);		   /* not pending */
	memory_finish(&m);
	assert_true(m.objects[0].reachable && m.objects[1].reachable);
	assert_false(m.objects[2].reachable || m.objects[3].reachable);
}

static void from_freed(void **state)
{
	uint64_t twice[2] = { addr_of(0), addr_of(1) };
	struct memory m;

	(void)state;
	memory_start(&m);
	assert_int_equal(reach__look(m.r, twice, sizeof(twice), BASE - 4096, is_free, &free_yes),
			 0);
	assert_int_equal(asked, 1);
	look_at(&m, addr_of(1), BASE - 512, &free_no);
	look_at(&m, BASE - 64, BASE - 1024, &free_no); /* names none: not asked */
	assert_int_equal(asked, 2);
	m.words[0][0] = addr_of(2);
	memory_finish(&m);
	/* Of members nobody asks, free or not. */
	assert_int_equal(asked, 2);
	assert_true(m.objects[0].stale && !m.objects[0].reachable);
	assert_true(m.objects[1].reachable && !m.objects[1].stale);
	assert_true(m.objects[2].stale && !m.objects[2].reachable);
	assert_false(m.objects[3].stale || m.objects[3].reachable);
}

/* What a freed command left behind, in memory that is something else's now. */
static void ghosts(void **state)
{
	struct memory m;

	(void)state;
	memory_start(&m);
	m.objects[0].ghost = BASE - 4096;
	m.objects[0].ghost_size = 16;
	look_at(&m, addr_of(0), BASE - 4096, &free_no);
	look_at(&m, addr_of(1), BASE - 4096, &free_no);
	m.objects[2].ghost = BASE - 4096;
	m.objects[2].ghost_size = 16;
	look_at(&m, addr_of(2), BASE - 4096 + 16, &free_no); /* right behind it */
	/* In a member: 4 holds 1 only, 3 is named where its ghost was. */
	m.objects[3].ghost = addr_of(4) + 8;
	m.objects[3].ghost_size = 8;
	m.words[4][1] = addr_of(3);
	memory_finish(&m);
	assert_true(m.objects[0].stale && !m.objects[0].reachable);
	assert_true(m.objects[1].reachable);
	assert_true(m.objects[2].reachable && !m.objects[2].stale);
	assert_true(m.objects[3].stale && !m.objects[3].reachable);
	assert_false(m.objects[4].stale || m.objects[4].reachable);
}

/* A ghost that wraps around covers no memory below it. */
static void ghost_at_the_top(void **state)
{
	struct memory m;

	(void)state;
	memory_start(&m);
	m.objects[0].ghost = UINT64_MAX - 7;
	m.objects[0].ghost_size = UINT64_MAX;
	look_at(&m, addr_of(0), BASE - 4096, &free_no);
	m.objects[1].ghost = 0;
	m.objects[1].ghost_size = UINT64_MAX;
	look_at(&m, addr_of(1), BASE - 4096, &free_no);
	memory_finish(&m);
	assert_true(m.objects[0].reachable && !m.objects[0].stale);
	assert_true(m.objects[1].stale && !m.objects[1].reachable);
}

/* One that is gone, 64 bytes, lies in one of 512 that is live; or the other way round. */
static void gone(void **state)
{
	struct reach_object objects[] = { { .addr = BASE, .size = 512 },
					  { .addr = BASE + 64, .size = 64 },
					  { .addr = BASE + 1024, .size = 64 } };
	struct reach_object around[] = { { .addr = BASE, .size = 512 },
					 { .addr = BASE + 1024, .size = 64 } };
	uint64_t word = BASE + 100, target = BASE + 1024;
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));

	(void)state;
	/* Who names the one that is gone names the live one, which holds the third. */
	assert_int_equal(reach__look(r, &word, 8, 0, is_free, &free_no), 0);
	assert_int_equal(reach__look(r, &target, 8, BASE, is_free, &free_no), 0);
	reach__finish(r);
	for (unsigned i = 0; i < 3; i++)
		assert_true(objects[i].reachable);
	reach__free(r);
	/* The one that is gone is the large one, and what is there now is no member. */
	r = reach__new(around, ARRAY_SIZE(around));
	asked = 0;
	assert_int_equal(reach__look(r, &target, 8, BASE + 64, is_free, &free_no), 0);
	reach__finish(r);
	assert_int_equal(asked, 1);
	assert_false(around[0].reachable);
	assert_true(around[1].reachable);
	reach__free(r);
}

/* Twice the same: whichever the ledger asks about, it gets the same answer. */
static void duplicates(void **state)
{
	struct reach_object objects[] = { { .addr = BASE, .size = 64 },
					  { .addr = BASE, .size = 64 },
					  { .addr = BASE + 64, .size = 64 },
					  { .addr = BASE + 64, .size = 64 } };
	struct reach *r = reach__new(objects, ARRAY_SIZE(objects));
	uint64_t root = BASE + 8, next = BASE + 72;

	(void)state;
	assert_int_equal(reach__look(r, &root, 8, 0, is_free, &free_no), 0);
	assert_int_equal(reach__look(r, &next, 8, BASE, is_free, &free_no), 0);
	reach__mark(r, next);
	reach__finish(r);
	for (unsigned i = 0; i < 4; i++) {
		assert_true(objects[i].reachable);
		assert_int_equal(objects[i].marked, i >= 2);
	}
	reach__free(r);
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
	TEST("reach: chains of 100,000, in a bounded number of steps", deep),
	TEST("reach: one that names 100,000 and is named by them", wide),
	TEST("reach: pointers to the start, into the middle, behind the end", words),
	TEST("reach: only whole, aligned words count", unaligned),
	TEST("reach: an object's own list head is no reference", list_heads),
	TEST("reach: a timer or a work inside an object holds it", embedded),
	TEST("reach: words in freed memory", from_freed),
	TEST("reach: words that a freed command left behind", ghosts),
	TEST("reach: such a command at the top of the address space", ghost_at_the_top),
	TEST("reach: a member that is gone, and what lies there now", gone),
	TEST("reach: the same object twice", duplicates),
};

UNIT_MAIN(reach)
