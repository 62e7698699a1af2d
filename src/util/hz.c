// SPDX-License-Identifier: GPL-2.0-only
/*
 * The coarse clocks advance once a tick, so their resolution is the tick: no
 * configuration file needs to be there to be read.
 */
#include "util/hz.h"

#include <time.h>

unsigned hz__of_kernel(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec || tick.tv_nsec < 100000)
		return 250;
	return (unsigned)((1000000000 + tick.tv_nsec / 2) / tick.tv_nsec);
}
