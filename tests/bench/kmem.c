// SPDX-License-Identifier: GPL-2.0-only
/*
 * nfcleakbpf's programs on memory events, armed on a kernel that need not have NFC, or modules at
 * all: the filter is given a range in which no module's text lies.  So the path that every
 * allocation and free takes is the one of a machine that is being traced, and nothing is ever
 * found.
 *
 * Prints "attached" and how skbs are followed, then waits for a signal.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "nfcleakbpf.skel.h"

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return query__resolve(ctx, addrs, count, out);
}

/* The filter lies beside the counters. */
static void arm(struct hooks *h)
{
	const char *counters = (const char *)hooks__counters(h);
	struct nfcleakbpf__bss *bss =
		(struct nfcleakbpf__bss *)(counters - offsetof(struct nfcleakbpf__bss, counters));
	/* The hole between user and kernel addresses. */
	const struct nlb_range nowhere = { 0x8000000000000000ULL, 0x10000 };

	hooks__arm(h);
	bss->filter.ranges[0] = nowhere;
	bss->filter.span = nowhere;
}

int main(void)
{
	static const char *const modules[] = { "nlb_no_such_module" };
	struct hooks_config config = { .mode = ATTACH_AUTO, .modules = modules, .nr_modules = 1 };
	struct hooks *hooks = NULL;
	struct names *names = NULL;
	struct kernel kernel;
	int err = kernel__open(&kernel, NULL);

	if (err)
		goto out;
	names = names__new(resolve, kernel.query);
	err = names ? hooks__new(&hooks, &config, &kernel, names) : -ENOMEM;
	if (!err)
		err = hooks__attach(hooks);
	if (err)
		goto out;
	arm(hooks);
	printf("attached");
	for (size_t i = 0; i < hooks__count(hooks); i++)
		if (hooks__at(hooks, i)->state == HOOK_ATTACHED)
			printf(" %s:%s", hooks__at(hooks, i)->mechanism,
			       hooks__at(hooks, i)->target);
	putchar('\n');
	fflush(stdout);
	pause(); /* the kernel detaches what a dead process has attached */
out:
	fprintf(stderr, "kmem: %s\n", strerror(-err));
	return 1;
}
