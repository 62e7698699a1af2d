/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Suppressions: leaks that are known and not to be told, in the file format of
 * LeakSanitizer.
 *
 *	# a comment
 *	leak:PATTERN
 *
 * A pattern is looked for within the name of every function and module of the
 * allocation's stack and within the callback's name; * stands for any
 * characters, ^ at the beginning and $ at the end for the name's own.
 *
 * Pure but for suppressions__read().
 */
#ifndef NLB_SUPPRESS_H
#define NLB_SUPPRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/report.h"

/* No name in the kernel is longer. */
#define SUPPRESSION_MAX 512
/* A file that is larger is no list of suppressions. */
#define SUPPRESSIONS_FILE_MAX (64U << 20)
/* For the error text of any file name. */
#define SUPPRESSIONS_ERROR 512

struct suppression {
	char *pattern;	  /* as it was written, without "leak:" */
	const char *file; /* the list's */
	unsigned line;	  /* from 1 */
	uint64_t matched; /* findings that it has hidden */
	size_t least;	  /* a name it matches has as many characters */
};

struct suppressions;

/* An empty list; NULL when out of memory.  free() takes NULL. */
struct suppressions *suppressions__new(void);
void suppressions__free(struct suppressions *s);

/*
 * Adds the lines of text, which need not end with a zero or a newline; file is
 * what messages call it.  Returns 0, -ENOMEM, or -EINVAL where a line is no
 * suppression; then error (of SUPPRESSIONS_ERROR bytes) says which and why.
 * The lines before it stay.
 */
int suppressions__parse(struct suppressions *s, const char *file, const char *text, size_t size,
			char *error);
/* The same for a file, which may be a pipe.  Any error is told in error. */
int suppressions__read(struct suppressions *s, const char *path, char *error);

size_t suppressions__count(const struct suppressions *s);
/* In the order in which they were read; index below the count. */
const struct suppression *suppressions__at(const struct suppressions *s, size_t index);

/*
 * The first suppression that matches a finding, or NULL.  It is the list's;
 * matched is the caller's to count.
 */
struct suppression *suppressions__match(struct suppressions *s, const struct report_leak *l);

/* Does a pattern match a name of len characters?  An empty name never does. */
bool suppression__matches(const char *pattern, const char *name, size_t len);

/*
 * A pattern for a finding, as narrow as names allow, into buf: its function,
 * of a response its callback (drivers allocate all responses in one place),
 * else what name there is.  False: there is none.
 */
bool suppression__propose(const struct report_leak *l, char *buf, size_t size);

#endif /* NLB_SUPPRESS_H */
