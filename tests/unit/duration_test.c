// SPDX-License-Identifier: GPL-2.0-only
/*
 * What users may write for a duration, and what must be refused instead of
 * being taken for something else.
 */
#include "unit/unit.h"

#include <errno.h>

#include "util/duration.h"

static void accepted(void **state)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} good[] = {
		{ "0", 0 },
		{ "0s", 0 },
		{ "1", 1000000000 },
		{ "20", 20000000000 },
		{ "20s", 20000000000 },
		{ "1.5", 1500000000 },
		{ "1.5s", 1500000000 },
		{ "0.25", 250000000 },
		{ "300ms", 300000000 },
		{ "0.5ms", 500000 },
		{ "5m", 300000000000 },
		{ "2h", 7200000000000 },
		{ "007", 7000000000 },
		{ "876000h", 3153600000000000000 }, /* just below a hundred years */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		uint64_t ns = 4711;

		if (duration__parse(good[i].text, &ns) || ns != good[i].ns)
			fail_msg("'%s' gives %llu", good[i].text, (unsigned long long)ns);
	}
}

static void refused(void **state)
{
	static const char *const bad[] = {
		"",	 " 1",	 "1 ",	 "1 s",	    "-1",  "+1",
		"-0",	 "s",	 "ms",	 "x",	    "1x",  "1sec",
		"1S",	 "1M",	 "1d",	 "1us",	    "1ns", "1.2.3",
		"1,5",	 "0x10", "0X1",	 "inf",	    "nan", "infinity",
		"1e400", "1e30", "101y", "877000h", ".5",  "99999999999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint64_t ns = 4711;

		if (duration__parse(bad[i], &ns) != -EINVAL)
			fail_msg("'%s' is accepted as %llu", bad[i], (unsigned long long)ns);
		assert_int_equal(ns, 4711);
	}
}

static const struct CMUnitTest duration[] = {
	TEST("duration: numbers with ms, s, m, h or nothing", accepted),
	TEST("duration: anything else is refused and changes nothing", refused),
};

UNIT_MAIN(duration)
