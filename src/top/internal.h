/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the view's files share: view.c has its state and the keys, panes.c draws
 * the main screen's parts, detail.c a callback's sites and the help.
 */
#ifndef NLB_TOP_INTERNAL_H
#define NLB_TOP_INTERNAL_H

#include "top/canvas.h"
#include "top/lines.h"
#include "top/snapshot.h"
#include "top/view.h"

enum view_mode { MODE_MAIN, MODE_SITES };

enum pane { PANE_CALLBACKS, PANE_COMMANDS, PANE_ALERTS, NR_PANES };

enum column {
	COLUMN_NAME,
	COLUMN_ALLOCATIONS,
	COLUMN_FREED,
	COLUMN_LIVE,
	COLUMN_BYTES,
	COLUMN_RATE,
	COLUMN_HISTORY,
	COLUMN_DEFINITE,
	COLUMN_PROBABLE,
	NR_COLUMNS,
};

#define FILTER_SIZE 64

/*
 * A list of which a part is seen: which of a snapshot's rows, in which order, and
 * which one is selected.
 */
struct list {
	size_t *rows; /* indexes into the snapshot's */
	size_t nr, room;
	size_t at;   /* selected: index into rows[] */
	size_t top;  /* first one seen: likewise */
	size_t page; /* how many are seen */
	bool pinned; /* the selection was moved: it follows its row, not its place */
	uint64_t id; /* of the row selected */
};

struct view {
	enum view_mode mode;
	bool help;
	enum pane focus;
	enum column sort;
	bool reversed;
	bool paused;
	bool typing; /* the filter */
	char filter[FILTER_SIZE];
	char filter_before[FILTER_SIZE];
	char message[ALERT_TEXT];
	struct list panes[NR_PANES];
	struct list sites; /* of the callback selected */
	uint32_t callback; /* whose sites are shown */
	size_t scroll, help_scroll, page;
	bool show_site;	      /* the selected site's line should be scrolled to */
	size_t most_commands; /* there ever were: so that the screen does not jump */
};

/* ---- panes.c ---- */

/* The lines about everything, most important last; height of 1 to 3. */
void pane__header(const struct view *v, const struct snapshot *s, struct canvas *c, struct rect r);
void pane__callbacks(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r);
void pane__commands(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r);
void pane__alerts(struct view *v, const struct snapshot *s, struct canvas *c, struct rect r);
void pane__footer(const struct view *v, const struct snapshot *s, struct canvas *c, struct rect r);
/* A heading across the whole width. */
void pane__title(struct canvas *c, struct rect r, const char *text);

/* ---- detail.c ---- */

/* A callback and its sites as lines; *selected: which line is the selected site's. */
void detail__sites(const struct snapshot *s, uint32_t callback, const struct list *sites,
		   struct lines *lines, size_t *selected);
void detail__help(struct lines *lines);
/* "16:04:44" of a time in nanoseconds since the epoch, in UTC as in all reports. */
void detail__clock(uint64_t ns, char *buf, size_t size);

/* ---- view.c ---- */

const struct callback_row *view__callback(const struct snapshot *s, uint32_t callback);
/* Moves what is seen of a list so that the selected one is. */
void list__show(struct list *l, size_t page);

#endif /* NLB_TOP_INTERNAL_H */
