// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arming and disarming.
 *
 * Whether a device is powered is asked of the kernel, once a second and only while
 * awake; that one comes up is told by a hook on the function through which all do.  If
 * nobody can tell, nothing sleeps.
 *
 * Waking up takes its time (tens of milliseconds, more on a busy machine), in which nothing
 * that is allocated is seen.  So nothing sleeps at once: what went down may come up again,
 * and after a module another comes, and its device.
 */
#include "cmd/arming.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/devices.h"
#include "util/log.h"

#define TRIES 10 /* to wake up, once a second */

struct arming {
	struct hooks *hooks;
	const struct kernel *kernel;
	struct session *session;
	const struct ledger *ledger; /* the session's */
	struct devices *devices;
	uint64_t linger_ns;
	uint64_t quiet_since; /* 0: not quiet */
	unsigned refused;     /* to wake up, so many times in a row */
};

struct arming *arming__new(struct hooks *hooks, const struct kernel *kernel,
			   struct session *session, uint64_t linger_ns)
{
	struct arming *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->hooks = hooks;
	a->kernel = kernel;
	a->session = session;
	a->linger_ns = linger_ns;
	a->ledger = session__ledger(session);
	a->devices = devices__new();
	if (a->devices)
		return a;
	free(a);
	return NULL;
}

void arming__free(struct arming *a)
{
	if (!a)
		return;
	devices__free(a->devices);
	free(a);
}

void arming__activity(struct arming *a)
{
	a->quiet_since = 0;
	if (hooks__level(a->hooks) == HOOKS_AWAKE)
		return;
	if (hooks__wake(a->hooks)) {
		a->refused++;
		return;
	}
	a->refused = 0;
	session__woke(a->session, hooks__awake_since(a->hooks));
	log_debug("memory is followed again");
}

static bool quiet(struct arming *a)
{
	if (!hooks__may_sleep(a->hooks) || ledger__stats(a->ledger)->commands_live)
		return false;
	if (modules__find(&a->kernel->modules, "nfc") && devices__powered(a->devices))
		return false;
	return !hooks__inside(a->hooks);
}

struct held {
	struct arming *arming;
	size_t objects, skbs;
};

/*
 * What the book holds.  What the ledger does not know any more is taken off: memory has
 * shown that it is free.
 */
static void count_booked(void *ctx, uint64_t addr, const struct nlb_book_entry *entry)
{
	struct held *held = ctx;
	const struct allocation *known = ledger__find(held->arming->ledger, addr);

	*(entry->kind == NLB_KIND_SKB ? &held->skbs : &held->objects) += 1;
	if (!known || known->born != entry->born)
		hooks__forget(held->arming->hooks, addr);
}

bool arming__work(struct arming *a, uint64_t now)
{
	struct held held = { .arming = a };
	int err;

	/* A hook was refused when a module or a device came: nobody else would try again. */
	if (a->refused && a->refused < TRIES && hooks__nr_modules(a->hooks)) {
		arming__activity(a);
		return false;
	}
	switch (hooks__level(a->hooks)) {
	case HOOKS_ASLEEP:
		return false;
	case HOOKS_ENDS:
		err = hooks__each_booked(a->hooks, count_booked, &held);
		if (err) {
			log_debug("the book could not be read: %s", strerror(-err));
			return false;
		}
		hooks__rest(a->hooks, held.objects, held.skbs);
		if (hooks__level(a->hooks) == HOOKS_ASLEEP)
			log_debug("nothing is followed until a device comes up");
		return false;
	case HOOKS_AWAKE:
		break;
	}
	if (!quiet(a)) {
		a->quiet_since = 0;
		return false;
	}
	if (!a->quiet_since)
		a->quiet_since = now;
	/* Where there is no module, there is nothing to wait for. */
	if (now - a->quiet_since < a->linger_ns && hooks__nr_modules(a->hooks))
		return false;
	err = hooks__doze(a->hooks);
	if (err) {
		log_debug("the hooks on memory stay: %s", strerror(-err));
		a->quiet_since = 0;
		return false;
	}
	log_debug("no device is up: no births are followed");
	return true;
}
