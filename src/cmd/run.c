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
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/investigate.h"
#include "cmd/options.h"
#include "hooks/hooks.h"
#include "ledger/ledger.h"
#include "report/filter.h"
#include "report/report.h"
#include "scan/look.h"
#include "util/log.h"
#include "util/table.h"

#define LOCK_FILE     "/run/nfcleakbpf.lock"
#define TICK_NS	      100000000ULL  /* how often suspects are looked at */
#define GRACE_NS      1000000000ULL /* deferred frees come within a second */
#define LAST_GRACE_NS 250000000ULL  /* the same once the end has come */

struct report_module {
	const struct names *names;
	const char *name;
};

struct run {
	struct run_options options;
	struct kernel kernel;
	struct names *names;
	struct hooks *hooks;
	struct ledger *ledger;
	struct layout layout;
	struct investigation *investigation;
	struct skb_sizes sizes;
	struct ring_buffer *ring;
	struct table devices; /* device structure -> name */
	const struct report_format *format;
	struct report *report;
	int epoll, signals, timer, lock;
	bool tracing;
	bool stop;
	uint64_t started, next_histograms, next_tick;
	uint64_t lost, misses; /* as far as the ledger knows */
};

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* A monotonic time as one of the wall clock as it is now. */
static uint64_t wall(uint64_t ns)
{
	return clock_ns(CLOCK_REALTIME) - now_ns() + ns;
}

/* ---- findings ---- */

/* Who called the submitting function. */
static const char *submitter(const struct run *r, const struct carrier *c)
{
	const struct stack *s = names__stack_at(r->names, c->stack);

	for (size_t i = 0; s && i + 1 < s->depth; i++)
		if (s->frames[i].function == c->function)
			return names__text(r->names, s->frames[i + 1].function);
	return NULL;
}

static void fill_leak(struct run *r, const struct allocation *a, uint64_t now,
		      struct report_leak *l)
{
	const struct hook_meaning *meaning;
	const struct subsystem *s = NULL;
	int n;

	memset(l, 0, sizeof(*l));
	l->a = a;
	l->now = wall(now);
	l->moment = wall(a->moment);
	l->age_ms = (now - a->born) / 1000000;
	l->stack = names__stack_at(r->names, a->stack);
	if (l->stack && l->stack->site < l->stack->depth) {
		const struct stack_frame *f = &l->stack->frames[l->stack->site];

		l->function = names__text(r->names, f->function);
		l->module = names__module(r->names, f->function);
		l->offset = f->offset;
	} else {
		l->function = names__text(r->names, a->caller);
		l->module = names__module(r->names, a->caller);
	}
	if (a->carrier.type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(r->names, a->carrier.callback);
	l->submit = names__text(r->names, a->carrier.function);
	l->upper = names__text(r->names, a->carrier.upper);
	l->submitter = submitter(r, &a->carrier);
	l->device = table__get(&r->devices, a->carrier.device);
	for (uint64_t cookie = 1; cookie <= hooks__count(r->hooks) && !s; cookie++) {
		meaning = hooks__meaning(r->hooks, cookie);
		if (meaning && meaning->function == a->carrier.function)
			s = meaning->subsystem;
	}
	for (n = 0; s && s->command_types[n]; n++)
		if (n == a->carrier.type)
			l->command = s->command_types[n];
}

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;
	int n;

	fill_leak(r, a, now, &l);
	n = look__bytes(r->kernel.query, &r->layout, a, l.bytes, sizeof(l.bytes));
	l.nr_bytes = n > 0 ? (size_t)n : 0;
	r->format->leak(r->report, &l);
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;

	fill_leak(r, a, now, &l);
	l.was = was;
	r->format->update(r->report, &l);
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct run *r = ctx;

	fill_leak(r, a, now, &l);
	r->format->retracted(r->report, &l);
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	const struct stack *stack;
	const char *callback, *device;
	struct run *r = ctx;
	char text[512];

	if (w->rule == RULE_CALLBACK_OVERDUE) {
		callback = names__text(r->names, w->carrier.callback);
		device = table__get(&r->devices, w->carrier.device);
		snprintf(text, sizeof(text),
			 "a command for %s%s%s is stuck: queued %.1f s ago, several times its own "
			 "timeout",
			 callback ? callback : "an unknown callback", device ? " on " : "",
			 device ? device : "", (double)w->age_ns / 1e9);
	} else {
		stack = names__stack_at(r->names, w->stack);
		snprintf(
			text, sizeof(text),
			"%llu allocations from %s are outstanding, and more with every ten seconds",
			(unsigned long long)w->outstanding,
			stack && stack->site < stack->depth ? stack->frames[stack->site].text
							    : "an unknown place");
	}
	r->format->warning(r->report, rule__name(w->rule), text);
	/* What no other rule sees, a scan may: now, not in ten minutes. */
	if (w->rule == RULE_GROWTH && r->options.scan_interval_ns)
		investigation__scan(r->investigation, now);
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

/* The ledger's idea of a subsystem: by name, so that it holds for every build. */
static int set_role(struct run *r, const char *function, const char *module, enum role role)
{
	uint32_t name = names__intern(r->names, function, module);

	return name ? ledger__set_role(r->ledger, name, role) : -ENOMEM;
}

static int set_roles(struct run *r)
{
	int err = 0;

	for (size_t i = 0; subsystems[i] && !err; i++) {
		const struct subsystem *s = subsystems[i];

		for (const char *const *d = s->dispatchers; *d && !err; d++)
			err = set_role(r, *d, s->module, ROLE_DISPATCH);
		for (const struct hooked_function *f = s->functions; f->name && !err; f++)
			if (f->role == HOOK_SUBMIT)
				err = set_role(r, f->name, s->module, ROLE_SUBMIT);
	}
	return err;
}

static void say_start(struct run *r)
{
	size_t count = hooks__count(r->hooks), n = 0, attached = 0, modules;
	char **missing = calloc(count + 1, sizeof(*missing));
	const char **names;

	modules = hooks__nr_modules(r->hooks);
	names = calloc(modules + 1, sizeof(*names));
	for (size_t i = 0; names && i < modules; i++)
		names[i] = hooks__module(r->hooks, i);
	for (size_t i = 0; missing && i < count; i++) {
		const struct hook *h = hooks__at(r->hooks, i);

		attached += h->state == HOOK_ATTACHED;
		if (h->state == HOOK_MISSING &&
		    asprintf(&missing[n], "%s %s%s%s: %s; lost: %s", h->mechanism, h->target,
			     *h->module ? " of " : "", h->module, h->reason, h->lost) > 0)
			n++;
	}
	if (names && missing)
		r->format->start(r->report, &(struct report_start){
						    .kernel = r->kernel.features.release,
						    .modules = names,
						    .nr_modules = modules,
						    .hooks = attached,
						    .missing = (const char *const *)missing,
						    .nr_missing = n,
					    });
	for (size_t i = 0; missing && i < n; i++)
		free(missing[i]);
	free(missing);
	free(names);
}

static void begin(struct run *r)
{
	r->tracing = true;
	r->started = now_ns();
	if (r->options.interval_ns)
		r->next_histograms = r->started + r->options.interval_ns;
	say_start(r);
}

/* ---- events ---- */

static void know_device(struct run *r, uint64_t device)
{
	char name[16];
	char *copy;

	if (!device || table__get(&r->devices, device) ||
	    look__device_name(r->kernel.query, device, name, sizeof(name)))
		return;
	copy = strdup(name);
	if (copy && table__set(&r->devices, device, copy))
		free(copy);
}

/* Devices go with their driver; another may get the same address. */
static void forget_devices(struct run *r)
{
	size_t i = 0;
	char *name;

	while ((name = table__next(&r->devices, &i)))
		free(name);
	table__free(&r->devices);
}

static void on_module(struct run *r, const struct nlb_module *m)
{
	char name[NLB_MODULE_NAME_LEN];
	size_t before;
	int ret;

	memcpy(name, m->name, sizeof(name));
	name[sizeof(name) - 1] = '\0';
	if (m->h.type == NLB_MODULE_FREE) {
		if (hooks__module_gone(r->hooks, name)) {
			struct report_module gone = { r->names, name };

			ledger__owner_gone(r->ledger, in_module, &gone, m->h.time);
			ledger__forget_devices(r->ledger);
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
	forget_devices(r);
	/* One event may find several: they come in quick succession. */
	for (size_t i = before; r->tracing && i < hooks__nr_modules(r->hooks); i++)
		log_info("module %s was loaded; it is traced from here on",
			 hooks__module(r->hooks, i));
	if (!r->tracing)
		begin(r);
}

static int on_record(void *ctx, void *data, size_t size)
{
	const struct hook_meaning *meaning = NULL;
	const struct nlb_header *h = data;
	const struct nlb_call *call = data;
	struct run *r = ctx;
	struct event e;

	if (size >= sizeof(struct nlb_return) && (h->type == NLB_CALL || h->type == NLB_RETURN))
		meaning = hooks__meaning(r->hooks, call->cookie);
	if (size >= sizeof(struct nlb_module) &&
	    (h->type == NLB_MODULE_LOAD || h->type == NLB_MODULE_FREE)) {
		on_module(r, data);
		return 0;
	}
	if (decode(data, size, meaning, &r->sizes, r->names, &e) != DECODED_EVENT)
		return 0;
	if (e.type == EVENT_SUBMIT && meaning) {
		const struct subsystem *s = meaning->subsystem;

		know_device(r, e.submit.device);
		if (s->submit.callback != NO_ARG)
			hooks__learn_callback(r->hooks, s, call->args[s->submit.callback]);
	}
	if (ledger__event(r->ledger, &e)) {
		/* As good as lost in the ring buffer: read the book again. */
		r->lost = UINT64_MAX;
	}
	return 0;
}

/* ---- losses ---- */

static int read_book(struct run *r, struct live **out, size_t *count)
{
	int fd = hooks__book_fd(r->hooks);
	size_t room = hooks__book_entries(r->hooks);
	struct live *list = calloc(room, sizeof(*list));
	struct nlb_book_entry entry;
	uint64_t key, next;
	bool first = true;
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	while (n < room && !bpf_map_get_next_key(fd, first ? NULL : &key, &next)) {
		first = false;
		key = next;
		if (bpf_map_lookup_elem(fd, &key, &entry))
			continue; /* freed meanwhile */
		list[n] = (struct live){
			.addr = key,
			.born = entry.born,
			.size = entry.size,
			.skb = entry.kind == NLB_KIND_SKB,
			.caller = names__function(r->names, entry.site),
			.tid = entry.tid,
		};
		memcpy(list[n].comm, entry.comm, sizeof(list[n].comm));
		list[n++].comm[sizeof(list[0].comm) - 1] = '\0';
	}
	*out = list;
	*count = n;
	return 0;
}

static void check_misses(struct run *r)
{
	uint64_t misses = hooks__misses(r->hooks);

	if (misses != r->misses)
		ledger__missed(r->ledger, misses - r->misses);
	r->misses = misses;
}

static void check_losses(struct run *r)
{
	uint64_t lost = __atomic_load_n(&hooks__counters(r->hooks)->lost, __ATOMIC_RELAXED);
	uint64_t snapshot;
	struct live *live = NULL;
	size_t count = 0;
	int err;

	if (lost == r->lost)
		return;
	log_info("events were lost (%llu so far); reading the book of live allocations",
		 (unsigned long long)lost);
	ring_buffer__consume(r->ring);
	snapshot = now_ns();
	err = read_book(r, &live, &count);
	if (!err)
		err = ledger__resync(r->ledger, live, count, snapshot);
	if (err)
		log_error("the book could not be read: %s; trying again", strerror(-err));
	else
		r->lost = lost;
	free(live);
}

/* ---- the loop ---- */

static void judge(struct run *r)
{
	uint64_t now;

	ring_buffer__consume(r->ring);
	check_losses(r);
	now = now_ns();
	investigation__work(r->investigation, now);
	if (now >= r->next_tick) {
		check_misses(r);
		ledger__tick(r->ledger, now);
		r->next_tick = now + 1000000000;
	}
	r->format->tick(r->report, wall(now));
}

static void histograms(struct run *r)
{
	for (size_t i = 0; i < ledger__histograms(r->ledger); i++) {
		const struct histogram *h = ledger__histogram(r->ledger, i);

		if (h->allocations)
			r->format->histogram(r->report, h, names__text(r->names, h->callback));
	}
}

static void on_timer(struct run *r)
{
	uint64_t now, ticks;

	if (read(r->timer, &ticks, sizeof(ticks)) < 0)
		return;
	judge(r);
	now = now_ns();
	if (r->next_histograms && r->tracing && now >= r->next_histograms) {
		histograms(r);
		r->next_histograms = now + r->options.interval_ns;
	}
	if (r->tracing && r->options.duration_ns && now - r->started >= r->options.duration_ns)
		r->stop = true;
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
			else
				ring_buffer__consume(r->ring);
		}
	}
	return 0;
}

/* The last suspects get a short grace; then the report, before detaching. */
static int finish(struct run *r)
{
	struct report_end end = { 0 };
	const struct ledger_stats *s;
	uint64_t end_at = now_ns() + LAST_GRACE_NS;

	ledger__set_grace(r->ledger, LAST_GRACE_NS);
	while (r->tracing &&
	       (investigation__last(r->investigation, now_ns()) || now_ns() < end_at)) {
		usleep(20000);
		judge(r);
	}
	hooks__disarm(r->hooks);
	judge(r);
	if (!r->tracing)
		return EXIT_DONE;
	histograms(r);
	s = ledger__stats(r->ledger);
	end.seconds = (double)(now_ns() - r->started) / 1e9;
	end.ledger = r->ledger;
	end.lost_events = hooks__counters(r->hooks)->lost;
	end.missed_hooks = s->missed_hooks;
	end.unseen = hooks__counters(r->hooks)->book_full;
	r->format->end(r->report, &end);
	return filter__standing(r->report, r->ledger) ? r->options.error_exitcode : EXIT_DONE;
}

/* ---- setting up ---- */

static int can_run(const struct run *r)
{
	const struct features *f = &r->kernel.features;

	if (!f->privileged) {
		log_error("not permitted: tracing the kernel needs root (sudo nfcleakbpf run)");
		return -EPERM;
	}
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
	if (!f->syscall_program) {
		log_error("this kernel (%s) runs no BPF programs of type syscall, which read its "
			  "symbols; use 5.16 or newer",
			  f->release);
		return -EOPNOTSUPP;
	}
	if (!f->symbols) {
		log_error("kernel addresses are hidden; set kernel.kptr_restrict "
			  "to 0 or 1 (sysctl kernel.kptr_restrict=1)");
		return -EPERM;
	}
	if (!f->modules) {
		log_error("this kernel (%s) has no loadable modules; NFC built into the kernel is "
			  "not supported yet",
			  f->release);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* Only one at a time: a second one would report the same. */
static int take_lock(struct run *r)
{
	char pid[32] = "";
	ssize_t n;

	r->lock = open(LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (r->lock < 0) {
		log_error("cannot open %s: %s", LOCK_FILE, strerror(errno));
		return -errno;
	}
	if (flock(r->lock, LOCK_EX | LOCK_NB)) {
		n = read(r->lock, pid, sizeof(pid) - 1);
		pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
		log_error("already running as process %s; stop that one first (kill %s)",
			  *pid ? pid : "?", *pid ? pid : "PID");
		return -EBUSY;
	}
	n = snprintf(pid, sizeof(pid), "%d\n", getpid());
	if (ftruncate(r->lock, 0) || write(r->lock, pid, (size_t)n) != n) {
		log_error("cannot write %s: %s", LOCK_FILE, strerror(errno));
		return -errno;
	}
	return 0;
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

static int open_loop(struct run *r)
{
	struct itimerspec tick = { { 0, TICK_NS }, { 0, TICK_NS } };
	int err;

	r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (r->timer < 0 || r->epoll < 0 || timerfd_settime(r->timer, 0, &tick, NULL))
		return -errno;
	err = watch(r, r->signals);
	if (!err)
		err = watch(r, r->timer);
	if (!err)
		err = watch(r, ring_buffer__epoll_fd(r->ring));
	return err;
}

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	return query__resolve(ctx, addrs, count, out);
}

static int open_trace(struct run *r)
{
	struct hooks_config config = {
		.mode = r->options.attach,
		.modules = r->options.modules,
		.nr_modules = r->options.nr_modules,
		.book_entries = r->options.book_entries,
	};
	struct ledger_config ledger = { .grace_ns = GRACE_NS, .min_age_ns = r->options.min_age_ns };
	struct ledger_ops ops = { on_leak, on_update, on_retracted, on_warning };
	struct investigation_config look = { r->options.scan_interval_ns, r->options.scan_limit };
	int err;

	r->names = names__new(resolve, r->kernel.query);
	r->ledger = ledger__new(&ledger, &ops, r);
	r->format = r->options.json ? &report_json : &report_text;
	if (r->names)
		r->report = r->format->open(stdout, r->names, r->options.quiet);
	r->report = filter__open(r->format, r->report, r->options.suppressions,
				 r->options.gen_suppressions);
	r->format = &report_filtered;
	if (!r->names || !r->ledger || !r->report)
		return -ENOMEM;
	layout__read(&r->layout, r->kernel.btf);
	r->sizes = (struct skb_sizes){ r->layout.skb_size,
				       (r->layout.shared_info_size + 63U) & ~63U, 64 };
	err = set_roles(r);
	if (!err)
		err = hooks__new(&r->hooks, &config, &r->kernel, r->names);
	if (err)
		return err;
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
	r->investigation = investigation__new(&look, &r->kernel, r->hooks, r->ledger, &r->layout);
	if (!r->investigation)
		return -ENOMEM;
	r->ring = ring_buffer__new(hooks__events_fd(r->hooks), on_record, r, NULL);
	return r->ring ? 0 : -errno;
}

static void close_run(struct run *r)
{
	investigation__free(r->investigation);
	ring_buffer__free(r->ring);
	if (r->report)
		r->format->close(r->report);
	suppressions__free(r->options.suppressions);
	hooks__free(r->hooks);
	ledger__free(r->ledger);
	names__free(r->names);
	forget_devices(r);
	kernel__close(&r->kernel);
	if (r->signals >= 0)
		close(r->signals);
	if (r->timer >= 0)
		close(r->timer);
	if (r->epoll >= 0)
		close(r->epoll);
	if (r->lock >= 0)
		close(r->lock);
}

int cmd_run(int argc, char **argv)
{
	struct run r = { .epoll = -1, .signals = -1, .timer = -1, .lock = -1 };
	int err, status = EXIT_CANNOT;

	run_options__parse(&r.options, argc, argv);
	err = take_signals(&r);
	if (!err)
		err = kernel__open(&r.kernel);
	if (!err)
		err = can_run(&r);
	if (!err)
		err = take_lock(&r);
	if (err)
		goto out;
	err = open_trace(&r);
	if (!err)
		err = open_loop(&r);
	if (err) {
		if (err != -ENODEV)
			log_error("cannot start: %s", strerror(-err));
		goto out;
	}
	hooks__arm(r.hooks);
	if (hooks__nr_modules(r.hooks))
		begin(&r);
	else
		log_info("waiting for an NFC module to be loaded");
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
out:
	close_run(&r);
	return status;
}
