/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The loaded modules, from /proc/modules.
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
};

struct modules {
	struct module_info *list;
	size_t count;
};

/* Returns 0 or a negative errno; -ENOENT where the kernel has no modules. */
int modules__load(struct modules *out);
/* From a file like /proc/modules; lines that are not of that form are left out. */
int modules__parse(struct modules *out, const char *path);
void modules__free(struct modules *m);

/* The module of that name as modules__same_name() compares it, or NULL. */
const struct module_info *modules__find(const struct modules *m, const char *name);
/* Does the module called user depend on name, directly or through others? */
bool modules__depends(const struct modules *m, const char *user, const char *name);
/* "-" and "_" are the same in a module's name: compares as modprobe does. */
bool modules__same_name(const char *a, const char *b);

#endif /* NLB_MODULES_H */
