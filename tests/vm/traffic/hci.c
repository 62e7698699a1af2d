// SPDX-License-Identifier: GPL-2.0-only
/*
 * An HCI controller (ETSI TS 102 622) in user space, behind a driver that has no
 * chip (tests/vm/hcisim), and what an application does with the tag in its field:
 * the kernel's HCI stack is the real one.
 *
 * The controller has a pipe to its administration gate from the start, makes one
 * to any other gate that the stack asks for, and knows the registers that the
 * stack reads.  Its misbehaviour is how the stack's error paths are reached.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../hcisim/nlb_hcisim.h"
#include "traffic.h"

#define DEVICE	    "/dev/" HCISIM_NAME
#define MESSAGE_MAX (TAG_MESSAGE_MAX + 8)
#define PIPES	    128

/* A packet's header: the message ends here, and the pipe.  TS 102 622, 5.1 */
#define LAST	  0x80
#define PIPE_MASK 0x7f

/* A message's header: its type, and what it is an instance of.  TS 102 622, 5.2 */
#define COMMAND	  0x00
#define EVENT	  0x40
#define RESPONSE  0x80
#define TYPE_MASK 0xc0

#define ANY_OK		      0x00
#define ANY_E_REG_PAR_UNKNOWN 0x05
#define ANY_E_TIMEOUT	      0x09

#define ADMIN_PIPE	1
#define GATE_ADMIN	0x00
#define GATE_IDENTITY	0x05
#define GATE_READER_A	0x13
#define EVENT_REQUESTED 0x10 /* to a reader's gate: look for tags */
#define EVENT_FOUND	0x10 /* from there */

struct chip {
	int fd;
	pthread_t thread;
	volatile bool leaving;
	enum hci_fault fault;
	bool anonymous; /* does not say what version it is */
	unsigned char gates[PIPES];
	unsigned char pipes; /* so many are there */
	unsigned char message[MESSAGE_MAX];
	size_t have;
	unsigned char unanswered[MESSAGE_MAX];
	size_t unanswered_len;
	unsigned char reader; /* its pipe */
};

/* A message, in packets; of a half one the last does not come. */
static void put(const struct chip *c, unsigned char pipe, unsigned char header,
		const unsigned char *data, size_t len, bool half)
{
	unsigned char message[MESSAGE_MAX + 1] = { header }, packet[HCISIM_FRAME];
	size_t at = 0, part;

	if (len)
		memcpy(message + 1, data, len);
	for (len++; at < len; at += part) {
		bool last = len - at < sizeof(packet);

		part = last ? len - at : sizeof(packet) - 1;
		if (last && half && at)
			return;
		packet[0] = pipe | (last && !half ? LAST : 0);
		memcpy(packet + 1, message + at, part);
		if (write(c->fd, packet, part + 1) != (ssize_t)(part + 1))
			complain(-errno, "a packet of %zu bytes to %s", part + 1, DEVICE);
	}
}

static void respond(const struct chip *c, unsigned char pipe, unsigned char result,
		    const void *data, size_t len)
{
	put(c, pipe, RESPONSE | result, data, len, false);
}

static void create_pipe(struct chip *c, const unsigned char *data)
{
	/* Host and gate there, host and gate here, and the pipe. */
	const unsigned char created[] = { 1, data[0], data[1], data[2], c->pipes };

	c->gates[c->pipes] = data[2];
	if (data[2] == GATE_READER_A)
		c->reader = c->pipes;
	c->pipes++;
	respond(c, ADMIN_PIPE, ANY_OK, created, sizeof(created));
}

static void get_register(const struct chip *c, unsigned char pipe, unsigned char number)
{
	static const unsigned char session[8] = { 0 }, software[] = { 0x12, 0x34, 0x56 },
				   hardware[] = { 0x20, 0x01, 0x02 };
	static const unsigned char uid[] = { 1, 2, 3, 4 }, sak[] = { 0x20 },
				   atqa[] = { 0x00, 0x04 };
	static const struct {
		unsigned char gate, number;
		const unsigned char *value;
		size_t len;
	} registers[] = {
		{ GATE_ADMIN, 0x01, session, sizeof(session) },
		{ GATE_IDENTITY, 0x01, software, sizeof(software) },
		{ GATE_IDENTITY, 0x03, hardware, sizeof(hardware) },
		{ GATE_READER_A, 0x02, uid, sizeof(uid) },
		{ GATE_READER_A, 0x03, sak, sizeof(sak) }, /* it speaks ISO-DEP */
		{ GATE_READER_A, 0x04, atqa, sizeof(atqa) },
	};
	unsigned char gate = c->gates[pipe];

	for (size_t i = 0; i < ARRAY_SIZE(registers); i++) {
		if (registers[i].gate != gate || registers[i].number != number ||
		    (gate == GATE_IDENTITY && c->anonymous))
			continue;
		respond(c, pipe, ANY_OK, registers[i].value, registers[i].len);
		return;
	}
	respond(c, pipe, ANY_E_REG_PAR_UNKNOWN, NULL, 0);
}

/* Without the control byte in front, and with the mark of damage at the end. */
static void answer(const struct chip *c, const unsigned char *data, size_t len)
{
	unsigned char out[MESSAGE_MAX];

	memcpy(out, data + 1, len - 1);
	out[len - 1] = c->fault == HCI_RF_ERROR;
	put(c, c->reader, RESPONSE | (c->fault == HCI_REFUSED ? ANY_E_TIMEOUT : ANY_OK), out, len,
	    c->fault == HCI_HALF);
}

static void on_exchange(struct chip *c, const unsigned char *data, size_t len)
{
	switch (c->fault) {
	case HCI_LATE:
		memcpy(c->unanswered, data, len);
		c->unanswered_len = len;
		return;
	case HCI_MUTE:
	case HCI_DOWN:
	case HCI_UNPLUG:
		return;
	default:
		answer(c, data, len);
	}
}

static void on_command(struct chip *c, unsigned char pipe, unsigned char command,
		       const unsigned char *data, size_t len)
{
	if (pipe == ADMIN_PIPE && command == 0x10 && len == 3 && c->pipes < PIPES)
		create_pipe(c, data);
	else if (command == 0x02 && len == 1) /* ANY_GET_PARAMETER */
		get_register(c, pipe, data[0]);
	else if (c->reader && pipe == c->reader && command == 0x10 && len) /* WR_XCHG_DATA */
		on_exchange(c, data, len);
	else
		respond(c, pipe, ANY_OK, NULL, 0);
	if (pipe == ADMIN_PIPE && command == 0x14) { /* ADM_CLEAR_ALL_PIPE */
		c->pipes = ADMIN_PIPE + 1;
		c->reader = 0;
	}
}

static void on_packet(struct chip *c, const unsigned char *packet, size_t len)
{
	static const unsigned char activated[] = { 0 };
	unsigned char pipe = packet[0] & PIPE_MASK, header;

	if (len - 1 > sizeof(c->message) - c->have)
		return;
	memcpy(c->message + c->have, packet + 1, len - 1);
	c->have += len - 1;
	if (!(packet[0] & LAST))
		return;
	header = c->message[0];
	if ((header & TYPE_MASK) == COMMAND)
		on_command(c, pipe, header, c->message + 1, c->have - 1);
	else if (c->reader && pipe == c->reader && header == (EVENT | EVENT_REQUESTED))
		put(c, pipe, EVENT | EVENT_FOUND, activated, sizeof(activated), false);
	c->have = 0;
}

static void *serve(void *arg)
{
	unsigned char packet[HCISIM_FRAME];
	struct chip *c = arg;
	struct pollfd pfd = { .fd = c->fd, .events = POLLIN };
	ssize_t len;

	while (!c->leaving) {
		if (poll(&pfd, 1, 20) <= 0)
			continue;
		len = read(c->fd, packet, sizeof(packet));
		if (len >= 2)
			on_packet(c, packet, (size_t)len);
	}
	return NULL;
}

static int plug(struct chip *c)
{
	int err;

	c->gates[ADMIN_PIPE] = GATE_ADMIN;
	c->pipes = ADMIN_PIPE + 1;
	c->fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (c->fd < 0)
		return complain(-errno, "opening %s (is nlb_hcisim loaded?)", DEVICE);
	err = pthread_create(&c->thread, NULL, serve, c);
	if (err)
		close(c->fd);
	return -err;
}

/* The device goes with its file. */
static void unplug(struct chip *c)
{
	c->leaving = true;
	pthread_join(c->thread, NULL);
	close(c->fd);
}

/* The device is powered off, or told to poll, while the tag has yet to answer. */
static int interrupt(struct traffic *t, const struct chip *c, struct dev *d,
		     const struct target *target, int sk, struct tag_result *res)
{
	unsigned char buf[TAG_MESSAGE_MAX];
	int err = tag_send(sk, buf, 60, 0);

	nap(200 * 1000);
	if (!err)
		err = nfc_deactivate(t, d, target->idx);
	if (err)
		return complain(err, "giving up the tag of %s", d->name);
	res->sent++;
	if (c->fault == HCI_UNPLUG) {
		/* Its event has to wait for the answer. */
		err = start_poll(t, d, NFC_PROTO_ISO14443_MASK, 0);
		nap(200 * 1000);
		return err;
	}
	err = nfc_dev_down(t, d);
	if (err)
		return complain(err, "powering down %s", d->name);
	err = tag_receive(sk, buf, sizeof(buf));
	if (err >= 0)
		err = -EBADMSG;
	return err == -EIO ? 0 : complain(err, "the end of an exchange of %s", d->name);
}

static int with_tag(struct traffic *t, struct chip *c, struct dev *d, struct tag_result *res)
{
	static const size_t sizes[] = { 5, 26, 27, 60, 200, 900 };
	struct target target;
	int err = tag_find(t, d, &target), sk;

	if (err)
		return err;
	sk = tag_connect(d, &target);
	if (sk < 0)
		return sk;
	if (c->fault == HCI_DOWN || c->fault == HCI_UNPLUG) {
		err = interrupt(t, c, d, &target, sk, res);
		close(sk);
		return err;
	}
	if (c->fault == HCI_FAIL)
		ioctl(c->fd, HCISIM_REFUSE, 1);
	for (size_t i = 0; !err && i < ARRAY_SIZE(sizes); i++) {
		/* After an error a socket is good for nothing, so that is a long one. */
		size_t n = c->fault == HCI_WELL || c->fault == HCI_RF_ERROR ? i : 4;

		err = tag_exchange(sk, sizes[n], (unsigned int)i, res);
	}
	if (err == -EIO && c->fault != HCI_WELL)
		err = 0;
	if (err)
		complain(err, "an answer from the tag of %s", d->name);
	if (c->fault == HCI_LATE && c->unanswered_len)
		answer(c, c->unanswered, c->unanswered_len);
	close(sk);
	return err;
}

static int round_of(struct traffic *t, unsigned int round, int fault, struct tag_result *res)
{
	struct chip c = { .fault = (enum hci_fault)fault, .anonymous = round % 2 };
	struct dev *d = NULL;
	int err = plug(&c), down;

	if (err)
		return err;
	err = tag_reader(t, c.fd, HCISIM_INDEX, DEVICE, &d);
	if (!err)
		err = device_up(t, d);
	if (!err) {
		err = with_tag(t, &c, d, res);
		down = fault == HCI_DOWN || fault == HCI_UNPLUG ? 0 : nfc_dev_down(t, d);
		if (!err && down)
			err = complain(down, "powering down %s", d->name);
	}
	unplug(&c);
	return err;
}

int cmd_hci(struct traffic *t, unsigned int rounds, enum hci_fault fault)
{
	return tag_rounds(t, rounds, round_of, (int)fault);
}
