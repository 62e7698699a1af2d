// SPDX-License-Identifier: GPL-2.0-only
/*
 * The HTML report: what it must contain without any script, what no name may
 * do to it, and, in a real browser, that it can be used with the keyboard, in a
 * narrow window, without a complaint on the console (html_test.js).
 */
#include "unit/unit.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>

#include "report/model.h"
#include "unit/scene.h"

static const struct scene none = { .rounds = 3, .noise = 4 };
static const struct scene one = { .sites = 1, .rounds = 15, .noise = 2, .definite = true };
static const struct scene many = { .sites = 50, .rounds = 12, .noise = 8, .definite = true };
static const struct scene hostile = {
	.sites = 5, .rounds = 4, .noise = 8, .hostile = true, .degraded = true
};
static const struct scene late = {
	.sites = 2, .rounds = 3, .late = true, .degraded = true, .healed = true
};

static const struct scene suppressed = { .sites = 1, .rounds = 15, .suppressed = "leak:nfcf\n" };

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

static void says(const char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("the report does not say: %s", what);
}

static void says_not(const char *text, const char *what)
{
	if (strstr(text, what))
		fail_msg("the report says: %.200s", strstr(text, what));
}

/* What a reader without JavaScript sees: the page without its scripts. */
static char *without_scripts(const struct scene *s)
{
	char *text = scene__text(s, &report_html, NULL), *at = text, *end;

	while ((at = strstr(at, "<script"))) {
		end = strstr(at, "</script>");
		assert_non_null(end);
		memmove(at, end + 9, strlen(end + 9) + 1);
	}
	return text;
}

static void readable_without_scripts(void **state)
{
	char *text = without_scripts(&one);

	(void)state;
	says(text, "<title>120 bytes leaked at 1 site - nfcleakbpf</title>");
	says(text, "<em>120 bytes leaked</em> in 15 allocations at 1 site</h1>");
	says(text, "on Linux 6.12.117+deb12-amd64 from ");
	says(text, "2026-11-23 16:00:00 UTC");
	says(text, "<code>nfc_digital</code>");
	says(text, "<code>digital_tg_recv_sensf_req</code> returned without releasing its user "
		   "argument");
	says(text, "8 bytes in <code>digital_tg_listen_nfcf+0x58</code> of nfc_digital, by "
		   "kworker/1:1 (pid 46)");
	says(text, "as the user argument of a <code>TG_LISTEN</code> command on nfc0, by "
		   "<code>digital_send_cmd</code>");
	says(text, "to <code>digital_tg_recv_sensf_req</code>, which owns it from there on");
	says(text, "the same happened 14 more times");
	says(text, "<li class=\"here\">digital_tg_listen_nfcf+0x58/0x1f0 [nfc_digital]</li>");
	says(text, "<i>00</i>  4e 46 43 3c 94 b9 de 03  <span>NFC&lt;....</span>");
	says(text, "All 15 allocations of this site");
	says(text, "<noscript>");
	assert_int_equal(count(text, "class=\"site\""), 1);
	says_not(text, "{{");
	says_not(text, "(null)");
	free(text);
}

static void nothing_found(void **state)
{
	const struct scene empty = { .no_start = true, .no_taps = true };
	char *text = without_scripts(&none);

	(void)state;
	says(text, "<title>No leaks found - nfcleakbpf</title>");
	says(text, "<em>No leaks found</em>");
	says_not(text, "class=\"site\"");
	says_not(text, "class=\"notices\"");
	free(text);
	text = without_scripts(&empty);
	says(text, "<em>No leaks found</em>");
	says_not(text, "(null)");
	says_not(text, "1970-");
	free(text);
}

static void tells_what_weakens_it(void **state)
{
	char *text = without_scripts(&late);

	(void)state;
	says(text, "degraded: a hook did not run.");
	says(text, "<b>2</b> times a hook did not run.");
	says(text, "<b>1</b> free was missed, and noticed since.");
	says(text, "<b>3</b> allocations are without their stacks: events came too fast.");
	says(text, "<b>callback-overdue:</b> a command for <code>digital_in_recv_sdd_res</code>");
	says(text, "<h2>Taken back</h2>");
	says(text, "1 was not:");
	says(text, "lost: skbs freed by calling <code>__kfree_skb()</code>");
	free(text);
	text = without_scripts(&suppressed);
	says(text, "<b>15</b> findings with 120 bytes suppressed.");
	says(text, "<em>No leaks found</em>");
	free(text);
	text = without_scripts(&one);
	says_not(text, "Taken back</h2>");
	says_not(text, "class=\"notices\"");
	free(text);
}

static void long_lists_are_cut_and_say_so(void **state)
{
	const struct scene s = { .sites = 210, .rounds = 1 };
	const struct scene rows = { .sites = 1, .rounds = 130 };
	char *text = without_scripts(&s);

	(void)state;
	assert_int_equal(count(text, "class=\"site\""), 200);
	says(text, "<b>10</b> more sites, smaller than these, are left out here");
	free(text);
	text = without_scripts(&rows);
	says(text, "All 130 allocations of this site");
	says(text, "The oldest 100 are listed, 30 are not.");
	free(text);
}

/* One finding of each rule: the steps tell what went wrong. */
static void each_rule_in_words(void **state)
{
	static const struct {
		enum rule rule;
		enum kind kind;
		const char *words[4];
	} cases[] = {
		{ RULE_CALLBACK_KEPT,
		  KIND_RESPONSE,
		  { "<code>the_callback</code> returned without releasing its response",
		    "as the response to an <code>IN_SEND</code> command",
		    "<b>Delivered</b> <span>to <code>the_callback</code>", "<b>Returned</b>" } },
		{ RULE_COMMAND_DROPPED,
		  KIND_PARAMS,
		  { "was dropped without calling it, and its params not released",
		    "as the params of an <code>IN_SEND</code> command", "<b>Dropped</b>",
		    "<code>the_callback</code> never ran" } },
		{ RULE_SUBMIT_FAILED,
		  KIND_REQUEST,
		  { "nobody released the request", "<b>Refused</b>",
		    "<code>digital_send_cmd</code> returned an error", "<b>Queued</b>" } },
		{ RULE_OWNER_GONE,
		  KIND_SKB,
		  { "a device or module is gone, and its skb not released", "<b>Orphaned</b>",
		    "its device or module", "left it behind" } },
		{ RULE_UNREFERENCED,
		  KIND_COMMAND,
		  { "nothing refers to this command any more", "as an <code>IN_SEND</code> command",
		    "<b>Lost</b>", "found nothing that refers to it" } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ledger_config config = { 0 };
		struct ledger_ops ops = { 0 };
		struct ledger *ledger = ledger__new(&config, &ops, NULL);
		struct report_end end = { .ledger = ledger, .seconds = 1 };
		struct allocation a = { .id = 1,
					.size = 8,
					.rule = cases[i].rule,
					.kind = cases[i].kind,
					.certainty = CERTAINTY_PROBABLE };
		struct report_leak l = { .a = &a,
					 .now = SCENE_WALL,
					 .moment = SCENE_WALL,
					 .callback = "the_callback",
					 .command = "IN_SEND",
					 .submit = "digital_send_cmd" };
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		struct report *r = report_html.open(out, NULL, false);

		report_html.leak(r, &l);
		report_html.end(r, &end);
		report_html.close(r);
		fclose(out);
		for (size_t k = 0; k < 4; k++)
			says(text, cases[i].words[k]);
		says(text, "No stack could be taken.");
		says(text, "Could not be read.");
		says_not(text, "(null)");
		free(text);
		ledger__free(ledger);
	}
}

/* The data that the script draws. */
static json_t *data_of(const char *text)
{
	static const char mark[] = "<script type=\"application/json\" id=\"data\">";
	const char *at = strstr(text, mark), *end;
	json_error_t error;
	json_t *data;

	assert_non_null(at);
	at += sizeof(mark) - 1;
	end = strstr(at, "</script>");
	assert_non_null(end);
	assert_null(memchr(at, '<', (size_t)(end - at)));
	assert_null(memchr(at, '>', (size_t)(end - at)));
	assert_null(memchr(at, '&', (size_t)(end - at)));
	data = json_loadb(at, (size_t)(end - at), JSON_REJECT_DUPLICATES, &error);
	if (!data)
		fail_msg("%s", error.text);
	return data;
}

static void names_stay_text(void **state)
{
	char *text = scene__text(&hostile, &report_html, NULL);
	const char *name;
	json_t *data;

	(void)state;
	/* the template's own, and nobody else's */
	assert_int_equal(count(text, "<script"), 2);
	assert_int_equal(count(text, "</script>"), 2);
	says_not(text, "<img");
	says(text,
	     "&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;;?[31m? ?]]&gt;");
	data = data_of(text);
	name = json_string_value(
		json_object_get(json_array_get(json_object_get(data, "sites"), 0), "callback"));
	assert_non_null(name);
	says(name, "</script><img src=x onerror=alert(1)>\"'&;?[31m? ?]]>");
	json_decref(data);
	free(text);
}

static void data_adds_up(void **state)
{
	char *text = scene__text(&many, &report_html, NULL);
	json_int_t bytes = 0, allocations = 0;
	json_t *data = data_of(text), *item;
	struct scene_sum sum;
	size_t i;

	(void)state;
	assert_int_equal(scene__render(&many, &report_model, stdout, &sum, NULL), 0);
	json_array_foreach(json_object_get(data, "sites"), i, item) bytes +=
		json_integer_value(json_object_get(item, "bytes"));
	json_array_foreach(json_object_get(data, "histograms"), i, item) allocations +=
		json_integer_value(json_object_get(item, "allocations"));
	assert_int_equal(bytes, sum.leaked_bytes);
	assert_int_equal(allocations, sum.stats.allocations);
	json_decref(data);
	free(text);
}

/* It may be read where there is no network, and must not ask for any. */
static void loads_nothing(void **state)
{
	char *text = scene__text(&many, &report_html, NULL);

	(void)state;
	says(text, "default-src 'none'");
	says_not(text, "https://");
	says_not(text, "@import");
	says_not(text, "url(");
	/* the name of a namespace, never fetched */
	assert_int_equal(count(text, "http://"), count(text, "http://www.w3.org/2000/svg"));
	free(text);
}

/* ---- in a browser ---- */

static const struct {
	const char *name;
	const struct scene *scene;
	unsigned sites;
} pages[] = {
	{ "none", &none, 0 },	    { "one", &one, 1 },	  { "many", &many, 50 },
	{ "hostile", &hostile, 5 }, { "late", &late, 2 },
};

static FILE *file_in(const char *dir, const char *name)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	return f;
}

static void write_pages(const char *dir)
{
	static const unsigned widths[] = { 360, 1280 };
	FILE *index = file_in(dir, "index.html"), *script = fopen("tests/unit/html_test.js", "r");
	char name[64], line[1024];

	assert_non_null(script);
	fputs("<!doctype html><meta charset=utf-8><pre id=result>no result</pre>", index);
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		FILE *f;

		snprintf(name, sizeof(name), "%s.html", pages[i].name);
		f = file_in(dir, name);
		assert_int_equal(scene__render(pages[i].scene, &report_html, f, NULL, NULL), 0);
		fclose(f);
		for (size_t w = 0; w < ARRAY_SIZE(widths); w++)
			fprintf(index,
				"<iframe src=%s width=%u height=900 frameborder=0 data-name=%s "
				"data-sites=%u></iframe>\n",
				name, widths[w], pages[i].name, pages[i].sites);
	}
	fputs("<script>\n", index);
	while (fgets(line, sizeof(line), script))
		fputs(line, index);
	fputs("</script>\n", index);
	fclose(script);
	fclose(index);
}

static void in_a_browser(void **state)
{
	char dir[] = "/tmp/nlb-html-XXXXXX", command[1024], line[4096], result[16384] = "";
	bool within = false;
	FILE *pipe;

	(void)state;
	if (system("command -v chromium >/dev/null") != 0) /* NOLINT(cert-env33-c) */
		fail_msg("chromium is missing; install it with: apt-get install chromium   "
			 "(or: make deps)");
	assert_non_null(mkdtemp(dir));
	write_pages(dir);
	snprintf(command, sizeof(command),
		 "HOME=%s timeout 120 chromium --headless=new --no-sandbox --disable-gpu "
		 "--disable-dev-shm-usage --no-first-run --disable-extensions "
		 "--disable-background-networking --allow-file-access-from-files "
		 "--user-data-dir=%s/profile --enable-logging=stderr --virtual-time-budget=8000 "
		 "--dump-dom file://%s/index.html 2>%s/log",
		 dir, dir, dir, dir);
	pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe)) {
		const char *start = strstr(line, "<pre id=\"result\">");

		within |= start != NULL;
		if (within && strlen(result) + strlen(line) < sizeof(result))
			strcat(result, start ? start + 17 : line);
		within &= !strstr(line, "</pre>");
	}
	assert_int_equal(pclose(pipe), 0);
	if (!strstr(result, " 0 complaints"))
		fail_msg("%s", *result ? result : "chromium said nothing");
	print_message("# %.*s\n", (int)strcspn(result, "\n"), result);
	snprintf(command, sizeof(command), "grep CONSOLE %s/log", dir);
	pipe = popen(command, "r"); /* NOLINT(cert-env33-c) */
	assert_non_null(pipe);
	if (fgets(line, sizeof(line), pipe))
		fail_msg("on the console: %s", line);
	pclose(pipe);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	assert_int_equal(system(command), 0); /* NOLINT(cert-env33-c) */
}

static const struct CMUnitTest html_tests[] = {
	TEST("html: the summary and the sites are there without any script",
	     readable_without_scripts),
	TEST("html: a report without findings", nothing_found),
	TEST("html: each rule in words, without stack and bytes", each_rule_in_words),
	TEST("html: it tells what weakens it, and what was taken back", tells_what_weakens_it),
	TEST("html: long lists are cut, and say so", long_lists_are_cut_and_say_so),
	TEST("html: no name becomes markup or script", names_stay_text),
	TEST("html: the data of its pictures is the ledger's", data_adds_up),
	TEST("html: it loads nothing", loads_nothing),
	TEST("html: in a browser, narrow and wide, with the keyboard", in_a_browser),
};

UNIT_MAIN(html_tests)
