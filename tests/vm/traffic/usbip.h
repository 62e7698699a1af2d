/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A USB device in user space: the kernel's own USB/IP host controller (vhci_hcd)
 * talks to it over a socket, and its real driver drives it.  It has one bulk
 * endpoint each way, as NFC readers do.
 */
#ifndef USBIP_H
#define USBIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define USBIP_PACKET_MAX 1024

struct usbip;

struct usbip_model {
	const char *name;
	uint16_t vendor, product;
	/* What was sent to the device: it may answer at once or never. */
	void (*on_packet)(struct usbip *u, void *ctx, const unsigned char *packet, size_t len);
};

/* Plugs it in.  The callback runs in a thread of its own.  0 or a negative errno. */
int usbip_plug(struct usbip **u, const struct usbip_model *model, void *ctx);
/* Queues a packet for the host, to be called by on_packet(). */
void usbip_send(struct usbip *u, const void *packet, size_t len);
/* What was queued is not sent any more. */
void usbip_forget(struct usbip *u);
void usbip_unplug(struct usbip *u);

#endif
