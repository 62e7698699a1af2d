// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON lines: one object a line, flushed at once.  Every field is documented in
 * docs/json.md; what is there never changes its meaning or goes away.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/json_text.h"
#include "report/report.h"
#include "report/suppress.h"
#include "util/printable.h"
#include "version.h"

struct report {
	FILE *out;
	const struct names *names;
	char line[65536]; /* the longest: 32 stack frames, or 40 hooks that are missing */
};

static struct report *json_open(FILE *out, const struct names *names, bool quiet)
{
	struct report *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->out = out;
	r->names = names;
	(void)quiet;
	return r;
}

/*
 * Consumes the object.  A line is whole or not there at all: hence the buffer,
 * since json_dumps() goes on with a hole where it finds no memory.
 */
static void emit(struct report *r, json_t *line)
{
	const size_t flags = JSON_COMPACT | JSON_ENSURE_ASCII;
	size_t n = line ? json_dumpb(line, r->line, sizeof(r->line), flags) : 0;
	/* The last line, where there are hundreds of suppressions. */
	char *larger = n > sizeof(r->line) ? malloc(n) : NULL;

	if (larger)
		n = json_dumpb(line, larger, n, flags);
	if (n && (larger || n <= sizeof(r->line))) {
		fwrite(larger ? larger : r->line, 1, n, r->out);
		fputc('\n', r->out);
		fflush(r->out);
	}
	free(larger);
	json_decref(line);
}

static void set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

json_t *json_text(const char *text)
{
	json_t *s;
	char *copy;

	if (!text)
		return json_null();
	s = json_string(text);
	if (s)
		return s;
	copy = printable__copy(text, strlen(text));
	s = json_string(copy ? copy : "?");
	free(copy);
	return s;
}

static void set_string(json_t *o, const char *key, const char *value)
{
	set(o, key, json_text(value));
}

static void set_number(json_t *o, const char *key, uint64_t value)
{
	set(o, key, json_integer((json_int_t)value));
}

static void set_time(json_t *o, const char *key, uint64_t ns)
{
	char text[40];

	report__time(ns, text, sizeof(text));
	set_string(o, key, text);
}

static void set_address(json_t *o, const char *key, uint64_t addr)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%016" PRIx64, addr);
	set_string(o, key, text);
}

static json_t *event(const char *name)
{
	json_t *o = json_object();

	set_string(o, "event", name);
	return o;
}

static json_t *string_array(const char *const *list, size_t count)
{
	json_t *a = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(a, json_text(list[i]));
	return a;
}

static void json_start(struct report *r, const struct report_start *s)
{
	json_t *o = event("start");

	set_string(o, "version", s->version ? s->version : NFCLEAKBPF_VERSION);
	set_string(o, "kernel", s->kernel);
	set(o, "modules", string_array(s->modules, s->nr_modules));
	set_number(o, "hooks", s->hooks);
	set(o, "hooks_missing", string_array(s->missing, s->nr_missing));
	emit(r, o);
}

static json_t *alloc_object(const struct report_leak *l)
{
	json_t *o = json_object(), *stack = json_array();

	set_string(o, "function", l->function);
	set_number(o, "offset", l->offset);
	set_string(o, "module", l->module);
	set_string(o, "comm", l->a->comm);
	set_number(o, "pid", l->a->tid);
	for (size_t i = 0; l->stack && i < l->stack->depth; i++)
		json_array_append_new(stack, json_text(l->stack->frames[i].text));
	set(o, "stack", stack);
	return o;
}

static json_t *leak_object(const char *name, const struct report_leak *l)
{
	char hex[2 * REPORT_HEXDUMP + 1] = "";
	json_t *o = event(name);

	for (size_t i = 0; i < l->nr_bytes; i++)
		snprintf(hex + 2 * i, 3, "%02x", l->bytes[i]);
	set_number(o, "id", l->a->id);
	set_time(o, "time", l->now);
	set_string(o, "rule", rule__name(l->a->rule));
	set_string(o, "certainty", certainty__name(l->a->certainty));
	set_string(o, "kind", kind__name(l->a->kind));
	set_address(o, "addr", l->a->addr);
	set_number(o, "size", l->a->size);
	set_number(o, "age_ms", l->age_ms);
	set(o, "alloc", alloc_object(l));
	set_string(o, "callback", l->callback);
	set_string(o, "command", l->command);
	set_string(o, "device", l->device);
	set_string(o, "holder", report__holder(l));
	if (l->submitter)
		set_string(o, "submitter", l->submitter);
	if (l->upper)
		set_string(o, "upper_callback", l->upper);
	if (report__origin(l))
		set_string(o, "origin", report__origin(l));
	set(o, "degraded", json_boolean(l->a->degraded));
	set_string(o, "hexdump", hex);
	set_time(o, "moment", l->moment);
	return o;
}

static void json_leak(struct report *r, const struct report_leak *l)
{
	emit(r, leak_object("leak", l));
}

static void json_update(struct report *r, const struct report_leak *l)
{
	emit(r, leak_object("update", l));
}

static void json_retracted(struct report *r, const struct report_leak *l)
{
	json_t *o = event("retracted");

	set_number(o, "id", l->a->id);
	set_time(o, "time", l->now);
	set_string(o, "rule", rule__name(l->a->rule));
	set_string(o, "certainty", certainty__name(l->a->certainty));
	set_address(o, "addr", l->a->addr);
	set_number(o, "size", l->a->size);
	set_number(o, "age_ms", l->age_ms);
	emit(r, o);
}

static void json_warning(struct report *r, const char *rule, const char *message)
{
	json_t *o = event("warning");

	set_string(o, "rule", rule);
	set_string(o, "message", message);
	emit(r, o);
}

/* Zeroes at the end are left out. */
static json_t *counts(const uint64_t *list, size_t size)
{
	json_t *a = json_array();

	while (size && !list[size - 1])
		size--;
	for (size_t i = 0; i < size; i++)
		json_array_append_new(a, json_integer((json_int_t)list[i]));
	return a;
}

static void json_histogram(struct report *r, const struct histogram *h, const char *callback)
{
	json_t *o = event("histogram");

	set_string(o, "callback", callback);
	set_number(o, "allocations", h->allocations);
	set_number(o, "bytes", h->bytes);
	set_number(o, "freed", h->freed);
	set_number(o, "outstanding", h->outstanding);
	set(o, "size_log2", counts(h->size_log2, 32));
	set(o, "lifetime_us_log2", counts(h->lifetime_us_log2, 48));
	emit(r, o);
}

static void json_tick(struct report *r, uint64_t now)
{
	(void)r;
	(void)now;
}

static json_t *suppression_array(const struct suppressions *list)
{
	json_t *a = json_array();

	for (size_t i = 0; list && i < suppressions__count(list); i++) {
		const struct suppression *one = suppressions__at(list, i);
		json_t *o = json_object();

		set_string(o, "pattern", one->pattern);
		set_number(o, "matched", one->matched);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *line_array(const char *text)
{
	json_t *a = json_array();

	for (; text && *text; text += strcspn(text, "\n") + 1) {
		char *line = strndup(text, strcspn(text, "\n"));

		json_array_append_new(a, json_text(line));
		free(line);
	}
	return a;
}

static void json_end(struct report *r, const struct report_end *e)
{
	const struct report_hidden none = { 0 }, *hidden = e->hidden ? e->hidden : &none;
	const struct ledger_stats *s = ledger__stats(e->ledger);
	json_t *o = event("end"), *findings = json_object();

	for (int c = NR_CERTAINTIES - 1; c >= 0; c--)
		set_number(findings, certainty__name((enum certainty)c),
			   s->findings[c] - hidden->findings[c]);
	set_number(o, "allocations", s->allocations);
	set_number(o, "frees", s->frees);
	set_number(o, "outstanding", s->outstanding);
	set(o, "findings", findings);
	set_number(o, "retracted", s->retracted - hidden->retracted);
	set_number(o, "suppressed",
		   hidden->findings[CERTAINTY_DEFINITE] + hidden->findings[CERTAINTY_PROBABLE]);
	set(o, "suppressions", suppression_array(hidden->list));
	if (hidden->generated)
		set(o, "gen_suppressions", line_array(hidden->generated));
	set_number(o, "lost_events", e->lost_events);
	set_number(o, "missed_hooks", e->missed_hooks);
	set_number(o, "missed_frees_healed", s->missed_frees_healed);
	set_number(o, "unseen", e->unseen + s->unseen);
	set_number(o, "book_full", e->unseen);
	set_number(o, "stacks_left_out", e->left_out);
	set_number(o, "outstanding_bytes", s->outstanding_bytes);
	set_number(o, "commands", s->commands);
	set_number(o, "commands_outstanding", s->commands_live);
	set_number(o, "commands_dropped", s->dropped);
	set_number(o, "commands_failed", s->commands_failed);
	set_number(o, "commands_lost", s->commands_lost);
	set_number(o, "commands_uncalled", s->uncalled);
	set_number(o, "callbacks", s->callbacks);
	set_number(o, "callbacks_unmatched", s->callbacks_unmatched);
	set_number(o, "suspects", s->suspects);
	set_number(o, "suspects_cleared", s->cleared);
	set(o, "seconds", json_real(e->seconds));
	if (e->incomplete)
		set(o, "incomplete", json_true());
	emit(r, o);
}

static void json_close(struct report *r)
{
	free(r);
}

const struct report_format report_json = {
	.open = json_open,
	.start = json_start,
	.leak = json_leak,
	.update = json_update,
	.retracted = json_retracted,
	.warning = json_warning,
	.histogram = json_histogram,
	.tick = json_tick,
	.end = json_end,
	.close = json_close,
};
