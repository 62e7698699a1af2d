/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The symbols of the kernel itself from /proc/kallsyms, for kernels that cannot be
 * asked about them (before 5.16), and for where NFC is built in.  Reading them takes a second in an
 * emulated machine and keeps 3 MiB, so all that ask share what was read once.
 */
#ifndef NLB_KALLSYMS_H
#define NLB_KALLSYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kallsyms;
struct symbol;

/*
 * Returns 0 or a negative errno.  Nothing is read before it is asked for.  May be
 * called, as all of these, from any thread.
 */
int kallsyms__open(struct kallsyms **out);
void kallsyms__close(struct kallsyms *k);

/* -ENOENT where there is no such symbol, also where addresses are hidden. */
int kallsyms__find(struct kallsyms *k, const char *name, uint64_t *addr);
/* Fills in what addr belongs to; false where it is not in the kernel itself. */
bool kallsyms__resolve(struct kallsyms *k, uint64_t addr, struct symbol *out);

/*
 * All of them, sorted by address.  How many (0 where they cannot be read); where one is, what
 * it is called; and the place of the first that is not below an address.
 */
size_t kallsyms__count(struct kallsyms *k);
uint64_t kallsyms__address(const struct kallsyms *k, size_t i);
const char *kallsyms__name(const struct kallsyms *k, size_t i);
size_t kallsyms__place(const struct kallsyms *k, uint64_t addr);

#define KALLSYMS "/proc/kallsyms"

/*
 * Why addresses are not told and what to do about it, for people: a sentence without its end.
 * path: the file that was to tell them; NULL: the kernel itself was asked.
 */
void kallsyms__why_hidden(const char *path, char *buf, size_t size);

/*
 * Reads a file of that form.  For kallsyms__open(), and for tests: free with
 * kallsyms__close().  Lines of modules and of local constants, and what is no such line, are left
 * out.
 */
int kallsyms__parse(struct kallsyms **out, const char *path);

#endif /* NLB_KALLSYMS_H */
