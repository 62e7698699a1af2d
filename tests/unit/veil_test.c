// SPDX-License-Identifier: GPL-2.0-only
/*
 * Behind a veil no format can show a kernel address or what was in memory, however it
 * writes them; without one the same formats do, so that what looks for them is known
 * to find them.
 */
#include "unit/unit.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sys/stat.h>
#include <zlib.h>

#include "report/veil.h"
#include "unit/scene.h"
#include "util/output.h"

static const struct scene open_scene = { .sites = 6,
					 .rounds = 6,
					 .noise = 3,
					 .definite = true,
					 .late = true,
					 .nameless = true,
					 .kernel = "6.1.0-56-amd64" };

static const struct {
	const char *name;
	const struct report_format *format;
} formats[] = {
	{ "text", &report_text },	  { "json", &report_json },
	{ "kmemleak", &report_kmemleak }, { "html", &report_html },
	{ "pprof", &report_pprof },	  { "folded", &report_folded },
	{ "perfetto", &report_perfetto },
};

/* What scene.c puts into memory, in the ways there are to write it. */
static const char *const contents[] = { "4e46433c", "4e 46 43 3c", "NFC<", "NFC&lt;" };

/* A number in the upper half of 64 bits, as protocol buffers have it. */
static bool large_varint(const unsigned char *data, size_t size)
{
	size_t high = 0;

	for (size_t i = 0; i < size; i++) {
		if (high >= 9)
			return true;
		high = data[i] & 0x80 ? high + 1 : 0;
	}
	return false;
}

static bool hex_address(const char *text, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size; i++) {
		digits = isxdigit((unsigned char)text[i]) ? digits + 1 : 0;
		if (digits == 16 && !strncmp(text + i - 15, "ffff", 4))
			return true;
	}
	return false;
}

/* What is shown of the scene that is nobody's business: NULL where nothing is. */
static const char *shows(const struct scene *s, const struct report_format *format)
{
	const char *found = NULL;
	size_t size;
	char *text = scene__text(s, format, &size);

	assert_true(size > 0);
	if (size > 2 && !memcmp(text, "\x1f\x8b", 2)) {
		z_stream z = { .next_in = (unsigned char *)text, .avail_in = (uInt)size };
		size_t room = 1 << 22;
		char *out = calloc(1, room);

		assert_non_null(out);
		z.next_out = (unsigned char *)out;
		z.avail_out = (uInt)room;
		assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
		assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
		size = z.total_out;
		inflateEnd(&z);
		free(text);
		text = out;
		if (large_varint((unsigned char *)text, size))
			found = "an address as a number";
	}
	if (hex_address(text, size))
		found = "an address";
	for (size_t i = 0; i < ARRAY_SIZE(contents); i++)
		if (memmem(text, size, contents[i], strlen(contents[i])))
			found = "contents of memory";
	free(text);
	return found;
}

static void nothing_is_shown(void **state)
{
	struct scene veiled = open_scene;

	(void)state;
	veiled.veiled = true;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		const char *found = shows(&veiled, formats[i].format);

		if (found)
			fail_msg("%s: %s", formats[i].name, found);
		if (!shows(&open_scene, formats[i].format))
			fail_msg("%s: not even without a veil", formats[i].name);
	}
}

static void older_kernels_too(void **state)
{
	struct scene veiled = open_scene;

	(void)state;
	veiled.veiled = true;
	veiled.healed = true;
	veiled.kernel = "6.12.1";
	assert_null(shows(&veiled, &report_kmemleak));
	veiled.veiled = false;
	assert_non_null(shows(&veiled, &report_kmemleak));
}

static void one_object_one_number(void **state)
{
	struct scene veiled = open_scene;
	char *text, *save = NULL;
	unsigned told = 0, taken_back = 0;

	(void)state;
	veiled.veiled = true;
	text = scene__text(&veiled, &report_json, NULL);
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		json_t *o = json_loads(l, 0, NULL);
		const char *event = json_string_value(json_object_get(o, "event"));
		const char *addr = json_string_value(json_object_get(o, "addr"));

		assert_non_null(event);
		told += !strcmp(event, "leak");
		taken_back += !strcmp(event, "retracted");
		if (addr)
			assert_int_equal(strtoull(addr, NULL, 16),
					 json_integer_value(json_object_get(o, "id")));
		if (!strcmp(event, "leak"))
			assert_string_equal(json_string_value(json_object_get(o, "hexdump")), "");
		json_decref(o);
	}
	assert_true(told > 0 && taken_back > 0);
	free(text);
}

static void offsets_stay(void **state)
{
	struct scene veiled = open_scene;
	char *text;

	(void)state;
	veiled.veiled = true;
	text = scene__text(&veiled, &report_json, NULL);
	assert_non_null(strstr(text, "worker_thread+0x191/0x1f0"));
	assert_non_null(strstr(text, "\"(hidden)\""));
	free(text);
}

static void texts(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "f+0x58/0x1f0 [nfc]", "f+0x58/0x1f0 [nfc]" },
		{ "0xffffffffc0123456", "(hidden)" },
		{ "at 0xffff888101234567, 0x12345678", "at (hidden), 0x12345678" },
		{ "0x123456789", "(hidden)" },
		{ "[<ffffffffc0123456>] x", "[<(hidden)>] x" },
		{ "FFFF888101234567FFFF888101234567", "(hidden)" },
		{ "deadbeefdeadbee", "deadbeefdeadbee" },
		{ "0x", "0x" },
		{ "0x0xffff888101234567", "0x0x(hidden)" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *got = names__without_addresses(cases[i][0]);

		assert_string_equal(got, cases[i][1]);
		free(got);
	}
}

/* ---- files ---- */

static bool no_modes; /* of this file system */

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	if (!no_modes)
		return __real_fchmod(fd, mode);
	errno = EPERM;
	return -1;
}

static mode_t mode_of(const char *path, bool secret)
{
	struct output o;
	struct stat st;

	assert_int_equal(output__reserve(&o, path, secret), 0);
	assert_int_equal(output__empty(&o), 0);
	assert_int_equal(fstat(o.fd, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(write(o.fd, "something", 9), 9);
	assert_int_equal(output__close(&o), 0);
	return st.st_mode & 07777;
}

static void secret_files(void **state)
{
	char dir[] = "/tmp/veil_test.XXXXXX", path[64];
	mode_t mask = umask(022);
	struct output o;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/report", dir);
	assert_int_equal(mode_of(path, false), 0644);
	assert_int_equal(mode_of(path, true), 0600);
	unlink(path);
	assert_int_equal(mode_of(path, true), 0600);
	/* Made private by somebody: it stays. */
	assert_int_equal(mode_of(path, false), 0600);
	umask(077);
	unlink(path);
	assert_int_equal(mode_of(path, false), 0600);
	umask(mask);
	unlink(path);
	rmdir(dir);
	assert_int_equal(output__reserve(&o, path, true), -ENOENT);
	assert_string_equal(o.problem, "No such file or directory");
	assert_int_equal(output__reserve(&o, "/dev", true), -EISDIR);
	mode_of("/dev/null", true);
}

/* The mode of another's file, or what is in it, is not ours to decide on. */
static void files_of_others(void **state)
{
	char dir[] = "/tmp/veil_test.XXXXXX", path[64];
	struct output o;
	struct stat st;
	int fd;

	(void)state;
	if (geteuid()) {
		print_message("# only root can give files away\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/report", dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "something", 9), 9);
	assert_int_equal(fchown(fd, 12345, 12345), 0);
	assert_int_equal(output__reserve(&o, path, true), -EPERM);
	assert_non_null(strstr(o.problem, "belongs to user 12345"));
	assert_non_null(strstr(o.problem, "another name, or remove it"));
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 9);
	/* What has nothing to hide may go there. */
	assert_int_equal(output__reserve(&o, path, false), 0);
	assert_int_equal(output__close(&o), 0);
	unlink(path);
	/* What is no file has no contents that stay. */
	assert_int_equal(mkfifo(path, 0666), 0);
	assert_int_equal(chown(path, 12345, 12345), 0);
	close(fd);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(output__reserve(&o, path, true), 0);
	assert_int_equal(output__empty(&o), 0);
	assert_int_equal(output__close(&o), 0);
	close(fd);
	unlink(path);
	rmdir(dir);
}

static void cannot_be_kept(void **state)
{
	char dir[] = "/tmp/veil_test.XXXXXX", path[64];
	struct output o;
	struct stat st;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/report", dir);
	mode_of(path, true);
	assert_int_equal(chmod(path, 0644), 0);
	no_modes = true;
	assert_int_equal(output__reserve(&o, path, true), 0);
	assert_int_equal(output__empty(&o), -EPERM);
	assert_non_null(strstr(o.problem, "others may read it (its mode is 0644)"));
	assert_int_equal(output__close(&o), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 9);
	/* There is nothing to change, or to hide. */
	assert_int_equal(mode_of(path, false), 0644);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(mode_of(path, true), 0600);
	no_modes = false;
	unlink(path);
	rmdir(dir);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? -1 : st.st_size;
}

/* What is there stays until the first byte of something else. */
static void nothing_lost(void **state)
{
	char dir[] = "/tmp/veil_test.XXXXXX", path[64];
	struct output o;
	FILE *out;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/report", dir);
	for (int there = 0; there < 2; there++) {
		/* Nothing comes of it. */
		assert_int_equal(output__reserve(&o, path, true), 0);
		out = output__stream(&o);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(output__close(&o), 0);
		assert_int_equal(size_of(path), there ? 9 : -1);
		/* Something does. */
		assert_int_equal(output__reserve(&o, path, true), 0);
		out = output__stream(&o);
		fputs("something", out);
		assert_int_equal(size_of(path), there ? 9 : 0);
		assert_int_equal(fclose(out), 0);
		assert_int_equal(output__close(&o), 0);
		assert_int_equal(size_of(path), 9);
	}
	unlink(path);
	rmdir(dir);
	assert_int_equal(output__reserve(&o, "/dev/full", true), 0);
	out = output__stream(&o);
	fputs("something", out);
	assert_int_not_equal(fclose(out), 0);
	assert_string_equal(o.problem, "No space left on device");
	assert_int_equal(output__close(&o), 0);
}

static const struct CMUnitTest tests[] = {
	TEST("all formats: neither an address nor memory behind a veil", nothing_is_shown),
	TEST("kmemleak's layout of other kernels, after a missed free", older_kernels_too),
	TEST("an object has the same number everywhere", one_object_one_number),
	TEST("offsets and sizes of functions stay", offsets_stay),
	TEST("texts: what may be an address, and what may not", texts),
	TEST("files with addresses in them are 0600, also those that were there", secret_files),
	TEST("files of others do not get any", files_of_others),
	TEST("nor does one that others may go on reading", cannot_be_kept),
	TEST("files stay as they are until there is something to write", nothing_lost),
};

UNIT_MAIN(tests)
