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
 * report is what the format's open() gave; it goes with the tell, also when that
 * cannot be made.  names remain the caller's and must outlive it.  bytes may be
 * NULL.  Returns NULL when out of memory.
 */
struct tell *tell__new(const struct report_format *format, struct report *report,
		       const struct names *names, tell_bytes bytes, void *ctx);
void tell__free(struct tell *t);

/*
 * The function that is named as the one that allocated: the stack's site, or
 * without one the allocator's caller; and how far into it, 0 where that is not
 * known.  offset may be NULL.
 */
uint32_t tell__function(const struct names *names, const struct allocation *a, uint32_t *offset);

/* What is known of an allocation, but its bytes; good as long as the allocation. */
void tell__describe(const struct tell *t, const struct allocation *a, uint64_t now,
		    struct report_leak *l);
/* The same of a command: callback, submit, submitter, upper, command and device of l. */
void tell__carrier(const struct tell *t, const struct carrier *c, struct report_leak *l);

/* As struct ledger_ops: to the format, and to the caller what the format was told. */
void tell__leak(struct tell *t, const struct allocation *a, uint64_t now, struct report_leak *l);
void tell__update(struct tell *t, const struct allocation *a, enum certainty was, uint64_t now,
		  struct report_leak *l);
void tell__retracted(struct tell *t, const struct allocation *a, uint64_t now,
		     struct report_leak *l);
void tell__warning(struct tell *t, const struct warning *w);
/* The same for a ledger whose context is the struct tell. */
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

/* What it and the format take of memory; 0 for NULL. */
uint64_t tell__memory(const struct tell *t);

/* To the format, as they are. */
void tell__start(struct tell *t, const struct report_start *start);
void tell__tick(struct tell *t, uint64_t now);
void tell__histograms(struct tell *t, const struct ledger *l);
void tell__end(struct tell *t, const struct report_end *end);

#endif /* NLB_TELL_H */
