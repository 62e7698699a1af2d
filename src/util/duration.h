/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef NLB_DURATION_H
#define NLB_DURATION_H

#include <stdint.h>

/*
 * Parses "1.5", "300ms", "20s", "5m", "2h" into nanoseconds; bare means
 * seconds.  Returns 0, -EINVAL for anything else (also negative and beyond a
 * hundred years).
 */
int duration__parse(const char *text, uint64_t *ns);

#endif /* NLB_DURATION_H */
