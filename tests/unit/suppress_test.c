// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suppressions: the file format that LeakSanitizer documents, matching by hand
 * and against a slow matcher that is plainly right, and files that somebody made
 * to do harm.
 */
#include "unit/unit.h"

#include <errno.h>
#include <time.h>

#include "report/suppress.h"

/* ---- patterns ---- */

static bool matches(const char *pattern, const char *name)
{
	return suppression__matches(pattern, name, strlen(name));
}

static void wildcards(void **state)
{
	static const struct {
		const char *pattern, *name;
		bool match;
	} cases[] = {
		/* Somewhere in the name. */
		{ "listen", "digital_tg_listen_nfcf", true },
		{ "digital", "digital_tg_listen_nfcf", true },
		{ "nfcf", "digital_tg_listen_nfcf", true },
		{ "Listen", "digital_tg_listen_nfcf", false },
		{ "digital_tg_listen_nfcf_x", "digital_tg_listen_nfcf", false },
		{ "foo", "foo", true },
		{ "foo", "fo", false },
		{ "foo", "fofoo", true },
		/* Anchors. */
		{ "^digital", "digital_tg_listen_nfcf", true },
		{ "^tg", "digital_tg_listen_nfcf", false },
		{ "nfcf$", "digital_tg_listen_nfcf", true },
		{ "listen$", "digital_tg_listen_nfcf", false },
		{ "^nfc$", "nfc", true },
		{ "^nfc$", "nfc_digital", false },
		{ "^nfc$", "st_nfc", false },
		{ "foo$", "foofoo", true },
		{ "^foo$", "foofoo", false },
		{ "^foo$", "fo", false },
		/* In the middle they are characters. */
		{ "a^b", "a^b", true },
		{ "a$b", "a$b", true },
		{ "a$b", "a", false },
		{ "^^a", "^a", true },
		{ "a$$", "a$", true },
		/* Wildcards. */
		{ "*", "anything", true },
		{ "***", "anything", true },
		{ "^*$", "anything", true },
		{ "digital*nfcf", "digital_tg_listen_nfcf", true },
		{ "digital*nfcf", "nfcf_digital", false },
		{ "^digital*nfcf$", "digital_tg_listen_nfcf", true },
		{ "^digital*tg$", "digital_tg_listen_nfcf", false },
		{ "^*nfcf$", "digital_tg_listen_nfcf", true },
		{ "^digital*", "digital", true },
		{ "*digital", "digital", true },
		{ "a*a", "a", false },
		{ "^a*a$", "aa", true },
		{ "^ab*ba$", "aba", false },
		{ "^a*b*c$", "aXbXbXc", true },
		{ "^a*b*c$", "aXcXb", false },
		{ "aab", "aaab", true },
		{ "^*aab$", "aaab", true },
		{ ".", "digital", false },
		{ "[a-z]", "a", false },
		{ "a?", "ab", false },
		/* A name that there is not. */
		{ "*", "", false },
		{ "a", "", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (matches(cases[i].pattern, cases[i].name) != cases[i].match)
			fail_msg("'%s' %s '%s'", cases[i].pattern,
				 cases[i].match ? "does not match" : "matches", cases[i].name);
}

/* Every possibility is tried; p has no anchors any more. */
static bool slow(const char *p, const char *name, bool end)
{
	if (!*p)
		return !end || !*name;
	if (*p == '*')
		return slow(p + 1, name, end) || (*name && slow(p, name + 1, end));
	return *p == *name && slow(p + 1, name + 1, end);
}

static bool slow_matches(const char *pattern, const char *name)
{
	char copy[16];
	bool start = *pattern == '^', end;
	size_t len;

	snprintf(copy, sizeof(copy), "%s", pattern + start);
	len = strlen(copy);
	end = len && copy[len - 1] == '$';
	if (end)
		copy[len - 1] = '\0';
	for (const char *at = name; *name; at++) {
		if (slow(copy, at, end))
			return true;
		if (start || !*at)
			break;
	}
	return false;
}

static void any_pattern(void **state)
{
	static const char letters[] = "aab*^$";
	uint64_t seed = 1;
	unsigned matched = 0;

	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		char pattern[10] = "", name[12] = "";
		size_t p = next_random(&seed) % sizeof(pattern);
		size_t n = next_random(&seed) % sizeof(name);

		for (size_t c = 0; c < p; c++)
			pattern[c] = letters[next_random(&seed) % 6];
		for (size_t c = 0; c < n; c++)
			name[c] = letters[next_random(&seed) % 3];
		if (matches(pattern, name) != slow_matches(pattern, name))
			fail_msg("'%s' and '%s'", pattern, name);
		matched += matches(pattern, name);
	}
	assert_in_range(matched, 10000, 290000);
}

/* Where a matcher that tries everything would take until the sun goes out. */
static void no_explosion(void **state)
{
	char pattern[SUPPRESSION_MAX + 1] = "", name[4096];

	(void)state;
	for (size_t i = 0; i + 2 < sizeof(pattern); i += 2) {
		pattern[i] = 'a';
		pattern[i + 1] = '*';
	}
	strcpy(pattern + strlen(pattern) - 2, "b$");
	memset(name, 'a', sizeof(name));
	for (unsigned i = 0; i < 1000; i++)
		assert_false(suppression__matches(pattern, name, sizeof(name)));
}

/* ---- files ---- */

static char error[SUPPRESSIONS_ERROR];

static struct suppressions *parse(const char *text, size_t size, int wanted)
{
	struct suppressions *s = suppressions__new();
	/* Exactly as large, so that a byte too many is seen. */
	char *copy = malloc(size ? size : 1);
	int err;

	assert_non_null(s);
	assert_non_null(copy);
	memcpy(copy, text, size);
	error[0] = '\0';
	err = suppressions__parse(s, "known.supp", copy, size, error);
	free(copy);
	if (err != wanted)
		fail_msg("%d, not %d: %s", err, wanted, error);
	return s;
}

static void syntax(void **state)
{
	static const char text[] = "\xef\xbb\xbf# known leaks\n"
				   "\n"
				   "leak:one\n"
				   "  \t leak:two  \t \r\n"
				   "\t# indented, leak:not_this\n"
				   "leak: three\n"
				   "   \n"
				   "leak:^four*five$\r\n"
				   "leak:six # is part of the pattern\n"
				   "leak:leak:seven\n"
				   "leak:gr\xc3\xb6\xc3\x9f" // ...
				   "e";
	static const struct {
		const char *pattern;
		unsigned line;
	} wanted[] = {
		{ "one", 3 },
		{ "two", 4 },
		{ "three", 6 },
		{ "^four*five$", 8 },
		{ "six # is part of the pattern", 9 },
		{ "leak:seven", 10 },
		{ "gr\xc3\xb6\xc3\x9f"
		  "e",
		  11 },
	};
	struct suppressions *s = parse(text, sizeof(text) - 1, 0);

	(void)state;
	assert_int_equal(suppressions__count(s), ARRAY_SIZE(wanted));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_string_equal(suppressions__at(s, i)->pattern, wanted[i].pattern);
		assert_int_equal(suppressions__at(s, i)->line, wanted[i].line);
		assert_string_equal(suppressions__at(s, i)->file, "known.supp");
	}
	suppressions__free(s);
	suppressions__free(NULL);
}

static void several_files(void **state)
{
	struct suppressions *s = parse("leak:one", 8, 0);

	(void)state;
	assert_int_equal(suppressions__parse(s, "other.supp", "\nleak:two", 9, error), 0);
	assert_int_equal(suppressions__parse(s, "empty.supp", "", 0, error), 0);
	assert_int_equal(suppressions__count(s), 2);
	assert_string_equal(suppressions__at(s, 0)->file, "known.supp");
	assert_string_equal(suppressions__at(s, 1)->file, "other.supp");
	assert_int_equal(suppressions__at(s, 1)->line, 2);
	suppressions__free(s);
}

static void errors(void **state)
{
	static const struct {
		const char *text;
		size_t size; /* 0: strlen */
		const char *error;
	} cases[] = {
		{ "# fine\nleak:a\nrace:b\n", 0, "known.supp:3: no suppression" },
		{ "leak", 0, "known.supp:1: no suppression" },
		{ "digital_tg_listen_nfcf\n", 0, "known.supp:1: no suppression" },
		{ "Leak:a\n", 0, "known.supp:1: no suppression" },
		{ "leak :a\n", 0, "known.supp:1: no suppression" },
		{ "{\n  <valgrind>\n", 0, "known.supp:1: no suppression" },
		{ "\n\nleak:\n", 0, "known.supp:3: the pattern is empty" },
		{ "leak:   \n", 0, "known.supp:1: the pattern is empty" },
		{ "leak:^", 0, "known.supp:1: the pattern is empty" },
		{ "leak:$", 0, "known.supp:1: the pattern is empty" },
		{ "leak:^$", 0, "known.supp:1: the pattern is empty" },
		{ "leak:a\nleak:b\0c\n", 16, "known.supp:2: there is a control character" },
		{ "\0", 1, "known.supp:1: there is a control character" },
		{ "leak:a\033[2J", 0, "known.supp:1: there is a control character" },
		{ "leak:a\rleak:b", 0, "known.supp:1: there is a control character" },
		{ "\x7f"
		  "ELF",
		  0, "known.supp:1: there is a control character" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t size = cases[i].size ? cases[i].size : strlen(cases[i].text);

		suppressions__free(parse(cases[i].text, size, -EINVAL));
		if (strncmp(error, cases[i].error, strlen(cases[i].error)) != 0)
			fail_msg("'%s': %s", cases[i].text, error);
	}
}

static void long_lines(void **state)
{
	const size_t size = 1 << 20;
	char *text = malloc(size + 8);
	struct suppressions *s;

	(void)state;
	assert_non_null(text);
	memset(text, '#', size);
	strcpy(text + size, "\nleak:a");
	s = parse(text, size + 7, 0);
	assert_int_equal(suppressions__count(s), 1);
	assert_int_equal(suppressions__at(s, 0)->line, 2);
	suppressions__free(s);
	memset(text, ' ', size);
	suppressions__free(parse(text, size, 0));
	memset(text, 'a', size);
	suppressions__free(parse(text, size, -EINVAL));
	memcpy(text, "leak:", 5);
	suppressions__free(parse(text, size, -EINVAL));
	assert_non_null(strstr(error, "known.supp:1: the pattern is longer"));
	suppressions__free(parse(text, 5 + SUPPRESSION_MAX + 1, -EINVAL));
	s = parse(text, 5 + SUPPRESSION_MAX, 0);
	assert_int_equal(strlen(suppressions__at(s, 0)->pattern), SUPPRESSION_MAX);
	suppressions__free(s);
	memset(text, '\n', size);
	suppressions__free(parse(text, size, 0));
	free(text);
}

static void no_file(void **state)
{
	struct suppressions *s = suppressions__new();
	char path[5000];

	(void)state;
	assert_int_equal(suppressions__read(s, "/nonexistent/x.supp", error), -ENOENT);
	assert_string_equal(error, "cannot read /nonexistent/x.supp: No such file or directory");
	assert_int_equal(suppressions__read(s, "/", error), -EISDIR);
	assert_int_equal(suppressions__read(s, "/dev/zero", error), -EFBIG);
	assert_int_equal(suppressions__read(s, "/dev/null", error), 0);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(suppressions__read(s, path, error), -ENAMETOOLONG);
	assert_true(strlen(error) < sizeof(error));
	assert_int_equal(suppressions__count(s), 0);
	suppressions__free(s);
}

static void a_pipe(void **state)
{
	struct suppressions *s = suppressions__new();
	char path[64];
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "leak:one\nleak:two", 17), 17);
	close(ends[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	assert_int_equal(suppressions__read(s, path, error), 0);
	assert_int_equal(suppressions__count(s), 2);
	close(ends[0]);
	suppressions__free(s);
}

/* ---- findings ---- */

static struct stack_frame frames[] = {
	{ .text = "digital_tg_listen_nfcf.isra.0+0x3b/0x90 [nfc_digital]" },
	{ .text = "digital_wq_poll+0x5d/0x90 [nfc_digital]" },
	{ .text = "process_one_work+0x190/0x3a0" },
	{ .text = "0xffffffffc0001234" },
	{ .text = "sim_work+0x1/0x2 [nfcsim 0123456789abcdef]" },
};
static const struct stack whole_stack = { .depth = ARRAY_SIZE(frames), .frames = frames };

static struct allocation leaked = { .id = 7,
				    .addr = 0xffff888001234500,
				    .size = 8,
				    .stack = 1,
				    .carrier = { .callback = 5 },
				    .kind = KIND_USER_ARGUMENT,
				    .rule = RULE_CALLBACK_KEPT,
				    .certainty = CERTAINTY_PROBABLE };
static const struct report_leak finding = {
	.a = &leaked,
	.stack = &whole_stack,
	.function = "digital_tg_listen_nfcf",
	.module = "nfc_digital",
	.callback = "digital_tg_recv_sensf_req",
};

/* The index of the pattern that matches, or -1. */
static int match(const char *text, const struct report_leak *l)
{
	struct suppressions *s = parse(text, strlen(text), 0);
	struct suppression *hit = suppressions__match(s, l);
	int index = hit ? (int)(hit - suppressions__at(s, 0)) : -1;

	suppressions__free(s);
	return index;
}

static void what_matches(void **state)
{
	static const char *const good[] = {
		"leak:^digital_tg_listen_nfcf$",
		"leak:^digital_tg_listen_nfcf.isra.0$",
		"leak:^digital_wq_poll$",
		"leak:^process_one_work$",
		"leak:^sim_work$",
		"leak:^nfc_digital$",
		"leak:^nfcsim$",
		"leak:^digital_tg_recv_sensf_req$",
		"leak:recv_sensf",
		"leak:*",
	};
	static const char *const bad[] = {
		"leak:+0x3b",
		"leak:0xffffffffc0001234",
		"leak:kworker",
		"leak:callback-kept",
		"leak:[",
		"leak:0123456789abcdef",
		"leak:^digital$",
		"leak:TG_LISTEN",
		"leak:nfc0",
		"leak:^tg_listen",
		"leak:digital_in_send*",
		"# leak:*",
		"",
	};
	struct report_leak bare = { .a = &leaked };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (match(good[i], &finding) != 0)
			fail_msg("%s does not match", good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (match(bad[i], &finding) != -1)
			fail_msg("%s matches", bad[i]);
	assert_int_equal(match("leak:*", &bare), -1);
	bare.function = "digital_tg_listen_nfcf";
	assert_int_equal(match("leak:*", &bare), 0);
}

static void first_of_several(void **state)
{
	(void)state;
	assert_int_equal(match("leak:no\nleak:digital\nleak:*\nleak:^nfcsim$\n", &finding), 1);
}

static void many_patterns(void **state)
{
	const unsigned n = 100000;
	struct suppressions *s;
	struct timespec began, ended;
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	double seconds;

	(void)state;
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "leak:digital*no_such_function_%u%s\n", i, i % 2 ? "$" : "");
	fprintf(f, "leak:^process_one_work$\n");
	fclose(f);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &began);
	s = parse(text, size, 0);
	assert_int_equal(suppressions__count(s), n + 1);
	for (unsigned i = 0; i < 4; i++)
		assert_ptr_equal(suppressions__match(s, &finding), suppressions__at(s, n));
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ended);
	seconds = (double)(ended.tv_sec - began.tv_sec) +
		  (double)(ended.tv_nsec - began.tv_nsec) / 1e9;
	print_message("# 100,000 patterns read and matched with 4 findings in %.2f s\n", seconds);
	assert_true(seconds < 5);
	suppressions__free(s);
	free(text);
}

static void proposals(void **state)
{
	struct allocation a = leaked;
	struct report_leak l = finding;
	char pattern[SUPPRESSION_MAX], longer[1024], text[SUPPRESSION_MAX + 8];

	(void)state;
	l.a = &a;
	assert_true(suppression__propose(&l, pattern, sizeof(pattern)));
	assert_string_equal(pattern, "^digital_tg_listen_nfcf$");
	a.kind = KIND_RESPONSE;
	assert_true(suppression__propose(&l, pattern, sizeof(pattern)));
	assert_string_equal(pattern, "^digital_tg_recv_sensf_req$");
	a.kind = KIND_REQUEST;
	l.function = NULL;
	assert_true(suppression__propose(&l, pattern, sizeof(pattern)));
	assert_string_equal(pattern, "^digital_tg_recv_sensf_req$");
	l.callback = NULL;
	assert_true(suppression__propose(&l, pattern, sizeof(pattern)));
	assert_string_equal(pattern, "^nfc_digital$");
	l.module = NULL;
	assert_false(suppression__propose(&l, pattern, sizeof(pattern)));
	assert_false(suppression__propose(&finding, pattern, 10));
	/* One that could not be read again. */
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	l.function = text;
	assert_false(suppression__propose(&l, longer, sizeof(longer)));
	text[SUPPRESSION_MAX - 2] = '\0';
	assert_true(suppression__propose(&l, longer, sizeof(longer)));
	/* Whatever the name, what is proposed can be read and matches. */
	for (unsigned c = 1; c < 256; c++) {
		char name[] = { 'a', (char)c, 'b', (char)c, '\0' };

		l.function = name;
		assert_true(suppression__propose(&l, pattern, sizeof(pattern)));
		snprintf(text, sizeof(text), "leak:%s\n", pattern);
		if (match(text, &l) != 0)
			fail_msg("character %u: %s", c, pattern);
	}
}

static const struct CMUnitTest suppress[] = {
	TEST("suppressions: wildcards and anchors", wildcards),
	TEST("suppressions: any pattern as a matcher that tries everything", any_pattern),
	TEST("suppressions: no pattern takes long", no_explosion),
	TEST("suppressions: the syntax of files", syntax),
	TEST("suppressions: several files", several_files),
	TEST("suppressions: errors name file and line", errors),
	TEST("suppressions: lines of a megabyte", long_lines),
	TEST("suppressions: files that cannot be read", no_file),
	TEST("suppressions: a pipe", a_pipe),
	TEST("suppressions: functions, modules and the callback match, nothing else", what_matches),
	TEST("suppressions: the first that matches counts", first_of_several),
	TEST("suppressions: a hundred thousand patterns", many_patterns),
	TEST("suppressions: a proposed pattern matches what it is for", proposals),
};

UNIT_MAIN(suppress)
