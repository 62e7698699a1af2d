// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the full-screen view is given: a story is driven through a ledger, reported
 * to a collector as to any format, and looked at as rows.
 */
#include "unit/unit.h"

#include "hooks/subsystem.h"
#include "replay/script.h"
#include "top/snapshot.h"
#include "unit/story.h"

#define EPOCH 1700000000000000000ULL

/* Three leak, one of them is freed late; a dropped command; one command stays. */
static const char story[] =
	"# a story for the screen\n" STORY_BEGIN "1.000 free tid=41 addr=cmd in=digital_flush\n"
	"1.100 alloc tid=41 addr=req2 size=904 in=digital_in_send_sdd_req skb\n"
	"1.101 submit tid=41 dev=d1 arg=null req=req2 cb=digital_in_recv_sdd_res type=IN_SEND "
	"timeout=60000\n"
	"1.101 alloc tid=41 addr=cmd2 size=80 in=digital_send_cmd\n"
	"1.101 return tid=41 ret=0\n"
	"1.200 leave tid=41 in=digital_wq_poll\n"
	"tick 4\n"
	"4.000 free tid=41 addr=arg2 in=digital_late\n"
	"tick 12\n"
	"expect leaks 2\n";

static struct player player;
static struct script *script;
static struct collector *collector;
static struct names *own_names; /* where no story is told */

/* ---- telling the story ---- */

static void fill(const struct allocation *a, uint64_t now, struct report_leak *l)
{
	*l = (struct report_leak){ .a = a,
				   .was = player.was,
				   .now = EPOCH + now,
				   .function = names__text(player.names, a->caller),
				   .offset = 0x3b,
				   .bytes = { 1, 2, 3, 4, 5, 6, 7, 8 },
				   .nr_bytes = 8 };
	if (a->carrier.type == NO_COMMAND_TYPE)
		return;
	l->callback = names__text(player.names, a->carrier.callback);
	l->submit = "digital_send_cmd";
	l->command = subsystem_digital.command_types[a->carrier.type];
}

static void on_said(void *ctx, const char *what, const struct allocation *a, uint64_t now)
{
	struct report_leak l;

	(void)ctx;
	fill(a, now, &l);
	if (!strcmp(what, "leak"))
		collector__leak(collector, &l);
	else if (!strcmp(what, "update"))
		collector__update(collector, &l);
	else
		collector__retracted(collector, &l);
}

static struct in_flight in_flight[8];
static struct report_command report_commands[8];
static size_t nr_commands;

static void on_command(void *ctx, const struct in_flight *c)
{
	(void)ctx;
	assert_true(nr_commands < ARRAY_SIZE(in_flight));
	in_flight[nr_commands] = *c;
	report_commands[nr_commands] = (struct report_command){
		.command = &in_flight[nr_commands],
		.age_ns = player.now - c->queued_at,
		.callback = names__text(player.names, c->carrier.callback),
		.type = "IN_SEND",
		.device = "nfc1",
	};
	nr_commands++;
}

static const char *const modules[] = { "nfc", "nfc_digital" };

static struct front_now now_at(uint64_t ns)
{
	struct front_now now = { .time = EPOCH + ns,
				 .tracing = true,
				 .modules = modules,
				 .nr_modules = 2,
				 .commands = report_commands };

	nr_commands = 0;
	ledger__each_command(player.ledger, on_command, NULL);
	now.nr_commands = nr_commands;
	now.sum.seconds = (double)ns / 1e9;
	now.sum.ledger = player.ledger;
	now.sum.lost_events = 3;
	return now;
}

static void tick(uint64_t ns)
{
	struct front_now now = now_at(ns);

	collector__tick(collector, &now);
}

static const struct snapshot *take(uint64_t ns)
{
	struct front_now now = now_at(ns);

	assert_int_equal(collector__take(collector, &now), 0);
	return collector__snapshot(collector);
}

static int tell(void **state)
{
	(void)state;
	script = script__parse("story", story, stdout);
	assert_non_null(script);
	memset(&player, 0, sizeof(player));
	player.on_said = on_said;
	collector = collector__new(script__names(script));
	assert_non_null(collector);
	assert_int_equal(script__run(script, &player, stdout), 0);
	return 0;
}

static int forget(void **state)
{
	(void)state;
	collector__free(collector);
	player__stop(&player);
	script__free(script);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	own_names = names__new(NULL, NULL);
	memset(&player, 0, sizeof(player));
	assert_int_equal(player__start(&player, own_names, PLAYER_GRACE_NS, PLAYER_MIN_AGE_NS), 0);
	collector = collector__new(own_names);
	assert_non_null(collector);
	return 0;
}

static int end(void **state)
{
	(void)state;
	collector__free(collector);
	player__stop(&player);
	names__free(own_names);
	return 0;
}

static const struct callback_row *row_of(const struct snapshot *s, const char *name)
{
	for (size_t i = 0; i < s->nr_callbacks; i++)
		if (!strcmp(s->callbacks[i].name, name))
			return &s->callbacks[i];
	fail_msg("no row %s", name);
	return NULL;
}

/* ---- what came of it ---- */

static void rows(void **state)
{
	const struct callback_row *row;
	const struct snapshot *s = take(player.now);

	(void)state;
	assert_int_equal(s->state, SNAPSHOT_TRACING);
	assert_string_equal(s->modules, "nfc nfc_digital");
	assert_int_equal(s->lost_events, 3);
	assert_int_equal(s->stats.retracted, 1);
	row = row_of(s, "digital_tg_recv_sensf_req");
	/* The commands themselves count, too. */
	assert_int_equal(row->allocations, 4);
	assert_int_equal(row->freed, 3);
	assert_int_equal(row->outstanding, 1);
	assert_int_equal(row->outstanding_bytes, 8);
	assert_int_equal(row->leaks[CERTAINTY_DEFINITE], 1);
	assert_int_equal(row->leaks[CERTAINTY_PROBABLE], 0);
	assert_int_equal(row->leaked_bytes, 8);
	row = row_of(s, "digital_in_recv_sdd_res");
	assert_int_equal(row->outstanding, 3);
	assert_int_equal(row->outstanding_bytes, 2 * 904 + 80);
	assert_int_equal(row->leaks[CERTAINTY_DEFINITE] + row->leaks[CERTAINTY_PROBABLE], 1);
}

/* The same sums as the ledger's own, whatever went from row to row. */
static void sums(void **state)
{
	const struct snapshot *s = take(player.now);
	uint64_t outstanding = 0, bytes = 0, leaked, count;
	size_t sites;

	(void)state;
	for (size_t i = 0; i < s->nr_callbacks; i++) {
		outstanding += s->callbacks[i].outstanding;
		bytes += s->callbacks[i].outstanding_bytes;
	}
	assert_int_equal(outstanding, s->stats.outstanding);
	assert_int_equal(bytes, s->stats.outstanding_bytes);
	collector__total(collector, &leaked, &count, &sites);
	assert_int_equal(count, 2);
	assert_int_equal(leaked, 912);
	assert_int_equal(sites, 2);
	assert_int_equal(count, s->stats.findings[CERTAINTY_PROBABLE] +
					s->stats.findings[CERTAINTY_DEFINITE]);
}

static void site_rows(void **state)
{
	const struct snapshot *s = take(player.now);
	const struct site_row *site = &s->sites[0];

	(void)state;
	assert_int_equal(s->nr_sites, 2);
	assert_int_equal(site->rule, RULE_CALLBACK_KEPT);
	assert_string_equal(site->sentence,
			    "digital_tg_recv_sensf_req returned without releasing its user "
			    "argument: 8 bytes from digital_tg_listen_nfcf+0x3b");
	assert_string_equal(site->carried, "carried by TG_LISTEN, queued with digital_send_cmd for "
					   "digital_tg_recv_sensf_req");
	assert_int_equal(site->count, 1);
	assert_int_equal(site->retracted, 1);
	assert_int_equal(site->leaks[CERTAINTY_DEFINITE], 1);
	assert_int_equal(site->nr_contents, 8);
	assert_int_equal(s->sites[1].rule, RULE_COMMAND_DROPPED);
}

static void command_rows(void **state)
{
	const struct snapshot *s = take(player.now);

	(void)state;
	assert_int_equal(s->nr_commands, 1);
	assert_string_equal(s->commands[0].type, "IN_SEND");
	assert_string_equal(s->commands[0].device, "nfc1");
	assert_string_equal(s->commands[0].callback, "digital_in_recv_sdd_res");
	assert_int_equal(s->commands[0].timeout_ms, 60000);
	assert_false(s->commands[0].called || s->commands[0].completed || s->commands[0].overdue);
	assert_in_range(s->commands[0].age_ns, 10 * SECOND_NS, 12 * SECOND_NS);
}

/* One alert for a site, however many leaks. */
static void alerts(void **state)
{
	const struct snapshot *s;

	(void)state;
	tick(player.now);
	s = take(player.now);
	assert_int_equal(s->nr_alerts, 3);
	/* What is said last is that it is definite by now. */
	assert_int_equal(s->alerts[0].kind, ALERT_DEFINITE);
	assert_non_null(strstr(s->alerts[0].text, "so far (1 definite)"));
	assert_int_equal(s->alerts[2].kind, ALERT_RETRACTED);
	assert_non_null(strstr(s->alerts[2].text, "retracted: 8 bytes"));
	for (size_t i = 0; i < 3; i++)
		assert_true(s->alerts[i].of_site && s->alerts[i].callback);
	assert_false(collector__news(collector));
}

/* ---- a snapshot keeps still ---- */

static void paused(void **state)
{
	const struct snapshot *s = take(player.now);
	struct allocation a = { .id = 99, .size = 8, .rule = RULE_GROWTH };
	struct report_leak l = { .a = &a, .now = EPOCH };

	(void)state;
	a.certainty = CERTAINTY_PROBABLE;
	a.stack = 77;
	for (unsigned i = 0; i < 2 * SNAPSHOT_ALERTS; i++) {
		a.stack++;
		collector__leak(collector, &l);
		collector__message(collector, "a message");
	}
	tick(player.now + SECOND_NS);
	assert_int_equal(s->nr_sites, 2);
	assert_int_equal(s->sites[0].count, 1);
	assert_int_equal(s->nr_alerts, 3);
	assert_non_null(strstr(s->alerts[0].text, "so far"));
	assert_true(collector__news(collector));
	s = take(player.now + SECOND_NS);
	assert_int_equal(s->nr_sites, 2 + 2 * SNAPSHOT_ALERTS);
	assert_int_equal(s->nr_alerts, SNAPSHOT_ALERTS);
	for (size_t i = 1; i < s->nr_alerts; i++)
		assert_int_not_equal(s->alerts[i].id, s->alerts[i - 1].id);
}

/* ---- time ---- */

static void allocate(uint64_t addr, uint64_t size)
{
	struct event e = { .type = EVENT_ALLOC, .tid = 1 };

	e.alloc.addr = addr;
	e.alloc.size = size;
	player__event(&player, &e, PASS_SEEN);
}

static void history(void **state)
{
	const struct callback_row *row;
	const struct snapshot *s;

	(void)state;
	/* Two allocations of 100 bytes a second, looked at ten times a second. */
	for (unsigned i = 0; i < 1000; i++) {
		tick(player.now);
		if (i % 5 == 0)
			allocate(0x1000 + 0x100 * i, 100);
		player__advance(&player, player.now + SECOND_NS / 10);
	}
	s = take(player.now);
	row = row_of(s, "(no callback)");
	assert_int_equal(row->nr_history, SNAPSHOT_HISTORY);
	for (size_t i = 1; i < SNAPSHOT_HISTORY; i++)
		assert_int_equal(row->history[i], row->history[i - 1] + 200);
	assert_in_range(row->history[SNAPSHOT_HISTORY - 1], 19600, 20000);
	assert_true(row->rate > 1.99 && row->rate < 2.01);
	/* Asleep for an hour. */
	tick(player.now + 3600 * SECOND_NS);
	s = take(player.now);
	row = row_of(s, "(no callback)");
	assert_int_equal(row->history[SNAPSHOT_HISTORY - 2] + 200,
			 row->history[SNAPSHOT_HISTORY - 1]);
	/* A clock that was set back. */
	tick(player.now);
	s = take(player.now);
	assert_int_equal(s->callbacks[0].nr_history, SNAPSHOT_HISTORY);
}

static void waiting(void **state)
{
	struct front_now now;
	const struct snapshot *s = collector__snapshot(collector);

	(void)state;
	assert_int_equal(s->state, SNAPSHOT_ATTACHING);
	assert_int_equal(s->nr_callbacks, 0);
	now = now_at(SECOND_NS);
	now.tracing = false;
	now.nr_modules = 0;
	collector__tick(collector, &now);
	assert_int_equal(collector__take(collector, &now), 0);
	assert_int_equal(s->state, SNAPSHOT_WAITING);
	assert_string_equal(s->modules, "");
	now.tracing = now.ending = true;
	assert_int_equal(collector__take(collector, &now), 0);
	assert_int_equal(s->state, SNAPSHOT_ENDING);
}

static void nothing_known(void **state)
{
	struct allocation a = { .id = 1, .size = 1, .rule = RULE_UNREFERENCED };
	struct report_leak l = { .a = &a, .now = EPOCH, .nr_bytes = 1000 };
	const char *long_modules[40];
	struct front_now now;
	const struct snapshot *s;

	(void)state;
	a.certainty = CERTAINTY_PROBABLE;
	a.carrier.callback = 1234;
	memset(a.comm, 'x', sizeof(a.comm));
	/* Not known to it: nothing happens. */
	collector__update(collector, &l);
	collector__retracted(collector, &l);
	collector__leak(collector, &l);
	/* More retractions than leaks. */
	for (int i = 0; i < 3; i++)
		collector__retracted(collector, &l);
	for (size_t i = 0; i < ARRAY_SIZE(long_modules); i++)
		long_modules[i] = "module_with_a_long_name";
	now = now_at(SECOND_NS);
	now.modules = long_modules;
	now.nr_modules = ARRAY_SIZE(long_modules);
	assert_int_equal(collector__take(collector, &now), 0);
	s = collector__snapshot(collector);
	assert_int_equal(s->nr_sites, 1);
	assert_int_equal(s->sites[0].count, 0);
	assert_int_equal(s->sites[0].bytes, 0);
	assert_int_equal(s->sites[0].nr_contents, REPORT_HEXDUMP);
	assert_int_equal(strlen(s->sites[0].comm), 15);
	assert_string_equal(row_of(s, "(unknown)")->name, "(unknown)");
}

#define TOLD(description, function)  TEST_IN(description, function, tell, forget)
#define BEGUN(description, function) TEST_IN(description, function, begin, end)

static const struct CMUnitTest snapshot[] = {
	TOLD("snapshot: a row per callback, with its leaks", rows),
	TOLD("snapshot: the sums are the ledger's", sums),
	TOLD("snapshot: sites with words, contents, retractions", site_rows),
	TOLD("snapshot: commands in flight", command_rows),
	TOLD("snapshot: one alert for a site", alerts),
	TOLD("snapshot: does not change until the next is taken", paused),
	BEGUN("snapshot: a minute's history and five seconds' rate", history),
	BEGUN("snapshot: attaching, waiting, ending", waiting),
	BEGUN("snapshot: what is not known", nothing_known),
};

UNIT_MAIN(snapshot)
