/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sheaves of SLUB (6.18 and newer): arrays of free objects, for each CPU and
 * each node, in front of the slabs.
 *
 * Two things follow.  An object in a sheaf is free, though its slab counts it as
 * allocated.  And a sheaf is a slab object itself, in which the address of all
 * that was allocated from it remains: that is no reference.
 */
#ifndef NLB_SHEAVES_H
#define NLB_SHEAVES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/query.h"

struct btf;

/* Offsets; cpu_sheaves is negative on a kernel that has no sheaves. */
struct sheaf_layout {
	int cpu_sheaves, capacity;	/* in struct kmem_cache */
	int barns, barn, barn_step;	/* the nodes' places in it, and what is there */
	int node_barn;			/* in a kmem_cache_node, where that is what is there */
	int main, spare, rcu_free;	/* in struct slub_percpu_sheaves */
	int full;			/* in struct node_barn */
	int list, cache, size, objects; /* in struct slab_sheaf */
};

/* A cache, as far as its sheaves go. */
struct sheaf_cache {
	uint64_t addr;
	uint64_t cpu_sheaves; /* per-CPU offset */
	uint32_t capacity;    /* objects in a sheaf; 0: the cache has none */
};

/* Never fails: what is not known is not there. */
void sheaves__layout(struct sheaf_layout *l, const struct btf *btf);

/*
 * Is the object in a sheaf of that cache?  1 or 0, or a negative errno where that
 * cannot be read.
 */
int sheaves__hold(const struct sheaf_layout *l, struct query *query,
		  const struct sheaf_cache *cache, const uint64_t *cpu_bases, unsigned nr_cpus,
		  unsigned nr_nodes, uint64_t object);

/* The cache that an object names as a sheaf would, 0 where it cannot be one. */
uint64_t sheaves__named_cache(const struct sheaf_layout *l, const unsigned char *bytes,
			      size_t size);
/* Are these bytes, an object that names this cache, one of its sheaves? */
bool sheaves__are(const struct sheaf_layout *l, const struct sheaf_cache *cache,
		  const unsigned char *bytes, size_t size);

#endif /* NLB_SHEAVES_H */
