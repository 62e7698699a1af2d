// SPDX-License-Identifier: GPL-2.0-only
/*
 * Known stacks (src/trace/stacks.h) on this kernel: datagrams are sent by three system calls in
 * turn, from the same allocator at the same depth, and each skb must come with the stack of the
 * call that sent it, walked or not.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "native/native.h"
#include "nfcleakbpf.skel.h"
#include "trace/decode.h"
#include "trace/stacks.h"

#define ROUNDS 300

struct watched {
	struct names *names;
	int known;	  /* the map */
	const char *call; /* that must be on the stack */
	uint64_t hiders[STACKS_HIDERS];
	unsigned walked, looked_up, wrong, learnt;
};

static const struct {
	const char *function; /* in its name */
} calls[] = { { "sendto" }, { "sendmsg" }, { "write" } };

#define CALLS (sizeof(calls) / sizeof(*calls))

static bool names_call(const struct stack *s, const char *call)
{
	for (size_t i = 0; s && i < s->depth; i++)
		if (strstr(s->frames[i].text, "sys_") && strstr(s->frames[i].text, call))
			return true;
	return false;
}

static int on_record(void *ctx, void *data, size_t size)
{
	struct skb_sizes sizes = { .skb = 232, .overhead = 320, .alignment = 64 };
	const struct nlb_header *h = data;
	struct watched *w = ctx;
	const struct stack *s;
	struct event e;

	if (h->type == NLB_STACK) {
		w->learnt += !stacks__take(w->known, w->names, w->hiders, data, (uint32_t)size);
		return 0;
	}
	if (h->type != NLB_ALLOC || decode(data, size, NULL, &sizes, w->names, &e) != DECODED_EVENT)
		return 0;
	s = names__stack_at(w->names, e.alloc.stack);
	w->looked_up += !!(h->flags & NLB_F_KNOWN_STACK);
	w->walked += !(h->flags & NLB_F_KNOWN_STACK);
	w->wrong +=
		!names_call(s, w->call) || strncmp(s->frames[0].text, "__alloc_skb+0x", 14) != 0;
	return 0;
}

static bool send_by(size_t call, const int *s)
{
	char c = 0;
	struct iovec v = { &c, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n = call == 0	? send(s[0], &c, 1, 0)
		    : call == 1 ? sendmsg(s[0], &m, 0)
				: write(s[0], &c, 1);

	return n == 1 && recv(s[1], &c, 1, 0) == 1;
}

static int load(struct nfcleakbpf *skel, struct bpf_link **link)
{
	struct bpf_program *p;
	int err;

	bpf_object__for_each_program (p, skel->obj)
		bpf_program__set_autoload(p, p == skel->progs.nlb_cache_alloc);
	err = nfcleakbpf__load(skel);
	if (err)
		return err;
	*link = bpf_program__attach(skel->progs.nlb_cache_alloc);
	return *link ? 0 : -errno;
}

void test_known_stacks(struct names *names, struct nlb_range skb_alloc, struct nlb_range sender)
{
	struct nfcleakbpf *skel = nfcleakbpf__open();
	uint32_t tid = (uint32_t)syscall(SYS_gettid);
	struct watched w = { .names = names };
	struct ring_buffer *ring = NULL;
	struct bpf_link *link = NULL;
	char scope[64] = { 1 };
	bool sent = true;
	int s[2] = { -1, -1 }, err = skel ? load(skel, &link) : -errno;

	if (!err) {
		w.known = bpf_map__fd(skel->maps.known_stacks);
		ring = ring_buffer__new(bpf_map__fd(skel->maps.events), on_record, &w, NULL);
	}
	if (!ring || socketpair(AF_UNIX, SOCK_DGRAM, 0, s)) {
		result(false, "known stacks: %s", strerror(-err));
		goto out;
	}
	bpf_map__update_elem(skel->maps.scopes, &tid, sizeof(tid), scope,
			     bpf_map__value_size(skel->maps.scopes), BPF_ANY);
	for (size_t i = 0; i < NLB_SCOPE_SLOTS; i++)
		skel->bss->filter.scope_slots[i] = 1;
	skel->bss->filter.scope = 1;
	skel->bss->filter.skb_alloc = skb_alloc;
	skel->bss->filter.ranges[0] = sender;
	skel->bss->filter.span = sender;
	for (unsigned i = 0; sent && i < ROUNDS; i++) {
		w.call = calls[i % CALLS].function;
		sent = send_by(i % CALLS, s);
		ring_buffer__consume(ring);
	}
	result(sent && w.walked + w.looked_up == ROUNDS, "of %u skbs %u came with a walked stack",
	       w.walked + w.looked_up, w.walked);
	result(w.looked_up > ROUNDS / 2, "and %u with one that was known", w.looked_up);
	result(!w.wrong, "each has the stack of the call that sent it, but for %u", w.wrong);
	/* Modules come and go: what an address means may be something else. */
	w.walked = w.looked_up = 0;
	skel->bss->generation += 2;
	stacks__forget(w.known, skel->bss->generation);
	w.call = calls[0].function;
	sent = send_by(0, s);
	ring_buffer__consume(ring);
	result(sent && w.walked == 1 && !w.looked_up && !w.wrong,
	       "after modules have changed a stack is walked again");
out:
	ring_buffer__free(ring);
	bpf_link__destroy(link);
	nfcleakbpf__destroy(skel);
	close(s[0]);
	close(s[1]);
}
