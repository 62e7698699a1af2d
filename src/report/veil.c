// SPDX-License-Identifier: GPL-2.0-only
/*
 * The veil of veil.h.  A text that cannot be copied for want of memory is left out:
 * nothing passes by accident.
 */
#include "report/veil.h"

#include <stdlib.h>
#include <string.h>

#include "trace/names.h"

struct report {
	const struct report_format *format;
	struct report *report;
	struct names *names; /* veiled */
};

typedef void (*tell_leak)(struct report *r, const struct report_leak *l);

/* Only what is known to be harmless goes on. */
static void pass(struct report *r, tell_leak tell, const struct report_leak *l)
{
	struct allocation a = *l->a;
	struct report_leak without = *l;

	a.addr = a.id;
	a.frame = a.ghost = 0;
	a.checksum = 0;
	a.prev = a.next = NULL;
	without.a = &a;
	without.stack = names__stack_at(r->names, a.stack);
	memset(without.bytes, 0, sizeof(without.bytes));
	without.nr_bytes = 0;
	tell(r->report, &without);
}

static void veiled_leak(struct report *r, const struct report_leak *l)
{
	pass(r, r->format->leak, l);
}

static void veiled_update(struct report *r, const struct report_leak *l)
{
	pass(r, r->format->update, l);
}

static void veiled_retracted(struct report *r, const struct report_leak *l)
{
	pass(r, r->format->retracted, l);
}

static void veiled_warning(struct report *r, const char *rule, const char *message)
{
	char *text = names__without_addresses(message);

	r->format->warning(r->report, rule, text ? text : "");
	free(text);
}

static void veiled_start(struct report *r, const struct report_start *s)
{
	char **missing = calloc(s->nr_missing + 1, sizeof(*missing));
	struct report_start without = *s;

	without.missing = (const char *const *)missing;
	without.nr_missing = 0;
	for (size_t i = 0; missing && i < s->nr_missing; i++) {
		char *text = names__without_addresses(s->missing[i]);

		if (text)
			missing[without.nr_missing++] = text;
	}
	r->format->start(r->report, &without);
	for (size_t i = 0; missing && i < without.nr_missing; i++)
		free(missing[i]);
	free(missing);
}

static void veiled_histogram(struct report *r, const struct histogram *h, const char *callback)
{
	r->format->histogram(r->report, h, callback);
}

static void veiled_tick(struct report *r, uint64_t now)
{
	r->format->tick(r->report, now);
}

static void veiled_end(struct report *r, const struct report_end *end)
{
	r->format->end(r->report, end);
}

static void veiled_close(struct report *r)
{
	if (!r)
		return;
	if (r->report)
		r->format->close(r->report);
	names__free(r->names);
	free(r);
}

static uint64_t veiled_memory(const struct report *r)
{
	return names__memory(r->names) + report__memory(r->format, r->report);
}

static const struct report_format report_veiled = {
	.start = veiled_start,
	.leak = veiled_leak,
	.update = veiled_update,
	.retracted = veiled_retracted,
	.warning = veiled_warning,
	.histogram = veiled_histogram,
	.tick = veiled_tick,
	.end = veiled_end,
	.close = veiled_close,
	.memory = veiled_memory,
};

struct report *veil__open(const struct report_format **format, FILE *out, const struct names *names,
			  bool quiet, bool hide, struct report **own)
{
	struct report *r;

	if (!hide)
		return *own = (*format)->open(out, names, quiet);
	*own = NULL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->format = *format;
	r->names = names__veil(names);
	r->report = r->names ? r->format->open(out, r->names, quiet) : NULL;
	if (!r->report) {
		veiled_close(r);
		return NULL;
	}
	*own = r->report;
	*format = &report_veiled;
	return r;
}
