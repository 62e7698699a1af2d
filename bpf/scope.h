/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames: is this task, or this interrupt, inside of the traced stack?
 */
#ifndef NLB_SCOPE_H
#define NLB_SCOPE_H

#include "send.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_SCOPES);
	__type(key, __u32); /* scope__key() */
	__type(value, struct nlb_scope);
} scopes SEC(".maps");

__u32 scopes_used; /* entries of that */

static __always_inline __u32 *scope_slot(__u32 slot)
{
	return &filter.scope_slots[slot & (NLB_SCOPE_SLOTS - 1)];
}

static __always_inline __u32 own_slot(void)
{
	__u64 task = bpf_get_current_task();

	return ((task >> 6) * 0x9e3779b97f4a7c15ULL) >> (64 - NLB_SCOPE_BITS);
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
	/* A work item may be a softirq's, too (WQ_BH, 6.9). */
	__u32 key = scope__key();
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

#endif /* NLB_SCOPE_H */
