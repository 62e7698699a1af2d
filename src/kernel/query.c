// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests go in through mapped arrays and answers come out through them; one
 * BPF_PROG_TEST_RUN serves as many as an array holds.
 */
#include "kernel/query.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "kernel/kallsyms.h"
#include "query_requests.h"
#include "query.skel.h"
#include "util/log.h"

struct query {
	struct query_bpf *skel;
	struct nlb_read_request *reads;
	unsigned char *window;
	struct nlb_symbol *symbols;
	struct query_modules modules;
	struct kallsyms *kallsyms; /* where the kernel has no programs of type syscall */
};

_Static_assert(MEMORY_PIECE_MAX == NLB_READ_MAX, "one size");

static void *map_array(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

static int load(struct query *q, bool old)
{
	int err;

	q->skel = query_bpf__open();
	if (!q->skel)
		return -errno;
	if (old) {
		bpf_program__set_autoload(q->skel->progs.nlb_read, false);
		bpf_program__set_autoload(q->skel->progs.nlb_resolve, false);
		bpf_program__set_autoload(q->skel->progs.nlb_find, false);
		bpf_program__set_autoload(q->skel->progs.nlb_read_raw, true);
	}
	err = query_bpf__load(q->skel);
	return err || !old ? err : kallsyms__open(&q->kallsyms);
}

static int open_query(struct query **out, bool old)
{
	struct query *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	*out = NULL;
	if (!q)
		return err;
	err = load(q, old);
	if (err)
		goto out;
	q->reads = map_array(q->skel->maps.reads, NLB_READS * sizeof(*q->reads));
	q->window = map_array(q->skel->maps.window, NLB_READ_WINDOW);
	q->symbols = map_array(q->skel->maps.symbols, NLB_SYMBOLS * sizeof(*q->symbols));
	if (!q->reads || !q->window || !q->symbols) {
		err = -errno;
		goto out;
	}
	*out = q;
	q = NULL;
out:
	query__close(q);
	return err;
}

int query__open(struct query **out)
{
	static bool old; /* found out once, for all threads */
	int err = -EINVAL;

	if (!__atomic_load_n(&old, __ATOMIC_RELAXED))
		err = open_query(out, false);
	if (err != -EINVAL)
		return err;
	err = open_query(out, true);
	if (!err)
		__atomic_store_n(&old, true, __ATOMIC_RELAXED);
	return err;
}

int query__open_old(struct query **out)
{
	return open_query(out, true);
}

bool query__has_syscall(const struct query *q)
{
	return q && !q->kallsyms;
}

void query__set_modules(struct query *q, const struct query_modules *modules)
{
	q->modules = *modules;
}

void query__close(struct query *q)
{
	if (!q)
		return;
	kallsyms__close(q->kallsyms);
	if (q->reads)
		munmap(q->reads, NLB_READS * sizeof(*q->reads));
	if (q->window)
		munmap(q->window, NLB_READ_WINDOW);
	if (q->symbols)
		munmap(q->symbols, NLB_SYMBOLS * sizeof(*q->symbols));
	query_bpf__destroy(q->skel);
	free(q);
}

/* What the programs get is a count, or an array of registers with it in the first. */
static int run(const struct bpf_program *program, __u64 count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &count, .ctx_size_in = sizeof(count));
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	return err ? err : opts.retval ? -EIO : 0;
}

static int read_some(struct query *q, struct memory_piece *pieces, __u32 count)
{
	const struct query_bpf *skel = q->skel;
	int err = run(q->kallsyms ? skel->progs.nlb_read_raw : skel->progs.nlb_read, count);

	for (__u32 i = 0; !err && i < count; i++) {
		pieces[i].err = q->reads[i].err;
		if (!pieces[i].err)
			memcpy(pieces[i].buf, q->window + q->reads[i].off, pieces[i].len);
	}
	return err;
}

int query__read_all(struct query *q, struct memory_piece *pieces, size_t count)
{
	size_t first = 0, i;
	__u32 off = 0, n = 0;
	int err;

	if (!q)
		return -EOPNOTSUPP;
	for (i = 0; i < count; i++) {
		if (n == NLB_READS || off + pieces[i].len > NLB_READ_WINDOW - NLB_READ_MAX) {
			err = read_some(q, pieces + first, n);
			if (err)
				return err;
			first = i;
			n = off = 0;
		}
		q->reads[n++] = (struct nlb_read_request){
			.addr = pieces[i].addr,
			.off = off,
			.len = pieces[i].len,
		};
		off += pieces[i].len;
	}
	return n ? read_some(q, pieces + first, n) : 0;
}

int query__read(struct query *q, uint64_t addr, void *buf, uint16_t len)
{
	struct memory_piece piece = { .addr = addr, .buf = buf, .len = len };
	int err = query__read_all(q, &piece, 1);

	return err ? err : piece.err;
}

void symbol__parse(struct symbol *s, const char *text)
{
	const char *plus, *open, *close;

	memset(s, 0, sizeof(*s));
	snprintf(s->text, sizeof(s->text), "%s", text);
	plus = strchr(text, '+');
	if (!plus || (size_t)(plus - text) >= sizeof(s->name))
		return;
	memcpy(s->name, text, (size_t)(plus - text));
	s->offset = strtoull(plus + 1, NULL, 16);
	open = strstr(plus, " [");
	close = open ? strchr(open, ']') : NULL;
	if (close && (size_t)(close - open - 2) < sizeof(s->module))
		memcpy(s->module, open + 2, (size_t)(close - open - 2));
}

static bool module_knows(const struct query *q, uint64_t addr, struct symbol *out)
{
	return q->modules.resolve && q->modules.resolve(q->modules.ctx, addr, out);
}

/* As the kernel would: name+0xoff/0xsize [module], or the address. */
static void resolve_old(struct query *q, uint64_t addr, struct symbol *out)
{
	if (module_knows(q, addr, out))
		return;
	if (!kallsyms__resolve(q->kallsyms, addr, out)) {
		memset(out, 0, sizeof(*out));
		snprintf(out->text, sizeof(out->text), "0x%llx", (unsigned long long)addr);
	}
}

int query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out)
{
	if (!q)
		return -EOPNOTSUPP;
	for (size_t i = 0; q->kallsyms && i < count; i++)
		resolve_old(q, addrs[i], &out[i]);
	if (q->kallsyms)
		return 0;
	while (count) {
		__u32 n = count < NLB_SYMBOLS ? (__u32)count : NLB_SYMBOLS;
		int err;

		for (__u32 i = 0; i < n; i++)
			q->symbols[i].addr = addrs[i];
		err = run(q->skel->progs.nlb_resolve, n);
		if (err)
			return err;
		for (__u32 i = 0; i < n; i++) {
			if (module_knows(q, addrs[i], &out[i]))
				continue;
			q->symbols[i].text[NLB_SYMBOL_LEN - 1] = '\0';
			symbol__parse(&out[i], q->symbols[i].text);
		}
		addrs += n;
		out += n;
		count -= n;
	}
	return 0;
}

int query__find(struct query *q, const char *module, const char *name, uint64_t *addr)
{
	int err;

	*addr = 0;
	if (!q)
		return -EOPNOTSUPP;
	if (q->kallsyms && module)
		return q->modules.find ? q->modules.find(q->modules.ctx, module, name, addr)
				       : -ENOENT;
	if (q->kallsyms)
		return kallsyms__find(q->kallsyms, name, addr);
	snprintf(q->symbols[0].text, NLB_SYMBOL_LEN, "%s%s%s", module ? module : "",
		 module ? ":" : "", name);
	err = run(q->skel->progs.nlb_find, 1);
	if (err)
		return err;
	*addr = q->symbols[0].addr;
	return *addr ? 0 : -ENOENT;
}
