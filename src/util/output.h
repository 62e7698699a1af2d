/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files that are written for the user.
 */
#ifndef NLB_OUTPUT_H
#define NLB_OUTPUT_H

#include <stdbool.h>

/*
 * Opens a file for writing, emptied.  secret: what comes into it is for its owner
 * alone (0600), also where a regular file is there already; else as the umask says.
 * Returns a file descriptor or a negative errno.
 */
int output__open(const char *path, bool secret);

/*
 * The same in two steps: what is there stays as it is until the second.  *made: there
 * was no such file before.
 */
int output__reserve(const char *path, bool secret, bool *made);
/* 0 or a negative errno. */
int output__empty(int fd, bool secret);

#endif /* NLB_OUTPUT_H */
