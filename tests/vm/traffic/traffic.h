/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of nfctraffic share.  nfctraffic exists because a tracer can
 * only be tested against a stack that is really at work: it drives the
 * kernel's NFC stack through its own interfaces (generic netlink, AF_NFC
 * sockets, nfcsim's debugfs) and through nothing else.
 *
 * Functions return 0 or a negative errno.  Where one fails for good it has
 * already said what failed, on what and why; what callers may want to handle
 * (-EALREADY, -ENOLINK) is returned in silence.
 */
#ifndef NFCTRAFFIC_H
#define NFCTRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <linux/nfc.h>

#define MAX_DEVICES 8
/* The largest message that is one LLCP frame: 128 bytes and the MIUX. */
#define LLCP_MIU 2175

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct nl_sock;

struct dev {
	uint32_t idx;
	char name[NFC_DEVICE_NAME_MAXSIZE + 1];
	uint32_t protocols;
	bool powered;
	uint8_t rf_mode;
	bool link; /* the last link event was "up" */
	/* Events since the program started. */
	struct {
		unsigned int targets_found;
		unsigned int link_up;
		unsigned int link_down;
		unsigned int tm_activated;
	} seen;
};

struct traffic {
	struct nl_sock *cmd; /* owns the polls: they end when it closes */
	struct nl_sock *ev;
	int family;
	struct dev devs[MAX_DEVICES];
	unsigned int ndevs;
	unsigned int timeout; /* of every single wait, in milliseconds */
	bool quiet;	      /* part of churn: no JSON of its own */
	bool closing;	      /* cleaning up: a stop request is no reason to leave */
	uint32_t rnd;
};

/* util.c: errors, steps and the watchdog over them, time, random numbers. */

int complain(int err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void step(unsigned int seconds, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void step_alive(void);
int supervise(int (*run)(void *arg), void *arg);
bool stop_requested(void);
uint64_t now_ms(void);
void nap(unsigned int us);
uint32_t rnd(struct traffic *t);
extern bool verbose;

/* nl.c: the generic netlink family "nfc". */

struct target {
	uint32_t idx;
	bool nfcf; /* answered SENSF_REQ; otherwise 106 kbit/s NFC-A */
};

int nfc_open(struct traffic *t);
void nfc_close(struct traffic *t);
int nfc_devices(struct traffic *t);
struct dev *nfc_find(struct traffic *t, const char *name);
int nfc_targets(struct traffic *t, const struct dev *d, struct target *targets, unsigned int max);
int nfc_events(struct traffic *t);
int nfc_event_fd(const struct traffic *t);

/*
 * The commands, as the kernel answers them: -EALREADY, -EBUSY and the like are
 * returned without a word.
 */
int nfc_dev_up(struct traffic *t, const struct dev *d);
int nfc_dev_down(struct traffic *t, const struct dev *d);
int nfc_start_poll(struct traffic *t, const struct dev *d, uint32_t im, uint32_t tm);
int nfc_start_poll_from(struct traffic *t, struct nl_sock *sk, const struct dev *d, uint32_t im,
			uint32_t tm);
int nfc_stop_poll(struct traffic *t, const struct dev *d);
int nfc_link_up(struct traffic *t, const struct dev *d, uint32_t target);
int nfc_link_down(struct traffic *t, const struct dev *d);
int nfc_deactivate(struct traffic *t, const struct dev *d, uint32_t target);
int nfc_socket_open(struct nl_sock **sk);
void nfc_socket_close(struct nl_sock *sk);

/* device.c: waiting for conditions; device and link state. */

typedef int (*cond_fn)(struct traffic *t, void *arg);

int wait_for(struct traffic *t, cond_fn cond, void *arg, unsigned int ms, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
int wait_quiet(struct traffic *t);
int wait_working(struct traffic *t, const struct dev *d);
int device_up(struct traffic *t, struct dev *d);
int device_down(struct traffic *t, struct dev *d);
int start_poll(struct traffic *t, struct dev *d, uint32_t im, uint32_t tm);
int stop_poll(struct traffic *t, struct dev *d);
int link_up(struct traffic *t, struct dev *im, struct dev *tm, uint32_t *target);
int find_target(struct traffic *t, struct dev *im, struct dev *tm, struct target *target);
int release(struct traffic *t, struct dev **devs, unsigned int n, bool down);
int dropframe_set(const struct dev *d, unsigned int frames);
int dropframe_get(const struct dev *d);
int two_devices(struct traffic *t, struct dev **im, struct dev **tm);

/* session.c: an LLCP connection across the link, and messages on it. */

struct session {
	struct traffic *t;
	struct dev *im, *tm;
	uint32_t target;
	const char *service;
	int listener; /* on tm */
	int client;   /* on im */
	int server;   /* on tm, what listener accepted */
};

struct flow {
	const char *name;
	unsigned int dir;
	int tx, rx;
	unsigned int sent;
	unsigned int received; /* right in content and order */
	unsigned int bad;
	unsigned int again; /* of these: right, but seen before */
	unsigned char *buf;
	size_t have;
	uint64_t bytes;		  /* read so far */
	unsigned int dropped_at;  /* sent, when a frame was last dropped */
	unsigned int queued_unit; /* what one unread message is charged */
};

struct exchange {
	unsigned int n; /* messages each way */
	size_t size;
	unsigned int window;
	bool both;
	bool unread;
	unsigned int drop;	 /* drop a frame every this many messages */
	unsigned int stop_after; /* leave with messages in flight */
	unsigned int drops;	 /* out: frames to be dropped */
	struct flow flows[2];
};

int session_open(struct session *s, struct traffic *t, struct dev *im, struct dev *tm,
		 bool expendable);
bool session_dead(struct session *s);
int session_close(struct session *s, bool politely);
int exchange_init(struct exchange *x);
void exchange_free(struct exchange *x);
int exchange_run(struct exchange *x, struct session *s);
void fill_message(unsigned char *buf, size_t size, unsigned int dir, unsigned int seq);

/* raw.c: an initiator in user space, on a raw SOCK_SEQPACKET socket. */

struct raw_result {
	unsigned int sent, received, bad;
};

int raw_link(struct traffic *t, unsigned int n, size_t size, bool both, struct raw_result *r);

/* tag.c: a tag in a device's field, which gives back what it gets, and a raw socket to it. */

#define TAG_MESSAGE_MAX 1024

struct tag_result {
	unsigned int sent, received, bad;
};

int tag_find(struct traffic *t, struct dev *d, struct target *target);
int tag_connect(const struct dev *d, const struct target *target); /* the socket */
int tag_send(int sk, unsigned char *buf, size_t size, unsigned int seq);
/* The answer's length, without the stack's own byte in front; -EIO: there will be none. */
int tag_receive(int sk, unsigned char *buf, size_t size);
int tag_exchange(int sk, size_t size, unsigned int seq, struct tag_result *res);
/* The device of a virtual driver's chip, open at path: the driver tells its index with an ioctl. */
int tag_reader(struct traffic *t, int chip, unsigned long index, const char *path, struct dev **d);
typedef int (*tag_round_fn)(struct traffic *t, unsigned int round, int fault,
			    struct tag_result *res);
/* Rounds, each with a reader that comes and goes; prints their sums. */
int tag_rounds(struct traffic *t, unsigned int rounds, tag_round_fn round, int fault);

/* nci.c: a virtual NCI controller and a tag. */

enum nci_fault {
	NCI_WELL,
	NCI_MUTE,	/* the tag does not answer */
	NCI_HALF,	/* of its answer comes a part */
	NCI_STRAY,	/* data for another connection comes, too */
	NCI_NO_CREDITS, /* data is not taken, and the device is powered off */
	NCI_BUSY,	/* likewise, and another exchange begins */
	NR_NCI_FAULTS,
};

/* readers.c: USB readers. */

enum reader_fault {
	READER_WELL,
	READER_MUTE,	  /* no answer to an exchange, and pulled out */
	READER_NO_ANSWER, /* the tag gives none */
	READER_NO_TAG,	  /* and pulled out while polling */
	NR_READER_FAULTS,
};

/* hci.c: an HCI controller and a tag. */

enum hci_fault {
	HCI_WELL,
	HCI_MUTE,     /* the tag does not answer */
	HCI_LATE,     /* it does when the stack has given up */
	HCI_HALF,     /* of its answer comes a part */
	HCI_RF_ERROR, /* answers are marked as damaged */
	HCI_REFUSED,  /* an exchange is answered with an error */
	HCI_FAIL,     /* the driver cannot send */
	HCI_DOWN,     /* powered off in mid-exchange */
	HCI_UNPLUG,   /* pulled out in mid-exchange, with an event still to be sent */
	NR_HCI_FAULTS,
};

/* cmd.c and abuse.c: the subcommands. */

struct link_args {
	unsigned int n;
	size_t size;
	unsigned int window;
	unsigned int drop;
	bool both, raw, unread;
};

int cmd_devices(struct traffic *t);
int cmd_up(struct traffic *t, const char *dev);
int cmd_down(struct traffic *t, const char *dev);
int cmd_poll(struct traffic *t, bool target, unsigned int seconds, const char *dev);
int cmd_link(struct traffic *t, const struct link_args *a);
int cmd_drops(struct traffic *t, unsigned int rounds);
int cmd_linkloss(struct traffic *t, unsigned int rounds, bool strand);
int cmd_storm(struct traffic *t, unsigned int rounds, bool meet);
int cmd_nci(struct traffic *t, unsigned int rounds, enum nci_fault fault);
int cmd_hci(struct traffic *t, unsigned int rounds, enum hci_fault fault);
int cmd_reader(struct traffic *t, bool port100, unsigned int rounds, enum reader_fault fault);
int cmd_churn(struct traffic *t, unsigned int seconds);

#endif
