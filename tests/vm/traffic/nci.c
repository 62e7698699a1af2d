// SPDX-License-Identifier: GPL-2.0-only
/*
 * An NCI controller in user space, behind the kernel's own virtual driver
 * (/dev/virtual_nci), and what an application does with it: the kernel's NCI
 * stack is the real one, only the chip and the tag in its field are ours.  The
 * tag gives back what it gets.
 *
 * A controller that misbehaves is how the stack's error paths are reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "traffic.h"

#define DEVICE	       "/dev/virtual_nci"
#define GET_NCIDEV_IDX 0
#define PACKET_MAX     260
#define PAYLOAD_MAX    64 /* of a data packet: longer ones go in fragments */

/* Message type and packet boundary flag, NCI 3.4.1 */
#define MT_DATA 0x00
#define MT_CMD	0x20
#define MT_RSP	0x40
#define MT_NTF	0x60
#define MT_MASK 0xe0
#define PBF	0x10

#define STATUS_OK	0x00
#define STATUS_REJECTED 0x01

struct controller {
	int fd;
	pthread_t thread;
	volatile bool leaving;
	enum nci_fault fault;
	bool mute;     /* data is not answered */
	bool stubborn; /* deactivation is refused */
	unsigned char message[TAG_MESSAGE_MAX];
	size_t have;
};

static void put(const struct controller *c, const void *packet, size_t len)
{
	if (write(c->fd, packet, len) != (ssize_t)len && !c->leaving)
		complain(-errno, "a packet of %zu bytes to %s", len, DEVICE);
}

static void respond(const struct controller *c, const unsigned char *cmd, const void *payload,
		    size_t len)
{
	unsigned char out[PACKET_MAX] = { MT_RSP | (cmd[0] & 0x0f), cmd[1], (unsigned char)len };

	memcpy(out + 3, payload, len);
	put(c, out, len + 3);
}

/* One ISO-DEP tag, activated at once. */
static void activate(const struct controller *c)
{
	unsigned char ntf[] = {
		MT_NTF | 1,
		0x05,
		0, /* RF_INTF_ACTIVATED_NTF */
		1,
		0x02,
		0x04,
		0x00, /* id, ISO-DEP interface and protocol, NFC-A poll */
		PAYLOAD_MAX,
		c->fault == NCI_NO_CREDITS || c->fault == NCI_BUSY ? 0 : 1, /* credits */
		9,
		0x44,
		0x03,
		4,
		1,
		2,
		3,
		4,
		1,
		0x20, /* SENS_RES, NFCID1, SEL_RES */
		0x00,
		0x00,
		0x00, /* technology and bit rates */
		2,
		1,
		0x78, /* RATS response */
	};

	ntf[2] = sizeof(ntf) - 3;
	put(c, ntf, sizeof(ntf));
}

static void give_credit(const struct controller *c)
{
	static const unsigned char ntf[] = { MT_NTF, 0x06, 3, 1, 0, 1 };

	put(c, ntf, sizeof(ntf));
}

/* Back it goes, in fragments. */
static void answer(const struct controller *c)
{
	unsigned char out[PACKET_MAX];
	size_t at = 0, part;

	do {
		part = c->have - at < PAYLOAD_MAX ? c->have - at : PAYLOAD_MAX;
		out[0] = MT_DATA | (at + part < c->have || c->fault == NCI_HALF ? PBF : 0);
		out[1] = 0;
		out[2] = (unsigned char)part;
		memcpy(out + 3, c->message + at, part);
		put(c, out, part + 3);
		at += part;
	} while (at < c->have);
}

static void on_data(struct controller *c, const unsigned char *packet, size_t len)
{
	static const unsigned char stray[] = { MT_DATA | 7, 0, 2, 0x90, 0 };

	if (len - 3 <= sizeof(c->message) - c->have) {
		memcpy(c->message + c->have, packet + 3, len - 3);
		c->have += len - 3;
	}
	give_credit(c);
	if (packet[0] & PBF)
		return;
	if (c->fault == NCI_STRAY)
		put(c, stray, sizeof(stray)); /* for a connection that there is not */
	if (!c->mute)
		answer(c);
	c->have = 0;
}

static void on_command(struct controller *c, const unsigned char *cmd, size_t len)
{
	static const unsigned char reset[] = { STATUS_OK, 0x10, 0x00 };
	static const unsigned char init[] = {
		STATUS_OK, 0, 0, 0,    0,    1, 0x02, /* features; interfaces: ISO-DEP */
		1,	   0, 0, 0xff, 0xff, 0, 0,    0, 0, 0, 0,
	};
	static const unsigned char ok[] = { STATUS_OK }, rejected[] = { STATUS_REJECTED };
	unsigned char ntf[] = { MT_NTF | 1, 0x06, 2, 0, 0 };

	switch ((cmd[0] & 0x0f) << 8 | cmd[1]) {
	case 0x000: /* CORE_RESET_CMD */
		respond(c, cmd, reset, sizeof(reset));
		break;
	case 0x001: /* CORE_INIT_CMD */
		respond(c, cmd, init, sizeof(init));
		break;
	case 0x103: /* RF_DISCOVER_CMD */
		respond(c, cmd, ok, sizeof(ok));
		/* The stack notes what it polls for only after this response. */
		nap(100 * 1000);
		activate(c);
		break;
	case 0x106: /* RF_DEACTIVATE_CMD */
		if (c->stubborn) {
			respond(c, cmd, rejected, sizeof(rejected));
			break;
		}
		respond(c, cmd, ok, sizeof(ok));
		ntf[3] = len > 3 ? cmd[3] : 0;
		put(c, ntf, sizeof(ntf));
		break;
	default:
		respond(c, cmd, ok, sizeof(ok));
	}
}

static void *serve(void *arg)
{
	unsigned char packet[PACKET_MAX];
	struct controller *c = arg;
	ssize_t len;

	while (!c->leaving) {
		len = read(c->fd, packet, sizeof(packet));
		if (len < 3)
			continue; /* a signal: EFAULT, as this driver has it */
		if ((packet[0] & MT_MASK) == MT_DATA)
			on_data(c, packet, (size_t)len);
		else if ((packet[0] & MT_MASK) == MT_CMD)
			on_command(c, packet, (size_t)len);
	}
	return NULL;
}

static void wake(int sig)
{
	(void)sig;
}

static int plug(struct controller *c)
{
	struct sigaction sa = { .sa_handler = wake };
	int err;

	sigaction(SIGUSR2, &sa, NULL);
	c->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (c->fd < 0)
		return complain(-errno, "opening %s (is virtual_ncidev loaded?)", DEVICE);
	err = pthread_create(&c->thread, NULL, serve, c);
	if (err)
		close(c->fd);
	return -err;
}

/* Nobody answers any more; the device itself goes with its file. */
static void unplug(struct controller *c)
{
	struct timespec soon = { .tv_nsec = 20000000 };

	c->leaving = true;
	do {
		pthread_kill(c->thread, SIGUSR2);
		nanosleep(&soon, NULL);
	} while (pthread_tryjoin_np(c->thread, NULL) == EBUSY);
	close(c->fd);
}

/* An exchange that nobody answers, and the tag given up meanwhile. */
static int give_up(struct traffic *t, struct controller *c, struct dev *d, struct target *target,
		   int sk)
{
	unsigned char buf[32];
	int err = tag_send(sk, buf, sizeof(buf), 0), second;

	nap(200 * 1000);
	c->stubborn = true;
	if (!err)
		err = nfc_deactivate(t, d, target->idx);
	if (err)
		return complain(err, "giving up the tag of %s", d->name);
	if (c->fault != NCI_BUSY)
		return 0;
	/* Another one finds the device busy. */
	err = tag_find(t, d, target);
	second = err ? err : tag_connect(d, target);
	if (second < 0)
		return second;
	err = tag_send(second, buf, sizeof(buf), 1);
	if (!err)
		tag_receive(second, buf, sizeof(buf));
	close(second);
	return err;
}

/* *sk is the socket: the caller's to close, -1 if there is none. */
static int with_tag(struct traffic *t, struct controller *c, struct dev *d, struct tag_result *res,
		    int *sk)
{
	static const size_t sizes[] = { 5, 60, 64, 65, 200, 900 };
	struct target target;
	int err = tag_find(t, d, &target);

	if (err)
		return err;
	*sk = tag_connect(d, &target);
	if (*sk < 0)
		return *sk;
	c->mute = c->fault == NCI_MUTE || c->fault == NCI_BUSY || c->fault == NCI_NO_CREDITS;
	if (c->fault == NCI_NO_CREDITS || c->fault == NCI_BUSY) {
		err = give_up(t, c, d, &target, *sk);
	} else {
		for (unsigned i = 0; !err && i < ARRAY_SIZE(sizes); i++)
			err = tag_exchange(*sk, sizes[i], i, res);
		/* What came stays where it is, if the controller does not say that
		 * the tag has gone.
		 */
		c->stubborn = c->fault == NCI_HALF;
		if (err == -EIO && (c->fault == NCI_MUTE || c->fault == NCI_HALF))
			err = 0;
		if (err)
			complain(err, "an answer from the tag of %s", d->name);
	}
	return err;
}

static int round_of(struct traffic *t, unsigned int round, int fault, struct tag_result *res)
{
	struct controller c = { .fault = (enum nci_fault)fault };
	struct dev *d = NULL;
	int err = plug(&c), down, sk = -1;

	(void)round;
	if (err)
		return err;
	err = tag_reader(t, c.fd, GET_NCIDEV_IDX, DEVICE, &d);
	if (!err)
		err = device_up(t, d);
	if (!err) {
		err = with_tag(t, &c, d, res, &sk);
		/* With an exchange pending it must outlive the device: closing its last
		 * user while the device is locked is a deadlock of the kernel's.
		 */
		if (sk >= 0 && fault != NCI_NO_CREDITS && fault != NCI_BUSY)
			close(sk);
		down = nfc_dev_down(t, d);
		if (!err && down)
			err = complain(down, "powering down %s", d->name);
	}
	if (sk >= 0 && (fault == NCI_NO_CREDITS || fault == NCI_BUSY))
		close(sk);
	unplug(&c);
	return err;
}

int cmd_nci(struct traffic *t, unsigned int rounds, enum nci_fault fault)
{
	return tag_rounds(t, rounds, round_of, (int)fault);
}
