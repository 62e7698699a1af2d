// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the ledger's findings to a format, see tell.h.
 */
#include "report/tell.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/footprint.h"
#include "util/table.h"

struct texts {
	struct table table;
	uint64_t bytes; /* of memory, the table's aside */
};

struct tell {
	const struct report_format *format;
	struct report *report;
	const struct names *names;
	tell_bytes bytes;
	void *ctx;
	uint64_t offset;       /* wall clock - monotonic */
	struct texts devices;  /* device structure -> name */
	struct texts commands; /* command_key() -> name */
};

struct tell *tell__new(const struct report_format *format, struct report *report,
		       const struct names *names, tell_bytes bytes, void *ctx)
{
	struct tell *t = calloc(1, sizeof(*t));

	if (!t) {
		format->close(report);
		return NULL;
	}
	t->format = format;
	t->report = report;
	t->names = names;
	t->bytes = bytes;
	t->ctx = ctx;
	return t;
}

static void free_texts(struct texts *t)
{
	size_t i = 0;
	char *text;

	while ((text = table__next(&t->table, &i)))
		free(text);
	table__free(&t->table);
	t->bytes = 0;
}

void tell__free(struct tell *t)
{
	if (!t)
		return;
	t->format->close(t->report);
	free_texts(&t->devices);
	free_texts(&t->commands);
	free(t);
}

/* ---- names and times ---- */

static int set_text(struct texts *t, uint64_t key, const char *text)
{
	char *copy = strdup(text), *was = table__get(&t->table, key);

	if (!copy || table__set(&t->table, key, copy)) {
		free(copy);
		return -ENOMEM;
	}
	t->bytes += footprint__text(copy) - footprint__text(was);
	free(was);
	return 0;
}

static uint64_t command_key(uint32_t function, uint8_t type)
{
	return (uint64_t)function << 8 | type;
}

int tell__set_command(struct tell *t, uint32_t function, uint8_t type, const char *name)
{
	return set_text(&t->commands, command_key(function, type), name);
}

int tell__set_device(struct tell *t, uint64_t device, const char *name)
{
	return set_text(&t->devices, device, name);
}

bool tell__knows_device(const struct tell *t, uint64_t device)
{
	return table__get(&t->devices.table, device);
}

void tell__forget_devices(struct tell *t)
{
	free_texts(&t->devices);
}

void tell__set_clock(struct tell *t, uint64_t offset)
{
	t->offset = offset;
}

uint64_t tell__clock(const struct tell *t)
{
	return t->offset;
}

static uint64_t wall(const struct tell *t, uint64_t ns)
{
	return t->offset + ns;
}

/* ---- findings ---- */

uint32_t tell__function(const struct names *names, const struct allocation *a, uint32_t *offset)
{
	const struct stack *s = names__stack_at(names, a->stack);
	bool site = s && s->site < s->depth;

	if (offset)
		*offset = site ? s->frames[s->site].offset : 0;
	return site ? s->frames[s->site].function : a->caller;
}

/* Who called the submitting function. */
static const char *submitter(const struct tell *t, const struct carrier *c)
{
	const struct stack *s = names__stack_at(t->names, c->stack);

	for (size_t i = 0; s && i + 1 < s->depth; i++)
		if (s->frames[i].function == c->function)
			return names__text(t->names, s->frames[i + 1].function);
	return NULL;
}

void tell__carrier(const struct tell *t, const struct carrier *c, struct report_leak *l)
{
	if (c->type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(t->names, c->callback);
	l->submit = names__text(t->names, c->function);
	l->upper = names__text(t->names, c->upper);
	l->submitter = submitter(t, c);
	l->device = table__get(&t->devices.table, c->device);
	l->command = table__get(&t->commands.table, command_key(c->function, c->type));
}

void tell__describe(const struct tell *t, const struct allocation *a, uint64_t now,
		    struct report_leak *l)
{
	uint32_t function;

	memset(l, 0, sizeof(*l));
	l->a = a;
	l->now = wall(t, now);
	l->moment = wall(t, a->moment);
	l->age_ms = (now - a->born) / 1000000;
	l->stack = names__stack_at(t->names, a->stack);
	function = tell__function(t->names, a, &l->offset);
	l->function = names__text(t->names, function);
	l->module = names__module(t->names, function);
	tell__carrier(t, &a->carrier, l);
}

void tell__leak(struct tell *t, const struct allocation *a, uint64_t now, struct report_leak *l)
{
	tell__describe(t, a, now, l);
	if (t->bytes)
		l->nr_bytes = t->bytes(t->ctx, a, l->bytes, sizeof(l->bytes));
	t->format->leak(t->report, l);
}

void tell__update(struct tell *t, const struct allocation *a, enum certainty was, uint64_t now,
		  struct report_leak *l)
{
	tell__describe(t, a, now, l);
	l->was = was;
	t->format->update(t->report, l);
}

void tell__retracted(struct tell *t, const struct allocation *a, uint64_t now,
		     struct report_leak *l)
{
	tell__describe(t, a, now, l);
	t->format->retracted(t->report, l);
}

void tell__warning(struct tell *t, const struct warning *w)
{
	const struct stack *stack;
	const char *callback, *device;
	char text[512];

	if (w->rule == RULE_CALLBACK_OVERDUE) {
		callback = names__text(t->names, w->carrier.callback);
		device = table__get(&t->devices.table, w->carrier.device);
		snprintf(text, sizeof(text),
			 "a command for %s%s%s is stuck: queued %.1f s ago, several times its own "
			 "timeout",
			 callback ? callback : "an unknown callback", device ? " on " : "",
			 device ? device : "", (double)w->age_ns / 1e9);
	} else {
		stack = names__stack_at(t->names, w->stack);
		snprintf(
			text, sizeof(text),
			"%llu allocations from %s are outstanding, and more with every ten seconds",
			(unsigned long long)w->outstanding,
			stack && stack->site < stack->depth ? stack->frames[stack->site].text
							    : "an unknown place");
	}
	t->format->warning(t->report, rule__name(w->rule), text);
}

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;

	tell__leak(ctx, a, now, &l);
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	struct report_leak l;

	tell__update(ctx, a, was, now, &l);
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;

	tell__retracted(ctx, a, now, &l);
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)now;
	tell__warning(ctx, w);
}

const struct ledger_ops tell_ops = { on_leak, on_update, on_retracted, on_warning };

/* ---- the rest ---- */

uint64_t tell__memory(const struct tell *t)
{
	if (!t)
		return 0;
	return t->devices.bytes + footprint__table(&t->devices.table) + t->commands.bytes +
	       footprint__table(&t->commands.table) + report__memory(t->format, t->report);
}

void tell__start(struct tell *t, const struct report_start *start)
{
	t->format->start(t->report, start);
}

void tell__tick(struct tell *t, uint64_t now)
{
	t->format->tick(t->report, wall(t, now));
}

void tell__histograms(struct tell *t, const struct ledger *l)
{
	for (size_t i = 0; i < ledger__histograms(l); i++) {
		const struct histogram *h = ledger__histogram(l, i);

		if (h->allocations)
			t->format->histogram(t->report, h, names__text(t->names, h->callback));
	}
}

void tell__end(struct tell *t, const struct report_end *end)
{
	t->format->end(t->report, end);
}
