// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memories made by a fuzzer, for what random ones do not reach: heap.h knows the
 * truth about each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "unit/heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[256];

	if (!heap__check(data, size, why, sizeof(why), NULL)) {
		fprintf(stderr, "%s\n", why);
		abort();
	}
	return 0;
}
