// SPDX-License-Identifier: GPL-2.0-only
/*
 * Both formats from one list of metrics.
 *
 * They differ in the name that a counter's description has (OpenMetrics: without
 * _total), in units, in the type of what only has labels, and in the end.
 */
#include "serve/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "version.h"

#define PREFIX "nfcleakbpf_"
#define NS     1e9

/* ---- which format ---- */

/* A parameter's value and its length; NULL: it is not there. */
static const char *parameter(const char *from, const char *end, const char *name, size_t *len)
{
	size_t n = strlen(name);

	while (from < end) {
		const char *next = memchr(from, ';', (size_t)(end - from));

		from += strspn(from, " \t");
		if (from + n < end && !strncasecmp(from, name, n) && from[n] == '=') {
			const char *value = from + n + 1;

			*len = strcspn(value, ";, \t");
			return value;
		}
		from = next ? next + 1 : end;
	}
	return NULL;
}

/* In thousandths; what is not understood counts as not given. */
static int quality(const char *from, const char *end)
{
	size_t len;
	const char *value = parameter(from, end, "q", &len);
	char *after = NULL;
	double q = value ? strtod(value, &after) : 1;

	return after != value && q >= 0 && q <= 1 ? (int)(q * 1000) : 1000;
}

enum metrics_format metrics__negotiate(const char *accept)
{
	static const char open[] = "application/openmetrics-text", plain[] = "text/plain";
	int best_open = 0, best_plain = 0;

	while (accept && *accept) {
		const char *end = accept + strcspn(accept, ","), *parameters, *version;
		size_t type, len;
		int q;

		accept += strspn(accept, " \t");
		type = strcspn(accept, ";, \t");
		parameters = accept + type;
		q = parameters < end ? quality(parameters, end) : 1000;
		version = parameters < end ? parameter(parameters, end, "version", &len) : NULL;
		if (type == sizeof(open) - 1 && !strncasecmp(accept, open, type) &&
		    (!version || (len == 5 && !strncmp(version, "1.0.0", 5))) && q > best_open)
			best_open = q;
		else if (type == sizeof(plain) - 1 && !strncasecmp(accept, plain, type) &&
			 q > best_plain)
			best_plain = q;
		accept = *end ? end + 1 : end;
	}
	return best_open && best_open >= best_plain ? METRICS_OPENMETRICS : METRICS_TEXT;
}

const char *metrics__content_type(enum metrics_format format)
{
	return format == METRICS_OPENMETRICS
		       ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
		       : "text/plain; version=0.0.4; charset=utf-8";
}

/* ---- one metric ---- */

enum type { GAUGE, COUNTER, INFO };

struct page {
	FILE *out;
	bool open; /* OpenMetrics */
	const char *name;
	enum type type;
};

/* name without _total and _info; unit NULL: none. */
static void describe(struct page *p, const char *name, enum type type, const char *unit,
		     const char *help)
{
	static const char *const types[] = { "gauge", "counter", "info" };
	const char *suffix = "";

	if (!p->open && type != GAUGE)
		suffix = type == COUNTER ? "_total" : "_info";
	p->name = name;
	p->type = type;
	fprintf(p->out, "# HELP %s%s %s\n", name, suffix, help);
	fprintf(p->out, "# TYPE %s%s %s\n", name, suffix,
		type == INFO && !p->open ? "gauge" : types[type]);
	if (p->open && unit)
		fprintf(p->out, "# UNIT %s %s\n", name, unit);
}

static void begin_sample(const struct page *p)
{
	static const char *const suffixes[] = { "", "_total", "_info" };

	fprintf(p->out, "%s%s", p->name, suffixes[p->type]);
}

/* What of a text becomes a label's value: what looks like an address does not pass. */
static void make_label(char label[METRICS_LABEL_MAX + 1], const char *text)
{
	const char *hex = text;
	size_t n = 0;

	if (!strncmp(hex, "0x", 2))
		hex += 2;
	if (!*text || (strlen(hex) >= 8 && strspn(hex, "0123456789abcdefABCDEF") == strlen(hex)))
		text = "unknown";
	for (; text[n] && n < METRICS_LABEL_MAX; n++)
		label[n] = text[n] < ' ' || text[n] > '~' ? '?' : text[n];
	label[n] = '\0';
}

/* What could end it is escaped. */
static void print_label(FILE *out, const char *text)
{
	char label[METRICS_LABEL_MAX + 1];

	make_label(label, text);
	for (const char *c = label; *c; c++) {
		if (*c == '"' || *c == '\\')
			fputc('\\', out);
		fputc(*c, out);
	}
}

struct label {
	const char *name, *value;
};

static void sample_of(const struct page *p, const struct label *labels, size_t n, uint64_t value)
{
	begin_sample(p);
	for (size_t i = 0; i < n; i++) {
		fprintf(p->out, "%s%s=\"", i ? "," : "{", labels[i].name);
		print_label(p->out, labels[i].value);
		fputc('"', p->out);
	}
	fprintf(p->out, "%s %" PRIu64 "\n", n ? "}" : "", value);
}

static void sample(const struct page *p, uint64_t value)
{
	sample_of(p, NULL, 0, value);
}

static void sample_with(const struct page *p, const char *name, const char *label, uint64_t value)
{
	sample_of(p, &(struct label){ name, label }, 1, value);
}

/* Times, which are kept as nanoseconds. */
static void sample_seconds(const struct page *p, uint64_t ns)
{
	begin_sample(p);
	fprintf(p->out, " %.6f\n", (double)ns / NS);
}

static void gauge(struct page *p, const char *name, const char *unit, const char *help,
		  uint64_t value)
{
	describe(p, name, GAUGE, unit, help);
	sample(p, value);
}

static void counter(struct page *p, const char *name, const char *help, uint64_t value)
{
	describe(p, name, COUNTER, NULL, help);
	sample(p, value);
}

static void seconds(struct page *p, const char *name, enum type type, const char *help, uint64_t ns)
{
	describe(p, name, type, "seconds", help);
	sample_seconds(p, ns);
}

/* ---- callbacks ---- */

enum { NO_CALLBACK, OTHER_CALLBACKS, NAMED };

void metrics__init(struct metrics *m, const struct run_status *status)
{
	memset(m, 0, sizeof(*m));
	m->status = status;
	m->nr = NAMED;
	strcpy(m->callbacks[NO_CALLBACK].label, "none");
	strcpy(m->callbacks[OTHER_CALLBACKS].label, "other");
}

struct metrics_callback *metrics__callback(struct metrics *m, const char *name, bool make)
{
	char label[METRICS_LABEL_MAX + 1];

	if (!name)
		return &m->callbacks[NO_CALLBACK];
	make_label(label, name);
	for (size_t i = 0; i < m->nr; i++)
		if (!strcmp(m->callbacks[i].label, label))
			return &m->callbacks[i];
	if (!make || m->nr == sizeof(m->callbacks) / sizeof(*m->callbacks))
		return &m->callbacks[OTHER_CALLBACKS];
	memcpy(m->callbacks[m->nr].label, label, sizeof(label));
	return &m->callbacks[m->nr++];
}

/* ---- all of them ---- */

/* Those that are 0 are told of no callback only, so that a sum is one from the start. */
static void findings(struct page *p, const struct metrics *m, bool bytes)
{
	for (size_t i = 0; i < m->nr; i++) {
		for (int rule = RULE_NONE + 1; rule <= RULE_UNREFERENCED; rule++) {
			for (int c = NR_CERTAINTIES - 1; c >= 0; c--) {
				const struct metrics_findings *f =
					&m->callbacks[i].findings[rule][c];
				const struct label labels[] = {
					{ "rule", rule__name((enum rule)rule) },
					{ "certainty", certainty__name((enum certainty)c) },
					{ "callback", m->callbacks[i].label },
				};

				if (i == NO_CALLBACK || f->count)
					sample_of(p, labels, 3, bytes ? f->bytes : f->count);
			}
		}
	}
}

static void outstanding(struct page *p, const struct metrics *m, bool bytes)
{
	for (size_t i = 0; i < m->nr; i++) {
		const struct metrics_callback *c = &m->callbacks[i];

		if (i != OTHER_CALLBACKS || c->outstanding)
			sample_with(p, "callback", c->label,
				    bytes ? c->outstanding_bytes : c->outstanding);
	}
}

static void print_findings(struct page *p, const struct metrics *m)
{
	const struct run_status *s = m->status;

	describe(p, PREFIX "findings", GAUGE, NULL,
		 "Allocations that a rule holds to be leaked, as of now.");
	findings(p, m, false);
	describe(p, PREFIX "findings_bytes", GAUGE, "bytes", "Their memory.");
	findings(p, m, true);
	gauge(p, PREFIX "findings_suppressed", NULL,
	      "Findings that --suppressions hides; they are in no other number of findings.",
	      s->findings.suppressed);
	counter(p, PREFIX "retracted", "Findings that were reported and taken back.",
		s->findings.retracted);
}

static void print_allocations(struct page *p, const struct metrics *m)
{
	const struct run_status *s = m->status;

	counter(p, PREFIX "allocations", "Allocations of the NFC stack that were followed.",
		s->stats->allocations);
	counter(p, PREFIX "frees", "Frees of such allocations.", s->stats->frees);
	describe(p, PREFIX "outstanding_allocations", GAUGE, NULL,
		 "Live allocations, by the callback that they were delivered to or are meant for.");
	outstanding(p, m, false);
	describe(p, PREFIX "outstanding_bytes", GAUGE, "bytes", "Their memory.");
	outstanding(p, m, true);
	gauge(p, PREFIX "book_entries", NULL,
	      "Live allocations that can be followed at one time (--book-entries).",
	      s->book_entries);
	counter(p, PREFIX "commands", "Commands that were queued.", s->stats->commands);
	gauge(p, PREFIX "commands_in_flight", NULL, "Commands that have not ended.",
	      s->stats->commands_live);
	counter(p, PREFIX "commands_dropped", "Commands that were freed without their callback.",
		s->stats->dropped);
	counter(p, PREFIX "commands_failed", "Commands that could not be queued.",
		s->stats->commands_failed);
	counter(p, PREFIX "callbacks", "Callbacks that returned.", s->stats->callbacks);
}

static void print_losses(struct page *p, const struct run_status *s)
{
	counter(p, PREFIX "lost_events", "Events that found the ring buffer full.", s->lost_events);
	counter(p, PREFIX "missed_hooks", "Times that a program did not run.",
		s->stats->missed_hooks);
	counter(p, PREFIX "healed_frees", "Frees without an event, noticed since.",
		s->stats->missed_frees_healed);
	counter(p, PREFIX "unseen_allocations",
		"Allocations that were not followed: the book was full.", s->unseen);
	counter(p, PREFIX "stacks_left_out",
		"Allocations followed without their stack: the ring buffer was filling up.",
		s->left_out);
}

static void print_searches(struct page *p, const struct run_status *s)
{
	counter(p, PREFIX "searches", "Searches of the kernel's memory that have ended.",
		s->searches);
	seconds(p, PREFIX "search_duration_seconds", GAUGE, "How long the last search took.",
		s->search_ns);
	gauge(p, PREFIX "search_read_bytes", "bytes", "Memory that the last search read.",
	      s->search_bytes);
	gauge(p, PREFIX "search_failed", NULL, "1: the last search did not come to its end.",
	      s->search_error != NULL);
}

static void print_health(struct page *p, const struct run_status *s)
{
	describe(p, PREFIX "build", INFO, NULL, "The nfcleakbpf that runs.");
	sample_with(p, "version", NFCLEAKBPF_VERSION, 1);
	describe(p, PREFIX "kernel", INFO, NULL, "The kernel that is traced.");
	sample_with(p, "release", s->kernel, 1);
	gauge(p, PREFIX "tracing", NULL, "0: it waits for a module.", s->tracing);
	gauge(p, PREFIX "armed", NULL, "1: a device is up, and memory is followed.", s->armed);
	seconds(p, PREFIX "tracing_start_time_seconds", GAUGE,
		"When tracing began, since the epoch; 0: it has not.", s->tracing ? s->since : 0);
	gauge(p, PREFIX "modules", NULL, "Modules that are traced now.", s->nr_modules);
	if (s->nr_modules)
		describe(p, PREFIX "module", INFO, NULL, "A module that is traced now.");
	for (size_t i = 0; i < s->nr_modules && i < METRICS_CALLBACKS; i++)
		sample_with(p, "module", s->modules[i], 1);
	describe(p, PREFIX "hooks", GAUGE, NULL, "Hooks, by whether they could be attached.");
	sample_with(p, "state", "attached", s->hooks);
	sample_with(p, "state", "missing", s->hooks_missing);
	gauge(p, PREFIX "bpf_map_bytes", "bytes", "Memory of the BPF maps.", s->map_bytes);
	gauge(p, PREFIX "ring_buffer_used_bytes", "bytes", "Events that wait to be read.",
	      s->ring_used);
	gauge(p, PREFIX "ring_buffer_size_bytes", "bytes", "What there is room for.",
	      s->ring_bytes);
	gauge(p, PREFIX "resident_memory_peak_bytes", "bytes",
	      "The most memory that was ever resident.", s->peak_bytes);
	/* As every client library calls them. */
	gauge(p, "process_resident_memory_bytes", "bytes", "Resident memory size in bytes.",
	      s->resident_bytes);
	seconds(p, "process_start_time_seconds", GAUGE,
		"Start time of the process since unix epoch in seconds.", s->started);
	seconds(p, "process_cpu_seconds", COUNTER,
		"Total user and system CPU time spent in seconds.", s->cpu_ns);
}

void metrics__print(FILE *out, const struct metrics *m, enum metrics_format format)
{
	struct page p = { .out = out, .open = format == METRICS_OPENMETRICS };

	print_findings(&p, m);
	print_allocations(&p, m);
	print_losses(&p, m->status);
	print_searches(&p, m->status);
	print_health(&p, m->status);
	if (p.open)
		fprintf(out, "# EOF\n");
}
