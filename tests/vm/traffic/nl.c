// SPDX-License-Identifier: GPL-2.0-only
/*
 * The generic netlink family "nfc": commands, the device and target lists, and
 * the events.  Two sockets, because the kernel sends events at any time and a
 * poll belongs to the socket that started it.  It exists beside libnl's own
 * helpers because these map errnos to coarser codes, and the tests need to
 * tell -EALREADY from -EBUSY.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "traffic.h"

#define EVENT_BUFFER (1024 * 1024)

struct request {
	uint8_t cmd;
	int flags;
	const struct dev *dev;
	const uint32_t *im, *tm, *target;
	bool link;
	nl_recvmsg_msg_cb_t valid;
	void *arg;
};

static int on_error(struct sockaddr_nl *addr, struct nlmsgerr *e, void *arg)
{
	(void)addr;
	*(int *)arg = e->error;

	return NL_STOP;
}

static int on_done(struct nl_msg *msg, void *arg)
{
	(void)msg;
	*(int *)arg = 0;

	return NL_STOP;
}

static int build(struct traffic *t, const struct request *rq, struct nl_msg *msg)
{
	if (!genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, t->family, 0, rq->flags, rq->cmd,
			 NFC_GENL_VERSION))
		return -EMSGSIZE;
	if (rq->dev && nla_put_u32(msg, NFC_ATTR_DEVICE_INDEX, rq->dev->idx))
		return -EMSGSIZE;
	if (rq->im && nla_put_u32(msg, NFC_ATTR_IM_PROTOCOLS, *rq->im))
		return -EMSGSIZE;
	if (rq->tm && nla_put_u32(msg, NFC_ATTR_TM_PROTOCOLS, *rq->tm))
		return -EMSGSIZE;
	if (rq->target && nla_put_u32(msg, NFC_ATTR_TARGET_INDEX, *rq->target))
		return -EMSGSIZE;
	if (rq->link && nla_put_u8(msg, NFC_ATTR_COMM_MODE, NFC_COMM_PASSIVE))
		return -EMSGSIZE;

	return 0;
}

static int wait_answer(struct traffic *t, struct nl_sock *sk, struct nl_cb *cb, int *result)
{
	struct pollfd pfd = { .fd = nl_socket_get_fd(sk), .events = POLLIN };
	uint64_t end = now_ms() + t->timeout;
	int ret;

	while (*result > 0) {
		uint64_t now = now_ms();

		if (now >= end)
			return -ETIMEDOUT;
		ret = poll(&pfd, 1, (int)(end - now));
		if (ret < 0 && errno != EINTR)
			return -errno;
		if (ret <= 0)
			continue;
		ret = nl_recvmsgs(sk, cb);
		if (ret < 0 && ret != -NLE_AGAIN && *result > 0)
			return -EIO;
	}

	return *result;
}

static int call(struct traffic *t, struct nl_sock *sk, const struct request *rq)
{
	struct nl_msg *msg = NULL;
	struct nl_cb *cb = NULL;
	int result = 1;
	int err;

	msg = nlmsg_alloc();
	cb = nl_cb_alloc(NL_CB_DEFAULT);
	if (!msg || !cb) {
		err = -ENOMEM;
		goto out;
	}

	err = build(t, rq, msg);
	if (err)
		goto out;

	nl_cb_err(cb, NL_CB_CUSTOM, on_error, &result);
	nl_cb_set(cb, NL_CB_FINISH, NL_CB_CUSTOM, on_done, &result);
	nl_cb_set(cb, NL_CB_ACK, NL_CB_CUSTOM, on_done, &result);
	if (rq->valid)
		nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, rq->valid, rq->arg);

	errno = 0;
	if (nl_send_auto(sk, msg) < 0) {
		err = errno ? -errno : -EIO;
		goto out;
	}
	err = wait_answer(t, sk, cb, &result);
out:
	nl_cb_put(cb);
	nlmsg_free(msg);
	return err;
}

/* A device message or event: 0, or -EBADMSG if it names no device. */
static int parse(struct nl_msg *msg, struct nlattr **tb, uint8_t *cmd)
{
	struct nlmsghdr *nlh = nlmsg_hdr(msg);
	struct genlmsghdr *gnlh = nlmsg_data(nlh);

	*cmd = gnlh->cmd;
	if (genlmsg_parse(nlh, 0, tb, NFC_ATTR_MAX, NULL) < 0)
		return -EBADMSG;

	return 0;
}

static struct dev *dev_by_idx(struct traffic *t, uint32_t idx)
{
	for (unsigned int i = 0; i < t->ndevs; i++)
		if (t->devs[i].idx == idx)
			return &t->devs[i];

	return NULL;
}

static int on_device(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFC_ATTR_MAX + 1];
	struct traffic *t = arg;
	struct dev *d;
	uint32_t idx;
	uint8_t cmd;

	if (parse(msg, tb, &cmd) || !tb[NFC_ATTR_DEVICE_INDEX] || !tb[NFC_ATTR_DEVICE_NAME])
		return NL_SKIP;

	idx = nla_get_u32(tb[NFC_ATTR_DEVICE_INDEX]);
	d = dev_by_idx(t, idx);
	if (!d) {
		if (t->ndevs == MAX_DEVICES)
			return NL_SKIP;
		d = &t->devs[t->ndevs++];
		memset(d, 0, sizeof(*d));
		d->idx = idx;
	}
	snprintf(d->name, sizeof(d->name), "%s", nla_get_string(tb[NFC_ATTR_DEVICE_NAME]));
	if (tb[NFC_ATTR_PROTOCOLS])
		d->protocols = nla_get_u32(tb[NFC_ATTR_PROTOCOLS]);
	if (tb[NFC_ATTR_DEVICE_POWERED])
		d->powered = nla_get_u8(tb[NFC_ATTR_DEVICE_POWERED]);
	if (tb[NFC_ATTR_RF_MODE])
		d->rf_mode = nla_get_u8(tb[NFC_ATTR_RF_MODE]);

	return NL_OK;
}

static int by_index(const void *a, const void *b)
{
	const struct dev *x = a, *y = b;

	return x->idx < y->idx ? -1 : x->idx > y->idx;
}

/* Read the device list; what is known about a device is kept. */
int nfc_devices(struct traffic *t)
{
	const struct request rq = {
		.cmd = NFC_CMD_GET_DEVICE,
		.flags = NLM_F_DUMP,
		.valid = on_device,
		.arg = t,
	};
	int err;

	err = call(t, t->cmd, &rq);
	if (err)
		return complain(err, "list of NFC devices from netlink");
	qsort(t->devs, t->ndevs, sizeof(t->devs[0]), by_index);

	return 0;
}

struct dev *nfc_find(struct traffic *t, const char *name)
{
	char *end;
	unsigned long idx = strtoul(name, &end, 10);

	for (unsigned int i = 0; i < t->ndevs; i++) {
		if (!strcmp(t->devs[i].name, name))
			return &t->devs[i];
		if (*name && !*end && t->devs[i].idx == idx)
			return &t->devs[i];
	}

	return NULL;
}

struct target_list {
	struct target *targets;
	unsigned int n, max;
};

static int on_target(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFC_ATTR_MAX + 1];
	struct target_list *l = arg;
	uint8_t cmd;

	if (parse(msg, tb, &cmd) || !tb[NFC_ATTR_TARGET_INDEX] || l->n == l->max)
		return NL_SKIP;

	l->targets[l->n++] = (struct target){
		.idx = nla_get_u32(tb[NFC_ATTR_TARGET_INDEX]),
		.nfcf = tb[NFC_ATTR_TARGET_SENSF_RES] != NULL,
	};

	return NL_OK;
}

/* The targets that the last poll of d found; returns how many. */
int nfc_targets(struct traffic *t, const struct dev *d, struct target *targets, unsigned int max)
{
	struct target_list list = { .targets = targets, .max = max };
	const struct request rq = {
		.cmd = NFC_CMD_GET_TARGET,
		.flags = NLM_F_DUMP,
		.dev = d,
		.valid = on_target,
		.arg = &list,
	};
	int err;

	err = call(t, t->cmd, &rq);
	if (err)
		return complain(err, "list of targets of %s from netlink", d->name);

	return (int)list.n;
}

static int on_event(struct nl_msg *msg, void *arg)
{
	struct nlattr *tb[NFC_ATTR_MAX + 1];
	struct traffic *t = arg;
	struct dev *d;
	uint8_t cmd;

	if (parse(msg, tb, &cmd) || !tb[NFC_ATTR_DEVICE_INDEX])
		return NL_SKIP;
	d = dev_by_idx(t, nla_get_u32(tb[NFC_ATTR_DEVICE_INDEX]));
	if (!d)
		return NL_SKIP;

	switch (cmd) {
	case NFC_EVENT_TARGETS_FOUND:
		d->seen.targets_found++;
		break;
	case NFC_EVENT_TM_ACTIVATED:
		d->seen.tm_activated++;
		break;
	case NFC_CMD_DEP_LINK_UP:
		d->seen.link_up++;
		d->link = true;
		break;
	case NFC_CMD_DEP_LINK_DOWN:
		d->seen.link_down++;
		d->link = false;
		break;
	default:
		break;
	}

	return NL_OK;
}

int nfc_event_fd(const struct traffic *t)
{
	return nl_socket_get_fd(t->ev);
}

/* Take in all events that are there; does not wait. */
int nfc_events(struct traffic *t)
{
	int ret;

	for (;;) {
		ret = nl_recvmsgs_default(t->ev);
		if (ret == -NLE_AGAIN)
			return 0;
		if (ret == -NLE_INTR)
			continue;
		if (ret == -NLE_NOMEM)
			return complain(-ENOBUFS, "NFC events from netlink, some are lost");
		if (ret < 0) {
			fprintf(stderr, "nfctraffic: NFC events: %s\n", nl_geterror(ret));
			return -EIO;
		}
	}
}

int nfc_dev_up(struct traffic *t, const struct dev *d)
{
	return call(t, t->cmd, &(struct request){ .cmd = NFC_CMD_DEV_UP, .dev = d });
}

int nfc_dev_down(struct traffic *t, const struct dev *d)
{
	return call(t, t->cmd, &(struct request){ .cmd = NFC_CMD_DEV_DOWN, .dev = d });
}

int nfc_start_poll_from(struct traffic *t, struct nl_sock *sk, const struct dev *d, uint32_t im,
			uint32_t tm)
{
	const struct request rq = {
		.cmd = NFC_CMD_START_POLL,
		.dev = d,
		.im = im ? &im : NULL,
		.tm = tm ? &tm : NULL,
	};

	return call(t, sk, &rq);
}

int nfc_start_poll(struct traffic *t, const struct dev *d, uint32_t im, uint32_t tm)
{
	return nfc_start_poll_from(t, t->cmd, d, im, tm);
}

int nfc_stop_poll(struct traffic *t, const struct dev *d)
{
	return call(t, t->cmd, &(struct request){ .cmd = NFC_CMD_STOP_POLL, .dev = d });
}

int nfc_link_up(struct traffic *t, const struct dev *d, uint32_t target)
{
	const struct request rq = {
		.cmd = NFC_CMD_DEP_LINK_UP,
		.dev = d,
		.target = &target,
		.link = true,
	};

	return call(t, t->cmd, &rq);
}

/* 6.1 refuses this without a target, though it does not look at it. */
int nfc_link_down(struct traffic *t, const struct dev *d)
{
	const uint32_t target = 0;
	const struct request rq = {
		.cmd = NFC_CMD_DEP_LINK_DOWN,
		.dev = d,
		.target = &target,
	};

	return call(t, t->cmd, &rq);
}

int nfc_deactivate(struct traffic *t, const struct dev *d, uint32_t target)
{
	const struct request rq = {
		.cmd = NFC_CMD_DEACTIVATE_TARGET,
		.dev = d,
		.target = &target,
	};

	return call(t, t->cmd, &rq);
}

int nfc_socket_open(struct nl_sock **sk)
{
	int ret;

	*sk = nl_socket_alloc();
	if (!*sk)
		return complain(-ENOMEM, "netlink socket");

	ret = genl_connect(*sk);
	if (ret >= 0)
		ret = nl_socket_set_nonblocking(*sk);
	if (ret < 0) {
		fprintf(stderr, "nfctraffic: connecting to generic netlink: %s\n",
			nl_geterror(ret));
		nl_socket_free(*sk);
		*sk = NULL;
		return -EIO;
	}

	return 0;
}

void nfc_socket_close(struct nl_sock *sk)
{
	nl_socket_free(sk);
}

static int open_events(struct traffic *t, int group)
{
	int ret;

	nl_socket_disable_seq_check(t->ev);
	nl_socket_modify_cb(t->ev, NL_CB_VALID, NL_CB_CUSTOM, on_event, t);
	ret = nl_socket_set_buffer_size(t->ev, EVENT_BUFFER, 0);
	if (ret >= 0)
		ret = nl_socket_add_membership(t->ev, group);
	if (ret < 0) {
		fprintf(stderr, "nfctraffic: joining the NFC events: %s\n", nl_geterror(ret));
		return -EIO;
	}

	return 0;
}

/* On a socket of its own: the resolvers want a blocking one. */
static int resolve(struct traffic *t, int *group)
{
	struct nl_sock *sk;
	int ret;

	sk = nl_socket_alloc();
	if (!sk)
		return complain(-ENOMEM, "netlink socket");

	ret = genl_connect(sk);
	if (ret >= 0)
		ret = t->family = genl_ctrl_resolve(sk, NFC_GENL_NAME);
	if (ret >= 0)
		ret = *group = genl_ctrl_resolve_grp(sk, NFC_GENL_NAME, NFC_GENL_MCAST_EVENT_NAME);
	if (ret < 0)
		fprintf(stderr,
			"nfctraffic: netlink family %s: %s (are the modules nfc and nfcsim loaded?)\n",
			NFC_GENL_NAME, nl_geterror(ret));
	nl_socket_free(sk);

	return ret < 0 ? -ENOENT : 0;
}

int nfc_open(struct traffic *t)
{
	int group = 0, err;

	err = resolve(t, &group);
	if (err)
		return err;
	err = nfc_socket_open(&t->cmd);
	if (err)
		return err;
	err = nfc_socket_open(&t->ev);
	if (err)
		goto out;
	err = open_events(t, group);
	if (err)
		goto out;
	err = nfc_devices(t);
out:
	if (err)
		nfc_close(t);
	return err;
}

void nfc_close(struct traffic *t)
{
	nl_socket_free(t->ev);
	nl_socket_free(t->cmd);
	t->ev = NULL;
	t->cmd = NULL;
}
