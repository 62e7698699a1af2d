/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a recording consists of: items, each of which is one call that changed
 * the ledger, or something that is needed to name and date what it says.
 *
 * An item is encoded by the table of its fields in item.c, one line a field;
 * reader and writer use the same table.  A new field goes to the end of its
 * type's table: where an older recording has none it reads as zero.  Any change
 * raises ITEM_VERSION, and so an older reader refuses what it does not know.
 */
#ifndef NLB_RECORD_ITEM_H
#define NLB_RECORD_ITEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "report/report.h"

#define ITEM_VERSION 1

#define ITEM_SIZE_MAX 16384 /* encoded */
#define ITEM_TEXT_MAX 4096  /* a text's bytes; what is longer is cut */

/* Never reused. */
enum item_type {
	/* what everything else is told in */
	ITEM_HEADER = 1,
	ITEM_CONFIG = 2,
	ITEM_CLOCK = 3,
	ITEM_FUNCTION = 4, /* numbered from 1 in the order of their items */
	ITEM_FRAME = 5,	   /* of the stack that follows, innermost first */
	ITEM_STACK = 6,	   /* numbered likewise */
	ITEM_ROLE = 7,
	ITEM_COMMAND = 8,
	ITEM_DEVICE = 9,
	ITEM_FORGET_NAMES = 10, /* of devices */
	ITEM_BYTES = 11,	/* of an allocation that the next call reports */

	/* the run */
	ITEM_MODULE = 16,  /* of the start that follows */
	ITEM_MISSING = 17, /* a hook, likewise */
	ITEM_START = 18,
	ITEM_TICK = 19,
	ITEM_HISTOGRAMS = 20,
	ITEM_COUNTERS = 21,
	ITEM_END = 22,

	/* calls of the ledger */
	ITEM_ALLOC = 32, /* the events: EVENT_ALLOC and so on, in their order */
	ITEM_FREE = 33,
	ITEM_SUBMIT = 34,
	ITEM_SUBMIT_RETURN = 35,
	ITEM_COMPLETE = 36,
	ITEM_CALLBACK = 37,
	ITEM_ENTER = 38,
	ITEM_LEAVE = 39,
	ITEM_HANDLE = 40,
	ITEM_DISPATCH = 41,
	ITEM_DISPATCHED = 42,
	ITEM_ABORT = 43,
	ITEM_ABORTED = 44,
	ITEM_JUDGE = 48,
	ITEM_SEARCHED = 49,
	ITEM_SUSPECT_ALL = 50,
	ITEM_LEDGER_TICK = 51,
	ITEM_MISSED = 52,
	ITEM_GRACE = 53,
	ITEM_OWNED = 54, /* hit by the owner-gone that follows */
	ITEM_OWNER_GONE = 55,
	ITEM_FORGET_DEVICES = 56,
	ITEM_LIVE = 57, /* in the book of the resync that follows */
	ITEM_RESYNC = 58,
	ITEM_CANNOT_SEARCH = 59,
	ITEM_RECHECK = 60,
	ITEM_WOKE = 61,
	ITEM_BLIND = 62,
	NR_ITEMS,
};

#define ITEM_OF_EVENT(type) ((enum item_type)(ITEM_ALLOC + ((type)-EVENT_ALLOC)))
#define EVENT_OF_ITEM(type) ((enum event_type)(EVENT_ALLOC + ((type)-ITEM_ALLOC)))

struct blob {
	uint8_t size;
	uint8_t data[REPORT_HEXDUMP];
};

/* Texts are the writer's, or point into what the reader has read last. */
struct item {
	enum item_type type;
	union {
		struct {
			const char *version; /* of nfcleakbpf */
			const char *kernel;  /* uname -r */
			const char *arch;    /* uname -m */
		} header;
		struct ledger_config config;
		struct {
			uint64_t offset; /* wall clock = monotonic + this, modulo 2^64 */
		} clock;
		struct {
			const char *name;
			const char *module; /* "": the kernel */
		} function;
		struct {
			uint64_t addr;
			uint32_t function;
			uint32_t offset;
			const char *text;
		} frame;
		struct {
			uint32_t site; /* place of that frame; the depth where there is none */
		} stack;
		struct {
			uint32_t function;
			uint8_t role;
		} role;
		struct {
			uint32_t function; /* that submits */
			uint8_t type;
			const char *name; /* "IN_SEND" and so on */
		} command;
		struct {
			uint64_t addr;
			const char *name;
		} device;
		struct {
			uint64_t id;
			struct blob bytes;
		} bytes;
		struct {
			const char *text;
		} text; /* module, missing */
		struct {
			uint64_t time;
			uint32_t hooks;
		} start;
		struct {
			uint64_t time;
		} tick; /* tick, of the calls that have nothing else */
		struct {
			uint64_t lost, unseen, left_out;
		} counters;
		struct {
			uint64_t time;
			uint64_t lost, unseen;
			/* what the ledger had by then: a check of the replay */
			uint64_t allocations, frees, suspects, cleared, retracted;
			uint64_t possible, probable, definite;
			uint64_t left_out;
		} end;
		struct event event;
		struct {
			uint64_t time, began; /* began: of a search */
			uint64_t addr, id;
			uint8_t verdict;
			uint32_t checksum; /* of a search */
		} look;			   /* judge, searched */
		struct {
			uint64_t count; /* blind: bits */
		} missed;
		struct {
			uint64_t ns;
		} grace;
		struct {
			uint64_t id;
		} owned;
		struct live live;
	};
};

/* What numbers are written relative to; all zero at the beginning of a block. */
struct item_base {
	uint64_t time, addr;
};

/*
 * Encodes into room bytes.  Returns how many it took, or 0 if they did not
 * suffice (ITEM_SIZE_MAX always do) or there is no such type; base is then
 * not to be used any more.
 */
size_t item__encode(const struct item *item, struct item_base *base, unsigned char *buf,
		    size_t room);

/*
 * Decodes the item at buf, of which size bytes are there.  Returns how many it
 * took, or 0 if that is no item.
 */
size_t item__decode(struct item *item, struct item_base *base, const unsigned char *buf,
		    size_t size);

/*
 * Numbers of functions and stacks are those of the recording: calls function()
 * and stack() for each in the item, which may change it.  False, at once, if
 * either returns false.
 */
bool item__each_number(struct item *item, bool (*function)(void *ctx, uint32_t *number),
		       bool (*stack)(void *ctx, uint32_t *number), void *ctx);

#endif /* NLB_RECORD_ITEM_H */
