// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/modules from a file, and who depends on whom: what is traced by default
 * follows from it.
 */
#include "unit/unit.h"

#include <errno.h>

#include "kernel/kernel.h"
#include "kernel/modules.h"

/* As seen on 6.1 with the simulator and a USB reader's driver. */
static const char loaded[] = "pn533_usb 20480 0 - Live 0xffffffffc0b21000\n"
			     "pn533 57344 1 pn533_usb, Live 0xffffffffc0b0e000\n"
			     "port100 28672 0 - Live 0xffffffffc0b00000\n"
			     "nfcsim 20480 2 - Live 0xffffffffc0a5f000 (OE)\n"
			     "nfc_digital 61440 2 port100,nfcsim, Live 0xffffffffc0a48000\n"
			     "nfc 163840 3 pn533,nfcsim,nfc_digital, Live 0xffffffffc0a1e000\n"
			     "rfkill 36864 5 nfc,cfg80211, Live 0xffffffffc0a10000\n"
			     "cfg80211 1331200 0 - Loading 0xffffffffc08b1000\n";

static struct modules parse(const char *text)
{
	FILE *f = tmpfile();
	struct modules m;
	char path[64];

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && !fflush(f));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	assert_int_equal(modules__parse(&m, path), 0);
	fclose(f);
	return m;
}

static void parsed(void **state)
{
	struct modules m = parse(loaded);
	const struct module_info *nfc = modules__find(&m, "nfc");

	(void)state;
	assert_int_equal(m.count, 8);
	assert_non_null(nfc);
	assert_string_equal(nfc->name, "nfc");
	assert_int_equal(nfc->size, 163840);
	assert_int_equal(nfc->base, 0xffffffffc0a1e000);
	assert_string_equal(nfc->users, "pn533,nfcsim,nfc_digital,");
	assert_int_equal(modules__find(&m, "nfcsim")->base, 0xffffffffc0a5f000);
	assert_null(modules__find(&m, "nf"));
	assert_null(modules__find(&m, "nfc_"));
	assert_null(modules__find(&m, ""));
	modules__free(&m);
	assert_int_equal(m.count, 0);
	assert_null(modules__find(&m, "nfc"));
}

static void dependents(void **state)
{
	struct modules m = parse(loaded);

	(void)state;
	assert_true(modules__depends(&m, "nfcsim", "nfc"));
	assert_true(modules__depends(&m, "nfcsim", "nfc_digital"));
	/* Through another: */
	assert_true(modules__depends(&m, "port100", "nfc"));
	assert_true(modules__depends(&m, "pn533_usb", "nfc"));
	assert_true(modules__depends(&m, "pn533_usb", "rfkill"));
	/* The other way round, beside it, itself, or not there: */
	assert_false(modules__depends(&m, "nfc", "nfcsim"));
	assert_false(modules__depends(&m, "cfg80211", "nfc"));
	assert_false(modules__depends(&m, "nfc", "nfc"));
	assert_false(modules__depends(&m, "pn533_usb", "nfc_digital"));
	assert_false(modules__depends(&m, "none", "nfc"));
	assert_false(modules__depends(&m, "nfcsim", "none"));
	modules__free(&m);
}

static void dashes(void **state)
{
	struct modules m = parse(loaded);

	(void)state;
	assert_true(modules__same_name("nfc-digital", "nfc_digital"));
	assert_true(modules__same_name("nfc_digital", "nfc-digital"));
	assert_true(modules__same_name("a-b_c", "a_b-c"));
	assert_true(modules__same_name("", ""));
	assert_false(modules__same_name("nfc", "nfc_digital"));
	assert_false(modules__same_name("nfc_digital", "nfc"));
	assert_false(modules__same_name("nfc", "nfd"));
	assert_non_null(modules__find(&m, "nfc-digital"));
	assert_true(modules__depends(&m, "pn533-usb", "nfc"));
	assert_true(modules__depends(&m, "nfcsim", "nfc-digital"));
	modules__free(&m);
}

/* kptr_restrict hides addresses, kernels without unloading show other columns. */
static void odd_lines(void **state)
{
	struct modules m = parse("nfc 163840 0 - Live 0x0000000000000000\n"
				 "\n"
				 "garbage\n"
				 "short 1 2\n"
				 "nounload 4096 - - Live 0xffffffffc0001000\n"
				 "last 4096 0 - Unloading 0xffffffffc0002000");

	(void)state;
	assert_int_equal(m.count, 3);
	assert_int_equal(modules__find(&m, "nfc")->base, 0);
	assert_int_equal(modules__find(&m, "nounload")->base, 0xffffffffc0001000);
	assert_non_null(modules__find(&m, "last"));
	modules__free(&m);
}

/* Longer than what the table has room for: cut or left out, never overrun. */
static void long_lines(void **state)
{
	char text[8192];
	struct modules m;
	size_t n = 0;

	(void)state;
	n += (size_t)snprintf(text, sizeof(text), "mac80211 1 300 ");
	for (unsigned i = 0; i < 300; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "driver_%u,", i);
	n += (size_t)snprintf(text + n, sizeof(text) - n, " Live 0xffffffffc0001000\n");
	for (unsigned i = 0; i < 100; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "x");
	snprintf(text + n, sizeof(text) - n, " 1 0 - Live 0xffffffffc0001000\n%s",
		 "nfc 1 0 - Live 0xffffffffc0003000\n");
	m = parse(text);
	assert_non_null(modules__find(&m, "nfc"));
	for (size_t i = 0; i < m.count; i++)
		assert_true(strlen(m.list[i].name) < sizeof(m.list[i].name));
	modules__free(&m);
}

/* It cannot be, but a loop would hang the tracer. */
static void circle(void **state)
{
	struct modules m = parse("a 1 1 b, Live 0xffffffffc0001000\n"
				 "b 1 1 a, Live 0xffffffffc0002000\n");

	(void)state;
	assert_true(modules__depends(&m, "b", "a"));
	assert_false(modules__depends(&m, "c", "a"));
	modules__free(&m);
}

/* As seen in nci on 7.2. */
static void reduced(void **state)
{
	struct module_symbol list[] = {
		{ 0x10, "nci_close_device.isra.0.cold" },
		{ 0x20, "nci_close_device_now.isra.0" },
		{ 0x30, "nci_close_device.constprop.0" },
		{ 0x40, "nci_close_device.part.0" },
		{ 0x50, "nci_close_device.isra.0" },
		{ 0x60, "nci_send_cmd.isra.0" },
		{ 0x70, "nci_send_cmd" },
		{ 0x80, "nci" },
	};
	const struct module_symbols s = { .list = list, .count = sizeof(list) / sizeof(*list) };

	(void)state;
	assert_int_equal(module_symbols__find(&s, "nci_close_device"), 0);
	assert_int_equal(module_symbols__find_reduced(&s, "nci_close_device"), 0x50);
	assert_int_equal(module_symbols__find_reduced(&s, "nci_send_cmd"), 0x70);
	assert_int_equal(module_symbols__find_reduced(&s, "nci_close"), 0);
}

static void no_file(void **state)
{
	struct modules m;

	(void)state;
	assert_int_equal(modules__parse(&m, P_tmpdir "/there/is/no/such/file"), -ENOENT);
	assert_int_equal(m.count, 0);
	modules__free(&m);
}

static const struct CMUnitTest modules[] = {
	TEST("modules: name, size, users and base", parsed),
	TEST("modules: dependents, also through others", dependents),
	TEST("modules: - and _ are the same in a name", dashes),
	TEST("modules: hidden addresses, other states, garbage", odd_lines),
	TEST("modules: lines longer than there is room for", long_lines),
	TEST("modules: a circle of users ends", circle),
	TEST("modules: functions that gcc took a parameter or the result from", reduced),
	TEST("modules: a kernel without modules is -ENOENT", no_file),
};

UNIT_MAIN(modules)
