/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which of a set of objects are reachable: the pure part of the search, a graph
 * and a fixpoint.
 *
 * Every object outside the set counts as a root.  An object of the set that is
 * named by a root is reachable, and so is what it names; two leaked objects
 * that name only each other are not.
 */
#ifndef NLB_REACH_H
#define NLB_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reach;

/* A member of the set: [addr, addr + size). */
struct reach_object {
	uint64_t addr, size;
	/* A word left behind in there, by what used to refer to the object and
	 * was freed, is no reference whoever owns the memory now.
	 */
	uint64_t ghost, ghost_size;
	bool sought;	/* the question is about this one: see reach__sought() */
	bool reachable; /* out */
	/* out: not reachable, but named in freed memory, or by such an object:
	 * what is doubtful itself makes nothing certain.
	 */
	bool stale;
	bool marked; /* reach__mark(), and spread: reached from the stack's own roots */
};

/*
 * objects remain the caller's and are sorted by address by this call.  NULL when
 * out of memory.
 *
 * They may overlap, since one may be gone whose free was missed: then a word
 * names all that it points into.
 */
struct reach *reach__new(struct reach_object *objects, size_t count);
void reach__free(struct reach *r);

/* The member that addr points into, or NULL.  Behind the end is not inside. */
struct reach_object *reach__find(const struct reach *r, uint64_t addr);
/* Another one, after what was found last; NULL when there are no more. */
struct reach_object *reach__next(const struct reach *r, const struct reach_object *found,
				 uint64_t addr);
/* Could addr point into the set?  A quick no. */
bool reach__spans(const struct reach *r, uint64_t addr);

/*
 * Looks at every aligned word of size bytes: of a slab object, from being its
 * address, or of other memory, which is a root, with from 0.  Words of an object
 * that names itself, as an empty list does, are no references.  is_free(ctx,
 * from) is asked at most once, and only of what is no member and names one.
 * Returns 0 or -ENOMEM.
 */
int reach__look(struct reach *r, const void *bytes, size_t size, uint64_t from,
		bool (*is_free)(void *ctx, uint64_t object), void *ctx);
/* A word that the stack can reach: marks what it points into. */
void reach__mark(struct reach *r, uint64_t word);
/* How many of those that are sought have not been marked yet. */
size_t reach__sought(const struct reach *r);

/* A root names the target; from freed memory if stale. */
void reach__root(struct reach *r, struct reach_object *target, bool stale);
/* A member names the target.  0 or -ENOMEM. */
int reach__edge(struct reach *r, const struct reach_object *from, struct reach_object *target);
/* Spreads reachability and marks along the edges; without memory for it, to all. */
void reach__finish(struct reach *r);
/* Edges followed and searched for by that: grows little faster than the graph. */
uint64_t reach__steps(const struct reach *r);

#endif /* NLB_REACH_H */
