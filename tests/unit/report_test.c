// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users and scripts read: a small story is driven through a ledger and
 * rendered into memory, then taken apart.  Of JSON every line must parse and
 * have the fields of the documented list with their types; of text no line may
 * be wider than a terminal.
 */
#include "unit/unit.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "replay/script.h"
#include "hooks/subsystem.h"
#include "report/report.h"
#include "unit/fake.h"
#include "unit/story.h"

#define COLUMNS	  80
#define LINES_MAX 4096
#define EPOCH	  1700000000000000000ULL /* 2023-11-14T22:13:20Z */

/*
 * Three rounds of the reference case, one of which is freed late; a dropped
 * command; one object that becomes definite.
 */
static const char story[] =
	"# a story for reports\n" STORY_BEGIN "0.900 leave tid=41 in=digital_wq_poll\n"
	"1.000 free tid=41 addr=cmd in=digital_flush\n"
	"tick 4\n"
	"4.000 free tid=41 addr=arg2 in=digital_late\n"
	"tick 12\n"
	"expect leaks 2\n"
	"expect retracted addr=arg2\n"
	"expect leak addr=arg1 certainty=definite\n"
	"expect leak addr=req\n";

static struct fake_kernel kernel = { .symbols = fake__nfc };
static struct names *names; /* of the stacks */
static uint32_t stack;

static int setup(void **state)
{
	const uint64_t addrs[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70,
				   FAKE_PROCESS_WORK + 0x1e2 };

	(void)state;
	names = names__new(fake__resolve, &kernel);
	if (!names || names__trace_module(names, "nfc_digital"))
		return -1;
	stack = names__stack(names, addrs, ARRAY_SIZE(addrs), 0);
	return !stack;
}

static int teardown(void **state)
{
	(void)state;
	names__free(names);
	return 0;
}

/* ---- rendering ---- */

struct rendering {
	const struct report_format *format;
	struct report *report;
	struct player player;
	struct script *script;
	FILE *out;
	char *text;
	size_t size;
	char *lines[LINES_MAX];
	size_t nr_lines;
};

/* As fill_leak() of src/cmd/run.c. */
static void fill(struct rendering *r, const struct allocation *a, uint64_t now,
		 struct report_leak *l)
{
	static const unsigned char bytes[] = { 0x01, 0xfe, 0xd3, 0x80, 0xca, 0x41, 0xf1, 0xa0 };
	const struct names *story_names = r->player.names;

	*l = (struct report_leak){ .a = a,
				   .was = r->player.was,
				   .now = EPOCH + now,
				   .moment = EPOCH + a->moment,
				   .age_ms = (now - a->born) / 1000000,
				   .stack = names__stack_at(names, stack),
				   .offset = 0x3b };
	l->function = names__text(story_names, a->caller);
	l->module = names__module(story_names, a->caller);
	memcpy(l->bytes, bytes, sizeof(bytes));
	l->nr_bytes = sizeof(bytes);
	if (a->carrier.type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(story_names, a->carrier.callback);
	l->submit = "digital_send_cmd";
	l->command = subsystem_digital.command_types[a->carrier.type];
	l->device = "nfc0";
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct rendering *r = ctx;
	struct report_leak l;

	fill(r, a, now, &l);
	if (!strcmp(what, "leak"))
		r->format->leak(r->report, &l);
	else if (!strcmp(what, "update"))
		r->format->update(r->report, &l);
	else
		r->format->retracted(r->report, &l);
}

static bool quiet;

static void start(struct rendering *r, const struct report_format *format)
{
	memset(r, 0, sizeof(*r));
	r->format = format;
	r->out = open_memstream(&r->text, &r->size);
	assert_non_null(r->out);
	r->report = format->open(r->out, names, quiet);
	assert_non_null(r->report);
}

static void split(struct rendering *r)
{
	char *save = NULL;

	fflush(r->out);
	r->nr_lines = 0;
	for (char *l = strtok_r(r->text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		assert_true(r->nr_lines < LINES_MAX);
		r->lines[r->nr_lines++] = l;
	}
}

static void stop(struct rendering *r)
{
	r->format->close(r->report);
	fclose(r->out);
	free(r->text);
	if (r->script)
		player__stop(&r->player);
	script__free(r->script);
}

/* The whole life of a trace. */
static void render(struct rendering *r, const struct report_format *format)
{
	static const char *const modules[] = { "nfc", "nfc_digital", "nfcsim" };
	static const char *const missing[] = {
		"fentry __kfree_skb: fentry and fexit are refused: Operation not permitted; "
		"lost: skbs freed by calling __kfree_skb()",
	};
	struct report_start s = { .kernel = "6.1.0-56-amd64",
				  .modules = modules,
				  .nr_modules = 3,
				  .hooks = 24,
				  .missing = missing,
				  .nr_missing = 1 };
	struct report_end e = {
		.seconds = 12.25, .lost_events = 3, .missed_hooks = 2, .unseen = 1, .left_out = 4
	};

	start(r, format);
	r->player.on_said = on_said;
	r->player.ctx = r;
	format->start(r->report, &s);
	r->script = script__parse("story", story, stdout);
	assert_non_null(r->script);
	assert_int_equal(script__run(r->script, &r->player, stdout), 0);
	format->warning(r->report, "callback-overdue",
			"a command for digital_in_recv_sdd_res on nfc0 "
			"is stuck: queued 4.5 s ago");
	format->tick(r->report, EPOCH + r->player.now);
	for (size_t i = 0; i < ledger__histograms(r->player.ledger); i++) {
		const struct histogram *h = ledger__histogram(r->player.ledger, i);

		format->histogram(r->report, h, names__text(r->player.names, h->callback));
	}
	e.ledger = r->player.ledger;
	format->end(r->report, &e);
	split(r);
}

/* ---- JSON ---- */

enum type { STRING, INTEGER, BOOLEAN, REAL, OBJECT, STRINGS, INTEGERS, TIME, ADDRESS, HEX };

struct field {
	const char *name;
	enum type type;
	bool nullable;
};

static const struct field start_fields[] = {
	{ "version", STRING, false },	     { "kernel", STRING, false },
	{ "modules", STRINGS, false },	     { "hooks", INTEGER, false },
	{ "hooks_missing", STRINGS, false }, { NULL, 0, false },
};

static const struct field leak_fields[] = {
	{ "id", INTEGER, false },	{ "time", TIME, false },      { "rule", STRING, false },
	{ "certainty", STRING, false }, { "kind", STRING, false },    { "addr", ADDRESS, false },
	{ "size", INTEGER, false },	{ "age_ms", INTEGER, false }, { "alloc", OBJECT, false },
	{ "callback", STRING, true },	{ "command", STRING, true },  { "device", STRING, true },
	{ "degraded", BOOLEAN, false }, { "hexdump", HEX, false },    { NULL, 0, false },
};

static const struct field alloc_fields[] = {
	{ "function", STRING, true }, { "offset", INTEGER, false }, { "module", STRING, true },
	{ "comm", STRING, false },    { "pid", INTEGER, false },    { "stack", STRINGS, false },
	{ NULL, 0, false },
};

static const struct field retracted_fields[] = {
	{ "id", INTEGER, false },
	{ "addr", ADDRESS, false },
	{ NULL, 0, false },
};

static const struct field warning_fields[] = {
	{ "rule", STRING, false },
	{ "message", STRING, false },
	{ NULL, 0, false },
};

static const struct field histogram_fields[] = {
	{ "callback", STRING, true },
	{ "allocations", INTEGER, false },
	{ "bytes", INTEGER, false },
	{ "freed", INTEGER, false },
	{ "outstanding", INTEGER, false },
	{ "size_log2", INTEGERS, false },
	{ "lifetime_us_log2", INTEGERS, false },
	{ NULL, 0, false },
};

static const struct field end_fields[] = {
	{ "allocations", INTEGER, false },	   { "frees", INTEGER, false },
	{ "outstanding", INTEGER, false },	   { "findings", OBJECT, false },
	{ "retracted", INTEGER, false },	   { "lost_events", INTEGER, false },
	{ "missed_hooks", INTEGER, false },	   { "stacks_left_out", INTEGER, false },
	{ "missed_frees_healed", INTEGER, false }, { NULL, 0, false },
};

static const struct field findings_fields[] = {
	{ "definite", INTEGER, false },
	{ "probable", INTEGER, false },
	{ NULL, 0, false },
};

static bool is_time(const char *s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd.ddddddZ";

	if (strlen(s) != strlen(form))
		return false;
	for (size_t i = 0; form[i]; i++)
		if (form[i] == 'd' ? !isdigit((unsigned char)s[i]) : s[i] != form[i])
			return false;
	return true;
}

static bool is_hex(const char *s)
{
	return strspn(s, "0123456789abcdef") == strlen(s);
}

static bool list_of(const json_t *v, int type)
{
	if (!json_is_array(v))
		return false;
	for (size_t i = 0; i < json_array_size(v); i++)
		if ((int)json_typeof(json_array_get(v, i)) != type)
			return false;
	return true;
}

static bool has_type(const json_t *v, const struct field *f)
{
	const char *s = json_string_value(v);

	if (json_is_null(v))
		return f->nullable;
	switch (f->type) {
	case STRING:
		return s && *s;
	case INTEGER:
		return json_is_integer(v) && json_integer_value(v) >= 0;
	case BOOLEAN:
		return json_is_boolean(v);
	case REAL:
		return json_is_real(v);
	case OBJECT:
		return json_is_object(v);
	case STRINGS:
		return list_of(v, JSON_STRING);
	case INTEGERS:
		return list_of(v, JSON_INTEGER);
	case TIME:
		return s && is_time(s);
	case ADDRESS:
		return s && !strncmp(s, "0x", 2) && s[2] && is_hex(s + 2);
	case HEX:
		return s && is_hex(s) && strlen(s) % 2 == 0 && strlen(s) <= 64;
	}
	return false;
}

static void check_fields(const json_t *o, const struct field *fields, const char *line)
{
	for (; fields->name; fields++) {
		const json_t *v = json_object_get(o, fields->name);

		if (!v)
			fail_msg("no \"%s\" in %s", fields->name, line);
		if (!has_type(v, fields))
			fail_msg("wrong \"%s\" in %s", fields->name, line);
	}
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

static json_int_t int_of(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static bool one_of(const char *s, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(s, *list))
			return true;
	return false;
}

static void check_words(const json_t *o)
{
	static const char *const rules[] = { "callback-kept",	 "command-dropped",
					     "submit-failed",	 "owner-gone",
					     "unreferenced",	 "growth",
					     "callback-overdue", NULL };
	static const char *const certainties[] = { "definite", "probable", "possible", NULL };
	static const char *const kinds[] = { "user-argument", "request", "response", "params",
					     "command",	      "skb",	 "object",   NULL };

	assert_true(one_of(text_of(o, "rule"), rules));
	assert_true(one_of(text_of(o, "certainty"), certainties));
	assert_true(one_of(text_of(o, "kind"), kinds));
}

/* Parses a line and checks its fields; returns a new reference. */
static json_t *parse(const char *line)
{
	static const struct {
		const char *event;
		const struct field *fields;
	} events[] = {
		{ "start", start_fields },	   { "leak", leak_fields },
		{ "update", leak_fields },	   { "retracted", retracted_fields },
		{ "warning", warning_fields },	   { "end", end_fields },
		{ "histogram", histogram_fields },
	};
	json_error_t error;
	json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	const char *event;

	if (!o)
		fail_msg("%s in %s", error.text, line);
	assert_true(json_is_object(o));
	for (const char *c = line; *c; c++)
		assert_true(*c >= ' ' && *c < 0x7f); /* plain ASCII survives any pipe */
	event = text_of(o, "event");
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (strcmp(events[i].event, event) != 0)
			continue;
		check_fields(o, events[i].fields, line);
		if (events[i].fields == leak_fields) {
			check_fields(json_object_get(o, "alloc"), alloc_fields, line);
			check_words(o);
		}
		if (events[i].fields == end_fields)
			check_fields(json_object_get(o, "findings"), findings_fields, line);
		return o;
	}
	fail_msg("an unknown event: %s", line);
	return NULL;
}

static void json_lines(void **state)
{
	unsigned leaks = 0, updates = 0, retractions = 0, starts = 0, ends = 0, warnings = 0;
	json_int_t allocations = 0, outstanding = 0, arg2 = 0;
	struct rendering r;

	(void)state;
	render(&r, &report_json);
	for (size_t i = 0; i < r.nr_lines; i++) {
		json_t *o = parse(r.lines[i]);
		const char *event = text_of(o, "event");

		if (!strcmp(event, "leak")) {
			leaks++;
			if (leaks == 2)
				arg2 = int_of(o, "id");
		} else if (!strcmp(event, "update")) {
			updates++;
		} else if (!strcmp(event, "retracted")) {
			retractions++;
			assert_int_equal(int_of(o, "id"), arg2);
		} else if (!strcmp(event, "histogram")) {
			allocations += int_of(o, "allocations");
			outstanding += int_of(o, "outstanding");
		} else if (!strcmp(event, "end")) {
			assert_int_equal(i, r.nr_lines - 1);
			ends++;
		} else if (!strcmp(event, "start")) {
			assert_int_equal(i, 0);
			starts++;
		} else {
			warnings++;
		}
		json_decref(o);
	}
	assert_int_equal(starts, 1);
	assert_int_equal(ends, 1);
	assert_int_equal(warnings, 1);
	assert_int_equal(leaks, 3);
	assert_int_equal(leaks, r.player.leaks);
	assert_int_equal(updates, r.player.updates);
	assert_int_equal(retractions, 1);
	assert_int_equal(allocations, ledger__stats(r.player.ledger)->allocations);
	assert_int_equal(outstanding, ledger__stats(r.player.ledger)->outstanding);
	stop(&r);
}

static json_t *line_of(struct rendering *r, const char *event, unsigned which)
{
	for (size_t i = 0; i < r->nr_lines; i++) {
		json_t *o = parse(r->lines[i]);

		if (!strcmp(text_of(o, "event"), event) && !which--)
			return o;
		json_decref(o);
	}
	fail_msg("no %s line", event);
	return NULL;
}

static void json_values(void **state)
{
	struct rendering r;
	json_t *o, *alloc;

	(void)state;
	render(&r, &report_json);
	o = line_of(&r, "leak", 0);
	alloc = json_object_get(o, "alloc");
	assert_string_equal(text_of(o, "rule"), "callback-kept");
	assert_string_equal(text_of(o, "certainty"), "probable");
	assert_string_equal(text_of(o, "kind"), "user-argument");
	assert_int_equal(int_of(o, "size"), 8);
	assert_string_equal(text_of(o, "callback"), "digital_tg_recv_sensf_req");
	assert_string_equal(text_of(o, "command"), "TG_LISTEN");
	assert_string_equal(text_of(o, "device"), "nfc0");
	assert_string_equal(text_of(o, "hexdump"), "01fed380ca41f1a0");
	assert_false(json_is_true(json_object_get(o, "degraded")));
	assert_in_range(int_of(o, "age_ms"), 1200, 2300);
	assert_int_equal(strncmp(text_of(o, "time"), "2023-11-14T22:13:2", 18), 0);
	assert_string_equal(text_of(alloc, "function"), "digital_tg_listen_nfcf");
	assert_string_equal(text_of(alloc, "module"), "nfc_digital");
	assert_int_equal(int_of(alloc, "offset"), 59);
	assert_string_equal(text_of(alloc, "comm"), "kworker/0:1");
	assert_int_equal(int_of(alloc, "pid"), 41);
	assert_string_equal(json_string_value(json_array_get(json_object_get(alloc, "stack"), 0)),
			    "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]");
	assert_int_equal(json_array_size(json_object_get(alloc, "stack")), 3);
	json_decref(o);

	o = line_of(&r, "update", 0);
	assert_string_equal(text_of(o, "certainty"), "definite");
	json_decref(o);

	o = line_of(&r, "end", 0);
	assert_int_equal(int_of(o, "allocations"), 6);
	assert_int_equal(int_of(o, "frees"), 4);
	assert_int_equal(int_of(o, "outstanding"), 2);
	assert_int_equal(int_of(o, "retracted"), 1);
	assert_int_equal(int_of(o, "lost_events"), 3);
	assert_int_equal(int_of(o, "missed_hooks"), 2);
	assert_int_equal(int_of(o, "stacks_left_out"), 4);
	assert_int_equal(int_of(json_object_get(o, "findings"), "definite") +
				 int_of(json_object_get(o, "findings"), "probable"),
			 2);
	json_decref(o);
	stop(&r);
}

/* Nothing is known, and what is known is not text. */
static void json_nulls(void **state)
{
	struct allocation a = { .addr = UINT64_MAX,
				.id = 7,
				.size = INT64_MAX,
				.rule = RULE_UNREFERENCED,
				.certainty = CERTAINTY_PROBABLE,
				.degraded = 3,
				.comm = "\xff\xfe\"\\\x01\n\t" };
	struct report_leak l = { .a = &a, .now = EPOCH, .moment = EPOCH };
	struct rendering r;
	json_t *o;

	(void)state;
	start(&r, &report_json);
	r.format->leak(r.report, &l);
	l.function = "\"quoted\"\n";
	l.callback = "\xc3\x28";
	l.device = "\xe2\x82\xac";
	memcpy(a.comm, "\"\\\x01\n\t", 6);
	r.format->leak(r.report, &l);
	r.format->update(r.report, &l);
	r.format->retracted(r.report, &l);
	r.format->warning(r.report, "growth", "line\nbreak \"quoted\"");
	r.format->histogram(r.report, &(struct histogram){ .callback = 0 }, NULL);
	split(&r);
	assert_int_equal(r.nr_lines, 6);
	for (size_t i = 0; i < r.nr_lines; i++)
		json_decref(parse(r.lines[i]));
	o = line_of(&r, "leak", 0);
	assert_true(json_is_null(json_object_get(o, "callback")));
	assert_true(json_is_null(json_object_get(o, "command")));
	assert_true(json_is_null(json_object_get(o, "device")));
	assert_true(json_is_null(json_object_get(json_object_get(o, "alloc"), "function")));
	assert_true(json_is_true(json_object_get(o, "degraded")));
	assert_string_equal(text_of(o, "hexdump"), "");
	assert_string_equal(text_of(o, "addr"), "0xffffffffffffffff");
	json_decref(o);
	o = line_of(&r, "leak", 1);
	assert_string_equal(text_of(json_object_get(o, "alloc"), "function"), "\"quoted\"\n");
	assert_string_equal(text_of(o, "device"), "\xe2\x82\xac");
	json_decref(o);
	o = line_of(&r, "histogram", 0);
	assert_true(json_is_null(json_object_get(o, "callback")));
	assert_int_equal(json_array_size(json_object_get(o, "size_log2")), 0);
	json_decref(o);
	stop(&r);
}

/* What is no UTF-8 has its place wherever it stands. */
static void json_no_text(void **state)
{
	static const char *const texts[] = { "good", "b\xff"
						     "d" };
	struct stack_frame frames[] = { { .text = "f\xc3+0x1/0x2 [nfc]" },
					{ .text = "good+0x1/0x2" } };
	struct stack s = { .depth = 2, .frames = frames };
	struct allocation a = { .rule = RULE_UNREFERENCED, .comm = "\xfe" };
	struct report_leak l = { .a = &a, .stack = &s, .callback = "\xff" };
	struct report_start start_of = { .kernel = "6.1",
					 .modules = texts,
					 .nr_modules = 2,
					 .missing = texts,
					 .nr_missing = 2 };
	struct rendering r;
	json_t *o, *list;

	(void)state;
	start(&r, &report_json);
	r.format->start(r.report, &start_of);
	r.format->leak(r.report, &l);
	split(&r);
	o = line_of(&r, "start", 0);
	list = json_object_get(o, "hooks_missing");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 1)), "b?d");
	assert_int_equal(json_array_size(json_object_get(o, "modules")), 2);
	json_decref(o);
	o = line_of(&r, "leak", 0);
	list = json_object_get(json_object_get(o, "alloc"), "stack");
	assert_int_equal(json_array_size(list), 2);
	assert_string_equal(json_string_value(json_array_get(list, 0)), "f?+0x1/0x2 [nfc]");
	assert_string_equal(text_of(json_object_get(o, "alloc"), "comm"), "?");
	assert_string_equal(text_of(o, "callback"), "?");
	json_decref(o);
	stop(&r);
}

/* Is key a word of the documentation?  Sub-objects are documented as alloc.key. */
static bool documented(const char *doc, const char *key)
{
	size_t len = strlen(key);

	for (const char *at = doc; (at = strstr(at, key)); at += len) {
		bool begins = at == doc || (!isalnum((unsigned char)at[-1]) && at[-1] != '_');

		if (begins && !isalnum((unsigned char)at[len]) && at[len] != '_')
			return true;
	}
	return false;
}

static void check_documented(const char *doc, const json_t *o)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)o, key, value)
	{
		if (!documented(doc, key))
			fail_msg("\"%s\" is not in docs/json.md", key);
		if (json_is_object(value))
			check_documented(doc, value);
	}
}

static void json_documented(void **state)
{
	FILE *f = fopen("docs/json.md", "re");
	static char doc[65536];
	struct rendering r;
	size_t n;

	(void)state;
	if (!f)
		fail_msg("cannot run here: no docs/json.md in the working directory");
	n = fread(doc, 1, sizeof(doc) - 1, f);
	fclose(f);
	assert_true(n > 0 && n < sizeof(doc) - 1);
	render(&r, &report_json);
	for (size_t i = 0; i < r.nr_lines; i++) {
		json_t *o = parse(r.lines[i]);

		check_documented(doc, o);
		json_decref(o);
	}
	stop(&r);
}

static void json_histogram(void **state)
{
	struct histogram h = { .allocations = 3, .bytes = 24, .freed = 1, .outstanding = 2 };
	struct rendering r;
	json_t *o, *sizes;

	(void)state;
	h.size_log2[3] = 3;
	h.lifetime_us_log2[0] = 1;
	h.lifetime_us_log2[47] = 9;
	start(&r, &report_json);
	r.format->histogram(r.report, &h, "digital_tg_recv_sensf_req");
	split(&r);
	o = line_of(&r, "histogram", 0);
	sizes = json_object_get(o, "size_log2");
	assert_int_equal(json_array_size(sizes), 4);
	assert_int_equal(json_integer_value(json_array_get(sizes, 3)), 3);
	assert_int_equal(json_integer_value(json_array_get(sizes, 0)), 0);
	assert_int_equal(json_array_size(json_object_get(o, "lifetime_us_log2")), 48);
	assert_int_equal(int_of(o, "outstanding"), 2);
	json_decref(o);
	stop(&r);
}

static void times(void **state)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000000Z" },
		{ 999, "1970-01-01T00:00:00.000000Z" },
		{ 1000, "1970-01-01T00:00:00.000001Z" },
		{ 1700000000123456789, "2023-11-14T22:13:20.123456Z" },
		{ 1709251199999999999, "2024-02-29T23:59:59.999999Z" },
		{ UINT64_MAX, "2554-07-21T23:34:33.709551Z" },
	};
	char buf[32];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		report__time(cases[i].ns, buf, sizeof(buf));
		assert_string_equal(buf, cases[i].text);
	}
}

/* ---- text ---- */

/* A single word that is longer cannot be helped. */
static void check_width(const struct rendering *r)
{
	for (size_t i = 0; i < r->nr_lines; i++) {
		const char *word = r->lines[i] + strspn(r->lines[i], " ");

		if (strlen(r->lines[i]) > COLUMNS && strchr(word, ' '))
			fail_msg("%zu columns: %s", strlen(r->lines[i]), r->lines[i]);
	}
}

static const char *text_line(const struct rendering *r, const char *part)
{
	for (size_t i = 0; i < r->nr_lines; i++)
		if (strstr(r->lines[i], part))
			return r->lines[i];
	for (size_t i = 0; i < r->nr_lines; i++)
		print_message("# %s\n", r->lines[i]);
	fail_msg("nowhere: %s", part);
	return NULL;
}

static void text(void **state)
{
	struct rendering r;

	(void)state;
	render(&r, &report_text);
	check_width(&r);
	text_line(&r, "tracing nfc, nfc_digital, nfcsim");
	text_line(&r, "not hooked: fentry __kfree_skb");
	/* The callback and what it kept are on the alert. */
	text_line(&r, "digital_tg_recv_sensf_req returned without releasing its user");
	text_line(&r, "retracted: ");
	text_line(&r, "callback-kept: 1 allocations, 8 bytes (1 definite)");
	text_line(&r, "command-dropped: 1 allocations, 904 bytes");
	text_line(&r, "      digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]");
	text_line(&r, "01 fe d3 80 ca 41 f1 a0");
	text_line(&r, "warning: ");
	text_line(&r, "allocations by callback");
	text_line(&r, "12.2 s: 6 allocations, 4 frees, 2 outstanding");
	text_line(&r, "3 events lost");
	assert_string_equal(r.lines[r.nr_lines - 1],
			    "SUMMARY: nfcleakbpf: 912 bytes leaked in 2 allocations at 2 sites");
	stop(&r);
}

/* Names as long as the kernel allows, numbers as large as a month makes them. */
static void wide_text(void **state)
{
	static const char long_name[] =
		"digital_in_recv_iso15693_inventory_response_with_afi_and_dsfid";
	static const char *const modules[] = {
		"nfc",	     "nfc_digital", "nfcsim",	"port100", "pn533",
		"pn533_usb", "st95hf",	    "trf7970a", "nfcmrvl", "st21nfca",
		"microread", "fdp",	    "s3fwrn5",	"nxp_nci", "nxp_nci_i2c",
	};
	static const char *const missing[] = {
		"kprobe nfc_digital_unregister_device of nfc_digital: not permitted (CAP_SYS_ADMIN, "
		"kernel.perf_event_paranoid, lockdown); lost: who holds what while a device is "
		"unregistered",
	};
	struct stack_frame frames[3] = {
		{ .text = "digital_in_recv_iso15693_inventory_res+0x1b3/0x590 [nfc_digital]" },
		{ .text = "digital_wq_cmd_complete+0x8f/0x160 [nfc_digital]" },
		{ .text = "entry_SYSCALL_64_after_hwframe+0x6e/0xd8" },
	};
	struct stack s = { .depth = 3, .frames = frames };
	struct allocation a = { .addr = 0xffff888001234500,
				.size = 1234567,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE,
				.kind = KIND_USER_ARGUMENT,
				.degraded = DEGRADED_LOST_EVENTS | DEGRADED_MISSED_HOOKS |
					    DEGRADED_NO_STACK | DEGRADED_NO_HOOK,
				.tid = 4194304,
				.comm = "kworker/u128:12" };
	struct report_leak l = { .a = &a,
				 .stack = &s,
				 .function = long_name,
				 .callback = long_name,
				 .submit = "digital_send_cmd",
				 .command = "TG_LISTEN_MDAA",
				 .device = "nfc1048576",
				 .nr_bytes = REPORT_HEXDUMP,
				 .now = EPOCH };
	struct report_start start_of = { .kernel = "6.12.111+deb12-cloud-amd64-with-a-long-name",
					 .modules = modules,
					 .nr_modules = ARRAY_SIZE(modules),
					 .hooks = 123,
					 .missing = missing,
					 .nr_missing = 1 };
	struct report_end e = { .seconds = 2678400.5,
				.lost_events = UINT64_MAX,
				.missed_hooks = UINT64_MAX,
				.unseen = UINT64_MAX };
	struct histogram h = { .allocations = UINT64_MAX,
			       .bytes = UINT64_MAX,
			       .freed = UINT64_MAX,
			       .outstanding = UINT64_MAX };
	struct rendering r;

	(void)state;
	for (size_t i = 0; i < 32; i++)
		h.size_log2[i] = 9999999999ULL;
	for (size_t i = 0; i < 48; i++)
		h.lifetime_us_log2[i] = i;
	start(&r, &report_text);
	r.format->start(r.report, &start_of);
	for (enum rule rule = RULE_CALLBACK_KEPT; rule < NR_RULES; rule++) {
		for (enum kind kind = 0; kind < NR_KINDS; kind++) {
			a.rule = rule;
			a.kind = kind;
			a.certainty = CERTAINTY_PROBABLE;
			r.format->leak(r.report, &l);
			l.was = CERTAINTY_PROBABLE;
			a.certainty = CERTAINTY_DEFINITE;
			r.format->update(r.report, &l);
			if (kind % 2)
				r.format->retracted(r.report, &l);
			l.now += 2000000000;
		}
	}
	r.format->warning(r.report, "growth",
			  "4711 allocations from digital_in_recv_iso15693_inventory_response_with_"
			  "afi+0x1b3/0x590 [nfc_digital] are outstanding, and more with every ten "
			  "seconds");
	r.format->tick(r.report, l.now);
	r.format->histogram(r.report, &h, long_name);
	r.format->histogram(r.report, &h, NULL);
	r.script = script__parse("story", story, stdout);
	assert_int_equal(script__run(r.script, &r.player, NULL), 0);
	e.ledger = r.player.ledger;
	r.format->end(r.report, &e);
	split(&r);
	text_line(&r, "    degraded: events were lost, a hook did not run, its stack");
	check_width(&r);
	stop(&r);
}

/* C++ and Rust have longer names still, but those cannot be broken at a space. */
static void wide_stack(void **state)
{
	struct stack_frame frame = {
		.text = "digital_in_recv_iso15693_inventory_response_with_afi+0x1b3/0x590 "
			"[nfc_digital]"
	};
	struct stack s = { .depth = 1, .frames = &frame };
	struct allocation a = { .size = 8,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a, .stack = &s, .now = EPOCH };
	struct rendering r;

	(void)state;
	start(&r, &report_text);
	r.format->leak(r.report, &l);
	r.script = script__parse("empty", "# nothing happens\nexpect nothing\n", stdout);
	assert_int_equal(script__run(r.script, &r.player, stdout), 0);
	r.format->end(r.report, &(struct report_end){ .ledger = r.player.ledger });
	split(&r);
	text_line(&r, "digital_in_recv_iso15693_inventory_response_with_afi+0x1b3/0x590");
	check_width(&r);
	stop(&r);
}

/* A leak that goes on for a day: counts of six digits in both certainties. */
static void many_leaks(void **state)
{
	struct allocation a = { .addr = 0xffff888001234500,
				.size = 8,
				.rule = RULE_COMMAND_DROPPED,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a, .now = EPOCH, .was = CERTAINTY_PROBABLE };
	struct report_end e = { .seconds = 86400 };
	struct rendering r;

	(void)state;
	start(&r, &report_text);
	for (unsigned i = 0; i < 250000; i++) {
		a.certainty = CERTAINTY_PROBABLE;
		r.format->leak(r.report, &l);
		a.certainty = CERTAINTY_DEFINITE;
		if (i % 2)
			r.format->update(r.report, &l);
		l.now += 345600000;
		if (i % 1000 == 0) {
			/* Alerts of a site are at most one a second; only the width counts here. */
			split(&r);
			check_width(&r);
			rewind(r.out);
		}
	}
	rewind(r.out);
	r.script = script__parse("story", story, stdout);
	assert_int_equal(script__run(r.script, &r.player, NULL), 0);
	e.ledger = r.player.ledger;
	r.format->end(r.report, &e);
	split(&r);
	check_width(&r);
	text_line(&r, "250000 allocations, 2000000 bytes");
	text_line(&r, "125000 definite");
	text_line(&r, "125000 probable");
	stop(&r);
}

/* Alerts are grouped: ten leaks of a site within a second are one line now and one later. */
static void grouped(void **state)
{
	struct allocation a = { .addr = 0xffff888001234500,
				.size = 8,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a, .now = EPOCH, .callback = "digital_tg_recv_sensf_req" };
	struct rendering r;

	(void)state;
	start(&r, &report_text);
	for (unsigned i = 0; i < 10; i++) {
		r.format->leak(r.report, &l);
		l.now += 10000000;
		r.format->tick(r.report, l.now);
	}
	r.format->tick(r.report, l.now + 2000000000);
	r.format->tick(r.report, l.now + 4000000000);
	split(&r);
	check_width(&r);
	text_line(&r, "1 so far");
	text_line(&r, "10 so far");
	for (size_t i = 0, said = 0; i < r.nr_lines; i++) {
		said += strstr(r.lines[i], "so far") != NULL;
		assert_true(said <= 2);
	}
	stop(&r);
}

static void retracted_counts(void **state)
{
	struct allocation a = { .addr = 0xffff888001234500,
				.size = 8,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a, .now = EPOCH, .was = CERTAINTY_PROBABLE };
	struct report_end e = { .seconds = 1 };
	struct rendering r;

	(void)state;
	start(&r, &report_text);
	r.format->leak(r.report, &l);
	r.format->leak(r.report, &l);
	/* One turns out to be in use, then is freed; the other is freed at once. */
	a.certainty = CERTAINTY_POSSIBLE;
	r.format->update(r.report, &l);
	r.format->retracted(r.report, &l);
	a.certainty = CERTAINTY_PROBABLE;
	r.format->retracted(r.report, &l);
	/* A retraction of what was never told changes nothing. */
	a.rule = RULE_SUBMIT_FAILED;
	r.format->retracted(r.report, &l);
	r.format->update(r.report, &l);
	r.script = script__parse("empty", "# nothing happens\nexpect nothing\n", stdout);
	assert_int_equal(script__run(r.script, &r.player, stdout), 0);
	e.ledger = r.player.ledger;
	r.format->end(r.report, &e);
	split(&r);
	text_line(&r, "SUMMARY: nfcleakbpf: no leaks found");
	stop(&r);
}

/* --quiet: nothing for people before the end, everything for programs. */
static void quiet_reports(void **state)
{
	struct rendering r;
	size_t loud;

	(void)state;
	render(&r, &report_json);
	loud = r.nr_lines;
	stop(&r);
	quiet = true;
	render(&r, &report_json);
	assert_int_equal(r.nr_lines, loud);
	stop(&r);
	render(&r, &report_text);
	quiet = false;
	for (size_t i = 0; i < r.nr_lines; i++) {
		assert_null(strstr(r.lines[i], "so far"));
		assert_null(strstr(r.lines[i], "retracted: "));
		assert_null(strstr(r.lines[i], "tracing"));
	}
	text_line(&r, "callback-kept: 1 allocations, 8 bytes (1 definite)");
	text_line(&r, "SUMMARY: nfcleakbpf: 912 bytes leaked in 2 allocations at 2 sites");
	stop(&r);
}

static void nothing_happened(void **state)
{
	const struct report_format *formats[] = { &report_text, &report_json };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct rendering r;

		start(&r, formats[i]);
		r.format->start(r.report, &(struct report_start){ .kernel = "6.1" });
		r.script = script__parse("empty", "# nothing happens\nexpect nothing\n", stdout);
		assert_int_equal(script__run(r.script, &r.player, stdout), 0);
		r.format->tick(r.report, EPOCH);
		r.format->end(r.report, &(struct report_end){ .ledger = r.player.ledger });
		split(&r);
		assert_true(r.nr_lines >= 2);
		stop(&r);
		formats[i]->close(NULL);
	}
}

#define CASE(description, function) TEST_IN("report: " description, function, NULL, NULL)

static const struct CMUnitTest report[] = {
	CASE("every JSON line has its fields with their types", json_lines),
	CASE("JSON values are those of the ledger", json_values),
	CASE("JSON of what is not known and of what is no text", json_nulls),
	CASE("JSON of what is no UTF-8 has as many frames and hooks", json_no_text),
	CASE("JSON has no field that is not documented", json_documented),
	CASE("JSON histograms", json_histogram),
	CASE("times are RFC 3339 in UTC", times),
	CASE("text: alerts, sites, histograms, summary", text),
	CASE("text: long names and large numbers stay within 80 columns", wide_text),
	CASE("text: a stack frame wider than a line is broken", wide_stack),
	CASE("text: a quarter of a million leaks stay within 80 columns", many_leaks),
	CASE("text: alerts of a site are grouped", grouped),
	CASE("text: what was retracted is not counted", retracted_counts),
	CASE("quiet is for people, not for programs", quiet_reports),
	CASE("a trace in which nothing happened", nothing_happened),
};

UNIT_MAIN_IN(report, setup, teardown)
