// SPDX-License-Identifier: GPL-2.0-only
/*
 * What runs in the kernel: filter, stamp, send.
 *
 * The programs on kmalloc and kfree run on the whole machine's allocations.
 * Until the filter in .bss has said that an event concerns a traced module
 * they make no helper call and look into no map.  An allocation concerns us
 * when its call site lies in a traced module's text; a free when the counter
 * that its address hashes to is not zero.  An skb is allocated by the core on
 * behalf of anybody, so there the question is whether the task is inside a
 * frame of the stack, and the last word has the stack itself.
 *
 * Everything that decides who leaked what is in user space (src/ledger).  The
 * one thing kept here besides the filter is the book of live allocations: when
 * the ring buffer overflows, the ledger reads the truth from it.
 *
 * raw_tp, tp_btf, fentry and fexit programs only guard against themselves; a
 * classic tracepoint or kprobe is skipped whenever any such program runs on
 * this CPU.  So memory events never use those, and what a kprobe tells is
 * checked by the ledger against what follows from memory events.  Of the first
 * two it is raw_tp, whose arguments are numbers: a tp_btf program is refused
 * the "const void *" of kmalloc and kfree (6.1, 6.12).
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#include "events.h"

char LICENSE[] SEC("license") = "GPL";

/* Set by the loader before load, so that the verifier folds it away. */
const volatile __u32 kmalloc_size_arg = 2; /* bytes_req of kmem:kmalloc; 5.18 to 6.0: 3 */
/* Likewise; more than NLB_FILTER_BITS where the book is larger than by default: then
 * the filter's counters are in live_slots instead of in .bss, whose size is fixed.
 */
const volatile __u32 live_bits = NLB_FILTER_BITS;

/* Likewise; before 5.15 a kprobe cannot ask for its cookie: then the loader makes a copy
 * of its program for each hook, with the cookie in it.
 */
const volatile bool ask_cookie = true;

struct nlb_filter filter;
struct nlb_counters counters;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NLB_RING_BYTES);
} events SEC(".maps");

/* Preallocated, as are all maps on these paths: an allocation inside an
 * allocation event can deadlock (kernel commit 94dacdbd5d2d).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_BOOK_ENTRIES);
	__type(key, __u64);
	__type(value, struct nlb_book_entry);
} book SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} live_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_SCOPES);
	__type(key, __u32); /* scope__key() */
	__type(value, struct nlb_scope);
} scopes SEC(".maps");

__u32 scopes_used; /* entries of that */

/* ---- the filter ---- */

static __always_inline bool in_range(const struct nlb_range *r, __u64 addr)
{
	return addr - r->start < r->size;
}

static __always_inline bool in_traced_text(__u64 addr)
{
	/* Its start first: the loader may be about to write it (src/hooks/hooks.c). */
	const volatile struct nlb_range *span = &filter.span;
	__u64 start = span->start;

	if (addr - start >= span->size)
		return false;
	for (__u32 i = 0; i < NLB_MAX_RANGES; i++)
		if (in_range(&filter.ranges[i], addr))
			return true;
	return false;
}

/* A counter by the uppermost bits of a hash. */
static __always_inline __u32 *live_slot(__u64 hash)
{
	__u32 slot = hash >> (64 - NLB_FILTER_BITS), *counter;

	if (__builtin_expect(live_bits == NLB_FILTER_BITS, 1))
		return &filter.live[slot & (NLB_FILTER_SLOTS - 1)];
	slot = hash >> (64 - (live_bits & 31));
	counter = bpf_map_lookup_elem(&live_slots, &slot);
	return counter ? counter : &filter.live[0];
}

/*
 * Asked before anything else is done, even before another argument is read.  Of the
 * addresses of others one in nine meets a used counter when the book is full, one in
 * seventy two.
 */
static __always_inline bool may_be_booked(__u64 addr)
{
	return *live_slot(nlb_hash1(addr)) && *live_slot(nlb_hash2(addr));
}

static __always_inline void live_count(__u64 addr, __s32 n)
{
	__sync_fetch_and_add(live_slot(nlb_hash1(addr)), n);
	__sync_fetch_and_add(live_slot(nlb_hash2(addr)), n);
}

static __always_inline __u32 *scope_slot(__u32 slot)
{
	return &filter.scope_slots[slot & (NLB_SCOPE_SLOTS - 1)];
}

static __always_inline __u32 own_slot(void)
{
	__u64 task = bpf_get_current_task();

	return ((task >> 6) * 0x9e3779b97f4a7c15ULL) >> (64 - NLB_SCOPE_BITS);
}

/*
 * The address in a typed pointer argument, as a number to hash.  The verifier
 * forbids arithmetic on such a pointer; one whose last byte was overwritten on
 * the stack is a number to it.  A kernel address begins with 0xff anyway.
 */
static __always_inline __u64 address_of(__u64 pointer)
{
	volatile __u64 v = pointer;

	((volatile __u8 *)&v)[7] = 0xff;
	return v;
}

/* ---- who is running ---- */

/*
 * No helper tells an interrupt from a task.  preempt_count is a per-CPU variable
 * of its own or a field of pcpu_hot (6.2 to 6.14); both are found by address,
 * since some kernels know the symbol but not its type (5.10), others its type
 * but not the symbol.  Where there is neither, doctor says so.
 */
static __always_inline bool in_interrupt(void)
{
	/* include/linux/preempt.h: NMI, hard interrupt, serving softirq */
	const __u32 mask = 0x00f00000 | 0x000f0000 | 0x00000100;
	__u64 base = 0;
	__u32 count = 0;

	if (!filter.cpu_offsets || !filter.preempt_count)
		return false;
	bpf_probe_read_kernel(&base, sizeof(base),
			      (void *)(filter.cpu_offsets + 8 * bpf_get_smp_processor_id()));
	bpf_probe_read_kernel(&count, sizeof(count), (void *)(base + filter.preempt_count));
	return count & mask;
}

static __always_inline void fill_header_flags(struct nlb_header *h, __u32 type, __u32 flags)
{
	h->time = bpf_ktime_get_ns();
	h->type = type;
	h->tid = (__u32)bpf_get_current_pid_tgid();
	h->flags = flags;
	h->cpu = bpf_get_smp_processor_id();
}

static __always_inline void fill_header(struct nlb_header *h, __u32 type)
{
	fill_header_flags(h, type, in_interrupt() ? NLB_F_IRQ : 0);
}

/* The loader reads the book again, and what is found from then on is degraded. */
static __always_inline void lose(void)
{
	__sync_fetch_and_add(&counters.lost, 1);
}

static __always_inline void *reserve(__u64 size)
{
	void *record = bpf_ringbuf_reserve(&events, size, 0);

	if (!record)
		lose();
	return record;
}

/*
 * The loader looks ten times a second anyway: it is woken only when there is much,
 * or when memory is not followed and something begins to happen.
 */
static __always_inline void submit(void *record)
{
	bool wake =
		filter.asleep || bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > NLB_RING_BYTES / 8;

	bpf_ringbuf_submit(record, wake ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
}

/* ---- frames: is this task inside the stack? ---- */

static __always_inline void scope__count(const struct nlb_scope *s, __s32 n)
{
	__sync_fetch_and_add(scope_slot(s->slot), n);
	__sync_fetch_and_add(&filter.scope, n);
}

static __always_inline void send_work(__u32 type, __u64 work, __u64 function)
{
	struct nlb_work *e = reserve(sizeof(*e));

	if (!e)
		return;
	fill_header(&e->h, type);
	e->work = work;
	e->function = function;
	submit(e);
}

/*
 * Who was born in which frame is all that the ledger wants to know of work items, and
 * in most of them nothing is: the loader is told of one with the first allocation.
 */
static __always_inline void scope__tell(struct nlb_scope *s)
{
	if (!s->work || s->told)
		return;
	s->told = 1;
	send_work(NLB_WORK_START, s->work, s->function);
}

static __always_inline __u32 scope__key(void)
{
	if (in_interrupt())
		return NLB_SCOPE_IRQ | bpf_get_smp_processor_id();
	return (__u32)bpf_get_current_pid_tgid();
}

static __always_inline struct nlb_scope *scope__find(__u32 key)
{
	return bpf_map_lookup_elem(&scopes, &key);
}

static __always_inline struct nlb_scope *scope__make(__u32 key)
{
	struct nlb_scope fresh = { .irq = !!(key & NLB_SCOPE_IRQ) };

	if (bpf_map_update_elem(&scopes, &key, &fresh, BPF_NOEXIST)) {
		__sync_fetch_and_add(&counters.scope_full, 1);
		return NULL;
	}
	__sync_fetch_and_add(&scopes_used, 1);
	return scope__find(key);
}

/* Only the outermost frame has a function and a work item: 0 if it is none. */
static __always_inline void scope__enter(__u64 work, __u64 function)
{
	/* No interrupt executes work items. */
	__u32 key = work ? (__u32)bpf_get_current_pid_tgid() : scope__key();
	struct nlb_scope *s = scope__find(key) ?: scope__make(key);

	if (!s)
		return;
	if (!work && s->depth) {
		/* The inner one is told: so must be the one around it, before. */
		scope__tell(s);
		s->depth++;
		return;
	}
	/* A kworker begins a work item with nothing on its stack: one still there
	 * is an exit that was missed, perhaps that of a task which is no more.
	 */
	if (s->depth) {
		__sync_fetch_and_add(&counters.scope_healed, s->depth);
		scope__count(s, -1);
	}
	s->slot = own_slot();
	scope__count(s, 1);
	s->depth = 1;
	s->told = 0;
	s->work = work;
	s->function = function;
}

/* The outermost frame ends. */
static __always_inline void scope__end(struct nlb_scope *s, __u32 key)
{
	s->depth = 0;
	scope__count(s, -1);
	if (scopes_used > NLB_SCOPES / 2 && !bpf_map_delete_elem(&scopes, &key))
		__sync_fetch_and_add(&scopes_used, -1);
}

/* A frame that is no work item ends. */
static __always_inline void scope__exit(void)
{
	__u32 key = scope__key();
	struct nlb_scope *s = scope__find(key);

	if (!s || !s->depth)
		return;
	if (s->depth > 1)
		s->depth--;
	else if (!s->work) /* else it was not seen to begin */
		scope__end(s, key);
}

/* Of what runs here, a task or an interrupt; NULL outside any frame. */
static __always_inline struct nlb_scope *current_scope(void)
{
	struct nlb_scope *s;

	if (!filter.scope || !*scope_slot(own_slot()))
		return NULL;
	s = scope__find(scope__key());
	return s && s->depth ? s : NULL;
}

/* ---- allocations and frees ---- */

static __always_inline void send_free(__u64 addr, __u64 born, __u64 site, __u32 flags)
{
	struct nlb_free *e = reserve(sizeof(*e));

	if (!e)
		return;
	fill_header(&e->h, NLB_FREE);
	e->h.flags |= flags;
	e->addr = addr;
	e->born = born;
	e->site = site;
	submit(e);
}

/* As an error of a map: no macros come with vmlinux.h. */
#define NO_ENTRY 2  /* ENOENT */
#define TOO_BIG	 7  /* E2BIG: of a preallocated map */
#define NO_SPACE 28 /* ENOSPC */

/*
 * Returns whether the address was on the book until now.  If it is not somebody else who took it
 * off, it stays there (a bucket may be locked by what was interrupted: EBUSY).
 */
static __always_inline bool book__remove(__u64 addr)
{
	long err = bpf_map_delete_elem(&book, &addr);

	if (!err)
		live_count(addr, -1);
	else if (err != -NO_ENTRY)
		lose();
	return !err;
}

/* An address that is handed out while it is in the book was freed unseen.  To be
 * called before the new life's record is reserved: the end of the old one comes first.
 */
static __always_inline void book__heal(__u64 addr)
{
	struct nlb_book_entry *old;
	__u64 born;

	if (!may_be_booked(addr))
		return;
	old = bpf_map_lookup_elem(&book, &addr);
	if (!old)
		return;
	born = old->born;
	if (!book__remove(addr))
		return;
	__sync_fetch_and_add(&counters.healed, 1);
	send_free(addr, born, 0, NLB_F_HEALED);
}

static __always_inline bool book__add(__u64 addr, const struct nlb_book_entry *entry)
{
	long err = bpf_map_update_elem(&book, &addr, entry, BPF_ANY);

	if (err == -TOO_BIG || err == -NO_SPACE)
		__sync_fetch_and_add(&counters.book_full, 1);
	else if (err)
		lose();
	if (err)
		return false;
	live_count(addr, 1);
	__sync_fetch_and_add(&counters.allocs, 1);
	return true;
}

/* a < b, in a highest bit: as a comparison it would be a branch. */
static __always_inline __u64 less(__u64 a, __u64 b)
{
	return (~a & b) | ((~a | b) & (a - b));
}

/*
 * The innermost address in a traced module, or 0.  As few branches as can be, since the
 * verifier goes each way of each for each frame.
 */
static __always_inline __u64 traced_site(const __u64 *stack, __u32 depth, __s32 size)
{
	for (__u32 i = 0; i < depth; i++) {
		__u64 hit = 0, addr;

		if ((__s32)(i * sizeof(*stack)) >= size)
			break;
		addr = stack[i];
#pragma unroll
		for (__u32 r = 0; r < NLB_MAX_RANGES; r++) {
			const volatile struct nlb_range *range = &filter.ranges[r];

			hit |= less(addr - range->start, range->size);
		}
		if (hit >> 63)
			return addr;
	}
	return 0;
}

#include "known_stacks.h"

static __always_inline void fill_alloc(struct nlb_alloc *e, __u64 addr,
				       const struct nlb_book_entry *entry, __u32 flags)
{
	fill_header_flags(&e->h, NLB_ALLOC, flags);
	e->h.time = entry->born;
	e->addr = addr;
	e->size = entry->size;
	e->site = entry->site;
	e->kind = entry->kind;
	e->stack_size = 0;
	__builtin_memcpy(e->comm, entry->comm, sizeof(e->comm));
}

static __always_inline bool crowded(void)
{
	return bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > NLB_RING_BYTES / 2;
}

#define SHORT_DEPTH 16

/*
 * The ring buffer fills faster than it is read: a record without its stack, a
 * quarter of the size.  An skb's stack is looked at all the same, since it says
 * whether the skb is ours; so one that finds the ring full is still booked.
 */
static __always_inline int record_alloc_short(void *ctx, __u64 addr, struct nlb_book_entry *entry,
					      __u32 flags)
{
	struct nlb_alloc *e;

	if (entry->kind == NLB_KIND_SKB) {
		__u64 stack[SHORT_DEPTH]; /* all that a program's own stack has room for */
		__s32 size = bpf_get_stack(ctx, stack, sizeof(stack), 0);

		entry->site = traced_site(stack, SHORT_DEPTH, size);
		if (!entry->site)
			return 0;
	}
	if (!book__add(addr, entry))
		return 0;
	e = reserve(NLB_ALLOC_SHORT);
	if (!e)
		return 0;
	fill_alloc(e, addr, entry, flags | NLB_F_NO_STACK);
	__sync_fetch_and_add(&counters.left_out, 1);
	submit(e);
	return 0;
}

/* A stack that is known was ours when it was learnt. */
static __always_inline int record_alloc_known(__u64 addr, const struct nlb_book_entry *entry,
					      __u32 number)
{
	struct nlb_alloc *e;

	if (!book__add(addr, entry))
		return 0;
	e = reserve(NLB_ALLOC_SHORT);
	if (!e)
		return 0;
	fill_alloc(e, addr, entry, NLB_F_KNOWN_STACK | number << 8);
	submit(e);
	return 0;
}

/* scope: current_scope(). */
static __always_inline int record_alloc(void *ctx, __u64 addr, __u64 size, __u64 site, __u32 kind,
					enum program program, struct nlb_scope *scope)
{
	struct nlb_book_entry entry = { .size = size, .site = site, .kind = kind };
	struct nlb_stack_key key = { .generation = generation, .program = program };
	__u64 place = address_of((__u64)ctx);
	__u32 flags = 0, number;
	struct nlb_alloc *e;

	if (filter.asleep)
		return 0;
	book__heal(addr);
	if (scope)
		scope__tell(scope);
	if (scope ? scope->irq : in_interrupt())
		flags = NLB_F_IRQ;
	entry.tid = (__u32)bpf_get_current_pid_tgid();
	bpf_get_current_comm(entry.comm, sizeof(entry.comm));
	entry.born = bpf_ktime_get_ns();
	key.what = site;
	if (scope)
		key.what ^= scope->function ^ size << 32;
	if (scope && scope->work)
		key.place = place & (STACK_SIZE - 1);
	key.way = NLB_STACK_WAYS;
	/* Elsewhere than in a task's frame the stack may be an interrupt's. */
	number = scope && !scope->irq ? known_stack(&key, place) : 0;
	if (number)
		return record_alloc_known(addr, &entry, number);
	e = crowded() ? NULL : reserve(sizeof(*e));
	if (!e)
		return record_alloc_short(ctx, addr, &entry, flags);
	fill_alloc(e, addr, &entry, flags);
	e->stack_size = bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
	if (e->stack_size < 0)
		__sync_fetch_and_add(&counters.no_stack, 1);
	if (kind == NLB_KIND_SKB && !traced_site(e->stack, NLB_STACK_DEPTH, e->stack_size)) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return 0;
	}
	if (!book__add(addr, &entry)) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return 0;
	}
	submit(e);
	if (key.way < NLB_STACK_WAYS)
		learn_stack(ctx, &key, place, site);
	return 0;
}

static __always_inline int record_free(__u64 addr, __u64 site)
{
	struct nlb_book_entry *entry = bpf_map_lookup_elem(&book, &addr);
	__u64 born;

	if (!entry)
		return 0;
	born = entry->born;
	if (!book__remove(addr))
		return 0;
	__sync_fetch_and_add(&counters.frees, 1);
	send_free(addr, born, site, 0);
	return 0;
}

static __always_inline int on_kmalloc(__u64 *ctx, enum program program)
{
	__u64 site = ctx[0], third, fourth;

	if (!in_traced_text(site) || !ctx[1])
		return 0;
	/* Both read, and volatile: the verifier refuses a computed offset into
	 * ctx, which is what the compiler makes of a choice between two.
	 */
	third = *(volatile __u64 *)&ctx[2];
	fourth = *(volatile __u64 *)&ctx[3];
	return record_alloc(ctx, ctx[1], kmalloc_size_arg == 3 ? fourth : third, site,
			    NLB_KIND_OBJECT, program, current_scope());
}

SEC("raw_tp/kmalloc")
int nlb_kmalloc(__u64 *ctx)
{
	return on_kmalloc(ctx, KMALLOC);
}

/* Up to 6.0 a kmalloc with a node has its own event, with the same beginning. */
SEC("?raw_tp/kmalloc_node")
int nlb_kmalloc_node(__u64 *ctx)
{
	return on_kmalloc(ctx, KMALLOC_NODE);
}

SEC("raw_tp/kfree")
int nlb_kfree(__u64 *ctx)
{
	return may_be_booked(ctx[1]) ? record_free(ctx[1], ctx[0]) : 0;
}

/*
 * An skb's struct and head are one allocation, known by the struct's address.
 * Both tracepoints fire when the last user is gone, on every way out except a
 * direct __kfree_skb(): that is hooked itself where fentry can be had.
 */
SEC("?fexit/__alloc_skb")
int nlb_skb_alloc(__u64 *ctx)
{
	struct nlb_scope *scope;

	if (!filter.scope || !ctx[4])
		return 0;
	scope = current_scope();
	if (!scope)
		return 0;
	return record_alloc(ctx, address_of(ctx[4]), (__u32)ctx[0], 0, NLB_KIND_SKB, SKB_ALLOC,
			    scope);
}

SEC("?fexit/skb_clone")
int nlb_skb_clone(__u64 *ctx)
{
	struct nlb_scope *scope;

	if (!filter.scope || !ctx[2])
		return 0;
	scope = current_scope();
	if (!scope)
		return 0;
	return record_alloc(ctx, address_of(ctx[2]), 0, 0, NLB_KIND_SKB, SKB_CLONE, scope);
}

/*
 * A socket of the stack's family: its struct comes from the core as well, and
 * goes by kfree, since these protocols have no cache of their own.
 */
SEC("?fexit/sk_alloc")
int nlb_sock(__u64 *ctx)
{
	const __u32 pf_nfc = 39; /* include/linux/socket.h */
	struct proto *proto = (void *)ctx[3];

	if ((__u32)ctx[1] != pf_nfc || !ctx[5] || !filter.span.size)
		return 0;
	return record_alloc(ctx, address_of(ctx[5]), proto->obj_size, 0, NLB_KIND_SOCK, SOCK, NULL);
}

/* Instead of the skbs' two above where fexit is refused: the struct's own allocation. */
static __always_inline int on_cache_alloc(__u64 *ctx)
{
	struct nlb_scope *scope;
	__u64 site = ctx[0];

	if (!in_range(&filter.skb_alloc, site) && !in_range(&filter.skb_clone, site))
		return 0;
	scope = ctx[1] ? current_scope() : NULL;
	if (!scope)
		return 0;
	return record_alloc(ctx, ctx[1], 0, site, NLB_KIND_SKB, CACHE_ALLOC, scope);
}

SEC("?raw_tp/kmem_cache_alloc")
int nlb_cache_alloc(__u64 *ctx)
{
	return on_cache_alloc(ctx);
}

/* Up to 6.0 one with a node has its own event here, too. */
SEC("?raw_tp/kmem_cache_alloc_node")
int nlb_cache_alloc_node(__u64 *ctx)
{
	return on_cache_alloc(ctx);
}

SEC("?raw_tp/kmem_cache_free")
int nlb_cache_free(__u64 *ctx)
{
	return may_be_booked(ctx[1]) ? record_free(ctx[1], ctx[0]) : 0;
}

SEC("raw_tp/kfree_skb")
int nlb_kfree_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, ctx[1]) : 0;
}

SEC("raw_tp/consume_skb")
int nlb_consume_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, 0) : 0;
}

SEC("?fentry/__kfree_skb")
int nlb__kfree_skb(__u64 *ctx)
{
	__u64 skb = address_of(ctx[0]);

	return may_be_booked(skb) ? record_free(skb, 0) : 0;
}

/* ---- work items of traced modules ---- */

SEC("tp_btf/workqueue_execute_start")
int nlb_work_start(__u64 *ctx)
{
	struct work_struct *work = (void *)ctx[0];
	__u64 function = (__u64)work->func;

	if (!in_traced_text(function))
		return 0;
	scope__enter((__u64)work, function);
	return 0;
}

/* Told by how it began: its module may be traced no more, the work item may be gone. */
SEC("raw_tp/workqueue_execute_end")
int nlb_work_end(struct bpf_raw_tracepoint_args *ctx)
{
	__u64 work = ctx->args[0], function;
	struct nlb_scope *s;
	__u32 key, told;

	if (!filter.scope || !*scope_slot(own_slot()))
		return 0;
	key = (__u32)bpf_get_current_pid_tgid();
	s = scope__find(key);
	if (!s || !s->depth || s->work != work)
		return 0;
	function = s->function;
	told = s->told;
	scope__end(s, key);
	if (told)
		send_work(NLB_WORK_END, work, function);
	return 0;
}

/* ---- functions of traced modules ---- */

static __always_inline void send_return(__u64 cookie, __s64 ret)
{
	struct nlb_return *e = reserve(sizeof(*e));

	if (!e)
		return;
	fill_header(&e->h, NLB_RETURN);
	e->cookie = cookie;
	e->ret = ret;
	submit(e);
}

/* Who waits for the answer has what it is put into on the stack. */
static __always_inline bool on_stack(__u64 addr)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	__u64 stack = 0;

	bpf_core_read(&stack, sizeof(stack), &task->stack);
	return addr - stack < STACK_SIZE;
}

/* A command's user argument may itself name what it was made for (a socket). */
static __always_inline void read_inner(struct nlb_call *e)
{
	__u64 place = NLB_COOKIE_INNER(e->cookie);

	__builtin_memset(e->inner, 0, sizeof(e->inner));
	if (!place)
		return;
	place--;
	barrier_var(place); /* or 6.1 does not believe what is checked of it */
	if (place >= NLB_ARGS)
		return;
	bpf_probe_read_kernel(e->inner, sizeof(e->inner), (void *)e->args[place]);
	if (on_stack(e->args[place]))
		e->h.flags |= NLB_F_ON_STACK;
}

static __always_inline __u64 cookie_of(void *ctx)
{
	__u64 cookie;

	if (ask_cookie)
		return bpf_get_attach_cookie(ctx);
	asm volatile("%0 = %1 ll" : "=r"(cookie) : "i"(NLB_COOKIE_PLACE));
	return cookie;
}

/* A call's arguments go out raw: which one is what, is the subsystem table's. */
static __always_inline int send_call(struct pt_regs *ctx)
{
	struct nlb_call *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, NLB_CALL);
	e->cookie = cookie_of(ctx);
	e->args[0] = PT_REGS_PARM1(ctx);
	e->args[1] = PT_REGS_PARM2(ctx);
	e->args[2] = PT_REGS_PARM3(ctx);
	e->args[3] = PT_REGS_PARM4(ctx);
	e->args[4] = PT_REGS_PARM5(ctx);
#if defined(__TARGET_ARCH_x86)
	/* The sixth in r9, the seventh and on on the stack above the return address. */
	e->args[5] = ctx->r9;
	__builtin_memset(&e->args[6], 0, 3 * sizeof(e->args[6]));
	bpf_probe_read_kernel(&e->args[6], 3 * sizeof(e->args[6]), (void *)PT_REGS_SP(ctx) + 8);
#elif defined(__TARGET_ARCH_arm64)
	e->args[5] = ((struct user_pt_regs *)ctx)->regs[5];
	e->args[6] = ((struct user_pt_regs *)ctx)->regs[6];
	e->args[7] = ((struct user_pt_regs *)ctx)->regs[7];
	e->args[8] = 0;
	bpf_probe_read_kernel(&e->args[8], sizeof(e->args[8]), (void *)PT_REGS_SP(ctx));
#else
#error "say where the sixth and further arguments are on this architecture"
#endif
	read_inner(e);
	submit(e);
	return 0;
}

/* A function whose call is a fact, but no frame of its own. */
SEC("kprobe")
int nlb_call(struct pt_regs *ctx)
{
	return send_call(ctx);
}

/* A function through which a task enters the stack. */
SEC("kprobe")
int nlb_enter(struct pt_regs *ctx)
{
	scope__enter(0, cookie_of(ctx));
	return send_call(ctx);
}

SEC("kretprobe")
int nlb_leave(struct pt_regs *ctx)
{
	scope__exit();
	send_return(cookie_of(ctx), PT_REGS_RC(ctx));
	return 0;
}

/* The same three for fentry and fexit; the loader makes a copy for each function. */

static __always_inline int send_call_of(void *ctx)
{
	struct nlb_call *e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, NLB_CALL);
	e->cookie = bpf_get_attach_cookie(ctx);
	for (__u32 i = 0; i < NLB_ARGS; i++) {
		__u64 value = 0;

		bpf_get_func_arg(ctx, i, &value);
		e->args[i] = value;
	}
	read_inner(e);
	submit(e);
	return 0;
}

static __always_inline int send_return_of(void *ctx)
{
	__u64 ret = 0;

	bpf_get_func_ret(ctx, &ret);
	send_return(bpf_get_attach_cookie(ctx), ret);
	return 0;
}

SEC("?fentry/__kfree_skb")
int nlb_f_call(void *ctx)
{
	return send_call_of(ctx);
}

SEC("?fentry/__kfree_skb")
int nlb_f_enter(void *ctx)
{
	scope__enter(0, bpf_get_attach_cookie(ctx));
	return send_call_of(ctx);
}

SEC("?fexit/__kfree_skb")
int nlb_f_leave(void *ctx)
{
	scope__exit();
	return send_return_of(ctx);
}

/* ---- modules ---- */

static __always_inline int send_module(struct module *mod, __u32 type)
{
	struct nlb_module *e;

	/* Before anything of it runs, or is there no more. */
	__sync_fetch_and_add(&generation, 1);
	e = reserve(sizeof(*e));

	if (!e)
		return 0;
	fill_header(&e->h, type);
	bpf_probe_read_kernel_str(e->name, sizeof(e->name), mod->name);
	bpf_ringbuf_submit(e, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("?tp_btf/module_load")
int nlb_mod_load(__u64 *ctx)
{
	return send_module((void *)ctx[0], NLB_MODULE_LOAD);
}

SEC("?tp_btf/module_free")
int nlb_mod_free(__u64 *ctx)
{
	return send_module((void *)ctx[0], NLB_MODULE_FREE);
}
