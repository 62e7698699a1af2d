// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those of traced modules are kept from when they come until their end has been processed:
 * what they did just before is read when they are long gone, and something else may lie
 * there.
 *
 * Where the kernel cannot be asked, the symbols of any other module are read when the first
 * address in it is asked about, while it is there; they stay until the list of modules is
 * read again.
 */
#include "kernel/module_names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kernel.h"
#include "util/log.h"
#include "util/table.h"

struct named {
	struct named *next;	       /* of those that are kept */
	struct module_symbols symbols; /* of its text, by address */
	uint64_t start, end;	       /* of the text */
	char module[56];
};

struct module_names {
	struct kernel *kernel;
	bool all; /* the kernel cannot be asked about the others */
	struct named *kept;
	struct table known; /* base -> struct named: the others */
};

static int by_address(const void *a, const void *b)
{
	const struct module_symbol *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* As they stood in the table. */
	return x->name < y->name ? -1 : x->name > y->name;
}

/* What the kernel leaves out when it names an address: is_mapping_symbol(). */
static bool nameless(const char *name)
{
	return !*name || *name == '$' || !strncmp(name, ".L", 2) || !strncmp(name, "L0", 2);
}

/* Only what names an address in the text, in no more memory than that takes. */
static int compact(struct named *named, const struct module_symbols *all)
{
	struct module_symbols *s = &named->symbols;
	size_t count = 0, size = 0;
	char *to;

	for (size_t i = 0; i < all->count; i++) {
		const struct module_symbol *one = &all->list[i];

		if (one->addr - named->start >= named->end - named->start || nameless(one->name))
			continue;
		count++;
		size += strlen(one->name) + 1;
	}
	s->list = calloc(count + 1, sizeof(*s->list));
	s->strings = to = malloc(size + 1);
	if (!s->list || !s->strings) {
		module_symbols__free(s);
		return -ENOMEM;
	}
	for (size_t i = 0; i < all->count; i++) {
		const struct module_symbol *one = &all->list[i];

		if (one->addr - named->start >= named->end - named->start || nameless(one->name))
			continue;
		s->list[s->count++] = (struct module_symbol){ one->addr, to };
		to = stpcpy(to, one->name) + 1;
	}
	qsort(s->list, s->count, sizeof(*s->list), by_address);
	log_debug("module %s: %zu functions, whose names take %zu bytes", named->module, count,
		  size + count * sizeof(*s->list));
	return 0;
}

static void named_free(struct named *named)
{
	module_symbols__free(&named->symbols);
	free(named);
}

/* NULL where its text is not known, or when out of memory. */
static struct named *named_new(struct kernel *kernel, const char *module,
			       const struct module_symbols *all)
{
	struct named *named = calloc(1, sizeof(*named));
	struct memory_range text;

	if (!named)
		return NULL;
	snprintf(named->module, sizeof(named->module), "%s", module);
	if (kernel__module_text(kernel, module, &text, 1) == 1) {
		named->start = text.start;
		named->end = text.start + text.size;
		if (!compact(named, all))
			return named;
	}
	free(named);
	return NULL;
}

static struct named *names_of(struct module_names *n, const struct module_info *m)
{
	struct named *named = table__get(&n->known, m->base);
	struct module_symbols all;

	if (named || kernel__module_symbols(n->kernel, m->name, &all))
		return named;
	named = named_new(n->kernel, m->name, &all);
	module_symbols__free(&all);
	if (!named || !table__set(&n->known, m->base, named))
		return named;
	named_free(named);
	return NULL;
}

/* The kernel's rule: the next symbol, or the text's end, is where one ends. */
static bool name_address(const struct named *named, uint64_t addr, struct symbol *out)
{
	const struct module_symbols *s = &named->symbols;
	const struct module_symbol *best = NULL;
	uint64_t end = named->end;
	char text[sizeof(out->text)];

	if (addr - named->start >= named->end - named->start)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		const struct module_symbol *one = &s->list[i];

		if (one->addr > addr) {
			end = one->addr;
			break;
		}
		if (!best || one->addr > best->addr)
			best = one;
	}
	if (!best)
		return false;
	snprintf(text, sizeof(text), "%s+0x%" PRIx64 "/0x%" PRIx64 " [%s]", best->name,
		 addr - best->addr, end - best->addr, named->module);
	symbol__parse(out, text);
	return true;
}

static bool resolve(void *ctx, uint64_t addr, struct symbol *out)
{
	struct module_names *n = ctx;
	const struct modules *modules = &n->kernel->modules;

	for (const struct named *named = n->kept; named; named = named->next)
		if (name_address(named, addr, out))
			return true;
	for (size_t i = 0; n->all && i < modules->count; i++) {
		const struct module_info *m = &modules->list[i];
		const struct named *named;

		if (addr - m->base >= m->size || m->built_in)
			continue;
		named = names_of(n, m);
		return named && name_address(named, addr, out);
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
	if (!kernel->query)
		return 0;
	n = calloc(1, sizeof(*n));
	if (!n)
		return -ENOMEM;
	n->kernel = kernel;
	n->all = !query__has_syscall(kernel->query);
	modules.ctx = n;
	query__set_modules(kernel->query, &modules);
	*out = n;
	return 0;
}

int module_names__keep(struct module_names *n, const char *module,
		       const struct module_symbols *symbols)
{
	struct named *named;

	/* The kernel's own stay, and are known to it. */
	if (!n || kernel__built_in(n->kernel, module))
		return 0;
	module_names__drop(n, module);
	named = named_new(n->kernel, module, symbols);
	if (!named)
		return -ENOMEM;
	named->next = n->kept;
	n->kept = named;
	return 0;
}

void module_names__drop(struct module_names *n, const char *module)
{
	struct named **at = n ? &n->kept : NULL, *named;

	while (at && *at) {
		named = *at;
		if (strcmp(named->module, module) != 0) {
			at = &named->next;
			continue;
		}
		*at = named->next;
		named_free(named);
	}
}

void module_names__forget(struct module_names *n)
{
	struct named *named;
	size_t i = 0;

	if (!n)
		return;
	while ((named = table__next(&n->known, &i)))
		named_free(named);
	table__free(&n->known);
}

void module_names__free(struct module_names *n)
{
	struct named *named;

	module_names__forget(n);
	while (n && (named = n->kept)) {
		n->kept = named->next;
		named_free(named);
	}
	free(n);
}
