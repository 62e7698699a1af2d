// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read rather than watched: a callback's sites, each with what happened,
 * where the memory came from and what was in it; and the help.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/words.h"
#include "top/figures.h"
#include "top/internal.h"

#define NS_PER_US 1000ULL

void detail__clock(uint64_t ns, char *buf, size_t size)
{
	char time[40];

	report__time(ns, time, sizeof(time));
	snprintf(buf, size, "%.8s", time + 11);
}

static void encode(char *buf, size_t size, wchar_t ch, bool utf8)
{
	size_t n = strlen(buf);

	/* Blocks are all that is outside ASCII. */
	if (utf8 && ch >= 0x80 && n + 4 <= size)
		snprintf(buf + n, size - n, "%c%c%c", 0xe0 | (ch >> 12), 0x80 | (ch >> 6 & 0x3f),
			 0x80 | (ch & 0x3f));
	else if (n + 2 <= size)
		snprintf(buf + n, size - n, "%c", (int)ch);
}

/* "sizes  8 [#   #] 128 bytes": a distribution on one line. */
static void distribution(struct lines *l, const char *title, const uint64_t *counts, size_t size,
			 void (*label)(char *buf, uint64_t x))
{
	char low[FIGURE_SIZE], high[FIGURE_SIZE], bars[4 * 64] = "";
	size_t first = size, last = 0;
	uint64_t most = 0;

	for (size_t i = 0; i < size; i++) {
		if (!counts[i])
			continue;
		first = i < first ? i : first;
		last = i;
		most = counts[i] > most ? counts[i] : most;
	}
	if (first == size)
		return;
	for (size_t i = first; i <= last; i++)
		encode(bars, sizeof(bars), figure__bar_char(figure__bar(counts[i], most), l->utf8),
		       l->utf8);
	label(low, first ? UINT64_C(1) << first : 0);
	label(high, UINT64_C(1) << (last + 1));
	lines__addf(l, STYLE_PLAIN, 0, "%-9s %s |%s| %s", title, low, bars, high);
}

static void label_bytes(char *buf, uint64_t bytes)
{
	char number[FIGURE_SIZE];

	figure__bytes(number, bytes, 4);
	snprintf(buf, FIGURE_SIZE, "%.20s bytes", number);
}

static void label_us(char *buf, uint64_t us)
{
	if (us < 1000)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 " us", us);
	else if (us < 1000000)
		snprintf(buf, FIGURE_SIZE, "%" PRIu64 " ms", us / 1000);
	else
		figure__duration(buf, us < UINT64_MAX / NS_PER_US ? us * NS_PER_US : UINT64_MAX);
}

static void callback(const struct callback_row *row, struct lines *l)
{
	if (row->leaks[CERTAINTY_DEFINITE] || row->leaks[CERTAINTY_PROBABLE])
		lines__addf(l, STYLE_DEFINITE, 0,
			    "%" PRIu64 " bytes leaked: %" PRIu64 " definite, %" PRIu64 " probable",
			    row->leaked_bytes, row->leaks[CERTAINTY_DEFINITE],
			    row->leaks[CERTAINTY_PROBABLE]);
	else
		lines__add(l, STYLE_GOOD, 0, 0, "no leaks");
	lines__addf(l, STYLE_PLAIN, 0,
		    "%" PRIu64 " allocations, %" PRIu64 " freed, %" PRIu64 " live with %" PRIu64
		    " bytes, %.1f a second",
		    row->allocations, row->freed, row->outstanding, row->outstanding_bytes,
		    row->rate);
	distribution(l, "sizes", row->size_log2, 32, label_bytes);
	distribution(l, "lifetimes", row->lifetime_us_log2, 48, label_us);
}

static void contents(const struct site_row *s, struct lines *l)
{
	size_t each = l->width >= 72 ? 16 : l->width >= 40 ? 8 : 4;

	for (size_t i = 0; i < s->nr_contents; i += each) {
		char line[160];
		size_t n = (size_t)snprintf(line, sizeof(line), "%02zx  ", i);

		for (size_t k = i; k < i + each; k++)
			n += k < s->nr_contents
				     ? (size_t)snprintf(line + n, sizeof(line) - n, "%02x ",
							s->contents[k])
				     : (size_t)snprintf(line + n, sizeof(line) - n, "   ");
		n += (size_t)snprintf(line + n, sizeof(line) - n, " ");
		for (size_t k = i; k < i + each && k < s->nr_contents; k++)
			line[n++] = isprint(s->contents[k]) && s->contents[k] < 0x80
					    ? (char)s->contents[k]
					    : '.';
		line[n] = '\0';
		lines__add(l, STYLE_PLAIN, 2, 0, line);
	}
}

/* What is the same for all of a site, and what the latest one was. */
static void site(const struct site_row *s, struct lines *l)
{
	char first[16], latest[16], why[WORDS_DEGRADED];

	lines__add(l, STYLE_BOLD, 0, 0, s->sentence);
	detail__clock(s->first, first, sizeof(first));
	detail__clock(s->latest, latest, sizeof(latest));
	lines__addf(l, STYLE_PLAIN, 0,
		    "%s: %" PRIu64 " so far, %" PRIu64 " bytes (%" PRIu64 " definite, %" PRIu64
		    " probable, %" PRIu64 " retracted), from %s to %s",
		    rule__name(s->rule), s->count, s->bytes, s->leaks[CERTAINTY_DEFINITE],
		    s->leaks[CERTAINTY_PROBABLE], s->retracted, first, latest);
	if (s->degraded) {
		words__degraded(s->degraded, why, sizeof(why));
		lines__addf(l, STYLE_PROBABLE, 0, "degraded: %s", why);
	}
	lines__addf(l, STYLE_PLAIN, 0, "allocated by %s (pid %u) at", s->comm, s->tid);
	for (size_t i = 0; s->stack && i < s->stack->depth; i++)
		lines__add(l, i == s->stack->site ? STYLE_BOLD : STYLE_PLAIN, 2, 2,
			   s->stack->frames[i].text);
	if (!s->stack)
		lines__add(l, STYLE_DIM, 2, 0, "(no stack)");
	if (s->carried)
		lines__add(l, STYLE_PLAIN, 0, 2, s->carried);
	lines__addf(l, STYLE_PLAIN, 0, "the latest: %" PRIu64 " bytes at 0x%" PRIx64 "%s", s->size,
		    s->addr, s->nr_contents ? ", with" : "");
	contents(s, l);
}

static void site_list(const struct snapshot *s, const struct list *sites, struct lines *l,
		      size_t *selected)
{
	lines__add(l, STYLE_HEADING, 0, 0, "SITES");
	for (size_t i = 0; i < sites->nr; i++) {
		const struct site_row *site = &s->sites[sites->rows[i]];

		if (i == sites->at)
			*selected = l->nr;
		lines__addf(l, STYLE_PLAIN | (i == sites->at ? STYLE_SELECTED : 0), 0,
			    "%6" PRIu64 " leaked, %8" PRIu64 " bytes, %-15s %s", site->count,
			    site->bytes, rule__name(site->rule),
			    site->function ? site->function : "(unknown)");
	}
	lines__add(l, STYLE_PLAIN, 0, 0, "");
}

void detail__sites(const struct snapshot *s, uint32_t callback_id, const struct list *sites,
		   struct lines *lines, size_t *selected)
{
	const struct callback_row *row = view__callback(s, callback_id);

	*selected = 0;
	lines__add(lines, STYLE_HEADING, 0, 0, row ? row->name : "(gone)");
	if (row)
		callback(row, lines);
	lines__add(lines, STYLE_PLAIN, 0, 0, "");
	if (sites->nr > 1)
		site_list(s, sites, lines, selected);
	if (sites->nr)
		site(&s->sites[sites->rows[sites->at < sites->nr ? sites->at : 0]], lines);
}

void detail__help(struct lines *l)
{
	static const struct {
		const char *key, *what;
	} keys[] = {
		{ "up down j k", "select; PgUp PgDn, Home End (g G) go further" },
		{ "Tab", "callbacks, commands, alerts: which of them the keys move in" },
		{ "Enter", "look into a callback: what leaked, from where, with what in it" },
		{ "q Esc", "back; from the first screen q quits (Backspace is back, too)" },
		{ "s < >", "sort by the next column, the one before, the one after" },
		{ "r", "the other way round" },
		{ "/", "show only what has this text; Esc shows everything again" },
		{ "p", "pause: the trace goes on, the screen stands still" },
		{ "?", "this help" },
	};
	static const struct {
		const char *word, *what;
	} words[] = {
		{ "ALLOC", "allocations under this callback since the start, FREED of them" },
		{ "LIVE", "allocations not freed yet; BYTES: the memory they take" },
		{ "/SEC", "allocations a second, over the last five" },
		{ "MINUTE", "live bytes over the last minute, the latest on the right" },
		{ "PROB", "leaks found when their moment came: the callback returned, and "
			  "nobody has freed what it was given, nor passed it on" },
		{ "DEF", "leaks that two searches through the kernel's memory found no "
			 "reference to: these are certain" },
		{ "retracted", "was called a leak and freed after all" },
		{ "degraded",
		  "events were lost, or a hook did not run or is missing: what is found since "
		  "then is less certain" },
	};
	char line[256];

	lines__add(l, STYLE_HEADING, 0, 0, "KEYS");
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(line, sizeof(line), "%-12s %s", keys[i].key, keys[i].what);
		lines__add(l, STYLE_PLAIN, 0, 13, line);
	}
	lines__add(l, STYLE_PLAIN, 0, 0, "");
	lines__add(l, STYLE_HEADING, 0, 0, "WORDS");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		snprintf(line, sizeof(line), "%-12s %s", words[i].word, words[i].what);
		lines__add(l, STYLE_PLAIN, 0, 13, line);
	}
	lines__add(l, STYLE_PLAIN, 0, 0, "");
	lines__add(l, STYLE_PLAIN, 0, 0, "Times are UTC.");
}
