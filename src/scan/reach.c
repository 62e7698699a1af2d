// SPDX-License-Identifier: GPL-2.0-only
/*
 * The graph of reach.h.
 */
#include "scan/reach.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct edge {
	uint32_t from, to;
};

struct reach {
	struct reach_object *objects;
	size_t count;
	uint64_t low;	/* first byte of them all */
	uint64_t *last; /* last byte of each and all before it, to find those that overlap */
	struct edge *edges;
	size_t nr_edges, room;
	uint64_t steps;
	size_t sought; /* and not marked */
};

static int by_address(const void *a, const void *b)
{
	const struct reach_object *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Of an object that is not empty.  Memory ends at the top of the address space. */
static uint64_t last_byte(const struct reach_object *o)
{
	return o->size - 1 < UINT64_MAX - o->addr ? o->addr + (o->size - 1) : UINT64_MAX;
}

struct reach *reach__new(struct reach_object *objects, size_t count)
{
	struct reach *r = calloc(1, sizeof(*r));
	uint64_t high = 0;

	if (!r || count > UINT32_MAX)
		goto fail;
	r->last = calloc(count + 1, sizeof(*r->last));
	if (!r->last)
		goto fail;
	r->objects = objects;
	r->count = count;
	r->low = UINT64_MAX;
	if (count)
		qsort(objects, count, sizeof(*objects), by_address);
	for (size_t i = 0; i < count; i++) {
		struct reach_object *o = &objects[i];

		o->reachable = o->stale = o->marked = false;
		r->sought += o->sought;
		if (o->size) { /* else nothing points into it */
			r->low = o->addr < r->low ? o->addr : r->low;
			high = last_byte(o) > high ? last_byte(o) : high;
		}
		r->last[i] = high;
	}
	return r;
fail:
	free(r);
	return NULL;
}

void reach__free(struct reach *r)
{
	if (!r)
		return;
	free(r->last);
	free(r->edges);
	free(r);
}

bool reach__spans(const struct reach *r, uint64_t addr)
{
	return addr >= r->low && r->count && addr <= r->last[r->count - 1];
}

/* Memory neither ends before it begins nor begins again behind its end. */
static bool within(uint64_t addr, uint64_t start, uint64_t size)
{
	return addr >= start && addr - start < size;
}

/* Of the first count members, the last that addr points into. */
static struct reach_object *find_before(const struct reach *r, size_t count, uint64_t addr)
{
	while (count-- && addr <= r->last[count])
		if (within(addr, r->objects[count].addr, r->objects[count].size))
			return &r->objects[count];
	return NULL;
}

struct reach_object *reach__find(const struct reach *r, uint64_t addr)
{
	size_t low = 0, high = r->count;

	if (!reach__spans(r, addr))
		return NULL;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (r->objects[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return find_before(r, low, addr);
}

struct reach_object *reach__next(const struct reach *r, const struct reach_object *found,
				 uint64_t addr)
{
	return find_before(r, (size_t)(found - r->objects), addr);
}

void reach__root(struct reach *r, struct reach_object *target, bool stale)
{
	(void)r;
	if (stale)
		target->stale = true;
	else
		target->reachable = true;
}

int reach__edge(struct reach *r, const struct reach_object *from, struct reach_object *target)
{
	if (from == target)
		return 0;
	if (r->nr_edges == r->room) {
		size_t room = r->room ? r->room * 2 : 256;
		struct edge *more = reallocarray(r->edges, room, sizeof(*more));

		if (!more)
			return -ENOMEM;
		r->edges = more;
		r->room = room;
	}
	r->edges[r->nr_edges++] =
		(struct edge){ (uint32_t)(from - r->objects), (uint32_t)(target - r->objects) };
	return 0;
}

/*
 * A word in the object at from names the target.  A member that begins elsewhere
 * and reaches as far as from is one that is gone: the object is not it.
 */
static int name(struct reach *r, uint64_t from, struct reach_object *target, bool *held)
{
	struct reach_object *holder = reach__find(r, from);
	int err = 0;

	*held = holder && holder->addr == from;
	for (; !err && holder && holder->addr == from; holder = reach__next(r, holder, from))
		err = reach__edge(r, holder, target);
	return err;
}

int reach__look(struct reach *r, const void *bytes, size_t size, uint64_t from,
		bool (*is_free)(void *ctx, uint64_t object), void *ctx)
{
	int free_state = -1;

	for (size_t i = 0; i + 8 <= size; i += 8) {
		uint64_t word, at = from + i;
		struct reach_object *target;
		bool held = false;
		int err;

		memcpy(&word, (const unsigned char *)bytes + i, 8);
		if (!reach__spans(r, word))
			continue;
		for (target = reach__find(r, word); target; target = reach__next(r, target, word)) {
			/* An empty list names itself. */
			if (from && within(at, target->addr, target->size))
				continue;
			if (from && within(at, target->ghost, target->ghost_size)) {
				reach__root(r, target, true);
				continue;
			}
			err = from ? name(r, from, target, &held) : 0;
			if (err)
				return err;
			if (held)
				continue;
			if (from && free_state < 0)
				free_state = is_free(ctx, from);
			reach__root(r, target, from && free_state);
		}
	}
	return 0;
}

void reach__mark(struct reach *r, uint64_t word)
{
	struct reach_object *target = reach__find(r, word);

	for (; target; target = reach__next(r, target, word)) {
		r->sought -= target->sought && !target->marked;
		target->marked = true;
	}
}

size_t reach__sought(const struct reach *r)
{
	return r->sought;
}

static int by_from(const void *a, const void *b)
{
	const struct edge *x = a, *y = b;

	return x->from < y->from ? -1 : x->from > y->from;
}

/* The first edge that leaves an object. */
static size_t first_edge(struct reach *r, uint32_t from)
{
	size_t low = 0, high = r->nr_edges;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		r->steps++;

		if (r->edges[mid].from < from)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * Spreads one property, by its place in the objects, along the edges from those
 * that have it; what is reachable does not become stale.
 */
static void spread(struct reach *r, uint32_t *stack, size_t property)
{
	const bool stale = property == offsetof(struct reach_object, stale);
	size_t depth = 0;

	for (size_t i = 0; i < r->count; i++)
		if (*((const bool *)((const char *)&r->objects[i] + property)))
			stack[depth++] = (uint32_t)i;
	while (depth) {
		uint32_t from = stack[--depth];

		for (size_t i = first_edge(r, from); i < r->nr_edges && r->edges[i].from == from;
		     i++) {
			struct reach_object *to = &r->objects[r->edges[i].to];
			bool *has = (bool *)((char *)to + property);

			r->steps++;
			if (*has || (stale && to->reachable))
				continue;
			*has = true;
			stack[depth++] = r->edges[i].to;
		}
	}
}

void reach__finish(struct reach *r)
{
	uint32_t *stack = calloc(r->count + 1, sizeof(*stack));
	size_t i;

	if (!stack) {
		/* Without the memory to tell, nothing is accused. */
		for (i = 0; i < r->count; i++) {
			r->objects[i].reachable = true;
			r->objects[i].stale = false;
		}
		return;
	}
	if (r->nr_edges)
		qsort(r->edges, r->nr_edges, sizeof(*r->edges), by_from);
	spread(r, stack, offsetof(struct reach_object, reachable));
	spread(r, stack, offsetof(struct reach_object, marked));
	for (i = 0; i < r->count; i++)
		r->objects[i].stale = r->objects[i].stale && !r->objects[i].reachable;
	spread(r, stack, offsetof(struct reach_object, stale));
	free(stack);
}

uint64_t reach__steps(const struct reach *r)
{
	return r->steps;
}
