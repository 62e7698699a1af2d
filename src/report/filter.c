// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filter in front of a format.
 *
 * Whether a finding is hidden is decided once, when it is reported, and
 * remembered by the allocation's number: by the time it is taken back another
 * command may carry it, and it would match something else.  A list may have
 * thousands of patterns: they are tried once for each site.
 */
#include "report/filter.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "util/footprint.h"
#include "util/list.h"
#include "util/table.h"

struct site {
	enum rule rule;
	enum kind kind;
	uint32_t stack, caller;
	uint32_t callback;	/* name id */
	struct suppression *by; /* NULL: it is shown */
	uint64_t count, bytes;	/* definite and probable, now */
	char *pattern;		/* to propose, NULL: none */
	char *callback_name;	/* NULL: none */
};

struct report {
	const struct report_format *format;
	struct report *report;
	struct suppressions *list;
	bool generate;
	struct report_hidden hidden;
	struct site **sites;
	size_t nr_sites;
	uint64_t bytes;	       /* of memory that they take, and what is generated from them */
	struct table findings; /* allocation id -> site */
};

struct report *filter__open(const struct report_format *format, struct report *report,
			    struct suppressions *list, bool generate)
{
	struct report *r = report ? calloc(1, sizeof(*r)) : NULL;

	if (!r) {
		format->close(report);
		return NULL;
	}
	r->format = format;
	r->report = report;
	r->list = list;
	r->generate = generate;
	r->hidden.list = list;
	return r;
}

static void site_free(struct site *s)
{
	if (!s)
		return;
	free(s->pattern);
	free(s->callback_name);
	free(s);
}

static void filtered_close(struct report *r)
{
	if (!r)
		return;
	r->format->close(r->report);
	for (size_t i = 0; i < r->nr_sites; i++)
		site_free(r->sites[i]);
	free(r->sites);
	table__free(&r->findings);
	free(r);
}

static bool is_site(const struct site *s, const struct allocation *a)
{
	return s->rule == a->rule && s->stack == a->stack && s->callback == a->carrier.callback &&
	       (s->kind == KIND_RESPONSE) == (a->kind == KIND_RESPONSE) &&
	       (s->stack || s->caller == a->caller);
}

static struct site *site_new(struct report *r, const struct report_leak *l)
{
	char pattern[SUPPRESSION_MAX];
	struct site *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->rule = l->a->rule;
	s->kind = l->a->kind;
	s->stack = l->a->stack;
	s->caller = l->a->caller;
	s->callback = l->a->carrier.callback;
	s->by = r->list ? suppressions__match(r->list, l) : NULL;
	if (r->generate && suppression__propose(l, pattern, sizeof(pattern)))
		s->pattern = strdup(pattern);
	if (r->generate && l->callback)
		s->callback_name = strdup(l->callback);
	return s;
}

/* The site of a finding, made if need be; NULL when out of memory. */
static struct site *site_of(struct report *r, const struct report_leak *l)
{
	struct site *s = table__get(&r->findings, l->a->id), **more;

	if (s)
		return s;
	for (size_t i = 0; i < r->nr_sites; i++)
		if (is_site(r->sites[i], l->a))
			return r->sites[i];
	more = list__room(r->sites, r->nr_sites, sizeof(*more));
	if (!more)
		return NULL;
	r->sites = more;
	s = site_new(r, l);
	if (!s)
		return NULL;
	r->sites[r->nr_sites++] = s;
	r->bytes += footprint(sizeof(*s)) + footprint__list(1, sizeof(*more)) +
		    4 * (footprint__text(s->pattern) + footprint__text(s->callback_name));
	return s;
}

/* What is only possible is no leak of its site. */
static void count(struct report *r, struct site *s, const struct allocation *a,
		  enum certainty certainty, int64_t n)
{
	uint64_t bytes = (uint64_t)n * a->size;

	if (certainty != CERTAINTY_POSSIBLE) {
		s->count += (uint64_t)n;
		s->bytes += bytes;
	}
	if (!s->by)
		return;
	r->hidden.findings[certainty] += (uint64_t)n;
	if (certainty != CERTAINTY_POSSIBLE)
		r->hidden.bytes += bytes;
}

static void filtered_leak(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l);

	if (s) {
		count(r, s, l->a, l->a->certainty, 1);
		/* Where there is no memory left the site is found by its parts. */
		(void)table__set(&r->findings, l->a->id, s);
	}
	if (!s || !s->by) {
		r->format->leak(r->report, l);
		return;
	}
	s->by->matched++;
}

static void filtered_update(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l);

	if (s) {
		count(r, s, l->a, l->was, -1);
		count(r, s, l->a, l->a->certainty, 1);
	}
	if (!s || !s->by)
		r->format->update(r->report, l);
}

static void filtered_retracted(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l);

	if (s)
		count(r, s, l->a, l->a->certainty, -1);
	table__remove(&r->findings, l->a->id);
	if (s && s->by)
		r->hidden.retracted++;
	else
		r->format->retracted(r->report, l);
}

uint64_t filter__standing(const struct report *r, const struct ledger *ledger)
{
	const struct ledger_stats *s = ledger__stats(ledger);

	return s->findings[CERTAINTY_PROBABLE] - r->hidden.findings[CERTAINTY_PROBABLE] +
	       s->findings[CERTAINTY_DEFINITE] - r->hidden.findings[CERTAINTY_DEFINITE];
}

bool filter__hides(const struct report *r, const struct allocation *a)
{
	const struct site *s = table__get(&r->findings, a->id);

	return s && s->by;
}

const struct report_hidden *filter__hidden(const struct report *r)
{
	return &r->hidden;
}

/* ---- what to suppress ---- */

/* The same pattern twice would be reported as unused ever after. */
static bool proposed_before(const struct report *r, size_t index)
{
	const struct site *s = r->sites[index];

	for (size_t i = 0; i < index; i++) {
		const struct site *t = r->sites[i];

		if (t->count && !t->by && t->pattern && !strcmp(s->pattern, t->pattern))
			return true;
	}
	return false;
}

static void propose(const struct report *r, FILE *f)
{
	for (size_t i = 0; i < r->nr_sites; i++) {
		const struct site *s = r->sites[i];

		if (!s->count || s->by || !s->pattern || proposed_before(r, i))
			continue;
		for (size_t j = i; j < r->nr_sites; j++) {
			const struct site *t = r->sites[j];

			if (!t->count || t->by || !t->pattern ||
			    strcmp(s->pattern, t->pattern) != 0)
				continue;
			fprintf(f, "# %s: %" PRIu64 " allocation%s, %" PRIu64 " bytes\n",
				rule__name(t->rule), t->count, t->count == 1 ? "" : "s", t->bytes);
			if (t->callback_name)
				fprintf(f, "# callback %s\n", t->callback_name);
		}
		fprintf(f, "leak:%s\n", s->pattern);
	}
}

static void filtered_end(struct report *r, const struct report_end *end)
{
	struct report_end with = *end;
	char *text = NULL;
	size_t size = 0;
	FILE *f = r->generate ? open_memstream(&text, &size) : NULL;

	if (f) {
		propose(r, f);
		/* Half of it would look like all. */
		if (fclose(f)) {
			free(text);
			text = NULL;
		}
	}
	r->hidden.generated = text;
	with.hidden = &r->hidden;
	r->format->end(r->report, &with);
	r->hidden.generated = NULL;
	free(text);
}

/* ---- what goes through ---- */

static void filtered_start(struct report *r, const struct report_start *s)
{
	r->format->start(r->report, s);
}

static void filtered_warning(struct report *r, const char *rule, const char *message)
{
	r->format->warning(r->report, rule, message);
}

static void filtered_histogram(struct report *r, const struct histogram *h, const char *callback)
{
	r->format->histogram(r->report, h, callback);
}

static void filtered_tick(struct report *r, uint64_t now)
{
	r->format->tick(r->report, now);
}

static uint64_t filtered_memory(const struct report *r)
{
	return r->bytes + footprint__table(&r->findings) + report__memory(r->format, r->report);
}

const struct report_format report_filtered = {
	.start = filtered_start,
	.leak = filtered_leak,
	.update = filtered_update,
	.retracted = filtered_retracted,
	.warning = filtered_warning,
	.histogram = filtered_histogram,
	.tick = filtered_tick,
	.end = filtered_end,
	.close = filtered_close,
	.memory = filtered_memory,
};
