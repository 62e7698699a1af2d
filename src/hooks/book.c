// SPDX-License-Identifier: GPL-2.0-only
/*
 * The in-kernel book of live allocations, read as a whole.
 *
 * In batches, each of which is some buckets of the hash map taken at one time: asking
 * for one key after the other begins anew whenever the last one was freed meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "hooks/internal.h"

/* A bucket has to fit in; with as many buckets as entries it holds a handful. */
#define BATCH 256

int hooks__each_booked(const struct hooks *h,
		       void (*each)(void *ctx, uint64_t addr, const struct nlb_book_entry *entry),
		       void *ctx)
{
	uint64_t *addrs = calloc(BATCH, sizeof(*addrs));
	struct nlb_book_entry *entries = calloc(BATCH, sizeof(*entries));
	uint32_t place;
	bool first = true;
	int err = addrs && entries ? 0 : -ENOMEM;

	while (!err) {
		uint32_t count = BATCH;

		if (bpf_map_lookup_batch(hooks__book_fd(h), first ? NULL : &place, &place, addrs,
					 entries, &count, NULL))
			err = -errno;
		first = false;
		/* It is -ENOENT that comes with the last of them. */
		for (uint32_t i = 0; i < count && (!err || err == -ENOENT); i++)
			each(ctx, addrs[i], &entries[i]);
	}
	free(addrs);
	free(entries);
	return err == -ENOENT ? 0 : err;
}

void hooks__forget(struct hooks *h, uint64_t addr)
{
	uint32_t *live = h->skel->bss->filter.live;

	if (bpf_map_delete_elem(hooks__book_fd(h), &addr))
		return;
	/* A larger filter keeps its counters to itself; there the address stays suspicious. */
	if (h->skel->rodata->live_bits != NLB_FILTER_BITS)
		return;
	__atomic_fetch_sub(&live[nlb_hash1(addr) >> (64 - NLB_FILTER_BITS)], 1, __ATOMIC_RELAXED);
	__atomic_fetch_sub(&live[nlb_hash2(addr) >> (64 - NLB_FILTER_BITS)], 1, __ATOMIC_RELAXED);
}
