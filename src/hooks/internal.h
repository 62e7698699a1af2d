/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files behind hooks.h share: plan.c says what is to be hooked, missing.c what is not
 * after all, places.c tells the filter where modules lie, hooks.c loads, attaches and follows
 * modules, arm.c lets what follows memory sleep and wakes it up.
 */
#ifndef NLB_HOOKS_INTERNAL_H
#define NLB_HOOKS_INTERNAL_H

#include "hooks/attach.h"
#include "hooks/hooks.h"
#include "nfcleakbpf.skel.h"
#include "util/table.h"

/* Which hooks are needed when. */
enum hook_group {
	GROUP_ALWAYS,
	GROUP_OBJECT_BIRTHS,
	GROUP_SKB_BIRTHS, /* and sockets: trampolines take long */
	GROUP_WORK_BEGINS,
	GROUP_WORK_ENDS,   /* after births: a work item that began is to be seen ending */
	GROUP_OBJECT_ENDS, /* frees, as long as there are objects in the book */
	GROUP_SKB_ENDS,	   /* frees, as long as there are skbs */
};

struct entry {
	struct hook hook;
	struct bpf_program *program;
	const char *program_name;
	struct attachment attachment;
	struct hook_meaning meaning; /* of function hooks */
	uint64_t addr;		     /* of function hooks */
	size_t index;		     /* among all */
	bool function;		     /* a module's function, by cookie = index + 1 */
	bool fresh;		     /* nothing was said of it, see missing__say() */
	enum hook_group group;
	bool required; /* without it nothing is traced */
};

/* Whose text is in one of the filter's ranges. */
struct place {
	char module[64]; /* "": nobody's */
	struct nlb_range text;
	bool built_in; /* it may be that of several parts of the kernel, and stays */
};

struct hooks {
	struct hooks_config config;
	struct kernel *kernel;
	struct names *names;
	struct nfcleakbpf *skel;
	enum attach_mode mode; /* never ATTACH_AUTO */
	struct entry **entries;
	size_t count;
	char (*modules)[64]; /* traced and loaded */
	uint64_t *lives;     /* of these: see missing.c */
	size_t nr_modules;
	struct place places[NLB_MAX_RANGES];
	size_t nr_callbacks;
	struct table callbacks; /* addresses learned -> this */
	bool loaded;
	bool armed; /* births are booked */
	enum hooks_level level;
	uint64_t awake_since; /* CLOCK_MONOTONIC, nanoseconds */
	uint64_t disarmed_at; /* likewise; 0: not yet */
	uint64_t misses;      /* of programs that are no more */
	int grace_maps[2];    /* see arm.c; fd + 1 */
	bool silent;	      /* kernel.ftrace_enabled is 0 */
	uint64_t inside;      /* who was inside of the stack at the latest look, in one number */
	unsigned looks;	      /* since when it was the same */
	/* Of modules, see hooks__module_missed(): */
	uint64_t lost; /* events, when it was asked last */
	bool unsure;   /* one may have come or gone untold */
	bool failed;   /* one came that could not be taken */
};

/* ---- plan.c ---- */

/*
 * A hook more, to be attached; NULL: no memory.  It belongs to the hooks.  meaning is that of a
 * module's function, else NULL.  Where there was the same before its module went, it takes
 * that one's place, and records that are still under way mean the same; else it is at the end.
 */
struct entry *plan__entry(struct hooks *h, const char *mechanism, const char *target,
			  const char *module, const char *lost, const struct hook_meaning *meaning);
/* What has become of it, and why: as printf prints it. */
void plan__state(struct entry *e, enum hook_state state, const char *reason, ...)
	__attribute__((format(printf, 3, 4)));
/* The hooks that belong to no module.  0 or -ENOMEM, as all that plan. */
int plan__core(struct hooks *h);
/* All that the subsystems' tables know of a module. */
int plan__module(struct hooks *h, const char *module);
/* What is there, but cannot be told from the rest of the kernel. */
int plan__scattered(struct hooks *h);
/*
 * A function's entry, or its return; addr is 0 where this build has none.  The module is the
 * function's: a callback need not be of the subsystem that it was given to.  NULL: no memory.
 */
struct entry *plan__function(struct hooks *h, const struct subsystem *s, const char *module,
			     const char *name, uint64_t addr, const struct hooked_function *f,
			     enum hook_role role, bool at_return, const char *lost);

/* ---- places.c ---- */

/*
 * A place for a module's text; it is an entry that is missing where there is none or it is not
 * known where it lies, since the module is then as without a hook.  0 or -ENOMEM.
 */
int places__take(struct hooks *h, const char *module);
void places__leave(struct hooks *h, const char *module);
/* Tells the programs.  While not armed no kmalloc is in scope, wherever it is called. */
void places__write(struct hooks *h);

/* ---- arm.c ---- */

/* Waits until every program that is running has ended.  0 or a negative errno. */
int arm__wait_for_programs(struct hooks *h);

/* ---- missing.c ---- */

/*
 * Place of the hook on a tracepoint or function (module "": the kernel's), or the hooks' count.
 * One that went with its module is none.
 */
size_t missing__find(const struct hooks *h, const char *module, const char *target);
/* Is there that hook?  It may be asleep. */
bool missing__there(const struct hooks *h, const char *module, const char *target);
/* Is it one on the return of a function? */
bool missing__is_return(const struct entry *e);
/* Place of the hook that sees the end of what this one sees begin, or the hooks' count. */
size_t missing__end_of(const struct hooks *h, size_t index);
/* Is it of no use where its end is not seen? */
bool missing__needs_end(const struct entry *e);
/* What begins is not planned where its end is not. */
void missing__plan(struct hooks *h);
/* Is this hook to be refused, for a test's sake? */
bool missing__refused(const struct hook *hook);
/* Says which of the hooks are missing that were planned since it was called last. */
void missing__say(struct hooks *h);
/* What tells a module from one of the same name that was loaded before or after; 0: not loaded. */
uint64_t missing__life(const char *module);
/* Is a traced module still the one that was loaded when it was last heard of? */
bool missing__alive(const struct hooks *h, const char *module);

/* Is the return of a function of this role a fact, too? */
bool hooks__returns(enum hook_role role);
/* Is a module of this name traced and loaded? */
bool hooks__has_module(const struct hooks *h, const char *name);

#endif /* NLB_HOOKS_INTERNAL_H */
