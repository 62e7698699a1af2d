// SPDX-License-Identifier: GPL-2.0-only
/*
 * The container of block.h.
 */
#include "record/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define BLOCK_MAGIC 0x6b626c6eU /* "nlbk" */
#define LEVEL	    3

static const unsigned char magic[8] = { 0x89, 'N', 'L', 'B', '\r', '\n', 0x1a, '\n' };

struct block_packer {
	ZSTD_CCtx *zstd;
};

struct block_unpacker {
	ZSTD_DCtx *zstd;
};

static void put32(unsigned char *p, uint32_t x)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(x >> (8 * i));
}

static uint32_t get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t checksum(const void *data, size_t size)
{
	return (uint32_t)crc32(0, data, (uInt)size);
}

void block__prelude(unsigned char prelude[BLOCK_PRELUDE_SIZE], uint32_t version)
{
	memcpy(prelude, magic, sizeof(magic));
	put32(prelude + sizeof(magic), version);
}

int block__check_prelude(const unsigned char prelude[BLOCK_PRELUDE_SIZE], uint32_t *version)
{
	*version = get32(prelude + sizeof(magic));
	return memcmp(prelude, magic, sizeof(magic)) != 0 ? -ENOEXEC : 0;
}

struct block_packer *block_packer__new(void)
{
	struct block_packer *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->zstd = ZSTD_createCCtx();
	if (!p->zstd) {
		free(p);
		return NULL;
	}
	return p;
}

void block_packer__free(struct block_packer *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->zstd);
	free(p);
}

size_t block_packer__pack(struct block_packer *p, uint32_t number, const void *raw, size_t size,
			  unsigned char *out)
{
	size_t n = ZSTD_compressCCtx(p->zstd, out + BLOCK_HEADER_SIZE, BLOCK_PACKED_MAX, raw, size,
				     LEVEL);

	if (ZSTD_isError(n))
		return 0;
	put32(out, BLOCK_MAGIC);
	put32(out + 4, number);
	put32(out + 8, (uint32_t)n);
	put32(out + 12, (uint32_t)size);
	put32(out + 16, checksum(out + BLOCK_HEADER_SIZE, n));
	put32(out + 20, checksum(out, 20));
	return BLOCK_HEADER_SIZE + n;
}

struct block_unpacker *block_unpacker__new(void)
{
	struct block_unpacker *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->zstd = ZSTD_createDCtx();
	if (!u->zstd) {
		free(u);
		return NULL;
	}
	return u;
}

void block_unpacker__free(struct block_unpacker *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->zstd);
	free(u);
}

int block__header(struct block_header *h, const unsigned char header[BLOCK_HEADER_SIZE])
{
	*h = (struct block_header){ get32(header + 4), get32(header + 8), get32(header + 12),
				    get32(header + 16) };
	if (get32(header) != BLOCK_MAGIC || get32(header + 20) != checksum(header, 20) ||
	    h->packed > BLOCK_PACKED_MAX || h->raw > BLOCK_RAW_MAX)
		return -EBADMSG;
	return 0;
}

int block_unpacker__unpack(struct block_unpacker *u, const struct block_header *h,
			   const unsigned char *packed, unsigned char *raw)
{
	if (checksum(packed, h->packed) != h->crc ||
	    ZSTD_decompressDCtx(u->zstd, raw, h->raw, packed, h->packed) != h->raw)
		return -EBADMSG;
	return 0;
}
