// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full-screen view without a screen: at every size a picture that is whole,
 * whatever names and numbers there are, and what every key does.
 */
#include "unit/unit.h"

#include <locale.h>
#include <wchar.h>

#include "top/figures.h"
#include "top/lines.h"
#include "top/view.h"

#define ROWS_MAX  10000
#define EPOCH	  1700000000000000000ULL /* 2023-11-14T22:13:20Z */
#define LONG_NAME 600

static struct view *view;
static struct canvas canvas;
static struct snapshot snapshot;
static struct callback_row rows[ROWS_MAX];
static struct site_row sites[40];
static struct command_row commands[40];
static struct alert_row alerts[SNAPSHOT_ALERTS];
static char names[ROWS_MAX][40];
static char line[CANVAS_MAX * 4 + 1];

static int setup(void **state)
{
	(void)state;
	view = view__new();
	memset(&canvas, 0, sizeof(canvas));
	memset(&snapshot, 0, sizeof(snapshot));
	memset(rows, 0, sizeof(rows));
	memset(sites, 0, sizeof(sites));
	memset(commands, 0, sizeof(commands));
	memset(alerts, 0, sizeof(alerts));
	canvas.utf8 = true;
	snapshot.state = SNAPSHOT_TRACING;
	snapshot.time = EPOCH;
	snapshot.callbacks = rows;
	snapshot.sites = sites;
	snapshot.commands = commands;
	snapshot.alerts = alerts;
	strcpy(snapshot.kernel, "6.12.63-test");
	return view ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	view__free(view);
	canvas__free(&canvas);
	return 0;
}

/* ---- a world ---- */

static struct callback_row *add_row(const char *name, uint64_t bytes)
{
	struct callback_row *row = &rows[snapshot.nr_callbacks++];

	row->callback = (uint32_t)snapshot.nr_callbacks;
	row->name = name;
	row->allocations = bytes + 2;
	row->freed = 2;
	row->outstanding = bytes / 8;
	row->outstanding_bytes = bytes;
	row->nr_history = SNAPSHOT_HISTORY;
	for (size_t i = 0; i < SNAPSHOT_HISTORY; i++)
		row->history[i] = bytes * i / SNAPSHOT_HISTORY;
	return row;
}

static struct site_row *add_site(uint32_t callback, const char *sentence, uint64_t count)
{
	static struct stack_frame frames[] = {
		{ 1, 1, 0x3b, (char *)"digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]" },
		{ 2, 2, 0x70, (char *)"digital_wq_poll+0x70/0x100 [nfc_digital]" },
	};
	static const struct stack stack = { .depth = 2, .frames = frames };
	struct site_row *s = &sites[snapshot.nr_sites++];

	*s = (struct site_row){ .callback = callback,
				.rule = RULE_CALLBACK_KEPT,
				.sentence = sentence,
				.carried = "carried by TG_LISTEN on nfc0",
				.function = "digital_tg_listen_nfcf",
				.stack = &stack,
				.count = count,
				.bytes = count * 8,
				.leaks = { 0, count - 1, 1 },
				.first = EPOCH,
				.latest = EPOCH + 61000000000ULL,
				.addr = 0xffff888010000040ULL,
				.size = 8,
				.comm = "kworker/0:1",
				.tid = 41,
				.contents = { 'N', 'F', 'C', 0x1b, 0x9b, 0xff, ' ', 'x' },
				.nr_contents = 8 };
	for (size_t i = 0; i < snapshot.nr_callbacks; i++) {
		if (rows[i].callback != callback)
			continue;
		rows[i].leaks[CERTAINTY_DEFINITE]++;
		rows[i].leaks[CERTAINTY_PROBABLE] += count - 1;
		rows[i].leaked_bytes += count * 8;
	}
	return s;
}

static void add_alert(enum alert_kind kind, uint32_t callback, const char *text)
{
	struct alert_row *a = &alerts[snapshot.nr_alerts++];

	a->id = SNAPSHOT_ALERTS - snapshot.nr_alerts + 1; /* the latest is first */
	a->time = EPOCH;
	a->kind = kind;
	a->of_site = callback;
	a->callback = callback;
	snprintf(a->text, sizeof(a->text), "%s", text);
}

static void add_command(const char *callback)
{
	struct command_row *c = &commands[snapshot.nr_commands++];

	strcpy(c->type, "TG_LISTEN");
	strcpy(c->device, "nfc0");
	c->callback = callback;
	c->age_ns = 1500000000;
	c->timeout_ms = 300;
	c->overdue = snapshot.nr_commands == 1;
	snapshot.stats.commands_live++;
}

/* The reference case among others. */
static void small_world(void)
{
	struct callback_row *row = add_row("digital_tg_recv_sensf_req", 120);

	row->size_log2[3] = 15;
	row->size_log2[6] = 15;
	row->lifetime_us_log2[18] = 14;
	add_row("digital_in_recv_sens_res", 904);
	add_row("digital_in_recv_sdd_res", 0);
	add_site(1,
		 "digital_tg_recv_sensf_req returned without releasing its user argument: 8 "
		 "bytes from digital_tg_listen_nfcf+0x3b",
		 15);
	add_alert(ALERT_DEFINITE, 1,
		  "digital_tg_recv_sensf_req returned without releasing its user argument: 8 "
		  "bytes from digital_tg_listen_nfcf+0x3b, 15 so far (1 definite)");
	add_alert(ALERT_MESSAGE, 0, "module nfcsim was loaded; it is traced from here on");
	add_command("digital_tg_recv_sensf_req");
	snapshot.stats.findings[CERTAINTY_DEFINITE] = 1;
	snapshot.stats.findings[CERTAINTY_PROBABLE] = 14;
}

/* Everything at its most. */
static void large_world(void)
{
	static char long_name[LONG_NAME + 1], wide_name[LONG_NAME * 3 + 1];

	memset(long_name, 'n', LONG_NAME);
	for (size_t i = 0; i < LONG_NAME; i++)
		memcpy(wide_name + 3 * i, "\xe6\xbc\xa2", 3); /* two columns each */
	while (snapshot.nr_callbacks < ROWS_MAX) {
		size_t i = snapshot.nr_callbacks;

		snprintf(names[i], sizeof(names[i]), "callback_%zu", i);
		add_row(i == 0 ? long_name : i == 1 ? wide_name : names[i], i * 1000);
	}
	rows[2].name = "\x1b[31mred\x9b\xff\xc3\x28 \xe2\x82";
	rows[3].outstanding_bytes = rows[3].allocations = rows[3].history[7] = UINT64_MAX;
	rows[3].rate = 1e30;
	rows[4].rate = -1e30;
	rows[5].name = "";
	rows[6].name = "e\xcc\x81 combining";
	for (uint32_t i = 0; i < 40; i++)
		add_site(i / 8 + 1, i % 2 ? long_name : wide_name, UINT64_MAX / 16);
	for (size_t i = 0; i < 40; i++)
		add_command(i % 2 ? wide_name : NULL);
	while (snapshot.nr_alerts < SNAPSHOT_ALERTS)
		add_alert(snapshot.nr_alerts % 5, (uint32_t)snapshot.nr_alerts % 9,
			  snapshot.nr_alerts % 2 ? wide_name : long_name);
	memset(snapshot.modules, 'm', sizeof(snapshot.modules) - 1);
	memset(&snapshot.stats, 0xff, sizeof(snapshot.stats));
	snapshot.lost_events = snapshot.missed_hooks = snapshot.unseen = UINT64_MAX;
	snapshot.seconds = 1e9;
}

/* ---- looking ---- */

static void draw(int width, int height)
{
	assert_int_equal(canvas__resize(&canvas, width, height), 0);
	view__draw(view, &snapshot, &canvas);
}

/* A line of the picture, as text. */
static const char *line_at(int y)
{
	const struct cell *row = &canvas.cells[(size_t)y * (size_t)canvas.width];
	size_t n = 0;

	for (int x = 0; x < canvas.width; x++) {
		mbstate_t state = { 0 };

		if (row[x].ch)
			n += wcrtomb(line + n, row[x].ch, &state);
	}
	line[n] = '\0';
	return line;
}

static int line_of(const char *text)
{
	for (int y = 0; y < canvas.height; y++)
		if (strstr(line_at(y), text))
			return y;
	return -1;
}

static bool sees(const char *text)
{
	return line_of(text) >= 0;
}

static bool selected(int y)
{
	return canvas.cells[(size_t)y * (size_t)canvas.width].style & STYLE_SELECTED;
}

static const char *selected_line(void)
{
	for (int y = 1; y < canvas.height; y++)
		if (selected(y))
			return line_at(y);
	return "";
}

static void key(uint32_t k)
{
	assert_int_equal(view__key(view, &snapshot, k), VIEW_STAY);
}

static void type(const char *text)
{
	while (*text)
		key((unsigned char)*text++);
}

/* No control character, no half of a wide one, every style known. */
static void check_whole(void)
{
	for (int y = 0; y < canvas.height; y++) {
		const struct cell *row = &canvas.cells[(size_t)y * (size_t)canvas.width];
		int columns = 0;

		for (int x = 0; x < canvas.width; x++) {
			int width = row[x].ch ? wcwidth(row[x].ch) : 0;

			assert_true((row[x].style & (STYLE_SELECTED - 1)) < NR_STYLES);
			assert_true(!row[x].ch || row[x].ch >= L' ');
			if (!canvas.utf8)
				assert_true(row[x].ch > 0 && row[x].ch < 0x7f);
			assert_true(row[x].ch || (x && wcwidth(row[x - 1].ch) == 2));
			columns += width;
		}
		assert_int_equal(columns, canvas.width);
	}
}

/* ---- any size, anything in it ---- */

static void check_sizes(size_t step)
{
	static const uint32_t keys[] = { VIEW_KEY_OTHER,
					 'G',
					 VIEW_KEY_TAB,
					 'G',
					 VIEW_KEY_TAB,
					 'G',
					 VIEW_KEY_ENTER,
					 'G',
					 'j',
					 '?',
					 'G',
					 '?',
					 'q',
					 '/',
					 'x' };
	static const int widths[] = { 1,  2,  3,  4,  5,  7,  9,   10,	12,  15,  19,  20, 21,
				      30, 39, 40, 60, 79, 80, 100, 129, 130, 131, 200, 300 };
	static const int heights[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 16, 23, 24, 40, 60, 100 };

	for (size_t k = 0; k < ARRAY_SIZE(keys); k++) {
		view__key(view, &snapshot, keys[k]);
		for (size_t w = 0; w < ARRAY_SIZE(widths); w++) {
			for (size_t h = (w + k) % step; h < ARRAY_SIZE(heights); h += step) {
				draw(widths[w], heights[h]);
				check_whole();
			}
		}
	}
}

static void no_rows(void **state)
{
	(void)state;
	check_sizes(3);
}

static void few_rows(void **state)
{
	(void)state;
	small_world();
	check_sizes(3);
}

static void many_rows(void **state)
{
	(void)state;
	large_world();
	/* Ten thousand rows are sorted each time: not all sizes with all keys. */
	check_sizes(14);
}

static void many_rows_in_ascii(void **state)
{
	(void)state;
	canvas.utf8 = false;
	large_world();
	/* Ten thousand rows are sorted each time: not all sizes with all keys. */
	check_sizes(14);
}

static void no_size(void **state)
{
	(void)state;
	small_world();
	draw(0, 0);
	draw(-5, 10);
	draw(10, -5);
	draw(100000, 1);
	assert_int_equal(canvas.width, CANVAS_MAX);
	check_whole();
}

/* ---- what is there ---- */

static void usual_terminal(void **state)
{
	(void)state;
	small_world();
	draw(80, 24);
	assert_non_null(strstr(line_at(0), "6.12.63-test"));
	assert_non_null(strstr(line_at(2), "leaks 1 definite 14 probable"));
	/* By bytes, names in full, the leaks at their callback. */
	assert_true(sees("BYTES\u25bc"));
	assert_int_equal(line_of("digital_in_recv_sens_res"), 4);
	assert_int_equal(line_of("digital_tg_recv_sensf_req"), 5);
	assert_non_null(strstr(line_at(5), "1   14"));
	assert_true(sees("COMMANDS IN FLIGHT 1"));
	assert_true(sees("TG_LISTEN      nfc0   1.5 s of 0.3 s  overdue"));
	assert_true(sees("22:13:20 digital_tg_recv_sensf_req returned without releasing"));
	assert_true(sees("module nfcsim was loaded"));
	assert_non_null(strstr(line_at(23), "q quit"));
	assert_true(selected(4));
	assert_false(selected(5));
}

static void sparkline(void **state)
{
	(void)state;
	small_world();
	rows[0].nr_history = 6; /* six seconds are one column of eleven */
	draw(80, 24);
	assert_non_null(strstr(line_at(5), "          \u2588  "));
	assert_non_null(
		strstr(line_at(4),
		       " \u2581\u2581\u2582\u2583\u2584\u2584\u2585\u2586\u2587\u2587\u2588 "));
	canvas.utf8 = false;
	draw(80, 24);
	assert_non_null(strstr(line_at(4), " __.-::=+**# "));
	assert_true(sees("BYTESv"));
}

static void small_terminal(void **state)
{
	(void)state;
	small_world();
	draw(20, 5);
	assert_non_null(strstr(line_at(0), "leaks 1 def 14 prob"));
	assert_non_null(strstr(line_at(1), "BYTES"));
	assert_non_null(strstr(line_at(2), "904"));
	assert_non_null(strstr(line_at(3), "120"));
}

static void large_terminal(void **state)
{
	(void)state;
	small_world();
	draw(200, 60);
	key('j');
	draw(200, 60);
	/* Beside the table is what Enter would show. */
	assert_true(sees("digital_wq_poll+0x70/0x100 [nfc_digital]"));
	assert_true(sees("allocated by kworker/0:1 (pid 41) at"));
}

static void long_names(void **state)
{
	(void)state;
	add_row("digital_in_recv_iso15693_inventory_res", 10);
	draw(80, 24);
	assert_true(sees("digital_in\u20263_inventory_res"));
	draw(120, 24);
	assert_true(sees("digital_in_recv_iso15693_inventory_res"));
}

static void states(void **state)
{
	(void)state;
	snapshot.state = SNAPSHOT_WAITING;
	draw(80, 24);
	assert_true(sees("waiting for an NFC module to be loaded"));
	snapshot.state = SNAPSHOT_TRACING;
	snapshot.lost_events = 3;
	snapshot.missed_hooks = 2;
	draw(80, 24);
	assert_true(sees("degraded: 3 events lost 2 hooks missed"));
	key('p');
	assert_true(view__paused(view));
	draw(80, 24);
	assert_non_null(strstr(line_at(0), "PAUSED"));
	key('p');
	assert_false(view__paused(view));
}

static void messages(void **state)
{
	(void)state;
	view__message(view, "events were lost");
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "events were lost"));
	view__message(view, NULL);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "q quit"));
}

/* ---- keys ---- */

static void sorting(void **state)
{
	static const char *const titles[] = { "/SEC\u25bc",	"DEF\u25bc",   "PRO\u25bc",
					      "CALLBACK\u25bc", "ALLOC\u25bc", "FREED\u25bc",
					      "LIVE\u25bc",	"BYTES\u25bc" };

	(void)state;
	small_world();
	for (size_t i = 0; i < ARRAY_SIZE(titles); i++) {
		key('s');
		draw(80, 24);
		if (!sees(titles[i]))
			fail_msg("no %s in %s", titles[i], line_at(3));
		if (i == 1) /* by leaks */
			assert_int_equal(line_of("digital_tg_recv_sensf_req"), 4);
		if (i == 3) /* by name */
			assert_int_equal(line_of("digital_in_recv_sdd_res"), 4);
	}
	key('<');
	draw(80, 24);
	assert_true(sees("LIVE\u25bc"));
	key('>');
	key('r');
	draw(80, 24);
	assert_true(sees("BYTES\u25b2"));
	assert_int_equal(line_of("digital_in_recv_sdd_res"), 4);
	assert_int_equal(line_of("digital_in_recv_sens_res"), 6);
}

static void selecting(void **state)
{
	(void)state;
	small_world();
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_in_recv_sens_res"));
	key('k');
	key(VIEW_KEY_UP);
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_in_recv_sens_res"));
	key('j');
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_tg_recv_sensf_req"));
	/* It follows its row. */
	rows[0].outstanding_bytes = 100000;
	draw(80, 24);
	assert_int_equal(line_of("digital_tg_recv_sensf_req"), 4);
	assert_non_null(strstr(selected_line(), "digital_tg_recv_sensf_req"));
	for (int i = 0; i < 10; i++)
		key(VIEW_KEY_DOWN);
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_in_recv_sdd_res"));
	/* Back on top it stays there. */
	key('g');
	rows[0].outstanding_bytes = 1;
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_in_recv_sens_res"));
	/* Its row is gone. */
	key('G');
	snapshot.nr_callbacks = 1;
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "digital_tg_recv_sensf_req"));
}

static void scrolling(void **state)
{
	(void)state;
	large_world();
	draw(80, 24);
	for (int i = 0; i < 3000; i++) {
		key('j');
		if (i % 100)
			continue;
		draw(80, 24);
		assert_true(*selected_line());
	}
	key(VIEW_KEY_END);
	draw(80, 24);
	assert_true(*selected_line());
	key(VIEW_KEY_PAGE_UP);
	draw(80, 24);
	assert_true(*selected_line());
	/* The last of many rows stays seen when the terminal shrinks. */
	key(VIEW_KEY_END);
	draw(80, 50);
	draw(80, 8);
	assert_true(*selected_line());
}

static void alerts_scroll(void **state)
{
	char text[200];

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "alert %u%*s ends", i, i % 3 ? 100 : 1, "");
		add_alert(ALERT_WARNING, 0, text);
	}
	key(VIEW_KEY_BACKTAB);
	draw(80, 24);
	assert_true(sees("alert 0 "));
	for (unsigned i = 0; i < 99; i++) {
		key('j');
		draw(80, 24);
		snprintf(text, sizeof(text), "alert %u ", i + 1);
		assert_non_null(strstr(selected_line(), text));
	}
	key(VIEW_KEY_HOME);
	draw(80, 24);
	assert_non_null(strstr(selected_line(), "alert 0 "));
}

static void details(void **state)
{
	(void)state;
	small_world();
	add_site(1, "nothing refers to this object any more: 32 bytes", 2)->degraded =
		DEGRADED_LOST_EVENTS | DEGRADED_NO_STACK;
	draw(80, 24);
	key('j');
	key(VIEW_KEY_ENTER);
	draw(80, 24);
	assert_true(sees("returned without releasing its user argument"));
	assert_true(sees("15 so far, 120 bytes (1 definite, 14 probable, 0 retracted)"));
	assert_true(sees("  digital_tg_listen_nfcf+0x3b/0x90 [nfc_digital]"));
	assert_true(sees("00  4e 46 43 1b 9b ff 20 78"));
	assert_true(sees("NFC... x"));
	assert_true(sees("sizes     8 bytes |\u2588  \u2588| 128 bytes"));
	assert_true(sees("SITES"));
	key('j');
	draw(80, 24);
	assert_true(sees("nothing refers to this object any more: 32 bytes"));
	assert_true(sees("degraded: events were lost, its stack was left out"));
	assert_non_null(strstr(selected_line(), "2 leaked"));
	key('q');
	draw(80, 24);
	assert_true(sees("COMMANDS IN FLIGHT"));
	/* One without leaks. */
	key(VIEW_KEY_HOME);
	key(VIEW_KEY_RIGHT);
	draw(80, 24);
	assert_true(sees("no leaks"));
	key(VIEW_KEY_BACKSPACE);
	/* From an alert, and from a command. */
	key(VIEW_KEY_BACKTAB);
	key('\r');
	draw(80, 24);
	assert_true(sees("returned without releasing its user argument"));
	key(VIEW_KEY_ESCAPE);
	key('j'); /* the message, which is of no callback */
	key(VIEW_KEY_ENTER);
	draw(80, 24);
	assert_true(sees("COMMANDS IN FLIGHT"));
	key(VIEW_KEY_BACKTAB);
	key(VIEW_KEY_ENTER);
	draw(80, 24);
	assert_true(sees("SITES"));
	/* Its row is gone meanwhile. */
	snapshot.nr_callbacks = 0;
	draw(80, 24);
	assert_true(sees("(gone)"));
}

static void details_scroll(void **state)
{
	(void)state;
	small_world();
	draw(40, 10);
	key('j');
	key(VIEW_KEY_ENTER);
	draw(40, 10);
	assert_false(sees("4e 46 43 1b"));
	key(VIEW_KEY_END);
	draw(40, 10);
	assert_true(sees("4e 46 43 1b"));
	key(VIEW_KEY_HOME);
	draw(40, 10);
	assert_false(sees("4e 46 43 1b"));
	for (int i = 0; i < 100; i++)
		key('j');
	draw(40, 10);
	assert_true(sees("4e 46 43 1b"));
}

static void filtering(void **state)
{
	(void)state;
	small_world();
	key('/');
	type("SDD");
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "/SDD_"));
	assert_true(sees("digital_in_recv_sdd_res"));
	assert_false(sees("digital_in_recv_sens_res"));
	assert_true(sees("none has this text"));
	key(VIEW_KEY_ENTER);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "only \"SDD\""));
	/* What was there before comes back. */
	key('/');
	type("xyzq");
	key(VIEW_KEY_BACKSPACE);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "/SDDxyz_"));
	assert_true(sees("nothing has this text"));
	key(VIEW_KEY_ESCAPE);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "only \"SDD\""));
	key(VIEW_KEY_ESCAPE);
	draw(80, 24);
	assert_true(sees("digital_in_recv_sens_res"));
	/* By what leaked, not only by name; and keys are letters meanwhile. */
	key('/');
	type("listen_nfcf");
	key(VIEW_KEY_ENTER);
	draw(80, 24);
	assert_int_equal(line_of("digital_tg_recv_sensf_req"), 4);
	assert_false(sees("digital_in_recv_sens_res"));
	/* Characters are deleted as a whole; there is an end to it. */
	key('/');
	key('U' - '@');
	key(0x6f22);
	key(0xe9);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "/\u6f22\u00e9_"));
	key(VIEW_KEY_BACKSPACE);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "/\u6f22_"));
	for (int i = 0; i < 1000; i++)
		key(0x6f22);
	key(VIEW_KEY_UP);
	key(1);
	draw(80, 24);
	check_whole();
	for (int i = 0; i < 1000; i++)
		key(0x7f);
	draw(80, 24);
	assert_non_null(strstr(line_at(23), "/_"));
}

static void helping(void **state)
{
	(void)state;
	small_world();
	key('?');
	draw(80, 24);
	assert_true(sees("KEYS"));
	assert_true(sees("degraded"));
	draw(20, 5);
	assert_false(sees("UTC"));
	key('G');
	draw(20, 5);
	assert_true(sees("UTC"));
	key('q');
	draw(80, 24);
	assert_false(sees("KEYS"));
	key(VIEW_KEY_HELP);
	draw(80, 24);
	assert_true(sees("KEYS"));
	key(VIEW_KEY_ESCAPE);
	draw(80, 24);
	assert_false(sees("KEYS"));
}

static void quitting(void **state)
{
	(void)state;
	small_world();
	key(VIEW_KEY_ESCAPE);
	key(VIEW_KEY_BACKSPACE);
	key(VIEW_KEY_ENTER);
	key('q');
	assert_int_equal(view__key(view, &snapshot, 'q'), VIEW_QUIT);
}

/* Any keys at all, while everything changes. */
static void any_keys(void **state)
{
	static const char letters[] = "jkgGq?hps<>r/ sdd\n\t\r\x1b\b";
	uint64_t random = 7;

	(void)state;
	small_world();
	for (int i = 0; i < 20000; i++) {
		uint32_t n = next_random(&random);

		view__key(view, &snapshot,
			  n % 3 ? (uint32_t)letters[n / 3 % (sizeof(letters) - 1)]
				: VIEW_KEY_UP + n / 3 % 20);
		if (n % 7 == 0) {
			snapshot.nr_callbacks = n / 7 % 4;
			snapshot.nr_sites = n / 28 % 2;
			snapshot.nr_alerts = n / 56 % 3;
			snapshot.nr_commands = n / 168 % 2;
		}
		draw((int)(n / 1000 % 150), (int)(n / 150000 % 40));
		check_whole();
	}
}

/* ---- pieces ---- */

static void figures(void **state)
{
	static const struct {
		uint64_t n;
		int width;
		const char *count, *bytes;
	} cases[] = {
		{ 0, 4, "0", "0" },
		{ 9999, 4, "9999", "9999" },
		{ 10000, 4, "10K", "9.7K" },
		{ 10000, 5, "10000", "10000" },
		{ 123456, 5, "123K", "120K" },
		{ 1048576, 6, "1.0M", "1.0M" },
		{ 999999, 5, "999K", "976K" },
		{ UINT64_MAX, 5, "18.4E", "15.9E" },
		{ UINT64_MAX, 20, "18446744073709551615", "18446744073709551615" },
	};
	char text[FIGURE_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		figure__count(text, cases[i].n, cases[i].width);
		assert_string_equal(text, cases[i].count);
		figure__bytes(text, cases[i].n, cases[i].width);
		assert_string_equal(text, cases[i].bytes);
	}
	for (unsigned shift = 0; shift < 64; shift++) {
		figure__count(text, (UINT64_C(1) << shift) - 1, 4);
		assert_true(strlen(text) <= 4);
		figure__bytes(text, (UINT64_C(1) << shift) - 1, 4);
		assert_true(strlen(text) <= 4);
		figure__rate(text, (double)(UINT64_C(1) << shift), 5);
		assert_true(strlen(text) <= 5);
	}
	figure__duration(text, 1234567890);
	assert_string_equal(text, "1.2 s");
	figure__duration(text, 83000000000);
	assert_string_equal(text, "1m23s");
	figure__duration(text, UINT64_MAX);
	assert_string_equal(text, "213503d23h");
	assert_int_equal(figure__bar(0, 100), 0);
	assert_int_equal(figure__bar(1, UINT64_MAX), 1);
	assert_int_equal(figure__bar(UINT64_MAX, UINT64_MAX), 8);
	assert_int_equal(figure__bar(5, 0), 0);
}

static void breaking(void **state)
{
	struct lines lines = { .width = 10, .utf8 = true };
	size_t skip;

	(void)state;
	lines__add(&lines, STYLE_PLAIN, 0, 2, "one two three fourfivesixseven");
	assert_int_equal(lines.nr, 4);
	assert_string_equal(lines.list[0].text, "one two");
	assert_string_equal(lines.list[1].text, "three");
	assert_int_equal(lines.list[1].indent, 2);
	assert_string_equal(lines.list[2].text, "fourfive");
	assert_string_equal(lines.list[3].text, "sixseven");
	lines__free(&lines);
	/* There is always some progress. */
	assert_int_equal(text__line("\xe6\xbc\xa2\xe6\xbc\xa2", 1, true, &skip), 3);
	assert_int_equal(skip, 3);
	assert_int_equal(text__line("", 10, true, &skip), 0);
	assert_int_equal(text__line("   ", 2, true, &skip), 2);
	assert_int_equal(skip, 3);
}

#define IN(description, function) TEST_IN(description, function, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN("view: whole at every size with nothing to show", no_rows),
		IN("view: whole at every size with little to show", few_rows),
		IN("view: whole at every size with 10,000 callbacks and any bytes as names",
		   many_rows),
		IN("view: the same without UTF-8, in ASCII", many_rows_in_ascii),
		IN("view: no size and too much of it", no_size),
		IN("view: 80x24 has everything in its place", usual_terminal),
		IN("view: a sparkline ends with now", sparkline),
		IN("view: 20x5 has what matters most", small_terminal),
		IN("view: 200x60 has the details beside the table", large_terminal),
		IN("view: long names lose their middle", long_names),
		IN("view: waiting, paused, degraded", states),
		IN("view: a message is in the last line", messages),
		IN("view: sorting by each column and the other way round", sorting),
		IN("view: the selection follows its row", selecting),
		IN("view: scrolling through many rows", scrolling),
		IN("view: scrolling through alerts of several lines", alerts_scroll),
		IN("view: a callback's sites from everywhere", details),
		IN("view: details that do not fit scroll", details_scroll),
		IN("view: filtering by text", filtering),
		IN("view: help", helping),
		IN("view: q goes back, then quits", quitting),
		IN("view: any keys while everything changes", any_keys),
		IN("figures: numbers fit their columns", figures),
		IN("lines: broken at spaces, never endless", breaking),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	setvbuf(stdout, NULL, _IOLBF, 0);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return end_of_tests(cmocka_run_group_tests_name("view", tests, NULL, NULL) != 0);
}
