// SPDX-License-Identifier: GPL-2.0-only
/*
 * A profile that `go tool pprof` opens: profile.proto, compressed.
 *
 * Four values a sample, as in Go's heap profiles: objects and bytes ever
 * allocated, objects and bytes still there.  Labels say the callback, command,
 * kind, and the rule by which those that are still there are leaks, so
 * `-tagfocus rule=.` shows leaks alone.
 *
 * The encoder is the part of protobuf that this needs: numbers, strings and
 * messages, each message built in memory before it is put into another.  The profile
 * itself never is: it goes out as it grows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "report/model.h"
#include "util/table.h"
#include "version.h"

/* Fields of profile.proto. */
enum {
	PROFILE_SAMPLE_TYPE = 1,
	PROFILE_SAMPLE = 2,
	PROFILE_MAPPING = 3,
	PROFILE_LOCATION = 4,
	PROFILE_FUNCTION = 5,
	PROFILE_STRINGS = 6,
	PROFILE_TIME = 9,
	PROFILE_DURATION = 10,
	PROFILE_PERIOD_TYPE = 11,
	PROFILE_PERIOD = 12,
	PROFILE_COMMENT = 13,
	PROFILE_DEFAULT_TYPE = 14,
	TYPE_NAME = 1,
	TYPE_UNIT = 2,
	SAMPLE_LOCATIONS = 1,
	SAMPLE_VALUES = 2,
	SAMPLE_LABEL = 3,
	LABEL_KEY = 1,
	LABEL_TEXT = 2,
	MAPPING_ID = 1,
	MAPPING_FILE = 5,
	MAPPING_HAS_FUNCTIONS = 7,
	LOCATION_ID = 1,
	LOCATION_MAPPING = 2,
	LOCATION_ADDRESS = 3,
	LOCATION_LINE = 4,
	LINE_FUNCTION = 1,
	FUNCTION_ID = 1,
	FUNCTION_NAME = 2,
	FUNCTION_SYSTEM_NAME = 3,
};

struct buffer {
	unsigned char *data;
	size_t size, room;
	bool failed; /* out of memory: what it holds is not all */
};

/* Numbers of things that are written once; the key is a pointer or a hash of two. */
struct numbers {
	struct table table;
	uint64_t last;
};

#define CHUNK 65536U

struct profile {
	struct buffer out; /* not compressed yet */
	z_stream zlib;
	FILE *file;
	struct numbers strings, mappings, functions, locations;
	bool failed;
};

/* ---- protobuf ---- */

static void put(struct buffer *b, const void *data, size_t size)
{
	if (b->failed || !size)
		return;
	if (b->size + size > b->room) {
		size_t room = (b->size + size) * 2;
		unsigned char *more = realloc(b->data, room);

		if (!more) {
			b->failed = true;
			return;
		}
		b->data = more;
		b->room = room;
	}
	memcpy(b->data + b->size, data, size);
	b->size += size;
}

static void put_varint(struct buffer *b, uint64_t x)
{
	unsigned char bytes[10];
	size_t n = 0;

	do {
		bytes[n] = (unsigned char)(x & 0x7f);
		x >>= 7;
		if (x)
			bytes[n] |= 0x80;
		n++;
	} while (x);
	put(b, bytes, n);
}

static void put_number(struct buffer *b, unsigned field, uint64_t x)
{
	put_varint(b, (uint64_t)field << 3);
	put_varint(b, x);
}

static void put_bytes(struct buffer *b, unsigned field, const void *data, size_t size)
{
	put_varint(b, (uint64_t)field << 3 | 2);
	put_varint(b, size);
	put(b, data, size);
}

/* Puts a message into another; it is spent. */
static void put_message(struct buffer *b, unsigned field, struct buffer *message)
{
	b->failed |= message->failed;
	put_bytes(b, field, message->data, message->size);
	free(message->data);
	*message = (struct buffer){ 0 };
}

/* The same bytes for the same profile: gzip's header has no time in it. */
static void compress_more(struct profile *p, bool end)
{
	unsigned char chunk[16384];
	int ret = Z_OK;

	p->failed |= p->out.failed;
	p->zlib.next_in = p->out.data;
	p->zlib.avail_in = (uInt)p->out.size;
	while (!p->failed && ret == Z_OK && (end || p->zlib.avail_in)) {
		p->zlib.next_out = chunk;
		p->zlib.avail_out = sizeof(chunk);
		ret = deflate(&p->zlib, end ? Z_FINISH : Z_NO_FLUSH);
		fwrite(chunk, 1, sizeof(chunk) - p->zlib.avail_out, p->file);
	}
	p->failed |= ret != (end ? Z_STREAM_END : Z_OK);
	p->out.size = 0;
}

/* Puts a message into the profile. */
static void put_out(struct profile *p, unsigned field, struct buffer *message)
{
	put_message(&p->out, field, message);
	if (p->out.size >= CHUNK)
		compress_more(p, false);
}

/* ---- strings, functions, places ---- */

static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	while (*text)
		hash = (hash ^ (unsigned char)*text++) * 0x100000001b3ULL;
	return hash;
}

/* The number of what has this key; *made tells whether it is new. */
static uint64_t number_of(struct profile *p, struct numbers *n, uint64_t key, bool *made)
{
	void *known = table__get(&n->table, key);

	*made = !known;
	if (known)
		return (uintptr_t)known;
	if (table__set(&n->table, key, (void *)(uintptr_t)(n->last + 1))) {
		p->failed = true;
		*made = false;
		return n->last ? n->last : 1;
	}
	return ++n->last;
}

/* Strings count from 0, which is the empty one: written first, so its number is 1. */
static uint64_t string(struct profile *p, const char *text)
{
	bool made;
	uint64_t number = number_of(p, &p->strings, hash_text(text), &made);

	if (made)
		put_bytes(&p->out, PROFILE_STRINGS, text, strlen(text));
	return number - 1;
}

static uint64_t mapping(struct profile *p, const char *module)
{
	struct buffer m = { 0 };
	char file[96];
	uint64_t id;
	bool made;

	/* as perf names them */
	snprintf(file, sizeof(file), "[%s]", module ? module : "kernel.kallsyms");
	id = number_of(p, &p->mappings, hash_text(file), &made);
	if (!made)
		return id;
	put_number(&m, MAPPING_ID, id);
	put_number(&m, MAPPING_FILE, string(p, file));
	put_number(&m, MAPPING_HAS_FUNCTIONS, 1);
	put_out(p, PROFILE_MAPPING, &m);
	return id;
}

static uint64_t function(struct profile *p, const char *name, const char *module)
{
	uint64_t key = hash_text(name) * 31 + (module ? hash_text(module) : 0), id, text;
	struct buffer f = { 0 };
	bool made;

	id = number_of(p, &p->functions, key, &made);
	if (!made)
		return id;
	text = string(p, name);
	put_number(&f, FUNCTION_ID, id);
	put_number(&f, FUNCTION_NAME, text);
	put_number(&f, FUNCTION_SYSTEM_NAME, text);
	put_out(p, PROFILE_FUNCTION, &f);
	return id;
}

static uint64_t location(struct profile *p, const char *name, const char *module, uint64_t addr)
{
	uint64_t key = hash_text(name) ^ (addr * 0x9e3779b97f4a7c15ULL), id;
	struct buffer l = { 0 }, line = { 0 };
	bool made;

	id = number_of(p, &p->locations, key, &made);
	if (!made)
		return id;
	put_number(&line, LINE_FUNCTION, function(p, name, module));
	put_number(&l, LOCATION_ID, id);
	put_number(&l, LOCATION_MAPPING, mapping(p, module));
	put_number(&l, LOCATION_ADDRESS, addr);
	put_message(&l, LOCATION_LINE, &line);
	put_out(p, PROFILE_LOCATION, &l);
	return id;
}

/* ---- samples ---- */

static void value_type(struct profile *p, unsigned field, const char *name, const char *unit)
{
	struct buffer t = { 0 };

	put_number(&t, TYPE_NAME, string(p, name));
	put_number(&t, TYPE_UNIT, string(p, unit));
	put_out(p, field, &t);
}

static void label(struct profile *p, struct buffer *sample, const char *key, const char *text)
{
	struct buffer l = { 0 };

	if (!text)
		return;
	put_number(&l, LABEL_KEY, string(p, key));
	put_number(&l, LABEL_TEXT, string(p, text));
	put_message(sample, SAMPLE_LABEL, &l);
}

static void sample(struct profile *p, const struct model_total *t)
{
	struct buffer s = { 0 }, list = { 0 };

	for (size_t i = 0; t->stack && i < t->stack->depth; i++) {
		const struct model_frame *f = &t->stack->frames[i];

		put_varint(&list, location(p, f->function, f->module, f->addr));
	}
	if (!t->stack || !t->stack->depth)
		put_varint(&list, location(p, t->caller ? t->caller : "(no stack)", NULL, 0));
	put_message(&s, SAMPLE_LOCATIONS, &list);
	put_varint(&list, t->count);
	put_varint(&list, t->bytes);
	put_varint(&list, t->live_count);
	put_varint(&list, t->live_bytes);
	put_message(&s, SAMPLE_VALUES, &list);
	label(p, &s, "callback", t->callback);
	label(p, &s, "command", t->command);
	label(p, &s, "kind", kind__name(t->kind));
	label(p, &s, "rule", t->rule == RULE_NONE ? NULL : rule__name(t->rule));
	put_out(p, PROFILE_SAMPLE, &s);
}

static void build(struct profile *p, const struct model_view *v)
{
	const char *incomplete = model__incomplete(v);
	char comment[320];

	string(p, "");
	value_type(p, PROFILE_SAMPLE_TYPE, "alloc_objects", "count");
	value_type(p, PROFILE_SAMPLE_TYPE, "alloc_space", "bytes");
	value_type(p, PROFILE_SAMPLE_TYPE, "inuse_objects", "count");
	value_type(p, PROFILE_SAMPLE_TYPE, "inuse_space", "bytes");
	mapping(p, NULL); /* the first one is what the profile is of */
	for (size_t i = 0; i < v->nr_totals; i++)
		sample(p, &v->totals[i]);
	put_number(&p->out, PROFILE_TIME, v->wall_start);
	put_number(&p->out, PROFILE_DURATION,
		   v->seconds > 0 && v->seconds < 1e9 ? (uint64_t)(v->seconds * 1e9) : 0);
	value_type(p, PROFILE_PERIOD_TYPE, "space", "bytes");
	put_number(&p->out, PROFILE_PERIOD, 1); /* every allocation, not a sample */
	snprintf(comment, sizeof(comment), "nfcleakbpf %s, Linux %s%s%s", NFCLEAKBPF_VERSION,
		 v->kernel ? v->kernel : "?", incomplete ? ", incomplete: " : "",
		 incomplete ? incomplete : "");
	put_number(&p->out, PROFILE_COMMENT, string(p, comment));
	put_number(&p->out, PROFILE_DEFAULT_TYPE, string(p, "inuse_space"));
}

static int write_pprof(const struct model_view *v, FILE *out)
{
	struct profile p = { .file = out };

	if (deflateInit2(&p.zlib, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
			 Z_DEFAULT_STRATEGY) != Z_OK)
		return -ENOMEM;
	build(&p, v);
	compress_more(&p, true);
	deflateEnd(&p.zlib);
	free(p.out.data);
	table__free(&p.strings.table);
	table__free(&p.mappings.table);
	table__free(&p.functions.table);
	table__free(&p.locations.table);
	return p.failed ? -ENOMEM : 0;
}

static struct report *pprof_open(FILE *out, const struct names *names, bool quiet)
{
	(void)quiet;
	return model__open(out, names, write_pprof);
}

const struct report_format report_pprof = MODEL_FORMAT(pprof_open);
