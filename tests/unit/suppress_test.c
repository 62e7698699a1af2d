// SPDX-License-Identifier: GPL-2.0-only
/*
 * Suppressions: the file format that LeakSanitizer documents, matching by hand
 * and against a slow matcher that is plainly right, files that somebody made to
 * do harm, and the sums that have to hold when what was hidden changes its mind.
 */
#include "unit/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <time.h>

#include "replay/script.h"
#include "report/filter.h"
#include "report/suppress.h"
#include "unit/fake.h"

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

/* ---- the filter ---- */

/* A format that counts what it is told. */
struct report {
	unsigned leaks, updates, retracted, closed;
	uint64_t suppressed, hidden_retracted;
	char *generated;
};

static struct report seen;

static void count_leak(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->leaks++;
}

static void count_update(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->updates++;
}

static void count_retracted(struct report *r, const struct report_leak *l)
{
	(void)l;
	r->retracted++;
}

static void note_end(struct report *r, const struct report_end *e)
{
	r->suppressed =
		e->hidden->findings[CERTAINTY_DEFINITE] + e->hidden->findings[CERTAINTY_PROBABLE];
	r->hidden_retracted = e->hidden->retracted;
	free(r->generated);
	r->generated = e->hidden->generated ? strdup(e->hidden->generated) : NULL;
}

static void count_close(struct report *r)
{
	if (r)
		r->closed++;
}

static const struct report_format counting = {
	.leak = count_leak,
	.update = count_update,
	.retracted = count_retracted,
	.end = note_end,
	.close = count_close,
};

static struct suppressions *list;
static struct report *filter;

static void open_filter(const char *text, bool generate)
{
	free(seen.generated);
	memset(&seen, 0, sizeof(seen));
	list = text ? parse(text, strlen(text), 0) : NULL;
	filter = filter__open(&counting, &seen, list, generate);
	assert_non_null(filter);
}

static void close_filter(void)
{
	report_filtered.close(filter);
	assert_int_equal(seen.closed, 1);
	suppressions__free(list);
	free(seen.generated);
	seen.generated = NULL;
}

static void end_filter(void)
{
	report_filtered.end(filter, &(struct report_end){ 0 });
}

static void hidden_all_its_life(void **state)
{
	struct allocation a = leaked;
	struct report_leak l = finding;

	(void)state;
	l.a = &a;
	l.was = CERTAINTY_PROBABLE;
	open_filter("leak:unused\nleak:recv_sensf\n", false);
	report_filtered.leak(filter, &l);
	assert_true(filter__hides(filter, &a));
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	/* It becomes definite, is then found in use, then not. */
	a.certainty = CERTAINTY_DEFINITE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	l.was = CERTAINTY_DEFINITE;
	a.certainty = CERTAINTY_POSSIBLE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 0);
	l.was = CERTAINTY_POSSIBLE;
	a.certainty = CERTAINTY_PROBABLE;
	report_filtered.update(filter, &l);
	end_filter();
	assert_int_equal(seen.suppressed, 1);
	/* Another command carries it: by its looks it is not the same any more. */
	l.callback = "another";
	a.carrier.callback = 99;
	report_filtered.retracted(filter, &l);
	assert_false(filter__hides(filter, &a));
	end_filter();
	assert_int_equal(seen.suppressed, 0);
	assert_int_equal(seen.hidden_retracted, 1);
	assert_int_equal(seen.leaks + seen.updates + seen.retracted, 0);
	assert_int_equal(suppressions__at(list, 0)->matched, 0);
	assert_int_equal(suppressions__at(list, 1)->matched, 1);
	/* The same allocation leaks again, from a site that is not suppressed. */
	report_filtered.leak(filter, &l);
	l.was = CERTAINTY_PROBABLE;
	report_filtered.update(filter, &l);
	report_filtered.retracted(filter, &l);
	assert_int_equal(seen.leaks, 1);
	assert_int_equal(seen.updates, 1);
	assert_int_equal(seen.retracted, 1);
	close_filter();
}

static void nothing_to_hide(void **state)
{
	(void)state;
	open_filter(NULL, false);
	report_filtered.leak(filter, &finding);
	report_filtered.update(filter, &finding);
	report_filtered.retracted(filter, &finding);
	end_filter();
	assert_int_equal(seen.leaks + seen.updates + seen.retracted, 3);
	assert_int_equal(seen.suppressed + seen.hidden_retracted, 0);
	assert_null(seen.generated);
	close_filter();
	assert_null(filter__open(&counting, NULL, NULL, false));
}

/* One line a site, none twice, none for what is suppressed or taken back. */
static void generated(void **state)
{
	struct allocation a = leaked;
	struct report_leak l = finding;
	struct suppressions *again;

	(void)state;
	l.a = &a;
	open_filter("leak:^digital_old$\n", true);
	end_filter();
	assert_string_equal(seen.generated, "");
	report_filtered.leak(filter, &l);
	a.id++;
	report_filtered.leak(filter, &l);
	/* Another site of the same function. */
	a.id++;
	a.rule = RULE_COMMAND_DROPPED;
	report_filtered.leak(filter, &l);
	/* Suppressed. */
	a.id++;
	a.stack = 2;
	l.function = "digital_old";
	report_filtered.leak(filter, &l);
	/* Taken back. */
	a.id++;
	a.stack = 3;
	l.function = "digital_freed_late";
	report_filtered.leak(filter, &l);
	report_filtered.retracted(filter, &l);
	/* No stack could be taken: told apart by the caller, and no command. */
	l = (struct report_leak){ .a = &a, .function = "port100_probe" };
	a.id++;
	a.stack = 0;
	a.size = 100;
	a.caller = 21;
	a.carrier.callback = 0;
	report_filtered.leak(filter, &l);
	a.id++;
	a.caller = 22;
	l.function = "port100_recv";
	report_filtered.leak(filter, &l);
	end_filter();
	assert_string_equal(seen.generated, "# callback-kept: 2 allocations, 16 bytes\n"
					    "# callback digital_tg_recv_sensf_req\n"
					    "# command-dropped: 1 allocation, 8 bytes\n"
					    "# callback digital_tg_recv_sensf_req\n"
					    "leak:^digital_tg_listen_nfcf$\n"
					    "# command-dropped: 1 allocation, 100 bytes\n"
					    "leak:^port100_probe$\n"
					    "# command-dropped: 1 allocation, 100 bytes\n"
					    "leak:^port100_recv$\n");
	again = parse(seen.generated, strlen(seen.generated), 0);
	assert_int_equal(suppressions__count(again), 3);
	suppressions__free(again);
	close_filter();
}

/* ---- with a ledger, as users see it ---- */

static const char story[] =
	"# two leaks of one callback, one of another, one of the first freed late\n"
	"config search=unreferenced\n"
	"0.000 enter tid=41 in=digital_wq_poll outermost\n"
	"0.001 alloc tid=41 addr=arg1 size=8 in=digital_tg_listen_nfcf\n"
	"0.001 submit tid=41 dev=d0 arg=arg1 req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n"
	"0.001 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"
	"0.001 return tid=41 ret=0\n"
	"0.302 callback tid=41 dev=d0 cb=digital_tg_recv_sensf_req arg=arg1 resp=-110\n"
	"0.303 free tid=41 addr=cmd in=digital_wq_cmd_complete\n"
	"0.400 alloc tid=41 addr=arg2 size=8 in=digital_tg_listen_nfcf\n"
	"0.401 submit tid=41 dev=d0 arg=arg2 req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n"
	"0.401 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"
	"0.401 return tid=41 ret=0\n"
	"0.702 callback tid=41 dev=d0 cb=digital_tg_recv_sensf_req arg=arg2 resp=-110\n"
	"0.703 free tid=41 addr=cmd in=digital_wq_cmd_complete\n"
	"0.800 alloc tid=41 addr=req size=904 in=digital_in_send_sdd_req skb\n"
	"0.801 submit tid=41 dev=d1 arg=null req=req cb=digital_in_recv_sdd_res type=IN_SEND\n"
	"0.801 alloc tid=41 addr=cmd size=80 in=digital_send_cmd\n"
	"0.801 return tid=41 ret=0\n"
	"0.900 leave tid=41 in=digital_wq_poll\n"
	"1.000 free tid=41 addr=cmd in=digital_flush\n"
	"tick 4\n"
	"4.000 free tid=41 addr=arg2 in=digital_late\n"
	"tick 12\n"
	"expect leaks 2\n"
	"expect retracted addr=arg2\n"
	"expect leak addr=arg1\n"
	"expect leak addr=req\n";

struct told {
	struct player player;
	struct report *report;
};

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct told *t = ctx;
	struct report_leak l = { .a = a, .was = t->player.was, .now = now };

	l.function = names__text(t->player.names, a->caller);
	l.module = names__module(t->player.names, a->caller);
	if (a->carrier.type != NO_COMMAND_TYPE)
		l.callback = names__text(t->player.names, a->carrier.callback);
	if (!strcmp(what, "leak"))
		report_filtered.leak(t->report, &l);
	else if (!strcmp(what, "update"))
		report_filtered.update(t->report, &l);
	else
		report_filtered.retracted(t->report, &l);
}

/* What a format makes of the story under these suppressions. */
static char *tell(const struct report_format *format, const char *text, bool generate,
		  uint64_t *standing)
{
	struct suppressions *s = text ? parse(text, strlen(text), 0) : NULL;
	struct told t = { .player = { .on_said = on_said } };
	struct script *script;
	char *out = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&out, &size);

	t.player.ctx = &t;
	t.report = filter__open(format, format->open(f, NULL, false), s, generate);
	assert_non_null(t.report);
	report_filtered.start(t.report, &(struct report_start){ .kernel = "6.1" });
	script = script__parse("story", story, stdout);
	assert_non_null(script);
	assert_int_equal(script__run(script, &t.player, stdout), 0);
	report_filtered.warning(t.report, "growth", "more and more");
	report_filtered.histogram(t.report, &(struct histogram){ .allocations = 1 }, "cb");
	report_filtered.tick(t.report, t.player.now);
	report_filtered.end(t.report, &(struct report_end){ .ledger = t.player.ledger });
	*standing = filter__standing(t.report, t.player.ledger);
	report_filtered.close(t.report);
	player__stop(&t.player);
	script__free(script);
	suppressions__free(s);
	fclose(f);
	return out;
}

static unsigned occurrences(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++)
		n++;
	return n;
}

static json_t *end_line(const char *text)
{
	const char *line = strstr(text, "{\"event\":\"end\"");
	json_t *o = line ? json_loads(line, JSON_REJECT_DUPLICATES, NULL) : NULL;

	assert_non_null(o);
	return o;
}

static int64_t number(const json_t *o, const char *key)
{
	assert_true(json_is_integer(json_object_get(o, key)));
	return json_integer_value(json_object_get(o, key));
}

static int64_t stands(const json_t *end)
{
	const json_t *findings = json_object_get(end, "findings");

	assert_int_equal(number(findings, "possible"), 0);
	return number(findings, "definite") + number(findings, "probable");
}

static void json_report(void **state)
{
	static const struct {
		const char *suppressions;
		unsigned leaks, stand, suppressed, retracted;
	} cases[] = {
		{ NULL, 3, 2, 0, 1 },
		{ "", 3, 2, 0, 1 },
		{ "leak:nothing_like_it", 3, 2, 0, 1 },
		{ "leak:^digital_tg_listen_nfcf$", 1, 1, 1, 0 },
		{ "leak:digital_in_recv_sdd_res", 2, 1, 1, 1 },
		{ "leak:x\nleak:*", 0, 0, 2, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t standing;
		char *text = tell(&report_json, cases[i].suppressions, false, &standing);
		json_t *end = end_line(text);

		assert_int_equal(occurrences(text, "\"event\":\"leak\""), cases[i].leaks);
		assert_int_equal(occurrences(text, "\"event\":\"retracted\""), cases[i].retracted);
		assert_int_equal(occurrences(text, "\"event\":\"warning\""), 1);
		assert_int_equal(occurrences(text, "\"event\":\"histogram\""), 1);
		assert_int_equal(stands(end), cases[i].stand);
		assert_int_equal(standing, cases[i].stand);
		assert_int_equal(number(end, "suppressed"), cases[i].suppressed);
		assert_int_equal(number(end, "retracted"), cases[i].retracted);
		assert_null(json_object_get(end, "gen_suppressions"));
		if (i == 5) {
			const json_t *list_of = json_object_get(end, "suppressions");

			assert_int_equal(json_array_size(list_of), 2);
			assert_int_equal(number(json_array_get(list_of, 0), "matched"), 0);
			assert_int_equal(number(json_array_get(list_of, 1), "matched"), 3);
		}
		json_decref(end);
		free(text);
	}
}

/* A line of JSON is whole, however many suppressions there are. */
static void json_of_many(void **state)
{
	char *text = NULL, *out;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	uint64_t standing;
	json_t *end;

	(void)state;
	for (unsigned i = 0; i < 20000; i++)
		fprintf(f, "leak:no_such_function_%u\n", i);
	/* No text at all, but no reason to lose the line. */
	fprintf(f, "leak:\xff\n");
	fclose(f);
	out = tell(&report_json, text, true, &standing);
	end = end_line(out);
	assert_int_equal(json_array_size(json_object_get(end, "suppressions")), 20001);
	assert_int_equal(json_array_size(json_object_get(end, "gen_suppressions")), 6);
	json_decref(end);
	free(out);
	free(text);
}

static void check_width(const char *text)
{
	for (size_t n; *text; text += n + (text[n] == '\n')) {
		n = strcspn(text, "\n");
		if (n > 80)
			fail_msg("%.*s", (int)n, text);
	}
}

static void text_report(void **state)
{
	uint64_t standing;
	char *text = tell(&report_text, "leak:^digital_old$\nleak:listen_nfcf\n", true, &standing);

	(void)state;
	check_width(text);
	assert_non_null(strstr(text, "\nsuppressed: 1 allocations, 8 bytes\n"
				     "       2  leak:listen_nfcf (known.supp:2)\n"
				     "  unused  leak:^digital_old$ (known.supp:1)\n"
				     "\n"
				     "# for a file that --suppressions reads:\n"
				     "# command-dropped: 1 allocation, 904 bytes\n"
				     "# callback digital_in_recv_sdd_res\n"
				     "leak:^digital_in_send_sdd_req$\n"
				     "\n0.0 s: "));
	assert_non_null(strstr(text, "SUMMARY: nfcleakbpf: 904 bytes leaked in 1 allocations at 1 "
				     "site\n"));
	assert_null(strstr(text, "digital_tg_recv_sensf_req returned"));
	assert_null(strstr(text, "retracted: "));
	assert_non_null(strstr(text, "0 retracted"));
	assert_int_equal(standing, 1);
	free(text);
	text = tell(&report_text, "leak:*", true, &standing);
	assert_int_equal(standing, 0);
	assert_null(strstr(text, "# for a file"));
	assert_non_null(strstr(text, "\nsuppressed: 2 allocations, 912 bytes\n"));
	assert_non_null(strstr(text, "SUMMARY: nfcleakbpf: no leaks found\n"));
	free(text);
	text = tell(&report_text, NULL, false, &standing);
	assert_null(strstr(text, "suppress"));
	free(text);
}

/* Names that are too many are counted, those that are too long are broken. */
static void text_of_many(void **state)
{
	char *text = NULL, *out;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	uint64_t standing;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		fprintf(f, "leak:digital_in_recv_iso15693_inventory_response_with_afi_and_%u$\n",
			i);
	fclose(f);
	out = tell(&report_text, text, false, &standing);
	check_width(out);
	assert_int_equal(occurrences(out, "  unused  "), 20);
	assert_non_null(strstr(out, "          and 980 more unused\n"));
	free(out);
	free(text);
}

/* What is proposed hides all there is when it is read. */
static void round_trip(void **state)
{
	uint64_t standing;
	char *text = tell(&report_text, NULL, true, &standing), *end;
	char *from = strstr(text, "# for a file");

	(void)state;
	assert_int_equal(standing, 2);
	assert_non_null(from);
	end = strstr(from, "\n\n");
	assert_non_null(end);
	end[1] = '\0';
	free(tell(&report_json, from, false, &standing));
	assert_int_equal(standing, 0);
	free(text);
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
	TEST("suppressions: hidden once, hidden till the end", hidden_all_its_life),
	TEST("suppressions: without any, everything goes through", nothing_to_hide),
	TEST("suppressions: what is proposed is ready to paste", generated),
	TEST("suppressions: the JSON report", json_report),
	TEST("suppressions: thousands in one line of JSON", json_of_many),
	TEST("suppressions: the text report", text_report),
	TEST("suppressions: the text report stays short and narrow", text_of_many),
	TEST("suppressions: what is proposed hides all that was told", round_trip),
};

UNIT_MAIN(suppress)
