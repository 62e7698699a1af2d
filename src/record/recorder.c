// SPDX-License-Identifier: GPL-2.0-only
/*
 * The writer of recorder.h.  All memory is there from the start, but for what
 * zstd takes with its first block.
 */
#include "record/recorder.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "record/block.h"
#include "util/log.h"
#include "util/output.h"

#define DUE_NS	    1000000000ULL
#define DUE_TICK_NS 10000000000ULL

struct recorder {
	struct output output;
	int err; /* that ended it, or 0 */
	char *path;
	uint64_t written; /* bytes */
	uint32_t number;  /* of the next block */
	struct block_packer *packer;
	struct item_base base;
	size_t size;	/* of the block under way */
	bool urgent;	/* it has more than ticks */
	uint64_t since; /* the first tick that saw it, 0: none yet */
	unsigned char raw[BLOCK_RAW_MAX];
	unsigned char packed[BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX];
};

_Static_assert(BLOCK_FULL + ITEM_SIZE_MAX <= BLOCK_RAW_MAX,
	       "an item fits where a block is not full");

static void fail(struct recorder *r, int err)
{
	r->err = err;
	log_error("cannot write the recording %s: %s; it ends after %llu bytes, which can be read; "
		  "tracing goes on",
		  r->path, strerror(-err), (unsigned long long)r->written);
}

static int write_out(struct recorder *r, const unsigned char *data, size_t size)
{
	size_t done;
	int err = output__write(&r->output, data, size, &done);

	/* Half a block is of no use to anybody. */
	if (err && done && ftruncate(r->output.fd, (off_t)r->written))
		log_debug("%s keeps half a block", r->path);
	if (!err)
		r->written += size;
	return err;
}

static void flush(struct recorder *r)
{
	size_t n;
	int err;

	if (!r->size || r->err)
		return;
	n = block_packer__pack(r->packer, r->number++, r->raw, r->size, r->packed);
	err = n ? write_out(r, r->packed, n) : -ENOMEM;
	if (err)
		fail(r, err);
	r->size = 0;
	r->urgent = false;
	r->since = 0;
	r->base = (struct item_base){ 0 };
}

static void recorder_free(struct recorder *r)
{
	block_packer__free(r->packer);
	free(r->path);
	free(r);
}

/* There is no recording. */
static void cannot(const char *path, const char *why)
{
	log_error("cannot write the recording %s: %s", path, why);
}

int recorder__open(struct recorder **out, const char *path)
{
	struct recorder *r = calloc(1, sizeof(*r));
	int err = -ENOMEM;

	if (r) {
		r->path = strdup(path);
		r->packer = block_packer__new();
	}
	if (!r || !r->path || !r->packer) {
		cannot(path, strerror(-err));
		goto fail;
	}
	err = output__reserve(&r->output, r->path, true);
	if (err) {
		cannot(path, r->output.problem);
		goto fail;
	}
	*out = r;
	return 0;
fail:
	if (r)
		recorder_free(r);
	return err;
}

int recorder__begin(struct recorder *r)
{
	unsigned char prelude[BLOCK_PRELUDE_SIZE];
	int err = output__empty(&r->output);

	if (err) {
		cannot(r->path, r->output.problem);
		return err;
	}
	/* ulimit -f is an error like a full disk, no reason to die. */
	signal(SIGXFSZ, SIG_IGN);
	block__prelude(prelude, ITEM_VERSION);
	err = write_out(r, prelude, sizeof(prelude));
	if (err)
		cannot(r->path, strerror(-err));
	return err;
}

int recorder__close(struct recorder *r)
{
	int err;

	if (!r)
		return 0;
	if (r->output.emptied)
		flush(r);
	err = output__close(&r->output);
	if (err && !r->err)
		fail(r, err);
	err = r->err;
	recorder_free(r);
	return err;
}

void recorder__write(struct recorder *r, const struct item *item)
{
	size_t n;

	if (!r || r->err)
		return;
	n = item__encode(item, &r->base, r->raw + r->size, sizeof(r->raw) - r->size);
	if (!n) {
		flush(r);
		if (!r->err)
			fail(r, -EMSGSIZE);
		return;
	}
	r->size += n;
	r->urgent |= item->type != ITEM_TICK && item->type != ITEM_LEDGER_TICK;
	if (r->size >= BLOCK_FULL)
		flush(r);
}

void recorder__tick(struct recorder *r, uint64_t now)
{
	if (!r || !r->size)
		return;
	if (!r->since)
		r->since = now;
	if (now - r->since >= (r->urgent ? DUE_NS : DUE_TICK_NS))
		flush(r);
}

uint64_t recorder__bytes(const struct recorder *r)
{
	return r->written;
}
