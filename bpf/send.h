/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record to the loader: who is running, and the ring buffer.
 */
#ifndef NLB_SEND_H
#define NLB_SEND_H

#include "filter.h"

struct nlb_counters counters;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, NLB_RING_BYTES);
} events SEC(".maps");

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

#endif /* NLB_SEND_H */
