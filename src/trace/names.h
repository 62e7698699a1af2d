/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions and stacks as small numbers that stay valid when their module is
 * gone: an address is resolved when the trace first sees it, from the symbols that
 * are kept of traced modules (kernel/module_names.h) or by the kernel.  The same text
 * always gets the same number, also after a module was loaded again elsewhere.
 *
 * Whoever names a function may be up to something: every text that comes out is
 * printable (util/printable.h).
 */
#ifndef NLB_NAMES_H
#define NLB_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/query.h"

struct names;

struct stack_frame {
	uint64_t addr;
	uint32_t function; /* 0: unknown */
	uint32_t offset;   /* into the function */
	char *text;	   /* name+0xoff/0xsize [module], as the kernel prints it */
};

struct stack {
	uint32_t number; /* names__stack_at() gives it for this */
	size_t depth;
	/* The innermost frame of a traced module that is no allocation
	 * wrapper; depth where there is none.
	 */
	size_t site;
	struct stack_frame *frames; /* innermost first, the tracer's own cut off */
};

/* What addresses belong to.  Returns 0 or a negative errno. */
typedef int (*names_resolver)(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out);

/* resolver may be NULL: then no address is known.  NULL when out of memory. */
struct names *names__new(names_resolver resolver, void *ctx);
void names__free(struct names *n);

/* Modules have changed: addresses are resolved anew.  What is known stays. */
void names__modules_changed(struct names *n);
/* A module whose functions may be an allocation's site.  0 or -ENOMEM. */
int names__trace_module(struct names *n, const char *module);
/* Is it one of those?  NULL, the kernel, is not. */
bool names__module_traced(const struct names *n, const char *module);
/* A function that never is one.  0 or -ENOMEM. */
int names__wrapper(struct names *n, const char *function);

/* The number of the function that addr lies in, 0 if unknown. */
uint32_t names__function(struct names *n, uint64_t addr);
/* The number of a function by name, made if need be; 0 when out of memory.
 * module NULL is the kernel itself.
 */
uint32_t names__intern(struct names *n, const char *name, const char *module);
/* NULL for 0.  gcc's suffixes (.isra.0 and the like) are stripped. */
const char *names__text(const struct names *n, uint32_t function);
const char *names__module(const struct names *n, uint32_t function);

/* Nobody's traces have so many.  A recording may have more, from elsewhere. */
#define NAMES_STACKS_MAX 16384
/*
 * The number of a stack, 0 when out of memory or empty, or a new one beyond so many.
 * call_site, where not 0, is the return address into the allocator's caller: what is above
 * it is cut.
 */
uint32_t names__stack(struct names *n, const uint64_t *addrs, size_t depth, uint64_t call_site);
/*
 * How many frames of a stack walked in an interrupt are the interrupt's own.  What lies
 * below it is another one each time, and has nothing to do with it.
 */
size_t names__interrupt_depth(struct names *n, const uint64_t *addrs, size_t depth,
			      uint64_t call_site);
/* NULL for 0. */
const struct stack *names__stack_at(const struct names *n, uint32_t stack);

/*
 * The same names and stacks with the same numbers, but without addresses: a frame's
 * is another number that is the same for the same place in the same function.  For
 * looking things up only.  base must outlive it and may grow meanwhile.  NULL when out
 * of memory.
 */
struct names *names__veil(const struct names *base);
bool names__veiled(const struct names *n);
/*
 * A copy of a text in which whatever may be an address is "(hidden)"; offsets and
 * sizes stay.  The caller's to free; NULL when out of memory.
 */
char *names__without_addresses(const char *text);

/* What they take of memory (util/footprint.h), but for what only a resolver is asked. */
uint64_t names__memory(const struct names *n);
/* The highest number of a function and of a stack: they are given out from 1. */
uint32_t names__nr_functions(const struct names *n);
uint32_t names__nr_stacks(const struct names *n);
/*
 * The number of a stack from elsewhere, whose functions are n's numbers; frames
 * and texts are copied.  0 when out of memory.
 */
uint32_t names__add_stack(struct names *n, const struct stack_frame *frames, size_t depth,
			  size_t site);

#endif /* NLB_NAMES_H */
