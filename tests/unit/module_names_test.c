// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names of functions in modules by the symbol tables of the modules: of those that are kept, and,
 * as on an old kernel, of any.  The modules and their tables are pretended.
 */
#include "unit/unit.h"

#include <errno.h>

#include "kernel/kernel.h"
#include "kernel/module_names.h"

#define TEXT 0xffffffffc0400000ULL
#define SIZE 0x1000ULL

struct world {
	struct kernel kernel;
	struct module_info module;
	struct query_modules asked; /* what the query asks */
};

static struct world world;
static bool old, text_unknown;
static unsigned reads;

/* ---- the pretended kernel ---- */

bool __wrap_query__has_syscall(const struct query *q);

bool __wrap_query__has_syscall(const struct query *q)
{
	(void)q;
	return !old;
}

void __wrap_query__set_modules(struct query *q, const struct query_modules *modules);

void __wrap_query__set_modules(struct query *q, const struct query_modules *modules)
{
	(void)q;
	world.asked = *modules;
}

int __wrap_kernel__module_text(struct kernel *k, const char *module, struct memory_range *out,
			       size_t max);

int __wrap_kernel__module_text(struct kernel *k, const char *module, struct memory_range *out,
			       size_t max)
{
	(void)k;
	(void)module;
	assert_true(max >= 1);
	*out = (struct memory_range){ TEXT, SIZE };
	return text_unknown ? -ENOENT : 1;
}

/* As a table is: in no order, with other things than functions. */
static const struct module_symbol table[] = {
	{ TEXT + 0x400, "last" },	{ TEXT + 0x100, "first" }, { TEXT + 0x100, "alias" },
	{ TEXT + 0x200, "middle" },	{ TEXT + 0x180, "" },	   { TEXT + 0x280, "$x" },
	{ TEXT + 0x2c0, ".Ltmp0" },	{ TEXT + SIZE, "data" },   { TEXT - 0x100, "before" },
	{ 0xffffffffa0000000, "init" },
};

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out);

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out)
{
	size_t size = 0;
	char *to;

	(void)k;
	(void)module;
	reads++;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		size += strlen(table[i].name) + 1;
	out->list = calloc(ARRAY_SIZE(table), sizeof(*out->list));
	out->strings = to = calloc(1, size);
	assert_non_null(out->list);
	assert_non_null(to);
	for (out->count = 0; out->count < ARRAY_SIZE(table); out->count++) {
		const struct module_symbol *one = &table[out->count];

		out->list[out->count] = (struct module_symbol){ one->addr, to };
		to = stpcpy(to, one->name) + 1;
	}
	return 0;
}

static int setup(void **state)
{
	(void)state;
	old = text_unknown = false;
	reads = 0;
	memset(&world, 0, sizeof(world));
	/* Asked for by nobody here. */
	world.kernel.query = (struct query *)&world;
	world.kernel.modules = (struct modules){ &world.module, 1 };
	world.module = (struct module_info){ .name = "nfc", .base = TEXT, .size = 2 * SIZE };
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	module_names__free(world.kernel.names);
	return 0;
}

static void keep(const char *module)
{
	struct module_symbols symbols;

	assert_int_equal(kernel__module_symbols(&world.kernel, module, &symbols), 0);
	assert_int_equal(module_names__keep(world.kernel.names, module, &symbols), 0);
	/* They are the caller's. */
	module_symbols__free(&symbols);
}

static const char *name(uint64_t addr)
{
	static struct symbol s;

	return world.asked.resolve(world.asked.ctx, addr, &s) ? s.text : "none";
}

static void expect_names(void)
{
	assert_string_equal(name(TEXT + 0x100), "first+0x0/0x100 [nfc]");
	assert_string_equal(name(TEXT + 0x1ff), "first+0xff/0x100 [nfc]");
	assert_string_equal(name(TEXT + 0x2d0), "middle+0xd0/0x200 [nfc]");
	assert_string_equal(name(TEXT + 0xfff), "last+0xbff/0xc00 [nfc]");
	/* Before all of them, behind the text, in what is freed once it has begun. */
	assert_string_equal(name(TEXT + 0x80), "none");
	assert_string_equal(name(TEXT + SIZE), "none");
	assert_string_equal(name(TEXT - 0x100), "none");
	assert_string_equal(name(0xffffffffa0000000), "none");
}

/* ---- the tests ---- */

static void keeps_the_names_of_what_is_gone(void **state)
{
	(void)state;
	assert_int_equal(module_names__new(&world.kernel.names, &world.kernel), 0);
	assert_string_equal(name(TEXT + 0x100), "none");
	keep("nfc");
	expect_names();
	/* It is gone, and others come and go. */
	world.kernel.modules.count = 0;
	module_names__forget(world.kernel.names);
	module_names__drop(world.kernel.names, "nfc_digital");
	expect_names();
	module_names__drop(world.kernel.names, "nfc");
	assert_string_equal(name(TEXT + 0x100), "none");
	assert_int_equal(reads, 1);
}

static void keeps_one_of_each(void **state)
{
	struct module_symbols symbols = { 0 };

	(void)state;
	assert_int_equal(module_names__new(&world.kernel.names, &world.kernel), 0);
	keep("nfc");
	keep("nfc_digital");
	keep("nfc");
	expect_names();
	module_names__drop(world.kernel.names, "nfc");
	assert_string_equal(name(TEXT + 0x400), "last+0x0/0xc00 [nfc_digital]");
	module_names__drop(world.kernel.names, "nfc_digital");
	assert_string_equal(name(TEXT + 0x400), "none");
	text_unknown = true;
	assert_int_equal(module_names__keep(world.kernel.names, "nfc", &symbols), -ENOMEM);
	/* Where the kernel cannot be asked at all. */
	assert_int_equal(module_names__keep(NULL, "nfc", &symbols), 0);
	module_names__drop(NULL, "nfc");
	module_names__forget(NULL);
}

static void reads_what_an_old_kernel_does_not_say(void **state)
{
	uint64_t addr;

	(void)state;
	old = true;
	assert_int_equal(module_names__new(&world.kernel.names, &world.kernel), 0);
	expect_names();
	assert_int_equal(world.asked.find(world.asked.ctx, "nfc", "middle", &addr), 0);
	assert_int_equal(addr, TEXT + 0x200);
	assert_int_equal(world.asked.find(world.asked.ctx, "nfc", "none", &addr), -ENOENT);
	assert_int_equal(world.asked.find(world.asked.ctx, "nci", "middle", &addr), -ENOENT);
	assert_int_equal(reads, 1);
	/* The list was read again: so are they. */
	module_names__forget(world.kernel.names);
	expect_names();
	assert_int_equal(reads, 2);
	/* Those that are kept come first. */
	keep("nfc");
	module_names__forget(world.kernel.names);
	assert_string_equal(name(TEXT + 0x400), "last+0x0/0xc00 [nfc]");
	assert_int_equal(reads, 3);
}

static const struct CMUnitTest module_names[] = {
	TEST_IN("module names: those that are kept outlive their module",
		keeps_the_names_of_what_is_gone, setup, teardown),
	TEST_IN("module names: each module's are kept once", keeps_one_of_each, setup, teardown),
	TEST_IN("module names: an old kernel's are read when asked for",
		reads_what_an_old_kernel_does_not_say, setup, teardown),
};

UNIT_MAIN(module_names)
