// SPDX-License-Identifier: GPL-2.0-only
/*
 * Broken lines, see lines.h.
 */
#include "top/lines.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_one(struct lines *l, unsigned style, int indent, const char *text, size_t size)
{
	struct line *more = reallocarray(l->list, l->nr + 1, sizeof(*more));
	char *copy = strndup(text, size);

	if (more)
		l->list = more;
	if (!more || !copy) {
		free(copy);
		return;
	}
	l->list[l->nr++] = (struct line){ style, indent, copy };
}

void lines__add(struct lines *l, unsigned style, int indent, int further, const char *text)
{
	size_t size, skip;
	int room;

	do {
		/* Where there is hardly any room, none is given to the indentation. */
		if (indent > l->width / 2)
			indent = 0;
		room = l->width - indent;
		size = text__line(text, room > 1 ? room : 1, l->utf8, &skip);
		add_one(l, style, indent, text, size);
		text += skip;
		indent += further;
		further = 0;
	} while (*text);
}

void lines__addf(struct lines *l, unsigned style, int indent, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	lines__add(l, style, indent, 2, text);
}

void lines__draw(const struct lines *l, struct canvas *c, struct rect r, size_t first)
{
	for (int y = 0; y < r.height && first < l->nr; y++, first++) {
		const struct line *line = &l->list[first];

		for (int x = r.x; line->style == STYLE_HEADING && x < r.x + r.width; x++)
			canvas__put_char(c, x, r.y + y, STYLE_HEADING, L' ');
		canvas__put(c, r.x + line->indent, r.y + y, r.width - line->indent, line->style,
			    line->text);
		if (line->style & STYLE_SELECTED)
			canvas__mark(c, (struct rect){ r.x, r.y + y, r.width, 1 }, STYLE_SELECTED);
	}
}

void lines__free(struct lines *l)
{
	for (size_t i = 0; i < l->nr; i++)
		free(l->list[i].text);
	free(l->list);
	l->list = NULL;
	l->nr = 0;
}
