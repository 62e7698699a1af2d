/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loaded modules, from /proc/modules.  What is built into the kernel instead is added by
 * who knows it (builtin.h).
 */
#ifndef NLB_MODULES_H
#define NLB_MODULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct module_info {
	char name[56];	  /* MODULE_NAME_LEN */
	char users[1024]; /* modules that depend on it, each followed by a comma */
	uint64_t base;
	uint64_t size;
	bool built_in; /* it is no module: base and size are those of its text */
};

struct modules {
	struct module_info *list;
	size_t count;
};

struct memory_range {
	uint64_t start, size;
};

/* A module's functions. */
struct module_symbols {
	struct module_symbol {
		uint64_t addr;
		const char *name; /* into strings */
	} * list;
	size_t count;
	char *strings;
};

void module_symbols__free(struct module_symbols *s);
/* The address of a function, 0 if it is not there. */
uint64_t module_symbols__find(const struct module_symbols *s, const char *name);
/*
 * The same for one whose arguments need not be where the source has them: where gcc has
 * taken an unused parameter or result away, what is left is called NAME.isra.0.
 */
uint64_t module_symbols__find_reduced(const struct module_symbols *s, const char *name);

/* Returns 0 or a negative errno; -ENOENT where the kernel has no modules. */
int modules__load(struct modules *out);
/* From a file like /proc/modules; lines that are not of that form are left out. */
int modules__parse(struct modules *out, const char *path);
/* 0 or -ENOMEM. */
int modules__add(struct modules *m, const struct module_info *module);
void modules__free(struct modules *m);

/* The module of that name as modules__same_name() compares it, or NULL. */
const struct module_info *modules__find(const struct modules *m, const char *name);
/* Does the module called user depend on name, directly or through others? */
bool modules__depends(const struct modules *m, const char *user, const char *name);
/* "-" and "_" are the same in a module's name: compares as modprobe does. */
bool modules__same_name(const char *a, const char *b);

#endif /* NLB_MODULES_H */
