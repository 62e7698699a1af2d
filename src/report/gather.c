// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what a model has gathered to its view: findings into sites, numbers into
 * names, the newest allocations into slices.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "hooks/subsystem.h"
#include "report/gather.h"
#include "report/words.h"
#include "util/footprint.h"

bool model__stands(const struct model_finding *f)
{
	return !f->retracted && f->certainty != CERTAINTY_POSSIBLE;
}

const char *model__incomplete(const struct model_view *v)
{
	if (!v->short_of_memory)
		return v->incomplete ? words_incomplete : NULL;
	return v->incomplete ? "the recording stops before the end of the run, and memory ran out "
			       "while this was put together"
			     : "memory ran out while this was put together";
}

/*
 * A leak is what this report was told is one, and not what the ledger thinks: somebody
 * may have kept it from us.
 */
static void mark_leaks(struct report *r)
{
	struct gathered *g;
	size_t i = 0;

	while ((g = table__next(&r->live, &i))) {
		const struct model_finding *f = table__get(&r->by_id, g->id);

		if (!f || !model__stands(f))
			continue;
		g->rule = f->rule;
		g->certainty = f->certainty;
	}
}

/* ---- sites ---- */

#define ORDER(x, y) ((x) < (y) ? -1 : (x) > (y))

static int same_site(const struct model_finding *x, const struct model_finding *y)
{
	int order = ORDER(x->rule, y->rule);

	if (!order)
		order = ORDER(x->stack_id, y->stack_id);
	if (!order)
		order = ORDER(x->callback_id, y->callback_id);
	return order;
}

static int by_site(const void *a, const void *b)
{
	const struct model_finding *x = *(const struct model_finding *const *)a;
	const struct model_finding *y = *(const struct model_finding *const *)b;
	int order = same_site(x, y);

	return order ? order : ORDER(x->id, y->id);
}

static int by_bytes(const void *a, const void *b)
{
	const struct model_site *x = a, *y = b;
	int order = -ORDER(x->bytes, y->bytes);

	if (!order)
		order = -ORDER(x->count, y->count);
	return order ? order : ORDER(x->first->id, y->first->id);
}

static void add_finding(struct model_view *v, struct model_site *s, const struct model_finding *f)
{
	s->nr_findings++;
	if (!s->first || (!model__stands(s->first) && model__stands(f)))
		s->first = f;
	if (f->retracted) {
		s->retracted++;
	} else if (!model__stands(f)) {
		s->possible++;
	} else {
		s->count++;
		s->bytes += f->size;
		s->by_certainty[f->certainty]++;
		v->leaks++;
		v->leaked_bytes += f->size;
		v->by_certainty[f->certainty]++;
		v->degraded += f->degraded != 0;
		v->why_degraded |= f->degraded;
	}
}

static void make_sites(struct report *r)
{
	struct model_view *v = &r->view;
	size_t n = r->nr_findings;

	r->ordered = calloc(n + 1, sizeof(*r->ordered));
	r->sites = calloc(n + 1, sizeof(*r->sites));
	if (!r->ordered || !r->sites) {
		r->err = -ENOMEM;
		return;
	}
	for (size_t i = 0; i < n; i++)
		r->ordered[i] = r->findings[i];
	qsort(r->ordered, n, sizeof(*r->ordered), by_site);
	for (size_t i = 0; i < n; i++) {
		if (!i || same_site(r->ordered[i - 1], r->ordered[i]) != 0)
			r->sites[v->nr_sites++].findings = &r->ordered[i];
		add_finding(v, &r->sites[v->nr_sites - 1], r->ordered[i]);
	}
	qsort(r->sites, v->nr_sites, sizeof(*r->sites), by_bytes);
	v->sites = r->sites;
	while (v->standing < v->nr_sites && r->sites[v->standing].count)
		v->standing++;
}

/* ---- names ---- */

static const char *text(struct report *r, uint32_t function)
{
	return strings__clean(&r->strings, names__text(r->names, function), &r->err);
}

/* What the subsystem calls commands of this type that this function submits. */
static const char *command_name(const struct report *r, uint32_t function, uint8_t type)
{
	const char *name = names__text(r->names, function);

	for (size_t i = 0; name && type != NO_COMMAND_TYPE && subsystems[i]; i++) {
		const struct hooked_function *f = subsystems[i]->functions;

		while (f->name && (f->role != HOOK_SUBMIT || strcmp(f->name, name) != 0))
			f++;
		if (!f->name || !subsystems[i]->command_types)
			continue;
		return type < subsystems[i]->nr_command_types ? subsystems[i]->command_types[type]
							      : NULL;
	}
	return NULL;
}

static const struct model_stack *stack_of(struct report *r, uint32_t stack)
{
	return gather__stack(r, names__stack_at(r->names, stack));
}

static int by_total(const void *a, const void *b)
{
	const struct model_total *x = a, *y = b;
	int order = -ORDER(x->live_bytes, y->live_bytes);

	return order ? order : -ORDER(x->bytes, y->bytes);
}

static void make_totals(struct report *r)
{
	struct gathered_total *t;
	struct gathered *g;
	size_t i = 0, n = 0;

	while ((g = table__next(&r->live, &i)))
		gather__total(r, g);
	r->view_totals = calloc(r->totals.used + 1, sizeof(*r->view_totals));
	if (!r->view_totals) {
		r->err = -ENOMEM;
		return;
	}
	i = 0;
	while ((t = table__next(&r->totals, &i)))
		r->view_totals[n++] = (struct model_total){
			.stack = stack_of(r, t->stack),
			.caller = text(r, t->caller),
			.callback = text(r, t->callback),
			.command = command_name(r, t->function, t->type),
			.kind = t->kind,
			.rule = t->rule,
			.count = t->count,
			.bytes = t->bytes,
			.live_count = t->live_count,
			.live_bytes = t->live_bytes,
		};
	qsort(r->view_totals, n, sizeof(*r->view_totals), by_total);
	r->view.totals = r->view_totals;
	r->view.nr_totals = n;
}

/* ---- allocations over time ---- */

static void fill_slice(struct report *r, struct model_slice *s, const struct gathered *g)
{
	char comm[sizeof(g->comm)];

	*s = (struct model_slice){
		.id = g->id,
		.addr = r->view.veiled ? g->id : g->addr,
		.size = g->size,
		.born = g->born,
		.end = g->live ? (r->last > g->born ? r->last : g->born) : g->end,
		.live = g->live,
		.missed = g->missed,
		.kind = g->kind,
		.rule = g->rule,
		.certainty = g->certainty,
		.tid = g->tid,
		.stack = stack_of(r, g->stack),
		.function = text(r, g->caller),
		.callback = text(r, g->carrier.callback),
		.command = command_name(r, g->carrier.function, g->carrier.type),
		.device = table__get(&r->devices, g->carrier.device),
	};
	memcpy(comm, g->comm, sizeof(comm));
	snprintf(s->comm, sizeof(s->comm), "%s", strings__clean(&r->strings, comm, &r->err));
	if (s->stack && s->stack->site < s->stack->depth)
		s->function = s->stack->frames[s->stack->site].function;
}

/* Leaks first, then the newest. */
static int by_interest(const void *a, const void *b)
{
	const struct gathered *x = *(const struct gathered *const *)a;
	const struct gathered *y = *(const struct gathered *const *)b;
	int order = -ORDER(x->rule != RULE_NONE, y->rule != RULE_NONE);

	return order ? order : -ORDER(x->born, y->born);
}

static int by_birth(const void *a, const void *b)
{
	const struct model_slice *x = a, *y = b;
	int order = ORDER(x->born, y->born);

	return order ? order : ORDER(x->id, y->id);
}

static void make_slices(struct report *r)
{
	size_t i = 0, n = 0, all = r->nr_ring + r->live.used, leaks = 0;
	const struct gathered **list = calloc(all + 1, sizeof(*list)), *g;

	if (!list)
		goto fail;
	while ((g = table__next(&r->live, &i))) {
		leaks += g->rule != RULE_NONE;
		list[n++] = g;
	}
	for (i = 0; i < r->nr_ring; i++)
		list[n++] = &r->ring[i];
	qsort(list, n, sizeof(*list), by_interest);
	if (n - leaks > MODEL_SLICES)
		n = leaks + MODEL_SLICES;
	r->slices = calloc(n + 1, sizeof(*r->slices));
	if (!r->slices)
		goto fail;
	for (i = 0; i < n; i++)
		fill_slice(r, &r->slices[i], list[i]);
	qsort(r->slices, n, sizeof(*r->slices), by_birth);
	r->view.slices = r->slices;
	r->view.nr_slices = n;
	r->view.slices_left_out = r->finished - r->nr_ring + all - n;
	free(list);
	return;
fail:
	free(list);
	r->err = -ENOMEM;
}

static void make_buckets(struct report *r)
{
	struct model_view *v = &r->view;
	struct model_bucket *out = calloc(r->nr_buckets + 1, sizeof(*out));
	const struct gathered *g;
	size_t i = 0;

	if (!out) {
		r->err = -ENOMEM;
		return;
	}
	/* What leaked was there from its birth on. */
	while ((g = table__next(&r->live, &i))) {
		uint64_t at = g->born > r->first ? (g->born - r->first) / r->bucket_ns : 0;

		if (g->rule == RULE_NONE || !r->nr_buckets)
			continue;
		at = at < r->nr_buckets ? at : r->nr_buckets - 1;
		out[at].leaked_bytes += g->size;
		out[at].leaked_count++;
	}
	for (i = 0; i < r->nr_buckets; i++) {
		const struct bucket *b = &r->buckets[i];

		if (i) {
			out[i].leaked_bytes += out[i - 1].leaked_bytes;
			out[i].leaked_count += out[i - 1].leaked_count;
		}
		out[i].count = b->seen || !i ? b->count : out[i - 1].count;
		out[i].bytes = b->seen || !i ? b->bytes : out[i - 1].bytes;
		out[i].most_bytes = b->seen ? b->most_bytes : out[i].bytes;
	}
	r->view_buckets = out;
	v->buckets = out;
	v->nr_buckets = r->nr_buckets;
	v->bucket_ns = r->bucket_ns;
}

static int by_outstanding(const void *a, const void *b)
{
	const struct model_histogram *x = a, *y = b;
	int order = -ORDER(x->h.outstanding, y->h.outstanding);

	return order ? order : -ORDER(x->h.allocations, y->h.allocations);
}

void gathered__make(struct report *r, const struct report_end *end)
{
	struct model_view *v = &r->view;

	v->start = r->clock_known ? r->clock : r->first;
	if (r->offset_known && v->start)
		v->wall_start = v->start + r->offset;
	v->seconds = end->seconds;
	v->stats = *ledger__stats(end->ledger);
	if (end->hidden) {
		v->stats.retracted -= end->hidden->retracted;
		for (size_t c = 0; c < NR_CERTAINTIES; c++)
			v->stats.findings[c] -= end->hidden->findings[c];
		v->suppressed = end->hidden->findings[CERTAINTY_DEFINITE] +
				end->hidden->findings[CERTAINTY_PROBABLE];
		v->suppressed_bytes = end->hidden->bytes;
	}
	v->end = r->last;
	if (v->seconds > 0 && v->seconds < 1e9 && v->start + (uint64_t)(v->seconds * 1e9) > v->end)
		v->end = v->start + (uint64_t)(v->seconds * 1e9);
	v->lost_events = end->lost_events;
	v->missed_hooks = end->missed_hooks;
	v->unseen = end->unseen;
	v->left_out = end->left_out;
	v->incomplete = end->incomplete;
	mark_leaks(r);
	make_sites(r);
	make_totals(r);
	make_slices(r);
	make_buckets(r);
	if (r->nr_histograms)
		qsort(r->histograms, r->nr_histograms, sizeof(*r->histograms), by_outstanding);
	v->histograms = r->histograms;
	v->nr_histograms = r->nr_histograms;
	v->warnings = r->warnings;
	v->nr_warnings = r->nr_warnings;
	v->short_of_memory = r->err != 0;
}

uint64_t gathered__memory(const struct report *r)
{
	const uint64_t finding = 2 * sizeof(*r->ordered) + sizeof(*r->sites);
	const uint64_t total = footprint(sizeof(struct gathered_total)) + sizeof(*r->view_totals) +
			       footprint__list(3, sizeof(*r->totals.slots));
	/* A track of its own, if it comes to that. */
	const uint64_t slice = sizeof(*r->slices) + 2 * sizeof(void *);
	/* Each that is live may be the only one with its stack and role. */
	uint64_t live = r->live.used;

	return r->nr_findings * (finding + slice) + MODEL_SLICES * slice +
	       (r->totals.used + live) * total + (r->nr_ring + live) * sizeof(void *);
}

void gathered__free(struct report *r)
{
	free(r->ordered);
	free(r->sites);
	free(r->view_totals);
	free(r->slices);
	free(r->view_buckets);
}
