// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pretended symbols of fake.h.  Their text is made and taken apart as that
 * of the kernel is, so that a test sees what a trace would.
 */
#include "unit/fake.h"

#include <inttypes.h>
#include <stdio.h>

const struct fake_symbol fake__nfc[] = {
	{ "digital_tg_listen_nfcf", "nfc_digital", FAKE_LISTEN_NFCF, 0x90 },
	{ "digital_skb_alloc", "nfc_digital", FAKE_SKB_ALLOC, 0x40 },
	{ "digital_in_send_sdd_req.isra.0", "nfc_digital", FAKE_SDD_REQ, 0x80 },
	{ "digital_send_cmd", "nfc_digital", FAKE_SEND_CMD, 0x100 },
	{ "digital_wq_poll", "nfc_digital", FAKE_WQ_POLL, 0x100 },
	{ "digital_tg_recv_sensf_req", "nfc_digital", FAKE_RECV_SENSF, 0x100 },
	{ "digital_wq_cmd_complete", "nfc_digital", FAKE_WQ_COMPLETE, 0x100 },
	{ "nfc_alloc_recv_skb", "nfc", FAKE_NFC_ALLOC, 0x40 },
	{ "trace_nfc", "nfc", FAKE_NFC_TRACE, 0x40 },
	{ "process_one_work", NULL, FAKE_PROCESS_WORK, 0x400 },
	{ "__alloc_skb", NULL, FAKE_ALLOC_SKB, 0x200 },
	{ "__traceiter_kmalloc", NULL, FAKE_TRACEITER, 0x50 },
	{ "__bpf_trace_kmalloc", NULL, FAKE_BPF_TRACE, 0x50 },
	{ "bpf_trace_run5", NULL, FAKE_BPF_RUN, 0x80 },
	{ "kmalloc_trace", NULL, FAKE_KMALLOC, 0xa0 },
	{ "kretprobe_trampoline", NULL, FAKE_KRETPROBE, 0x60 },
	{ "handle_softirqs", NULL, FAKE_SOFTIRQS, 0x300 },
	{ "asm_common_interrupt", NULL, FAKE_INTERRUPT, 0x30 },
	{ NULL, NULL, 0, 0 },
};

int fake__resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	struct fake_kernel *kernel = ctx;

	kernel->calls++;
	if (kernel->err)
		return kernel->err;
	for (size_t i = 0; i < count; i++) {
		const struct fake_symbol *s = kernel->symbols;
		char text[192];

		while (s->name && addrs[i] - s->start >= s->size)
			s++;
		if (s->name)
			snprintf(text, sizeof(text), "%s+0x%" PRIx64 "/0x%" PRIx64 "%s%s%s",
				 s->name, addrs[i] - s->start, s->size, s->module ? " [" : "",
				 s->module ? s->module : "", s->module ? "]" : "");
		else
			snprintf(text, sizeof(text), "0x%" PRIx64, addrs[i]);
		symbol__parse(&out[i], text);
	}
	return 0;
}
