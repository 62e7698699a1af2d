// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemleak's layout, character by character, and which kernel prints which.
 */
#include "unit/unit.h"

#include "report/kmemleak_object.h"
#include "util/hz.h"

static char first_text[] = "digital_tg_listen_nfcf+0x58/0xd0 [nfc_digital]";
static char second_text[] = "process_one_work+0x190/0x3a0";
static struct stack_frame frames[] = {
	{ .addr = 0xffffffffc0a51058, .text = first_text },
	{ .addr = 0xffffffff810c5190, .text = second_text },
};
static const struct stack stack = { .depth = 2, .frames = frames };

static const unsigned char bytes[] = "\x01\xfe\x38\x0d\x80\xca\x41\x7e"
				     "0123456789~\x7f"
				     "\xe9 \xff"
				     "abcdefghijklmnopqrstuvwxyz";

static char *print(const struct kmemleak_layout *layout, const struct kmemleak_object *o)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	kmemleak__print(f, layout, o);
	fclose(f);
	return text;
}

static struct kmemleak_object object(size_t nr_bytes)
{
	return (struct kmemleak_object){
		.addr = 0xffff888003c0f1a0,
		.size = nr_bytes,
		.comm = "kworker/0:1",
		.pid = 41,
		.jiffies = 4294893012,
		.age_ms = 12034,
		.bytes = bytes,
		.nr_bytes = nr_bytes,
		.crc = 0x1a2b3c,
		.stack = &stack,
	};
}

static void layout_6_1(void **state)
{
	struct kmemleak_layout layout = kmemleak__layout("6.1.192", NULL);
	struct kmemleak_object o = object(8);
	char *text = print(&layout, &o);

	(void)state;
	assert_string_equal(text, "unreferenced object 0xffff888003c0f1a0 (size 8):\n"
				  "  comm \"kworker/0:1\", pid 41, jiffies 4294893012\n"
				  "  hex dump (first 8 bytes):\n"
				  "    01 fe 38 0d 80 ca 41 7e                          ..8...A~\n"
				  "  backtrace:\n"
				  "    [<ffffffffc0a51058>] digital_tg_listen_nfcf+0x58/0xd0 "
				  "[nfc_digital]\n"
				  "    [<ffffffff810c5190>] process_one_work+0x190/0x3a0\n");
	free(text);
}

static void layout_6_12(void **state)
{
	struct kmemleak_layout layout = kmemleak__layout("6.12.117+deb12-amd64", NULL);
	struct kmemleak_object o = object(40);
	char *text = print(&layout, &o);

	(void)state;
	assert_string_equal(
		text, "unreferenced object 0xffff888003c0f1a0 (size 40):\n"
		      "  comm \"kworker/0:1\", pid 41, jiffies 4294893012\n"
		      "  hex dump (first 32 bytes):\n"
		      "    01 fe 38 0d 80 ca 41 7e 30 31 32 33 34 35 36 37  ..8...A~01234567\n"
		      "    38 39 7e 7f e9 20 ff 61 62 63 64 65 66 67 68 69  89~.. .abcdefghi\n"
		      "  backtrace (crc 1a2b3c):\n"
		      "    digital_tg_listen_nfcf+0x58/0xd0 [nfc_digital]\n"
		      "    process_one_work+0x190/0x3a0\n");
	free(text);
}

static void layout_with_age(void **state)
{
	struct kmemleak_layout layout = kmemleak__layout("6.1.100", NULL);
	struct kmemleak_object o = object(8);
	char *text = print(&layout, &o);

	(void)state;
	assert_non_null(strstr(text, ", jiffies 4294893012 (age 12.034s)\n"));
	assert_non_null(strstr(text, "  backtrace:\n"));
	free(text);
}

static void layout_by_kernel(void **state)
{
	static const struct {
		const char *release, *version;
		bool age, crc, address;
	} kernels[] = {
		{ "6.1.0-56-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.192-2 (2026-11-16)", false,
		  false, true },
		{ "6.1.0-18-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)", true,
		  false, true },
		{ "6.1.0-56-amd64", NULL, false, false, true },
		{ "6.1.0-56-amd64", "#1 SMP Debian 4.19.1-1", false, false, true },
		{ "6.1.190", "", true, false, true },
		{ "6.1.191", "", false, false, true },
		{ "6.1", NULL, false, false, true },
		{ "5.15.0", NULL, true, false, true },
		{ "6.7.12", NULL, true, false, true },
		{ "6.8.0-50-generic", "#51-Ubuntu SMP", false, true, true },
		{ "6.12.8", NULL, false, true, true },
		{ "6.12.9", NULL, false, true, false },
		{ "6.12.0-1-amd64", NULL, false, true, false },
		{ "6.13.0-rc1", NULL, false, true, false },
		{ "7.0.1", NULL, false, true, false },
		{ "garbage", "Debian", false, true, false },
		{ "", NULL, false, true, false },
		{ "99999999999999999999.1", NULL, false, true, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kernels); i++) {
		struct kmemleak_layout l = kmemleak__layout(kernels[i].release, kernels[i].version);

		if (l.age != kernels[i].age || l.crc != kernels[i].crc ||
		    l.address != kernels[i].address)
			fail_msg("%s: age %d crc %d address %d", kernels[i].release, l.age, l.crc,
				 l.address);
	}
}

static void nothing_known(void **state)
{
	struct kmemleak_layout layout = { .crc = true };
	struct kmemleak_object o = { .addr = 0x1000, .comm = "a\nb\"\x1b[2J" };
	char *text = print(&layout, &o);

	(void)state;
	assert_string_equal(text, "unreferenced object 0x00001000 (size 0):\n"
				  "  comm \"a?b\"?[2J\", pid 0, jiffies 0\n"
				  "  hex dump (first 0 bytes):\n"
				  "  backtrace (crc 0):\n");
	free(text);
	o.comm = NULL;
	text = print(&layout, &o);
	assert_non_null(strstr(text, "  comm \"\", pid 0"));
	free(text);
}

/* The kernel's crc32(0, "123456789", 9), which begins with 0 and does not invert. */
static void checksum(void **state)
{
	uint32_t whole = kmemleak__crc(0, "123456789", 9);

	(void)state;
	assert_int_equal(whole, 0x2dfd2d88);
	assert_int_equal(kmemleak__crc(kmemleak__crc(0, "1234", 4), "56789", 5), whole);
	assert_int_equal(kmemleak__crc(0, "\0\0\0\0", 4), 0);
}

static void jiffies(void **state)
{
	(void)state;
	assert_int_equal(kmemleak__jiffies(0, 250), 4294892296);
	assert_int_equal(kmemleak__jiffies(1000000000, 250), 4294892546);
	assert_int_equal(kmemleak__jiffies(4000000, 250), 4294892297);
	assert_int_equal(kmemleak__jiffies(300000000000, 1000), 4294967296);
	/* Ten years: nothing overflows. */
	assert_int_equal(kmemleak__jiffies(315360000000000000, 1000), 4294667296 + 315360000000);
	assert_in_range(hz__of_kernel(), 24, 10000);
}

static const struct CMUnitTest kmemleak[] = {
	TEST("kmemleak: 6.1 has a plain backtrace, with addresses", layout_6_1),
	TEST("kmemleak: 6.12 has a checksum, no addresses, two lines of bytes", layout_6_12),
	TEST("kmemleak: older kernels print the age", layout_with_age),
	TEST("kmemleak: which kernel prints what", layout_by_kernel),
	TEST("kmemleak: an object of which nothing is known, a name with control characters",
	     nothing_known),
	TEST("kmemleak: the checksum is the kernel's", checksum),
	TEST("kmemleak: jiffies as the kernel counts them", jiffies),
};

UNIT_MAIN(kmemleak)
