// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replays recordings (script.h) and checks what they expect.
 *
 * Before it trusts its own silence it makes sure that a wrong expectation and a
 * line it does not understand are noticed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "replay/script.h"

static unsigned tests, failures;

static void result(bool ok, const char *text, const char *more)
{
	printf("%s %u - %s%s%s\n", ok ? "ok" : "not ok", ++tests, text, *more ? ": " : "", more);
	failures += !ok;
}

/* Does this script fail, with that complaint? */
static void must_fail(const char *what, const char *lines, const char *complaint)
{
	struct player p = { 0 };
	char *text = NULL, *said = NULL;
	struct script *s;
	size_t size = 0;
	FILE *out = open_memstream(&said, &size);
	int failed = 1;

	if (!out || asprintf(&text, "# a test\n%s", lines) < 0)
		abort();
	s = script__parse("self", text, out);
	if (s) {
		failed = script__run(s, &p, out);
		player__stop(&p);
	}
	script__free(s);
	fclose(out);
	result(failed > 0 && strstr(said, complaint), "the reader notices", what);
	if (failed <= 0 || !strstr(said, complaint))
		printf("# seen: %s\n", said);
	free(text);
	free(said);
}

static void self_test(void)
{
	static const char leak[] =
		"0.1 enter tid=1 in=digital_wq_poll outermost\n"
		"0.1 alloc tid=1 addr=a size=8 in=digital_tg_listen_nfcf\n"
		"0.1 submit tid=1 dev=d arg=a req=null cb=digital_tg_recv_sensf_req type=TG_LISTEN\n"
		"0.1 alloc tid=1 addr=c size=80 in=digital_send_cmd\n"
		"0.1 return tid=1 ret=0\n"
		"0.1 leave tid=1 in=digital_wq_poll\n"
		"0.2 free tid=1 addr=c in=digital_wq_cmd_complete\n"
		"tick 2\n";
	char lines[2048];

	must_fail("a leak that is not there", "expect leak addr=a\n",
		  "self:2: at 0.000 s expected");
	snprintf(lines, sizeof(lines), "%sexpect nothing\n", leak);
	must_fail("a leak that should not be there", lines, "self:10: at 2.000 s expected nothing");
	snprintf(lines, sizeof(lines), "%sexpect leak addr=a rule=submit-failed\n", leak);
	must_fail("the wrong rule", lines, "seen callback-kept");
	snprintf(lines, sizeof(lines), "%sexpect leak addr=a callback=digital_x size=9\n", leak);
	must_fail("the wrong size", lines, "expected size=9, seen 8");
	snprintf(lines, sizeof(lines), "%sexpect leak addr=a within=0.5\n", leak);
	must_fail("an alert that is late", lines, "seen after 1.000 s");
	snprintf(lines, sizeof(lines), "%sexpect retracted addr=a\n", leak);
	must_fail("a leak that was not retracted", lines, "seen a leak");
	must_fail("a wrong count", "expect leaks 1\n", "expected 1 leaks, seen 0");
	must_fail("a wrong statistic", "expect stat commands=1\n", "expected commands=1, seen 0");
	must_fail("an unknown statistic", "expect stat comands=1\n", "no statistic 'comands'");
	must_fail("a wrong histogram", "expect histogram cb=none bytes=1\n", "expected bytes=1");
	must_fail("an unknown event", "1.0 aloc tid=1\nexpect nothing\n",
		  "self:2: 'aloc' is no event");
	must_fail("an unknown key", "1.0 free addr=a ret=1\nexpect nothing\n",
		  "'ret' is not understood");
	must_fail("a missing address", "1.0 free tid=1\nexpect nothing\n", "addr= is missing");
	must_fail("time going backwards", "1.0 free addr=a\n0.5 free addr=a\nexpect nothing\n",
		  "backwards");
	must_fail("a script without expectations", "tick 1\n", "nothing is expected");
}

static void replay(const char *path)
{
	struct player p = { 0 };
	struct script *s = script__read(path, stdout);
	const char *name = strrchr(path, '/');
	int failed = 1;

	if (s) {
		failed = script__run(s, &p, stdout);
		player__stop(&p);
	}
	result(!failed, name ? name + 1 : path, s ? script__title(s) : "");
	script__free(s);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE.replay...\n", argv[0]);
		return 2;
	}
	self_test();
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("1..%u\n", tests);
	return failures != 0;
}
