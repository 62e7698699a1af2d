/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * NFC as a part of the kernel instead of modules: where the functions and the data of
 * what would be its modules are.
 *
 * A linker keeps what one object file has of a section together, and the files of one
 * directory in a row.  So neighbours in the kernel's text whose names begin as those of a
 * part do are the part's, and so are the few between them whose names do not.  What gcc
 * takes for hardly ever run is in another section, far from the rest: a part's text is two
 * ranges.
 */
#ifndef NLB_BUILTIN_H
#define NLB_BUILTIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel/modules.h"

struct kallsyms;
struct query;
struct symbol;

/* A function that NFC never is without, wherever it is. */
#define NFC_FUNCTION "nfc_dev_up"

#define BUILTIN_TEXT 2
#define BUILTIN_DATA 8

/* What is known of a part whatever the kernel.  Lists end with NULL. */
struct builtin_part {
	const char *module;	     /* its name where it is a module; NULL ends a list of parts */
	const char *needs;	     /* the module that it stands on, or NULL */
	const char *const *prefixes; /* of the names of its functions and variables */
	const char *const *anchors;  /* some of its functions; may be none */
};

enum builtin_state {
	BUILTIN_ABSENT,
	BUILTIN_FOUND,
	BUILTIN_SCATTERED, /* its functions are not in one place, so it is not known in which */
};

struct builtin {
	const struct builtin_part *part;
	enum builtin_state state;
	/* Where it was found, the text with most of its functions first. */
	struct memory_range text[BUILTIN_TEXT];
	struct memory_range data[BUILTIN_DATA];
	size_t nr_text, nr_data;
	struct module_symbols symbols; /* of the text */
};

struct builtins {
	struct builtin *list; /* one for each part, in their order */
	size_t count;
	bool nfc; /* NFC is the kernel's own */
	int err;  /* why it is not known where it is, or 0 */
};

/*
 * Asks the kernel, and where NFC is its own reads /proc/kallsyms for where.  q and parts may
 * be NULL: then it is not known to be.  parts must outlive it.  0 or -ENOMEM.
 */
int builtins__open(struct builtins *b, const struct builtin_part *parts, struct query *q);
/* The same from symbols that are there.  0, or a negative errno and nothing was found. */
int builtins__find(struct builtins *b, const struct builtin_part *parts, struct kallsyms *k);
void builtins__free(struct builtins *b);

/* The part of this name if it was found, or NULL. */
const struct builtin *builtins__part(const struct builtins *b, const char *module);
/* The part in whose text addr lies, or NULL. */
const struct builtin *builtins__at(const struct builtins *b, uint64_t addr);
/* What is not known where it is, though it is there. */
bool builtins__scattered(const struct builtins *b, const char *module);
/* Why NFC cannot be traced where none of it was found, as a sentence without its end. */
#define BUILTINS_REFUSAL 512
void builtins__refusal(const struct builtins *b, char *buf, size_t size);
/* Adds those that were found to the modules.  0 or -ENOMEM. */
int builtins__list(const struct builtins *b, struct modules *modules);

/*
 * Does the symbol at NFC_FUNCTION's address say that NFC is the kernel's own?  NULL: there is
 * no such address.
 */
bool builtin__says(const struct symbol *symbol);

#endif /* NLB_BUILTIN_H */
