// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as /proc/kallsyms: what is found in it resolves to itself, and
 * everything else to something or nothing.  So are the parts of a kernel that NFC is built
 * into: where they are said to be, each is alone.
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

#include "hooks/subsystem.h"
#include "kernel/builtin.h"
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

/* Where the parts of NFC are: somewhere, and no two in one place. */
static void find_parts(struct kallsyms *k)
{
	struct builtins b;

	if (builtins__find(&b, subsystem__parts(), k))
		return;
	for (size_t i = 0; i < b.count; i++) {
		const struct builtin *one = &b.list[i];

		require((one->state == BUILTIN_FOUND) == !!one->nr_text, "found nowhere");
		for (size_t j = 0; j < one->nr_text; j++) {
			uint64_t start = one->text[j].start, size = one->text[j].size;

			require(size && start + size > start, "an empty range");
			require(builtins__at(&b, start) == one, "its beginning is another's");
			require(builtins__at(&b, start + size - 1) == one, "its end is another's");
		}
	}
	builtins__free(&b);
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
	find_parts(k);
	kallsyms__close(k);
	return 0;
}
