/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and the loader share: the records of the ring buffer,
 * the book of live allocations and the filter's state in .bss.
 *
 * Fixed-width types only, sizes asserted.  Event numbers are never reused:
 * a recording made today must be readable tomorrow.
 */
#ifndef NLB_EVENTS_H
#define NLB_EVENTS_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define NLB_STACK_DEPTH	    32	/* frames kept of an allocation's stack */
#define NLB_STACK_WORDS	    512 /* of the memory of a stack that is learnt */
#define NLB_KNOWN_WORDS	    40	/* of those that tell a known stack */
#define NLB_KNOWN_STACKS    512
#define NLB_STACK_WAYS	    4  /* known stacks of one allocation at one depth */
#define NLB_RETURNS	    2  /* hooked functions on a stack: where they return to is elsewhere */
#define NLB_COMM_LEN	    16 /* TASK_COMM_LEN */
#define NLB_MAX_RANGES	    16 /* traced modules at one time */
#define NLB_ARGS	    9  /* arguments passed on from a function hook */
#define NLB_INNER	    4  /* words passed on of what an argument points to */
#define NLB_FILTER_BITS	    18 /* 1 MiB of counters, sixteen for each entry of the book */
#define NLB_FILTER_SLOTS    (1U << NLB_FILTER_BITS)
#define NLB_SCOPE_BITS	    8
#define NLB_SCOPE_SLOTS	    (1U << NLB_SCOPE_BITS)
#define NLB_BOOK_ENTRIES    16384
#define NLB_RING_BYTES	    (1U << 22)
#define NLB_SCOPES	    1024       /* tasks inside a frame at one time */
#define NLB_SCOPE_IRQ	    (1U << 31) /* an interrupt, on the CPU of that number */
#define NLB_MODULE_NAME_LEN 56

enum nlb_event_type {
	NLB_ALLOC = 1,	     /* struct nlb_alloc */
	NLB_FREE = 2,	     /* struct nlb_free */
	NLB_CALL = 3,	     /* struct nlb_call: a hooked function was entered */
	NLB_RETURN = 4,	     /* struct nlb_return */
	NLB_WORK_START = 5,  /* struct nlb_work: a work item of a traced module */
	NLB_WORK_END = 6,    /* struct nlb_work */
	NLB_MODULE_LOAD = 7, /* struct nlb_module */
	NLB_MODULE_FREE = 8, /* struct nlb_module */
	NLB_STACK = 9,	     /* struct nlb_stack: a stack to be known from now on */
};

enum nlb_kind {
	NLB_KIND_OBJECT = 0, /* kmalloc family */
	NLB_KIND_SKB = 1,    /* struct sk_buff and its head */
	NLB_KIND_SOCK = 2,   /* struct sock of the stack's address family */
};

/* An event came from an interrupt taken on top of the task it names. */
#define NLB_F_IRQ 1
/* nlb_free: seen as the birth of another object at the same address. */
#define NLB_F_HEALED 2
/* nlb_alloc: ends before the stack, which was left out since the ring filled up. */
#define NLB_F_NO_STACK 4
/* nlb_alloc: ends before the stack, which is the known one with this number. */
#define NLB_F_KNOWN_STACK 8
/* nlb_call: the user argument lies on the caller's own stack, which waits. */
#define NLB_F_ON_STACK		16
#define NLB_KNOWN_NUMBER(flags) ((flags) >> 8)

struct nlb_header {
	__u64 time;  /* CLOCK_MONOTONIC, nanoseconds */
	__u32 type;  /* enum nlb_event_type */
	__u32 tid;   /* the kernel's task id */
	__u32 flags; /* NLB_F_* */
	__u32 cpu;
};

struct nlb_alloc {
	struct nlb_header h;
	__u64 addr;	  /* born is h.time: (addr, time) is the allocation's identity */
	__u64 size;	  /* bytes requested; skb: bytes requested for the data */
	__u64 site;	  /* return address of the allocator's caller; see NLB_ALLOC_SHORT */
	__u32 kind;	  /* enum nlb_kind */
	__s32 stack_size; /* bytes of stack[], negative errno where none could be had */
	char comm[NLB_COMM_LEN];
	__u64 stack[NLB_STACK_DEPTH];
};

/*
 * Bytes of a record without its stack (NLB_F_NO_STACK); site is then the innermost
 * address in a traced module, also of an skb.
 */
#define NLB_ALLOC_SHORT (__builtin_offsetof(struct nlb_alloc, stack))

/*
 * Which stack an allocation can have: what is allocated where, and how deep.  The
 * program matters, since what lies between it and the allocator belongs to it.
 */
struct nlb_stack_key {
	__u64 what;
	__u32 generation; /* modules have come or gone so many times */
	__u16 place;	  /* of the program's context, within a worker's stack */
	__u8 program;
	__u8 way; /* several may have all of this in common */
};

/*
 * A stack is the known one if every word of its memory that might be a return
 * address of it is there again: src/trace/stacks.c.
 */
struct nlb_known_stack {
	__u32 number; /* the loader's; 0: it cannot be known this way */
	__u16 words;
	__u16 returns;		   /* any of them is NLB_AT_RETURN */
	__u16 at[NLB_KNOWN_WORDS]; /* from the place, in words, or NLB_AT_ */
	__u64 word[NLB_KNOWN_WORDS];
};

/* So many words before the stack's end: a system call begins at a random distance from it. */
#define NLB_AT_END 0x4000
/* Where the n-th hooked function, from the innermost, will return to. */
#define NLB_AT_RETURN 0x8000

/* A stack as it was walked, and the memory it was found in. */
struct nlb_stack {
	struct nlb_header h;
	struct nlb_stack_key key;
	__u64 site;	  /* as in nlb_alloc */
	__s32 stack_size; /* likewise */
	__u32 nr_words;	  /* from the place up to the stack's end */
	__u64 stack[NLB_STACK_DEPTH];
	__u64 returns[NLB_RETURNS]; /* 0: there are not so many */
	__u64 words[NLB_STACK_WORDS];
};

struct nlb_free {
	struct nlb_header h;
	__u64 addr;
	__u64 born; /* h.time of the allocation that ends here */
	__u64 site; /* return address of the releaser's caller, 0 where not known */
};

struct nlb_call {
	struct nlb_header h;
	__u64 cookie; /* which hook, and perhaps which argument to look into: NLB_COOKIE() */
	__u64 args[NLB_ARGS];
	__u64 inner[NLB_INNER]; /* first words of what that argument points to, or 0 */
};

/* inner: place of the argument to look into, from 0, or -1. */
#define NLB_COOKIE(hook, inner)	 ((__u64)(hook) | (__u64)((inner) + 1) << 32)
#define NLB_COOKIE_HOOK(cookie)	 ((__u32)(cookie))
#define NLB_COOKIE_INNER(cookie) ((__u32)((cookie) >> 32)) /* place + 1, 0: none */
/* What stands for the cookie in a program that is copied for each hook. */
#define NLB_COOKIE_PLACE 0x4e4c42434f4f4b49ULL

struct nlb_return {
	struct nlb_header h;
	__u64 cookie;
	__s64 ret;
};

struct nlb_work {
	struct nlb_header h;
	__u64 work; /* struct work_struct * */
	__u64 function;
};

struct nlb_module {
	struct nlb_header h;
	char name[NLB_MODULE_NAME_LEN];
};

/* The in-kernel book of live allocations, keyed by address: the truth after a loss. */
struct nlb_book_entry {
	__u64 born;
	__u64 size;
	__u64 site;
	__u32 kind;
	__u32 tid;
	char comm[NLB_COMM_LEN];
};

/*
 * Tasks inside a frame, and some that were: their entries stay, with a depth of 0,
 * since most come again soon (workers), and an entry costs more than it takes room.
 * Only the task itself changes its own; one that does not any more is taken off by the loader.  An
 * interrupt is none of what the task below it does, and has one by its CPU.
 */
struct nlb_scope {
	__u32 depth;
	__u32 told; /* the loader knows of the work item */
	__u32 irq;
	__u32 slot;	/* of nlb_filter's, where it counts */
	__u64 function; /* the work item's; of another frame the hook's cookie */
	__u64 work;	/* 0: no work item */
};

/* [start, start + size) */
struct nlb_range {
	__u64 start;
	__u64 size;
};

/*
 * The filter of the hot programs, in .bss.  The loader writes it through the
 * mapped skeleton; span is the last thing it sets and the first it clears:
 * with a span of 0 no allocation by kmalloc is in scope.  What functions do, and
 * skbs in them, is told all the same: the loader drops it (hooks__too_late()).
 */
struct nlb_filter {
	struct nlb_range span;	    /* encloses all ranges */
	struct nlb_range skb_alloc; /* text of __alloc_skb, where fexit cannot be had */
	struct nlb_range skb_clone; /* text of skb_clone, likewise */
	struct nlb_range ranges[NLB_MAX_RANGES]; /* text of each traced module; empty ones between */
	__u64 cpu_offsets;			 /* address of __per_cpu_offset[], 0: not known */
	__u64 preempt_count;			 /* its offset in a CPU's area, 0: not known */
	__u32 asleep; /* nothing is booked, and the loader is woken by anything */
	__u32 scope;  /* tasks inside a frame of the stack */
	__u32 scope_slots[NLB_SCOPE_SLOTS]; /* the same, by hash of the task */
	__u32 live[NLB_FILTER_SLOTS];	    /* allocations in the book, twice, by nlb_hash1/2() */
};

/*
 * The two counters of an address, by the uppermost bits: multiplicative hashing; slab
 * objects are at least 8 bytes apart.  kfree(NULL) is frequent: its two places differ, or
 * one object at the first would make each of them look further.
 */
static inline __attribute__((always_inline)) __u64 nlb_hash1(__u64 addr)
{
	return (addr >> 3) * 0x9e3779b97f4a7c15ULL;
}

static inline __attribute__((always_inline)) __u64 nlb_hash2(__u64 addr)
{
	return (addr >> 3) * 0xd6e8feb86659fd93ULL + 0x5555555555555555ULL;
}

/* What was lost or had to be healed; every loss has a counter. */
struct nlb_counters {
	__u64 lost;	    /* events that found the ring buffer full */
	__u64 book_full;    /* allocations not followed: the book was full */
	__u64 scope_full;   /* frames not followed: the table of tasks was full */
	__u64 healed;	    /* frees missed, seen when the address was allocated again */
	__u64 scope_healed; /* frame exits missed, seen when the task began a new frame */
	__u64 no_stack;	    /* allocations whose stack could not be taken */
	__u64 allocs;	    /* allocations booked */
	__u64 frees;	    /* booked allocations freed */
	__u64 left_out;	    /* stacks left out: the ring buffer was filling up */
};

_Static_assert(sizeof(struct nlb_header) == 24, "nlb_header");
_Static_assert(sizeof(struct nlb_alloc) == 24 + 32 + 16 + 8 * NLB_STACK_DEPTH, "nlb_alloc");
_Static_assert(NLB_ALLOC_SHORT == 24 + 32 + 16, "nlb_alloc without its stack");
_Static_assert(sizeof(struct nlb_stack_key) == 16, "nlb_stack_key");
_Static_assert(sizeof(struct nlb_known_stack) == 8 + 10 * NLB_KNOWN_WORDS, "nlb_known_stack");
_Static_assert(sizeof(struct nlb_stack) ==
		       56 + 8 * (NLB_STACK_DEPTH + NLB_RETURNS + NLB_STACK_WORDS),
	       "nlb_stack");
_Static_assert(sizeof(struct nlb_free) == 48, "nlb_free");
_Static_assert(sizeof(struct nlb_call) == 32 + 8 * NLB_ARGS + 8 * NLB_INNER, "nlb_call");
_Static_assert(sizeof(struct nlb_return) == 40, "nlb_return");
_Static_assert(sizeof(struct nlb_work) == 40, "nlb_work");
_Static_assert(sizeof(struct nlb_module) == 80, "nlb_module");
_Static_assert(sizeof(struct nlb_book_entry) == 48, "nlb_book_entry");
_Static_assert(sizeof(struct nlb_scope) == 32, "nlb_scope");

#endif /* NLB_EVENTS_H */
