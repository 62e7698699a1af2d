// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions put to the kernel by BPF_PROG_TEST_RUN: what is in its memory, what
 * does an address belong to, where is a symbol.
 *
 * Nothing here is attached to anything.  The kernel resolves an address with a
 * binary search and prints it as in its own backtraces; reading and sorting
 * /proc/kallsyms instead takes seconds in an emulated guest and 15 MiB.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

#include "query_requests.h"

char LICENSE[] SEC("license") = "GPL";

struct read_window {
	__u8 bytes[NLB_READ_WINDOW];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_READS);
	__type(key, __u32);
	__type(value, struct nlb_read_request);
} reads SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct read_window);
} window SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, NLB_SYMBOLS);
	__type(key, __u32);
	__type(value, struct nlb_symbol);
} symbols SEC(".maps");

struct query_args {
	__u32 n; /* requests to serve, from the first */
};

static __always_inline int read_all(__u32 n)
{
	__u32 zero = 0;
	struct read_window *w = bpf_map_lookup_elem(&window, &zero);

	if (!w)
		return 1;
	for (__u32 i = 0; i < NLB_READS; i++) {
		__u32 key = i, off, len;
		struct nlb_read_request *r;

		if (i >= n)
			break;
		r = bpf_map_lookup_elem(&reads, &key);
		if (!r)
			break;
		off = r->off;
		len = r->len;
		if (off > NLB_READ_WINDOW - NLB_READ_MAX || len > NLB_READ_MAX) {
			r->err = -22; /* EINVAL */
			continue;
		}
		r->err = bpf_probe_read_kernel(&w->bytes[off], len, (void *)r->addr);
	}
	return 0;
}

SEC("syscall")
int nlb_read(struct query_args *args)
{
	return read_all(args->n);
}

/* Before 5.14 there are no programs of type syscall. */
SEC("?raw_tp")
int nlb_read_raw(__u64 *ctx)
{
	return read_all((__u32)ctx[0]);
}

SEC("syscall")
int nlb_resolve(struct query_args *args)
{
	static const char format[] = "%pS";
	__u32 n = args->n;

	for (__u32 i = 0; i < NLB_SYMBOLS; i++) {
		__u32 key = i; /* i itself stays in a register, where its bound is known */
		struct nlb_symbol *s;
		__u64 addr;

		if (i >= n)
			break;
		s = bpf_map_lookup_elem(&symbols, &key);
		if (!s)
			break;
		addr = s->addr;
		bpf_snprintf(s->text, sizeof(s->text), format, &addr, sizeof(addr));
	}
	return 0;
}

/* text is "name" or "module:name". */
SEC("syscall")
int nlb_find(struct query_args *args)
{
	__u32 n = args->n;

	for (__u32 i = 0; i < NLB_SYMBOLS; i++) {
		__u32 key = i; /* i itself stays in a register, where its bound is known */
		struct nlb_symbol *s;
		__u64 addr = 0;

		if (i >= n)
			break;
		s = bpf_map_lookup_elem(&symbols, &key);
		if (!s)
			break;
		s->text[sizeof(s->text) - 1] = '\0';
		if (bpf_kallsyms_lookup_name(s->text, sizeof(s->text), 0, &addr))
			addr = 0;
		s->addr = addr;
	}
	return 0;
}
