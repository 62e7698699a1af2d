// SPDX-License-Identifier: GPL-2.0-only
/*
 * The formats for other programs: each is taken apart as those programs do,
 * and what comes out must add up to what the ledger says.
 */
#include "unit/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <zlib.h>

#include "report/kmemleak_object.h"
#include "report/model.h"
#include "unit/scene.h"

static const struct report_format *const formats[] = {
	&report_kmemleak, &report_folded, &report_pprof, &report_perfetto, &report_html,
};

static const struct scene none = { .rounds = 3, .noise = 4 };
static const struct scene some = { .sites = 6, .rounds = 8, .noise = 3, .definite = true };
static const struct scene hostile = { .sites = 4, .rounds = 4, .noise = 2, .hostile = true };

static struct scene_sum sum_of(const struct scene *s)
{
	struct scene_sum sum;

	assert_int_equal(scene__render(s, &report_model, stdout, &sum, NULL), 0);
	return sum;
}

/* ---- kmemleak ---- */

/* Reads what is written as a script would; returns the number of objects. */
static unsigned read_kmemleak(char *text, bool crc, bool addresses, uint64_t *bytes)
{
	unsigned objects = 0, dump = 0, frames = 1;
	char *save = NULL;

	*bytes = 0;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		unsigned long long addr, size, jiffies;
		unsigned pid, sum, first;
		char comm[64];
		int n = 0;

		if (sscanf(l, "unreferenced object 0x%16llx (size %llu):%n", &addr, &size, &n) ==
		    2) {
			assert_int_equal(n, strlen(l));
			assert_true(frames > 0);
			objects++;
			*bytes += size;
			l = strtok_r(NULL, "\n", &save);
			n = 0;
			if (sscanf(l, "  comm \"%63[^\"]\", pid %u, jiffies %llu%n", comm, &pid,
				   &jiffies, &n) != 3)
				n = sscanf(l, "  comm \"%*[^,], pid %u, jiffies %llu", &pid,
					   &jiffies) == 2
					    ? (int)strlen(l)
					    : 0; /* a hostile name with quotes */
			assert_int_equal(n, strlen(l));
			assert_int_equal(pid, 46);
			/* five minutes before 2^32, five seconds and more after boot */
			assert_true(jiffies > 4294967296ULL - 300 * 250 + 5 * 250 - 1);
			l = strtok_r(NULL, "\n", &save);
			assert_int_equal(sscanf(l, "  hex dump (first %u bytes):", &first), 1);
			assert_int_equal(first, size < 32 ? size : 32);
			dump = (first + 15) / 16;
			frames = 0;
		} else if (dump) {
			assert_memory_equal(l, "    4e 46 43 3c ", 16);
			assert_memory_equal(l + 4 + 49, "NFC<", 4);
			if (--dump)
				continue;
			l = strtok_r(NULL, "\n", &save);
			if (crc)
				assert_int_equal(sscanf(l, "  backtrace (crc %x):", &sum), 1);
			else
				assert_string_equal(l, "  backtrace:");
		} else {
			frames++;
			n = 0;
			if (addresses)
				assert_true(sscanf(l, "    [<%16llx>] %n", &addr, &n) == 1 &&
					    n == 4 + 2 + 16 + 2 + 1);
			else
				assert_memory_equal(l, "    ", 4);
			assert_non_null(strstr(l, "+0x"));
			assert_true(l[n ? n : 4] != ' ');
		}
	}
	return objects;
}

static void kmemleak_of_each_series(void **state)
{
	static const struct {
		const char *release;
		bool crc;
	} cases[] = {
		{ "6.1.192", false },
		{ "6.12.117", true },
		{ "7.0-rc1", true },
	};
	const struct scene_sum sum = sum_of(&some);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct scene s = some;
		uint64_t bytes;
		char *text;

		s.kernel = cases[i].release;
		text = scene__text(&s, &report_kmemleak, NULL);
		assert_int_equal(read_kmemleak(text, cases[i].crc, !cases[i].crc, &bytes),
				 sum.stats.findings[CERTAINTY_PROBABLE] +
					 sum.stats.findings[CERTAINTY_DEFINITE]);
		assert_int_equal(bytes, sum.leaked_bytes);
		free(text);
	}
}

/* It is what makes out a leak of long ago, and only older kernels print it. */
static void kmemleak_age(void **state)
{
	const struct scene s = { .sites = 1, .rounds = 2, .kernel = "5.15.0" };
	char *text = scene__text(&s, &report_kmemleak, NULL), *at;
	double ages[2];

	(void)state;
	at = strstr(text, " (age ");
	assert_non_null(at);
	ages[0] = strtod(at + 6, NULL);
	at = strstr(at + 1, " (age ");
	assert_non_null(at);
	ages[1] = strtod(at + 6, NULL);
	/* Rounds are 0.4 s apart, and the end comes 2.5 s after the last. */
	assert_true(ages[0] > 3.3 && ages[0] < 3.4);
	assert_true(ages[1] > 2.9 && ages[1] < 3.0);
	free(text);
}

/* ---- folded ---- */

static void folded_adds_up(void **state)
{
	const struct scene *const scenes[] = { &some, &hostile };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(scenes); i++) {
		char *text = scene__text(scenes[i], &report_folded, NULL), *save = NULL;
		const struct scene_sum sum = sum_of(scenes[i]);
		uint64_t bytes = 0;

		for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
			char *space = strrchr(l, ' '), *end;

			assert_non_null(space);
			assert_ptr_equal(strchr(l, ' '), space); /* one only */
			bytes += strtoull(space + 1, &end, 10);
			assert_int_equal(*end, 0);
			assert_memory_equal(l, "ret_from_fork;kthread;", 22);
			assert_null(strstr(l, ";;"));
			/* the callback is the last frame */
			assert_memory_equal(strrchr(l, ';'), ";callback:digital_", 18);
		}
		assert_int_equal(bytes, sum.leaked_bytes);
		free(text);
	}
}

static void folded_of_one(void **state)
{
	const struct scene s = { .sites = 1, .rounds = 15 };
	char *text = scene__text(&s, &report_folded, NULL);

	(void)state;
	assert_string_equal(text, "ret_from_fork;kthread;worker_thread;process_one_work;"
				  "digital_wq_poll;digital_tg_listen_nfcf;"
				  "callback:digital_tg_recv_sensf_req 120\n");
	free(text);
}

/* ---- perfetto ---- */

static const char *string_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void check_trace(const struct scene *s)
{
	char *text = scene__text(s, &report_perfetto, NULL);
	const struct scene_sum sum = sum_of(s);
	json_t *root, *open = json_object(), *tracks = json_object(), *e;
	uint64_t leaks = 0, slices = 0, moments = 0, counters = 0;
	json_error_t error;
	double counted = -1;
	size_t i;

	root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		fail_msg("line %d: %s", error.line, error.text);
	json_array_foreach(json_object_get(root, "traceEvents"), i, e)
	{
		const char *ph = string_of(e, "ph");
		double ts = json_number_value(json_object_get(e, "ts"));
		char key[128], pid[32];

		snprintf(key, sizeof(key), "%s %s %lld", string_of(e, "cat"), string_of(e, "id"),
			 (long long)json_integer_value(json_object_get(e, "pid")));
		snprintf(pid, sizeof(pid), "%lld",
			 (long long)json_integer_value(json_object_get(e, "pid")));
		assert_true(*string_of(e, "name"));
		if (*ph == 'M') {
			assert_string_equal(string_of(e, "name"), "process_name");
			assert_int_equal(json_object_set_new(tracks, pid, json_true()), 0);
			continue;
		}
		/* whatever is drawn has a named track */
		assert_non_null(json_object_get(tracks, pid));
		assert_true(ts >= 0);
		if (*ph == 'b') {
			assert_null(json_object_get(open, key));
			json_object_set_new(open, key, json_real(ts));
			slices++;
			leaks += !strcmp(string_of(e, "cat"), "leak");
			assert_int_equal(!strncmp(string_of(e, "name"), "leak: ", 6),
					 !strcmp(string_of(e, "cat"), "leak"));
			assert_non_null(json_object_get(json_object_get(e, "args"), "addr"));
		} else if (*ph == 'e') {
			assert_non_null(json_object_get(open, key));
			assert_true(json_real_value(json_object_get(open, key)) <= ts);
			json_object_del(open, key);
		} else if (*ph == 'i') {
			moments++;
		} else if (*ph == 'C') {
			assert_true(ts > counted);
			counted = ts;
			counters++;
		} else {
			fail_msg("an event of phase %s", ph);
		}
	}
	assert_int_equal(json_object_size(open), 0);
	assert_int_equal(slices, sum.stats.allocations);
	assert_int_equal(leaks, sum.stats.findings[CERTAINTY_PROBABLE] +
					sum.stats.findings[CERTAINTY_DEFINITE]);
	assert_int_equal(moments, leaks);
	assert_true(counters > 1);
	assert_string_equal(string_of(json_object_get(root, "otherData"), "left_out"), "nothing");
	json_decref(open);
	json_decref(tracks);
	json_decref(root);
	free(text);
}

static void perfetto_is_whole(void **state)
{
	(void)state;
	check_trace(&some);
	check_trace(&hostile);
	check_trace(&none);
}

static void perfetto_says_what_is_left_out(void **state)
{
	const struct scene s = { .sites = 1, .rounds = 20, .noise = 700 };
	char *text = scene__text(&s, &report_perfetto, NULL);
	json_t *root = json_loads(text, 0, NULL);
	const char *left_out;

	(void)state;
	assert_non_null(root);
	left_out = string_of(json_object_get(root, "otherData"), "left_out");
	assert_non_null(strstr(left_out, "the newest 20000 are here"));
	assert_true(strtoull(left_out, NULL, 10) > 0);
	json_decref(root);
	free(text);
}

/* ---- pprof ---- */

static unsigned char *inflated(const char *data, size_t size, size_t *out_size)
{
	unsigned char *out = malloc(1 << 22);
	z_stream z = { .next_in = (unsigned char *)(uintptr_t)data,
		       .avail_in = (uInt)size,
		       .next_out = out,
		       .avail_out = 1 << 22 };

	assert_non_null(out);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	*out_size = z.total_out;
	inflateEnd(&z);
	return out;
}

struct field {
	unsigned number, type;
	uint64_t value; /* type 0 */
	const unsigned char *data;
	size_t size; /* type 2 */
};

static uint64_t varint(const unsigned char **p, const unsigned char *end)
{
	uint64_t x = 0;

	for (unsigned shift = 0;; shift += 7) {
		assert_true(*p < end && shift < 64);
		x |= (uint64_t)(**p & 0x7f) << shift;
		if (!(*(*p)++ & 0x80))
			return x;
	}
}

static bool next_field(const unsigned char **p, const unsigned char *end, struct field *f)
{
	uint64_t tag;

	if (*p == end)
		return false;
	tag = varint(p, end);
	f->number = (unsigned)(tag >> 3);
	f->type = tag & 7;
	assert_true(f->type == 0 || f->type == 2);
	f->value = varint(p, end);
	if (f->type == 2) {
		assert_true(f->value <= (uint64_t)(end - *p));
		f->data = *p;
		f->size = f->value;
		*p += f->size;
	}
	return true;
}

#define IDS 4096

struct profile {
	char *strings[IDS];
	size_t nr_strings;
	bool mappings[IDS], functions[IDS], locations[IDS];
	uint64_t totals[4];
	uint64_t leaked;
	uint64_t time, duration;
	size_t samples, types;
};

static const char *text_of(const struct profile *p, uint64_t number)
{
	assert_true(number < p->nr_strings);
	return p->strings[number];
}

static void read_sample(struct profile *p, const struct field *sample)
{
	const unsigned char *at = sample->data, *end = at + sample->size, *in;
	uint64_t values[4], key, text;
	bool rule = false, kind = false;
	struct field f, l;
	size_t n = 0;

	while (next_field(&at, end, &f)) {
		in = f.data;
		switch (f.number) {
		case 1:
			while (in < f.data + f.size) {
				uint64_t id = varint(&in, f.data + f.size);

				assert_true(id && id < IDS && p->locations[id]);
			}
			break;
		case 2:
			while (in < f.data + f.size) {
				assert_true(n < 4);
				values[n++] = varint(&in, f.data + f.size);
			}
			break;
		case 3:
			key = text = 0;
			while (next_field(&in, f.data + f.size, &l))
				*(l.number == 1 ? &key : &text) = l.value;
			assert_true(*text_of(p, text));
			rule |= !strcmp(text_of(p, key), "rule");
			kind |= !strcmp(text_of(p, key), "kind");
			break;
		default:
			fail_msg("a sample's field %u", f.number);
		}
	}
	assert_int_equal(n, 4);
	assert_true(kind);
	for (n = 0; n < 4; n++)
		p->totals[n] += values[n];
	p->leaked += rule ? values[3] : 0;
	p->samples++;
}

/* Things with an id in field 1, and what they refer to in others. */
static void read_thing(const struct profile *p, const struct field *thing, bool *ids)
{
	const unsigned char *at = thing->data, *end = at + thing->size, *in;
	struct field f, line;
	uint64_t id = 0;

	while (next_field(&at, end, &f)) {
		if (f.number == 1)
			id = f.value;
		else if (thing->number == 3 && f.number == 5)
			assert_true(*text_of(p, f.value));
		else if (thing->number == 5 && f.number <= 3)
			assert_true(*text_of(p, f.value));
		else if (thing->number == 4 && f.number == 2)
			assert_true(f.value < IDS && p->mappings[f.value]);
		if (thing->number != 4 || f.number != 4)
			continue;
		in = f.data;
		assert_true(next_field(&in, f.data + f.size, &line));
		assert_true(line.number == 1 && line.value < IDS && p->functions[line.value]);
	}
	assert_true(id && id < IDS && !ids[id]);
	ids[id] = true;
}

static void read_profile(struct profile *p, const unsigned char *data, size_t size)
{
	const unsigned char *at = data;
	struct field f;

	while (next_field(&at, data + size, &f)) {
		switch (f.number) {
		case 1:
			p->types++;
			break;
		case 2:
			read_sample(p, &f);
			break;
		case 3:
			read_thing(p, &f, p->mappings);
			break;
		case 4:
			read_thing(p, &f, p->locations);
			break;
		case 5:
			read_thing(p, &f, p->functions);
			break;
		case 6:
			assert_true(p->nr_strings < IDS);
			p->strings[p->nr_strings++] = strndup((const char *)f.data, f.size);
			break;
		case 9:
			p->time = f.value;
			break;
		case 10:
			p->duration = f.value;
			break;
		case 14:
			assert_string_equal(text_of(p, f.value), "inuse_space");
			break;
		default:
			break;
		}
	}
}

static void check_profile(const struct scene *s)
{
	const struct scene_sum sum = sum_of(s);
	struct profile *p = calloc(1, sizeof(*p));
	size_t size, raw_size;
	char *text = scene__text(s, &report_pprof, &size);
	unsigned char *raw = inflated(text, size, &raw_size);

	assert_non_null(p);
	read_profile(p, raw, raw_size);
	assert_string_equal(p->strings[0], "");
	assert_int_equal(p->types, 4);
	assert_true(p->mappings[1]);
	assert_true(p->samples > 0);
	assert_int_equal(p->totals[0], sum.stats.allocations);
	assert_int_equal(p->totals[2], sum.stats.outstanding);
	assert_int_equal(p->totals[3], sum.stats.outstanding_bytes);
	assert_true(p->totals[1] >= p->totals[3]);
	assert_int_equal(p->leaked, sum.leaked_bytes);
	assert_int_equal(p->time, SCENE_WALL);
	assert_true(p->duration > 1000000000);
	for (size_t i = 0; i < p->nr_strings; i++)
		free(p->strings[i]);
	free(p);
	free(raw);
	free(text);
}

static void pprof_adds_up(void **state)
{
	(void)state;
	check_profile(&some);
	check_profile(&none);
	check_profile(&hostile);
}

static void need(const char *program, const char *package)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", program);
	if (system(command) != 0) /* NOLINT(cert-env33-c) */
		fail_msg("%s is missing; install it with: apt-get install %s   (or: make deps)",
			 program, package);
}

/* Every field is one of the schema's, with its type: none comes out as a number. */
static void pprof_by_its_schema(void **state)
{
	char path[] = "/tmp/nlb-profile-XXXXXX", command[256], line[512];
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w"), *pipe;
	unsigned samples = 0, lines = 0;

	(void)state;
	need("protoc", "protobuf-compiler");
	assert_non_null(f);
	assert_int_equal(scene__render(&hostile, &report_pprof, f, NULL, NULL), 0);
	fclose(f);
	snprintf(command, sizeof(command),
		 "zcat <%s | protoc --decode=perftools.profiles.Profile tests/unit/profile.proto",
		 path);
	pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		const char *word = line + strspn(line, " ");

		if (*word >= '0' && *word <= '9')
			fail_msg("no field of the schema: %s", line);
		samples += !strncmp(line, "sample {", 8);
		lines++;
	}
	assert_int_equal(pclose(pipe), 0);
	unlink(path);
	assert_true(samples > 3 && lines > 100);
}

/* ---- all of them ---- */

static const char *text_in(const struct scene *s, const struct report_format *format)
{
	static char *kept;
	size_t size, raw_size;
	unsigned char *raw;

	free(kept);
	kept = scene__text(s, format, &size);
	if (format != &report_pprof)
		return kept;
	raw = inflated(kept, size, &raw_size);
	free(kept);
	kept = calloc(1, raw_size + 1);
	assert_non_null(kept);
	for (size_t i = 0; i < raw_size; i++)
		kept[i] = raw[i] ? (char)raw[i] : ' ';
	free(raw);
	return kept;
}

/* Where a format has a place for it. */
static void incomplete(void **state)
{
	static const char why[] = "the recording stops before the end of the run";
	struct scene s = some;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		bool place = formats[i] != &report_kmemleak && formats[i] != &report_folded;

		s.stops = false;
		assert_null(strstr(text_in(&s, formats[i]), why));
		s.stops = true;
		assert_int_equal(strstr(text_in(&s, formats[i]), why) != NULL, place);
	}
}

/* One of a socket, whose memory was held for a callback above the stack. */
static char *socket_in(const struct report_format *format)
{
	struct ledger_config config = { 0 };
	struct ledger_ops ops = { 0 };
	struct ledger *ledger = ledger__new(&config, &ops, NULL);
	struct report_end end = { .ledger = ledger, .seconds = 1 };
	struct allocation a = { .id = 1,
				.size = 1024,
				.rule = RULE_OWNER_GONE,
				.sock = true,
				.certainty = CERTAINTY_PROBABLE };
	struct report_leak l = { .a = &a,
				 .now = SCENE_WALL,
				 .moment = SCENE_WALL,
				 .function = "sk_prot_alloc",
				 .callback = "digital_in_send_complete",
				 .upper = "rawsock_data_exchange_complete",
				 .command = "IN_SEND",
				 .submit = "digital_send_cmd",
				 .submitter = "digital_in_send" };
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct report *r = format->open(out, NULL, false);

	format->leak(r, &l);
	format->end(r, &end);
	format->close(r);
	fclose(out);
	ledger__free(ledger);
	return text;
}

/* People read the same in each of them. */
static void sockets(void **state)
{
	static const char said[] = "a socket was closed, and its memory not released; it was held "
				   "for ";
	char *text = socket_in(&report_text), *to = text;

	(void)state;
	/* It is broken into lines. */
	for (const char *from = text; *from; to++) {
		*to = *from == '\n' ? ' ' : *from;
		from += *from == '\n' ? 1 + strspn(from + 1, " ") : 1;
	}
	*to = '\0';
	assert_non_null(strstr(text, said));
	free(text);
	text = socket_in(&report_perfetto);
	assert_non_null(strstr(text, said));
	assert_non_null(strstr(strstr(text, said), "for rawsock_data_exchange_complete\""));
	free(text);
	text = socket_in(&report_html);
	assert_non_null(strstr(text, said));
	assert_non_null(strstr(text, "for <code>rawsock_data_exchange_complete</code>"));
	assert_non_null(strstr(text, "<b>Held</b> <span>for an <code>IN_SEND</code> command, by "
				     "<code>digital_send_cmd</code> in "
				     "<code>digital_in_send</code>, for "
				     "<code>digital_in_send_complete</code>, on behalf of "
				     "<code>rawsock_data_exchange_complete</code>"));
	assert_non_null(strstr(text, "the socket was closed at "));
	assert_null(strstr(text, "device or module"));
	free(text);
}

static void nothing_found(void **state)
{
	size_t size;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct scene empty = { 0 };
		char *text = scene__text(&empty, formats[i], &size);

		if (formats[i] == &report_kmemleak || formats[i] == &report_folded)
			assert_int_equal(size, 0);
		else
			assert_true(size > 0);
		free(text);
		free(scene__text(&none, formats[i], NULL));
	}
}

static void findings_alone(void **state)
{
	const struct scene s = { .sites = 3, .rounds = 2, .no_start = true, .no_taps = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++)
		free(scene__text(&s, formats[i], NULL));
}

static void full_disk(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		FILE *out = fopen("/dev/full", "w");

		assert_non_null(out);
		assert_true(scene__render(&some, formats[i], out, NULL, NULL) < 0);
		fclose(out);
	}
}

/* What cannot be printed is not, and no name makes a line of its own. */
static void no_control_characters(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		size_t size;
		char *text;

		if (formats[i] == &report_pprof)
			continue;
		text = scene__text(&hostile, formats[i], &size);
		assert_int_equal(strlen(text), size);
		for (const char *c = text; *c; c++)
			assert_true(*c == '\n' || *c == '\t' || (unsigned char)*c >= 0x20);
		assert_null(memchr(text, 0xff, size));
		free(text);
	}
}

static const struct CMUnitTest formats_tests[] = {
	TEST("kmemleak: as each kernel series prints it", kmemleak_of_each_series),
	TEST("kmemleak: an object's age is that at the end of the trace", kmemleak_age),
	TEST("folded: all leaked bytes are in it, the callback last", folded_adds_up),
	TEST("folded: one stack to the letter", folded_of_one),
	TEST("perfetto: every allocation begins and ends, leaks are marked", perfetto_is_whole),
	TEST("perfetto: it says what was left out", perfetto_says_what_is_left_out),
	TEST("pprof: all allocations are in it and refer to what is there", pprof_adds_up),
	TEST("pprof: protoc decodes it by its schema", pprof_by_its_schema),
	TEST("each format says that the recording stops early, where it has a place", incomplete),
	TEST("a socket is told of as one in every format that people read", sockets),
	TEST("each format can be empty", nothing_found),
	TEST("each format can do without start and taps", findings_alone),
	TEST("each format reports a full disk", full_disk),
	TEST("no format prints a control character that came in a name", no_control_characters),
};

UNIT_MAIN(formats_tests)
