/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One object in the layout of /sys/kernel/debug/kmemleak, so that scripts that
 * read that file can read ours.  The layout has changed over the years: what is
 * printed is what the kmemleak of a given kernel would print.
 */
#ifndef NLB_KMEMLEAK_OBJECT_H
#define NLB_KMEMLEAK_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "trace/names.h"

#define KMEMLEAK_HEXDUMP 32 /* bytes, two lines */

/* What a kernel's kmemleak prints. */
struct kmemleak_layout {
	bool age;     /* "(age 12.345s)" after the jiffies */
	bool crc;     /* "backtrace (crc 1234abcd):" */
	bool address; /* "[<ffffffff81001000>]" before each frame */
};

struct kmemleak_object {
	uint64_t addr;
	uint64_t size;
	const char *comm;
	uint32_t pid;
	uint64_t jiffies;	    /* at its allocation, see kmemleak__jiffies() */
	uint64_t age_ms;	    /* printed only where the layout has it */
	const unsigned char *bytes; /* its first ones */
	size_t nr_bytes;	    /* at most KMEMLEAK_HEXDUMP are printed */
	uint32_t crc;		    /* kmemleak__crc() of it, printed only where ... */
	const struct stack *stack;  /* NULL: none */
};

/*
 * The layout of a kernel, from uname's release ("6.1.0-56-amd64"; NULL: a new one) and version
 * ("#1 SMP ... Debian 6.1.192-2 (...)"), which may be NULL: Debian's release does
 * not tell the stable update, its version does.
 */
struct kmemleak_layout kmemleak__layout(const char *release, const char *version);

/*
 * The jiffies of a 64-bit kernel with this CONFIG_HZ at a time of
 * CLOCK_MONOTONIC, nanoseconds.  They start five minutes before 32 bits wrap.
 */
uint64_t kmemleak__jiffies(uint64_t ns, unsigned hz);
/* crc32() as the kernel computes it: continues from crc, which is 0 at first. */
uint32_t kmemleak__crc(uint32_t crc, const void *bytes, size_t len);

void kmemleak__print(FILE *out, const struct kmemleak_layout *layout,
		     const struct kmemleak_object *o);
/* All but the first line, which says that the object is unreferenced. */
void kmemleak__print_details(FILE *out, const struct kmemleak_layout *layout,
			     const struct kmemleak_object *o);

#endif /* NLB_KMEMLEAK_OBJECT_H */
