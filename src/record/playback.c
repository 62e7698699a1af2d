// SPDX-License-Identifier: GPL-2.0-only
/*
 * The player of playback.h.
 *
 * A recording's numbers of functions and stacks are kept apart from those of
 * the names made here.  In a sound recording both are the same; in any other
 * one nothing may point outside.
 *
 * What a recording says has to be remembered, and a small file can say a lot: so
 * after each item all that it has made grow, from the names to what the format
 * keeps for its end, is added up and held against one limit.
 */
#include "record/playback.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/footprint.h"
#include "util/table.h"

/* What one item makes use of has a limit; all of it together has that of memory. */
#define FRAMES_MAX 256U
#define TEXTS_MAX  1024U
/* What comes of one in the book: in the ledger, and in a format that shows all of them. */
#define LIVE_COST 1024U

/* The recording's numbers, from 1, as those here. */
struct numbers {
	uint32_t *list;
	size_t count, room;
};

struct texts {
	char **list;
	size_t count, room;
};

struct playback {
	const struct ledger_ops *ops;
	void *ctx;
	const struct session_taps *taps;
	struct report *tapped;
	struct reader *reader;
	struct names *names;
	struct tell *tell;
	struct session *session; /* from the config item on */
	char *version, *kernel;	 /* from the header item on */
	struct numbers functions, stacks;
	uint64_t now, started, events;
	bool tracing, complete, differs;
	uint64_t memory_max;
	const char *problem;
	char too_much[160];

	/* What the item that follows will need. */
	struct stack_frame *frames;
	size_t nr_frames, room_frames;
	struct texts modules, missing;
	struct live *live;
	size_t nr_live, room_live;
	struct table owned; /* id -> itself */
	struct table bytes; /* id -> struct blob */
};

/* ---- memory ---- */

/* The list with room for one more; NULL when there may be no more, or is no memory. */
static void *with_room(void *list, size_t *room, size_t count, size_t size, size_t max)
{
	size_t n = *room ? *room * 2 : 16;

	if (count < *room)
		return list;
	list = count < max ? reallocarray(list, n, size) : NULL;
	if (list)
		*room = n;
	return list;
}

static bool numbers_add(struct numbers *n, uint32_t number)
{
	uint32_t *list =
		number ? with_room(n->list, &n->room, n->count, sizeof(*list), SIZE_MAX) : NULL;

	if (!list)
		return false;
	n->list = list;
	list[n->count++] = number;
	return true;
}

static bool texts_add(struct texts *t, const char *text)
{
	char **list = with_room(t->list, &t->room, t->count, sizeof(*list), TEXTS_MAX);

	if (!list)
		return false;
	t->list = list;
	t->list[t->count] = strdup(text);
	return t->list[t->count] && ++t->count;
}

static void texts_free(struct texts *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->list[i]);
	free(t->list);
	*t = (struct texts){ 0 };
}

static void frames_clear(struct playback *p)
{
	for (size_t i = 0; i < p->nr_frames; i++)
		free(p->frames[i].text);
	p->nr_frames = 0;
}

static void bytes_clear(struct playback *p)
{
	size_t i = 0;
	void *blob;

	if (!p->bytes.used)
		return;
	while ((blob = table__next(&p->bytes, &i)))
		free(blob);
	table__free(&p->bytes);
}

static bool bytes_add(struct playback *p, uint64_t id, const struct blob *bytes)
{
	struct blob *copy, *was = table__get(&p->bytes, id);

	copy = malloc(sizeof(*copy));
	if (!copy)
		return false;
	*copy = *bytes;
	if (table__set(&p->bytes, id, copy)) {
		free(copy);
		return false;
	}
	free(was);
	return true;
}

/* The tell_bytes of a replay. */
static size_t recorded_bytes(void *ctx, const struct allocation *a, unsigned char *buf, size_t size)
{
	const struct playback *p = ctx;
	const struct blob *b = table__get(&p->bytes, a->id);
	size_t n = b ? b->size : 0;

	if (n > size)
		n = size;
	if (n)
		memcpy(buf, b->data, n);
	return n;
}

static uint64_t memory(const struct playback *p)
{
	uint64_t bytes = names__memory(p->names) + tell__memory(p->tell) +
			 footprint__list(p->functions.room, sizeof(*p->functions.list)) +
			 footprint__list(p->stacks.room, sizeof(*p->stacks.list)) +
			 footprint__list(p->room_live, sizeof(*p->live)) + p->nr_live * LIVE_COST +
			 footprint__table(&p->owned) + footprint__table(&p->bytes) +
			 p->bytes.used * footprint(sizeof(struct blob));

	return p->session ? bytes + ledger__memory(session__ledger(p->session)) : bytes;
}

/* ---- numbers ---- */

static bool translate(const struct numbers *n, uint32_t *number)
{
	if (!*number)
		return true;
	if (*number > n->count)
		return false;
	*number = n->list[*number - 1];
	return true;
}

static bool function_here(void *ctx, uint32_t *number)
{
	const struct playback *p = ctx;

	return translate(&p->functions, number);
}

static bool stack_here(void *ctx, uint32_t *number)
{
	const struct playback *p = ctx;

	return translate(&p->stacks, number);
}

/* ---- what things are told in ---- */

static bool on_header(struct playback *p, const struct item *item)
{
	if (p->version)
		return false;
	p->version = strdup(item->header.version);
	p->kernel = strdup(item->header.kernel);
	return p->version && p->kernel;
}

static bool on_config(struct playback *p, const struct item *item)
{
	if (p->session)
		return false;
	p->session = session__new(&item->config, p->ops, p->ctx, p->names);
	if (!p->session)
		return false;
	session__set_tell(p->session, p->tell);
	session__set_taps(p->session, p->taps, p->tapped);
	return true;
}

static bool on_function(struct playback *p, const struct item *item)
{
	const char *module = *item->function.module ? item->function.module : NULL;

	return numbers_add(&p->functions, names__intern(p->names, item->function.name, module));
}

static bool on_frame(struct playback *p, const struct item *item)
{
	struct stack_frame *f =
		with_room(p->frames, &p->room_frames, p->nr_frames, sizeof(*f), FRAMES_MAX);

	if (!f)
		return false;
	p->frames = f;
	f += p->nr_frames;
	f->addr = item->frame.addr;
	f->function = item->frame.function;
	f->offset = item->frame.offset;
	f->text = strdup(item->frame.text);
	return f->text && ++p->nr_frames;
}

static bool on_stack(struct playback *p, const struct item *item)
{
	uint32_t number = names__add_stack(p->names, p->frames, p->nr_frames, item->stack.site);

	frames_clear(p);
	return numbers_add(&p->stacks, number);
}

static bool on_start(struct playback *p, const struct item *item)
{
	struct report_start start = { .version = p->version,
				      .kernel = p->kernel,
				      .modules = (const char *const *)p->modules.list,
				      .nr_modules = p->modules.count,
				      .hooks = item->start.hooks,
				      .missing = (const char *const *)p->missing.list,
				      .nr_missing = p->missing.count };

	if (p->tracing)
		return false;
	p->tracing = true;
	p->now = p->started = item->start.time;
	session__start(p->session, &start, item->start.time);
	texts_free(&p->modules);
	texts_free(&p->missing);
	return true;
}

/* ---- calls of the ledger ---- */

static bool on_judge(struct playback *p, const struct item *item)
{
	const struct allocation *a = ledger__find(session__ledger(p->session), item->look.addr);

	/* Only where the replay has come to something else than the run. */
	if (!a || a->id != item->look.id)
		p->differs = true;
	else
		session__judge(p->session, a, item->look.verdict, item->look.time);
	return true;
}

static bool owned(void *ctx, const struct allocation *a)
{
	const struct playback *p = ctx;

	return table__get(&p->owned, a->id);
}

static bool on_owned(struct playback *p, const struct item *item)
{
	return !table__set(&p->owned, item->owned.id, p);
}

static bool on_live(struct playback *p, const struct item *item)
{
	struct live *live = with_room(p->live, &p->room_live, p->nr_live, sizeof(*live), SIZE_MAX);

	if (!live)
		return false;
	p->live = live;
	live[p->nr_live++] = item->live;
	return true;
}

static void check(struct playback *p, const struct item *item)
{
	const struct ledger_stats *s = ledger__stats(session__ledger(p->session));

	if (item->end.allocations != s->allocations || item->end.frees != s->frees ||
	    item->end.suspects != s->suspects || item->end.cleared != s->cleared ||
	    item->end.retracted != s->retracted ||
	    item->end.possible != s->findings[CERTAINTY_POSSIBLE] ||
	    item->end.probable != s->findings[CERTAINTY_PROBABLE] ||
	    item->end.definite != s->findings[CERTAINTY_DEFINITE])
		p->differs = true;
}

static void end(struct playback *p, uint64_t now, bool incomplete)
{
	p->now = now;
	session__end(p->session, now, incomplete);
}

/* False: that cannot be, or there is no memory for it. */
static bool play(struct playback *p, struct item *item)
{
	struct session *s = p->session;
	int err = 0;

	if (item->type == ITEM_HEADER)
		return on_header(p, item);
	if (item->type == ITEM_CONFIG)
		return on_config(p, item);
	if (!s || !p->version || !item__each_number(item, function_here, stack_here, p))
		return false;
	switch (item->type) {
	case ITEM_CLOCK:
		session__set_clock(s, item->clock.offset);
		return true;
	case ITEM_FUNCTION:
		return on_function(p, item);
	case ITEM_FRAME:
		return on_frame(p, item);
	case ITEM_STACK:
		return on_stack(p, item);
	case ITEM_ROLE:
		return !session__set_role(s, item->role.function, item->role.role);
	case ITEM_COMMAND:
		return !session__set_command(s, item->command.function, item->command.type,
					     item->command.name);
	case ITEM_DEVICE:
		return !session__set_device(s, item->device.addr, item->device.name);
	case ITEM_FORGET_NAMES:
		session__forget_device_names(s);
		return true;
	case ITEM_BYTES:
		return bytes_add(p, item->bytes.id, &item->bytes.bytes);
	case ITEM_MODULE:
		return texts_add(&p->modules, item->text.text);
	case ITEM_MISSING:
		return texts_add(&p->missing, item->text.text);
	case ITEM_START:
		return on_start(p, item);
	case ITEM_TICK:
		p->now = item->tick.time;
		session__tick(s, p->now);
		return true;
	case ITEM_HISTOGRAMS:
		session__histograms(s);
		return true;
	case ITEM_COUNTERS:
		session__counters(s, item->counters.lost, item->counters.unseen,
				  item->counters.left_out);
		return true;
	case ITEM_END:
		session__counters(s, item->end.lost, item->end.unseen, item->end.left_out);
		check(p, item);
		end(p, item->end.time, false);
		p->complete = true;
		return true;
	case ITEM_ALLOC:
	case ITEM_FREE:
	case ITEM_SUBMIT:
	case ITEM_SUBMIT_RETURN:
	case ITEM_COMPLETE:
	case ITEM_CALLBACK:
	case ITEM_ENTER:
	case ITEM_LEAVE:
	case ITEM_HANDLE:
	case ITEM_DISPATCH:
	case ITEM_DISPATCHED:
	case ITEM_ABORT:
	case ITEM_ABORTED:
		err = session__event(s, &item->event);
		p->events++;
		break;
	case ITEM_JUDGE:
		on_judge(p, item);
		break;
	case ITEM_SEARCHED:
		session__searched(s, item->look.addr, item->look.id, item->look.verdict,
				  item->look.checksum, item->look.began, item->look.time);
		break;
	case ITEM_SUSPECT_ALL:
		session__suspect_all(s, item->tick.time);
		break;
	case ITEM_LEDGER_TICK:
		session__ledger_tick(s, item->tick.time);
		break;
	case ITEM_MISSED:
		session__missed(s, item->missed.count);
		break;
	case ITEM_GRACE:
		session__set_grace(s, item->grace.ns);
		break;
	case ITEM_CANNOT_SEARCH:
		session__cannot_search(s);
		break;
	case ITEM_BLIND:
		session__blind(s, (unsigned)item->missed.count);
		break;
	case ITEM_WOKE:
		session__woke(s, item->tick.time);
		break;
	case ITEM_RECHECK:
		session__recheck(s, item->tick.time);
		break;
	case ITEM_OWNED:
		return on_owned(p, item);
	case ITEM_OWNER_GONE:
		session__owner_gone(s, owned, p, item->tick.time);
		table__free(&p->owned);
		break;
	case ITEM_FORGET_DEVICES:
		session__forget_devices(s);
		break;
	case ITEM_LIVE:
		return on_live(p, item);
	case ITEM_RESYNC:
		err = session__resync(s, p->live, p->nr_live, item->tick.time);
		p->nr_live = 0;
		break;
	default:
		return false;
	}
	bytes_clear(p);
	return !err;
}

/* ---- the whole ---- */

struct playback *playback__new(struct reader *reader)
{
	struct playback *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->reader = reader;
	p->problem = "";
	p->memory_max = PLAYBACK_MEMORY_MAX;
	p->names = names__new(NULL, NULL);
	if (!p->names) {
		free(p);
		return NULL;
	}
	return p;
}

int playback__set_format(struct playback *p, const struct report_format *format,
			 struct report *report)
{
	p->tell = tell__new(format, report, p->names, recorded_bytes, p);
	p->ops = &tell_ops;
	p->ctx = p->tell;
	return p->tell ? 0 : -ENOMEM;
}

void playback__set_taps(struct playback *p, const struct session_taps *taps, struct report *report)
{
	p->taps = taps;
	p->tapped = report;
}

void playback__set_memory_max(struct playback *p, uint64_t bytes)
{
	p->memory_max = bytes;
}

void playback__set_ops(struct playback *p, const struct ledger_ops *ops, void *ctx)
{
	p->ops = ops;
	p->ctx = ctx;
}

void playback__free(struct playback *p)
{
	if (!p)
		return;
	session__free(p->session);
	tell__free(p->tell);
	names__free(p->names);
	frames_clear(p);
	bytes_clear(p);
	texts_free(&p->modules);
	texts_free(&p->missing);
	table__free(&p->owned);
	free(p->functions.list);
	free(p->stacks.list);
	free(p->frames);
	free(p->live);
	free(p->version);
	free(p->kernel);
	free(p);
}

void playback__run(struct playback *p, struct playback_result *result)
{
	enum reading reading = READING_END;
	struct item item;

	while (!p->complete) {
		reading = reader__next(p->reader, &item);
		if (reading != READING_ITEM)
			break;
		reading = READING_END;
		if (!play(p, &item)) {
			p->problem = "is damaged: it says what cannot be, or more than there is "
				     "memory for";
			reading = READING_DAMAGED;
			break;
		}
		if (!p->complete && memory(p) > p->memory_max) {
			snprintf(p->too_much, sizeof(p->too_much),
				 "is damaged or made to exhaust memory: it asks for more than the "
				 "%llu MiB that a report may take",
				 (unsigned long long)p->memory_max >> 20);
			p->problem = p->too_much;
			reading = READING_DAMAGED;
			break;
		}
	}
	if (!p->complete && p->tracing) {
		session__histograms(p->session);
		end(p, p->now, true);
	}
	*result = (struct playback_result){
		.reading = reading,
		.complete = p->complete,
		.traced = p->tracing,
		.differs = p->differs,
		.ns = p->tracing ? p->now - p->started : 0,
		.events = p->events,
		.problem = *p->problem ? p->problem : reader__problem(p->reader),
	};
}

const struct session *playback__session(const struct playback *p)
{
	return p->session;
}

const struct names *playback__names(const struct playback *p)
{
	return p->names;
}
