// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collector of snapshot.h: sites and alerts from what is reported, rows and
 * their history from the ledger.
 */
#include "top/snapshot.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/words.h"
#include "util/table.h"

#define SECOND_NS      1000000000ULL
#define ALERT_INTERVAL SECOND_NS /* of the same site */
#define RATE_SECONDS   5

struct site {
	struct site_row row;
	uint32_t stack;
	char *sentence, *carried;
	uint64_t said, said_definite; /* counts at the last alert */
	uint64_t said_at;
	uint64_t alert, retraction; /* ids of its alerts, 0: none */
};

/* What the ledger had for one histogram in the last seconds. */
struct track {
	uint64_t bytes[SNAPSHOT_HISTORY];
	size_t nr_bytes, next;
	uint64_t allocations[RATE_SECONDS];
	double rate;
};

struct alert {
	struct alert_row row;
	uint64_t order; /* the newest has the highest */
};

struct collector {
	const struct names *names;
	struct snapshot snapshot;
	struct callback_row *callbacks;
	struct site_row *site_rows;
	struct command_row *commands;
	struct alert_row *alert_rows;

	struct site **sites;
	size_t nr_sites;
	struct alert *alerts; /* SNAPSHOT_ALERTS of them */
	size_t nr_alerts;
	uint64_t next_alert, next_order;
	struct track *tracks; /* by the histogram's index */
	size_t nr_tracks;
	uint64_t now, next_sample;
	bool news;
};

struct collector *collector__new(const struct names *names)
{
	struct collector *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->names = names;
	c->alerts = calloc(SNAPSHOT_ALERTS, sizeof(*c->alerts));
	if (c->alerts)
		return c;
	free(c);
	return NULL;
}

void collector__free(struct collector *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->nr_sites; i++) {
		free(c->sites[i]->sentence);
		free(c->sites[i]->carried);
		free(c->sites[i]);
	}
	free(c->sites);
	free(c->alerts);
	free(c->tracks);
	free(c->callbacks);
	free(c->site_rows);
	free(c->commands);
	free(c->alert_rows);
	free(c);
}

/* ---- alerts ---- */

static struct alert *alert_find(struct collector *c, uint64_t id)
{
	for (size_t i = 0; i < c->nr_alerts && id; i++)
		if (c->alerts[i].row.id == id)
			return &c->alerts[i];
	return NULL;
}

/* A new one, if need be in place of the oldest. */
static struct alert *alert_make(struct collector *c)
{
	struct alert *a = c->alerts;

	if (c->nr_alerts < SNAPSHOT_ALERTS)
		a = &c->alerts[c->nr_alerts++];
	else
		for (size_t i = 1; i < c->nr_alerts; i++)
			if (c->alerts[i].order < a->order)
				a = &c->alerts[i];
	memset(a, 0, sizeof(*a));
	a->row.id = ++c->next_alert;
	return a;
}

static uint64_t alert_add(struct collector *c, uint64_t id, enum alert_kind kind, uint64_t time,
			  const struct site *site, const char *text)
{
	struct alert *a = alert_find(c, id);

	if (!a)
		a = alert_make(c);
	a->order = ++c->next_order;
	c->news = true;
	a->row.kind = kind;
	a->row.time = time;
	a->row.of_site = site;
	a->row.callback = site ? site->row.callback : NAME_NONE;
	snprintf(a->row.text, sizeof(a->row.text), "%s", text);
	return a->row.id;
}

static void say(struct collector *c, struct site *s, uint64_t now)
{
	uint64_t definite = s->row.leaks[CERTAINTY_DEFINITE];
	char text[ALERT_TEXT], how[48] = "";

	if (definite)
		snprintf(how, sizeof(how), " (%" PRIu64 " definite)", definite);
	snprintf(text, sizeof(text), "%s, %" PRIu64 " so far%s", s->row.sentence, s->row.count,
		 how);
	s->alert = alert_add(c, s->alert, definite ? ALERT_DEFINITE : ALERT_PROBABLE, now, s, text);
	s->said = s->row.count;
	s->said_definite = definite;
	s->said_at = now;
}

static void say_retracted(struct collector *c, struct site *s, const struct report_leak *l,
			  const char *why)
{
	char text[ALERT_TEXT];

	if (s->said > s->row.count)
		s->said = s->row.count;
	snprintf(text, sizeof(text), "retracted: %" PRIu64 " bytes%s%s %s, %" PRIu64 " so far",
		 l->a->size, s->row.function ? " from " : "",
		 s->row.function ? s->row.function : "", why, s->row.retracted);
	s->retraction = alert_add(c, s->retraction, ALERT_RETRACTED, l->now, s, text);
}

void collector__warning(struct collector *c, const char *message)
{
	alert_add(c, 0, ALERT_WARNING, c->now, NULL, message);
}

void collector__message(struct collector *c, const char *line)
{
	alert_add(c, 0, ALERT_MESSAGE, c->now, NULL, line);
}

/* ---- sites ---- */

static struct site *site_of(struct collector *c, const struct report_leak *l, bool make)
{
	struct site *s, **more;

	for (size_t i = 0; i < c->nr_sites; i++) {
		s = c->sites[i];
		if (s->row.rule == l->a->rule && s->stack == l->a->stack &&
		    s->row.callback == l->a->carrier.callback)
			return s;
	}
	if (!make)
		return NULL;
	s = calloc(1, sizeof(*s));
	more = reallocarray(c->sites, c->nr_sites + 1, sizeof(*more));
	if (more)
		c->sites = more;
	if (!s || !more) {
		free(s);
		return NULL;
	}
	s->stack = l->a->stack;
	s->sentence = words__sentence(l);
	if (l->command) {
		char line[512];

		words__carried(l, line, sizeof(line));
		s->carried = strdup(line);
	}
	s->row.rule = l->a->rule;
	s->row.callback = l->a->carrier.callback;
	s->row.sentence = s->sentence ? s->sentence : "leak";
	s->row.carried = s->carried;
	s->row.function = l->function;
	s->row.stack = l->stack;
	s->row.first = l->now;
	c->sites[c->nr_sites++] = s;
	return s;
}

/* Counts a finding in or out of its site; what is only possible does not count. */
static void count(struct site *s, const struct report_leak *l, enum certainty certainty, int64_t n)
{
	if (certainty == CERTAINTY_POSSIBLE || (n < 0 && !s->row.leaks[certainty]))
		return;
	s->row.count += (uint64_t)n;
	s->row.bytes += (uint64_t)n * l->a->size;
	s->row.leaks[certainty] += (uint64_t)n;
}

void collector__leak(struct collector *c, const struct report_leak *l)
{
	struct site *s = site_of(c, l, true);

	if (!s)
		return;
	count(s, l, l->a->certainty, 1);
	s->row.latest = l->now;
	s->row.addr = l->a->addr;
	s->row.size = l->a->size;
	s->row.tid = l->a->tid;
	s->row.degraded |= l->a->degraded;
	memcpy(s->row.comm, l->a->comm, sizeof(s->row.comm));
	s->row.comm[sizeof(s->row.comm) - 1] = '\0';
	memcpy(s->row.contents, l->bytes, sizeof(s->row.contents));
	s->row.nr_contents = l->nr_bytes < REPORT_HEXDUMP ? l->nr_bytes : REPORT_HEXDUMP;
	if (!s->alert || l->now - s->said_at >= ALERT_INTERVAL)
		say(c, s, l->now);
}

void collector__update(struct collector *c, const struct report_leak *l)
{
	struct site *s = site_of(c, l, false);

	if (!s)
		return;
	count(s, l, l->was, -1);
	count(s, l, l->a->certainty, 1);
	if (l->a->certainty == CERTAINTY_POSSIBLE)
		say_retracted(c, s, l, "are still in use: something refers to them");
}

void collector__retracted(struct collector *c, const struct report_leak *l)
{
	struct site *s = site_of(c, l, false);

	if (!s)
		return;
	count(s, l, l->a->certainty, -1);
	s->row.retracted++;
	say_retracted(c, s, l, "are no leak: they were released or used after all");
}

void collector__start(struct collector *c, const struct report_start *start)
{
	snprintf(c->snapshot.kernel, sizeof(c->snapshot.kernel), "%s", start->kernel);
	c->snapshot.hooks = start->hooks;
	c->snapshot.hooks_missing = start->nr_missing;
	for (size_t i = 0; i < start->nr_missing; i++) {
		char text[ALERT_TEXT];

		snprintf(text, sizeof(text), "not hooked: %s", start->missing[i]);
		collector__warning(c, text);
	}
}

void collector__total(const struct collector *c, uint64_t *bytes, uint64_t *count, size_t *sites)
{
	*bytes = *count = *sites = 0;
	for (size_t i = 0; i < c->nr_sites; i++) {
		const struct site_row *s = &c->sites[i]->row;

		*bytes += s->bytes;
		*count += s->count;
		*sites += s->count > 0;
	}
}

/* ---- history ---- */

static void sample(struct collector *c, const struct ledger *ledger)
{
	size_t n = ledger__histograms(ledger);
	struct track *more;

	if (n > c->nr_tracks) {
		more = reallocarray(c->tracks, n, sizeof(*more));
		if (!more)
			return;
		c->tracks = more;
		memset(more + c->nr_tracks, 0, (n - c->nr_tracks) * sizeof(*more));
		c->nr_tracks = n;
	}
	for (size_t i = 0; i < n; i++) {
		const struct histogram *h = ledger__histogram(ledger, i);
		struct track *t = &c->tracks[i];
		size_t seconds = t->next < RATE_SECONDS ? t->next : RATE_SECONDS;
		uint64_t before =
			t->allocations[seconds < RATE_SECONDS ? 0 : t->next % RATE_SECONDS];

		/* What is handed to a callback's row leaves the row without one. */
		t->rate = seconds && h->allocations > before
				  ? (double)(h->allocations - before) / (double)seconds
				  : 0;
		t->allocations[t->next % RATE_SECONDS] = h->allocations;
		t->bytes[t->next % SNAPSHOT_HISTORY] = h->outstanding_bytes;
		t->next++;
		if (t->nr_bytes < SNAPSHOT_HISTORY)
			t->nr_bytes++;
	}
}

void collector__tick(struct collector *c, const struct front_now *now)
{
	c->now = now->time;
	for (size_t i = 0; i < c->nr_sites; i++) {
		struct site *s = c->sites[i];

		if ((s->row.count > s->said ||
		     s->row.leaks[CERTAINTY_DEFINITE] > s->said_definite) &&
		    now->time - s->said_at >= ALERT_INTERVAL)
			say(c, s, now->time);
	}
	if (!now->tracing || now->time < c->next_sample)
		return;
	/* Seconds that were slept through look like the first one after them. */
	if (!c->next_sample || now->time - c->next_sample > SNAPSHOT_HISTORY * SECOND_NS)
		c->next_sample = now->time;
	while (c->next_sample <= now->time) {
		sample(c, now->sum.ledger);
		c->next_sample += SECOND_NS;
	}
}

bool collector__news(const struct collector *c)
{
	return c->news;
}

/* ---- taking a snapshot ---- */

static void fill_history(const struct track *t, struct callback_row *row)
{
	size_t first = t->next - t->nr_bytes;

	for (size_t i = 0; i < t->nr_bytes; i++)
		row->history[i] = t->bytes[(first + i) % SNAPSHOT_HISTORY];
	row->nr_history = t->nr_bytes;
	row->rate = t->rate;
}

static const char *name_of(const struct collector *c, uint32_t callback)
{
	const char *name = names__text(c->names, callback);

	return name ? name : callback ? "(unknown)" : "(no callback)";
}

static void fill_row(struct collector *c, const struct histogram *h, const struct track *t,
		     struct callback_row *row)
{
	row->callback = h->callback;
	row->name = name_of(c, h->callback);
	row->allocations = h->allocations;
	row->freed = h->freed;
	row->outstanding = h->outstanding;
	row->outstanding_bytes = h->outstanding_bytes;
	memcpy(row->size_log2, h->size_log2, sizeof(row->size_log2));
	memcpy(row->lifetime_us_log2, h->lifetime_us_log2, sizeof(row->lifetime_us_log2));
	if (t)
		fill_history(t, row);
}

/*
 * Adds the sites' leaks to their callbacks' rows, of which there are *nr and room
 * for one more per site: an allocation need not count under the callback that is
 * to blame.
 */
static int count_leaks(const struct collector *c, struct callback_row *rows, size_t *nr)
{
	struct table by_callback = { 0 };
	int err = 0;

	for (size_t i = 0; i < *nr && !err; i++)
		err = table__set(&by_callback, (uint64_t)rows[i].callback + 1, &rows[i]);
	for (size_t i = 0; i < c->nr_sites && !err; i++) {
		const struct site_row *s = &c->sites[i]->row;
		struct callback_row *row = table__get(&by_callback, (uint64_t)s->callback + 1);

		if (!row) {
			row = &rows[(*nr)++];
			row->callback = s->callback;
			row->name = name_of(c, s->callback);
			err = table__set(&by_callback, (uint64_t)s->callback + 1, row);
		}
		for (int k = 0; k < NR_CERTAINTIES; k++)
			row->leaks[k] += s->leaks[k];
		row->leaked_bytes += s->bytes;
	}
	table__free(&by_callback);
	return err;
}

static struct callback_row *take_callbacks(struct collector *c, const struct ledger *ledger,
					   size_t *count)
{
	size_t n = ledger__histograms(ledger), used = 0;
	struct callback_row *rows = calloc(n + c->nr_sites + 1, sizeof(*rows));

	if (!rows)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		const struct histogram *h = ledger__histogram(ledger, i);

		if (h->allocations)
			fill_row(c, h, i < c->nr_tracks ? &c->tracks[i] : NULL, &rows[used++]);
	}
	if (count_leaks(c, rows, &used)) {
		free(rows);
		return NULL;
	}
	*count = used;
	return rows;
}

static struct site_row *take_sites(const struct collector *c)
{
	struct site_row *rows = calloc(c->nr_sites + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < c->nr_sites; i++)
		rows[i] = c->sites[i]->row;
	return rows;
}

static int by_age(const void *a, const void *b)
{
	const struct command_row *x = a, *y = b;

	return x->age_ns > y->age_ns ? -1 : x->age_ns < y->age_ns;
}

static struct command_row *take_commands(const struct front_now *now)
{
	struct command_row *rows = calloc(now->nr_commands + 1, sizeof(*rows));

	for (size_t i = 0; rows && i < now->nr_commands; i++) {
		const struct report_command *c = &now->commands[i];
		struct command_row *row = &rows[i];

		snprintf(row->type, sizeof(row->type), "%s", c->type ? c->type : "");
		snprintf(row->device, sizeof(row->device), "%s", c->device ? c->device : "");
		row->callback = c->callback;
		row->age_ns = c->age_ns;
		row->timeout_ms = c->command->timeout_ms;
		row->submitting = c->command->submitting;
		row->completed = c->command->completed;
		row->called = c->command->called;
		row->overdue = c->command->overdue;
	}
	if (rows && now->nr_commands)
		qsort(rows, now->nr_commands, sizeof(*rows), by_age);
	return rows;
}

static int newest_first(const void *a, const void *b)
{
	const struct alert *x = a, *y = b;

	return x->order > y->order ? -1 : x->order < y->order;
}

static struct alert_row *take_alerts(struct collector *c)
{
	struct alert_row *rows = calloc(c->nr_alerts + 1, sizeof(*rows));

	if (!rows)
		return NULL;
	if (c->nr_alerts)
		qsort(c->alerts, c->nr_alerts, sizeof(*c->alerts), newest_first);
	for (size_t i = 0; i < c->nr_alerts; i++)
		rows[i] = c->alerts[i].row;
	return rows;
}

static void join(char *buf, size_t size, const char *const *words, size_t nr)
{
	size_t n = 0;

	*buf = '\0';
	for (size_t i = 0; i < nr && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%s", i ? " " : "", words[i]);
}

static void take_header(struct collector *c, const struct front_now *now)
{
	struct snapshot *s = &c->snapshot;

	s->state = now->ending	  ? SNAPSHOT_ENDING
		   : now->tracing ? SNAPSHOT_TRACING
				  : SNAPSHOT_WAITING;
	s->time = now->time;
	s->seconds = now->sum.seconds;
	join(s->modules, sizeof(s->modules), now->modules, now->nr_modules);
	s->stats = *ledger__stats(now->sum.ledger);
	s->lost_events = now->sum.lost_events;
	s->missed_hooks = now->sum.missed_hooks;
	s->unseen = now->sum.unseen;
}

int collector__take(struct collector *c, const struct front_now *now)
{
	size_t nr_callbacks = 0;
	struct callback_row *callbacks = take_callbacks(c, now->sum.ledger, &nr_callbacks);
	struct site_row *sites = take_sites(c);
	struct command_row *commands = take_commands(now);
	struct alert_row *alerts = take_alerts(c);
	struct snapshot *s = &c->snapshot;

	if (!callbacks || !sites || !commands || !alerts) {
		free(callbacks);
		free(sites);
		free(commands);
		free(alerts);
		return -ENOMEM;
	}
	free(c->callbacks);
	free(c->site_rows);
	free(c->commands);
	free(c->alert_rows);
	s->callbacks = c->callbacks = callbacks;
	s->nr_callbacks = nr_callbacks;
	s->sites = c->site_rows = sites;
	s->nr_sites = c->nr_sites;
	s->commands = c->commands = commands;
	s->nr_commands = now->nr_commands;
	s->alerts = c->alert_rows = alerts;
	s->nr_alerts = c->nr_alerts;
	take_header(c, now);
	c->news = false;
	return 0;
}

const struct snapshot *collector__snapshot(const struct collector *c)
{
	return &c->snapshot;
}
