// SPDX-License-Identifier: GPL-2.0-only
/*
 * What follows memory is attached only while there is something to follow.
 *
 * Births of objects are booked only while every hook that sees their ends is attached,
 * those of skbs likewise; and a hook that sees ends goes only when nothing is left in the
 * book whose end it would see: so no free of a followed object is ever missed at a seam.
 * For that booking is stopped first, then all programs that began before have to end, and
 * only then what the book holds is all that it will hold.
 *
 * The kernel waits for them where it changes a map of maps (5.10 and newer,
 * maybe_wait_bpf_programs() in kernel/bpf/syscall.c), which is a documented
 * promise to whoever does so.
 *
 * While kernel.ftrace_enabled is 0 nothing is let go of: 6.1 and 6.12 warned in
 * ftrace_shutdown() at the end of a trace that had detached hooks meanwhile.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/internal.h"
#include "util/clock.h"
#include "util/log.h"

#define STALE_LOOKS 60 /* after the first, see hooks__inside() */

/*
 * Before 5.13 a program that was detached from a trampoline cannot be attached again, and
 * to load another takes too long: it stays, and finds that nothing is followed.
 */
static bool may_be_detached(const struct hooks *h, const struct entry *e)
{
	return h->kernel->features.reattach || (strcmp(e->hook.mechanism, "fentry") != 0 &&
						strcmp(e->hook.mechanism, "fexit") != 0);
}

static void put_to_sleep(struct hooks *h, enum hook_group group)
{
	for (size_t i = h->count; i-- > 0;) {
		struct entry *e = h->entries[i];

		if (e->function || e->group != group || e->hook.state != HOOK_ATTACHED ||
		    !may_be_detached(h, e))
			continue;
		attach__detach(&e->attachment);
		e->hook.state = HOOK_ASLEEP;
		snprintf(e->hook.reason, sizeof(e->hook.reason), "no NFC device is up");
	}
}

static int wake_up(struct hooks *h, enum hook_group group)
{
	for (size_t i = 0; i < h->count; i++) {
		struct entry *e = h->entries[i];
		size_t end;
		int err;

		if (e->function || e->group != group || e->hook.state != HOOK_ASLEEP)
			continue;
		end = missing__end_of(h, i);
		err = end < h->count && h->entries[end]->hook.state != HOOK_ATTACHED
			      ? -ENOENT
			      : attach__program(&e->attachment, e->program);
		if (err) {
			snprintf(e->hook.reason, sizeof(e->hook.reason), "%s",
				 attach__error(err, h->mode));
			log_error("cannot attach %s %s again: %s; lost: %s", e->hook.mechanism,
				  e->hook.target, e->hook.reason, e->hook.lost);
			if (e->required)
				return err;
			e->hook.state = HOOK_MISSING;
			continue;
		}
		e->hook.state = HOOK_ATTACHED;
		e->hook.reason[0] = '\0';
	}
	return 0;
}

int arm__wait_for_programs(struct hooks *h)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int *outer = &h->grace_maps[0], *inner = &h->grace_maps[1];
	__u32 zero = 0;
	int fd;

	if (!*inner) {
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nlb_grace_inner", 4, 4, 1, NULL);
		if (fd < 0)
			return fd;
		*inner = fd + 1;
	}
	if (!*outer) {
		opts.inner_map_fd = (__u32)(*inner - 1);
		fd = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "nlb_grace", 4, 4, 1, &opts);
		if (fd < 0)
			return fd;
		*outer = fd + 1;
	}
	fd = *inner - 1;
	return bpf_map_update_elem(*outer - 1, &zero, &fd, BPF_ANY) ? -errno : 0;
}

static void set_asleep(struct hooks *h, bool asleep)
{
	__atomic_store_n(&h->skel->bss->filter.asleep, asleep, __ATOMIC_SEQ_CST);
}

enum hooks_level hooks__level(const struct hooks *h)
{
	return h->level;
}

uint64_t hooks__awake_since(const struct hooks *h)
{
	return h->level == HOOKS_AWAKE ? h->awake_since : UINT64_MAX;
}

/* Objects first, which takes a tenth of the time that skbs' trampolines do. */
int hooks__wake(struct hooks *h)
{
	int err;

	if (h->level == HOOKS_AWAKE)
		return 0;
	err = wake_up(h, GROUP_OBJECT_ENDS);
	if (!err)
		err = wake_up(h, GROUP_OBJECT_BIRTHS);
	if (!err)
		err = wake_up(h, GROUP_WORK_ENDS);
	if (!err)
		err = wake_up(h, GROUP_WORK_BEGINS);
	if (err)
		return err;
	/* Trampolines that stayed see births at once. */
	if (!h->kernel->features.reattach)
		(void)wake_up(h, GROUP_SKB_ENDS);
	h->level = HOOKS_AWAKE;
	h->awake_since = clock__now();
	set_asleep(h, false);
	/* None of these is required, so none fails for good. */
	(void)wake_up(h, GROUP_SKB_ENDS);
	return wake_up(h, GROUP_SKB_BIRTHS);
}

int hooks__doze(struct hooks *h)
{
	const uint32_t *scope = &h->skel->bss->filter.scope;
	int err;

	if (h->level != HOOKS_AWAKE)
		return 0;
	/* From here on what is in the book only becomes less. */
	set_asleep(h, true);
	err = arm__wait_for_programs(h);
	if (err) {
		set_asleep(h, false);
		return err;
	}
	put_to_sleep(h, GROUP_SKB_BIRTHS);
	put_to_sleep(h, GROUP_OBJECT_BIRTHS);
	put_to_sleep(h, GROUP_WORK_BEGINS);
	/* A work item that began meanwhile ends soon; other frames have hooks of their own. */
	for (int i = 0; i < 20 && __atomic_load_n(scope, __ATOMIC_RELAXED); i++)
		usleep(10000);
	put_to_sleep(h, GROUP_WORK_ENDS);
	h->level = HOOKS_ENDS;
	return 0;
}

void hooks__rest(struct hooks *h, size_t objects, size_t skbs)
{
	if (h->level != HOOKS_ENDS || h->silent)
		return;
	if (!skbs)
		put_to_sleep(h, GROUP_SKB_ENDS);
	if (!objects)
		put_to_sleep(h, GROUP_OBJECT_ENDS);
	if (!objects && !skbs)
		h->level = HOOKS_ASLEEP;
}

/* ---- may it sleep at all? ---- */

/* Is there a hook that says when a device of this module comes up? */
static bool device_up_is_seen(const struct hooks *h, const char *module)
{
	for (size_t i = 0; subsystems[i]; i++) {
		const struct subsystem *s = subsystems[i];

		if (s->device_up && !strcmp(s->module, module))
			return missing__there(h, module, s->device_up);
		if (s->device_up && modules__depends(&h->kernel->modules, module, s->module))
			return true; /* its own turn comes */
	}
	return false;
}

bool hooks__may_sleep(const struct hooks *h)
{
	/* A module that comes has to be seen, where there are any. */
	if (h->silent || (h->kernel->features.modules && !missing__there(h, "", "module_load")))
		return false;
	for (size_t i = 0; i < h->nr_modules; i++)
		if (!device_up_is_seen(h, h->modules[i]))
			return false;
	return true;
}

/*
 * All tasks that are inside, in one number: which, and in what.  With forget they are taken
 * off.
 */
static uint64_t look_inside(struct hooks *h, bool forget)
{
	struct nfcleakbpf__bss *bss = h->skel->bss;
	uint32_t key, next;
	int fd = hooks__scopes_fd(h);
	int err = bpf_map_get_next_key(fd, NULL, &next);
	uint64_t sum = 0;

	while (!err) {
		struct nlb_scope s;

		key = next;
		err = bpf_map_get_next_key(fd, &key, &next);
		if (bpf_map_lookup_elem(fd, &key, &s) || !s.depth)
			continue;
		sum += (s.work + 3 * s.function + ((uint64_t)key << 20) + s.depth) *
		       0x9e3779b97f4a7c15ULL;
		if (!forget || bpf_map_delete_elem(fd, &key))
			continue;
		__atomic_fetch_sub(&bss->filter.scope_slots[s.slot % NLB_SCOPE_SLOTS], 1,
				   __ATOMIC_RELAXED);
		__atomic_fetch_sub(&bss->filter.scope, 1, __ATOMIC_RELAXED);
		__atomic_fetch_sub(&bss->scopes_used, 1, __ATOMIC_RELAXED);
		__atomic_fetch_add(&bss->counters.scope_healed, s.depth, __ATOMIC_RELAXED);
	}
	return sum;
}

/*
 * No frame takes so long when no device is up.  One that does all the same is taken for one
 * that has ended, and when it ends indeed nothing happens.
 */
bool hooks__inside(struct hooks *h)
{
	const uint32_t *scope = &h->skel->bss->filter.scope;
	uint64_t inside;

	if (!__atomic_load_n(scope, __ATOMIC_RELAXED)) {
		h->looks = 0;
		return false;
	}
	inside = look_inside(h, false);
	h->looks = inside == h->inside ? h->looks + 1 : 0;
	h->inside = inside;
	if (h->looks < STALE_LOOKS)
		return true;
	look_inside(h, true);
	h->looks = 0;
	return __atomic_load_n(scope, __ATOMIC_RELAXED);
}
