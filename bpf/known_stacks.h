/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stacks that need not be walked again: the kernel's side of src/trace/stacks.h.
 *
 * Walking a stack costs as much as ten times everything else that is done about an
 * allocation, and it is nearly always one of a few dozen.  Where each return address
 * of such a one lies above this program's context, which is on the stack, is known, so
 * that looking there says whether it is the same again.  (The program's own frame may
 * be elsewhere, since 6.13.)
 */
#ifndef NLB_KNOWN_STACKS_H
#define NLB_KNOWN_STACKS_H

#include "send.h"

/* Filled by the loader from what nlb_stack records tell; see src/trace/stacks.h. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_KNOWN_STACKS);
	__type(key, struct nlb_stack_key);
	__type(value, struct nlb_known_stack);
} known_stacks SEC(".maps");

__u32 generation; /* of the modules, and so of what an address means */

enum program { KMALLOC = 1, KMALLOC_NODE, SKB_ALLOC, SKB_CLONE, SOCK, CACHE_ALLOC };

#define STACK_SIZE 0x4000 /* THREAD_SIZE, of x86-64 and arm64 with 4 KiB pages */

/* kernel/trace/rethook.c, since 5.18; before that nothing is found here. */
struct llist_node___nlb {
	struct llist_node___nlb *next;
} __attribute__((preserve_access_index));

struct llist_head___nlb {
	struct llist_node___nlb *first;
} __attribute__((preserve_access_index));

struct rethook_node___nlb {
	struct llist_node___nlb llist;
	unsigned long ret_addr;
} __attribute__((preserve_access_index));

struct task_struct___nlb {
	struct llist_head___nlb rethooks;
} __attribute__((preserve_access_index));

/*
 * Where a function with a kretprobe returns to is not on the stack, but in a list of
 * the task's, the innermost first.  Returns whether that is all of it.  Behind its end
 * there is nothing to read, which leaves 0.
 */
static __always_inline bool read_returns(__u64 returns[NLB_RETURNS])
{
	struct task_struct___nlb *task = (void *)bpf_get_current_task();
	struct llist_node___nlb *link;

	if (!bpf_core_field_exists(task->rethooks) ||
	    !bpf_core_type_exists(struct rethook_node___nlb)) {
		for (__u32 i = 0; i < NLB_RETURNS; i++)
			returns[i] = 0;
		return true;
	}
	link = BPF_CORE_READ(task, rethooks.first);
	for (__u32 i = 0; i < NLB_RETURNS; i++) {
		struct rethook_node___nlb *node =
			(void *)link - bpf_core_field_offset(struct rethook_node___nlb, llist);

		bpf_core_read(&returns[i], sizeof(returns[i]), &node->ret_addr);
		link = BPF_CORE_READ(link, next);
	}
	return !link;
}

/*
 * No branch but the two that end it: the verifier goes each way at each of all words, and
 * its patience has an end (7.2), as has that of who waits for the start.
 */
static __always_inline bool same_stack(const struct nlb_known_stack *known, __u64 place)
{
	__u64 end = (place | (STACK_SIZE - 1)) + 1;
	/* Anything: asked for only where they are read. */
	__u64 returns[NLB_RETURNS] = { place, place };

	if (known->returns)
		read_returns(returns);
	for (__u32 i = 0; i < NLB_KNOWN_WORDS; i++) {
		__u64 word, at, offset, from_end, is_return;

		if (i >= known->words)
			break;
		at = known->at[i];
		offset = 8 * (at & (NLB_AT_END - 1));
		from_end = -(at / NLB_AT_END & 1);
		is_return = -(at / NLB_AT_RETURN & 1);
		/* All ones or none, or the compiler makes branches of them. */
		barrier_var(from_end);
		barrier_var(is_return);
		bpf_probe_read_kernel(&word, sizeof(word),
				      (void *)((end - offset) & from_end) +
					      ((place + offset) & ~from_end));
		word = (word & ~is_return) | (returns[at & (NLB_RETURNS - 1)] & is_return);
		if (word != known->word[i])
			return false;
	}
	return true;
}

/*
 * The number of the stack that this is, or 0.  With key->way of NLB_STACK_WAYS it is
 * not worth learning, else that is where it is to be learnt.
 */
static __always_inline __u32 known_stack(struct nlb_stack_key *key, __u64 place)
{
	for (__u32 i = 0; i < NLB_STACK_WAYS; i++) {
		const struct nlb_known_stack *known;
		__u32 number;

		key->way = i;
		known = bpf_map_lookup_elem(&known_stacks, key);
		if (!known)
			return 0;
		/* Another one may be put there meanwhile, which has another number. */
		number = *(const volatile __u32 *)&known->number;
		if (!number)
			break;
		if (same_stack(known, place))
			return number == *(const volatile __u32 *)&known->number ? number : 0;
	}
	key->way = NLB_STACK_WAYS;
	return 0;
}

static const struct nlb_known_stack not_known;

/* The loader is asked once: what it cannot use stays as it is put here. */
static __always_inline void learn_stack(void *ctx, const struct nlb_stack_key *key, __u64 place,
					__u64 site)
{
	__u32 size = STACK_SIZE - (place & (STACK_SIZE - 1));
	struct nlb_stack *e;

	if (size > sizeof(e->words) ||
	    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > NLB_RING_BYTES / 8)
		return;
	e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);
	if (!e)
		return;
	if (bpf_map_update_elem(&known_stacks, key, &not_known, BPF_NOEXIST) ||
	    bpf_probe_read_kernel(e->words, size, (void *)place) || !read_returns(e->returns)) {
		bpf_ringbuf_discard(e, BPF_RB_NO_WAKEUP);
		return;
	}
	fill_header_flags(&e->h, NLB_STACK, 0);
	e->key = *key;
	e->site = site;
	e->nr_words = size / sizeof(e->words[0]);
	e->stack_size = bpf_get_stack(ctx, e->stack, sizeof(e->stack), 0);
	submit(e);
}

#endif /* NLB_KNOWN_STACKS_H */
