// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text for people, at most 80 columns: alerts as they come, grouped by site
 * (rule, allocation stack, callback), histograms, and a closing report.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/suppress.h"
#include "report/words.h"
#include "util/footprint.h"
#include "util/list.h"
#include "util/printable.h"
#include "util/wrap.h"
#include "version.h"

#define ALERT_INTERVAL 1000000000ULL /* of the same site */
#define BAR	       30
#define UNUSED_MAX     20 /* suppressions that are named */

struct site {
	enum rule rule;
	uint32_t stack;
	uint32_t callback; /* name id */
	uint64_t count, bytes;
	uint64_t by_certainty[NR_CERTAINTIES];
	uint64_t said; /* count at the last alert */
	uint64_t said_at;
	char *sentence; /* without the count */
	/* the first finding, for the report */
	char *detail;
};

struct report {
	FILE *out;
	const struct names *names;
	struct site **sites;
	size_t nr_sites;
	uint64_t bytes; /* of memory that they take */
	bool title;	/* of the histograms is due */
	bool quiet;
};

static struct report *text_open(FILE *out, const struct names *names, bool quiet)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->out = out;
	r->names = names;
	r->title = true;
	r->quiet = quiet;
	return r;
}

static char *detail(const struct report_leak *l)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "    allocated by %s (pid %u) at\n", l->a->comm, l->a->tid);
	for (size_t i = 0; l->stack && i < l->stack->depth; i++)
		wrap__text(f, 6, "", l->stack->frames[i].text);
	if (!l->stack)
		fprintf(f, "      (no stack)\n");
	if (l->command) {
		char line[512];

		words__carried(l, line, sizeof(line));
		wrap__text(f, 4, "", line);
	}
	for (size_t i = 0; i < l->nr_bytes; i++)
		fprintf(f, "%s%02x", i % 16 ? " " : i ? "\n          " : "    bytes ", l->bytes[i]);
	if (l->nr_bytes)
		fputc('\n', f);
	if (l->a->degraded) {
		char why[WORDS_DEGRADED];

		words__degraded(l->a->degraded, why, sizeof(why));
		wrap__text(f, 14, "    degraded: ", why);
	}
	fclose(f);
	return text;
}

static struct site *site_of(struct report *r, const struct report_leak *l, bool make)
{
	struct site *s, **more;

	for (size_t i = 0; i < r->nr_sites; i++) {
		s = r->sites[i];
		if (s->rule == l->a->rule && s->stack == l->a->stack &&
		    s->callback == l->a->carrier.callback)
			return s;
	}
	if (!make)
		return NULL;
	s = calloc(1, sizeof(*s));
	more = list__room(r->sites, r->nr_sites, sizeof(*more));
	if (more)
		r->sites = more;
	if (!s || !more) {
		free(s);
		return NULL;
	}
	s->rule = l->a->rule;
	s->stack = l->a->stack;
	s->callback = l->a->carrier.callback;
	s->sentence = words__sentence(l);
	s->detail = detail(l);
	r->sites[r->nr_sites++] = s;
	r->bytes += footprint(sizeof(*s)) + footprint__text(s->sentence) +
		    footprint__text(s->detail) + footprint__list(1, sizeof(*more));
	return s;
}

static void stamp(struct report *r, uint64_t now)
{
	char time[40];

	report__time(now, time, sizeof(time));
	fprintf(r->out, "%.12s ", time + 11);
}

static void say(struct report *r, struct site *s, uint64_t now)
{
	char *text;

	if (asprintf(&text, "%s, %" PRIu64 " so far", s->sentence ? s->sentence : "leak",
		     s->count) < 0)
		return;
	stamp(r, now);
	wrap__rest(r->out, 13, text);
	fflush(r->out);
	free(text);
	s->said = s->count;
	s->said_at = now;
}

static void text_start(struct report *r, const struct report_start *s)
{
	char line[512];
	size_t n = 0;

	if (r->quiet)
		return;
	n = (size_t)snprintf(line, sizeof(line), "nfcleakbpf %s: tracing",
			     s->version ? s->version : NFCLEAKBPF_VERSION);
	for (size_t i = 0; i < s->nr_modules && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s %s", i ? "," : "",
				      s->modules[i]);
	if (n < sizeof(line))
		snprintf(line + n, sizeof(line) - n, " on %s with %zu hooks", s->kernel, s->hooks);
	wrap__text(r->out, 0, "", line);
	for (size_t i = 0; i < s->nr_missing; i++)
		wrap__text(r->out, 12, "not hooked: ", s->missing[i]);
	fflush(r->out);
}

/* Counts a finding in or out of its site; what is only possible does not count. */
static void count(struct site *s, const struct report_leak *l, enum certainty certainty, int64_t n)
{
	if (certainty == CERTAINTY_POSSIBLE)
		return;
	s->count += (uint64_t)n;
	s->bytes += (uint64_t)n * l->a->size;
	s->by_certainty[certainty] += (uint64_t)n;
}

static void text_leak(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l, true);

	if (!s)
		return;
	count(s, l, l->a->certainty, 1);
	if (!r->quiet && (!s->said || l->now - s->said_at >= ALERT_INTERVAL))
		say(r, s, l->now);
}

static void no_leak(struct report *r, struct site *s, const struct report_leak *l, const char *why)
{
	char line[200];

	if (s->said > s->count)
		s->said = s->count;
	if (r->quiet)
		return;
	snprintf(line, sizeof(line), "retracted: %" PRIu64 " bytes at 0x%" PRIx64 " %s", l->a->size,
		 l->a->addr, why);
	stamp(r, l->now);
	wrap__rest(r->out, 13, line);
	fflush(r->out);
}

static void text_update(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l, false);

	if (!s)
		return;
	count(s, l, l->was, -1);
	count(s, l, l->a->certainty, 1);
	if (l->a->certainty == CERTAINTY_POSSIBLE)
		no_leak(r, s, l, "are still in use: something refers to them");
}

static void text_retracted(struct report *r, const struct report_leak *l)
{
	struct site *s = site_of(r, l, false);

	if (!s)
		return;
	count(s, l, l->a->certainty, -1);
	no_leak(r, s, l, "are no leak: they were released or used after all");
}

static void text_warning(struct report *r, const char *rule, const char *message)
{
	(void)rule;
	if (r->quiet)
		return;
	wrap__text(r->out, 9, "warning: ", message);
	fflush(r->out);
}

static void number(uint64_t x, char *buf, size_t size)
{
	static const char *const units[] = { "", "K", "M", "G", "T", "P" };
	size_t u = 0;

	while (x >= 1024 && x % 1024 == 0 && u < 5) {
		x /= 1024;
		u++;
	}
	snprintf(buf, size, "%" PRIu64 "%s", x, units[u]);
}

static void distribution(FILE *out, const char *title, const uint64_t *counts, size_t size)
{
	uint64_t most = 0;
	size_t first = size, last = 0;

	for (size_t i = 0; i < size; i++) {
		if (!counts[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = counts[i] > most ? counts[i] : most;
	}
	if (first == size)
		return;
	fprintf(out, "  %s\n", title);
	for (size_t i = first; i <= last; i++) {
		char low[24], high[24];
		int bar = (int)(counts[i] * BAR / most);

		number(i ? UINT64_C(1) << i : 0, low, sizeof(low));
		number(UINT64_C(1) << (i + 1), high, sizeof(high));
		fprintf(out, "    [%6s, %6s) %10" PRIu64 " |%.*s%*s|\n", low, high, counts[i], bar,
			"******************************", BAR - bar, "");
	}
}

static void text_histogram(struct report *r, const struct histogram *h, const char *callback)
{
	char name[256], line[256];

	if (r->title)
		fprintf(r->out, "\nallocations by callback\n");
	r->title = false;
	snprintf(line, sizeof(line),
		 "%" PRIu64 " allocations of %" PRIu64 " bytes, %" PRIu64 " freed, %" PRIu64
		 " outstanding",
		 h->allocations, h->bytes, h->freed, h->outstanding);
	fputc('\n', r->out);
	snprintf(name, sizeof(name), "%s:", callback ? callback : "(no callback)");
	wrap__text(r->out, 2, name, line);
	distribution(r->out, "size in bytes", h->size_log2, 32);
	distribution(r->out, "lifetime in microseconds", h->lifetime_us_log2, 48);
	fflush(r->out);
}

static void text_tick(struct report *r, uint64_t now)
{
	r->title = true;
	for (size_t i = 0; !r->quiet && i < r->nr_sites; i++) {
		struct site *s = r->sites[i];

		if (s->count > s->said && now - s->said_at >= ALERT_INTERVAL)
			say(r, s, now);
	}
}

static int by_bytes(const void *a, const void *b)
{
	const struct site *x = *(struct site *const *)a, *y = *(struct site *const *)b;

	return x->bytes > y->bytes ? -1 : x->bytes < y->bytes;
}

static void losses(struct report *r, const struct report_end *e, const struct ledger_stats *s)
{
	if (e->lost_events)
		fprintf(r->out,
			"%" PRIu64 " events lost, the books were read again %" PRIu64 " times\n",
			e->lost_events, s->resyncs);
	if (e->missed_hooks)
		fprintf(r->out, "%" PRIu64 " times a hook did not run\n", e->missed_hooks);
	if (s->missed_frees_healed)
		fprintf(r->out, "%" PRIu64 " frees missed and healed\n", s->missed_frees_healed);
	if (e->left_out)
		fprintf(r->out, "%" PRIu64 " stacks were left out: events came too fast\n",
			e->left_out);
	if (e->unseen)
		fprintf(r->out, "%" PRIu64 " allocations not followed: the book was full\n",
			e->unseen);
	if (s->unseen)
		fprintf(r->out,
			"%" PRIu64 " objects in commands not followed: older than the trace\n",
			s->unseen);
}

/* "2 definite, 13 probable" */
static void certainties(const struct site *s, char *buf, size_t size)
{
	size_t n = 0;

	*buf = '\0';
	for (int c = NR_CERTAINTIES - 1; c > CERTAINTY_POSSIBLE && n < size; c--)
		if (s->by_certainty[c])
			n += (size_t)snprintf(buf + n, size - n, "%s%" PRIu64 " %s", n ? ", " : "",
					      s->by_certainty[c],
					      certainty__name((enum certainty)c));
}

static void suppression_line(struct report *r, const struct suppression *s)
{
	char line[SUPPRESSION_MAX + SUPPRESSIONS_ERROR];

	if (s->matched)
		fprintf(r->out, "%8" PRIu64 "  ", s->matched);
	else
		fprintf(r->out, "  unused  ");
	snprintf(line, sizeof(line), "leak:%s (%s:%u)", s->pattern, s->file, s->line);
	printable__make(line);
	wrap__rest(r->out, 10, line);
}

/* What was suppressed and by what, what was not, what could be. */
static void suppressions(struct report *r, const struct report_hidden *hidden)
{
	uint64_t count =
		hidden->findings[CERTAINTY_DEFINITE] + hidden->findings[CERTAINTY_PROBABLE];
	size_t n = hidden->list ? suppressions__count(hidden->list) : 0, unused = 0;
	bool generated = hidden->generated && *hidden->generated;

	if (n)
		fprintf(r->out, "\nsuppressed: %" PRIu64 " allocations, %" PRIu64 " bytes\n", count,
			hidden->bytes);
	for (size_t i = 0; i < n; i++)
		if (suppressions__at(hidden->list, i)->matched)
			suppression_line(r, suppressions__at(hidden->list, i));
	for (size_t i = 0; i < n; i++)
		if (!suppressions__at(hidden->list, i)->matched && ++unused <= UNUSED_MAX)
			suppression_line(r, suppressions__at(hidden->list, i));
	if (unused > UNUSED_MAX)
		fprintf(r->out, "          and %zu more unused\n", unused - UNUSED_MAX);
	if (generated)
		fprintf(r->out, "\n# for a file that --suppressions reads:\n%s", hidden->generated);
}

static void text_end(struct report *r, const struct report_end *e)
{
	const struct report_hidden none = { 0 }, *hidden = e->hidden ? e->hidden : &none;
	const struct ledger_stats *s = ledger__stats(e->ledger);
	uint64_t count = 0, bytes = 0;
	size_t sites = 0;
	char line[512], what[128];

	if (r->nr_sites)
		qsort(r->sites, r->nr_sites, sizeof(*r->sites), by_bytes);
	for (size_t i = 0; i < r->nr_sites; i++) {
		const struct site *site = r->sites[i];

		if (!site->count)
			continue;
		fputc('\n', r->out);
		snprintf(line, sizeof(line), "[%zu] %s: %" PRIu64 " allocations, %" PRIu64 " bytes",
			 ++sites, rule__name(site->rule), site->count, site->bytes);
		certainties(site, what, sizeof(what));
		fprintf(r->out, "%s%s(%s)\n", line,
			strlen(line) + strlen(what) + 3 > WRAP_COLUMNS ? "\n    " : " ", what);
		wrap__text(r->out, 4, "", site->sentence ? site->sentence : "");
		fputs(site->detail ? site->detail : "", r->out);
		count += site->count;
		bytes += site->bytes;
	}
	suppressions(r, hidden);
	fputc('\n', r->out);
	snprintf(line, sizeof(line),
		 "%.1f s: %" PRIu64 " allocations, %" PRIu64 " frees, %" PRIu64
		 " outstanding; %" PRIu64 " commands, %" PRIu64 " callbacks; %" PRIu64
		 " suspects, %" PRIu64 " cleared, %" PRIu64 " retracted",
		 e->seconds, s->allocations, s->frees, s->outstanding, s->commands, s->callbacks,
		 s->suspects, s->cleared, s->retracted - hidden->retracted);
	wrap__text(r->out, 0, "", line);
	losses(r, e, s);
	if (e->incomplete)
		fprintf(r->out, "incomplete: %s\n", words_incomplete);
	words__summary(r->out, bytes, count, sites);
	fflush(r->out);
}

static void text_close(struct report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->nr_sites; i++) {
		free(r->sites[i]->sentence);
		free(r->sites[i]->detail);
		free(r->sites[i]);
	}
	free(r->sites);
	free(r);
}

static uint64_t text_memory(const struct report *r)
{
	return r->bytes;
}

const struct report_format report_text = {
	.open = text_open,
	.start = text_start,
	.leak = text_leak,
	.update = text_update,
	.retracted = text_retracted,
	.warning = text_warning,
	.histogram = text_histogram,
	.tick = text_tick,
	.end = text_end,
	.close = text_close,
	.memory = text_memory,
};
