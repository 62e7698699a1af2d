// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hash table against a model that cannot be wrong, and the one thing that
 * is easy to get wrong in it: taking an entry out of a run of colliding ones.
 */
#include "unit/unit.h"

#include "util/table.h"

#define KEYS	4096
#define CLUSTER 6

static void empty(void **state)
{
	struct table t = { 0 };
	size_t i = 0;

	(void)state;
	assert_null(table__get(&t, 0));
	assert_null(table__remove(&t, 42));
	assert_null(table__next(&t, &i));
	table__free(&t);
	table__free(&t);
}

static void replaces(void **state)
{
	struct table t = { 0 };
	int a, b;

	(void)state;
	assert_int_equal(table__set(&t, 0, &a), 0);
	assert_int_equal(table__set(&t, UINT64_MAX, &b), 0);
	assert_ptr_equal(table__get(&t, 0), &a);
	assert_int_equal(table__set(&t, 0, &b), 0);
	assert_ptr_equal(table__get(&t, 0), &b);
	assert_int_equal(t.used, 2);
	assert_ptr_equal(table__remove(&t, 0), &b);
	assert_null(table__remove(&t, 0));
	assert_ptr_equal(table__get(&t, UINT64_MAX), &b);
	table__free(&t);
}

/* So it cannot fail where it must not: a full table is not made larger. */
static void replacing_needs_no_memory(void **state)
{
	struct table t = { 0 };
	uint64_t keys = 0;
	int a, b;

	(void)state;
	do
		assert_int_equal(table__set(&t, keys++, &a), 0);
	while (t.used * 4 < t.size * 3);
	for (uint64_t key = 0; key < keys; key++) {
		struct table_slot *slots = t.slots;

		assert_int_equal(table__set(&t, key, &b), 0);
		assert_ptr_equal(t.slots, slots);
		assert_ptr_equal(table__get(&t, key), &b);
	}
	assert_int_equal(t.used, keys);
	table__free(&t);
}

/* Task ids, slab addresses, hashes: keys as they come. */
static uint64_t key_of(unsigned i)
{
	switch (i % 3) {
	case 0:
		return i;
	case 1:
		return 0xffff888000000000ULL + (uint64_t)i * 64;
	default:
		return (uint64_t)i * 0x100000001b3ULL;
	}
}

static void compare(const struct table *t, void *const *model, char *cells)
{
	size_t position = 0, seen = 0, used = 0;
	char *value;

	for (unsigned i = 0; i < KEYS; i++) {
		used += model[i] != NULL;
		assert_ptr_equal(table__get(t, key_of(i)), model[i]);
	}
	assert_int_equal(t->used, used);
	while ((value = table__next(t, &position))) {
		assert_in_range(value - cells, 0, KEYS - 1);
		seen++;
	}
	assert_int_equal(seen, used);
}

static void random_operations(void **state)
{
	static void *model[KEYS];
	static char cells[KEYS];
	struct table t = { 0 };
	uint64_t seed = 1;

	(void)state;
	for (unsigned n = 0; n < 300000; n++) {
		uint32_t r = next_random(&seed);
		/* Few keys for a while, then many: it grows and empties. */
		unsigned key = r % ((n >> 14) & 1 ? KEYS : 96);
		char *value = &cells[next_random(&seed) % KEYS];

		if ((r >> 12) % 3) {
			assert_int_equal(table__set(&t, key_of(key), value), 0);
			model[key] = value;
		} else {
			assert_ptr_equal(table__remove(&t, key_of(key)), model[key]);
			model[key] = NULL;
		}
		if (n % 20000 == 0)
			compare(&t, model, cells);
	}
	compare(&t, model, cells);
	for (unsigned i = 0; i < KEYS; i++)
		table__remove(&t, key_of(i));
	assert_int_equal(t.used, 0);
	table__free(&t);
}

/* Where a key wants to be in a table of the first size: where it lands alone. */
static size_t home_of(uint64_t key)
{
	struct table t = { 0 };
	size_t i = 0;
	char value;

	assert_int_equal(table__set(&t, key, &value), 0);
	while (!t.slots[i].value)
		i++;
	table__free(&t);
	return i;
}

static uint64_t key_with_home(size_t home, uint64_t *from)
{
	do
		++*from;
	while (home_of(*from) != home);
	return *from;
}

static void remove_in_order(const uint64_t *keys, const unsigned *order)
{
	bool gone[CLUSTER] = { false };
	char values[CLUSTER];
	struct table t = { 0 };

	for (unsigned i = 0; i < CLUSTER; i++)
		assert_int_equal(table__set(&t, keys[i], &values[i]), 0);
	for (unsigned n = 0; n < CLUSTER; n++) {
		assert_ptr_equal(table__remove(&t, keys[order[n]]), &values[order[n]]);
		gone[order[n]] = true;
		for (unsigned i = 0; i < CLUSTER; i++)
			assert_ptr_equal(table__get(&t, keys[i]), gone[i] ? NULL : &values[i]);
	}
	table__free(&t);
}

static void permute(const uint64_t *keys, unsigned *order, unsigned n)
{
	if (n == CLUSTER) {
		remove_in_order(keys, order);
		return;
	}
	for (unsigned i = n; i < CLUSTER; i++) {
		unsigned swap = order[n];

		order[n] = order[i];
		order[i] = swap;
		permute(keys, order, n + 1);
		order[i] = order[n];
		order[n] = swap;
	}
}

/* One run of six over the end of the table, taken out in all 720 orders. */
static void colliding_runs(void **state)
{
	static const int homes[][CLUSTER] = {
		{ -2, -2, -1, -1, 0, 0 }, /* each wants its own place, and another has it */
		{ -1, -1, -1, -1, -1, -1 },
		{ 0, -1, 0, -1, -2, 0 },
		{ 10, 11, 10, 13, 10, 12 },
	};
	struct table t = { 0 };
	char value;
	size_t size;

	(void)state;
	assert_int_equal(table__set(&t, 1, &value), 0);
	size = t.size;
	table__free(&t);
	for (size_t c = 0; c < ARRAY_SIZE(homes); c++) {
		unsigned order[CLUSTER] = { 0, 1, 2, 3, 4, 5 };
		uint64_t keys[CLUSTER], from = 0;

		for (size_t i = 0; i < CLUSTER; i++)
			keys[i] = key_with_home((size + (size_t)homes[c][i]) % size, &from);
		permute(keys, order, 0);
	}
}

/* A table that lives for months has as many entries as are live, not more. */
static void does_not_grow_for_ever(void **state)
{
	struct table t = { 0 };
	char value;

	(void)state;
	for (uint64_t key = 0; key < 100000; key++) {
		assert_int_equal(table__set(&t, key, &value), 0);
		if (key >= 40)
			assert_non_null(table__remove(&t, key - 40));
	}
	assert_int_equal(t.used, 40);
	assert_true(t.size <= 128);
	table__free(&t);
}

static const struct CMUnitTest table[] = {
	TEST("table: an empty one finds nothing and can be freed twice", empty),
	TEST("table: a value is replaced, key 0 is a key", replaces),
	TEST("table: replacing a value takes no memory", replacing_needs_no_memory),
	TEST("table: 300,000 random operations agree with a model", random_operations),
	TEST("table: colliding runs are deleted in all orders, also over the end", colliding_runs),
	TEST("table: size follows what is in it, not how long it lives", does_not_grow_for_ever),
};

UNIT_MAIN(table)
