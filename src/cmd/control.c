// SPDX-License-Identifier: GPL-2.0-only
/*
 * kmemleak's verbs.
 *
 * Everything happens in run's one thread, between two events: an answer is a
 * picture of one moment.  "scan" and "stop" wait; who waits is known by its number
 * and asked for again when the time has come, since it may have hung up.
 */
#include "cmd/control.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/standing.h"
#include "report/kmemleak_object.h"
#include "report/veil.h"
#include "report/words.h"
#include "serve/kept.h"
#include "serve/line.h"
#include "serve/notice.h"
#include "serve/server.h"
#include "serve/status.h"
#include "util/clock.h"
#include "util/hz.h"
#include "util/log.h"
#include "util/runtime.h"

#define CLIENTS		 32
#define CRC_BYTES	 65536		 /* of an object, at most */
#define INTERVAL_DEFAULT 600000000000ULL /* kmemleak's */

struct waiting {
	uint64_t id; /* of the request, 0: nobody */
	bool stop;
	int64_t search; /* scan: that has to end */
	uint64_t leaks; /* established when it was asked for */
	uint64_t asked_at;
};

struct control {
	struct control_subject subject;
	struct server *server;
	struct kept *kept;
	struct notice notice;
	struct kmemleak_layout layout;
	unsigned hz;
	uint64_t leaks; /* ever established */
	struct waiting waiting[CLIENTS];
	/* for what is printed */
	FILE *out;
	char *text;
	size_t size;
};

/* ---- printing into an answer ---- */

/* What was printed since the last time goes into the answer, or not at all. */
static bool hand_over(struct control *c, struct request *r)
{
	bool fits = !fflush(c->out) && !ferror(c->out) && request__write(r, c->text, c->size);

	rewind(c->out); /* which forgets the error, too */
	return fits;
}

static void answer(struct control *c, struct request *r)
{
	if (hand_over(c, r))
		request__ok(r, NULL);
	else
		request__error(r, "out of memory");
}

/* ---- one object ---- */

/* An skb is its struct; what it points to is another object, as for kmemleak. */
static uint64_t object_size(const struct control *c, const struct allocation *a)
{
	return a->skb && c->subject.layout->skb_size ? c->subject.layout->skb_size : a->size;
}

static uint32_t object_crc(const struct control *c, const struct allocation *a)
{
	uint64_t size = object_size(c, a);
	unsigned char buf[MEMORY_PIECE_MAX];
	uint32_t crc = 0;

	for (uint64_t at = 0; at < size && at < CRC_BYTES; at += sizeof(buf)) {
		uint16_t len = (uint16_t)(size - at < sizeof(buf) ? size - at : sizeof(buf));

		if (query__read(c->subject.kernel->query, a->addr + at, buf, len))
			return 0;
		crc = kmemleak__crc(crc, buf, len);
	}
	return crc;
}

/*
 * Everything about it, with the bytes as they were when the leak was established.  *crc:
 * that of the kernel's kmemleak then.
 */
static void describe(const struct control *c, const struct allocation *a, uint64_t now,
		     struct report_leak *l, uint32_t *crc)
{
	const struct kept_finding *k = kept__get(c->kept, a->id);
	int n;

	c->subject.describe(c->subject.ctx, a, now, l);
	if (k && k->nr_bytes) {
		memcpy(l->bytes, k->bytes, k->nr_bytes);
		l->nr_bytes = k->nr_bytes;
		*crc = k->crc;
		return;
	}
	n = look__bytes(c->subject.kernel->query, c->subject.layout, a, l->bytes, sizeof(l->bytes));
	l->nr_bytes = n > 0 ? (size_t)n : 0;
	*crc = c->layout.crc ? object_crc(c, a) : 0;
}

/* l must outlive it. */
static struct kmemleak_object as_object(const struct control *c, const struct report_leak *l,
					uint32_t crc)
{
	return (struct kmemleak_object){
		.addr = l->a->addr,
		.size = l->a->size,
		.comm = l->a->comm,
		.pid = l->a->tid,
		.jiffies = kmemleak__jiffies(l->a->born, c->hz),
		.age_ms = l->age_ms,
		.bytes = l->bytes,
		.nr_bytes = l->nr_bytes,
		.crc = crc,
		.stack = l->stack,
	};
}

static bool suppressed(const struct control *c, const struct allocation *a)
{
	return c->subject.hides(c->subject.ctx, a);
}

void control__leak(struct control *c, const struct report_leak *l, uint64_t now)
{
	struct kept_finding f = { .id = l->a->id };

	_Static_assert(sizeof(f.bytes) == sizeof(l->bytes), "all of them are kept");
	if (!c || suppressed(c, l->a))
		return;
	c->leaks++;
	notice__add(&c->notice, now);
	memcpy(f.bytes, l->bytes, l->nr_bytes);
	f.nr_bytes = (uint8_t)l->nr_bytes;
	f.crc = c->layout.crc && l->nr_bytes ? object_crc(c, l->a) : 0;
	/* Without it the bytes are read when somebody asks. */
	(void)kept__add(c->kept, &f);
}

void control__retracted(struct control *c, const struct allocation *a)
{
	if (c)
		kept__remove(c->kept, a->id);
}

/* ---- show, clear ---- */

/* The list as kmemleak has it, as a format: so it can be behind a veil as all others. */
struct report {
	const struct control *c;
	FILE *out;
	uint32_t crc; /* of the next leak's object */
};

static struct report *list_open(FILE *out, const struct names *names, bool quiet)
{
	struct report *r = calloc(1, sizeof(*r));

	(void)names;
	(void)quiet;
	if (r)
		r->out = out;
	return r;
}

static void list_leak(struct report *r, const struct report_leak *l)
{
	struct kmemleak_object o = as_object(r->c, l, r->crc);

	kmemleak__print(r->out, &r->c->layout, &o);
}

static void list_close(struct report *r)
{
	free(r);
}

static const struct report_format kmemleak_list = {
	.open = list_open,
	.leak = list_leak,
	.close = list_close,
};

struct listing {
	struct control *c;
	struct request *r;
	const struct report_format *format;
	struct report *report; /* the format's, or the veil before it */
	struct report *list;   /* that of kmemleak_list; NULL: it is another format */
	uint64_t now;
	uint64_t cut;
};

static void list_one(void *ctx, const struct allocation *a)
{
	struct listing *s = ctx;
	struct report_leak l;
	uint32_t crc;

	if (suppressed(s->c, a) || kept__cleared(s->c->kept, a->id))
		return;
	if (s->cut) {
		s->cut++;
		return;
	}
	describe(s->c, a, s->now, &l, &crc);
	if (s->list)
		s->list->crc = s->c->subject.hide_addresses ? 0 : crc;
	s->format->leak(s->report, &l);
	if (!hand_over(s->c, s->r))
		s->cut++;
}

static void do_show(void *ctx, struct request *r, const char *argument)
{
	struct control *c = ctx;
	struct listing s = { .c = c, .r = r, .now = clock__now() };
	struct report *own;
	char remark[96];
	bool json;

	if (line__json(argument, &json)) {
		request__error(r, "show: '%s' is not understood", argument);
		return;
	}
	s.format = json ? &report_json : &kmemleak_list;
	s.report = veil__open(&s.format, c->out, c->subject.names, false, c->subject.hide_addresses,
			      &own);
	if (!s.report) {
		request__error(r, "out of memory");
		return;
	}
	if (!json) {
		s.list = own;
		s.list->c = c;
	}
	ledger__each_finding(c->subject.ledger, list_one, &s);
	s.format->close(s.report);
	snprintf(remark, sizeof(remark), "%" PRIu64 " more do not fit into one answer", s.cut);
	request__ok(r, s.cut ? remark : NULL);
}

static void clear_one(void *ctx, const struct allocation *a)
{
	struct control *c = ctx;

	if (!suppressed(c, a) && kept__clear(c->kept, a->id))
		log_error("clear: out of memory");
}

static void do_clear(void *ctx, struct request *r, const char *argument)
{
	struct control *c = ctx;

	if (*argument) {
		request__error(r, "clear takes no argument");
		return;
	}
	ledger__each_finding(c->subject.ledger, clear_one, c);
	request__ok(r, NULL);
}

/* ---- dump ---- */

struct lookup {
	struct control *c;
	uint64_t addr;
	int head; /* where struct sk_buff has it, -1: not looked for */
	const struct allocation *found;
};

static void look_up(void *ctx, const struct allocation *a)
{
	struct lookup *u = ctx;
	uint64_t start = a->addr, size = object_size(u->c, a);

	if (u->found)
		return;
	if (u->head >= 0) {
		if (!a->skb || a->size <= size ||
		    query__read(u->c->subject.kernel->query, start + (uint64_t)u->head, &start,
				sizeof(start)))
			return;
		size = a->size - size;
	}
	/* An allocation of no bytes has an address as well. */
	if (u->addr - start < (size ? size : 1))
		u->found = a;
}

static void print_verdict(FILE *out, const struct report_leak *l)
{
	const struct allocation *a = l->a;
	char time[40], why[WORDS_DEGRADED];

	report__time(l->now - l->age_ms * 1000000, time, sizeof(time));
	fprintf(out, "  allocated %.19sZ, %.1f s ago, number %" PRIu64 "\n", time,
		(double)l->age_ms / 1e3, a->id);
	fprintf(out, "  kind %s\n", kind__name(a->kind));
	if (l->callback || l->command)
		fprintf(out, "  command %s on %s, queued with %s for %s%s\n",
			l->command ? l->command : "?", l->device ? l->device : "?",
			l->submit ? l->submit : "?", l->callback ? l->callback : "?",
			a->carriers ? ", in flight" : "");
	else
		fprintf(out, "  no command carried it\n");
	if (a->rule == RULE_NONE) {
		fprintf(out, "  nothing is suspected\n");
		return;
	}
	fprintf(out, "  rule %s, %.1f s ago\n", rule__name(a->rule),
		l->now > l->moment ? (double)(l->now - l->moment) / 1e9 : 0);
	fprintf(out, "  certainty %s after %u looks%s\n", certainty__name(a->certainty), a->looks,
		a->told ? "" : ", not reported");
	if (a->degraded) {
		words__degraded(a->degraded, why, sizeof(why));
		fprintf(out, "  degraded: %s\n", why);
	}
}

static void do_dump(void *ctx, struct request *r, const char *argument)
{
	struct control *c = ctx;
	struct lookup u = { .c = c, .head = -1 };
	struct kmemleak_object o;
	struct report_leak l;
	uint32_t crc;

	if (line__address(argument, &u.addr)) {
		request__error(r, "dump: '%s' is no address (0x and digits)", argument);
		return;
	}
	/* Whether there is something at an address is told of one as well. */
	if (c->subject.hide_addresses) {
		request__error(r, "dump: this run tells nothing of addresses (--hide-addresses)");
		return;
	}
	ledger__each(c->subject.ledger, look_up, &u);
	u.head = c->subject.layout->skb_head;
	if (!u.found && u.head >= 0 && c->subject.layout->skb_size)
		ledger__each(c->subject.ledger, look_up, &u);
	if (!u.found) {
		request__error(r, "dump: no live allocation that is followed contains 0x%" PRIx64,
			       u.addr);
		return;
	}
	describe(c, u.found, clock__now(), &l, &crc);
	o = as_object(c, &l, crc);
	if (u.found->told && u.found->certainty != CERTAINTY_POSSIBLE) {
		kmemleak__print(c->out, &c->layout, &o);
	} else {
		fprintf(c->out, "object 0x%08" PRIx64 " (size %" PRIu64 "):\n", o.addr, o.size);
		kmemleak__print_details(c->out, &c->layout, &o);
	}
	print_verdict(c->out, &l);
	if (suppressed(c, u.found))
		fprintf(c->out, "  hidden by --suppressions\n");
	answer(c, r);
}

/* ---- scan ---- */

static bool wait_for(struct control *c, struct request *r, const struct waiting *w)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		struct waiting *place = &c->waiting[i];

		if (place->id && server__request(c->server, place->id))
			continue;
		*place = *w;
		place->id = request__later(r);
		return true;
	}
	return false; /* not with as many clients as places */
}

static void set_interval(struct control *c, struct request *r, const struct scan_order *order)
{
	uint64_t interval = 0;

	if (order->what == SCAN_EVERY)
		interval = order->interval_ns;
	else if (order->what == SCAN_ON)
		interval = c->subject.scan_interval_ns ? c->subject.scan_interval_ns
						       : INTERVAL_DEFAULT;
	investigation__set_interval(c->subject.investigation, interval, clock__now());
	request__ok(r, NULL);
}

static void do_scan(void *ctx, struct request *r, const char *argument)
{
	struct control *c = ctx;
	struct waiting w = { .leaks = c->leaks, .asked_at = clock__now() };
	struct scan_order order;

	if (line__scan(argument, &order)) {
		request__error(r, "scan: '%s' is none of on, off, seconds (at least 1)", argument);
		return;
	}
	if (order.what != SCAN_NOW) {
		set_interval(c, r, &order);
		return;
	}
	w.search = investigation__search(c->subject.investigation);
	if (w.search < 0)
		request__error(r, "memory cannot be searched on this kernel: %s",
			       strerror((int)-w.search));
	else if (!wait_for(c, r, &w))
		request__error(r, "too many are waiting");
}

static void answer_scan(struct control *c, struct request *r, const struct waiting *w,
			const struct investigation_status *s)
{
	uint64_t found = c->leaks - w->leaks;

	if (s->began >= w->asked_at && s->err) {
		request__error(r, "memory could not be searched: %s",
			       s->err == -E2BIG ? "--scan-limit does not suffice"
						: strerror(-s->err));
		return;
	}
	request__printf(r, "%" PRIu64 " new suspected memory leaks%s\n", found,
			found ? " (see nfcleakbpf show)" : "");
	if (s->began >= w->asked_at)
		request__printf(r,
				"searched %.1f MiB in %" PRIu64 " ms for %" PRIu64 " allocations\n",
				(double)s->stats.bytes / (1 << 20), s->stats.ns / 1000000,
				s->stats.objects);
	else
		request__printf(r, "no allocation is live\n");
	request__ok(r, NULL);
}

/* ---- status, stop ---- */

static void do_status(void *ctx, struct request *r, const char *argument)
{
	struct control *c = ctx;
	const char **modules;
	struct run_status s;
	bool json;

	if (line__json(argument, &json)) {
		request__error(r, "status: '%s' is not understood", argument);
		return;
	}
	modules = calloc(hooks__nr_modules(c->subject.hooks) + 1, sizeof(*modules));
	if (!modules) {
		request__error(r, "out of memory");
		return;
	}
	standing__status(&c->subject, &s, modules);
	s.hidden = kept__nr_cleared(c->kept);
	if (json)
		status__json(c->out, &s);
	else
		status__text(c->out, &s);
	answer(c, r);
	free(modules);
}

static void do_stop(void *ctx, struct request *r, const char *argument)
{
	struct waiting w = { .stop = true };
	struct control *c = ctx;

	if (*argument) {
		request__error(r, "stop takes no argument");
		return;
	}
	if (wait_for(c, r, &w))
		c->subject.stop(c->subject.ctx);
	else
		request__error(r, "too many are waiting");
}

/* ---- the server ---- */

static const struct verb verbs[] = {
	{ "scan", do_scan }, { "clear", do_clear }, { "show", do_show }, { "status", do_status },
	{ "dump", do_dump }, { "stop", do_stop },   { NULL, NULL },
};

int control__new(struct control **out, const struct control_subject *subject)
{
	char path[RUNTIME_PATH_MAX];
	struct server_config config = {
		.path = runtime__path(RUNTIME_SOCKET, path),
		.verbs = verbs,
		.clients = CLIENTS,
	};
	struct control *c = calloc(1, sizeof(*c));
	struct utsname name;
	int err;

	*out = NULL;
	if (!c)
		return -ENOMEM;
	c->subject = *subject;
	c->hz = hz__of_kernel();
	c->layout = kmemleak__layout(subject->kernel->features.release,
				     uname(&name) ? NULL : name.version);
	c->kept = kept__new();
	c->out = open_memstream(&c->text, &c->size);
	if (!c->kept || !c->out) {
		control__free(c);
		return -ENOMEM;
	}
	config.ctx = c;
	err = server__new(&c->server, &config);
	if (err)
		log_info("%s cannot be opened (%s): show, scan and the like do not work", path,
			 strerror(-err));
	*out = c;
	return 0;
}

int control__fd(const struct control *c)
{
	return c->server ? server__fd(c->server) : -1;
}

static void say(uint64_t count)
{
	if (count)
		notice__write(count);
}

/* Those whose search has ended. */
static void answer_scans(struct control *c, uint64_t now)
{
	struct investigation_status s;

	investigation__status(c->subject.investigation, &s);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct waiting *w = &c->waiting[i];
		struct request *r;

		if (!w->id || w->stop || s.ended < w->search)
			continue;
		r = server__request(c->server, w->id);
		if (r)
			answer_scan(c, r, w, &s);
		*w = (struct waiting){ 0 };
		say(notice__flush(&c->notice, now));
	}
}

void control__work(struct control *c, uint64_t now)
{
	if (!c)
		return;
	say(notice__due(&c->notice, now));
	if (!c->server)
		return;
	answer_scans(c, now);
	server__work(c->server, now);
}

void control__ending(struct control *c)
{
	if (!c || !c->server)
		return;
	server__close(c->server);
	for (size_t i = 0; i < CLIENTS; i++) {
		struct waiting *w = &c->waiting[i];
		struct request *r = w->id && !w->stop ? server__request(c->server, w->id) : NULL;

		if (r)
			request__error(r, "the run is ending");
	}
	server__work(c->server, clock__now());
}

void control__free(struct control *c)
{
	if (!c)
		return;
	say(notice__flush(&c->notice, clock__now()));
	for (size_t i = 0; c->server && i < CLIENTS; i++) {
		struct waiting *w = &c->waiting[i];
		struct request *r = w->id && w->stop ? server__request(c->server, w->id) : NULL;

		if (r)
			request__ok(r, NULL);
	}
	server__free(c->server);
	kept__free(c->kept);
	if (c->out)
		fclose(c->out);
	free(c->text);
	free(c);
}
