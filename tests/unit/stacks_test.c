// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stacks that are learnt: from pretended ones, whose frames have the size that belongs to their
 * return address, and whose memory is full of remains.
 */
#include "unit/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "trace/stacks.h"

#define FUNCTIONS 24
#define ROUNDS	  20000

static const uint64_t hiders[STACKS_HIDERS] = { 0xffffffff81222220, 0 };

static uint64_t address(unsigned function)
{
	return 0xffffffffc0001000ULL + 0x40ULL * function;
}

/* Words from the return address into one function to that into its caller. */
static unsigned frame_size(unsigned function)
{
	return 2 + function * 7 % 11;
}

/* Calls, innermost first, above three frames of the program's own; hidden: behind a hook. */
static void make(struct nlb_stack *s, const unsigned *calls, unsigned n, unsigned hidden)
{
	uint32_t at = 6;

	s->nr_words = 200;
	s->stack_size = (int32_t)((n + 2) * 8);
	s->stack[0] = 0xffffffffc0990000;
	s->stack[1] = 0xffffffff81000000;
	s->returns[0] = s->returns[1] = 0;
	for (unsigned i = 0; i < n; i++) {
		s->stack[i + 2] = address(calls[i]);
		s->words[at] = i == hidden ? 0xffffffff81111111 : address(calls[i]);
		if (i == hidden)
			s->returns[0] = address(calls[i]);
		at += frame_size(calls[i]);
	}
}

/* What bpf/known_stacks.h does with it. */
static bool same(const struct nlb_known_stack *k, const struct nlb_stack *s)
{
	for (uint32_t i = 0; i < k->words; i++) {
		uint32_t at = k->at[i];
		uint64_t word = at & NLB_AT_RETURN ? s->returns[at & (NLB_RETURNS - 1)]
				: at & NLB_AT_END  ? s->words[s->nr_words - (at & (NLB_AT_END - 1))]
						   : s->words[at];

		if (word != k->word[i])
			return false;
	}
	return true;
}

static void plain(void **state)
{
	static struct nlb_stack s;
	struct nlb_known_stack k;
	const unsigned calls[] = { 1, 2, 3, 4 };

	(void)state;
	make(&s, calls, 4, 4);
	assert_int_equal(stacks__learn(&s, hiders, &k), 0);
	assert_int_equal(k.words, 4);
	assert_true(same(&k, &s));
	for (uint32_t i = 0; i < k.words; i++) {
		s.words[k.at[i]] ^= 8;
		assert_false(same(&k, &s));
		s.words[k.at[i]] ^= 8;
	}
	/* What is not on the stack is not learnt, but for what lies below the program. */
	s.words[k.at[0]] = 0;
	assert_int_equal(stacks__learn(&s, hiders, &k), -ENOENT);
	make(&s, calls, 4, 4);
	s.words[6] = 0;
	assert_int_equal(stacks__learn(&s, hiders, &k), 0);
	s.words[6 + frame_size(1)] = 0;
	assert_int_equal(stacks__learn(&s, hiders, &k), -ENOENT);
}

/* The end of the stack counts from there. */
static void at_the_end(void **state)
{
	static struct nlb_stack s;
	struct nlb_known_stack k;
	const unsigned calls[] = { 1, 2 };

	(void)state;
	make(&s, calls, 2, 2);
	s.stack[4] = address(9);
	s.stack_size += 8;
	s.words[178] = address(9);
	assert_int_equal(stacks__learn(&s, hiders, &k), 0);
	assert_true(same(&k, &s));
	s.words[178] = 0;
	s.words[168] = address(9);
	assert_false(same(&k, &s));
	s.nr_words = 190;
	assert_true(same(&k, &s));
}

static void hooked(void **state)
{
	static struct nlb_stack s;
	struct nlb_known_stack k;
	const unsigned calls[] = { 1, 2, 3 }, twice[] = { 1, 2, 3, 2 };

	(void)state;
	memset(&s, 0, sizeof(s));
	make(&s, calls, 3, 1);
	assert_int_equal(stacks__learn(&s, hiders, &k), 0);
	assert_true(same(&k, &s));
	s.returns[0] = address(5);
	assert_false(same(&k, &s));
	s.returns[0] = 0;
	assert_false(same(&k, &s));
	/* Hidden by somebody else, where there are remains besides: not to be learnt. */
	make(&s, calls, 3, 3);
	s.words[80] = address(2);
	assert_int_equal(stacks__learn(&s, hiders, &k), 0);
	s.words[6 + frame_size(1)] = hiders[0];
	assert_int_equal(stacks__learn(&s, hiders, &k), -ENOENT);
	/* Which of the two it is cannot be told. */
	memset(&s, 0, sizeof(s));
	make(&s, twice, 4, 1);
	assert_int_equal(stacks__learn(&s, hiders, &k), -E2BIG);
}

static void broken(void **state)
{
	static struct nlb_stack s;
	struct nlb_known_stack k;
	const unsigned calls[] = { 1, 2 };

	(void)state;
	memset(&s, 0, sizeof(s));
	make(&s, calls, 2, 2);
	s.stack_size = -14;
	assert_int_equal(stacks__learn(&s, hiders, &k), -EINVAL);
	s.stack_size = 0;
	assert_int_equal(stacks__learn(&s, hiders, &k), -EINVAL);
	s.stack_size = 8 * (NLB_STACK_DEPTH + 1);
	assert_int_equal(stacks__learn(&s, hiders, &k), -EINVAL);
	s.stack_size = 8 * NLB_STACK_DEPTH;
	assert_int_equal(stacks__learn(&s, hiders, &k), -E2BIG);
	s.stack_size = 32;
	s.nr_words = NLB_STACK_WORDS + 1;
	assert_int_equal(stacks__learn(&s, hiders, &k), -EINVAL);
	s.nr_words = 0;
	assert_int_equal(stacks__learn(&s, hiders, &k), -ENOENT);
	s.nr_words = 1;
	assert_int_equal(stacks__learn(&s, hiders, &k), -ENOENT);
	/* Remains all over the place. */
	make(&s, calls, 2, 2);
	for (uint32_t i = 20; i < 200; i++)
		s.words[i] = address(2);
	assert_int_equal(stacks__learn(&s, hiders, &k), -E2BIG);
	assert_int_equal(stacks__take(-1, NULL, hiders, &s, sizeof(s) - 1), -EINVAL);
}

static void narrowed(void **state)
{
	static struct nlb_stack s;
	struct nlb_known_stack a, b, c;
	const unsigned calls[] = { 1, 2, 3 }, others[] = { 1, 2, 4 };

	(void)state;
	memset(&s, 0, sizeof(s));
	make(&s, calls, 3, 3);
	s.words[100] = s.words[101] = address(3);
	assert_int_equal(stacks__learn(&s, hiders, &a), 0);
	s.words[100] = 0;
	s.words[102] = address(3);
	assert_false(same(&a, &s));
	assert_int_equal(stacks__learn(&s, hiders, &b), 0);
	assert_true(stacks__narrow(&a, &b, &c));
	s.words[101] = 0;
	assert_false(same(&c, &s));
	assert_int_equal(stacks__learn(&s, hiders, &b), 0);
	assert_true(stacks__narrow(&c, &b, &a));
	memset(&s, 0, sizeof(s));
	make(&s, calls, 3, 3);
	assert_true(same(&a, &s));
	make(&s, others, 3, 3);
	assert_int_equal(stacks__learn(&s, hiders, &b), 0);
	assert_false(stacks__narrow(&a, &b, &c));
	a.number = 1;
	assert_false(stacks__narrow(&a, &a, &c) && stacks__narrow(&a, &b, &c));
}

/*
 * Whatever is called by whatever, in memory that keeps the remains of all that ran before: a stack
 * that is taken for a known one is that one.
 */
static void random_calls(void **state)
{
	static struct nlb_stack s;
	struct {
		struct nlb_known_stack k;
		unsigned calls[12], n, hidden;
	} known[40] = { 0 };
	unsigned seed = 1, nr_known = 0, hits = 0, learnt = 0;

	(void)state;
	memset(&s, 0, sizeof(s));
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned calls[12] = { 0 }, n = 3 + (unsigned)rand_r(&seed) % 3, hidden = n, i;

		/* Few functions, so that the same stacks come again. */
		for (i = 0; i < n; i++)
			calls[i] = i * 2 + (unsigned)rand_r(&seed) % 2;
		if (!(rand_r(&seed) % 4))
			calls[n - 2] = calls[0];
		calls[n - 1] = FUNCTIONS; /* nobody calls that, and it calls all others */
		if (!(rand_r(&seed) % 3))
			hidden = 1;
		/* What ran meanwhile, at other depths. */
		for (i = 0; i < 6; i++)
			s.words[1 + (unsigned)rand_r(&seed) % 199] =
				rand_r(&seed) % 2 ? 0
						  : address((unsigned)rand_r(&seed) % FUNCTIONS);
		make(&s, calls, n, hidden);
		for (i = 0; i < nr_known; i++) {
			if (!same(&known[i].k, &s))
				continue;
			hits++;
			if (known[i].n > n ||
			    memcmp(known[i].calls, calls, known[i].n * sizeof(*calls)) != 0)
				fail_msg("round %u is taken for what it is not", round);
		}
		i = (unsigned)rand_r(&seed) % 40;
		if (stacks__learn(&s, hiders, &known[i].k)) {
			known[i].k = (struct nlb_known_stack){ .words = 1, .word = { 1 } };
		} else {
			memcpy(known[i].calls, calls, sizeof(calls));
			known[i].n = n;
			assert_true(same(&known[i].k, &s));
			learnt++;
		}
		nr_known = nr_known > i + 1 ? nr_known : i + 1;
		if (nr_known == i + 1 && i) /* those between are not made yet */
			for (unsigned j = 0; j < i; j++)
				if (!known[j].k.words)
					known[j].k = (struct nlb_known_stack){ .words = 1,
									       .word = { 1 } };
	}
	if (learnt < ROUNDS / 4 || hits < 100)
		fail_msg("%u learnt, %u found again", learnt, hits);
}

static const struct CMUnitTest stacks[] = {
	TEST("stacks: one is learnt, and any other is not taken for it", plain),
	TEST("stacks: the end of a system call's stack", at_the_end),
	TEST("stacks: hooked functions return elsewhere", hooked),
	TEST("stacks: broken records", broken),
	TEST("stacks: remains are sorted out", narrowed),
	TEST("stacks: random calls among remains", random_calls),
};

UNIT_MAIN(stacks)
