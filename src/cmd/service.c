// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop itself says that it is alive, not a thread of its own: one that hangs is
 * what a watchdog is for.  libsystemd is loaded only where systemd wants to hear
 * something, and then it is there.
 */
#include "cmd/service.h"

#include <dlfcn.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "cmd/standing.h"
#include "util/log.h"

#define LIBRARY	  "libsystemd.so.0"
#define STATUS_NS 1000000000ULL /* how often the status is looked at */

struct service {
	struct http *http; /* NULL: no metrics */
	struct control_subject *subject;
	void *library; /* NULL: systemd did not start us */
	__typeof__(sd_notify) *notify;
	uint64_t alive_every, alive_at; /* 0: nobody watches */
	uint64_t status_at;
	char status[256];
};

static void tell(const struct service *s, const char *what)
{
	if (s->notify)
		s->notify(0, what);
}

static void find_systemd(struct service *s)
{
	__typeof__(sd_watchdog_enabled) *watchdog;
	uint64_t us = 0;

	if (!getenv("NOTIFY_SOCKET"))
		return;
	s->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!s->library) {
		log_info("systemd is not told of anything: there is no " LIBRARY);
		return;
	}
	s->notify = (__typeof__(s->notify))dlsym(s->library, "sd_notify");
	watchdog = (__typeof__(watchdog))dlsym(s->library, "sd_watchdog_enabled");
	/* Half of its time, as systemd recommends. */
	if (watchdog && watchdog(0, &us) > 0)
		s->alive_every = us * 1000 / 2;
}

/* What to do about it; "" where that is not known. */
static const char *remedy(int err)
{
	switch (err) {
	case -EADDRINUSE:
		return "; somebody listens there: choose another port (ss -ltnp tells who)";
	case -EADDRNOTAVAIL:
		return "; no network interface has that address (yet): choose one of this "
		       "machine's, or 0.0.0.0 for all";
	case -EACCES:
		return "; without root choose a port from 1024 on";
	case -EAFNOSUPPORT:
		return "; this machine has no such network: choose an address of the other kind";
	default:
		return "";
	}
}

static int open_metrics(struct service *s, const struct http_address *address)
{
	struct http_config config = { .address = *address };
	int err = http__new(&s->http, &config);
	char name[HTTP_NAME_MAX];

	if (err == -ENOSYS)
		log_error("--metrics needs libmicrohttpd: apt-get install libmicrohttpd12");
	else if (err)
		log_error("cannot listen for --metrics at %s: %s%s",
			  http__address_name(address, name), strerror(-err), remedy(err));
	else
		log_info("metrics are at http://%s/metrics%s", http__name(s->http),
			 address->loopback ? ""
					   : ": who can reach this over the network can read "
					     "them");
	return err;
}

int service__new(struct service **out, const struct http_address *metrics)
{
	struct service *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	*out = NULL;
	if (err)
		log_error("cannot start: %s", strerror(-err));
	else
		find_systemd(s);
	if (!err && metrics->len)
		err = open_metrics(s, metrics);
	if (err)
		service__free(s);
	else
		*out = s;
	return err;
}

void service__free(struct service *s)
{
	if (!s)
		return;
	http__free(s->http);
	if (s->library)
		dlclose(s->library);
	free(s);
}

int service__fd(const struct service *s)
{
	return s->http ? http__fd(s->http) : -1;
}

/* What systemctl status shows. */
static void tell_status(struct service *s)
{
	const struct control_subject *subject = s->subject;
	char text[sizeof(s->status)];
	struct run_findings f;

	standing__findings(subject, &f);

	if (!*subject->started)
		snprintf(text, sizeof(text), "STATUS=Waiting for an NFC module to be loaded");
	else
		snprintf(text, sizeof(text),
			 "STATUS=Tracing %zu modules: leaks %" PRIu64 " definite, %" PRIu64
			 " probable; %" PRIu64 " retracted",
			 hooks__nr_modules(subject->hooks), f.standing[CERTAINTY_DEFINITE],
			 f.standing[CERTAINTY_PROBABLE], f.retracted);
	if (strcmp(text, s->status) != 0)
		tell(s, text);
	memcpy(s->status, text, sizeof(text));
}

void service__work(struct service *s, uint64_t now)
{
	http__work(s->http, now);
	if (!s->notify || !s->subject)
		return;
	if (s->alive_every && now >= s->alive_at) {
		tell(s, "WATCHDOG=1");
		s->alive_at = now + s->alive_every;
	}
	if (now >= s->status_at) {
		tell_status(s);
		s->status_at = now + STATUS_NS;
	}
}

void service__ready(struct service *s, struct control_subject *subject)
{
	s->subject = subject;
	if (s->http)
		http__set_page(s->http, standing__page, subject);
	if (s->notify)
		tell_status(s);
	tell(s, "READY=1");
}

void service__ending(struct service *s)
{
	tell(s, "STOPPING=1\nSTATUS=Telling what was found, and detaching");
}
