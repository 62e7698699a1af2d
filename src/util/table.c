// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hash table of table.h.
 */
#include "util/table.h"

#include <errno.h>
#include <stdlib.h>

static size_t home(const struct table *t, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15ULL) >> 32) & (t->size - 1);
}

static size_t find(const struct table *t, uint64_t key)
{
	size_t i = home(t, key);

	while (t->slots[i].value && t->slots[i].key != key)
		i = (i + 1) & (t->size - 1);
	return i;
}

void *table__get(const struct table *t, uint64_t key)
{
	return t->size ? t->slots[find(t, key)].value : NULL;
}

static int grow(struct table *t)
{
	struct table bigger = { .size = t->size ? t->size * 2 : 64, .used = t->used };

	bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].value)
			bigger.slots[find(&bigger, t->slots[i].key)] = t->slots[i];
	free(t->slots);
	*t = bigger;
	return 0;
}

int table__set(struct table *t, uint64_t key, void *value)
{
	size_t i = t->size ? find(t, key) : 0;

	if (!t->size || !t->slots[i].value) {
		if (t->used * 4 >= t->size * 3) {
			if (grow(t))
				return -ENOMEM;
			i = find(t, key);
		}
		t->used++;
	}
	t->slots[i].key = key;
	t->slots[i].value = value;
	return 0;
}

void *table__remove(struct table *t, uint64_t key)
{
	size_t hole, i;
	void *value;

	if (!t->size)
		return NULL;
	hole = find(t, key);
	value = t->slots[hole].value;
	if (!value)
		return NULL;
	/* Pull back every later entry of the run that may move into the hole. */
	for (i = (hole + 1) & (t->size - 1); t->slots[i].value; i = (i + 1) & (t->size - 1)) {
		size_t want = home(t, t->slots[i].key);

		if (((i - want) & (t->size - 1)) >= ((i - hole) & (t->size - 1))) {
			t->slots[hole] = t->slots[i];
			hole = i;
		}
	}
	t->slots[hole].value = NULL;
	t->used--;
	return value;
}

void table__free(struct table *t)
{
	free(t->slots);
	*t = (struct table){ 0 };
}

void *table__next(const struct table *t, size_t *position)
{
	while (*position < t->size) {
		void *value = t->slots[(*position)++].value;

		if (value)
			return value;
	}
	return NULL;
}
