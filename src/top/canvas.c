// SPDX-License-Identifier: GPL-2.0-only
/*
 * The grid of canvas.h.
 */
#include "top/canvas.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/*
 * Takes the next character off text: what is to be shown and how many columns
 * that takes, 0 for what is combined with the character before and left out.
 */
static wchar_t take(const char **text, bool utf8, int *width)
{
	unsigned char first = (unsigned char)**text;
	mbstate_t state;
	wchar_t ch;
	size_t n;

	*width = 1;
	if (first < 0x80) {
		(*text)++;
		return first >= ' ' && first != 0x7f ? first : L'?';
	}
	memset(&state, 0, sizeof(state));
	n = utf8 ? mbrtowc(&ch, *text, strnlen(*text, MB_LEN_MAX), &state) : 0;
	if (n == 0 || n > MB_LEN_MAX) {
		(*text)++;
		return L'?';
	}
	*text += n;
	*width = wcwidth(ch);
	if (*width >= 0)
		return ch;
	*width = 1;
	return L'?';
}

int text__width(const char *text, bool utf8)
{
	int total = 0, width;

	while (*text) {
		take(&text, utf8, &width);
		total += width;
	}
	return total;
}

size_t text__line(const char *text, int columns, bool utf8, size_t *skip)
{
	const char *at = text, *space = NULL, *before;
	int used = 0, width;

	while (*at) {
		before = at;
		if (*at == ' ')
			space = at;
		take(&at, utf8, &width);
		if (used + width > columns && before != text) {
			at = *before != ' ' && space && space != text ? space : before;
			break;
		}
		used += width;
	}
	*skip = (size_t)(at - text);
	*skip += strspn(at, " ");
	return (size_t)(at - text);
}

int canvas__resize(struct canvas *c, int width, int height)
{
	struct cell *cells;

	width = width < 0 ? 0 : width > CANVAS_MAX ? CANVAS_MAX : width;
	height = height < 0 ? 0 : height > CANVAS_MAX ? CANVAS_MAX : height;
	cells = calloc((size_t)width * (size_t)height + 1, sizeof(*cells));
	if (!cells)
		return -ENOMEM;
	free(c->cells);
	c->cells = cells;
	c->width = width;
	c->height = height;
	canvas__clear(c);
	return 0;
}

void canvas__clear(struct canvas *c)
{
	size_t size = (size_t)c->width * (size_t)c->height;

	for (size_t i = 0; i < size; i++)
		c->cells[i] = (struct cell){ L' ', STYLE_PLAIN };
}

void canvas__free(struct canvas *c)
{
	free(c->cells);
	c->cells = NULL;
	c->width = c->height = 0;
}

static struct cell *cell_at(const struct canvas *c, int x, int y)
{
	if (x < 0 || y < 0 || x >= c->width || y >= c->height)
		return NULL;
	return &c->cells[(size_t)y * (size_t)c->width + (size_t)x];
}

/* Half of a wide character is none: what is left of one becomes a space. */
static void split_wide(struct canvas *c, int x, int y)
{
	struct cell *here = cell_at(c, x, y), *left = cell_at(c, x - 1, y);

	if (here && !here->ch) {
		here->ch = L' ';
		if (left)
			left->ch = L' ';
	}
}

static void set(struct canvas *c, int x, int y, unsigned style, wchar_t ch, int width)
{
	struct cell *first = cell_at(c, x, y), *second = cell_at(c, x + 1, y);

	if (!first || width < 1)
		return;
	if (width > 1 && !second) {
		ch = L' ';
		width = 1;
	}
	split_wide(c, x, y);
	split_wide(c, x + width, y);
	*first = (struct cell){ ch, (uint8_t)style };
	if (width > 1)
		*second = (struct cell){ 0, (uint8_t)style };
}

void canvas__put_char(struct canvas *c, int x, int y, unsigned style, wchar_t ch)
{
	int width = c->utf8 ? wcwidth(ch) : 1;

	if ((!c->utf8 && ch >= 0x80) || width < 1) {
		ch = L'?';
		width = 1;
	}
	set(c, x, y, style, ch, width);
}

int canvas__put(struct canvas *c, int x, int y, int columns, unsigned style, const char *text)
{
	int used = 0, width;
	wchar_t ch;

	while (*text && used < columns) {
		ch = take(&text, c->utf8, &width);
		if (used + width > columns)
			break;
		set(c, x + used, y, style, ch, width);
		used += width;
	}
	return used;
}

int canvas__put_name(struct canvas *c, int x, int y, int columns, unsigned style, const char *text)
{
	int width = text__width(text, c->utf8), head, used, w;

	if (width <= columns || columns < 5)
		return canvas__put(c, x, y, columns, style, text);
	head = (columns - 1) * 2 / 5;
	used = canvas__put(c, x, y, head, style, text);
	canvas__put_char(c, x + used, y, style, c->utf8 ? L'\u2026' : L'~');
	used++;
	while (*text && width > columns - used) {
		take(&text, c->utf8, &w);
		width -= w;
	}
	return used + canvas__put(c, x + used, y, columns - used, style, text);
}

void canvas__put_right(struct canvas *c, int x, int y, int columns, unsigned style,
		       const char *text)
{
	int width = text__width(text, c->utf8);

	if (width < columns)
		x += columns - width;
	canvas__put(c, x, y, columns, style, text);
}

void canvas__mark(struct canvas *c, struct rect r, unsigned style)
{
	for (int y = r.y; y < r.y + r.height; y++) {
		for (int x = r.x; x < r.x + r.width; x++) {
			struct cell *cell = cell_at(c, x, y);

			if (cell)
				cell->style |= (uint8_t)style;
		}
	}
}
