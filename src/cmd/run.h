/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One trace from its start to its end, whatever it is shown by.
 */
#ifndef NLB_RUN_H
#define NLB_RUN_H

#include "cmd/options.h"
#include "report/front.h"

/*
 * Traces as the options say until a signal, the duration's end or the front's own
 * wish; writes to standard output, and messages to standard error.  Returns the
 * exit status.
 */
int run_trace(const struct run_options *options, const struct front *front);

#endif /* NLB_RUN_H */
