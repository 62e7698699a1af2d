/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the native test share.
 */
#ifndef NLB_TEST_NATIVE_H
#define NLB_TEST_NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "events.h"

/* Prints a TAP line and counts; returns ok. */
bool result(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What the machine lacks is no success. */
void cannot(const char *what, const char *why);

/* The function that plays a traced module: eventfd() allocates in it. */
#define TARGET "do_eventfd"

struct kernel;
struct names;
struct query;

/* Where symbols are, and what belongs to an address. */
void test_find(struct query *q);
/* What lies at an address, mapped or not. */
void test_read(struct query *q);
/* A kernel without programs of type syscall gives the same answers. */
void test_old(struct query *new);

/* A book larger than by default; range is the text of the function that plays a module. */
void test_large_book(struct kernel *kernel, struct names *names, struct nlb_range range);

/* Stacks that are not walked again; the texts of __alloc_skb() and unix_dgram_sendmsg(). */
void test_known_stacks(struct names *names, struct nlb_range skb_alloc, struct nlb_range sender);

struct hooks;
struct nlb_filter;

/* A task that seems to stay inside of the stack; nobody else may be. */
void test_inside(struct hooks *h, struct nlb_filter *filter);

/* A work item's end is told by its beginning. */
void test_work_end(void);

#define IDS_MAX 128

/* Of programs, by their numbers in the kernel. */
struct ids {
	uint32_t ids[IDS_MAX];
	size_t count;
};

/* Adds the programs that this process holds. */
void own_programs(struct ids *out);
/* None of these is loaded any more. */
void test_nothing_left(const struct ids *ids);
/* Nor is one that is called nlb_..., whosever it was. */
void test_nobody_left(void);

/* The command line program on this machine. */
void test_command(const char *path);

#endif /* NLB_TEST_NATIVE_H */
