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

#include "query_requests.h"
#include "query.skel.h"
#include "util/log.h"

struct query {
	struct query_bpf *skel;
	struct nlb_read_request *reads;
	unsigned char *window;
	struct nlb_symbol *symbols;
};

_Static_assert(MEMORY_PIECE_MAX == NLB_READ_MAX, "one size");

static void *map_array(const struct bpf_map *map, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(map), 0);

	return p == MAP_FAILED ? NULL : p;
}

int query__open(struct query **out)
{
	struct query *q = calloc(1, sizeof(*q));
	int err = -ENOMEM;

	*out = NULL;
	if (!q)
		return err;
	q->skel = query_bpf__open();
	err = q->skel ? 0 : -errno;
	if (!err) {
		err = query_bpf__load(q->skel);
	}
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

void query__close(struct query *q)
{
	if (!q)
		return;
	if (q->reads)
		munmap(q->reads, NLB_READS * sizeof(*q->reads));
	if (q->window)
		munmap(q->window, NLB_READ_WINDOW);
	if (q->symbols)
		munmap(q->symbols, NLB_SYMBOLS * sizeof(*q->symbols));
	query_bpf__destroy(q->skel);
	free(q);
}

static int run(const struct bpf_program *program, __u32 count)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = &count, .ctx_size_in = sizeof(count));
	int err = bpf_prog_test_run_opts(bpf_program__fd(program), &opts);

	return err ? err : opts.retval ? -EIO : 0;
}

static int read_some(struct query *q, struct memory_piece *pieces, __u32 count)
{
	int err = run(q->skel->progs.nlb_read, count);

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

int query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out)
{
	if (!q)
		return -EOPNOTSUPP;
	while (count) {
		__u32 n = count < NLB_SYMBOLS ? (__u32)count : NLB_SYMBOLS;
		int err;

		for (__u32 i = 0; i < n; i++)
			q->symbols[i].addr = addrs[i];
		err = run(q->skel->progs.nlb_resolve, n);
		if (err)
			return err;
		for (__u32 i = 0; i < n; i++) {
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
	snprintf(q->symbols[0].text, NLB_SYMBOL_LEN, "%s%s%s", module ? module : "",
		 module ? ":" : "", name);
	err = run(q->skel->progs.nlb_find, 1);
	if (err)
		return err;
	*addr = q->symbols[0].addr;
	return *addr ? 0 : -ENOENT;
}
