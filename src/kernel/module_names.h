/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What addresses in modules are called, from the symbol tables of the modules
 * themselves: for kernels that cannot be asked (see query.h).
 */
#ifndef NLB_MODULE_NAMES_H
#define NLB_MODULE_NAMES_H

struct kernel;
struct module_names;

/*
 * Lets the kernel's query answer about modules, if it needs that.  kernel must stay
 * where it is.  0 or -ENOMEM.
 */
int module_names__new(struct module_names **out, struct kernel *kernel);
void module_names__free(struct module_names *n);
/* Modules have changed: symbols are read anew when asked for.  n may be NULL. */
void module_names__forget(struct module_names *n);

#endif /* NLB_MODULE_NAMES_H */
