// SPDX-License-Identifier: GPL-2.0-only
/*
 * The subcommands whose traffic is meant to succeed: they show that the stack
 * works, and everything they allocate is released by it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "traffic.h"

#define FRUITLESS_MAX 3 /* lost links in a row that carried nothing */

static const char *rf_name(uint8_t mode)
{
	switch (mode) {
	case NFC_RF_INITIATOR:
		return "initiator";
	case NFC_RF_TARGET:
		return "target";
	default:
		return "none";
	}
}

int cmd_devices(struct traffic *t)
{
	for (unsigned int i = 0; i < t->ndevs; i++) {
		const struct dev *d = &t->devs[i];

		printf("%s index=%u protocols=0x%x%s powered=%s rf=%s\n", d->name, d->idx,
		       d->protocols, d->protocols & NFC_PROTO_NFC_DEP_MASK ? "(nfc-dep)" : "",
		       d->powered ? "yes" : "no", rf_name(d->rf_mode));
	}

	return 0;
}

static struct dev *find(struct traffic *t, const char *name)
{
	struct dev *d = nfc_find(t, name);

	if (!d)
		complain(-ENODEV, "NFC device %s", name);

	return d;
}

static int for_devices(struct traffic *t, const char *name, const char *what,
		       int (*fn)(struct traffic *t, struct dev *d))
{
	struct dev *d;
	int err;

	if (name) {
		d = find(t, name);
		if (!d)
			return -ENODEV;
		step(2 * t->timeout / 1000 + 30, "%s %s", what, d->name);
		return fn(t, d);
	}

	for (unsigned int i = 0; i < t->ndevs; i++) {
		step(2 * t->timeout / 1000 + 30, "%s %s", what, t->devs[i].name);
		err = fn(t, &t->devs[i]);
		if (err)
			return err;
	}

	return 0;
}

int cmd_up(struct traffic *t, const char *dev)
{
	return for_devices(t, dev, "up", device_up);
}

int cmd_down(struct traffic *t, const char *dev)
{
	return for_devices(t, dev, "down", device_down);
}

struct poll_wait {
	struct dev *d;
	uint64_t end;
	unsigned int found, activated;
};

static int is_poll_over(struct traffic *t, void *arg)
{
	struct poll_wait *w = arg;

	(void)t;
	return now_ms() >= w->end || stop_requested() || w->d->seen.targets_found != w->found ||
	       w->d->seen.tm_activated != w->activated;
}

/*
 * Poll for some seconds with nobody on the other side.  Should there be
 * somebody, the kernel ends the poll, and so does this.
 */
int cmd_poll(struct traffic *t, bool target, unsigned int seconds, const char *dev)
{
	const char *mode = target ? "target" : "initiator";
	struct poll_wait w = { 0 };
	uint64_t start = now_ms();
	bool met = false;
	int err, ret;

	if (!t->ndevs)
		return complain(-ENODEV, "polling");
	w.d = dev ? find(t, dev) : &t->devs[0];
	if (!w.d)
		return -ENODEV;

	step(2 * t->timeout / 1000 + 30, "poll as %s on %s", mode, w.d->name);
	err = device_up(t, w.d);
	if (err)
		return err;
	err = start_poll(t, w.d, target ? 0 : NFC_PROTO_NFC_DEP_MASK,
			 target ? NFC_PROTO_NFC_DEP_MASK : 0);
	if (err)
		goto out;
	err = wait_working(t, w.d);
	if (err)
		goto out;

	start = now_ms();
	w.end = start + (uint64_t)seconds * 1000;
	w.found = w.d->seen.targets_found;
	w.activated = w.d->seen.tm_activated;
	/* The end of the poll is the condition; a signal is no error here. */
	t->closing = true;
	err = wait_for(t, is_poll_over, &w, (seconds + 1) * 1000 + t->timeout,
		       "the end of the poll on %s", w.d->name);
	t->closing = false;
	met = w.d->seen.targets_found != w.found || w.d->seen.tm_activated != w.activated;
	start = now_ms() - start;
out:
	ret = device_down(t, w.d);
	if (!err)
		err = ret;
	if (!err && !t->quiet)
		printf("{\"poll\":\"%s\",\"device\":\"%s\",\"seconds\":%.1f,\"met_peer\":%s}\n",
		       mode, w.d->name, (double)start / 1000, met ? "true" : "false");
	return err;
}

struct link_result {
	unsigned int sent, received, bad, again, drops, relinks;
	uint64_t ms;
};

static unsigned int received(const struct exchange *x)
{
	return x->flows[0].received + x->flows[1].received;
}

/*
 * Exchange the messages.  On a loaded host a link can die of itself, all the
 * more if frames are dropped, and the stock nfcsim gives a lost frame no second
 * chance.  So go on with a new link, as long as that helps; how often that was
 * needed is part of the result.
 */
static int llcp_messages(struct traffic *t, struct dev **devs, const struct link_args *a,
			 struct exchange *x, struct link_result *r)
{
	unsigned int before, fruitless = 0;
	struct session s;
	uint64_t start;
	int err, ret;

	do {
		before = received(x);
		err = session_open(&s, t, devs[0], devs[1], a->drop || r->relinks);
		if (!err) {
			start = now_ms();
			err = exchange_run(x, &s);
			r->ms += now_ms() - start;
		}
		if (err == -ENOLINK) {
			r->relinks++;
			fruitless = received(x) == before ? fruitless + 1 : 0;
			fprintf(stderr,
				"nfctraffic: link %s-%s lost after %u of %u messages, frames dropped so far: %u\n",
				s.im->name, s.tm->name, received(x), a->n * (a->both ? 2 : 1),
				x->drops);
		}
		ret = session_close(&s, !err);
	} while (err == -ENOLINK && !ret && fruitless < FRUITLESS_MAX && !stop_requested());

	if (err == -ENOLINK)
		complain(err, "link %s-%s", s.im->name, s.tm->name);

	return err ? err : ret;
}

static int llcp_link(struct traffic *t, const struct link_args *a, struct link_result *r)
{
	struct exchange x = {
		.n = a->n,
		.size = a->size,
		.window = a->window,
		.both = a->both,
		.unread = a->unread,
		.drop = a->drop,
	};
	struct dev *devs[2];
	int err, ret;

	err = two_devices(t, &devs[0], &devs[1]);
	if (err)
		return err;
	err = exchange_init(&x);
	if (err)
		return err;

	err = llcp_messages(t, devs, a, &x, r);
	for (unsigned int i = 0; i < 2; i++) {
		r->sent += x.flows[i].sent;
		r->received += x.flows[i].received;
		r->bad += x.flows[i].bad;
		r->again += x.flows[i].again;
	}
	r->drops = x.drops;
	exchange_free(&x);

	for (unsigned int i = 0; a->drop && i < 2; i++) {
		/* What was not dropped yet must not hit the next link. */
		ret = dropframe_get(devs[i]);
		if (ret > 0)
			r->drops--;
		if (ret >= 0)
			ret = dropframe_set(devs[i], 0);
		if (!err)
			err = ret;
	}
	ret = release(t, devs, 2, true);

	return err ? err : ret;
}

static int raw_messages(struct traffic *t, const struct link_args *a, struct link_result *r)
{
	struct raw_result raw;
	uint64_t start;
	int err;

	for (;;) {
		start = now_ms();
		err = raw_link(t, a->n, a->size, a->both, &raw);
		r->ms = now_ms() - start;
		if (err != -ENOLINK || r->relinks == FRUITLESS_MAX)
			break;
		/* For the same reason as above. */
		r->relinks++;
	}
	r->sent = raw.sent;
	r->received = raw.received;
	r->bad = raw.bad;

	return err;
}

int cmd_link(struct traffic *t, const struct link_args *a)
{
	unsigned int want = a->n * (a->both ? 2 : 1);
	struct link_result r = { 0 };
	int err;

	if (!a->n || !a->size)
		return complain(-EINVAL, "link with %u messages of %zu bytes", a->n, a->size);
	if (a->raw && (a->unread || a->drop))
		return complain(-EINVAL, "link --raw-seq together with --unread or --drop");
	if (a->unread && a->size > LLCP_MIU)
		return complain(-EMSGSIZE, "link --unread with messages of %zu bytes (%d at most)",
				a->size, LLCP_MIU);

	err = a->raw ? raw_messages(t, a, &r) : llcp_link(t, a, &r);

	if (!t->quiet)
		printf("{\"sent\":%u,\"received\":%u,\"bad\":%u,\"repeated\":%u,\"drops\":%u,\"relinks\":%u,\"seconds\":%.1f}\n",
		       r.sent, r.received, r.bad, r.again, r.drops, r.relinks, (double)r.ms / 1000);
	if (!err && (r.sent != want || r.received != want || r.bad))
		err = complain(-EIO, "link: %u messages wanted, %u sent, %u received, %u bad", want,
			       r.sent, r.received, r.bad);

	return err;
}
