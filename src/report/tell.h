/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what the ledger says to what a format is told: numbers become names,
 * monotonic times those of the wall clock.  A live run and the replay of a
 * recording both go through here, and so both say the same.
 */
#ifndef NLB_TELL_H
#define NLB_TELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ledger/ledger.h"
#include "report/report.h"
#include "trace/names.h"

struct tell;

/*
 * The first bytes of a leak that is about to be told, at most size of them.
 * Returns how many.
 */
typedef size_t (*tell_bytes)(void *ctx, const struct allocation *a, unsigned char *buf,
			     size_t size);

/*
 * Opens the format on out; names and out remain the caller's and must outlive
 * it.  bytes may be NULL.  Returns NULL when out of memory.
 */
struct tell *tell__new(const struct report_format *format, FILE *out, const struct names *names,
		       bool quiet, tell_bytes bytes, void *ctx);
void tell__free(struct tell *t);

/*
 * The function that is named as the one that allocated: the stack's site, or
 * without one the allocator's caller; and how far into it, 0 where that is not
 * known.  offset may be NULL.
 */
uint32_t tell__function(const struct names *names, const struct allocation *a, uint32_t *offset);

/* What a ledger is given, with the struct tell as its context. */
extern const struct ledger_ops tell_ops;

/* From now on the wall clock is the monotonic clock plus this, modulo 2^64. */
void tell__set_clock(struct tell *t, uint64_t offset);
uint64_t tell__clock(const struct tell *t);

/* What the submitting function calls its commands of this type.  0 or -ENOMEM. */
int tell__set_command(struct tell *t, uint32_t function, uint8_t type, const char *name);
/* The name of a device structure, until they are forgotten.  0 or -ENOMEM. */
int tell__set_device(struct tell *t, uint64_t device, const char *name);
bool tell__knows_device(const struct tell *t, uint64_t device);
/* Devices go with their driver; another may get the same address. */
void tell__forget_devices(struct tell *t);

/* To the format, as they are. */
void tell__start(struct tell *t, const struct report_start *start);
void tell__tick(struct tell *t, uint64_t now);
void tell__histograms(struct tell *t, const struct ledger *l);
void tell__end(struct tell *t, const struct report_end *end);

#endif /* NLB_TELL_H */
