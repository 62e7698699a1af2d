// SPDX-License-Identifier: GPL-2.0-only
/*
 * An initiator in user space.  A raw socket of type SOCK_SEQPACKET passes
 * frames to the found target as they are, and the kernel's side of such an
 * exchange is another one than LLCP's: other callback, other context (a socket
 * with a reference of its own).  nfcsim knows NFC-DEP only, so for the target
 * to answer, this speaks NFC-DEP and as much LLCP as datagrams need.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "traffic.h"

#define FRAME_MAX    256
#define HEADER_MAX   8 /* of NFC-DEP and LLCP, and the length */
#define RAW_SIZE_MAX (254 - HEADER_MAX)
#define RAW_ATTEMPTS 10

/* A well-known name is the only way to a SAP known beforehand. */
#define SERVICE	    "urn:nfc:sn:snep"
#define SERVICE_SAP 4
#define OUR_SAP	    32

#define SOD_106A      0xf0 /* start of a frame at 106 kbit/s */
#define DIR_REQ	      0xd4
#define DIR_RES	      0xd5
#define CMD_ATR_REQ   0x00
#define CMD_ATR_RES   0x01
#define CMD_DEP_REQ   0x06
#define CMD_DEP_RES   0x07
#define PFB_TYPE_MASK 0xf0
#define PFB_PNI_MASK  0x03

#define PDU_UI	 0x3
#define PDU_DISC 0x5

struct raw {
	struct traffic *t;
	struct dev *im, *tm;
	int sk;	   /* raw, on im */
	int dgram; /* LLCP datagrams, on tm */
	bool nfcf;
	unsigned int pni;
};

/* Put a frame around cmd and its payload; returns its length. */
static size_t frame(const struct raw *r, unsigned char *out, unsigned int cmd,
		    const unsigned char *payload, size_t len)
{
	unsigned char *p = out;

	if (!r->nfcf)
		*p++ = SOD_106A;
	*p++ = (unsigned char)(len + 3); /* counts itself */
	*p++ = DIR_REQ;
	*p++ = (unsigned char)cmd;
	memcpy(p, payload, len);

	return (size_t)(p - out) + len;
}

/*
 * One frame there and one back.  The payload of the answer ends up in answer;
 * returns its length, or -ENOLINK if there was no answer.
 */
static int transceive(struct raw *r, unsigned int cmd, const unsigned char *payload, size_t len,
		      unsigned char *answer)
{
	struct pollfd pfd = { .fd = r->sk, .events = POLLIN };
	/* What the kernel passes up starts with a byte of its own. */
	unsigned int head = r->nfcf ? 4 : 5;
	unsigned char buf[FRAME_MAX + 1];
	ssize_t got;
	int ret;

	len = frame(r, buf, cmd, payload, len);
	if (send(r->sk, buf, len, MSG_NOSIGNAL) != (ssize_t)len)
		return -ENOLINK;

	do {
		ret = poll(&pfd, 1, (int)r->t->timeout);
	} while (ret < 0 && errno == EINTR && !stop_requested());
	if (ret < 0)
		return -errno;
	if (!ret)
		return complain(-ETIMEDOUT, "raw frame 0x%02x of %s: no answer and no error", cmd,
				r->im->name);

	got = recv(r->sk, buf, sizeof(buf), MSG_DONTWAIT);
	if (got < 0)
		return -ENOLINK;
	if (got < (ssize_t)head || buf[head - 2] != DIR_RES || buf[head - 1] != cmd + 1 ||
	    buf[head - 3] != got - (r->nfcf ? 1 : 2))
		return complain(-EBADMSG, "answer of %s to raw frame 0x%02x, %zd bytes",
				r->tm->name, cmd, got);

	memcpy(answer, buf + head, (size_t)got - head);

	return (int)got - (int)head;
}

static int attribute(struct raw *r)
{
	static const unsigned char req[] = {
		1,    2,   3,	 4,    5, 6, 7, 8, 9, 10, /* NFCID3 */
		0,    0,   0,				  /* DID, BS, BR */
		0x32,					  /* 254 byte frames, general bytes */
		'F',  'f', 'm',				  /* LLCP */
		1,    1,   0x11,			  /* version 1.1 */
		2,    2,   0x07, 0xff,			  /* MIUX */
		3,    2,   0x00, 0x01,			  /* well-known services */
		4,    1,   150,				  /* link timeout: 1.5 s */
	};
	unsigned char answer[FRAME_MAX];
	int len;

	len = transceive(r, CMD_ATR_REQ, req, sizeof(req), answer);

	return len < 0 ? len : 0;
}

/*
 * Send one LLCP PDU (none: SYMM) and take the one that comes back.  Returns
 * its length.
 */
static int pdu(struct raw *r, unsigned int ptype, unsigned int dsap, unsigned int ssap,
	       const unsigned char *data, size_t size, unsigned char *answer)
{
	unsigned char dep[FRAME_MAX];
	int len;

	dep[0] = (unsigned char)r->pni;
	dep[1] = (unsigned char)(dsap << 2 | ptype >> 2);
	dep[2] = (unsigned char)(ptype << 6 | ssap);
	if (size)
		memcpy(dep + 3, data, size);

	len = transceive(r, CMD_DEP_REQ, dep, size + 3, dep);
	if (len < 0)
		return len;
	if (len < 3 || dep[0] & PFB_TYPE_MASK || (dep[0] & PFB_PNI_MASK) != r->pni)
		return complain(-EBADMSG, "DEP_RES of %s: %d bytes, PFB 0x%02x, expected PNI %u",
				r->tm->name, len, dep[0], r->pni);
	r->pni = (r->pni + 1) & PFB_PNI_MASK;
	memcpy(answer, dep + 1, (size_t)len - 1);

	return len - 1;
}

static int open_dgram(struct raw *r)
{
	struct sockaddr_nfc_llcp addr = {
		.sa_family = AF_NFC,
		.dev_idx = r->tm->idx,
		.nfc_protocol = NFC_PROTO_NFC_DEP,
		.service_name = SERVICE,
		.service_name_len = strlen(SERVICE),
	};

	r->dgram = socket(AF_NFC, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NFC_SOCKPROTO_LLCP);
	if (r->dgram < 0)
		return complain(-errno, "LLCP datagram socket for %s", r->tm->name);
	if (bind(r->dgram, (struct sockaddr *)&addr, sizeof(addr)))
		return complain(-errno, "binding an LLCP datagram socket of %s to %s", r->tm->name,
				SERVICE);

	return 0;
}

static int is_activated(struct traffic *t, void *arg)
{
	struct raw *r = arg;

	(void)t;
	return r->tm->link;
}

/* -EAGAIN: the target did not wait long enough for us. */
static int raw_try(struct raw *r)
{
	struct sockaddr_nfc addr = {
		.sa_family = AF_NFC,
		.dev_idx = r->im->idx,
		/*
		 * Not NFC-DEP: that would make the kernel add its own headers.
		 * For FeliCa it passes frames as they are.
		 */
		.nfc_protocol = NFC_PROTO_FELICA,
	};
	struct target target;
	int err;

	err = find_target(r->t, r->im, r->tm, &target);
	if (err)
		return err;

	r->pni = 0;
	r->nfcf = target.nfcf;
	addr.target_idx = target.idx;
	r->sk = socket(AF_NFC, SOCK_SEQPACKET | SOCK_CLOEXEC, NFC_SOCKPROTO_RAW);
	if (r->sk < 0)
		return complain(-errno, "raw NFC socket for %s", r->im->name);
	if (connect(r->sk, (struct sockaddr *)&addr, sizeof(addr)))
		return complain(-errno, "connecting a raw socket to target %u of %s", target.idx,
				r->im->name);

	err = attribute(r);
	if (err)
		return err == -ENOLINK ? -EAGAIN : err;

	err = wait_for(r->t, is_activated, r, r->t->timeout, "the link of %s to come up",
		       r->tm->name);
	if (err)
		return err;

	return open_dgram(r);
}

static void raw_close(struct raw *r)
{
	if (r->dgram >= 0)
		close(r->dgram);
	if (r->sk >= 0)
		close(r->sk);
	r->dgram = -1;
	r->sk = -1;
}

static int raw_open(struct raw *r)
{
	struct dev *devs[] = { r->im, r->tm };
	int err;

	for (unsigned int i = 0; i < RAW_ATTEMPTS; i++) {
		step(2 * r->t->timeout / 1000 + 30, "raw link %s-%s, attempt %u", r->im->name,
		     r->tm->name, i + 1);
		err = raw_try(r);
		if (err != -EAGAIN)
			return err;
		raw_close(r);
		err = release(r->t, devs, 2, false);
		if (err)
			return err;
	}

	return complain(-ETIMEDOUT, "raw link of %s to %s, %d times tried", r->im->name,
			r->tm->name, RAW_ATTEMPTS);
}

static void check(struct raw_result *res, const unsigned char *got, ssize_t len, size_t size,
		  unsigned int dir, unsigned int seq)
{
	unsigned char want[RAW_SIZE_MAX];

	fill_message(want, size, dir, seq);
	if (len == (ssize_t)size && !memcmp(got, want, size)) {
		res->received++;
		return;
	}
	res->bad++;
	fprintf(stderr, "nfctraffic: raw message %u: got %zd bytes of something else\n", seq, len);
}

/* Message seq to the target's datagram socket. */
static int send_one(struct raw *r, size_t size, unsigned int seq, struct raw_result *res)
{
	struct pollfd pfd = { .fd = r->dgram, .events = POLLIN };
	unsigned char msg[FRAME_MAX], answer[FRAME_MAX];
	ssize_t got;
	int len;

	fill_message(msg, size, 0, seq);
	res->sent++;
	len = pdu(r, PDU_UI, SERVICE_SAP, OUR_SAP, msg, size, answer);
	if (len < 0)
		return len;
	if (poll(&pfd, 1, (int)r->t->timeout) != 1)
		return complain(-ETIMEDOUT, "raw message %u to reach %s", seq, r->tm->name);
	got = recv(r->dgram, msg, sizeof(msg), MSG_DONTWAIT);
	if (got < 0)
		return complain(-errno, "reading raw message %u on %s", seq, r->tm->name);
	check(res, msg, got, size, 0, seq);

	return 0;
}

/* Message seq from the target's datagram socket. */
static int receive_one(struct raw *r, size_t size, unsigned int seq, struct raw_result *res)
{
	/* The kernel exchanges the two SAPs; equal ones cannot be exchanged. */
	struct sockaddr_nfc_llcp addr = {
		.sa_family = AF_NFC,
		.dsap = OUR_SAP,
		.ssap = OUR_SAP,
	};
	uint64_t end = now_ms() + r->t->timeout;
	unsigned char buf[FRAME_MAX];
	int len;

	fill_message(buf, size, 1, seq);
	if (sendto(r->dgram, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   sizeof(addr)) != (ssize_t)size)
		return errno == ENXIO
			       ? -ENOLINK
			       : complain(-errno, "sending datagram %u on %s", seq, r->tm->name);
	res->sent++;

	/* It comes with one of the next answers. */
	do {
		len = pdu(r, 0, 0, 0, NULL, 0, buf);
		if (len < 0)
			return len;
		if (len > 2) {
			check(res, buf + 2, len - 2, size, 1, seq);
			return 0;
		}
	} while (now_ms() < end && !stop_requested());

	return complain(-ETIMEDOUT, "datagram %u of %s", seq, r->tm->name);
}

static int is_down(struct traffic *t, void *arg)
{
	return !is_activated(t, arg);
}

/* Disconnect the LLCP link as a peer does.  There is no answer to that. */
static int disconnect(struct raw *r)
{
	unsigned char answer[FRAME_MAX];
	int err;

	err = pdu(r, PDU_DISC, 0, 0, NULL, 0, answer);
	if (err < 0 && err != -ENOLINK)
		return err;

	return wait_for(r->t, is_down, r, r->t->timeout, "the link of %s to go down", r->tm->name);
}

/* n messages of size bytes, one way or each way, one at a time. */
int raw_link(struct traffic *t, unsigned int n, size_t size, bool both, struct raw_result *res)
{
	struct raw r = { .t = t, .sk = -1, .dgram = -1 };
	struct dev *devs[2];
	int err, ret;

	*res = (struct raw_result){ 0 };
	if (size > RAW_SIZE_MAX)
		return complain(-EMSGSIZE, "raw messages of %zu bytes (%d at most)", size,
				RAW_SIZE_MAX);
	err = two_devices(t, &r.im, &r.tm);
	if (err)
		return err;
	devs[0] = r.im;
	devs[1] = r.tm;

	err = raw_open(&r);
	for (unsigned int i = 0; !err && i < n && !stop_requested(); i++) {
		step(2 * t->timeout / 1000 + 30, "raw message %u of %u", i, n);
		err = send_one(&r, size, i, res);
		if (!err && both)
			err = receive_one(&r, size, i, res);
	}
	if (!err)
		err = disconnect(&r);
	if (err == -ENOLINK)
		complain(err, "raw link of %s to %s", r.im->name, r.tm->name);

	step(2 * t->timeout / 1000 + 30, "closing the raw link");
	raw_close(&r);
	ret = release(t, devs, 2, true);

	return err ? err : ret;
}
