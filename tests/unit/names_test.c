// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interning: whom the blame goes to, what is cut off a stack, and that numbers
 * keep their meaning when modules come and go.
 */
#include "unit/unit.h"

#include <errno.h>

#include "trace/names.h"
#include "unit/fake.h"
#include "util/log.h"

static struct fake_kernel kernel;

/* Names of a kernel with the NFC modules, traced as `run` would. */
static struct names *make(void)
{
	struct names *n;

	kernel = (struct fake_kernel){ .symbols = fake__nfc };
	n = names__new(fake__resolve, &kernel);
	assert_non_null(n);
	assert_int_equal(names__trace_module(n, "nfc_digital"), 0);
	assert_int_equal(names__trace_module(n, "nfc_digital"), 0);
	assert_int_equal(names__trace_module(n, "nfc"), 0);
	assert_int_equal(names__wrapper(n, "digital_skb_alloc"), 0);
	assert_int_equal(names__wrapper(n, "nfc_alloc_recv_skb"), 0);
	return n;
}

static void functions(void **state)
{
	struct names *n = make();
	uint32_t listen = names__function(n, FAKE_LISTEN_NFCF + 0x3b);

	(void)state;
	assert_int_not_equal(listen, 0);
	assert_string_equal(names__text(n, listen), "digital_tg_listen_nfcf");
	assert_string_equal(names__module(n, listen), "nfc_digital");
	assert_int_equal(names__function(n, FAKE_LISTEN_NFCF), listen);
	assert_int_equal(names__function(n, FAKE_LISTEN_NFCF + 0x8f), listen);
	assert_int_not_equal(names__function(n, FAKE_SKB_ALLOC), listen);
	assert_null(names__module(n, names__function(n, FAKE_ALLOC_SKB)));
	assert_int_equal(names__intern(n, "digital_tg_listen_nfcf", "nfc_digital"), listen);
	names__free(n);
}

/* A module brings its own symbols, and none of them gets through to a terminal. */
static void printable(void **state)
{
	static const struct fake_symbol hostile[] = {
		{ "x\x1b[2J", "\xc2\x9bK", FAKE_LISTEN_NFCF, 0x90 },
		{ NULL, NULL, 0, 0 },
	};
	struct stack_frame frame = { .text = "y\xe2\x80\xae\x07+0x1/0x2 [nfc]" };
	const uint64_t addr = FAKE_LISTEN_NFCF + 1;
	struct names *n = make();
	uint32_t function;

	(void)state;
	kernel.symbols = hostile;
	function = names__function(n, FAKE_LISTEN_NFCF);
	assert_string_equal(names__text(n, function), "x?[2J");
	assert_string_equal(names__module(n, function), "?K");
	assert_int_equal(names__intern(n, "x\x1b[2J", "\xc2\x9bK"), function);
	assert_string_equal(names__stack_at(n, names__stack(n, &addr, 1, 0))->frames[0].text,
			    "x?[2J+0x1/0x90 [?K]");
	assert_string_equal(names__stack_at(n, names__add_stack(n, &frame, 1, 0))->frames[0].text,
			    "y??+0x1/0x2 [nfc]");
	names__free(n);
}

static void unknown(void **state)
{
	struct names *n = make();

	(void)state;
	assert_int_equal(names__function(n, FAKE_UNKNOWN), 0);
	assert_int_equal(names__function(n, FAKE_LISTEN_NFCF + 0x90), 0); /* just behind it */
	assert_null(names__text(n, 0));
	assert_null(names__module(n, 0));
	assert_null(names__stack_at(n, 0));
	assert_null(names__text(n, 4711));
	assert_null(names__module(n, UINT32_MAX));
	assert_null(names__stack_at(n, UINT32_MAX));
	kernel.calls = 0;
	assert_int_equal(names__function(n, 0), 0);
	assert_int_equal(kernel.calls, 0);
	kernel.err = -EIO;
	assert_int_equal(names__function(n, FAKE_SEND_CMD), 0);
	kernel.err = 0;
	assert_int_not_equal(names__function(n, FAKE_SEND_CMD), 0);
	names__free(n);
	names__free(NULL);
}

static void no_resolver(void **state)
{
	const uint64_t addrs[] = { 0xffffffffc0001010, 0xffffffff81001010 };
	struct names *n = names__new(NULL, NULL);
	uint32_t stack;

	(void)state;
	assert_int_equal(names__function(n, FAKE_SEND_CMD), 0);
	stack = names__stack(n, addrs, 2, 0);
	assert_int_not_equal(stack, 0);
	assert_int_equal(names__stack_at(n, stack)->depth, 2);
	assert_string_equal(names__stack_at(n, stack)->frames[0].text, "0xffffffffc0001010");
	assert_int_equal(names__stack_at(n, stack)->site, 2);
	names__free(n);
}

static void suffixes(void **state)
{
	static const char *const variants[] = {
		"digital_in_send",
		"digital_in_send.isra.0",
		"digital_in_send.part.0",
		"digital_in_send.constprop.0",
		"digital_in_send.constprop.0.isra.0",
		"digital_in_send.isra.0.cold",
		"digital_in_send.cold",
		"digital_in_send.part.3.constprop.12",
	};
	struct names *n = names__new(NULL, NULL);
	uint32_t first = names__intern(n, variants[0], "nfc_digital");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++)
		assert_int_equal(names__intern(n, variants[i], "nfc_digital"), first);
	assert_string_equal(names__text(n, first), "digital_in_send");
	assert_int_not_equal(names__intern(n, "digital_in_send_complete", "nfc_digital"), first);
	assert_int_not_equal(names__intern(n, "digital_in_sen", "nfc_digital"), first);
	names__free(n);
}

/* Something makes each stack another one: its memory has an end. */
static void stacks_have_an_end(void **state)
{
	struct stack_frame frame = { .text = "recorded" };
	struct names *n = names__new(NULL, NULL);

	(void)state;
	log_level = LOG_QUIET;
	for (uint64_t i = 1; i <= NAMES_STACKS_MAX; i++)
		assert_int_equal(names__stack(n, &i, 1, 0), i);
	for (uint64_t i = 1; i < 3; i++) {
		uint64_t addr = NAMES_STACKS_MAX + i;

		assert_int_equal(names__stack(n, &addr, 1, 0), 0);
		assert_int_equal(names__stack(n, &i, 1, 0), i);
	}
	names__modules_changed(n);
	assert_int_equal(names__stack(n, &(uint64_t){ 7 }, 1, 0), 7);
	/* A recording is as long as it is. */
	assert_int_equal(names__add_stack(n, &frame, 1, 0), NAMES_STACKS_MAX + 1);
	names__free(n);
}

/* Two modules may each have a static function of a name. */
static void modules_apart(void **state)
{
	struct names *n = names__new(NULL, NULL);
	uint32_t a = names__intern(n, "probe", "nfcsim"), b = names__intern(n, "probe", "pn533");
	uint32_t c = names__intern(n, "probe", NULL), d = names__intern(n, "prob", "enfcsim");

	(void)state;
	assert_int_not_equal(a, b);
	assert_int_not_equal(a, c);
	assert_int_not_equal(b, c);
	assert_int_not_equal(a, d);
	assert_string_equal(names__module(n, a), "nfcsim");
	assert_string_equal(names__module(n, b), "pn533");
	assert_null(names__module(n, c));
	assert_int_equal(names__intern(n, "probe", "nfcsim"), a);
	assert_int_equal(names__intern(n, "probe", NULL), c);
	names__free(n);
}

static void many(void **state)
{
	struct names *n = names__new(NULL, NULL);
	char name[32];

	(void)state;
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "function_%u", i);
		assert_int_equal(names__intern(n, name, i % 2 ? "nfc" : NULL), i + 1);
	}
	for (uint32_t i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "function_%u", i);
		assert_int_equal(names__intern(n, name, i % 2 ? "nfc" : NULL), i + 1);
		assert_string_equal(names__text(n, i + 1), name);
	}
	names__free(n);
}

static void site_of_object(void **state)
{
	const uint64_t addrs[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70,
				   FAKE_PROCESS_WORK + 0x1e2 };
	struct names *n = make();
	const struct stack *s;

	(void)state;
	assert_true(names__module_traced(n, "nfc"));
	assert_false(names__module_traced(n, "nf"));
	assert_false(names__module_traced(n, NULL));
	s = names__stack_at(n, names__stack(n, addrs, 3, addrs[0]));
	assert_non_null(s);
	assert_int_equal(s->depth, 3);
	assert_int_equal(s->site, 0);
	assert_int_equal(s->frames[0].addr, addrs[0]);
	assert_int_equal(s->frames[0].offset, 0x3b);
	assert_string_equal(s->frames[0].text, "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]");
	assert_string_equal(s->frames[2].text, "process_one_work+0x1e2/0x400");
	assert_string_equal(names__text(n, s->frames[1].function), "digital_wq_poll");
	names__free(n);
}

/* The blame for an skb goes to who called the stack's own allocators. */
static void wrappers(void **state)
{
	const uint64_t addrs[] = { FAKE_ALLOC_SKB + 0x50, FAKE_NFC_ALLOC + 0x20,
				   FAKE_SKB_ALLOC + 0x10, FAKE_SDD_REQ + 0x22, FAKE_WQ_COMPLETE };
	struct names *n = make();
	const struct stack *s;

	(void)state;
	s = names__stack_at(n, names__stack(n, addrs, ARRAY_SIZE(addrs), 0));
	assert_non_null(s);
	assert_int_equal(s->depth, 5);
	assert_int_equal(s->site, 3);
	/* The suffix is gone from the name and kept in the text. */
	assert_string_equal(names__text(n, s->frames[3].function), "digital_in_send_sdd_req");
	assert_string_equal(s->frames[3].text,
			    "digital_in_send_sdd_req.isra.0+0x22/0x80 [nfc_digital]");
	/* Nothing but wrappers and the kernel: no site. */
	s = names__stack_at(n, names__stack(n, addrs, 3, 0));
	assert_int_equal(s->site, s->depth);
	names__free(n);
}

/* Before 5.16; what follows then is nobody's business. */
static void hooked_returns(void **state)
{
	const uint64_t addrs[] = { FAKE_SEND_CMD + 0x10, FAKE_KRETPROBE, FAKE_WQ_POLL + 0x70 };
	struct names *n = make();
	const struct stack *s;

	(void)state;
	s = names__stack_at(n, names__stack(n, addrs, 3, 0));
	assert_int_equal(s->depth, 1);
	assert_int_equal(s->site, 0);
	/* Even at its beginning. */
	s = names__stack_at(n, names__stack(n, addrs + 1, 2, 0));
	assert_int_equal(s->depth, 0);
	assert_int_equal(s->site, 0);
	names__free(n);
}

static void tracer_frames(void **state)
{
	/* A trampoline without a symbol, the tracepoint's machinery, then ours. */
	const uint64_t addrs[] = { FAKE_UNKNOWN,	  FAKE_BPF_RUN + 0x40,
				   FAKE_BPF_TRACE + 0x10, FAKE_TRACEITER + 0x20,
				   FAKE_KMALLOC + 0x90,	  FAKE_LISTEN_NFCF + 0x3b,
				   FAKE_WQ_POLL + 0x70,	  FAKE_PROCESS_WORK + 0x1e2 };
	struct names *n = make();
	const struct stack *s;

	(void)state;
	/* The call site says where the stack begins... */
	s = names__stack_at(n, names__stack(n, addrs, 8, FAKE_LISTEN_NFCF + 0x3b));
	assert_int_equal(s->depth, 3);
	assert_int_equal(s->site, 0);
	assert_int_equal(s->frames[0].addr, FAKE_LISTEN_NFCF + 0x3b);
	names__free(n);

	/* ...without one, what is known to be the tracer's is cut... */
	n = make();
	s = names__stack_at(n, names__stack(n, addrs, 8, 0));
	assert_int_equal(s->depth, 4);
	assert_int_equal(s->site, 1);
	assert_int_equal(s->frames[0].addr, FAKE_KMALLOC + 0x90);
	names__free(n);

	/* ...and the same for one that is not on the stack. */
	n = make();
	s = names__stack_at(n, names__stack(n, addrs, 8, FAKE_SEND_CMD));
	assert_int_equal(s->depth, 4);
	names__free(n);

	/* A module's own function may be called as it likes. */
	n = make();
	s = names__stack_at(n, names__stack(n, (const uint64_t[]){ FAKE_NFC_TRACE, FAKE_WQ_POLL },
					    2, 0));
	assert_int_equal(s->depth, 2);
	assert_int_equal(s->site, 0);
	names__free(n);

	/* Nothing but the tracer: better all of it than nothing. */
	n = make();
	s = names__stack_at(n, names__stack(n, addrs, 4, 0));
	assert_int_equal(s->depth, 4);
	assert_int_equal(s->site, 4);
	assert_int_equal(s->frames[0].function, 0);
	assert_string_equal(s->frames[0].text, "0xffffffffff000000");
	names__free(n);
}

static void short_stacks(void **state)
{
	const uint64_t addrs[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70, 0, FAKE_SEND_CMD };
	const uint64_t zero[4] = { 0 };
	struct names *n = make();

	(void)state;
	assert_int_equal(names__stack(n, addrs, 0, 0), 0);
	assert_int_equal(names__stack_at(n, names__stack(n, addrs, 1, 0))->depth, 1);
	/* It ends where the addresses do. */
	assert_int_equal(names__stack_at(n, names__stack(n, addrs, 4, 0))->depth, 2);
	names__stack(n, zero, 4, 0);
	names__free(n);
}

static void resolved_once(void **state)
{
	const uint64_t addrs[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70 };
	struct names *n = make();
	uint32_t stack = names__stack(n, addrs, 2, 0);
	uint32_t function = names__function(n, FAKE_SEND_CMD);

	(void)state;
	kernel.calls = 0;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(names__stack(n, addrs, 2, 0), stack);
		assert_int_equal(names__function(n, FAKE_SEND_CMD), function);
	}
	assert_int_equal(kernel.calls, 0);
	names__free(n);
}

/* rmmod and modprobe: the same code elsewhere, and other code where it was. */
static void reloaded(void **state)
{
	static const struct fake_symbol later[] = {
		{ "digital_tg_listen_nfcf", "nfc_digital", 0xffffffffc0801000, 0x90 },
		{ "digital_wq_poll", "nfc_digital", 0xffffffffc0801400, 0x100 },
		{ "usb_probe", "usbcore", FAKE_LISTEN_NFCF, 0x200 },
		{ NULL, NULL, 0, 0 },
	};
	const uint64_t before[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70 };
	const uint64_t after[] = { 0xffffffffc080103b, 0xffffffffc0801470 };
	struct names *n = make();
	uint32_t stack = names__stack(n, before, 2, 0), usb;
	uint32_t listen = names__function(n, before[0]);

	(void)state;
	kernel.symbols = later;
	/* Nobody said so yet: what is known is still believed. */
	assert_int_equal(names__function(n, before[0]), listen);
	names__modules_changed(n);
	assert_int_equal(names__function(n, after[0]), listen);
	assert_int_equal(names__stack(n, after, 2, 0), stack);
	usb = names__function(n, before[0]);
	assert_int_not_equal(usb, listen);
	assert_string_equal(names__text(n, usb), "usb_probe");
	assert_int_not_equal(names__stack(n, before, 2, 0), stack);
	/* What was known stays. */
	assert_string_equal(names__text(n, listen), "digital_tg_listen_nfcf");
	assert_string_equal(names__stack_at(n, stack)->frames[0].text,
			    "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]");
	names__free(n);
}

/* Two ways to the same function are two sites. */
static void stacks_apart(void **state)
{
	const uint64_t one[] = { FAKE_SEND_CMD + 0x10, FAKE_WQ_POLL + 0x10 };
	const uint64_t two[] = { FAKE_SEND_CMD + 0x10, FAKE_WQ_POLL + 0x20 };
	const uint64_t three[] = { FAKE_SEND_CMD + 0x10 };
	struct names *n = make();
	uint32_t a = names__stack(n, one, 2, 0);

	(void)state;
	assert_int_not_equal(names__stack(n, two, 2, 0), a);
	assert_int_not_equal(names__stack(n, three, 1, 0), a);
	assert_int_equal(names__stack(n, one, 2, 0), a);
	names__free(n);
}

static void resolver_fails(void **state)
{
	const uint64_t addrs[] = { FAKE_LISTEN_NFCF + 0x3b, FAKE_WQ_POLL + 0x70 };
	struct names *n = make();
	const struct stack *s;

	(void)state;
	kernel.err = -EIO;
	s = names__stack_at(n, names__stack(n, addrs, 2, 0));
	assert_non_null(s);
	assert_int_equal(s->depth, 2);
	assert_int_equal(s->site, 2);
	assert_string_equal(s->frames[1].text, "0xffffffffc0001470");
	names__free(n);
}

/* As a recording is played: numbers and texts come from elsewhere. */
static void from_elsewhere(void **state)
{
	struct names *n = names__new(NULL, NULL);
	uint32_t f = names__intern(n, "digital_tg_listen_nfcf", "nfc_digital"), first, second;
	char text[] = "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]", other[] = "0xffff";
	const struct stack_frame frames[] = { { 0xffffffffc000103b, f, 0x3b, text },
					      { 0xffff, 0, 0, other } };
	const struct stack *s;

	(void)state;
	assert_int_equal(names__nr_functions(n), 1);
	assert_int_equal(names__nr_stacks(n), 0);
	first = names__add_stack(n, frames, 2, 0);
	second = names__add_stack(n, frames, 1, 7);
	assert_int_equal(first, 1);
	assert_int_equal(second, 2);
	assert_int_equal(names__add_stack(n, frames, 2, 0), first);
	assert_int_equal(names__nr_stacks(n), 2);
	memset(text, 'x', sizeof(text) - 1); /* texts are copied */
	s = names__stack_at(n, first);
	assert_int_equal(s->depth, 2);
	assert_int_equal(s->site, 0);
	assert_int_equal(s->frames[0].function, f);
	assert_int_equal(s->frames[0].offset, 0x3b);
	assert_true(s->frames[1].addr == 0xffff);
	assert_string_equal(s->frames[0].text, "digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]");
	/* A site that is not there is none. */
	assert_int_equal(names__stack_at(n, second)->site, 1);
	assert_int_equal(names__stack_at(n, names__add_stack(n, NULL, 0, 0))->depth, 0);
	names__free(n);
}

static const struct CMUnitTest names[] = {
	TEST("names: every address of a function has its number", functions),
	TEST("names: what would steer a terminal does not come out", printable),
	TEST("names: what is not known is 0, and asked again", unknown),
	TEST("names: without a resolver stacks are addresses", no_resolver),
	TEST("names: gcc's suffixes are stripped", suffixes),
	TEST("names: stacks without end have one", stacks_have_an_end),
	TEST("names: functions of the same name in two modules are two", modules_apart),
	TEST("names: thousands of names", many),
	TEST("names: the site is the innermost function of a traced module", site_of_object),
	TEST("names: allocation wrappers are skipped for the site", wrappers),
	TEST("names: the tracer's own frames are cut off", tracer_frames),
	TEST("names: a stack ends at a hooked return that hides its caller", hooked_returns),
	TEST("names: empty and short stacks", short_stacks),
	TEST("names: an address is resolved once", resolved_once),
	TEST("names: the same text keeps its number when modules have changed", reloaded),
	TEST("names: stacks that differ in one frame are two", stacks_apart),
	TEST("names: a resolver that fails leaves addresses", resolver_fails),
	TEST("names: stacks that come from elsewhere", from_elsewhere),
};

UNIT_MAIN(names)
