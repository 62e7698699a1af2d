// SPDX-License-Identifier: GPL-2.0-only
/*
 * Blocks of memory lie one after the other, at the bottom, in the middle or at
 * the very top of the address space.  Each is a slab object or a root, each slab
 * object a member of the set, an outsider or free, and its words point to
 * starts, middles and ends of the others and of itself.  Members may be longer
 * than their block, empty, there twice, or lie across others, as those do whose
 * free was missed.
 *
 * The model knows nothing of order: it asks each member about each word, in
 * numbers that cannot overflow, and closes the relation over all triples.
 */
#include "unit/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan/reach.h"

#define BLOCKS	24
#define WORDS	8
#define MEMBERS (2 * BLOCKS)

enum block_kind {
	BLOCK_OBJECT,
	BLOCK_FREED,
	BLOCK_ROOT,
};

struct block {
	uint64_t addr;
	size_t nr_words;
	enum block_kind kind;
	uint64_t words[WORDS];
};

struct heap {
	const uint8_t *bytes;
	size_t left;

	struct block blocks[BLOCKS];
	size_t nr_blocks;
	struct reach_object members[MEMBERS];
	size_t nr_members;
	uint64_t marks[4];

	/* the model, by place in the members as sorted */
	bool named_by[MEMBERS][MEMBERS]; /* [target][holder] */
	bool reaches[MEMBERS][MEMBERS];
	bool root[MEMBERS], freed_root[MEMBERS], marked[MEMBERS];

	/* the block being looked through */
	const struct block *current;
	unsigned asked;

	char *why;
	size_t len;
};

static bool wrong(struct heap *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

static bool wrong(struct heap *h, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(h->why, h->len, format, args);
	va_end(args);
	return false;
}

static unsigned take(struct heap *h, unsigned below)
{
	if (!h->left)
		return 0;
	h->left--;
	return *h->bytes++ % below;
}

/* ---- building ---- */

static struct reach_object *add_member(struct heap *h, uint64_t addr, uint64_t size)
{
	struct reach_object *o = &h->members[h->nr_members];

	if (h->nr_members == MEMBERS)
		return NULL;
	/* What is left over in the answers must not matter. */
	*o = (struct reach_object){
		.addr = addr, .size = size, .reachable = true, .stale = true, .marked = true
	};
	h->nr_members++;
	return o;
}

static void place_blocks(struct heap *h)
{
	uint64_t gaps[BLOCKS], total = 0, at;
	unsigned where = take(h, 8);

	h->nr_blocks = take(h, BLOCKS + 1);
	for (size_t i = 0; i < h->nr_blocks; i++) {
		h->blocks[i].nr_words = 1 + take(h, WORDS);
		gaps[i] = 8 * take(h, 3);
		total += gaps[i] + 8 * h->blocks[i].nr_words;
	}
	switch (where) {
	case 0:
		at = 0;
		break;
	case 1:
		at = 0 - total; /* the last one ends where memory does */
		break;
	default:
		at = 0xffff888000000000ULL + 8 * where;
	}
	for (size_t i = 0; i < h->nr_blocks; i++) {
		h->blocks[i].addr = at + gaps[i];
		at += gaps[i] + 8 * h->blocks[i].nr_words;
	}
}

static const struct block *any_block(struct heap *h)
{
	return &h->blocks[take(h, (unsigned)h->nr_blocks)];
}

static void choose_ghost(struct heap *h, struct reach_object *o)
{
	switch (o ? take(h, 6) : 5) {
	case 0:
	case 1:
		o->ghost = any_block(h)->addr + 8 * take(h, 4);
		o->ghost_size = 8 * take(h, 6);
		break;
	case 2:
		o->ghost = take(h, 2) ? any_block(h)->addr : o->addr;
		o->ghost_size = take(h, 4) ? 1 + take(h, 16) : UINT64_MAX - take(h, 16);
		break;
	default: /* none */
		break;
	}
}

static void choose_members(struct heap *h)
{
	for (size_t i = 0; i < h->nr_blocks; i++) {
		struct block *b = &h->blocks[i];
		uint64_t size = 8 * b->nr_words;

		switch (take(h, 12)) {
		case 0:
			b->kind = BLOCK_ROOT;
			continue;
		case 1:
			continue; /* live, and not ours */
		case 2:
			b->kind = BLOCK_FREED;
			continue;
		case 3: /* ours, shorter than its slot, or empty */
			size -= take(h, (unsigned)size + 1);
			break;
		case 4: /* gone, with something else there now, or ours and beside one that is */
			choose_ghost(h, add_member(h, b->addr + 4 * take(h, 16),
						   take(h, 4) ? 1 + take(h, 128)
							      : UINT64_MAX - take(h, 128)));
			if (take(h, 2))
				continue;
			break;
		case 5:
			choose_ghost(h, add_member(h, b->addr, size));
			break;
		default:
			break;
		}
		choose_ghost(h, add_member(h, b->addr, size));
	}
}

static uint64_t choose_word(struct heap *h, const struct block *own)
{
	const struct block *b;
	unsigned what = take(h, 10);

	if (what >= 8)
		return 0;
	b = what == 7 ? own : any_block(h);
	switch (what) {
	case 4:
		return b->addr + take(h, (unsigned)(8 * b->nr_words));
	case 5:
		return b->addr + 8 * b->nr_words; /* right behind */
	case 6:
		return take(h, 2) ? b->addr - 1 : UINT64_MAX - take(h, 32);
	case 7:
		return b->addr + 8 * take(h, (unsigned)b->nr_words);
	default:
		return b->addr;
	}
}

static void build(struct heap *h)
{
	place_blocks(h);
	choose_members(h);
	for (size_t i = 0; i < h->nr_blocks; i++)
		for (size_t k = 0; k < h->blocks[i].nr_words; k++)
			h->blocks[i].words[k] = choose_word(h, &h->blocks[i]);
	for (size_t i = 0; i < 4 && h->nr_blocks; i++)
		h->marks[i] = choose_word(h, &h->blocks[0]);
}

/* ---- the model ---- */

static bool inside(uint64_t addr, uint64_t start, uint64_t size)
{
	return addr >= start && addr < (unsigned __int128)start + size;
}

static bool in_member(const struct heap *h, size_t i, uint64_t addr)
{
	return inside(addr, h->members[i].addr, h->members[i].size);
}

/* By the object itself: a member that only reaches as far as that is gone. */
static bool is_member(const struct heap *h, size_t i, const struct block *b)
{
	return b->addr && b->kind != BLOCK_ROOT && h->members[i].addr == b->addr &&
	       h->members[i].size;
}

static void model_word(struct heap *h, const struct block *b, size_t k, size_t target)
{
	const struct reach_object *o = &h->members[target];
	/* An object at address 0 cannot be told from a root. */
	bool root = b->kind == BLOCK_ROOT || !b->addr, held = false;
	uint64_t at = b->addr + 8 * k;

	if (!in_member(h, target, b->words[k]) || (!root && in_member(h, target, at)))
		return;
	if (!root && inside(at, o->ghost, o->ghost_size)) {
		h->freed_root[target] = true;
		return;
	}
	for (size_t i = 0; i < h->nr_members; i++) {
		if (is_member(h, i, b)) {
			held = true;
			h->named_by[target][i] = true;
		}
	}
	if (held)
		return;
	if (!root && b->kind == BLOCK_FREED)
		h->freed_root[target] = true;
	else
		h->root[target] = true;
}

static void model(struct heap *h)
{
	size_t n = h->nr_members;

	for (size_t t = 0; t < n; t++) {
		for (size_t i = 0; i < h->nr_blocks; i++)
			for (size_t k = 0; k < h->blocks[i].nr_words; k++)
				model_word(h, &h->blocks[i], k, t);
		for (size_t i = 0; i < 4; i++)
			h->marked[t] |= in_member(h, t, h->marks[i]);
	}
	for (size_t to = 0; to < n; to++)
		for (size_t from = 0; from < n; from++)
			h->reaches[from][to] = from == to || h->named_by[to][from];
	for (size_t by = 0; by < n; by++)
		for (size_t from = 0; from < n; from++)
			for (size_t to = 0; to < n; to++)
				h->reaches[from][to] |= h->reaches[from][by] && h->reaches[by][to];
}

static bool reached(const struct heap *h, const bool *roots, size_t to)
{
	for (size_t from = 0; from < h->nr_members; from++)
		if (roots[from] && h->reaches[from][to])
			return true;
	return false;
}

/* ---- asking, and comparing ---- */

static bool is_free(void *ctx, uint64_t object)
{
	struct heap *h = ctx;

	h->asked += object == h->current->addr ? 1 : 100;
	for (size_t i = 0; i < h->nr_members; i++)
		if (is_member(h, i, h->current))
			h->asked += 100;
	return h->current->kind == BLOCK_FREED;
}

static bool check_find(struct heap *h, const struct reach *r, uint64_t addr)
{
	bool found[MEMBERS] = { false };
	struct reach_object *o;
	size_t steps = 0;

	for (o = reach__find(r, addr); o; o = reach__next(r, o, addr)) {
		if (steps++ == h->nr_members)
			return wrong(h, "0x%llx: finding has no end", (unsigned long long)addr);
		found[o - h->members] = true;
	}
	for (size_t i = 0; i < h->nr_members; i++) {
		if (found[i] != in_member(h, i, addr))
			return wrong(h, "0x%llx is %sfound in 0x%llx of %llu bytes",
				     (unsigned long long)addr, found[i] ? "" : "not ",
				     (unsigned long long)h->members[i].addr,
				     (unsigned long long)h->members[i].size);
		if (found[i] && !reach__spans(r, addr))
			return wrong(h, "0x%llx is not spanned", (unsigned long long)addr);
	}
	return true;
}

static bool check_places(struct heap *h, const struct reach *r)
{
	bool good = check_find(h, r, 0) && check_find(h, r, UINT64_MAX);

	for (size_t i = 0; good && i < h->nr_members; i++) {
		uint64_t addr = h->members[i].addr, end = addr + h->members[i].size;

		good = check_find(h, r, addr - 1) && check_find(h, r, addr) &&
		       check_find(h, r, end - 1) && check_find(h, r, end);
	}
	return good;
}

static bool check_answers(struct heap *h, struct heap_counts *counts)
{
	for (size_t i = 0; i < h->nr_members; i++) {
		const struct reach_object *o = &h->members[i];
		bool reachable = reached(h, h->root, i);
		bool stale = !reachable && reached(h, h->freed_root, i);
		bool leaked = !reachable && !stale;
		bool marked = reached(h, h->marked, i);

		if (o->reachable != reachable || o->stale != stale || o->marked != marked)
			return wrong(h, "0x%llx of %llu bytes: %s%s%s instead of %s%s%s",
				     (unsigned long long)o->addr, (unsigned long long)o->size,
				     o->reachable ? "reachable " : "", o->stale ? "stale " : "",
				     o->marked ? "marked" : "-", reachable ? "reachable " : "",
				     stale ? "stale " : "", marked ? "marked" : "-");
		if (!counts)
			continue;
		counts->reachable += reachable;
		counts->stale += stale;
		counts->marked += o->marked;
		counts->leaked += leaked;
		counts->through_edges += reachable && !h->root[i];
		for (size_t k = 0; leaked && k < h->nr_members; k++) {
			if (h->named_by[i][k]) {
				counts->named_by_leaked++;
				break;
			}
		}
	}
	return true;
}

static void count(const struct heap *h, struct heap_counts *counts)
{
	counts->heaps++;
	counts->members += h->nr_members;
	for (size_t i = 0; i < h->nr_members; i++) {
		for (size_t k = 0; k < h->nr_members; k++) {
			if (k != i && h->members[i].size && in_member(h, k, h->members[i].addr)) {
				counts->overlapping++;
				break;
			}
		}
	}
}

static uint64_t members_sum(const struct heap *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->nr_members; i++) {
		const struct reach_object *o = &h->members[i];

		sum += (((o->addr * 31 + o->size) * 31 + o->ghost) * 31 + o->ghost_size) *
		       0x9e3779b97f4a7c15ULL;
	}
	return sum;
}

static bool compare(struct heap *h, struct reach *r, struct heap_counts *counts)
{
	model(h);
	if (!check_places(h, r))
		return false;
	/* Backwards, so that what comes first is not what lies first. */
	for (size_t i = h->nr_blocks; i--;) {
		const struct block *b = h->current = &h->blocks[i];

		h->asked = 0;
		if (reach__look(r, b->words, 8 * b->nr_words, b->kind == BLOCK_ROOT ? 0 : b->addr,
				is_free, h))
			return wrong(h, "no memory");
		if (h->asked > 1)
			return wrong(h, "0x%llx: asked too often whether it is free",
				     (unsigned long long)b->addr);
	}
	for (size_t i = 0; i < 4; i++)
		reach__mark(r, h->marks[i]);
	reach__finish(r);
	return check_answers(h, counts);
}

bool heap__check(const uint8_t *bytes, size_t size, char *why, size_t len,
		 struct heap_counts *counts)
{
	struct heap *h = calloc(1, sizeof(*h));
	struct reach *r = NULL;
	bool good = false;
	uint64_t sum;

	if (!h)
		abort();
	h->bytes = bytes;
	h->left = size < HEAP_BYTES ? size : HEAP_BYTES;
	h->why = why;
	h->len = len;
	build(h);
	sum = members_sum(h);
	r = reach__new(h->members, h->nr_members);
	if (!r) {
		wrong(h, "no memory");
		goto out;
	}
	if (sum != members_sum(h)) {
		wrong(h, "members were changed");
		goto out;
	}
	for (size_t i = 1; i < h->nr_members; i++) {
		if (h->members[i - 1].addr > h->members[i].addr) {
			wrong(h, "members are not sorted");
			goto out;
		}
	}
	good = compare(h, r, counts);
	if (good && counts)
		count(h, counts);
out:
	reach__free(r);
	free(h);
	return good;
}
