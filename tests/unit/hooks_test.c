// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is planned and followed as modules and callbacks come and go, with a pretended kernel: its
 * modules, their symbols and what it says of an address.
 */
#include "unit/unit.h"

#include "hooks/internal.h"
#include "ledger/ledger.h"
#include "unit/fake.h"
#include "util/log.h"

struct world {
	struct kernel kernel;
	struct module_info modules[24];
	struct names *names;
	struct hooks *hooks;
};

/* ---- the pretended kernel ---- */

#define NFC_CALLBACK 0xffffffffc0301000ULL

static const struct fake_symbol symbols[] = {
	{ "nfc_llcp_recv", "nfc", NFC_CALLBACK, 0x100 },
	{ "digital_cb", "nfc_digital", 0xffffffffc0400000ULL, 0x40 },
	{ NULL, NULL, 0, 0 },
};

/* Functions of as many names as one wants. */
static const struct fake_symbol *many;

int __wrap_query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out);

int __wrap_query__resolve(struct query *q, const uint64_t *addrs, size_t count, struct symbol *out)
{
	struct fake_kernel kernel = { .symbols = many ? many : symbols };

	(void)q;
	return fake__resolve(&kernel, addrs, count, out);
}

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out);

int __wrap_kernel__module_symbols(struct kernel *k, const char *module, struct module_symbols *out)
{
	(void)k;
	(void)module;
	memset(out, 0, sizeof(*out));
	return 0;
}

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return query__resolve(ctx, addrs, count, out);
}

static void load(struct world *w, const char *name, const char *users)
{
	struct module_info *m = &w->modules[w->kernel.modules.count++];

	memset(m, 0, sizeof(*m));
	snprintf(m->name, sizeof(m->name), "%s", name);
	snprintf(m->users, sizeof(m->users), "%s", users);
	w->kernel.modules.list = w->modules;
}

static void begin(struct world *w)
{
	struct hooks_config config = { .mode = ATTACH_KPROBE };

	w->names = names__new(resolve, NULL);
	assert_non_null(w->names);
	assert_int_equal(hooks__new(&w->hooks, &config, &w->kernel, w->names), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof(*w));

	many = NULL;
	log_level = LOG_QUIET;
	*state = w;
	return w ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;

	hooks__free(w->hooks);
	names__free(w->names);
	free(w);
	return 0;
}

static const struct hook *last_hook(const struct world *w)
{
	return hooks__at(w->hooks, hooks__count(w->hooks) - 1);
}

/* ---- callbacks ---- */

/* NCI's callbacks are functions of nfc: whoever decodes a submit knows them as such. */
static void learns_callbacks_of_other_modules(void **state)
{
	struct world *w = *state;
	const struct hook_meaning *meaning;
	size_t before;

	load(w, "nci", "");
	load(w, "nfc", "nci,");
	begin(w);
	before = hooks__count(w->hooks);
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	assert_int_equal(hooks__count(w->hooks), before + 1);
	assert_string_equal(last_hook(w)->module, "nfc");
	meaning = hooks__meaning(w->hooks, NLB_COOKIE(before + 1, -1));
	assert_non_null(meaning);
	assert_ptr_equal(meaning->subsystem, &subsystem_nci);
	assert_int_equal(meaning->function, names__function(w->names, NFC_CALLBACK));
	/* Once; and it goes with its own module. */
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK);
	assert_int_equal(hooks__count(w->hooks), before + 1);
	/* In the midst of a function, of a module that is not traced, of nothing. */
	hooks__learn_callback(w->hooks, &subsystem_nci, NFC_CALLBACK + 1);
	hooks__learn_callback(w->hooks, &subsystem_nci, symbols[1].start);
	hooks__learn_callback(w->hooks, &subsystem_nci, 0);
	assert_int_equal(hooks__count(w->hooks), before + 1);
}

/* What is not hooked for want of room is said to be missing, each once. */
static void says_when_callbacks_are_too_many(void **state)
{
	static struct fake_symbol functions[41];
	static char names[40][16];
	struct world *w = *state;
	unsigned refused = 0;
	size_t before;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(names[i], sizeof(names[i]), "callback_%zu", i);
		functions[i] = (struct fake_symbol){ names[i], "nfc", NFC_CALLBACK + i * 64, 64 };
	}
	many = functions;
	load(w, "nfc", "");
	begin(w);
	/* It cannot be hooked here at all, which is another reason. */
	w->hooks->kernel->features.kprobe = true;
	assert_int_equal(setenv("NFCLEAKBPF_REFUSE", "callback_0", 1), 0);
	before = hooks__count(w->hooks);
	w->hooks->nr_callbacks = 31;
	for (size_t i = 0; i < 2 * ARRAY_SIZE(names); i++)
		hooks__learn_callback(w->hooks, &subsystem_nci, functions[i / 2].start);
	unsetenv("NFCLEAKBPF_REFUSE");
	assert_int_equal(hooks__count(w->hooks), before + ARRAY_SIZE(names));
	for (size_t i = before; i < hooks__count(w->hooks); i++) {
		assert_int_equal(hooks__at(w->hooks, i)->state, HOOK_MISSING);
		refused +=
			!strcmp(hooks__at(w->hooks, i)->reason, "32 callbacks are hooked already");
	}
	assert_int_equal(refused, ARRAY_SIZE(names) - 1);
	assert_true(hooks__blind(w->hooks) & BLIND_SOMEWHERE);
}

static const struct CMUnitTest hooks[] = {
	TEST_IN("hooks: a callback is a function of its own module",
		learns_callbacks_of_other_modules, setup, teardown),
	TEST_IN("hooks: callbacks that are too many are said to be missing",
		says_when_callbacks_are_too_many, setup, teardown),
};

UNIT_MAIN(hooks)
