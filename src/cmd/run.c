// SPDX-License-Identifier: GPL-2.0-only
/*
 * `nfcleakbpf run`: from the ring buffer through the ledger to the report.
 *
 * One thread and one loop.  Whatever happens in between, a suspect is judged
 * only after the ring buffer was emptied, so that a free which has happened is
 * never overlooked.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/arming.h"
#include "cmd/cmd.h"
#include "cmd/control.h"
#include "cmd/introduce.h"
#include "cmd/investigate.h"
#include "cmd/run.h"
#include "cmd/sandbox.h"
#include "cmd/service.h"
#include "cmd/losses.h"
#include "hooks/hooks.h"
#include "ledger/ledger.h"
#include "record/recorder.h"
#include "record/session.h"
#include "report/filter.h"
#include "report/report.h"
#include "report/tell.h"
#include "report/veil.h"
#include "scan/look.h"
#include "trace/stacks.h"
#include "util/clock.h"
#include "util/lock.h"
#include "util/log.h"
#include "util/runtime.h"
#include "version.h"

#define TICK_NS	      100000000ULL  /* how often suspects are looked at */
#define IDLE_TICK_NS  1000000000ULL /* while nothing is followed */
#define GRACE_NS      1000000000ULL /* deferred frees come within a second */
#define LAST_GRACE_NS 250000000ULL  /* the same once the end has come */
#define CLOCK_STEP_NS 1000000ULL    /* less than this is no change of the wall clock */

#define MAX_MODULES_SHOWN  16
#define MAX_COMMANDS_SHOWN 64

struct report_module {
	const struct names *names;
	const char *name;
};

struct run {
	struct run_options options;
	struct kernel kernel;
	struct names *names;
	struct hooks *hooks;
	struct session *session;
	const struct ledger *ledger; /* the session's */
	struct tell *tell;
	struct report *report;	   /* the tell's */
	struct recorder *recorder; /* NULL: none wanted */
	struct layout layout;
	struct investigation *investigation;
	struct arming *arming;
	struct losses losses;
	struct control *control;
	struct control_subject subject; /* of control and service */
	struct service *service;
	struct skb_sizes sizes;
	uint64_t hiders[STACKS_HIDERS];
	struct ring_buffer *ring;
	const struct front *front;
	struct report *shown; /* the front's own, behind the filter */
	int epoll, signals, timer, lock;
	bool tracing;
	bool stop;
	bool scan_wanted;
	uint64_t started, next_histograms, next_tick;
	uint64_t tick; /* of the timer, nanoseconds */
};

/*
 * Where the wall clock is.  Only a real change is one, so that what is recorded
 * is what was used.
 */
static void check_clock(struct run *r)
{
	uint64_t offset = clock__offset();

	if (offset - tell__clock(r->tell) + CLOCK_STEP_NS > 2 * CLOCK_STEP_NS)
		session__set_clock(r->session, offset);
}

/* ---- findings ---- */

static size_t leak_bytes(void *ctx, const struct allocation *a, unsigned char *buf, size_t size)
{
	struct run *r = ctx;
	int n = look__bytes(r->kernel.query, &r->layout, a, buf, size);

	if (n <= 0)
		return 0;
	session__bytes(r->session, a->id, buf, (size_t)n);
	return (size_t)n;
}

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;

	tell__leak(r->tell, a, now, &l);
	control__leak(r->control, &l, now);
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;

	tell__update(r->tell, a, was, now, &l);
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;

	tell__retracted(r->tell, a, now, &l);
	control__retracted(r->control, a);
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	struct run *r = ctx;

	(void)now;
	tell__warning(r->tell, w);
	/* What no other rule sees, a scan may: now, not in ten minutes. */
	if (w->rule == RULE_GROWTH && r->options.scan_interval_ns)
		r->scan_wanted = true;
}

/*
 * Was it allocated by this module, or on its behalf (a device, when its driver
 * registered it)?
 */
static bool in_module(void *ctx, const struct allocation *a)
{
	const struct report_module *m = ctx;
	const struct stack *s = names__stack_at(m->names, a->stack);
	const char *module = names__module(m->names, a->caller);

	if (module && !strcmp(module, m->name))
		return true;
	for (size_t i = 0; s && i < s->depth; i++) {
		module = names__module(m->names, s->frames[i].function);
		if (module && !strcmp(module, m->name))
			return true;
	}
	return false;
}

/* ---- the beginning of tracing ---- */

static void begin(struct run *r)
{
	r->tracing = true;
	r->started = clock__now();
	session__woke(r->session, hooks__awake_since(r->hooks));
	losses__blind(&r->losses);
	if (r->options.interval_ns)
		r->next_histograms = r->started + r->options.interval_ns;
	introduce__run(r->session, r->hooks, r->kernel.features.release, r->started);
}

/* ---- events ---- */

static void know_device(struct run *r, uint64_t device)
{
	char name[16];

	if (device && !tell__knows_device(r->tell, device) &&
	    !look__device_name(r->kernel.query, device, name, sizeof(name)))
		session__set_device(r->session, device, name);
}

static void on_module(struct run *r, const struct nlb_module *m)
{
	char name[NLB_MODULE_NAME_LEN];
	size_t before;
	int ret;

	stacks__forget(hooks__stacks_fd(r->hooks), hooks__generation(r->hooks));
	memcpy(name, m->name, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	if (m->h.type == NLB_MODULE_FREE) {
		if (hooks__module_gone(r->hooks, name)) {
			struct report_module gone = { r->names, name };

			session__owner_gone(r->session, in_module, &gone, m->h.time);
			session__forget_devices(r->session);
			log_info("module %s was unloaded; %zu still traced", name,
				 hooks__nr_modules(r->hooks));
		}
		return;
	}
	before = hooks__nr_modules(r->hooks);
	ret = hooks__module_loaded(r->hooks);
	if (ret < 0)
		log_error("module %s is not traced: %s", name, strerror(-ret));
	if (ret <= 0)
		return;
	arming__activity(r->arming);
	/* Devices go with their driver; another may get the same address. */
	session__forget_device_names(r->session);
	/* One event may find several: they come in quick succession. */
	for (size_t i = before; r->tracing && i < hooks__nr_modules(r->hooks); i++)
		log_info("module %s was loaded; it is traced from here on",
			 hooks__module(r->hooks, i));
	if (!r->tracing)
		begin(r);
	/* It may have begun before all of its functions were hooked. */
	session__woke(r->session, clock__now());
}

/* Where a hook on modules is missing, or what it said was lost. */
static void ask_for_modules(struct run *r)
{
	struct nlb_module m;

	for (int i = 0; i < 8 && hooks__module_missed(r->hooks, &m); i++)
		on_module(r, &m);
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct hook_meaning *meaning = NULL;
	const struct nlb_header *h = data;
	const struct nlb_call *call = data;
	struct run *r = ctx;
	struct event e;

	if (h->type == NLB_CALL)
		arming__activity(r->arming);
	if (size >= sizeof(struct nlb_return) && (h->type == NLB_CALL || h->type == NLB_RETURN))
		meaning = hooks__meaning(r->hooks, call->cookie);
	if (size >= sizeof(struct nlb_module) &&
	    (h->type == NLB_MODULE_LOAD || h->type == NLB_MODULE_FREE)) {
		on_module(r, data);
		return 0;
	}
	if (h->type == NLB_STACK) {
		int err = stacks__take(hooks__stacks_fd(r->hooks), r->names, r->hiders, data,
				       (uint32_t)size);

		log_debug("a stack was learnt%s%s", err ? ", in vain: " : "",
			  err ? strerror(-err) : "");
		return 0;
	}
	if (decode(data, size, meaning, &r->sizes, r->names, &e) != DECODED_EVENT ||
	    hooks__too_late(r->hooks, &e))
		return 0;
	if (e.type == EVENT_SUBMIT && meaning) {
		const struct subsystem *s = meaning->subsystem;
		int8_t place = hook_meaning__arguments(meaning)->callback;

		know_device(r, e.submit.device);
		if (place != NO_ARG)
			hooks__learn_callback(r->hooks, s, call->args[place - 1]);
	}
	/* What functions did while memory was not followed tells nothing. */
	if ((h->type == NLB_CALL || h->type == NLB_WORK_START) &&
	    h->time < hooks__awake_since(r->hooks))
		return 0;
	if (session__event(r->session, &e)) {
		/* As good as lost in the ring buffer: read the book again. */
		losses__event(&r->losses);
	}
	return 0;
}

/* ---- how things stand ---- */

static void sum_up(struct run *r, struct report_end *sum)
{
	const struct ledger_stats *s = ledger__stats(r->ledger);

	memset(sum, 0, sizeof(*sum));
	if (r->tracing)
		sum->seconds = (double)(clock__now() - r->started) / 1e9;
	sum->ledger = r->ledger;
	sum->lost_events = hooks__counters(r->hooks)->lost;
	sum->missed_hooks = s->missed_hooks;
	sum->unseen = hooks__counters(r->hooks)->book_full;
}

struct commands_shown {
	struct run *run;
	uint64_t now;
	struct in_flight commands[MAX_COMMANDS_SHOWN];
	struct report_command report[MAX_COMMANDS_SHOWN];
	size_t nr;
};

static void show_command(void *ctx, const struct in_flight *command)
{
	struct commands_shown *shown = ctx;
	struct report_leak names = { 0 };
	size_t n = shown->nr;

	if (n == MAX_COMMANDS_SHOWN)
		return;
	tell__carrier(shown->run->tell, &command->carrier, &names);
	shown->commands[n] = *command;
	shown->report[n] = (struct report_command){
		.command = &shown->commands[n],
		.age_ns = shown->now - command->queued_at,
		.callback = names.callback,
		.type = names.command,
		.device = names.device,
	};
	shown->nr++;
}

static void refresh(struct run *r, uint64_t now)
{
	const char *modules[MAX_MODULES_SHOWN];
	struct commands_shown shown = { .run = r, .now = now };
	struct front_now f = { .time = tell__clock(r->tell) + now,
			       .tracing = r->tracing,
			       .ending = r->stop };

	if (!r->front->refresh)
		return;
	f.modules = modules;
	while (f.nr_modules < MAX_MODULES_SHOWN && f.nr_modules < hooks__nr_modules(r->hooks)) {
		modules[f.nr_modules] = hooks__module(r->hooks, f.nr_modules);
		f.nr_modules++;
	}
	ledger__each_command(r->ledger, show_command, &shown);
	f.commands = shown.report;
	f.nr_commands = shown.nr;
	sum_up(r, &f.sum);
	if (!r->front->refresh(r->shown, &f))
		r->stop = true;
}

/* ---- the loop ---- */

/* While nothing is followed there is little to look at, unless something is due. */
static void set_tick(struct run *r, uint64_t now)
{
	bool idle = hooks__level(r->hooks) == HOOKS_ASLEEP && !r->front->refresh;
	struct itimerspec tick;
	uint64_t ns;

	if (r->options.duration_ns && now + IDLE_TICK_NS - r->started > r->options.duration_ns)
		idle = false;
	if (r->next_histograms && now + IDLE_TICK_NS > r->next_histograms)
		idle = false;
	ns = idle ? IDLE_TICK_NS : TICK_NS;
	if (ns == r->tick)
		return;
	tick.it_value.tv_sec = tick.it_interval.tv_sec = (time_t)(ns / 1000000000);
	tick.it_value.tv_nsec = tick.it_interval.tv_nsec = (long)(ns % 1000000000);
	if (!timerfd_settime(r->timer, 0, &tick, NULL))
		r->tick = ns;
}

static void judge(struct run *r)
{
	uint64_t now;

	ring_buffer__consume(r->ring);
	/* A device may have come up unseen. */
	if (losses__check(&r->losses))
		arming__activity(r->arming);
	now = clock__now();
	investigation__work(r->investigation, now);
	if (now >= r->next_tick) {
		losses__count(&r->losses);
		check_clock(r);
		ask_for_modules(r);
		session__ledger_tick(r->session, now);
		if (r->scan_wanted)
			investigation__scan(r->investigation, now);
		r->scan_wanted = false;
		r->next_tick = now + 1000000000;
		/* What came just before is not to wait. */
		if (!r->stop && !r->losses.failing && arming__work(r->arming, now))
			ring_buffer__consume(r->ring);
	}
	session__tick(r->session, now);
	refresh(r, now);
}

static void on_timer(struct run *r)
{
	uint64_t now, ticks;

	if (read(r->timer, &ticks, sizeof(ticks)) < 0)
		return;
	judge(r);
	now = clock__now();
	control__work(r->control, now);
	service__work(r->service, now);
	if (r->next_histograms && r->tracing && now >= r->next_histograms) {
		session__histograms(r->session);
		r->next_histograms = now + r->options.interval_ns;
	}
	if (r->tracing && r->options.duration_ns && now - r->started >= r->options.duration_ns)
		r->stop = true;
	set_tick(r, now);
}

/* There is much to read, or something begins. */
static void on_wakeup(struct run *r)
{
	ring_buffer__consume(r->ring);
	set_tick(r, clock__now());
}

static int loop(struct run *r)
{
	struct epoll_event events[4];

	while (!r->stop) {
		int n = epoll_wait(r->epoll, events, 4, -1);

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == r->signals)
				r->stop = true;
			else if (events[i].data.fd == r->timer)
				on_timer(r);
			else if (events[i].data.fd == control__fd(r->control))
				control__work(r->control, clock__now());
			else if (events[i].data.fd == service__fd(r->service))
				service__work(r->service, clock__now());
			else if (r->front->on_input && events[i].data.fd == r->front->input)
				r->stop = !r->front->on_input(r->shown) || r->stop;
			else
				on_wakeup(r);
		}
	}
	return 0;
}

/* The last suspects get a short grace; then the report, before detaching. */
static int finish(struct run *r)
{
	uint64_t end_at = clock__now() + LAST_GRACE_NS;

	control__ending(r->control);
	service__ending(r->service);
	session__set_grace(r->session, LAST_GRACE_NS);
	while (r->tracing &&
	       (investigation__last(r->investigation, clock__now()) || clock__now() < end_at)) {
		usleep(20000);
		judge(r);
	}
	hooks__disarm(r->hooks);
	judge(r);
	losses__count(&r->losses);
	if (r->tracing)
		session__histograms(r->session);
	session__end(r->session, clock__now(), false);
	return filter__standing(r->report, r->ledger) ? r->options.error_exitcode : EXIT_DONE;
}

/* ---- setting up ---- */

static int can_run(const struct run *r)
{
	const struct features *f = &r->kernel.features;

	if (!sandbox__may_begin(f))
		return -EPERM;
	if (!f->btf) {
		log_error(
			"this kernel (%s) has no BTF type information in /sys/kernel/btf/vmlinux; "
			"use a kernel built with CONFIG_DEBUG_INFO_BTF, as all distribution "
			"kernels since 5.10 are",
			f->release);
		return -EOPNOTSUPP;
	}
	if (f->lockdown) {
		log_error("the kernel is locked down (confidentiality) and lets nobody read its "
			  "memory; boot without lockdown=confidentiality to trace");
		return -EPERM;
	}
	if (!f->memory) {
		log_error("this kernel (%s) runs no BPF programs on demand, which read its "
			  "memory; use 5.10 or newer",
			  f->release);
		return -EOPNOTSUPP;
	}
	if (!f->symbols) {
		log_error("it is not known where the kernel's functions are: %s", f->hidden);
		return -EPERM;
	}
	if (!f->modules && !r->kernel.builtins.nfc) {
		log_error("this kernel (%s) has no loadable modules, and NFC is not built into it",
			  f->release);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Before anything is attached, so that a bad path is known at once. */
static int open_recording(struct run *r)
{
	return r->options.output ? recorder__open(&r->recorder, r->options.output) : 0;
}

/*
 * It can trace: only now does the file lose what an earlier run has written.  Whatever
 * is told to the session, from here on, is recorded.
 */
static int open_session(struct run *r)
{
	int err = r->recorder ? recorder__begin(r->recorder) : 0;
	struct utsname machine;

	if (err)
		return err;
	check_clock(r);
	uname(&machine);
	if (r->recorder)
		session__record(r->session, r->recorder, NFCLEAKBPF_VERSION,
				r->kernel.features.release, machine.machine);
	return introduce__subsystems(r->session, r->names);
}

static int watch(struct run *r, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

/*
 * First of all, so that one that comes during the start is not lost, also where
 * SIGINT is ignored as it is for background jobs of a shell script.
 */
static int take_signals(struct run *r)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* A blocked signal that is also ignored never arrives. */
	signal(SIGINT, SIG_DFL);
	r->signals = signalfd(-1, &set, SFD_CLOEXEC);
	return r->signals < 0 ? -errno : 0;
}

static void describe(void *ctx, const struct allocation *a, uint64_t now, struct report_leak *l)
{
	tell__describe(((struct run *)ctx)->tell, a, now, l);
}

static bool hides(void *ctx, const struct allocation *a)
{
	return filter__hides(((struct run *)ctx)->report, a);
}

static void stop(void *ctx)
{
	((struct run *)ctx)->stop = true;
}

static int open_control(struct run *r)
{
	r->subject = (struct control_subject){
		.kernel = &r->kernel,
		.hooks = r->hooks,
		.names = r->names,
		.ledger = r->ledger,
		.layout = &r->layout,
		.investigation = r->investigation,
		.started = &r->started,
		.scan_interval_ns = r->options.scan_interval_ns,
		.hide_addresses = r->options.hide_addresses,
		.hidden = filter__hidden(r->report),
		.describe = describe,
		.hides = hides,
		.stop = stop,
		.ctx = r,
	};
	return control__new(&r->control, &r->subject);
}

static int open_loop(struct run *r)
{
	struct itimerspec tick = { { 0, TICK_NS }, { 0, TICK_NS } };
	int err;

	r->tick = TICK_NS;
	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->timer < 0 || r->epoll < 0 || timerfd_settime(r->timer, 0, &tick, NULL))
		return -errno;
	err = watch(r, r->signals);
	if (!err)
		err = watch(r, r->timer);
	if (!err)
		err = watch(r, ring_buffer__epoll_fd(r->ring));
	if (!err)
		err = open_control(r);
	if (!err && control__fd(r->control) >= 0)
		err = watch(r, control__fd(r->control));
	if (!err && service__fd(r->service) >= 0)
		err = watch(r, service__fd(r->service));
	if (!err && r->front->on_input)
		err = watch(r, r->front->input);
	return err;
}

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return kernel__resolve(ctx, addrs, count, out);
}

/* Is what is to be traced there, and only not known where? */
static bool built_in_for_nothing(const struct run *r)
{
	const struct builtins *b = &r->kernel.builtins;

	return b->nfc && (!r->options.nr_modules || builtins__scattered(b, r->options.modules[0]));
}

static int open_trace(struct run *r)
{
	struct hooks_config config = {
		.mode = r->options.attach,
		.modules = r->options.modules,
		.nr_modules = r->options.nr_modules,
		.book_entries = r->options.book_entries,
	};
	struct ledger_ops ops = { on_leak, on_update, on_retracted, on_warning };
	struct ledger_config ledger = { .grace_ns = GRACE_NS, .min_age_ns = r->options.min_age_ns };
	const struct report_format *format = r->front->format;
	struct report *report = NULL;
	struct investigation_config look = { r->options.scan_interval_ns, r->options.scan_limit };
	char refusal[BUILTINS_REFUSAL];
	int err;

	r->names = names__new(resolve, &r->kernel);
	if (r->names)
		report = veil__open(&format, stdout, r->names, r->options.quiet,
				    r->options.hide_addresses, &r->shown);
	r->report =
		filter__open(format, report, r->options.suppressions, r->options.gen_suppressions);
	if (r->report)
		r->tell = tell__new(&report_filtered, r->report, r->names, leak_bytes, r);
	if (r->tell)
		r->session = session__new(&ledger, &ops, r, r->names);
	if (!r->session)
		return -ENOMEM;
	r->ledger = session__ledger(r->session);
	session__set_tell(r->session, r->tell);
	layout__read(&r->layout, r->kernel.btf);
	r->sizes = (struct skb_sizes){ r->layout.skb_size,
				       (r->layout.shared_info_size + 63U) & ~63U, 64 };
	for (size_t i = 0; i < STACKS_HIDERS; i++)
		query__find(r->kernel.query, NULL, stacks_hiders[i], &r->hiders[i]);
	err = hooks__new(&r->hooks, &config, &r->kernel, r->names);
	if (err)
		return err;
	/* Then there is nothing to wait for, either. */
	if (!hooks__nr_modules(r->hooks) && built_in_for_nothing(r)) {
		builtins__refusal(&r->kernel.builtins, refusal, sizeof(refusal));
		log_error("%s", refusal);
		return -EOPNOTSUPP;
	}
	if (!hooks__nr_modules(r->hooks) && !r->options.wait) {
		if (config.nr_modules)
			log_error("the module to trace is not loaded; load it (modprobe %s) or "
				  "start with --wait",
				  config.modules[0]);
		else
			log_error("no NFC module is loaded; load your reader's driver (or modprobe "
				  "nfcsim for the simulator), or start with --wait");
		return -ENODEV;
	}
	err = hooks__attach(r->hooks);
	if (err)
		return err;
	r->investigation = investigation__new(&look, &r->kernel, r->hooks, r->session, &r->layout);
	r->arming = arming__new(r->hooks, &r->kernel, r->session, r->options.linger_ns);
	if (!r->investigation || !r->arming)
		return -ENOMEM;
	r->ring = ring_buffer__new(hooks__events_fd(r->hooks), on_record, r, NULL);
	r->losses = (struct losses){ r->hooks, r->names, r->session, r->ring, .lost = 0 };
	return r->ring ? 0 : -errno;
}

static void close_run(struct run *r)
{
	investigation__free(r->investigation);
	arming__free(r->arming);
	ring_buffer__free(r->ring);
	recorder__close(r->recorder);
	tell__free(r->tell);
	suppressions__free(r->options.suppressions);
	hooks__free(r->hooks);
	session__free(r->session);
	names__free(r->names);
	kernel__close(&r->kernel);
	control__free(r->control);
	service__free(r->service);
	if (r->signals >= 0)
		close(r->signals);
	if (r->timer >= 0)
		close(r->timer);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->lock >= 0)
		close(r->lock);
}

/*
 * What is large is needed for a moment only (types, what a search reads) and goes
 * back to the system at once; the searching thread needs no heap of its own.
 */
static void spare_memory(void)
{
	mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	mallopt(M_ARENA_MAX, 1);
}

int run_trace(const struct run_options *options, const struct front *front)
{
	struct run r = { .options = *options,
			 .front = front,
			 .epoll = -1,
			 .signals = -1,
			 .timer = -1,
			 .lock = -1 };
	int err, status = EXIT_CANNOT;
	char lock[RUNTIME_PATH_MAX];

	spare_memory();
	err = take_signals(&r);
	if (!err)
		err = kernel__open(&r.kernel, subsystem__parts());
	if (err) {
		log_error("cannot start: %s", strerror(-err));
		goto out;
	}
	/* What is wrong from here on is said where it is found. */
	err = can_run(&r);
	if (!err)
		err = r.lock = lock__take(runtime__path(RUNTIME_LOCK, lock));
	if (err >= 0)
		err = open_recording(&r);
	if (!err)
		err = service__new(&r.service, &options->metrics);
	if (err)
		goto out;
	err = open_trace(&r);
	if (!err)
		err = open_loop(&r);
	if (!err)
		err = open_session(&r);
	if (err) {
		if (err != -ENODEV)
			log_error("cannot start: %s", strerror(-err));
		goto out;
	}
	kernel__forget_btf(&r.kernel);
	malloc_trim(0);
	hooks__arm(r.hooks);
	if (hooks__nr_modules(r.hooks))
		begin(&r);
	else
		log_info("waiting for an NFC module to be loaded");
	sandbox__enter(&r.kernel.features, options->attach, !options->no_sandbox);
	service__ready(r.service, &r.subject);
	err = loop(&r);
	if (err)
		log_error("cannot wait for events: %s", strerror(-err));
	status = finish(&r);
	if (err)
		status = EXIT_CANNOT;
	if (fflush(stdout) || ferror(stdout)) {
		log_error("the report could not be written: %s", strerror(errno));
		status = EXIT_CANNOT;
	}
	/* Before detaching, which takes its time. */
	if (recorder__close(r.recorder) && status == EXIT_DONE)
		status = EXIT_CANNOT;
	r.recorder = NULL;
out:
	close_run(&r);
	return status;
}

int cmd_run(int argc, char **argv)
{
	struct run_options options;
	struct front front = { 0 };

	run_options__parse(&options, argc, argv);
	front.format = options.json ? &report_json : &report_text;
	return run_trace(&options, &front);
}
