// SPDX-License-Identifier: GPL-2.0-only
/*
 * What to look for in the memory of a stack, see stacks.h.
 */
#include "trace/stacks.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

/* arch/x86: struct pt_regs, and the return address below that. */
#define END_WORDS 22

/* Addresses that lie below the program's context: of the program and who called it. */
#define OWN_FRAMES 3

#define HIDDEN UINT32_MAX /* of a hooked function: not on the stack */

static int add(struct nlb_known_stack *out, uint32_t at, uint64_t word)
{
	if (out->words == NLB_KNOWN_WORDS)
		return -E2BIG;
	if (at & NLB_AT_RETURN)
		out->returns = 1;
	out->at[out->words] = (uint16_t)at;
	out->word[out->words++] = word;
	return 0;
}

/* Where addr is first from there on, nr_words if nowhere.  Word 0 is an argument. */
static uint32_t find(const struct nlb_stack *s, uint64_t addr, uint32_t from)
{
	while (from < s->nr_words && s->words[from] != addr)
		from++;
	return from;
}

/* The last place before that one, 0 if there is none. */
static uint32_t find_before(const struct nlb_stack *s, uint64_t addr, uint32_t before)
{
	while (--before && s->words[before] != addr)
		;
	return before;
}

/* Which of the hooked functions returns to that address, or NLB_RETURNS. */
static uint32_t find_return(const struct nlb_stack *s, uint64_t addr)
{
	uint32_t i = 0;

	while (i < NLB_RETURNS && (!s->returns[i] || s->returns[i] != addr))
		i++;
	return i;
}

static uint32_t count(const struct nlb_stack *s, uint32_t depth, uint64_t addr)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < depth; i++)
		n += s->stack[i] == addr;
	return n;
}

const char *const stacks_hiders[STACKS_HIDERS] = { "return_to_handler", "__kretprobe_trampoline" };

static bool hides(const struct nlb_stack *s, const uint64_t *hiders)
{
	for (uint32_t i = 0; i < STACKS_HIDERS; i++)
		if (hiders[i] && find(s, hiders[i], 1) < s->nr_words)
			return true;
	return false;
}

int stacks__learn(const struct nlb_stack *s, const uint64_t hiders[STACKS_HIDERS],
		  struct nlb_known_stack *out)
{
	uint32_t depth = s->stack_size > 0 ? (uint32_t)s->stack_size / 8 : 0;
	uint32_t first[NLB_STACK_DEPTH], own = 0, at = 0;
	int err = 0;

	*out = (struct nlb_known_stack){ 0 };
	if (!depth || depth > NLB_STACK_DEPTH || s->nr_words > NLB_STACK_WORDS)
		return -EINVAL;
	/* One that was cut is not known to its end: who called that may differ. */
	if (depth == NLB_STACK_DEPTH)
		return -E2BIG;
	if (hides(s, hiders))
		return -ENOENT;
	/* The further out a frame, the higher its place: the lowest that each can have. */
	for (uint32_t n = 0; n < depth; n++) {
		uint32_t next = find(s, s->stack[n], at + 1);

		if (find_return(s, s->stack[n]) < NLB_RETURNS) {
			/* Which of several is the hooked one? */
			if (count(s, depth, s->stack[n]) > 1)
				return -E2BIG;
			first[n] = HIDDEN;
		} else if (next < s->nr_words) {
			first[n] = at = next;
		} else if (n == own && own < OWN_FRAMES) {
			own++;
		} else {
			return -ENOENT;
		}
	}
	/* And from there to the highest, with what is further out known already. */
	at = s->nr_words;
	for (uint32_t n = depth; !err && n-- > own;) {
		uint32_t last;

		if (first[n] == HIDDEN) {
			err = add(out, NLB_AT_RETURN | find_return(s, s->stack[n]), s->stack[n]);
			continue;
		}
		last = find_before(s, s->stack[n], at);
		for (uint32_t i = last; !err && i >= first[n]; i = find_before(s, s->stack[n], i))
			err = add(out,
				  s->nr_words - i <= END_WORDS ? NLB_AT_END | (s->nr_words - i) : i,
				  s->stack[n]);
		at = last;
	}
	return err ? err : out->words ? 0 : -ENOENT;
}

static bool has(const struct nlb_known_stack *k, uint64_t word, uint32_t at)
{
	for (uint32_t i = 0; i < k->words; i++)
		if (k->word[i] == word && (at == HIDDEN || k->at[i] == at))
			return true;
	return false;
}

bool stacks__narrow(const struct nlb_known_stack *a, const struct nlb_known_stack *b,
		    struct nlb_known_stack *out)
{
	*out = (struct nlb_known_stack){ .number = a->number };
	if (a->number != b->number)
		return false;
	for (uint32_t i = 0; i < a->words; i++)
		if (has(b, a->word[i], a->at[i]))
			add(out, a->at[i], a->word[i]);
	for (uint32_t i = 0; i < a->words; i++)
		if (!has(out, a->word[i], HIDDEN))
			return false;
	for (uint32_t i = 0; i < b->words; i++)
		if (!has(out, b->word[i], HIDDEN))
			return false;
	return true;
}

int stacks__take(int fd, struct names *names, const uint64_t hiders[STACKS_HIDERS],
		 const void *record, uint32_t size)
{
	const struct nlb_stack *s = record;
	struct nlb_known_stack known, other, narrowed;
	struct nlb_stack_key key;

	if (size < sizeof(*s))
		return -EINVAL;
	if (stacks__learn(s, hiders, &known))
		return 0;
	known.number =
		names__stack(names, (const uint64_t *)s->stack, (size_t)s->stack_size / 8, s->site);
	/* All that fits into a record's flags. */
	if (!known.number || known.number >= 1U << 24)
		return 0;
	key = s->key;
	for (key.way = 0; key.way < s->key.way; key.way++) {
		if (bpf_map_lookup_elem(fd, &key, &other) ||
		    !stacks__narrow(&other, &known, &narrowed))
			continue;
		/* Its way is free again. */
		bpf_map_delete_elem(fd, &s->key);
		return bpf_map_update_elem(fd, &key, &narrowed, BPF_ANY);
	}
	return bpf_map_update_elem(fd, &s->key, &known, BPF_ANY);
}

void stacks__forget(int fd, uint32_t generation)
{
	struct nlb_stack_key key, next;
	bool first = true;

	while (!bpf_map_get_next_key(fd, first ? NULL : &key, &next)) {
		/* The next of one that is gone is the first again. */
		if (generation - next.generation > 1) {
			if (bpf_map_delete_elem(fd, &next) && errno != ENOENT)
				return;
			continue;
		}
		first = false;
		key = next;
	}
}
