// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFC_CMD_GET_DEVICE as a dump, by libnl.
 */
#include "kernel/devices.h"

#include <errno.h>
#include <linux/nfc.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <sys/time.h>

struct devices {
	struct nl_sock *sock;
	int powered; /* of the dump under way */
};

struct devices *devices__new(void)
{
	return calloc(1, sizeof(struct devices));
}

void devices__free(struct devices *d)
{
	if (!d)
		return;
	nl_socket_free(d->sock);
	free(d);
}

static int on_device(struct nl_msg *msg, void *arg)
{
	struct nlattr *powered =
		nlmsg_find_attr(nlmsg_hdr(msg), GENL_HDRLEN, NFC_ATTR_DEVICE_POWERED);
	struct devices *d = arg;

	if (powered && nla_len(powered) >= 1 && nla_get_u8(powered))
		d->powered++;
	return NL_OK;
}

static int connect_once(struct devices *d)
{
	struct timeval patience = { 0, 200000 }; /* the loop has other things to do */

	if (d->sock)
		return 0;
	d->sock = nl_socket_alloc();
	if (!d->sock)
		return -ENOMEM;
	nl_socket_modify_cb(d->sock, NL_CB_VALID, NL_CB_CUSTOM, on_device, d);
	if (genl_connect(d->sock) || setsockopt(nl_socket_get_fd(d->sock), SOL_SOCKET, SO_RCVTIMEO,
						&patience, sizeof(patience))) {
		nl_socket_free(d->sock);
		d->sock = NULL;
		return -EIO;
	}
	return 0;
}

int devices__powered(struct devices *d)
{
	int err = connect_once(d), family;

	if (err)
		return err;
	/* Asked each time: the family comes and goes with the module. */
	family = genl_ctrl_resolve(d->sock, NFC_GENL_NAME);
	if (family == -NLE_OBJ_NOTFOUND)
		return 0;
	d->powered = 0;
	if (family < 0 ||
	    genl_send_simple(d->sock, family, NFC_CMD_GET_DEVICE, NFC_GENL_VERSION, NLM_F_DUMP) <
		    0 ||
	    nl_recvmsgs_default(d->sock) < 0) {
		/* An answer that comes late must not be taken for the next one's. */
		nl_socket_free(d->sock);
		d->sock = NULL;
		return -EIO;
	}
	return d->powered;
}
