// SPDX-License-Identifier: GPL-2.0-only
/*
 * Gathers the facts of src/kernel in one place.
 */
#include "kernel/kernel.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "kernel/kbtf.h"
#include "util/log.h"

/* libbpf's own messages are detail, and many of them are of what was only tried. */
static int print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (log_level < LOG_VERBOSE || level == LIBBPF_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

int kernel__open(struct kernel *k)
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
	err = modules__load(&k->modules);
	return err == -ENOMEM ? err : 0;
}

int kernel__refresh_modules(struct kernel *k)
{
	struct modules modules;
	int err = modules__load(&modules);

	if (err)
		return err;
	modules__free(&k->modules);
	k->modules = modules;
	return 0;
}

void kernel__close(struct kernel *k)
{
	btf__free(k->btf);
	query__close(k->query);
	modules__free(&k->modules);
	memset(k, 0, sizeof(*k));
}

/*
 * struct module, include/linux/module.h: since 6.4 mem[MOD_TEXT] with base and
 * size, before that core_layout with base and text_size.
 */
int kernel__module_text(struct kernel *k, const char *module, uint64_t *start, uint64_t *end)
{
	const char *layout = "module_memory", *size_name = "size";
	int where, base, size, err;
	uint64_t addr, text = 0;
	uint32_t length = 0;

	if (!k->btf)
		return -EOPNOTSUPP;
	err = query__find(k->query, module, "__this_module", &addr);
	if (err)
		return err;
	where = kbtf__member_offset(k->btf, "module", "mem");
	if (where < 0) {
		layout = "module_layout";
		size_name = "text_size";
		where = kbtf__member_offset(k->btf, "module", "core_layout");
	}
	base = kbtf__member_offset(k->btf, layout, "base");
	size = kbtf__member_offset(k->btf, layout, size_name);
	if (where < 0 || base < 0 || size < 0)
		return -EOPNOTSUPP;
	addr += (uint64_t)where;
	err = query__read(k->query, addr + (uint64_t)base, &text, sizeof(text));
	if (!err)
		err = query__read(k->query, addr + (uint64_t)size, &length, sizeof(length));
	if (err || !text || !length)
		return err ? err : -ENOENT;
	*start = text;
	*end = text + length;
	return 0;
}
