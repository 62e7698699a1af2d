// SPDX-License-Identifier: GPL-2.0-only
/*
 * NFC_CMD_GET_DEVICE as a dump, by libnl.
 */
#include "kernel/devices.h"

#include <errno.h>
#include <linux/nfc.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/family.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <sys/time.h>

struct devices {
	struct nl_sock *sock;
	int family;  /* its number; 0: there was none */
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

/*
 * The number of NFC's family, 0 if there is none, negative if the kernel does not say.  Asked for
 * by its name it would be loaded, with its module, that somebody may just have unloaded; the list
 * of all is only what is there.
 */
static int find_family(const struct devices *d)
{
	struct genl_family *family;
	struct nl_cache *all;
	int number = 0;

	if (genl_ctrl_alloc_cache(d->sock, &all))
		return -EIO;
	family = genl_ctrl_search_by_name(all, NFC_GENL_NAME);
	if (family)
		number = (int)genl_family_get_id(family);
	genl_family_put(family);
	nl_cache_free(all);
	return number;
}

static int ask(struct devices *d)
{
	int err = genl_send_simple(d->sock, d->family, NFC_CMD_GET_DEVICE, NFC_GENL_VERSION,
				   NLM_F_DUMP);

	d->powered = 0;
	return err < 0 ? err : nl_recvmsgs_default(d->sock);
}

int devices__powered(struct devices *d)
{
	int err = connect_once(d);

	if (err)
		return err;
	if (d->family)
		err = ask(d);
	/* It goes with the module, and comes back with another number. */
	if (!d->family || err == -NLE_OBJ_NOTFOUND) {
		d->family = find_family(d);
		if (!d->family)
			return 0;
		err = d->family < 0 ? d->family : ask(d);
	}
	if (err < 0) {
		/* An answer that comes late must not be taken for the next one's. */
		nl_socket_free(d->sock);
		d->sock = NULL;
		d->family = 0;
		return -EIO;
	}
	return d->powered;
}
