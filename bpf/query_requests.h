/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What bpf/query.bpf.c and src/kernel/query.c share.
 */
#ifndef NLB_QUERY_REQUESTS_H
#define NLB_QUERY_REQUESTS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define NLB_READS	128  /* requests in one call */
#define NLB_READ_MAX	4096 /* bytes of one request */
#define NLB_READ_WINDOW (NLB_READS * 1024UL)
#define NLB_SYMBOLS	32  /* addresses in one call */
#define NLB_SYMBOL_LEN	192 /* "name+0xoff/0xsize [module]" */

/* A request to nlb_read: len bytes at addr go to window[off]. */
struct nlb_read_request {
	__u64 addr;
	__u32 off;
	__u16 len;
	__s16 err; /* out: 0 or negative errno */
};

/* A request to nlb_resolve (addr to text) or nlb_find (text to addr). */
struct nlb_symbol {
	__u64 addr;
	char text[NLB_SYMBOL_LEN];
};

_Static_assert(sizeof(struct nlb_read_request) == 16, "nlb_read_request");
_Static_assert(sizeof(struct nlb_symbol) == 200, "nlb_symbol");

#endif /* NLB_QUERY_REQUESTS_H */
