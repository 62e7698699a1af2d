// SPDX-License-Identifier: GPL-2.0-only
/*
 * SLUB from the outside (mm/slub.c, mm/slab.h).
 *
 * A page is a slab's if its slab_cache names one of the caches on slab_caches:
 * that holds for every kernel, while the page flag for it has moved and became
 * a page type.  Free objects form a chain, whose links are scrambled with
 * CONFIG_SLAB_FREELIST_HARDENED: next ^ cache->random ^ swab(address of the
 * link).  A slab's free objects are on its own chain and, for the slab that a
 * CPU allocates from, on that CPU's; since 6.18 they may be in sheaves, too.
 *
 * struct slab is a struct page under another name up to 5.16.
 */
#include "scan/slab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kbtf.h"
#include "scan/sheaves.h"
#include "util/table.h"

#define PAGE_SHIFT     12
#define PAGE_SIZE      (1UL << PAGE_SHIFT)
#define MAX_CPUS       1024
#define MAX_SLAB       (64 * 1024UL)
#define MAX_CACHE      1024 /* bytes of a kmem_cache that are read */
#define PAGES_AT_ONCE  64   /* struct pages in one piece: 4096 bytes */
#define PIECES_AT_ONCE 24UL
#define CPUS_AT_ONCE   32

struct cache {
	uint64_t addr;
	uint32_t step, size, left;
	uint32_t link; /* of the free chain, within an object */
	uint64_t random;
	uint64_t cpu_slab; /* per-CPU offset */
	struct sheaf_cache sheaves;
};

struct slabs {
	struct query *query;
	uint64_t page_offset, vmemmap, max_pfn;
	uint64_t max_pfn_addr; /* memory may be added */
	uint32_t page_size;    /* of struct page */
	uint64_t slab_caches, per_cpu_offset;
	unsigned nr_cpus, nr_nodes;
	uint64_t cpu_bases[MAX_CPUS];
	struct sheaf_layout sheaves;
	/* offsets */
	int slab_cache, slab_freelist, slab_counters;
	int cache_list, cache_size, cache_object_size, cache_offset, cache_random, cache_cpu_slab,
		cache_red_left;
	int cache_span; /* bytes of a kmem_cache that hold all of these */
	int cpu_freelist, cpu_slab;
	struct table caches; /* address -> struct cache */
	uint64_t low, high;  /* of their addresses */
	bool left_out;	     /* a slab that is too large */
};

static int read_variable(struct slabs *s, const char *name, uint64_t *value)
{
	uint64_t addr;
	int err = query__find(s->query, NULL, name, &addr);

	return err ? err : query__read(s->query, addr, value, sizeof(*value));
}

/*
 * arch/x86: where memory and its struct pages begin.  Without CONFIG_DYNAMIC_MEMORY_LAYOUT
 * (no RANDOMIZE_MEMORY, no 5-level page tables) these are constants and no variables.  That
 * a kernel only does not tell of its variables is noticed by those which all have.
 */
#define FIXED_PAGE_OFFSET 0xffff888000000000ULL
#define FIXED_VMEMMAP	  0xffffea0000000000ULL

static int read_base(struct slabs *s, const char *name, uint64_t fixed, uint64_t *value)
{
	int err = read_variable(s, name, value);

	if (err != -ENOENT)
		return err;
	*value = fixed;
	return 0;
}

static int read_u64(struct slabs *s, uint64_t addr, int offset, uint64_t *value)
{
	*value = 0;
	return offset < 0 ? 0 : query__read(s->query, addr + (uint64_t)offset, value, 8);
}

static void forget_caches(struct slabs *s)
{
	struct cache *c;
	size_t i = 0;

	while ((c = table__next(&s->caches, &i)))
		free(c);
	table__free(&s->caches);
}

static uint32_t get_u32(const unsigned char *raw, int offset)
{
	uint32_t value = 0;

	if (offset >= 0)
		memcpy(&value, raw + offset, sizeof(value));
	return value;
}

static uint64_t get_u64(const unsigned char *raw, int offset)
{
	uint64_t value = 0;

	if (offset >= 0)
		memcpy(&value, raw + offset, sizeof(value));
	return value;
}

/* Walks slab_caches: one read a cache, since each names the next. */
static int read_caches(struct slabs *s)
{
	unsigned char raw[MAX_CACHE];
	uint64_t at;
	int err;

	forget_caches(s);
	s->low = UINT64_MAX;
	s->high = 0;
	err = read_u64(s, s->slab_caches, 0, &at);
	for (int i = 0; !err && at != s->slab_caches && i < 10000; i++) {
		struct cache *c;

		err = query__read(s->query, at - (uint64_t)s->cache_list, raw,
				  (uint16_t)s->cache_span);
		if (err)
			break;
		c = calloc(1, sizeof(*c));
		if (!c)
			return -ENOMEM;
		c->addr = at - (uint64_t)s->cache_list;
		c->step = get_u32(raw, s->cache_size);
		c->size = get_u32(raw, s->cache_object_size);
		c->link = get_u32(raw, s->cache_offset);
		c->left = get_u32(raw, s->cache_red_left);
		c->random = get_u64(raw, s->cache_random);
		c->cpu_slab = get_u64(raw, s->cache_cpu_slab);
		c->sheaves = (struct sheaf_cache){
			.addr = c->addr,
			.cpu_sheaves = get_u64(raw, s->sheaves.cpu_sheaves),
			.capacity =
				s->sheaves.cpu_sheaves < 0 ? 0 : get_u32(raw, s->sheaves.capacity),
		};
		/* Twice the same: the list has changed meanwhile and leads in a circle. */
		if (!c->step || table__get(&s->caches, c->addr) ||
		    table__set(&s->caches, c->addr, c)) {
			free(c);
			return -EIO;
		}
		s->low = c->addr < s->low ? c->addr : s->low;
		s->high = c->addr > s->high ? c->addr : s->high;
		at = get_u64(raw, s->cache_list);
	}
	return err;
}

static int read_layout(struct slabs *s, const struct btf *btf)
{
	bool old = !kbtf__struct_size(btf, "slab");
	const char *slab = old ? "page" : "slab";

	s->page_size = kbtf__struct_size(btf, "page");
	s->slab_cache = kbtf__member_offset(btf, slab, "slab_cache");
	s->slab_freelist = kbtf__member_offset(btf, slab, "freelist");
	s->slab_counters = kbtf__member_offset(btf, slab, "counters");
	s->cache_list = kbtf__member_offset(btf, "kmem_cache", "list");
	s->cache_size = kbtf__member_offset(btf, "kmem_cache", "size");
	s->cache_object_size = kbtf__member_offset(btf, "kmem_cache", "object_size");
	s->cache_offset = kbtf__member_offset(btf, "kmem_cache", "offset");
	s->cache_random = kbtf__member_offset(btf, "kmem_cache", "random");
	s->cache_cpu_slab = kbtf__member_offset(btf, "kmem_cache", "cpu_slab");
	s->cache_red_left = kbtf__member_offset(btf, "kmem_cache", "red_left_pad");
	s->cpu_freelist = kbtf__member_offset(btf, "kmem_cache_cpu", "freelist");
	s->cpu_slab = kbtf__member_offset(btf, "kmem_cache_cpu", slab);
	sheaves__layout(&s->sheaves, btf);
	if (s->page_size != 64 || s->slab_cache < 0 || s->slab_counters < 0 || s->cache_list < 0 ||
	    s->cache_size < 0 || s->cache_object_size < 0)
		return -EOPNOTSUPP;
	const int used[] = { s->cache_list,	s->cache_size,		s->cache_object_size,
			     s->cache_offset,	s->cache_random,	s->cache_cpu_slab,
			     s->cache_red_left, s->sheaves.cpu_sheaves, s->sheaves.capacity };

	for (size_t i = 0; i < sizeof(used) / sizeof(*used); i++)
		if (used[i] + 8 > s->cache_span)
			s->cache_span = used[i] + 8;
	return s->cache_span <= MAX_CACHE ? 0 : -EOPNOTSUPP;
}

/*
 * What describes a cache lies in a slab itself.  Where none of them seems to, struct pages are
 * not where they are looked for: no slab would be found, and no reference in one.
 */
static bool pages_found(struct slabs *s)
{
	bool asked = false;
	const struct cache *c;
	struct slab slab;
	size_t i = 0;

	while ((c = table__next(&s->caches, &i))) {
		if (!slabs__mapped(s, c->addr))
			continue;
		if (!slabs__find(s, c->addr, &slab))
			return true;
		asked = true;
	}
	return !asked;
}

/*
 * SPARSEMEM without VMEMMAP: each section of memory has an array of struct pages.  They are
 * allocated together, and mostly one continues the other: then all say the same of where that
 * of page 0 would be (include/linux/mmzone.h: section_mem_map, with flags in its lowest bits).
 */
static int read_sections(struct slabs *s, const struct btf *btf)
{
	const uint64_t section_pages = 1UL << 15, has_map = 2, flags = 63; /* arch/x86 */
	int offset = kbtf__member_offset(btf, "mem_section", "section_mem_map");
	uint32_t size = kbtf__struct_size(btf, "mem_section");
	uint64_t roots, root, map, first = 0;
	int err = size && offset >= 0 ? read_variable(s, "mem_section", &roots) : -EOPNOTSUPP;

	for (uint64_t i = 0; !err && i * section_pages < s->max_pfn; i++) {
		const uint64_t in_root = PAGE_SIZE / size;

		err = query__read(s->query, roots + 8 * (i / in_root), &root, sizeof(root));
		if (err || !root)
			continue;
		err = query__read(s->query, root + i % in_root * size + (uint64_t)offset, &map,
				  sizeof(map));
		if (err || !(map & has_map))
			continue;
		if (first && first != (map & ~flags))
			err = -EOPNOTSUPP;
		first = map & ~flags;
	}
	s->vmemmap = first;
	return err ? err : first ? 0 : -EOPNOTSUPP;
}

int slabs__new(struct slabs **out, struct query *query, const struct btf *btf)
{
	struct slabs *s = calloc(1, sizeof(*s));
	uint64_t cpus = 0, nodes = 1;
	int err = -ENOMEM;

	*out = NULL;
	if (!s)
		return err;
	s->query = query;
#ifdef __x86_64__
	err = btf ? read_layout(s, btf) : -EOPNOTSUPP;
#else
	err = -EOPNOTSUPP;
#endif
	if (!err)
		err = read_base(s, "page_offset_base", FIXED_PAGE_OFFSET, &s->page_offset);
	if (!err)
		err = read_base(s, "vmemmap_base", FIXED_VMEMMAP, &s->vmemmap);
	if (!err)
		err = query__find(query, NULL, "max_pfn", &s->max_pfn_addr);
	if (!err)
		err = read_u64(s, s->max_pfn_addr, 0, &s->max_pfn);
	if (!err)
		err = query__find(query, NULL, "slab_caches", &s->slab_caches);
	if (!err)
		err = read_variable(s, "nr_cpu_ids", &cpus);
	s->nr_cpus = (uint32_t)cpus < MAX_CPUS ? (uint32_t)cpus : MAX_CPUS;
	/* Without CONFIG_NUMA there is one. */
	if (!err && read_variable(s, "nr_node_ids", &nodes))
		nodes = 1;
	s->nr_nodes = (uint32_t)nodes;
	if (!err)
		err = query__find(query, NULL, "__per_cpu_offset", &s->per_cpu_offset);
	for (unsigned i = 0; !err && i < s->nr_cpus; i++)
		err = read_u64(s, s->per_cpu_offset, (int)(8 * i), &s->cpu_bases[i]);
	if (!err)
		err = read_caches(s);
	if (!err && !pages_found(s) && (read_sections(s, btf) || !pages_found(s)))
		err = -EOPNOTSUPP;
	if (err)
		slabs__free(s);
	else
		*out = s;
	return err;
}

void slabs__free(struct slabs *s)
{
	if (!s)
		return;
	forget_caches(s);
	free(s);
}

/*
 * mm/kfence/core.c: an object of a page of its own, at the page's beginning or at its end, and
 * nothing of the struct slab says which.  SLUB itself has one object in a slab only where two do
 * not fit; where that is so this may be either.
 */
static void make_lone(struct slab *slab)
{
	slab->lone = true;
	slab->step = (slab->step + (uint32_t)PAGE_SIZE - 1) & ~((uint32_t)PAGE_SIZE - 1);
	slab->size = slab->step;
	slab->left = 0;
}

/* What a struct slab says, already read. */
static int parse_slab(struct slabs *s, uint64_t page, const unsigned char *raw, struct slab *out)
{
	uint64_t cache, counters, base;
	const struct cache *c;

	memcpy(&cache, raw + s->slab_cache, 8);
	/* Most pages are no slab's, and what they have there is looked up in vain. */
	if (cache < s->low || cache > s->high)
		return -ENOENT;
	memcpy(&counters, raw + s->slab_counters, 8);
	c = table__get(&s->caches, cache);
	if (!c)
		return -ENOENT;
	base = s->page_offset + (((page - s->vmemmap) / s->page_size) << PAGE_SHIFT);
	*out = (struct slab){
		.page = page,
		.base = base,
		.step = c->step,
		.size = c->size,
		.count = (counters >> 16) & 0x7fff, /* inuse:16, objects:15, frozen:1 */
		.left = c->left,
		.cache = cache,
	};
	if (out->count == 1 && c->size <= PAGE_SIZE)
		make_lone(out);
	if ((uint64_t)out->count * out->step > MAX_SLAB)
		s->left_out = true;
	return out->count && (uint64_t)out->count * out->step <= MAX_SLAB ? 0 : -ENOENT;
}

bool slabs__left_out(const struct slabs *s)
{
	return s->left_out;
}

int slabs__find(struct slabs *s, uint64_t addr, struct slab *out)
{
	unsigned char raw[64];
	uint64_t pfn = (addr - s->page_offset) >> PAGE_SHIFT, page, head;
	int err;

	if (addr < s->page_offset || pfn >= s->max_pfn)
		return -ENOENT;
	page = s->vmemmap + pfn * s->page_size;
	err = query__read(s->query, page, raw, sizeof(raw));
	if (err)
		return -ENOENT;
	memcpy(&head, raw + 8, 8); /* compound_head, or since 7.0 compound_info */
	if (head & 1) {
		/* The first page's address; or a mask that makes it from this one's. */
		if (head - s->vmemmap < s->max_pfn * s->page_size)
			page = head - 1;
		else
			page &= head;
		err = query__read(s->query, page, raw, sizeof(raw));
		if (err)
			return -ENOENT;
	}
	err = parse_slab(s, page, raw, out);
	if (err)
		return err;
	return addr - out->base < (uint64_t)out->count * out->step ? 0 : -ENOENT;
}

bool slabs__mapped(const struct slabs *s, uint64_t addr)
{
	return addr - s->page_offset < s->max_pfn << PAGE_SHIFT;
}

uint64_t slab__object(const struct slab *slab, uint64_t addr)
{
	uint64_t slot = (addr - slab->base) / slab->step;
	uint64_t object = slab->base + slot * slab->step + slab->left;

	return slot < slab->count && addr - object < slab->size ? object : 0;
}

/* Follows a chain of free objects within one slab's bytes. */
static bool chain_has(const struct cache *c, bool scrambled, const struct slab *slab,
		      const unsigned char *bytes, uint64_t free_object, uint64_t wanted)
{
	uint64_t size = (uint64_t)slab->count * slab->step;

	for (uint32_t i = 0; i < slab->count && free_object; i++) {
		uint64_t link = free_object - slab->base + c->link, next;

		if (free_object == wanted)
			return true;
		if (free_object < slab->base || link + 8 > size)
			return false;
		memcpy(&next, bytes + link, 8);
		if (scrambled)
			next ^= c->random ^ __builtin_bswap64(slab->base + link);
		free_object = next;
	}
	return false;
}

/* Is it on the chain of a CPU that allocates from this slab?  Read for many CPUs at once. */
static enum slab_state state_on_cpus(struct slabs *s, const struct cache *c,
				     const struct slab *slab, const unsigned char *bytes,
				     uint64_t addr)
{
	struct memory_piece pieces[CPUS_AT_ONCE][2];
	struct {
		uint64_t slab, free; /* the one in use, and what is free in it */
	} words[CPUS_AT_ONCE] = { 0 };

	for (size_t first = 0; first < s->nr_cpus; first += CPUS_AT_ONCE) {
		size_t n = s->nr_cpus - first < CPUS_AT_ONCE ? s->nr_cpus - first : CPUS_AT_ONCE;

		for (size_t i = 0; i < n; i++) {
			uint64_t cpu = s->cpu_bases[first + i] + c->cpu_slab;

			pieces[i][0] = (struct memory_piece){ cpu + (uint64_t)s->cpu_slab,
							      &words[i].slab, 8, 0 };
			pieces[i][1] = (struct memory_piece){ cpu + (uint64_t)s->cpu_freelist,
							      &words[i].free, 8, 0 };
		}
		if (query__read_all(s->query, pieces[0], 2 * n))
			return SLAB_UNKNOWN;
		for (size_t i = 0; i < n; i++) {
			if (pieces[i][0].err || pieces[i][1].err)
				return SLAB_UNKNOWN;
			if (words[i].slab == slab->page &&
			    chain_has(c, s->cache_random >= 0, slab, bytes, words[i].free, addr))
				return SLAB_FREE;
		}
	}
	return SLAB_ALLOCATED;
}

/* Of the object that begins at addr. */
static enum slab_state state_in(struct slabs *s, const struct slab *slab, uint64_t addr)
{
	struct memory_piece pieces[MAX_SLAB / PAGE_SIZE];
	enum slab_state state = SLAB_UNKNOWN;
	const struct cache *c = table__get(&s->caches, slab->cache);
	size_t size = (size_t)slab->count * slab->step, n = 0;
	unsigned char *bytes = calloc(1, size);
	uint64_t freelist;

	if (!c || !bytes || read_u64(s, slab->page, s->slab_freelist, &freelist))
		goto out;
	for (size_t off = 0; off < size; off += PAGE_SIZE, n++)
		pieces[n] = (struct memory_piece){
			slab->base + off, bytes + off,
			(uint16_t)(size - off < PAGE_SIZE ? size - off : PAGE_SIZE), 0
		};
	if (query__read_all(s->query, pieces, n))
		goto out;
	/* KFENCE takes the page of what is free away, and has none behind it. */
	if (slab->lone && pieces[0].err == -EFAULT)
		state = SLAB_FREE;
	if (slab->lone) {
		n = 1;
		addr += c->left;
	}
	while (n)
		if (pieces[--n].err)
			goto out;
	state = chain_has(c, s->cache_random >= 0, slab, bytes, freelist, addr) ? SLAB_FREE
										: SLAB_ALLOCATED;
	if (state == SLAB_ALLOCATED && c->cpu_slab && s->cpu_slab >= 0 && s->cpu_freelist >= 0)
		state = state_on_cpus(s, c, slab, bytes, addr);
	if (state == SLAB_ALLOCATED) {
		int held = sheaves__hold(&s->sheaves, s->query, &c->sheaves, s->cpu_bases,
					 s->nr_cpus, s->nr_nodes, addr);

		state = held < 0 ? SLAB_UNKNOWN : held ? SLAB_FREE : SLAB_ALLOCATED;
	}
out:
	free(bytes);
	return state;
}

enum slab_state slabs__state(struct slabs *s, uint64_t addr)
{
	enum slab_state state;
	struct slab slab;

	if (!s || slabs__find(s, addr, &slab) || s->slab_freelist < 0)
		return SLAB_UNKNOWN;
	/* The second skb of a pair lies inside of an object. */
	addr = slab__object(&slab, addr);
	if (!addr)
		return SLAB_UNKNOWN;
	state = state_in(s, &slab, addr);
	return slab.lone && state != SLAB_FREE ? SLAB_LONE : state;
}

bool slabs__sheaf(const struct slabs *s, const unsigned char *bytes, size_t size)
{
	uint64_t named = sheaves__named_cache(&s->sheaves, bytes, size);
	const struct cache *c = named ? table__get(&s->caches, named) : NULL;

	return c && sheaves__are(&s->sheaves, &c->sheaves, bytes, size);
}

int slabs__each(struct slabs *s, int (*each)(void *ctx, const struct slab *slab), void *ctx)
{
	static _Thread_local unsigned char raw[PIECES_AT_ONCE][PAGES_AT_ONCE * 64];
	int err = read_caches(s); /* new ones may have come, and new memory */

	s->left_out = false;
	if (!err)
		err = read_u64(s, s->max_pfn_addr, 0, &s->max_pfn);
	for (uint64_t pfn = 0; !err && pfn < s->max_pfn; pfn += PIECES_AT_ONCE * PAGES_AT_ONCE) {
		struct memory_piece pieces[PIECES_AT_ONCE];

		for (size_t i = 0; i < PIECES_AT_ONCE; i++)
			pieces[i] =
				(struct memory_piece){ s->vmemmap + (pfn + i * PAGES_AT_ONCE) * 64,
						       raw[i], sizeof(raw[i]), 0 };
		err = query__read_all(s->query, pieces, PIECES_AT_ONCE);
		for (size_t i = 0; !err && i < PIECES_AT_ONCE * PAGES_AT_ONCE; i++) {
			struct slab slab;

			if (pieces[i / PAGES_AT_ONCE].err || pfn + i >= s->max_pfn)
				continue; /* a hole in the physical memory */
			if (!parse_slab(s, s->vmemmap + (pfn + i) * 64,
					raw[i / PAGES_AT_ONCE] + i % PAGES_AT_ONCE * 64, &slab))
				err = each(ctx, &slab);
		}
	}
	return err;
}
