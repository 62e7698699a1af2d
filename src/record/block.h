/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The container: a file is a prelude and then blocks, each of which stands for
 * itself, so that whatever happens to the end of a file what is before it can
 * be read.  All numbers are little-endian.
 *
 *   prelude   8 bytes  89 4e 4c 42 0d 0a 1a 0a ("NLB" and what spoils it: a
 *                      terminal, a text mode)
 *             4        version of the items (ITEM_VERSION)
 *   block     4        "nlbk"
 *             4        number, from 0
 *             4        bytes that follow the header: a zstd frame
 *             4        bytes when decompressed: whole items
 *             4        CRC-32 of the bytes that follow
 *             4        CRC-32 of the 20 bytes before
 */
#ifndef NLB_RECORD_BLOCK_H
#define NLB_RECORD_BLOCK_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_PRELUDE_SIZE 12
#define BLOCK_HEADER_SIZE  24
#define BLOCK_FULL	   65536U		   /* is written when it has that many bytes */
#define BLOCK_RAW_MAX	   (BLOCK_FULL + 16384U)   /* and never has more than these */
#define BLOCK_PACKED_MAX   (BLOCK_RAW_MAX + 1024U) /* incompressible */

struct block_header {
	uint32_t number;
	uint32_t packed, raw; /* bytes */
	uint32_t crc;	      /* of the packed bytes */
};

struct block_packer;   /* a compressor's memory */
struct block_unpacker; /* a decompressor's */

void block__prelude(unsigned char prelude[BLOCK_PRELUDE_SIZE], uint32_t version);
/* 0, or -ENOEXEC: that is none of ours. */
int block__check_prelude(const unsigned char prelude[BLOCK_PRELUDE_SIZE], uint32_t *version);

/* NULL when out of memory. */
struct block_packer *block_packer__new(void);
void block_packer__free(struct block_packer *p);
/*
 * Makes a block, header and all, of size (at most BLOCK_RAW_MAX) bytes.  out has
 * BLOCK_HEADER_SIZE + BLOCK_PACKED_MAX.  Returns how many bytes it has, or 0
 * when out of memory.
 */
size_t block_packer__pack(struct block_packer *p, uint32_t number, const void *raw, size_t size,
			  unsigned char *out);

struct block_unpacker *block_unpacker__new(void);
void block_unpacker__free(struct block_unpacker *u);
/* 0, or -EBADMSG: damaged.  What it says has been checked against the limits. */
int block__header(struct block_header *h, const unsigned char header[BLOCK_HEADER_SIZE]);
/* raw has h->raw bytes.  0, or -EBADMSG: damaged. */
int block_unpacker__unpack(struct block_unpacker *u, const struct block_header *h,
			   const unsigned char *packed, unsigned char *raw);

#endif /* NLB_RECORD_BLOCK_H */
