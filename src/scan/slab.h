/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The slab allocator's memory as it lies there: which object an address belongs
 * to, how large it is, whether it is free.  Works for every object, also those
 * older than the trace, and for pointers into the middle.
 */
#ifndef NLB_SLAB_H
#define NLB_SLAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/query.h"

struct btf;
struct slabs;

/* One slab: objects of one cache, one after the other. */
struct slab {
	uint64_t page;	/* its struct slab */
	uint64_t base;	/* of the first object's slot */
	uint32_t step;	/* from slot to slot */
	uint32_t size;	/* of an object */
	uint32_t count; /* of slots */
	uint32_t left;	/* red zone before an object */
	uint64_t cache; /* its kmem_cache */
	/* Perhaps a page of KFENCE's: the one object lies anywhere in it; so its slot is all
	 * of the page.
	 */
	bool lone;
};

/*
 * query and btf remain the caller's.  Returns 0, -EOPNOTSUPP where the layout
 * is not known (only x86-64 with SLUB is), or a negative errno.
 */
int slabs__new(struct slabs **out, struct query *query, const struct btf *btf);
void slabs__free(struct slabs *s);

/* The slab that addr lies in.  0, -ENOENT where it is no slab memory. */
int slabs__find(struct slabs *s, uint64_t addr, struct slab *out);
/* First byte of the object that addr lies in, 0 where it is between objects. */
uint64_t slab__object(const struct slab *slab, uint64_t addr);

/* Were slabs left out by slabs__each(), since they are larger than any is expected to be? */
bool slabs__left_out(const struct slabs *s);

/* Is addr in the direct mapping of physical memory? */
bool slabs__mapped(const struct slabs *s, uint64_t addr);

enum slab_state {
	SLAB_ALLOCATED, /* or in a cache of free objects that is not known here */
	SLAB_FREE,	/* on a freelist: trustworthy */
	SLAB_LONE, /* one was allocated there last, not necessarily this one: see struct slab */
	SLAB_UNKNOWN,
};

/*
 * Is the object free that addr lies in?  Finds frees that emitted no
 * event (kfree_bulk and the like).
 */
enum slab_state slabs__state(struct slabs *s, uint64_t addr);

/*
 * Is a slab object with these bytes one of the allocator's own sheaves, whose words are no
 * references?  See sheaves.h.
 */
bool slabs__sheaf(const struct slabs *s, const unsigned char *bytes, size_t size);

/*
 * Calls each(ctx, slab) for every slab of the machine until it returns
 * non-zero.  Returns that, 0, or a negative errno.
 */
int slabs__each(struct slabs *s, int (*each)(void *ctx, const struct slab *slab), void *ctx);

#endif /* NLB_SLAB_H */
