/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the native test share.
 */
#ifndef NLB_TEST_NATIVE_H
#define NLB_TEST_NATIVE_H

#include <stdbool.h>

#include "events.h"

/* Prints a TAP line and counts; returns ok. */
bool result(bool ok, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct kernel;
struct names;

/* A book larger than by default; range is the text of the function that plays a module. */
void test_large_book(struct kernel *kernel, struct names *names, struct nlb_range range);

/* Stacks that are not walked again; the texts of __alloc_skb() and unix_dgram_sendmsg(). */
void test_known_stacks(struct names *names, struct nlb_range skb_alloc, struct nlb_range sender);

/* The command line program on this machine. */
void test_command(const char *path);

#endif /* NLB_TEST_NATIVE_H */
