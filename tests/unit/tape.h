/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Recordings in memory, for the tests of src/record.
 */
#ifndef NLB_TEST_TAPE_H
#define NLB_TEST_TAPE_H

#include <stdio.h>

#include "record/recorder.h"

struct tape {
	int fd;
	char path[64];
	unsigned char *data; /* once it was read back */
	size_t size;
};

/* A file without a name; aborts where there can be none. */
void tape__open(struct tape *t);
void tape__close(struct tape *t);
/* What is in the file now. */
void tape__read(struct tape *t);
/* The first size bytes of what was read. */
FILE *tape__stream(const struct tape *t, size_t size);

#endif /* NLB_TEST_TAPE_H */
