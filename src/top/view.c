// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full-screen view's state: what is shown in which order, what is selected,
 * what keys do, and how the screen is divided.
 *
 * A selection follows its row when rows change places, once it was moved; until
 * then it stays on the first row, which is the one that matters most.
 */
#include "top/view.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "top/internal.h"

#define PANEL_WIDTH  130 /* from here on a callback's sites have a place of their own */
#define PANEL_HEIGHT 16

struct view *view__new(void)
{
	struct view *v = calloc(1, sizeof(*v));

	if (v)
		v->sort = COLUMN_BYTES;
	return v;
}

void view__free(struct view *v)
{
	if (!v)
		return;
	for (int i = 0; i < NR_PANES; i++)
		free(v->panes[i].rows);
	free(v->sites.rows);
	free(v);
}

bool view__paused(const struct view *v)
{
	return v->paused;
}

void view__message(struct view *v, const char *text)
{
	snprintf(v->message, sizeof(v->message), "%s", text ? text : "");
}

const struct callback_row *view__callback(const struct snapshot *s, uint32_t callback)
{
	for (size_t i = 0; i < s->nr_callbacks; i++)
		if (s->callbacks[i].callback == callback)
			return &s->callbacks[i];
	return NULL;
}

/* ---- lists ---- */

/* Room for that many rows, none of them there yet; without memory for fewer. */
static void list_start(struct list *l, size_t rows)
{
	size_t *more;

	l->nr = 0;
	if (rows <= l->room)
		return;
	more = reallocarray(l->rows, rows, sizeof(*more));
	if (!more)
		return;
	l->rows = more;
	l->room = rows;
}

static void list_add(struct list *l, size_t row)
{
	if (l->nr < l->room)
		l->rows[l->nr++] = row;
}

void list__show(struct list *l, size_t page)
{
	l->page = page;
	if (l->top > l->at)
		l->top = l->at;
	if (page && l->at >= l->top + page)
		l->top = l->at - page + 1;
	/* No empty lines below while there are rows above. */
	if (page && l->top + page > l->nr)
		l->top = l->nr > page ? l->nr - page : 0;
}

static void list_move(struct list *l, long delta)
{
	size_t last = l->nr ? l->nr - 1 : 0;

	if (delta < 0)
		l->at = (size_t)-delta > l->at ? 0 : l->at - (size_t)-delta;
	else
		l->at = (size_t)delta > last - l->at ? last : l->at + (size_t)delta;
}

/* ---- which rows, in which order ---- */

static bool has_text(const struct view *v, const char *text)
{
	return text && strcasestr(text, v->filter);
}

static bool callback_matches(const struct view *v, const struct snapshot *s,
			     const struct callback_row *row)
{
	if (has_text(v, row->name))
		return true;
	for (size_t i = 0; i < s->nr_sites; i++)
		if (s->sites[i].callback == row->callback && has_text(v, s->sites[i].sentence))
			return true;
	return false;
}

static bool matches(const struct view *v, const struct snapshot *s, enum pane pane, size_t i)
{
	const struct command_row *command;

	if (!*v->filter)
		return true;
	switch (pane) {
	case PANE_CALLBACKS:
		return callback_matches(v, s, &s->callbacks[i]);
	case PANE_COMMANDS:
		command = &s->commands[i];
		return has_text(v, command->callback) || has_text(v, command->type) ||
		       has_text(v, command->device);
	default:
		return has_text(v, s->alerts[i].text);
	}
}

static uint64_t row_id(const struct snapshot *s, enum pane pane, size_t i)
{
	switch (pane) {
	case PANE_CALLBACKS:
		return (uint64_t)s->callbacks[i].callback + 1;
	case PANE_COMMANDS:
		return i + 1;
	default:
		return s->alerts[i].id;
	}
}

struct order {
	const struct view *view;
	const struct snapshot *snapshot;
};

static int compare(uint64_t x, uint64_t y)
{
	return x < y ? -1 : x > y;
}

static int compare_column(enum column column, const struct callback_row *x,
			  const struct callback_row *y)
{
	switch (column) {
	case COLUMN_NAME:
		return -strcmp(x->name, y->name); /* from a to z is what is not reversed */
	case COLUMN_ALLOCATIONS:
		return compare(x->allocations, y->allocations);
	case COLUMN_FREED:
		return compare(x->freed, y->freed);
	case COLUMN_LIVE:
		return compare(x->outstanding, y->outstanding);
	case COLUMN_RATE:
		return x->rate < y->rate ? -1 : x->rate > y->rate;
	case COLUMN_DEFINITE:
		return compare(x->leaks[CERTAINTY_DEFINITE], y->leaks[CERTAINTY_DEFINITE]);
	case COLUMN_PROBABLE:
		return compare(x->leaks[CERTAINTY_PROBABLE], y->leaks[CERTAINTY_PROBABLE]);
	default:
		return compare(x->outstanding_bytes, y->outstanding_bytes);
	}
}

/* Largest first; the same rows always in the same order. */
static int by_column(const void *a, const void *b, void *ctx)
{
	const struct order *o = ctx;
	const struct callback_row *x = &o->snapshot->callbacks[*(const size_t *)a];
	const struct callback_row *y = &o->snapshot->callbacks[*(const size_t *)b];
	int less = compare_column(o->view->sort, x, y);

	if (less)
		return o->view->reversed ? less : -less;
	less = strcmp(x->name, y->name);
	return less ? less : compare(x->callback, y->callback);
}

static int by_leaks(const void *a, const void *b, void *ctx)
{
	const struct snapshot *s = ctx;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int less = compare(s->sites[k].bytes, s->sites[i].bytes);

	return less ? less : compare(i, k);
}

static void settle(struct list *l, const struct snapshot *s, enum pane pane)
{
	size_t i = 0;

	if (!l->nr) {
		l->at = l->top = 0;
		return;
	}
	if (!l->pinned) {
		l->at = 0;
	} else {
		while (i < l->nr && row_id(s, pane, l->rows[i]) != l->id)
			i++;
		if (i < l->nr)
			l->at = i;
		else if (l->at >= l->nr)
			l->at = l->nr - 1;
	}
	l->id = row_id(s, pane, l->rows[l->at]);
}

static void find_sites(struct list *l, const struct snapshot *s, uint32_t callback)
{
	list_start(l, s->nr_sites);
	for (size_t i = 0; i < s->nr_sites; i++)
		if (s->sites[i].callback == callback)
			list_add(l, i);
	if (l->nr)
		qsort_r(l->rows, l->nr, sizeof(*l->rows), by_leaks, (void *)s);
}

static void arrange(struct view *v, const struct snapshot *s)
{
	const size_t counts[NR_PANES] = { s->nr_callbacks, s->nr_commands, s->nr_alerts };
	struct order order = { v, s };

	for (int pane = 0; pane < NR_PANES; pane++) {
		struct list *l = &v->panes[pane];

		list_start(l, counts[pane]);
		for (size_t i = 0; i < counts[pane]; i++)
			if (matches(v, s, pane, i))
				list_add(l, i);
		if (pane == PANE_CALLBACKS && l->nr)
			qsort_r(l->rows, l->nr, sizeof(*l->rows), by_column, &order);
		settle(l, s, pane);
	}
	if (s->nr_commands > v->most_commands)
		v->most_commands = s->nr_commands;
	find_sites(&v->sites, s, v->callback);
	/* Sites only become more: the selected one is known by its index. */
	for (size_t i = 0; i < v->sites.nr; i++)
		if (v->sites.pinned && v->sites.rows[i] == v->sites.id)
			v->sites.at = i;
	if (!v->sites.pinned || v->sites.at >= v->sites.nr)
		v->sites.at = 0;
}

/* ---- keys ---- */

static void type(struct view *v, uint32_t key)
{
	size_t n = strlen(v->filter);
	char bytes[MB_LEN_MAX];
	mbstate_t state;
	size_t size;

	switch (key) {
	case VIEW_KEY_ENTER:
	case '\r':
		v->typing = false;
		return;
	case VIEW_KEY_ESCAPE:
		memcpy(v->filter, v->filter_before, sizeof(v->filter));
		v->typing = false;
		return;
	case VIEW_KEY_BACKSPACE:
	case '\b':
	case 0x7f:
		/* All bytes of the last character. */
		while (n && ((unsigned char)v->filter[n - 1] & 0xc0) == 0x80)
			n--;
		v->filter[n ? n - 1 : 0] = '\0';
		return;
	case 'U' - '@':
		v->filter[0] = '\0';
		return;
	default:
		break;
	}
	if (key < ' ' || key >= VIEW_KEY_UP)
		return;
	memset(&state, 0, sizeof(state));
	size = wcrtomb(bytes, (wchar_t)key, &state);
	if (size == (size_t)-1 || n + size >= sizeof(v->filter))
		return;
	memcpy(v->filter + n, bytes, size);
	v->filter[n + size] = '\0';
}

static void sort_by(struct view *v, int step)
{
	do {
		v->sort = (enum column)(((int)v->sort + step + NR_COLUMNS) % NR_COLUMNS);
	} while (v->sort == COLUMN_HISTORY);
	v->reversed = false;
}

static void open_sites(struct view *v, uint32_t callback)
{
	v->mode = MODE_SITES;
	v->callback = callback;
	v->sites.pinned = false;
	v->sites.at = 0;
	v->scroll = 0;
}

static void enter(struct view *v, const struct snapshot *s)
{
	const struct list *l = &v->panes[v->focus];
	const char *name;

	if (!l->nr)
		return;
	switch (v->focus) {
	case PANE_CALLBACKS:
		open_sites(v, s->callbacks[l->rows[l->at]].callback);
		return;
	case PANE_ALERTS:
		if (s->alerts[l->rows[l->at]].of_site)
			open_sites(v, s->alerts[l->rows[l->at]].callback);
		return;
	default:
		name = s->commands[l->rows[l->at]].callback;
		for (size_t i = 0; name && i < s->nr_callbacks; i++)
			if (!strcmp(s->callbacks[i].name, name))
				open_sites(v, s->callbacks[i].callback);
	}
}

/* How far a key moves, and whether it is one that moves. */
static bool moves(uint32_t key, size_t page, long *delta)
{
	long by = page > 1 ? (long)page - 1 : 1;

	switch (key) {
	case VIEW_KEY_UP:
	case 'k':
		*delta = -1;
		return true;
	case VIEW_KEY_DOWN:
	case 'j':
		*delta = 1;
		return true;
	case VIEW_KEY_PAGE_UP:
		*delta = -by;
		return true;
	case VIEW_KEY_PAGE_DOWN:
		*delta = by;
		return true;
	case VIEW_KEY_HOME:
	case 'g':
		*delta = -INT_MAX;
		return true;
	case VIEW_KEY_END:
	case 'G':
		*delta = INT_MAX;
		return true;
	default:
		return false;
	}
}

/* Drawing keeps it from going past the end. */
static void scroll_by(size_t *scroll, long delta)
{
	if (delta < 0)
		*scroll = (size_t)-delta > *scroll ? 0 : *scroll - (size_t)-delta;
	else
		*scroll += (size_t)delta;
}

static void key_help(struct view *v, uint32_t key)
{
	long delta;

	if (moves(key, v->page, &delta))
		scroll_by(&v->help_scroll, delta);
	else if (key != VIEW_KEY_OTHER)
		v->help = false;
}

static void key_sites(struct view *v, uint32_t key)
{
	struct list *l = &v->sites;
	long delta;

	if (moves(key, v->page, &delta)) {
		if ((delta == 1 || delta == -1) && l->nr > 1 && key != VIEW_KEY_PAGE_UP &&
		    key != VIEW_KEY_PAGE_DOWN) {
			list_move(l, delta);
			l->pinned = true;
			l->id = l->rows[l->at];
			v->show_site = true;
		} else {
			scroll_by(&v->scroll, delta);
		}
		return;
	}
	switch (key) {
	case 'q':
	case VIEW_KEY_ESCAPE:
	case VIEW_KEY_BACKSPACE:
	case VIEW_KEY_LEFT:
	case '\b':
	case 0x7f:
		v->mode = MODE_MAIN;
		return;
	default:
		return;
	}
}

static enum view_act key_main(struct view *v, const struct snapshot *s, uint32_t key)
{
	struct list *l = &v->panes[v->focus];
	long delta;

	if (moves(key, l->page, &delta)) {
		list_move(l, delta);
		l->pinned = delta != -INT_MAX;
		if (l->nr)
			l->id = row_id(s, v->focus, l->rows[l->at]);
		return VIEW_STAY;
	}
	switch (key) {
	case 'q':
		return VIEW_QUIT;
	case VIEW_KEY_ENTER:
	case VIEW_KEY_RIGHT:
	case '\r':
		enter(v, s);
		break;
	case VIEW_KEY_ESCAPE:
		v->filter[0] = '\0';
		break;
	case VIEW_KEY_TAB:
		v->focus = (v->focus + 1) % NR_PANES;
		break;
	case VIEW_KEY_BACKTAB:
		v->focus = (v->focus + NR_PANES - 1) % NR_PANES;
		break;
	case 's':
	case '>':
		sort_by(v, 1);
		break;
	case '<':
		sort_by(v, -1);
		break;
	case 'r':
		v->reversed = !v->reversed;
		break;
	case '/':
		v->typing = true;
		memcpy(v->filter_before, v->filter, sizeof(v->filter));
		break;
	default:
		break;
	}
	return VIEW_STAY;
}

enum view_act view__key(struct view *v, const struct snapshot *s, uint32_t key)
{
	enum view_act act = VIEW_STAY;

	arrange(v, s);
	*v->message = '\0';
	if (v->typing)
		type(v, key);
	else if (v->help)
		key_help(v, key);
	else if (key == '?' || key == 'h' || key == VIEW_KEY_HELP)
		v->help = true;
	else if (key == 'p' || key == ' ')
		v->paused = !v->paused;
	else if (v->mode == MODE_SITES)
		key_sites(v, key);
	else
		act = key_main(v, s, key);
	if (!v->help)
		v->help_scroll = 0;
	return act;
}

/* ---- drawing ---- */

static void draw_lines(struct view *v, const struct lines *lines, struct canvas *c, struct rect r,
		       size_t *scroll)
{
	size_t page = r.height > 0 ? (size_t)r.height : 0;
	size_t most = lines->nr > page ? lines->nr - page : 0;

	v->page = page;
	if (*scroll > most)
		*scroll = most;
	lines__draw(lines, c, r, *scroll);
}

static void draw_help(struct view *v, struct canvas *c, struct rect r)
{
	struct lines lines = { .width = r.width, .utf8 = c->utf8 };

	detail__help(&lines);
	draw_lines(v, &lines, c, r, &v->help_scroll);
	lines__free(&lines);
}

static void draw_sites(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	struct lines lines = { .width = r.width, .utf8 = c->utf8 };
	size_t selected = 0, page = r.height > 0 ? (size_t)r.height : 0;

	detail__sites(s, v->callback, &v->sites, &lines, &selected);
	if (v->show_site && page && (selected < v->scroll || selected >= v->scroll + page))
		v->scroll = selected + 1 > page ? selected + 1 - page : 0;
	v->show_site = false;
	draw_lines(v, &lines, c, r, &v->scroll);
	lines__free(&lines);
}

/* What the selected callback's sites would be, beside the table. */
static void draw_panel(const struct view *v, const struct snapshot *s, struct canvas *c,
		       struct rect r)
{
	struct lines lines = { .width = r.width - 2, .utf8 = c->utf8 };
	const struct list *l = &v->panes[PANE_CALLBACKS];
	struct list sites = { 0 };
	uint32_t callback;
	size_t selected;

	for (int y = 0; y < r.height; y++)
		canvas__put_char(c, r.x, r.y + y, STYLE_DIM, c->utf8 ? L'\u2502' : L'|');
	if (!l->nr)
		return;
	callback = s->callbacks[l->rows[l->at]].callback;
	find_sites(&sites, s, callback);
	detail__sites(s, callback, &sites, &lines, &selected);
	lines__draw(&lines, c, (struct rect){ r.x + 2, r.y, r.width - 2, r.height }, 0);
	lines__free(&lines);
	free(sites.rows);
}

static void draw_pane(struct view *v, const struct snapshot *s, struct canvas *c, enum pane pane,
		      struct rect r)
{
	if (r.height <= 0)
		return;
	if (pane == PANE_CALLBACKS)
		pane__callbacks(v, s, c, r);
	else if (pane == PANE_COMMANDS)
		pane__commands(v, s, c, r);
	else
		pane__alerts(v, s, c, r);
}

static int at_most(size_t n, int most)
{
	return n < (size_t)most ? (int)n : most;
}

/* The callbacks above, the commands, the alerts; each with a heading. */
static void draw_panes(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	int rows[NR_PANES], most_commands;
	struct rect part = r;

	if (r.height < 6) {
		draw_pane(v, s, c, v->focus, r);
		return;
	}
	most_commands = r.height >= 30 ? 8 : r.height >= 14 ? 3 : r.height >= 10 ? 1 : 0;
	if (!most_commands && v->focus == PANE_COMMANDS)
		most_commands = 1;
	rows[PANE_COMMANDS] = at_most(v->most_commands, most_commands);
	if (!rows[PANE_COMMANDS] && most_commands)
		rows[PANE_COMMANDS] = 1;
	if (most_commands)
		rows[PANE_COMMANDS]++;
	rows[PANE_ALERTS] = r.height >= 30 ? 9 : r.height >= 10 ? 5 : 3;
	rows[PANE_CALLBACKS] = 1 + at_most(v->panes[PANE_CALLBACKS].nr,
					   r.height - rows[PANE_COMMANDS] - rows[PANE_ALERTS] - 1);
	if (rows[PANE_CALLBACKS] < 2)
		rows[PANE_CALLBACKS] = 2;
	rows[PANE_ALERTS] = r.height - rows[PANE_CALLBACKS] - rows[PANE_COMMANDS];
	for (int pane = 0; pane < NR_PANES; pane++) {
		part.height = rows[pane];
		draw_pane(v, s, c, pane, part);
		part.y += part.height;
	}
}

void view__draw(struct view *v, const struct snapshot *s, struct canvas *c)
{
	struct rect header = { 0, 0, c->width, 0 }, footer = { 0, 0, c->width, 0 };
	struct rect body, panel;

	arrange(v, s);
	canvas__clear(c);
	header.height = v->mode == MODE_SITES || c->height < 8 ? 1 : c->height < 12 ? 2 : 3;
	footer.height = c->height >= 3;
	footer.y = c->height - footer.height;
	body = (struct rect){ 0, header.height, c->width,
			      c->height - header.height - footer.height };
	if (v->help) {
		draw_help(v, c, (struct rect){ 0, 0, c->width, c->height - footer.height });
	} else if (v->mode == MODE_SITES) {
		pane__header(v, s, c, header);
		draw_sites(v, s, c, body);
	} else {
		pane__header(v, s, c, header);
		if (c->width >= PANEL_WIDTH && body.height >= PANEL_HEIGHT) {
			panel = body;
			body.width = c->width * 11 / 20;
			panel.x = body.width;
			panel.width -= body.width;
			draw_panel(v, s, c, panel);
			body.width--;
		}
		draw_panes(v, s, c, body);
	}
	if (footer.height)
		pane__footer(v, s, c, footer);
}
