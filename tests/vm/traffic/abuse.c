// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subcommands that treat the stack badly: lost frames, links and devices
 * that go away in the middle of something, polls that end before they began.
 * That something gets lost is no error here; a wait without an end is one, and
 * so is a device that no longer works afterwards.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traffic.h"

#define DEP	     NFC_PROTO_NFC_DEP_MASK
#define STORM_BLOCK  16	  /* rounds of one kind */
#define DROP_WAIT_MS 3000 /* an idle link sends 40 frames a second */

struct totals {
	unsigned int sent, received, drops, links, deaths, survived;
};

static void add_flows(struct totals *sum, const struct exchange *x)
{
	for (unsigned int i = 0; i < 2; i++) {
		sum->sent += x->flows[i].sent;
		sum->received += x->flows[i].received;
	}
}

/* What is lost or torn off in these commands is as it has to be. */
static bool is_loss(int err)
{
	return err == -ENOLINK;
}

/*
 * A round of drops: both sides send, and every few messages a frame of the one
 * side, of the other or several are lost.  The stock nfcsim never recovers from
 * that; one with short timeouts does.
 */
static int drop_round(struct traffic *t, struct dev *im, struct dev *tm, unsigned int round,
		      struct totals *sum)
{
	struct exchange x = {
		.n = 4 + rnd(t) % 8,
		.size = round & 1 ? 1000 : 100,
		.window = 1 + rnd(t) % 3,
		.both = rnd(t) & 1,
		.drop = 2 + rnd(t) % 3,
	};
	unsigned int frames;
	struct session s;
	int err, ret;

	err = session_open(&s, t, im, tm, true);
	if (err)
		goto out;
	sum->links++;
	err = exchange_init(&x);
	if (err)
		goto out;

	/* More than one frame at once, every third time. */
	if (round % 3 == 2) {
		frames = 1 + rnd(t) % 3;
		sum->drops += frames;
		err = dropframe_set(rnd(t) & 1 ? im : tm, frames);
	}
	if (!err)
		err = exchange_run(&x, &s);
	if (!err)
		sum->survived++;
	else if (is_loss(err))
		sum->deaths++;
	sum->drops += x.drops;
	add_flows(sum, &x);
out:
	ret = dropframe_set(im, 0);
	if (!ret)
		ret = dropframe_set(tm, 0);
	exchange_free(&x);
	if (is_loss(err))
		err = 0;
	if (!err)
		err = ret;
	ret = session_close(&s, false);

	return err ? err : ret;
}

int cmd_drops(struct traffic *t, unsigned int rounds)
{
	struct totals sum = { 0 };
	struct dev *devs[2];
	int err, ret;

	err = two_devices(t, &devs[0], &devs[1]);
	if (err)
		return err;

	for (unsigned int i = 0; !err && i < rounds && !stop_requested(); i++)
		err = drop_round(t, devs[0], devs[1], i, &sum);
	ret = release(t, devs, 2, true);
	if (!err)
		err = ret;
	if (!t->quiet)
		printf("{\"rounds\":%u,\"links\":%u,\"drops\":%u,\"deaths\":%u,\"survived\":%u,\"sent\":%u,\"received\":%u}\n",
		       rounds, sum.links, sum.drops, sum.deaths, sum.survived, sum.sent,
		       sum.received);

	return err;
}

static int is_dead(struct traffic *t, void *arg)
{
	struct session *s = arg;

	(void)t;
	return !s->im->link && !s->tm->link;
}

static int is_dropped(struct traffic *t, void *arg)
{
	int left = dropframe_get(arg);

	(void)t;
	return left < 0 ? left : !left;
}

/* Both sides find out for themselves that the link is gone. */
static int wait_dead(struct session *s)
{
	return wait_for(s->t, is_dead, s, s->t->timeout,
			"%s and %s to notice that their link is gone", s->im->name, s->tm->name);
}

/* What there was to cut may have gone of itself: no error, but no cut. */
static int cut_failed(struct session *s, int err, const char *what, const struct dev *d)
{
	int ret;

	ret = nfc_events(s->t);
	if (ret)
		return ret;
	if (session_dead(s))
		return -ENOLINK;

	return complain(err, "%s %s in a transfer", what, d->name);
}

static int loss_link_down_initiator(struct session *s)
{
	int err = nfc_link_down(s->t, s->im);

	if (err)
		return cut_failed(s, err, "link down on", s->im);

	return wait_dead(s);
}

static int loss_link_down_target(struct session *s)
{
	int err = nfc_link_down(s->t, s->tm);

	if (err)
		return cut_failed(s, err, "link down on", s->tm);

	return wait_dead(s);
}

static int loss_link_down_both(struct session *s)
{
	int err;

	err = nfc_link_down(s->t, s->im);
	if (err)
		return cut_failed(s, err, "link down on", s->im);
	err = nfc_link_down(s->t, s->tm);
	if (err)
		return cut_failed(s, err, "link down on", s->tm);

	return wait_dead(s);
}

/*
 * Power the target off and on again.  It has to be on again when the driver
 * comes back to it, or the command it waits for is never completed; a dropped
 * frame gives us the 1.5 s for which the target then waits.
 */
static int loss_target_off(struct session *s)
{
	int err;

	err = dropframe_set(s->im, 1);
	if (!err)
		err = wait_for(s->t, is_dropped, s->im, DROP_WAIT_MS, NULL);
	/* A changed nfcsim may drop other frames than these: then not so. */
	if (err == -ETIMEDOUT)
		return loss_link_down_both(s);
	if (err)
		return err;

	err = nfc_dev_down(s->t, s->tm);
	if (err)
		return cut_failed(s, err, "powering down", s->tm);
	err = device_up(s->t, s->tm);
	if (err)
		return err;

	return wait_dead(s);
}

/* Power the target off and leave it: its command queue then stands still. */
static int loss_target_stranded(struct session *s)
{
	int err;

	err = nfc_dev_down(s->t, s->tm);
	if (err)
		return cut_failed(s, err, "powering down", s->tm);

	return wait_dead(s);
}

/* The kernel refuses to power an initiator off as long as it has a target. */
static int loss_deactivate(struct session *s)
{
	int err;

	err = nfc_dev_down(s->t, s->im);
	if (err != -EBUSY)
		return cut_failed(s, err ? err : -EPROTO, "being refused to power down", s->im);
	err = nfc_deactivate(s->t, s->im, s->target);
	if (err)
		return cut_failed(s, err, "deactivating the target of", s->im);

	return wait_dead(s);
}

/* Sockets closed with messages under way, then the link at once. */
static int loss_close(struct session *s)
{
	close(s->client);
	close(s->server);
	s->client = -1;
	s->server = -1;

	return 0;
}

struct loss {
	const char *name;
	int (*cut)(struct session *s);
};

static const struct loss losses[] = {
	{ "link down on the initiator", loss_link_down_initiator },
	{ "link down on the target", loss_link_down_target },
	{ "link down on both", loss_link_down_both },
	{ "target powered off and on", loss_target_off },
	{ "target deactivated", loss_deactivate },
	{ "sockets closed", loss_close },
};

static const struct loss strand = { "target powered off for good", loss_target_stranded };

static int loss_round(struct traffic *t, struct dev *im, struct dev *tm, unsigned int round,
		      const struct loss *loss, struct totals *sum)
{
	/* Cut after so many messages: at once, early, in full swing. */
	static const unsigned int moments[] = { 0, 1, 4, 9 };
	struct exchange x = {
		.n = 1000000,
		.size = round / ARRAY_SIZE(losses) & 1 ? 1000 : 100,
		.window = 3,
		.both = rnd(t) & 1,
		.stop_after = moments[rnd(t) % ARRAY_SIZE(moments)],
	};
	struct session s;
	int err, ret;

	err = session_open(&s, t, im, tm, true);
	if (err)
		goto out;
	sum->links++;
	err = exchange_init(&x);
	if (err)
		goto out;
	if (x.stop_after)
		err = exchange_run(&x, &s);
	add_flows(sum, &x);

	step(3 * t->timeout / 1000 + 30, "%s after %u messages of %zu bytes", loss->name,
	     x.stop_after, x.size);
	/* Somewhere in the next exchange of frames, which takes some 25 ms. */
	nap(rnd(t) % 25000);
	if (!err)
		err = loss->cut(&s);
	if (!err)
		sum->deaths++;
out:
	exchange_free(&x);
	/* The link may be gone before it was our turn to cut it. */
	if (is_loss(err))
		err = 0;
	ret = dropframe_set(im, 0);
	if (!err)
		err = ret;
	ret = session_close(&s, false);

	return err ? err : ret;
}

int cmd_linkloss(struct traffic *t, unsigned int rounds, bool do_strand)
{
	struct totals sum = { 0 };
	struct dev *devs[2];
	int err, ret;

	err = two_devices(t, &devs[0], &devs[1]);
	if (err)
		return err;

	for (unsigned int i = 0; !err && i < rounds && !stop_requested(); i++)
		err = loss_round(t, devs[0], devs[1], i, &losses[i % ARRAY_SIZE(losses)], &sum);
	if (!err && do_strand)
		err = loss_round(t, devs[0], devs[1], 0, &strand, &sum);
	ret = release(t, devs, 2, true);
	if (!err)
		err = ret;
	if (!t->quiet)
		printf("{\"rounds\":%u,\"links\":%u,\"cuts\":%u,\"sent\":%u,\"received\":%u,\"stranded\":%s}\n",
		       rounds, sum.links, sum.deaths, sum.sent, sum.received,
		       do_strand ? "true" : "false");

	return err;
}

struct storm {
	unsigned int started, stopped, found, busy;
};

static int storm_start(struct traffic *t, struct dev *d, bool target, struct storm *st)
{
	int err;

	err = nfc_start_poll(t, d, target ? 0 : DEP, target ? DEP : 0);
	if (err == -EBUSY) {
		/* Something is left of the last round: end that first. */
		st->busy++;
		return release(t, &d, 1, false);
	}
	if (err)
		return complain(err, "starting a poll on %s", d->name);
	st->started++;

	return 0;
}

static int storm_stop(struct traffic *t, struct dev *d, struct storm *st)
{
	int err;

	err = nfc_stop_poll(t, d);
	if (err == -EINVAL) {
		/* The two have found each other. */
		st->found++;
		return 0;
	}
	if (err)
		return complain(err, "stopping the poll on %s", d->name);
	st->stopped++;

	return 0;
}

struct free_wait {
	struct dev *d;
	bool target;
};

static int is_free(struct traffic *t, void *arg)
{
	struct free_wait *w = arg;
	int err;

	err = nfc_start_poll(t, w->d, w->target ? 0 : DEP, w->target ? DEP : 0);
	if (err && err != -EBUSY)
		return complain(err, "starting a poll on %s", w->d->name);

	return !err;
}

/* Let the kernel stop a poll because its owner's socket closes. */
static int storm_orphan(struct traffic *t, struct dev *d, bool target, struct storm *st)
{
	struct free_wait w = { .d = d, .target = target };
	struct nl_sock *sk;
	int err;

	err = nfc_socket_open(&sk);
	if (err)
		return err;
	err = nfc_start_poll_from(t, sk, d, target ? 0 : DEP, target ? DEP : 0);
	nfc_socket_close(sk);
	if (err == -EBUSY) {
		st->busy++;
		return release(t, &d, 1, false);
	}
	if (err)
		return complain(err, "starting a poll on %s", d->name);
	st->started++;
	st->stopped++;

	/* It is stopped when the next one can start. */
	err = wait_for(t, is_free, &w, t->timeout, "the poll of a closed socket on %s to end",
		       d->name);
	if (err)
		return err;
	st->started++;

	return storm_stop(t, d, st);
}

/*
 * A poll that is ended in the middle of a command.  With quiet before and after:
 * if the next poll starts while the command is on its way back, it may find the
 * device powered off by the old one, and a device may stand still for good.
 */
static int storm_running(struct traffic *t, struct dev *d, bool target, struct storm *st)
{
	int err;

	err = wait_quiet(t);
	if (!err)
		err = storm_start(t, d, target, st);
	if (!err)
		err = wait_working(t, d);
	if (!err)
		err = storm_stop(t, d, st);

	return err ? err : wait_quiet(t);
}

/* One device, from one mode to the other and back. */
static int storm_one(struct traffic *t, struct dev *d, struct storm *st)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < STORM_BLOCK; i++) {
		err = storm_start(t, d, i & 1, st);
		if (!err)
			err = storm_stop(t, d, st);
	}

	return err;
}

/*
 * All devices at once: all in the same mode, which changes from block to block,
 * or, to let them meet, in different ones.
 */
static int storm_all(struct traffic *t, struct dev **devs, unsigned int n, bool target, bool meet,
		     struct storm *st)
{
	int err = 0;

	for (unsigned int i = 0; !err && i < STORM_BLOCK; i++) {
		for (unsigned int j = 0; !err && j < n; j++)
			err = storm_start(t, devs[j], meet ? (i + j) & 1 : target, st);
		for (unsigned int j = 0; !err && j < n; j++)
			err = storm_stop(t, devs[j], st);
	}

	return err;
}

/*
 * Most polls end before or just when they have begun, some in the middle of a
 * command, some because their owner goes.
 */
static int storm_block(struct traffic *t, struct dev **devs, unsigned int n, unsigned int block,
		       bool meet, struct storm *st)
{
	struct dev *d = devs[block / 2 % n];
	bool target = block & 4;
	int err;

	if (meet || block & 1)
		err = storm_all(t, devs, n, block & 2, meet, st);
	else
		err = storm_one(t, d, st);
	/* From mode to mode, what is on its way must not meet its match. */
	if (!err && !meet)
		err = wait_quiet(t);
	if (!err && block % 4 == 3)
		err = storm_running(t, d, target, st);
	if (!err && block % 8 == 6)
		err = storm_orphan(t, d, target, st);

	return err ? err : nfc_events(t);
}

static int still_works(struct traffic *t, struct dev *d)
{
	int err;

	err = start_poll(t, d, 0, DEP);
	if (err)
		return err;
	err = wait_working(t, d);
	if (err)
		return err;

	return release(t, &d, 1, false);
}

int cmd_storm(struct traffic *t, unsigned int rounds, bool meet)
{
	unsigned int n = t->ndevs < 2 ? t->ndevs : 2;
	struct dev *devs[2] = { &t->devs[0], &t->devs[1] };
	uint64_t start = now_ms();
	struct storm st = { 0 };
	int err = 0, ret;

	if (!n)
		return complain(-ENODEV, "storm");

	for (unsigned int i = 0; !err && i < n; i++)
		err = device_up(t, devs[i]);
	for (unsigned int i = 0; !err && i * STORM_BLOCK < rounds && !stop_requested(); i++) {
		step(6 * t->timeout / 1000 + 30, "storm round %u of %u", i * STORM_BLOCK, rounds);
		err = storm_block(t, devs, n, i, meet, &st);
	}

	step(6 * t->timeout / 1000 + 30, "end of the storm");
	ret = release(t, devs, n, false);
	if (!err)
		err = ret;
	for (unsigned int i = 0; !err && i < n; i++)
		err = still_works(t, devs[i]);
	ret = release(t, devs, n, true);
	if (!err)
		err = ret;
	if (!t->quiet)
		printf("{\"rounds\":%u,\"started\":%u,\"stopped\":%u,\"found\":%u,\"busy\":%u,\"seconds\":%.1f}\n",
		       rounds, st.started, st.stopped, st.found, st.busy,
		       (double)(now_ms() - start) / 1000);

	return err;
}

static int churn_poll_target(struct traffic *t)
{
	return cmd_poll(t, true, 1, t->devs[rnd(t) % t->ndevs].name);
}

static int churn_poll_initiator(struct traffic *t)
{
	return cmd_poll(t, false, 1, t->devs[rnd(t) % t->ndevs].name);
}

static int churn_link(struct traffic *t)
{
	return cmd_link(t, &(struct link_args){ .n = 20, .size = 100, .window = 1, .both = true });
}

static int churn_link_long(struct traffic *t)
{
	return cmd_link(t, &(struct link_args){ .n = 5, .size = 1000, .window = 1 });
}

static int churn_link_unread(struct traffic *t)
{
	return cmd_link(t,
			&(struct link_args){ .n = 10, .size = 100, .window = 1, .unread = true });
}

static int churn_link_raw(struct traffic *t)
{
	return cmd_link(t, &(struct link_args){ .n = 10, .size = 100, .both = true, .raw = true });
}

static int churn_drops(struct traffic *t)
{
	return cmd_drops(t, 1);
}

/* Every round another kind of loss. */
static int churn_linkloss(struct traffic *t)
{
	return cmd_linkloss(t, ARRAY_SIZE(losses), false);
}

static int churn_storm(struct traffic *t)
{
	return cmd_storm(t, 128, false);
}

int cmd_churn(struct traffic *t, unsigned int seconds)
{
	static int (*const kinds[])(struct traffic * t) = {
		churn_poll_target, churn_link,		 churn_storm,
		churn_link_long,   churn_poll_initiator, churn_link_raw,
		churn_drops,	   churn_link_unread,	 churn_linkloss,
	};
	uint64_t end = now_ms() + (uint64_t)seconds * 1000;
	unsigned int done = 0;
	int err = 0;

	if (t->ndevs < 2)
		return complain(-ENODEV, "churn needs two NFC devices, there are %u", t->ndevs);

	t->quiet = true;
	while (!err && now_ms() < end && !stop_requested())
		err = kinds[done++ % ARRAY_SIZE(kinds)](t);
	t->quiet = false;
	if (err == -EINTR && stop_requested())
		err = 0;
	printf("{\"churn\":%u,\"runs\":%u,\"cycles\":%u,\"ok\":%s}\n", seconds, done,
	       done / (unsigned int)ARRAY_SIZE(kinds), err ? "false" : "true");

	return err;
}
