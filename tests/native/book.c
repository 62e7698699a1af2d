// SPDX-License-Identifier: GPL-2.0-only
/*
 * A book that was made larger by its option: what does not fit into the default one is followed to
 * its end, through a filter that is another map then.
 */
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "native/native.h"
#include "nfcleakbpf.skel.h"

#define HELD (NLB_BOOK_ENTRIES + 1000)

/* Makes a kernel function play the traced module, see tests/native/native.c. */
static void trace(struct hooks *h, struct nlb_range range)
{
	const char *counters = (const char *)hooks__counters(h);
	struct nfcleakbpf__bss *bss =
		(struct nfcleakbpf__bss *)(counters - offsetof(struct nfcleakbpf__bss, counters));

	hooks__arm(h);
	bss->filter.ranges[0] = range;
	bss->filter.span.start = range.start;
	__atomic_store_n(&bss->filter.span.size, range.size, __ATOMIC_SEQ_CST);
}

struct walk {
	uint64_t addrs[HELD + 100];
	size_t count;
	int *fds; /* one is closed at each step */
	int next;
};

static void step(void *ctx, uint64_t addr, const struct nlb_book_entry *entry)
{
	struct walk *w = ctx;

	if (w->count < sizeof(w->addrs) / sizeof(*w->addrs) && entry->kind == NLB_KIND_OBJECT)
		w->addrs[w->count++] = addr;
	if (w->fds && w->next < HELD)
		close(w->fds[w->next++]);
}

static int by_address(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Half of the book is freed while it is read: what is not must be found, once. */
static void test_walk(const struct hooks *h, int *fds)
{
	static struct walk during, after;
	bool once = true, all = true;
	int err;

	during.fds = fds;
	during.next = HELD / 2;
	err = hooks__each_booked(h, step, &during);
	if (!err)
		err = hooks__each_booked(h, step, &after);
	qsort(during.addrs, during.count, sizeof(*during.addrs), by_address);
	for (size_t i = 1; i < during.count; i++)
		once &= during.addrs[i] != during.addrs[i - 1];
	for (size_t i = 0; i < after.count; i++)
		all &= bsearch(&after.addrs[i], during.addrs, during.count, sizeof(*after.addrs),
			       by_address) != NULL;
	result(!err && during.next == HELD && after.count >= HELD / 2,
	       "the book is read while half of it is freed: %zu, then %zu", during.count,
	       after.count);
	result(once && all, "what is not freed is read, and nothing twice");
}

void test_large_book(struct kernel *kernel, struct names *names, struct nlb_range range)
{
	static const char *const modules[] = { "nlb_no_such_module" };
	struct hooks_config config = { .modules = modules, .nr_modules = 1, .book_entries = 40000 };
	struct rlimit limit = { HELD + 100, HELD + 100 }, before;
	const struct nlb_counters *c;
	struct hooks *h = NULL;
	static int fds[HELD];
	uint64_t allocs, frees;
	int n = 0;

	if (!result(!hooks__new(&h, &config, kernel, names) && !hooks__attach(h),
		    "the hooks are attached with room for 40000 allocations"))
		goto out;
	result(hooks__book_entries(h) == 40000, "that much is said to fit");
	getrlimit(RLIMIT_NOFILE, &before);
	if (before.rlim_cur < limit.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &limit);
	trace(h, range);
	c = hooks__counters(h);
	while (n < HELD && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	allocs = __atomic_load_n(&c->allocs, __ATOMIC_SEQ_CST);
	if (n == HELD)
		test_walk(h, fds);
	for (int i = 0; i < (n == HELD ? n / 2 : n); i++)
		close(fds[i]);
	frees = __atomic_load_n(&c->frees, __ATOMIC_SEQ_CST);
	setrlimit(RLIMIT_NOFILE, &before);
	result(n == HELD && allocs >= HELD && !c->book_full, "%d are held and all of them booked",
	       n);
	result(frees >= HELD, "every one of them is seen to be freed");
out:
	hooks__free(h);
}
