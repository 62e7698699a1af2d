/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The running kernel as far as it is known: features, types, modules.  What is built into
 * it instead of being a module is one as well, for all that is asked here.
 */
#ifndef NLB_KERNEL_H
#define NLB_KERNEL_H

#include "kernel/builtin.h"
#include "kernel/features.h"
#include "kernel/modules.h"
#include "kernel/query.h"

/* Offsets in struct module and what it names, read once; negative: not known. */
struct module_offsets {
	int list, name, kallsyms;
	int symtab, num_symtab, strtab; /* in struct mod_kallsyms */
	/* Since 6.4 mem[], an array of memories with base and size, text first; before
	 * that core_layout with base, size and text_size, text first.
	 */
	int memory;	/* of the first memory */
	int base, size; /* in it */
	int text_size;	/* in it; negative: there is an array of them */
	uint32_t step;	/* from one to the next */
};

void module_offsets__read(struct module_offsets *m, const struct btf *btf);
/*
 * The data of the module whose struct module lies at this address, at most max ranges.
 * Returns how many, or a negative errno: -EOPNOTSUPP where its layout is not known.
 */
int module_offsets__data(const struct module_offsets *m, struct query *q, uint64_t module,
			 struct memory_range *out, size_t max);

struct kernel {
	struct btf *btf;     /* NULL where the kernel has none, and once forgotten */
	struct query *query; /* NULL where it cannot be asked */
	struct features features;
	struct builtins builtins;
	struct modules modules;	    /* and those of the builtins that were found */
	struct module_names *names; /* of modules; NULL where the kernel cannot be asked at all */
	struct module_offsets module;
	uint64_t modules_list; /* address of the list of struct module, once known */
};

/*
 * Finds out what it can; what cannot be had is absent.  parts: what may be built into the
 * kernel, or NULL (see builtins__open()).  0 or -ENOMEM.  k must stay where it is.
 */
int kernel__open(struct kernel *k, const struct builtin_part *parts);
/*
 * The types are not needed any more (they take 5 MiB): btf is NULL from here on.
 * What is below still works.
 */
void kernel__forget_btf(struct kernel *k);
/* Reads /proc/modules again.  0 or a negative errno; then nothing has changed. */
int kernel__refresh_modules(struct kernel *k);
void kernel__close(struct kernel *k);

/* Is what has this name no module, but a part of the kernel whose place is known? */
bool kernel__built_in(const struct kernel *k, const char *module);

/*
 * What the addresses belong to, as the kernel prints it; module also names what is built in.
 * 0 or a negative errno.
 */
int kernel__resolve(const struct kernel *k, const uint64_t *addrs, size_t count,
		    struct symbol *out);

/*
 * The text of a loaded module, at most max ranges (one, unless it is built in).  Returns how
 * many, or a negative errno.
 */
int kernel__module_text(struct kernel *k, const char *module, struct memory_range *out, size_t max);

/*
 * A loaded module's functions, as its own symbol table has them.  Reads them from the module
 * itself: asking the kernel for one name means going through all of its symbols up to 6.1.
 * Returns 0 or a negative errno.
 */
int kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out);

/*
 * A loaded module's data, at most max ranges.  Returns how many, or a negative
 * errno.
 */
int kernel__module_data(struct kernel *k, const char *module, struct memory_range *out, size_t max);
#endif /* NLB_KERNEL_H */
