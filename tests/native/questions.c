// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to this machine's own kernel (src/kernel/query.h): where things are, and what
 * is there.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "kernel/query.h"
#include "native/native.h"

void test_find(struct query *q)
{
	uint64_t addr, addrs[100];
	struct symbol symbols[100];
	bool same = true;

	result(!query__find(q, NULL, TARGET, &addr) && addr, "%s is found", TARGET);
	result(query__find(q, NULL, "nlb_no_such_symbol", &addr) == -ENOENT && !addr,
	       "a symbol that is none is -ENOENT");
	result(query__find(q, "nlb_no_such_module", TARGET, &addr) == -ENOENT,
	       "a symbol of a module that is not loaded is -ENOENT");
	result(query__find(q, NULL, "", &addr) == -ENOENT, "an empty name is -ENOENT");
	query__find(q, NULL, TARGET, &addr);
	for (size_t i = 0; i < 100; i++)
		addrs[i] = addr + i % 16;
	result(!query__resolve(q, addrs, 100, symbols), "a hundred addresses are resolved");
	for (size_t i = 0; i < 100; i++)
		same &= !strcmp(symbols[i].name, TARGET) && symbols[i].offset == i % 16 &&
			!*symbols[i].module;
	result(same, "each to its function and offset");
	addrs[0] = 0;
	addrs[1] = 0xffff800000000000;
	addrs[2] = (uintptr_t)&addr;
	result(!query__resolve(q, addrs, 3, symbols) && !*symbols[0].name && !*symbols[1].name &&
		       !*symbols[2].name && *symbols[1].text,
	       "addresses of nothing have no name");
}

void test_read(struct query *q)
{
	/* The hole between user and kernel addresses is never mapped. */
	const uint64_t hole = 0xffff800000000000;
	static char bufs[300][64], text[64], again[64];
	struct memory_piece pieces[300];
	char banner[14] = "";
	uint64_t addr;
	bool good;

	/* Symbols of data are not everywhere (CONFIG_KALLSYMS_ALL). */
	if (!query__find(q, NULL, "linux_banner", &addr))
		result(!query__read(q, addr, banner, 13) && !strcmp(banner, "Linux version"),
		       "linux_banner is read");
	if (query__find(q, NULL, TARGET, &addr)) {
		cannot("the text of " TARGET " is read", "there is none");
		return;
	}
	result(!query__read(q, addr, text, 64) && !query__read(q, addr, again, 64) &&
		       !memcmp(text, again, 64) && memcmp(text, bufs[0], 64) != 0,
	       "the text of " TARGET " is read, twice the same");
	result(!query__read(q, addr + 1, again, 63) && !memcmp(text + 1, again, 63),
	       "also from an odd address");
	result(query__read(q, hole, text, 8) == -EFAULT,
	       "an address that is not mapped is -EFAULT");
	result(query__read(q, 0, again, 8) < 0, "NULL cannot be read");
	result(query__read(q, 0xdead000000000000, again, 8) < 0, "nor a poison");
	result(query__read(q, (uintptr_t)&addr, again, 8) < 0, "nor user memory");
	result(query__read(q, addr, bufs, MEMORY_PIECE_MAX + 1) == -EINVAL,
	       "more than fits is -EINVAL");
	result(!query__read(q, addr, bufs, MEMORY_PIECE_MAX), "as much as fits is read");
	/* More than one call holds, every third of them bad. */
	query__read(q, addr, text, 64);
	memset(bufs, 0, sizeof(bufs));
	for (size_t i = 0; i < 300; i++)
		pieces[i] = (struct memory_piece){ i % 3 ? addr : hole + i, bufs[i], 64, 77 };
	good = !query__read_all(q, pieces, 300);
	for (size_t i = 0; i < 300; i++)
		good &= i % 3 ? !pieces[i].err && !memcmp(bufs[i], text, 64)
			      : pieces[i].err == -EFAULT;
	result(good, "three hundred pieces, some of them unmapped");
	result(!query__read_all(q, NULL, 0), "nothing at all is read without an error");
	result(query__read(NULL, addr, text, 8) == -EOPNOTSUPP &&
		       query__find(NULL, NULL, TARGET, &addr) == -EOPNOTSUPP &&
		       query__resolve(NULL, &addr, 1, NULL) == -EOPNOTSUPP,
	       "without a query everything is -EOPNOTSUPP");
}

/* What a kernel without programs of type syscall is asked has the same answers. */
void test_old(struct query *new)
{
	static const char *const names[] = { TARGET,	   "_stext",
					     "vfs_read",   "page_offset_base",
					     "nr_cpu_ids", "slab_caches" };
	struct query *old;
	unsigned same = 0, all = 0;
	int err = query__open_old(&old);

	result(!err && !query__has_syscall(old) && query__has_syscall(new),
	       "a query without programs of type syscall%s%s", err ? ": " : "",
	       err ? strerror(-err) : "");
	if (err)
		return;
	test_find(old);
	test_read(old);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		uint64_t addr = 0, again = 1;
		int found = query__find(new, NULL, names[i], &addr);

		result(query__find(old, NULL, names[i], &again) == found && again == addr,
		       "%s is where it is", names[i]);
		/* Of data not all is known. */
		for (uint64_t off = 0; i < 3 && !found && off < 4096; off += 61) {
			const uint64_t at = addr + off;
			struct symbol x, y;

			if (query__resolve(new, &at, 1, &x) || query__resolve(old, &at, 1, &y))
				continue;
			all++;
			/* Several symbols may stand for one address. */
			same += x.offset == y.offset && !*x.name == !*y.name;
			if (x.offset != y.offset || !*x.name != !*y.name)
				fprintf(stderr, "%s is %s\n", x.text, y.text);
		}
	}
	result(all && same == all, "%u of %u addresses are resolved as the kernel does", same, all);
	query__close(old);
}
