/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a session is told before the first event: whose functions mean what, and when
 * tracing begins what is traced and how.
 */
#ifndef NLB_INTRODUCE_H
#define NLB_INTRODUCE_H

#include <stdint.h>

#include "hooks/hooks.h"
#include "record/session.h"
#include "trace/names.h"

/* The functions of all subsystems, by name, so that it holds for every build.  0 or -ENOMEM. */
int introduce__subsystems(struct session *session, struct names *names);
/* Tracing begins now, with these hooks, on a kernel of this release. */
void introduce__run(struct session *session, const struct hooks *hooks, const char *release,
		    uint64_t now);

#endif /* NLB_INTRODUCE_H */
