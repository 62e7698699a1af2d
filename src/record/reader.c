// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader of reader.h: one block in memory at a time.
 */
#include "record/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "record/block.h"

struct reader {
	FILE *in;
	struct block_unpacker *unpacker;
	enum reading state; /* READING_ITEM: go on */
	bool begun;	    /* the prelude was read */
	uint32_t number;    /* of the next block */
	uint64_t bytes;	    /* before the next block */
	struct item_base base;
	size_t at, size; /* in raw */
	char problem[160];
	unsigned char raw[BLOCK_RAW_MAX];
	unsigned char packed[BLOCK_PACKED_MAX];
};

struct reader *reader__new(FILE *in)
{
	struct reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->in = in;
	r->unpacker = block_unpacker__new();
	if (!r->unpacker) {
		free(r);
		return NULL;
	}
	return r;
}

void reader__free(struct reader *r)
{
	if (!r)
		return;
	block_unpacker__free(r->unpacker);
	free(r);
}

static enum reading __attribute__((format(printf, 3, 4)))
stop(struct reader *r, enum reading state, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->problem, sizeof(r->problem), format, args);
	va_end(args);
	return r->state = state;
}

/* READING_ITEM: all of it is there.  Fewer is the end, however many. */
static enum reading get(struct reader *r, unsigned char *buf, size_t size, const char *what)
{
	size_t n = fread(buf, 1, size, r->in);

	if (n == size)
		return READING_ITEM;
	if (ferror(r->in))
		return stop(r, READING_FAILED, "cannot be read: %s", strerror(errno));
	if (*what)
		return stop(r, READING_END, "it stops in the middle of %s", what);
	return stop(r, READING_END, "%s", n ? "it stops in the middle of a block" : "");
}

static enum reading read_prelude(struct reader *r)
{
	unsigned char prelude[BLOCK_PRELUDE_SIZE];
	uint32_t version;
	size_t n = fread(prelude, 1, sizeof(prelude), r->in);

	if (ferror(r->in))
		return stop(r, READING_FAILED, "cannot be read: %s", strerror(errno));
	if (!n)
		return stop(r, READING_FOREIGN, "is empty");
	if (n < sizeof(prelude) || block__check_prelude(prelude, &version))
		return stop(r, READING_FOREIGN, "is no recording of nfcleakbpf");
	if (version > ITEM_VERSION)
		return stop(r, READING_NEWER,
			    "has format version %" PRIu32
			    ", and this nfcleakbpf knows none after %d: use a newer one",
			    version, ITEM_VERSION);
	if (!version)
		return stop(r, READING_DAMAGED, "is damaged: format version 0");
	r->begun = true;
	r->bytes = sizeof(prelude);
	return READING_ITEM;
}

static enum reading damaged(struct reader *r, const char *how)
{
	return stop(r, READING_DAMAGED, "is damaged after %" PRIu64 " bytes: %s", r->bytes, how);
}

static enum reading read_block(struct reader *r)
{
	unsigned char header[BLOCK_HEADER_SIZE];
	struct block_header h;
	enum reading state = get(r, header, sizeof(header), "");

	if (state != READING_ITEM)
		return state;
	if (block__header(&h, header))
		return damaged(r, "there is no block");
	if (h.number != r->number)
		return damaged(r, "a block is missing");
	state = get(r, r->packed, h.packed, "a block");
	if (state != READING_ITEM)
		return state;
	if (block_unpacker__unpack(r->unpacker, &h, r->packed, r->raw))
		return damaged(r, "the block there is not what was written");
	r->number++;
	r->bytes += sizeof(header) + h.packed;
	r->at = 0;
	r->size = h.raw;
	r->base = (struct item_base){ 0 };
	return READING_ITEM;
}

enum reading reader__next(struct reader *r, struct item *item)
{
	size_t n;

	if (r->state == READING_ITEM && !r->begun)
		read_prelude(r);
	while (r->state == READING_ITEM && r->at == r->size)
		read_block(r);
	if (r->state != READING_ITEM)
		return r->state;
	n = item__decode(item, &r->base, r->raw + r->at, r->size - r->at);
	if (!n)
		return stop(r, READING_DAMAGED,
			    "is damaged: byte %zu of block %" PRIu32 " begins no item", r->at,
			    r->number - 1);
	r->at += n;
	return READING_ITEM;
}

const char *reader__problem(const struct reader *r)
{
	return r->problem;
}

uint64_t reader__blocks(const struct reader *r)
{
	return r->number;
}

uint64_t reader__bytes(const struct reader *r)
{
	return r->bytes;
}
