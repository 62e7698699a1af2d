/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An allocation that is in scope, and a free of what is in the book: entered and sent.
 */
#ifndef NLB_RECORD_H
#define NLB_RECORD_H

#include "book.h"
#include "known_stacks.h"
#include "scope.h"

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

#endif /* NLB_RECORD_H */
