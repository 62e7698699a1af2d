// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLUB from the outside, in a pretended kernel's memory: which object an address
 * belongs to, which slabs there are, and what is free.
 */
#include "unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>

#include "scan/slab.h"
#include "unit/image.h"

#define PAGE 4096ULL

struct world {
	struct btf *btf;
	struct slabs *slabs;
	struct image_cache kmalloc_64, skbuff, padded, large;
	uint64_t small, skbs, pads, larges; /* a slab of each */
};

static void start(struct world *w, enum image_layout layout)
{
	memset(w, 0, sizeof(*w));
	image__start(layout);
	w->kmalloc_64 = (struct image_cache){ .step = 64, .size = 64, .link = 32 };
	w->skbuff = (struct image_cache){ .step = 256, .size = 232, .link = 120 };
	w->padded = (struct image_cache){ .step = 192, .size = 96, .left = 64, .link = 48 };
	w->large = (struct image_cache){ .step = 8192, .size = 8192, .link = 4096 };
	image__add_cache(&w->kmalloc_64);
	image__add_cache(&w->skbuff);
	image__add_cache(&w->padded);
	image__add_cache(&w->large);
	w->small = image__add_slab(&w->kmalloc_64, 10, 0, 64);
	w->skbs = image__add_slab(&w->skbuff, 16, 1, 32);
	w->pads = image__add_slab(&w->padded, 100, 0, 21);
	w->larges = image__add_slab(&w->large, 200, 3, 4);
	w->btf = image__btf();
	assert_int_equal(slabs__new(&w->slabs, NULL, w->btf), 0);
}

static void stop(struct world *w)
{
	slabs__free(w->slabs);
	btf__free(w->btf);
	image__stop();
}

/* ---- an address within a slab ---- */

static void object_of(void **state)
{
	const struct slab slab = {
		.base = IMAGE_PAGE_OFFSET, .step = 256, .size = 232, .count = 16
	};

	(void)state;
	assert_int_equal(slab__object(&slab, slab.base), slab.base);
	assert_int_equal(slab__object(&slab, slab.base + 231), slab.base);
	/* Between two objects, and behind the last slot. */
	assert_int_equal(slab__object(&slab, slab.base + 232), 0);
	assert_int_equal(slab__object(&slab, slab.base + 255), 0);
	assert_int_equal(slab__object(&slab, slab.base + 256), slab.base + 256);
	assert_int_equal(slab__object(&slab, slab.base + 15 * 256 + 231), slab.base + 15 * 256);
	assert_int_equal(slab__object(&slab, slab.base + 16 * 256), 0);
	/* Before the first, and far away. */
	assert_int_equal(slab__object(&slab, slab.base - 1), 0);
	assert_int_equal(slab__object(&slab, 0), 0);
	assert_int_equal(slab__object(&slab, UINT64_MAX), 0);
}

static void object_behind_padding(void **state)
{
	const struct slab slab = {
		.base = IMAGE_PAGE_OFFSET, .step = 192, .size = 96, .count = 21, .left = 64
	};

	(void)state;
	/* Every byte of the slab's 4096, the rest that holds no slot included. */
	for (uint64_t at = 0; at < PAGE; at++) {
		uint64_t slot = at / 192, within = at % 192;
		bool inside = slot < 21 && within >= 64 && within < 160;

		assert_int_equal(slab__object(&slab, slab.base + at),
				 inside ? slab.base + slot * 192 + 64 : 0);
	}
}

static void object_at_the_top(void **state)
{
	const struct slab slab = { .base = 0 - PAGE, .step = 64, .size = 64, .count = 64 };
	const struct slab one = { .base = 0 - PAGE, .step = 4096, .size = 4096, .count = 1 };
	const struct slab none = { .base = 0 - PAGE, .step = 64, .size = 64 };

	(void)state;
	assert_int_equal(slab__object(&slab, UINT64_MAX), 0 - 64ULL);
	assert_int_equal(slab__object(&one, UINT64_MAX), 0 - PAGE);
	assert_int_equal(slab__object(&slab, 0), 0);
	assert_int_equal(slab__object(&slab, 63), 0);
	assert_int_equal(slab__object(&none, 0 - PAGE), 0);
}

/* ---- an address anywhere ---- */

static void check_find(const struct world *w, const struct image_cache *c, uint64_t base,
		       unsigned count)
{
	for (unsigned slot = 0; slot < count; slot++) {
		uint64_t first = image__object(c, base, slot);

		for (uint64_t at = 0; at < c->size; at += 7) {
			struct slab slab = { 0 };

			assert_int_equal(slabs__find(w->slabs, first + at, &slab), 0);
			assert_int_equal(slab.base, base);
			assert_int_equal(slab.step, c->step);
			assert_int_equal(slab.size, c->size);
			assert_int_equal(slab.count, count);
			assert_int_equal(slab.left, c->left);
			assert_int_equal(slab.cache, c->addr);
			assert_int_equal(slab__object(&slab, first + at), first);
		}
	}
}

static void finding(enum image_layout layout)
{
	struct slab slab;
	struct world w;

	start(&w, layout);
	check_find(&w, &w.kmalloc_64, w.small, 64);
	check_find(&w, &w.skbuff, w.skbs, 32);
	check_find(&w, &w.padded, w.pads, 21);
	check_find(&w, &w.large, w.larges, 4);
	/* The slab's last bytes, which are no slot; other pages; no memory at all. */
	assert_int_equal(slabs__find(w.slabs, w.pads + 21 * 192ULL - 1, &slab), 0);
	assert_int_equal(slabs__find(w.slabs, w.pads + 21 * 192ULL, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, w.small - 1, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, w.small + PAGE, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET + IMAGE_HOLE * PAGE, &slab),
			 -ENOENT);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET + IMAGE_PAGES * PAGE, &slab),
			 -ENOENT);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET - 1, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, 0, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, UINT64_MAX, &slab), -ENOENT);
	assert_true(slabs__mapped(w.slabs, IMAGE_PAGE_OFFSET));
	assert_true(slabs__mapped(w.slabs, IMAGE_PAGE_OFFSET + IMAGE_PAGES * PAGE - 1));
	assert_false(slabs__mapped(w.slabs, IMAGE_PAGE_OFFSET + IMAGE_PAGES * PAGE));
	assert_false(slabs__mapped(w.slabs, IMAGE_PAGE_OFFSET - 1));
	assert_false(slabs__mapped(w.slabs, 0));
	assert_false(slabs__mapped(w.slabs, UINT64_MAX));
	stop(&w);
}

static void finding_6_1(void **state)
{
	(void)state;
	finding(IMAGE_6_1);
}

static void finding_6_12(void **state)
{
	(void)state;
	finding(IMAGE_6_12);
}

static void finding_others(void **state)
{
	(void)state;
	finding(IMAGE_5_10);
	finding(IMAGE_7_2);
}

/* Counts that no slab has: what is there is something else. */
static void no_slabs(void **state)
{
	struct slab slab;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__add_slab(&w.kmalloc_64, 300, 0, 0);
	image__add_slab(&w.large, 320, 3, 9);
	image__add_slab(&w.large, 340, 3, 0x7fff);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET + 300 * PAGE, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET + 320 * PAGE, &slab), -ENOENT);
	assert_int_equal(slabs__find(w.slabs, IMAGE_PAGE_OFFSET + 340 * PAGE, &slab), -ENOENT);
	assert_int_equal(slabs__state(w.slabs, IMAGE_PAGE_OFFSET + 340 * PAGE), SLAB_UNKNOWN);
	stop(&w);
}

/* ---- all of them ---- */

struct seen {
	uint64_t bases[16];
	size_t count, stop_at;
};

static int see(void *ctx, const struct slab *slab)
{
	struct seen *seen = ctx;

	assert_true(seen->count < ARRAY_SIZE(seen->bases));
	seen->bases[seen->count++] = slab->base;
	return seen->count == seen->stop_at ? 7 : 0;
}

static void each(enum image_layout layout)
{
	struct image_cache late = { .step = 32, .size = 32 };
	struct seen seen = { .stop_at = 2 }, all = { 0 };
	struct world w;

	start(&w, layout);
	assert_int_equal(slabs__each(w.slabs, see, &seen), 7);
	assert_int_equal(seen.count, 2);
	/* A cache that is newer than the one who asks; the last page before the hole. */
	image__add_cache(&late);
	image__add_slab(&late, IMAGE_HOLE - 1, 0, 128);
	assert_int_equal(slabs__each(w.slabs, see, &all), 0);
	/* Each once, in order, and none for the other pages of a larger one. */
	assert_int_equal(all.count, 5);
	assert_int_equal(all.bases[0], w.small);
	assert_int_equal(all.bases[1], w.skbs);
	assert_int_equal(all.bases[2], w.pads);
	assert_int_equal(all.bases[3], w.larges);
	assert_int_equal(all.bases[4], IMAGE_PAGE_OFFSET + (IMAGE_HOLE - 1) * PAGE);
	stop(&w);
}

static void each_slab(void **state)
{
	(void)state;
	each(IMAGE_5_10);
	each(IMAGE_6_1);
	each(IMAGE_6_12);
	each(IMAGE_7_2);
}

/* ---- free or not ---- */

static void check_states(const struct world *w, const struct image_cache *c, uint64_t base,
			 unsigned count, uint64_t freed)
{
	for (unsigned slot = 0; slot < count; slot++) {
		enum slab_state state = freed >> slot & 1 ? SLAB_FREE : SLAB_ALLOCATED;
		uint64_t object = image__object(c, base, slot);

		assert_int_equal(slabs__state(w->slabs, object), state);
		assert_int_equal(slabs__state(w->slabs, object + 8), state);
	}
}

static void freeing(enum image_layout layout)
{
	const unsigned some[] = { 3, 1, 20, 0 }, last[] = { 31 }, pads[] = { 20, 5 };
	struct world w;

	start(&w, layout);
	check_states(&w, &w.skbuff, w.skbs, 32, 0);
	image__free_objects(&w.skbuff, w.skbs, some, 4, -1);
	check_states(&w, &w.skbuff, w.skbs, 32, 1U << 3 | 1U << 1 | 1U << 20 | 1);
	/* The slab is the second CPU's as well: it has a chain of its own. */
	image__free_objects(&w.skbuff, w.skbs, last, 1, 1);
	check_states(&w, &w.skbuff, w.skbs, 32, 1U << 31 | 1U << 3 | 1U << 1 | 1U << 20 | 1);
	image__free_objects(&w.padded, w.pads, pads, 2, 0);
	check_states(&w, &w.padded, w.pads, 21, 1U << 20 | 1U << 5);
	image__free_objects(&w.large, w.larges, (const unsigned[]){ 2, 3 }, 2, -1);
	check_states(&w, &w.large, w.larges, 4, 1U << 3 | 1U << 2);
	assert_int_equal(slabs__state(w.slabs, IMAGE_PAGE_OFFSET), SLAB_UNKNOWN);
	assert_int_equal(slabs__state(NULL, w.skbs), SLAB_UNKNOWN);
	stop(&w);
}

static void free_objects(void **state)
{
	(void)state;
	freeing(IMAGE_5_10);
	freeing(IMAGE_6_1);
	freeing(IMAGE_6_12);
}

/* Since 6.18 free objects are in arrays of each CPU and node, too. */
static void sheaves(void **state)
{
	const unsigned chain[] = { 3, 4 };
	unsigned char bytes[192] = { 0 };
	uint64_t skb[32], at;
	struct world w;

	(void)state;
	start(&w, IMAGE_7_2);
	for (unsigned i = 0; i < ARRAY_SIZE(skb); i++)
		skb[i] = image__object(&w.skbuff, w.skbs, i);
	at = image__object(&w.large, w.larges, 1);
	image__free_objects(&w.skbuff, w.skbs, chain, 2, -1);
	check_states(&w, &w.skbuff, w.skbs, 32, 3U << 3);
	image__add_sheaf(&w.skbuff, IMAGE_SHEAF_MAIN, 0, at, &skb[8], 1);
	image__add_sheaf(&w.skbuff, IMAGE_SHEAF_SPARE, 1, at + 64, &skb[12], 4);
	image__add_sheaf(&w.skbuff, IMAGE_SHEAF_RCU_FREE, 1, at + 128, &skb[17], 2);
	image__add_sheaf(&w.skbuff, IMAGE_SHEAF_BARN, 0, at + 192, &skb[20], 4);
	image__add_sheaf(&w.skbuff, IMAGE_SHEAF_BARN, 0, at + 256, &skb[28], 4);
	/* Another cache's names nothing of this one. */
	image__add_sheaf(&w.large, IMAGE_SHEAF_MAIN, 0, at + 320, &skb[26], 1);
	/* What is left behind an array's end was allocated from it. */
	image__put(at + IMAGE_SHEAF_OBJECTS + 8, skb[25]);
	check_states(&w, &w.skbuff, w.skbs, 32,
		     3U << 3 | 1U << 8 | 15U << 12 | 3U << 17 | 15U << 20 | 15U << 28);

	/* What a sheaf looks like; a size that none has; too small for one; of no cache. */
	memcpy(bytes + 16, &w.skbuff.addr, 8);
	assert_true(slabs__sheaf(w.slabs, bytes, 64));
	bytes[24] = IMAGE_SHEAF_CAPACITY;
	assert_true(slabs__sheaf(w.slabs, bytes, sizeof(bytes)));
	bytes[24]++;
	assert_false(slabs__sheaf(w.slabs, bytes, sizeof(bytes)));
	bytes[24] = 0;
	assert_false(slabs__sheaf(w.slabs, bytes, 63));
	assert_false(slabs__sheaf(w.slabs, bytes, 8));
	bytes[16]++;
	assert_false(slabs__sheaf(w.slabs, bytes, sizeof(bytes)));

	/* A barn whose list leads astray, and one in a circle. */
	image__put(at + 192, 0xdead000000000100);
	assert_int_equal(slabs__state(w.slabs, skb[0]), SLAB_UNKNOWN);
	image__put(at + 192, at + 256);
	assert_int_equal(slabs__state(w.slabs, skb[0]), SLAB_ALLOCATED);
	stop(&w);
}

/* It may change while it is read: a chain that leads astray frees nothing and ends. */
static void broken_chains(void **state)
{
	const unsigned chain[] = { 4, 5, 6 };
	struct world w;
	uint64_t link;

	(void)state;
	start(&w, IMAGE_6_12);
	image__free_objects(&w.kmalloc_64, w.small, chain, 3, -1);
	link = image__object(&w.kmalloc_64, w.small, 5) + w.kmalloc_64.link;
	const uint64_t key = IMAGE_RANDOM ^ __builtin_bswap64(link);
	/* Below the slab, far above it, half behind its end, at the top of memory. */
	const uint64_t astray[] = {
		w.small - 64, w.small + (1ULL << 32),	      w.small + PAGE - 36,
		UINT64_MAX,   UINT64_MAX - w.kmalloc_64.link, 1
	};

	for (size_t i = 0; i < ARRAY_SIZE(astray); i++) {
		image__put(link, astray[i] ^ key);
		check_states(&w, &w.kmalloc_64, w.small, 64, 1U << 4 | 1U << 5);
	}
	/* In a circle. */
	image__put(link, image__object(&w.kmalloc_64, w.small, 4) ^ key);
	check_states(&w, &w.kmalloc_64, w.small, 64, 1U << 4 | 1U << 5);
	stop(&w);
}

/* Whatever cannot be read: nothing is said, nothing is lost, nothing crashes. */
static void failing_reads(void **state)
{
	const unsigned chain[] = { 3, 4 };
	struct world w;
	struct slabs *slabs;
	unsigned total, n;
	int err;

	(void)state;
	start(&w, IMAGE_6_12);
	image__free_objects(&w.skbuff, w.skbs, chain, 2, 0);
	image__reads = 0;
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), 0);
	slabs__free(slabs);
	total = image__reads;
	for (n = 1; n <= total; n++) {
		image__reads = 0;
		image__fail_at = n;
		err = slabs__new(&slabs, NULL, w.btf);
		assert_int_equal(err, -EIO);
		assert_null(slabs);
	}
	for (n = 1; n < 100; n++) {
		enum slab_state s;

		image__reads = 0;
		image__fail_at = n;
		s = slabs__state(w.slabs, image__object(&w.skbuff, w.skbs, 9));
		assert_int_not_equal(s, SLAB_FREE);
		image__reads = 0;
		slabs__state(w.slabs, image__object(&w.skbuff, w.skbs, 3));
	}
	image__fail_at = 0;
	assert_int_equal(slabs__state(w.slabs, image__object(&w.skbuff, w.skbs, 3)), SLAB_FREE);
	stop(&w);
}

/* The list of caches changes while it is walked, and its head is passed by. */
static void caches_in_a_circle(void **state)
{
	struct slabs *slabs;
	struct world w;
	uint64_t list;

	(void)state;
	start(&w, IMAGE_6_12);
	list = w.kmalloc_64.addr + IMAGE_CACHE_LIST;
	image__put(list, w.skbuff.addr + IMAGE_CACHE_LIST);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EIO);
	assert_int_equal(slabs__each(w.slabs, see, &(struct seen){ 0 }), -EIO);
	image__put(list, list);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EIO);
	/* It is whole again. */
	image__put(list, image__symbol_addr("slab_caches"));
	assert_int_equal(slabs__each(w.slabs, see, &(struct seen){ 0 }), 0);
	check_states(&w, &w.skbuff, w.skbs, 32, 0);
	stop(&w);
}

/* Struct pages of memory that cannot be read. */
static void map_hole(void)
{
	image__map(image__get(image__symbol_addr("vmemmap_base")) + IMAGE_HOLE * 64, PAGE);
}

/* One object in a slab: KFENCE's lies anywhere in its page, SLUB's where it always does. */
static void lone(void **state)
{
	struct image_cache fallback = { .step = 4096, .size = 3000, .link = 1496, .left = 64 };
	struct image_cache debug = { .step = 4224, .size = 4096, .link = 4160, .left = 64 };
	const unsigned first[] = { 0 };
	uint64_t fenced, large, debugged, gone;
	struct slab found;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	map_hole();
	image__add_cache(&fallback);
	image__add_cache(&debug);
	fenced = image__add_slab(&w.kmalloc_64, 300, 0, 1);
	large = image__add_slab(&fallback, 302, 0, 1);
	debugged = image__add_slab(&debug, IMAGE_HOLE - 1, 0, 1);
	gone = image__add_slab(&w.kmalloc_64, IMAGE_HOLE + 2, 0, 1);
	assert_int_equal(slabs__each(w.slabs, see, &(struct seen){ 0 }), 0);
	for (uint64_t at = 0; at < PAGE; at += 7) {
		assert_int_equal(slabs__find(w.slabs, fenced + at, &found), 0);
		assert_true(found.lone);
		assert_int_equal(found.size, PAGE);
		assert_int_equal(slab__object(&found, fenced + at), fenced);
		assert_int_equal(slabs__state(w.slabs, fenced + at), SLAB_LONE);
		assert_int_equal(slabs__state(w.slabs, large + at), SLAB_LONE);
		/* Behind its page there is nothing to read. */
		assert_int_equal(slabs__state(w.slabs, debugged + at), SLAB_LONE);
		/* KFENCE takes the page away. */
		assert_int_equal(slabs__state(w.slabs, gone + at), SLAB_FREE);
	}
	image__free_objects(&fallback, large, first, 1, -1);
	assert_int_equal(slabs__state(w.slabs, image__object(&fallback, large, 0)), SLAB_FREE);
	/* What does not fit a page is none of KFENCE's. */
	large = image__add_slab(&w.large, 310, 1, 1);
	assert_int_equal(slabs__find(w.slabs, large + 5000, &found), 0);
	assert_false(found.lone);
	assert_int_equal(slabs__state(w.slabs, large), SLAB_ALLOCATED);
	for (unsigned n = 1; n < 20; n++) {
		image__reads = 0;
		image__fail_at = n;
		assert_int_not_equal(slabs__state(w.slabs, fenced), SLAB_FREE);
		assert_int_not_equal(slabs__state(w.slabs, fenced), SLAB_ALLOCATED);
	}
	stop(&w);
}

static void unknown_layouts(void **state)
{
	struct btf *empty = btf__new_empty();
	struct slabs *slabs;

	(void)state;
	image__start(IMAGE_6_12);
	assert_int_equal(slabs__new(&slabs, NULL, NULL), -EOPNOTSUPP);
	assert_null(slabs);
	assert_int_equal(slabs__new(&slabs, NULL, empty), -EOPNOTSUPP);
	assert_null(slabs);
	slabs__free(NULL);
	btf__free(empty);
	image__stop();
}

/* Another cache at the head of the list, described at this address. */
static void describe_cache(const struct world *w, uint64_t addr)
{
	uint64_t list = image__symbol_addr("slab_caches");

	for (uint64_t i = 0; i < IMAGE_CACHE_LIST; i += 8)
		image__put(addr + i, image__get(w->kmalloc_64.addr + i));
	image__put(addr + IMAGE_CACHE_LIST, image__get(list));
	image__put(list, addr + IMAGE_CACHE_LIST);
}

/* Struct pages say that no cache is described in a slab, as all are: they are elsewhere. */
static void no_struct_pages(void **state)
{
	struct slabs *slabs;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	describe_cache(&w, IMAGE_PAGE_OFFSET + 300 * PAGE);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EOPNOTSUPP);
	assert_null(slabs);
	describe_cache(&w, w.small);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), 0);
	slabs__free(slabs);
	stop(&w);
}

/* Without VMEMMAP: where they are is said by the one section of memory that is there. */
static void sections(void **state)
{
	const uint64_t roots = IMAGE_PAGE_OFFSET + 301 * PAGE, root = roots + 64;
	const uint64_t place = IMAGE_PAGE_OFFSET + 302 * PAGE;
	struct slabs *slabs;
	struct slab slab;
	struct world w;
	uint64_t vmemmap;

	(void)state;
	start(&w, IMAGE_6_12);
	vmemmap = image__get(image__symbol_addr("vmemmap_base"));
	describe_cache(&w, w.small);
	image__put(image__symbol_addr("vmemmap_base"), IMAGE_PAGE_OFFSET);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EOPNOTSUPP);
	image__symbol("mem_section", place);
	image__put(place, roots);
	image__put(roots, 0);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EOPNOTSUPP);
	image__put(roots, root);
	image__put(root, vmemmap | 1); /* present, without struct pages */
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EOPNOTSUPP);
	image__put(root, (vmemmap + 64 * PAGE) | 3);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), -EOPNOTSUPP);
	image__put(root, vmemmap | 0x1b);
	assert_int_equal(slabs__new(&slabs, NULL, w.btf), 0);
	assert_int_equal(slabs__find(slabs, w.small + 64, &slab), 0);
	assert_int_equal(slab.base, w.small);
	slabs__free(slabs);
	stop(&w);
}

static const struct CMUnitTest slab[] = {
	TEST("slab: which object an address is in", object_of),
	TEST("slab: objects behind padding", object_behind_padding),
	TEST("slab: objects at the top of the address space", object_at_the_top),
	TEST("slab: found from any address in them, as 6.1 has them", finding_6_1),
	TEST("slab: found from any address in them, as 6.12 has them", finding_6_12),
	TEST("slab: found from any address in them, as 5.10 and 7.2 have them", finding_others),
	TEST("slab: what is none", no_slabs),
	TEST("slab: each once, those of new caches too", each_slab),
	TEST("slab: free objects, the slab's and a CPU's", free_objects),
	TEST("slab: free objects in sheaves", sheaves),
	TEST("slab: chains of free objects that lead astray", broken_chains),
	TEST("slab: memory that cannot be read", failing_reads),
	TEST("slab: a list of caches that changes meanwhile", caches_in_a_circle),
	TEST("slab: one object in a page of its own", lone),
	TEST("slab: kernels whose layout is not known", unknown_layouts),
	TEST("slab: struct pages that are not where they should be", no_struct_pages),
	TEST("slab: struct pages by sections of memory", sections),
};

UNIT_MAIN(slab)
