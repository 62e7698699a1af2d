// SPDX-License-Identifier: GPL-2.0-only
/*
 * mm/slub.c: struct slab_sheaf, slub_percpu_sheaves, node_barn.
 *
 * A CPU has a sheaf in use, perhaps a spare one, and one that collects what
 * kfree_rcu() was given; a node's barn keeps a list of full ones.  One that waits
 * for its grace period is on no list, so whether some memory is a sheaf is told
 * from what it looks like and not by where it was found.
 */
#include "scan/sheaves.h"

#include <errno.h>
#include <string.h>

#include "kernel/kbtf.h"

#define MAX_CAPACITY 480 /* one piece of memory holds such a sheaf */
#define MAX_BARN     64	 /* full sheaves in one; the kernel keeps 10 */
#define MAX_NODES    64

void sheaves__layout(struct sheaf_layout *l, const struct btf *btf)
{
	const char *sheaf = "slab_sheaf", *percpu = "slub_percpu_sheaves";

	memset(l, 0xff, sizeof(*l)); /* -1 */
	l->main = kbtf__member_offset(btf, percpu, "main");
	l->spare = kbtf__member_offset(btf, percpu, "spare");
	l->rcu_free = kbtf__member_offset(btf, percpu, "rcu_free");
	l->list = kbtf__member_offset(btf, sheaf, "barn_list");
	l->cache = kbtf__member_offset(btf, sheaf, "cache");
	l->size = kbtf__member_offset(btf, sheaf, "size");
	l->objects = kbtf__member_offset(btf, sheaf, "objects");
	l->full = kbtf__member_offset(btf, "node_barn", "sheaves_full");
	l->capacity = kbtf__member_offset(btf, "kmem_cache", "sheaf_capacity");
	/* Since 7.0 a pair for each node, of which one is the barn; before, the node
	 * names it.
	 */
	l->barns = kbtf__member_offset(btf, "kmem_cache", "per_node");
	l->barn = kbtf__member_offset(btf, "kmem_cache_per_node_ptrs", "barn");
	l->barn_step = (int)kbtf__struct_size(btf, "kmem_cache_per_node_ptrs");
	if (l->barns < 0) {
		l->barns = kbtf__member_offset(btf, "kmem_cache", "node");
		l->barn = 0;
		l->barn_step = 8;
		l->node_barn = kbtf__member_offset(btf, "kmem_cache_node", "barn");
	}
	if (l->main >= 0 && l->spare >= 0 && l->rcu_free >= 0 && l->list >= 0 && l->cache >= 0 &&
	    l->size >= 0 && l->objects >= 0 && l->full >= 0 && l->capacity >= 0 && l->barns >= 0 &&
	    l->barn >= 0)
		l->cpu_sheaves = kbtf__member_offset(btf, "kmem_cache", "cpu_sheaves");
}

static int read_u64(struct query *q, uint64_t addr, int offset, uint64_t *value)
{
	return query__read(q, addr + (uint64_t)offset, value, sizeof(*value));
}

/* next, if not NULL, gets the sheaf after this one on its list. */
static int sheaf_has(const struct sheaf_layout *l, struct query *q, const struct sheaf_cache *c,
		     uint64_t sheaf, uint64_t object, uint64_t *next)
{
	unsigned char bytes[MEMORY_PIECE_MAX];
	size_t len = (size_t)l->objects + 8UL * c->capacity;
	uint32_t size;
	int err;

	if (c->capacity > MAX_CAPACITY || len > sizeof(bytes))
		return -E2BIG;
	err = query__read(q, sheaf, bytes, (uint16_t)len);
	if (err)
		return err;
	if (next)
		memcpy(next, bytes + l->list, sizeof(*next));
	memcpy(&size, bytes + l->size, sizeof(size));
	for (uint32_t i = 0; i < size && i < c->capacity; i++)
		if (!memcmp(bytes + l->objects + 8UL * i, &object, sizeof(object)))
			return 1;
	return 0;
}

static int cpu_has(const struct sheaf_layout *l, struct query *q, const struct sheaf_cache *c,
		   uint64_t percpu, uint64_t object)
{
	const int places[] = { l->main, l->spare, l->rcu_free };
	int has = 0;

	for (size_t i = 0; !has && i < sizeof(places) / sizeof(*places); i++) {
		uint64_t sheaf = 0;

		has = read_u64(q, percpu, places[i], &sheaf);
		if (!has && sheaf)
			has = sheaf_has(l, q, c, sheaf, object, NULL);
	}
	return has;
}

static int node_has(const struct sheaf_layout *l, struct query *q, const struct sheaf_cache *c,
		    unsigned node, uint64_t object)
{
	uint64_t place = c->addr + (uint64_t)l->barns + (uint64_t)l->barn_step * node;
	uint64_t barn = 0, head, at = 0;
	int has = read_u64(q, place, l->barn, &barn);

	if (!has && barn && l->node_barn >= 0)
		has = read_u64(q, barn, l->node_barn, &barn);
	if (has || !barn)
		return has;
	head = barn + (uint64_t)l->full;
	has = read_u64(q, head, 0, &at);
	for (int i = 0; !has && at && at != head && i < MAX_BARN; i++)
		has = sheaf_has(l, q, c, at - (uint64_t)l->list, object, &at);
	return has;
}

int sheaves__hold(const struct sheaf_layout *l, struct query *query,
		  const struct sheaf_cache *cache, const uint64_t *cpu_bases, unsigned nr_cpus,
		  unsigned nr_nodes, uint64_t object)
{
	int has = 0;

	if (l->cpu_sheaves < 0 || !cache->capacity || !cache->cpu_sheaves)
		return 0;
	for (unsigned i = 0; !has && i < nr_cpus; i++)
		has = cpu_has(l, query, cache, cpu_bases[i] + cache->cpu_sheaves, object);
	for (unsigned i = 0; !has && i < nr_nodes && i < MAX_NODES; i++)
		has = node_has(l, query, cache, i, object);
	return has;
}

uint64_t sheaves__named_cache(const struct sheaf_layout *l, const unsigned char *bytes, size_t size)
{
	uint64_t cache;

	if (l->cpu_sheaves < 0 || size < (size_t)l->objects)
		return 0;
	memcpy(&cache, bytes + l->cache, sizeof(cache));
	return cache;
}

bool sheaves__are(const struct sheaf_layout *l, const struct sheaf_cache *cache,
		  const unsigned char *bytes, size_t size)
{
	uint32_t used;

	memcpy(&used, bytes + l->size, sizeof(used));
	return cache->capacity && used <= cache->capacity &&
	       (size_t)l->objects + 8UL * cache->capacity <= size;
}
