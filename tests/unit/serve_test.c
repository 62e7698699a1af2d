// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the control socket's answers are made of: lines, kept findings, notices,
 * the status.
 */
#include "unit/unit.h"

#include <errno.h>
#include <jansson.h>

#include "serve/kept.h"
#include "serve/line.h"
#include "serve/notice.h"
#include "serve/status.h"
#include "util/clock.h"
#include "util/self.h"

#define SECOND 1000000000ULL

/* ---- lines ---- */

static int parse(const char *text, struct line *l)
{
	return line__parse(text, strlen(text), l);
}

static void requests(void **state)
{
	static const struct {
		const char *text, *verb, *argument;
	} good[] = {
		{ "scan", "scan", "" },
		{ "scan\r", "scan", "" },
		{ "scan  ", "scan", "" },
		{ "scan=600", "scan", "600" },
		{ "scan 600", "scan", "600" },
		{ "dump=0xffff888003c0f1a0", "dump", "0xffff888003c0f1a0" },
		{ "dump   0x1  ", "dump", "0x1" },
		{ "show json", "show", "json" },
		{ "a b=c d", "a", "b=c d" },
	};
	static const char *const bad[] = {
		"",
		" ",
		" scan",
		"=",
		"scan=",
		"SCAN",
		"scan?",
		"42",
		"\r",
		"\t",
		"scan\t5",
		"s\r\r",
		"scan\x01",
		"scan \x7f",
		"caf\xc3\xa9",
		"scan;stop",
		"abcdefghijklmnopq",
	};
	char long_one[LINE_MAX_BYTES + 2];
	struct line l;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(parse(good[i].text, &l), 0);
		assert_string_equal(l.verb, good[i].verb);
		assert_string_equal(l.argument, good[i].argument);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (parse(bad[i], &l) != -EINVAL)
			fail_msg("'%s' is no request", bad[i]);
	assert_int_equal(line__parse("scan\0off", 8, &l), -EINVAL);
	memset(long_one, 'x', sizeof(long_one));
	memcpy(long_one, "dump ", 5);
	assert_int_equal(line__parse(long_one, LINE_MAX_BYTES, &l), 0);
	assert_int_equal(strlen(l.argument), LINE_MAX_BYTES - 5);
	assert_int_equal(line__parse(long_one, LINE_MAX_BYTES + 1, &l), -EINVAL);
}

static void scan_arguments(void **state)
{
	struct scan_order o;

	(void)state;
	assert_int_equal(line__scan("", &o), 0);
	assert_int_equal(o.what, SCAN_NOW);
	assert_int_equal(line__scan("on", &o), 0);
	assert_int_equal(o.what, SCAN_ON);
	assert_int_equal(line__scan("off", &o), 0);
	assert_int_equal(o.what, SCAN_OFF);
	assert_int_equal(line__scan("0", &o), 0);
	assert_int_equal(o.what, SCAN_OFF);
	assert_int_equal(line__scan("5m", &o), 0);
	assert_int_equal(o.what, SCAN_EVERY);
	assert_int_equal(o.interval_ns, 300 * SECOND);
	assert_int_equal(line__scan("1", &o), 0);
	assert_int_equal(line__scan("999ms", &o), -EINVAL);
	assert_int_equal(line__scan("-1", &o), -EINVAL);
	assert_int_equal(line__scan("now", &o), -EINVAL);
}

static void addresses(void **state)
{
	static const char *const bad[] = {
		"",	"0x", "123", "0xg", "0x12345678901234567", "ffff888003c0f1a",
		"0x 1", "-1", "0x-1"
	};
	uint64_t addr;
	bool json;

	(void)state;
	assert_int_equal(line__address("0xffff888003c0f1a0", &addr), 0);
	assert_true(addr == 0xffff888003c0f1a0);
	assert_int_equal(line__address("ffff888003c0f1a0", &addr), 0);
	assert_true(addr == 0xffff888003c0f1a0);
	assert_int_equal(line__address("0X1f", &addr), 0);
	assert_true(addr == 0x1f);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(line__address(bad[i], &addr), -EINVAL);
	assert_int_equal(line__json("json", &json), 0);
	assert_true(json);
	assert_int_equal(line__json("", &json), 0);
	assert_false(json);
	assert_int_equal(line__json("xml", &json), -EINVAL);
}

static void statuses(void **state)
{
	static const char *const bad[] = { "",
					   "ok",
					   "ok ",
					   "ok x",
					   "ok 1x",
					   "error",
					   "late",
					   "later x",
					   "ok -1",
					   "OK 1",
					   "ok 1234567890123456789",
					   "error \x1b[2J" };
	char long_one[600];
	struct status_line s;

	(void)state;
	assert_int_equal(line__status("later", 5, &s), 0);
	assert_int_equal(s.what, STATUS_LATER);
	assert_int_equal(line__status("ok 17", 5, &s), 0);
	assert_int_equal(s.what, STATUS_OK);
	assert_int_equal(s.length, 17);
	assert_string_equal(s.text, "");
	assert_int_equal(line__status("ok 0 two words", 14, &s), 0);
	assert_int_equal(s.length, 0);
	assert_string_equal(s.text, "two words");
	assert_int_equal(line__status("error not now", 13, &s), 0);
	assert_int_equal(s.what, STATUS_ERROR);
	assert_string_equal(s.text, "not now");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (line__status(bad[i], strlen(bad[i]), &s) != -EINVAL)
			fail_msg("'%s' is no status line", bad[i]);
	memset(long_one, 'x', sizeof(long_one));
	memcpy(long_one, "error ", 6);
	assert_int_equal(line__status(long_one, sizeof(long_one), &s), -EINVAL);
}

/* ---- what is kept ---- */

static void kept_findings(void **state)
{
	struct kept_finding f = { .id = 7, .bytes = { 1, 2, 3 }, .nr_bytes = 3, .crc = 9 };
	struct kept *k = kept__new();

	(void)state;
	assert_non_null(k);
	assert_null(kept__get(k, 7));
	assert_false(kept__cleared(k, 7));
	assert_int_equal(kept__add(k, &f), 0);
	f.bytes[0] = 99;
	assert_int_equal(kept__get(k, 7)->bytes[0], 1);
	assert_int_equal(kept__get(k, 7)->crc, 9);

	/* Cleared once, also if nothing was kept of it; counted once. */
	assert_int_equal(kept__clear(k, 7), 0);
	assert_int_equal(kept__clear(k, 7), 0);
	assert_int_equal(kept__clear(k, 8), 0);
	assert_true(kept__cleared(k, 7));
	assert_true(kept__cleared(k, 8));
	assert_int_equal(kept__nr_cleared(k), 2);
	assert_int_equal(kept__get(k, 7)->nr_bytes, 3);
	assert_int_equal(kept__get(k, 8)->nr_bytes, 0);

	/* A number that comes back is another finding. */
	kept__remove(k, 7);
	kept__remove(k, 7);
	assert_int_equal(kept__nr_cleared(k), 1);
	f.id = 8;
	assert_int_equal(kept__add(k, &f), 0);
	assert_false(kept__cleared(k, 8));
	assert_int_equal(kept__nr_cleared(k), 0);
	for (uint64_t id = 0; id < 5000; id++) {
		f.id = id;
		assert_int_equal(kept__add(k, &f), 0);
	}
	assert_int_equal(kept__get(k, 4999)->bytes[0], 99);
	kept__free(k);
	kept__free(NULL);
}

/* ---- notices ---- */

static void notices(void **state)
{
	struct notice n = { 0 };
	uint64_t now = 100 * SECOND, lines = 0, sum = 0;

	(void)state;
	assert_int_equal(notice__due(&n, now), 0);
	notice__add(&n, now);
	notice__add(&n, now + SECOND);
	/* What comes together is announced together ... */
	assert_int_equal(notice__due(&n, now + NOTICE_COLLECT_NS - 1), 0);
	assert_int_equal(notice__due(&n, now + NOTICE_COLLECT_NS), 2);
	assert_int_equal(notice__due(&n, now + NOTICE_COLLECT_NS), 0);
	/* ... and a flood of an hour in one line a minute, nothing lost. */
	for (int second = 6; second < 3606; second++) {
		uint64_t said;

		for (int i = 0; i < 10; i++)
			notice__add(&n, now + (uint64_t)second * SECOND);
		said = notice__due(&n, now + (uint64_t)second * SECOND);
		sum += said;
		lines += said != 0;
	}
	assert_in_range(lines, 59, 60);
	sum += notice__flush(&n, now + 3606 * SECOND);
	assert_int_equal(sum, 36000);
	assert_int_equal(notice__flush(&n, now + 3607 * SECOND), 0);
	/* One alone, much later, is not kept waiting for the minute. */
	notice__add(&n, now + 9000 * SECOND);
	assert_int_equal(notice__due(&n, now + 9005 * SECOND), 1);
}

/* ---- status ---- */

static const char *const modules[] = { "nfc",	     "nfc_digital", "nfcsim",
				       "pn533",	     "pn533_usb",   "trf7970a",
				       "st95hf",     "port100",	    "a_module_with_a_long_name",
				       "another_one" };

static struct run_status a_status(const struct ledger_stats *stats)
{
	return (struct run_status){
		.pid = 4123,
		.kernel = "6.12.117+deb12-amd64",
		.modules = modules,
		.nr_modules = ARRAY_SIZE(modules),
		.hooks = 31,
		.hooks_missing = 2,
		.hooks_asleep = 11,
		.following = "ends",
		.tracing = true,
		.since = 1795456800 * SECOND,
		.seconds = 90061,
		.stats = stats,
		.findings = { .standing = { 1, 13, 2 }, .retracted = 4, .suppressed = 6 },
		.hidden = 3,
		.lost_events = 18446744073ULL,
		.unseen = 5,
		.scan_interval_ns = 600 * SECOND,
		.next_scan_ns = 59 * SECOND,
		.searches = 4,
		.search_at = 1795456810 * SECOND,
		.search_ns = 213 * 1000000ULL,
		.search_bytes = 17 << 20,
		.search_slabs = 1000,
		.search_allocations = 47,
		.resident_bytes = 9 << 20,
		.map_bytes = 2000 << 10,
		.peak_bytes = 12 << 20,
		.left_out = 77,
	};
}

static char *told(const struct run_status *s, void (*tell)(FILE *, const struct run_status *))
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	tell(f, s);
	fclose(f);
	return text;
}

static void status_for_people(void **state)
{
	struct ledger_stats stats = { .allocations = 1000000,
				      .frees = 999953,
				      .outstanding = 47,
				      .outstanding_bytes = 3204,
				      .findings = { 2, 17, 3 },
				      .retracted = 5,
				      .missed_hooks = 12345 };
	struct run_status s = a_status(&stats);
	char *text = told(&s, status__text), *line;

	(void)state;
	assert_non_null(
		strstr(text, "2 definite, 13 probable, 1 possible; 4 retracted; 3 cleared"));
	assert_non_null(strstr(text, "6 more findings: --suppressions hides them"));
	assert_non_null(strstr(text, "47 live, 3.1 KiB; 1000000 since the start, 999953 freed"));
	assert_non_null(strstr(text, "1 d 1 h 1 min 1 s"));
	assert_non_null(strstr(text, "11 asleep: no device is up"));
	assert_non_null(strstr(text, "every 10 min 0 s, the next in 59 s"));
	assert_non_null(strstr(text, "4, the last: 17.0 MiB in 213 ms for 47 allocations"));
	assert_non_null(
		strstr(text, "9.0 MiB resident, 12.0 MiB at the peak, 2.0 MiB in BPF maps"));
	assert_non_null(strstr(text, "77 stacks: events came too fast"));
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		if (strlen(line) > 80)
			fail_msg("longer than 80 columns: %s", line);
	free(text);

	s.tracing = false;
	s.nr_modules = 0;
	s.scan_interval_ns = 0;
	s.search_error = "--scan-limit does not suffice";
	text = told(&s, status__text);
	assert_non_null(strstr(text, "none loaded: waiting for one"));
	assert_non_null(strstr(text, "only when told to"));
	assert_non_null(strstr(text, "failed: --scan-limit does not suffice"));
	assert_null(strstr(text, "since 20"));
	free(text);
}

static void status_for_programs(void **state)
{
	struct ledger_stats stats = { .findings = { 2, 17, 3 }, .outstanding = 47 };
	struct run_status s = a_status(&stats);
	char *text = told(&s, status__json);
	json_t *o = json_loads(text, 0, NULL);

	(void)state;
	assert_non_null(o);
	assert_int_equal(strcspn(text, "\n"), strlen(text) - 1);
	assert_string_equal(json_string_value(json_object_get(o, "event")), "status");
	assert_int_equal(json_integer_value(json_object_get(o, "pid")), 4123);
	assert_int_equal(json_array_size(json_object_get(o, "modules")), ARRAY_SIZE(modules));
	assert_string_equal(json_string_value(json_object_get(o, "following")), "ends");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "findings"), "definite")), 2);
	assert_int_equal(json_integer_value(json_object_get(o, "retracted")), 4);
	assert_int_equal(json_integer_value(json_object_get(o, "suppressed")), 6);
	assert_true(json_real_value(json_object_get(o, "scan_interval")) == 600.0);
	assert_int_equal(json_integer_value(json_object_get(o, "peak_bytes")), 12 << 20);
	assert_int_equal(json_integer_value(json_object_get(o, "stacks_left_out")), 77);
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "last_search"), "ms")), 213);
	assert_string_equal(json_string_value(json_object_get(o, "since")),
			    "2026-11-23T18:00:00.000000Z");
	json_decref(o);
	free(text);

	s.tracing = false;
	s.scan_interval_ns = 0;
	s.search_at = 0;
	text = told(&s, status__json);
	o = json_loads(text, 0, NULL);
	assert_non_null(o);
	assert_true(json_is_null(json_object_get(o, "since")));
	assert_true(json_is_null(json_object_get(o, "next_scan")));
	assert_true(json_is_null(json_object_get(o, "last_search")));
	json_decref(o);
	free(text);
}

static void own_cost(void **state)
{
	static const char text[] = "Name:\tx\nVmRSSx:\t7 kB\nVmRSS:\t    9304 kB\nmemlock:\t0\n";

	(void)state;
	assert_int_equal(self__field(text, "VmRSS"), 9304);
	assert_int_equal(self__field(text, "memlock"), 0);
	assert_int_equal(self__field(text, "Vm"), 0);
	assert_int_equal(self__field("", "VmRSS"), 0);
	assert_in_range(self__resident(), 1 << 20, 1ULL << 40);
	assert_int_equal(self__map_bytes(), 0);
	assert_true(self__peak() >= self__resident() - (1 << 20));
	assert_true(self__cpu_ns() > 0);
	/* Started after 2020 and not in the future, but for what the clocks' ticks leave open. */
	assert_in_range(self__started(), 1577836800 * SECOND,
			clock__now() + clock__offset() + SECOND / 10);
	assert_int_equal(self__ring_used(-1), 0);
}

static const struct CMUnitTest serve[] = {
	TEST("serve: requests are taken apart, and what is none is refused", requests),
	TEST("serve: what scan is to do", scan_arguments),
	TEST("serve: addresses as messages have them", addresses),
	TEST("serve: status lines", statuses),
	TEST("serve: findings are kept by their number, and cleared", kept_findings),
	TEST("serve: one line a minute in the log, and every finding counted", notices),
	TEST("serve: the status for people has 80 columns", status_for_people),
	TEST("serve: the status for programs is one object", status_for_programs),
	TEST("serve: what the process costs", own_cost),
};

UNIT_MAIN(serve)
