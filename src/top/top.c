// SPDX-License-Identifier: GPL-2.0-only
/*
 * The full-screen front, see top.h.
 */
#include "top/top.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/words.h"
#include "top/screen.h"
#include "top/snapshot.h"
#include "top/view.h"

#define TAKE_NS	   1000000000ULL /* how often the numbers change */
#define MESSAGE_NS 10000000000ULL

struct report {
	FILE *out;
	struct collector *collector;
	struct view *view;
	struct screen *screen; /* NULL: it was given back */
	struct canvas canvas;
	uint64_t now, next_take, message_until;
	bool drawn; /* as things are */
};

static void top_close(struct report *r)
{
	if (!r)
		return;
	screen__close(r->screen);
	collector__free(r->collector);
	view__free(r->view);
	canvas__free(&r->canvas);
	free(r);
}

static void draw(struct report *r)
{
	if (!r->screen || screen__fit(r->screen, &r->canvas))
		return;
	view__draw(r->view, collector__snapshot(r->collector), &r->canvas);
	screen__draw(r->screen, &r->canvas);
	r->drawn = true;
}

static struct report *top_open(FILE *out, const struct names *names, bool quiet)
{
	struct report *r = calloc(1, sizeof(*r));

	(void)quiet;
	if (!r)
		return NULL;
	r->out = out;
	r->collector = collector__new(names);
	r->view = view__new();
	if (r->collector && r->view)
		r->screen = screen__open();
	if (!r->screen) {
		top_close(r);
		return NULL;
	}
	draw(r);
	return r;
}

static void top_start(struct report *r, const struct report_start *start)
{
	collector__start(r->collector, start);
}

static void top_leak(struct report *r, const struct report_leak *leak)
{
	collector__leak(r->collector, leak);
}

static void top_update(struct report *r, const struct report_leak *leak)
{
	collector__update(r->collector, leak);
}

static void top_retracted(struct report *r, const struct report_leak *leak)
{
	collector__retracted(r->collector, leak);
}

static void top_warning(struct report *r, const char *rule, const char *message)
{
	(void)rule;
	collector__warning(r->collector, message);
}

static void top_histogram(struct report *r, const struct histogram *h, const char *callback)
{
	(void)r;
	(void)h;
	(void)callback;
}

static void top_tick(struct report *r, uint64_t now)
{
	r->now = now;
}

static void on_message(void *ctx, const char *line)
{
	struct report *r = ctx;
	size_t prefix = strlen("nfcleakbpf: ");

	/* The screen says whose it is. */
	if (!strncmp(line, "nfcleakbpf: ", prefix))
		line += prefix;
	collector__message(r->collector, line);
	view__message(r->view, line);
	r->message_until = r->now + MESSAGE_NS;
	r->drawn = false;
}

/* Returns false if the user has had enough. */
static bool keys(struct report *r, bool *any)
{
	uint32_t key;

	while ((key = screen__key(r->screen))) {
		*any = true;
		r->drawn = false;
		if (view__key(r->view, collector__snapshot(r->collector), key) == VIEW_QUIT)
			return false;
	}
	return true;
}

static bool top_refresh(struct report *r, const struct front_now *now)
{
	bool any = false, go_on;

	if (!r->screen)
		return true;
	r->now = now->time;
	/* Here it is that a new size of the terminal is noticed. */
	go_on = keys(r, &any);
	collector__tick(r->collector, now);
	screen__messages(r->screen, on_message, r);
	if (r->message_until && now->time >= r->message_until) {
		view__message(r->view, NULL);
		r->message_until = 0;
		r->drawn = false;
	}
	if (now->time >= r->next_take || collector__news(r->collector) || now->ending) {
		if (!view__paused(r->view) && !collector__take(r->collector, now))
			r->drawn = false;
		r->next_take = now->time + TAKE_NS;
	}
	if (!r->drawn)
		draw(r);
	return go_on;
}

static bool top_input(struct report *r)
{
	bool any = false;

	if (!r->screen)
		return true;
	if (!keys(r, &any))
		return false;
	if (any)
		draw(r);
	return any || !screen__gone(r->screen);
}

static void top_end(struct report *r, const struct report_end *end)
{
	uint64_t bytes, count;
	size_t sites;

	(void)end;
	screen__close(r->screen);
	r->screen = NULL;
	collector__total(r->collector, &bytes, &count, &sites);
	words__summary(r->out, bytes, count, sites);
	fflush(r->out);
}

static const struct report_format report_top = {
	.open = top_open,
	.start = top_start,
	.leak = top_leak,
	.update = top_update,
	.retracted = top_retracted,
	.warning = top_warning,
	.histogram = top_histogram,
	.tick = top_tick,
	.end = top_end,
	.close = top_close,
};

const struct front front_top = {
	.format = &report_top,
	.input = STDIN_FILENO,
	.on_input = top_input,
	.refresh = top_refresh,
};
