/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are written for the user.  What is there stays as it is until there is
 * something to put in its place: an attempt that fails must not cost what an earlier
 * one has written.
 */
#ifndef NLB_OUTPUT_H
#define NLB_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

struct output {
	const char *path; /* the caller's */
	int fd;
	bool secret;
	bool made;	   /* there was no such file before */
	bool emptied;	   /* and is no other's any more */
	char problem[160]; /* why a call failed, in words */
};

/*
 * Opens a file for writing, and makes it where there is none.  secret: what comes into it is
 * for its owner alone (0600), also where a regular file is there already, which then has to
 * be ours; else as the umask says.  0 or a negative errno: then there is nothing to close.
 */
int output__reserve(struct output *o, const char *path, bool secret);
/* What was in it goes.  0 or a negative errno. */
int output__empty(struct output *o);
/*
 * Writes behind what is written, however many calls that takes; how many bytes it was is in
 * *written.  0 or a negative errno, -ENOSPC where nothing more goes in.
 */
int output__write(struct output *o, const void *data, size_t size, size_t *written);
/*
 * A stream into it, which empties it before the first byte.  To be closed before the output
 * is.  NULL: errno says why.
 */
FILE *output__stream(struct output *o);
/* One that was not emptied is left as it was found.  0 or a negative errno. */
int output__close(struct output *o);

#endif /* NLB_OUTPUT_H */
