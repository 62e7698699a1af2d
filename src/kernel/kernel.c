// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathers the facts of src/kernel in one place.
 */
#include "kernel/kernel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/kbtf.h"
#include "kernel/module_names.h"
#include "util/log.h"

#define MAX_MODULES 10000
#define MAX_SYMBOLS 100000
#define MAX_NAME    512 /* KSYM_NAME_LEN */
#define MAX_STRINGS (16U << 20)
#define PAGE_SIZE   4096U

/* libbpf's own messages are detail, and many of them are of what was only tried. */
static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (log_level < LOG_VERBOSE || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

void module_offsets__read(struct module_offsets *m, const struct btf *btf)
{
	const char *memory = "module_memory";

	memset(m, 0xff, sizeof(*m)); /* -1 */
	if (!btf)
		return;
	m->list = kbtf__member_offset(btf, "module", "list");
	m->name = kbtf__member_offset(btf, "module", "name");
	m->kallsyms = kbtf__member_offset(btf, "module", "kallsyms");
	m->symtab = kbtf__member_offset(btf, "mod_kallsyms", "symtab");
	m->num_symtab = kbtf__member_offset(btf, "mod_kallsyms", "num_symtab");
	m->strtab = kbtf__member_offset(btf, "mod_kallsyms", "strtab");
	m->memory = kbtf__member_offset(btf, "module", "mem");
	if (m->memory < 0) {
		memory = "module_layout";
		m->memory = kbtf__member_offset(btf, "module", "core_layout");
		m->text_size = kbtf__member_offset(btf, memory, "text_size");
	}
	m->base = kbtf__member_offset(btf, memory, "base");
	m->size = kbtf__member_offset(btf, memory, "size");
	m->step = kbtf__struct_size(btf, memory);
}

/* Those of the kernel's own among them; a kernel without modules has no others. */
static int load_modules(const struct kernel *k, struct modules *modules)
{
	int err = modules__load(modules);

	if (err && (err != -ENOENT || !k->builtins.count))
		return err;
	err = builtins__list(&k->builtins, modules);
	if (err)
		modules__free(modules);
	return err;
}

int kernel__open(struct kernel *k, const struct builtin_part *parts)
{
	int err;

	memset(k, 0, sizeof(*k));
	libbpf_set_print(print);
	k->btf = btf__load_vmlinux_btf();
	err = query__open(&k->query);
	if (err)
		log_debug("the kernel cannot be asked about its memory and symbols: %s",
			  strerror(-err));
	features__probe(&k->features, k->btf, k->query);
	module_offsets__read(&k->module, k->btf);
	err = load_modules(k, &k->modules);
	/* What is loaded is not built in: the kernel need not be asked. */
	if (err != -ENOMEM && !modules__find(&k->modules, "nfc")) {
		err = builtins__open(&k->builtins, parts, k->query);
		if (!err)
			err = builtins__list(&k->builtins, &k->modules);
	}
	if (err != -ENOMEM)
		err = module_names__new(&k->names, k);
	return err;
}

void kernel__forget_btf(struct kernel *k)
{
	btf__free(k->btf);
	k->btf = NULL;
}

int kernel__refresh_modules(struct kernel *k)
{
	struct modules modules;
	int err = load_modules(k, &modules);

	if (err)
		return err;
	modules__free(&k->modules);
	k->modules = modules;
	module_names__forget(k->names);
	return 0;
}

void kernel__close(struct kernel *k)
{
	btf__free(k->btf);
	module_names__free(k->names);
	query__close(k->query);
	modules__free(&k->modules);
	builtins__free(&k->builtins);
	memset(k, 0, sizeof(*k));
}

bool kernel__built_in(const struct kernel *k, const char *module)
{
	const struct module_info *m = modules__find(&k->modules, module);

	return m && m->built_in;
}

int kernel__resolve(const struct kernel *k, const uint64_t *addrs, size_t count, struct symbol *out)
{
	int err = query__resolve(k->query, addrs, count, out);

	for (size_t i = 0; !err && k->builtins.count && i < count; i++) {
		const struct builtin *b =
			*out[i].module ? NULL : builtins__at(&k->builtins, addrs[i]);

		if (b)
			snprintf(out[i].module, sizeof(out[i].module), "%s", b->part->module);
	}
	return err;
}

/* The struct module of that name: walks the kernel's list of them. */
static int find_module(struct kernel *k, const char *module, uint64_t *addr)
{
	int list = k->module.list, name = k->module.name;
	char found[sizeof(((struct module_info *)NULL)->name)];
	uint64_t head, node;
	int err;

	if (list < 0 || name < 0)
		return -EOPNOTSUPP;
	if (!k->modules_list) {
		err = query__find(k->query, NULL, "modules", &k->modules_list);
		if (err)
			return err;
	}
	head = k->modules_list;
	err = query__read(k->query, head, &node, sizeof(node));
	for (int i = 0; !err && node != head && i < MAX_MODULES; i++) {
		*addr = node - (uint64_t)list;
		err = query__read(k->query, *addr + (uint64_t)name, found, sizeof(found));
		found[sizeof(found) - 1] = '\0';
		if (!err && modules__same_name(found, module))
			return 0;
		if (!err)
			err = query__read(k->query, node, &node, sizeof(node));
	}
	return err ? err : -ENOENT;
}

static int read_large(struct kernel *k, uint64_t addr, void *buf, size_t size)
{
	char *to = buf;

	while (size) {
		uint16_t len = (uint16_t)(size < MEMORY_PIECE_MAX ? size : MEMORY_PIECE_MAX);
		int err = query__read(k->query, addr, to, len);

		if (err)
			return err;
		addr += len;
		to += len;
		size -= len;
	}
	return 0;
}

static int copy_symbols(const struct builtin *b, struct module_symbols *out)
{
	const struct module_symbols *s = &b->symbols;
	const struct module_symbol *last = s->list;
	size_t size;

	for (size_t i = 0; i < s->count; i++)
		last = s->list[i].name > last->name ? &s->list[i] : last;
	size = (size_t)(last->name - s->strings) + strlen(last->name) + 1;
	out->list = calloc(s->count + 1, sizeof(*out->list));
	out->strings = malloc(size);
	if (!out->list || !out->strings) {
		module_symbols__free(out);
		return -ENOMEM;
	}
	memcpy(out->strings, s->strings, size);
	for (; out->count < s->count; out->count++) {
		const struct module_symbol *one = &s->list[out->count];

		out->list[out->count] = (struct module_symbol){
			one->addr,
			out->strings + (one->name - s->strings),
		};
	}
	return 0;
}

/* struct mod_kallsyms, include/linux/module.h: symtab, num_symtab, strtab. */
int kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out)
{
	int where = k->module.kallsyms, symtab = k->module.symtab;
	int number = k->module.num_symtab, strtab = k->module.strtab;
	uint64_t addr, table, symbols = 0, strings = 0, page_end;
	uint32_t count = 0, size = 0, longest = 0;
	Elf64_Sym *elf = NULL;
	int err;

	memset(out, 0, sizeof(*out));
	if (kernel__built_in(k, module))
		return copy_symbols(builtins__part(&k->builtins, module), out);
	if (where < 0 || symtab < 0 || number < 0 || strtab < 0)
		return -EOPNOTSUPP;
	err = find_module(k, module, &addr);
	if (!err)
		err = query__read(k->query, addr + (uint64_t)where, &table, sizeof(table));
	if (!err)
		err = query__read(k->query, table + (uint64_t)symtab, &symbols, sizeof(symbols));
	if (!err)
		err = query__read(k->query, table + (uint64_t)number, &count, sizeof(count));
	if (!err)
		err = query__read(k->query, table + (uint64_t)strtab, &strings, sizeof(strings));
	if (!err && count > MAX_SYMBOLS)
		err = -E2BIG;
	if (err)
		return err;
	elf = calloc(count + 1, sizeof(*elf));
	out->list = calloc(count + 1, sizeof(*out->list));
	err = elf && out->list ? read_large(k, symbols, elf, count * sizeof(*elf)) : -ENOMEM;
	if (err)
		goto out;
	for (uint32_t i = 0; i < count; i++)
		longest = elf[i].st_name > longest ? elf[i].st_name : longest;
	/* A table that was freed meanwhile says anything. */
	if (longest > MAX_STRINGS) {
		err = -E2BIG;
		goto out;
	}
	/* The last name ends somewhere behind its beginning; so may the module's memory. */
	size = longest + MAX_NAME;
	page_end = ((strings + longest) | (PAGE_SIZE - 1)) + 1;
	out->strings = calloc(1, size + 1);
	err = out->strings ? read_large(k, strings, out->strings, size) : -ENOMEM;
	if (out->strings && err && page_end - strings < size)
		err = read_large(k, strings, out->strings, page_end - strings);
	for (uint32_t i = 0; !err && i < count; i++) {
		if (!elf[i].st_value)
			continue;
		out->list[out->count++] = (struct module_symbol){
			.addr = elf[i].st_value,
			.name = out->strings + elf[i].st_name,
		};
	}
out:
	free(elf);
	if (err)
		module_symbols__free(out);
	return err;
}

#define MODULE_MEMORIES 4 /* text, data, rodata, ro_after_init; then those of init */

/* -ENOENT where there is nothing. */
static int read_range(struct query *q, uint64_t addr, int base, int size, struct memory_range *out)
{
	uint32_t length = 0;
	int err;

	out->start = 0;
	err = query__read(q, addr + (uint64_t)base, &out->start, sizeof(out->start));
	if (!err)
		err = query__read(q, addr + (uint64_t)size, &length, sizeof(length));
	out->size = length;
	return err ? err : out->start && length ? 0 : -ENOENT;
}

static bool memories_known(const struct module_offsets *m)
{
	return m->memory >= 0 && m->base >= 0 && m->size >= 0 && (m->text_size >= 0 || m->step);
}

int module_offsets__data(const struct module_offsets *m, struct query *q, uint64_t module,
			 struct memory_range *out, size_t max)
{
	const uint64_t addr = module + (uint64_t)m->memory;
	struct memory_range text;
	int err, n = 0;

	if (!memories_known(m))
		return -EOPNOTSUPP;
	if (m->text_size >= 0) {
		err = read_range(q, addr, m->base, m->text_size, &text);
		if (!err || err == -ENOENT)
			err = max ? read_range(q, addr, m->base, m->size, out) : -ENOENT;
		if (err || text.size >= out->size)
			return err == -ENOENT ? 0 : err;
		out->start += text.size;
		out->size -= text.size;
		return 1;
	}
	for (uint32_t i = 1; i < MODULE_MEMORIES && (size_t)n < max; i++) {
		err = read_range(q, addr + (uint64_t)i * m->step, m->base, m->size, &out[n]);
		if (err && err != -ENOENT)
			return err;
		n += !err;
	}
	return n;
}

static int copy_ranges(const struct memory_range *from, size_t count, struct memory_range *out,
		       size_t max)
{
	size_t n = count < max ? count : max;

	memcpy(out, from, n * sizeof(*out));
	return (int)n;
}

int kernel__module_text(struct kernel *k, const char *module, struct memory_range *out, size_t max)
{
	const struct module_offsets *m = &k->module;
	uint64_t addr = 0;
	int err;

	if (kernel__built_in(k, module)) {
		const struct builtin *b = builtins__part(&k->builtins, module);

		return copy_ranges(b->text, b->nr_text, out, max);
	}
	err = find_module(k, module, &addr);
	if (!err && !memories_known(m))
		err = -EOPNOTSUPP;
	if (!err && max)
		err = read_range(k->query, addr + (uint64_t)m->memory, m->base,
				 m->text_size < 0 ? m->size : m->text_size, out);
	return err ? err : max > 0;
}

int kernel__module_data(struct kernel *k, const char *module, struct memory_range *out, size_t max)
{
	uint64_t addr = 0;
	int err;

	if (kernel__built_in(k, module)) {
		const struct builtin *b = builtins__part(&k->builtins, module);

		return copy_ranges(b->data, b->nr_data, out, max);
	}
	err = find_module(k, module, &addr);
	return err ? err : module_offsets__data(&k->module, k->query, addr, out, max);
}
