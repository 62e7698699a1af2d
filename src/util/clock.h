/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two clocks, in nanoseconds: the monotonic one, which is that of the
 * kernel's records, and the wall's.
 */
#ifndef NLB_CLOCK_H
#define NLB_CLOCK_H

#include <stdint.h>

/* CLOCK_MONOTONIC, as bpf_ktime_get_ns(). */
uint64_t clock__now(void);
/* What has to be added to a monotonic time to make it one since the epoch, modulo 2^64. */
uint64_t clock__offset(void);

#endif /* NLB_CLOCK_H */
