// SPDX-License-Identifier: GPL-2.0-only
/*
 * The metrics' text: every line of it is one that the format knows, each number is
 * where it belongs, and nothing of the kernel's memory comes through.
 */
#include "unit/unit.h"

#include <inttypes.h>
#include <regex.h>

#include "serve/metrics.h"
#include "version.h"

static const char *const modules[] = { "nfc", "nfc_digital", "nfcsim" };

static const struct ledger_stats stats = { .allocations = 1001,
					   .frees = 902,
					   .commands = 503,
					   .commands_live = 4,
					   .callbacks = 405,
					   .commands_failed = 6,
					   .dropped = 7,
					   .retracted = 28,
					   .missed_frees_healed = 9,
					   .missed_hooks = 10 };

static const struct run_status status = {
	.kernel = "6.12.117+deb12-amd64",
	.modules = modules,
	.nr_modules = ARRAY_SIZE(modules),
	.hooks = 31,
	.hooks_missing = 2,
	.tracing = true,
	.armed = true,
	.since = 1795456800250000000ULL,
	.stats = &stats,
	.findings = { .retracted = 8, .suppressed = 3 },
	.lost_events = 18446744073709551615ULL,
	.unseen = 12,
	.left_out = 13,
	.searches = 14,
	.search_ns = 213500000,
	.search_bytes = 17 << 20,
	.resident_bytes = 9 << 20,
	.peak_bytes = 11 << 20,
	.map_bytes = 7 << 20,
	.cpu_ns = 1500000000,
	.started = 1795456790000000000ULL,
	.ring_used = 96,
	.ring_bytes = 4 << 20,
	.book_entries = 16384,
};

static struct metrics some(void)
{
	struct metrics_callback *c;
	struct metrics m;

	metrics__init(&m, &status);
	c = metrics__callback(&m, NULL, true);
	c->outstanding = 20;
	c->outstanding_bytes = 2000;
	c = metrics__callback(&m, "digital_tg_recv_sensf_req", true);
	c->outstanding = 15;
	c->outstanding_bytes = 120;
	c->findings[RULE_CALLBACK_KEPT][CERTAINTY_DEFINITE] = (struct metrics_findings){ 11, 88 };
	c->findings[RULE_CALLBACK_KEPT][CERTAINTY_PROBABLE] = (struct metrics_findings){ 4, 32 };
	metrics__callback(&m, "rawsock_data_exchange_complete", true);
	c = metrics__callback(&m, "not_known_before", false);
	c->findings[RULE_OWNER_GONE][CERTAINTY_DEFINITE] = (struct metrics_findings){ 1, 64 };
	return m;
}

static char *printed(const struct metrics *m, enum metrics_format format)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	metrics__print(f, m, format);
	assert_int_equal(fclose(f), 0);
	return text;
}

/* A whole line. */
static void has(const char *text, const char *line)
{
	size_t len = strlen(line);

	for (const char *at = text; (at = strstr(at, line)); at++)
		if ((at == text || at[-1] == '\n') && at[len] == '\n')
			return;
	fail_msg("there is no line '%s' in:\n%s", line, text);
}

static void numbers(void **state)
{
	struct metrics m = some();
	char *text = printed(&m, METRICS_TEXT);

	(void)state;
	has(text, "nfcleakbpf_findings{rule=\"callback-kept\",certainty=\"definite\","
		  "callback=\"digital_tg_recv_sensf_req\"} 11");
	has(text, "nfcleakbpf_findings_bytes{rule=\"callback-kept\",certainty=\"probable\","
		  "callback=\"digital_tg_recv_sensf_req\"} 32");
	has(text, "nfcleakbpf_findings{rule=\"unreferenced\",certainty=\"possible\","
		  "callback=\"none\"} 0");
	has(text, "nfcleakbpf_findings{rule=\"owner-gone\",certainty=\"definite\","
		  "callback=\"other\"} 1");
	has(text, "nfcleakbpf_findings_suppressed 3");
	has(text, "nfcleakbpf_outstanding_allocations{callback=\"none\"} 20");
	has(text, "nfcleakbpf_outstanding_bytes{callback=\"digital_tg_recv_sensf_req\"} 120");
	has(text, "nfcleakbpf_outstanding_bytes{callback=\"rawsock_data_exchange_complete\"} 0");
	has(text, "nfcleakbpf_allocations_total 1001");
	has(text, "nfcleakbpf_frees_total 902");
	has(text, "nfcleakbpf_commands_total 503");
	has(text, "nfcleakbpf_commands_in_flight 4");
	has(text, "nfcleakbpf_callbacks_total 405");
	has(text, "nfcleakbpf_commands_failed_total 6");
	has(text, "nfcleakbpf_commands_dropped_total 7");
	has(text, "nfcleakbpf_retracted_total 8");
	has(text, "nfcleakbpf_healed_frees_total 9");
	has(text, "nfcleakbpf_missed_hooks_total 10");
	has(text, "nfcleakbpf_lost_events_total 18446744073709551615");
	has(text, "nfcleakbpf_unseen_allocations_total 12");
	has(text, "nfcleakbpf_stacks_left_out_total 13");
	has(text, "nfcleakbpf_searches_total 14");
	has(text, "nfcleakbpf_search_duration_seconds 0.213500");
	has(text, "nfcleakbpf_search_read_bytes 17825792");
	has(text, "nfcleakbpf_search_failed 0");
	has(text, "nfcleakbpf_hooks{state=\"attached\"} 31");
	has(text, "nfcleakbpf_hooks{state=\"missing\"} 2");
	has(text, "nfcleakbpf_modules 3");
	has(text, "nfcleakbpf_module_info{module=\"nfcsim\"} 1");
	has(text, "nfcleakbpf_tracing 1");
	has(text, "nfcleakbpf_armed 1");
	has(text, "nfcleakbpf_tracing_start_time_seconds 1795456800.250000");
	has(text, "nfcleakbpf_bpf_map_bytes 7340032");
	has(text, "nfcleakbpf_ring_buffer_used_bytes 96");
	has(text, "nfcleakbpf_ring_buffer_size_bytes 4194304");
	has(text, "nfcleakbpf_book_entries 16384");
	has(text, "nfcleakbpf_resident_memory_peak_bytes 11534336");
	has(text, "nfcleakbpf_build_info{version=\"" NFCLEAKBPF_VERSION "\"} 1");
	has(text, "nfcleakbpf_kernel_info{release=\"6.12.117+deb12-amd64\"} 1");
	has(text, "process_resident_memory_bytes 9437184");
	has(text, "process_start_time_seconds 1795456790.000000");
	has(text, "process_cpu_seconds_total 1.500000");
	free(text);
}

static void matches(const char *line, const char *pattern)
{
	regex_t r;

	assert_int_equal(regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&r, line, 0, NULL, 0))
		fail_msg("'%s' is not of the format", line);
	regfree(&r);
}

/* Each line by itself; what belongs together is promtool's to say (tests/dist). */
static void format(enum metrics_format f)
{
	struct metrics m = some();
	char *text = printed(&m, f), *line, *rest = text, *end = NULL;

	while ((line = strsep(&rest, "\n")) && rest) {
		assert_null(end);
		if (!strcmp(line, "# EOF"))
			end = line;
		else if (!strncmp(line, "# HELP", 6))
			matches(line, "^# HELP [a-z_]+ [^\\]+\\.$");
		else if (!strncmp(line, "# UNIT", 6))
			matches(line, "^# UNIT [a-z_]+_(bytes|seconds) (bytes|seconds)$");
		else if (!strncmp(line, "#", 1))
			matches(line, "^# TYPE [a-z_]+ (gauge|counter|info)$");
		else
			matches(line, "^(nfcleakbpf|process)_[a-z_]+"
				      "(\\{([a-z]+=\"[^\"\\]*\",?)+\\})? [0-9]+(\\.[0-9]+)?$");
	}
	assert_string_equal(line, "");
	assert_true(!end == (f == METRICS_TEXT));
	free(text);
}

static void formats(void **state)
{
	struct metrics m = some();
	char *text = printed(&m, METRICS_OPENMETRICS);

	(void)state;
	format(METRICS_TEXT);
	format(METRICS_OPENMETRICS);
	has(text, "# TYPE nfcleakbpf_lost_events counter");
	has(text, "# TYPE nfcleakbpf_build info");
	has(text, "# UNIT nfcleakbpf_outstanding_bytes bytes");
	free(text);
	text = printed(&m, METRICS_TEXT);
	has(text, "# TYPE nfcleakbpf_lost_events_total counter");
	has(text, "# TYPE nfcleakbpf_build_info gauge");
	assert_null(strstr(text, "UNIT"));
	free(text);
}

static unsigned lines_with(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

/* A page with one callback of that name, of which 15 allocations are outstanding. */
static char *named(const char *name)
{
	struct metrics m;

	metrics__init(&m, &status);
	metrics__callback(&m, name, true)->outstanding = 15;
	return printed(&m, METRICS_TEXT);
}

/* Names come from the kernel; whatever they are, they end no label and are no address. */
static void names(void **state)
{
	static const char *const bad[] = { "0xffffffffc0a51058", "ffff8b76013773e8",
					   "FFFFFFFFC0A51058", "", "deadbeef" };
	char long_one[1000], *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		text = named(bad[i]);
		has(text, "nfcleakbpf_outstanding_allocations{callback=\"unknown\"} 15");
		assert_true(!*bad[i] || !strstr(text, bad[i]));
		free(text);
	}
	text = named("a\"b\\c\nd\x80");
	has(text, "nfcleakbpf_outstanding_allocations{callback=\"a\\\"b\\\\c?d?\"} 15");
	free(text);
	memset(long_one, 'x', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	text = named(long_one);
	long_one[128] = '\0';
	assert_non_null(strstr(text, long_one));
	long_one[128] = 'x';
	long_one[129] = '\0';
	assert_null(strstr(text, long_one));
	free(text);
}

/* Static functions of two modules may have one name, and a series must be there once. */
static void equal_names(void **state)
{
	static const char *const pairs[][2] = {
		{ "send_complete", "send_complete" },
		{ "ffffffffc0a51058", "0xffffffffc0a51060" },
		{ "bell\a", "bell\x7f" },
		{ "none", NULL },
	};
	char wanted[300], *text;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		struct metrics_callback *c;
		struct metrics m;

		metrics__init(&m, &status);
		for (int n = 0; n < 2; n++) {
			c = metrics__callback(&m, pairs[i][n], true);
			c->outstanding += 10;
			c->findings[RULE_OWNER_GONE][CERTAINTY_DEFINITE].count++;
		}
		text = printed(&m, METRICS_TEXT);
		snprintf(wanted, sizeof(wanted),
			 "nfcleakbpf_outstanding_allocations{callback=\"%s\"} 20", c->label);
		has(text, wanted);
		snprintf(wanted, sizeof(wanted),
			 "nfcleakbpf_findings{rule=\"owner-gone\",certainty=\"definite\","
			 "callback=\"%s\"} 2",
			 c->label);
		has(text, wanted);
		free(text);
	}
}

/* The first have series of their own, all after them are "other", which may be a name. */
static void many_names(void **state)
{
	struct metrics m;
	char name[32], *text;

	(void)state;
	metrics__init(&m, &status);
	metrics__callback(&m, "other", true)->outstanding = 1;
	for (unsigned i = 0; i < METRICS_CALLBACKS + 10; i++) {
		snprintf(name, sizeof(name), "callback_%u", i);
		metrics__callback(&m, name, true)->outstanding = 1;
	}
	metrics__callback(&m, "callback_3", false)->outstanding++;
	metrics__callback(&m, name, false)->outstanding = 10;
	text = printed(&m, METRICS_TEXT);
	assert_int_equal(lines_with(text, "nfcleakbpf_outstanding_allocations{"),
			 METRICS_CALLBACKS + 2);
	has(text, "nfcleakbpf_outstanding_allocations{callback=\"callback_3\"} 2");
	has(text, "nfcleakbpf_outstanding_allocations{callback=\"other\"} 10");
	free(text);
}

static void nothing_yet(void **state)
{
	static const struct ledger_stats none;
	static const struct run_status waiting = {
		.kernel = "6.1", .stats = &none, .since = 17, .search_error = "no"
	};
	struct metrics m;
	char *text;

	(void)state;
	metrics__init(&m, &waiting);
	text = printed(&m, METRICS_OPENMETRICS);
	has(text, "nfcleakbpf_tracing 0");
	has(text, "nfcleakbpf_armed 0");
	has(text, "nfcleakbpf_tracing_start_time_seconds 0.000000");
	has(text, "nfcleakbpf_search_failed 1");
	has(text, "nfcleakbpf_outstanding_bytes{callback=\"none\"} 0");
	assert_null(strstr(text, "module_info"));
	assert_null(strstr(text, "callback=\"other\""));
	free(text);
}

static void negotiated(void **state)
{
	static const struct {
		const char *accept;
		enum metrics_format format;
	} cases[] = {
		{ NULL, METRICS_TEXT },
		{ "", METRICS_TEXT },
		{ "*/*", METRICS_TEXT },
		{ "text/html,application/xhtml+xml,*/*;q=0.8", METRICS_TEXT },
		{ "application/openmetrics-text", METRICS_OPENMETRICS },
		{ "application/openmetrics-text; version=1.0.0; charset=utf-8",
		  METRICS_OPENMETRICS },
		{ "APPLICATION/OpenMetrics-Text;Version=1.0.0", METRICS_OPENMETRICS },
		{ "application/openmetrics-text;version=0.0.1", METRICS_TEXT },
		{ "application/openmetrics-text;version=1.0.01", METRICS_TEXT },
		{ "application/openmetrics-text;q=0", METRICS_TEXT },
		{ "application/openmetrics-text;q=0.5,text/plain;q=0.6", METRICS_TEXT },
		{ "text/plain;q=0.5,application/openmetrics-text;q=0.6", METRICS_OPENMETRICS },
		{ "application/openmetrics-textual", METRICS_TEXT },
		/* Prometheus 2.42 and 3 */
		{ "application/openmetrics-text;version=1.0.0,application/openmetrics-text;"
		  "version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
		  METRICS_OPENMETRICS },
		{ "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
		  "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;"
		  "escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
		  METRICS_OPENMETRICS },
		{ ",,;;q,;q=;,application/openmetrics-text;;q=x", METRICS_OPENMETRICS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (metrics__negotiate(cases[i].accept) != cases[i].format)
			fail_msg("Accept: %s", cases[i].accept);
	assert_non_null(strstr(metrics__content_type(METRICS_OPENMETRICS),
			       "application/openmetrics-text; version=1.0.0; charset=utf-8"));
	assert_non_null(strstr(metrics__content_type(METRICS_TEXT), "version=0.0.4"));
}

/* Whatever a header is, looking at it stays within it: the sanitizer sees the rest. */
static void rubbish(void **state)
{
	static const char *const pieces[] = { "application/openmetrics-text",
					      "text/plain",
					      ";",
					      ",",
					      "q=",
					      "version=",
					      "1.0.0",
					      " ",
					      "0.5",
					      "\"" };
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		char text[400] = "", *exact;

		for (uint32_t n = next_random(&seed) % 12; n; n--)
			strcat(text, pieces[next_random(&seed) % ARRAY_SIZE(pieces)]);
		exact = strdup(text);
		assert_non_null(exact);
		metrics__negotiate(exact);
		free(exact);
	}
}

/* For promtool: the page on standard output. */
static int print_page(const char *how)
{
	struct metrics m = some();

	metrics__print(stdout, &m,
		       strcmp(how, "--openmetrics") != 0 ? METRICS_TEXT : METRICS_OPENMETRICS);
	return 0;
}

static const struct CMUnitTest metrics[] = {
	TEST("metrics: every number is where it belongs", numbers),
	TEST("metrics: both formats, line by line", formats),
	TEST("metrics: a name ends no label and is no address", names),
	TEST("metrics: what is printed alike is one series", equal_names),
	TEST("metrics: as many series as there is room for, the rest is other", many_names),
	TEST("metrics: a run that waits for a module", nothing_yet),
	TEST("metrics: which format a client wants", negotiated),
	TEST("metrics: rubbish for an Accept header", rubbish),
};

int main(int argc, char **argv)
{
	if (argc > 1)
		return print_page(argv[1]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return end_of_tests(cmocka_run_group_tests(metrics, NULL, NULL));
}
