// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs, the hooks and the questions on this machine's own kernel.
 *
 * There may be no NFC here, no modules and no kprobes: what can be had anywhere
 * is the memory path.  So a kernel function that a system call makes allocate
 * (do_eventfd) plays the traced module: the filter's range is its text.  Only
 * what this very thread did is counted, since the machine does other things.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks/hooks.h"
#include "kernel/kbtf.h"
#include "native/native.h"
#include "nfcleakbpf.skel.h"
#include "scan/search.h"
#include "scan/slab.h"
#include "trace/decode.h"
#include "util/log.h"
#include "util/table.h"

#define LOOPS	  1000
#define OTHERS	  1000 /* of each kind of other traffic */
#define TOO_MANY  (NLB_BOOK_ENTRIES + 600)
#define DATAGRAMS 200
#define WRITES	  50
#define OBJECTS	  20 /* searched for */

static unsigned tests, failures;

bool result(bool ok, const char *format, ...)
{
	va_list args;

	printf("%s %u - native: ", ok ? "ok" : "not ok", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	failures += !ok;
	return ok;
}

void cannot(const char *what, const char *why)
{
	printf("not ok %u - native: %s # cannot run here: %s\n", ++tests, what, why);
	fflush(stdout);
	failures++;
}

/* ---- what is seen ---- */

struct seen {
	uint32_t tid;
	struct names *names;
	struct table live;	/* address -> born */
	struct nlb_range range; /* of interest */
	unsigned allocs, without_stack, frees, healed, healed_late, wrong, irq, skbs, starts, ends,
		others;
	uint64_t size;
	struct nlb_alloc first;
	bool have_first;
};

static struct seen seen;

static void forget_seen(void)
{
	struct nlb_range range = seen.range;

	table__free(&seen.live);
	seen = (struct seen){ .tid = (uint32_t)syscall(SYS_gettid), .range = range };
}

static void on_alloc(const struct nlb_alloc *a, bool whole)
{
	if (a->h.tid != seen.tid) {
		seen.others++;
		return;
	}
	seen.allocs++;
	seen.without_stack += !whole;
	seen.wrong += whole == !!(a->h.flags & NLB_F_NO_STACK);
	seen.skbs += a->kind == NLB_KIND_SKB;
	seen.irq += a->h.flags & NLB_F_IRQ;
	seen.size = a->size;
	if (a->kind == NLB_KIND_OBJECT && a->site - seen.range.start >= seen.range.size)
		seen.wrong++;
	/* born is never 0, so it can be the table's value. */
	if (table__set(&seen.live, a->addr, (void *)(uintptr_t)a->h.time))
		seen.wrong++;
	if (!seen.have_first && whole) {
		seen.first = *a;
		seen.have_first = true;
	}
}

static void on_free(const struct nlb_free *f)
{
	uintptr_t born = (uintptr_t)table__get(&seen.live, f->addr);

	if (f->h.flags & NLB_F_HEALED) {
		seen.healed++;
		seen.healed_late += born != f->born;
		return;
	}
	if (!born || born != f->born) {
		seen.others++;
		return;
	}
	if (f->h.time < f->born)
		seen.wrong++;
	table__remove(&seen.live, f->addr);
	seen.frees++;
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct nlb_header *h = data;
	const struct nlb_work *w = data;

	(void)ctx;
	if (h->type == NLB_ALLOC && size >= NLB_ALLOC_SHORT)
		on_alloc(data, size >= sizeof(struct nlb_alloc));
	else if (h->type == NLB_FREE && size >= sizeof(struct nlb_free))
		on_free(data);
	else if (h->type == NLB_STACK)
		; /* nothing is learnt here: see tests/native/stacks.c */
	else if (h->type == NLB_WORK_START && w->function == seen.range.start)
		seen.starts++;
	else if (h->type == NLB_WORK_END && w->function == seen.range.start)
		seen.ends++;
	else
		seen.others++;
	return 0;
}

/* ---- the tracer ---- */

struct tracer {
	struct kernel kernel;
	struct names *names;
	struct hooks *hooks;
	struct nlb_filter *filter;
	const struct nlb_counters *counters;
	struct ring_buffer *ring;
	int book;
};

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return query__resolve(ctx, addrs, count, out);
}

/* The text of a function: what is printed of its first byte has its size. */
static struct nlb_range text_of(const struct tracer *t, const char *name)
{
	const char *size;
	struct symbol sym;
	uint64_t start;

	if (query__find(t->kernel.query, NULL, name, &start) ||
	    query__resolve(t->kernel.query, &start, 1, &sym))
		return (struct nlb_range){ 0 };
	size = strchr(sym.text, '/');
	return (struct nlb_range){ start, size ? strtoull(size + 1, NULL, 16) : 0 };
}

static void trace(struct nlb_filter *f, struct nlb_range range)
{
	f->span.size = 0;
	f->ranges[0] = range;
	f->span.start = range.start;
	__atomic_store_n(&f->span.size, range.size, __ATOMIC_SEQ_CST);
	seen.range = range;
}

static size_t book_entries(int fd, bool own, unsigned *wrong)
{
	struct nlb_book_entry entry;
	uint64_t key, next;
	bool first = true;
	size_t n = 0;

	while (!bpf_map_get_next_key(fd, first ? NULL : &key, &next)) {
		first = false;
		key = next;
		if (bpf_map_lookup_elem(fd, &key, &entry) || (own && entry.tid != seen.tid))
			continue;
		n++;
		if (wrong && (entry.site - seen.range.start >= seen.range.size ||
			      entry.born != (uintptr_t)table__get(&seen.live, key) ||
			      strcmp(entry.comm, "nlb-native") != 0))
			++*wrong;
	}
	return n;
}

static uint64_t filter_sum(const struct nlb_filter *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < NLB_FILTER_SLOTS; i++)
		sum += f->live[i];
	return sum;
}

static int start_tracer(struct tracer *t)
{
	static const char *const modules[] = { "nlb_no_such_module" };
	struct hooks_config config = { .mode = ATTACH_AUTO, .modules = modules, .nr_modules = 1 };
	struct nfcleakbpf__bss *bss;
	int err;

	t->names = names__new(resolve, t->kernel.query);
	if (!t->names)
		return -ENOMEM;
	err = hooks__new(&t->hooks, &config, &t->kernel, t->names);
	if (!err)
		err = hooks__attach(t->hooks);
	if (err)
		return err;
	hooks__arm(t->hooks);
	/* The filter lies beside the counters. */
	t->counters = hooks__counters(t->hooks);
	bss = (struct nfcleakbpf__bss *)((char *)t->counters -
					 offsetof(struct nfcleakbpf__bss, counters));
	t->filter = &bss->filter;
	t->book = hooks__book_fd(t->hooks);
	t->ring = ring_buffer__new(hooks__events_fd(t->hooks), on_record, NULL, NULL);
	return t->ring ? 0 : -errno;
}

/* ---- hooks ---- */

static const struct hook *hook_of(const struct tracer *t, const char *mechanism, const char *target)
{
	for (size_t i = 0; i < hooks__count(t->hooks); i++) {
		const struct hook *h = hooks__at(t->hooks, i);

		if (!strcmp(h->mechanism, mechanism) && !strcmp(h->target, target))
			return h;
	}
	return NULL;
}

static void test_hooks(const struct tracer *t)
{
	const struct features *f = &t->kernel.features;
	const struct hook *skb = hook_of(t, "fexit", "__alloc_skb");
	const struct hook *fallback = hook_of(t, "raw_tp", "kmem_cache_alloc");
	bool explained = true;

	result(hook_of(t, "raw_tp", "kmalloc")->state == HOOK_ATTACHED &&
		       hook_of(t, "raw_tp", "kfree")->state == HOOK_ATTACHED,
	       "kmalloc and kfree are hooked");
	result((skb->state == HOOK_ATTACHED) != (fallback->state == HOOK_ATTACHED) &&
		       (skb->state == HOOK_ATTACHED) == !f->fentry,
	       "skbs are hooked in just one way: %s",
	       skb->state == HOOK_ATTACHED ? "fexit" : "kmem_cache_alloc");
	for (size_t i = 0; i < hooks__count(t->hooks); i++) {
		const struct hook *h = hooks__at(t->hooks, i);

		explained &= h->state == HOOK_ATTACHED || *h->reason;
	}
	result(explained, "a hook that is not there has a reason");
	result(!hooks__nr_modules(t->hooks) && !hooks__wants_module(t->hooks, "nfc") &&
		       hooks__wants_module(t->hooks, "nlb-no-such-module"),
	       "only the module that was asked for is wanted");
	result(!hooks__misses(t->hooks), "no program was missed");
	result(!hooks__meaning(t->hooks, 0) && !hooks__meaning(t->hooks, 1) &&
		       !hooks__meaning(t->hooks, UINT64_MAX),
	       "no cookie has a meaning");
}

/* ---- allocations ---- */

static void loop_eventfd(unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(eventfd(0, EFD_CLOEXEC));
}

static void test_disarmed(struct tracer *t)
{
	forget_seen();
	trace(t->filter, (struct nlb_range){ 0 });
	loop_eventfd(LOOPS);
	ring_buffer__consume(t->ring);
	result(!seen.allocs && !seen.others && !t->counters->allocs &&
		       !book_entries(t->book, false, NULL),
	       "with a span of 0 nothing is seen");
}

static void check_stack(const struct tracer *t)
{
	static const struct skb_sizes sizes = { .skb = 232, .overhead = 320, .alignment = 64 };
	const struct stack *s;
	bool syscall_seen = false;
	struct event e;

	if (!seen.have_first ||
	    decode(&seen.first, sizeof(seen.first), NULL, &sizes, t->names, &e) != DECODED_EVENT) {
		result(false, "a record is decoded");
		return;
	}
	result(names__text(t->names, e.alloc.caller) &&
		       !strcmp(names__text(t->names, e.alloc.caller), TARGET),
	       "the allocator's caller is %s", TARGET);
	s = names__stack_at(t->names, e.alloc.stack);
	if (!result(s && s->depth > 2, "there is a stack"))
		return;
	result(!strncmp(s->frames[0].text, TARGET "+0x", strlen(TARGET) + 3),
	       "its first frame is %s", s->frames[0].text);
	for (size_t i = 1; i < s->depth; i++)
		syscall_seen |= strstr(s->frames[i].text, "sys_eventfd") ||
				strstr(s->frames[i].text, "do_syscall_64");
	result(syscall_seen, "the system call is further out");
	result(!strcmp(e.alloc.comm, "nlb-native"), "the task's name is known");
}

static void test_exact(struct tracer *t)
{
	uint64_t allocs = t->counters->allocs, frees = t->counters->frees;

	forget_seen();
	trace(t->filter, text_of(t, TARGET));
	for (unsigned i = 0; i < LOOPS; i += 100) {
		loop_eventfd(100);
		ring_buffer__consume(t->ring);
	}
	result(seen.allocs == LOOPS, "%d times eventfd() are %u allocations", LOOPS, seen.allocs);
	result(seen.frees == LOOPS && !seen.healed, "%d times close() are %u frees", LOOPS,
	       seen.frees);
	result(seen.size == kbtf__struct_size(t->kernel.btf, "eventfd_ctx"), "of %" PRIu64 " bytes",
	       seen.size);
	result(!seen.wrong, "all of them from " TARGET);
	result(!seen.irq, "none of them in an interrupt");
	result(t->counters->allocs - allocs >= LOOPS && t->counters->frees - frees >= LOOPS &&
		       !t->counters->lost && !t->counters->no_stack,
	       "the counters agree");
	result(!book_entries(t->book, true, NULL), "the book is empty again");
	check_stack(t);
}

static void test_book(struct tracer *t)
{
	unsigned wrong = 0;
	int fds[100];
	size_t n;

	forget_seen();
	for (size_t i = 0; i < 100; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC);
	ring_buffer__consume(t->ring);
	n = book_entries(t->book, true, &wrong);
	result(n == 100 && !wrong, "a hundred that are open are in the book, with birth and site");
	for (size_t i = 0; i < 100; i++)
		close(fds[i]);
	ring_buffer__consume(t->ring);
	result(!book_entries(t->book, true, NULL) && !seen.live.used, "and then are not");
}

/* An object's address comes from its record, its bytes from the kernel's memory. */
static void test_memory(struct tracer *t)
{
	int offset = kbtf__member_offset(t->kernel.btf, "eventfd_ctx", "count");
	uint64_t value = 0, more = 4711, addr;
	int fd;

	forget_seen();
	fd = eventfd(0x12345678, EFD_CLOEXEC);
	ring_buffer__consume(t->ring);
	addr = seen.first.addr + (uint64_t)offset;
	result(offset >= 0 && seen.have_first &&
		       !query__read(t->kernel.query, addr, &value, sizeof(value)) &&
		       value == 0x12345678,
	       "an object's memory is read: 0x%" PRIx64, value);
	if (write(fd, &more, sizeof(more)) == sizeof(more))
		query__read(t->kernel.query, addr, &value, sizeof(value));
	result(value == 0x12345678 + 4711, "and read again when it has changed");
	close(fd);
}

/* Each is referred to by its struct file. */
static void test_search(const struct tracer *t, const uint64_t *addrs)
{
	struct reach_object objects[OBJECTS] = { 0 };
	struct search_stats stats = { 0 };
	struct search *search = NULL;
	struct query *query = NULL;
	unsigned reachable = 0;
	int cancel = 0, err;

	for (size_t i = 0; i < OBJECTS; i++) {
		objects[i].addr = addrs[i];
		objects[i].size = seen.first.size;
	}
	err = query__open(&query);
	if (!err)
		err = search__new(&search, query, t->kernel.btf);
	if (!err)
		err = search__run(search, objects, OBJECTS, NULL, 0, 0, &cancel, &stats);
	for (size_t i = 0; i < OBJECTS; i++)
		reachable += objects[i].reachable;
	result(!err && reachable == OBJECTS,
	       "a search finds who refers to what is open: %u of %d (%llu MiB, %llu ms)%s%s",
	       reachable, OBJECTS, (unsigned long long)stats.bytes >> 20,
	       (unsigned long long)stats.ns / 1000000, err ? ": " : "", err ? strerror(-err) : "");
	if (!err) {
		err = search__run(search, objects, OBJECTS, NULL, 0, 4096, &cancel, &stats);
		result(err == -E2BIG, "a search that may not read enough says so");
		cancel = 1;
		err = search__run(search, objects, OBJECTS, NULL, 0, 0, &cancel, &stats);
		result(err == -ECANCELED, "a search can be stopped");
	}
	search__free(search);
	query__close(query);
}

/*
 * Where the layout of slabs is known (symbols of data, x86-64): what lies there
 * is found from its address alone, and what is referred to is not called lost.
 */
static void test_slabs(const struct tracer *t, struct slabs *slabs)
{
	uint64_t addrs[OBJECTS];
	unsigned known = 0, alive = 0, freed = 0;
	int fds[OBJECTS];

	for (size_t i = 0; i < OBJECTS; i++) {
		struct slab slab;

		forget_seen();
		fds[i] = eventfd(0, EFD_CLOEXEC);
		ring_buffer__consume(t->ring);
		addrs[i] = seen.first.addr;
		known += seen.have_first && !slabs__find(slabs, addrs[i] + 20, &slab) &&
			 slab__object(&slab, addrs[i] + 20) == addrs[i] &&
			 slab.size >= seen.first.size;
		alive += slabs__state(slabs, addrs[i]) == SLAB_ALLOCATED;
	}
	result(known == OBJECTS, "objects are found from the middle of them: %u of %d", known,
	       OBJECTS);
	result(alive == OBJECTS, "what is open is allocated: %u of %d", alive, OBJECTS);
	test_search(t, addrs);
	for (size_t i = 0; i < OBJECTS; i++)
		close(fds[i]);
	for (size_t i = 0; i < OBJECTS; i++)
		freed += slabs__state(slabs, addrs[i]) == SLAB_FREE;
	result(freed > 0, "what was closed is free: %u of %d", freed, OBJECTS);
}

static void test_scan(const struct tracer *t)
{
	struct slabs *slabs = NULL;
	int err = slabs__new(&slabs, t->kernel.query, t->kernel.btf);

	if (!err)
		test_slabs(t, slabs);
	else if (err == -EOPNOTSUPP || err == -ENOENT)
		fprintf(stderr, "DID NOT RUN: native: looking through memory: this kernel does not "
				"tell where its data is (CONFIG_KALLSYMS_ALL)\n");
	else
		result(false, "the layout of slabs is read: %s", strerror(-err));
	result(!err || !slabs, "there is a layout or there is none");
	slabs__free(slabs);
}

static void other_traffic(unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		int p[2], s[2];
		char c = 0;

		if (!pipe(p)) {
			if (write(p[1], &c, 1) == 1 && read(p[0], &c, 1) < 0)
				abort();
			close(p[0]);
			close(p[1]);
		}
		if (!socketpair(AF_UNIX, SOCK_DGRAM, 0, s)) {
			if (send(s[0], &c, 1, 0) == 1 && recv(s[1], &c, 1, 0) < 0)
				abort();
			close(s[0]);
			close(s[1]);
		}
		close(open("/proc/self/status", O_RDONLY | O_CLOEXEC));
	}
}

static void test_others(struct tracer *t)
{
	struct nlb_range pipes = text_of(t, "alloc_pipe_info");

	/* What is not traced makes no record and no entry... */
	forget_seen();
	other_traffic(OTHERS);
	ring_buffer__consume(t->ring);
	result(!seen.allocs && !book_entries(t->book, true, NULL),
	       "%d pipes, sockets and files: not one record, not one entry", OTHERS);

	/* ...and it is not for want of allocations. */
	if (!pipes.size) {
		cannot("the same with pipes traced", "no symbol alloc_pipe_info");
		return;
	}
	forget_seen();
	trace(t->filter, pipes);
	other_traffic(OTHERS);
	trace(t->filter, text_of(t, TARGET));
	ring_buffer__consume(t->ring);
	result(seen.allocs >= OTHERS && seen.frees == seen.allocs,
	       "the same with pipes traced: %u records", seen.allocs);
}

static int open_many(int *fds, int count, const struct tracer *t)
{
	int n = 0;

	while (n < count && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0) {
		n++;
		if (t && n % 500 == 0)
			ring_buffer__consume(t->ring);
	}
	return n;
}

static void close_many(const int *fds, int count, const struct tracer *t)
{
	for (int i = 0; i < count; i++) {
		close(fds[i]);
		if (t && i % 500 == 0)
			ring_buffer__consume(t->ring);
	}
}

static int *room_for(int count)
{
	struct rlimit limit = { (rlim_t)count + 100, (rlim_t)count + 100 };
	struct rlimit now;

	if (!getrlimit(RLIMIT_NOFILE, &now) && now.rlim_cur < limit.rlim_cur &&
	    setrlimit(RLIMIT_NOFILE, &limit))
		return NULL;
	return calloc((size_t)count, sizeof(int));
}

static void test_ring_overflow(struct tracer *t)
{
	/* Each round is two records, and nobody reads.  From the middle on the first is short. */
	const unsigned rounds = NLB_RING_BYTES / (NLB_ALLOC_SHORT + sizeof(struct nlb_free));
	const unsigned whole =
		NLB_RING_BYTES / 2 / (sizeof(struct nlb_alloc) + sizeof(struct nlb_free) + 16);
	uint64_t lost = t->counters->lost, allocs = t->counters->allocs;
	uint64_t left_out = t->counters->left_out;
	int fds[100], n;

	forget_seen();
	loop_eventfd(rounds);
	lost = t->counters->lost;
	n = open_many(fds, 100, NULL);
	lost = t->counters->lost - lost;
	result(n == 100 && lost >= 100, "a full ring buffer loses events and counts them: %llu",
	       (unsigned long long)t->counters->lost);
	result(book_entries(t->book, true, NULL) == 100, "the book has what was lost");
	ring_buffer__consume(t->ring);
	left_out = t->counters->left_out - left_out;
	result(seen.allocs - seen.without_stack >= whole * 9 / 10 &&
		       seen.allocs - seen.without_stack <= whole + 1 && !seen.wrong,
	       "stacks come until the ring buffer is half full: %u of %u",
	       seen.allocs - seen.without_stack, seen.allocs);
	result(seen.without_stack && left_out >= seen.without_stack &&
		       left_out <= seen.without_stack + seen.others,
	       "those left out from then on are counted: %llu", (unsigned long long)left_out);
	result(seen.allocs > rounds / 2 && seen.allocs < t->counters->allocs - allocs,
	       "what was not lost arrives: %u of %llu allocations", seen.allocs,
	       (unsigned long long)(t->counters->allocs - allocs));
	close_many(fds, n, NULL);
	ring_buffer__consume(t->ring);
	result(!book_entries(t->book, true, NULL), "the book is right again when they are closed");
}

static void test_book_overflow(struct tracer *t)
{
	int *fds = room_for(TOO_MANY), n;
	uint64_t full = t->counters->book_full, allocs = t->counters->allocs;
	uint64_t frees = t->counters->frees;

	if (!fds) {
		cannot("the book overflows", "too few file descriptors are allowed");
		return;
	}
	forget_seen();
	n = open_many(fds, TOO_MANY, t);
	full = t->counters->book_full - full;
	result(n == TOO_MANY && full >= TOO_MANY - NLB_BOOK_ENTRIES,
	       "more that live than the book holds are counted: %" PRIu64, full);
	ring_buffer__consume(t->ring);
	result(seen.allocs + full >= (unsigned)n && seen.allocs <= NLB_BOOK_ENTRIES,
	       "those without an entry make no record: %u", seen.allocs);
	close_many(fds, n, t);
	ring_buffer__consume(t->ring);
	result(!book_entries(t->book, true, NULL) && seen.frees == seen.allocs,
	       "those with an entry are freed: %u", seen.frees);
	result(t->counters->frees - frees >= t->counters->allocs - allocs - 100,
	       "allocations and frees agree");
	free(fds);
}

static void test_healing(struct tracer *t)
{
	static uint32_t live[NLB_FILTER_SLOTS];
	uint64_t healed = t->counters->healed;
	cpu_set_t one, all;
	int fd, tries;

	/* On one processor a freed object is the next one to be handed out. */
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
	forget_seen();
	for (tries = 0; tries < 50 && t->counters->healed == healed; tries++) {
		fd = eventfd(0, EFD_CLOEXEC);
		/* The filter looks away while it is freed. */
		memcpy(live, t->filter->live, sizeof(live));
		memset(t->filter->live, 0, sizeof(live));
		close(fd);
		memcpy(t->filter->live, live, sizeof(live));
		close(eventfd(0, EFD_CLOEXEC));
	}
	ring_buffer__consume(t->ring);
	sched_setaffinity(0, sizeof(all), &all);
	result(t->counters->healed > healed && seen.healed,
	       "a free that was missed is healed when the address is handed out again");
	result(seen.healed && !seen.healed_late,
	       "the end of the first life is told before the second one begins");
	/* Those whose address was not handed out again. */
	for (unsigned i = 0; i < 200 && book_entries(t->book, true, NULL); i++)
		loop_eventfd(20);
	ring_buffer__consume(t->ring);
}

/*
 * Of a work item in which nothing is allocated no record comes; but the table of tasks has it, also
 * after its end.  Counts the tasks that have been in the one of interest.
 */
static unsigned tasks_seen(const struct tracer *t, unsigned *inside)
{
	struct nlb_scope scope;
	int fd = hooks__scopes_fd(t->hooks);
	uint32_t key, next;
	unsigned n = 0;

	*inside = 0;
	for (bool first = true; !bpf_map_get_next_key(fd, first ? NULL : &key, &next);
	     first = false) {
		key = next;
		if (bpf_map_lookup_elem(fd, &key, &scope) || scope.function != seen.range.start)
			continue;
		n += scope.work && !scope.told;
		*inside += scope.depth;
	}
	return n;
}

static void test_work(struct tracer *t)
{
	unsigned tasks = 0, inside = 0;
	struct nlb_range range = text_of(t, "flush_to_ldisc");
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave = -1;
	const char *name;
	char buf[16];

	if (master >= 0 && !grantpt(master) && !unlockpt(master) && (name = ptsname(master)))
		slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (slave < 0 || !range.size) {
		cannot("a work item is a frame", "no pseudo terminals");
		goto out;
	}
	forget_seen();
	trace(t->filter, range);
	for (unsigned i = 0; i < WRITES; i++) {
		if (write(master, "x\n", 2) != 2)
			break;
		usleep(1000);
		if (read(slave, buf, sizeof(buf)) < 0 && errno != EAGAIN)
			break;
		ring_buffer__consume(t->ring);
	}
	/* A worker of a busy machine may still be in the middle of one. */
	for (unsigned i = 0; i < 40 && (!tasks || inside); i++) {
		usleep(50000);
		ring_buffer__consume(t->ring);
		tasks = tasks_seen(t, &inside);
	}
	result(tasks && !inside, "work items begin and end, in %u tasks", tasks);
	result(!seen.starts && !seen.ends,
	       "and of those in which nothing is allocated no record comes");
	result(!t->filter->scope && !t->counters->scope_healed && !t->counters->scope_full,
	       "no task is left inside a frame");
	trace(t->filter, text_of(t, TARGET));
out:
	if (slave >= 0)
		close(slave);
	if (master >= 0)
		close(master);
}

/* ---- skbs, where fexit is refused ---- */

static void *send_from_thread(void *arg)
{
	int *s = arg;
	char c = 0;

	for (unsigned i = 0; i < DATAGRAMS; i++)
		if (send(s[0], &c, 1, 0) != 1 || recv(s[1], &c, 1, 0) != 1)
			return arg;
	return NULL;
}

static int attach_skb_programs(struct nfcleakbpf *skel, struct bpf_link *links[4])
{
	struct bpf_program *wanted[] = { skel->progs.nlb_cache_alloc, skel->progs.nlb_cache_free,
					 skel->progs.nlb_kfree_skb, skel->progs.nlb_consume_skb };
	struct bpf_program *p;
	int err;

	bpf_object__for_each_program (p, skel->obj)
		bpf_program__set_autoload(p, false);
	for (size_t i = 0; i < 4; i++)
		bpf_program__set_autoload(wanted[i], true);
	err = nfcleakbpf__load(skel);
	for (size_t i = 0; i < 4 && !err; i++) {
		links[i] = bpf_program__attach(wanted[i]);
		err = links[i] ? 0 : -errno;
	}
	return err;
}

/* A scope is entered by hand: there is no function hook to do it here. */
static void enter_scope(const struct nfcleakbpf *skel)
{
	char depth[64] = { 1 };
	uint32_t tid = seen.tid;

	bpf_map__update_elem(skel->maps.scopes, &tid, sizeof(tid), depth,
			     bpf_map__value_size(skel->maps.scopes), BPF_ANY);
	/* The slot of this task is not known here: let all of them say maybe. */
	for (size_t i = 0; i < NLB_SCOPE_SLOTS; i++)
		skel->bss->filter.scope_slots[i] = 1;
	skel->bss->filter.scope = 1;
}

static void check_skb_record(const struct tracer *t)
{
	struct skb_sizes sizes = { .overhead = 320, .alignment = 64 };
	const struct stack *s;
	struct event e;

	sizes.skb = kbtf__struct_size(t->kernel.btf, "sk_buff");
	if (!seen.have_first ||
	    decode(&seen.first, sizeof(seen.first), NULL, &sizes, t->names, &e) != DECODED_EVENT) {
		result(false, "an skb's record is decoded");
		return;
	}
	s = names__stack_at(t->names, e.alloc.stack);
	result(e.alloc.kind == EVENT_KIND_SKB && e.alloc.size == sizes.skb,
	       "an skb has the size of its struct: %" PRIu64, e.alloc.size);
	result(s && s->depth && !strncmp(s->frames[0].text, "__alloc_skb+0x", 14),
	       "it is allocated by %s", s && s->depth ? s->frames[0].text : "nobody");
}

/* Was it said that there is something to read? */
static bool woken(const struct ring_buffer *ring)
{
	struct epoll_event e;

	return epoll_wait(ring_buffer__epoll_fd(ring), &e, 1, 0) > 0;
}

static void test_skbs(struct tracer *t, struct ids *ids)
{
	struct nfcleakbpf *skel = nfcleakbpf__open();
	struct bpf_link *links[4] = { NULL };
	struct ring_buffer *ring = NULL;
	int datagram[2] = { -1, -1 }, stream[2] = { -1, -1 }, err;
	pthread_t thread;
	void *failed = NULL;

	err = skel ? attach_skb_programs(skel, links) : -errno;
	if (!err)
		ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_record, NULL, NULL);
	if (!ring || socketpair(AF_UNIX, SOCK_DGRAM, 0, datagram) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, stream)) {
		result(false, "programs for skbs by kmem_cache_alloc: %s", strerror(-err));
		goto out;
	}
	forget_seen();
	skel->bss->filter.skb_alloc = text_of(t, "__alloc_skb");
	trace(&skel->bss->filter, text_of(t, "unix_dgram_sendmsg"));
	failed = send_from_thread(datagram);
	ring_buffer__consume(ring);
	result(!failed && !seen.allocs, "outside a frame no skb is seen");
	enter_scope(skel);
	failed = send_from_thread(datagram);
	ring_buffer__consume(ring);
	result(!failed && seen.skbs == DATAGRAMS && seen.allocs == DATAGRAMS,
	       "%d datagrams inside a frame are %u skbs", DATAGRAMS, seen.skbs);
	result(seen.frees == DATAGRAMS && !seen.live.used, "and %u frees", seen.frees);
	check_skb_record(t);
	forget_seen();
	woken(ring);
	failed = send_from_thread(stream);
	usleep(10000);
	result(!failed && !woken(ring), "an skb that is nobody's wakes nobody up");
	ring_buffer__consume(ring);
	result(!seen.allocs, "an skb without a traced function on its stack is not seen");
	failed = links; /* unless the thread says otherwise */
	if (!pthread_create(&thread, NULL, send_from_thread, datagram))
		pthread_join(thread, &failed);
	ring_buffer__consume(ring);
	result(!failed && !seen.allocs && !seen.others, "nor one of a task outside any frame");
	result(!filter_sum(&skel->bss->filter) &&
		       !book_entries(bpf_map__fd(skel->maps.book), false, NULL),
	       "the book and the filter of skbs are empty again");
	own_programs(ids);
out:
	ring_buffer__free(ring);
	for (size_t i = 0; i < 4; i++)
		bpf_link__destroy(links[i]);
	nfcleakbpf__destroy(skel);
	for (size_t i = 0; i < 2; i++) {
		close(datagram[i]);
		close(stream[i]);
	}
}

/* ---- what is left ---- */

static void stop_tracer(struct tracer *t)
{
	ring_buffer__free(t->ring);
	hooks__free(t->hooks);
	table__free(&seen.live);
}

/* Others may have some left, and free one just now. */
static bool filter_agrees(const struct tracer *t)
{
	for (unsigned i = 0; i < 20; i++) {
		if (filter_sum(t->filter) == book_entries(t->book, false, NULL))
			return true;
		usleep(10000);
	}
	return false;
}

static void test_tracer(struct tracer *t, struct ids *ids)
{
	int err = start_tracer(t);

	if (!result(!err, "the hooks are loaded and attached%s%s", err ? ": " : "",
		    err ? strerror(-err) : "")) {
		stop_tracer(t);
		return;
	}
	test_hooks(t);
	test_disarmed(t);
	test_exact(t);
	test_book(t);
	test_memory(t);
	test_scan(t);
	test_others(t);
	test_ring_overflow(t);
	test_book_overflow(t);
	test_healing(t);
	test_work(t);
	test_inside(t->hooks, t->filter);
	hooks__disarm(t->hooks);
	forget_seen();
	loop_eventfd(LOOPS);
	ring_buffer__consume(t->ring);
	result(!seen.allocs, "disarmed, nothing is seen");
	result(!book_entries(t->book, true, NULL), "nothing of this test is left in the book");
	result(filter_agrees(t), "the filter counts what is in the book, and nothing else");
	own_programs(ids);
	stop_tracer(t);
}

int main(int argc, char **argv)
{
	struct tracer t = { 0 };
	struct ids ids = { .count = 0 };

	if (argc != 2) {
		fprintf(stderr, "usage: %s NFCLEAKBPF\n", argv[0]);
		return 2;
	}
	alarm(300);
	prctl(PR_SET_NAME, "nlb-native");
	test_command(argv[1]);
	if (kernel__open(&t.kernel, NULL) || !t.kernel.features.privileged || !t.kernel.query) {
		cannot("the tracer", "needs root and a kernel with BPF programs of type syscall");
		goto out;
	}
	test_find(t.kernel.query);
	test_read(t.kernel.query);
	test_old(t.kernel.query);
	test_tracer(&t, &ids);
	test_skbs(&t, &ids);
	test_work_end();
	test_known_stacks(t.names, text_of(&t, "__alloc_skb"), text_of(&t, "unix_dgram_sendmsg"));
	test_large_book(&t.kernel, t.names, text_of(&t, TARGET));
out:
	names__free(t.names);
	table__free(&seen.live);
	kernel__close(&t.kernel);
	test_nothing_left(&ids);
	test_nobody_left();
	printf("1..%u\n", tests);
	return failures != 0;
}
