/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened, in the ledger's terms: the decoded form of the records in
 * bpf/events.h, with functions and stacks already interned (trace/names.h) and
 * a hooked function's arguments told apart by its subsystem's table.
 */
#ifndef NLB_EVENT_H
#define NLB_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum event_type {
	EVENT_ALLOC = 1,
	EVENT_FREE,
	EVENT_SUBMIT,	     /* a command is about to be queued */
	EVENT_SUBMIT_RETURN, /* the submitting call came back */
	EVENT_COMPLETE,	     /* the driver handed a command's response back */
	EVENT_CALLBACK,	     /* a callback was entered */
	EVENT_ENTER,	     /* a frame began: work item, operation, socket call */
	EVENT_LEAVE,
	EVENT_HANDLE,	  /* the command being submitted has no object: it is known by this */
	EVENT_DISPATCH,	  /* the callback of a handle's command is about to be run */
	EVENT_DISPATCHED, /* that came back */
	EVENT_ABORT,	  /* a handle's command is about to be ended, called back or not */
	EVENT_ABORTED,	  /* that came back */
};

enum event_kind { EVENT_KIND_OBJECT, EVENT_KIND_SKB, EVENT_KIND_SOCK };

#define EVENT_INNER 4 /* words of a user argument */

/* A function or stack that is not known. */
#define NAME_NONE 0

struct event {
	enum event_type type;
	uint64_t time; /* CLOCK_MONOTONIC, nanoseconds */
	uint32_t tid;
	bool irq; /* from an interrupt on top of the task: not the task's doing */
	union {
		struct {
			uint64_t addr;
			uint64_t size;
			enum event_kind kind;
			uint32_t caller; /* function that called the allocator */
			uint32_t stack;
			char comm[16];
			uint8_t stack_left_out; /* not 0: for want of room in the ring buffer */
		} alloc;
		struct {
			uint64_t addr;
			uint64_t born;	 /* of the allocation that ends, 0: not known */
			uint32_t caller; /* function that called the releaser */
			bool healed;	 /* missed when it happened */
		} free;
		struct {
			uint64_t device;
			uint64_t argument;
			uint64_t request;
			uint64_t params;
			uint64_t inner[EVENT_INNER]; /* first words of the user argument */
			uint32_t upper;		     /* first function named there */
			uint32_t callback;
			uint32_t function;   /* the submitting call */
			uint32_t timeout_ms; /* 0: not known */
			uint8_t command_type;
			uint8_t anonymous; /* not 0: the callback is not given the device */
			uint8_t on_stack;  /* not 0: the argument is nobody's allocation */
		} submit;
		struct {
			int64_t ret;
		} submit_return;
		struct {
			uint64_t device;
			uint64_t command;
			uint64_t response; /* may be an ERR_PTR or NULL */
		} complete;
		struct {
			uint64_t device;
			uint64_t argument;
			uint64_t response;
			uint32_t callback;
		} callback;
		struct {
			uint32_t function;
			bool outermost; /* nothing can be below it on this task's stack */
		} frame;
		struct {
			uint64_t handle;   /* EVENT_HANDLE, EVENT_DISPATCH, EVENT_ABORT */
			uint64_t request;  /* EVENT_HANDLE: of the command that is meant */
			uint64_t response; /* EVENT_DISPATCH: may be an ERR_PTR or NULL */
		} handle;
	};
};

#endif /* NLB_EVENT_H */
