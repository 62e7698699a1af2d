// SPDX-License-Identifier: GPL-2.0-only
/*
 * /proc/kallsyms from a file: what an address is called on kernels that cannot be
 * asked.
 */
#include "unit/unit.h"

#include <errno.h>

#include "kernel/kallsyms.h"
#include "kernel/query.h"

/* As 5.10 prints them, in that order. */
static const char listed[] = "0000000000000000 A fixed_percpu_data\n"
			     "0000000000024920 A krc\n"
			     "ffffffffb2e00000 T _stext\n"
			     "ffffffffb2e00000 T _text\n"
			     "ffffffffb2e00060 T secondary_startup_64\n"
			     "ffffffffb2e00160 t kfree_skbmem\n"
			     "ffffffffb3000000 T kfree_skbmem\n"
			     "ffffffffb4518820 d modules\n"
			     "ffffffffb4518830 r __kstrtab_modules\n"
			     "ffffffffb4400000 D init_stack\n"
			     "ffffffffb5e2c000 B _end\n"
			     "ffffffffc0a48000 t digital_send_cmd\t[nfc_digital]\n"
			     "ffffffffc0b00000 t bpf_prog_6deef7357e7b4530_nlb_kfree\t[bpf]\n";

static struct kallsyms *parse(const char *text)
{
	FILE *f = tmpfile();
	struct kallsyms *k;
	char path[64];

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0 && !fflush(f));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	assert_int_equal(kallsyms__parse(&k, path), 0);
	fclose(f);
	return k;
}

static uint64_t address(struct kallsyms *k, const char *name)
{
	uint64_t addr = 7;
	int err = kallsyms__find(k, name, &addr);

	assert_int_equal(err, addr ? 0 : -ENOENT);
	return addr;
}

static void found(void **state)
{
	struct kallsyms *k = parse(listed);

	(void)state;
	assert_int_equal(address(k, "_stext"), 0xffffffffb2e00000);
	assert_int_equal(address(k, "krc"), 0x24920);
	assert_int_equal(address(k, "modules"), 0xffffffffb4518820);
	/* The first of several. */
	assert_int_equal(address(k, "kfree_skbmem"), 0xffffffffb2e00160);
	/* Of no address, of a module, a local constant, cut short, nothing. */
	assert_int_equal(address(k, "__kstrtab_modules"), 0);
	assert_int_equal(address(k, "fixed_percpu_data"), 0);
	assert_int_equal(address(k, "digital_send_cmd"), 0);
	assert_int_equal(address(k, "module"), 0);
	assert_int_equal(address(k, ""), 0);
	kallsyms__close(k);
}

static void check(struct kallsyms *k, uint64_t addr, const char *text)
{
	struct symbol s;

	if (!text) {
		assert_false(kallsyms__resolve(k, addr, &s));
		return;
	}
	assert_true(kallsyms__resolve(k, addr, &s));
	assert_string_equal(s.text, text);
	assert_string_equal(s.module, "");
	assert_memory_equal(s.name, text, strlen(s.name));
}

static void resolved(void **state)
{
	struct kallsyms *k = parse(listed);

	(void)state;
	check(k, 0xffffffffb2e00000, "_stext+0x0/0x60");
	check(k, 0xffffffffb2e0005f, "_stext+0x5f/0x60");
	check(k, 0xffffffffb2e00060, "secondary_startup_64+0x0/0x100");
	check(k, 0xffffffffb3000001, "kfree_skbmem+0x1/0x1400000");
	/* In the order of their addresses, whatever the order of lines. */
	check(k, 0xffffffffb4400010, "init_stack+0x10/0x118820");
	check(k, 0xffffffffb5e2bfff, "modules+0x19137df/0x19137e0");
	/* Outside of the kernel: a CPU's data, below, behind, a module, a program. */
	check(k, 0x24920, NULL);
	check(k, 0, NULL);
	check(k, 0xffffffffb2dfffff, NULL);
	check(k, 0xffffffffb5e2c000, NULL);
	check(k, 0xffffffffc0a48000, NULL);
	check(k, UINT64_MAX, NULL);
	kallsyms__close(k);
}

/* kernel.kptr_restrict shows all of them as 0. */
static void hidden(void **state)
{
	struct kallsyms *k = parse("0000000000000000 T _stext\n0000000000000000 B _end\n");

	(void)state;
	assert_int_equal(address(k, "_stext"), 0);
	check(k, 0xffffffffb2e00000, NULL);
	check(k, 0, NULL);
	kallsyms__close(k);
}

/* Who could not even open the file is not told of sysctls. */
static void why_hidden(void **state)
{
	static const char hides[] = "the kernel hides addresses: it takes CAP_SYSLOG";
	char why[256], path[64];
	FILE *f = tmpfile();

	(void)state;
	kallsyms__why_hidden(NULL, why, sizeof(why));
	assert_memory_equal(why, hides, strlen(hides));
	assert_non_null(strstr(why, "kernel.kptr_restrict"));

	kallsyms__why_hidden("/nonexistent", why, sizeof(why));
	assert_non_null(strstr(why, "/nonexistent cannot be read (No such file or directory)"));
	assert_non_null(strstr(why, "ProtectKernelTunables=yes"));
	assert_null(strstr(why, "kptr_restrict"));

	assert_non_null(f);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fileno(f));
	kallsyms__why_hidden(path, why, sizeof(why));
	assert_non_null(strstr(why, "cannot be read (it is empty)"));
	assert_true(fputs("0000000000000000 T _stext\n", f) >= 0 && !fflush(f));
	kallsyms__why_hidden(path, why, sizeof(why));
	assert_memory_equal(why, hides, strlen(hides));
	fclose(f);
}

static void rubbish(void **state)
{
	static const char *const texts[] = {
		"",
		"\n\n",
		" \n",
		"ffffffffb2e00000\n",
		"ffffffffb2e00000 \n",
		"ffffffffb2e00000 T\n",
		"ffffffffb2e00000 T \n",
		"ffffffffb2e00000 T \t[nfc]\n",
		"zzz T _stext\n",
		"ffffffffb2e00000 TT name\n",
		"\xff\xff\xff T x\n",
	};
	struct kallsyms *k;
	char *line;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		k = parse(texts[i]);
		assert_int_equal(address(k, "_stext"), 0);
		check(k, 0xffffffffb2e00000, NULL);
		kallsyms__close(k);
	}
	/* A line that is too long hides no other; the last one needs no end. */
	assert_true(asprintf(&line, "ffffffffb2e00000 T _stext\nffffffffb2e00010 T %0*d\n%s", 5000,
			     1, "ffffffffb2e00020 T last") > 0);
	k = parse(line);
	assert_int_equal(address(k, "_stext"), 0xffffffffb2e00000);
	assert_int_equal(address(k, "last"), 0xffffffffb2e00020);
	kallsyms__close(k);
	free(line);
	assert_int_equal(kallsyms__parse(&k, "/nonexistent"), -ENOENT);
	assert_null(k);
	kallsyms__close(NULL);
}

/* More than fits at first. */
static void many(void **state)
{
	struct kallsyms *k;
	char *text = NULL, name[32];
	size_t size;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	for (unsigned i = 0; i < 50000; i++)
		fprintf(f, "%x T %s%u\n", 0x80000000 + 16 * (49999 - i), i ? "f" : "_stext", i);
	fclose(f);
	k = parse(text);
	free(text);
	assert_int_equal(address(k, "f49999"), 0x80000000);
	for (unsigned i = 1; i < 50000; i += 997) {
		snprintf(name, sizeof(name), "f%u", i);
		assert_int_equal(address(k, name), 0x80000000 + 16 * (49999 - i));
	}
	kallsyms__close(k);
}

/* All that ask share one. */
static void shared(void **state)
{
	struct kallsyms *a, *b;

	(void)state;
	assert_int_equal(kallsyms__open(&a), 0);
	assert_int_equal(kallsyms__open(&b), 0);
	assert_ptr_equal(a, b);
	kallsyms__close(a);
	assert_int_equal(address(b, "nlb_no_such_symbol"), 0);
	kallsyms__close(b);
	assert_int_equal(kallsyms__open(&a), 0);
	kallsyms__close(a);
}

static const struct CMUnitTest kallsyms[] = {
	TEST("kallsyms: symbols of the kernel are found", found),
	TEST("kallsyms: addresses are resolved as the kernel does", resolved),
	TEST("kallsyms: hidden addresses", hidden),
	TEST("kallsyms: hidden addresses: by whom", why_hidden),
	TEST("kallsyms: lines that are none", rubbish),
	TEST("kallsyms: many of them", many),
	TEST("kallsyms: one for all", shared),
};

UNIT_MAIN(kallsyms)
