// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows from a hook that is missing.
 *
 * Whatever was refused, no leak may be said that is none: what begins is not followed
 * where its end cannot be seen; where skbs may end unseen the ledger is told; and where
 * modules come and go unseen, /proc/modules is asked.  The same goes for hooks that are
 * there and do not run: kernel.ftrace_enabled turns off all on functions, tracepoints not.
 *
 * NFCLEAKBPF_REFUSE, a comma-separated list of TARGET or MECHANISM:TARGET, refuses hooks
 * for the tests' sake (docs/faults.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hooks/internal.h"
#include "kernel/settings.h"
#include "ledger/ledger.h"
#include "util/clock.h"
#include "util/log.h"

bool missing__is_return(const struct entry *e)
{
	return !strcmp(e->hook.mechanism, "fexit") || !strncmp(e->hook.mechanism, "kret", 4);
}

size_t missing__find(const struct hooks *h, const char *module, const char *target)
{
	size_t i = 0;

	/* Those of a module that was loaded before stay in the list. */
	while (i < h->count && (h->entries[i]->hook.state == HOOK_GONE ||
				strcmp(h->entries[i]->hook.module, module) != 0 ||
				strcmp(h->entries[i]->hook.target, target) != 0))
		i++;
	return i;
}

bool missing__there(const struct hooks *h, const char *module, const char *target)
{
	size_t i = missing__find(h, module, target);

	return i < h->count && (h->entries[i]->hook.state == HOOK_ATTACHED ||
				h->entries[i]->hook.state == HOOK_ASLEEP);
}

size_t missing__end_of(const struct hooks *h, size_t index)
{
	const struct entry *e = h->entries[index];

	if (!e->function)
		return strcmp(e->hook.target, "workqueue_execute_start") != 0
			       ? h->count
			       : missing__find(h, "", "workqueue_execute_end");
	/* The return of a function was planned behind its entry. */
	return hooks__returns(e->meaning.role) && !missing__is_return(e) ? index + 1 : h->count;
}

bool missing__needs_end(const struct entry *e)
{
	return !e->function || e->meaning.role == HOOK_FRAME;
}

void missing__plan(struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++) {
		struct hook *hook = &h->entries[i]->hook;
		size_t end = missing__end_of(h, i);

		if (end == h->count || !missing__needs_end(h->entries[i]) ||
		    hook->state != HOOK_PLANNED || h->entries[end]->hook.state == HOOK_PLANNED)
			continue;
		hook->state = HOOK_MISSING;
		snprintf(hook->reason, sizeof(hook->reason), "%s %.100s is missing",
			 h->entries[end]->hook.mechanism, h->entries[end]->hook.target);
	}
}

bool missing__refused(const struct hook *hook)
{
	const char *list = getenv("NFCLEAKBPF_REFUSE");
	size_t mechanism = strlen(hook->mechanism), target = strlen(hook->target);

	while (list && *list) {
		size_t n = strcspn(list, ",");

		if (n == target && !strncmp(list, hook->target, n))
			return true;
		if (n == mechanism + 1 + target && list[mechanism] == ':' &&
		    !strncmp(list, hook->mechanism, mechanism) &&
		    !strncmp(list + mechanism + 1, hook->target, target))
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

void missing__say(struct hooks *h)
{
	for (size_t i = 0; i < h->count; i++) {
		const struct hook *hook = &h->entries[i]->hook;

		if (h->entries[i]->fresh && hook->state == HOOK_MISSING)
			log_info("cannot hook %s %s: %s; lost: %s", hook->mechanism, hook->target,
				 hook->reason, hook->lost);
		h->entries[i]->fresh = false;
	}
}

unsigned hooks__blind(const struct hooks *h)
{
	unsigned blind = h->silent ? BLIND_SOMEWHERE : 0;

	for (size_t i = 0; i < h->count; i++)
		if (h->entries[i]->hook.state == HOOK_MISSING)
			blind |= BLIND_SOMEWHERE;
	/* The last sees what the others do, where it is hooked. */
	if (!missing__there(h, "", "kmem_cache_free") &&
	    (!missing__there(h, "", "kfree_skb") || !missing__there(h, "", "consume_skb") ||
	     !missing__there(h, "", "__kfree_skb") || h->silent))
		blind |= BLIND_SKB_ENDS;
	return blind;
}

bool hooks__silent(const struct hooks *h)
{
	return h->silent;
}

bool hooks__ask_silent(struct hooks *h)
{
	h->silent = settings__ftrace_off("");
	return h->silent;
}

/* ---- modules ---- */

/*
 * Of a file in the module's directory in sysfs, which is new each time.  Not of refcnt: a kernel
 * whose modules stay (no CONFIG_MODULE_UNLOAD) has none.
 */
uint64_t missing__life(const char *module)
{
	struct stat st;
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	return stat(path, &st) ? 0 : st.st_ino;
}

bool missing__alive(const struct hooks *h, const char *module)
{
	for (size_t i = 0; i < h->nr_modules; i++)
		if (!strcmp(h->modules[i], module))
			return missing__life(module) == h->lives[i];
	return false;
}

static bool say(struct nlb_module *event, uint32_t type, const char *name)
{
	memset(event, 0, sizeof(*event));
	event->h.type = type;
	event->h.time = clock__now();
	snprintf(event->name, sizeof(event->name), "%s", name);
	return true;
}

/* May one have come or gone untold?  What failed is tried again the next time. */
static bool unsure(struct hooks *h)
{
	uint64_t lost = __atomic_load_n(&h->skel->bss->counters.lost, __ATOMIC_RELAXED);
	bool wait = h->failed;

	h->unsure |= h->failed || lost != h->lost;
	h->failed = false;
	h->lost = lost;
	return !wait && (h->unsure || !missing__there(h, "", "module_load") ||
			 !missing__there(h, "", "module_free"));
}

bool hooks__module_missed(struct hooks *h, struct nlb_module *event)
{
	const struct modules *now = &h->kernel->modules;
	bool coming = false;

	if (!h->kernel->features.modules || !unsure(h))
		return false;
	for (size_t i = 0; i < h->nr_modules; i++)
		if (missing__life(h->modules[i]) != h->lives[i])
			return say(event, NLB_MODULE_FREE, h->modules[i]);
	if (kernel__refresh_modules(h->kernel))
		return false;
	/* Those that are not traced have names, too. */
	if (h->unsure)
		names__modules_changed(h->names);
	for (size_t i = 0; i < now->count; i++) {
		const char *name = now->list[i].name;

		if (hooks__has_module(h, name) || !hooks__wants_module(h, name))
			continue;
		if (missing__life(name))
			return say(event, NLB_MODULE_LOAD, name);
		coming = true; /* one that is just being loaded has no life yet: later */
	}
	h->unsure = coming;
	return false;
}
