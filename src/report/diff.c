// SPDX-License-Identifier: GPL-2.0-only
/*
 * The comparison of diff.h.
 */
#include "report/diff.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_text.h"
#include "report/strings.h"
#include "report/tell.h"
#include "report/words.h"

#define NOTABLE 1.1 /* times as many are more */
#define COLUMNS 79

struct leaks {
	uint64_t allocations, bytes;
};

struct site {
	enum rule rule;
	const char *function, *module, *callback; /* NULL: unknown or none */
	struct leaks leaks;
};

struct tally {
	const struct names *names; /* while it is made */
	struct strings strings;
	struct site *sites;
	size_t count, room;
	struct leaks leaks; /* of all sites */
	uint64_t commands;
	double seconds;
	bool complete; /* it is the run's own end */
	bool failed;   /* no memory */
};

struct pair {
	const struct site *before, *after; /* one may be NULL */
	enum diff_change change;
	double weight; /* by which they are sorted */
};

struct diff {
	const struct tally *before, *after;
	struct pair *pairs;
	size_t count;
	size_t changes[NR_DIFF_CHANGES];
};

/* ---- tallies ---- */

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool same_site(const struct site *a, const struct site *b)
{
	return a->rule == b->rule && same(a->function, b->function) && same(a->module, b->module) &&
	       same(a->callback, b->callback);
}

static const struct site *find(const struct tally *t, const struct site *s)
{
	for (size_t i = 0; i < t->count; i++)
		if (same_site(&t->sites[i], s))
			return &t->sites[i];
	return NULL;
}

static struct site *add(struct tally *t, const struct site *key)
{
	struct site *more;
	int err = 0;

	if (t->count == t->room) {
		size_t room = t->room ? 2 * t->room : 16;

		more = reallocarray(t->sites, room, sizeof(*more));
		if (!more)
			return NULL;
		t->sites = more;
		t->room = room;
	}
	t->sites[t->count] = (struct site){
		.rule = key->rule,
		.function = strings__clean(&t->strings, key->function, &err),
		.module = strings__clean(&t->strings, key->module, &err),
		.callback = strings__clean(&t->strings, key->callback, &err),
	};
	return err ? NULL : &t->sites[t->count++];
}

static void count(void *ctx, const struct allocation *a)
{
	struct tally *t = ctx;
	uint32_t function = tell__function(t->names, a, NULL);
	struct site *s, key = { .rule = a->rule };

	key.function = names__text(t->names, function);
	key.module = names__module(t->names, function);
	if (a->carrier.type != NO_COMMAND_TYPE)
		key.callback = names__text(t->names, a->carrier.callback);
	s = (struct site *)find(t, &key);
	if (!s)
		s = add(t, &key);
	if (!s) {
		t->failed = true;
		return;
	}
	s->leaks.allocations++;
	s->leaks.bytes += a->size;
	t->leaks.allocations++;
	t->leaks.bytes += a->size;
}

struct tally *tally__new(const struct ledger *l, const struct names *names, double seconds,
			 bool complete)
{
	struct tally *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->names = names;
	t->commands = ledger__stats(l)->commands;
	t->seconds = seconds;
	t->complete = complete;
	ledger__each_finding(l, count, t);
	t->names = NULL;
	if (!t->failed)
		return t;
	tally__free(t);
	return NULL;
}

void tally__free(struct tally *t)
{
	if (!t)
		return;
	strings__free(&t->strings);
	free(t->sites);
	free(t);
}

/* ---- comparing ---- */

static const struct leaks *leaks_of(const struct site *s)
{
	static const struct leaks none;

	return s ? &s->leaks : &none;
}

/* Negative: in relation to nothing. */
static double per(uint64_t n, double what)
{
	return what > 0 ? (double)n / what : -1;
}

static double per_1000_commands(const struct tally *t, const struct site *s)
{
	return per(leaks_of(s)->allocations, (double)t->commands / 1000);
}

static double per_minute(const struct tally *t, const struct site *s)
{
	return per(leaks_of(s)->allocations, t->seconds / 60);
}

static enum diff_change compare(const struct diff *d, const struct pair *p)
{
	double before = per_1000_commands(d->before, p->before);
	double after = per_1000_commands(d->after, p->after);

	if (!p->before)
		return DIFF_NEW;
	if (!p->after)
		return DIFF_GONE;
	if (before < 0 || after < 0) {
		before = per_minute(d->before, p->before);
		after = per_minute(d->after, p->after);
	}
	if (before < 0 || after < 0) {
		before = (double)p->before->leaks.allocations;
		after = (double)p->after->leaks.allocations;
	}
	if (after > before * NOTABLE)
		return DIFF_MORE;
	return before > after * NOTABLE ? DIFF_FEWER : DIFF_SAME;
}

static int by_change(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->change != y->change)
		return x->change < y->change ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return 0;
}

static void add_pair(struct diff *d, const struct site *before, const struct site *after)
{
	struct pair *p = &d->pairs[d->count++];
	uint64_t b = leaks_of(before)->bytes, a = leaks_of(after)->bytes;

	*p = (struct pair){ .before = before, .after = after };
	p->change = compare(d, p);
	p->weight = (double)(a > b ? a : b);
	d->changes[p->change]++;
}

struct diff *diff__new(const struct tally *before, const struct tally *after)
{
	struct diff *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->before = before;
	d->after = after;
	d->pairs = calloc(before->count + after->count + 1, sizeof(*d->pairs));
	if (!d->pairs) {
		free(d);
		return NULL;
	}
	for (size_t i = 0; i < before->count; i++)
		add_pair(d, &before->sites[i], find(after, &before->sites[i]));
	for (size_t i = 0; i < after->count; i++)
		if (!find(before, &after->sites[i]))
			add_pair(d, NULL, &after->sites[i]);
	qsort(d->pairs, d->count, sizeof(*d->pairs), by_change);
	return d;
}

void diff__free(struct diff *d)
{
	if (!d)
		return;
	free(d->pairs);
	free(d);
}

size_t diff__count(const struct diff *d, enum diff_change change)
{
	return d->changes[change];
}

/* ---- telling ---- */

static const char *change_name(enum diff_change change)
{
	static const char *const names[NR_DIFF_CHANGES] = {
		[DIFF_NEW] = "new",   [DIFF_MORE] = "more", [DIFF_FEWER] = "fewer",
		[DIFF_GONE] = "gone", [DIFF_SAME] = "same",
	};

	return names[change];
}

static const struct site *either(const struct pair *p)
{
	return p->after ? p->after : p->before;
}

static void text_run(FILE *out, const char *name, const struct tally *t)
{
	fprintf(out, "%-7s %8" PRIu64 " leaks %10" PRIu64 " bytes %9" PRIu64 " commands %9.1f s\n",
		name, t->leaks.allocations, t->leaks.bytes, t->commands, t->seconds);
	if (!t->complete)
		fprintf(out, "        incomplete: %s\n", words_incomplete);
}

static void text_rates(FILE *out, const char *what, double before, double after)
{
	char b[32] = "-", a[32] = "-";

	if (before >= 0)
		snprintf(b, sizeof(b), "%.2f", before);
	if (after >= 0)
		snprintf(a, sizeof(a), "%.2f", after);
	fprintf(out, "       %-18s %12s -> %s\n", what, b, a);
}

static void text_pair(const struct diff *d, const struct pair *p, FILE *out)
{
	const struct leaks *b = leaks_of(p->before), *a = leaks_of(p->after);
	const struct site *s = either(p);
	const char *function = s->function ? s->function : "an unknown function";
	char line[512];

	fprintf(out, "\n%-6s %s\n", change_name(p->change), rule__name(s->rule));
	snprintf(line, sizeof(line), "allocated by %s%s%s%s", function, s->module ? " [" : "",
		 s->module ? s->module : "", s->module ? "]" : "");
	fprintf(out, "       %.*s\n", COLUMNS - 7, line);
	snprintf(line, sizeof(line), "callback %s", s->callback ? s->callback : "none");
	fprintf(out, "       %.*s\n", COLUMNS - 7, line);
	fprintf(out, "       %-18s %12" PRIu64 " -> %" PRIu64 "\n", "allocations", b->allocations,
		a->allocations);
	fprintf(out, "       %-18s %12" PRIu64 " -> %" PRIu64 "\n", "bytes", b->bytes, a->bytes);
	text_rates(out, "per 1000 commands", per_1000_commands(d->before, p->before),
		   per_1000_commands(d->after, p->after));
	text_rates(out, "per minute", per_minute(d->before, p->before),
		   per_minute(d->after, p->after));
}

void diff__text(const struct diff *d, FILE *out)
{
	const char *separator = "";

	text_run(out, "before:", d->before);
	text_run(out, "after:", d->after);
	for (size_t i = 0; i < d->count; i++)
		text_pair(d, &d->pairs[i], out);
	fputs("\nSUMMARY: nfcleakbpf: ", out);
	if (!d->count)
		fputs("no leaks before or after", out);
	for (int c = 0; c < NR_DIFF_CHANGES; c++) {
		if (!d->changes[c])
			continue;
		fprintf(out, "%s%zu %s", separator, d->changes[c], change_name(c));
		separator = ", ";
	}
	fputc('\n', out);
}

/* Consumes the object; a line is whole or not there at all. */
static void emit(FILE *out, json_t *line)
{
	char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;

	if (text)
		fprintf(out, "%s\n", text);
	free(text);
	json_decref(line);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_string(json_t *o, const char *key, const char *value)
{
	set(o, key, json_text(value));
}

static json_t *rate(double x)
{
	return x < 0 ? json_null() : json_real(x);
}

static json_t *json_side(const struct tally *t, const struct site *s)
{
	json_t *o = json_object();

	set(o, "allocations", json_integer((json_int_t)leaks_of(s)->allocations));
	set(o, "bytes", json_integer((json_int_t)leaks_of(s)->bytes));
	set(o, "per_1000_commands", rate(per_1000_commands(t, s)));
	set(o, "per_minute", rate(per_minute(t, s)));
	return o;
}

static json_t *json_run(const struct tally *t)
{
	json_t *o = json_object();

	set(o, "allocations", json_integer((json_int_t)t->leaks.allocations));
	set(o, "bytes", json_integer((json_int_t)t->leaks.bytes));
	set(o, "commands", json_integer((json_int_t)t->commands));
	set(o, "seconds", json_real(t->seconds));
	if (!t->complete)
		set(o, "incomplete", json_true());
	return o;
}

void diff__json(const struct diff *d, FILE *out)
{
	json_t *o;

	for (size_t i = 0; i < d->count; i++) {
		const struct pair *p = &d->pairs[i];
		const struct site *s = either(p);

		o = json_object();
		set_string(o, "event", "site");
		set_string(o, "change", change_name(p->change));
		set_string(o, "rule", rule__name(s->rule));
		set_string(o, "function", s->function);
		set_string(o, "module", s->module);
		set_string(o, "callback", s->callback);
		set(o, "before", json_side(d->before, p->before));
		set(o, "after", json_side(d->after, p->after));
		emit(out, o);
	}
	o = json_object();
	set_string(o, "event", "diff");
	set(o, "before", json_run(d->before));
	set(o, "after", json_run(d->after));
	for (int c = 0; c < NR_DIFF_CHANGES; c++)
		set(o, change_name(c), json_integer((json_int_t)d->changes[c]));
	emit(out, o);
}
