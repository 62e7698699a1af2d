// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whether NFC is part of the kernel, from what the kernel says of one function.
 */
#include "unit/unit.h"

#include "kernel/builtin.h"
#include "kernel/query.h"

static void decision(void **state)
{
	static const struct {
		const char *text;
		bool built_in;
	} cases[] = {
		{ "nfc_dev_up+0x0/0xd0", true },
		{ "nfc_dev_up+0x0/0xd0 [nfc]", false },
		{ "nfc_dev_up+0x10/0xd0", false },
		{ "nfc_dev_up.cold+0x0/0x10", false },
		{ "nfc_dev_down+0x0/0xd0", false },
		{ "0xffffffff81234567", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct symbol s;

		symbol__parse(&s, cases[i].text);
		if (builtin__says(&s) != cases[i].built_in)
			fail_msg("'%s'", cases[i].text);
	}
	assert_false(builtin__says(NULL));
}

static void unasked(void **state)
{
	(void)state;
	assert_false(builtin__nfc(NULL));
}

static const struct CMUnitTest builtin[] = {
	TEST("builtin: a function of NFC's outside of all modules", decision),
	TEST("builtin: a kernel that cannot be asked", unasked),
};

UNIT_MAIN(builtin)
