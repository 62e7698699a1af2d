/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Is NFC part of the kernel instead of modules?  Then it cannot be scoped: which
 * allocations are its own is told by the text of its modules, and in the kernel
 * its functions lie among all others, with parts of them elsewhere (.cold).
 */
#ifndef NLB_BUILTIN_H
#define NLB_BUILTIN_H

#include <stdbool.h>

struct query;
struct symbol;

/* A function that NFC never is without, wherever it is. */
#define NFC_FUNCTION "nfc_dev_up"

#define NFC_BUILT_IN                                                                           \
	"NFC is built into this kernel (CONFIG_NFC=y): its allocations cannot be told from "   \
	"the rest of the kernel's, so it cannot be traced; a driver that is a module can be, " \
	"by itself, with --module"

/*
 * Whether the symbol at NFC_FUNCTION's address says so; NULL: there is no such
 * address.
 */
bool builtin__says(const struct symbol *symbol);
/* Asks the kernel; q may be NULL: then it is not known to be. */
bool builtin__nfc(struct query *q);

#endif /* NLB_BUILTIN_H */
