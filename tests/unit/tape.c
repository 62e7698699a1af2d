// SPDX-License-Identifier: GPL-2.0-only
/*
 * The recordings of tape.h.
 */
#include "unit/tape.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void tape__open(struct tape *t)
{
	*t = (struct tape){ .fd = memfd_create("recording", MFD_CLOEXEC) };
	if (t->fd < 0)
		abort();
	snprintf(t->path, sizeof(t->path), "/proc/self/fd/%d", t->fd);
}

void tape__close(struct tape *t)
{
	close(t->fd);
	free(t->data);
}

void tape__read(struct tape *t)
{
	struct stat st;

	free(t->data);
	if (fstat(t->fd, &st))
		abort();
	t->size = (size_t)st.st_size;
	t->data = malloc(t->size + 1);
	if (!t->data || pread(t->fd, t->data, t->size, 0) != (ssize_t)t->size)
		abort();
}

FILE *tape__stream(const struct tape *t, size_t size)
{
	/* fmemopen() refuses to be empty on some systems. */
	FILE *f = size ? fmemopen(t->data, size, "r") : fopen("/dev/null", "re");

	if (!f)
		abort();
	return f;
}
