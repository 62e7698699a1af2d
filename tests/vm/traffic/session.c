// SPDX-License-Identifier: GPL-2.0-only
/*
 * LLCP connections between the two devices, and messages across them whose
 * content and order are checked.  It exists so that every kind of traffic uses
 * the same well-behaved sender: never more messages under way than a window,
 * never a blocking call, no wait without a limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/sock_diag.h>

#include "traffic.h"

#define BACKLOG	      4
#define OPEN_ATTEMPTS 3

/*
 * A name of our own gets a SAP from the kernel's pool.  When the link is lost
 * the kernel loses count of who uses that SAP, and after 32 lost links the pool
 * is empty; so where links are to be lost, the name is a well-known one.
 */
static const char own_service[] = "urn:nfc:sn:nfctraffic";
static const char well_known_service[] = "urn:nfc:sn:snep";

static int llcp_socket(const struct dev *d)
{
	int fd;

	fd = socket(AF_NFC, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, NFC_SOCKPROTO_LLCP);
	if (fd < 0)
		return complain(-errno, "LLCP socket for %s", d->name);

	return fd;
}

static void service_addr(struct sockaddr_nfc_llcp *addr, const struct dev *d, const char *service)
{
	memset(addr, 0, sizeof(*addr));
	addr->sa_family = AF_NFC;
	addr->dev_idx = d->idx;
	addr->nfc_protocol = NFC_PROTO_NFC_DEP;
	addr->service_name_len = strlen(service);
	memcpy(addr->service_name, service, strlen(service));
}

/*
 * The listener is named, not numbered: the kernel ignores the SAP that bind()
 * is given and refuses a socket without a service name.
 */
static int session_listen(struct session *s)
{
	struct sockaddr_nfc_llcp addr;

	s->listener = llcp_socket(s->tm);
	if (s->listener < 0)
		return s->listener;

	service_addr(&addr, s->tm, s->service);
	if (bind(s->listener, (struct sockaddr *)&addr, sizeof(addr)))
		return complain(-errno, "binding an LLCP socket of %s to %s", s->tm->name,
				s->service);
	if (listen(s->listener, BACKLOG))
		return complain(-errno, "listening on an LLCP socket of %s", s->tm->name);

	return 0;
}

static short events_of(int fd, short events)
{
	struct pollfd pfd = { .fd = fd, .events = events };

	return poll(&pfd, 1, 0) == 1 ? pfd.revents : 0;
}

/* Has a side lost the link, or the connection? */
bool session_dead(struct session *s)
{
	if (!s->im->link || !s->tm->link)
		return true;
	if (s->client >= 0 && events_of(s->client, 0) & (POLLHUP | POLLERR))
		return true;

	return s->server >= 0 && events_of(s->server, 0) & (POLLHUP | POLLERR);
}

static int is_connected(struct traffic *t, void *arg)
{
	struct session *s = arg;

	(void)t;
	if (!s->im->link || !s->tm->link)
		return -ENOLINK;
	if (events_of(s->client, POLLOUT) & (POLLHUP | POLLERR))
		return complain(-ECONNREFUSED, "LLCP connection of %s to %s", s->im->name,
				s->tm->name);
	if (s->server < 0 && events_of(s->listener, POLLIN) & POLLIN) {
		s->server = accept4(s->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (s->server < 0 && errno != EAGAIN)
			return complain(-errno, "accepting an LLCP connection on %s", s->tm->name);
	}

	return s->server >= 0 && events_of(s->client, POLLOUT) & POLLOUT;
}

/* Start connecting; the answer is waited for in session_connect(). */
static int start_connect(struct session *s)
{
	struct sockaddr_nfc_llcp addr;

	s->client = llcp_socket(s->im);
	if (s->client < 0)
		return s->client;

	service_addr(&addr, s->im, s->service);
	addr.target_idx = s->target;
	if (connect(s->client, (struct sockaddr *)&addr, sizeof(addr)) && errno != EINPROGRESS) {
		if (errno == ENOLINK)
			return -ENOLINK;
		return complain(-errno, "connecting %s to %s", s->im->name, s->service);
	}

	return 0;
}

static int session_connect(struct session *s)
{
	int err;

	err = start_connect(s);
	if (err)
		return err;

	return wait_for(s->t, is_connected, s, s->t->timeout, "the LLCP connection of %s to %s",
			s->im->name, s->tm->name);
}

/* Link and connection; expendable: the link is going to be lost. */
int session_open(struct session *s, struct traffic *t, struct dev *im, struct dev *tm,
		 bool expendable)
{
	int err;

	*s = (struct session){
		.t = t,
		.im = im,
		.tm = tm,
		.service = expendable ? well_known_service : own_service,
		.listener = -1,
		.client = -1,
		.server = -1,
	};

	/*
	 * A connection can be lost between link and connect (a frame dropped
	 * by an overloaded guest); that is the link's fault, so try again.
	 */
	for (int i = 0; i < OPEN_ATTEMPTS; i++) {
		err = link_up(t, im, tm, &s->target);
		if (err)
			return err;
		step(2 * t->timeout / 1000 + 30, "LLCP connection %s-%s", im->name, tm->name);
		err = session_listen(s);
		if (!err)
			err = session_connect(s);
		if (err != -ENOLINK)
			return err;
		err = session_close(s, false);
		if (err)
			return err;
	}

	return complain(-ENOLINK, "LLCP connection of %s to %s", im->name, tm->name);
}

static int is_hung_up(struct traffic *t, void *arg)
{
	struct session *s = arg;

	(void)t;
	if (!s->im->link || !s->tm->link)
		return 1;

	return (events_of(s->server, 0) & POLLHUP) != 0;
}

struct sniffer {
	struct session *s;
	int fd;
	bool sent_symm;
};

/*
 * Idle when the initiator had nothing to say (SYMM), and the target had nothing
 * to answer.  The kernel puts two bytes before what it shows: the device, and
 * the direction.
 */
static int is_idle(struct traffic *t, void *arg)
{
	struct sniffer *sn = arg;
	unsigned char pdu[LLCP_MIU + 16];
	bool symm;
	ssize_t len;

	(void)t;
	if (!sn->s->im->link || !sn->s->tm->link)
		return 1;
	while (events_of(sn->fd, POLLIN) & POLLIN) {
		len = recv(sn->fd, pdu, sizeof(pdu), MSG_DONTWAIT);
		if (len < 4)
			return complain(len < 0 ? -errno : -EBADMSG, "listening to the link of %s",
					sn->s->im->name);
		symm = !pdu[2] && !(pdu[3] & 0xc0);
		if (pdu[1] & NFC_DIRECTION_TX)
			sn->sent_symm = symm;
		else if (symm && sn->sent_symm)
			return 1;
	}

	return 0;
}

/*
 * Until both sides have acknowledged all.  To close earlier is legal, but the
 * kernel then answers the late acknowledgement with a DM, and whoever gets a DM
 * on a connection never gives back its reference to the device.
 */
static int wait_idle(struct session *s)
{
	const struct sockaddr_nfc_llcp addr = {
		.sa_family = AF_NFC,
		.dev_idx = s->im->idx,
		.nfc_protocol = NFC_PROTO_NFC_DEP,
	};
	struct sniffer sn = { .s = s };
	int err;

	sn.fd = socket(AF_NFC, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NFC_SOCKPROTO_LLCP);
	if (sn.fd < 0)
		return complain(-errno, "raw LLCP socket for %s", s->im->name);
	if (bind(sn.fd, (const struct sockaddr *)&addr, sizeof(addr)))
		err = complain(-errno, "binding a raw LLCP socket to %s", s->im->name);
	else
		err = wait_for(s->t, is_idle, &sn, s->t->timeout, "the link %s-%s to become idle",
			       s->im->name, s->tm->name);
	close(sn.fd);

	return err;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Close the sockets and end the link; politely: as a peer would see it. */
int session_close(struct session *s, bool politely)
{
	struct dev *devs[] = { s->im, s->tm };
	int err = 0, ret;

	step(3 * s->t->timeout / 1000 + 30, "closing the link %s-%s", s->im->name, s->tm->name);
	s->t->closing = true;
	politely = politely && s->server >= 0;
	if (politely)
		err = wait_idle(s);
	close_fd(&s->client);
	if (politely && !err)
		err = wait_for(s->t, is_hung_up, s, s->t->timeout, "the disconnect to reach %s",
			       s->tm->name);
	close_fd(&s->server);
	close_fd(&s->listener);
	ret = release(s->t, devs, 2, false);
	s->t->closing = false;

	return err ? err : ret;
}

/*
 * The pattern: the sequence number, most significant byte first, as far as it
 * fits, then bytes that depend on it, on the direction and on the place.
 */
void fill_message(unsigned char *buf, size_t size, unsigned int dir, unsigned int seq)
{
	for (size_t i = 0; i < size; i++) {
		if (size < 4)
			buf[i] = (unsigned char)(seq >> (8 * (size - 1 - i)));
		else if (i < 4)
			buf[i] = (unsigned char)(seq >> (8 * (3 - i)));
		else
			buf[i] = (unsigned char)(seq * 31 + i * 7 + dir * 0x55);
	}
}

int exchange_init(struct exchange *x)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct flow *f = &x->flows[i];

		*f = (struct flow){
			.name = i ? "target to initiator" : "initiator to target",
			.dir = i,
			.tx = -1,
			.rx = -1,
		};
		f->buf = malloc(2 * x->size + LLCP_MIU);
		if (!f->buf) {
			exchange_free(x);
			return complain(-ENOMEM, "buffer for messages of %zu bytes", x->size);
		}
	}

	return 0;
}

/*
 * Use the connection of s.  What was under way on an earlier one is lost and
 * sent again; what was left unread there is lost too.
 */
static void attach(struct exchange *x, const struct session *s)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct flow *f = &x->flows[i];

		f->tx = i ? s->server : s->client;
		f->rx = i ? s->client : s->server;
		f->have = 0;
		f->queued_unit = 0;
		if (x->unread)
			f->received = 0;
		f->sent = f->received;
	}
}

void exchange_free(struct exchange *x)
{
	for (unsigned int i = 0; i < 2; i++) {
		free(x->flows[i].buf);
		x->flows[i].buf = NULL;
	}
}

static unsigned int flows_used(const struct exchange *x)
{
	return x->both ? 2 : 1;
}

static void check_message(struct exchange *x, struct flow *f)
{
	unsigned char *want = f->buf + x->size + LLCP_MIU;
	unsigned int next = f->received;

	fill_message(want, x->size, f->dir, next);
	if (!memcmp(f->buf, want, x->size)) {
		f->received++;
		return;
	}

	f->bad++;
	for (unsigned int back = 1; back <= 32 && back <= next; back++) {
		fill_message(want, x->size, f->dir, next - back);
		if (!memcmp(f->buf, want, x->size)) {
			f->again++;
			break;
		}
	}
	fprintf(stderr,
		"nfctraffic: %s: expected message %u, got something else (starts %02x %02x %02x %02x)\n",
		f->name, next, f->buf[0], x->size > 1 ? f->buf[1] : 0, x->size > 2 ? f->buf[2] : 0,
		x->size > 3 ? f->buf[3] : 0);
}

/* Read what there is; the kernel logs an error for every read of nothing. */
static int take(struct exchange *x, struct flow *f)
{
	ssize_t len;

	while (events_of(f->rx, POLLIN) & POLLIN) {
		len = recv(f->rx, f->buf + f->have, LLCP_MIU, MSG_DONTWAIT);
		if (len < 0)
			return errno == EAGAIN ? 0 : -ENOLINK;
		if (len == 0)
			return -ENOLINK;
		f->have += (size_t)len;
		f->bytes += (size_t)len;
		while (f->have >= x->size) {
			check_message(x, f);
			f->have -= x->size;
			memmove(f->buf, f->buf + x->size, f->have);
		}
	}

	return 0;
}

/*
 * How many messages wait unread, by what the kernel charges the socket for
 * them: all are of one size, and the first tells what one costs.
 */
static int count_queued(struct flow *f)
{
	uint32_t mem[SK_MEMINFO_VARS];
	socklen_t len = sizeof(mem);

	if (getsockopt(f->rx, SOL_SOCKET, SO_MEMINFO, mem, &len))
		return complain(-errno, "SO_MEMINFO of an LLCP socket");
	if (!f->queued_unit && f->sent)
		f->queued_unit = mem[SK_MEMINFO_RMEM_ALLOC];
	if (f->queued_unit)
		f->received = mem[SK_MEMINFO_RMEM_ALLOC] / f->queued_unit;

	return 0;
}

static unsigned int under_way(const struct flow *f)
{
	unsigned int arrived = f->received + f->bad - f->again;

	return f->sent > arrived ? f->sent - arrived : 0;
}

/*
 * One side and the other in turn, once for every so many messages: not again
 * for those that are sent again.  Counts what is really lost.
 */
static int maybe_drop(struct exchange *x, struct session *s, struct flow *f)
{
	const struct dev *d;
	int left;

	if (!x->drop || f->sent % x->drop || f->sent <= f->dropped_at)
		return 0;

	d = f->sent / x->drop & 1 ? s->tm : s->im;
	left = dropframe_get(d);
	if (left < 0)
		return left;
	f->dropped_at = f->sent;
	if (left)
		return 0;
	x->drops++;

	return dropframe_set(d, 1);
}

static int fill_window(struct exchange *x, struct session *s, struct flow *f)
{
	/* Until the first is in, it is not known what one unread costs. */
	unsigned int window = x->unread && !f->queued_unit ? 1 : x->window;
	unsigned char *msg = f->buf + x->size + LLCP_MIU;
	ssize_t len;
	int err;

	while (f->sent < x->n && under_way(f) < window) {
		fill_message(msg, x->size, f->dir, f->sent);
		len = send(f->tx, msg, x->size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (len < 0 && (errno == ENOBUFS || errno == EAGAIN || errno == ENOMEM))
			return 0;
		if (len < 0)
			return -ENOLINK;
		if ((size_t)len != x->size)
			return complain(-EIO, "%s: sent %zd of %zu bytes of message %u", f->name,
					len, x->size, f->sent);
		f->sent++;
		err = maybe_drop(x, s, f);
		if (err)
			return err;
	}

	return 0;
}

static int run_flow(struct exchange *x, struct session *s, struct flow *f)
{
	int err;

	err = x->unread ? count_queued(f) : take(x, f);
	if (err)
		return err;

	return fill_window(x, s, f);
}

static unsigned int progress(const struct exchange *x)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < flows_used(x); i++)
		sum += x->flows[i].received + x->flows[i].bad;

	return sum;
}

/* Whatever changes while something arrives. */
static uint64_t activity(const struct exchange *x)
{
	return progress(x) + x->flows[0].bytes + x->flows[1].bytes;
}

static bool complete(const struct exchange *x)
{
	for (unsigned int i = 0; i < flows_used(x); i++) {
		const struct flow *f = &x->flows[i];

		if (f->sent < x->n || under_way(f))
			return false;
	}

	return true;
}

static int enlarge_queues(struct exchange *x)
{
	size_t want = 1024 * 1024 + x->n * (x->size + 4096);
	/* The kernel doubles it. */
	int size = want < INT_MAX / 2 ? (int)want : INT_MAX / 2;

	for (unsigned int i = 0; i < flows_used(x); i++)
		if (setsockopt(x->flows[i].rx, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
			return complain(-errno, "receive buffer of %d bytes for an LLCP socket",
					size);

	return 0;
}

/*
 * Exchange the messages.  0: all there (or stop_after reached); -ENOLINK: the
 * link or the connection went; -ETIMEDOUT: nothing came for a long time.
 */
int exchange_run(struct exchange *x, struct session *s)
{
	struct traffic *t = s->t;
	uint64_t before = 0, end = 0;
	int err;

	attach(x, s);
	if (x->unread) {
		err = enlarge_queues(x);
		if (err)
			return err;
	}

	for (;;) {
		struct pollfd pfds[] = {
			{ .fd = nfc_event_fd(t), .events = POLLIN },
			{ .fd = s->client, .events = x->unread ? 0 : POLLIN },
			{ .fd = s->server, .events = x->unread ? 0 : POLLIN },
		};

		err = nfc_events(t);
		for (unsigned int i = 0; !err && i < flows_used(x); i++)
			err = run_flow(x, s, &x->flows[i]);
		if (err)
			return err;

		if (complete(x))
			return 0;
		if (x->stop_after && progress(x) >= x->stop_after)
			return 0;
		if (session_dead(s))
			return -ENOLINK;
		if (stop_requested())
			return -EINTR;

		step_alive();
		if (!end || activity(x) != before) {
			before = activity(x);
			end = now_ms() + t->timeout;
			step(2 * t->timeout / 1000 + 30, "message %u of %u x %zu bytes",
			     progress(x), x->n * flows_used(x), x->size);
		}
		if (now_ms() >= end)
			return complain(-ETIMEDOUT, "waited %u ms for message %u of %u", t->timeout,
					progress(x) + 1, x->n * flows_used(x));
		poll(pfds, ARRAY_SIZE(pfds), x->unread ? 2 : 20);
	}
}
