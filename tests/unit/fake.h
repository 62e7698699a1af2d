/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A pretended kernel's symbols, for whatever wants a names_resolver.
 */
#ifndef NLB_TEST_FAKE_H
#define NLB_TEST_FAKE_H

#include <stddef.h>
#include <stdint.h>

#include "kernel/query.h"

struct fake_symbol {
	const char *name;
	const char *module; /* NULL: the kernel */
	uint64_t start, size;
};

struct fake_kernel {
	const struct fake_symbol *symbols; /* ends with a NULL name */
	unsigned calls;			   /* of the resolver */
	int err;			   /* to be returned by it */
};

/* A names_resolver; ctx is a struct fake_kernel. */
int fake__resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out);

/* Digital and its surroundings, at addresses that look like theirs. */
extern const struct fake_symbol fake__nfc[];

/* Addresses in fake__nfc. */
#define FAKE_LISTEN_NFCF  0xffffffffc0001000ULL /* digital_tg_listen_nfcf */
#define FAKE_SKB_ALLOC	  0xffffffffc0001100ULL /* digital_skb_alloc, a wrapper */
#define FAKE_SDD_REQ	  0xffffffffc0001200ULL /* digital_in_send_sdd_req.isra.0 */
#define FAKE_SEND_CMD	  0xffffffffc0001300ULL /* digital_send_cmd */
#define FAKE_WQ_POLL	  0xffffffffc0001400ULL /* digital_wq_poll */
#define FAKE_RECV_SENSF	  0xffffffffc0001500ULL /* digital_tg_recv_sensf_req */
#define FAKE_WQ_COMPLETE  0xffffffffc0001600ULL /* digital_wq_cmd_complete */
#define FAKE_NFC_TRACE	  0xffffffffc0102000ULL /* trace_nfc of nfc: no tracer's */
#define FAKE_NFC_ALLOC	  0xffffffffc0101000ULL /* nfc_alloc_recv_skb of nfc */
#define FAKE_PROCESS_WORK 0xffffffff81001000ULL /* process_one_work */
#define FAKE_ALLOC_SKB	  0xffffffff81002000ULL /* __alloc_skb */
#define FAKE_TRACEITER	  0xffffffff81003000ULL /* __traceiter_kmalloc */
#define FAKE_BPF_TRACE	  0xffffffff81004000ULL /* __bpf_trace_kmalloc */
#define FAKE_BPF_RUN	  0xffffffff81005000ULL /* bpf_trace_run5 */
#define FAKE_KMALLOC	  0xffffffff81006000ULL /* kmalloc_trace */
#define FAKE_KRETPROBE	  0xffffffff81007000ULL /* kretprobe_trampoline */
#define FAKE_SOFTIRQS	  0xffffffff81008000ULL /* handle_softirqs */
#define FAKE_INTERRUPT	  0xffffffff81009000ULL /* asm_common_interrupt */
#define FAKE_UNKNOWN	  0xffffffffff000000ULL /* nothing */

#endif /* NLB_TEST_FAKE_H */
