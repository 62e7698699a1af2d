/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text for people, in lines that a terminal has room for.
 */
#ifndef NLB_WRAP_H
#define NLB_WRAP_H

#include <stdio.h>

#define WRAP_COLUMNS 80

/* A paragraph that is being written. */
struct wrap {
	FILE *out;
	int indent;
	int column;
};

/*
 * Writes lead, and from column indent on what follows, in as many lines as it takes.  A
 * longer lead is followed by a space.
 */
void wrap__begin(struct wrap *w, FILE *out, int indent, const char *lead);
/* Words with spaces between; one that no line has room for has a line of its own. */
void wrap__words(struct wrap *w, const char *text);
void wrap__end(struct wrap *w);

/* All of it at once. */
void wrap__text(FILE *out, int indent, const char *lead, const char *text);
/* The rest of a line of which so many columns are written. */
void wrap__rest(FILE *out, int column, const char *text);

#endif /* NLB_WRAP_H */
