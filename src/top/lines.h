/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text that is longer than what there is room for: lines broken at a width, of
 * which a part is drawn.  Pure.
 */
#ifndef NLB_LINES_H
#define NLB_LINES_H

#include "top/canvas.h"

struct line {
	unsigned style;
	int indent;
	char *text;
};

/* All zero but for width and utf8 is no lines. */
struct lines {
	int width;
	bool utf8;
	struct line *list;
	size_t nr;
};

/* Adds text, all its lines but the first indented further.  Without memory it is left out. */
void lines__add(struct lines *l, unsigned style, int indent, int further, const char *text);
/* The same, with a format; at most 1 KiB. */
void lines__addf(struct lines *l, unsigned style, int indent, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Draws what there is room for, from the line first on. */
void lines__draw(const struct lines *l, struct canvas *c, struct rect r, size_t first);
void lines__free(struct lines *l);

#endif /* NLB_LINES_H */
