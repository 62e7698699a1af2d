// SPDX-License-Identifier: GPL-2.0-only
/*
 * A recording can be small and ask for a lot.  Whatever it is that it wants remembered,
 * it is stopped at the limit, and what had been taken by then, the report's end
 * included, is what the limit says: the sanitizer's allocator is asked.  A large
 * and honest one is not stopped.
 */
#include "unit/unit.h"

#include "record/playback.h"
#include "record/reader.h"
#include "record/recorder.h"
#include "report/diff.h"
#include "report/filter.h"
#include "report/model.h"
#include "report/veil.h"
#include "unit/tape.h"

#define MIB	1048576ULL
#define SLAB	0xffff888100000000ULL
#define LARGE	4000 /* a text */
#define FOREVER 1000000000ULL

/* ---- what is taken ---- */

/* Of the sanitizer's sanitizer/allocator_interface.h, which gcc does not come with. */
size_t __sanitizer_get_allocated_size(const volatile void *p);
int __sanitizer_install_malloc_and_free_hooks(void (*malloc_hook)(const volatile void *, size_t),
					      void (*free_hook)(const volatile void *));

static int64_t taken, most;

static void on_malloc(const volatile void *p, size_t size)
{
	(void)p;
	(void)size;
	taken += (int64_t)__sanitizer_get_allocated_size(p);
	most = taken > most ? taken : most;
}

static void on_free(const volatile void *p)
{
	if (p)
		taken -= (int64_t)__sanitizer_get_allocated_size(p);
}

static int setup(void **state)
{
	(void)state;
	return !__sanitizer_install_malloc_and_free_hooks(on_malloc, on_free);
}

/* ---- recordings ---- */

static struct recorder *recorder;

static void put(const struct item *item)
{
	recorder__write(recorder, item);
}

/* A text of that length which no other number has. */
static const char *text(uint64_t i, size_t length)
{
	static char buf[2][LARGE + 32];
	static unsigned which;
	char *t = buf[which++ % 2];
	int n = snprintf(t, sizeof(buf[0]), "f%llu", (unsigned long long)i);

	memset(t + n, 'x', length);
	t[(size_t)n > length ? (size_t)n : length] = '\0';
	return t;
}

static void put_function(uint64_t i, size_t length)
{
	put(&(struct item){ .type = ITEM_FUNCTION, .function = { text(i, length), "nfc" } });
}

static void put_alloc(uint64_t i, uint32_t caller, uint32_t stack)
{
	struct item item = { .type = ITEM_ALLOC, .event = { .type = EVENT_ALLOC } };

	item.event.time = i;
	item.event.alloc.addr = SLAB + 64 * i;
	item.event.alloc.size = 8;
	item.event.alloc.caller = caller;
	item.event.alloc.stack = stack;
	put(&item);
}

static void put_submit(uint64_t i, uint64_t argument, uint32_t tid, uint32_t callback)
{
	struct item item = { .type = ITEM_SUBMIT, .event = { .type = EVENT_SUBMIT } };

	item.event.time = i;
	item.event.tid = tid;
	item.event.submit.argument = argument;
	item.event.submit.callback = callback;
	put(&item);
}

static void put_stack(uint64_t i, unsigned depth, size_t length)
{
	for (unsigned k = 0; k < depth; k++)
		put(&(struct item){ .type = ITEM_FRAME,
				    .frame = { SLAB, 0, 0, k && !length ? "" : text(i, length) } });
	put(&(struct item){ .type = ITEM_STACK });
}

/* They belonged to something that is gone, and are found to be leaked; ids are from 1. */
static void put_leaks(uint64_t first, uint64_t count)
{
	for (uint64_t i = first; i < first + count; i++)
		put(&(struct item){ .type = ITEM_OWNED, .owned.id = i + 1 });
	put(&(struct item){ .type = ITEM_OWNER_GONE, .tick.time = first + count });
	for (uint64_t i = first; i < first + count; i++)
		put(&(struct item){
			.type = ITEM_JUDGE,
			.look = { .time = first + count, .addr = SLAB + 64 * i, .id = i + 1 } });
}

static void functions(uint64_t i)
{
	put_function(i, 1);
}

static void large_functions(uint64_t i)
{
	put_function(i, LARGE);
}

static void stacks(uint64_t i)
{
	put_stack(i, 3, 1);
}

static void deep_stacks(uint64_t i)
{
	put_stack(i, 256, 0);
}

static void large_stacks(uint64_t i)
{
	put_stack(i, 256, LARGE);
}

static void devices(uint64_t i)
{
	put(&(struct item){ .type = ITEM_DEVICE, .device = { SLAB + 64 * i, "nfc0" } });
}

static void large_devices(uint64_t i)
{
	put(&(struct item){ .type = ITEM_DEVICE, .device = { SLAB + 64 * i, text(i, LARGE) } });
}

static void commands(uint64_t i)
{
	if (i % 256 == 0)
		put_function(i, 1);
	put(&(struct item){ .type = ITEM_COMMAND,
			    .command = { (uint32_t)(i / 256 + 1), (uint8_t)i, text(i, 500) } });
}

static void allocations(uint64_t i)
{
	put_alloc(i, 0, 0);
}

/* Each the only one with its stack and role. */
static void strangers(uint64_t i)
{
	put_function(i, 1);
	put_stack(i, 1, 1);
	put_alloc(i, (uint32_t)i + 1, (uint32_t)i + 1);
}

static void frees(uint64_t i)
{
	struct item item = { .type = ITEM_FREE, .event = { .type = EVENT_FREE } };

	put_function(i, 1);
	put_alloc(i, (uint32_t)i + 1, 0);
	item.event.free.addr = SLAB + 64 * i;
	put(&item);
}

static void tasks(uint64_t i)
{
	struct item item = { .type = ITEM_ENTER, .event = { .type = EVENT_ENTER } };

	item.event.tid = (uint32_t)i;
	put(&item);
}

static void in_flight(uint64_t i)
{
	put_submit(i, 0, (uint32_t)i, 0);
}

static void callbacks(uint64_t i)
{
	put_function(i, 1);
	put_alloc(i, 0, 0);
	put_submit(i, SLAB + 64 * i, 1, (uint32_t)i + 1);
}

static void book(uint64_t i)
{
	put(&(struct item){ .type = ITEM_LIVE, .live = { .addr = SLAB + 64 * i, .born = i } });
}

static void owned(uint64_t i)
{
	put(&(struct item){ .type = ITEM_OWNED, .owned.id = i });
}

static void contents(uint64_t i)
{
	put(&(struct item){ .type = ITEM_BYTES, .bytes = { i, { 8, "contents" } } });
}

static void leaks(uint64_t i)
{
	put_alloc(i, 0, 0);
	/* Who owns what is asked of all that lives. */
	if (i % 256 == 255)
		put_leaks(i - 255, 256);
}

/* Reported and taken back: nothing of it lives, and a page has it in its lists. */
static void false_alarms(uint64_t i)
{
	struct item item = { .type = ITEM_FREE, .event = { .type = EVENT_FREE } };

	put_alloc(i, 0, 0);
	put_leaks(i, 1);
	item.event.free.addr = SLAB + 64 * i;
	put(&item);
}

/* Each of its own, with everything that is said of a site. */
static void sites(uint64_t i)
{
	put_function(i, 200);
	put_stack(i, 32, 100);
	put_alloc(i, (uint32_t)i + 1, (uint32_t)i + 1);
	put_leaks(i, 1);
}

enum which {
	ALL,
	SLOW,  /* a list is searched for each: two formats, and a lower limit, will do */
	PAGES, /* only what is written at the end remembers them */
};

static const struct demand {
	const char *name;
	void (*make)(uint64_t i);
	uint32_t count; /* more than the limit holds */
	enum which which;
} demands[] = {
	{ "functions", functions, 150000, ALL },
	{ "functions with large names", large_functions, 4000, ALL },
	{ "stacks", stacks, 60000, ALL },
	{ "deep stacks", deep_stacks, 1500, ALL },
	{ "stacks of large names", large_stacks, 20, ALL },
	{ "devices", devices, 300000, ALL },
	{ "devices with large names", large_devices, 4000, ALL },
	{ "names of commands", commands, 30000, ALL },
	{ "allocations", allocations, 60000, ALL },
	{ "allocations from everywhere", strangers, 30000, ALL },
	{ "frees of what is from everywhere", frees, 150000, ALL },
	{ "tasks", tasks, 150000, ALL },
	{ "commands in flight", in_flight, 60000, ALL },
	{ "callbacks", callbacks, 12000, SLOW },
	{ "a book", book, 15000, ALL },
	{ "what somebody owned", owned, 300000, ALL },
	{ "contents", contents, 150000, ALL },
	{ "leaks", leaks, 30000, SLOW },
	{ "false alarms", false_alarms, 35000, PAGES },
	{ "sites", sites, 5000, SLOW },
};

static void record(struct tape *tape, const struct demand *demand)
{
	tape__open(tape);
	assert_int_equal(recorder__open(&recorder, tape->path), 0);
	assert_int_equal(recorder__begin(recorder), 0);
	put(&(struct item){ .type = ITEM_HEADER, .header = { "1", "6.12", "x86_64" } });
	put(&(struct item){ .type = ITEM_CONFIG, .config = { 0, FOREVER } });
	put(&(struct item){ .type = ITEM_START });
	for (uint64_t i = 0; i < demand->count; i++)
		demand->make(i);
	assert_int_equal(recorder__close(recorder), 0);
	tape__read(tape);
}

/* ---- reports of them ---- */

static const struct session_taps model_taps = { model__clock, model__before, model__after };

static void no_finding(void *ctx, const struct allocation *a, uint64_t now)
{
	(void)ctx;
	(void)a;
	(void)now;
}

static void no_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)was;
	no_finding(ctx, a, now);
}

static void no_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)w;
	no_finding(ctx, NULL, now);
}

/* As `report` does, with all that it can put in between. */
static enum reading play(const struct tape *tape, const struct report_format *format, uint64_t max,
			 char *problem, size_t size)
{
	static const struct ledger_ops none = { no_finding, no_update, no_finding, no_warning };
	bool collects = format && model__collects(format);
	struct report *below, *own, *filter;
	FILE *in = tape__stream(tape, tape->size), *out = fopen("/dev/null", "we");
	struct playback_result result;
	struct reader *reader;
	struct playback *p;

	most = taken;
	reader = reader__new(in);
	p = playback__new(reader);
	assert_non_null(p);
	playback__set_memory_max(p, max);
	if (format) {
		below = veil__open(&format, out, playback__names(p), false, true, &own);
		filter = filter__open(format, below, NULL, true);
		assert_int_equal(playback__set_format(p, &report_filtered, filter), 0);
		if (collects)
			playback__set_taps(p, &model_taps, own);
	} else {
		playback__set_ops(p, &none, NULL);
	}
	playback__run(p, &result);
	if (!format)
		tally__free(tally__new(session__ledger(playback__session(p)), playback__names(p), 1,
				       true));
	snprintf(problem, size, "%s", result.problem);
	playback__free(p);
	reader__free(reader);
	fclose(in);
	fclose(out);
	return result.reading;
}

static const struct {
	const char *name;
	const struct report_format *format;
} formats[] = {
	{ "text", &report_text },	  { "json", &report_json },
	{ "html", &report_html },	  { "pprof", &report_pprof },
	{ "perfetto", &report_perfetto }, { "folded", &report_folded },
	{ "kmemleak", &report_kmemleak },
};

static void stopped_at_the_limit(void **state)
{
	(void)state;
	for (size_t k = 0; k < ARRAY_SIZE(demands); k++) {
		const uint64_t max = demands[k].which == SLOW ? 8 * MIB : 12 * MIB;
		struct tape tape;

		record(&tape, &demands[k]);
		for (size_t f = 0; f < ARRAY_SIZE(formats); f++) {
			const struct report_format *format = formats[f].format;
			int64_t before = taken;
			char problem[200];

			if (demands[k].which == SLOW && format != &report_text &&
			    format != &report_html)
				continue;
			if (demands[k].which == PAGES && !model__collects(format))
				continue;
			if (play(&tape, format, max, problem, sizeof(problem)) != READING_DAMAGED ||
			    !strstr(problem, "exhaust memory"))
				fail_msg("%s as %s: '%s'", demands[k].name, formats[f].name,
					 problem);
			/* To read takes some as well, and so does zlib. */
			if (most - before > (int64_t)(max + MIB))
				fail_msg("%s as %s: %lld KiB and not %llu", demands[k].name,
					 formats[f].name, (long long)(most - before) / 1024,
					 (unsigned long long)max / 1024);
		}
		tape__close(&tape);
	}
}

/* So many live at one time, or were in the book after a loss, and all of them leaked. */
static void large_and_honest(void **state)
{
	const uint64_t count = 20000, million = 1000000;
	struct tape tape;
	char problem[200];

	(void)state;
	tape__open(&tape);
	assert_int_equal(recorder__open(&recorder, tape.path), 0);
	assert_int_equal(recorder__begin(recorder), 0);
	put(&(struct item){ .type = ITEM_HEADER, .header = { "1", "6.12", "x86_64" } });
	put(&(struct item){ .type = ITEM_CONFIG, .config = { 0, FOREVER } });
	put(&(struct item){ .type = ITEM_START });
	put_function(0, 20);
	put_stack(0, 32, 60);
	for (uint64_t i = 0; i < count / 2; i++)
		put_alloc(i, 1, 1);
	for (uint64_t i = 0; i < count; i++)
		book(i);
	put(&(struct item){ .type = ITEM_RESYNC, .tick.time = count });
	put_leaks(0, count);
	assert_int_equal(recorder__close(recorder), 0);
	tape__read(&tape);
	for (size_t f = 0; f < ARRAY_SIZE(formats); f++)
		if (play(&tape, formats[f].format, PLAYBACK_MEMORY_MAX * count / million, problem,
			 sizeof(problem)) != READING_END)
			fail_msg("%s: %s", formats[f].name, problem);
	tape__close(&tape);
}

/* A comparison keeps what stands, and each name once. */
static void compared(void **state)
{
	static const struct demand demand = { "leaks", sites, 3000, ALL };
	struct tape tape;
	char problem[200];
	int64_t before;

	(void)state;
	record(&tape, &demand);
	before = taken;
	assert_int_equal(play(&tape, NULL, 3 * MIB, problem, sizeof(problem)), READING_DAMAGED);
	assert_true(most - before < (int64_t)(5 * MIB));
	tape__close(&tape);
}

static const struct CMUnitTest memory[] = {
	TEST("memory: whatever a recording asks for, it is stopped at the limit",
	     stopped_at_the_limit),
	TEST("memory: a million leaks in any format are within it", large_and_honest),
	TEST("memory: to compare takes no more", compared),
};

UNIT_MAIN_IN(memory, setup, NULL)
