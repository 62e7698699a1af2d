/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the ledger's files share: its state, and what each does for the others.
 * ledger.c follows the events, suspects.c has the rules' suspects and the looks
 * at them, books.c the allocations and their counts, handles.c the commands that
 * have no object.
 */
#ifndef NLB_LEDGER_INTERNAL_H
#define NLB_LEDGER_INTERNAL_H

#include "ledger/ledger.h"
#include "util/table.h"

#define FRAMES_MAX 16

/*
 * An allocation that a command carries: addresses are reused, so an address
 * alone may mean another one by the time the command ends.
 */
struct cargo {
	uint64_t addr, id; /* id 0: nothing that is followed */
};

struct command {
	uint64_t addr; /* 0 until its allocation was seen, or its handle */
	struct carrier carrier;
	struct cargo argument, request, params, response;
	struct cargo inner[EVENT_INNER]; /* sockets that the argument names */
	uint64_t argument_value;	 /* as submitted: need not be an allocation */
	uint64_t request_value;
	uint64_t response_value; /* as completed: may be an ERR_PTR */
	uint64_t called_on;	 /* what its callback is given as device, or 0 */
	uint32_t timeout_ms;
	uint64_t queued_at;
	bool overdue; /* said */
	bool completed;
	bool called;
	bool handle;		 /* it has no object: addr is its handle */
	struct task *submitter;	 /* while the submitting call is open */
	struct task *caller;	 /* while its callback runs */
	struct task *dispatcher; /* of a handle's: while that is being seen to */
	struct command *prev, *next;
	struct command *same; /* next in by_argument */
};

struct task {
	uint32_t tid;
	uint32_t depth; /* may exceed FRAMES_MAX: deeper frames are only counted */
	uint64_t frame; /* the outermost one's number */
	uint32_t functions[FRAMES_MAX];
	struct command *submitting;
	struct command *calling;     /* outermost callback being run */
	struct command *dispatching; /* of a handle */
	uint64_t aborting;	     /* a handle whose command is being ended */
};

/* Outstanding allocations of one stack, window after window. */
struct growth {
	uint32_t stack;
	uint64_t outstanding, last;
	unsigned higher; /* windows in a row */
};

struct ledger {
	struct ledger_config config;
	struct ledger_ops ops;
	void *ctx;

	struct table allocations;    /* by address */
	struct table commands;	     /* by address */
	struct table tasks;	     /* by id */
	struct command unbound;	     /* list: submitted, their address not seen */
	struct command bound;	     /* list: all others */
	struct table by_argument;    /* those, by device and argument: -> first of a chain */
	struct allocation glances;   /* list of suspects, by due time */
	struct allocation searches;  /* likewise, those to be searched for next */
	struct table devices;	     /* seen in commands: address -> address */
	struct table callbacks_seen; /* entered ever: name id -> the ledger */
	struct table completes;	     /* submitting functions whose drivers' answers are seen */
	struct table growth;	     /* stack -> struct growth */
	struct table unseen;	     /* addresses that count as such: -> the ledger */
	uint64_t window_end;

	uint8_t *roles; /* enum role, by function */
	size_t nr_roles;
	struct histogram **histograms;
	size_t nr_histograms;

	uint64_t woke;
	uint64_t next_id;
	uint64_t next_frame;
	unsigned degraded;
	unsigned blind; /* enum blind */
	bool no_search;
	struct ledger_stats stats;
};

/* ---- suspects.c ---- */

/* A rule's moment; a search, not a glance, is to look first if search is set. */
void suspect(struct ledger *l, struct allocation *a, enum rule rule, bool search, uint64_t now);
/* Likewise for what a command carried. */
void suspect_carried(struct ledger *l, const struct cargo *cargo, enum rule rule, uint64_t now);
/* The allocation, or NULL if it is not there any more. */
struct allocation *cargo_get(const struct ledger *l, const struct cargo *cargo);
/* No longer suspected: freed, carried again, or its story was lost. */
void clear_suspicion(struct ledger *l, struct allocation *a, uint64_t now);
/* A loss, or a hook that did not run: who uses it is not known any more. */
void story_cut(struct ledger *l, struct allocation *a, uint64_t now);
/* A device structure was freed: its commands are over, what they carried has no owner. */
void device_gone(struct ledger *l, uint64_t device, uint64_t now);

/* ---- books.c ---- */

/* NULL when out of memory. */
struct allocation *allocation_add(struct ledger *l, uint64_t addr, uint64_t born, uint64_t size);
/* It was freed. */
void allocation_end(struct ledger *l, struct allocation *a, uint64_t now);
/* Its stack became known. */
void allocation_stack(struct ledger *l, struct allocation *a, uint32_t stack);
/* From now on it counts under this callback. */
void move_bucket(struct ledger *l, struct allocation *a, uint32_t callback);
void books_free(struct ledger *l);

/* ---- handles.c ---- */

/* An event about handles; others are ignored.  0 or -ENOMEM. */
int handle_event(struct ledger *l, const struct event *e);

/* ---- ledger.c ---- */

struct task *task_of(struct ledger *l, uint32_t tid);
struct task *task_make(struct ledger *l, uint32_t tid);
/* A task with nothing open is forgotten. */
void task_settle(struct ledger *l, struct task *t);
struct command *command_at(struct ledger *l, uint64_t addr);
/* Its address or handle is known.  Returns 0 or -ENOMEM. */
int command_bind(struct ledger *l, struct command *c, uint64_t addr);
void command_end(struct ledger *l, struct command *c);
/* Takes up what was submitted or delivered under this role, if it is followed. */
struct cargo carry(struct ledger *l, struct command *c, uint64_t addr, enum kind kind,
		   uint64_t frame, uint64_t now);
void deliver(struct ledger *l, const struct cargo *cargo, const struct command *c);
/* Carried no more; command is its object, which is being freed, or NULL. */
void release(struct ledger *l, const struct cargo *cargo, const struct allocation *command);
void release_all(struct ledger *l, const struct command *c);
/* Can the entry of this callback be seen? */
bool callback_hooked(const struct ledger *l, uint32_t callback);

/* The commands of a device end, and how is not seen. */
void commands_lost(struct ledger *l, uint64_t device);
/* Its callback has returned: a rule's moment. */
void command_returned(struct ledger *l, struct command *c, uint64_t now);
/* It is over, and its callback never ran: likewise. */
void command_dropped(struct ledger *l, struct command *c, uint64_t now);
/* It was freed without an event; a command's cargo goes its way unseen. */
void allocation_lost(struct ledger *l, struct allocation *a, uint64_t now);

#endif /* NLB_LEDGER_INTERNAL_H */
