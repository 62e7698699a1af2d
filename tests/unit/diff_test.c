// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two runs side by side: what is new, more, fewer, gone, the same, and that a
 * longer run of the same is no more.
 */
#include "unit/unit.h"

#include <jansson.h>

#include "replay/script.h"
#include "report/diff.h"

/* A script that leaks: count commands, of which so many in each function leak. */
struct plan {
	unsigned commands;
	struct {
		const char *function, *callback;
		unsigned leaks, size;
	} sites[3];
};

struct run {
	struct script *script;
	struct player player;
	struct tally *tally;
};

static void one(FILE *f, unsigned i, const char *function, const char *callback, unsigned size,
		bool leaks)
{
	fprintf(f, "%u.1 enter tid=1 in=digital_wq_poll outermost\n", i);
	fprintf(f, "%u.1 alloc tid=1 addr=a%u size=%u in=%s\n", i, i, size, function);
	fprintf(f, "%u.1 submit tid=1 dev=d arg=a%u req=null cb=%s type=TG_LISTEN\n", i, i,
		callback);
	fprintf(f, "%u.1 alloc tid=1 addr=c size=80 in=digital_send_cmd\n", i);
	fprintf(f, "%u.1 return tid=1 ret=0\n%u.1 leave tid=1 in=digital_wq_poll\n", i, i);
	fprintf(f, "%u.2 free tid=1 addr=c in=digital_wq_cmd_complete\n", i);
	if (!leaks)
		fprintf(f, "%u.2 free tid=1 addr=a%u\n", i, i);
}

static bool complete = true; /* the second run */

static void run_plan(struct run *r, const struct plan *p, double seconds, bool ended)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	unsigned i = 0;

	memset(r, 0, sizeof(*r));
	fprintf(f, "# a plan\n");
	for (unsigned s = 0; s < ARRAY_SIZE(p->sites); s++)
		for (unsigned n = 0; n < p->sites[s].leaks; n++)
			one(f, i++, p->sites[s].function, p->sites[s].callback, p->sites[s].size,
			    true);
	for (; i < p->commands; i++)
		one(f, i, "digital_f", "digital_cb", 8, false);
	fprintf(f, "tick %u\nexpect stat commands=%u\n", i + 3, i);
	fclose(f);
	r->script = script__parse("plan", text, stdout);
	free(text);
	assert_non_null(r->script);
	assert_int_equal(script__run(r->script, &r->player, stdout), 0);
	r->tally = tally__new(r->player.ledger, r->player.names, seconds, ended);
	assert_non_null(r->tally);
}

static void run_free(struct run *r)
{
	tally__free(r->tally);
	player__stop(&r->player);
	script__free(r->script);
}

/* What is said of two plans: the lines of JSON, and the text. */
struct said {
	json_t *sites[6];
	size_t nr_sites;
	json_t *sum;
	char *text;
	size_t changes[NR_DIFF_CHANGES];
};

static void compare(struct said *said, const struct plan *before, double before_s,
		    const struct plan *after, double after_s)
{
	struct run b, a;
	struct diff *d;
	size_t size;
	char *json, *save = NULL;
	FILE *f;

	memset(said, 0, sizeof(*said));
	run_plan(&b, before, before_s, true);
	run_plan(&a, after, after_s, complete);
	d = diff__new(b.tally, a.tally);
	assert_non_null(d);
	f = open_memstream(&json, &size);
	diff__json(d, f);
	fclose(f);
	for (char *l = strtok_r(json, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		json_t *o = json_loads(l, 0, NULL);

		assert_non_null(o);
		assert_null(said->sum); /* the sum is last */
		if (!strcmp(json_string_value(json_object_get(o, "event")), "diff"))
			said->sum = o;
		else
			said->sites[said->nr_sites++] = o;
	}
	assert_non_null(said->sum);
	free(json);
	f = open_memstream(&said->text, &size);
	diff__text(d, f);
	fclose(f);
	for (char *l = said->text; *l; l += strcspn(l, "\n") + 1)
		assert_true(strcspn(l, "\n") <= 80);
	for (int c = 0; c < NR_DIFF_CHANGES; c++)
		said->changes[c] = diff__count(d, c);
	diff__free(d);
	run_free(&b);
	run_free(&a);
}

static void said_free(struct said *said)
{
	for (size_t i = 0; i < said->nr_sites; i++)
		json_decref(said->sites[i]);
	json_decref(said->sum);
	free(said->text);
}

static const char *string(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

static json_int_t integer(const json_t *o, const char *side, const char *key)
{
	return json_integer_value(json_object_get(json_object_get(o, side), key));
}

static void mended(void **state)
{
	static const struct plan before = { 10, { { "digital_a", "digital_cb", 5, 8 } } };
	static const struct plan after = { 10, { { "digital_b", "digital_cb", 2, 16 } } };
	struct said s;

	(void)state;
	compare(&s, &before, 60, &after, 30);
	assert_int_equal(s.nr_sites, 2);
	assert_string_equal(string(s.sites[0], "change"), "new");
	assert_string_equal(string(s.sites[0], "function"), "digital_b");
	assert_string_equal(string(s.sites[0], "module"), "nfc_digital");
	assert_string_equal(string(s.sites[0], "callback"), "digital_cb");
	assert_string_equal(string(s.sites[0], "rule"), "callback-kept");
	assert_int_equal(integer(s.sites[0], "before", "allocations"), 0);
	assert_int_equal(integer(s.sites[0], "after", "allocations"), 2);
	assert_int_equal(integer(s.sites[0], "after", "bytes"), 32);
	assert_true(json_real_value(json_object_get(json_object_get(s.sites[0], "after"),
						    "per_1000_commands")) == 200);
	assert_true(json_real_value(json_object_get(json_object_get(s.sites[0], "after"),
						    "per_minute")) == 4);
	assert_string_equal(string(s.sites[1], "change"), "gone");
	assert_int_equal(integer(s.sites[1], "before", "bytes"), 40);
	assert_int_equal(integer(s.sum, "before", "allocations"), 5);
	assert_int_equal(integer(s.sum, "before", "commands"), 10);
	assert_int_equal(s.changes[DIFF_NEW], 1);
	assert_int_equal(s.changes[DIFF_GONE], 1);
	assert_non_null(strstr(s.text, "\nSUMMARY: nfcleakbpf: 1 new, 1 gone\n"));
	said_free(&s);
}

static const char *change_of(const struct plan *before, double before_s, const struct plan *after,
			     double after_s)
{
	static char change[16];
	struct said s;

	compare(&s, before, before_s, after, after_s);
	assert_int_equal(s.nr_sites, 1);
	snprintf(change, sizeof(change), "%s", string(s.sites[0], "change"));
	said_free(&s);
	return change;
}

static void in_relation(void **state)
{
	static const struct plan few = { 10, { { "digital_a", "digital_cb", 5, 8 } } };
	static const struct plan longer = { 20, { { "digital_a", "digital_cb", 10, 8 } } };
	static const struct plan less = { 20, { { "digital_a", "digital_cb", 5, 8 } } };
	static const struct plan one_more = { 20, { { "digital_a", "digital_cb", 11, 8 } } };

	(void)state;
	/* By commands, whatever the time. */
	assert_string_equal(change_of(&few, 60, &longer, 60), "same");
	assert_string_equal(change_of(&few, 60, &less, 1), "fewer");
	assert_string_equal(change_of(&less, 1, &few, 60), "more");
	/* A tenth is nothing yet. */
	assert_string_equal(change_of(&longer, 1, &one_more, 1), "same");
	assert_string_equal(change_of(&few, 0, &few, 0), "same");
}

static void sites_apart(void **state)
{
	static const struct plan before = { 9,
					    { { "digital_a", "digital_cb", 3, 8 },
					      { "digital_a", "digital_other", 3, 8 },
					      { "digital_b", "digital_cb", 3, 8 } } };
	static const struct plan after = { 9, { { "digital_a", "digital_other", 9, 8 } } };
	struct said s;

	(void)state;
	compare(&s, &before, 1, &after, 1);
	assert_int_equal(s.nr_sites, 3);
	assert_string_equal(string(s.sites[0], "change"), "more");
	assert_string_equal(string(s.sites[0], "callback"), "digital_other");
	assert_int_equal(s.changes[DIFF_GONE], 2);
	said_free(&s);
}

static void nothing(void **state)
{
	static const struct plan none = { 2, { { 0 } } };
	struct said s;

	(void)state;
	compare(&s, &none, 1, &none, 1);
	assert_int_equal(s.nr_sites, 0);
	assert_non_null(strstr(s.text, "SUMMARY: nfcleakbpf: no leaks before or after\n"));
	said_free(&s);
}

/* Fewer leaks in half a recording are no proof of anything: it is said which one it is. */
static void half(void **state)
{
	static const struct plan plan = { 4, { { "digital_a", "digital_cb", 2, 8 } } };
	struct said s;

	(void)state;
	compare(&s, &plan, 1, &plan, 1);
	assert_null(json_object_get(json_object_get(s.sum, "after"), "incomplete"));
	assert_null(strstr(s.text, "incomplete"));
	said_free(&s);
	complete = false;
	compare(&s, &plan, 1, &plan, 1);
	complete = true;
	assert_null(json_object_get(json_object_get(s.sum, "before"), "incomplete"));
	assert_true(json_is_true(json_object_get(json_object_get(s.sum, "after"), "incomplete")));
	assert_non_null(strstr(strstr(s.text, "\nafter:"), "\n        incomplete: the recording "));
	said_free(&s);
}

static const struct CMUnitTest diff[] = {
	TEST("diff: one site mended, another made", mended),
	TEST("diff: more and fewer are in relation to the commands", in_relation),
	TEST("diff: a site is told by rule, function and callback", sites_apart),
	TEST("diff: nothing before, nothing after", nothing),
	TEST("diff: a recording that stops early is named", half),
};

UNIT_MAIN(diff)
