/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Does an event concern a traced module?  What programs on the whole machine's
 * allocations ask first: numbers in .bss, no map, no helper.
 */
#ifndef NLB_FILTER_H
#define NLB_FILTER_H

#include "events.h"

/*
 * Set before load, so that the verifier folds it away.  More than NLB_FILTER_BITS where the
 * book is larger than by default: then the filter's counters are in live_slots instead of
 * in .bss, whose size is fixed.
 */
const volatile __u32 live_bits = NLB_FILTER_BITS;

struct nlb_filter filter;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} live_slots SEC(".maps");

static __always_inline bool in_range(const struct nlb_range *r, __u64 addr)
{
	return addr - r->start < r->size;
}

static __always_inline bool in_traced_text(__u64 addr)
{
	/* Its start first: the loader may be about to write it (src/hooks/places.c). */
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

#endif /* NLB_FILTER_H */
