/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What may be printed: valid UTF-8 in which nothing controls a terminal, turns the
 * direction of writing, or hides.  Names come from the kernel, from tasks that name
 * themselves, and from recordings that anybody may have made.
 */
#ifndef NLB_PRINTABLE_H
#define NLB_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

bool printable__is(const char *text);
/* In place: a question mark for each thing that is not, so it never gets longer. */
void printable__make(char *text);
/* A copy of the first len bytes, made printable; the caller's.  NULL when out of memory. */
char *printable__copy(const char *text, size_t len);

#endif /* NLB_PRINTABLE_H */
