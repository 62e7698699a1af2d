// SPDX-License-Identifier: GPL-2.0-only
/*
 * A task whose way out of the stack was not seen is not waited for until the end of days, and one
 * that is on its way is.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "native/native.h"
#include "nfcleakbpf.skel.h"

#define NOBODY 0x3ffffff0U /* no task's id */
#define SLOT   7
#define LOOKS  61 /* the last of them gives up */

static bool enter(const struct hooks *h, uint32_t task, uint32_t depth)
{
	struct nlb_scope s = { .depth = depth, .slot = SLOT, .function = 1 };

	return !bpf_map_update_elem(hooks__scopes_fd(h), &task, &s, BPF_ANY);
}

static unsigned looks(struct hooks *h, unsigned count)
{
	unsigned inside = 0;

	while (count--)
		inside += hooks__inside(h);
	return inside;
}

void test_inside(struct hooks *h, struct nlb_filter *filter)
{
	const struct nlb_counters *c = hooks__counters(h);
	uint64_t healed = c->scope_healed, misses = hooks__misses(h);
	uint32_t stuck = NOBODY, busy = NOBODY + 1;
	struct nlb_scope s;

	if (!result(!filter->scope && !hooks__inside(h), "nobody is inside of the stack"))
		return;
	filter->scope = filter->scope_slots[SLOT] = 2;
	result(enter(h, stuck, 2) && enter(h, busy, 1) && looks(h, LOOKS - 1) == LOOKS - 1,
	       "who is inside is waited for");
	result(enter(h, busy, 2) && looks(h, LOOKS - 1) == LOOKS - 1,
	       "and longer when anything moves");
	/* The one that moves leaves; no slot is its own here. */
	bpf_map_delete_elem(hooks__scopes_fd(h), &busy);
	filter->scope = filter->scope_slots[SLOT] = 1;
	result(looks(h, LOOKS) == LOOKS - 1 && !hooks__inside(h),
	       "who stays where it is for a minute is not waited for any more");
	result(bpf_map_lookup_elem(hooks__scopes_fd(h), &stuck, &s) != 0 && !filter->scope &&
		       !filter->scope_slots[SLOT],
	       "nothing of it is left");
	result(c->scope_healed - healed == 2 && hooks__misses(h) - misses == 2,
	       "the two returns that were missed are counted");
}

/* The tracepoint fires for this task. */
static bool end_work(const struct nfcleakbpf *skel, uint64_t work, uint64_t function)
{
	uint64_t args[] = { work, function };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	return !bpf_prog_test_run_opts(bpf_program__fd(skel->progs.nlb_work_end), &opts);
}

static int on_end(void *ctx, void *data, size_t size)
{
	const struct nlb_work *w = data;

	if (size >= sizeof(*w) && w->h.type == NLB_WORK_END)
		*(struct nlb_work *)ctx = *w;
	return 0;
}

void test_work_end(void)
{
	struct nlb_scope s = { .depth = 2, .told = 1, .slot = SLOT, .work = 0x100, .function = 1 };
	uint32_t task = (uint32_t)syscall(SYS_gettid);
	struct nfcleakbpf *skel = nfcleakbpf__open();
	struct ring_buffer *ring = NULL;
	struct nlb_filter *filter;
	struct nlb_work end = { 0 };
	struct bpf_program *p;

	if (skel)
		bpf_object__for_each_program (p, skel->obj)
			bpf_program__set_autoload(p, p == skel->progs.nlb_work_end);
	if (skel && !nfcleakbpf__load(skel))
		ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_end, &end, NULL);
	if (!result(ring != NULL, "the end of work items is loaded"))
		goto out;
	filter = &skel->bss->filter;
	/* The slot of this task is not known here: let all of them say maybe. */
	for (size_t i = 0; i < NLB_SCOPE_SLOTS; i++)
		filter->scope_slots[i] = 1;
	filter->scope = 1;
	result(!bpf_map_update_elem(bpf_map__fd(skel->maps.scopes), &task, &s, BPF_ANY) &&
		       end_work(skel, 0x200, 1) && filter->scope == 1,
	       "another work item's end is not this one's");
	/* No module is traced any more. */
	result(end_work(skel, 0x100, 1) && !filter->scope && !filter->scope_slots[SLOT],
	       "its own is, whatever is traced then");
	ring_buffer__consume(ring);
	result(end.work == 0x100 && end.function == 1, "and is told as its beginning was");
	result(end_work(skel, 0x100, 1) && !filter->scope, "once");
out:
	ring_buffer__free(ring);
	nfcleakbpf__destroy(skel);
}
