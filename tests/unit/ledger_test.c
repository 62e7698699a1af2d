// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger's rules one by one, in the smallest story that shows each, and its
 * interface where the story is told wrongly: events out of order, of nothing,
 * twice, never ended.  Whole stories are in tests/replay.
 */
#include "unit/unit.h"

#include "replay/player.h"
#include "trace/decode.h"

#define MS 1000000ULL

enum {
	WORKER = 41,
	OTHER = 42,
	DEVICE = 0xd0000,
	DEVICE2 = 0xd1000,
	ARG = 0xa0000,
	ARG2 = 0xa1000,
	REQ = 0xb0000,
	RESP = 0xb1000,
	PARAMS = 0xa2000,
	CMD = 0xc0000,
	CMD2 = 0xc1000,
	TIMEOUT = 300,
};

#define ETIMEDOUT_PTR ((uint64_t)-110)

static struct player p;
static struct names *names;

static int setup(void **state)
{
	(void)state;
	p = (struct player){ 0 };
	names = names__new(NULL, NULL);
	return !names || player__start(&p, names, PLAYER_GRACE_NS, PLAYER_MIN_AGE_NS);
}

static int teardown(void **state)
{
	(void)state;
	player__stop(&p);
	names__free(names);
	return 0;
}

static const struct ledger_stats *stats(void)
{
	return ledger__stats(p.ledger);
}

static uint32_t fn(const char *name)
{
	return names__intern(names, name, "nfc_digital");
}

static int event(const struct event *e)
{
	return player__event(&p, e, PASS_SEEN);
}

static void wait_ms(uint64_t ms)
{
	player__advance(&p, p.now + ms * MS);
}

static void enter(uint32_t tid, const char *function)
{
	event(&(struct event){ .type = EVENT_ENTER,
			       .tid = tid,
			       .frame = { .function = fn(function), .outermost = true } });
}

static void leave(uint32_t tid, const char *function)
{
	event(&(struct event){
		.type = EVENT_LEAVE, .tid = tid, .frame = { .function = fn(function) } });
}

static void allocate(uint32_t tid, uint64_t addr, uint64_t size, enum event_kind kind,
		     const char *caller)
{
	event(&(struct event){ .type = EVENT_ALLOC,
			       .tid = tid,
			       .alloc = { .addr = addr,
					  .size = size,
					  .kind = kind,
					  .caller = fn(caller),
					  .comm = "kworker/0:1" } });
}

static void object(uint32_t tid, uint64_t addr, uint64_t size, const char *caller)
{
	allocate(tid, addr, size, EVENT_KIND_OBJECT, caller);
}

static void skb(uint32_t tid, uint64_t addr, const char *caller)
{
	allocate(tid, addr, 904, EVENT_KIND_SKB, caller);
}

static void release(uint32_t tid, uint64_t addr, const char *caller)
{
	event(&(struct event){
		.type = EVENT_FREE, .tid = tid, .free = { .addr = addr, .caller = fn(caller) } });
}

static void submit(uint32_t tid, uint64_t device, uint64_t argument, uint64_t request,
		   uint64_t params, const char *callback)
{
	event(&(struct event){ .type = EVENT_SUBMIT,
			       .tid = tid,
			       .submit = { .device = device,
					   .argument = argument,
					   .request = request,
					   .params = params,
					   .callback = fn(callback),
					   .function = fn("digital_send_cmd"),
					   .timeout_ms = TIMEOUT,
					   .command_type = 2 } });
}

static void submit_returns(uint32_t tid, int64_t ret)
{
	event(&(struct event){
		.type = EVENT_SUBMIT_RETURN, .tid = tid, .submit_return = { .ret = ret } });
}

/* The whole of a submitting call that succeeds. */
static void queue(uint32_t tid, uint64_t device, uint64_t argument, uint64_t request,
		  const char *callback, uint64_t command)
{
	submit(tid, device, argument, request, 0, callback);
	object(tid, command, 80, "digital_send_cmd");
	submit_returns(tid, 0);
}

static void complete(uint64_t device, uint64_t command, uint64_t response)
{
	event(&(struct event){
		.type = EVENT_COMPLETE,
		.tid = 7,
		.complete = { .device = device, .command = command, .response = response } });
}

static void callback(uint32_t tid, uint64_t device, uint64_t argument, uint64_t response,
		     const char *function)
{
	event(&(struct event){ .type = EVENT_CALLBACK,
			       .tid = tid,
			       .callback = { .device = device,
					     .argument = argument,
					     .response = response,
					     .callback = fn(function) } });
}

/* The usual beginning: an argument made and submitted by one frame. */
static void listen(void)
{
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
	leave(WORKER, "digital_wq_poll");
}

/* Its callback runs and does nothing about it. */
static void ignore_argument(void)
{
	enter(WORKER, "digital_wq_cmd_complete");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	leave(WORKER, "digital_wq_cmd_complete");
}

static const struct allocation *finding(uint64_t addr)
{
	const struct allocation *a = player__finding(&p, addr);

	if (!a)
		fail_msg("no finding at %llx", (unsigned long long)addr);
	return a;
}

static void nothing_said(void)
{
	assert_int_equal(p.leaks, 0);
	assert_int_equal(p.updates, 0);
	assert_int_equal(p.retractions, 0);
	assert_int_equal(player__nr_findings(&p), 0);
}

/* ---- the rules ---- */

static void reference_case(void **state)
{
	const struct allocation *a;

	(void)state;
	listen();
	wait_ms(300);
	ignore_argument();
	wait_ms(900);
	nothing_said();
	wait_ms(1000);
	a = finding(ARG);
	assert_int_equal(a->rule, RULE_CALLBACK_KEPT);
	assert_int_equal(a->certainty, CERTAINTY_PROBABLE);
	assert_int_equal(a->kind, KIND_USER_ARGUMENT);
	assert_int_equal(a->size, 8);
	assert_int_equal(a->tid, WORKER);
	assert_string_equal(a->comm, "kworker/0:1");
	assert_int_equal(a->carrier.callback, fn("digital_tg_recv_sensf_req"));
	assert_int_equal(a->carrier.device, DEVICE);
	assert_int_equal(a->carrier.type, 2);
	assert_int_equal(a->degraded, 0);
	assert_int_equal(p.leaks, 1);
	wait_ms(20000);
	assert_int_equal(p.leaks, 1);
	assert_int_equal(stats()->findings[CERTAINTY_PROBABLE], 1);
	assert_int_equal(stats()->outstanding, 1);
	assert_int_equal(stats()->outstanding_bytes, 8);
}

static void passed_on(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_cmd_complete");
	object(WORKER, ARG, 192, "digital_in_recv_sens_res");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_recv_sdd_res", CMD);
	leave(WORKER, "digital_wq_cmd_complete");
	wait_ms(3000);
	enter(WORKER, "digital_wq_cmd_complete");
	callback(WORKER, DEVICE, ARG, 0, "digital_in_recv_sdd_res");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_recv_sel_res", CMD2);
	release(WORKER, CMD, "digital_wq_cmd_complete");
	leave(WORKER, "digital_wq_cmd_complete");
	wait_ms(3000);
	nothing_said();
	enter(WORKER, "digital_wq_cmd_complete");
	callback(WORKER, DEVICE, ARG, 0, "digital_in_recv_sel_res");
	release(WORKER, ARG, "digital_in_recv_sel_res");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	leave(WORKER, "digital_wq_cmd_complete");
	wait_ms(10000);
	nothing_said();
	assert_int_equal(stats()->callbacks, 2);
	assert_int_equal(stats()->outstanding, 0);
}

static void borrowed(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 192, "nfc_targets_found");
	leave(WORKER, "digital_wq_poll");
	wait_ms(100);
	enter(OTHER, "nfc_dep_link_up");
	queue(OTHER, DEVICE, ARG, 0, "digital_in_recv_atr_res", CMD);
	leave(OTHER, "nfc_dep_link_up");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_in_recv_atr_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(20000);
	nothing_said();
}

/* The same task, but an earlier frame of it. */
static void borrowed_from_earlier_frame(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 192, "digital_in_send_sens_req");
	leave(WORKER, "digital_wq_poll");
	enter(WORKER, "digital_wq_poll");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_recv_sens_res", CMD);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_in_recv_sens_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(20000);
	nothing_said();
}

static void interior_pointer(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 384, "digital_in_send_sens_req");
	queue(WORKER, DEVICE, ARG + 192, 0, "digital_in_recv_sens_res", CMD);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG + 192, ETIMEDOUT_PTR, "digital_in_recv_sens_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(20000);
	nothing_said();
	assert_int_equal(stats()->callbacks_unmatched, 0);
}

static void no_response(void **state)
{
	static const uint64_t none[] = { 0, ETIMEDOUT_PTR, (uint64_t)-1, (uint64_t)-4095 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		queue(WORKER, DEVICE, 0, 0, "digital_in_recv_sens_res", CMD);
		complete(DEVICE, CMD, none[i]);
		callback(WORKER, DEVICE, 0, none[i], "digital_in_recv_sens_res");
		release(WORKER, CMD, "digital_wq_cmd_complete");
	}
	wait_ms(20000);
	nothing_said();
	assert_int_equal(stats()->callbacks, ARRAY_SIZE(none));
	assert_int_equal(stats()->outstanding, 0);
}

static void respond(bool free_it)
{
	queue(WORKER, DEVICE, 0, 0, "digital_in_recv_dep_res", CMD);
	skb(7, RESP, "driver_receive");
	complete(DEVICE, CMD, RESP);
	callback(WORKER, DEVICE, 0, RESP, "digital_in_recv_dep_res");
	if (free_it)
		release(WORKER, RESP, "digital_in_recv_dep_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
}

static void response_freed(void **state)
{
	(void)state;
	respond(true);
	wait_ms(20000);
	nothing_said();
}

static void response_in_use(void **state)
{
	(void)state;
	player__set_glance(&p, RESP, VERDICT_REFERENCED);
	respond(false);
	wait_ms(60000);
	nothing_said();
	release(WORKER, RESP, "llcp_sock_recvmsg");
	wait_ms(60000);
	nothing_said();
	assert_int_equal(stats()->cleared, 1);
}

static void response_kept(void **state)
{
	(void)state;
	respond(false);
	wait_ms(2000);
	assert_int_equal(finding(RESP)->rule, RULE_CALLBACK_KEPT);
	assert_int_equal(finding(RESP)->kind, KIND_RESPONSE);
	assert_int_equal(finding(RESP)->carrier.callback, fn("digital_in_recv_dep_res"));
	assert_int_equal(p.leaks, 1);
}

/* Known from the callback alone, when the completion was not seen. */
static void response_of_callback_alone(void **state)
{
	(void)state;
	queue(WORKER, DEVICE, 0, 0, "digital_in_recv_dep_res", CMD);
	skb(7, RESP, "driver_receive");
	callback(WORKER, DEVICE, 0, RESP, "digital_in_recv_dep_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(2000);
	assert_int_equal(finding(RESP)->kind, KIND_RESPONSE);
}

/* What the driver hands back first is the response. */
static void completed_twice(void **state)
{
	(void)state;
	queue(WORKER, DEVICE, 0, 0, "digital_in_recv_dep_res", CMD);
	skb(7, RESP, "driver_receive");
	skb(7, REQ, "driver_receive");
	complete(DEVICE, CMD, RESP);
	complete(DEVICE, CMD, RESP);
	complete(DEVICE, CMD, REQ);
	assert_int_equal(ledger__find(p.ledger, RESP)->carriers, 1);
	assert_int_equal(ledger__find(p.ledger, REQ)->carriers, 0);
	callback(WORKER, DEVICE, 0, RESP, "digital_in_recv_dep_res");
	assert_int_equal(ledger__find(p.ledger, RESP)->carriers, 1);
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(2000);
	assert_int_equal(finding(RESP)->kind, KIND_RESPONSE);
	assert_int_equal(p.leaks, 1);
}

static void request_becomes_response(void **state)
{
	(void)state;
	queue(WORKER, DEVICE2, 0, 0, "digital_tg_recv_dep_req", CMD2);
	enter(OTHER, "nfc_llcp_tx_work");
	skb(OTHER, REQ, "digital_in_send_dep_req");
	queue(OTHER, DEVICE, 0, REQ, "digital_in_recv_dep_res", CMD);
	leave(OTHER, "nfc_llcp_tx_work");
	complete(DEVICE2, CMD2, REQ);
	callback(WORKER, DEVICE2, 0, REQ, "digital_tg_recv_dep_req");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(500);
	callback(WORKER, DEVICE, 0, ETIMEDOUT_PTR, "digital_in_recv_dep_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(10000);
	/* The receiver's callback had it last. */
	assert_int_equal(finding(REQ)->rule, RULE_CALLBACK_KEPT);
	assert_int_equal(finding(REQ)->kind, KIND_RESPONSE);
	assert_int_equal(finding(REQ)->carrier.callback, fn("digital_tg_recv_dep_req"));
	assert_int_equal(finding(REQ)->carrier.device, DEVICE2);
}

static void dropped(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	skb(WORKER, REQ, "digital_tg_send_sensf_res");
	object(WORKER, PARAMS, 16, "digital_tg_listen_mdaa");
	submit(WORKER, DEVICE, ARG, REQ, PARAMS, "digital_tg_recv_atr_req");
	object(WORKER, CMD, 80, "digital_send_cmd");
	submit_returns(WORKER, 0);
	leave(WORKER, "digital_wq_poll");
	release(OTHER, CMD, "digital_flush");
	wait_ms(2000);
	assert_int_equal(finding(ARG)->rule, RULE_COMMAND_DROPPED);
	assert_int_equal(finding(REQ)->kind, KIND_REQUEST);
	assert_int_equal(finding(PARAMS)->kind, KIND_PARAMS);
	assert_int_equal(p.leaks, 3);
	assert_int_equal(stats()->dropped, 1);
	assert_int_equal(stats()->callbacks, 0);
}

static void failed(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	skb(WORKER, REQ, "digital_tg_send_sensf_res");
	submit(WORKER, DEVICE, ARG, REQ, 0, "digital_tg_recv_atr_req");
	submit_returns(WORKER, -12);
	release(WORKER, ARG, "digital_tg_listen_nfcf");
	leave(WORKER, "digital_wq_poll");
	wait_ms(2000);
	assert_int_equal(finding(REQ)->rule, RULE_SUBMIT_FAILED);
	assert_int_equal(p.leaks, 1);
	assert_int_equal(stats()->commands_live, 0);
}

/* It failed after the command had been allocated, and freed that one. */
static void failed_late(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_atr_req");
	object(WORKER, CMD, 80, "digital_send_cmd");
	release(WORKER, CMD, "digital_send_cmd");
	submit_returns(WORKER, -5);
	release(WORKER, ARG, "digital_tg_listen_nfcf");
	leave(WORKER, "digital_wq_poll");
	wait_ms(10000);
	nothing_said();
	assert_int_equal(stats()->commands_live, 0);
	assert_int_equal(stats()->missed_hooks, 0);
}

static void nested_callbacks(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_md");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_atr_or_sensf_req", CMD);
	queue(WORKER, DEVICE2, 0, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_atr_or_sensf_req");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(2000);
	assert_int_equal(finding(ARG)->carrier.callback, fn("digital_tg_recv_atr_or_sensf_req"));
	assert_int_equal(stats()->callbacks_unmatched, 0);
	assert_int_equal(stats()->callbacks, 1);
	assert_int_equal(stats()->commands_live, 1);
}

/* Of two callbacks that call each other only the inner one is hooked. */
static void inner_callback_alone(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_md");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_atr_or_sensf_req", CMD);
	leave(WORKER, "digital_wq_poll");
	complete(DEVICE, CMD, ETIMEDOUT_PTR);
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	assert_int_equal(stats()->callbacks_unmatched, 0);
	wait_ms(2000);
	assert_int_equal(finding(ARG)->carrier.callback, fn("digital_tg_recv_atr_or_sensf_req"));
}

static void callback_hook_missing(void **state)
{
	(void)state;
	listen();
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(2000);
	assert_int_equal(finding(ARG)->rule, RULE_CALLBACK_KEPT);
	assert_int_equal(stats()->callbacks, 1);
	assert_int_equal(stats()->dropped, 0);
}

static void interrupt_on_top(void **state)
{
	struct event e = { .type = EVENT_ALLOC, .tid = WORKER, .irq = true };

	(void)state;
	enter(WORKER, "digital_wq_poll");
	/* Frames of an interrupt are none of the task's. */
	event(&(struct event){ .type = EVENT_ENTER,
			       .tid = WORKER,
			       .irq = true,
			       .frame = { .function = fn("driver_irq") } });
	e.alloc.addr = ARG;
	e.alloc.size = 8;
	e.alloc.caller = fn("driver_irq");
	event(&e);
	event(&(struct event){ .type = EVENT_LEAVE,
			       .tid = WORKER,
			       .irq = true,
			       .frame = { .function = fn("digital_wq_poll") } });
	/* The task's frame is still open: what it allocates is its own. */
	object(WORKER, ARG2, 8, "digital_tg_listen_nfcf");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
	queue(WORKER, DEVICE2, ARG2, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	callback(WORKER, DEVICE2, ARG2, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(3000);
	finding(ARG2);
	assert_null(player__finding(&p, ARG));
	assert_int_equal(p.leaks, 1);
}

/* An allocation in the submitting function, but of an interrupt: not the command. */
static void interrupt_in_submit(void **state)
{
	struct event e = { .type = EVENT_ALLOC, .tid = WORKER, .irq = true };

	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_sensf_req");
	e.alloc.addr = 0xe0000;
	e.alloc.size = 32;
	e.alloc.caller = fn("driver_irq");
	event(&e);
	object(WORKER, CMD, 80, "digital_send_cmd");
	submit_returns(WORKER, 0);
	leave(WORKER, "digital_wq_poll");
	ignore_argument();
	wait_ms(2000);
	finding(ARG);
	assert_int_equal(stats()->missed_hooks, 0);
}

/* ---- second thoughts ---- */

static void retracted(void **state)
{
	(void)state;
	listen();
	ignore_argument();
	wait_ms(2000);
	finding(ARG);
	release(WORKER, ARG, "digital_late");
	assert_int_equal(p.retractions, 1);
	assert_int_equal(player__nr_findings(&p), 0);
	assert_int_equal(stats()->retracted, 1);
	assert_int_equal(stats()->findings[CERTAINTY_PROBABLE], 0);
	assert_int_equal(player__said(&p, ARG)->last.addr, ARG);
	assert_int_equal(player__said(&p, ARG)->last.rule, RULE_CALLBACK_KEPT);
	wait_ms(20000);
	assert_int_equal(p.leaks, 1);
}

static void cleared_in_time(void **state)
{
	(void)state;
	listen();
	ignore_argument();
	wait_ms(900);
	release(WORKER, ARG, "digital_later");
	wait_ms(20000);
	nothing_said();
	assert_int_equal(stats()->suspects, 1);
	assert_int_equal(stats()->cleared, 1);
}

static void definite(void **state)
{
	(void)state;
	p.searches = true;
	p.search_default = VERDICT_UNREFERENCED;
	listen();
	ignore_argument();
	wait_ms(3000);
	assert_int_equal(finding(ARG)->certainty, CERTAINTY_PROBABLE);
	assert_int_equal(p.updates, 0);
	wait_ms(6000);
	assert_int_equal(finding(ARG)->certainty, CERTAINTY_DEFINITE);
	assert_int_equal(p.updates, 1);
	assert_int_equal(p.was, CERTAINTY_PROBABLE);
	assert_int_equal(stats()->findings[CERTAINTY_DEFINITE], 1);
	assert_int_equal(stats()->findings[CERTAINTY_PROBABLE], 0);
	wait_ms(60000);
	assert_int_equal(p.updates, 1);
	assert_int_equal(p.leaks, 1);
}

static void two_looks_apart(void **state)
{
	const struct allocation *a;

	(void)state;
	listen();
	ignore_argument();
	wait_ms(2000);
	a = finding(ARG);
	/* Searches a moment apart are one look. */
	for (unsigned i = 0; i < 20; i++) {
		ledger__searched(p.ledger, ARG, a->id, VERDICT_UNREFERENCED, 1, p.now, p.now);
		wait_ms(100);
	}
	assert_int_equal(finding(ARG)->certainty, CERTAINTY_PROBABLE);
	wait_ms(5000);
	ledger__searched(p.ledger, ARG, a->id, VERDICT_UNREFERENCED, 1, p.now, p.now);
	assert_int_equal(finding(ARG)->certainty, CERTAINTY_DEFINITE);
}

static void search_of_another(void **state)
{
	const struct allocation *a;
	uint64_t long_ago;

	(void)state;
	long_ago = p.now;
	listen();
	ignore_argument();
	wait_ms(2000);
	a = finding(ARG);
	/* Another allocation had this address, or the search began too early. */
	ledger__searched(p.ledger, ARG, a->id + 1, VERDICT_REFERENCED, 1, p.now, p.now);
	ledger__searched(p.ledger, ARG + 1, a->id, VERDICT_REFERENCED, 1, p.now, p.now);
	ledger__searched(p.ledger, ARG, a->id, VERDICT_REFERENCED, 1, long_ago, p.now);
	ledger__searched(p.ledger, 0, 0, VERDICT_FREE, 1, p.now, p.now);
	finding(ARG);
	assert_int_equal(p.updates, 0);
	assert_int_equal(stats()->outstanding, 1);
}

/* Lets time pass until it has that certainty, or two minutes at most. */
static void wait_for(uint64_t addr, enum certainty certainty)
{
	for (unsigned i = 0; i < 1200; i++) {
		const struct allocation *a = ledger__find(p.ledger, addr);

		if (a && a->looks && a->certainty == certainty)
			return;
		wait_ms(100);
	}
	fail_msg("never became %s", certainty__name(certainty));
}

static void referenced_then_not(void **state)
{
	(void)state;
	p.searches = true;
	p.search_default = VERDICT_REFERENCED;
	listen();
	ignore_argument();
	wait_for(ARG, CERTAINTY_PROBABLE);
	wait_for(ARG, CERTAINTY_POSSIBLE);
	assert_int_equal(p.leaks, 1);
	assert_int_equal(p.updates, 1);
	assert_int_equal(p.was, CERTAINTY_PROBABLE);
	assert_int_equal(player__nr_findings(&p), 0);
	assert_int_equal(stats()->findings[CERTAINTY_POSSIBLE], 1);
	assert_int_equal(stats()->findings[CERTAINTY_PROBABLE], 0);
	p.search_default = VERDICT_UNREFERENCED;
	wait_for(ARG, CERTAINTY_DEFINITE);
	assert_int_equal(p.leaks, 1);
	assert_int_equal(stats()->findings[CERTAINTY_POSSIBLE], 0);
	assert_int_equal(stats()->findings[CERTAINTY_DEFINITE], 1);
}

/* ---- losses ---- */

static void lost_submit(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	object(WORKER, CMD, 80, "digital_send_cmd");
	submit_returns(WORKER, 0);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, ARG, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(10000);
	nothing_said();
	assert_int_equal(stats()->missed_hooks, 1);
	assert_int_equal(stats()->callbacks_unmatched, 1);
}

static void lost_return(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_sensf_req");
	object(WORKER, CMD, 80, "digital_send_cmd");
	/* no return */
	queue(WORKER, DEVICE2, 0, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	assert_int_equal(stats()->missed_hooks, 1);
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_MISSED_HOOKS);
}

/* Nor its command: the call had failed, and the hook on its return did not run. */
static void lost_return_and_command(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_sensf_req");
	/* Nothing of it is seen any more. */
	leave(WORKER, "digital_wq_poll");
	wait_ms(100);
	enter(WORKER, "digital_wq_poll");
	queue(WORKER, DEVICE2, 0, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	/* It is not in flight for ever, and its argument is not carried for ever. */
	assert_int_equal(stats()->commands, 2);
	assert_int_equal(stats()->commands_live, 1);
	assert_int_equal(stats()->commands_lost, 1);
	assert_int_equal(ledger__find(p.ledger, ARG)->carriers, 0);
	assert_int_equal(stats()->missed_hooks, 1);
	wait_ms(5000);
	nothing_said();
}

/* A kworker begins a work item with nothing on its stack. */
static void lost_exit(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	/* no exit */
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG2, 8, "digital_tg_listen_nfcf");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
	queue(WORKER, DEVICE2, ARG2, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	assert_int_equal(stats()->missed_hooks, 1);
	ignore_argument();
	callback(WORKER, DEVICE2, ARG2, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(3000);
	/* The first is of an earlier frame, so it may be borrowed. */
	assert_null(player__finding(&p, ARG));
	finding(ARG2);
	assert_int_equal(p.leaks, 1);
}

static void reuse_heals(void **state)
{
	(void)state;
	listen();
	ignore_argument();
	player__event(&p, &(struct event){ .type = EVENT_FREE, .free = { .addr = ARG } },
		      PASS_UNSEEN);
	wait_ms(500);
	object(OTHER, ARG, 8, "digital_other");
	wait_ms(10000);
	nothing_said();
	assert_int_equal(stats()->missed_frees_healed, 1);
	assert_int_equal(stats()->cleared, 1);
	assert_int_equal(ledger__find(p.ledger, ARG)->caller, fn("digital_other"));
	/* Without even the note that the kernel sends. */
	wait_ms(1);
	ledger__event(p.ledger, &(struct event){ .type = EVENT_ALLOC,
						 .time = p.now,
						 .alloc = { .addr = ARG, .size = 16 } });
	assert_int_equal(stats()->missed_frees_healed, 2);
	assert_int_equal(stats()->outstanding, 1);
	assert_int_equal(stats()->outstanding_bytes, 16);
}

static void feed(const void *record, size_t size)
{
	static const struct skb_sizes sizes = { .skb = 232, .overhead = 320, .alignment = 64 };
	struct event e;

	assert_int_equal(decode(record, size, NULL, &sizes, names, &e), DECODED_EVENT);
	assert_int_equal(ledger__event(p.ledger, &e), 0);
}

/*
 * The kernel finds out about a missed free when the address is handed out
 * again.  Whichever of the two records comes first, it is the first life that
 * has ended.
 */
static void healed_in_any_order(void **state)
{
	struct nlb_alloc first = { .h = { .time = 100, .type = NLB_ALLOC },
				   .addr = ARG,
				   .size = 8 };
	struct nlb_alloc second = { .h = { .time = 200, .type = NLB_ALLOC },
				    .addr = ARG,
				    .size = 8 };
	struct nlb_free healed = { .h = { .time = 201, .type = NLB_FREE, .flags = NLB_F_HEALED },
				   .addr = ARG,
				   .born = 100 };

	(void)state;
	for (unsigned order_of = 0; order_of < 2; order_of++) {
		uint64_t before = stats()->missed_frees_healed;

		feed(&first, sizeof(first));
		if (order_of)
			feed(&second, sizeof(second));
		feed(&healed, sizeof(healed));
		if (!order_of)
			feed(&second, sizeof(second));
		assert_non_null(ledger__find(p.ledger, ARG));
		assert_int_equal(ledger__find(p.ledger, ARG)->born, 200);
		assert_int_equal(stats()->outstanding, 1);
		assert_int_equal(stats()->missed_frees_healed, before + 1);
		ledger__event(p.ledger, &(struct event){ .type = EVENT_FREE, .free.addr = ARG });
	}
}

static void reuse_of_command(void **state)
{
	(void)state;
	listen();
	wait_ms(10);
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG2, 8, "digital_tg_listen_nfcf");
	queue(WORKER, DEVICE, ARG2, 0, "digital_tg_recv_sensf_req", CMD); /* CMD again */
	leave(WORKER, "digital_wq_poll");
	assert_int_equal(stats()->missed_frees_healed, 1);
	assert_int_equal(stats()->commands_live, 1);
	callback(WORKER, DEVICE, ARG2, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(2000);
	finding(ARG2);
	assert_int_equal(p.leaks, 1);
	assert_int_equal(stats()->commands_live, 0);
}

static void old_address_new_object(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 16, "digital_in_send");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_send_complete", CMD);
	leave(WORKER, "digital_wq_poll");
	enter(WORKER, "digital_wq_cmd_complete");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_in_send_complete");
	release(WORKER, ARG, "digital_in_send_complete");
	object(WORKER, ARG, 16, "digital_in_send");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_send_complete", CMD2);
	release(WORKER, CMD, "digital_wq_cmd_complete");
	leave(WORKER, "digital_wq_cmd_complete");
	/* In flight with the second command; the first had another object there. */
	assert_int_equal(ledger__find(p.ledger, ARG)->carriers, 1);
	wait_ms(5000);
	nothing_said();
}

static void resync_drops_and_adds(void **state)
{
	struct live live[] = {
		{ .addr = ARG2, .born = 0, .size = 32 }, /* born is filled in */
		{ .addr = 0xe0000, .born = 77, .size = 904, .skb = true, .comm = "neard" },
		{ .addr = PARAMS, .born = 99, .size = 16 }, /* another life of that address */
	};
	const struct allocation *a;

	(void)state;
	listen();
	object(WORKER, ARG2, 32, "digital_x");
	object(WORKER, PARAMS, 8, "digital_x");
	live[0].born = p.now;
	wait_ms(50);
	object(WORKER, REQ, 8, "digital_young");
	/* The book was read before REQ was born: it must stay. */
	assert_int_equal(ledger__resync(p.ledger, live, ARRAY_SIZE(live), p.now), 0);
	assert_null(ledger__find(p.ledger, ARG));
	assert_null(ledger__find(p.ledger, CMD));
	assert_non_null(ledger__find(p.ledger, ARG2));
	assert_non_null(ledger__find(p.ledger, REQ));
	a = ledger__find(p.ledger, 0xe0000);
	assert_non_null(a);
	assert_true(a->skb);
	assert_int_equal(a->kind, KIND_SKB);
	assert_int_equal(a->born, 77);
	assert_string_equal(a->comm, "neard");
	assert_int_equal(ledger__find(p.ledger, PARAMS)->size, 16);
	assert_int_equal(stats()->outstanding, 4);
	assert_int_equal(stats()->commands_live, 0);
	assert_int_equal(stats()->resyncs, 1);
	nothing_said();
	/* An empty book. */
	wait_ms(50);
	assert_int_equal(ledger__resync(p.ledger, NULL, 0, p.now), 0);
	assert_int_equal(stats()->outstanding, 0);
	assert_int_equal(stats()->outstanding_bytes, 0);
}

/* The event of what the book showed already comes after it. */
static void resync_then_event(void **state)
{
	struct event e = { .type = EVENT_ALLOC, .time = 5, .tid = WORKER };
	struct live live = { .addr = ARG, .born = 5, .size = 8 };

	(void)state;
	e.alloc.addr = ARG;
	e.alloc.size = 8;
	e.alloc.stack = 3;
	assert_int_equal(ledger__resync(p.ledger, &live, 1, 10), 0);
	assert_int_equal(ledger__event(p.ledger, &e), 0);
	assert_int_equal(stats()->allocations, 1);
	assert_int_equal(stats()->missed_frees_healed, 0);
	assert_int_equal(ledger__find(p.ledger, ARG)->stack, 3);
}

static void resync_keeps_findings(void **state)
{
	struct live live = { .addr = ARG, .size = 8 };

	(void)state;
	live.born = p.now;
	listen();
	ignore_argument();
	wait_ms(2000);
	finding(ARG);
	assert_int_equal(ledger__resync(p.ledger, &live, 1, p.now), 0);
	finding(ARG);
	assert_int_equal(p.retractions, 0);
	wait_ms(100);
	assert_int_equal(ledger__resync(p.ledger, NULL, 0, p.now), 0);
	assert_int_equal(p.retractions, 1);
	assert_int_equal(player__nr_findings(&p), 0);
}

/* What lived through a loss may be used by something that was lost: search first. */
static void cut_by_a_loss(void **state)
{
	struct live live = { .addr = ARG, .size = 8 };

	(void)state;
	live.born = p.now;
	listen();
	wait_ms(10);
	assert_int_equal(ledger__resync(p.ledger, &live, 1, p.now), 0);
	enter(WORKER, "digital_wq_poll");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD2);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(5000);
	nothing_said();
	p.searches = true;
	p.search_default = VERDICT_UNREFERENCED;
	wait_for(ARG, CERTAINTY_DEFINITE);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_LOST_EVENTS);
}

static void degraded_from_then_on(void **state)
{
	(void)state;
	ledger__missed(p.ledger, 3);
	listen();
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_MISSED_HOOKS);
	assert_int_equal(stats()->missed_hooks, 3);
	assert_int_equal(ledger__resync(p.ledger, NULL, 0, p.now + 1), 0);
	listen();
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_MISSED_HOOKS | DEGRADED_LOST_EVENTS);
}

static void degraded_by_a_missing_hook(void **state)
{
	(void)state;
	listen();
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, 0);
	ledger__blind(p.ledger, BLIND_SOMEWHERE);
	assert_int_equal(finding(ARG)->degraded, 0);
	listen();
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_NO_HOOK);
	assert_int_equal(stats()->missed_hooks, 0);
	assert_false(finding(ARG)->end_unseen);
}

/* Those that lived before it went missing, and those that only the book tells of. */
static void skbs_that_end_unseen(void **state)
{
	const struct live live[] = {
		{ .addr = REQ, .born = p.now, .size = 100, .skb = true },
		{ .addr = ARG, .born = p.now, .size = 8 },
	};

	(void)state;
	skb(WORKER, RESP, "digital_in_send_sens_req");
	assert_false(ledger__find(p.ledger, RESP)->end_unseen);
	ledger__blind(p.ledger, BLIND_SOMEWHERE | BLIND_SKB_ENDS);
	assert_true(ledger__find(p.ledger, RESP)->end_unseen);
	assert_int_equal(ledger__resync(p.ledger, live, 2, p.now + 1), 0);
	assert_true(ledger__find(p.ledger, REQ)->end_unseen);
	assert_false(ledger__find(p.ledger, ARG)->end_unseen);
	skb(WORKER, RESP, "digital_in_send_sens_req");
	assert_true(ledger__find(p.ledger, RESP)->end_unseen);
	/* Ends are seen again: that is good for those that are born from here on. */
	ledger__blind(p.ledger, 0);
	assert_true(ledger__find(p.ledger, RESP)->end_unseen);
	skb(WORKER, PARAMS, "digital_in_send_sens_req");
	assert_false(ledger__find(p.ledger, PARAMS)->end_unseen);
}

/* Only what lacks its stack says so. */
static void stack_left_out(void **state)
{
	struct event e = { .type = EVENT_ALLOC, .tid = WORKER };

	(void)state;
	enter(WORKER, "digital_wq_poll");
	e.alloc.addr = ARG;
	e.alloc.size = 8;
	e.alloc.caller = fn("digital_tg_listen_nfcf");
	e.alloc.stack_left_out = true;
	assert_int_equal(player__event(&p, &e, PASS_SEEN), 0);
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
	leave(WORKER, "digital_wq_poll");
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, DEGRADED_NO_STACK);
	listen();
	ignore_argument();
	wait_ms(2000);
	assert_int_equal(finding(ARG)->degraded, 0);
}

/* ---- time ---- */

static void short_grace_at_the_end(void **state)
{
	(void)state;
	listen();
	ignore_argument();
	player__finish(&p);
	finding(ARG);
}

/* A suspect that is in use is looked at again later; others are due before. */
static void short_grace_behind_one_in_use(void **state)
{
	(void)state;
	player__set_glance(&p, RESP, VERDICT_REFERENCED);
	respond(false);
	wait_ms(10400);
	listen();
	ignore_argument();
	wait_ms(50);
	player__finish(&p);
	finding(ARG);
	assert_int_equal(p.leaks, 1);
}

/* --min-age 0 with a suspect in use: the loop must end. */
static void no_minimum_age(void **state)
{
	(void)state;
	player__stop(&p);
	p = (struct player){ 0 };
	assert_int_equal(player__start(&p, names, PLAYER_GRACE_NS, 0), 0);
	player__set_glance(&p, RESP, VERDICT_REFERENCED);
	respond(false);
	wait_ms(2000);
	assert_false(p.endless);
}

static void longest_minimum_age(void **state)
{
	(void)state;
	player__stop(&p);
	p = (struct player){ 0 };
	/* As much as --min-age takes. */
	assert_int_equal(player__start(&p, names, PLAYER_GRACE_NS, 3155760000ULL * SECOND_NS), 0);
	player__set_glance(&p, RESP, VERDICT_REFERENCED);
	respond(false);
	wait_ms(5000);
	assert_false(p.endless);
	assert_true(ledger__find(p.ledger, RESP)->due > p.now + 1000 * SECOND_NS);
}

static void overdue(void **state)
{
	(void)state;
	queue(WORKER, DEVICE, 0, 0, "digital_in_recv_sens_res", CMD);
	wait_ms(3 * TIMEOUT + 900);
	assert_int_equal(p.warnings[RULE_CALLBACK_OVERDUE], 0);
	wait_ms(2000);
	assert_int_equal(p.warnings[RULE_CALLBACK_OVERDUE], 1);
	assert_int_equal(p.last_warning.carrier.callback, fn("digital_in_recv_sens_res"));
	assert_in_range(p.last_warning.age_ns, 1900 * MS, 3900 * MS);
	wait_ms(60000);
	assert_int_equal(p.warnings[RULE_CALLBACK_OVERDUE], 1);
	nothing_said();
}

static void scan_all(void **state)
{
	(void)state;
	p.searches = true;
	p.search_default = VERDICT_UNREFERENCED;
	object(WORKER, ARG, 64, "digital_x");
	wait_ms(4900);
	object(WORKER, ARG2, 64, "digital_x");
	player__scan(&p); /* both younger than the minimum age */
	wait_ms(1000);
	nothing_said();
	player__scan(&p);
	wait_ms(1000);
	assert_int_equal(finding(ARG)->rule, RULE_UNREFERENCED);
	assert_int_equal(finding(ARG)->kind, KIND_OBJECT);
	assert_int_equal(p.leaks, 1);
	p.search_default = VERDICT_REFERENCED;
	wait_ms(120000);
	assert_int_equal(player__nr_findings(&p), 0);
}

static bool everything(void *ctx, const struct allocation *a)
{
	(void)ctx;
	(void)a;
	return true;
}

static void owner_gone(void **state)
{
	(void)state;
	p.searches = true;
	p.search_default = VERDICT_UNREFERENCED;
	object(WORKER, ARG2, 64, "digital_x");
	listen();
	ledger__owner_gone(p.ledger, everything, NULL, p.now);
	wait_ms(2000);
	assert_int_equal(finding(ARG2)->rule, RULE_OWNER_GONE);
	assert_null(player__finding(&p, ARG)); /* still in flight */
}

/* ---- counting ---- */

static const struct histogram *histogram(const char *name)
{
	static const struct histogram empty;

	for (size_t i = 0; i < ledger__histograms(p.ledger); i++)
		if (ledger__histogram(p.ledger, i)->callback == (name ? fn(name) : NAME_NONE))
			return ledger__histogram(p.ledger, i);
	return &empty;
}

static void histograms_move(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_cmd_complete");
	object(WORKER, ARG, 192, "digital_in_recv_sens_res");
	assert_int_equal(histogram(NULL)->allocations, 1);
	assert_int_equal(histogram(NULL)->bytes, 192);
	assert_int_equal(histogram(NULL)->size_log2[7], 1);
	queue(WORKER, DEVICE, ARG, 0, "digital_in_recv_sdd_res", CMD);
	leave(WORKER, "digital_wq_cmd_complete");
	/* It counts under the callback of the command that carries it... */
	assert_int_equal(histogram(NULL)->allocations, 0);
	assert_int_equal(histogram(NULL)->bytes, 0);
	assert_int_equal(histogram(NULL)->outstanding, 0);
	assert_int_equal(histogram(NULL)->size_log2[7], 0);
	assert_int_equal(histogram("digital_in_recv_sdd_res")->allocations, 2);
	assert_int_equal(histogram("digital_in_recv_sdd_res")->size_log2[7], 1);
	/* ...and then under the one it was delivered to. */
	callback(WORKER, DEVICE, ARG, 0, "digital_in_recv_sdd_res");
	queue(WORKER, DEVICE, ARG, 0, "digital_in_recv_sel_res", CMD2);
	release(WORKER, CMD, "digital_wq_cmd_complete");
	callback(OTHER, DEVICE, ARG, 0, "digital_in_recv_sel_res");
	assert_int_equal(histogram("digital_in_recv_sel_res")->outstanding, 2);
	assert_int_equal(histogram("digital_in_recv_sdd_res")->outstanding, 0);
	wait_ms(3);
	release(OTHER, ARG, "digital_in_recv_sel_res");
	assert_int_equal(histogram("digital_in_recv_sel_res")->freed, 1);
	assert_int_equal(histogram("digital_in_recv_sel_res")->outstanding, 1);
	/* 3 ms: 2^11 us and more. */
	assert_int_equal(histogram("digital_in_recv_sel_res")->lifetime_us_log2[11], 1);
}

static void histogram_bounds(void **state)
{
	static const struct {
		uint64_t size;
		unsigned index;
	} cases[] = { { 0, 0 },	  { 1, 0 },   { 2, 1 },		  { 3, 1 },	     { 4, 2 },
		      { 255, 7 }, { 256, 8 }, { UINT32_MAX, 31 }, { UINT64_MAX, 31 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t before = histogram(NULL)->size_log2[cases[i].index];

		object(WORKER, 0x10000 + i * 0x1000, cases[i].size, "digital_x");
		assert_int_equal(histogram(NULL)->size_log2[cases[i].index], before + 1);
	}
	/* A clock that goes backwards, and one that went for centuries. */
	ledger__event(p.ledger, &(struct event){ .type = EVENT_FREE, .free.addr = 0x10000 });
	assert_int_equal(histogram(NULL)->lifetime_us_log2[0], 1);
	ledger__event(p.ledger, &(struct event){ .type = EVENT_FREE,
						 .time = UINT64_MAX,
						 .free.addr = 0x11000 });
	assert_int_equal(histogram(NULL)->freed, 2);
}

static unsigned order;

static void in_order(void *ctx, const struct allocation *a)
{
	uint64_t *last = ctx;

	assert_true(a->id > *last);
	*last = a->id;
	order++;
}

static void count_one(void *ctx, const struct allocation *a)
{
	(void)ctx;
	(void)a;
	order++;
}

static void findings_in_order(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (unsigned i = 0; i < 20; i++) {
		/* Addresses going down, ids going up. */
		uint64_t arg = 0x200000 - i * 0x1000, cmd = 0x400000 + i * 0x1000;

		enter(WORKER, "digital_wq_poll");
		object(WORKER, arg, 8, "digital_tg_listen_nfcf");
		queue(WORKER, DEVICE, arg, 0, "digital_tg_recv_sensf_req", cmd);
		leave(WORKER, "digital_wq_poll");
		release(WORKER, cmd, "digital_wq_cmd_complete");
		wait_ms(10);
	}
	wait_ms(2000);
	order = 0;
	ledger__each_finding(p.ledger, in_order, &last);
	assert_int_equal(order, 20);
	order = 0;
	ledger__each(p.ledger, count_one, NULL);
	assert_int_equal(order, 20);
}

/* ---- wrong stories ---- */

static void unknown_events(void **state)
{
	(void)state;
	for (uint32_t type = 0; type < 40; type++) {
		struct event e;

		memset(&e, 0, sizeof(e));
		e.type = (enum event_type)type;
		assert_int_equal(ledger__event(p.ledger, &e), 0);
		memset(&e, 0xff, sizeof(e));
		e.type = (enum event_type)type;
		e.irq = true;
		if (type == EVENT_FREE)
			e.free.healed = true;
		if (type == EVENT_ENTER || type == EVENT_LEAVE)
			e.frame.outermost = true;
		if (type == EVENT_ALLOC)
			e.alloc.kind = EVENT_KIND_OBJECT;
		assert_int_equal(ledger__event(p.ledger, &e), 0);
	}
	wait_ms(10000);
}

static void nothing_before(void **state)
{
	(void)state;
	leave(WORKER, "digital_wq_poll");
	submit_returns(WORKER, 0);
	submit_returns(WORKER, -12);
	complete(DEVICE, CMD, RESP);
	callback(WORKER, DEVICE, ARG, RESP, "digital_in_recv_sens_res");
	ledger__event(p.ledger, &(struct event){ .type = EVENT_FREE, .free.addr = ARG });
	assert_int_equal(stats()->unknown_frees, 1);
	assert_int_equal(stats()->callbacks_unmatched, 1);
	assert_null(ledger__next_due(p.ledger, UINT64_MAX));
	assert_false(ledger__search_due(p.ledger, UINT64_MAX));
	assert_null(ledger__find(p.ledger, ARG));
	assert_int_equal(player__nr_findings(&p), 0);
	wait_ms(10000);
	nothing_said();
}

/* A command at address 0: from a broken recording. */
static void command_at_null(void **state)
{
	(void)state;
	submit(WORKER, DEVICE, 0, 0, 0, "digital_in_recv_sens_res");
	object(WORKER, 0, 80, "digital_send_cmd");
	submit_returns(WORKER, -12);
	release(WORKER, 0, "digital_wq_cmd_complete");
	complete(DEVICE, 0, 0);
	wait_ms(10000);
	assert_int_equal(stats()->commands_live, 0);
}

static void everything_twice(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_tg_listen_nfcf");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_sensf_req");
	submit(WORKER, DEVICE, ARG, 0, 0, "digital_tg_recv_sensf_req");
	object(WORKER, CMD, 80, "digital_send_cmd");
	object(WORKER, CMD2, 80, "digital_send_cmd");
	submit_returns(WORKER, 0);
	submit_returns(WORKER, 0);
	leave(WORKER, "digital_wq_poll");
	leave(WORKER, "digital_wq_poll");
	complete(DEVICE, CMD, ETIMEDOUT_PTR);
	complete(DEVICE, CMD, ETIMEDOUT_PTR);
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_tg_recv_sensf_req");
	release(WORKER, ARG, "digital_tg_recv_sensf_req");
	release(WORKER, ARG, "digital_tg_recv_sensf_req");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(10000);
	nothing_said();
	assert_int_equal(stats()->outstanding, 0);
}

static void deep_frames(void **state)
{
	char name[16];

	(void)state;
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 40; i++) {
			snprintf(name, sizeof(name), "f%u", i);
			event(&(struct event){ .type = EVENT_ENTER,
					       .tid = WORKER,
					       .frame = { .function = fn(name) } });
		}
		object(WORKER, ARG, 8, "digital_deep");
		queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
		for (unsigned i = 40; i--;) {
			snprintf(name, sizeof(name), "f%u", i);
			leave(WORKER, name);
		}
		if (round)
			break;
		release(WORKER, ARG, "digital_x");
		release(WORKER, CMD, "digital_wq_cmd_complete");
	}
	/* Made and submitted 40 frames deep, but within one outermost frame. */
	ignore_argument();
	wait_ms(2000);
	finding(ARG);
}

/* The exits of frames above were missed: leaving the outer one leaves them all. */
static void frames_left_together(void **state)
{
	(void)state;
	enter(WORKER, "outer");
	event(&(struct event){
		.type = EVENT_ENTER, .tid = WORKER, .frame = { .function = fn("inner") } });
	object(WORKER, ARG, 8, "digital_x");
	leave(WORKER, "never_entered");
	leave(WORKER, "outer");
	enter(WORKER, "outer");
	queue(WORKER, DEVICE, ARG, 0, "digital_tg_recv_sensf_req", CMD);
	leave(WORKER, "outer");
	assert_int_equal(stats()->missed_hooks, 0);
	/* ARG is of an earlier frame: borrowed. */
	ignore_argument();
	wait_ms(5000);
	nothing_said();
}

static void skb_as_argument(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	skb(WORKER, REQ, "digital_x");
	object(WORKER, ARG, 8, "digital_x");
	/* The argument is an skb, the request is none. */
	queue(WORKER, DEVICE, REQ, ARG, "digital_in_recv_sens_res", CMD);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, REQ, ARG, "digital_in_recv_sens_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	wait_ms(5000);
	nothing_said();
	assert_int_equal(ledger__find(p.ledger, REQ)->kind, KIND_SKB);
	assert_int_equal(ledger__find(p.ledger, ARG)->kind, KIND_OBJECT);
}

/* One object in every role of a command. */
static void one_for_all(void **state)
{
	(void)state;
	enter(WORKER, "digital_wq_poll");
	object(WORKER, ARG, 8, "digital_x");
	submit(WORKER, DEVICE, ARG, 0, ARG, "digital_in_recv_sens_res");
	object(WORKER, CMD, 80, "digital_send_cmd");
	submit_returns(WORKER, 0);
	leave(WORKER, "digital_wq_poll");
	callback(WORKER, DEVICE, ARG, ETIMEDOUT_PTR, "digital_in_recv_sens_res");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	assert_int_equal(ledger__find(p.ledger, ARG)->carriers, 0);
	wait_ms(2000);
	finding(ARG);
	assert_int_equal(p.leaks, 1);
}

/* The command's own address as its argument. */
static void command_as_argument(void **state)
{
	(void)state;
	listen();
	enter(WORKER, "digital_wq_poll");
	queue(WORKER, DEVICE2, CMD, 0, "digital_send_cmd_complete", CMD2);
	leave(WORKER, "digital_wq_poll");
	release(WORKER, CMD, "digital_wq_cmd_complete");
	release(WORKER, CMD2, "digital_wq_cmd_complete");
	wait_ms(2000);
	assert_int_equal(stats()->commands_live, 0);
	assert_int_equal(stats()->outstanding, 1);
}

static void judged_too_late(void **state)
{
	const struct allocation *a, copy = { .addr = ARG };

	(void)state;
	listen();
	ignore_argument();
	p.now += 2 * SECOND_NS;
	a = ledger__next_due(p.ledger, p.now);
	assert_non_null(a);
	/* A pointer that is not the ledger's, and the same one judged twice. */
	ledger__judge(p.ledger, &copy, VERDICT_UNREFERENCED, p.now);
	assert_int_equal(p.leaks, 0);
	ledger__judge(p.ledger, a, VERDICT_UNREADABLE, p.now);
	ledger__judge(p.ledger, a, VERDICT_UNREADABLE, p.now);
	assert_int_equal(p.leaks, 1);
}

static void names_of_enums(void **state)
{
	(void)state;
	for (enum rule r = 0; r < NR_RULES; r++)
		assert_non_null(rule__name(r));
	for (enum certainty c = 0; c < NR_CERTAINTIES; c++)
		assert_non_null(certainty__name(c));
	for (enum kind k = 0; k < NR_KINDS; k++)
		assert_non_null(kind__name(k));
	assert_string_equal(rule__name(RULE_CALLBACK_KEPT), "callback-kept");
	assert_string_equal(rule__name(RULE_COMMAND_DROPPED), "command-dropped");
	assert_string_equal(rule__name(RULE_SUBMIT_FAILED), "submit-failed");
	assert_string_equal(certainty__name(CERTAINTY_DEFINITE), "definite");
	assert_string_equal(kind__name(KIND_USER_ARGUMENT), "user-argument");
}

#define CASE(description, function) TEST_IN("ledger: " description, function, setup, teardown)

static const struct CMUnitTest ledger[] = {
	CASE("the reference case", reference_case),
	CASE("an argument passed on to the next command, then freed", passed_on),
	CASE("a borrowed argument", borrowed),
	CASE("a borrowed argument of an earlier frame of the same task",
	     borrowed_from_earlier_frame),
	CASE("a pointer into the middle of an object", interior_pointer),
	CASE("responses that are none", no_response),
	CASE("a response that the callback frees", response_freed),
	CASE("a response that is in use, then freed", response_in_use),
	CASE("a response that nobody frees", response_kept),
	CASE("a response known from the callback alone", response_of_callback_alone),
	CASE("a command that is completed twice", completed_twice),
	CASE("one device's request is the other's response, and is lost there",
	     request_becomes_response),
	CASE("a command dropped with all it carried", dropped),
	CASE("a submitting call that fails", failed),
	CASE("a submitting call that fails after it has made the command", failed_late),
	CASE("callbacks that call each other: the outermost counts", nested_callbacks),
	CASE("callbacks that call each other, and only the inner one is hooked",
	     inner_callback_alone),
	CASE("a callback that is not hooked", callback_hook_missing),
	CASE("an interrupt on top of a frame", interrupt_on_top),
	CASE("an interrupt during the submitting call", interrupt_in_submit),
	CASE("a finding that is freed is retracted", retracted),
	CASE("a suspect freed in time is cleared silently", cleared_in_time),
	CASE("definite after two searches", definite),
	CASE("two searches count only at least the minimum age apart", two_looks_apart),
	CASE("a search of something else or from before is ignored", search_of_another),
	CASE("a finding in use falls back to possible, and may return", referenced_then_not),
	CASE("a submitting call that was not seen", lost_submit),
	CASE("a submitting call whose return was not seen", lost_return),
	CASE("a submitting call of which neither command nor return was seen",
	     lost_return_and_command),
	CASE("a frame whose exit was not seen", lost_exit),
	CASE("an address handed out again heals a missed free", reuse_heals),
	CASE("a healed free before or after the birth that healed it", healed_in_any_order),
	CASE("a command's address handed out again", reuse_of_command),
	CASE("the end of a command is not that of a new object at an old address",
	     old_address_new_object),
	CASE("resync drops what is gone and adds what is new", resync_drops_and_adds),
	CASE("resync, then the event of what it brought", resync_then_event),
	CASE("resync keeps findings that are in the book", resync_keeps_findings),
	CASE("what lived through a loss is searched for before it is accused", cut_by_a_loss),
	CASE("findings after a loss are degraded", degraded_from_then_on),
	CASE("findings while a hook is missing are degraded", degraded_by_a_missing_hook),
	CASE("skbs that may end unseen are known as such", skbs_that_end_unseen),
	CASE("a finding whose stack was left out is degraded, the next one is not", stack_left_out),
	CASE("a short grace at the end", short_grace_at_the_end),
	CASE("a short grace at the end, behind a suspect in use", short_grace_behind_one_in_use),
	CASE("a minimum age of 0", no_minimum_age),
	CASE("the longest minimum age", longest_minimum_age),
	CASE("an overdue command is warned about once", overdue),
	CASE("a scan accuses what is old and unreferenced", scan_all),
	CASE("what a gone owner leaves behind, but not what is in flight", owner_gone),
	CASE("counts move from callback to callback", histograms_move),
	CASE("bounds of the histograms", histogram_bounds),
	CASE("findings are listed oldest first", findings_in_order),
	CASE("events of no known type, all zero, all ones", unknown_events),
	CASE("ends without beginnings", nothing_before),
	CASE("every event twice", everything_twice),
	CASE("frames forty deep", deep_frames),
	CASE("leaving an outer frame leaves the inner ones", frames_left_together),
	CASE("an skb as argument and an object as request", skb_as_argument),
	CASE("one object in two roles of a command", one_for_all),
	CASE("a command as another's argument", command_as_argument),
	CASE("a verdict that comes too late or twice", judged_too_late),
	CASE("every rule, certainty and kind has its name", names_of_enums),
	CASE("a command at address 0", command_at_null),
};

UNIT_MAIN(ledger)
