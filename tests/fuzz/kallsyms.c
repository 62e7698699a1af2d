// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as /proc/kallsyms: what is found in it resolves to itself, and
 * everything else to something or nothing.
 *
 *   make fuzz-run
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kallsyms.h"
#include "kernel/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool so, const char *what)
{
	if (so)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void resolve(struct kallsyms *k, uint64_t addr)
{
	struct symbol s;

	if (!kallsyms__resolve(k, addr, &s))
		return;
	require(memchr(s.text, '\0', sizeof(s.text)), "a text without an end");
	require(memchr(s.name, '\0', sizeof(s.name)), "a name without an end");
	require(memchr(s.module, '\0', sizeof(s.module)), "a module without an end");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = { "_stext", "_end", "modules", "a", "" };
	static int fd = -1;
	struct kallsyms *k;
	char path[64];
	uint64_t addr;

	if (fd < 0)
		fd = memfd_create("kallsyms", MFD_CLOEXEC);
	require(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, data, size, 0) == (ssize_t)size,
		"no file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (kallsyms__parse(&k, path))
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int err = kallsyms__find(k, names[i], &addr);

		require(!err == !!addr, "found without an address, or not found with one");
		resolve(k, addr);
		resolve(k, addr - 1);
		resolve(k, addr + 1);
	}
	for (size_t i = 0; i + sizeof(addr) <= size && i < 64; i += sizeof(addr)) {
		memcpy(&addr, data + i, sizeof(addr));
		resolve(k, addr);
	}
	resolve(k, 0);
	resolve(k, UINT64_MAX);
	kallsyms__close(k);
	return 0;
}
