// SPDX-License-Identifier: GPL-2.0-only
/*
 * A tag in a device's field and a raw socket to it, as an application has them.
 * The tags of all simulated readers give back what they get.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define ANSWER_MS 10000 /* the stack gives up after 3 to 5 s */

static int has_target(struct traffic *t, void *arg)
{
	(void)t;
	return ((struct dev *)arg)->seen.targets_found > 0;
}

int tag_find(struct traffic *t, struct dev *d, struct target *target)
{
	int err;

	d->seen.targets_found = 0;
	err = start_poll(t, d, NFC_PROTO_ISO14443_MASK, 0);
	if (!err)
		err = wait_for(t, has_target, d, t->timeout, "a tag in the field of %s", d->name);
	if (!err)
		err = nfc_targets(t, d, target, 1);
	if (!err)
		return complain(-ENODEV, "no tag in the field of %s", d->name);
	return err < 0 ? err : 0;
}

int tag_connect(const struct dev *d, const struct target *target)
{
	struct sockaddr_nfc addr = { .sa_family = AF_NFC,
				     .dev_idx = d->idx,
				     .target_idx = target->idx,
				     .nfc_protocol = NFC_PROTO_ISO14443 };
	int sk = socket(AF_NFC, SOCK_SEQPACKET | SOCK_CLOEXEC, NFC_SOCKPROTO_RAW);

	if (sk < 0)
		return complain(-errno, "a raw socket");
	if (!connect(sk, (struct sockaddr *)&addr, sizeof(addr)))
		return sk;
	close(sk);
	return complain(-errno, "connecting to the tag of %s", d->name);
}

int tag_send(int sk, unsigned char *buf, size_t size, unsigned int seq)
{
	fill_message(buf, size, 0, seq);
	return send(sk, buf, size, MSG_NOSIGNAL) == (ssize_t)size ? 0 : -errno;
}

int tag_receive(int sk, unsigned char *buf, size_t size)
{
	struct pollfd pfd = { .fd = sk, .events = POLLIN };
	ssize_t len;

	step_alive();
	if (poll(&pfd, 1, ANSWER_MS) <= 0)
		return -ETIMEDOUT;
	len = recv(sk, buf, size, MSG_DONTWAIT);
	return len < 1 ? -EIO : (int)len - 1;
}

int tag_exchange(int sk, size_t size, unsigned int seq, struct tag_result *res)
{
	unsigned char out[TAG_MESSAGE_MAX], in[TAG_MESSAGE_MAX + 1];
	int err = tag_send(sk, out, size, seq), len;

	if (err)
		return complain(err, "sending message %u to the tag", seq);
	res->sent++;
	len = tag_receive(sk, in, sizeof(in));
	if (len < 0)
		return len;
	res->received++;
	res->bad += (size_t)len != size || memcmp(in + 1, out, size) != 0;
	return 0;
}

int tag_reader(struct traffic *t, int chip, unsigned long index, const char *path, struct dev **d)
{
	char idx[16];
	int n = 0, err;

	if (ioctl(chip, index, &n))
		return complain(-errno, "asking %s for its index", path);
	t->ndevs = 0;
	err = nfc_devices(t);
	if (err)
		return err;
	snprintf(idx, sizeof(idx), "%d", n);
	*d = nfc_find(t, idx);
	return *d ? 0 : complain(-ENODEV, "the device of %s", path);
}

int tag_rounds(struct traffic *t, unsigned int rounds, tag_round_fn round, int fault)
{
	struct tag_result res = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < rounds && !stop_requested(); i++) {
		step(4 * t->timeout / 1000 + 30, "round %u of %u with a reader", i, rounds);
		err = round(t, i, fault, &res);
	}
	if (!err && res.bad)
		err = complain(-EBADMSG, "%u answers of the tag", res.bad);
	printf("{\"rounds\":%u,\"sent\":%u,\"received\":%u,\"bad\":%u}\n", rounds, res.sent,
	       res.received, res.bad);
	return err;
}
