// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model of model.h: gathers, while events come in.
 *
 * An allocation is taken down when it is born, looked at again when a command
 * takes it up, and finished just before the ledger forgets it.  Those that the
 * ledger gives up without an event (a missed free) are told by comparing with
 * its books whenever it has counted one.
 *
 * Running out of memory loses detail, never the report: err says so.
 */
#include "report/model.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report/gather.h"
#include "report/words.h"
#include "util/footprint.h"
#include "util/list.h"

#define BUCKET_NS	   1000000ULL	/* to begin with */
#define RECONCILE_EVERY_NS 100000000ULL /* comparing books takes time */

static void failed(struct report *r, int err)
{
	if (!r->err)
		r->err = err;
}

static const char *clean(struct report *r, const char *text)
{
	return strings__clean(&r->strings, text, &r->err);
}

/* As list__room(), whose failure it remembers. */
static void *one_more(struct report *r, void *list, size_t count, size_t size)
{
	void *more = list__room(list, count, size);

	if (!more)
		failed(r, -ENOMEM);
	return more;
}

/* ---- life ---- */

struct report *model__open(FILE *out, const struct names *names, model_writer writer)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->out = out;
	r->names = names;
	r->writer = writer;
	r->view.veiled = names && names__veiled(names);
	r->bucket_ns = BUCKET_NS;
	return r;
}

static void free_all(struct table *t)
{
	size_t i = 0;
	void *p;

	while ((p = table__next(t, &i)))
		free(p);
	table__free(t);
}

void model__close(struct report *r)
{
	struct model_stack *s;
	size_t i = 0;

	if (!r)
		return;
	gathered__free(r);
	while ((s = table__next(&r->stacks, &i)))
		free((void *)s->frames);
	free_all(&r->stacks);
	table__free(&r->devices); /* the names are strings */
	free_all(&r->live);
	free_all(&r->totals);
	table__free(&r->by_id);
	for (i = 0; i < r->nr_findings; i++)
		free(r->findings[i]);
	free(r->findings);
	free(r->ring);
	free(r->histograms);
	free(r->warnings);
	free(r->modules);
	free(r->missing);
	strings__free(&r->strings);
	free(r);
}

uint64_t model__memory(const struct report *r)
{
	return r->strings.bytes + footprint__table(&r->strings.table) + r->stack_bytes +
	       footprint__table(&r->stacks) + footprint__table(&r->devices) +
	       r->live.used * footprint(sizeof(struct gathered)) + footprint__table(&r->live) +
	       r->nr_findings * footprint(sizeof(**r->findings)) + footprint__table(&r->by_id) +
	       footprint__list(r->nr_findings, sizeof(*r->findings)) +
	       footprint__list(r->nr_histograms, sizeof(*r->histograms)) +
	       footprint__list(r->nr_warnings, sizeof(*r->warnings)) +
	       (r->ring ? MODEL_SLICES * sizeof(*r->ring) : 0) + gathered__memory(r);
}

bool model__collects(const struct report_format *format)
{
	return format->leak == model__leak;
}

int model__status(const struct report *r)
{
	return r->err;
}

const struct model_view *model__view(const struct report *r)
{
	return r->ended ? &r->view : NULL;
}

static struct report *model_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, NULL);
}

const struct report_format report_model = MODEL_FORMAT(model_open);

/* ---- names ---- */

const struct model_stack *gather__stack(struct report *r, const struct stack *stack)
{
	struct model_stack *s;
	struct model_frame *frames;

	if (!stack)
		return NULL;
	s = table__get(&r->stacks, (uintptr_t)stack);
	if (s)
		return s;
	s = calloc(1, sizeof(*s));
	frames = calloc(stack->depth + 1, sizeof(*frames));
	if (!s || !frames || table__set(&r->stacks, (uintptr_t)stack, s)) {
		free(s);
		free(frames);
		failed(r, -ENOMEM);
		return NULL;
	}
	s->depth = stack->depth;
	s->site = stack->site;
	s->frames = frames;
	s->raw = stack;
	r->stack_bytes += footprint(sizeof(*s)) + footprint((stack->depth + 1) * sizeof(*frames));
	for (size_t i = 0; i < stack->depth; i++) {
		const struct stack_frame *f = &stack->frames[i];
		const char *name = names__text(r->names, f->function);

		frames[i] = (struct model_frame){
			.addr = f->addr,
			.offset = f->offset,
			.function = clean(r, name ? name : f->text),
			.module = clean(r, names__module(r->names, f->function)),
			.text = clean(r, f->text),
		};
	}
	return s;
}

/* ---- allocations ---- */

void gather__take(struct gathered *g, const struct allocation *a)
{
	*g = (struct gathered){
		.id = a->id,
		.addr = a->addr,
		.size = a->size,
		.born = a->born,
		.carrier = a->carrier,
		.kind = a->kind,
		.stack = a->stack,
		.caller = a->caller,
		.tid = a->tid,
		.live = true,
	};
	memcpy(g->comm, a->comm, sizeof(g->comm));
	g->comm[sizeof(g->comm) - 1] = '\0';
}

static uint64_t mix(uint64_t hash, uint64_t x)
{
	hash = (hash ^ x) * 0x9e3779b97f4a7c15ULL;
	return hash ^ hash >> 29;
}

void gather__total(struct report *r, const struct gathered *g)
{
	const struct gathered_total key = {
		.stack = g->stack,
		.caller = g->caller,
		.callback = g->carrier.callback,
		.function = g->carrier.function,
		.type = g->carrier.type,
		.kind = g->kind,
		.rule = g->rule,
	};
	struct gathered_total *t;
	uint64_t hash = mix(0, key.stack);

	hash = mix(hash, (uint64_t)key.caller << 32 | key.callback);
	hash = mix(hash, (uint64_t)key.function << 32 | key.type);
	hash = mix(hash, (uint64_t)key.kind << 32 | key.rule);
	for (; (t = table__get(&r->totals, hash)); hash++)
		if (t->stack == key.stack && t->caller == key.caller &&
		    t->callback == key.callback && t->function == key.function &&
		    t->type == key.type && t->kind == key.kind && t->rule == key.rule)
			break;
	if (!t) {
		t = malloc(sizeof(*t));
		if (!t || table__set(&r->totals, hash, t)) {
			free(t);
			failed(r, -ENOMEM);
			return;
		}
		*t = key;
	}
	t->count++;
	t->bytes += g->size;
	t->live_count += g->live;
	t->live_bytes += g->live ? g->size : 0;
}

/* It was released: into the ring of the newest. */
static void finish(struct report *r, struct gathered *g, uint64_t now, bool missed)
{
	struct gathered *ring = r->ring;

	g->live = false;
	g->missed = missed;
	g->end = now > g->born ? now : g->born;
	gather__total(r, g);
	r->finished++;
	if (!ring) {
		ring = calloc(MODEL_SLICES, sizeof(*ring));
		if (!ring) {
			failed(r, -ENOMEM);
			return;
		}
		r->ring = ring;
	}
	ring[r->ring_at] = *g;
	r->ring_at = (r->ring_at + 1) % MODEL_SLICES;
	if (r->nr_ring < MODEL_SLICES)
		r->nr_ring++;
}

static void finish_known(struct report *r, uint64_t addr, uint64_t now)
{
	struct gathered *g = table__remove(&r->live, addr);

	if (!g)
		return;
	finish(r, g, now, true);
	free(g);
}

/* Takes down what the ledger knows about the allocation at addr now. */
static void look(struct report *r, const struct ledger *l, uint64_t addr, uint64_t now)
{
	const struct allocation *a = addr ? ledger__find(l, addr) : NULL;
	struct gathered *g;

	if (!a)
		return;
	g = table__get(&r->live, addr);
	if (g && g->id != a->id) {
		finish_known(r, addr, now);
		g = NULL;
	}
	if (!g) {
		g = malloc(sizeof(*g));
		if (!g || table__set(&r->live, addr, g)) {
			free(g);
			failed(r, -ENOMEM);
			return;
		}
	}
	gather__take(g, a);
}

struct reconciliation {
	struct report *r;
	const struct ledger *l;
	uint64_t now;
};

static void look_each(void *ctx, const struct allocation *a)
{
	const struct reconciliation *c = ctx;

	look(c->r, c->l, a->addr, c->now);
}

/* Compares with the ledger's books. */
static void reconcile(struct report *r, const struct ledger *l, uint64_t now)
{
	struct reconciliation c = { r, l, now };
	uint64_t *gone = calloc(r->live.used + 1, sizeof(*gone));
	size_t i = 0, n = 0;
	struct gathered *g;

	if (!gone) {
		failed(r, -ENOMEM);
		return;
	}
	while ((g = table__next(&r->live, &i))) {
		const struct allocation *a = ledger__find(l, g->addr);

		if (!a || a->id != g->id)
			gone[n++] = g->addr;
	}
	for (i = 0; i < n; i++)
		finish_known(r, gone[i], now);
	free(gone);
	ledger__each(l, look_each, &c);
}

static uint64_t healings(const struct ledger *l)
{
	const struct ledger_stats *s = ledger__stats(l);

	return s->missed_frees_healed + s->resyncs;
}

/* ---- memory over time ---- */

static void halve(struct report *r)
{
	for (size_t i = 0; i < MODEL_BUCKETS; i += 2) {
		struct bucket *a = &r->buckets[i], *b = &r->buckets[i + 1];
		struct bucket both = b->seen ? *b : *a;

		if (a->seen && a->most_bytes > both.most_bytes)
			both.most_bytes = a->most_bytes;
		r->buckets[i / 2] = both;
	}
	memset(&r->buckets[MODEL_BUCKETS / 2], 0, sizeof(r->buckets) / 2);
	r->nr_buckets = (r->nr_buckets + 1) / 2;
	r->bucket_ns *= 2;
}

static void sample(struct report *r, const struct ledger_stats *s, uint64_t now)
{
	struct bucket *b;
	size_t i;

	if (!r->first)
		r->first = r->clock_known && r->clock <= now ? r->clock : now;
	if (now > r->last)
		r->last = now;
	/* Events of several processors come in slightly out of order. */
	now = now > r->first ? now - r->first : 0;
	while (now / r->bucket_ns >= MODEL_BUCKETS)
		halve(r);
	i = now / r->bucket_ns;
	if (i + 1 < r->nr_buckets)
		i = r->nr_buckets - 1;
	r->nr_buckets = i + 1;
	b = &r->buckets[i];
	b->seen = true;
	b->count = s->outstanding;
	b->bytes = s->outstanding_bytes;
	if (b->bytes > b->most_bytes)
		b->most_bytes = b->bytes;
}

/* ---- taps ---- */

void model__clock(struct report *r, uint64_t monotonic, uint64_t wall)
{
	r->clock_known = r->offset_known = true;
	r->clock = monotonic;
	r->offset = wall - monotonic;
}

void model__before(struct report *r, const struct ledger *l, const struct event *e)
{
	const struct allocation *a;
	struct gathered *known, g;

	if (e->type != EVENT_FREE)
		return;
	a = ledger__find(l, e->free.addr);
	if (!a || (e->free.born && e->free.born != a->born))
		return;
	known = table__get(&r->live, a->addr);
	if (known && known->id != a->id)
		finish_known(r, a->addr, e->time);
	else if (known)
		free(table__remove(&r->live, a->addr));
	gather__take(&g, a);
	finish(r, &g, e->time, e->free.healed);
}

void model__after(struct report *r, const struct ledger *l, const struct event *e)
{
	switch (e->type) {
	case EVENT_ALLOC:
		look(r, l, e->alloc.addr, e->time);
		break;
	case EVENT_SUBMIT:
		look(r, l, e->submit.argument, e->time);
		look(r, l, e->submit.request, e->time);
		look(r, l, e->submit.params, e->time);
		break;
	case EVENT_COMPLETE:
		look(r, l, e->complete.response, e->time);
		break;
	case EVENT_CALLBACK:
		look(r, l, e->callback.argument, e->time);
		look(r, l, e->callback.response, e->time);
		break;
	case EVENT_DISPATCH:
		look(r, l, e->handle.response, e->time);
		break;
	default:
		break;
	}
	if (healings(l) != r->healings && e->time >= r->reconcile_at) {
		r->healings = healings(l);
		r->reconcile_at = e->time + RECONCILE_EVERY_NS;
		reconcile(r, l, e->time);
	}
	sample(r, ledger__stats(l), e->time);
}

/* ---- findings ---- */

static struct model_finding *finding_of(struct report *r, uint64_t id, bool make)
{
	struct model_finding *f = table__get(&r->by_id, id), **more;

	if (f || !make)
		return f;
	more = one_more(r, r->findings, r->nr_findings, sizeof(*more));
	if (!more)
		return NULL;
	r->findings = more;
	f = calloc(1, sizeof(*f));
	if (!f || table__set(&r->by_id, id, f)) {
		free(f);
		failed(r, -ENOMEM);
		return NULL;
	}
	f->id = id;
	r->findings[r->nr_findings++] = f;
	return f;
}

static void turn(struct model_finding *f, enum model_turn_kind kind, const struct report_leak *l)
{
	size_t i = f->nr_story < MODEL_STORY ? f->nr_story++ : MODEL_STORY - 1;

	f->story[i] = (struct model_turn){ kind, l->a->certainty, l->now };
}

static void fill(struct report *r, struct model_finding *f, const struct report_leak *l)
{
	const struct allocation *a = l->a;
	char *what = words__what(l);
	char comm[sizeof(a->comm) + 1] = "";

	memcpy(comm, a->comm, sizeof(a->comm));
	f->addr = a->addr;
	f->size = a->size;
	f->born = a->born;
	f->moment = a->moment;
	f->wall_moment = l->moment;
	f->wall_born = l->moment - (a->moment - a->born);
	f->rule = a->rule;
	f->certainty = a->certainty;
	f->kind = a->kind;
	f->skb = a->skb;
	f->sock = a->sock;
	f->retracted = false;
	f->degraded = a->degraded;
	f->pid = a->tid;
	f->comm = clean(r, comm);
	f->stack_id = a->stack;
	f->callback_id = a->carrier.callback;
	f->stack = gather__stack(r, l->stack);
	f->function = clean(r, l->function);
	f->module = clean(r, l->module);
	f->offset = l->offset;
	f->callback = clean(r, l->callback);
	f->submit = clean(r, l->submit);
	f->submitter = clean(r, l->submitter);
	f->upper = clean(r, l->upper);
	f->command = clean(r, l->command);
	f->device = clean(r, l->device);
	f->role = words__role(l);
	f->what = clean(r, what ? what : "it leaked");
	free(what);
	if (l->nr_bytes) {
		f->nr_bytes = l->nr_bytes < sizeof(f->bytes) ? l->nr_bytes : sizeof(f->bytes);
		memcpy(f->bytes, l->bytes, f->nr_bytes);
	}
	if (l->device && a->carrier.device &&
	    table__set(&r->devices, a->carrier.device, (void *)f->device))
		failed(r, -ENOMEM);
	if (!r->offset_known) {
		r->offset_known = true;
		r->offset = l->moment - a->moment;
	}
}

void model__leak(struct report *r, const struct report_leak *l)
{
	struct model_finding *f = finding_of(r, l->a->id, true);

	if (!f)
		return;
	fill(r, f, l);
	turn(f, MODEL_REPORTED, l);
}

void model__update(struct report *r, const struct report_leak *l)
{
	struct model_finding *f = finding_of(r, l->a->id, false);

	if (!f)
		return;
	f->certainty = l->a->certainty;
	f->degraded |= l->a->degraded;
	turn(f, MODEL_CHANGED, l);
}

void model__retracted(struct report *r, const struct report_leak *l)
{
	struct model_finding *f = finding_of(r, l->a->id, false);

	if (!f)
		return;
	f->retracted = true;
	turn(f, MODEL_RETRACTED, l);
}

/* ---- the rest of a format ---- */

static const char **copies(struct report *r, const char *const *list, size_t count)
{
	const char **copy = calloc(count + 1, sizeof(*copy));

	if (!copy)
		failed(r, -ENOMEM);
	for (size_t i = 0; copy && i < count; i++)
		copy[i] = clean(r, list[i]);
	return copy;
}

void model__start(struct report *r, const struct report_start *s)
{
	free(r->modules);
	free(r->missing);
	r->modules = copies(r, s->modules, s->nr_modules);
	r->missing = copies(r, s->missing, s->nr_missing);
	r->view.kernel = clean(r, s->kernel);
	r->view.modules = r->modules;
	r->view.nr_modules = r->modules ? s->nr_modules : 0;
	r->view.hooks = s->hooks;
	r->view.missing = r->missing;
	r->view.nr_missing = r->missing ? s->nr_missing : 0;
}

void model__warning(struct report *r, const char *rule, const char *message)
{
	struct model_warning *more;

	rule = clean(r, rule);
	message = clean(r, message);
	for (size_t i = 0; i < r->nr_warnings; i++) {
		if (r->warnings[i].rule == rule && r->warnings[i].message == message) {
			r->warnings[i].count++;
			return;
		}
	}
	more = one_more(r, r->warnings, r->nr_warnings, sizeof(*more));
	if (!more)
		return;
	r->warnings = more;
	more[r->nr_warnings++] = (struct model_warning){ rule, message, 1 };
}

void model__histogram(struct report *r, const struct histogram *h, const char *callback)
{
	struct model_histogram *more;

	callback = clean(r, callback);
	for (size_t i = 0; i < r->nr_histograms; i++) {
		if (r->histograms[i].h.callback == h->callback) {
			r->histograms[i].h = *h;
			return;
		}
	}
	more = one_more(r, r->histograms, r->nr_histograms, sizeof(*more));
	if (!more)
		return;
	r->histograms = more;
	more[r->nr_histograms++] = (struct model_histogram){ callback, *h };
}

void model__tick(struct report *r, uint64_t now)
{
	(void)r;
	(void)now;
}

/* The trace goes on after its last event: so does what is outstanding. */
static void sample_end(struct report *r, const struct report_end *end)
{
	uint64_t at = r->clock_known ? r->clock : r->first;

	if (!r->first || !(end->seconds > 0) || end->seconds > 1e9)
		return;
	at += (uint64_t)(end->seconds * 1e9);
	sample(r, ledger__stats(end->ledger), at > r->last ? at : r->last);
}

void model__end(struct report *r, const struct report_end *end)
{
	int err;

	reconcile(r, end->ledger, r->last);
	sample_end(r, end);
	gathered__make(r, end);
	r->ended = true;
	if (!r->writer)
		return;
	errno = 0;
	err = r->writer(&r->view, r->out);
	if (err)
		failed(r, err);
	if (fflush(r->out) || ferror(r->out))
		failed(r, errno ? -errno : -EIO);
}
