// SPDX-License-Identifier: GPL-2.0-only
/*
 * The answer to "status": a line for each question that somebody has.
 */
#include "serve/status.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "util/wrap.h"
#include "version.h"

#define LABEL  "%-12s "
#define INDENT 13 /* what comes after it */

/* ---- text ---- */

static void amount(FILE *out, uint64_t bytes)
{
	if (bytes >> 20)
		fprintf(out, "%.1f MiB", (double)bytes / (1 << 20));
	else if (bytes >> 10)
		fprintf(out, "%.1f KiB", (double)bytes / (1 << 10));
	else
		fprintf(out, "%" PRIu64 " bytes", bytes);
}

static void span(FILE *out, uint64_t seconds)
{
	if (seconds >= 86400)
		fprintf(out, "%" PRIu64 " d ", seconds / 86400);
	if (seconds >= 3600)
		fprintf(out, "%" PRIu64 " h ", seconds / 3600 % 24);
	if (seconds >= 60)
		fprintf(out, "%" PRIu64 " min ", seconds / 60 % 60);
	fprintf(out, "%" PRIu64 " s", seconds % 60);
}

static void modules(FILE *out, const struct run_status *s)
{
	struct wrap w;

	wrap__begin(&w, out, INDENT, "modules");
	for (size_t i = 0; i < s->nr_modules; i++) {
		char name[80];

		snprintf(name, sizeof(name), "%s%s", s->modules[i],
			 i + 1 < s->nr_modules ? "," : "");
		wrap__words(&w, name);
	}
	if (!s->nr_modules)
		wrap__words(&w, "none loaded: waiting for one");
	wrap__end(&w);
}

static void scanning(FILE *out, const struct run_status *s)
{
	fprintf(out, LABEL, "scan");
	if (s->scan_interval_ns) {
		fprintf(out, "every ");
		span(out, s->scan_interval_ns / 1000000000);
		fprintf(out, ", the next in ");
		span(out, s->next_scan_ns / 1000000000);
	} else {
		fprintf(out, "only when told to");
	}
	fprintf(out, "\n" LABEL, "searches");
	fprintf(out, "%" PRIu64, s->searches);
	if (s->search_at) {
		fprintf(out, ", the last: ");
		amount(out, s->search_bytes);
		fprintf(out, " in %" PRIu64 " ms for %" PRIu64 " allocations",
			s->search_ns / 1000000, s->search_allocations);
		if (s->search_error)
			fprintf(out, "\n" LABEL "failed: %s", "", s->search_error);
	}
	fputc('\n', out);
}

void status__text(FILE *out, const struct run_status *s)
{
	const struct run_findings *f = &s->findings;
	char time[40];

	report__time(s->since, time, sizeof(time));
	fprintf(out, LABEL "%d, nfcleakbpf %s\n", "process", s->pid, NFCLEAKBPF_VERSION);
	fprintf(out, LABEL "%s\n", "kernel", s->kernel);
	modules(out, s);
	if (s->tracing) {
		fprintf(out, LABEL "since %.19sZ (", "tracing", time);
		span(out, s->seconds);
		fprintf(out, ")\n");
	}
	fprintf(out, LABEL "%zu", "hooks", s->hooks);
	if (s->hooks_missing)
		fprintf(out, ", %zu missing (see nfcleakbpf doctor)", s->hooks_missing);
	if (s->hooks_asleep)
		fprintf(out, ", %zu asleep: no device is up", s->hooks_asleep);
	if (s->silent)
		fprintf(out, "\n" LABEL "kernel.ftrace_enabled is 0: none on functions runs", "");
	fprintf(out, "\n" LABEL "%" PRIu64 " live, ", "allocations", s->stats->outstanding);
	amount(out, s->stats->outstanding_bytes);
	fprintf(out, "; %" PRIu64 " since the start, %" PRIu64 " freed\n", s->stats->allocations,
		s->stats->frees);
	fprintf(out, LABEL "%" PRIu64 " definite, %" PRIu64 " probable, %" PRIu64 " possible",
		"findings", f->standing[CERTAINTY_DEFINITE], f->standing[CERTAINTY_PROBABLE],
		f->standing[CERTAINTY_POSSIBLE]);
	fprintf(out, "; %" PRIu64 " retracted", f->retracted);
	if (s->hidden)
		fprintf(out, "; %" PRIu64 " cleared", s->hidden);
	if (f->suppressed)
		fprintf(out, "\n" LABEL "%" PRIu64 " more findings: --suppressions hides them",
			"suppressed", f->suppressed);
	fprintf(out,
		"\n" LABEL "%" PRIu64 " events, %" PRIu64 " missed hooks, %" PRIu64
		" missed frees (healed)\n",
		"lost", s->lost_events, s->stats->missed_hooks, s->stats->missed_frees_healed);
	if (s->unseen)
		fprintf(out, LABEL "%" PRIu64 " allocations: there is no room to follow them\n",
			"book full", s->unseen);
	if (s->stats->unseen)
		fprintf(out, LABEL "%" PRIu64 " objects in commands: older than the trace\n",
			"unseen", s->stats->unseen);
	if (s->left_out)
		fprintf(out, LABEL "%" PRIu64 " stacks: events came too fast\n", "left out",
			s->left_out);
	scanning(out, s);
	fprintf(out, LABEL, "memory");
	amount(out, s->resident_bytes);
	fprintf(out, " resident, ");
	if (s->peak_bytes) {
		amount(out, s->peak_bytes);
		fprintf(out, " at the peak, ");
	}
	amount(out, s->map_bytes);
	fprintf(out, " in BPF maps\n");
}

/* ---- JSON ---- */

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	set(o, key, json_integer((json_int_t)value));
}

static void set_time(json_t *o, const char *key, uint64_t ns)
{
	char text[40];

	report__time(ns, text, sizeof(text));
	set(o, key, ns ? json_string(text) : json_null());
}

static void set_seconds(json_t *o, const char *key, uint64_t ns)
{
	set(o, key, json_real((double)ns / 1e9));
}

static json_t *search_object(const struct run_status *s)
{
	json_t *o;

	if (!s->search_at)
		return json_null();
	o = json_object();
	set_time(o, "time", s->search_at);
	set(o, "error", s->search_error ? json_string(s->search_error) : json_null());
	set_number(o, "ms", s->search_ns / 1000000);
	set_number(o, "bytes", s->search_bytes);
	set_number(o, "slabs", s->search_slabs);
	set_number(o, "allocations", s->search_allocations);
	return o;
}

void status__json(FILE *out, const struct run_status *s)
{
	json_t *o = json_object(), *list = json_array(), *findings = json_object();
	char *text;

	for (size_t i = 0; i < s->nr_modules; i++)
		json_array_append_new(list, json_string(s->modules[i]));
	for (int c = NR_CERTAINTIES - 1; c >= 0; c--)
		set_number(findings, certainty__name((enum certainty)c), s->findings.standing[c]);
	set(o, "event", json_string("status"));
	set(o, "version", json_string(NFCLEAKBPF_VERSION));
	set(o, "kernel", json_string(s->kernel));
	set_number(o, "pid", (uint64_t)s->pid);
	set(o, "modules", list);
	set_number(o, "hooks", s->hooks);
	set_number(o, "hooks_missing", s->hooks_missing);
	set_number(o, "hooks_asleep", s->hooks_asleep);
	set(o, "hooks_silent", json_boolean(s->silent));
	set(o, "following", json_string(s->following));
	set(o, "tracing", json_boolean(s->tracing));
	set_time(o, "since", s->tracing ? s->since : 0);
	set_number(o, "seconds", s->seconds);
	set_number(o, "allocations", s->stats->allocations);
	set_number(o, "frees", s->stats->frees);
	set_number(o, "outstanding", s->stats->outstanding);
	set_number(o, "outstanding_bytes", s->stats->outstanding_bytes);
	set(o, "findings", findings);
	set_number(o, "retracted", s->findings.retracted);
	set_number(o, "suppressed", s->findings.suppressed);
	set_number(o, "hidden", s->hidden);
	set_number(o, "lost_events", s->lost_events);
	set_number(o, "missed_hooks", s->stats->missed_hooks);
	set_number(o, "missed_frees_healed", s->stats->missed_frees_healed);
	set_number(o, "unseen", s->unseen + s->stats->unseen);
	set_number(o, "book_full", s->unseen);
	set_number(o, "stacks_left_out", s->left_out);
	set_seconds(o, "scan_interval", s->scan_interval_ns);
	if (s->scan_interval_ns)
		set_seconds(o, "next_scan", s->next_scan_ns);
	else
		set(o, "next_scan", json_null());
	set_number(o, "searches", s->searches);
	set(o, "last_search", search_object(s));
	set_number(o, "resident_bytes", s->resident_bytes);
	set_number(o, "peak_bytes", s->peak_bytes);
	set_number(o, "map_bytes", s->map_bytes);
	text = o ? json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (text)
		fprintf(out, "%s\n", text);
	free(text);
	json_decref(o);
}
