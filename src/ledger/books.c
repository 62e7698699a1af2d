// SPDX-License-Identifier: GPL-2.0-only
/*
 * The books: live allocations, and how many of what size lived how long under
 * which callback.
 */
#include "ledger/internal.h"

#include <errno.h>
#include <stdlib.h>

#include "util/footprint.h"
#include "util/list.h"

/* ---- histograms ---- */

static unsigned log2_index(uint64_t x, unsigned size)
{
	unsigned i = x ? 63 - (unsigned)__builtin_clzll(x) : 0;

	return i < size ? i : size - 1;
}

static struct histogram *histogram_of(struct ledger *l, uint32_t callback)
{
	struct histogram *h, **more;

	for (size_t i = 0; i < l->nr_histograms; i++)
		if (l->histograms[i]->callback == callback)
			return l->histograms[i];
	more = list__room(l->histograms, l->nr_histograms, sizeof(*more));
	if (!more)
		return NULL;
	l->histograms = more;
	h = calloc(1, sizeof(*h));
	if (!h)
		return NULL;
	h->callback = callback;
	l->histograms[l->nr_histograms++] = h;
	return h;
}

static void histogram_count(struct histogram *h, const struct allocation *a, int64_t sign)
{
	h->allocations += (uint64_t)sign;
	h->outstanding += (uint64_t)sign;
	h->outstanding_bytes += (uint64_t)sign * a->size;
	h->bytes += (uint64_t)sign * a->size;
	h->size_log2[log2_index(a->size, 32)] += (uint64_t)sign;
}

/* From now on the allocation counts under this callback.  Out of memory leaves
 * it where it was.
 */
void move_bucket(struct ledger *l, struct allocation *a, uint32_t callback)
{
	struct histogram *from, *to;

	if (a->bucket == callback)
		return;
	from = histogram_of(l, a->bucket);
	to = histogram_of(l, callback);
	if (!from || !to)
		return;
	histogram_count(from, a, -1);
	histogram_count(to, a, 1);
	a->bucket = callback;
}

/* ---- allocations ---- */

/* Out of memory leaves a site out, nothing worse. */
static void growth_count(struct ledger *l, uint32_t stack, int64_t n)
{
	struct growth *g = table__get(&l->growth, stack);

	if (!g && n > 0 && stack) {
		g = calloc(1, sizeof(*g));
		if (!g)
			return;
		g->stack = stack;
		if (table__set(&l->growth, stack, g)) {
			free(g);
			return;
		}
	}
	if (g)
		g->outstanding += (uint64_t)n;
}

struct allocation *allocation_add(struct ledger *l, uint64_t addr, uint64_t born, uint64_t size)
{
	struct allocation *a = calloc(1, sizeof(*a));
	struct histogram *h = histogram_of(l, NAME_NONE);

	if (!a || !h)
		goto fail;
	a->addr = addr;
	a->born = born;
	a->size = size;
	a->carrier.type = NO_COMMAND_TYPE;
	if (table__set(&l->allocations, addr, a))
		goto fail;
	a->id = ++l->next_id;
	histogram_count(h, a, 1);
	l->stats.allocations++;
	l->stats.outstanding++;
	l->stats.outstanding_bytes += size;
	return a;
fail:
	free(a);
	return NULL;
}

void allocation_end(struct ledger *l, struct allocation *a, uint64_t now)
{
	struct histogram *h = histogram_of(l, a->bucket);

	clear_suspicion(l, a, now);
	growth_count(l, a->stack, -1);
	if (h) {
		uint64_t us = now > a->born ? (now - a->born) / 1000 : 0;

		h->freed++;
		h->outstanding--;
		h->outstanding_bytes -= a->size;
		h->lifetime_us_log2[log2_index(us, 48)]++;
	}
	l->stats.frees++;
	l->stats.outstanding--;
	l->stats.outstanding_bytes -= a->size;
	table__remove(&l->allocations, a->addr);
	free(a);
}

void allocation_stack(struct ledger *l, struct allocation *a, uint32_t stack)
{
	if (a->stack)
		return;
	a->stack = stack;
	growth_count(l, stack, 1);
}

/* ---- results ---- */

const struct ledger_stats *ledger__stats(const struct ledger *l)
{
	return &l->stats;
}

uint64_t ledger__memory(const struct ledger *l)
{
	/* Now and then all that lives is listed. */
	const uint64_t allocation = footprint(sizeof(struct allocation)) + sizeof(void *);

	return l->allocations.used * allocation + footprint__table(&l->allocations) +
	       l->stats.commands_live * footprint(sizeof(struct command)) +
	       footprint__table(&l->commands) + footprint__table(&l->by_argument) +
	       l->tasks.used * footprint(sizeof(struct task)) + footprint__table(&l->tasks) +
	       l->growth.used * footprint(sizeof(struct growth)) + footprint__table(&l->growth) +
	       l->nr_histograms * footprint(sizeof(struct histogram)) +
	       footprint__list(l->nr_histograms, sizeof(*l->histograms)) +
	       footprint__list(l->nr_roles, sizeof(*l->roles)) + footprint__table(&l->devices) +
	       footprint__table(&l->callbacks_seen) + footprint__table(&l->completes) +
	       footprint__table(&l->unseen);
}

size_t ledger__histograms(const struct ledger *l)
{
	return l->nr_histograms;
}

const struct histogram *ledger__histogram(const struct ledger *l, size_t index)
{
	return l->histograms[index];
}

static int by_id(const void *a, const void *b)
{
	const struct allocation *x = *(const struct allocation *const *)a;
	const struct allocation *y = *(const struct allocation *const *)b;

	return x->id < y->id ? -1 : x->id > y->id;
}

void ledger__forget_devices(struct ledger *l)
{
	table__free(&l->devices);
	/* Hooks on its callbacks went with it: that one of them was not seen says nothing. */
	table__free(&l->callbacks_seen);
	/* Likewise of those that answers of drivers pass. */
	table__free(&l->completes);
}

void ledger__each_device(const struct ledger *l, void (*each)(void *ctx, uint64_t device),
			 void *ctx)
{
	size_t i = 0;
	void *device;

	while ((device = table__next(&l->devices, &i)))
		each(ctx, (uintptr_t)device);
}

void ledger__each(const struct ledger *l, void (*each)(void *ctx, const struct allocation *a),
		  void *ctx)
{
	const struct allocation *a;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i)))
		each(ctx, a);
}

void ledger__each_finding(const struct ledger *l,
			  void (*each)(void *ctx, const struct allocation *a), void *ctx)
{
	const struct allocation **found = calloc(l->allocations.used + 1, sizeof(*found));
	const struct allocation *a;
	size_t i = 0, n = 0;

	if (!found)
		return;
	while ((a = table__next(&l->allocations, &i)))
		if (a->rule != RULE_NONE && a->certainty != CERTAINTY_POSSIBLE)
			found[n++] = a;
	qsort(found, n, sizeof(*found), by_id);
	for (i = 0; i < n; i++)
		each(ctx, found[i]);
	free(found);
}

const struct allocation *ledger__find(const struct ledger *l, uint64_t addr)
{
	return table__get(&l->allocations, addr);
}

void books_free(struct ledger *l)
{
	struct allocation *a;
	struct growth *g;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i)))
		free(a);
	i = 0;
	while ((g = table__next(&l->growth, &i)))
		free(g);
	table__free(&l->allocations);
	table__free(&l->growth);
	table__free(&l->unseen);
	for (i = 0; i < l->nr_histograms; i++)
		free(l->histograms[i]);
	free(l->histograms);
}
