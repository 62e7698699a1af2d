// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer's way into a recording.  Checksums would keep it at the door, so it
 * has two: an input whose first byte is even is a file; of an odd one the rest
 * is what a block contains, and gets a true block around it.  The bits above say
 * in which format it is told.
 *
 * Whatever is in there: no crash, no leak, no undefined behaviour, no endless
 * loop, memory within limits, and nothing printed that steers a terminal.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record/block.h"
#include "record/playback.h"
#include "record/reader.h"
#include "report/diff.h"
#include "util/log.h"

/* Within reach of a small file. */
#define MEMORY_MAX (4U << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void none(void *ctx, const struct allocation *a, uint64_t now)
{
	(void)ctx;
	(void)a;
	(void)now;
}

static void none_updated(void *ctx, const struct allocation *a, enum certainty was, uint64_t now)
{
	(void)was;
	none(ctx, a, now);
}

static void none_warned(void *ctx, const struct warning *w, uint64_t now)
{
	(void)w;
	none(ctx, NULL, now);
}

/* Whatever is in there: nothing that is written for people steers a terminal. */
static ssize_t look_at(void *ctx, const char *text, size_t size)
{
	static unsigned char before;

	(void)ctx;
	for (size_t i = 0; i < size; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n') || c == 0x7f ||
		    (before == 0xc2 && c >= 0x80 && c < 0xa0))
			abort();
		before = c;
	}
	return (ssize_t)size;
}

static void play(const unsigned char *file, size_t size, unsigned how)
{
	static const struct ledger_ops silent = { none, none_updated, none, none_warned };
	static const struct report_format *const formats[] = { &report_json, &report_text, NULL };
	const struct report_format *format = formats[how % 3];
	static FILE *out;
	FILE *in = fmemopen((void *)file, size, "r");
	struct reader *reader = reader__new(in);
	struct playback_result result;
	struct playback *p;

	if (!out)
		out = fopencookie(NULL, "w", (cookie_io_functions_t){ .write = look_at });
	p = playback__new(reader);
	if (!in || !out || !p)
		abort();
	playback__set_memory_max(p, MEMORY_MAX);
	playback__set_ops(p, &silent, NULL);
	if (format && playback__set_format(p, format, format->open(out, playback__names(p), false)))
		abort();
	playback__run(p, &result);
	if (result.reading == READING_ITEM || (result.complete && result.reading != READING_END))
		abort();
	if (!format && playback__session(p)) {
		struct tally *t =
			tally__new(session__ledger(playback__session(p)), playback__names(p),
				   (double)result.ns / 1e9, result.complete);
		struct diff *d = diff__new(t, t);

		diff__json(d, out);
		diff__text(d, out);
		diff__free(d);
		tally__free(t);
	}
	playback__free(p);
	reader__free(reader);
	fclose(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static unsigned char file[BLOCK_PRELUDE_SIZE + BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX];
	static struct block_packer *packer;
	unsigned how;

	log_level = LOG_QUIET;
	if (size < 2 || size > BLOCK_RAW_MAX)
		return 0;
	how = *data++;
	size--;
	if (how & 1) {
		if (!packer)
			packer = block_packer__new();
		block__prelude(file, ITEM_VERSION);
		size = BLOCK_PRELUDE_SIZE +
		       block_packer__pack(packer, 0, data, size, file + BLOCK_PRELUDE_SIZE);
		data = file;
	}
	play(data, size, how >> 1);
	return 0;
}
