// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaches empty programs (tests/bench/empty.bpf.c) until a signal: a tracer that does nothing.
 *
 *   empty four     tp_btf on kmalloc, kfree, kmem_cache_alloc, kmem_cache_free
 *   empty ours     on the hooks of nfcleakbpf that all of the machine runs through
 *
 * Prints "attached" when they are.  What cannot be attached is said and left out.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "empty.skel.h"

static int attach(struct empty *skel, const char *set)
{
	struct bpf_program *p;
	int attached = 0;

	bpf_object__for_each_program (p, skel->obj) {
		const char *name = bpf_program__name(p);

		if (bpf_program__fd(p) < 0)
			continue;
		if (bpf_program__attach(p))
			attached++;
		else
			fprintf(stderr, "empty: %s %s: %s\n", set, name, strerror(errno));
	}
	return attached;
}

int main(int argc, char **argv)
{
	struct empty *skel = empty__open();
	const char *set = argc == 2 ? argv[1] : "";
	struct bpf_program *p;
	int wanted = 0;

	if (!skel)
		return 1;
	bpf_object__for_each_program (p, skel->obj) {
		bool mine = !strncmp(bpf_program__name(p), set, strlen(set));

		bpf_program__set_autoload(p, *set && mine);
		wanted += *set && mine;
	}
	if (!wanted) {
		fprintf(stderr, "usage: empty four|ours\n");
		return 2;
	}
	if (empty__load(skel) || !attach(skel, set))
		return 1;
	puts("attached");
	fflush(stdout);
	pause(); /* the kernel detaches what a dead process has attached */
	return 0;
}
