// SPDX-License-Identifier: GPL-2.0-only
/*
 * The model that the pictures are made from: whatever it adds up must agree
 * with the ledger's own books, whatever happens to the events, and its memory
 * must stay bounded.
 */
#include "unit/unit.h"

#include <dirent.h>
#include <errno.h>

#include "replay/script.h"
#include "report/model.h"
#include "report/strings.h"
#include "unit/scene.h"

/* ---- strings ---- */

static void strings_are_safe(void **state)
{
	static const struct {
		const char *dirty, *clean;
	} cases[] = {
		{ "digital_send_cmd", "digital_send_cmd" },
		{ "", "" },
		{ "a\nb\x1b[0m\x7f", "a?b?[0m?" },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" }, /* valid */
		{ "\xf0\x9f\x90\x9b", "\xf0\x9f\x90\x9b" },	/* valid, four bytes */
		{ "\xc3", "?" },				/* cut off */
		{ "\xe2\x82", "??" },				/* likewise */
		{ "\xff\xfe", "??" },				/* never valid */
		{ "\xc0\xaf", "??" },				/* overlong */
		{ "\xe0\x80\xaf", "???" },			/* likewise */
		{ "\xed\xa0\x80", "???" },			/* a surrogate */
		{ "\xf4\x90\x80\x80", "????" },			/* beyond the last */
		{ "\xc2\x85", "?" },				/* a control character */
		{ "a\xe2\x80\xae"
		  "b",
		  "a?b" },		 /* turns the text round */
		{ "\xe2\x80\xa8", "?" }, /* a line separator */
		{ "\x80", "?" },
	};
	struct strings s = { 0 };
	int err = 0;

	(void)state;
	assert_null(strings__clean(&s, NULL, &err));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *text = strings__clean(&s, cases[i].dirty, &err);

		assert_string_equal(text, cases[i].clean);
		assert_ptr_equal(strings__clean(&s, cases[i].dirty, &err), text);
	}
	assert_int_equal(err, 0);
	strings__free(&s);
}

/* ---- agreement with the ledger ---- */

static void check_view(const struct model_view *v, const struct ledger_stats *s)
{
	uint64_t count = 0, bytes = 0, live = 0, live_bytes = 0, leaks = 0, leaked = 0;
	uint64_t leak_slices = 0;

	for (size_t i = 0; i < v->nr_totals; i++) {
		const struct model_total *t = &v->totals[i];

		assert_true(t->live_count <= t->count && t->live_bytes <= t->bytes);
		count += t->count;
		bytes += t->bytes;
		live += t->live_count;
		live_bytes += t->live_bytes;
		if (t->rule != RULE_NONE) {
			leaks += t->live_count;
			leaked += t->live_bytes;
		}
	}
	assert_int_equal(count, s->allocations);
	assert_int_equal(live, s->outstanding);
	assert_int_equal(live_bytes, s->outstanding_bytes);
	assert_true(bytes >= live_bytes);
	assert_int_equal(v->leaks,
			 s->findings[CERTAINTY_PROBABLE] + s->findings[CERTAINTY_DEFINITE]);
	assert_int_equal(leaks, v->leaks);
	assert_int_equal(leaked, v->leaked_bytes);
	assert_int_equal(v->by_certainty[CERTAINTY_DEFINITE], s->findings[CERTAINTY_DEFINITE]);
	for (size_t i = 0; i < v->nr_slices; i++) {
		const struct model_slice *x = &v->slices[i];

		assert_true(x->end >= x->born);
		assert_true(!i || x->born >= v->slices[i - 1].born);
		leak_slices += x->rule != RULE_NONE;
		if (x->rule != RULE_NONE)
			assert_true(x->live);
	}
	assert_int_equal(leak_slices, v->leaks);
	assert_int_equal(v->nr_slices + v->slices_left_out, s->allocations);
	if (v->nr_buckets) {
		const struct model_bucket *last = &v->buckets[v->nr_buckets - 1];

		assert_true(v->nr_buckets <= MODEL_BUCKETS);
		assert_int_equal(last->count, s->outstanding);
		assert_int_equal(last->bytes, s->outstanding_bytes);
		assert_int_equal(last->leaked_bytes, v->leaked_bytes);
	}
	for (size_t i = 1; i < v->nr_sites; i++)
		assert_true(v->sites[i - 1].bytes >= v->sites[i].bytes);
	assert_null(model__incomplete(v));
}

static void look(const struct model_view *v)
{
	assert_non_null(v);
	check_view(v, &v->stats);
}

static void render(const struct scene *s, void (*check)(const struct model_view *v))
{
	struct scene_sum sum;

	assert_int_equal(scene__render(s, &report_model, stdout, &sum, check), 0);
}

static void every_sum_agrees(void **state)
{
	static const struct scene scenes[] = {
		{ 0 },
		{ .rounds = 5, .noise = 8 },
		{ .sites = 1, .rounds = 1 },
		{ .sites = 8, .rounds = 9, .noise = 3, .definite = true },
		{ .sites = 20, .rounds = 3, .late = true, .healed = true, .degraded = true },
		{ .sites = 3, .rounds = 3, .hostile = true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++)
		render(&scenes[i], look);
}

struct replayed {
	struct player player;
	struct report *report;
};

static void before(void *ctx, const struct event *e)
{
	struct replayed *r = ctx;

	model__before(r->report, r->player.ledger, e);
}

static void after(void *ctx, const struct event *e)
{
	struct replayed *r = ctx;

	model__after(r->report, r->player.ledger, e);
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct replayed *r = ctx;
	struct report_leak l = { .a = a, .now = now, .moment = a->moment };

	l.stack = names__stack_at(r->player.names, a->stack);
	if (!strcmp(what, "leak"))
		model__leak(r->report, &l);
	else if (!strcmp(what, "update"))
		model__update(r->report, &l);
	else
		model__retracted(r->report, &l);
}

static void replay(const char *path)
{
	struct script *script = script__read(path, stdout);
	struct replayed r = { .player = { .before = before, .after = after } };
	struct report_end end = { 0 };

	assert_non_null(script);
	r.player.on_said = on_said;
	r.player.ctx = &r;
	r.report = report_model.open(stdout, script__names(script), false);
	assert_non_null(r.report);
	assert_int_equal(script__run(script, &r.player, stdout), 0);
	end.ledger = r.player.ledger;
	end.seconds = (double)(r.player.now - SECOND_NS) / 1e9;
	assert_null(model__view(r.report));
	report_model.end(r.report, &end);
	assert_int_equal(model__status(r.report), 0);
	check_view(model__view(r.report), ledger__stats(r.player.ledger));
	report_model.close(r.report);
	player__stop(&r.player);
	script__free(script);
}

/* Lost events, missed frees, reused addresses: all of them are told somewhere. */
static void every_recording_agrees(void **state)
{
	DIR *dir = opendir("tests/replay");
	const struct dirent *d;
	unsigned count = 0;
	char path[512];

	(void)state;
	assert_non_null(dir);
	while ((d = readdir(dir))) {
		const char *dot = strrchr(d->d_name, '.');

		if (!dot || strcmp(dot, ".replay") != 0)
			continue;
		snprintf(path, sizeof(path), "tests/replay/%s", d->d_name);
		replay(path);
		count++;
	}
	closedir(dir);
	print_message("# %u recordings\n", count);
	assert_true(count > 50);
}

/* ---- what it tells ---- */

static void look_story(const struct model_view *v)
{
	const struct model_site *s = &v->sites[0];
	const struct model_finding *f = s->first;

	look(v);
	assert_int_equal(v->nr_sites, 2);
	assert_int_equal(v->standing, 2);
	assert_string_equal(v->kernel, "6.12.117+deb12-amd64");
	assert_int_equal(v->nr_modules, 3);
	assert_int_equal(v->start, SCENE_MONO);
	assert_int_equal(v->wall_start, SCENE_WALL);
	/* most bytes first */
	assert_int_equal(f->rule, RULE_COMMAND_DROPPED);
	assert_string_equal(f->function, "digital_in_send_sdd_req");
	assert_string_equal(f->module, "nfc_digital");
	assert_int_equal(f->offset, 0x58);
	assert_string_equal(f->callback, "digital_in_recv_sdd_res");
	assert_string_equal(f->command, "IN_SEND");
	assert_string_equal(f->device, "nfc0");
	assert_string_equal(f->submit, "digital_send_cmd");
	assert_string_equal(f->comm, "kworker/1:1");
	assert_int_equal(f->kind, KIND_REQUEST);
	assert_true(f->skb);
	assert_int_equal(f->nr_bytes, 32);
	assert_int_equal(f->stack->depth, 7);
	assert_int_equal(f->stack->site, 1);
	assert_string_equal(f->stack->frames[0].function, "digital_skb_alloc");
	assert_null(f->stack->frames[6].module);
	assert_int_equal(f->wall_born - f->born, SCENE_WALL - SCENE_MONO);
	assert_int_equal(f->wall_moment - f->moment, SCENE_WALL - SCENE_MONO);
	assert_string_equal(f->what, "IN_SEND for digital_in_recv_sdd_res was dropped without "
				     "calling it, and its request not released");
	/* its turns, in order */
	assert_true(f->nr_story >= 1);
	assert_int_equal(f->story[0].kind, MODEL_REPORTED);
	assert_int_equal(f->story[0].certainty, CERTAINTY_PROBABLE);
	s = &v->sites[1];
	assert_int_equal(s->first->rule, RULE_CALLBACK_KEPT);
	assert_int_equal(s->count, 3);
	assert_int_equal(s->bytes, 24);
	assert_int_equal(s->by_certainty[CERTAINTY_DEFINITE] + s->by_certainty[CERTAINTY_PROBABLE],
			 3);
	assert_true(s->by_certainty[CERTAINTY_DEFINITE] > 0);
	for (size_t i = 0; i < s->nr_findings; i++) {
		f = s->findings[i];
		assert_int_equal(f->nr_bytes, 8); /* an update has none: the first ones stay */
		if (f->certainty != CERTAINTY_DEFINITE)
			continue;
		assert_int_equal(f->nr_story, 2);
		assert_int_equal(f->story[1].kind, MODEL_CHANGED);
		assert_int_equal(f->story[1].certainty, CERTAINTY_DEFINITE);
		assert_true(f->story[1].time > f->story[0].time);
	}
}

static void everything_about_a_finding(void **state)
{
	const struct scene s = { .sites = 2, .rounds = 3, .noise = 2, .definite = true };

	(void)state;
	render(&s, look_story);
}

static void look_late(const struct model_view *v)
{
	look(v);
	assert_int_equal(v->leaks, 0);
	assert_int_equal(v->nr_sites, 1);
	assert_int_equal(v->standing, 0);
	assert_int_equal(v->sites[0].retracted, 1);
	assert_true(v->sites[0].first->retracted);
	assert_int_equal(v->sites[0].first->story[v->sites[0].first->nr_story - 1].kind,
			 MODEL_RETRACTED);
	assert_int_equal(v->stats.retracted, 1);
}

static void taken_back(void **state)
{
	const struct scene s = { .sites = 1, .rounds = 1, .late = true };

	(void)state;
	render(&s, look_late);
}

static void look_suppressed(const struct model_view *v)
{
	look(v);
	assert_int_equal(v->nr_sites, 1);
	assert_string_equal(v->sites[0].first->function, "digital_in_send_sdd_req");
	assert_int_equal(v->suppressed, 3);
	assert_int_equal(v->suppressed_bytes, 24);
	for (size_t i = 0; i < v->nr_totals; i++)
		if (v->totals[i].rule != RULE_NONE)
			assert_string_equal(v->totals[i].callback, "digital_in_recv_sdd_res");
}

/* Nowhere: neither as a slice, nor in a sum, nor in the picture of memory. */
static void suppressed(void **state)
{
	const struct scene s = { .sites = 2,
				 .rounds = 3,
				 .noise = 2,
				 .definite = true,
				 .suppressed = "leak:^digital_tg_listen_nfcf$\n" };

	(void)state;
	render(&s, look_suppressed);
}

static void look_healed(const struct model_view *v)
{
	unsigned missed = 0;

	look(v);
	for (size_t i = 0; i < v->nr_slices; i++)
		missed += v->slices[i].missed;
	assert_int_equal(missed, 1);
}

static void missed_free(void **state)
{
	const struct scene s = { .rounds = 1, .noise = 1, .healed = true };

	(void)state;
	render(&s, look_healed);
}

/* A finding that changes its mind for ever keeps its first turns and its last. */
static void endless_story(void **state)
{
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct ledger *ledger = ledger__new(&config, &ops, NULL);
	struct report *r = report_model.open(stdout, NULL, false);
	struct report_end end = { .ledger = ledger };
	struct allocation a = { .id = 7, .size = 8, .rule = RULE_CALLBACK_KEPT };
	struct report_leak l = { .a = &a };
	const struct model_finding *f;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		l.now++;
		a.certainty = CERTAINTY_PROBABLE;
		model__leak(r, &l);
		l.now++;
		model__retracted(r, &l);
	}
	report_model.end(r, &end);
	f = model__view(r)->sites[0].first;
	assert_int_equal(model__view(r)->sites[0].nr_findings, 1);
	assert_int_equal(f->nr_story, MODEL_STORY);
	assert_int_equal(f->story[0].time, 1);
	assert_int_equal(f->story[MODEL_STORY - 1].time, 2000);
	assert_true(f->retracted);
	/* nothing reported: nothing to be updated or taken back */
	a.id = 8;
	model__update(r, &l);
	model__retracted(r, &l);
	report_model.close(r);
	ledger__free(ledger);
}

/* ---- bounds ---- */

static void look_many(const struct model_view *v)
{
	look(v);
	assert_true(v->slices_left_out > 0);
	assert_true(v->nr_slices <= MODEL_SLICES + v->leaks);
	assert_true(v->leaks >= 20);
	/* the newest are there */
	assert_int_equal(v->slices[v->nr_slices - 1].id, v->stats.allocations);
}

static void bounded(void **state)
{
	const struct scene s = { .sites = 1, .rounds = 20, .noise = 700 };

	(void)state;
	render(&s, look_many);
}

static void look_bare(const struct model_view *v)
{
	assert_non_null(v);
	assert_null(v->kernel);
	assert_int_equal(v->nr_buckets, 0);
	assert_int_equal(v->leaks, 6);
	assert_int_equal(v->nr_slices, 6); /* what lives at the end */
	assert_int_equal(v->totals[0].rule, RULE_COMMAND_DROPPED);
}

/* Findings alone, as a driver without taps and clock gives them. */
static void without_taps(void **state)
{
	const struct scene s = { .sites = 2, .rounds = 4, .no_start = true, .no_taps = true };

	(void)state;
	render(&s, look_bare);
}

static void knows_its_formats(void **state)
{
	(void)state;
	assert_true(model__collects(&report_model));
	assert_true(model__collects(&report_html));
	assert_true(model__collects(&report_pprof));
	assert_false(model__collects(&report_text));
	assert_false(model__collects(&report_json));
}

static const struct CMUnitTest model_tests[] = {
	TEST("names are made safe to print", strings_are_safe),
	TEST("every sum of the model is the ledger's", every_sum_agrees),
	TEST("also for every recording, whatever was lost", every_recording_agrees),
	TEST("a finding keeps its whole story", everything_about_a_finding),
	TEST("a retracted finding stands no more", taken_back),
	TEST("what is suppressed is a leak nowhere", suppressed),
	TEST("a missed free ends the allocation when it is noticed", missed_free),
	TEST("a story without end keeps its first turns and its last", endless_story),
	TEST("of very many allocations the newest are kept, and the rest counted", bounded),
	TEST("findings alone make a view too", without_taps),
	TEST("formats made from a model are told from others", knows_its_formats),
};

UNIT_MAIN(model_tests)
