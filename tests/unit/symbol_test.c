// SPDX-License-Identifier: GPL-2.0-only
/*
 * Taking apart what the kernel prints for an address.
 */
#include "unit/unit.h"

#include "kernel/query.h"

static void parts(void **state)
{
	static const struct {
		const char *text, *name, *module;
		uint64_t offset;
	} good[] = {
		{ "digital_send_cmd+0x3b/0x90 [nfc_digital]", "digital_send_cmd", "nfc_digital",
		  0x3b },
		{ "process_one_work+0x1e2/0x3d0", "process_one_work", "", 0x1e2 },
		{ "do_eventfd+0x0/0xb0", "do_eventfd", "", 0 },
		{ "digital_in_send.isra.0+0x10/0x20 [nfc_digital]", "digital_in_send.isra.0",
		  "nfc_digital", 0x10 },
		{ "f+0x1/0x2 [m]", "f", "m", 1 },
		{ "f+0xffffffffffffffff/0x2", "f", "", UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct symbol s;

		memset(&s, 0xff, sizeof(s));
		symbol__parse(&s, good[i].text);
		assert_string_equal(s.text, good[i].text);
		assert_string_equal(s.name, good[i].name);
		assert_string_equal(s.module, good[i].module);
		assert_int_equal(s.offset, good[i].offset);
	}
}

static void only_text(void **state)
{
	static const char *const texts[] = {
		"0xffffffffff000000", "", "0x0", "name", "[module]", "(efault)", "____ptrval____"
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct symbol s;

		memset(&s, 0xff, sizeof(s));
		symbol__parse(&s, texts[i]);
		assert_string_equal(s.text, texts[i]);
		assert_string_equal(s.name, "");
		assert_string_equal(s.module, "");
		assert_int_equal(s.offset, 0);
	}
}

/* Cut, never written past the end: the sanitizer watches. */
static void too_long(void **state)
{
	static const char *const ends[] = { "+0x1/0x2 [m]", "", "+", " [", "+0x1/0x2 [", "]+[" };
	char text[1024];
	struct symbol s;

	(void)state;
	for (size_t length = 0; length < 900; length++) {
		for (size_t e = 0; e < ARRAY_SIZE(ends); e++) {
			memset(text, 'x', length);
			snprintf(text + length, sizeof(text) - length, "%s", ends[e]);
			symbol__parse(&s, text);
			assert_true(strlen(s.text) < sizeof(s.text));
			assert_true(strlen(s.name) < sizeof(s.name));
			assert_true(strlen(s.module) < sizeof(s.module));
		}
		snprintf(text, sizeof(text), "f+0x1/0x2 [");
		memset(text + 11, 'm', length);
		snprintf(text + 11 + length, sizeof(text) - 11 - length, "]");
		symbol__parse(&s, text);
		assert_true(strlen(s.module) == (length < sizeof(s.module) ? length : 0));
	}
}

static const struct CMUnitTest symbol[] = {
	TEST("symbol: name, offset and module", parts),
	TEST("symbol: what is not of that form is only text", only_text),
	TEST("symbol: texts of any length", too_long),
};

UNIT_MAIN(symbol)
