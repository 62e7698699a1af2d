// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chrome trace JSON, which ui.perfetto.dev opens: each allocation a slice from
 * birth to release, under its device and callback; leaks are marked and have
 * no end of their own but that of the trace.
 *
 * A device with a callback is a "process" here, because slices of one track
 * must nest and allocations do not: asynchronous slices get as many rows as
 * overlap.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "report/model.h"
#include "version.h"

struct track {
	const char *device, *callback; /* of the view: the same text, the same pointer */
};

struct writer {
	const struct model_view *v;
	FILE *out;
	struct track *tracks;
	size_t nr_tracks;
	bool more; /* a comma is due */
};

static int dump(const json_t *value, FILE *out)
{
	if (!value || (json_dumpf(value, out, JSON_COMPACT | JSON_ENSURE_ASCII) && !ferror(out)))
		return -ENOMEM;
	return ferror(out) ? -EIO : 0;
}

/* Consumes the event. */
static int emit(struct writer *w, json_t *event)
{
	int err;

	fputs(w->more ? ",\n" : "\n", w->out);
	err = dump(event, w->out);
	w->more = true;
	json_decref(event);
	return err;
}

/* Microseconds since tracing began. */
static double us(const struct writer *w, uint64_t ns)
{
	return ns > w->v->start ? (double)(ns - w->v->start) / 1e3 : 0;
}

static size_t track_of(struct writer *w, const struct model_slice *s)
{
	size_t i = 0;

	while (i < w->nr_tracks &&
	       (w->tracks[i].device != s->device || w->tracks[i].callback != s->callback))
		i++;
	if (i == w->nr_tracks)
		w->tracks[w->nr_tracks++] = (struct track){ s->device, s->callback };
	return i + 1;
}

static int track_name(struct writer *w, size_t track)
{
	const struct track *t = &w->tracks[track - 1];
	char name[256];

	if (t->callback)
		snprintf(name, sizeof(name), "%s%s%s", t->device ? t->device : "",
			 t->device ? " " : "", t->callback);
	else
		snprintf(name, sizeof(name), "no command");
	return emit(w, json_pack("{s:s, s:s, s:I, s:{s:s}}", "name", "process_name", "ph", "M",
				 "pid", (json_int_t)track, "args", "name", name));
}

/* NULL when out of memory. */
static json_t *arguments(const struct model_slice *s)
{
	json_t *args, *stack = NULL;
	char addr[24];
	int err = 0;

	snprintf(addr, sizeof(addr), "0x%016" PRIx64, s->addr);
	args = json_pack("{s:s, s:I, s:s, s:s, s:I, s:s*, s:s*, s:s*}", "addr", addr, "size",
			 (json_int_t)s->size, "kind", kind__name(s->kind), "comm", s->comm, "pid",
			 (json_int_t)s->tid, "command", s->command, "callback", s->callback,
			 "device", s->device);
	if (s->rule != RULE_NONE) {
		err |= json_object_set_new(args, "rule", json_string(rule__name(s->rule)));
		err |= json_object_set_new(args, "certainty",
					   json_string(certainty__name(s->certainty)));
	}
	if (s->live)
		err |= json_object_set_new(args, "released", json_string("never while traced"));
	else if (s->missed)
		err |= json_object_set_new(args, "released",
					   json_string("unseen, noticed at the end"));
	if (s->stack) {
		stack = json_array();
		for (size_t i = 0; i < s->stack->depth; i++)
			err |= json_array_append_new(stack, json_string(s->stack->frames[i].text));
		err |= json_object_set_new(args, "stack", stack);
	}
	if (!err)
		return args;
	json_decref(args);
	return NULL;
}

static int slice(struct writer *w, const struct model_slice *s, size_t track)
{
	const char *function = s->function ? s->function : "allocation";
	json_t *args = arguments(s);
	char name[256], id[24];
	int err;

	if (!args)
		return -ENOMEM;
	snprintf(name, sizeof(name), "%s%s", s->rule != RULE_NONE ? "leak: " : "", function);
	snprintf(id, sizeof(id), "0x%" PRIx64, s->id);
	err = emit(w, json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:f, s:s*, s:o}", "name", name,
				"cat", s->rule != RULE_NONE ? "leak" : "allocation", "ph", "b",
				"id", id, "pid", (json_int_t)track, "tid", 0, "ts", us(w, s->born),
				"cname", s->rule != RULE_NONE ? "terrible" : NULL, "args", args));
	if (err)
		return err;
	return emit(w, json_pack("{s:s, s:s, s:s, s:s, s:I, s:i, s:f}", "name", name, "cat",
				 s->rule != RULE_NONE ? "leak" : "allocation", "ph", "e", "id", id,
				 "pid", (json_int_t)track, "tid", 0, "ts", us(w, s->end)));
}

/* The moment that a rule names. */
static int moment(struct writer *w, const struct model_finding *f)
{
	return emit(w, json_pack("{s:s, s:s, s:s, s:s, s:i, s:i, s:f, s:{s:I, s:s, s:s}}", "name",
				 f->what, "cat", "leak", "ph", "i", "s", "g", "pid", 0, "tid", 0,
				 "ts", us(w, f->moment), "args", "id", (json_int_t)f->id, "rule",
				 rule__name(f->rule), "certainty", certainty__name(f->certainty)));
}

static int counters(struct writer *w)
{
	int err = 0;

	for (size_t i = 0; i < w->v->nr_buckets && !err; i++) {
		const struct model_bucket *b = &w->v->buckets[i], *was = b - 1;

		if (i && b->bytes == was->bytes && b->leaked_bytes == was->leaked_bytes)
			continue;
		err = emit(w,
			   json_pack("{s:s, s:s, s:i, s:f, s:{s:I, s:I}}", "name",
				     "outstanding bytes", "ph", "C", "pid", 0, "ts",
				     (double)(i * w->v->bucket_ns) / 1e3, "args", "bytes",
				     (json_int_t)b->bytes, "leaked", (json_int_t)b->leaked_bytes));
	}
	return err;
}

static int write_events(struct writer *w)
{
	const struct model_view *v = w->v;
	int err = emit(w, json_pack("{s:s, s:s, s:i, s:{s:s}}", "name", "process_name", "ph", "M",
				    "pid", 0, "args", "name", "all of it"));

	if (!err)
		err = counters(w);
	for (size_t i = 0; i < v->nr_slices && !err; i++) {
		size_t before = w->nr_tracks, track = track_of(w, &v->slices[i]);

		if (track > before)
			err = track_name(w, track);
		if (!err)
			err = slice(w, &v->slices[i], track);
	}
	for (size_t i = 0; i < v->standing && !err; i++)
		for (size_t k = 0; k < v->sites[i].nr_findings && !err; k++)
			if (model__stands(v->sites[i].findings[k]))
				err = moment(w, v->sites[i].findings[k]);
	return err;
}

static int write_perfetto(const struct model_view *v, FILE *out)
{
	struct writer w = { .v = v, .out = out };
	char left_out[160] = "nothing", began[40] = "unknown";
	json_t *facts;
	int err;

	w.tracks = calloc(v->nr_slices + 1, sizeof(*w.tracks));
	if (!w.tracks)
		return -ENOMEM;
	fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", out);
	err = write_events(&w);
	if (v->slices_left_out)
		snprintf(left_out, sizeof(left_out),
			 "%" PRIu64 " allocations that are no leaks; the newest %u are here",
			 v->slices_left_out, MODEL_SLICES);
	if (v->wall_start)
		report__time(v->wall_start, began, sizeof(began));
	facts = json_pack("{s:s, s:s*, s:s, s:s, s:I, s:I, s:I, s:s*}", "version",
			  "nfcleakbpf " NFCLEAKBPF_VERSION, "kernel", v->kernel, "began", began,
			  "left_out", left_out, "leaks", (json_int_t)v->leaks, "leaked_bytes",
			  (json_int_t)v->leaked_bytes, "suppressed", (json_int_t)v->suppressed,
			  "incomplete", model__incomplete(v));
	fputs("\n],\"otherData\":", out);
	if (!err)
		err = dump(facts, out);
	fputs("}\n", out);
	json_decref(facts);
	free(w.tracks);
	return err;
}

static struct report *perfetto_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_perfetto);
}

const struct report_format report_perfetto = MODEL_FORMAT(perfetto_open);
