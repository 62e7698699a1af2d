// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every story of tests/replay is recorded while it is told, and the recording
 * played: the ledger must say the same of the same, and every format must
 * write the same bytes.  Then recordings that stop early, or lie.
 */
#include "unit/unit.h"

#include <glob.h>
#include <jansson.h>

#include "hooks/subsystem.h"
#include "record/playback.h"
#include "record/reader.h"
#include "replay/script.h"
#include "report/tell.h"
#include "unit/tape.h"

#define STORIES	     "tests/replay/*.replay"
#define CLOCK_OFFSET 1763913600000000000ULL

/* ---- taps ---- */

/* What taps hear, live and of the recording. */
struct report {
	unsigned begun, before, after;
	uint64_t sum, offset;
	const struct event *event;
};

static void tap_clock(struct report *r, uint64_t monotonic, uint64_t wall)
{
	r->begun++;
	r->sum += monotonic;
	r->offset = wall - monotonic;
}

static void tap_before(struct report *r, const struct ledger *l, const struct event *e)
{
	r->before++;
	r->event = e;
	r->sum = r->sum * 31 + e->type + e->time + ledger__stats(l)->frees;
}

static void tap_after(struct report *r, const struct ledger *l, const struct event *e)
{
	assert_ptr_equal(e, r->event);
	r->after++;
	r->sum = r->sum * 31 + e->tid + ledger__stats(l)->frees;
}

static const struct session_taps taps = { tap_clock, tap_before, tap_after };
static struct report *tapped; /* NULL: no story is */

/* ---- recording ---- */

/* A story that is told, as it is recorded; what a format writes of it is kept. */
struct told {
	struct player player;
	struct script *script;
	struct tape tape;
	char *text; /* what the format wrote */
	size_t size;
	FILE *out;
	char *said; /* what the ledger said, a line each */
	size_t said_size;
	FILE *said_out;
	char *end; /* its numbers */
};

static void say(FILE *out, const char *what, const struct allocation *a, uint64_t now)
{
	fprintf(out, "%s %llu 0x%llx %s %s %s +%llu callback %u degraded %u at %llu\n", what,
		(unsigned long long)a->id, (unsigned long long)a->addr, rule__name(a->rule),
		certainty__name(a->certainty), kind__name(a->kind), (unsigned long long)a->size,
		a->carrier.callback, a->degraded, (unsigned long long)now);
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct told *t = ctx;

	say(t->said_out, what, a, now);
}

/* Some bytes that are told from others. */
static size_t some_bytes(void *ctx, const struct allocation *a, unsigned char *buf, size_t size)
{
	struct told *t = ctx;
	size_t n = a->id % (size + 1);

	for (size_t i = 0; i < n; i++)
		buf[i] = (unsigned char)(a->id + i);
	if (n)
		session__bytes(t->player.session, a->id, buf, n);
	return n;
}

/* Everything that the ledger counts. */
static char *numbers(const struct ledger *l)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);
	const uint64_t *stats = (const uint64_t *)ledger__stats(l);

	for (size_t i = 0; i < sizeof(struct ledger_stats) / sizeof(*stats); i++)
		fprintf(f, "%llu ", (unsigned long long)stats[i]);
	for (size_t i = 0; i < ledger__histograms(l); i++) {
		const uint64_t *h = (const uint64_t *)ledger__histogram(l, i);

		fprintf(f, "\n%u:", ledger__histogram(l, i)->callback);
		for (size_t k = 1; k < sizeof(struct histogram) / sizeof(*h); k++)
			fprintf(f, " %llu", (unsigned long long)h[k]);
	}
	fclose(f);
	return text;
}

/* As the beginning of a run. */
static void begin(void *ctx)
{
	static const char *const modules[] = { "nfc", "nfc_digital" };
	static const char *const missing[] = { "kprobe digital_x: not there; lost: nothing" };
	struct report_start start = { .version = "0.9",
				      .kernel = "6.12.0",
				      .modules = modules,
				      .nr_modules = 2,
				      .hooks = 17,
				      .missing = missing,
				      .nr_missing = 1 };
	const struct subsystem *s = &subsystem_digital;
	struct told *t = ctx;
	struct session *session = t->player.session;
	uint32_t send = names__intern(t->player.names, "digital_send_cmd", "nfc_digital");

	if (tapped)
		session__set_taps(session, &taps, tapped);
	session__set_clock(session, CLOCK_OFFSET);
	for (uint8_t n = 0; s->command_types[n]; n++)
		assert_int_equal(session__set_command(session, send, n, s->command_types[n]), 0);
	session__start(session, &start, t->player.now);
	/* Whatever devices a story has. */
	for (uint64_t i = 0; i < 16; i++)
		session__set_device(session, 0xffff888000010000ULL + i * 0x1000, "nfc3");
}

static void tell_story(struct told *t, const char *path, const char *text,
		       const struct report_format *format)
{
	struct player *p = &t->player;
	struct recorder *r;

	memset(t, 0, sizeof(*t));
	t->script = path ? script__read(path, stdout) : script__parse("story", text, stdout);
	assert_non_null(t->script);
	t->out = open_memstream(&t->text, &t->size);
	t->said_out = open_memstream(&t->said, &t->said_size);
	tape__open(&t->tape);
	assert_int_equal(recorder__open(&r, t->tape.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	p->on_said = on_said;
	p->on_start = begin;
	p->ctx = t;
	p->recorder = r;
	p->tell = tell__new(format, format->open(t->out, script__names(t->script), false),
			    script__names(t->script), some_bytes, t);
	assert_non_null(p->tell);
	p->also = &tell_ops;
	p->also_ctx = p->tell;
	assert_int_equal(script__run(t->script, p, stdout), 0);
	session__histograms(p->session);
	session__counters(p->session, 3, 1, 2);
	session__end(p->session, p->now, false);
	assert_int_equal(recorder__close(r), 0);
	t->end = numbers(p->ledger);
	fflush(t->out);
	fflush(t->said_out);
	tape__read(&t->tape);
}

static void told_free(struct told *t)
{
	tell__free(t->player.tell);
	player__stop(&t->player);
	script__free(t->script);
	tape__close(&t->tape);
	fclose(t->out);
	fclose(t->said_out);
	free(t->text);
	free(t->said);
	free(t->end);
}

/* ---- playing ---- */

static void heard_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	say(ctx, "leak", a, now);
}

static void heard_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)was;
	say(ctx, "update", a, now);
}

static void heard_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	say(ctx, "retracted", a, now);
}

static void heard_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)ctx;
	(void)w;
	(void)now;
}

static const struct ledger_ops heard = { heard_leak, heard_update, heard_retracted, heard_warning };

struct heard {
	char *text;
	size_t size;
	FILE *out;
	char *end;
	struct playback_result result;
	char problem[200];
};

/* The first size bytes; without a format, what the ledger says is the text. */
static void play(struct heard *h, const struct tape *tape, size_t size,
		 const struct report_format *format)
{
	FILE *in = tape__stream(tape, size);
	struct reader *reader = reader__new(in);
	struct report *report;
	struct playback *p;

	memset(h, 0, sizeof(*h));
	h->out = open_memstream(&h->text, &h->size);
	p = playback__new(reader);
	assert_non_null(p);
	playback__set_ops(p, &heard, h->out);
	if (format) {
		report = format->open(h->out, playback__names(p), false);
		assert_int_equal(playback__set_format(p, format, report), 0);
	}
	playback__run(p, &h->result);
	snprintf(h->problem, sizeof(h->problem), "%s", h->result.problem);
	if (playback__session(p))
		h->end = numbers(session__ledger(playback__session(p)));
	playback__free(p);
	reader__free(reader);
	fclose(in);
	fflush(h->out);
}

static void heard_free(struct heard *h)
{
	fclose(h->out);
	free(h->text);
	free(h->end);
}

/* Every command is in one of the numbers that docs/json.md says they are the sum of. */
static json_int_t commands_accounted(const char *text)
{
	static const char *const parts[] = { "callbacks",	 "commands_outstanding",
					     "commands_dropped", "commands_failed",
					     "commands_lost",	 "commands_uncalled" };
	const char *line = strstr(text, "{\"event\":\"end\"");
	json_t *end = line ? json_loads(line, 0, NULL) : NULL;
	json_int_t sum = 0,
		   uncalled = json_integer_value(json_object_get(end, "commands_uncalled"));

	assert_non_null(end);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		sum += json_integer_value(json_object_get(end, parts[i]));
	assert_int_equal(sum, json_integer_value(json_object_get(end, "commands")));
	json_decref(end);
	return uncalled;
}

/* Tells one story after the other; what they say together, so that it is not nothing. */
static void each_story(const struct report_format *format, bool ledger, const char *must)
{
	size_t said = 0, stories = 0, musts = 0;
	json_int_t uncalled = 0;
	struct told told;
	struct heard h;
	glob_t g;

	assert_int_equal(glob(STORIES, 0, NULL, &g), 0);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		tell_story(&told, g.gl_pathv[i], NULL, format);
		play(&h, &told.tape, told.tape.size, ledger ? NULL : format);
		if (strcmp(h.text, ledger ? told.said : told.text) != 0)
			fail_msg("%s: told:\n%s\nplayed:\n%s", g.gl_pathv[i],
				 ledger ? told.said : told.text, h.text);
		assert_string_equal(h.end, told.end);
		assert_int_equal(h.result.reading, READING_END);
		assert_true(h.result.complete && h.result.traced && !h.result.differs);
		said += h.size;
		musts += strstr(h.text, must) != NULL;
		if (format == &report_json)
			uncalled += commands_accounted(told.text);
		stories++;
		heard_free(&h);
		told_free(&told);
	}
	globfree(&g);
	assert_true(stories > 40);
	assert_true(said > 5000);
	assert_true(musts > 5);
	assert_true(uncalled > 0 || format != &report_json);
}

static void same_findings(void **state)
{
	(void)state;
	each_story(&report_json, true, "definite");
}

static void same_json(void **state)
{
	(void)state;
	/* Names and bytes are those of the live run only if there are any. */
	each_story(&report_json, false, "\"command\":\"TG_LISTEN\",\"device\":\"nfc3\"");
	each_story(&report_json, false, "\"hexdump\":\"0");
	each_story(&report_json, false, "\"lost_events\":3");
}

static void same_text(void **state)
{
	(void)state;
	each_story(&report_text, false, "returned without releasing its");
}

/* ---- recordings that stop early, or lie ---- */

static const char story[] =
	"# a story\n"
	"config search=unreferenced\n"
	"0.000 enter tid=41 in=digital_wq_poll outermost\n"
	"0.001 alloc tid=41 addr=arg1 size=8 in=digital_tg_listen_nfcf\n"
	"0.001 submit tid=41 dev=d0 arg=arg1 req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n"
	"0.001 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"
	"0.001 return tid=41 ret=0\n"
	"0.303 free tid=41 addr=cmd in=digital_wq_cmd_complete\n"
	"0.400 lost alloc tid=41 addr=x size=8 in=digital_tg_listen_nfcf\n"
	"5.000 unload nfc_digital\n"
	"tick 12\n"
	"expect leak addr=arg1 certainty=definite\n";

static void same_taps(void **state)
{
	struct report live = { 0 }, played = { 0 };
	struct playback_result result;
	struct reader *reader;
	struct playback *p;
	struct told told;
	FILE *in;

	(void)state;
	tapped = &live;
	tell_story(&told, NULL, story, &report_json);
	tapped = NULL;
	in = tape__stream(&told.tape, told.tape.size);
	reader = reader__new(in);
	p = playback__new(reader);
	assert_int_equal(
		playback__set_format(p, &report_json,
				     report_json.open(told.out, playback__names(p), false)),
		0);
	playback__set_taps(p, &taps, &played);
	playback__run(p, &result);
	assert_true(result.complete);
	assert_int_equal(played.begun, 1);
	assert_true(played.offset == CLOCK_OFFSET && live.offset == CLOCK_OFFSET);
	assert_int_equal(played.before, 6); /* all but the lost one */
	assert_int_equal(played.after, 6);
	assert_int_equal(live.after, 6);
	assert_true(played.sum == live.sum);
	playback__free(p);
	reader__free(reader);
	fclose(in);
	told_free(&told);
}

/* Lines up to the first histogram, which comes with the end. */
static size_t lines_before_end(const char *text)
{
	const char *end = strstr(text, "{\"event\":\"histogram\"");

	return end ? (size_t)(end - text) : strlen(text);
}

static void stopped(void **state)
{
	size_t incomplete = 0, most = 0;
	struct told told;
	struct heard h;

	(void)state;
	tell_story(&told, NULL, story, &report_json);
	for (size_t size = 0; size < told.tape.size; size++) {
		size_t n;

		play(&h, &told.tape, size, &report_json);
		assert_false(h.result.complete);
		n = lines_before_end(h.text);
		assert_true(n <= lines_before_end(told.text));
		assert_memory_equal(h.text, told.text, n);
		most = n > most ? n : most;
		if (h.result.traced) {
			incomplete++;
			assert_int_equal(h.result.reading, READING_END);
			assert_non_null(strstr(h.text, "\"incomplete\":true"));
		} else {
			assert_int_equal(h.size, 0);
		}
		heard_free(&h);
	}
	assert_true(incomplete > 100);
	assert_int_equal(most, lines_before_end(told.text));
	assert_null(strstr(told.text, "incomplete"));
	told_free(&told);
}

/* Every byte changed; the checksums are only there to say so sooner. */
static void flipped(void **state)
{
	struct told told;
	struct heard h;

	(void)state;
	tell_story(&told, NULL, story, &report_json);
	for (size_t i = 0; i < told.tape.size; i++) {
		size_t n;

		told.tape.data[i] ^= 0x55;
		play(&h, &told.tape, told.tape.size, &report_json);
		told.tape.data[i] ^= 0x55;
		assert_true(h.result.reading != READING_END);
		assert_true(*h.problem);
		n = lines_before_end(h.text);
		assert_true(n <= lines_before_end(told.text));
		assert_memory_equal(h.text, told.text, n);
		heard_free(&h);
	}
	told_free(&told);
}

/* A recording of these items, played. */
static void play_items(struct heard *h, const struct item *items, size_t count)
{
	struct recorder *r;
	struct tape tape;

	tape__open(&tape);
	assert_int_equal(recorder__open(&r, tape.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	for (size_t i = 0; i < count; i++)
		recorder__write(r, &items[i]);
	assert_int_equal(recorder__close(r), 0);
	tape__read(&tape);
	play(h, &tape, tape.size, &report_json);
	tape__close(&tape);
}

#define HEADER                                                           \
	{                                                                \
		.type = ITEM_HEADER, .header = { "1", "6.12", "x86_64" } \
	}
#define CONFIG                                                            \
	{                                                                 \
		.type = ITEM_CONFIG, .config = { 1000000000, 5000000000 } \
	}
#define FUNC                                                      \
	{                                                         \
		.type = ITEM_FUNCTION, .function = { "f", "nfc" } \
	}

static void lies(void **state)
{
	static const struct {
		const char *what;
		struct item items[5];
		bool fine;
	} cases[] = {
		{ "nothing wrong",
		  { HEADER,
		    CONFIG,
		    FUNC,
		    { .type = ITEM_ROLE, .role = { 1, ROLE_SUBMIT } },
		    { .type = ITEM_END, .end = { .time = 3000000000 } } },
		  true },
		{ "no header", { CONFIG, { .type = ITEM_TICK } }, false },
		{ "no config", { HEADER, { .type = ITEM_TICK } }, false },
		{ "two headers", { HEADER, HEADER }, false },
		{ "two configs", { HEADER, CONFIG, CONFIG }, false },
		{ "a function that is not there",
		  { HEADER, CONFIG, FUNC, { .type = ITEM_ROLE, .role = { 2, ROLE_SUBMIT } } },
		  false },
		{ "a stack that is not there",
		  { HEADER,
		    CONFIG,
		    { .type = ITEM_ALLOC, .event.alloc = { .addr = 8, .stack = 1 } } },
		  false },
		{ "two starts",
		  { HEADER, CONFIG, { .type = ITEM_START }, { .type = ITEM_START } },
		  false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct heard h;
		size_t n = 0;

		while (n < 5 && cases[i].items[n].type)
			n++;
		play_items(&h, cases[i].items, n);
		if ((h.result.reading == READING_END) != cases[i].fine)
			fail_msg("%s: %s", cases[i].what, h.problem);
		assert_int_equal(h.result.reading == READING_DAMAGED, !cases[i].fine);
		/* What was not traced did not last, either. */
		assert_true(h.result.traced || !h.result.ns);
		heard_free(&h);
	}
}

static void too_much(void **state)
{
	static const enum item_type types[] = { ITEM_FRAME, ITEM_MODULE, ITEM_MISSING };
	static struct item items[2000];

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		struct heard h;

		items[0] = (struct item)HEADER;
		items[1] = (struct item)CONFIG;
		for (size_t i = 2; i < ARRAY_SIZE(items); i++) {
			items[i] = (struct item){ .type = types[t] };
			if (types[t] == ITEM_FRAME)
				items[i].frame.text = "f+0x1/0x2";
			else
				items[i].text.text = "nfc";
		}
		play_items(&h, items, ARRAY_SIZE(items));
		assert_int_equal(h.result.reading, READING_DAMAGED);
		heard_free(&h);
	}
}

static void other_numbers(void **state)
{
	static const struct item judged[] = {
		HEADER,
		CONFIG,
		{ .type = ITEM_START },
		{ .type = ITEM_JUDGE, .look = { .time = 1, .addr = 8, .id = 1 } },
		{ .type = ITEM_END },
	};
	static const struct item counted[] = {
		HEADER,
		CONFIG,
		{ .type = ITEM_START },
		{ .type = ITEM_END, .end = { .allocations = 1 } },
	};
	struct heard h;

	(void)state;
	play_items(&h, judged, ARRAY_SIZE(judged));
	assert_true(h.result.complete && h.result.differs);
	heard_free(&h);
	play_items(&h, counted, ARRAY_SIZE(counted));
	assert_true(h.result.complete && h.result.differs);
	heard_free(&h);
}

/* Garbage that has the form of a recording. */
static void garbage(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (unsigned round = 0; round < 300; round++) {
		struct item items[400] = { HEADER, CONFIG, FUNC, { .type = ITEM_START } };
		struct heard h;
		size_t n = 4;

		while (n < ARRAY_SIZE(items)) {
			struct item *i = &items[n++];

			i->type = ITEM_ALLOC + next_random(&seed) % (NR_ITEMS - ITEM_ALLOC);
			if (i->type > ITEM_ABORTED && i->type < ITEM_JUDGE)
				i->type = ITEM_TICK;
			/* Small numbers, so that they mean each other. */
			for (size_t k = 8; k + 8 <= 56; k += 8)
				*(uint64_t *)((char *)i + k) = next_random(&seed) % 6;
			if (i->type >= ITEM_ALLOC && i->type <= ITEM_ABORTED) {
				i->event.irq = next_random(&seed) % 16 == 0;
				i->event.time = n * 50000000ULL;
				if (i->type == ITEM_ALLOC) {
					i->event.alloc.stack = 0;
					i->event.alloc.caller = next_random(&seed) % 2;
					i->event.alloc.kind = next_random(&seed) % 2;
				} else if (i->type == ITEM_SUBMIT) {
					i->event.submit.callback = next_random(&seed) % 2;
					i->event.submit.function = next_random(&seed) % 2;
					i->event.submit.anonymous = next_random(&seed) % 2;
					i->event.submit.on_stack = next_random(&seed) % 2;
				} else if (i->type == ITEM_FREE) {
					i->event.free.caller = next_random(&seed) % 2;
					i->event.free.healed = false;
				} else if (i->type == ITEM_CALLBACK) {
					i->event.callback.callback = next_random(&seed) % 2;
				} else if (i->type == ITEM_ENTER || i->type == ITEM_LEAVE) {
					i->event.frame.function = next_random(&seed) % 2;
					i->event.frame.outermost = false;
				}
			} else if (i->type == ITEM_LIVE) {
				i->live.skb = false;
				i->live.caller = 0;
			} else if (i->type == ITEM_JUDGE || i->type == ITEM_SEARCHED) {
				i->look.time = n * 50000000ULL;
				i->look.verdict = (uint8_t)(next_random(&seed) % 5);
			}
		}
		play_items(&h, items, n);
		assert_int_equal(h.result.reading, READING_END);
		assert_true(h.result.traced && !h.result.complete);
		heard_free(&h);
	}
}

static const struct CMUnitTest playback[] = {
	TEST("playback: of every story the ledger says the same, and counts the same",
	     same_findings),
	TEST("playback: of every story JSON is the same, byte for byte", same_json),
	TEST("playback: of every story the text is the same", same_text),
	TEST("playback: taps hear the same", same_taps),
	TEST("playback: cut at every byte it tells what came before, and says so", stopped),
	TEST("playback: changed in any byte it tells nothing else", flipped),
	TEST("playback: what cannot be is refused", lies),
	TEST("playback: lists have a limit", too_much),
	TEST("playback: says when it ends up with other numbers", other_numbers),
	TEST("playback: garbage in good form", garbage),
};

UNIT_MAIN(playback)
