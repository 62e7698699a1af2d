// SPDX-License-Identifier: GPL-2.0-only
/*
 * From what run holds to plain numbers.  Reads, and changes nothing.
 */
#include "cmd/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/self.h"

static uint64_t wall(uint64_t ns)
{
	return clock__offset() + ns;
}

void standing__findings(const struct control_subject *subject, struct run_findings *f)
{
	const struct ledger_stats *s = ledger__stats(subject->ledger);

	*f = (struct run_findings){ .retracted = s->retracted - subject->hidden->retracted };
	for (int c = 0; c < NR_CERTAINTIES; c++) {
		f->standing[c] = s->findings[c] - subject->hidden->findings[c];
		f->suppressed += subject->hidden->findings[c];
	}
}

void standing__status(const struct control_subject *subject, struct run_status *s,
		      const char **modules)
{
	static const char *const following[] = {
		[HOOKS_ASLEEP] = "nothing", [HOOKS_ENDS] = "ends", [HOOKS_AWAKE] = "all"
	};
	const struct nlb_counters *counters = hooks__counters(subject->hooks);
	struct investigation_status search;
	uint64_t now = clock__now();

	investigation__status(subject->investigation, &search);
	*s = (struct run_status){
		.pid = getpid(),
		.kernel = subject->kernel->features.release,
		.modules = modules,
		.nr_modules = hooks__nr_modules(subject->hooks),
		.tracing = *subject->started != 0,
		.armed = *subject->started && hooks__level(subject->hooks) == HOOKS_AWAKE,
		.following = following[hooks__level(subject->hooks)],
		.since = wall(*subject->started),
		.seconds = *subject->started ? (now - *subject->started) / 1000000000 : 0,
		.stats = ledger__stats(subject->ledger),
		.lost_events = counters->lost,
		.unseen = counters->book_full,
		.left_out = counters->left_out,
		.scan_interval_ns = search.interval_ns,
		.next_scan_ns = search.next_scan > now ? search.next_scan - now : 0,
		.searches = (uint64_t)search.ended,
		.search_error = search.err ? strerror(-search.err) : NULL,
		.search_at = search.began ? wall(search.began) : 0,
		.search_ns = search.stats.ns,
		.search_bytes = search.stats.bytes,
		.search_slabs = search.stats.slabs,
		.search_allocations = search.stats.objects,
		.resident_bytes = self__resident(),
		.peak_bytes = self__peak(),
		.map_bytes = self__map_bytes(),
		.cpu_ns = self__cpu_ns(),
		.started = self__started(),
		.ring_used = self__ring_used(hooks__events_fd(subject->hooks)),
		.ring_bytes = NLB_RING_BYTES,
		.book_entries = hooks__book_entries(subject->hooks),
	};
	s->silent = hooks__silent(subject->hooks);
	standing__findings(subject, &s->findings);
	for (size_t i = 0; i < s->nr_modules; i++)
		modules[i] = hooks__module(subject->hooks, i);
	for (size_t i = 0; i < hooks__count(subject->hooks); i++) {
		s->hooks += hooks__at(subject->hooks, i)->state == HOOK_ATTACHED;
		s->hooks_missing += hooks__at(subject->hooks, i)->state == HOOK_MISSING;
		s->hooks_asleep += hooks__at(subject->hooks, i)->state == HOOK_ASLEEP;
	}
}

/* ---- metrics ---- */

struct counting {
	const struct control_subject *subject;
	struct metrics *metrics;
};

static const char *name_of(const struct counting *c, uint32_t callback)
{
	return names__text(c->subject->names, callback);
}

/* A callback once named stays so: histograms are never removed. */
static void count_outstanding(struct counting *c)
{
	const struct ledger *l = c->subject->ledger;

	for (size_t i = 0; i < ledger__histograms(l); i++) {
		const struct histogram *h = ledger__histogram(l, i);
		struct metrics_callback *to =
			metrics__callback(c->metrics, name_of(c, h->callback), true);

		to->outstanding += h->outstanding;
		to->outstanding_bytes += h->outstanding_bytes;
	}
}

static void count_finding(void *ctx, const struct allocation *a)
{
	struct counting *c = ctx;
	struct metrics_findings *f;

	/* A suspect that nobody has looked at yet is no finding. */
	if (a->rule == RULE_NONE || !a->looks || c->subject->hides(c->subject->ctx, a))
		return;
	f = &metrics__callback(c->metrics, name_of(c, a->carrier.callback), false)
		     ->findings[a->rule][a->certainty];
	f->count++;
	f->bytes += a->size;
}

char *standing__page(void *ctx, enum metrics_format format, size_t *len)
{
	const struct control_subject *subject = ctx;
	struct metrics *m = malloc(sizeof(*m));
	const char **modules = calloc(hooks__nr_modules(subject->hooks) + 1, sizeof(*modules));
	struct counting counting = { .subject = subject, .metrics = m };
	struct run_status status;
	char *text = NULL;
	FILE *out = NULL;

	if (m && modules)
		out = open_memstream(&text, len);
	if (!out)
		goto out;
	standing__status(subject, &status, modules);
	metrics__init(m, &status);
	count_outstanding(&counting);
	ledger__each(subject->ledger, count_finding, &counting);
	metrics__print(out, m, format);
	if (ferror(out) | fclose(out)) {
		free(text);
		text = NULL;
	}
out:
	free(modules);
	free(m);
	return text;
}
