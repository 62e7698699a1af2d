// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two USB readers and a tag, as far as the kernel's drivers ask: a PN533 (NXP's
 * user manual UM0801, chapter 8) and a Port100 (what its driver says of it).  Both
 * acknowledge a frame and answer with another; a frame of the host's that is an
 * acknowledgment takes back its last command.  The tag gives back what it gets.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "traffic.h"
#include "usbip.h"

#define FRAME_MAX 256

static const unsigned char ack[] = { 0x00, 0x00, 0xff, 0x00, 0xff, 0x00 };

struct reader {
	struct usbip *usb;
	enum reader_fault fault;
	unsigned int polls;
};

static unsigned char sum(const unsigned char *data, size_t len)
{
	unsigned char total = 0;

	while (len--)
		total += *data++;
	return (unsigned char)-total;
}

/* ---- PN533 ---- */

static void pn533_respond(struct reader *r, unsigned char cmd, const void *payload, size_t len)
{
	unsigned char f[USBIP_PACKET_MAX] = { 0x00, 0x00, 0xff };

	f[3] = (unsigned char)(len + 2);
	f[4] = (unsigned char)-f[3];
	f[5] = 0xd5;
	f[6] = cmd + 1;
	if (len)
		memcpy(f + 7, payload, len);
	f[7 + len] = sum(f + 5, len + 2);
	f[8 + len] = 0x00;
	usbip_send(r->usb, f, len + 9);
}

/*
 * Target number and "more" in the first byte.  There is never more, either way:
 * stock kernels do not survive a message in parts on a raw socket
 * (pn533_build_response() puts the answers together without room for the socket's
 * header).
 */
static void pn533_exchange(struct reader *r, const unsigned char *data, size_t len)
{
	static const unsigned char fault[] = { 0x01 }; /* the tag does not answer */
	unsigned char out[FRAME_MAX] = { 0x00 };

	if (r->fault == READER_NO_ANSWER) {
		pn533_respond(r, 0x40, fault, sizeof(fault));
		return;
	}
	memcpy(out + 1, data + 1, len - 1);
	pn533_respond(r, 0x40, out, len);
}

static void pn533_command(struct reader *r, unsigned char cmd, const unsigned char *data,
			  size_t len)
{
	static const unsigned char version[] = { 0x33, 2, 7, 7 }, ok[] = { 0x00 };
	static const unsigned char tag[] = { 1, 1, 0x03, 0x44, 0x20, 4, 1, 2, 3, 4, 1, 0x78 };
	static const unsigned char nobody[] = { 0 };

	switch (cmd) {
	case 0x02: /* GetFirmwareVersion */
		pn533_respond(r, cmd, version, sizeof(version));
		break;
	case 0x4a: /* InListPassiveTarget: there at the third time */
		nap(10 * 1000);
		if (++r->polls % 3 || r->fault == READER_NO_TAG)
			pn533_respond(r, cmd, nobody, sizeof(nobody));
		else
			pn533_respond(r, cmd, tag, sizeof(tag));
		break;
	case 0x40: /* InDataExchange */
		if (r->fault != READER_MUTE && len)
			pn533_exchange(r, data, len);
		break;
	case 0x8c: /* TgInitAsTarget: nobody comes */
		break;
	case 0x44: /* InDeselect, InRelease, InSelect */
	case 0x52:
	case 0x54:
		pn533_respond(r, cmd, ok, sizeof(ok));
		break;
	default:
		pn533_respond(r, cmd, NULL, 0);
	}
}

static void pn533_packet(struct usbip *u, void *ctx, const unsigned char *p, size_t len)
{
	struct reader *r = ctx;

	r->usb = u;
	usbip_forget(u);
	if (len >= 8 && memcmp(p, ack, 3) == 0 && p[3] && len >= p[3] + 7U && p[5] == 0xd4) {
		usbip_send(u, ack, sizeof(ack));
		pn533_command(r, p[6], p + 7, p[3] - 2U);
	}
}

/* ---- Port100 ---- */

static void port100_respond(struct reader *r, unsigned char cmd, const void *payload, size_t len)
{
	unsigned char f[USBIP_PACKET_MAX] = { 0x00, 0x00, 0xff, 0xff, 0xff };

	f[5] = (unsigned char)(len + 2);
	f[6] = (unsigned char)((len + 2) >> 8);
	f[7] = sum(f + 5, 2);
	f[8] = 0xd7;
	f[9] = cmd + 1;
	memcpy(f + 10, payload, len);
	f[10 + len] = sum(f + 8, len + 2);
	f[11 + len] = 0x00;
	usbip_send(r->usb, f, len + 12);
}

static void port100_command(struct reader *r, unsigned char cmd)
{
	static const unsigned char ok[] = { 0 }, types[8] = { [7] = 0x03 },
				   version[] = { 0x11, 0x01 };
	static const unsigned char timeout[] = { 0x80, 0, 0, 0, 0 };
	static const unsigned char tg_timeout[] = { 0, 0, 0, 0x80, 0, 0, 0 };

	switch (cmd) {
	case 0x28: /* GetCommandType */
		port100_respond(r, cmd, types, sizeof(types));
		break;
	case 0x20: /* GetFirmwareVersion */
		port100_respond(r, cmd, version, sizeof(version));
		break;
	case 0x04: /* InCommRf */
		nap(20 * 1000);
		port100_respond(r, cmd, timeout, sizeof(timeout));
		break;
	case 0x48: /* TgCommRf */
		nap(50 * 1000);
		port100_respond(r, cmd, tg_timeout, sizeof(tg_timeout));
		break;
	default:
		port100_respond(r, cmd, ok, sizeof(ok));
	}
}

static void port100_packet(struct usbip *u, void *ctx, const unsigned char *p, size_t len)
{
	struct reader *r = ctx;

	r->usb = u;
	usbip_forget(u);
	if (len >= 12 && p[3] == 0xff && p[4] == 0xff && p[8] == 0xd6) {
		usbip_send(u, ack, sizeof(ack));
		port100_command(r, p[9]);
	}
}

/* ---- what an application does ---- */

static int has_device(struct traffic *t, void *arg)
{
	(void)arg;
	t->ndevs = 0;
	return nfc_devices(t) ? -EIO : t->ndevs > 0;
}

static int has_none(struct traffic *t, void *arg)
{
	int ret = has_device(t, arg);

	return ret < 0 ? ret : !ret;
}

static int exchange(int sk, size_t size, unsigned int seq, const struct reader *r,
		    struct tag_result *res)
{
	unsigned char out[TAG_MESSAGE_MAX];
	int err;

	if (r->fault == READER_MUTE) {
		err = tag_send(sk, out, size, seq);
		res->sent += !err;
		nap(300 * 1000); /* it stays under way */
		return err;
	}
	err = tag_exchange(sk, size, seq, res);
	if (err == -EIO && r->fault == READER_NO_ANSWER)
		return 0;
	return err ? complain(err, "answer %u of the tag", seq) : 0;
}

static int use_tag(struct traffic *t, struct dev *d, struct reader *r, struct tag_result *res)
{
	static const size_t sizes[] = { 5, 60, 200 };
	struct target target;
	int err, sk;

	if (r->fault == READER_NO_TAG) {
		err = start_poll(t, d, NFC_PROTO_ISO14443_MASK, 0);
		nap(1000 * 1000);
		return err;
	}
	err = tag_find(t, d, &target);
	if (err)
		return err;
	sk = tag_connect(d, &target);
	if (sk < 0)
		return sk;
	for (unsigned int i = 0; !err && i < ARRAY_SIZE(sizes); i++) {
		err = exchange(sk, sizes[i], i, r, res);
		if (r->fault != READER_WELL) /* an error closes the socket for good */
			break;
	}
	close(sk);
	return err;
}

/* In turn as initiator and as target: nobody comes. */
static int poll_both(struct traffic *t, struct dev *d, unsigned int ms)
{
	int err = start_poll(t, d,
			     NFC_PROTO_NFC_DEP_MASK | NFC_PROTO_ISO14443_MASK |
				     NFC_PROTO_FELICA_MASK | NFC_PROTO_ISO14443_B_MASK,
			     NFC_PROTO_NFC_DEP_MASK);

	if (!err)
		nap(ms * 1000);
	return err;
}

static int round_of(struct traffic *t, const struct usbip_model *model, enum reader_fault fault,
		    struct tag_result *res)
{
	struct reader r = { .fault = fault };
	struct usbip *u;
	struct dev *d;
	int err = usbip_plug(&u, model, &r), ret;

	if (err)
		return err;
	err = wait_for(t, has_device, NULL, t->timeout, "the driver of the %s", model->name);
	if (err)
		goto out;
	d = &t->devs[t->ndevs - 1];
	err = device_up(t, d);
	if (err)
		goto out;
	if (model->on_packet == pn533_packet)
		err = use_tag(t, d, &r, res);
	else
		err = poll_both(t, d, 2000);
	/* Pulled out in the middle of what it does, or not.  A Port100 never is: its
	 * driver's work item outlives it (seen on 6.12).
	 */
	if (fault != READER_MUTE && fault != READER_NO_TAG) {
		nfc_stop_poll(t, d);
		nap(500 * 1000); /* what is under way ends by itself */
		ret = nfc_dev_down(t, d);
		nap(200 * 1000);
		if (!err && ret)
			err = complain(ret, "powering down %s", d->name);
	}
out:
	usbip_unplug(u);
	ret = wait_for(t, has_none, NULL, t->timeout, "the %s to be gone", model->name);
	return err ? err : ret;
}

static int round_of_pn533(struct traffic *t, unsigned int round, int fault, struct tag_result *res)
{
	static const struct usbip_model model = { "PN533", 0x04cc, 0x2533, pn533_packet };

	(void)round;
	return round_of(t, &model, (enum reader_fault)fault, res);
}

static int round_of_port100(struct traffic *t, unsigned int round, int fault,
			    struct tag_result *res)
{
	static const struct usbip_model model = { "Port100", 0x054c, 0x06c1, port100_packet };

	(void)round;
	return round_of(t, &model, (enum reader_fault)fault, res);
}

int cmd_reader(struct traffic *t, bool port100, unsigned int rounds, enum reader_fault fault)
{
	if (port100 && fault != READER_WELL)
		return complain(-EINVAL, "a Port100 has no faults");
	return tag_rounds(t, rounds, port100 ? round_of_port100 : round_of_pn533, (int)fault);
}
