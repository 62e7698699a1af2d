/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which functions and tracepoints are hooked, by which mechanism, and doing it.
 *
 * Everything is loaded and attached first; hooks__arm() then opens the filter
 * with one store, hooks__disarm() closes it with one, and what is told after that
 * is dropped.  While there is nothing to
 * follow, the hooks on the whole machine's memory are let go (arm.c).  Nothing is
 * pinned: what is attached goes with the process, also when it is killed.
 *
 * By default module functions get single kprobes, at most about two dozen.
 * Each costs tens of milliseconds to detach, but fentry and kprobe.multi hold a
 * reference on the module, so that rmmod fails while tracing; those are for
 * who asks for them.
 */
#ifndef NLB_HOOKS_H
#define NLB_HOOKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"
#include "hooks/subsystem.h"
#include "kernel/kernel.h"
#include "trace/decode.h"
#include "trace/names.h"

enum attach_mode {
	ATTACH_AUTO, /* kprobe where there are any, else fentry */
	ATTACH_KPROBE,
	ATTACH_KPROBE_MULTI,
	ATTACH_FENTRY,
};

enum hook_state {
	HOOK_PLANNED, /* nothing speaks against it */
	HOOK_ATTACHED,
	HOOK_MISSING,  /* reason says why, lost what is not seen without it */
	HOOK_UNNEEDED, /* another one does its work, or its module is not loaded */
	HOOK_GONE,     /* its module was unloaded */
	HOOK_ASLEEP,   /* attached again when there is something to follow */
};

struct hook {
	const char *mechanism; /* tp_btf, raw_tp, fentry, fexit, kprobe, ... */
	char target[128];      /* function or tracepoint */
	char module[64];       /* "" for the kernel */
	enum hook_state state;
	char reason[128];
	const char *lost;
};

/* How much of what follows memory is attached; functions and modules always are. */
enum hooks_level {
	HOOKS_ASLEEP, /* nothing */
	HOOKS_ENDS,   /* only what sees the end of what the book holds */
	HOOKS_AWAKE,  /* all of it */
};

struct hooks_config {
	enum attach_mode mode;
	const char *const *modules; /* to trace; NULL: nfc_digital, nfc and dependents */
	size_t nr_modules;
	uint32_t book_entries; /* live allocations followed at one time; 0: NLB_BOOK_ENTRIES */
};

struct hooks;

/*
 * Plans the hooks for this kernel and the modules loaded now; attaches nothing.
 * kernel and names remain the caller's and must outlive the hooks.
 * Returns 0 or a negative errno.
 */
int hooks__new(struct hooks **out, const struct hooks_config *config, struct kernel *kernel,
	       struct names *names);
/*
 * Loads the programs and attaches what was planned.  What cannot be attached
 * becomes HOOK_MISSING; an error is returned (and said) only where tracing
 * would make no sense at all.
 */
int hooks__attach(struct hooks *h);
void hooks__arm(struct hooks *h);
void hooks__disarm(struct hooks *h);
/*
 * Did it begin after hooks__disarm()?  Functions still tell what is submitted then, but the
 * command's birth is not told any more.
 */
bool hooks__too_late(const struct hooks *h, const struct event *e);

/* After hooks__attach(): HOOKS_AWAKE. */
enum hooks_level hooks__level(const struct hooks *h);
/*
 * What functions of modules did before then says nothing of memory; UINT64_MAX while not
 * HOOKS_AWAKE.
 */
uint64_t hooks__awake_since(const struct hooks *h);
/*
 * Attaches what sleeps, then arms.  0, or a negative errno (which was said) where a hook
 * without which nothing can be traced was refused; to be tried again.
 */
int hooks__wake(struct hooks *h);
/*
 * No births are followed from here on: HOOKS_AWAKE becomes HOOKS_ENDS.  Waits for the
 * kernel, some milliseconds.  0, or a negative errno: then nothing has changed.
 */
int hooks__doze(struct hooks *h);
/*
 * Lets go of the hooks that see the ends of such as the book does not hold any more, at
 * HOOKS_ENDS; with none of either it becomes HOOKS_ASLEEP.
 */
void hooks__rest(struct hooks *h, size_t objects, size_t skbs);
/*
 * Takes an address off the book whose end was not seen; not while HOOKS_AWAKE, since
 * the address may then have been given to another allocation.
 */
void hooks__forget(struct hooks *h, uint64_t addr);
/* Would it be noticed when a device comes up? */
bool hooks__may_sleep(const struct hooks *h);
/*
 * Is a task inside of the stack?  To be asked once a second, when nothing else speaks against
 * sleep: one that seems to be in the same place each time for a minute was not seen to leave, and
 * is not asked about any more.
 */
bool hooks__inside(struct hooks *h);
/* Detaches everything, in parallel: each hook waits for the kernel. */
void hooks__free(struct hooks *h);

/* Is this module one to trace, given what is loaded? */
bool hooks__wants_module(const struct hooks *h, const char *name);
/* Traced modules that are loaded. */
size_t hooks__nr_modules(const struct hooks *h);
const char *hooks__module(const struct hooks *h, size_t index);

/*
 * After a module came: if it is one to trace, hooks it.  Returns 1 if there is something new to
 * trace, 0 if not, or a negative errno: then hooks__module_missed() says it again.  With 1 it may
 * be that memory cannot be followed yet, see hooks__level() and hooks__wake().
 */
int hooks__module_loaded(struct hooks *h);
/*
 * A module is going: lets go of it.  Returns whether it was traced.
 */
bool hooks__module_gone(struct hooks *h, const char *name);
/* Hooks a callback that was just seen submitted, once.  addr may be anything. */
void hooks__learn_callback(struct hooks *h, const struct subsystem *s, uint64_t addr);

/* What a record's cookie stands for, or NULL. */
const struct hook_meaning *hooks__meaning(const struct hooks *h, uint64_t cookie);

/*
 * What is not seen for want of a hook: bits of enum blind (ledger/ledger.h).  May become
 * more in time, and less when hooks__silent() ends.
 */
unsigned hooks__blind(const struct hooks *h);
/*
 * Do hooks on functions not run, since kernel.ftrace_enabled is 0?  As the kernel said when it
 * was asked last, by hooks__ask_silent(); while it is so nothing is let go of (arm.c).
 */
bool hooks__silent(const struct hooks *h);
bool hooks__ask_silent(struct hooks *h);
/*
 * Where a hook on modules is missing, or events were lost: was one loaded or unloaded since?  Says
 * so by the event that would have come, one at a time.  To be asked about once a second.
 */
bool hooks__module_missed(struct hooks *h, struct nlb_module *event);

/*
 * All hooks in whatever state, in the order in which they were planned first; those of modules that
 * are gone stay among them, for when they come again.  index is less than the count.
 */
size_t hooks__count(const struct hooks *h);
const struct hook *hooks__at(const struct hooks *h, size_t index);

/* After hooks__attach(): the ring buffer of records; the book of live allocations, a map. */
int hooks__events_fd(const struct hooks *h);
int hooks__book_fd(const struct hooks *h);
/*
 * Calls each() for every live allocation in the in-kernel book, in no order; what is freed
 * or allocated meanwhile may be among them or not.  0 or a negative errno: then there may
 * be more.
 */
int hooks__each_booked(const struct hooks *h,
		       void (*each)(void *ctx, uint64_t addr, const struct nlb_book_entry *entry),
		       void *ctx);
/* The map of stacks that need not be walked again (trace/stacks.h). */
int hooks__stacks_fd(const struct hooks *h);
/* The map of the tasks that are, or were, inside a frame. */
int hooks__scopes_fd(const struct hooks *h);
/* How often modules have come or gone. */
uint32_t hooks__generation(const struct hooks *h);
/* What the book has room for. */
size_t hooks__book_entries(const struct hooks *h);
const struct nlb_counters *hooks__counters(const struct hooks *h);
/*
 * Times that a program did not run because it was running already, or that there was no room for
 * a frame, no stack, or a frame whose end was not seen: never less than before.
 */
uint64_t hooks__misses(const struct hooks *h);

#endif /* NLB_HOOKS_H */
