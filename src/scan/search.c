// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads memory in large pieces and looks at every aligned word of it.
 *
 * Only reads: each BPF run copies at most 96 KiB, so nothing in the kernel is
 * held up.  A word in a free slab object is no reference; whether the object is
 * free is asked only once such a word was found.
 *
 * Stacks keep the remains of calls that have returned.  Those of tasks are looked
 * through from their stack pointer up; those of
 * interrupts, exceptions and the boot CPU's idle task lie within what is looked
 * through here and are left out: nothing that lasts is held only there.
 *
 * A word found this way may have been left behind by what is long gone.  So what
 * the stack itself can reach is marked besides: from the data of its modules and
 * from its devices and sockets, through every slab object met, a few steps far;
 * an object that is asked about is no step (a queue may be long).  This comes first: a
 * borrowed object is two or three steps from its device, and once all that is sought
 * has been met there is nothing left to ask of the rest of memory.
 *
 * kvfree_rcu() keeps what waits for its grace period in pages of its own, which
 * per-CPU data names: those are followed.
 */
#include "scan/search.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/kbtf.h"
#include "kernel/kernel.h"
#include "scan/slab.h"
#include "util/clock.h"
#include "util/table.h"

#define PIECES	      24
#define PIECE	      MEMORY_PIECE_MAX
#define MAX_CPUS      1024
#define MAX_OBJECT    MEMORY_PIECE_MAX /* bytes marked from at once */
#define FIXED_REGIONS 2
#define MARK_STEPS    4
#define MARK_OBJECTS  4000
#define MAX_TASKS     100000
#define WALKS	      3 /* through a list, until one comes to its end */
#define MAX_HOLES     5
#define MAX_PAGES     4096 /* of kvfree_rcu() */
#define MAX_MODULES   10000
#define MODULE_RANGES 4
#define MAX_RANGE     (256UL << 20) /* bytes of a module's data; no module has more */

struct search {
	struct query *query;
	struct slabs *slabs;
	struct region fixed[FIXED_REGIONS];
	size_t nr_fixed;
	struct region holes[MAX_HOLES]; /* in .data, .bss and every CPU's area */
	size_t nr_holes;
	uint64_t init_task;
	uint64_t thread_size; /* of a stack */
	uint32_t self;	      /* this process */
	struct {
		int tasks, thread_node, signal, stack, sp, thread_head, on_cpu, tgid;
	} offset;
	struct {
		uint64_t start, size;	 /* of its per-CPU data, without the unused pages */
		uint32_t count, records; /* in one of its pages */
	} kvfree;
	struct region skb_cache; /* in every CPU's area */
	struct module_offsets module;
	uint64_t modules; /* the head of their list, or 0 */
	uint64_t per_cpu_start, per_cpu_size;
	unsigned nr_cpus;
	uint64_t cpu_bases[MAX_CPUS];
	bool partial; /* some of it was not found */

	/* of one run */
	struct reach *reach;
	uint64_t limit;
	const int *cancel;
	struct search_stats *stats;
	bool seeking;	    /* some objects are sought */
	bool unread;	    /* data of a module */
	uint64_t skipped;   /* pieces that could not be read, of whatever */
	struct table pages; /* of kvfree_rcu() -> this */
	uint64_t todo[MAX_PAGES];
	size_t nr_todo;
	/* slab memory waiting to be read together */
	struct slab queue[PIECES];
	size_t queued, queued_pieces;
	uint64_t lone; /* the page that is looked through */
	unsigned char buffer[PIECES][PIECE];
};

static uint64_t variable(struct search *s, const char *name)
{
	uint64_t addr, value = 0;

	if (query__find(s->query, NULL, name, &addr) ||
	    query__read(s->query, addr, &value, sizeof(value)))
		return 0;
	return value;
}

static void find_region(struct search *s, const char *first, const char *last)
{
	struct region *r = &s->fixed[s->nr_fixed];
	uint64_t end;

	if (query__find(s->query, NULL, first, &r->start) ||
	    query__find(s->query, NULL, last, &end) || end <= r->start) {
		s->partial = true;
		return;
	}
	r->size = end - r->start;
	s->nr_fixed++;
}

/* Of a size that is not known (0) all is searched. */
static void find_stack(struct search *s, const char *symbol, uint64_t size)
{
	uint64_t addr;

	if (size && s->nr_holes < MAX_HOLES && !query__find(s->query, NULL, symbol, &addr))
		s->holes[s->nr_holes++] = (struct region){ addr, size };
}

/*
 * arch/x86: a part of .bss that is given away at boot (mem_encrypt_free_decrypted_mem()):
 * anybody's memory, and often this process's own, which is full of addresses.
 */
static void find_freed(struct search *s)
{
	uint64_t start, end;

	if (query__find(s->query, NULL, "__start_bss_decrypted_unused", &start) ||
	    query__find(s->query, NULL, "__end_bss_decrypted", &end) || end <= start)
		return;
	s->holes[s->nr_holes++] = (struct region){ start, end - start };
}

/*
 * arch/x86/include/asm/page_64_types.h: with KASAN stacks are twice as large.  Those of each
 * CPU are as large as their types, which the configuration changes further; what lies behind
 * them is live.  Their symbols are offsets into each CPU's area.
 */
static void find_stacks(struct search *s, const struct btf *btf)
{
	const uint64_t page = 4096;
	uint64_t addr, twice = query__find(s->query, NULL, "kasan_report", &addr) ? 1 : 2;

	s->thread_size = 4 * page * twice;
	find_stack(s, "init_stack", s->thread_size);
	find_stack(s, "irq_stack_backing_store", kbtf__struct_size(btf, "irq_stack"));
	find_stack(s, "exception_stacks", kbtf__struct_size(btf, "exception_stacks"));
	find_stack(s, "entry_stack_storage", kbtf__struct_size(btf, "entry_stack_page"));
}

static bool in_hole(const struct search *s, uint64_t addr)
{
	for (size_t i = 0; i < s->nr_holes; i++)
		if (addr - s->holes[i].start < s->holes[i].size)
			return true;
	return false;
}

/*
 * mm/percpu.c, pcpu_embed_first_chunk(): what is left of each CPU's unit behind the first chunk
 * is given away at boot, and is anybody's memory.  That chunk stays as it is; its dynamic
 * part, which pcpu_first_chunk describes, is the last one.
 */
static uint64_t per_cpu_used(struct search *s, const struct btf *btf, uint64_t unit)
{
	int base_addr = kbtf__member_offset(btf, "pcpu_chunk", "base_addr");
	int nr_pages = kbtf__member_offset(btf, "pcpu_chunk", "nr_pages");
	uint64_t base = variable(s, "pcpu_base_addr"), chunk = variable(s, "pcpu_first_chunk");
	uint64_t start, used;
	uint32_t pages;

	if (base_addr < 0 || nr_pages < 0 || !base || !chunk ||
	    query__read(s->query, chunk + (uint64_t)base_addr, &start, sizeof(start)) ||
	    query__read(s->query, chunk + (uint64_t)nr_pages, &pages, sizeof(pages)) ||
	    start < base || !pages)
		return unit;
	used = start - base + pages * 4096UL;
	return used < unit ? used : unit;
}

static void find_cpus(struct search *s, const struct btf *btf)
{
	uint64_t offsets, cpus = variable(s, "nr_cpu_ids") & UINT32_MAX;

	s->per_cpu_size = per_cpu_used(s, btf, variable(s, "pcpu_unit_size") & UINT32_MAX);
	if (query__find(s->query, NULL, "__per_cpu_start", &s->per_cpu_start))
		s->per_cpu_start = 0; /* it is 0 on x86, which says "not found" */
	if (query__find(s->query, NULL, "__per_cpu_offset", &offsets))
		cpus = 0;
	while (s->nr_cpus < cpus && s->nr_cpus < MAX_CPUS &&
	       !query__read(s->query, offsets + 8UL * s->nr_cpus, &s->cpu_bases[s->nr_cpus], 8))
		s->nr_cpus++;
	s->partial |= !s->per_cpu_size || !s->nr_cpus || s->nr_cpus < cpus;
}

/* kernel/rcu/tree.c, mm/slab_common.c: the per-CPU krc, and struct kvfree_rcu_bulk_data. */
static void find_kvfree(struct search *s, const struct btf *btf)
{
	const char *page = "kvfree_rcu_bulk_data";
	int unused = kbtf__member_offset(btf, "kfree_rcu_cpu", "bkvcache");
	int count = kbtf__member_offset(btf, page, "nr_records");
	int records = kbtf__member_offset(btf, page, "records");

	if (unused < 0 || count < 0 || records < 0 || records >= PIECE - 8 ||
	    query__find(s->query, NULL, "krc", &s->kvfree.start))
		return;
	s->kvfree.size = (uint64_t)unused;
	s->kvfree.count = (uint32_t)count;
	s->kvfree.records = (uint32_t)records;
}

/*
 * net/core/skbuff.c: each CPU's array of free skbs, which since 6.19 any of them may
 * come from.  As a sheaf does, it goes on naming what was taken from it.
 */
static void find_skb_cache(struct search *s, const struct btf *btf)
{
	const char *cache = "napi_alloc_cache";
	int first = kbtf__member_offset(btf, cache, "skb_cache");
	uint32_t size = kbtf__struct_size(btf, cache);

	if (first < 0 || (uint32_t)first > size ||
	    query__find(s->query, NULL, cache, &s->skb_cache.start))
		return;
	s->skb_cache.start += (uint32_t)first;
	s->skb_cache.size = size - (uint32_t)first;
}

/* Makes nothing of the words there.  at is relative to the CPU's area. */
static void blank_skb_cache(const struct search *s, unsigned char *bytes, size_t size, uint64_t at)
{
	for (size_t i = 0; i + 8 <= size; i += 8)
		if (at + i - s->skb_cache.start < s->skb_cache.size)
			memset(bytes + i, 0, 8);
}

/* A kernel without modules may have the types, but not the list. */
static void find_modules(struct search *s, const struct btf *btf)
{
	uint64_t addr;

	module_offsets__read(&s->module, btf);
	if (s->module.list < 0 || query__find(s->query, NULL, "modules", &s->modules)) {
		s->modules = 0;
		s->partial |= !query__find(s->query, NULL, "__module_address", &addr);
	}
}

/* Where tasks are listed, and where their stacks are. */
static void find_tasks(struct search *s, const struct btf *btf)
{
	int thread = kbtf__member_offset(btf, "task_struct", "thread");
	int sp = kbtf__member_offset(btf, "thread_struct", "sp");

	s->offset.tasks = kbtf__member_offset(btf, "task_struct", "tasks");
	s->offset.thread_node = kbtf__member_offset(btf, "task_struct", "thread_node");
	s->offset.signal = kbtf__member_offset(btf, "task_struct", "signal");
	s->offset.stack = kbtf__member_offset(btf, "task_struct", "stack");
	s->offset.on_cpu = kbtf__member_offset(btf, "task_struct", "on_cpu");
	s->offset.tgid = kbtf__member_offset(btf, "task_struct", "tgid");
	s->self = (uint32_t)getpid();
	s->offset.thread_head = kbtf__member_offset(btf, "signal_struct", "thread_head");
	s->offset.sp = thread < 0 || sp < 0 ? -1 : thread + sp;
	if (s->offset.tasks < 0 || s->offset.thread_node < 0 || s->offset.signal < 0 ||
	    s->offset.stack < 0 || s->offset.thread_head < 0 || s->offset.sp < 0 ||
	    query__find(s->query, NULL, "init_task", &s->init_task))
		s->init_task = 0;
}

int search__new(struct search **out, struct query *q, const struct btf *btf)
{
	struct search *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	*out = NULL;
	if (err)
		return err;
	s->query = q;
	err = slabs__new(&s->slabs, q, btf);
	if (err) {
		search__free(s);
		return err;
	}
	find_region(s, "_sdata", "_edata");
	find_region(s, "__bss_start", "__bss_stop");
	find_freed(s);
	find_stacks(s, btf);
	find_kvfree(s, btf);
	find_skb_cache(s, btf);
	find_tasks(s, btf);
	find_modules(s, btf);
	find_cpus(s, btf);
	/* Without the stacks a definite finding could be a false one. */
	if (!s->init_task) {
		search__free(s);
		return -EOPNOTSUPP;
	}
	*out = s;
	return 0;
}

bool search__partial(const struct search *s)
{
	return s->partial || s->unread || slabs__left_out(s->slabs);
}

bool search__passes(int err)
{
	return err == -EAGAIN || err == -EIO || err == -EFAULT || err == -ENOMEM || err == -ENOSPC;
}

enum slab_state search__state(struct search *s, uint64_t addr)
{
	return slabs__state(s->slabs, addr);
}

void search__free(struct search *s)
{
	if (!s)
		return;
	slabs__free(s->slabs);
	free(s);
}

static bool is_free(void *ctx, uint64_t object)
{
	struct search *s = ctx;

	return slabs__state(s->slabs, object) == SLAB_FREE;
}

/* The words of one object or region.  from is the object's first byte, 0 for a root. */
static int look_through(struct search *s, const unsigned char *bytes, size_t size, uint64_t from)
{
	if (from && slabs__sheaf(s->slabs, bytes, size))
		return 0;
	return reach__look(s->reach, bytes, size, from, is_free, s);
}

static bool lone_is_free(void *ctx, uint64_t page)
{
	struct search *s = ctx;

	(void)page;
	return is_free(s, s->lone);
}

/*
 * Perhaps a page of KFENCE's: where its object begins is not known, so its words are those of
 * none that is asked about, even where one seems to be it.  They are looked at as if they were
 * the struct slab's, where no object is.
 */
static int look_through_lone(struct search *s, const struct slab *slab, const unsigned char *bytes,
			     const struct memory_piece *pieces)
{
	int err = 0;

	s->lone = slab->base;
	for (size_t off = 0; !err && off < slab->step; off += PIECE, pieces++)
		if (!pieces->err)
			err = reach__look(s->reach, bytes + off, PIECE, slab->page, lone_is_free,
					  s);
	return err;
}

static int account(struct search *s, uint64_t bytes)
{
	s->stats->bytes += bytes;
	if (__atomic_load_n(s->cancel, __ATOMIC_RELAXED))
		return -ECANCELED;
	return s->limit && s->stats->bytes > s->limit ? -E2BIG : 0;
}

static int note_pages(struct search *s, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i + 8 <= size; i += 8) {
		struct slab slab;
		uint64_t word;

		memcpy(&word, bytes + i, 8);
		if (word % PIECE || !slabs__mapped(s->slabs, word) || table__get(&s->pages, word) ||
		    !slabs__find(s->slabs, word, &slab))
			continue;
		if (s->nr_todo == MAX_PAGES)
			return -ENOSPC;
		if (table__set(&s->pages, word, s))
			return -ENOMEM;
		s->todo[s->nr_todo++] = word;
	}
	return 0;
}

/* One page: a header that names the next, a count, and so many addresses. */
static int read_kvfree_page(struct search *s, uint64_t page)
{
	unsigned char *bytes = s->buffer[0];
	uint64_t count, size = s->kvfree.records;

	if (query__read(s->query, page, bytes, PIECE))
		return account(s, 0); /* given back meanwhile */
	memcpy(&count, bytes + s->kvfree.count, sizeof(count));
	if (count > (PIECE - size) / 8)
		return account(s, PIECE); /* likewise */
	return note_pages(s, bytes, size) ?: look_through(s, bytes + size, count * 8, 0) ?: account(s, PIECE);
}

static int read_kvfree(struct search *s)
{
	unsigned char bytes[PIECE];
	uint16_t size = (uint16_t)(s->kvfree.size < PIECE ? s->kvfree.size : PIECE);
	int err = 0;

	for (unsigned i = 0; !err && size && i < s->nr_cpus; i++)
		if (!query__read(s->query, s->cpu_bases[i] + s->kvfree.start, bytes, size))
			err = note_pages(s, bytes, size);
	for (size_t i = 0; !err && i < s->nr_todo; i++)
		err = read_kvfree_page(s, s->todo[i]);
	return err;
}

/* base: what the symbols of the stacks in there are relative to. */
static int read_region(struct search *s, uint64_t start, uint64_t size, uint64_t base)
{
	int err = 0;

	while (size && !err) {
		struct memory_piece pieces[PIECES];
		size_t n = 0, got = 0;

		while (n < PIECES && size) {
			uint16_t len = (uint16_t)(size < PIECE ? size : PIECE);

			pieces[n] = (struct memory_piece){ start, s->buffer[n], len, 0 };
			n++;
			start += len;
			size -= len;
			got += len;
		}
		err = query__read_all(s->query, pieces, n);
		for (size_t i = 0; base && !err && i < n; i++)
			blank_skb_cache(s, s->buffer[i], pieces[i].len, pieces[i].addr - base);
		/* Holes begin and end with a page, and so do the pieces. */
		for (size_t i = 0; !err && i < n; i++)
			s->skipped += pieces[i].err != 0;
		for (size_t i = 0; !err && i < n; i++)
			if (!pieces[i].err && !in_hole(s, pieces[i].addr - base))
				err = look_through(s, s->buffer[i], pieces[i].len, 0);
		if (!err)
			err = account(s, got);
	}
	return err;
}

static int read_u64(struct search *s, uint64_t addr, int offset, uint64_t *value)
{
	return query__read(s->query, addr + (uint64_t)offset, value, sizeof(*value));
}

static int read_u32(struct search *s, uint64_t addr, int offset, uint32_t *value)
{
	return query__read(s->query, addr + (uint64_t)offset, value, sizeof(*value));
}

/* The part of a task's stack that is in use.  A task that is gone is no error. */
static int read_stack(struct search *s, uint64_t task)
{
	uint32_t running = 0, tgid = 0;
	uint64_t stack, sp, start;

	if (read_u64(s, task, s->offset.stack, &stack) || !stack ||
	    read_u64(s, task, s->offset.sp, &sp))
		return 0;
	start = sp - stack < s->thread_size ? sp & ~7ULL : stack;
	/* Of one that runs the pointer is where it was last switched out; but what
	 * this process does is to read addresses, and its stack is full of them.
	 */
	if (s->offset.on_cpu >= 0 && s->offset.tgid >= 0 &&
	    !read_u32(s, task, s->offset.on_cpu, &running) &&
	    !read_u32(s, task, s->offset.tgid, &tgid)) {
		if (tgid == s->self)
			return 0;
		if (running)
			start = stack;
	}
	return read_region(s, start, stack + s->thread_size - start, 0);
}

/*
 * Lists change while they are walked.  A walk that does not come back to its head
 * has missed stacks: -EAGAIN.
 */
static int read_threads(struct search *s, uint64_t leader)
{
	uint64_t signal, head, node;
	int err = 0;

	if (read_u64(s, leader, s->offset.signal, &signal) || !signal)
		return read_stack(s, leader);
	head = signal + (uint64_t)s->offset.thread_head;
	if (read_u64(s, head, 0, &node))
		return -EAGAIN;
	for (int i = 0; !err && node != head && i < MAX_TASKS; i++) {
		err = read_stack(s, node - (uint64_t)s->offset.thread_node);
		if (!err && read_u64(s, node, 0, &node))
			return -EAGAIN;
	}
	return !err && node != head ? -EAGAIN : err;
}

static int read_tasks_once(struct search *s)
{
	uint64_t head = s->init_task + (uint64_t)s->offset.tasks, node;
	int err = read_u64(s, head, 0, &node);

	for (int i = 0; !err && node != head && i < MAX_TASKS; i++) {
		err = read_threads(s, node - (uint64_t)s->offset.tasks);
		if (!err && read_u64(s, node, 0, &node))
			return -EAGAIN;
	}
	return !err && node != head ? -EAGAIN : err;
}

/* A list that has changed is walked again. */
static int walk(struct search *s, int (*once)(struct search *s))
{
	int err = -EAGAIN;

	for (int i = 0; err == -EAGAIN && i < WALKS; i++)
		err = once(s);
	return err;
}

/*
 * All data of those that are loaded now, which those that asked need not know of.  Of one that
 * is just being unloaded it may be gone.
 */
static int read_modules_once(struct search *s)
{
	struct memory_range ranges[MODULE_RANGES];
	uint64_t node, skipped = s->skipped;
	int err = read_u64(s, s->modules, 0, &node), n;

	for (int i = 0; !err && node != s->modules && i < MAX_MODULES; i++) {
		n = module_offsets__data(&s->module, s->query, node - (uint64_t)s->module.list,
					 ranges, MODULE_RANGES);
		if (n < 0)
			return n == -EOPNOTSUPP ? n : -EAGAIN;
		for (int k = 0; !err && k < n; k++) {
			if (ranges[k].size > MAX_RANGE)
				s->unread = true;
			else
				err = read_region(s, ranges[k].start, ranges[k].size, 0);
		}
		if (!err && read_u64(s, node, 0, &node))
			return -EAGAIN;
	}
	s->unread |= s->skipped != skipped;
	return !err && node != s->modules ? -EAGAIN : err;
}

static int read_modules(struct search *s)
{
	int err = s->modules ? walk(s, read_modules_once) : 0;

	/* Where their data is is not known. */
	s->unread |= err == -EOPNOTSUPP;
	return err == -EOPNOTSUPP ? 0 : err;
}

/* Reads the queued slabs at once, each into as many pieces as it needs. */
static int read_queue(struct search *s)
{
	struct memory_piece pieces[PIECES] = { 0 };
	size_t n = 0, got = 0, piece = 0;
	int err;

	for (size_t i = 0; i < s->queued; i++) {
		const struct slab *slab = &s->queue[i];
		size_t size = (size_t)slab->count * slab->step;

		for (size_t off = 0; off < size; off += PIECE, n++)
			pieces[n] = (struct memory_piece){
				slab->base + off, s->buffer[n],
				(uint16_t)(size - off < PIECE ? size - off : PIECE), 0
			};
		got += size;
	}
	err = n ? query__read_all(s->query, pieces, n) : 0;
	for (size_t i = 0; !err && i < s->queued; i++) {
		const struct slab *slab = &s->queue[i];
		size_t size = (size_t)slab->count * slab->step;
		size_t first = piece;
		bool whole = true;

		for (size_t off = 0; off < size; off += PIECE, piece++)
			whole = whole && !pieces[piece].err;
		if (slab->lone) {
			err = look_through_lone(s, slab, s->buffer[first], &pieces[first]);
			continue;
		}
		/* One slab's pieces lie one after the other in the buffer. */
		for (uint32_t slot = 0; whole && !err && slot < slab->count; slot++) {
			size_t at = (size_t)slot * slab->step + slab->left;
			size_t len = slab->size;

			if (at + len > size)
				len = size - at;
			err = look_through(s, &s->buffer[first][0] + at, len, slab->base + at);
		}
	}
	s->queued = s->queued_pieces = 0;
	return err ? err : account(s, got);
}

static int on_slab(void *ctx, const struct slab *slab)
{
	struct search *s = ctx;
	size_t pieces = ((size_t)slab->count * slab->step + PIECE - 1) / PIECE;
	int err = 0;

	if (s->queued_pieces + pieces > PIECES)
		err = read_queue(s);
	s->queue[s->queued++] = *slab;
	s->queued_pieces += pieces;
	s->stats->slabs++;
	return err;
}

/* ---- marking ---- */

struct marking {
	struct table seen;  /* first byte of an object -> this */
	struct table known; /* page -> struct slab, or this where it is none */
	struct {
		struct region region;
		int step; /* from the roots; to an object asked about it is none */
	} queue[MARK_OBJECTS];
	size_t head, tail;
	unsigned char bytes[MAX_OBJECT];
};

/* Most words point into few slabs. */
static const struct slab *marking_slab(struct search *s, struct marking *m, uint64_t addr)
{
	uint64_t page = addr & ~(uint64_t)(PIECE - 1);
	void *known = table__get(&m->known, page);
	struct slab *slab;

	if (known)
		return known == m ? NULL : known;
	slab = calloc(1, sizeof(*slab));
	if (!slab)
		return NULL;
	if (slabs__find(s->slabs, addr, slab)) {
		free(slab);
		slab = NULL;
	}
	if (table__set(&m->known, page, slab ? (void *)slab : (void *)m)) {
		free(slab);
		return NULL;
	}
	return slab;
}

/*
 * The words at an address, of a slab object or (root) not.  What is free names
 * nothing; that is asked only where it matters.
 */
static void mark_words(struct search *s, struct marking *m, uint64_t at, size_t size, bool root,
		       int step)
{
	int freed = root ? 0 : -1;

	if (!root && slabs__sheaf(s->slabs, m->bytes, size))
		return;
	for (size_t i = 0; i + 8 <= size; i += 8) {
		const struct reach_object *named;
		const struct slab *slab;
		uint64_t word, object;

		memcpy(&word, m->bytes + i, 8);
		if (!slabs__mapped(s->slabs, word))
			continue;
		named = reach__find(s->reach, word);
		if (named && at + i - named->ghost < named->ghost_size)
			continue;
		if (named && freed < 0)
			freed = slabs__state(s->slabs, at) == SLAB_FREE;
		if (named && freed)
			return;
		reach__mark(s->reach, word);
		if (m->tail == MARK_OBJECTS || (!named && step == MARK_STEPS))
			continue;
		slab = marking_slab(s, m, word);
		object = slab ? slab__object(slab, word) : 0;
		if (!object || table__get(&m->seen, object) || table__set(&m->seen, object, m))
			continue;
		m->queue[m->tail].region = (struct region){ object, slab->size };
		m->queue[m->tail++].step = named ? step : step + 1;
	}
}

static int mark_region(struct search *s, struct marking *m, const struct region *r, bool root,
		       int step)
{
	for (uint64_t off = 0; off < r->size; off += MAX_OBJECT) {
		uint64_t size = r->size - off < MAX_OBJECT ? r->size - off : MAX_OBJECT;

		/* Gone meanwhile, or not mapped: then it names nothing. */
		if (query__read(s->query, r->start + off, m->bytes, (uint16_t)size))
			continue;
		mark_words(s, m, r->start + off, size, root, step);
		if (account(s, size))
			return account(s, 0);
	}
	return 0;
}

/* Nothing more needs to be known. */
static bool settled(const struct search *s)
{
	return s->seeking && !reach__sought(s->reach);
}

static int mark(struct search *s, const struct region *roots, size_t nr_roots)
{
	struct marking *m = calloc(1, sizeof(*m));
	struct slab *slab;
	int err = m ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; !err && i < nr_roots && !settled(s); i++)
		err = mark_region(s, m, &roots[i], true, 0);
	for (; !err && m->head < m->tail && !settled(s); m->head++)
		err = mark_region(s, m, &m->queue[m->head].region, false, m->queue[m->head].step);
	if (!m)
		return err;
	for (i = 0; (slab = table__next(&m->known, &i));)
		if ((void *)slab != (void *)m)
			free(slab);
	table__free(&m->known);
	table__free(&m->seen);
	free(m);
	return err;
}

/* All memory that the roots and what they lead to are not. */
static int read_all(struct search *s, const struct region *regions, size_t nr_regions)
{
	int err = 0;

	for (size_t i = 0; !err && i < s->nr_fixed; i++)
		err = read_region(s, s->fixed[i].start, s->fixed[i].size, 0);
	for (unsigned i = 0; !err && i < s->nr_cpus; i++)
		err = read_region(s, s->cpu_bases[i] + s->per_cpu_start, s->per_cpu_size,
				  s->cpu_bases[i]);
	if (!err)
		err = read_modules(s);
	if (!err)
		err = read_kvfree(s);
	if (!err)
		err = walk(s, read_tasks_once);
	for (size_t i = 0; !err && i < nr_regions; i++)
		err = read_region(s, regions[i].start, regions[i].size, 0);
	if (!err)
		err = slabs__each(s->slabs, on_slab, s);
	return err ? err : read_queue(s);
}

int search__run(struct search *s, struct reach_object *objects, size_t count,
		const struct region *regions, size_t nr_regions, uint64_t limit, const int *cancel,
		struct search_stats *stats)
{
	uint64_t start = clock__now();
	int err = 0;

	memset(stats, 0, sizeof(*stats));
	stats->objects = count;
	s->limit = limit;
	s->cancel = cancel;
	s->stats = stats;
	s->queued = s->queued_pieces = 0;
	s->nr_todo = 0;
	s->unread = false;
	s->reach = reach__new(objects, count);
	if (!s->reach)
		return -ENOMEM;
	s->seeking = reach__sought(s->reach);
	err = mark(s, regions, nr_regions);
	stats->early = !err && settled(s);
	if (!err && !stats->early)
		err = read_all(s, regions, nr_regions);
	if (!err && !stats->early)
		reach__finish(s->reach);
	reach__free(s->reach);
	s->reach = NULL;
	table__free(&s->pages);
	stats->ns = clock__now() - start;
	return err;
}
