// SPDX-License-Identifier: GPL-2.0-only
/*
 * The filter in front of a report: what is hidden stays hidden whatever becomes
 * of it, the sums are those of what is left, and what it proposes hides what it
 * is for.
 */
#include "unit/unit.h"

#include <jansson.h>

#include "replay/script.h"
#include "report/filter.h"
#include "report/suppress.h"
#include "unit/story.h"

static struct suppressions *parse(const char *text)
{
	struct suppressions *s = suppressions__new();
	char error[SUPPRESSIONS_ERROR];

	assert_non_null(s);
	if (suppressions__parse(s, "known.supp", text, strlen(text), error))
		fail_msg("%s", error);
	return s;
}

static struct allocation leaked = { .id = 7,
				    .addr = 0xffff888001234500,
				    .size = 8,
				    .stack = 1,
				    .carrier = { .callback = 5 },
				    .kind = KIND_USER_ARGUMENT,
				    .rule = RULE_CALLBACK_KEPT,
				    .certainty = CERTAINTY_PROBABLE };
static const struct report_leak finding = {
	.a = &leaked,
	.function = "digital_tg_listen_nfcf",
	.module = "nfc_digital",
	.callback = "digital_tg_recv_sensf_req",
};

/* ---- the filter ---- */

/* A format that counts what it is told. */
struct report {
	unsigned leaks, updates, retracted, closed;
	uint64_t suppressed, hidden_retracted;
	char *generated;
};

static struct report seen;

static void count_leak(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->leaks++;
}

static void count_update(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->updates++;
}

static void count_retracted(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->retracted++;
}

static void note_end(struct report *r, const struct report_end *e)
{
	r->suppressed =
		e->hidden->findings[CERTAINTY_DEFINITE] + e->hidden->findings[CERTAINTY_PROBABLE];
	r->hidden_retracted = e->hidden->retracted;
	free(r->generated);
	r->generated = e->hidden->generated ? strdup(e->hidden->generated) : NULL;
}

static void count_close(struct report *r)
{
	if (r)
		r->closed++;
}

static const struct report_format counting = {
	.leak = count_leak,
	.update = count_update,
	.retracted = count_retracted,
	.end = note_end,
	.close = count_close,
};

static struct suppressions *list;
static struct report *filter;

static void open_filter(const char *text, bool generate)
{
	free(seen.generated);
	memset(&seen, 0, sizeof(seen));
	list = text ? parse(text) : NULL;
	filter = filter__open(&counting, &seen, list, generate);
	assert_non_null(filter);
}

static void close_filter(void)
{
	report_filtered.close(filter);
	assert_int_equal(seen.closed, 1);
	suppressions__free(list);
	free(seen.generated);
	seen.generated = NULL;
}

static void end_filter(void)
{
	report_filtered.end(filter, &(struct report_end){ 0 });
}

static void hidden_all_its_life(void **state)
{
	struct allocation a = leaked;
	struct report_leak l = finding;

	(void)state;
	l.a = &a;
	l.was = CERTAINTY_PROBABLE;
	open_filter("leak:unused\nleak:recv_sensf\n", false);
	report_filtered.leak(filter, &l);
	assert_true(filter__hides(filter, &a));
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	/* It becomes definite, is then found in use, then not. */
	a.certainty = CERTAINTY_DEFINITE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	l.was = CERTAINTY_DEFINITE;
	a.certainty = CERTAINTY_POSSIBLE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 0);
	l.was = CERTAINTY_POSSIBLE;
	a.certainty = CERTAINTY_PROBABLE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	/* Another command carries it: by its looks it is not the same any more. */
	l.callback = "another";
	a.carrier.callback = 99;
	report_filtered.retracted(filter, &l);
	assert_false(filter__hides(filter, &a));
	end_filter();
	assert_int_equal(seen.suppressed, 0);
	assert_int_equal(seen.hidden_retracted, 1);
	assert_int_equal(seen.leaks + seen.updates + seen.retracted, 0);
	assert_int_equal(suppressions__at(list, 0)->matched, 0);
	assert_int_equal(suppressions__at(list, 1)->matched, 1);
	/* The same allocation leaks again, from a site that is not suppressed. */
	report_filtered.leak(filter, &l);
	l.was = CERTAINTY_PROBABLE;
	report_filtered.update(filter, &l);
	report_filtered.retracted(filter, &l);
	assert_int_equal(seen.leaks, 1);
	assert_int_equal(seen.updates, 1);
	assert_int_equal(seen.retracted, 1);
	close_filter();
}

static void nothing_to_hide(void **state)
{
	(void)state;
	open_filter(NULL, false);
	report_filtered.leak(filter, &finding);
	report_filtered.update(filter, &finding);
	report_filtered.retracted(filter, &finding);
	end_filter();
	assert_int_equal(seen.leaks + seen.updates + seen.retracted, 3);
	assert_int_equal(seen.suppressed + seen.hidden_retracted, 0);
	assert_null(seen.generated);
	close_filter();
	assert_null(filter__open(&counting, NULL, NULL, false));
}

/* One line a site, none twice, none for what is suppressed or taken back. */
static void generated(void **state)
{
	struct allocation a = leaked;
	struct report_leak l = finding;
	struct suppressions *again;

	(void)state;
	l.a = &a;
	open_filter("leak:^digital_old$\n", true);
	end_filter();
	assert_string_equal(seen.generated, "");
	report_filtered.leak(filter, &l);
	a.id++;
	report_filtered.leak(filter, &l);
	/* Another site of the same function. */
	a.id++;
	a.rule = RULE_COMMAND_DROPPED;
	report_filtered.leak(filter, &l);
	/* Suppressed. */
	a.id++;
	a.stack = 2;
	l.function = "digital_old";
	report_filtered.leak(filter, &l);
	/* Taken back. */
	a.id++;
	a.stack = 3;
	l.function = "digital_freed_late";
	report_filtered.leak(filter, &l);
	report_filtered.retracted(filter, &l);
	/* No stack could be taken: told apart by the caller, and no command. */
	l = (struct report_leak){ .a = &a, .function = "port100_probe" };
	a.id++;
	a.stack = 0;
	a.size = 100;
	a.caller = 21;
	a.carrier.callback = 0;
	report_filtered.leak(filter, &l);
	a.id++;
	a.caller = 22;
	l.function = "port100_recv";
	report_filtered.leak(filter, &l);
	end_filter();
	assert_string_equal(seen.generated, "# callback-kept: 2 allocations, 16 bytes\n"
					    "# callback digital_tg_recv_sensf_req\n"
					    "# command-dropped: 1 allocation, 8 bytes\n"
					    "# callback digital_tg_recv_sensf_req\n"
					    "leak:^digital_tg_listen_nfcf$\n"
					    "# command-dropped: 1 allocation, 100 bytes\n"
					    "leak:^port100_probe$\n"
					    "# command-dropped: 1 allocation, 100 bytes\n"
					    "leak:^port100_recv$\n");
	again = parse(seen.generated);
	assert_int_equal(suppressions__count(again), 3);
	suppressions__free(again);
	close_filter();
}

/* ---- with a ledger, as users see it ---- */

static const char story[] =
	"# two leaks of one callback, one of another, one of the first freed late\n" STORY_BEGIN
	"0.900 leave tid=41 in=digital_wq_poll\n"
	"1.000 free tid=41 addr=cmd in=digital_flush\n"
	"tick 4\n"
	"4.000 free tid=41 addr=arg2 in=digital_late\n"
	"tick 12\n"
	"expect leaks 2\n"
	"expect retracted addr=arg2\n"
	"expect leak addr=arg1\n"
	"expect leak addr=req\n";

struct told {
	struct player player;
	struct report *report;
};

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct told *t = ctx;
	struct report_leak l = { .a = a, .was = t->player.was, .now = now };

	l.function = names__text(t->player.names, a->caller);
	l.module = names__module(t->player.names, a->caller);
	if (a->carrier.type != NO_COMMAND_TYPE)
		l.callback = names__text(t->player.names, a->carrier.callback);
	if (!strcmp(what, "leak"))
		report_filtered.leak(t->report, &l);
	else if (!strcmp(what, "update"))
		report_filtered.update(t->report, &l);
	else
		report_filtered.retracted(t->report, &l);
}

/* What a format makes of the story under these suppressions. */
static char *tell(const struct report_format *format, const char *text, bool generate,
		  uint64_t *standing)
{
	struct suppressions *s = text ? parse(text) : NULL;
	struct told t = { .player = { .on_said = on_said } };
	struct script *script;
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	t.player.ctx = &t;
	t.report = filter__open(format, format->open(f, NULL, false), s, generate);
	assert_non_null(t.report);
	report_filtered.start(t.report, &(struct report_start){ .kernel = "6.1" });
	script = script__parse("story", story, stdout);
	assert_non_null(script);
	assert_int_equal(script__run(script, &t.player, stdout), 0);
	report_filtered.warning(t.report, "growth", "more and more");
	report_filtered.histogram(t.report, &(struct histogram){ .allocations = 1 }, "cb");
	report_filtered.tick(t.report, t.player.now);
	report_filtered.end(t.report, &(struct report_end){ .ledger = t.player.ledger });
	*standing = filter__standing(t.report, t.player.ledger);
	report_filtered.close(t.report);
	player__stop(&t.player);
	script__free(script);
	suppressions__free(s);
	fclose(f);
	return out;
}

static unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

static json_t *end_line(const char *text)
{
	const char *line = strstr(text, "{\"event\":\"end\"");
	json_t *o = line ? json_loads(line, JSON_REJECT_DUPLICATES, NULL) : NULL;

	assert_non_null(o);
	return o;
}

static int64_t number(const json_t *o, const char *key)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static int64_t stands(const json_t *end)
{
	const json_t *findings = json_object_get(end, "findings");

	assert_int_equal(number(findings, "possible"), 0);
	return number(findings, "definite") + number(findings, "probable");
}

static void json_report(void **state)
{
	static const struct {
		const char *suppressions;
		unsigned leaks, stand, suppressed, retracted;
	} cases[] = {
		{ NULL, 3, 2, 0, 1 },
		{ "", 3, 2, 0, 1 },
		{ "leak:nothing_like_it", 3, 2, 0, 1 },
		{ "leak:^digital_tg_listen_nfcf$", 1, 1, 1, 0 },
		{ "leak:digital_in_recv_sdd_res", 2, 1, 1, 1 },
		{ "leak:x\nleak:*", 0, 0, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t standing;
		char *text = tell(&report_json, cases[i].suppressions, false, &standing);
		json_t *end = end_line(text);

		assert_int_equal(occurrences(text, "\"event\":\"leak\""), cases[i].leaks);
		assert_int_equal(occurrences(text, "\"event\":\"retracted\""), cases[i].retracted);
		assert_int_equal(occurrences(text, "\"event\":\"warning\""), 1);
		assert_int_equal(occurrences(text, "\"event\":\"histogram\""), 1);
		assert_int_equal(stands(end), cases[i].stand);
		assert_int_equal(standing, cases[i].stand);
		assert_int_equal(number(end, "suppressed"), cases[i].suppressed);
		assert_int_equal(number(end, "retracted"), cases[i].retracted);
		assert_null(json_object_get(end, "gen_suppressions"));
		if (i == 5) {
			const json_t *list_of = json_object_get(end, "suppressions");

			assert_int_equal(json_array_size(list_of), 2);
			assert_int_equal(number(json_array_get(list_of, 0), "matched"), 0);
			assert_int_equal(number(json_array_get(list_of, 1), "matched"), 3);
		}
		json_decref(end);
		free(text);
	}
}

/* A line of JSON is whole, however many suppressions there are. */
static void json_of_many(void **state)
{
	char *text = NULL, *out;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	uint64_t standing;
	json_t *end;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		fprintf(f, "leak:no_such_function_%u\n", i);
	/* No text at all, but no reason to lose the line. */
	fprintf(f, "leak:\xff\n");
	fclose(f);
	out = tell(&report_json, text, true, &standing);
	end = end_line(out);
	assert_int_equal(json_array_size(json_object_get(end, "suppressions")), 20001);
	assert_int_equal(json_array_size(json_object_get(end, "gen_suppressions")), 6);
	json_decref(end);
	free(out);
	free(text);
}

static void check_width(const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > 80)
			fail_msg("%.*s", (int)n, text);
	}
}

static void text_report(void **state)
{
	uint64_t standing;
	char *text = tell(&report_text, "leak:^digital_old$\nleak:listen_nfcf\n", true, &standing);

	(void)state;
	check_width(text);
	assert_non_null(strstr(text, "\nsuppressed: 1 allocations, 8 bytes\n"
				     "       2  leak:listen_nfcf (known.supp:2)\n"
				     "  unused  leak:^digital_old$ (known.supp:1)\n"
				     "\n"
				     "# for a file that --suppressions reads:\n"
				     "# command-dropped: 1 allocation, 904 bytes\n"
				     "# callback digital_in_recv_sdd_res\n"
				     "leak:^digital_in_send_sdd_req$\n"
				     "\n0.0 s: "));
	assert_non_null(strstr(text, "SUMMARY: nfcleakbpf: 904 bytes leaked in 1 allocations at 1 "
				     "site\n"));
	assert_null(strstr(text, "digital_tg_recv_sensf_req returned"));
	assert_null(strstr(text, "retracted: "));
	assert_non_null(strstr(text, "0 retracted"));
	assert_int_equal(standing, 1);
	free(text);
	text = tell(&report_text, "leak:*", true, &standing);
	assert_int_equal(standing, 0);
	assert_null(strstr(text, "# for a file"));
	assert_non_null(strstr(text, "\nsuppressed: 2 allocations, 912 bytes\n"));
	assert_non_null(strstr(text, "SUMMARY: nfcleakbpf: no leaks found\n"));
	free(text);
	text = tell(&report_text, NULL, false, &standing);
	assert_null(strstr(text, "suppress"));
	free(text);
}

/* Names that are too many are counted, those that are too long are broken. */
static void text_of_many(void **state)
{
	char *text = NULL, *out;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	uint64_t standing;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		fprintf(f, "leak:digital_in_recv_iso15693_inventory_response_with_afi_and_%u$\n",
			i);
	fclose(f);
	out = tell(&report_text, text, false, &standing);
	check_width(out);
	assert_int_equal(occurrences(out, "  unused  "), 20);
	assert_non_null(strstr(out, "          and 980 more unused\n"));
	free(out);
	free(text);
}

/* What is proposed hides all there is when it is read. */
static void round_trip(void **state)
{
	uint64_t standing;
	char *text = tell(&report_text, NULL, true, &standing), *end;
	char *from = strstr(text, "# for a file");

	(void)state;
	assert_int_equal(standing, 2);
	assert_non_null(from);
	end = strstr(from, "\n\n");
	assert_non_null(end);
	end[1] = '\0';
	free(tell(&report_json, from, false, &standing));
	assert_int_equal(standing, 0);
	free(text);
}

static const struct CMUnitTest filters[] = {
	TEST("suppressions: hidden once, hidden till the end", hidden_all_its_life),
	TEST("suppressions: without any, everything goes through", nothing_to_hide),
	TEST("suppressions: what is proposed is ready to paste", generated),
	TEST("suppressions: the JSON report", json_report),
	TEST("suppressions: thousands in one line of JSON", json_of_many),
	TEST("suppressions: the text report", text_report),
	TEST("suppressions: the text report stays short and narrow", text_of_many),
	TEST("suppressions: what is proposed hides all that was told", round_trip),
};

UNIT_MAIN(filters)
