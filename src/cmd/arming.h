/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When the hooks on memory are attached: they follow the NFC stack.  Awake while a
 * device is powered and for a while after that, at the start, and after a module was loaded,
 * then until what was seen allocated is freed, else asleep.
 */
#ifndef NLB_ARMING_H
#define NLB_ARMING_H

#include <stdbool.h>
#include <stdint.h>

#include "hooks/hooks.h"
#include "kernel/kernel.h"
#include "record/session.h"

struct arming;

/*
 * linger_ns: how long that while is.  All pointers remain the caller's and must outlive it.
 * NULL when out of memory.
 */
struct arming *arming__new(struct hooks *hooks, const struct kernel *kernel,
			   struct session *session, uint64_t linger_ns);
void arming__free(struct arming *a);

/* Something happens in the stack, or a module came: wakes the hooks up unless they are awake. */
void arming__activity(struct arming *a);
/*
 * To be called about once a second, with the ring buffer emptied and no loss that is not
 * made good.  May wait for the kernel, some tens of milliseconds, when it lets hooks go;
 * then returns true: the ring buffer is to be emptied again.
 */
bool arming__work(struct arming *a, uint64_t now);

#endif /* NLB_ARMING_H */
