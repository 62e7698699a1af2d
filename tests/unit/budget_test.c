// SPDX-License-Identifier: GPL-2.0-only
/*
 * What searching may cost, by sums done by hand.
 */
#include "unit/unit.h"

#include "scan/budget.h"

#define MS 1000000ULL
#define S  1000000000ULL

static void burst(void **state)
{
	struct budget b = { 0 };

	(void)state;
	/* A second may be spent at once... */
	budget__pay(&b, 400 * MS, 100 * S);
	assert_int_equal(b.not_before, 100 * S + BUDGET_PAUSE_NS);
	budget__pay(&b, 400 * MS, 101 * S); /* 0.6 s and 0.1 s earned */
	assert_int_equal(b.left, 300 * MS);
	assert_int_equal(b.not_before, 101 * S + BUDGET_PAUSE_NS);
	/* ... then a tenth. */
	budget__pay(&b, 400 * MS, 101 * S);
	assert_int_equal(b.left, 0);
	assert_int_equal(b.not_before, 102 * S + BUDGET_PAUSE_NS);
	budget__pay(&b, 400 * MS, 103 * S); /* 0.1 s earned since 102 s */
	assert_int_equal(b.not_before, 106 * S + BUDGET_PAUSE_NS);
}

/* A debt is no treasure: searches that somebody asks for meanwhile add to it. */
static void in_debt(void **state)
{
	struct budget b = { 0 };

	(void)state;
	budget__pay(&b, 3 * S, 50 * S);
	assert_int_equal(b.as_of, 70 * S);
	budget__pay(&b, 500 * MS, 51 * S);
	assert_int_equal(b.left, 0);
	assert_int_equal(b.not_before, 75 * S + BUDGET_PAUSE_NS);
	/* Nothing to pay is nothing earned. */
	budget__pay(&b, 0, 60 * S);
	assert_int_equal(b.left, 0);
	assert_int_equal(b.not_before, 75 * S + BUDGET_PAUSE_NS);
	budget__pay(&b, 100 * MS, 76 * S);
	assert_int_equal(b.left, 0);
	assert_int_equal(b.not_before, 76 * S + BUDGET_PAUSE_NS);
}

static void quiet(void **state)
{
	struct budget b = { 0 };

	(void)state;
	budget__pay(&b, S, S);
	assert_int_equal(b.left, 0);
	/* However long it was quiet, no more than a burst. */
	budget__pay(&b, 100 * MS, 1000 * S);
	assert_int_equal(b.left, 900 * MS);
	/* A clock that was read before the other. */
	budget__pay(&b, 100 * MS, 999 * S);
	assert_int_equal(b.left, 800 * MS);
	assert_int_equal(b.as_of, 1000 * S);
}

/* Over a long time never more than the share. */
static void share(void **state)
{
	struct budget b = { 0 };
	uint64_t now = 1, spent = 0;

	(void)state;
	while (now < 10000 * S) {
		uint64_t ns = (now / 7) % (700 * MS);

		now += ns;
		spent += ns;
		budget__pay(&b, ns, now);
		assert_true(b.not_before >= now + BUDGET_PAUSE_NS);
		now = b.not_before;
	}
	assert_true(spent <= now / BUDGET_SHARE + BUDGET_BURST_NS);
	assert_true(spent >= now / BUDGET_SHARE / 2);
}

static const struct CMUnitTest budget[] = {
	TEST("budget: a burst, then a share", burst),
	TEST("budget: searches while in debt", in_debt),
	TEST("budget: after a quiet time", quiet),
	TEST("budget: never more than the share", share),
};

UNIT_MAIN(budget)
