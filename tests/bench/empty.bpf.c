// SPDX-License-Identifier: GPL-2.0-only
/*
 * Programs that do nothing, on the hooks that tracers use: what is left when all of a tracer's own
 * instructions are taken away.  "four" are what a tracer of all allocations hooks, "ours" what
 * nfcleakbpf does; see tests/bench/empty.c.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#define EMPTY(section, name) \
	SEC(section)         \
	int name(void *ctx)  \
	{                    \
		return 0;    \
	}

EMPTY("?tp_btf/kmalloc", four_kmalloc)
EMPTY("?tp_btf/kfree", four_kfree)
EMPTY("?tp_btf/kmem_cache_alloc", four_cache_alloc)
EMPTY("?tp_btf/kmem_cache_free", four_cache_free)

EMPTY("?raw_tp/kmalloc", ours_kmalloc)
EMPTY("?raw_tp/kfree", ours_kfree)
EMPTY("?raw_tp/kfree_skb", ours_kfree_skb)
EMPTY("?raw_tp/consume_skb", ours_consume_skb)
EMPTY("?fentry/__kfree_skb", ours__kfree_skb)
EMPTY("?fexit/__alloc_skb", ours_skb_alloc)
EMPTY("?fexit/skb_clone", ours_skb_clone)
EMPTY("?fexit/sk_alloc", ours_sock)
EMPTY("?tp_btf/workqueue_execute_start", ours_work_start)
EMPTY("?raw_tp/workqueue_execute_end", ours_work_end)
