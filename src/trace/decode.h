/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the kernel's records (bpf/events.h) to the ledger's events.
 */
#ifndef NLB_DECODE_H
#define NLB_DECODE_H

#include <stddef.h>

#include "events.h"
#include "hooks/subsystem.h"
#include "trace/event.h"
#include "trace/names.h"

/* What a record's cookie stands for. */
struct hook_meaning {
	const struct subsystem *subsystem;
	enum hook_role role;
	uint32_t function;		   /* in names */
	const struct arguments *arguments; /* NULL: the subsystem's for this role */
};

/* Where the hooked function's arguments are.  Never NULL. */
const struct arguments *hook_meaning__arguments(const struct hook_meaning *meaning);

/* Bytes of an skb beside those asked for its data, from BTF. */
struct skb_sizes {
	uint32_t skb;	    /* struct sk_buff */
	uint32_t overhead;  /* struct skb_shared_info, aligned */
	uint32_t alignment; /* SMP_CACHE_BYTES */
};

enum decoded {
	DECODED_EVENT,	/* out is filled in */
	DECODED_OTHER,	/* a record that is not for the ledger (a module's) */
	DECODED_BROKEN, /* not a record */
};

/*
 * Decodes one record of size bytes.  meaning is that of its cookie, for
 * NLB_CALL and NLB_RETURN, or NULL.
 */
enum decoded decode(const void *record, size_t size, const struct hook_meaning *meaning,
		    const struct skb_sizes *sizes, struct names *names, struct event *out);

/*
 * A task's name as it is printed: anybody may give a task any name, and terminals obey
 * some bytes.  What is not printable ASCII becomes a question mark.
 */
void decode__comm(char out[NLB_COMM_LEN], const char comm[NLB_COMM_LEN]);

#endif /* NLB_DECODE_H */
