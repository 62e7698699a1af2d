// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole search, in a pretended kernel's memory: one word at a time is put
 * somewhere, and what the search makes of it is known.
 */
#include "unit/unit.h"

#include <bpf/btf.h>
#include <errno.h>
#include <unistd.h>

#include "scan/search.h"
#include "unit/image.h"

#define KRC	0x5000 /* in each CPU's area */
#define SKBS	0x8fc8 /* likewise, its array across a page's end */
#define PAGE	4096ULL
#define KERNEL	0xffffffff84000000ULL /* .data, then .bss */
#define MODULE	0xffffffffc0000000ULL
#define OTHER	0xffffffffc0100000ULL /* a module that is not traced */
#define OBJECTS 8

/* ---- memory that cannot be had ---- */

static bool armed;
static unsigned allocations, fail_at;

static bool fails(void)
{
	return armed && ++allocations == fail_at;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

/* ---- a small kernel ---- */

struct world {
	struct btf *btf;
	struct search *search;
	struct image_cache small, medium, large;
	uint64_t ours; /* slab of the objects that are asked about, 64 bytes each */
	uint64_t other, big;
	uint64_t idle_stack, stack, thread_stack, last_stack;
	struct reach_object objects[OBJECTS];
	struct region regions[2];
	struct search_stats stats;
	bool sought[OBJECTS];
};

static uint64_t object(const struct world *w, unsigned i)
{
	return image__object(&w->small, w->ours, i);
}

static void start(struct world *w, enum image_layout layout)
{
	memset(w, 0, sizeof(*w));
	image__start(layout);
	image__map(KERNEL, 0x10000);
	image__map(MODULE, 0x2000);
	image__symbol("_sdata", KERNEL);
	image__symbol("_edata", KERNEL + 0x8800);
	image__symbol("__bss_start", KERNEL + 0x9000);
	image__symbol("__bss_stop", KERNEL + 0xa000);
	image__symbol("init_stack", KERNEL + 0x4000);
	image__put(KERNEL + 0xf000, 0x10000);
	image__symbol("pcpu_unit_size", KERNEL + 0xf000);
	image__symbol("entry_stack_storage", 0x3000); /* in each CPU's area */
	image__symbol("krc", KRC);
	image__symbol("napi_alloc_cache", SKBS);
	w->small = (struct image_cache){ .step = 64, .size = 64, .link = 32 };
	w->medium = (struct image_cache){ .step = 192, .size = 192, .link = 96 };
	w->large = (struct image_cache){ .step = 8192, .size = 8192, .link = 4096 };
	image__add_cache(&w->small);
	image__add_cache(&w->medium);
	image__add_cache(&w->large);
	w->ours = image__add_slab(&w->small, 10, 0, 64);
	w->other = image__add_slab(&w->medium, 20, 1, 42);
	w->big = image__add_slab(&w->large, 200, 3, 4);
	w->idle_stack = image__add_task(512);
	w->stack = image__add_task(512);
	w->thread_stack = image__add_thread(512);
	w->last_stack = image__add_task(512);
	w->regions[0] = (struct region){ MODULE, 0x800 };
	w->regions[1] = (struct region){ image__object(&w->medium, w->other, 1), 192 };
	w->btf = image__btf();
	assert_int_equal(search__new(&w->search, NULL, w->btf), 0);
}

static void start_anew(struct world *w)
{
	search__free(w->search);
	assert_int_equal(search__new(&w->search, NULL, w->btf), 0);
}

static void stop(struct world *w)
{
	search__free(w->search);
	btf__free(w->btf);
	image__stop();
}

static int run_limited(struct world *w, uint64_t limit, int cancel)
{
	for (unsigned i = 0; i < OBJECTS; i++)
		w->objects[i] = (struct reach_object){ .addr = object(w, i),
						       .size = 64,
						       .sought = w->sought[i],
						       .ghost = w->objects[i].ghost,
						       .ghost_size = w->objects[i].ghost_size };
	return search__run(w->search, w->objects, OBJECTS, w->regions, 2, limit, &cancel,
			   &w->stats);
}

enum answer {
	LEAKED,
	STALE,
	REACHABLE,
	MARKED, /* and reachable */
};

static enum answer answer(const struct world *w, unsigned i)
{
	const struct reach_object *o = &w->objects[i];

	assert_false(o->stale && o->reachable);
	return o->marked ? MARKED : o->reachable ? REACHABLE : o->stale ? STALE : LEAKED;
}

/* Puts one word there for the time of a search. */
static void check_word(struct world *w, uint64_t at, enum answer wanted)
{
	uint64_t before = image__get(at);

	/* The object's last byte: whatever is inside holds it. */
	image__put(at, object(w, 3) + 63);
	assert_int_equal(run_limited(w, 0, 0), 0);
	if (answer(w, 3) != wanted)
		fail_msg("a word at 0x%llx: %d instead of %d", (unsigned long long)at, answer(w, 3),
			 wanted);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (i != 3 && answer(w, i) != LEAKED)
			fail_msg("a word at 0x%llx: also for object %u", (unsigned long long)at, i);
	image__put(at, before);
}

static void nothing(void **state)
{
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	for (unsigned round = 0; round < 2; round++) {
		assert_int_equal(run_limited(&w, 0, 0), 0);
		for (unsigned i = 0; i < OBJECTS; i++)
			assert_int_equal(answer(&w, i), LEAKED);
		assert_int_equal(w.stats.objects, OBJECTS);
		assert_int_equal(w.stats.slabs, 3);
		/* .data, .bss, two CPUs, three stacks, the regions twice, and three slabs. */
		assert_int_equal(w.stats.bytes, 0x9800 + 2 * 0x10000 + 3 * 512 + 2 * (0x800 + 192) +
							4096 + 42 * 192 + 4 * 8192);
	}
	stop(&w);
}

static void words(enum image_layout layout)
{
	struct world w;

	start(&w, layout);
	/* The kernel's data, first and last word, and what lies between and behind. */
	check_word(&w, KERNEL, REACHABLE);
	check_word(&w, KERNEL + 0x87f8, REACHABLE);
	check_word(&w, KERNEL + 0x8800, LEAKED);
	check_word(&w, KERNEL + 0x9000, REACHABLE);
	check_word(&w, KERNEL + 0x9ff8, REACHABLE);
	check_word(&w, KERNEL + 0xa000, LEAKED);
	/* The boot CPU's idle task's stack lies in there, from 0x4000 to 0x7fff. */
	check_word(&w, KERNEL + 0x3ff8, REACHABLE);
	check_word(&w, KERNEL + 0x4000, LEAKED);
	check_word(&w, KERNEL + 0x7ff8, LEAKED);
	check_word(&w, KERNEL + 0x8000, REACHABLE);
	/* A module's data. */
	check_word(&w, MODULE, MARKED);
	check_word(&w, MODULE + 0x7f8, MARKED);
	check_word(&w, MODULE + 0x800, LEAKED);
	/* Stacks, from their pointer up. */
	check_word(&w, w.stack + IMAGE_STACK - 512, REACHABLE);
	check_word(&w, w.stack + IMAGE_STACK - 8, REACHABLE);
	check_word(&w, w.stack + IMAGE_STACK - 520, LEAKED);
	check_word(&w, w.last_stack + IMAGE_STACK - 8, REACHABLE);
	check_word(&w, w.idle_stack + IMAGE_STACK - 8, LEAKED);
	check_word(&w, w.thread_stack + IMAGE_STACK - 512, REACHABLE);
	check_word(&w, w.thread_stack + IMAGE_STACK - 520, LEAKED);
	/* Per-CPU data but for the stacks there. */
	for (unsigned cpu = 0; cpu < IMAGE_CPUS; cpu++) {
		check_word(&w, image__cpu_area(cpu) + 0x2ff8, REACHABLE);
		check_word(&w, image__cpu_area(cpu) + 0x3000, LEAKED);
		check_word(&w, image__cpu_area(cpu) + 0x4000, REACHABLE);
		check_word(&w, image__cpu_area(cpu) + 0xfff8, REACHABLE);
		/* The array of free skbs. */
		check_word(&w, image__cpu_area(cpu) + SKBS + IMAGE_SKB_CACHE - 8, REACHABLE);
		check_word(&w, image__cpu_area(cpu) + SKBS + IMAGE_SKB_CACHE, LEAKED);
		check_word(&w, image__cpu_area(cpu) + SKBS + 56, LEAKED);
		check_word(&w, image__cpu_area(cpu) + SKBS + 64, REACHABLE);
	}
	/* Other objects: at their ends, across a page's end, in the last of a slab. */
	check_word(&w, image__object(&w.medium, w.other, 0), REACHABLE);
	check_word(&w, image__object(&w.medium, w.other, 21) + 64, REACHABLE); /* 4096 */
	check_word(&w, image__object(&w.medium, w.other, 41) + 184, REACHABLE);
	check_word(&w, image__object(&w.large, w.big, 3) + 8184, REACHABLE);
	check_word(&w, image__object(&w.small, w.ours, 63) + 56, REACHABLE);
	/* A device. */
	check_word(&w, image__object(&w.medium, w.other, 1) + 96, MARKED);
	/* Its own, and those of another that nobody names. */
	check_word(&w, object(&w, 3) + 56, LEAKED);
	check_word(&w, object(&w, 4), LEAKED);
	/* Where nothing is looked for. */
	check_word(&w, IMAGE_PAGE_OFFSET + 500 * PAGE, LEAKED);
	stop(&w);
}

static void words_6_1(void **state)
{
	(void)state;
	words(IMAGE_6_1);
}

static void words_6_12(void **state)
{
	(void)state;
	words(IMAGE_6_12);
}

static void words_others(void **state)
{
	(void)state;
	words(IMAGE_5_10);
	words(IMAGE_7_2);
}

/* A sheaf names what is free and what was allocated from it: nobody's reference. */
static void sheaves(void **state)
{
	uint64_t free_object, sheaf, like;
	struct world w;

	(void)state;
	start(&w, IMAGE_7_2);
	free_object = image__object(&w.small, w.ours, 20);
	sheaf = image__object(&w.medium, w.other, 7);
	like = image__object(&w.medium, w.other, 8);
	image__add_sheaf(&w.small, IMAGE_SHEAF_MAIN, 1, sheaf, &free_object, 1);
	for (unsigned i = 0; i < IMAGE_SHEAF_CAPACITY; i++)
		check_word(&w, sheaf + IMAGE_SHEAF_OBJECTS + 8 * i, LEAKED);
	check_word(&w, free_object + 8, STALE);
	/* One that waits for its grace period is on no list. */
	image__add_sheaf(&w.small, IMAGE_SHEAF_LOOSE, 0, like, &free_object, 1);
	check_word(&w, like + IMAGE_SHEAF_OBJECTS + 8, LEAKED);
	/* More than a sheaf holds: it only looks like one. */
	image__add_sheaf(&w.small, IMAGE_SHEAF_LOOSE, 0, like, &free_object, 0);
	image__put(like + 24, IMAGE_SHEAF_CAPACITY + 1);
	check_word(&w, like + IMAGE_SHEAF_OBJECTS + 8, REACHABLE);
	/* The device names one: it marks nothing. */
	image__put(image__object(&w.medium, w.other, 1), sheaf);
	check_word(&w, sheaf + IMAGE_SHEAF_OBJECTS + 8, LEAKED);
	image__put(image__object(&w.medium, w.other, 1), like);
	check_word(&w, like + IMAGE_SHEAF_OBJECTS + 8, MARKED);
	stop(&w);
}

static void freed(void **state)
{
	const unsigned slots[] = { 7, 9 }, cpus[] = { 30 };
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__free_objects(&w.medium, w.other, slots, 2, -1);
	image__free_objects(&w.medium, w.other, cpus, 1, 1);
	check_word(&w, image__object(&w.medium, w.other, 7), STALE);
	check_word(&w, image__object(&w.medium, w.other, 9) + 184, STALE);
	check_word(&w, image__object(&w.medium, w.other, 30) + 8, STALE);
	check_word(&w, image__object(&w.medium, w.other, 31) + 8, REACHABLE);
	w.objects[3].ghost = image__object(&w.medium, w.other, 12);
	w.objects[3].ghost_size = 96;
	check_word(&w, image__object(&w.medium, w.other, 12) + 88, STALE);
	check_word(&w, image__object(&w.medium, w.other, 12) + 96, REACHABLE);
	assert_int_equal(search__state(w.search, image__object(&w.medium, w.other, 9)), SLAB_FREE);
	assert_int_equal(search__state(w.search, image__object(&w.medium, w.other, 8)),
			 SLAB_ALLOCATED);
	stop(&w);
}

/* A page that is no slab's and that per-CPU data names, and one that this names. */
static void pages(void **state)
{
	const uint64_t first = IMAGE_PAGE_OFFSET + 600 * PAGE;
	const uint64_t second = IMAGE_PAGE_OFFSET + 700 * PAGE;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__put(image__cpu_area(1) + KRC + 8, first);
	image__put(first, second);
	image__put(first + IMAGE_BULK_COUNT, 1);
	image__put(second, first); /* and back */
	image__put(second + IMAGE_BULK_COUNT, (PAGE - IMAGE_BULK_RECORDS) / 8);
	check_word(&w, first + IMAGE_BULK_RECORDS, REACHABLE);
	/* Behind what is counted lies what was there before. */
	check_word(&w, first + IMAGE_BULK_RECORDS + 8, LEAKED);
	check_word(&w, second + 4088, REACHABLE);
	check_word(&w, second + 4096, LEAKED);
	/* A count that cannot be: the page was given back. */
	image__put(first + IMAGE_BULK_COUNT, 1000);
	check_word(&w, first + IMAGE_BULK_RECORDS, LEAKED);
	image__put(first + IMAGE_BULK_COUNT, 1);
	/* Pages kept for later hold nothing, and others are anybody's. */
	image__put(image__cpu_area(1) + KRC + 8, 0);
	image__put(image__cpu_area(1) + KRC + IMAGE_KRC_UNUSED, first);
	check_word(&w, first + IMAGE_BULK_RECORDS, LEAKED);
	image__put(image__cpu_area(1) + KRC + IMAGE_KRC_UNUSED, 0);
	image__put(image__cpu_area(1) + 0x6000, first);
	check_word(&w, first + IMAGE_BULK_RECORDS, LEAKED);
	stop(&w);
}

static void steps(void **state)
{
	struct world w;
	uint64_t at = MODULE + 16;

	(void)state;
	start(&w, IMAGE_6_12);
	/* The module's data names the middle of one that names the middle of one... */
	for (unsigned i = 0; i < 6; i++) {
		uint64_t next = image__object(&w.medium, w.other, 10 + i);

		check_word(&w, at + 8, i <= 4 ? MARKED : REACHABLE);
		image__put(at, next + 100);
		at = next + 8 * i;
	}
	stop(&w);
}

/* More objects than are followed: what they name is marked all the same. */
static void many_marked(void **state)
{
	struct world w;
	uint64_t first = 0;

	(void)state;
	start(&w, IMAGE_6_12);
	for (unsigned i = 0; i < 4 * 1024; i++) {
		uint64_t slab = i % 64 ? 0 : image__add_slab(&w.small, 400 + i / 64, 0, 64);

		if (!i)
			first = slab;
		image__put(image__object(&w.large, w.big, i / 1024) + 8 * (i % 1024),
			   first + 64ULL * i);
	}
	for (unsigned i = 0; i < 4; i++)
		image__put(MODULE + 8 * i, image__object(&w.large, w.big, i));
	check_word(&w, first + 64 * 10, MARKED);
	check_word(&w, first + 64 * 3000 + 56, MARKED);
	/* Behind the last that is looked at. */
	check_word(&w, first + 64 * 4095, REACHABLE);
	stop(&w);
}

/* Objects that are asked about, and what they name. */
static void among_themselves(void **state)
{
	static const enum answer expected[OBJECTS] = { LEAKED,	  LEAKED,    LEAKED, REACHABLE,
						       REACHABLE, REACHABLE, STALE,  STALE };
	const unsigned slots[] = { 7 };
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__free_objects(&w.medium, w.other, slots, 1, -1);
	/* A circle; a chain that a stack holds; one that freed memory holds. */
	image__put(object(&w, 0) + 8, object(&w, 1) + 8);
	image__put(object(&w, 1) + 8, object(&w, 2) + 8);
	image__put(object(&w, 2) + 8, object(&w, 0) + 8);
	image__put(object(&w, 2) + 16, object(&w, 2) + 16); /* an empty list */
	image__put(w.thread_stack + IMAGE_STACK - 64, object(&w, 5) + 3);
	image__put(object(&w, 5), object(&w, 4));
	image__put(object(&w, 4) + 56, object(&w, 3) + 1);
	image__put(object(&w, 0) + 40, object(&w, 3) + 1);
	image__put(image__object(&w.medium, w.other, 7), object(&w, 6));
	image__put(object(&w, 6), object(&w, 7));
	assert_int_equal(run_limited(&w, 0, 0), 0);
	for (unsigned i = 0; i < OBJECTS; i++)
		if (answer(&w, i) != expected[i])
			fail_msg("object %u: %d instead of %d", i, answer(&w, i), expected[i]);
	stop(&w);
}

/* Nothing may be concluded from a part. */
static void in_part(void **state)
{
	struct world w;
	uint64_t bytes;
	unsigned reads;

	(void)state;
	start(&w, IMAGE_6_12);
	assert_int_equal(run_limited(&w, 0, 1), -ECANCELED);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	bytes = w.stats.bytes;
	assert_int_equal(run_limited(&w, bytes, 0), 0);
	assert_int_equal(run_limited(&w, bytes - 1, 0), -E2BIG);
	assert_int_equal(run_limited(&w, 1, 0), -E2BIG);
	image__reads = 0;
	assert_int_equal(run_limited(&w, 0, 0), 0);
	reads = image__reads;
	/* Of reads that fail, those of tasks and of what is marked may be of what is gone. */
	for (unsigned n = 1; n <= reads; n++) {
		image__reads = 0;
		image__fail_at = n;
		assert_int_equal(run_limited(&w, 0, 0), -EIO);
	}
	image__fail_at = 0;
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_int_equal(answer(&w, 3), LEAKED);
	stop(&w);
}

/* Every object is named somewhere else; without memory to see that, no object is leaked. */
static void without_memory(void **state)
{
	const uint64_t page = IMAGE_PAGE_OFFSET + 600 * PAGE;
	const unsigned slots[] = { 7 };
	struct world w;
	unsigned errors = 0;

	(void)state;
	start(&w, IMAGE_6_12);
	image__free_objects(&w.medium, w.other, slots, 1, -1);
	image__put(KERNEL, object(&w, 0));
	image__put(w.last_stack + IMAGE_STACK - 8, object(&w, 1));
	image__put(image__cpu_area(1) + KRC, page);
	image__put(page + IMAGE_BULK_COUNT, 1);
	image__put(page + IMAGE_BULK_RECORDS, object(&w, 2));
	image__put(MODULE, object(&w, 3));
	image__put(image__object(&w.medium, w.other, 12), object(&w, 4));
	image__put(image__object(&w.medium, w.other, 7), object(&w, 5));
	image__put(object(&w, 4), object(&w, 6));
	image__put(object(&w, 5), object(&w, 7));
	for (fail_at = 1;; fail_at++) {
		int err;

		allocations = 0;
		armed = true;
		err = run_limited(&w, 0, 0);
		armed = false;
		if (allocations < fail_at)
			break;
		errors += err != 0;
		for (unsigned i = 0; !err && i < OBJECTS; i++)
			if (answer(&w, i) == LEAKED)
				fail_msg("object %u, when allocation %u fails", i, fail_at);
	}
	/* It did what it does with memory, and some of its allocations matter. */
	assert_true(fail_at > 8 && errors > 2);
	for (unsigned i = 0; i < OBJECTS; i++)
		assert_int_not_equal(answer(&w, i), LEAKED);
	stop(&w);
}

static void none_asked_about(void **state)
{
	struct search_stats stats;
	struct world w;
	int cancel = 0;

	(void)state;
	start(&w, IMAGE_6_12);
	image__put(KERNEL, 0);
	assert_int_equal(search__run(w.search, NULL, 0, NULL, 0, 0, &cancel, &stats), 0);
	assert_int_equal(stats.slabs, 3);
	stop(&w);
}

/* On the way lies an object that is free: what it still holds is nothing. */
static void freed_on_the_way(void **state)
{
	const unsigned slots[] = { 7 };
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__put(MODULE, image__object(&w.medium, w.other, 7));
	image__put(image__object(&w.medium, w.other, 7) + 8, object(&w, 3));
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_int_equal(answer(&w, 3), MARKED);
	image__free_objects(&w.medium, w.other, slots, 1, -1);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_int_equal(answer(&w, 3), STALE);
	stop(&w);
}

/* A list that does not come back to its head: stacks were missed, nothing is concluded. */
static void astray(void **state)
{
	uint64_t link, next;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	link = image__task_link(w.stack);
	next = image__get(link);
	image__put(link, 0xffffc90000000000); /* not mapped */
	assert_int_equal(run_limited(&w, 0, 0), -EAGAIN);
	image__put(link, link); /* round and round */
	assert_int_equal(run_limited(&w, 0, 0), -EAGAIN);
	image__put(link, next);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	stop(&w);
}

/* Where its stack pointer was last says nothing of a task that runs. */
static void running(void **state)
{
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	check_word(&w, w.last_stack + 8, LEAKED);
	image__set_task(w.last_stack, true, 1);
	check_word(&w, w.last_stack + 8, REACHABLE);
	/* This process itself reads addresses all the time. */
	image__set_task(w.last_stack, true, (unsigned)getpid());
	check_word(&w, w.last_stack + 8, LEAKED);
	check_word(&w, w.last_stack + IMAGE_STACK - 8, LEAKED);
	stop(&w);
}

/* Those of each CPU are as large as their types; without one they are no holes. */
static void cpu_stacks(void **state)
{
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__symbol("exception_stacks", 0xa000);
	image__symbol("irq_stack_backing_store", 0xd000);
	start_anew(&w);
	check_word(&w, image__cpu_area(1) + 0x9ff8, REACHABLE);
	check_word(&w, image__cpu_area(1) + 0xa000, LEAKED);
	check_word(&w, image__cpu_area(1) + 0xa000 + IMAGE_EXC_STACKS - 8, LEAKED);
	check_word(&w, image__cpu_area(1) + 0xa000 + IMAGE_EXC_STACKS, REACHABLE);
	check_word(&w, image__cpu_area(1) + 0xd000, REACHABLE);
	check_word(&w, image__cpu_area(1) + 0xe000, REACHABLE);
	stop(&w);
}

/* What is left of each CPU's unit is given away when the machine starts. */
static void per_cpu_end(void **state)
{
	const uint64_t base = KERNEL + 0xf100, first = base + 8, chunk = base + 16;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__symbol("pcpu_base_addr", base);
	image__symbol("pcpu_first_chunk", first);
	image__put(base, image__cpu_area(0));
	image__put(first, chunk);
	/* Its dynamic part begins within the page at 0x6000; behind nr_pages is anything. */
	image__put(chunk, image__cpu_area(0) + 0x6000);
	image__put(chunk + 8, 0x7777777700000005);
	start_anew(&w);
	for (unsigned cpu = 0; cpu < IMAGE_CPUS; cpu++) {
		check_word(&w, image__cpu_area(cpu) + 0x5ff8, REACHABLE);
		check_word(&w, image__cpu_area(cpu) + 0xaff8, REACHABLE);
		check_word(&w, image__cpu_area(cpu) + 0xb000, LEAKED);
		check_word(&w, image__cpu_area(cpu) + 0xfff8, LEAKED);
	}
	assert_false(search__partial(w.search));
	/* More than a unit; before the first CPU's; none: then it is all of the unit. */
	image__put(chunk + 8, 11);
	start_anew(&w);
	check_word(&w, image__cpu_area(1) + 0xfff8, REACHABLE);
	image__put(chunk, image__cpu_area(0) - 0x1000);
	image__put(chunk + 8, 5);
	start_anew(&w);
	check_word(&w, image__cpu_area(1) + 0xfff8, REACHABLE);
	image__put(first, 0);
	start_anew(&w);
	check_word(&w, image__cpu_area(1) + 0xfff8, REACHABLE);
	stop(&w);
}

/* Data of modules that nobody told of: searched, and no root of what is marked. */
static void other_module(enum image_layout layout)
{
	const uint64_t second = OTHER + 0x3000, textless = OTHER + 0x4000;
	struct world w;
	uint64_t next, head;

	start(&w, layout);
	head = image__symbol_addr("modules");
	image__map(OTHER, 0x5000);
	image__add_module(OTHER + 0x1100, OTHER, OTHER + 0x1000, OTHER + 0x2800);
	image__add_module(second, second, second + 0x200, second + 0x400);
	image__add_module(textless, textless, textless, textless + 0x400);
	check_word(&w, OTHER + 0xff8, LEAKED);
	check_word(&w, OTHER + 0x1000, REACHABLE);
	check_word(&w, OTHER + 0x27f8, REACHABLE);
	check_word(&w, OTHER + 0x2800, LEAKED);
	check_word(&w, second + 0x1f8, LEAKED);
	check_word(&w, second + 0x200, REACHABLE);
	check_word(&w, textless + 0x3f8, REACHABLE);
	assert_false(search__partial(w.search));
	/* Without its list a kernel has none; unless it has what looks for them. */
	image__rename("modules", "others");
	start_anew(&w);
	check_word(&w, OTHER + 0x1000, LEAKED);
	assert_false(search__partial(w.search));
	image__symbol("__module_address", KERNEL);
	start_anew(&w);
	assert_true(search__partial(w.search));
	image__rename("others", "modules");
	start_anew(&w);
	assert_false(search__partial(w.search));
	/* A list that leads astray, or in a circle. */
	next = image__get(image__module_link(second));
	image__put(image__module_link(second), 0xffffc90000000000);
	assert_int_equal(run_limited(&w, 0, 0), -EAGAIN);
	image__put(image__module_link(second), image__module_link(second));
	assert_int_equal(run_limited(&w, 0, 0), -EAGAIN);
	image__put(image__module_link(second), next);
	next = image__get(head);
	/* One that goes meanwhile has no data any more. */
	image__add_module(OTHER + 0x1300, OTHER + 0x5000, OTHER + 0x6000, OTHER + 0x7000);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_true(search__partial(w.search));
	image__put(head, next);
	/* A size that none has, of one whose memory is something else's by now. */
	image__add_module(OTHER + 0x1300, OTHER, OTHER + 0x1000, OTHER + 0xfffffff0);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_true(search__partial(w.search));
	image__put(head, next);
	/* That was then. */
	image__add_module(OTHER + 0x1300, OTHER, OTHER + 0x1000, OTHER + 0x2000);
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_false(search__partial(w.search));
	stop(&w);
}

static void other_modules(void **state)
{
	(void)state;
	other_module(IMAGE_5_10);
	other_module(IMAGE_6_1);
	other_module(IMAGE_6_12);
	other_module(IMAGE_7_2);
}

/* A page of KFENCE's has one object, at its beginning or at its end. */
static void fenced(void **state)
{
	struct image_cache debug = { .step = 4224, .size = 4096, .link = 4160, .left = 64 };
	struct image_cache fallback = { .step = 4096, .size = 4096, .link = 2048 };
	const unsigned first[] = { 0 };
	uint64_t page, last, large;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__map(image__get(image__symbol_addr("vmemmap_base")) + IMAGE_HOLE * 64, PAGE);
	image__add_cache(&debug);
	image__add_cache(&fallback);
	page = image__add_slab(&w.medium, 300, 0, 1);
	large = image__add_slab(&fallback, 302, 0, 1);
	/* Nothing can be read of the page behind one, and of one that was freed. */
	last = image__add_slab(&debug, IMAGE_HOLE - 1, 0, 1);
	image__add_slab(&w.medium, IMAGE_HOLE + 2, 0, 1);
	check_word(&w, page, REACHABLE);
	check_word(&w, page + 184, REACHABLE);
	check_word(&w, page + 192, REACHABLE);
	check_word(&w, page + 4088, REACHABLE);
	check_word(&w, page + 4096, LEAKED);
	check_word(&w, last, REACHABLE);
	check_word(&w, last + 4088, REACHABLE);
	check_word(&w, large + 8, REACHABLE);
	/* The device names it, wherever it is. */
	image__put(image__object(&w.medium, w.other, 1), page + 4000);
	check_word(&w, page, MARKED);
	check_word(&w, page + 4088, MARKED);
	image__put(image__object(&w.medium, w.other, 1), 0);
	/* That SLUB has freed it is known. */
	image__free_objects(&fallback, large, first, 1, -1);
	check_word(&w, large + 8, STALE);
	/* It seems to be one that is asked about, and may be another. */
	image__add_slab(&w.small, 10, 0, 1);
	check_word(&w, object(&w, 0), REACHABLE);
	check_word(&w, object(&w, 3) + 56, REACHABLE);
	assert_int_equal(search__state(w.search, object(&w, 3)), SLAB_LONE);
	stop(&w);
}

/* With KASAN stacks are twice as large, and what is used is the upper part of that. */
static void kasan(void **state)
{
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	image__symbol("kasan_report", KERNEL);
	start_anew(&w);
	image__enlarge_stack(w.stack);
	image__enlarge_stack(w.thread_stack);
	image__enlarge_stack(w.last_stack);
	check_word(&w, w.stack + IMAGE_STACK - 512, REACHABLE);
	check_word(&w, w.stack + IMAGE_STACK - 8, REACHABLE);
	check_word(&w, w.stack + IMAGE_STACK - 520, LEAKED);
	stop(&w);
}

/* Once the stack is seen to reach all that is sought, the rest of memory is not read. */
static void sought(void **state)
{
	uint64_t whole, device;
	struct world w;

	(void)state;
	start(&w, IMAGE_6_12);
	device = image__object(&w.medium, w.other, 1);
	image__put(MODULE + 8, image__object(&w.medium, w.other, 5));
	image__put(image__object(&w.medium, w.other, 5), object(&w, 3) + 8);
	image__put(KERNEL, object(&w, 2));
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_false(w.stats.early);
	whole = w.stats.bytes;
	w.sought[3] = true;
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_true(w.stats.early);
	assert_int_equal(answer(&w, 3), MARKED);
	/* The roots, and one of those that they name. */
	assert_int_equal(w.stats.bytes, 0x800 + 192 + 192);
	/* One more, which only other memory names: the whole search, and the same answers. */
	w.sought[2] = true;
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_false(w.stats.early);
	assert_int_equal(w.stats.bytes, whole);
	assert_int_equal(answer(&w, 2), REACHABLE);
	assert_int_equal(answer(&w, 3), MARKED);
	assert_int_equal(answer(&w, 4), LEAKED);
	/* Named by what is not sought itself, and by the device. */
	image__put(object(&w, 3) + 16, object(&w, 2));
	image__put(device, object(&w, 4));
	w.sought[4] = true;
	assert_int_equal(run_limited(&w, 0, 0), 0);
	assert_true(w.stats.early);
	assert_int_equal(answer(&w, 2), MARKED);
	assert_int_equal(answer(&w, 4), MARKED);
	stop(&w);
}

static const struct CMUnitTest search[] = {
	TEST("search: what is sought is met on the way", sought),
	TEST("search: what nobody names", nothing),
	TEST("search: one word anywhere, as 6.1 has slabs", words_6_1),
	TEST("search: one word anywhere, as 6.12 has slabs", words_6_12),
	TEST("search: a word anywhere, as 5.10 and 7.2 lay things out", words_others),
	TEST("search: sheaves are no references", sheaves),
	TEST("search: words in freed memory", freed),
	TEST("search: pages that kvfree_rcu() keeps", pages),
	TEST("search: marked, four steps from the stack's own data", steps),
	TEST("search: marked, by more objects than are followed", many_marked),
	TEST("search: objects that name each other", among_themselves),
	TEST("search: stopped, limited, or not allowed to read", in_part),
	TEST("search: without memory nobody is accused", without_memory),
	TEST("search: about nothing", none_asked_about),
	TEST("search: marked through what is free", freed_on_the_way),
	TEST("search: tasks that go while they are walked", astray),
	TEST("search: stacks of tasks that run", running),
	TEST("search: stacks of a kernel with KASAN", kasan),
	TEST("search: stacks of each CPU", cpu_stacks),
	TEST("search: where each CPU's data ends", per_cpu_end),
	TEST("search: data of modules that are not traced", other_modules),
	TEST("search: objects of KFENCE", fenced),
};

UNIT_MAIN(search)
