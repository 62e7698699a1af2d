// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pipe in standard error's place, see messages.h.
 */
#include "top/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 512
#define PIPE_SIZE (1 << 20)

struct messages {
	int standard_error, pipe;
	char line[LINE_SIZE]; /* the one that has no end yet */
	size_t used;
	char *kept[MESSAGES_KEPT]; /* a ring */
	size_t nr_kept;		   /* ever */
};

struct messages *messages__take(void)
{
	struct messages *m = calloc(1, sizeof(*m));
	int ends[2] = { -1, -1 };

	if (!m)
		return NULL;
	fflush(stderr);
	m->standard_error = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	/* What does not fit is dropped: a writer must never wait for its reader,
	 * which may be itself.
	 */
	if (m->standard_error < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) ||
	    dup2(ends[1], STDERR_FILENO) < 0) {
		int err = errno;

		if (m->standard_error >= 0)
			close(m->standard_error);
		if (ends[0] >= 0) {
			close(ends[0]);
			close(ends[1]);
		}
		free(m);
		errno = err;
		return NULL;
	}
	close(ends[1]);
	m->pipe = ends[0];
	fcntl(m->pipe, F_SETPIPE_SZ, PIPE_SIZE);
	return m;
}

static void end_line(struct messages *m, void (*each)(void *ctx, const char *line), void *ctx)
{
	char **slot = &m->kept[m->nr_kept % MESSAGES_KEPT];

	m->line[m->used] = '\0';
	free(*slot);
	*slot = strdup(m->line);
	m->nr_kept++;
	if (each && m->used)
		each(ctx, m->line);
	m->used = 0;
}

void messages__read(struct messages *m, void (*each)(void *ctx, const char *line), void *ctx)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(m->pipe, bytes, sizeof(bytes))) > 0) {
		for (ssize_t i = 0; i < n; i++) {
			if (bytes[i] == '\n' || m->used == sizeof(m->line) - 1)
				end_line(m, each, ctx);
			if (bytes[i] != '\n')
				m->line[m->used++] = bytes[i];
		}
	}
}

void messages__release(struct messages *m)
{
	size_t first;

	if (!m)
		return;
	fflush(stderr);
	messages__read(m, NULL, NULL);
	if (m->used)
		end_line(m, NULL, NULL);
	dup2(m->standard_error, STDERR_FILENO);
	close(m->standard_error);
	close(m->pipe);
	first = m->nr_kept > MESSAGES_KEPT ? m->nr_kept - MESSAGES_KEPT : 0;
	if (first)
		fprintf(stderr, "nfcleakbpf: %zu earlier messages are not kept\n", first);
	for (size_t i = first; i < m->nr_kept; i++)
		if (m->kept[i % MESSAGES_KEPT])
			fprintf(stderr, "%s\n", m->kept[i % MESSAGES_KEPT]);
	for (size_t i = 0; i < MESSAGES_KEPT; i++)
		free(m->kept[i]);
	free(m);
}

void messages__crash(struct messages *m)
{
	char bytes[1024];
	ssize_t n;

	dup2(m->standard_error, STDERR_FILENO);
	while ((n = read(m->pipe, bytes, sizeof(bytes))) > 0)
		if (write(STDERR_FILENO, bytes, (size_t)n) < 0)
			break;
}
