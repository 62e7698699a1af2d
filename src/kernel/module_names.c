// SPDX-License-Identifier: GPL-2.0-only
/*
 * A module's symbols are read when the first address in it is asked about, while it
 * is there; they stay until the list of modules is read again, so that a module
 * that has just gone still has names.
 */
#include "kernel/module_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "util/table.h"

struct named {
	struct module_symbols symbols; /* sorted by address */
	uint64_t end;		       /* of the text */
};

struct module_names {
	struct kernel *kernel;
	struct table known; /* base -> struct named */
};

static int by_address(const void *a, const void *b)
{
	const struct module_symbol *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

static struct named *names_of(struct module_names *n, const struct module_info *m)
{
	struct named *named = table__get(&n->known, m->base);
	struct memory_range text;

	if (named)
		return named;
	named = calloc(1, sizeof(*named));
	if (!named || kernel__module_symbols(n->kernel, m->name, &named->symbols) ||
	    kernel__module_text(n->kernel, m->name, &text, 1) != 1 ||
	    table__set(&n->known, m->base, named)) {
		if (named)
			module_symbols__free(&named->symbols);
		free(named);
		return NULL;
	}
	named->end = text.start + text.size;
	if (named->symbols.count)
		qsort(named->symbols.list, named->symbols.count, sizeof(*named->symbols.list),
		      by_address);
	return named;
}

/* The kernel's rule: the next symbol, or the text's end, is where one ends. */
static bool name_address(const struct named *named, uint64_t addr, const char *module,
			 struct symbol *out)
{
	const struct module_symbols *s = &named->symbols;
	const struct module_symbol *best = NULL;
	uint64_t end = named->end;
	char text[sizeof(out->text)];

	for (size_t i = 0; i < s->count; i++) {
		const struct module_symbol *one = &s->list[i];

		if (one->addr > addr) {
			end = one->addr;
			break;
		}
		if (*one->name && (!best || one->addr > best->addr))
			best = one;
	}
	if (!best || end <= best->addr)
		return false;
	snprintf(text, sizeof(text), "%s+0x%" PRIx64 "/0x%" PRIx64 " [%s]", best->name,
		 addr - best->addr, end - best->addr, module);
	symbol__parse(out, text);
	return true;
}

static bool resolve(void *ctx, uint64_t addr, struct symbol *out)
{
	struct module_names *n = ctx;
	const struct modules *modules = &n->kernel->modules;

	for (size_t i = 0; i < modules->count; i++) {
		const struct module_info *m = &modules->list[i];
		const struct named *named;

		if (addr - m->base >= m->size || m->built_in)
			continue;
		named = names_of(n, m);
		return named && name_address(named, addr, m->name, out);
	}
	return false;
}

static int find(void *ctx, const char *module, const char *name, uint64_t *addr)
{
	struct module_names *n = ctx;
	const struct module_info *m = modules__find(&n->kernel->modules, module);
	const struct named *named = m ? names_of(n, m) : NULL;

	*addr = named ? module_symbols__find(&named->symbols, name) : 0;
	return *addr ? 0 : -ENOENT;
}

int module_names__new(struct module_names **out, struct kernel *kernel)
{
	struct query_modules modules = { resolve, find, NULL };
	struct module_names *n;

	*out = NULL;
	if (!kernel->query || query__has_syscall(kernel->query))
		return 0;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->kernel = kernel;
	modules.ctx = n;
	query__set_modules(kernel->query, &modules);
	*out = n;
	return 0;
}

void module_names__forget(struct module_names *n)
{
	struct named *named;
	size_t i = 0;

	if (!n)
		return;
	while ((named = table__next(&n->known, &i))) {
		module_symbols__free(&named->symbols);
		free(named);
	}
	table__free(&n->known);
}

void module_names__free(struct module_names *n)
{
	module_names__forget(n);
	free(n);
}
