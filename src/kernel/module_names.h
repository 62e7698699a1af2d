/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What addresses in modules are called, from the symbol tables of the modules
 * themselves: of modules that may be gone when it is asked, and for kernels that
 * cannot be asked (see query.h).
 */
#ifndef NLB_MODULE_NAMES_H
#define NLB_MODULE_NAMES_H

struct kernel;
struct module_names;
struct module_symbols;

/* Lets the kernel's query ask here first.  kernel must stay where it is.  0 or -ENOMEM. */
int module_names__new(struct module_names **out, struct kernel *kernel);
void module_names__free(struct module_names *n);
/*
 * From here on a loaded module's functions are called what they are called in its symbols,
 * of which a copy is kept, until module_names__drop(): also when it is gone.  n may be NULL.
 * 0, or -ENOMEM also where its text is not known.
 */
int module_names__keep(struct module_names *n, const char *module,
		       const struct module_symbols *symbols);
void module_names__drop(struct module_names *n, const char *module);
/* Modules have changed: symbols that are not kept are read anew when asked for.  n may be NULL. */
void module_names__forget(struct module_names *n);

#endif /* NLB_MODULE_NAMES_H */
