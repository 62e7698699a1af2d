// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parts of the main screen: header, callbacks, commands, alerts, footer.
 * Each draws what there is room for into its rectangle; what matters least goes
 * first where it gets narrow.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "top/figures.h"
#include "top/internal.h"
#include "version.h"

#define COUNT 7 /* columns of a number in the header */

/* ---- one thing after the other, while there is room ---- */

struct pen {
	struct canvas *canvas;
	int x, y, end;
	bool full;
};

static struct pen pen_at(struct canvas *c, struct rect r, int line)
{
	return (struct pen){ c, r.x, r.y + line, r.x + r.width, false };
}

/* Puts it there if all of it fits, or if it is the first. */
static void pen__add(struct pen *p, int gap, unsigned style, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void pen__add(struct pen *p, int gap, unsigned style, const char *format, ...)
{
	char text[256];
	va_list args;
	int width;

	if (p->full)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	width = text__width(text, p->canvas->utf8);
	if (gap && p->x + gap + width > p->end) {
		p->full = true;
		return;
	}
	p->x += gap;
	p->x += canvas__put(p->canvas, p->x, p->y, p->end - p->x, style, text);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- header ---- */

static void header_where(const struct snapshot *s, struct canvas *c, struct rect r, int line)
{
	struct pen pen = pen_at(c, r, line);
	char up[FIGURE_SIZE];

	figure__duration(up, (uint64_t)(s->seconds * 1e9));
	pen__add(&pen, 0, STYLE_BOLD, "nfcleakbpf %s", NFCLEAKBPF_VERSION);
	if (*s->kernel)
		pen__add(&pen, 2, STYLE_PLAIN, "%s", s->kernel);
	pen__add(&pen, 2, STYLE_PLAIN, "up %s", up);
	if (*s->modules)
		pen__add(&pen, 2, STYLE_PLAIN, "%s", s->modules);
	if (s->hooks_missing)
		pen__add(&pen, 2, STYLE_PROBABLE, "%zu hook%s missing", s->hooks_missing,
			 plural(s->hooks_missing));
}

static void header_live(const struct snapshot *s, struct canvas *c, struct rect r, int line)
{
	const struct ledger_stats *t = &s->stats;
	char live[FIGURE_SIZE], bytes[FIGURE_SIZE], born[FIGURE_SIZE], freed[FIGURE_SIZE];
	struct pen pen = pen_at(c, r, line);

	figure__count(live, t->outstanding, COUNT);
	figure__bytes(bytes, t->outstanding_bytes, COUNT);
	figure__count(born, t->allocations, COUNT);
	figure__count(freed, t->frees, COUNT);
	pen__add(&pen, 0, STYLE_PLAIN, "live ");
	pen__add(&pen, 0, STYLE_BOLD, "%s allocation%s, %s bytes", live, plural(t->outstanding),
		 bytes);
	pen__add(&pen, 2, STYLE_PLAIN, "%s allocated, %s freed", born, freed);
	pen__add(&pen, 2, STYLE_PLAIN, "%" PRIu64 " command%s in flight", t->commands_live,
		 plural(t->commands_live));
	pen__add(&pen, 2, STYLE_PLAIN, "%" PRIu64 " ended", t->commands - t->commands_live);
}

static void header_leaks(const struct snapshot *s, struct canvas *c, struct rect r, int line)
{
	const struct ledger_stats *t = &s->stats;
	uint64_t definite = t->findings[CERTAINTY_DEFINITE];
	uint64_t probable = t->findings[CERTAINTY_PROBABLE];
	struct pen pen = pen_at(c, r, line);
	bool narrow = r.width < 26;

	pen__add(&pen, 0, STYLE_PLAIN, "leaks ");
	pen__add(&pen, 0, definite ? STYLE_DEFINITE : STYLE_GOOD, "%" PRIu64 " %s", definite,
		 narrow ? "def" : "definite");
	pen__add(&pen, 1, probable ? STYLE_PROBABLE : STYLE_GOOD, "%" PRIu64 " %s", probable,
		 narrow ? "prob" : "probable");
	pen__add(&pen, 2, STYLE_PLAIN, "%" PRIu64 " retracted", t->retracted);
	if (t->findings[CERTAINTY_POSSIBLE])
		pen__add(&pen, 2, STYLE_DIM, "%" PRIu64 " looked into",
			 t->findings[CERTAINTY_POSSIBLE]);
	if (s->lost_events || s->missed_hooks || s->unseen) {
		pen__add(&pen, 2, STYLE_PROBABLE, "degraded:");
		if (s->lost_events)
			pen__add(&pen, 1, STYLE_PROBABLE, "%" PRIu64 " events lost",
				 s->lost_events);
		if (s->missed_hooks)
			pen__add(&pen, 1, STYLE_PROBABLE, "%" PRIu64 " hooks missed",
				 s->missed_hooks);
		if (s->unseen)
			pen__add(&pen, 1, STYLE_PROBABLE, "%" PRIu64 " unseen", s->unseen);
	} else if (s->state == SNAPSHOT_TRACING) {
		pen__add(&pen, 2, STYLE_PLAIN, "nothing lost");
	}
}

void pane__header(const struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	const char *state = v->paused			     ? " PAUSED "
			    : s->state == SNAPSHOT_ATTACHING ? " ATTACHING "
			    : s->state == SNAPSHOT_WAITING   ? " WAITING "
			    : s->state == SNAPSHOT_ENDING    ? " STOPPING "
							     : "";
	int width = (int)strlen(state);
	struct rect first = r;

	if (*state && r.width > width) {
		canvas__put(c, r.x + r.width - width, r.y, width, STYLE_BOLD | STYLE_SELECTED,
			    state);
		first.width -= width + 1;
	}
	if (r.height == 1) {
		header_leaks(s, c, first, 0);
		return;
	}
	if (r.height == 3)
		header_where(s, c, first, 0);
	header_live(s, c, r.height == 2 ? first : r, r.height - 2);
	header_leaks(s, c, r, r.height - 1);
}

/* ---- headings and rows ---- */

void pane__title(struct canvas *c, struct rect r, const char *text)
{
	for (int x = r.x; x < r.x + r.width; x++)
		canvas__put_char(c, x, r.y, STYLE_HEADING, L' ');
	canvas__put(c, r.x, r.y, r.width, STYLE_HEADING, text);
}

/* The selected row of the part of the screen that has the keys. */
static void mark_selected(const struct view *v, enum pane pane, size_t i, struct canvas *c,
			  struct rect row)
{
	if (v->focus == pane && v->panes[pane].nr && i == v->panes[pane].at)
		canvas__mark(c, row, STYLE_SELECTED);
}

static void nothing(struct canvas *c, struct rect r, const char *why)
{
	if (r.height > 1)
		canvas__put(c, r.x, r.y + 1, r.width, STYLE_DIM, why);
}

/* ---- callbacks ---- */

static const struct {
	const char *title;
	int width; /* enough to be of use */
	int wide;  /* where there is room */
	int rank;  /* the highest goes first, 0 never */
} columns[NR_COLUMNS] = {
	[COLUMN_NAME] = { "CALLBACK", 0, 0, 0 },
	[COLUMN_ALLOCATIONS] = { "ALLOC", 6, 9, 7 },
	[COLUMN_FREED] = { "FREED", 6, 9, 8 },
	[COLUMN_LIVE] = { "LIVE", 5, 9, 4 },
	[COLUMN_BYTES] = { "BYTES", 6, 10, 0 },
	[COLUMN_RATE] = { "/SEC", 5, 7, 6 },
	[COLUMN_HISTORY] = { "1 MINUTE", 10, SNAPSHOT_HISTORY, 5 },
	[COLUMN_DEFINITE] = { "DEF", 4, 9, 1 },
	[COLUMN_PROBABLE] = { "PROB", 4, 9, 2 },
};

static int longest_name(const struct view *v, const struct snapshot *s, bool utf8)
{
	const struct list *l = &v->panes[PANE_CALLBACKS];
	int most = 8, width;

	for (size_t i = l->top; i < l->nr && i < l->top + l->page; i++) {
		width = text__width(s->callbacks[l->rows[i]].name, utf8);
		most = width > most ? width : most;
	}
	return most;
}

/* Lets columns that are there grow to so much, 0: to all that is of use. */
static void widen(int *widths, int from, int to, int most, int *more)
{
	for (int i = from; i <= to && *more > 0; i++) {
		int grow = (most ? most : columns[i].wide) - widths[i];

		if (!widths[i] || grow <= 0)
			continue;
		grow = grow < *more ? grow : *more;
		widths[i] += grow;
		*more -= grow;
	}
}

/* Gives columns their widths, 0 to those that there is no room for. */
static void fit_columns(int width, int name, int *widths)
{
	int used = 0, gone = -1, more;

	for (int i = 1; i < NR_COLUMNS; i++) {
		widths[i] = columns[i].width;
		used += widths[i] + 1;
	}
	while (gone && width - used < (name < 20 ? name : 20)) {
		gone = 0;
		for (int i = 1; i < NR_COLUMNS; i++)
			if (widths[i] && columns[i].rank > columns[gone].rank)
				gone = i;
		if (gone) {
			used -= widths[gone] + 1;
			widths[gone] = 0;
		}
	}
	/* Names in full first, then half of the minute, numbers, the rest of the minute. */
	more = width - used - name;
	widen(widths, COLUMN_HISTORY, COLUMN_HISTORY, columns[COLUMN_HISTORY].wide / 2, &more);
	widen(widths, COLUMN_ALLOCATIONS, COLUMN_RATE, 0, &more);
	widen(widths, COLUMN_DEFINITE, COLUMN_PROBABLE, 0, &more);
	widen(widths, COLUMN_HISTORY, COLUMN_HISTORY, 0, &more);
	used = NR_COLUMNS - 1;
	for (int i = 1; i < NR_COLUMNS; i++)
		used += widths[i] - !widths[i];
	widths[COLUMN_NAME] = width - used > 0 ? width - used : 0;
	if (widths[COLUMN_NAME] > name + 1 && name >= 8)
		widths[COLUMN_NAME] = name + 1;
}

static void callback_heading(const struct view *v, struct canvas *c, struct rect r,
			     const int *widths)
{
	struct rect part = r;

	pane__title(c, r, "");
	for (int i = 0; i < NR_COLUMNS; i++) {
		bool left = i == COLUMN_NAME || i == COLUMN_HISTORY;
		char title[40];

		if (!widths[i])
			continue;
		part.width = widths[i];
		/* The mark is there, if need be in place of a letter. */
		snprintf(title, sizeof(title), "%.*s%s",
			 i == (int)v->sort ? part.width - 1 : part.width, columns[i].title,
			 i != (int)v->sort ? ""
			 : c->utf8	   ? (v->reversed ? "\u25b2" : "\u25bc")
					   : (v->reversed ? "^" : "v"));
		if (left)
			canvas__put(c, part.x, r.y, part.width, STYLE_HEADING, title);
		else
			canvas__put_right(c, part.x, r.y, part.width, STYLE_HEADING, title);
		part.x += part.width + 1;
	}
}

/* The last minute on so many columns, each the highest of its seconds. */
static void history(struct canvas *c, int x, int y, int width, const struct callback_row *row)
{
	uint64_t most = 0;

	for (size_t i = 0; i < row->nr_history; i++)
		most = row->history[i] > most ? row->history[i] : most;
	if (width > SNAPSHOT_HISTORY)
		width = SNAPSHOT_HISTORY;
	for (int column = 0; column < width; column++) {
		size_t from = (size_t)(column * SNAPSHOT_HISTORY / width);
		size_t to = (size_t)((column + 1) * SNAPSHOT_HISTORY / width);
		size_t missing = SNAPSHOT_HISTORY - row->nr_history;
		uint64_t n = 0;

		/* The latest second is the rightmost one. */
		for (size_t i = from; i < to; i++)
			if (i >= missing && row->history[i - missing] > n)
				n = row->history[i - missing];
		canvas__put_char(c, x + column, y, STYLE_GRAPH,
				 figure__bar_char(figure__bar(n, most), c->utf8));
	}
}

static void callback_cell(struct canvas *c, int x, int y, int width, enum column column,
			  const struct callback_row *row)
{
	char text[FIGURE_SIZE];
	unsigned style = STYLE_PLAIN;
	uint64_t n;

	switch (column) {
	case COLUMN_NAME:
		canvas__put_name(c, x, y, width, row->callback ? STYLE_PLAIN : STYLE_DIM,
				 row->name);
		return;
	case COLUMN_HISTORY:
		history(c, x, y, width, row);
		return;
	case COLUMN_ALLOCATIONS:
		figure__count(text, row->allocations, width);
		break;
	case COLUMN_FREED:
		figure__count(text, row->freed, width);
		break;
	case COLUMN_LIVE:
		figure__count(text, row->outstanding, width);
		break;
	case COLUMN_RATE:
		figure__rate(text, row->rate, width);
		break;
	case COLUMN_DEFINITE:
	case COLUMN_PROBABLE:
		n = row->leaks[column == COLUMN_DEFINITE ? CERTAINTY_DEFINITE : CERTAINTY_PROBABLE];
		figure__count(text, n, width);
		if (!n)
			snprintf(text, sizeof(text), "-");
		style = !n			    ? STYLE_DIM
			: column == COLUMN_DEFINITE ? STYLE_DEFINITE
						    : STYLE_PROBABLE;
		break;
	default:
		figure__bytes(text, row->outstanding_bytes, width);
		style = STYLE_BOLD;
		break;
	}
	canvas__put_right(c, x, y, width, style, text);
}

static const char *why_empty(const struct view *v, const struct snapshot *s)
{
	if (s->nr_callbacks && *v->filter)
		return "nothing has this text; Esc shows everything";
	switch (s->state) {
	case SNAPSHOT_ATTACHING:
		return "attaching to the kernel";
	case SNAPSHOT_WAITING:
		return "waiting for an NFC module to be loaded";
	default:
		return "no allocations yet";
	}
}

void pane__callbacks(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	struct list *l = &v->panes[PANE_CALLBACKS];
	int widths[NR_COLUMNS];

	list__show(l, r.height > 1 ? (size_t)r.height - 1 : 0);
	fit_columns(r.width, longest_name(v, s, c->utf8), widths);
	callback_heading(v, c, r, widths);
	if (!l->nr)
		nothing(c, r, why_empty(v, s));
	for (size_t i = l->top; i < l->nr && i < l->top + l->page; i++) {
		struct rect row = { r.x, r.y + 1 + (int)(i - l->top), r.width, 1 };
		int x = r.x;

		for (int column = 0; column < NR_COLUMNS; column++) {
			if (!widths[column])
				continue;
			callback_cell(c, x, row.y, widths[column], column,
				      &s->callbacks[l->rows[i]]);
			x += widths[column] + 1;
		}
		mark_selected(v, PANE_CALLBACKS, i, c, row);
	}
}

/* ---- commands ---- */

static const char *command_state(const struct command_row *row)
{
	return row->overdue	 ? "overdue"
	       : row->called	 ? "in callback"
	       : row->completed	 ? "answered"
	       : row->submitting ? "submitting"
				 : "waiting";
}

static void command(struct canvas *c, struct rect r, const struct command_row *row)
{
	char age[FIGURE_SIZE], timeout[FIGURE_SIZE];
	struct pen pen = pen_at(c, r, 0);
	unsigned style = row->overdue ? STYLE_DEFINITE : STYLE_PLAIN;
	int name = r.width >= 75 ? r.width - 49 : r.width >= 45 ? r.width - 21 : r.width - 8;

	figure__duration(age, row->age_ns);
	figure__duration(timeout, (uint64_t)row->timeout_ms * 1000000);
	name = name > 40 ? 40 : name;
	canvas__put_name(c, r.x, r.y, name, STYLE_PLAIN, row->callback ? row->callback : "?");
	pen.x += name > 0 ? name : 0;
	if (r.width >= 75)
		pen__add(&pen, 1, STYLE_PLAIN, "%-14s %-5s", row->type, row->device);
	pen__add(&pen, 1, style, "%6s", age);
	if (r.width >= 75)
		pen__add(&pen, 1, STYLE_DIM, row->timeout_ms ? "of %-6s" : "         ", timeout);
	pen__add(&pen, 1, style, "%s", command_state(row));
}

void pane__commands(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	struct list *l = &v->panes[PANE_COMMANDS];
	char title[64];

	snprintf(title, sizeof(title), "COMMANDS IN FLIGHT %" PRIu64, s->stats.commands_live);
	pane__title(c, r, title);
	list__show(l, r.height > 1 ? (size_t)r.height - 1 : 0);
	if (!l->nr)
		nothing(c, r, s->nr_commands ? "none has this text" : "none");
	for (size_t i = l->top; i < l->nr && i < l->top + l->page; i++) {
		struct rect row = { r.x, r.y + 1 + (int)(i - l->top), r.width, 1 };

		command(c, row, &s->commands[l->rows[i]]);
		mark_selected(v, PANE_COMMANDS, i, c, row);
	}
}

/* ---- alerts ---- */

static unsigned alert_style(enum alert_kind kind)
{
	switch (kind) {
	case ALERT_DEFINITE:
		return STYLE_DEFINITE;
	case ALERT_PROBABLE:
	case ALERT_WARNING:
		return STYLE_PROBABLE;
	case ALERT_RETRACTED:
		return STYLE_GOOD;
	default:
		return STYLE_PLAIN;
	}
}

/* An alert's lines; the time goes before the first, where there is room. */
static void alert_lines(const struct alert_row *a, int width, bool utf8, struct lines *lines)
{
	*lines = (struct lines){ .width = width, .utf8 = utf8 };
	lines__add(lines, alert_style(a->kind), width >= 40 ? 9 : 0, width >= 40 ? 0 : 1, a->text);
}

/* How many alerts from first on are seen in full. */
static size_t alerts_seen(const struct view *v, const struct snapshot *s, bool utf8, struct rect r,
			  size_t first)
{
	const struct list *l = &v->panes[PANE_ALERTS];
	size_t height = 0, i;

	for (i = first; i < l->nr; i++) {
		struct lines lines;

		alert_lines(&s->alerts[l->rows[i]], r.width, utf8, &lines);
		height += lines.nr;
		lines__free(&lines);
		if (height > (size_t)r.height - 1)
			break;
	}
	return i - first;
}

static int alert(struct canvas *c, struct rect r, const struct alert_row *a)
{
	struct lines lines;
	char time[16];
	int height;

	alert_lines(a, r.width, c->utf8, &lines);
	if (r.width >= 40) {
		detail__clock(a->time, time, sizeof(time));
		canvas__put(c, r.x, r.y, 8, STYLE_DIM, time);
	}
	lines__draw(&lines, c, r, 0);
	height = lines.nr < (size_t)r.height ? (int)lines.nr : r.height;
	lines__free(&lines);
	return height;
}

void pane__alerts(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	struct list *l = &v->panes[PANE_ALERTS];
	int y = 1;

	pane__title(c, r, s->nr_alerts ? "ALERTS, the latest first" : "ALERTS");
	if (r.height < 2)
		return;
	if (!l->nr)
		nothing(c, r, s->nr_alerts ? "none has this text" : "none");
	if (l->top > l->at)
		l->top = l->at;
	while (l->top < l->at && l->at - l->top >= alerts_seen(v, s, c->utf8, r, l->top))
		l->top++;
	l->page = alerts_seen(v, s, c->utf8, r, l->top);
	for (size_t i = l->top; i < l->nr && y < r.height; i++) {
		struct rect row = { r.x, r.y + y, r.width, r.height - y };

		row.height = alert(c, row, &s->alerts[l->rows[i]]);
		mark_selected(v, PANE_ALERTS, i, c, row);
		if (row.height < 1)
			break;
		y += row.height;
	}
}

/* ---- footer ---- */

static void hint(struct pen *p, const char *key, const char *what)
{
	int width = (int)(strlen(key) + 1 + strlen(what));

	/* A key without its meaning is no hint. */
	if (p->x + 2 + width > p->end)
		p->full = true;
	pen__add(p, p->x > 0 ? 2 : 0, STYLE_BOLD, "%s", key);
	pen__add(p, 1, STYLE_DIM, "%s", what);
}

void pane__footer(const struct view *v, const struct snapshot *s, struct canvas *c, struct rect r)
{
	struct pen pen = pen_at(c, r, 0);

	(void)s;
	if (v->typing) {
		pen__add(&pen, 0, STYLE_BOLD, "/%s_", v->filter);
		pen__add(&pen, 2, STYLE_DIM, "Enter keeps it, Esc does not");
		return;
	}
	if (*v->message) {
		canvas__put(c, r.x, r.y, r.width, STYLE_PROBABLE, v->message);
		return;
	}
	if (*v->filter && !v->help && v->mode == MODE_MAIN)
		pen__add(&pen, 0, STYLE_PROBABLE, "only \"%s\"", v->filter);
	if (v->help || v->mode == MODE_SITES) {
		hint(&pen, "q", "back");
		hint(&pen, "PgDn", "scroll");
		if (!v->help && v->sites.nr > 1)
			hint(&pen, "j k", "site");
	} else {
		hint(&pen, "q", "quit");
		hint(&pen, "?", "help");
		hint(&pen, "Enter", "details");
		hint(&pen, "Tab", "next part");
		hint(&pen, "s", "sort");
		hint(&pen, "/", "filter");
	}
	hint(&pen, "p", v->paused ? "go on" : "pause");
	if (!v->help && v->mode == MODE_MAIN)
		hint(&pen, "r", "reverse");
}
