// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full-screen front without a kernel below it: a pretended NFC stack goes its
 * rounds in real time, through a real ledger, onto the real screen.  Stands in
 * for src/cmd/run.c; tests/top/screen_test.py drives it on a pseudo-terminal.
 *
 *   driver [-a SECONDS] [-w] [-d SECONDS] [-q]
 *     -a   so much has already happened
 *     -w   no module is there
 *     -d   ends by itself
 *     -q   nothing happens
 *   SIGUSR1: a message on standard error.  SIGUSR2: it crashes.
 */
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <sanitizer/common_interface_defs.h>

#include "hooks/subsystem.h"
#include "replay/player.h"
#include "top/screen.h"
#include "top/top.h"
#include "unit/fake.h"

#define EPOCH	   1700000000000000000ULL /* 2023-11-14T22:13:20Z */
#define DEVICE	   0xffff888000001000ULL
#define TEXT	   0xffffffffc0300000ULL /* of the pretended functions */
#define ROUND_NS   (SECOND_NS / 4)
#define FLIGHT_NS  (ROUND_NS * 3 / 2)
#define ROUNDS_MAX 16 /* in flight */
#define TID	   41

/* What goes round: which callback gets what, and whether it releases it. */
static const struct exchange {
	const char *callback, *allocator;
	uint8_t type;
	bool skb;
	uint64_t size;
	unsigned every, leaks; /* of so many rounds one; of so many one, 0: none */
} exchanges[] = {
	{ "digital_tg_recv_sensf_req", "digital_tg_listen_nfcf", 2, false, 8, 4, 1 },
	{ "digital_in_recv_sens_res", "digital_in_send_sens_req", 0, true, 904, 2, 0 },
	{ "digital_in_recv_sdd_res", "digital_in_send_sdd_req", 0, true, 904, 3, 9 },
	{ "digital_in_recv_iso15693_inventory_res", "digital_in_send_iso15693_inventory_req", 0,
	  true, 960, 8, 0 },
};
#define NR_EXCHANGES (sizeof(exchanges) / sizeof(*exchanges))

struct round {
	const struct exchange *exchange;
	uint64_t addr, command, due;
	bool leaks;
};

struct driver {
	struct player player;
	struct names *names;
	struct report *report;
	struct round rounds[ROUNDS_MAX];
	uint64_t nr_rounds, next_round, next_addr;
	uint64_t nr_exchanges[NR_EXCHANGES];
	uint64_t ahead; /* of the real time */
	bool waiting, idle, ending;
};

/* ---- the pretended kernel ---- */

/* Its functions: the allocators, one after the other, on top of digital_wq_poll. */
static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	(void)ctx;
	for (size_t i = 0; i < count; i++) {
		uint64_t n = (addrs[i] - TEXT) >> 12;
		char text[192];

		if (addrs[i] >= TEXT && n < NR_EXCHANGES)
			snprintf(text, sizeof(text), "%s+0x%x/0x90 [nfc_digital]",
				 exchanges[n].allocator, (unsigned)(addrs[i] & 0xfff));
		else if (addrs[i] == FAKE_WQ_POLL)
			snprintf(text, sizeof(text), "digital_wq_poll+0x70/0x100 [nfc_digital]");
		else
			snprintf(text, sizeof(text), "process_one_work+0x1e2/0x400");
		symbol__parse(&out[i], text);
	}
	return 0;
}

static void event(struct driver *d, struct event e)
{
	e.tid = TID;
	if (player__event(&d->player, &e, PASS_SEEN))
		abort();
}

static void allocate(struct driver *d, uint64_t addr, uint64_t size, bool skb, const char *function,
		     uint32_t stack)
{
	struct event e = { .type = EVENT_ALLOC };

	e.alloc.addr = addr;
	e.alloc.size = size;
	e.alloc.kind = skb ? EVENT_KIND_SKB : EVENT_KIND_OBJECT;
	e.alloc.caller = names__intern(d->names, function, "nfc_digital");
	e.alloc.stack = stack;
	snprintf(e.alloc.comm, sizeof(e.alloc.comm), "kworker/0:1");
	event(d, e);
}

static void release(struct driver *d, uint64_t addr, const char *function)
{
	struct event e = { .type = EVENT_FREE };

	e.free.addr = addr;
	e.free.caller = names__intern(d->names, function, "nfc_digital");
	event(d, e);
}

static void frame(struct driver *d, enum event_type type, const char *function)
{
	struct event e = { .type = type };

	e.frame.function = names__intern(d->names, function, "nfc_digital");
	e.frame.outermost = true;
	event(d, e);
}

static void submit(struct driver *d, const struct exchange *x, struct round *r)
{
	const uint64_t addrs[] = { TEXT + ((uint64_t)(x - exchanges) << 12) + 0x3b, FAKE_WQ_POLL,
				   FAKE_PROCESS_WORK };
	struct event e = { .type = EVENT_SUBMIT };

	r->addr = d->next_addr += 0x1000;
	r->command = d->next_addr += 0x1000;
	frame(d, EVENT_ENTER, "digital_wq_poll");
	allocate(d, r->addr, x->size, x->skb, x->allocator, names__stack(d->names, addrs, 3, 0));
	e.submit.device = DEVICE;
	e.submit.argument = x->skb ? 0 : r->addr;
	e.submit.request = x->skb ? r->addr : 0;
	e.submit.callback = names__intern(d->names, x->callback, "nfc_digital");
	e.submit.function = names__intern(d->names, "digital_send_cmd", "nfc_digital");
	e.submit.timeout_ms = 500;
	e.submit.command_type = x->type;
	event(d, e);
	allocate(d, r->command, 80, false, "digital_send_cmd", 0);
	event(d, (struct event){ .type = EVENT_SUBMIT_RETURN });
	frame(d, EVENT_LEAVE, "digital_wq_poll");
}

static void complete(struct driver *d, const struct round *r)
{
	const struct exchange *x = r->exchange;
	struct event e = { .type = EVENT_CALLBACK };

	frame(d, EVENT_ENTER, "digital_wq_cmd_complete");
	if (x->skb && !r->leaks)
		release(d, r->addr, "digital_in_send_cmd");
	e.callback.device = DEVICE;
	e.callback.argument = x->skb ? 0 : r->addr;
	/* What leaks is its own request, handed back as the response. */
	e.callback.response = x->skb && r->leaks ? r->addr : 0;
	e.callback.callback = names__intern(d->names, x->callback, "nfc_digital");
	event(d, e);
	if (!x->skb && !r->leaks)
		release(d, r->addr, x->callback);
	release(d, r->command, "digital_wq_cmd_complete");
	frame(d, EVENT_LEAVE, "digital_wq_cmd_complete");
}

static void go_round(struct driver *d)
{
	uint64_t now = d->player.now;

	for (size_t i = 0; i < ROUNDS_MAX; i++) {
		struct round *r = &d->rounds[i];

		if (r->exchange && r->due <= now) {
			complete(d, r);
			r->exchange = NULL;
		}
	}
	if (d->idle || d->ending || now < d->next_round)
		return;
	d->next_round = now + ROUND_NS;
	d->nr_rounds++;
	for (size_t i = 0; i < NR_EXCHANGES; i++) {
		const struct exchange *x = &exchanges[i];
		struct round *r = d->rounds;

		if (d->nr_rounds % x->every)
			continue;
		while (r->exchange)
			r++;
		d->nr_exchanges[i]++;
		r->exchange = x;
		r->due = now + FLIGHT_NS;
		r->leaks = x->leaks && d->nr_exchanges[i] % x->leaks == 0;
		submit(d, x, r);
	}
}

/* ---- what is reported ---- */

static void fill(struct driver *d, const struct allocation *a, uint64_t now, struct report_leak *l)
{
	static const unsigned char bytes[] = { 0x01, 0xfe, 0xd3, 0x80, 0x00, 0x41, 0x66, 0x32 };
	const struct carrier *c = &a->carrier;

	*l = (struct report_leak){ .a = a,
				   .was = d->player.was,
				   .now = EPOCH + now,
				   .moment = EPOCH + a->moment,
				   .age_ms = (now - a->born) / 1000000,
				   .stack = names__stack_at(d->names, a->stack),
				   .function = names__text(d->names, a->caller),
				   .module = "nfc_digital",
				   .offset = 0x3b };
	l->nr_bytes = a->size < REPORT_HEXDUMP ? a->size : REPORT_HEXDUMP;
	for (size_t i = 0; i < l->nr_bytes; i++)
		l->bytes[i] = bytes[i % sizeof(bytes)];
	if (c->type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(d->names, c->callback);
	l->submit = names__text(d->names, c->function);
	l->command = subsystem_digital.command_types[c->type];
	l->device = "nfc0";
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	const struct report_format *format = front_top.format;
	struct driver *d = ctx;
	struct report_leak l;

	fill(d, a, now, &l);
	if (!strcmp(what, "leak"))
		format->leak(d->report, &l);
	else if (!strcmp(what, "update"))
		format->update(d->report, &l);
	else
		format->retracted(d->report, &l);
}

struct shown {
	struct driver *driver;
	struct in_flight commands[ROUNDS_MAX];
	struct report_command report[ROUNDS_MAX];
	size_t nr;
};

static void show_command(void *ctx, const struct in_flight *c)
{
	struct shown *s = ctx;

	if (s->nr == ROUNDS_MAX)
		return;
	s->commands[s->nr] = *c;
	s->report[s->nr] = (struct report_command){
		.command = &s->commands[s->nr],
		.age_ns = s->driver->player.now - c->queued_at,
		.callback = names__text(s->driver->names, c->carrier.callback),
		.type = subsystem_digital.command_types[c->carrier.type],
		.device = "nfc0",
	};
	s->nr++;
}

static bool refresh(struct driver *d)
{
	static const char *const modules[] = { "nfc", "nfc_digital", "nfcsim" };
	struct shown shown = { .driver = d };
	struct front_now now = {
		.time = EPOCH + d->player.now,
		.tracing = !d->waiting,
		.ending = d->ending,
		.modules = modules,
		.nr_modules = d->waiting ? 0 : 3,
	};

	ledger__each_command(d->player.ledger, show_command, &shown);
	now.commands = shown.report;
	now.nr_commands = shown.nr;
	now.sum.seconds = d->waiting ? 0 : (double)d->player.now / 1e9;
	now.sum.ledger = d->player.ledger;
	return front_top.refresh(d->report, &now);
}

/* Returns false when the user has had enough. */
static bool go_on(struct driver *d, uint64_t until)
{
	while (d->player.now < until) {
		uint64_t step = d->player.now + PLAYER_TICK_NS;

		player__advance(&d->player, step < until ? step : until);
		if (!d->waiting)
			go_round(d);
		front_top.format->tick(d->report, EPOCH + d->player.now);
		if (!refresh(d))
			return false;
	}
	return true;
}

/* ---- the loop ---- */

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * SECOND_NS + (uint64_t)t.tv_nsec;
}

static int watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

/* Returns false to end. */
static bool on_signal(int signals)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof(info)) != sizeof(info))
		return true;
	switch (info.ssi_signo) {
	case SIGUSR1:
		fprintf(stderr, "nfcleakbpf: something was \033[31msaid\033[m\n");
		return true;
	case SIGUSR2:
		abort();
	default:
		return false;
	}
}

/* First of all, as run does. */
static int take_signals(void)
{
	static const int ours[] = { SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(ours) / sizeof(*ours); i++)
		sigaddset(&set, ours[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

static int loop(struct driver *d, int signals, uint64_t duration)
{
	struct itimerspec tick = { { 0, PLAYER_TICK_NS }, { 0, PLAYER_TICK_NS } };
	int epoll = epoll_create1(EPOLL_CLOEXEC), timer;
	uint64_t began = now_ns(), ticks;
	struct epoll_event e;
	bool more = true;

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (epoll < 0 || timer < 0 || signals < 0 || timerfd_settime(timer, 0, &tick, NULL) ||
	    watch(epoll, signals) || watch(epoll, timer) || watch(epoll, front_top.input))
		return -errno;
	while (more && (!duration || now_ns() - began < duration)) {
		if (epoll_wait(epoll, &e, 1, -1) < 1)
			continue;
		if (e.data.fd == signals)
			more = on_signal(signals);
		else if (e.data.fd == timer && read(timer, &ticks, sizeof(ticks)) > 0)
			more = go_on(d, d->ahead + now_ns() - began);
		else if (e.data.fd == front_top.input)
			more = front_top.on_input(d->report);
	}
	close(signals);
	close(timer);
	close(epoll);
	return 0;
}

int main(int argc, char **argv)
{
	static const char *const modules[] = { "nfc", "nfc_digital", "nfcsim" };
	struct driver d = { .next_addr = 0xffff888010000000ULL };
	struct report_start start = { NULL, "6.12.63-test", modules, 3, 24, NULL, 0 };
	uint64_t duration = 0;
	char why[256];
	int option, err, signals = take_signals();

	/* Standard error will be the screen's when there is something to say. */
	__sanitizer_set_report_fd((void *)(uintptr_t)dup(STDERR_FILENO));
	while ((option = getopt(argc, argv, "a:d:wq")) != -1) {
		if (option == 'a')
			d.ahead = strtoull(optarg, NULL, 10) * SECOND_NS;
		else if (option == 'd')
			duration = strtoull(optarg, NULL, 10) * SECOND_NS;
		d.waiting |= option == 'w';
		d.idle |= option == 'q';
	}
	if (screen__possible(why, sizeof(why))) {
		fprintf(stderr, "driver: %s\n", why);
		return 1;
	}
	d.names = names__new(resolve, NULL);
	if (!d.names || names__trace_module(d.names, "nfc_digital"))
		return 1;
	d.player.on_said = on_said;
	d.player.ctx = &d;
	d.player.searches = true;
	d.player.search_default = VERDICT_UNREFERENCED;
	if (player__start(&d.player, d.names, PLAYER_GRACE_NS, PLAYER_MIN_AGE_NS))
		return 1;
	d.report = front_top.format->open(stdout, d.names, false);
	if (!d.report)
		return 1;
	if (!d.waiting)
		front_top.format->start(d.report, &start);
	d.ahead += d.player.now;
	err = go_on(&d, d.ahead) ? loop(&d, signals, duration) : 0;
	d.ending = true;
	go_on(&d, d.player.now + PLAYER_TICK_NS);
	if (!d.waiting)
		front_top.format->end(d.report, &(struct report_end){ .ledger = d.player.ledger });
	front_top.format->close(d.report);
	player__stop(&d.player);
	names__free(d.names);
	printf("driver: ended\n");
	return err ? 1 : 0;
}
