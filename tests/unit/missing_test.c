// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from a missing hook, without a kernel: which are refused, what is not followed
 * because its end is not seen, what the ledger is told.
 */
#include "unit/unit.h"

#include "hooks/internal.h"
#include "ledger/ledger.h"

struct plan {
	struct hooks hooks;
	struct entry entries[8];
	struct entry *list[8];
};

static struct entry *add(struct plan *p, const char *mechanism, const char *target, bool function,
			 enum hook_role role)
{
	struct entry *e = &p->entries[p->hooks.count];

	e->hook.mechanism = mechanism;
	snprintf(e->hook.target, sizeof(e->hook.target), "%s", target);
	e->hook.state = HOOK_ATTACHED;
	e->function = function;
	e->meaning.role = role;
	p->list[p->hooks.count++] = e;
	p->hooks.entries = p->list;
	return e;
}

static bool refused(const char *list, const char *mechanism, const char *target)
{
	struct hook hook = { .mechanism = mechanism };
	bool answer;

	snprintf(hook.target, sizeof(hook.target), "%s", target);
	assert_int_equal(setenv("NFCLEAKBPF_REFUSE", list, 1), 0);
	answer = missing__refused(&hook);
	unsetenv("NFCLEAKBPF_REFUSE");
	return answer;
}

static void refuses_what_is_named(void **state)
{
	struct hook hook = { .mechanism = "raw_tp", .target = "kfree" };

	(void)state;
	assert_false(missing__refused(&hook));
	assert_false(refused("", "raw_tp", "kfree"));
	assert_true(refused("kfree", "raw_tp", "kfree"));
	assert_true(refused("raw_tp:kfree", "raw_tp", "kfree"));
	assert_true(refused("kmalloc,,kprobe:x,kfree", "raw_tp", "kfree"));
	assert_false(refused("kfree_skb", "raw_tp", "kfree"));
	assert_false(refused("kfre", "raw_tp", "kfree"));
	assert_false(refused("kprobe:kfree", "raw_tp", "kfree"));
	assert_false(refused("kretprobe:f", "kprobe", "f"));
	assert_true(refused("f", "kretprobe", "f"));
	assert_false(refused("raw_tp:", "raw_tp", "kfree"));
}

static void ends_go_first(void **state)
{
	struct plan p = { 0 };

	(void)state;
	add(&p, "tp_btf", "workqueue_execute_start", false, HOOK_FRAME);
	add(&p, "raw_tp", "kfree", false, HOOK_FRAME);
	add(&p, "raw_tp", "workqueue_execute_end", false, HOOK_FRAME);
	add(&p, "kprobe", "nfc_dev_up", true, HOOK_FRAME);
	add(&p, "kretprobe", "nfc_dev_up", true, HOOK_FRAME);
	add(&p, "kprobe", "digital_send_cmd", true, HOOK_SUBMIT);
	add(&p, "kretprobe", "digital_send_cmd", true, HOOK_SUBMIT);
	assert_int_equal(missing__end_of(&p.hooks, 0), 2);
	assert_int_equal(missing__end_of(&p.hooks, 1), p.hooks.count);
	assert_int_equal(missing__end_of(&p.hooks, 2), p.hooks.count);
	assert_int_equal(missing__end_of(&p.hooks, 3), 4);
	assert_int_equal(missing__end_of(&p.hooks, 4), p.hooks.count);
	for (size_t i = 0; i < p.hooks.count; i++)
		p.entries[i].hook.state = HOOK_PLANNED;
	p.entries[2].hook.state = p.entries[4].hook.state = HOOK_MISSING;
	p.entries[6].hook.state = HOOK_MISSING;
	missing__plan(&p.hooks);
	assert_int_equal(p.entries[0].hook.state, HOOK_MISSING);
	assert_string_equal(p.entries[0].hook.reason, "raw_tp workqueue_execute_end is missing");
	assert_int_equal(p.entries[1].hook.state, HOOK_PLANNED);
	assert_int_equal(p.entries[3].hook.state, HOOK_MISSING);
	assert_int_equal(p.entries[5].hook.state, HOOK_PLANNED);
	/* Whether it failed is not known then, but all else is. */
	assert_int_equal(missing__end_of(&p.hooks, 5), 6);
	assert_int_equal(missing__end_of(&p.hooks, 6), p.hooks.count);
	assert_false(missing__needs_end(&p.entries[5]));
}

/* After a reload there are two of each function's, and the first of them is dead. */
static void finds_no_hooks_of_the_dead(void **state)
{
	struct plan p = { 0 };
	struct entry *gone;

	(void)state;
	gone = add(&p, "kprobe", "nfc_dev_up", true, HOOK_FRAME);
	snprintf(gone->hook.module, sizeof(gone->hook.module), "nfc");
	assert_true(missing__there(&p.hooks, "nfc", "nfc_dev_up"));
	assert_false(missing__there(&p.hooks, "", "nfc_dev_up"));
	gone->hook.state = HOOK_GONE;
	assert_int_equal(missing__find(&p.hooks, "nfc", "nfc_dev_up"), p.hooks.count);
	assert_false(missing__there(&p.hooks, "nfc", "nfc_dev_up"));
	p.entries[1] = *gone;
	add(&p, "kprobe", "nfc_dev_up", true, HOOK_FRAME);
	assert_int_equal(missing__find(&p.hooks, "nfc", "nfc_dev_up"), 1);
	assert_true(missing__there(&p.hooks, "nfc", "nfc_dev_up"));
}

static void says_what_is_not_seen(void **state)
{
	struct plan p = { 0 };
	struct entry *consume, *direct, *cache;

	(void)state;
	add(&p, "raw_tp", "kfree_skb", false, HOOK_FRAME);
	consume = add(&p, "raw_tp", "consume_skb", false, HOOK_FRAME);
	direct = add(&p, "fentry", "__kfree_skb", false, HOOK_FRAME);
	cache = add(&p, "raw_tp", "kmem_cache_free", false, HOOK_FRAME);
	cache->hook.state = HOOK_UNNEEDED;
	assert_int_equal(hooks__blind(&p.hooks), 0);
	consume->hook.state = HOOK_ASLEEP;
	assert_int_equal(hooks__blind(&p.hooks), 0);
	consume->hook.state = HOOK_MISSING;
	assert_int_equal(hooks__blind(&p.hooks), BLIND_SOMEWHERE | BLIND_SKB_ENDS);
	consume->hook.state = HOOK_ATTACHED;
	direct->hook.state = HOOK_MISSING;
	assert_int_equal(hooks__blind(&p.hooks), BLIND_SOMEWHERE | BLIND_SKB_ENDS);
	/* Where fentry is refused this one sees them all. */
	cache->hook.state = HOOK_ATTACHED;
	assert_int_equal(hooks__blind(&p.hooks), BLIND_SOMEWHERE);
}

/* kernel.ftrace_enabled silences those on functions, tracepoints not. */
static void says_what_is_silent(void **state)
{
	struct plan p = { 0 };
	struct entry *cache;

	(void)state;
	add(&p, "raw_tp", "kfree_skb", false, HOOK_FRAME);
	add(&p, "raw_tp", "consume_skb", false, HOOK_FRAME);
	add(&p, "fentry", "__kfree_skb", false, HOOK_FRAME);
	cache = add(&p, "raw_tp", "kmem_cache_free", false, HOOK_FRAME);
	cache->hook.state = HOOK_UNNEEDED;
	p.hooks.silent = true;
	assert_int_equal(hooks__blind(&p.hooks), BLIND_SOMEWHERE | BLIND_SKB_ENDS);
	cache->hook.state = HOOK_ATTACHED;
	assert_int_equal(hooks__blind(&p.hooks), BLIND_SOMEWHERE);
	p.hooks.silent = false;
	assert_int_equal(hooks__blind(&p.hooks), 0);
}

static const struct CMUnitTest missing[] = {
	TEST("missing: hooks are refused by target, or by mechanism and target",
	     refuses_what_is_named),
	TEST("missing: what begins is followed only where its end is seen", ends_go_first),
	TEST("missing: a hook that went with its module is none", finds_no_hooks_of_the_dead),
	TEST("missing: the ledger is told what is not seen", says_what_is_not_seen),
	TEST("missing: the ledger is told what is silent", says_what_is_silent),
};

UNIT_MAIN(missing)
