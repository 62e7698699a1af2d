// SPDX-License-Identifier: GPL-2.0-only
/*
 * Torture: the N-th request for memory fails, for every N.
 *
 * The tracer runs for months on machines that are short of memory.  It may lose
 * an event then, must set itself right from the book afterwards, must not
 * accuse anybody for it, and must neither crash nor leak.
 */
#include "unit/unit.h"

#include <errno.h>
#include <glob.h>
#include <jansson.h>
#include <sanitizer/lsan_interface.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "hooks/subsystem.h"
#include "kernel/builtin.h"
#include "kernel/kallsyms.h"
#include "record/playback.h"
#include "replay/script.h"
#include "report/filter.h"
#include "report/model.h"
#include "report/report.h"
#include "scan/reach.h"
#include "serve/kept.h"
#include "serve/line.h"
#include "serve/server.h"
#include "top/snapshot.h"
#include "top/view.h"
#include "trace/decode.h"
#include "unit/fake.h"
#include "unit/tape.h"

#define REPLAYS "tests/replay/*.replay"

/* Thousands of runs: what they freed need not be kept for long. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=8";
}

/* ---- failing ---- */

static bool armed, from_then_on;
static bool busy, jumped_out;	     /* a test that failed has left its memory behind */
static unsigned long calls, fail_at; /* 0: never */

static bool fails(void)
{
	if (!armed)
		return false;
	calls++;
	if (!fail_at || calls < fail_at || (calls > fail_at && !from_then_on))
		return false;
	errno = ENOMEM;
	return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
char *__real_strndup(const char *s, size_t n);
FILE *__real_open_memstream(char **text, size_t *size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_asprintf(char **text, const char *format, ...);
FILE *__wrap_open_memstream(char **text, size_t *size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size)
{
	return fails() ? NULL : __real_realloc(p, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
	return fails() ? NULL : __real_strdup(s);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

/* Upon failure the pointer is undefined: make it a bad one. */
int __wrap_asprintf(char **text, const char *format, ...)
{
	va_list args;
	int n;

	*text = (char *)0x5a5a;
	if (fails())
		return -1;
	va_start(args, format);
	n = vasprintf(text, format, args);
	va_end(args);
	return n;
}

FILE *__wrap_open_memstream(char **text, size_t *size)
{
	return fails() ? NULL : __real_open_memstream(text, size);
}

static void arm(bool on)
{
	armed = on;
}

/*
 * Runs it once to count, then with every call failing alone, then with every
 * call and all after it failing.
 */
static void torture(void (*run)(void *ctx), void *ctx)
{
	unsigned long total;

	calls = fail_at = 0;
	from_then_on = false;
	busy = true;
	run(ctx);
	arm(false);
	total = calls;
	assert_true(total > 0);
	for (int mode = 0; mode < 2; mode++) {
		for (unsigned long n = 1; n <= total; n++) {
			calls = 0;
			fail_at = n;
			from_then_on = mode;
			run(ctx);
			arm(false);
		}
	}
	fail_at = 0;
	if (!jumped_out)
		assert_int_equal(__lsan_do_recoverable_leak_check(), 0);
	busy = false;
}

/* ---- the ledger ---- */

#define SAID_MAX 64

struct replayed {
	struct script *script;
	uint64_t accused[SAID_MAX]; /* without failures */
	size_t nr_accused;
	unsigned long runs;
};

static bool listed(const struct replayed *r, uint64_t addr)
{
	for (size_t i = 0; i < r->nr_accused; i++)
		if (r->accused[i] == addr)
			return true;
	return false;
}

static void replay(void *ctx)
{
	struct player p = { .arm = arm };
	struct replayed *r = ctx;
	const struct ledger_stats *s;
	int err = script__run(r->script, &p, NULL);

	r->runs++;
	if (err) {
		assert_true(fail_at);
		player__stop(&p);
		return;
	}
	assert_false(p.endless);
	if (!fail_at) {
		for (size_t i = 0; i < p.nr_said; i++)
			r->accused[r->nr_accused++] = p.said[i].addr;
		assert_true(r->nr_accused <= SAID_MAX);
	} else {
		/* Memory is there again: the book sets it right. */
		fail_at = 0;
		player__advance(&p, p.now + SECOND_NS);
		assert_false(p.lost);
		s = ledger__stats(p.ledger);
		/* What a look found free stays in the kernel's book. */
		if (s->outstanding != p.nr_book && !s->missed_frees_healed)
			fail_msg("%s: %llu outstanding, %zu in the book", script__title(r->script),
				 (unsigned long long)s->outstanding, p.nr_book);
		for (size_t i = 0; i < p.nr_said; i++)
			if (!listed(r, p.said[i].addr))
				fail_msg("%s: an innocent is accused", script__title(r->script));
	}
	player__stop(&p);
}

static void every_replay(void **state)
{
	unsigned long runs = 0;
	glob_t g;

	(void)state;
	if (glob(REPLAYS, 0, NULL, &g))
		fail_msg("cannot run here: no " REPLAYS " in the working directory");
	for (size_t i = 0; i < g.gl_pathc; i++) {
		struct replayed r = { .script = script__read(g.gl_pathv[i], stdout) };

		assert_non_null(r.script);
		torture(replay, &r);
		runs += r.runs;
		script__free(r.script);
	}
	print_message("# %zu recordings, %lu runs\n", g.gl_pathc, runs);
	globfree(&g);
}

static void nothing_to_begin_with(void **state)
{
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };

	(void)state;
	calls = 0;
	fail_at = 1;
	arm(true);
	assert_null(ledger__new(&config, &ops, NULL));
	arm(false);
	ledger__free(NULL);
}

/* ---- names ---- */

static struct fake_kernel kernel = { .symbols = fake__nfc };

static void use_names(void *ctx)
{
	static const struct skb_sizes sizes = { .skb = 232, .overhead = 320, .alignment = 64 };
	const uint64_t addrs[] = { FAKE_ALLOC_SKB + 1, FAKE_SKB_ALLOC + 1, FAKE_SDD_REQ + 1 };
	struct nlb_alloc record = { .h = { .type = NLB_ALLOC },
				    .stack_size = 24,
				    .site = FAKE_LISTEN_NFCF + 1,
				    .stack = { FAKE_LISTEN_NFCF + 1, FAKE_WQ_POLL + 1 } };
	struct names *n;
	struct event e;

	(void)ctx;
	arm(true);
	n = names__new(fake__resolve, &kernel);
	if (!n)
		return;
	for (unsigned round = 0; round < 2; round++) {
		uint32_t function, stack;

		names__trace_module(n, "nfc_digital");
		names__wrapper(n, "digital_skb_alloc");
		function = names__function(n, FAKE_SEND_CMD);
		if (function)
			assert_string_equal(names__text(n, function), "digital_send_cmd");
		stack = names__stack(n, addrs, 3, 0);
		if (stack) {
			assert_int_equal(names__stack_at(n, stack)->depth, 3);
			for (size_t i = 0; i < 3; i++)
				assert_non_null(names__stack_at(n, stack)->frames[i].text);
		}
		assert_int_equal(decode(&record, sizeof(record), NULL, &sizes, n, &e),
				 DECODED_EVENT);
		if (e.alloc.stack)
			assert_int_equal(names__stack_at(n, e.alloc.stack)->depth, 2);
		names__modules_changed(n);
	}
	for (unsigned i = 0; i < 100; i++) {
		char name[16];
		uint32_t number;

		snprintf(name, sizeof(name), "f%u", i);
		number = names__intern(n, name, i % 2 ? "m" : NULL);
		if (number)
			assert_string_equal(names__text(n, number), name);
	}
	arm(false);
	/* Memory is there again: everything can be known. */
	assert_int_not_equal(names__function(n, FAKE_SEND_CMD), 0);
	assert_int_not_equal(names__stack(n, addrs, 3, 0), 0);
	names__free(n);
}

static void all_names(void **state)
{
	(void)state;
	torture(use_names, NULL);
}

/* ---- reports ---- */

static void check_lines(char *text, const struct report_format *format)
{
	char *save = NULL;

	if (format != &report_json)
		return;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		json_error_t error;
		json_t *o = json_loads(l, JSON_REJECT_DUPLICATES, &error);

		if (!o)
			fail_msg("call %lu fails: %s in %s", fail_at, error.text, l);
		json_decref(o);
	}
}

static void use_report(void *ctx)
{
	const struct report_format *format = ctx;
	static const char *const modules[] = { "nfc", "nfc_digital" };
	struct report_start start = { .kernel = "6.1",
				      .modules = modules,
				      .nr_modules = 2,
				      .missing = modules,
				      .nr_missing = 2 };
	struct stack_frame frames[] = {
		{ .text = "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]" }
	};
	struct stack stack = { .depth = 1, .frames = frames };
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct ledger *ledger = ledger__new(&config, &ops, NULL);
	struct report_end end = { .ledger = ledger };
	struct allocation a = { .addr = 0xffff888000001000,
				.size = 8,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a,
				 .stack = &stack,
				 .function = "digital_tg_listen_nfcf",
				 .callback = "digital_tg_recv_sensf_req",
				 .command = "TG_LISTEN",
				 .was = CERTAINTY_PROBABLE,
				 .nr_bytes = 8 };
	struct histogram h = { .allocations = 1, .size_log2 = { 0, 0, 0, 1 } };
	char *text = NULL;
	size_t size = 0;
	FILE *out = __real_open_memstream(&text, &size);
	struct report *r;

	arm(true);
	r = format->open(out, NULL, false);
	if (r) {
		format->start(r, &start);
		for (enum rule rule = RULE_CALLBACK_KEPT; rule <= RULE_UNREFERENCED; rule++) {
			a.rule = rule;
			format->leak(r, &l);
			format->leak(r, &l);
			l.now += 2000000000;
			format->tick(r, l.now);
			a.certainty = CERTAINTY_DEFINITE;
			format->update(r, &l);
			format->retracted(r, &l);
			a.certainty = CERTAINTY_PROBABLE;
		}
		format->warning(r, "growth", "more and more");
		format->histogram(r, &h, "digital_tg_recv_sensf_req");
		format->end(r, &end);
		format->close(r);
	}
	arm(false);
	fclose(out);
	check_lines(text, format);
	free(text);
	ledger__free(ledger);
}

static void text_report(void **state)
{
	(void)state;
	torture(use_report, (void *)&report_text);
}

static void json_report(void **state)
{
	(void)state;
	json_set_alloc_funcs(__wrap_malloc, free);
	torture(use_report, (void *)&report_json);
}

static void use_suppressions(void *ctx)
{
	static const char text[] = "leak:^digital_old$\nleak:recv_sensf\n";
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct ledger *ledger = ledger__new(&config, &ops, NULL);
	struct report_end end = { .ledger = ledger };
	struct allocation a = { .id = 1, .size = 8, .rule = RULE_CALLBACK_KEPT };
	struct report_leak l = { .a = &a, .was = CERTAINTY_PROBABLE };
	char *out = NULL, error[SUPPRESSIONS_ERROR];
	size_t size = 0;
	FILE *f = __real_open_memstream(&out, &size);
	struct suppressions *s;
	struct report *r;
	int err = -ENOMEM;

	arm(true);
	s = suppressions__new();
	if (s)
		err = suppressions__parse(s, "known.supp", text, sizeof(text) - 1, error);
	r = s ? filter__open(ctx, ((const struct report_format *)ctx)->open(f, NULL, false), s,
			     true)
	      : NULL;
	for (; r && a.id < 4; a.id++) {
		a.carrier.callback = (uint32_t)a.id / 2;
		a.certainty = CERTAINTY_PROBABLE;
		l.function = a.id == 3 ? "digital_old" : "digital_new";
		l.callback = a.id == 2 ? "digital_tg_recv_sensf_req" : NULL;
		report_filtered.leak(r, &l);
		a.certainty = CERTAINTY_DEFINITE;
		report_filtered.update(r, &l);
		if (a.id != 1)
			report_filtered.retracted(r, &l);
	}
	if (r) {
		report_filtered.end(r, &end);
		report_filtered.close(r);
	}
	arm(false);
	assert_true(err == 0 || err == -ENOMEM);
	if (!fail_at)
		assert_int_equal(err, 0);
	suppressions__free(s);
	fclose(f);
	check_lines(out, ctx);
	free(out);
	ledger__free(ledger);
}

static void suppressions(void **state)
{
	(void)state;
	torture(use_suppressions, (void *)&report_text);
}

static void tapped(struct report *r, struct ledger *l, struct event *e)
{
	e->time += 1000000;
	arm(true);
	model__before(r, l, e);
	arm(false);
	assert_int_equal(ledger__event(l, e), 0);
	arm(true);
	model__after(r, l, e);
	arm(false);
}

/* The taps of a model: what is missed is known to be. */
static void use_taps(void *ctx)
{
	const struct report_format *format = ctx;
	const uint64_t addrs[] = { FAKE_SDD_REQ + 1, FAKE_WQ_POLL + 1 };
	struct names *n = names__new(fake__resolve, &kernel);
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct ledger *l = ledger__new(&config, &ops, NULL);
	struct report_end end = { .ledger = l, .seconds = 1 };
	char *text = NULL;
	size_t size = 0;
	FILE *out = __real_open_memstream(&text, &size);
	struct report *r;
	int status;

	arm(true);
	r = format->open(out, n, false);
	arm(false);
	for (unsigned i = 0; r && i < 10; i++) {
		struct event e = { .type = EVENT_ALLOC, .time = 1000000000ULL * (i + 1) };

		e.alloc.addr = 0xffff888000001000 + 64ULL * (i % 7); /* some without a free */
		e.alloc.size = 8 + i;
		e.alloc.caller = names__function(n, FAKE_SDD_REQ);
		e.alloc.stack = names__stack(n, addrs, 2, 0);
		tapped(r, l, &e);
		if (i % 3)
			continue;
		e = (struct event){ .type = EVENT_FREE, .time = e.time };
		e.free.addr = 0xffff888000001000 + 64ULL * (i % 7);
		tapped(r, l, &e);
	}
	if (r) {
		arm(true);
		format->end(r, &end);
		arm(false);
		status = model__status(r);
		if (fail_at)
			assert_true(status == 0 || status == -ENOMEM);
		else
			assert_int_equal(status, 0);
		format->close(r);
	}
	fclose(out);
	free(text);
	ledger__free(l);
	names__free(n);
}

static void model_reports(void **state)
{
	static const struct report_format *const formats[] = { &report_kmemleak, &report_html,
							       &report_pprof, &report_folded,
							       &report_perfetto };

	(void)state;
	json_set_alloc_funcs(__wrap_malloc, free);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		torture(use_report, (void *)formats[i]);
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		torture(use_taps, (void *)formats[i]);
}

/* ---- the full screen, without one ---- */

static void use_view(void *ctx)
{
	static const char *const modules[] = { "nfc", "nfc_digital" };
	static const uint32_t keys[] = { 'j', VIEW_KEY_ENTER, '?', 'q', 'q' };
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct names *names = names__new(NULL, NULL);
	struct ledger *ledger = ledger__new(&config, &ops, NULL);
	struct event alloc = { .type = EVENT_ALLOC, .time = 1 };
	struct in_flight flight = { 0 };
	struct report_command command = { .command = &flight, .type = "TG_LISTEN" };
	struct front_now now = { .time = 1,
				 .tracing = true,
				 .modules = modules,
				 .nr_modules = 2,
				 .commands = &command,
				 .nr_commands = 1,
				 .sum = { .ledger = ledger } };
	struct report_start start = { .kernel = "6.1", .missing = modules, .nr_missing = 2 };
	struct allocation a = { .size = 8,
				.rule = RULE_CALLBACK_KEPT,
				.certainty = CERTAINTY_PROBABLE,
				.carrier = { .callback = 7 } };
	struct report_leak l = { .a = &a, .command = "TG_LISTEN", .was = CERTAINTY_PROBABLE };
	struct canvas canvas = { 0 };
	struct collector *c;
	struct view *v;

	(void)ctx;
	alloc.alloc.addr = 0xffff888000001000;
	alloc.alloc.size = 8;
	assert_int_equal(ledger__event(ledger, &alloc), 0);
	arm(true);
	c = collector__new(names);
	v = view__new();
	for (int i = 0; c && v && i < 3; i++) {
		now.time += SECOND_NS;
		collector__start(c, &start);
		a.stack = (uint32_t)i;
		collector__leak(c, &l);
		collector__update(c, &l);
		collector__retracted(c, &l);
		collector__message(c, "a message");
		collector__tick(c, &now);
		collector__take(c, &now);
		canvas__resize(&canvas, 150, 20 + i);
		for (size_t k = 0; k < sizeof(keys) / sizeof(*keys); k++) {
			view__draw(v, collector__snapshot(c), &canvas);
			view__key(v, collector__snapshot(c), keys[k]);
		}
	}
	canvas__free(&canvas);
	view__free(v);
	collector__free(c);
	arm(false);
	ledger__free(ledger);
	names__free(names);
}

static void full_screen(void **state)
{
	(void)state;
	torture(use_view, NULL);
}

/* ---- the rest ---- */

static void use_modules(void *ctx)
{
	struct modules m;
	int err;

	arm(true);
	err = modules__parse(&m, ctx);
	arm(false);
	assert_true(err == 0 || err == -ENOMEM);
	if (!fail_at)
		assert_int_equal(err, 0);
	if (err)
		assert_int_equal(m.count, 0);
	modules__free(&m);
}

static void modules_file(void **state)
{
	FILE *f = tmpfile();
	char path[64];

	(void)state;
	assert_non_null(f);
	for (unsigned i = 0; i < 20; i++)
		fprintf(f, "module_%u 4096 0 - Live 0xffffffffc000%u000\n", i, i % 10);
	fflush(f);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	torture(use_modules, path);
	fclose(f);
}

static void use_builtins(void *ctx)
{
	struct modules m = { 0 };
	struct builtins b;
	int err;

	arm(true);
	err = builtins__find(&b, subsystem__parts(), ctx);
	if (!err)
		err = builtins__list(&b, &m);
	arm(false);
	assert_true(err == 0 || err == -ENOMEM);
	if (!fail_at)
		assert_int_equal(m.count, 2);
	modules__free(&m);
	builtins__free(&b);
}

static void built_in(void **state)
{
	FILE *f = tmpfile();
	struct kallsyms *k;
	char path[64];

	(void)state;
	assert_non_null(f);
	fputs("ffffffff81000000 T _stext\nffffffff81000100 T nfc_dev_up\n"
	      "ffffffff81000200 T digital_send_cmd\nffffffff81000300 T _etext\n",
	      f);
	fflush(f);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	assert_int_equal(kallsyms__parse(&k, path), 0);
	fclose(f);
	torture(use_builtins, k);
	kallsyms__close(k);
}

static void use_reach(void *ctx)
{
	struct reach_object objects[600] = { 0 };
	struct reach *r;
	bool lost = false;

	(void)ctx;
	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		objects[i].addr = 0xffff888000000000 + i * 64;
		objects[i].size = 64;
	}
	arm(true);
	r = reach__new(objects, ARRAY_SIZE(objects));
	if (!r)
		return;
	reach__root(r, &objects[0], false);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(objects); i++)
		lost |= reach__edge(r, &objects[i], &objects[i + 1]) != 0;
	reach__finish(r);
	arm(false);
	/* Nobody may be accused for want of memory, unless the caller was told. */
	for (size_t i = 0; !lost && i < ARRAY_SIZE(objects); i++)
		assert_true(objects[i].reachable);
	reach__free(r);
}

static void graph(void **state)
{
	(void)state;
	torture(use_reach, NULL);
}

/* ---- recordings ---- */

static const char recorded[] = "# a recording\n"
			       "config search=unreferenced\n"
			       "0.001 alloc tid=1 addr=a size=8 in=digital_tg_listen_nfcf\n"
			       "0.002 lost free tid=1 addr=b\n"
			       "0.003 unload nfc_digital\n"
			       "tick 8\n"
			       "finish\n"
			       "expect leak addr=a\n";

/* Records a story; only what records may fail. */
static void use_recorder(void *ctx)
{
	struct script *s = script__parse("recorded", recorded, stdout);
	struct player p = { 0 };
	struct tape *tape = ctx;
	int err;

	arm(true);
	err = recorder__open(&p.recorder, tape->path);
	if (!err)
		err = recorder__begin(p.recorder);
	arm(false);
	assert_true(err == 0 || (err == -ENOMEM && fail_at));
	assert_int_equal(script__run(s, &p, stdout), 0);
	session__end(p.session, p.now, false);
	assert_int_equal(recorder__close(p.recorder), 0);
	player__stop(&p);
	script__free(s);
}

static void use_recording(void *ctx)
{
	const struct tape *tape = ctx;
	FILE *in = tape__stream(tape, tape->size), *out = fopen("/dev/null", "we");
	struct playback_result result = { .reading = READING_FAILED };
	struct report *report = NULL;
	struct playback *p = NULL;
	struct reader *r;

	arm(true);
	r = reader__new(in);
	if (r)
		p = playback__new(r);
	if (p)
		report = report_text.open(out, playback__names(p), false);
	if (report && !playback__set_format(p, &report_text, report))
		playback__run(p, &result);
	if (!fail_at)
		assert_true(result.complete && !result.differs);
	playback__free(p);
	reader__free(r);
	arm(false);
	fclose(in);
	fclose(out);
}

static void recordings(void **state)
{
	struct tape tape;

	(void)state;
	tape__open(&tape);
	torture(use_recorder, &tape);
	use_recorder(&tape);
	tape__read(&tape);
	torture(use_recording, &tape);
	tape__close(&tape);
}

/* ---- the control socket ---- */

static void answer_much(void *ctx, struct request *r, const char *argument)
{
	struct kept_finding f = { .id = 1 };
	bool fits = true;

	for (; f.id < 100 && fits; f.id++) {
		fits = !kept__add(ctx, &f) && !kept__clear(ctx, f.id + 1);
		fits = fits && request__write(r, argument, strlen(argument));
	}
	if (fits)
		request__ok(r, NULL);
	else
		request__error(r, "out of memory");
}

static void use_server(void *ctx)
{
	static const char text[] = "show 0123456789012345678901234567890123456789012345678901234\n";
	struct verb verbs[] = { { "show", answer_much }, { NULL, NULL } };
	struct server_config config = { .path = ctx, .verbs = verbs };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct status_line status = { 0 };
	struct server *s = NULL;
	struct kept *k;
	char buf[8192], *end;
	ssize_t n;
	int fd;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", (char *)ctx);
	arm(true);
	k = kept__new();
	config.ctx = k;
	if (k && !server__new(&s, &config)) {
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
		server__work(s, 1000000000);
		n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
		arm(false);
		/* All of the answer, or that there is none. */
		assert_true(n > 0);
		end = memchr(buf, '\n', (size_t)n);
		assert_non_null(end);
		assert_int_equal(line__status(buf, (size_t)(end - buf), &status), 0);
		assert_int_equal(end + 1 + status.length - buf, n);
		close(fd);
	}
	arm(false);
	server__free(s);
	kept__free(k);
}

static void control_socket(void **state)
{
	char dir[] = "/tmp/nfcleakbpf-torture.XXXXXX", path[64];

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/sock", dir);
	torture(use_server, path);
	assert_int_equal(rmdir(dir), 0);
}

static int disarm(void **state)
{
	(void)state;
	arm(false);
	fail_at = 0;
	jumped_out |= busy;
	return 0;
}

#define CASE(description, function) TEST_IN("torture: " description, function, disarm, disarm)

static const struct CMUnitTest torture_tests[] = {
	CASE("the ledger, with every recording", every_replay),
	CASE("no ledger at all", nothing_to_begin_with),
	CASE("names and records", all_names),
	CASE("the text report", text_report),
	CASE("suppressions", suppressions),
	CASE("the full-screen view", full_screen),
	CASE("the list of modules", modules_file),
	CASE("what is built into the kernel", built_in),
	CASE("the graph of references", graph),
	CASE("recordings, written and played", recordings),
	CASE("the JSON report", json_report),
	CASE("reports made from a model", model_reports),
	CASE("the control socket", control_socket),
};

UNIT_MAIN(torture_tests)
