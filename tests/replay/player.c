// SPDX-License-Identifier: GPL-2.0-only
/*
 * The pretended kernel and event loop of player.h.
 */
#include "replay/player.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/subsystem.h"

#define LAST_GRACE_NS 250000000ULL /* as in src/cmd/run.c */
#define LAST_TICK_NS  20000000ULL
#define LOOKS_MAX     100000U	  /* at one time: more are an endless loop */
#define SEARCH_NS     50000000ULL /* one takes this long */
#define SEARCH_PAUSE  500000000ULL

static void arm(const struct player *p, bool on)
{
	if (p->arm)
		p->arm(on);
}

/* ---- what the ledger says ---- */

static struct accusation *note(struct player *p, const struct allocation *a, uint64_t now)
{
	struct accusation *s = NULL, *more;

	for (size_t i = 0; i < p->nr_said && !s; i++)
		if (p->said[i].id == a->id)
			s = &p->said[i];
	if (!s) {
		more = reallocarray(p->said, p->nr_said + 1, sizeof(*more));
		if (!more)
			abort(); /* the test's own memory is not what is tested */
		p->said = more;
		s = &more[p->nr_said++];
		*s = (struct accusation){ .addr = a->addr, .born = a->born, .id = a->id };
		s->first_said = now;
	}
	s->last = *a;
	return s;
}

static void on_leak(void *ctx, const struct allocation *a, uint64_t now)
{
	struct player *p = ctx;

	arm(p, false);
	note(p, a, now)->leaks++;
	p->leaks++;
	if (p->on_said)
		p->on_said(p->ctx, "leak", a, now);
	if (p->also)
		p->also->leak(p->also_ctx, a, now);
	arm(p, true);
}

static void on_update(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	struct player *p = ctx;

	arm(p, false);
	note(p, a, now)->updates++;
	p->updates++;
	p->was = was;
	if (p->on_said)
		p->on_said(p->ctx, "update", a, now);
	if (p->also)
		p->also->update(p->also_ctx, a, was, now);
	arm(p, true);
}

static void on_retracted(void *ctx, const struct allocation *a, uint64_t now)
{
	struct player *p = ctx;

	arm(p, false);
	note(p, a, now)->retractions++;
	p->retractions++;
	if (p->on_said)
		p->on_said(p->ctx, "retracted", a, now);
	if (p->also)
		p->also->retracted(p->also_ctx, a, now);
	arm(p, true);
}

static void on_warning(void *ctx, const struct warning *w, uint64_t now)
{
	struct player *p = ctx;

	if (w->rule < NR_RULES)
		p->warnings[w->rule]++;
	p->last_warning = *w;
	if (p->also)
		p->also->warning(p->also_ctx, w, now);
}

/* ---- the book ---- */

static struct live *book_at(const struct player *p, uint64_t addr)
{
	for (size_t i = 0; i < p->nr_book; i++)
		if (p->book[i].addr == addr)
			return &p->book[i];
	return NULL;
}

static void book_add(struct player *p, const struct event *e)
{
	struct live *b = book_at(p, e->alloc.addr);

	if (!b && p->nr_book == p->room_book) {
		p->room_book = p->room_book ? 2 * p->room_book : 64;
		p->book = reallocarray(p->book, p->room_book, sizeof(*p->book));
		if (!p->book)
			abort();
	}
	if (!b)
		b = &p->book[p->nr_book++];
	*b = (struct live){
		.addr = e->alloc.addr,
		.born = e->time,
		.size = e->alloc.size,
		.skb = e->alloc.kind == EVENT_KIND_SKB,
		.sock = e->alloc.kind == EVENT_KIND_SOCK,
		.caller = e->alloc.caller,
		.tid = e->tid,
	};
	memcpy(b->comm, e->alloc.comm, sizeof(b->comm));
}

static void book_remove(struct player *p, struct live *b)
{
	*b = p->book[--p->nr_book];
}

/* ---- events ---- */

static int pass(struct player *p, const struct event *e, enum passage passage)
{
	int err;

	if (passage == PASS_LOST) {
		p->lost = true;
		return 0;
	}
	if (p->before)
		p->before(p->ctx, e);
	arm(p, true);
	err = session__event(p->session, e);
	arm(p, false);
	if (p->after)
		p->after(p->ctx, e);
	if (err)
		p->lost = true;
	return err;
}

int player__event(struct player *p, const struct event *e, enum passage passage)
{
	struct event event = *e, healed;
	int err = 0;

	event.time = p->now;
	if (passage == PASS_UNSEEN)
		return 0;
	if (event.type == EVENT_ALLOC) {
		if (book_at(p, event.alloc.addr)) {
			/* book__heal() in bpf/book.h */
			healed =
				(struct event){ .type = EVENT_FREE, .time = p->now, .tid = e->tid };
			healed.free.addr = event.alloc.addr;
			healed.free.born = book_at(p, event.alloc.addr)->born;
			healed.free.healed = true;
			err = pass(p, &healed, passage);
		}
		book_add(p, &event);
	} else if (event.type == EVENT_FREE) {
		struct live *b = book_at(p, event.free.addr);

		if (!b)
			return 0; /* born before the trace: the filter drops it */
		event.free.born = b->born;
		book_remove(p, b);
	}
	return pass(p, &event, passage) ? -ENOMEM : err;
}

/* ---- the loop ---- */

static struct sight *sight_at(const struct player *p, uint64_t addr)
{
	for (size_t i = 0; i < p->nr_sights; i++)
		if (p->sights[i].addr == addr)
			return (struct sight *)&p->sights[i];
	return NULL;
}

static enum verdict look(const struct player *p, const struct allocation *a, enum look look)
{
	const struct sight *s = sight_at(p, a->addr);

	if (p->look)
		return p->look(p->ctx, a, look);
	if (look == LOOK_SEARCH)
		return s && s->searched ? s->search : p->search_default;
	if (s && s->glanced)
		return s->glance;
	return a->skb ? VERDICT_UNREFERENCED : VERDICT_UNREADABLE;
}

/* A search asks about all live allocations at once. */
struct asked {
	struct player *player;
	struct {
		uint64_t addr, id;
		enum verdict verdict;
	} * list;
	size_t count, room;
};

static void ask(void *ctx, const struct allocation *a)
{
	struct asked *asked = ctx;

	arm(asked->player, false);
	if (asked->count == asked->room) {
		asked->room = asked->room ? 2 * asked->room : 64;
		asked->list = reallocarray(asked->list, asked->room, sizeof(*asked->list));
		if (!asked->list)
			abort();
	}
	asked->list[asked->count].addr = a->addr;
	asked->list[asked->count].id = a->id;
	asked->list[asked->count++].verdict = look(asked->player, a, LOOK_SEARCH);
	arm(asked->player, true);
}

static void end_search(struct player *p)
{
	struct asked asked = { .player = p };

	p->searching = false;
	p->nr_searches++;
	p->search_not_before = p->now + SEARCH_PAUSE;
	arm(p, true);
	ledger__each(p->ledger, ask, &asked);
	for (size_t i = 0; i < asked.count; i++) {
		const struct sight *s = sight_at(p, asked.list[i].addr);

		session__searched(p->session, asked.list[i].addr, asked.list[i].id,
				  asked.list[i].verdict, s ? s->checksum : 0, p->search_began,
				  p->now);
	}
	arm(p, false);
	free(asked.list);
}

/* As investigation__work(). */
static void investigate(struct player *p)
{
	const struct allocation *a;
	unsigned looks = 0;

	arm(p, true);
	while ((a = ledger__next_due(p->ledger, p->now))) {
		if (++looks > LOOKS_MAX) {
			p->endless = true;
			break;
		}
		session__judge(p->session, a, look(p, a, LOOK_GLANCE), p->now);
	}
	arm(p, false);
	if (!p->searches)
		return;
	if (p->searching && p->now >= p->search_began + SEARCH_NS)
		end_search(p);
	if (!p->searching && (p->ending || p->now >= p->search_not_before) &&
	    ledger__search_due(p->ledger, p->now)) {
		p->searching = true;
		p->search_began = p->now;
	}
}

static void judge(struct player *p)
{
	if (p->lost) {
		arm(p, true);
		p->lost = session__resync(p->session, p->book, p->nr_book, p->now);
		arm(p, false); /* where it failed, the next tick tries again */
	}
	investigate(p);
	if (p->now >= p->next_slow_tick) {
		arm(p, true);
		session__ledger_tick(p->session, p->now);
		arm(p, false);
		p->next_slow_tick = p->now + SECOND_NS;
	}
	session__tick(p->session, p->now);
}

void player__advance(struct player *p, uint64_t until)
{
	while (p->next_tick <= until) {
		p->now = p->next_tick;
		judge(p);
		p->next_tick += PLAYER_TICK_NS;
	}
	if (until > p->now)
		p->now = until;
}

void player__finish(struct player *p)
{
	uint64_t end = p->now + LAST_GRACE_NS;

	arm(p, true);
	session__set_grace(p->session, LAST_GRACE_NS);
	session__recheck(p->session, p->now);
	session__suspect_all(p->session, p->now);
	arm(p, false);
	p->ending = true;
	while (p->now < end || (p->now < end + SECOND_NS && p->searches &&
				(p->searching || ledger__search_due(p->ledger, p->now)))) {
		p->now += LAST_TICK_NS;
		judge(p);
	}
	judge(p);
	if (p->next_tick <= p->now)
		p->next_tick = p->now + PLAYER_TICK_NS;
}

static struct sight *sight_make(struct player *p, uint64_t addr)
{
	struct sight *s = sight_at(p, addr);

	if (s)
		return s;
	if (p->nr_sights == sizeof(p->sights) / sizeof(*p->sights))
		abort();
	s = &p->sights[p->nr_sights++];
	s->addr = addr;
	return s;
}

void player__set_glance(struct player *p, uint64_t addr, enum verdict verdict)
{
	struct sight *s = sight_make(p, addr);

	s->glance = verdict;
	s->glanced = true;
}

void player__set_search(struct player *p, uint64_t addr, enum verdict verdict)
{
	struct sight *s = sight_make(p, addr);

	s->search = verdict;
	s->searched = true;
}

void player__set_checksum(struct player *p, uint64_t addr, uint32_t checksum)
{
	sight_make(p, addr)->checksum = checksum;
}

void player__scan(struct player *p)
{
	arm(p, true);
	session__suspect_all(p->session, p->now);
	arm(p, false);
}

struct unloaded {
	const struct player *player;
	const char *module;
};

static bool in_module(void *ctx, const struct allocation *a)
{
	const struct unloaded *u = ctx;
	const char *module = names__module(u->player->names, a->caller);

	return module && !strcmp(module, u->module);
}

void player__unload(struct player *p, const char *module)
{
	struct unloaded u = { p, module };

	arm(p, true);
	session__owner_gone(p->session, in_module, &u, p->now);
	session__forget_devices(p->session);
	arm(p, false);
}

static bool at_address(void *ctx, const struct allocation *a)
{
	return a->sock && a->addr == *(const uint64_t *)ctx;
}

void player__closed(struct player *p, uint64_t addr)
{
	arm(p, true);
	session__owner_gone(p->session, at_address, &addr, p->now);
	arm(p, false);
}

/* ---- results ---- */

const struct accusation *player__said(const struct player *p, uint64_t addr)
{
	const struct accusation *s = NULL;

	for (size_t i = 0; i < p->nr_said; i++)
		if (p->said[i].addr == addr && (!s || p->said[i].id > s->id))
			s = &p->said[i];
	return s;
}

const struct allocation *player__finding(const struct player *p, uint64_t addr)
{
	const struct allocation *a = ledger__find(p->ledger, addr);

	return a && a->rule != RULE_NONE && a->certainty != CERTAINTY_POSSIBLE ? a : NULL;
}

static void count(void *ctx, const struct allocation *a)
{
	(void)a;
	++*(size_t *)ctx;
}

size_t player__nr_findings(const struct player *p)
{
	size_t n = 0;

	ledger__each_finding(p->ledger, count, &n);
	return n;
}

/* ---- life ---- */

static int set_role(struct player *p, const char *function, const char *module, enum role role)
{
	uint32_t name = names__intern(p->names, function, module);

	return name ? session__set_role(p->session, name, role) : -ENOMEM;
}

static int set_roles(struct player *p)
{
	int err = 0;

	for (size_t i = 0; subsystems[i] && !err; i++) {
		const struct subsystem *s = subsystems[i];

		for (const char *const *d = s->dispatchers; d && *d && !err; d++)
			err = set_role(p, *d, s->module, ROLE_DISPATCH);
		for (const struct hooked_function *f = s->functions; f->name && !err; f++)
			if (f->role == HOOK_SUBMIT)
				err = set_role(p, f->name, s->module, ROLE_SUBMIT);
	}
	return err;
}

int player__start(struct player *p, struct names *names, uint64_t grace_ns, uint64_t min_age_ns)
{
	struct ledger_config config = { .grace_ns = grace_ns, .min_age_ns = min_age_ns };
	struct ledger_ops ops = { .leak = on_leak,
				  .update = on_update,
				  .retracted = on_retracted,
				  .warning = on_warning };
	int err = -ENOMEM;

	p->names = names;
	/* A clock never begins at 0: born 0 would be a special case. */
	p->now = SECOND_NS;
	p->next_tick = p->now + PLAYER_TICK_NS;
	arm(p, true);
	p->session = session__new(&config, &ops, p, names);
	if (p->session) {
		p->ledger = (struct ledger *)session__ledger(p->session);
		session__set_tell(p->session, p->tell);
		if (p->recorder)
			session__record(p->session, p->recorder, "0.9", "6.12.0", "x86_64");
		err = set_roles(p);
	}
	arm(p, false);
	if (!err && p->on_start)
		p->on_start(p->ctx);
	return err;
}

void player__stop(struct player *p)
{
	session__free(p->session);
	free(p->book);
	free(p->said);
	p->session = NULL;
	p->ledger = NULL;
	p->book = NULL;
	p->said = NULL;
}
