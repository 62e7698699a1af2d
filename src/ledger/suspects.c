// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suspects: how suspicion arises, is looked into, hardens or is cleared.
 *
 * What a command carried may be borrowed: only an object whose first command
 * was submitted by the frame that allocated it counts as given away with that
 * command (digital_in_send's data exchange), and is reported as probable when a
 * glance after the grace time finds nothing against it.  One that existed before
 * (the device's active target in ATR_REQ), or whose story was cut by a loss, is
 * first searched for in all of memory.
 *
 * A finding becomes definite when two searches at least the minimum age apart
 * find no reference and the object has not changed.
 */
#include "ledger/internal.h"

#define LOOK_AGAIN_NS	 100000000ULL
#define GROWTH_WINDOW_NS 10000000000ULL
#define GROWTH_WINDOWS	 5
#define WAIT_NS		 600000000000ULL /* that an skb may wait to be read */

/* ---- names ---- */

const char *rule__name(enum rule rule)
{
	static const char *const names[NR_RULES] = {
		[RULE_NONE] = "none",
		[RULE_CALLBACK_KEPT] = "callback-kept",
		[RULE_COMMAND_DROPPED] = "command-dropped",
		[RULE_SUBMIT_FAILED] = "submit-failed",
		[RULE_OWNER_GONE] = "owner-gone",
		[RULE_UNREFERENCED] = "unreferenced",
		[RULE_CALLBACK_OVERDUE] = "callback-overdue",
		[RULE_GROWTH] = "growth",
	};

	return names[rule];
}

const char *certainty__name(enum certainty certainty)
{
	static const char *const names[NR_CERTAINTIES] = {
		[CERTAINTY_POSSIBLE] = "possible",
		[CERTAINTY_PROBABLE] = "probable",
		[CERTAINTY_DEFINITE] = "definite",
	};

	return names[certainty];
}

const char *kind__name(enum kind kind)
{
	static const char *const names[NR_KINDS] = {
		[KIND_OBJECT] = "object",
		[KIND_SKB] = "skb",
		[KIND_USER_ARGUMENT] = "user-argument",
		[KIND_REQUEST] = "request",
		[KIND_RESPONSE] = "response",
		[KIND_PARAMS] = "params",
		[KIND_COMMAND] = "command",
	};

	return names[kind];
}

/* ---- suspects ---- */

static void suspects_remove(struct allocation *a)
{
	if (!a->next)
		return;
	a->prev->next = a->next;
	a->next->prev = a->prev;
	a->prev = a->next = NULL;
}

static void insert_after(struct allocation *after, struct allocation *a)
{
	a->prev = after;
	a->next = after->next;
	a->prev->next = a;
	a->next->prev = a;
}

/* By due time: nearly always the latest, so looked for from the end. */
static void suspects_insert(struct ledger *l, struct allocation *a, uint64_t due)
{
	struct allocation *list = a->look == LOOK_GLANCE ? &l->glances : &l->searches;
	struct allocation *after = list->prev;

	a->due = due;
	while (after != list && after->due > due)
		after = after->prev;
	insert_after(after, a);
}

/*
 * A scan's unspoken question gives way to any rule that knows more.  What was found in use
 * gives way to the end of its owner, who may have been the one that used it.
 */
static bool gives_way(const struct allocation *a, enum rule rule)
{
	if (a->rule == RULE_UNREFERENCED)
		return rule != RULE_UNREFERENCED;
	return rule == RULE_OWNER_GONE && a->rule != RULE_OWNER_GONE && a->looks;
}

/* What was found in use, and is looked at less and less often. */
static bool waits_in_use(const struct allocation *a)
{
	return a->rule != RULE_NONE && a->looks && a->certainty == CERTAINTY_POSSIBLE && a->next;
}

static void look_again(struct ledger *l, struct allocation *a, enum look look, uint64_t after)
{
	suspects_remove(a);
	a->look = look;
	suspects_insert(l, a, after);
}

void suspect(struct ledger *l, struct allocation *a, enum rule rule, bool search, uint64_t now)
{
	uint64_t grace = l->config.grace_ns;

	/* A command's cargo is in use, unless a search finds even the command lost. */
	if (!a || (a->carriers && rule != RULE_UNREFERENCED))
		return;
	if (!a->told && gives_way(a, rule))
		clear_suspicion(l, a, now);
	if (rule == RULE_OWNER_GONE && waits_in_use(a) && a->due > now + grace)
		look_again(l, a, a->look, now + grace);
	if (a->rule != RULE_NONE)
		return;
	a->rule = rule;
	a->certainty = CERTAINTY_POSSIBLE;
	a->moment = now;
	a->degraded = l->degraded | (a->stack_left_out ? DEGRADED_NO_STACK : 0);
	a->looks = 0;
	a->clean_at = 0;
	a->doubts = 0;
	a->told = false;
	a->look = search || a->uncertain ? LOOK_SEARCH : LOOK_GLANCE;
	l->stats.suspects++;
	suspects_insert(l, a, now + grace);
}

struct allocation *cargo_get(const struct ledger *l, const struct cargo *cargo)
{
	struct allocation *a = cargo->id ? table__get(&l->allocations, cargo->addr) : NULL;

	return a && a->id == cargo->id ? a : NULL;
}

/* The moment of a rule about what a command carried. */
void suspect_carried(struct ledger *l, const struct cargo *cargo, enum rule rule, uint64_t now)
{
	struct allocation *a = cargo_get(l, cargo);

	/* A socket is only lent: it is its owner's until that closes it. */
	if (a && !a->sock)
		suspect(l, a, rule, !a->owned && !a->skb, now);
}

static void count_finding(struct ledger *l, const struct allocation *a, int64_t sign)
{
	/* A suspect nobody has looked at yet is no finding. */
	if (a->looks)
		l->stats.findings[a->certainty] += (uint64_t)sign;
}

void clear_suspicion(struct ledger *l, struct allocation *a, uint64_t now)
{
	if (a->rule == RULE_NONE)
		return;
	suspects_remove(a);
	count_finding(l, a, -1);
	if (!a->told) {
		l->stats.cleared++;
	} else {
		l->stats.retracted++;
		l->ops.retracted(l->ctx, a, now);
	}
	a->rule = RULE_NONE;
	a->certainty = CERTAINTY_POSSIBLE;
	a->looks = 0;
	a->told = false;
}

/* The order changes: all out, and in again. */
static void sort_again(struct ledger *l, struct allocation *list)
{
	struct allocation *first = list->next, *a, *next;

	if (first == list)
		return;
	list->prev->next = NULL;
	list->prev = list->next = list;
	for (a = first; a; a = next) {
		next = a->next;
		suspects_insert(l, a, a->looks ? a->due : a->moment + l->config.grace_ns);
	}
}

void ledger__set_grace(struct ledger *l, uint64_t grace_ns)
{
	l->config.grace_ns = grace_ns;
	sort_again(l, &l->glances);
	sort_again(l, &l->searches);
}

void ledger__cannot_search(struct ledger *l)
{
	l->no_search = true;
}

const struct allocation *ledger__next_due(const struct ledger *l, uint64_t now)
{
	const struct allocation *a = l->glances.next;

	return a != &l->glances && a->due <= now ? a : NULL;
}

bool ledger__search_due(const struct ledger *l, uint64_t now)
{
	const struct allocation *a = l->searches.next;

	return a != &l->searches && a->due <= now;
}

static void set_certainty(struct ledger *l, struct allocation *a, enum certainty certainty,
			  uint64_t now)
{
	enum certainty was = a->certainty;

	count_finding(l, a, -1);
	a->certainty = certainty;
	a->looks++;
	count_finding(l, a, 1);
	if (!a->told && certainty != CERTAINTY_POSSIBLE) {
		a->told = true;
		l->ops.leak(l->ctx, a, now);
	} else if (a->told && was != certainty) {
		l->ops.update(l->ctx, a, was, now);
	}
}

/*
 * What became of it since is not known.  What a rule about commands said may have been cleared
 * unseen, but memory tells; where it cannot be asked nothing more will be known.
 */
void story_cut(struct ledger *l, struct allocation *a, uint64_t now)
{
	a->uncertain = true;
	if (a->rule == RULE_NONE || a->told)
		return;
	if (l->no_search) {
		clear_suspicion(l, a, now);
		return;
	}
	a->degraded |= l->degraded;
	if (a->look == LOOK_GLANCE)
		look_again(l, a, LOOK_SEARCH, a->due);
}

/*
 * Less and less often, up to 64 times the minimum age, and never at once.  What
 * was said is looked at again sooner: it may have to be taken back.
 */
static uint64_t backoff(const struct ledger *l, const struct allocation *a)
{
	uint64_t age = l->config.min_age_ns > LOOK_AGAIN_NS ? l->config.min_age_ns : LOOK_AGAIN_NS;
	uint32_t times = a->told && a->doubts ? a->doubts - 1 : a->looks;

	return age << (times < 6 ? times : 6);
}

/*
 * It may have ended unseen, and memory does not tell whether it is still the same that
 * lies there: what was said before stands, nothing new is said.  That it is free may
 * still be found.
 */
static void unsaid(struct ledger *l, struct allocation *a, uint64_t now)
{
	a->clean_at = 0;
	set_certainty(l, a, a->told ? CERTAINTY_PROBABLE : CERTAINTY_POSSIBLE, now);
	look_again(l, a, l->no_search ? LOOK_GLANCE : LOOK_SEARCH, now + backoff(l, a));
}

void ledger__judge(struct ledger *l, const struct allocation *judged, enum verdict verdict,
		   uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, judged->addr);

	if (a != judged || a->rule == RULE_NONE)
		return;
	switch (verdict) {
	case VERDICT_FREE:
		allocation_lost(l, a, now);
		return;
	case VERDICT_REFERENCED:
		/* On a list, or with another user: a leak may be just that. */
		set_certainty(l, a, CERTAINTY_POSSIBLE, now);
		look_again(l, a, l->no_search ? LOOK_GLANCE : LOOK_SEARCH, now + backoff(l, a));
		return;
	default:
		if (a->end_unseen) {
			unsaid(l, a, now);
			return;
		}
		set_certainty(l, a, CERTAINTY_PROBABLE, now);
		/* One that was doubted has just been searched for. */
		look_again(l, a, LOOK_SEARCH, a->doubts ? now + backoff(l, a) : now);
	}
}

/*
 * Is it said although a word was found that points to it?  An skb of which a rule
 * says that its time is over is not lent to anybody.  What lost its owner is
 * mostly named by what went down with it (a device by its driver core's data).
 * And what lives on because of a word in freed memory does not live long: a
 * scan's suspect is said the second time.
 */
static bool tells(const struct allocation *a, enum verdict verdict)
{
	if (a->uncertain || a->end_unseen)
		return false;
	if (a->rule == RULE_UNREFERENCED)
		return verdict == VERDICT_STALE && a->doubts > 1;
	return verdict == VERDICT_STALE || a->skb || a->rule == RULE_OWNER_GONE;
}

/*
 * Live memory that the stack cannot reach may be a queue: of a netlink socket that somebody
 * listens on, and has not read.  So a glance is to say whether it is on one (or has another
 * user), before anything is said.  Not for ever: a user too many looks the same.
 */
static bool may_wait(const struct allocation *a, uint64_t now)
{
	return !a->told && a->skb && now < a->moment + WAIT_NS && tells(a, VERDICT_DOUBTFUL);
}

/*
 * Made for others, before this one's next look is due.  It confirms nothing, but what it found
 * in use is not lost: whatever was clean before counts no more.
 */
static void searched_meanwhile(struct ledger *l, struct allocation *a, enum verdict verdict,
			       uint64_t now)
{
	if (verdict == VERDICT_FREE)
		allocation_lost(l, a, now);
	else if (verdict == VERDICT_REFERENCED || verdict == VERDICT_DOUBTFUL)
		a->clean_at = 0;
}

/* What is definite is taken back for what is known of it, not for a word left somewhere. */
static bool stands(enum verdict verdict)
{
	return verdict == VERDICT_STALE || verdict == VERDICT_DOUBTFUL ||
	       verdict == VERDICT_UNREADABLE;
}

void ledger__searched(struct ledger *l, uint64_t addr, uint64_t id, enum verdict verdict,
		      uint32_t checksum, uint64_t began, uint64_t now)
{
	struct allocation *a = table__get(&l->allocations, addr);

	if (!a || a->id != id || a->rule == RULE_NONE || a->look != LOOK_SEARCH)
		return;
	if (a->due > began) {
		searched_meanwhile(l, a, verdict, now);
		return;
	}
	if (a->certainty == CERTAINTY_DEFINITE && stands(verdict)) {
		suspects_remove(a);
		return;
	}
	switch (verdict) {
	case VERDICT_FREE:
		allocation_lost(l, a, now);
		return;
	case VERDICT_REFERENCED:
		a->clean_at = 0;
		a->doubts = 0;
		if (a->rule == RULE_UNREFERENCED && !a->told) {
			clear_suspicion(l, a, now);
			return;
		}
		set_certainty(l, a, CERTAINTY_POSSIBLE, now);
		look_again(l, a, LOOK_SEARCH, now + backoff(l, a));
		return;
	case VERDICT_STALE:
	case VERDICT_DOUBTFUL:
		/* A word left behind looks like this, and is overwritten some
		 * day: never definite, but what was said stands.
		 */
		a->clean_at = 0;
		a->doubts++;
		if (a->rule == RULE_UNREFERENCED && !a->told && verdict == VERDICT_DOUBTFUL) {
			clear_suspicion(l, a, now);
			return;
		}
		if (verdict == VERDICT_DOUBTFUL && may_wait(a, now)) {
			look_again(l, a, LOOK_GLANCE, now);
			return;
		}
		set_certainty(l, a,
			      a->told || tells(a, verdict) ? CERTAINTY_PROBABLE
							   : CERTAINTY_POSSIBLE,
			      now);
		look_again(l, a, LOOK_SEARCH, now + backoff(l, a));
		return;
	case VERDICT_UNREADABLE:
		/* Nothing more can be found out: it stays what it is. */
		if (a->told)
			suspects_remove(a);
		else
			clear_suspicion(l, a, now);
		return;
	case VERDICT_UNREFERENCED:
		break;
	}
	if (a->end_unseen) {
		unsaid(l, a, now);
		return;
	}
	a->doubts = 0;
	if (a->clean_at && a->checksum == checksum && began - a->clean_at >= l->config.min_age_ns) {
		set_certainty(l, a, CERTAINTY_DEFINITE, now);
		suspects_remove(a);
		return;
	}
	if (!a->clean_at || a->checksum != checksum) {
		a->clean_at = began;
		a->checksum = checksum;
		if (a->rule == RULE_UNREFERENCED && !a->told) {
			/* Nothing but this search speaks against it, and it may have
			 * been moved from one place to another meanwhile.
			 */
			set_certainty(l, a, CERTAINTY_POSSIBLE, now);
			look_again(l, a, LOOK_SEARCH, now + LOOK_AGAIN_NS);
			return;
		}
	}
	set_certainty(l, a, CERTAINTY_PROBABLE, now);
	look_again(l, a, LOOK_SEARCH, a->clean_at + l->config.min_age_ns);
}

/* ---- other occasions ---- */

/*
 * Whatever was looked at before is due now, in one pass: the list stays in order, since what
 * still has its grace time goes behind what has not.
 */
static void hurry(struct ledger *l, uint64_t now)
{
	struct allocation *list = &l->searches, *last = list->prev, *a = list->next, *next;

	for (bool more = a != list; more; a = next) {
		more = a != last;
		next = a->next;
		if (a->due <= now)
			continue;
		if (a->looks) {
			a->due = now;
			continue;
		}
		suspects_remove(a);
		insert_after(list->prev, a);
	}
}

void ledger__recheck(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	hurry(l, now);
	/* What is settled is in no list. */
	while ((a = table__next(&l->allocations, &i)))
		if (a->told && !a->next && !l->no_search)
			look_again(l, a, LOOK_SEARCH, now);
}

static bool belongs(void *ctx, const struct allocation *a)
{
	return a->carrier.type != NO_COMMAND_TYPE && a->carrier.device == *(const uint64_t *)ctx;
}

void ledger__owner_gone(struct ledger *l, bool (*owned)(void *ctx, const struct allocation *a),
			void *ctx, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	while ((a = table__next(&l->allocations, &i)))
		if (owned(ctx, a))
			suspect(l, a, RULE_OWNER_GONE, true, now);
}

void device_gone(struct ledger *l, uint64_t device, uint64_t now)
{
	commands_lost(l, device);
	ledger__owner_gone(l, belongs, &device, now);
}

void ledger__suspect_all(struct ledger *l, uint64_t now)
{
	struct allocation *a;
	size_t i = 0;

	hurry(l, now);
	while ((a = table__next(&l->allocations, &i))) {
		if (a->rule != RULE_NONE || now < a->born || now - a->born < l->config.min_age_ns)
			continue;
		suspect(l, a, RULE_UNREFERENCED, true, now);
		if (a->rule == RULE_UNREFERENCED)
			look_again(l, a, LOOK_SEARCH, now);
	}
}

/* ---- now and then ---- */

static void check_overdue(struct ledger *l, struct command *list, uint64_t now)
{
	for (struct command *c = list->next; c != list; c = c->next) {
		/* 3 times its own timeout and a second */
		uint64_t limit = 3ULL * c->timeout_ms * 1000000 + 1000000000;
		struct warning w = { .rule = RULE_CALLBACK_OVERDUE, .carrier = c->carrier };

		if (c->overdue || c->called || !c->timeout_ms || now < c->queued_at ||
		    now - c->queued_at < limit)
			continue;
		c->overdue = true;
		w.age_ns = now - c->queued_at;
		l->ops.warning(l->ctx, &w, now);
	}
}

static void check_growth(struct ledger *l, uint64_t now)
{
	struct growth *g;
	size_t i = 0;

	while ((g = table__next(&l->growth, &i))) {
		struct warning w = { .rule = RULE_GROWTH, .stack = g->stack };

		g->higher = g->outstanding > g->last ? g->higher + 1 : 0;
		g->last = g->outstanding;
		w.outstanding = g->outstanding;
		if (g->higher == GROWTH_WINDOWS)
			l->ops.warning(l->ctx, &w, now);
	}
}

void ledger__tick(struct ledger *l, uint64_t now)
{
	check_overdue(l, &l->bound, now);
	if (!l->window_end)
		l->window_end = now + GROWTH_WINDOW_NS;
	if (now < l->window_end)
		return;
	l->window_end = now + GROWTH_WINDOW_NS;
	check_growth(l, now);
}
