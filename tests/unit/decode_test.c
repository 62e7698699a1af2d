// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records of the kernel to events of the ledger: every type, arguments in dirty
 * registers, and whatever else may come out of a ring buffer or a broken file.
 */
#include "unit/unit.h"

#include "trace/decode.h"
#include "unit/fake.h"

#define DIRT 0xdeadbeefcafe0000ULL /* what a register holds above a u16 */

static const struct skb_sizes sizes = { .skb = 232, .overhead = 320, .alignment = 64 };

static struct fake_kernel kernel = { .symbols = fake__nfc };
static struct names *names;

static int setup(void **state)
{
	(void)state;
	names = names__new(fake__resolve, &kernel);
	return !names || names__trace_module(names, "nfc_digital") ||
	       names__wrapper(names, "digital_skb_alloc");
}

static int teardown(void **state)
{
	(void)state;
	names__free(names);
	return 0;
}

static struct nlb_header header(enum nlb_event_type type)
{
	return (struct nlb_header){ .time = 123456789, .type = type, .tid = 41, .cpu = 1 };
}

static enum decoded take(const void *record, size_t size, const struct hook_meaning *meaning,
			 struct event *e)
{
	memset(e, 0xa5, sizeof(*e));
	return decode(record, size, meaning, &sizes, names, e);
}

static struct hook_meaning meaning_of(enum hook_role role, const char *function)
{
	return (struct hook_meaning){ .subsystem = &subsystem_digital,
				      .role = role,
				      .function = names__intern(names, function, "nfc_digital") };
}

static struct nlb_alloc alloc_record(void)
{
	struct nlb_alloc a = { .h = header(NLB_ALLOC),
			       .addr = 0xffff888001234500,
			       .size = 8,
			       .site = FAKE_LISTEN_NFCF + 0x3b,
			       .kind = NLB_KIND_OBJECT,
			       .stack_size = 4 * 8,
			       .comm = "kworker/0:1" };

	a.stack[0] = FAKE_KMALLOC + 0x90;
	a.stack[1] = FAKE_LISTEN_NFCF + 0x3b;
	a.stack[2] = FAKE_WQ_POLL + 0x70;
	a.stack[3] = FAKE_PROCESS_WORK + 0x1e2;
	return a;
}

static void allocation(void **state)
{
	struct nlb_alloc a = alloc_record();
	const struct stack *s;
	struct event e;

	(void)state;
	assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_ALLOC);
	assert_int_equal(e.time, 123456789);
	assert_int_equal(e.tid, 41);
	assert_false(e.irq);
	assert_int_equal(e.alloc.addr, 0xffff888001234500);
	assert_int_equal(e.alloc.size, 8);
	assert_int_equal(e.alloc.kind, EVENT_KIND_OBJECT);
	assert_string_equal(e.alloc.comm, "kworker/0:1");
	assert_string_equal(names__text(names, e.alloc.caller), "digital_tg_listen_nfcf");
	s = names__stack_at(names, e.alloc.stack);
	assert_non_null(s);
	assert_int_equal(s->depth, 3);
	assert_int_equal(s->site, 0);
}

static void allocation_in_interrupt(void **state)
{
	struct nlb_alloc a = alloc_record();
	struct event e;

	(void)state;
	a.h.flags = NLB_F_IRQ;
	memset(a.comm, 'x', sizeof(a.comm)); /* not ended */
	assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
	assert_true(e.irq);
	assert_int_equal(strlen(e.alloc.comm), NLB_COMM_LEN - 1);
	snprintf(a.comm, sizeof(a.comm), "\033]0;x\007\302\233y"); /* a terminal would obey */
	take(&a, sizeof(a), NULL, &e);
	assert_string_equal(e.alloc.comm, "?]0;x???y");
}

/* Whatever it came upon: a task of the same module, another interrupt, anything. */
static void interrupts_have_stacks_of_their_own(void **state)
{
	static const uint64_t begins[] = { FAKE_SOFTIRQS, FAKE_INTERRUPT };
	struct nlb_alloc a = alloc_record();
	struct event e, first;
	uint32_t stacks;

	(void)state;
	a.h.flags = NLB_F_IRQ;
	a.stack_size = 6 * 8;
	for (size_t n = 0; n < ARRAY_SIZE(begins); n++) {
		a.stack[2] = FAKE_RECV_SENSF + 0x20;
		a.stack[3] = begins[n] + 0x10;
		assert_int_equal(take(&a, sizeof(a), NULL, &first), DECODED_EVENT);
		stacks = names__nr_stacks(names);
		for (uint64_t i = 0; i < 0x100; i++) {
			a.stack[4] = FAKE_WQ_POLL + i;
			a.stack[5] = FAKE_PROCESS_WORK + i;
			assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
			assert_int_equal(e.alloc.stack, first.alloc.stack);
		}
		assert_int_equal(names__nr_stacks(names), stacks);
		assert_int_equal(names__stack_at(names, e.alloc.stack)->depth, 3);
		assert_int_equal(names__stack_at(names, e.alloc.stack)->site, 0);
	}
	/* Nothing of the traced modules' in it: not theirs, but that of none. */
	a.site = a.stack[1] = FAKE_ALLOC_SKB + 0x10;
	a.stack[2] = FAKE_INTERRUPT + 0x10;
	a.stack[3] = FAKE_WQ_POLL + 0x70;
	take(&a, sizeof(a), NULL, &e);
	assert_int_equal(names__stack_at(names, e.alloc.stack)->site, 2);
	/* A task's is one to its end. */
	a.h.flags = 0;
	take(&a, sizeof(a), NULL, &e);
	assert_int_equal(names__stack_at(names, e.alloc.stack)->depth, 5);
}

static void stack_sizes(void **state)
{
	static const struct {
		int32_t size;
		size_t depth;
	} cases[] = {
		{ 0, 0 },     { -14, 0 },	{ INT32_MIN, 0 },	    { 7, 0 },
		{ 3 * 8, 2 }, { 3 * 8 + 7, 2 }, { NLB_STACK_DEPTH * 8, 3 }, { INT32_MAX, 3 },
	};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nlb_alloc a = alloc_record();
		const struct stack *s;

		a.stack_size = cases[i].size;
		assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
		s = names__stack_at(names, e.alloc.stack);
		assert_int_equal(s ? s->depth : 0, cases[i].depth);
	}
	/* Full to the last. */
	for (unsigned i = 0; i < 2; i++) {
		struct nlb_alloc a = alloc_record();

		for (unsigned j = 0; j < NLB_STACK_DEPTH; j++)
			a.stack[j] = FAKE_WQ_POLL + j + 1;
		a.site = 0;
		a.stack_size = i ? INT32_MAX : (int32_t)sizeof(a.stack);
		assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
		assert_int_equal(names__stack_at(names, e.alloc.stack)->depth, NLB_STACK_DEPTH);
	}
}

/* A stack that was learnt comes as its number. */
static void stack_known(void **state)
{
	struct nlb_alloc a = alloc_record(), *cut = malloc(NLB_ALLOC_SHORT);
	struct event walked, e;

	(void)state;
	assert_non_null(cut);
	assert_int_equal(take(&a, sizeof(a), NULL, &walked), DECODED_EVENT);
	assert_int_not_equal(walked.alloc.stack, NAME_NONE);
	a.h.flags = NLB_F_KNOWN_STACK | walked.alloc.stack << 8;
	memcpy(cut, &a, NLB_ALLOC_SHORT);
	assert_int_equal(take(cut, NLB_ALLOC_SHORT, NULL, &e), DECODED_EVENT);
	assert_int_equal(e.alloc.stack, walked.alloc.stack);
	assert_int_equal(e.alloc.caller, walked.alloc.caller);
	assert_false(e.alloc.stack_left_out);
	assert_false(e.irq);
	/* A number that nobody has given. */
	cut->h.flags = NLB_F_KNOWN_STACK | 0x123456 << 8;
	assert_int_equal(take(cut, NLB_ALLOC_SHORT, NULL, &e), DECODED_EVENT);
	assert_int_equal(e.alloc.stack, NAME_NONE);
	free(cut);
}

/* A record as it comes when the ring buffer fills up, in memory that ends there. */
static void stack_left_out(void **state)
{
	struct nlb_alloc a = alloc_record(), *cut = malloc(NLB_ALLOC_SHORT);
	struct event e;

	(void)state;
	a.h.flags = NLB_F_NO_STACK;
	assert_non_null(cut);
	/* Whatever it says of its stack. */
	for (int32_t size = -1; size < 9; size++) {
		a.stack_size = size;
		memcpy(cut, &a, NLB_ALLOC_SHORT);
		assert_int_equal(take(cut, NLB_ALLOC_SHORT, NULL, &e), DECODED_EVENT);
		assert_int_equal(e.type, EVENT_ALLOC);
		assert_true(e.alloc.stack_left_out);
		assert_int_equal(e.alloc.stack, 0);
		assert_int_equal(e.alloc.size, 8);
		assert_false(e.irq);
		assert_string_equal(names__text(names, e.alloc.caller), "digital_tg_listen_nfcf");
	}
	/* One that does not say so is broken. */
	cut->h.flags = 0;
	assert_int_equal(take(cut, NLB_ALLOC_SHORT, NULL, &e), DECODED_BROKEN);
	free(cut);
	a = alloc_record();
	assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
	assert_false(e.alloc.stack_left_out);
}

static void skb_sizes(void **state)
{
	/* __alloc_skb() aligns what was asked for and puts skb_shared_info
	 * behind it; a clone or a bare struct has neither.
	 */
	static const struct {
		uint64_t asked, size;
	} cases[] = {
		{ 0, 232 },
		{ 1, 232 + 64 + 320 },
		{ 63, 232 + 64 + 320 },
		{ 64, 232 + 64 + 320 },
		{ 65, 232 + 128 + 320 },
		{ 256, 232 + 256 + 320 },
		{ 1000, 232 + 1024 + 320 },
	};
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nlb_alloc a = alloc_record();

		a.kind = NLB_KIND_SKB;
		a.size = cases[i].asked;
		assert_int_equal(take(&a, sizeof(a), NULL, &e), DECODED_EVENT);
		assert_int_equal(e.alloc.kind, EVENT_KIND_SKB);
		assert_int_equal(e.alloc.size, cases[i].size);
	}
}

static void release(void **state)
{
	struct nlb_free f = { .h = header(NLB_FREE),
			      .addr = 0xffff888001234500,
			      .born = 5,
			      .site = FAKE_WQ_COMPLETE + 0x44 };
	struct event e;

	(void)state;
	assert_int_equal(take(&f, sizeof(f), NULL, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_FREE);
	assert_int_equal(e.free.addr, 0xffff888001234500);
	assert_string_equal(names__text(names, e.free.caller), "digital_wq_cmd_complete");
	assert_false(e.free.healed);
	f.site = 0;
	f.h.flags = NLB_F_HEALED | NLB_F_IRQ;
	assert_int_equal(take(&f, sizeof(f), NULL, &e), DECODED_EVENT);
	assert_int_equal(e.free.caller, NAME_NONE);
	assert_true(e.free.healed);
	assert_true(e.irq);
}

static struct nlb_call call_record(void)
{
	return (struct nlb_call){ .h = header(NLB_CALL), .cookie = 1 };
}

/* digital_send_cmd(ddev, u8 type, skb, params, u16 timeout, cb, cb_context) */
static void submit(void **state)
{
	struct hook_meaning m = meaning_of(HOOK_SUBMIT, "digital_send_cmd");
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	c.args[0] = 0xffff888000000d00;
	c.args[1] = 2;
	c.args[2] = 0xffff888000000e00;
	c.args[3] = 0xffff888000000f00;
	c.args[4] = 300;
	c.args[5] = FAKE_RECV_SENSF;
	c.args[6] = 0xffff888000001000;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_SUBMIT);
	assert_int_equal(e.submit.device, 0xffff888000000d00);
	assert_int_equal(e.submit.command_type, 2);
	assert_int_equal(e.submit.request, 0xffff888000000e00);
	assert_int_equal(e.submit.params, 0xffff888000000f00);
	assert_int_equal(e.submit.timeout_ms, 300);
	assert_string_equal(names__text(names, e.submit.callback), "digital_tg_recv_sensf_req");
	assert_int_equal(e.submit.argument, 0xffff888000001000);
	assert_int_equal(e.submit.function, m.function);
}

/* nci_transceive(nfc_dev, target, skb, cb, cb_context): neither type, params nor timeout. */
static void submit_without_object(void **state)
{
	struct hook_meaning m = { .subsystem = &subsystem_nci, .role = HOOK_SUBMIT, .function = 7 };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	c.args[0] = 0xffff888000000d00;
	c.args[1] = DIRT;
	c.args[2] = 0xffff888000000e00;
	c.args[3] = FAKE_RECV_SENSF;
	c.args[4] = 0xffff888000001000;
	for (size_t i = 5; i < NLB_ARGS; i++)
		c.args[i] = DIRT;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_SUBMIT);
	assert_int_equal(e.submit.device, 0xffff888000000d00);
	assert_int_equal(e.submit.request, 0xffff888000000e00);
	assert_int_equal(e.submit.argument, 0xffff888000001000);
	assert_string_equal(names__text(names, e.submit.callback), "digital_tg_recv_sensf_req");
	assert_int_equal(e.submit.params, 0);
	assert_int_equal(e.submit.command_type, 0);
	assert_int_equal(e.submit.timeout_ms, 3000);
	assert_true(e.submit.anonymous);
}

/* nfc_hci_hcp_message_tx() has nine arguments. */
static void submit_with_nine_arguments(void **state)
{
	struct hook_meaning m = { .subsystem = &subsystem_hci, .role = HOOK_SUBMIT, .function = 7 };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	for (uint64_t i = 0; i < NLB_ARGS; i++)
		c.args[i] = 0xffff888000000000 + i;
	c.args[2] = DIRT | 1;
	c.args[6] = FAKE_RECV_SENSF;
	c.args[8] = 4949;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.submit.device, 0xffff888000000000);
	assert_int_equal(e.submit.command_type, 1);
	assert_string_equal(names__text(names, e.submit.callback), "digital_tg_recv_sensf_req");
	assert_int_equal(e.submit.argument, 0xffff888000000007);
	assert_int_equal(e.submit.timeout_ms, 4949);
	assert_int_equal(e.submit.request, 0);
	assert_false(e.submit.on_stack);

	/* It waits for the answer. */
	c.h.flags = NLB_F_ON_STACK;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_true(e.submit.on_stack);
}

/* Where a function's arguments differ from its table's, its own places count. */
static void own_arguments(void **state)
{
	static const struct arguments own = { .device = 2, .argument = 1, .response = 4 };
	struct hook_meaning m = { .subsystem = &subsystem_digital,
				  .role = HOOK_CALLBACK,
				  .function = 7,
				  .arguments = &own };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	for (uint64_t i = 0; i < NLB_ARGS; i++)
		c.args[i] = i;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.callback.device, 1);
	assert_int_equal(e.callback.argument, 0);
	assert_int_equal(e.callback.response, 3);
}

static void handles(void **state)
{
	static const struct {
		enum hook_role role;
		enum event_type type, at_return;
	} cases[] = {
		{ HOOK_HANDLE, EVENT_HANDLE, EVENT_LEAVE },
		{ HOOK_DISPATCH, EVENT_DISPATCH, EVENT_DISPATCHED },
		{ HOOK_ABORT, EVENT_ABORT, EVENT_ABORTED },
	};
	struct nlb_return r = { .h = header(NLB_RETURN), .cookie = 2, .ret = -1 };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	c.args[0] = 0xffff888000000d00;
	c.args[1] = 0xffff888000000e00;
	c.args[2] = 0xffff888000000f00;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct hook_meaning m = { .subsystem = &subsystem_nci,
					  .role = cases[i].role,
					  .function = 7 };

		assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
		assert_int_equal(e.type, cases[i].type);
		assert_int_equal(e.handle.handle, 0xffff888000000d00);
		assert_int_equal(e.handle.request,
				 cases[i].role == HOOK_HANDLE ? 0xffff888000000f00 : 0);
		assert_int_equal(e.handle.response,
				 cases[i].role == HOOK_DISPATCH ? 0xffff888000000e00 : 0);
		assert_int_equal(take(&r, sizeof(r), &m, &e), DECODED_EVENT);
		assert_int_equal(e.type, cases[i].at_return);
	}
}

static void dirty_registers(void **state)
{
	struct hook_meaning m = meaning_of(HOOK_SUBMIT, "digital_send_cmd");
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	c.args[1] = DIRT | 0xab00 | 3;
	c.args[4] = DIRT | 0xffff;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.submit.command_type, 3);
	assert_int_equal(e.submit.timeout_ms, 65535);
	c.args[1] = DIRT;
	c.args[4] = DIRT;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.submit.command_type, 0);
	assert_int_equal(e.submit.timeout_ms, 0);
}

static void submit_return(void **state)
{
	static const struct {
		int64_t raw, ret;
	} cases[] = {
		{ 0, 0 },
		{ -12, -12 },
		/* An int in the lower half; the upper is whatever it was. */
		{ 0x00000000fffffff4, -12 },
		{ (int64_t)0xdeadbeeffffffff4, -12 },
		{ (int64_t)0xdeadbeef00000000, 0 },
		{ 0x100000005, 5 },
	};
	struct hook_meaning m = meaning_of(HOOK_SUBMIT, "digital_send_cmd");
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct nlb_return r = { .h = header(NLB_RETURN), .cookie = 2, .ret = cases[i].raw };

		assert_int_equal(take(&r, sizeof(r), &m, &e), DECODED_EVENT);
		assert_int_equal(e.type, EVENT_SUBMIT_RETURN);
		assert_true(e.submit_return.ret == cases[i].ret);
	}
}

static void complete_and_callback(void **state)
{
	struct hook_meaning complete = meaning_of(HOOK_COMPLETE, "digital_send_cmd_complete");
	struct hook_meaning callback = meaning_of(HOOK_CALLBACK, "digital_tg_recv_sensf_req");
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	c.args[0] = 0xffff888000000d00;
	c.args[1] = 0xffff888000002000;
	c.args[2] = (uint64_t)-110;
	assert_int_equal(take(&c, sizeof(c), &complete, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_COMPLETE);
	assert_int_equal(e.complete.device, 0xffff888000000d00);
	assert_int_equal(e.complete.command, 0xffff888000002000);
	assert_int_equal(e.complete.response, (uint64_t)-110);
	assert_int_equal(take(&c, sizeof(c), &callback, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_CALLBACK);
	assert_int_equal(e.callback.device, 0xffff888000000d00);
	assert_int_equal(e.callback.argument, 0xffff888000002000);
	assert_int_equal(e.callback.response, (uint64_t)-110);
	assert_int_equal(e.callback.callback, callback.function);
}

static void frames(void **state)
{
	struct hook_meaning m = meaning_of(HOOK_FRAME, "nfc_dep_link_up");
	struct nlb_return r = { .h = header(NLB_RETURN), .cookie = 2, .ret = -1 };
	struct nlb_work w = { .h = header(NLB_WORK_START),
			      .work = 0xffff888000003000,
			      .function = FAKE_WQ_POLL };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_ENTER);
	assert_int_equal(e.frame.function, m.function);
	assert_false(e.frame.outermost);
	assert_int_equal(take(&r, sizeof(r), &m, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_LEAVE);
	assert_int_equal(e.frame.function, m.function);
	assert_int_equal(take(&w, sizeof(w), NULL, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_ENTER);
	assert_true(e.frame.outermost);
	assert_string_equal(names__text(names, e.frame.function), "digital_wq_poll");
	w.h.type = NLB_WORK_END;
	assert_int_equal(take(&w, sizeof(w), NULL, &e), DECODED_EVENT);
	assert_int_equal(e.type, EVENT_LEAVE);
	assert_string_equal(names__text(names, e.frame.function), "digital_wq_poll");
}

/* A subsystem without commands: no argument of it is looked at. */
static void no_arguments(void **state)
{
	struct hook_meaning m = { .subsystem = &subsystem_nfc, .function = 1 };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	memset(c.args, 0xff, sizeof(c.args));
	m.role = HOOK_SUBMIT;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.submit.argument, 0);
	assert_int_equal(e.submit.request, 0);
	assert_int_equal(e.submit.callback, NAME_NONE);
	m.role = HOOK_COMPLETE;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_EVENT);
	assert_int_equal(e.complete.response, 0);
	m.role = (enum hook_role)77;
	assert_int_equal(take(&c, sizeof(c), &m, &e), DECODED_BROKEN);
}

static void others(void **state)
{
	struct nlb_module mod = { .h = header(NLB_MODULE_LOAD), .name = "nfcsim" };
	struct nlb_return r = { .h = header(NLB_RETURN), .cookie = 99 };
	struct nlb_call c = call_record();
	struct event e;

	(void)state;
	assert_int_equal(take(&mod, sizeof(mod), NULL, &e), DECODED_OTHER);
	mod.h.type = NLB_MODULE_FREE;
	assert_int_equal(take(&mod, sizeof(mod), NULL, &e), DECODED_OTHER);
	/* Of a hook that is not known any more. */
	assert_int_equal(take(&c, sizeof(c), NULL, &e), DECODED_OTHER);
	assert_int_equal(take(&r, sizeof(r), NULL, &e), DECODED_OTHER);
}

/* Every record cut at every length, in memory that ends there. */
static void truncated(void **state)
{
	static const size_t whole[] = {
		[NLB_ALLOC] = sizeof(struct nlb_alloc),
		[NLB_FREE] = sizeof(struct nlb_free),
		[NLB_CALL] = sizeof(struct nlb_call),
		[NLB_RETURN] = sizeof(struct nlb_return),
		[NLB_WORK_START] = sizeof(struct nlb_work),
		[NLB_WORK_END] = sizeof(struct nlb_work),
		[NLB_MODULE_LOAD] = sizeof(struct nlb_module),
		[NLB_MODULE_FREE] = sizeof(struct nlb_module),
	};
	struct hook_meaning m = meaning_of(HOOK_SUBMIT, "digital_send_cmd");
	struct event e;

	(void)state;
	for (uint32_t type = 1; type < ARRAY_SIZE(whole); type++) {
		for (size_t size = 0; size <= whole[type]; size++) {
			struct nlb_header h = header((enum nlb_event_type)type);
			void *record = calloc(1, size ? size : 1);

			memcpy(record, &h, size < sizeof(h) ? size : sizeof(h));
			if (size < whole[type])
				assert_int_equal(take(record, size, &m, &e), DECODED_BROKEN);
			else
				assert_int_not_equal(take(record, size, &m, &e), DECODED_BROKEN);
			free(record);
		}
	}
}

static void unknown_types(void **state)
{
	static const uint32_t types[] = { 0, 9, 10, 255, 256, 0x7fffffff, UINT32_MAX };
	unsigned char record[1024] = { 0 };
	struct event e;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		memcpy(record + offsetof(struct nlb_header, type), &types[i], sizeof(types[i]));
		assert_int_equal(take(record, sizeof(record), NULL, &e), DECODED_BROKEN);
	}
}

static void garbage(void **state)
{
	struct hook_meaning meanings[] = {
		meaning_of(HOOK_FRAME, "f"),
		meaning_of(HOOK_SUBMIT, "f"),
		meaning_of(HOOK_COMPLETE, "f"),
		meaning_of(HOOK_CALLBACK, "f"),
	};
	uint64_t seed = 7;
	struct event e;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		size_t size = next_random(&seed) % 400;
		unsigned char *record = malloc(size ? size : 1);
		uint32_t type = next_random(&seed) % 10;

		for (size_t i = 0; i < size; i++)
			record[i] = (unsigned char)next_random(&seed);
		if (size >= sizeof(struct nlb_header))
			memcpy(record + offsetof(struct nlb_header, type), &type, sizeof(type));
		take(record, size, n % 5 ? &meanings[n % 4] : NULL, &e);
		free(record);
	}
}

static const struct CMUnitTest decoding[] = {
	TEST("decode: an allocation", allocation),
	TEST("decode: an allocation in an interrupt, by a task with a long name",
	     allocation_in_interrupt),
	TEST("decode: an interrupt's stack is not its victim's",
	     interrupts_have_stacks_of_their_own),
	TEST("decode: stacks of any size, and an errno instead of one", stack_sizes),
	TEST("decode: a stack that is known", stack_known),
	TEST("decode: an allocation whose stack was left out", stack_left_out),
	TEST("decode: sizes of skbs", skb_sizes),
	TEST("decode: a free, and one that was healed", release),
	TEST("decode: a submitted command", submit),
	TEST("decode: a submitted command that has no object", submit_without_object),
	TEST("decode: a submitted command with nine arguments", submit_with_nine_arguments),
	TEST("decode: a function whose arguments are its own", own_arguments),
	TEST("decode: handles", handles),
	TEST("decode: u8 and u16 arguments in dirty registers", dirty_registers),
	TEST("decode: a return value is an int", submit_return),
	TEST("decode: completion and callback", complete_and_callback),
	TEST("decode: frames of functions and of work items", frames),
	TEST("decode: arguments that a subsystem does not have", no_arguments),
	TEST("decode: modules and unknown hooks are not the ledger's", others),
	TEST("decode: records cut at every length", truncated),
	TEST("decode: unknown types", unknown_types),
	TEST("decode: garbage", garbage),
};

UNIT_MAIN_IN(decoding, setup, teardown)
