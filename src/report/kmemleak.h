/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of /sys/kernel/debug/kmemleak, object by object: also for what is
 * shown while tracing goes on.
 */
#ifndef NLB_KMEMLEAK_H
#define NLB_KMEMLEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What differs between kernel series. */
struct kmemleak_layout {
	bool crc;	/* "backtrace (crc ...):" */
	bool addresses; /* frames as "[<address>] symbol", else the symbol alone */
};

struct kmemleak_object {
	uint64_t addr, size;
	uint64_t born; /* monotonic nanoseconds */
	uint32_t pid;
	const char *comm; /* its unprintable characters become question marks */
	const unsigned char *bytes;
	size_t nr_bytes; /* at most 32 are shown */
};

/* As the kernel with this `uname -r` prints; NULL or nonsense: as new ones do. */
struct kmemleak_layout kmemleak__layout(const char *release);
/* Everything up to the backtrace's heading. */
void kmemleak__object(FILE *out, struct kmemleak_layout layout, const struct kmemleak_object *o);
/* One frame of its backtrace, innermost first; text as in struct stack_frame. */
void kmemleak__frame(FILE *out, struct kmemleak_layout layout, uint64_t addr, const char *text);

#endif /* NLB_KMEMLEAK_H */
