// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings as bytes: every field of every item comes back, whatever stops in
 * the middle, is flipped or made up is noticed, and what was written before a
 * crash or a full disk can be read.
 */
#include "unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "record/block.h"
#include "record/reader.h"
#include "record/recorder.h"
#include "unit/tape.h"

#define SECOND_NS 1000000000ULL

static uint64_t seed = 1;

static uint64_t number(void)
{
	static const uint64_t special[] = { 0,
					    1,
					    127,
					    128,
					    UINT32_MAX,
					    1ULL << 54,
					    1ULL << 62,
					    UINT64_MAX,
					    0xffff888012345678,
					    0xffff88807fffffff,
					    0xffffffffc0001000,
					    (uint64_t)-EIO };
	uint32_t x = next_random(&seed);

	if (x % 3 == 0)
		return special[x / 3 % ARRAY_SIZE(special)];
	return (uint64_t)next_random(&seed) << (x % 40);
}

static const char *text(void)
{
	static const char *const texts[] = { "", "digital_tg_listen_nfcf",
					     "digital_wq_poll+0x5d/0x90 [nfc_digital]",
					     "caf\xc3\xa9", "x" };

	return texts[next_random(&seed) % ARRAY_SIZE(texts)];
}

static bool flag(void)
{
	return next_random(&seed) & 1;
}

static void comm(char *buf)
{
	size_t n = next_random(&seed) % 16;

	for (size_t i = 0; i < n; i++)
		buf[i] = (char)(' ' + next_random(&seed) % 95);
}

/* Whoever adds a field to these adds it here, and to the tables of item.c. */
static void fields_are_known(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct event), 112);
	assert_int_equal(sizeof(struct live), 56);
	assert_int_equal(sizeof(struct ledger_config), 16);
}

static void sample_event(struct event *e, enum event_type type)
{
	e->type = type;
	e->time = number();
	e->tid = (uint32_t)number();
	e->irq = flag();
	switch (type) {
	case EVENT_ALLOC:
		e->alloc.addr = number();
		e->alloc.size = number();
		e->alloc.kind = flag() ? EVENT_KIND_SKB : EVENT_KIND_SOCK;
		e->alloc.caller = (uint32_t)number();
		e->alloc.stack = (uint32_t)number();
		comm(e->alloc.comm);
		e->alloc.stack_left_out = flag();
		break;
	case EVENT_FREE:
		e->free.addr = number();
		e->free.born = number();
		e->free.caller = (uint32_t)number();
		e->free.healed = flag();
		break;
	case EVENT_SUBMIT:
		e->submit.device = number();
		e->submit.argument = number();
		e->submit.request = number();
		e->submit.params = number();
		e->submit.callback = (uint32_t)number();
		e->submit.function = (uint32_t)number();
		e->submit.timeout_ms = (uint32_t)number();
		e->submit.command_type = (uint8_t)number();
		for (size_t i = 0; i < EVENT_INNER; i++)
			e->submit.inner[i] = number();
		e->submit.upper = (uint32_t)number();
		e->submit.anonymous = flag();
		e->submit.on_stack = flag();
		break;
	case EVENT_SUBMIT_RETURN:
		e->submit_return.ret = (int64_t)number();
		break;
	case EVENT_COMPLETE:
		e->complete.device = number();
		e->complete.command = number();
		e->complete.response = number();
		break;
	case EVENT_CALLBACK:
		e->callback.device = number();
		e->callback.argument = number();
		e->callback.response = number();
		e->callback.callback = (uint32_t)number();
		break;
	case EVENT_ENTER:
	case EVENT_LEAVE:
		e->frame.function = (uint32_t)number();
		e->frame.outermost = flag();
		break;
	case EVENT_HANDLE:
	case EVENT_DISPATCH:
	case EVENT_ABORT:
		e->handle.handle = number();
		e->handle.request = number();
		e->handle.response = number();
		break;
	case EVENT_DISPATCHED:
	case EVENT_ABORTED:
		break;
	}
}

/* An item with something in every field; false where there is no such type. */
static bool sample(struct item *i, unsigned type)
{
	memset(i, 0, sizeof(*i));
	i->type = type;
	switch (type) {
	case ITEM_HEADER:
		i->header.version = text();
		i->header.kernel = text();
		i->header.arch = text();
		return true;
	case ITEM_CONFIG:
		i->config.grace_ns = number();
		i->config.min_age_ns = number();
		return true;
	case ITEM_CLOCK:
		i->clock.offset = number();
		return true;
	case ITEM_FUNCTION:
		i->function.name = text();
		i->function.module = text();
		return true;
	case ITEM_FRAME:
		i->frame.addr = number();
		i->frame.function = (uint32_t)number();
		i->frame.offset = (uint32_t)number();
		i->frame.text = text();
		return true;
	case ITEM_STACK:
		i->stack.site = (uint32_t)number();
		return true;
	case ITEM_ROLE:
		i->role.function = (uint32_t)number();
		i->role.role = flag() ? ROLE_DISPATCH : ROLE_SUBMIT;
		return true;
	case ITEM_COMMAND:
		i->command.function = (uint32_t)number();
		i->command.type = (uint8_t)number();
		i->command.name = text();
		return true;
	case ITEM_DEVICE:
		i->device.addr = number();
		i->device.name = text();
		return true;
	case ITEM_BYTES:
		i->bytes.id = number();
		i->bytes.bytes.size = (uint8_t)(next_random(&seed) % (REPORT_HEXDUMP + 1));
		for (size_t n = 0; n < i->bytes.bytes.size; n++)
			i->bytes.bytes.data[n] = (uint8_t)number();
		return true;
	case ITEM_MODULE:
	case ITEM_MISSING:
		i->text.text = text();
		return true;
	case ITEM_START:
		i->start.time = number();
		i->start.hooks = (uint32_t)number();
		return true;
	case ITEM_TICK:
	case ITEM_LEDGER_TICK:
	case ITEM_SUSPECT_ALL:
	case ITEM_OWNER_GONE:
	case ITEM_RESYNC:
	case ITEM_RECHECK:
	case ITEM_WOKE:
		i->tick.time = number();
		return true;
	case ITEM_COUNTERS:
		i->counters.lost = number();
		i->counters.unseen = number();
		i->counters.left_out = number();
		return true;
	case ITEM_END:
		i->end.time = number();
		i->end.lost = number();
		i->end.unseen = number();
		i->end.left_out = number();
		i->end.allocations = number();
		i->end.frees = number();
		i->end.suspects = number();
		i->end.cleared = number();
		i->end.retracted = number();
		i->end.possible = number();
		i->end.probable = number();
		i->end.definite = number();
		return true;
	case ITEM_JUDGE:
	case ITEM_SEARCHED:
		i->look.time = number();
		i->look.began = number();
		i->look.addr = number();
		i->look.id = number();
		i->look.verdict = flag() ? VERDICT_UNREADABLE : VERDICT_DOUBTFUL;
		i->look.checksum = (uint32_t)number();
		return true;
	case ITEM_MISSED:
	case ITEM_BLIND:
		i->missed.count = number();
		return true;
	case ITEM_GRACE:
		i->grace.ns = number();
		return true;
	case ITEM_OWNED:
		i->owned.id = number();
		return true;
	case ITEM_LIVE:
		i->live.addr = number();
		i->live.born = number();
		i->live.size = number();
		i->live.skb = flag();
		i->live.sock = flag();
		i->live.caller = (uint32_t)number();
		i->live.tid = (uint32_t)number();
		comm(i->live.comm);
		return true;
	case ITEM_FORGET_NAMES:
	case ITEM_HISTOGRAMS:
	case ITEM_FORGET_DEVICES:
	case ITEM_CANNOT_SEARCH:
		return true;
	default:
		if (type < ITEM_ALLOC || type > ITEM_ABORTED)
			return false;
		sample_event(&i->event, EVENT_OF_ITEM(type));
		return true;
	}
}

/* Texts are compared as such, the rest byte by byte. */
static void same_text(const char **a, const char **b)
{
	assert_string_equal(*a, *b);
	*a = *b = NULL;
}

static void same(const struct item *want, const struct item *got)
{
	struct item a = *want, b = *got;

	assert_int_equal(a.type, b.type);
	switch (a.type) {
	case ITEM_HEADER:
		same_text(&a.header.version, &b.header.version);
		same_text(&a.header.kernel, &b.header.kernel);
		same_text(&a.header.arch, &b.header.arch);
		break;
	case ITEM_FUNCTION:
		same_text(&a.function.name, &b.function.name);
		same_text(&a.function.module, &b.function.module);
		break;
	case ITEM_FRAME:
		same_text(&a.frame.text, &b.frame.text);
		break;
	case ITEM_COMMAND:
		same_text(&a.command.name, &b.command.name);
		break;
	case ITEM_DEVICE:
		same_text(&a.device.name, &b.device.name);
		break;
	case ITEM_MODULE:
	case ITEM_MISSING:
		same_text(&a.text.text, &b.text.text);
		break;
	default:
		break;
	}
	assert_memory_equal(&a, &b, sizeof(a));
}

static void round_trip(void **state)
{
	struct item_base to = { 0 }, from = { 0 };
	unsigned char buf[ITEM_SIZE_MAX];
	struct item want, got;
	unsigned types = 0;

	(void)state;
	for (unsigned round = 0; round < 500; round++) {
		types = 0;
		for (unsigned type = 0; type < NR_ITEMS; type++) {
			struct item_base cut = from;
			size_t n;

			if (!sample(&want, type)) {
				assert_int_equal(item__encode(&want, &to, buf, sizeof(buf)), 0);
				continue;
			}
			types++;
			n = item__encode(&want, &to, buf, sizeof(buf));
			assert_true(n >= 2);
			for (size_t k = 0; round < 5 && k < n; k++) {
				struct item_base b = cut;

				assert_int_equal(item__decode(&got, &b, buf, k), 0);
			}
			assert_int_equal(item__decode(&got, &from, buf, n), n);
			same(&want, &got);
			assert_memory_equal(&to, &from, sizeof(to));
		}
	}
	assert_int_equal(types, 46);
}

static void room(void **state)
{
	unsigned char buf[256];
	struct item item, got;

	(void)state;
	for (unsigned type = 0; type < NR_ITEMS; type++) {
		struct item_base base = { 0 }, whole = { 0 };
		size_t n;

		if (!sample(&item, type))
			continue;
		n = item__encode(&item, &whole, buf, sizeof(buf));
		for (size_t k = 0; k < n; k++) {
			unsigned char *tight = malloc(k + 1);

			base = (struct item_base){ 0 };
			/* What needs memmove() may need a byte more. */
			if (item__encode(&item, &base, tight, k))
				fail();
			free(tight);
		}
		base = (struct item_base){ 0 };
		assert_int_equal(item__decode(&got, &base, buf, n), n);
	}
}

static void long_texts(void **state)
{
	struct item item = { .type = ITEM_HEADER }, got;
	struct item_base base = { 0 };
	unsigned char buf[ITEM_SIZE_MAX];
	char endless[10000];
	size_t n;

	(void)state;
	memset(endless, 'a', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	endless[3] = '\033';
	item.header.version = item.header.kernel = item.header.arch = endless;
	n = item__encode(&item, &base, buf, sizeof(buf));
	assert_true(n > 3 * ITEM_TEXT_MAX);
	assert_int_equal(item__decode(&got, &base, buf, n), n);
	assert_int_equal(strlen(got.header.kernel), ITEM_TEXT_MAX);
	assert_memory_equal(got.header.kernel, "aaa?aaa", 7);
}

/* A task may call itself anything, and a module its functions. */
static void dirty_names(void **state)
{
	struct item alloc = { .type = ITEM_ALLOC, .event = { .type = EVENT_ALLOC } };
	struct item device = { .type = ITEM_DEVICE,
			       .device.name = "\xc2\x9b"
					      "2J\xff\x1b" };
	struct item_base to = { 0 }, from = { 0 };
	unsigned char buf[ITEM_SIZE_MAX];
	struct item got;
	size_t n;

	(void)state;
	snprintf(alloc.event.alloc.comm, sizeof(alloc.event.alloc.comm), "\x1b[2J\xc2\x9bK\n");
	n = item__encode(&alloc, &to, buf, sizeof(buf));
	assert_int_equal(item__decode(&got, &from, buf, n), n);
	assert_string_equal(got.event.alloc.comm, "?[2J?K?");
	n = item__encode(&device, &to, buf, sizeof(buf));
	assert_int_equal(item__decode(&got, &from, buf, n), n);
	assert_string_equal(got.device.name, "?2J??");
}

static void older_and_newer_fields(void **state)
{
	/* A free with nothing but its time and task: what an older one had. */
	const unsigned char old[] = { ITEM_FREE, 2, 2 + 2 * 5, 7 };
	/* A counters item with a field too many. */
	const unsigned char longer[] = { ITEM_COUNTERS, 4, 1, 2, 3, 4 };
	const unsigned char text[] = { ITEM_DEVICE, 1, 0 };
	struct item_base base = { 0 };
	struct item got;

	(void)state;
	assert_int_equal(item__decode(&got, &base, old, sizeof(old)), sizeof(old));
	assert_int_equal(got.event.type, EVENT_FREE);
	assert_int_equal(got.event.time, 5);
	assert_int_equal(got.event.tid, 7);
	assert_int_equal(got.event.free.addr, 0);
	assert_int_equal(item__decode(&got, &base, longer, sizeof(longer)), 0);
	assert_int_equal(item__decode(&got, &base, text, sizeof(text)), sizeof(text));
	assert_string_equal(got.device.name, "");
}

static void hostile_items(void **state)
{
	static const struct {
		size_t size;
		unsigned char bytes[16];
		const char *why;
	} bad[] = {
		{ 2, { 0, 0 }, "no type" },
		{ 2, { 12, 0 }, "none yet" },
		{ 2, { NR_ITEMS, 0 }, "nor beyond" },
		{ 4, { 0xff, 0xff, 0xff, 0xff }, "never-ending number" },
		{ 3, { ITEM_TICK, 2, 5 }, "longer than there is" },
		{ 11,
		  { ITEM_TICK, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1 },
		  "a number too long" },
		{ 4, { ITEM_TICK, 2, 5, 5 }, "more than its fields" },
		{ 3, { ITEM_TICK, 1, 0x80 }, "a number without its end" },
		{ 4, { ITEM_TICK, 2, 1, 5 }, "eight bytes that are not there" },
		{ 4, { ITEM_MODULE, 2, 1, 'a' }, "no end of the text" },
		{ 5, { ITEM_MODULE, 3, 1, 'a', 'b' }, "likewise" },
		{ 5, { ITEM_MODULE, 3, 1, 27, 0 }, "an escape" },
		{ 6, { ITEM_MODULE, 4, 2, 0xc2, 0x9b, 0 }, "an escape in one character" },
		{ 5, { ITEM_MODULE, 3, 1, 0xff, 0 }, "no UTF-8" },
		{ 13, { ITEM_ALLOC, 11, 2, 1, 0, 2, 8, 0, 0, 0, 2, 27, '[' }, "an escape" },
		{ 13, { ITEM_ALLOC, 11, 2, 1, 0, 2, 8, 0, 0, 0, 2, 0xc2, 0x9b }, "likewise" },
		{ 13, { ITEM_ALLOC, 11, 2, 1, 0, 2, 8, 0, 0, 0, 2, 'a', 0 }, "an end within" },
		{ 5, { ITEM_MODULE, 3, 1, 0, 0 }, "an end within" },
		{ 8, { ITEM_MODULE, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0 }, "a number too long" },
		{ 4, { ITEM_ROLE, 2, 1, ROLE_DISPATCH + 1 }, "a number too long" },
		{ 6, { ITEM_JUDGE, 4, 2, 2, 1, VERDICT_UNREADABLE + 1 }, "a number too long" },
		{ 5, { ITEM_FREE, 3, 2, 1, 2 }, "irq: neither true nor false" },
		{ 9, { ITEM_FREE, 7, 2, 0xff, 0xff, 0xff, 0xff, 0x1f, 0 }, "a task of 33 bits" },
		{ 5, { ITEM_BYTES, 3, 1, 2, 7 }, "of two bytes one is there" },
		{ 4, { ITEM_BYTES, 2, 1, 33 }, "more than are kept" },
		{ 13,
		  { ITEM_COUNTERS, 11, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0 },
		  "a number too long" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct item_base base = { 0 };
		/* In memory of just that size, so that the sanitizer watches its end. */
		unsigned char *copy = malloc(bad[i].size);
		struct item got;

		memcpy(copy, bad[i].bytes, bad[i].size);
		if (item__decode(&got, &base, copy, bad[i].size))
			fail_msg("taken for an item: %s", bad[i].why);
		free(copy);
	}
}

static void garbage_items(void **state)
{
	struct item_base base = { 0 };
	struct item got;
	size_t taken = 0;

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		size_t size = 1 + next_random(&seed) % 48, n;
		unsigned char *buf = malloc(size);

		for (size_t k = 0; k < size; k++)
			buf[k] = (unsigned char)next_random(&seed);
		buf[0] %= NR_ITEMS;
		if (size > 1)
			buf[1] %= size;
		n = item__decode(&got, &base, buf, size);
		assert_true(n <= size);
		taken += n > 0;
		free(buf);
	}
	assert_true(taken > 1000); /* else this looks at nothing */
}

/* ---- blocks ---- */

static void blocks(void **state)
{
	static unsigned char raw[BLOCK_RAW_MAX], back[BLOCK_RAW_MAX];
	static unsigned char out[BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX];
	static const size_t sizes[] = { 1, 100, BLOCK_FULL, BLOCK_RAW_MAX };
	struct block_packer *p = block_packer__new();
	struct block_unpacker *u = block_unpacker__new();
	struct block_header h;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t n;

		/* What cannot be compressed fits as well. */
		for (size_t k = 0; k < sizes[i]; k++)
			raw[k] = (unsigned char)next_random(&seed);
		n = block_packer__pack(p, (uint32_t)i, raw, sizes[i], out);
		assert_true(n > BLOCK_HEADER_SIZE);
		assert_int_equal(block__header(&h, out), 0);
		assert_int_equal(h.number, i);
		assert_int_equal(h.packed + BLOCK_HEADER_SIZE, n);
		assert_int_equal(h.raw, sizes[i]);
		assert_int_equal(block_unpacker__unpack(u, &h, out + BLOCK_HEADER_SIZE, back), 0);
		assert_memory_equal(raw, back, sizes[i]);
	}
	block_packer__free(p);
	block_unpacker__free(u);
}

static void flipped_block(void **state)
{
	static unsigned char out[BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX], back[BLOCK_RAW_MAX];
	const char raw[] = "what was written is what is read, or else it is not read at all";
	struct block_packer *p = block_packer__new();
	struct block_unpacker *u = block_unpacker__new();
	size_t n = block_packer__pack(p, 3, raw, sizeof(raw), out);
	struct block_header h;

	(void)state;
	for (size_t bit = 0; bit < 8 * n; bit++) {
		out[bit / 8] ^= (unsigned char)(1 << bit % 8);
		if (!block__header(&h, out))
			assert_int_equal(block_unpacker__unpack(u, &h, out + BLOCK_HEADER_SIZE,
								back),
					 -EBADMSG);
		out[bit / 8] ^= (unsigned char)(1 << bit % 8);
	}
	assert_int_equal(block__header(&h, out), 0);
	/* A true checksum on something that is no zstd, or says another size. */
	h.raw--;
	assert_int_equal(block_unpacker__unpack(u, &h, out + BLOCK_HEADER_SIZE, back), -EBADMSG);
	h.raw += 2;
	assert_int_equal(block_unpacker__unpack(u, &h, out + BLOCK_HEADER_SIZE, back), -EBADMSG);
	block_packer__free(p);
	block_unpacker__free(u);
}

/* ---- files ---- */

static struct item tick(uint64_t now)
{
	return (struct item){ .type = ITEM_TICK, .tick.time = now };
}

/* The items of this many blocks, one event each; returns where each block ends. */
static void write_blocks(struct tape *t, size_t count, size_t *ends)
{
	struct item item = { .type = ITEM_FREE, .event.type = EVENT_FREE };
	struct recorder *r;

	tape__open(t);
	assert_int_equal(recorder__open(&r, t->path), 0);
	assert_int_equal(recorder__begin(r), 0);
	assert_int_equal(recorder__bytes(r), BLOCK_PRELUDE_SIZE);
	for (size_t i = 0; i < count; i++) {
		uint64_t now = (i + 1) * 10 * SECOND_NS;

		item.event.time = now;
		item.event.free.addr = 0xffff888000000000 + i;
		recorder__write(r, &item);
		recorder__tick(r, now);
		recorder__tick(r, now + SECOND_NS);
		ends[i] = (size_t)recorder__bytes(r);
		assert_true(ends[i] > (i ? ends[i - 1] : BLOCK_PRELUDE_SIZE));
	}
	assert_int_equal(recorder__close(r), 0);
	tape__read(t);
	assert_int_equal(t->size, ends[count - 1]);
}

/* Reads all; each item must be the one that was written there. */
static enum reading read_blocks(FILE *in, size_t *items, char *problem, size_t size)
{
	struct reader *r = reader__new(in);
	enum reading reading;
	struct item got;

	assert_non_null(r);
	*items = 0;
	while ((reading = reader__next(r, &got)) == READING_ITEM) {
		assert_int_equal(got.type, ITEM_FREE);
		assert_int_equal(got.event.free.addr, 0xffff888000000000 + *items);
		assert_int_equal(got.event.time, (*items + 1) * 10 * SECOND_NS);
		++*items;
	}
	assert_int_equal(reader__next(r, &got), reading); /* and stays so */
	snprintf(problem, size, "%s", reader__problem(r));
	assert_true(reader__bytes(r) <= 1 << 20);
	reader__free(r);
	fclose(in);
	return reading;
}

#define NR_BLOCKS 4

static void truncated(void **state)
{
	size_t ends[NR_BLOCKS], items;
	char problem[200];
	struct tape t;

	(void)state;
	write_blocks(&t, NR_BLOCKS, ends);
	for (size_t size = 0; size <= t.size; size++) {
		enum reading reading =
			read_blocks(tape__stream(&t, size), &items, problem, sizeof(problem));
		size_t whole = 0;

		while (whole < NR_BLOCKS && ends[whole] <= size)
			whole++;
		assert_int_equal(items, whole);
		assert_int_equal(reading,
				 size < BLOCK_PRELUDE_SIZE ? READING_FOREIGN : READING_END);
		if (size == BLOCK_PRELUDE_SIZE || (whole && ends[whole - 1] == size))
			assert_string_equal(problem, "");
		else
			assert_true(*problem);
	}
	tape__close(&t);
}

static void flipped(void **state)
{
	size_t ends[NR_BLOCKS], items;
	char problem[200];
	struct tape t;

	(void)state;
	write_blocks(&t, NR_BLOCKS, ends);
	for (size_t i = 0; i < t.size; i++) {
		unsigned char bit = (unsigned char)(1 << next_random(&seed) % 8);
		enum reading reading;
		size_t before = 0;

		while (ends[before] <= i)
			before++;
		t.data[i] ^= bit;
		reading = read_blocks(tape__stream(&t, t.size), &items, problem, sizeof(problem));
		t.data[i] ^= bit;
		if (i < 8)
			assert_int_equal(reading, READING_FOREIGN);
		else if (i < BLOCK_PRELUDE_SIZE)
			assert_true(reading == READING_NEWER || reading == READING_DAMAGED);
		else
			assert_int_equal(reading, READING_DAMAGED);
		assert_int_equal(items, i < BLOCK_PRELUDE_SIZE ? 0 : before);
		assert_true(*problem);
	}
	tape__close(&t);
}

static void block_missing(void **state)
{
	size_t ends[NR_BLOCKS], items;
	char problem[200];
	struct tape t;

	(void)state;
	write_blocks(&t, NR_BLOCKS, ends);
	memmove(t.data + ends[0], t.data + ends[1], t.size - ends[1]);
	assert_int_equal(read_blocks(tape__stream(&t, t.size - (ends[1] - ends[0])), &items,
				     problem, sizeof(problem)),
			 READING_DAMAGED);
	assert_int_equal(items, 1);
	assert_non_null(strstr(problem, "a block is missing"));
	tape__close(&t);
}

static void newer(void **state)
{
	size_t ends[1], items;
	char problem[200];
	struct tape t;

	(void)state;
	write_blocks(&t, 1, ends);
	t.data[8] = ITEM_VERSION + 1;
	assert_int_equal(read_blocks(tape__stream(&t, t.size), &items, problem, sizeof(problem)),
			 READING_NEWER);
	assert_non_null(strstr(problem, "use a newer one"));
	tape__close(&t);
}

/* Blocks with true checksums whose lengths are beyond all limits. */
static void hostile_lengths(void **state)
{
	static unsigned char raw[BLOCK_RAW_MAX];
	static unsigned char file[BLOCK_PRELUDE_SIZE + BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX];
	struct block_packer *p = block_packer__new();
	struct tape t = { .data = file };
	char problem[200];
	size_t items, n;

	(void)state;
	block__prelude(file, ITEM_VERSION);
	/* More than a block may have, well packed. */
	n = block_packer__pack(p, 0, raw, BLOCK_RAW_MAX, file + BLOCK_PRELUDE_SIZE);
	n += BLOCK_PRELUDE_SIZE;
	assert_int_equal(read_blocks(tape__stream(&t, n), &items, problem, sizeof(problem)),
			 READING_DAMAGED); /* zeroes are no items */
	assert_non_null(strstr(problem, "begins no item"));
	/* A block of nothing is nothing; there could be more of them than patience. */
	n = block_packer__pack(p, 0, raw, 0, file + BLOCK_PRELUDE_SIZE) + BLOCK_PRELUDE_SIZE;
	assert_int_equal(read_blocks(tape__stream(&t, n), &items, problem, sizeof(problem)),
			 READING_END);
	assert_int_equal(items, 0);
	block_packer__free(p);
}

static void written_in_time(void **state)
{
	struct item item = { .type = ITEM_HISTOGRAMS };
	struct recorder *r;
	struct tape t;

	(void)state;
	tape__open(&t);
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	recorder__tick(r, 5 * SECOND_NS);
	assert_int_equal(recorder__bytes(r), BLOCK_PRELUDE_SIZE);
	recorder__write(r, &item);
	recorder__tick(r, 5 * SECOND_NS);
	recorder__tick(r, 6 * SECOND_NS - 1);
	assert_int_equal(recorder__bytes(r), BLOCK_PRELUDE_SIZE);
	recorder__tick(r, 6 * SECOND_NS);
	assert_true(recorder__bytes(r) > BLOCK_PRELUDE_SIZE);
	tape__read(&t);
	assert_int_equal(t.size, recorder__bytes(r));
	/* Ticks alone wait for ten seconds. */
	item = tick(7 * SECOND_NS);
	recorder__write(r, &item);
	recorder__tick(r, 7 * SECOND_NS);
	recorder__tick(r, 17 * SECOND_NS - 1);
	assert_int_equal(t.size, recorder__bytes(r));
	recorder__tick(r, 17 * SECOND_NS);
	assert_true(recorder__bytes(r) > t.size);
	assert_int_equal(recorder__close(r), 0);
	tape__close(&t);
}

static void full_blocks(void **state)
{
	struct item item, got;
	struct recorder *r;
	struct reader *in;
	struct tape t;
	FILE *f;

	(void)state;
	tape__open(&t);
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	for (uint64_t i = 1; i <= 100000; i++) {
		item = tick(i * i);
		recorder__write(r, &item);
	}
	assert_int_equal(recorder__close(r), 0);
	tape__read(&t);
	f = tape__stream(&t, t.size);
	in = reader__new(f);
	for (uint64_t i = 1; i <= 100000; i++) {
		assert_int_equal(reader__next(in, &got), READING_ITEM);
		assert_int_equal(got.tick.time, i * i);
	}
	assert_int_equal(reader__next(in, &got), READING_END);
	assert_true(reader__blocks(in) > 4);
	assert_int_equal(reader__bytes(in), t.size);
	reader__free(in);
	fclose(f);
	tape__close(&t);
}

/* ---- errors ---- */

/* What is said on stderr meanwhile. */
static int said_fd, stderr_fd;

static void listen_to_stderr(void)
{
	fflush(stderr);
	stderr_fd = dup(STDERR_FILENO);
	said_fd = memfd_create("said", MFD_CLOEXEC);
	assert_true(stderr_fd >= 0 && said_fd >= 0);
	dup2(said_fd, STDERR_FILENO);
}

static void said_on_stderr(char *buf, size_t size)
{
	ssize_t n = pread(said_fd, buf, size - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	dup2(stderr_fd, STDERR_FILENO);
	close(stderr_fd);
	close(said_fd);
}

static void disk_full(void **state)
{
	struct rlimit was, limit;
	struct recorder *r;
	char said[4000], *message;
	struct item got;
	struct reader *in;
	struct tape t;
	FILE *f;
	size_t n = 0;
	int err;

	(void)state;
	tape__open(&t);
	getrlimit(RLIMIT_FSIZE, &was);
	limit = (struct rlimit){ 30000, was.rlim_max };
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	listen_to_stderr();
	setrlimit(RLIMIT_FSIZE, &limit);
	for (unsigned i = 0; i < 200000; i++) {
		uint64_t x = next_random(&seed);
		struct item item = { .type = ITEM_MISSED, .missed.count = x << 32 | i };

		recorder__write(r, &item);
		recorder__tick(r, i * 1000000ULL);
	}
	err = recorder__close(r);
	setrlimit(RLIMIT_FSIZE, &was);
	said_on_stderr(said, sizeof(said));
	assert_int_equal(err, -EFBIG);
	message = strstr(said, "cannot write the recording");
	assert_non_null(message);
	assert_null(strstr(message + 1, "cannot write"));
	/* What there is ends with a whole block. */
	tape__read(&t);
	assert_true(t.size > BLOCK_PRELUDE_SIZE && t.size <= 30000);
	f = tape__stream(&t, t.size);
	in = reader__new(f);
	while (reader__next(in, &got) == READING_ITEM)
		n++;
	assert_true(n > 100);
	assert_int_equal(reader__next(in, &got), READING_END);
	assert_string_equal(reader__problem(in), "");
	assert_int_equal(reader__bytes(in), t.size);
	reader__free(in);
	fclose(f);
	tape__close(&t);
}

static void bad_paths(void **state)
{
	struct recorder *r = NULL;
	char said[1000];
	int err[4];

	(void)state;
	listen_to_stderr();
	err[0] = recorder__open(&r, "/nonexistent/recording");
	err[1] = recorder__open(&r, "/");
	assert_null(r);
	err[2] = recorder__open(&r, "/dev/full");
	err[3] = recorder__begin(r);
	said_on_stderr(said, sizeof(said));
	assert_int_equal(err[0], -ENOENT);
	assert_int_equal(err[1], -EISDIR);
	assert_int_equal(err[2], 0);
	assert_int_equal(err[3], -ENOSPC);
	assert_string_equal(said, "nfcleakbpf: cannot write the recording /nonexistent/recording: "
				  "No such file or directory\n"
				  "nfcleakbpf: cannot write the recording /: Is a directory\n"
				  "nfcleakbpf: cannot write the recording /dev/full: "
				  "No space left on device\n");
	recorder__close(r);
}

static off_t size_of(const char *path, mode_t *mode)
{
	struct stat st;

	if (stat(path, &st))
		return -1;
	*mode = st.st_mode & 07777;
	return st.st_size;
}

/* A run that could not trace: the file of the last one is not its to change. */
static void not_begun(void **state)
{
	char path[80];
	struct recorder *r;
	struct tape t;
	mode_t mode;

	(void)state;
	tape__open(&t);
	assert_int_equal(write(t.fd, "of yesterday", 12), 12);
	assert_int_equal(fchmod(t.fd, 0644), 0);
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(recorder__close(r), 0);
	assert_int_equal(size_of(t.path, &mode), 12);
	assert_int_equal(mode, 0644);
	/* Nor is one left where there was none. */
	snprintf(path, sizeof(path), "/tmp/nfcleakbpf-record.%d", getpid());
	unlink(path);
	assert_int_equal(recorder__open(&r, path), 0);
	assert_int_equal(size_of(path, &mode), 0);
	assert_int_equal(recorder__close(r), 0);
	assert_int_equal(size_of(path, &mode), -1);
	/* Once it is begun, it is this one's. */
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(size_of(t.path, &mode), 12);
	assert_int_equal(recorder__begin(r), 0);
	assert_int_equal(size_of(t.path, &mode), BLOCK_PRELUDE_SIZE);
	assert_int_equal(mode, 0600);
	assert_int_equal(recorder__close(r), 0);
	assert_int_equal(size_of(t.path, &mode), BLOCK_PRELUDE_SIZE);
	tape__close(&t);
}

static void item_too_large(void **state)
{
	struct item item = { .type = 12 }, good = tick(1);
	char said[1000];
	struct recorder *r;
	struct tape t;
	int err;

	(void)state;
	tape__open(&t);
	assert_int_equal(recorder__open(&r, t.path), 0);
	assert_int_equal(recorder__begin(r), 0);
	recorder__write(r, &good);
	listen_to_stderr();
	recorder__write(r, &item);
	recorder__write(r, &good);
	err = recorder__close(r);
	said_on_stderr(said, sizeof(said));
	assert_int_equal(err, -EMSGSIZE);
	assert_non_null(strstr(said, "cannot write"));
	tape__read(&t);
	assert_true(t.size > BLOCK_PRELUDE_SIZE);
	tape__close(&t);
}

static const struct CMUnitTest record[] = {
	TEST("record: no field was added that is not recorded", fields_are_known),
	TEST("record: every field of every item comes back; half an item is none", round_trip),
	TEST("record: an item that does not fit is not written", room),
	TEST("record: long texts are cut, what steers terminals is taken out", long_texts),
	TEST("record: nor does a name of a task or a device steer one", dirty_names),
	TEST("record: fields that an older recording lacks are zero", older_and_newer_fields),
	TEST("record: items that cannot be are refused", hostile_items),
	TEST("record: garbage is taken or refused, nothing worse", garbage_items),
	TEST("record: blocks of any size come back", blocks),
	TEST("record: every flipped bit of a block is noticed", flipped_block),
	TEST("record: cut at every byte, all whole blocks can be read", truncated),
	TEST("record: a flipped bit in any byte is noticed, what is before it read", flipped),
	TEST("record: a missing block is noticed", block_missing),
	TEST("record: a newer version is refused in words", newer),
	TEST("record: lengths are not believed", hostile_lengths),
	TEST("record: a block is written after a second, ticks after ten", written_in_time),
	TEST("record: full blocks follow each other", full_blocks),
	TEST("record: a full disk is said once, what is there can be read", disk_full),
	TEST("record: a path that cannot be written is an error at once", bad_paths),
	TEST("record: what was there stays until there is something to record", not_begun),
	TEST("record: what cannot be written ends the recording", item_too_large),
};

UNIT_MAIN(record)
