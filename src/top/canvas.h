/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A grid of character cells, and text put into it.  Pure: a screen shows it, a
 * test reads it.
 *
 * Whatever is put somewhere is clipped to the grid, so that drawing code need
 * not know how small a terminal is.  Text comes from the kernel (names of tasks
 * are any bytes): what is not printable becomes a question mark, so that no
 * terminal ever sees an escape sequence of somebody else's.
 */
#ifndef NLB_CANVAS_H
#define NLB_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <wchar.h>

#define CANVAS_MAX 1000 /* columns and lines: more are not drawn */

enum style {
	STYLE_PLAIN,
	STYLE_DIM,
	STYLE_BOLD,
	STYLE_HEADING, /* of a table's columns or of a part of the screen */
	STYLE_GOOD,
	STYLE_PROBABLE, /* also warnings */
	STYLE_DEFINITE, /* also errors */
	STYLE_GRAPH,
	NR_STYLES,
	STYLE_SELECTED = 0x40, /* or'ed to one of the above */
};

struct cell {
	wchar_t ch; /* 0: the right half of the wide character to its left */
	uint8_t style;
};

/* All zero is an empty canvas of no size. */
struct canvas {
	int width, height;
	bool utf8; /* LC_CTYPE of the process is UTF-8; else only ASCII is put */
	struct cell *cells;
};

/* A part of a canvas. */
struct rect {
	int x, y, width, height;
};

/* Makes it that large (within CANVAS_MAX) and empty.  0 or -ENOMEM, then nothing changed. */
int canvas__resize(struct canvas *c, int width, int height);
void canvas__clear(struct canvas *c);
void canvas__free(struct canvas *c);

/* Puts text into at most columns columns, cut off at the end.  Returns the columns used. */
int canvas__put(struct canvas *c, int x, int y, int columns, unsigned style, const char *text);
/* The same with what does not fit left out in the middle: the ends of names tell them apart. */
int canvas__put_name(struct canvas *c, int x, int y, int columns, unsigned style, const char *text);
/* The same, at the right end of the columns. */
void canvas__put_right(struct canvas *c, int x, int y, int columns, unsigned style,
		       const char *text);
/* One character; of the wide ones and outside ASCII only where utf8 is. */
void canvas__put_char(struct canvas *c, int x, int y, unsigned style, wchar_t ch);
/* Adds style bits to all cells of a rectangle. */
void canvas__mark(struct canvas *c, struct rect r, unsigned style);

/* Columns that text takes. */
int text__width(const char *text, bool utf8);
/*
 * How many bytes of text go on one line of so many columns, broken at a space
 * where there is one.  At least one character, so that every text comes to an
 * end.  *skip is set to how many bytes the next line starts later.
 */
size_t text__line(const char *text, int columns, bool utf8, size_t *skip);

#endif /* NLB_CANVAS_H */
