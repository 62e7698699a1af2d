/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ledger: who holds each allocation, and which look leaked.
 *
 * Pure: events in, suspects out.  No input or output, no libbpf, no clock: the
 * caller says what time it is.  So whatever goes wrong on a live kernel can be
 * replayed as a list of events.
 *
 * An allocation is born in a frame, carried by commands, delivered to a
 * callback, freed.  At the moments that a rule names the ledger makes a
 * suspect; after a grace time (frees may be deferred) the caller takes it with
 * ledger__next_due(), looks at memory and says what it saw with
 * ledger__judge().  Only then is there a finding.
 */
#ifndef NLB_LEDGER_H
#define NLB_LEDGER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/event.h"

enum rule {
	RULE_NONE,
	RULE_CALLBACK_KEPT,
	RULE_COMMAND_DROPPED,
	RULE_SUBMIT_FAILED,
	RULE_OWNER_GONE,
	RULE_UNREFERENCED,
	RULE_CALLBACK_OVERDUE, /* a warning */
	RULE_GROWTH,	       /* a warning */
	NR_RULES,
};

enum certainty {
	CERTAINTY_POSSIBLE, /* never reported by itself */
	CERTAINTY_PROBABLE,
	CERTAINTY_DEFINITE,
	NR_CERTAINTIES,
};

enum kind {
	KIND_OBJECT,
	KIND_SKB,
	KIND_USER_ARGUMENT,
	KIND_REQUEST,
	KIND_RESPONSE,
	KIND_PARAMS,
	KIND_COMMAND,
	NR_KINDS,
};

/* What a look at memory found about a suspect. */
enum verdict {
	VERDICT_UNREFERENCED, /* nothing read refers to it */
	VERDICT_STALE,	      /* only freed memory does */
	VERDICT_DOUBTFUL,     /* live memory does that the stack cannot reach */
	VERDICT_REFERENCED,   /* something of the stack does, or it is on a list */
	VERDICT_FREE,	      /* it is free: the event was missed */
	VERDICT_UNREADABLE,   /* memory could not be read */
};

/*
 * A glance looks at the object itself, a search through everything that could
 * refer to it.
 */
enum look { LOOK_GLANCE, LOOK_SEARCH };

/* What a function means to a subsystem; everything else is ROLE_NONE. */
enum role {
	ROLE_NONE,
	ROLE_SUBMIT,   /* allocates the command */
	ROLE_DISPATCH, /* runs callbacks and frees their command afterwards */
};

/* Why later findings say "degraded". */
enum degraded {
	DEGRADED_LOST_EVENTS = 1,
	DEGRADED_MISSED_HOOKS = 2, /* a hook was found not to have run */
	DEGRADED_NO_STACK = 4,	   /* this allocation's stack was left out */
	DEGRADED_NO_HOOK = 8,	   /* a hook could not be attached */
};

#define NO_COMMAND_TYPE 0xff

/* The command that carried an allocation last, as it is reported. */
struct carrier {
	uint64_t device;
	uint32_t callback; /* name id, NAME_NONE: no command */
	uint32_t function; /* submitting call */
	uint32_t upper;	   /* callback that the user argument names, or NAME_NONE */
	uint32_t stack;	   /* of the submitting call: who called it, 0: not seen */
	uint8_t type;	   /* NO_COMMAND_TYPE: no command */
};

/* One live allocation, and the finding about it if there is one. */
struct allocation {
	uint64_t addr;
	uint64_t born;
	uint64_t id; /* sequence number, from 1 */
	uint64_t size;
	enum kind kind;
	bool skb;
	bool sock;	     /* kind is KIND_OBJECT */
	bool stack_left_out; /* for want of room in the ring buffer */
	uint32_t caller;
	uint32_t stack;
	uint32_t tid;
	char comm[16];
	struct carrier carrier;

	/* the finding */
	enum rule rule; /* RULE_NONE: no suspicion */
	enum certainty certainty;
	uint64_t moment;   /* that the rule names */
	unsigned degraded; /* enum degraded, when the suspicion arose */

	/* the ledger's own */
	uint64_t frame;	   /* outermost frame it was born in, 0: none seen */
	uint32_t carriers; /* commands that carry it now */
	uint32_t bucket;   /* callback it counts under */
	bool owned;	   /* first carried by a command of the frame it was born in */
	bool uncertain;	   /* lived through a loss: who uses it is not known */
	bool end_unseen;   /* born while its end may go unseen: another may live there now */
	bool told;	   /* a leak was reported */
	enum look look;	   /* the kind that is due next */
	uint64_t due;	   /* when to look next */
	uint32_t looks;
	uint32_t doubts;   /* searches since the last one that settled anything */
	uint64_t clean_at; /* of the first search that found no reference, or 0 */
	uint64_t ghost;	   /* where the command that carried it last was, now freed */
	uint64_t ghost_size;
	uint32_t checksum;		/* of its bytes then */
	struct allocation *prev, *next; /* among the suspects */
};

struct histogram {
	uint32_t callback; /* NAME_NONE: no callback, no command */
	uint64_t allocations;
	uint64_t bytes;
	uint64_t freed;
	uint64_t outstanding;
	uint64_t outstanding_bytes;
	uint64_t size_log2[32];
	uint64_t lifetime_us_log2[48];
};

struct ledger_stats {
	uint64_t allocations;
	uint64_t frees;
	uint64_t unknown_frees; /* of allocations older than the trace */
	uint64_t outstanding;
	uint64_t outstanding_bytes;
	uint64_t commands; /* queued */
	uint64_t commands_live;
	uint64_t callbacks;		   /* that returned */
	uint64_t callbacks_unmatched;	   /* entered for no command that was seen queued */
	uint64_t uncalled;		   /* commands that ended, and have no callback */
	uint64_t commands_failed;	   /* their submitting call returned an error */
	uint64_t commands_lost;		   /* whose end was not seen */
	uint64_t dropped;		   /* commands freed without their callback */
	uint64_t suspects;		   /* ever */
	uint64_t cleared;		   /* suspects freed or handed on before a finding */
	uint64_t findings[NR_CERTAINTIES]; /* that stand now */
	uint64_t retracted;
	uint64_t missed_frees_healed;
	uint64_t missed_hooks;
	uint64_t resyncs;
	uint64_t unseen; /* objects in commands that are older than the trace */
};

struct warning {
	enum rule rule;
	struct carrier carrier; /* callback-overdue: the command */
	uint64_t age_ns;	/* callback-overdue: since it was queued */
	uint32_t stack;		/* growth: of the site */
	uint64_t outstanding;	/* growth: allocations now */
};

/* A command that was queued and has not ended. */
struct in_flight {
	struct carrier carrier;
	uint64_t queued_at;
	uint32_t timeout_ms;
	bool submitting; /* the submitting call has not returned */
	bool completed;	 /* the driver has handed its response back */
	bool called;	 /* its callback was entered */
	bool overdue;	 /* a warning was given */
};

struct ledger_ops {
	/* A finding: now at least probable.  The allocation stays the ledger's. */
	void (*leak)(void *ctx, const struct allocation *a, uint64_t now);
	/* Its certainty changed; a reported one may fall back to possible. */
	void (*update)(void *ctx, const struct allocation *a, enum certainty was, uint64_t now);
	/* It was freed after all, or carried by a command again. */
	void (*retracted)(void *ctx, const struct allocation *a, uint64_t now);
	/* Not a leak, but somebody should know. */
	void (*warning)(void *ctx, const struct warning *w, uint64_t now);
};

struct ledger_config {
	uint64_t grace_ns;   /* from a rule's moment to the first look */
	uint64_t min_age_ns; /* between looks */
};

struct ledger;

/* ops is copied.  Returns NULL when out of memory. */
struct ledger *ledger__new(const struct ledger_config *config, const struct ledger_ops *ops,
			   void *ctx);
void ledger__free(struct ledger *l);

/* Says what the function with this name id means.  Returns 0 or -ENOMEM. */
int ledger__set_role(struct ledger *l, uint32_t function, enum role role);

/* Returns 0, or -ENOMEM: then the event is lost and ledger__lost() is due. */
int ledger__event(struct ledger *l, const struct event *e);

/*
 * Programs are known not to have run count times, which events they missed is
 * not: findings from now on say so.
 */
void ledger__missed(struct ledger *l, uint64_t count);
/* What cannot be seen for want of a hook; bits. */
enum blind {
	BLIND_SOMEWHERE = 1, /* any */
	BLIND_SKB_ENDS = 2,  /* an skb may be freed, and its memory used again, unseen */
};
/*
 * Hooks are missing: findings from now on say so, also when blind becomes less again, and
 * what may have ended unseen, or was born while it could, is none.
 */
void ledger__blind(struct ledger *l, unsigned blind);
/*
 * Memory is followed from now on, or again: what was allocated and which calls began
 * before is not known, and nothing was missed.
 */
void ledger__woke(struct ledger *l, uint64_t now);
/* From now on suspects are due this long after their rule's moment. */
void ledger__set_grace(struct ledger *l, uint64_t grace_ns);

/*
 * The next suspect to glance at, or NULL.  Valid until the next call.  Suspects
 * that need a search are not among them: see ledger__searches_due().
 */
const struct allocation *ledger__next_due(const struct ledger *l, uint64_t now);
/* What the glance at the suspect that ledger__next_due() gave has shown. */
void ledger__judge(struct ledger *l, const struct allocation *a, enum verdict verdict,
		   uint64_t now);

/* There will be no searches: glances have to do. */
void ledger__cannot_search(struct ledger *l);
/* Is a search due for any suspect? */
bool ledger__search_due(const struct ledger *l, uint64_t now);
/*
 * What a search that began at time began found about the allocation with this
 * address and id; one that is not there any more is ignored.  checksum is of
 * its bytes.
 */
void ledger__searched(struct ledger *l, uint64_t addr, uint64_t id, enum verdict verdict,
		      uint32_t checksum, uint64_t began, uint64_t now);
/*
 * kmemleak's rule: from now on every allocation that is older than the minimum
 * age and not suspected of anything is, until a search says otherwise.  What is suspected and
 * was found in use is looked at again with them.
 */
void ledger__suspect_all(struct ledger *l, uint64_t now);
/*
 * The end is near: every finding, and every suspect that was found in use, is to be searched
 * for once more, now, so that none stands that was freed without an event.
 */
void ledger__recheck(struct ledger *l, uint64_t now);
/*
 * The owner of what owned() says yes to is gone: a module was unloaded, a
 * device freed, a socket closed.
 */
void ledger__owner_gone(struct ledger *l, bool (*owned)(void *ctx, const struct allocation *a),
			void *ctx, uint64_t now);
/* Overdue commands and growing sites; to be called about once a second. */
void ledger__tick(struct ledger *l, uint64_t now);
/*
 * A module is gone: the addresses of devices mean nothing any more, and callbacks may not be
 * hooked from here on until they are seen again.
 */
void ledger__forget_devices(struct ledger *l);
/* Calls each() for every device that commands were submitted for. */
void ledger__each_device(const struct ledger *l, void (*each)(void *ctx, uint64_t device),
			 void *ctx);
/* Calls each() for every live allocation, in no order. */
void ledger__each(const struct ledger *l, void (*each)(void *ctx, const struct allocation *a),
		  void *ctx);

/* Calls each() for every command in flight, in no order. */
void ledger__each_command(const struct ledger *l,
			  void (*each)(void *ctx, const struct in_flight *command), void *ctx);

/*
 * After events were lost: what is live, from the in-kernel book, read after
 * everything before it in the ring buffer was passed on.  snapshot is the time
 * just before reading the book: younger allocations may be missing from it.
 */
struct live {
	uint64_t addr, born, size;
	bool skb, sock;
	uint32_t caller;
	uint32_t tid;
	char comm[16];
};
int ledger__resync(struct ledger *l, const struct live *live, size_t count, uint64_t snapshot);

const struct ledger_stats *ledger__stats(const struct ledger *l);
/* What it takes of memory (util/footprint.h). */
uint64_t ledger__memory(const struct ledger *l);
/* Never NULL for index < the count returned by ledger__histograms(). */
size_t ledger__histograms(const struct ledger *l);
const struct histogram *ledger__histogram(const struct ledger *l, size_t index);
/* Calls each() for every allocation with a finding, oldest first. */
void ledger__each_finding(const struct ledger *l,
			  void (*each)(void *ctx, const struct allocation *a), void *ctx);
/* A live allocation by its exact address, or NULL. */
const struct allocation *ledger__find(const struct ledger *l, uint64_t addr);

const char *rule__name(enum rule rule);
const char *certainty__name(enum certainty certainty);
const char *kind__name(enum kind kind);

#endif /* NLB_LEDGER_H */
