// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the counters of the programs, and the book when something was lost.
 */
#include "cmd/losses.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/decode.h"
#include "util/clock.h"
#include "util/log.h"

struct book {
	struct names *names;
	struct live *live;
	size_t count, room;
	int err;
};

static void add(void *ctx, uint64_t addr, const struct nlb_book_entry *entry)
{
	struct book *b = ctx;
	struct live *live;

	if (b->count == b->room) {
		size_t room = b->room ? 2 * b->room : 256;

		live = reallocarray(b->live, room, sizeof(*live));
		if (!live) {
			b->err = -ENOMEM;
			return;
		}
		b->live = live;
		b->room = room;
	}
	live = &b->live[b->count++];
	*live = (struct live){
		.addr = addr,
		.born = entry->born,
		.size = entry->size,
		.skb = entry->kind == NLB_KIND_SKB,
		.sock = entry->kind == NLB_KIND_SOCK,
		.caller = names__function(b->names, entry->site),
		.tid = entry->tid,
	};
	decode__comm(live->comm, entry->comm);
}

void losses__event(struct losses *l)
{
	l->lost = UINT64_MAX;
}

void losses__blind(struct losses *l)
{
	unsigned blind = hooks__blind(l->hooks);

	if (blind != l->blind)
		session__blind(l->session, blind);
	l->blind = blind;
}

/*
 * Who uses what is not known from here on, and an skb may end unseen; then, from here on, it
 * is seen again.  In between the kernel says nothing.
 */
static bool look_for_silence(struct losses *l)
{
	bool silent = hooks__ask_silent(l->hooks);

	if (silent == l->silent)
		return false;
	l->silent = silent;
	l->stale = true;
	if (silent)
		log_error("kernel.ftrace_enabled was set to 0: hooks on functions do not run any "
			  "more; skbs and commands are not followed, and what is found is "
			  "degraded; set it to 1 again before this ends");
	else
		log_info("kernel.ftrace_enabled is 1 again: hooks on functions run; what they "
			 "missed stays unknown");
	return !silent;
}

void losses__count(struct losses *l)
{
	const struct nlb_counters *c = hooks__counters(l->hooks);
	uint64_t left_out = __atomic_load_n(&c->left_out, __ATOMIC_RELAXED);
	uint64_t misses = hooks__misses(l->hooks);
	uint64_t full = __atomic_load_n(&c->book_full, __ATOMIC_RELAXED);

	if (misses != l->misses)
		session__missed(l->session, misses - l->misses);
	l->misses = misses;
	session__counters(l->session, __atomic_load_n(&c->lost, __ATOMIC_RELAXED), full, left_out);
	if (full && !l->full_said)
		log_info("the book of live allocations is full (%zu): what does not fit is not "
			 "followed; --book-entries makes it larger",
			 hooks__book_entries(l->hooks));
	l->full_said = full;
	if (left_out && !l->left_out_said)
		log_info("events come faster than they can be read: allocations are followed "
			 "without their stacks until that is over");
	l->left_out_said = left_out;
}

bool losses__check(struct losses *l)
{
	uint64_t lost = __atomic_load_n(&hooks__counters(l->hooks)->lost, __ATOMIC_RELAXED);
	bool back = look_for_silence(l);
	uint64_t snapshot;
	struct book book = { .names = l->names };
	int err;

	/* What is in the book now lived while nobody looked: first the book. */
	l->back = (l->back || back) && !l->silent;
	if (!l->back)
		losses__blind(l);
	if (lost == l->lost && !l->stale)
		return back;
	/* While it fails it is tried ten times a second, and said once. */
	if (!l->failing && l->lost == UINT64_MAX)
		log_info("memory is short, and an event could not be taken; reading the book of "
			 "live allocations");
	else if (!l->failing && lost != l->lost)
		log_info("events were lost (%llu so far); reading the book of live allocations",
			 (unsigned long long)lost);
	ring_buffer__consume(l->ring);
	snapshot = clock__now();
	err = hooks__each_booked(l->hooks, add, &book);
	if (!err)
		err = book.err;
	if (!err)
		err = session__resync(l->session, book.live, book.count, snapshot);
	if (err && !l->failing)
		log_error("the book could not be read: %s; trying again", strerror(-err));
	if (!err) {
		l->lost = lost;
		l->stale = l->back = false;
		losses__blind(l);
	}
	l->failing = err;
	free(book.live);
	return back;
}
