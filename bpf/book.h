/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The book of live allocations, which is what the filter of frees counts, and what the
 * loader reads when events were lost.
 */
#ifndef NLB_BOOK_H
#define NLB_BOOK_H

#include "send.h"

/* Preallocated, as are all maps on these paths: an allocation inside an
 * allocation event can deadlock (kernel commit 94dacdbd5d2d).
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, NLB_BOOK_ENTRIES);
	__type(key, __u64);
	__type(value, struct nlb_book_entry);
} book SEC(".maps");

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

/*
 * As an error of a map: no macros come with vmlinux.h.  To be kept in an int: before 6.4 the
 * functions of maps, which programs call directly, return one, and the upper half is anything.
 */
#define NO_ENTRY 2  /* ENOENT */
#define TOO_BIG	 7  /* E2BIG: of a preallocated map */
#define NO_SPACE 28 /* ENOSPC */

/*
 * Returns whether the address was on the book until now.  If it is not somebody else who took it
 * off, it stays there (a bucket may be locked by what was interrupted: EBUSY).
 */
static __always_inline bool book__remove(__u64 addr)
{
	int err = bpf_map_delete_elem(&book, &addr);

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
	int err = bpf_map_update_elem(&book, &addr, entry, BPF_ANY);

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

#endif /* NLB_BOOK_H */
