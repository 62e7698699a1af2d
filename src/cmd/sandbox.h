/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `run` may do: enough to begin, and from then on only what it still needs.
 *
 * Once everything is attached the process gives up all capabilities but those that
 * hooks on modules loaded later and re-attached ones want, and all system calls but
 * those that tracing, reporting and answering take.  A call that is not among them
 * fails with EPERM and is in the kernel's log (type=1326): a tracer that has
 * forgotten one does less, it does not die.
 */
#ifndef NLB_SANDBOX_H
#define NLB_SANDBOX_H

#include <stdbool.h>

#include "hooks/hooks.h"
#include "kernel/features.h"

/* May tracing begin, as far as capabilities and settings go?  Says why not, and what is odd. */
bool sandbox__may_begin(const struct features *f);

/*
 * For this thread and those that it starts from here on; there must be no other yet.
 * What cannot be given up is kept, and said with --verbose.  mode is how hooks are
 * attached; on: false does nothing and says so.
 */
void sandbox__enter(const struct features *f, enum attach_mode mode, bool on);

#endif /* NLB_SANDBOX_H */
