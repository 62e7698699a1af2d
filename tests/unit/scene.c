// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pretended trace of scene.h.
 */
#include "unit/scene.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/subsystem.h"
#include "report/filter.h"
#include "report/veil.h"

#define TEXT   0xffffffffc0000000ULL
#define SLAB   0xffff8881042a0000ULL
#define DEVICE 0xffff888100cf4000ULL

/* Who allocates and who gets it, and how large it is: as in net/nfc. */
static const struct cast {
	const char *function, *callback;
	uint8_t type;
	unsigned size;
	bool skb;
} cast[] = {
	{ "digital_tg_listen_nfcf", "digital_tg_recv_sensf_req", 2, 8, false },
	{ "digital_in_send_sdd_req", "digital_in_recv_sdd_res", 0, 904, true },
	{ "digital_in_send_atr_req", "digital_in_recv_atr_res", 0, 960, true },
	{ "digital_in_send", "digital_in_send_complete", 0, 16, false },
	{ "digital_tg_send_dep_res", "digital_tg_recv_dep_req", 1, 1024, true },
	{ "digital_in_send_sens_req", "digital_in_recv_sens_res", 0, 896, true },
	{ "digital_tg_send_psl_res", "digital_tg_send_psl_res_complete", 1, 912, true },
	{ "digital_in_send_ats_req", "digital_in_recv_ats", 0, 928, true },
};

enum { WORKER = 90, THREAD, KTHREAD, FORK, POLL, ALLOC, SEND, COMPLETE, LISTEN, FIRST = 200 };

struct play {
	const struct scene *scene;
	const struct report_format *format;
	struct report *report, *own;
	struct ledger *ledger;
	struct names *names;
	bool taps;
	uint64_t now, next;	/* and the next address */
	uint64_t leaked[65536]; /* addresses, to be searched for */
	size_t nr_leaked;
	enum certainty was;
};

/* ---- names ---- */

static uint64_t text(unsigned symbol)
{
	return TEXT + symbol * 0x1000ULL;
}

static void function_name(const struct scene *s, unsigned i, char *buf, size_t size)
{
	const struct cast *c = &cast[i % (sizeof(cast) / sizeof(*cast))];
	unsigned again = i / (unsigned)(sizeof(cast) / sizeof(*cast));

	snprintf(buf, size, "%s%s", c->function, s->hostile ? SCENE_HOSTILE : "");
	if (again)
		snprintf(buf + strlen(buf), size - strlen(buf), "_%u", again);
}

static int resolve(void *ctx, const uint64_t *addrs, size_t count, struct symbol *out)
{
	static const char *const fixed[] = { "process_one_work",  "worker_thread",
					     "kthread",		  "ret_from_fork",
					     "digital_wq_poll",	  "digital_skb_alloc",
					     "digital_send_cmd",  "digital_wq_cmd_complete",
					     "digital_start_poll" };
	const struct play *p = ctx;

	for (size_t i = 0; i < count; i++) {
		unsigned symbol = (unsigned)((addrs[i] - TEXT) / 0x1000);
		struct symbol *s = &out[i];

		memset(s, 0, sizeof(*s));
		s->offset = addrs[i] & 0xfff;
		if (symbol >= FIRST)
			function_name(p->scene, symbol - FIRST, s->name, sizeof(s->name));
		else if (symbol >= WORKER && symbol <= LISTEN &&
			 !(symbol == FORK && p->scene->nameless))
			snprintf(s->name, sizeof(s->name), "%s", fixed[symbol - WORKER]);
		if (symbol >= POLL)
			snprintf(s->module, sizeof(s->module), "nfc_digital");
		if (*s->name)
			snprintf(s->text, sizeof(s->text), "%.90s+0x%" PRIx64 "/0x1f0%s%s%s",
				 s->name, s->offset, *s->module ? " [" : "", s->module,
				 *s->module ? "]" : "");
		else
			snprintf(s->text, sizeof(s->text), "0x%" PRIx64, addrs[i]);
	}
	return 0;
}

static uint32_t stack_of(struct play *p, unsigned i)
{
	const uint64_t skb[] = { text(ALLOC) + 0x2a,   text(FIRST + i) + 0x58, text(POLL) + 0x5d,
				 text(WORKER) + 0x190, text(THREAD) + 0x191,   text(KTHREAD) + 0xd2,
				 text(FORK) + 0x34 };
	const uint64_t plain[] = { text(FIRST + i) + 0x58, text(i % 3 ? LISTEN : POLL) + 0x5d,
				   text(WORKER) + 0x190,   text(THREAD) + 0x191,
				   text(KTHREAD) + 0xd2,   text(FORK) + 0x34 };

	if (cast[i % (sizeof(cast) / sizeof(*cast))].skb)
		return names__stack(p->names, skb, 7, 0);
	return names__stack(p->names, plain, 6, 0);
}

/* ---- what the ledger says ---- */

/* As fill_leak() of src/cmd/run.c. */
static void fill(const struct play *p, const struct allocation *a, uint64_t now,
		 struct report_leak *l)
{
	*l = (struct report_leak){ .a = a,
				   .was = p->was,
				   .now = SCENE_WALL - SCENE_MONO + now,
				   .moment = SCENE_WALL - SCENE_MONO + a->moment,
				   .age_ms = (now - a->born) / 1000000,
				   .stack = names__stack_at(p->names, a->stack) };
	if (l->stack && l->stack->site < l->stack->depth) {
		const struct stack_frame *f = &l->stack->frames[l->stack->site];

		l->function = names__text(p->names, f->function);
		l->module = names__module(p->names, f->function);
		l->offset = f->offset;
	}
	for (size_t i = 0; i < REPORT_HEXDUMP && i < a->size; i++)
		l->bytes[l->nr_bytes++] =
			(unsigned char)(i % 8 < 4 ? (unsigned char)"NFC<"[i % 4] : i * 37);
	if (a->carrier.type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(p->names, a->carrier.callback);
	l->submit = names__text(p->names, a->carrier.function);
	l->command = subsystem_digital.command_types[a->carrier.type];
	l->device = p->scene->hostile ? "nfc0" SCENE_HOSTILE : "nfc0";
}

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct play *p = ctx;

	fill(p, a, now, &l);
	p->format->leak(p->report, &l);
	if (p->nr_leaked < sizeof(p->leaked) / sizeof(*p->leaked))
		p->leaked[p->nr_leaked++] = a->addr;
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	struct report_leak l;
	struct play *p = ctx;

	p->was = was;
	fill(p, a, now, &l);
	l.nr_bytes = 0;
	p->format->update(p->report, &l);
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct report_leak l;
	struct play *p = ctx;

	fill(p, a, now, &l);
	p->format->retracted(p->report, &l);
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	(void)ctx;
	(void)w;
	(void)now;
}

/* ---- events ---- */

static void pass(struct play *p, struct event *e)
{
	e->time = p->now;
	e->tid = 46;
	if (p->taps)
		model__before(p->own, p->ledger, e);
	if (ledger__event(p->ledger, e))
		abort();
	if (p->taps)
		model__after(p->own, p->ledger, e);
}

static void allocate(struct play *p, uint64_t addr, uint64_t size, bool skb, uint32_t caller,
		     uint32_t stack)
{
	struct event e = { .type = EVENT_ALLOC };

	e.alloc.addr = addr;
	e.alloc.size = size;
	e.alloc.kind = skb ? EVENT_KIND_SKB : EVENT_KIND_OBJECT;
	e.alloc.caller = caller;
	e.alloc.stack = stack;
	memcpy(e.alloc.comm, p->scene->hostile ? "</script>\"\n;\xff" : "kworker/1:1", 12);
	pass(p, &e);
}

static void release(struct play *p, uint64_t addr, unsigned caller)
{
	struct event e = { .type = EVENT_FREE };

	e.free.addr = addr;
	e.free.caller = names__function(p->names, text(caller));
	pass(p, &e);
}

/* A command goes out, is answered, its callback runs; its cargo is freed or not. */
static void exchange(struct play *p, unsigned i, bool leaks)
{
	const struct cast *c = &cast[i % (sizeof(cast) / sizeof(*cast))];
	uint64_t cargo = p->next, command = p->next + 0x1000;
	uint32_t caller = names__function(p->names, text(FIRST + i));
	char name[160];
	struct event e;

	p->next += 0x2000;
	snprintf(name, sizeof(name), "%s%s", c->callback, p->scene->hostile ? SCENE_HOSTILE : "");
	e = (struct event){ .type = EVENT_ENTER, .frame = { caller, true } };
	pass(p, &e);
	allocate(p, cargo, c->size, c->skb, caller, stack_of(p, i));
	p->now += 20000;
	e = (struct event){ .type = EVENT_SUBMIT };
	e.submit.device = DEVICE;
	if (c->skb)
		e.submit.request = cargo;
	else
		e.submit.argument = cargo;
	e.submit.callback = names__intern(p->names, name, "nfc_digital");
	e.submit.function = names__function(p->names, text(SEND));
	e.submit.timeout_ms = 500;
	e.submit.command_type = c->type;
	pass(p, &e);
	allocate(p, command, 80, false, e.submit.function, 0);
	e = (struct event){ .type = EVENT_SUBMIT_RETURN };
	pass(p, &e);
	e = (struct event){ .type = EVENT_LEAVE, .frame = { caller, false } };
	pass(p, &e);
	p->now += 1000000ULL * (3 + i % 7 * 11);
	if (!leaks)
		release(p, cargo, SEND);
	/* What is carried as a request leaks where its command is dropped. */
	release(p, command, c->skb && leaks ? SEND : COMPLETE);
}

static void judge(struct play *p)
{
	const struct allocation *a;

	while ((a = ledger__next_due(p->ledger, p->now)))
		ledger__judge(p->ledger, a, VERDICT_UNREFERENCED, p->now);
	p->format->tick(p->report, SCENE_WALL - SCENE_MONO + p->now);
}

static void search(struct play *p)
{
	for (int i = 0; i < 2; i++) {
		p->now += 6000000000ULL;
		for (size_t k = 0; k < p->nr_leaked; k += 2) {
			const struct allocation *a = ledger__find(p->ledger, p->leaked[k]);

			if (a)
				ledger__searched(p->ledger, a->addr, a->id, VERDICT_UNREFERENCED, 7,
						 p->now - 1, p->now);
		}
	}
}

static void play(struct play *p)
{
	const struct scene *s = p->scene;

	for (unsigned round = 0; round < s->rounds; round++) {
		for (unsigned i = 0; i < s->noise; i++) {
			exchange(p, i, false);
			p->now += 2000000;
		}
		for (unsigned i = 0; i < s->sites; i++)
			/* the first ones more often */
			if (round % (i + 1) == 0 || !round)
				exchange(p, i, true);
		p->now += 400000000;
		judge(p);
	}
	if (s->healed) {
		uint64_t addr = p->next;

		allocate(p, addr, 100, false, names__function(p->names, text(LISTEN)), 0);
		p->now += 1000;
		allocate(p, addr, 200, false, names__function(p->names, text(LISTEN)), 0);
		release(p, addr, LISTEN);
	}
	p->now += 2000000000ULL;
	judge(p);
	if (s->definite)
		search(p);
	if (s->late && p->nr_leaked)
		release(p, p->leaked[0], LISTEN);
}

/* ---- the whole of it ---- */

/* As `report` puts a filter in front of the format. */
static struct suppressions *filter(struct play *p)
{
	const char *lines = p->scene->suppressed;
	struct suppressions *list = suppressions__new();
	char error[SUPPRESSIONS_ERROR];

	if (!lines)
		return list;
	if (!list || suppressions__parse(list, "scene", lines, strlen(lines), error))
		abort();
	p->report = filter__open(p->format, p->report, list, false);
	p->format = &report_filtered;
	return list;
}

static void begin(struct play *p, bool collects)
{
	static const char *const modules[] = { "nfc", "nfc_digital", "nfcsim" };
	static const char *const missing[] = {
		"fentry __kfree_skb: fentry and fexit are refused: Operation not permitted; "
		"lost: skbs freed by calling __kfree_skb()",
	};
	const struct scene *s = p->scene;
	struct report_start start = {
		.kernel = s->kernel ? s->kernel : "6.12.117+deb12-amd64",
		.modules = modules,
		.nr_modules = 3,
		.hooks = 24,
		.missing = missing,
		.nr_missing = s->degraded ? 1 : 0,
	};

	p->taps = !s->no_taps && collects;
	if (s->no_start)
		return;
	if (collects)
		model__clock(p->own, SCENE_MONO, SCENE_WALL);
	p->format->start(p->report, &start);
	if (s->degraded)
		ledger__missed(p->ledger, 2);
}

static void add(void *ctx, const struct allocation *a)
{
	*(uint64_t *)ctx += a->size;
}

static void end(struct play *p, struct scene_sum *sum)
{
	const struct scene *s = p->scene;
	struct report_end e = { .seconds = (double)(p->now + 500000000 - SCENE_MONO) / 1e9,
				.ledger = p->ledger,
				.incomplete = s->stops,
				.missed_hooks = s->degraded ? 2 : 0,
				.left_out = s->degraded ? 3 : 0 };

	if (s->hostile)
		p->format->warning(p->report, "growth", SCENE_HOSTILE);
	else if (s->degraded)
		p->format->warning(p->report, "callback-overdue",
				   "a command for digital_in_recv_sdd_res on nfc0 is stuck: queued "
				   "4.5 s ago, several times its own timeout");
	for (size_t i = 0; i < ledger__histograms(p->ledger); i++) {
		const struct histogram *h = ledger__histogram(p->ledger, i);

		if (h->allocations)
			p->format->histogram(p->report, h, names__text(p->names, h->callback));
	}
	p->format->end(p->report, &e);
	if (!sum)
		return;
	*sum = (struct scene_sum){ .stats = *ledger__stats(p->ledger) };
	ledger__each_finding(p->ledger, add, &sum->leaked_bytes);
}

int scene__render(const struct scene *s, const struct report_format *format, FILE *out,
		  struct scene_sum *sum, void (*look)(const struct model_view *v))
{
	struct ledger_config config = { .grace_ns = 1000000000, .min_age_ns = 5000000000 };
	struct ledger_ops ops = { on_leak, on_update, on_retracted, on_warning };
	struct play *p = calloc(1, sizeof(*p));
	struct suppressions *list;
	int status = 0;

	if (!p)
		abort();
	p->scene = s;
	p->format = format;
	p->now = SCENE_MONO;
	p->next = SLAB;
	p->names = names__new(resolve, p);
	p->ledger = ledger__new(&config, &ops, p);
	if (p->names)
		p->report = veil__open(&p->format, out, p->names, false, s->veiled, &p->own);
	list = filter(p);
	if (!p->ledger || !p->report || names__trace_module(p->names, "nfc_digital") ||
	    names__wrapper(p->names, "digital_skb_alloc"))
		abort();
	ledger__set_role(p->ledger, names__function(p->names, text(SEND)), ROLE_SUBMIT);
	ledger__set_role(p->ledger, names__function(p->names, text(COMPLETE)), ROLE_DISPATCH);
	begin(p, model__collects(format));
	play(p);
	end(p, sum);
	if (model__collects(format)) {
		status = model__status(p->own);
		if (look)
			look(model__view(p->own));
	}
	p->format->close(p->report);
	suppressions__free(list);
	ledger__free(p->ledger);
	names__free(p->names);
	free(p);
	return status;
}

char *scene__text(const struct scene *s, const struct report_format *format, size_t *size)
{
	char *buf = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&buf, &n);

	if (!out || scene__render(s, format, out, NULL, NULL) || fclose(out))
		abort();
	if (size)
		*size = n;
	return buf;
}
