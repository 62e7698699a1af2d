// SPDX-License-Identifier: GPL-2.0-only
/*
 * Items as bytes: a type, a length, and the fields of that type's table one
 * after the other.  Numbers are written in as few groups of seven bits as they
 * need; times and addresses relative to the one before, which is near.
 */
#include "record/item.h"

#include <string.h>

#include "util/printable.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof(*(array)))

#define HEAD_MAX   3	 /* type and length */
#define VARINT_MAX 10	 /* of 64 bits */
#define FAR	   1	 /* relative numbers: what is not near follows as it is */
#define NEAR	   2	 /* and what is near is this much more */
#define NEAR_BITS  55	 /* beyond, it is shorter as it is */
#define ERR_PTRS   4095U /* the highest addresses are no addresses */

enum coding {
	UNSIGNED,
	SIGNED,
	TIME,	  /* relative to the time before, which it becomes */
	MOMENT,	  /* relative to the item's time */
	ADDRESS,  /* relative to the address before, which it becomes */
	FUNCTION, /* a name's number */
	STACK,
	CHARS, /* an array that ends with a zero */
	TEXT,  /* a pointer */
	BLOB,
};

struct field {
	size_t offset;
	uint8_t size;
	enum coding coding;
	uint64_t max; /* UNSIGNED: of an enum or bool; 0: as much as its size holds */
};

#define SIZE_OF(member) sizeof(((struct item *)0)->member)
#define FIELD(coding, member)                                                \
	{                                                                    \
		offsetof(struct item, member), SIZE_OF(member), (coding), 0, \
	}
#define UP_TO(max, member)                                                       \
	{                                                                        \
		offsetof(struct item, member), SIZE_OF(member), UNSIGNED, (max), \
	}

/* Recordings have these numbers in them: new ones go to the end of their enum. */
_Static_assert(EVENT_KIND_OBJECT == 0 && EVENT_KIND_SKB == 1 && EVENT_KIND_SOCK == 2,
	       "enum event_kind");
_Static_assert(EVENT_ALLOC == 1 && EVENT_SUBMIT == 3 && EVENT_LEAVE == 8 && EVENT_ABORTED == 13,
	       "enum event_type");
_Static_assert(VERDICT_UNREFERENCED == 0 && VERDICT_STALE == 1 && VERDICT_DOUBTFUL == 2 &&
		       VERDICT_REFERENCED == 3 && VERDICT_FREE == 4 && VERDICT_UNREADABLE == 5,
	       "enum verdict");
_Static_assert(ROLE_NONE == 0 && ROLE_SUBMIT == 1 && ROLE_DISPATCH == 2, "enum role");
_Static_assert(EVENT_INNER == 4, "as many lines below");

/* ---- the tables ---- */

static const struct field header[] = {
	FIELD(TEXT, header.version),
	FIELD(TEXT, header.kernel),
	FIELD(TEXT, header.arch),
};

static const struct field config[] = {
	FIELD(UNSIGNED, config.grace_ns),
	FIELD(UNSIGNED, config.min_age_ns),
};

static const struct field clock_offset[] = {
	FIELD(UNSIGNED, clock.offset),
};

static const struct field function[] = {
	FIELD(TEXT, function.name),
	FIELD(TEXT, function.module),
};

static const struct field frame[] = {
	FIELD(ADDRESS, frame.addr),
	FIELD(FUNCTION, frame.function),
	FIELD(UNSIGNED, frame.offset),
	FIELD(TEXT, frame.text),
};

static const struct field stack[] = {
	FIELD(UNSIGNED, stack.site),
};

static const struct field role[] = {
	FIELD(FUNCTION, role.function),
	UP_TO(ROLE_DISPATCH, role.role),
};

static const struct field command[] = {
	FIELD(FUNCTION, command.function),
	FIELD(UNSIGNED, command.type),
	FIELD(TEXT, command.name),
};

static const struct field device[] = {
	FIELD(ADDRESS, device.addr),
	FIELD(TEXT, device.name),
};

static const struct field bytes[] = {
	FIELD(UNSIGNED, bytes.id),
	FIELD(BLOB, bytes.bytes),
};

static const struct field text[] = {
	FIELD(TEXT, text.text),
};

static const struct field start[] = {
	FIELD(TIME, start.time),
	FIELD(UNSIGNED, start.hooks),
};

static const struct field tick[] = {
	FIELD(TIME, tick.time),
};

static const struct field counters[] = {
	FIELD(UNSIGNED, counters.lost),
	FIELD(UNSIGNED, counters.unseen),
	FIELD(UNSIGNED, counters.left_out),
};

static const struct field end[] = {
	FIELD(TIME, end.time),	       FIELD(UNSIGNED, end.lost),
	FIELD(UNSIGNED, end.unseen),   FIELD(UNSIGNED, end.allocations),
	FIELD(UNSIGNED, end.frees),    FIELD(UNSIGNED, end.suspects),
	FIELD(UNSIGNED, end.cleared),  FIELD(UNSIGNED, end.retracted),
	FIELD(UNSIGNED, end.possible), FIELD(UNSIGNED, end.probable),
	FIELD(UNSIGNED, end.definite), FIELD(UNSIGNED, end.left_out),
};

/* What every event begins with. */
/* clang-format off */
#define EVENT_FIELDS                   \
	FIELD(TIME, event.time),       \
	FIELD(UNSIGNED, event.tid),    \
	UP_TO(true, event.irq)
/* clang-format on */

static const struct field event_alloc[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.alloc.addr),
	FIELD(UNSIGNED, event.alloc.size),
	UP_TO(EVENT_KIND_SOCK, event.alloc.kind),
	FIELD(FUNCTION, event.alloc.caller),
	FIELD(STACK, event.alloc.stack),
	FIELD(CHARS, event.alloc.comm),
	UP_TO(true, event.alloc.stack_left_out),
};

static const struct field event_free[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.free.addr),
	FIELD(MOMENT, event.free.born),
	FIELD(FUNCTION, event.free.caller),
	UP_TO(true, event.free.healed),
};

static const struct field event_submit[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.submit.device),
	FIELD(ADDRESS, event.submit.argument),
	FIELD(ADDRESS, event.submit.request),
	FIELD(ADDRESS, event.submit.params),
	FIELD(FUNCTION, event.submit.callback),
	FIELD(FUNCTION, event.submit.function),
	FIELD(UNSIGNED, event.submit.timeout_ms),
	FIELD(UNSIGNED, event.submit.command_type),
	FIELD(ADDRESS, event.submit.inner[0]),
	FIELD(ADDRESS, event.submit.inner[1]),
	FIELD(ADDRESS, event.submit.inner[2]),
	FIELD(ADDRESS, event.submit.inner[3]),
	FIELD(FUNCTION, event.submit.upper),
	UP_TO(true, event.submit.anonymous),
	UP_TO(true, event.submit.on_stack),
};

static const struct field event_submit_return[] = {
	EVENT_FIELDS,
	FIELD(SIGNED, event.submit_return.ret),
};

static const struct field event_complete[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.complete.device),
	FIELD(ADDRESS, event.complete.command),
	FIELD(ADDRESS, event.complete.response),
};

static const struct field event_callback[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.callback.device),
	FIELD(ADDRESS, event.callback.argument),
	FIELD(ADDRESS, event.callback.response),
	FIELD(FUNCTION, event.callback.callback),
};

static const struct field event_frame[] = {
	EVENT_FIELDS,
	FIELD(FUNCTION, event.frame.function),
	UP_TO(true, event.frame.outermost),
};

static const struct field event_handle[] = {
	EVENT_FIELDS,
	FIELD(ADDRESS, event.handle.handle),
	FIELD(ADDRESS, event.handle.request),
	FIELD(ADDRESS, event.handle.response),
};

static const struct field event_handled[] = { EVENT_FIELDS };

static const struct field look[] = {
	FIELD(TIME, look.time),	   FIELD(ADDRESS, look.addr),
	FIELD(UNSIGNED, look.id),  UP_TO(VERDICT_UNREADABLE, look.verdict),
	FIELD(MOMENT, look.began), FIELD(UNSIGNED, look.checksum),
};

static const struct field missed[] = {
	FIELD(UNSIGNED, missed.count),
};

static const struct field grace[] = {
	FIELD(UNSIGNED, grace.ns),
};

static const struct field owned[] = {
	FIELD(UNSIGNED, owned.id),
};

static const struct field live[] = {
	FIELD(ADDRESS, live.addr), FIELD(MOMENT, live.born),	 FIELD(UNSIGNED, live.size),
	UP_TO(true, live.skb),	   FIELD(FUNCTION, live.caller), FIELD(UNSIGNED, live.tid),
	FIELD(CHARS, live.comm),   UP_TO(true, live.sock),
};

struct layout {
	const struct field *fields; /* NULL: no such type, unless it is empty */
	size_t count;
	bool empty;
};

#define TABLE(fields)                               \
	{                                           \
		(fields), LENGTH_OF(fields), false, \
	}
#define NOTHING                \
	{                      \
		NULL, 0, true, \
	}

static const struct layout layouts[NR_ITEMS] = {
	[ITEM_HEADER] = TABLE(header),
	[ITEM_CONFIG] = TABLE(config),
	[ITEM_CLOCK] = TABLE(clock_offset),
	[ITEM_FUNCTION] = TABLE(function),
	[ITEM_FRAME] = TABLE(frame),
	[ITEM_STACK] = TABLE(stack),
	[ITEM_ROLE] = TABLE(role),
	[ITEM_COMMAND] = TABLE(command),
	[ITEM_DEVICE] = TABLE(device),
	[ITEM_FORGET_NAMES] = NOTHING,
	[ITEM_BYTES] = TABLE(bytes),
	[ITEM_MODULE] = TABLE(text),
	[ITEM_MISSING] = TABLE(text),
	[ITEM_START] = TABLE(start),
	[ITEM_TICK] = TABLE(tick),
	[ITEM_HISTOGRAMS] = NOTHING,
	[ITEM_COUNTERS] = TABLE(counters),
	[ITEM_END] = TABLE(end),
	[ITEM_ALLOC] = TABLE(event_alloc),
	[ITEM_FREE] = TABLE(event_free),
	[ITEM_SUBMIT] = TABLE(event_submit),
	[ITEM_SUBMIT_RETURN] = TABLE(event_submit_return),
	[ITEM_COMPLETE] = TABLE(event_complete),
	[ITEM_CALLBACK] = TABLE(event_callback),
	[ITEM_ENTER] = TABLE(event_frame),
	[ITEM_LEAVE] = TABLE(event_frame),
	[ITEM_HANDLE] = TABLE(event_handle),
	[ITEM_DISPATCH] = TABLE(event_handle),
	[ITEM_DISPATCHED] = TABLE(event_handled),
	[ITEM_ABORT] = TABLE(event_handle),
	[ITEM_ABORTED] = TABLE(event_handled),
	[ITEM_JUDGE] = TABLE(look),
	[ITEM_SEARCHED] = TABLE(look),
	[ITEM_SUSPECT_ALL] = TABLE(tick),
	[ITEM_LEDGER_TICK] = TABLE(tick),
	[ITEM_MISSED] = TABLE(missed),
	[ITEM_GRACE] = TABLE(grace),
	[ITEM_OWNED] = TABLE(owned),
	[ITEM_OWNER_GONE] = TABLE(tick),
	[ITEM_FORGET_DEVICES] = NOTHING,
	[ITEM_LIVE] = TABLE(live),
	[ITEM_RESYNC] = TABLE(tick),
	[ITEM_CANNOT_SEARCH] = NOTHING,
	[ITEM_RECHECK] = TABLE(tick),
	[ITEM_WOKE] = TABLE(tick),
	[ITEM_BLIND] = TABLE(missed),
};

static bool known(unsigned type)
{
	return type < NR_ITEMS && (layouts[type].fields || layouts[type].empty);
}

/* ---- numbers ---- */

static uint64_t load(const void *p, size_t size)
{
	switch (size) {
	case 1:
		return *(const uint8_t *)p;
	case 2:
		return *(const uint16_t *)p;
	case 4:
		return *(const uint32_t *)p;
	default:
		return *(const uint64_t *)p;
	}
}

static void store(void *p, size_t size, uint64_t value)
{
	switch (size) {
	case 1:
		*(uint8_t *)p = (uint8_t)value;
		break;
	case 2:
		*(uint16_t *)p = (uint16_t)value;
		break;
	case 4:
		*(uint32_t *)p = (uint32_t)value;
		break;
	default:
		*(uint64_t *)p = value;
	}
}

static uint64_t zigzag(uint64_t x)
{
	return x << 1 ^ -(x >> 63);
}

static uint64_t unzigzag(uint64_t x)
{
	return x >> 1 ^ -(x & 1);
}

struct out {
	unsigned char *at, *end;
	bool full;
};

static void put(struct out *o, const void *data, size_t size)
{
	if ((size_t)(o->end - o->at) < size) {
		o->full = true;
		return;
	}
	memcpy(o->at, data, size);
	o->at += size;
}

static void put_number(struct out *o, uint64_t x)
{
	unsigned char buf[VARINT_MAX];
	size_t n = 0;

	for (; x >= 0x80; x >>= 7)
		buf[n++] = (unsigned char)(x | 0x80);
	buf[n++] = (unsigned char)x;
	put(o, buf, n);
}

static void put_relative(struct out *o, uint64_t x, uint64_t base)
{
	uint64_t distance = zigzag(x - base);

	if (!x) {
		put_number(o, 0);
	} else if (distance >> NEAR_BITS) {
		put_number(o, FAR);
		put(o, &x, sizeof(x));
	} else {
		put_number(o, distance + NEAR);
	}
}

struct in {
	const unsigned char *at, *end;
	bool bad;
};

static bool get(struct in *i, void *data, size_t size)
{
	if ((size_t)(i->end - i->at) < size) {
		i->bad = true;
		return false;
	}
	memcpy(data, i->at, size);
	i->at += size;
	return true;
}

static uint64_t get_number(struct in *i)
{
	uint64_t x = 0;
	unsigned char c;

	for (unsigned shift = 0; get(i, &c, 1); shift += 7) {
		/* Of the tenth group only one bit is left. */
		if (shift == 63 && c > 1)
			break;
		x |= (uint64_t)(c & 0x7f) << shift;
		if (!(c & 0x80))
			return x;
	}
	i->bad = true;
	return 0;
}

static uint64_t get_relative(struct in *i, uint64_t base)
{
	uint64_t x = get_number(i);

	if (x == FAR)
		get(i, &x, sizeof(x));
	else if (x)
		x = base + unzigzag(x - NEAR);
	return x;
}

/* What the next address will be near to. */
static void next_base(uint64_t *base, uint64_t addr)
{
	if (addr && addr < -(uint64_t)ERR_PTRS)
		*base = addr;
}

/* ---- texts ---- */

/*
 * What a recording says is printed: none of it may steer a terminal.  A recorder
 * makes texts printable, so one that is not is none of its own.
 */
static void put_printable(struct out *o, const char *s, size_t max, bool zero)
{
	char text[ITEM_TEXT_MAX + 1];
	size_t len = strnlen(s, max);

	memcpy(text, s, len);
	text[len] = '\0';
	printable__make(text);
	len = strlen(text);
	put_number(o, len);
	put(o, text, len + zero);
}

static const char *get_text(struct in *i)
{
	uint64_t len = get_number(i);
	const char *s = (const char *)i->at;

	if (i->bad || len > ITEM_TEXT_MAX || len >= (uint64_t)(i->end - i->at) ||
	    strnlen(s, len + 1) != len || !printable__is(s)) {
		i->bad = true;
		return "";
	}
	i->at += len + 1;
	return s;
}

/* ---- fields ---- */

static void put_field(struct out *o, const struct field *f, const struct item *item,
		      struct item_base *base)
{
	const unsigned char *p = (const unsigned char *)item + f->offset;
	const struct blob *blob = (const struct blob *)p;
	const char *s;
	uint64_t x;

	switch (f->coding) {
	case UNSIGNED:
	case FUNCTION:
	case STACK:
		put_number(o, load(p, f->size));
		break;
	case SIGNED:
		put_number(o, zigzag(load(p, f->size)));
		break;
	case TIME:
	case MOMENT:
		x = load(p, f->size);
		put_relative(o, x, base->time);
		if (f->coding == TIME)
			base->time = x;
		break;
	case ADDRESS:
		x = load(p, f->size);
		put_relative(o, x, base->addr);
		next_base(&base->addr, x);
		break;
	case CHARS:
		put_printable(o, (const char *)p, f->size - 1U, false);
		break;
	case TEXT:
		s = *(const char *const *)p;
		put_printable(o, s ? s : "", ITEM_TEXT_MAX, true);
		break;
	case BLOB:
		put_number(o, blob->size);
		put(o, blob->data, blob->size);
		break;
	}
}

static void get_field(struct in *i, const struct field *f, struct item *item,
		      struct item_base *base)
{
	unsigned char *p = (unsigned char *)item + f->offset;
	struct blob *blob = (struct blob *)p;
	uint64_t x;

	switch (f->coding) {
	case UNSIGNED:
	case FUNCTION:
	case STACK:
		x = get_number(i);
		if ((f->max && x > f->max) || (f->size < 8 && x >> (8 * f->size)))
			i->bad = true;
		else
			store(p, f->size, x);
		break;
	case SIGNED:
		store(p, f->size, unzigzag(get_number(i)));
		break;
	case TIME:
	case MOMENT:
		x = get_relative(i, base->time);
		store(p, f->size, x);
		if (f->coding == TIME)
			base->time = x;
		break;
	case ADDRESS:
		x = get_relative(i, base->addr);
		store(p, f->size, x);
		next_base(&base->addr, x);
		break;
	case CHARS:
		x = get_number(i);
		/* The item was all zero: there is an end behind it. */
		if (x >= f->size || !get(i, p, x) || strlen((char *)p) != x ||
		    !printable__is((char *)p))
			i->bad = true;
		break;
	case TEXT:
		*(const char **)p = get_text(i);
		break;
	case BLOB:
		x = get_number(i);
		if (x > sizeof(blob->data) || !get(i, blob->data, x))
			i->bad = true;
		else
			blob->size = (uint8_t)x;
		break;
	}
}

/* ---- items ---- */

size_t item__encode(const struct item *item, struct item_base *base, unsigned char *buf,
		    size_t room)
{
	struct out o = { buf + HEAD_MAX, buf + room, false }, head = { buf, buf + HEAD_MAX, false };
	size_t size;

	if (!known(item->type) || room < HEAD_MAX)
		return 0;
	for (size_t i = 0; i < layouts[item->type].count && !o.full; i++)
		put_field(&o, &layouts[item->type].fields[i], item, base);
	size = (size_t)(o.at - buf) - HEAD_MAX;
	put_number(&head, item->type);
	put_number(&head, size);
	if (o.full || head.full)
		return 0;
	memmove(head.at, buf + HEAD_MAX, size);
	return (size_t)(head.at - buf) + size;
}

size_t item__decode(struct item *item, struct item_base *base, const unsigned char *buf,
		    size_t size)
{
	struct in i = { buf, buf + size, false };
	uint64_t type = get_number(&i), length = get_number(&i);

	memset(item, 0, sizeof(*item));
	if (i.bad || type >= NR_ITEMS || !known((unsigned)type) ||
	    length > (uint64_t)(i.end - i.at))
		return 0;
	item->type = (enum item_type)type;
	i.end = i.at + length;
	for (size_t k = 0; k < layouts[type].count && !i.bad; k++) {
		const struct field *f = &layouts[type].fields[k];

		/* Of a recording from before this field was there. */
		if (i.at == i.end && f->coding == TEXT)
			*(const char **)((unsigned char *)item + f->offset) = "";
		else if (i.at != i.end)
			get_field(&i, f, item, base);
	}
	if (i.bad || i.at != i.end)
		return 0;
	if (type >= ITEM_ALLOC && type <= ITEM_ABORTED)
		item->event.type = EVENT_OF_ITEM(type);
	return (size_t)(i.end - buf);
}

bool item__each_number(struct item *item, bool (*function)(void *ctx, uint32_t *number),
		       bool (*stack)(void *ctx, uint32_t *number), void *ctx)
{
	for (size_t k = 0; k < layouts[item->type].count; k++) {
		const struct field *f = &layouts[item->type].fields[k];
		uint32_t *number = (uint32_t *)((unsigned char *)item + f->offset);

		if (f->coding == FUNCTION && !function(ctx, number))
			return false;
		if (f->coding == STACK && !stack(ctx, number))
			return false;
	}
	return true;
}
