// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's side of USB/IP (Documentation/usb/usbip_protocol.rst), on one end of
 * a socket pair whose other end is handed to vhci_hcd.
 */
#include "usbip.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/usb/ch9.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define VHCI	  "/sys/devices/platform/vhci_hcd.0"
#define PORTS	  8 /* of its hub for slow devices */
#define QUEUE_MAX 8

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };

/* Everything in network order. */
struct header {
	uint32_t command, seqnum, devid, direction, ep;
	union {
		struct {
			uint32_t flags, length, start_frame, packets, interval;
			unsigned char setup[8];
		} submit;
		struct {
			uint32_t status, length, start_frame, packets, errors;
			unsigned char padding[8];
		} ret;
		struct {
			uint32_t seqnum;
			unsigned char padding[24];
		} unlink; /* of a RET_UNLINK: its status */
	};
};

_Static_assert(sizeof(struct header) == 48, "as on the wire");

struct packet {
	size_t len;
	unsigned char data[USBIP_PACKET_MAX];
};

struct usbip {
	const struct usbip_model *model;
	void *ctx;
	int fd;
	unsigned int port;
	pthread_t thread;
	uint32_t waiting; /* the host's request for a packet, 0: none */
	struct packet queue[QUEUE_MAX];
	unsigned int queued;
};

static unsigned int next_port;

static bool get(int fd, void *buf, size_t len)
{
	/* Nothing to read is waited for, too. */
	return !len || recv(fd, buf, len, MSG_WAITALL) == (ssize_t)len;
}

static void put(const struct usbip *u, const void *buf, size_t len)
{
	if (len && send(u->fd, buf, len, MSG_NOSIGNAL) < 0 && errno != EPIPE)
		complain(-errno, "USB/IP of the %s", u->model->name);
}

static void ret_submit(const struct usbip *u, uint32_t seqnum, int status, const void *data,
		       size_t len, size_t taken)
{
	struct header h = { .command = htonl(RET_SUBMIT), .seqnum = htonl(seqnum) };

	h.ret.status = htonl((uint32_t)status);
	h.ret.length = htonl((uint32_t)(len + taken));
	put(u, &h, sizeof(h));
	put(u, data, len);
}

static void deliver(struct usbip *u)
{
	if (!u->waiting || !u->queued)
		return;
	ret_submit(u, u->waiting, 0, u->queue[0].data, u->queue[0].len, 0);
	u->waiting = 0;
	u->queued--;
	memmove(u->queue, u->queue + 1, u->queued * sizeof(*u->queue));
}

void usbip_send(struct usbip *u, const void *packet, size_t len)
{
	struct packet *p = &u->queue[u->queued];

	if (u->queued == QUEUE_MAX || len > sizeof(p->data))
		return;
	p->len = len;
	memcpy(p->data, packet, len);
	u->queued++;
	deliver(u);
}

void usbip_forget(struct usbip *u)
{
	u->queued = 0;
}

/* What enumerating asks; everything else is said to have been done. */
static size_t descriptor(const struct usbip *u, const struct usb_ctrlrequest *rq,
			 unsigned char *out)
{
	const struct usb_device_descriptor device = {
		.bLength = USB_DT_DEVICE_SIZE,
		.bDescriptorType = USB_DT_DEVICE,
		.bcdUSB = 0x0200,
		.bMaxPacketSize0 = 64,
		.idVendor = u->model->vendor,
		.idProduct = u->model->product,
		.bcdDevice = 0x0100,
		.bNumConfigurations = 1,
	};
	static const unsigned char config[] = {
		9,
		USB_DT_CONFIG,
		32,
		0,
		1,
		1,
		0,
		0x80,
		50, /* one interface */
		9,
		USB_DT_INTERFACE,
		0,
		0,
		2,
		0xff,
		0,
		0,
		0,
		7,
		USB_DT_ENDPOINT,
		0x04,
		USB_ENDPOINT_XFER_BULK,
		64,
		0,
		0,
		7,
		USB_DT_ENDPOINT,
		0x84,
		USB_ENDPOINT_XFER_BULK,
		64,
		0,
		0,
	};

	if (rq->bRequest == USB_REQ_GET_STATUS) {
		memset(out, 0, 2);
		return 2;
	}
	if (rq->bRequest != USB_REQ_GET_DESCRIPTOR)
		return 0;
	switch (rq->wValue >> 8) {
	case USB_DT_DEVICE:
		memcpy(out, &device, USB_DT_DEVICE_SIZE);
		return USB_DT_DEVICE_SIZE;
	case USB_DT_CONFIG:
		memcpy(out, config, sizeof(config));
		return sizeof(config);
	default:
		return 0;
	}
}

static void on_control(const struct usbip *u, const struct header *h, bool in, size_t length)
{
	unsigned char out[64];
	struct usb_ctrlrequest rq;
	size_t len;

	memcpy(&rq, h->submit.setup, sizeof(rq));
	len = descriptor(u, &rq, out);
	if (in && !len)
		ret_submit(u, ntohl(h->seqnum), -EPIPE, NULL, 0, 0);
	else
		ret_submit(u, ntohl(h->seqnum), 0, out, len < length ? len : length, 0);
}

static bool on_submit(struct usbip *u, const struct header *h)
{
	unsigned char data[USBIP_PACKET_MAX];
	size_t length = ntohl(h->submit.length);
	bool in = ntohl(h->direction) == 1;

	if (!in && (length > sizeof(data) || !get(u->fd, data, length)))
		return false;
	if (!h->ep) {
		on_control(u, h, in, length);
	} else if (in) {
		u->waiting = ntohl(h->seqnum);
		deliver(u);
	} else {
		ret_submit(u, ntohl(h->seqnum), 0, NULL, 0, length);
		u->model->on_packet(u, u->ctx, data, length);
	}
	return true;
}

static void on_unlink(struct usbip *u, const struct header *h)
{
	struct header ret = { .command = htonl(RET_UNLINK), .seqnum = h->seqnum };

	if (u->waiting == ntohl(h->unlink.seqnum)) {
		u->waiting = 0;
		ret.unlink.seqnum = htonl((uint32_t)-ECONNRESET);
	}
	put(u, &ret, sizeof(ret));
}

static void *serve(void *arg)
{
	struct usbip *u = arg;
	struct header h;
	bool well = true;

	while (well && get(u->fd, &h, sizeof(h))) {
		if (ntohl(h.command) == CMD_SUBMIT)
			well = on_submit(u, &h);
		else if (ntohl(h.command) == CMD_UNLINK)
			on_unlink(u, &h);
	}
	return NULL;
}

static int tell(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return complain(-errno, "opening %s (is vhci-hcd loaded?)", file);
	if (write(fd, text, strlen(text)) < 0)
		err = complain(-errno, "writing '%s' to %s", text, file);
	close(fd);
	return err;
}

int usbip_plug(struct usbip **out, const struct usbip_model *model, void *ctx)
{
	struct usbip *u = calloc(1, sizeof(*u));
	int fds[2] = { -1, -1 }, err;
	char text[64];

	if (!u)
		return -ENOMEM;
	u->model = model;
	u->ctx = ctx;
	/* A port that was used is free again only a little later. */
	u->port = next_port++ % PORTS;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds)) {
		err = complain(-errno, "a socket pair");
		goto out;
	}
	u->fd = fds[0];
	snprintf(text, sizeof(text), "%u %d %u %d", u->port, fds[1], u->port + 1, USB_SPEED_FULL);
	err = tell(VHCI "/attach", text);
	if (!err)
		err = -pthread_create(&u->thread, NULL, serve, u);
	if (!err)
		*out = u;
out:
	if (fds[1] >= 0)
		close(fds[1]);
	if (err) {
		if (fds[0] >= 0)
			close(fds[0]);
		free(u);
	}
	return err;
}

void usbip_unplug(struct usbip *u)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", u->port);
	tell(VHCI "/detach", text);
	pthread_join(u->thread, NULL);
	close(u->fd);
	free(u);
}
