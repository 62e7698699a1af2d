/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that need not be walked again.
 *
 * Unwinding costs the kernel some hundred instructions a frame, and what allocates
 * does so from a few dozen places.  So the first time the memory of the stack comes
 * along with the walked stack; which of its words could be return addresses of it
 * are noted, and when all of these are there again, at the same depth, below the
 * same program, it is the same stack: where a function's caller is found depends
 * on nothing but where in the function it is and where its frame lies.
 *
 * A return address may also lie about as the remains of an earlier call.  What is known
 * of the frames around it narrows down where the true one is; of the places that remain
 * all count.  Where the remains differ the next time the same stack is learnt again, and
 * the places that both have in common are left.
 */
#ifndef NLB_STACKS_H
#define NLB_STACKS_H

#include <stdbool.h>
#include <stdint.h>

#include "events.h"
#include "trace/names.h"

/*
 * What stands for a return address that is kept elsewhere, other than in nlb_stack's
 * returns: of function graph tracing, and of kretprobes before 5.18.  0: unused.
 */
#define STACKS_HIDERS 2
extern const char *const stacks_hiders[STACKS_HIDERS];

/*
 * What to look for, from a stack as it was walked and the memory it was found in.  One
 * in whose memory any of the addresses hiders is, is not learnt.  Returns 0, -EINVAL for a broken
 * record, -ENOENT where a return address is not in that memory, -E2BIG where there are too many
 * places to look at.
 */
int stacks__learn(const struct nlb_stack *walked, const uint64_t hiders[STACKS_HIDERS],
		  struct nlb_known_stack *out);

/*
 * Two that were learnt of one stack: the places that both have.  false if they cannot be
 * of the same.
 */
bool stacks__narrow(const struct nlb_known_stack *a, const struct nlb_known_stack *b,
		    struct nlb_known_stack *out);

/*
 * A record of type NLB_STACK, of size bytes: puts the stack among the known ones, the
 * map with this file descriptor.  One that cannot be known stays unknown, which is
 * no error.  Returns 0 or a negative errno.
 */
int stacks__take(int fd, struct names *names, const uint64_t hiders[STACKS_HIDERS],
		 const void *record, uint32_t size);

/*
 * After modules have come or gone: removes what was learnt before that, except of the
 * last generation before now, which programs may be looking at.
 */
void stacks__forget(int fd, uint32_t generation);

#endif /* NLB_STACKS_H */
