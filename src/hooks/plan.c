// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hooks there are to be, and which of them this kernel cannot have: those on memory, and
 * those on the functions of each traced module.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hooks/internal.h"
#include "kernel/kbtf.h"
#include "kernel/module_names.h"
#include "util/log.h"

/* The hooks that belong to no module. */
struct core_hook {
	const char *program;
	const char *mechanism;
	const char *target;
	const char *lost;
	enum hook_group group;
	bool required;
};

static const struct core_hook core_hooks[] = {
	{ "nlb_kmalloc", "raw_tp", "kmalloc", "all allocations", GROUP_OBJECT_BIRTHS, true },
	{ "nlb_kmalloc_node", "raw_tp", "kmalloc_node", "allocations for a NUMA node",
	  GROUP_OBJECT_BIRTHS, false },
	{ "nlb_kfree", "raw_tp", "kfree", "all frees", GROUP_OBJECT_ENDS, true },
	{ "nlb_skb_alloc", "fexit", "__alloc_skb", "skbs", GROUP_SKB_BIRTHS, false },
	{ "nlb_skb_clone", "fexit", "skb_clone", "clones of skbs", GROUP_SKB_BIRTHS, false },
	{ "nlb_sock", "fexit", "sk_alloc", "sockets: references to them that are never given back",
	  GROUP_SKB_BIRTHS, false },
	{ "nlb_cache_alloc", "raw_tp", "kmem_cache_alloc", "skbs", GROUP_SKB_BIRTHS, false },
	{ "nlb_cache_free", "raw_tp", "kmem_cache_free", "frees of half-made skbs", GROUP_SKB_ENDS,
	  false },
	{ "nlb_cache_alloc_node", "raw_tp", "kmem_cache_alloc_node", "skbs", GROUP_SKB_BIRTHS,
	  false },
	{ "nlb_kfree_skb", "raw_tp", "kfree_skb", "frees of dropped skbs", GROUP_SKB_ENDS, false },
	{ "nlb_consume_skb", "raw_tp", "consume_skb", "frees of consumed skbs", GROUP_SKB_ENDS,
	  false },
	{ "nlb__kfree_skb", "fentry", "__kfree_skb", "skbs freed by calling __kfree_skb()",
	  GROUP_SKB_ENDS, false },
	{ "nlb_work_start", "tp_btf", "workqueue_execute_start", "work items: who holds what",
	  GROUP_WORK_BEGINS, false },
	{ "nlb_work_end", "raw_tp", "workqueue_execute_end", "the end of work items",
	  GROUP_WORK_ENDS, false },
	{ "nlb_mod_load", "tp_btf", "module_load", "modules loaded while tracing", GROUP_ALWAYS,
	  false },
	{ "nlb_mod_free", "tp_btf", "module_free", "modules unloaded while tracing", GROUP_ALWAYS,
	  false },
};

static bool same_meaning(const struct hook_meaning *a, const struct hook_meaning *b)
{
	return a->subsystem == b->subsystem && a->role == b->role && a->function == b->function &&
	       a->arguments == b->arguments;
}

/* The first of them, so that a function's entry and return stay neighbours. */
static struct entry *find_gone(struct hooks *h, const char *mechanism, const char *target,
			       const char *module, const struct hook_meaning *meaning)
{
	for (size_t i = 0; module && i < h->count; i++) {
		struct entry *e = h->entries[i];

		if (e->hook.state == HOOK_GONE && e->function == !!meaning &&
		    !strcmp(e->hook.mechanism, mechanism) && !strcmp(e->hook.target, target) &&
		    !strcmp(e->hook.module, module) &&
		    (!meaning || same_meaning(&e->meaning, meaning)))
			return e;
	}
	return NULL;
}

static struct entry *add_entry(struct hooks *h)
{
	struct entry *e = calloc(1, sizeof(*e)), **more;

	more = reallocarray(h->entries, h->count + 1, sizeof(*more));
	if (more)
		h->entries = more;
	if (!e || !more) {
		free(e);
		return NULL;
	}
	e->index = h->count;
	h->entries[h->count++] = e;
	return e;
}

struct entry *plan__entry(struct hooks *h, const char *mechanism, const char *target,
			  const char *module, const char *lost, const struct hook_meaning *meaning)
{
	struct entry *e = find_gone(h, mechanism, target, module, meaning);

	if (!e)
		e = add_entry(h);
	if (!e)
		return NULL;
	*e = (struct entry){ .index = e->index, .fresh = true };
	e->hook.mechanism = mechanism;
	e->hook.lost = lost;
	snprintf(e->hook.target, sizeof(e->hook.target), "%s", target);
	snprintf(e->hook.module, sizeof(e->hook.module), "%s", module ? module : "");
	if (meaning) {
		e->function = true;
		e->meaning = *meaning;
	}
	return e;
}

void plan__state(struct entry *e, enum hook_state state, const char *reason, ...)
{
	va_list args;

	e->hook.state = state;
	va_start(args, reason);
	vsnprintf(e->hook.reason, sizeof(e->hook.reason), reason, args);
	va_end(args);
}

static void plan_core_hook(struct hooks *h, struct entry *e)
{
	const struct features *f = &h->kernel->features;
	const struct btf *btf = h->kernel->btf;
	const char *target = e->hook.target;
	bool trampoline =
		!strcmp(e->hook.mechanism, "fentry") || !strcmp(e->hook.mechanism, "fexit");
	bool fallback = !strncmp(target, "kmem_cache_", strlen("kmem_cache_"));

	if (!btf) {
		plan__state(e, HOOK_MISSING, "no BTF");
	} else if (fallback && !f->fentry) {
		plan__state(e, HOOK_UNNEEDED, "fexit of __alloc_skb sees the same");
	} else if (trampoline && f->fentry) {
		/* Those of skbs have another way, see fallback. */
		plan__state(e,
			    !strcmp(target, "__alloc_skb") || !strcmp(target, "skb_clone")
				    ? HOOK_UNNEEDED
				    : HOOK_MISSING,
			    "fentry and fexit are refused: %s", strerror(-f->fentry));
	} else if (trampoline && !kbtf__has_function(btf, target)) {
		plan__state(e, HOOK_MISSING, "not in BTF");
	} else if (!trampoline && !kbtf__has_tracepoint(btf, target)) {
		if (!strcmp(target, "kmalloc_node") || !strcmp(target, "kmem_cache_alloc_node"))
			plan__state(e, HOOK_UNNEEDED, "part of %.*s since 6.1",
				    (int)strlen(target) - (int)strlen("_node"), target);
		else if (!strncmp(target, "module_", 7) && !f->modules)
			plan__state(e, HOOK_UNNEEDED, "a kernel without modules");
		else
			plan__state(e, HOOK_MISSING, "no such tracepoint");
	}
	if (e->hook.state == HOOK_PLANNED && missing__refused(&e->hook))
		plan__state(e, HOOK_MISSING, "refused by NFCLEAKBPF_REFUSE");
}

int plan__core(struct hooks *h)
{
	for (size_t i = 0; i < sizeof(core_hooks) / sizeof(*core_hooks); i++) {
		const struct core_hook *c = &core_hooks[i];
		struct entry *e = plan__entry(h, c->mechanism, c->target, NULL, c->lost, NULL);

		if (!e)
			return -ENOMEM;
		e->program_name = c->program;
		e->group = c->group;
		e->required = c->required;
		plan_core_hook(h, e);
	}
	return 0;
}

bool hooks__returns(enum hook_role role)
{
	return role == HOOK_FRAME || role == HOOK_SUBMIT || role == HOOK_DISPATCH ||
	       role == HOOK_ABORT;
}

struct entry *plan__function(struct hooks *h, const struct subsystem *s, const char *module,
			     const char *name, uint64_t addr, const struct hooked_function *f,
			     enum hook_role role, bool at_return, const char *lost)
{
	static const char *const mechanisms[][2] = {
		[ATTACH_KPROBE] = { "kprobe", "kretprobe" },
		[ATTACH_KPROBE_MULTI] = { "kprobe.multi", "kretprobe.multi" },
		[ATTACH_FENTRY] = { "fentry", "fexit" },
	};
	const struct hook_meaning meaning = {
		.subsystem = s,
		.role = role,
		.function = names__intern(h->names, name, module),
		.arguments = f ? f->arguments : NULL,
	};
	struct entry *e = NULL;

	if (meaning.function)
		e = plan__entry(h, mechanisms[h->mode][at_return], name, module, lost, &meaning);
	if (!e)
		return NULL;
	e->addr = addr;
	/* Whatever returns may allocate skbs meanwhile. */
	e->program_name = at_return ? "nlb_leave" : hooks__returns(role) ? "nlb_enter" : "nlb_call";
	if (!addr)
		plan__state(e, HOOK_MISSING, "no such function in this build of %s", module);
	else if (h->mode == ATTACH_KPROBE && !h->kernel->features.kprobe)
		plan__state(e, HOOK_MISSING, "no perf kprobes (CONFIG_KPROBE_EVENTS)");
	else if (h->mode == ATTACH_KPROBE_MULTI && !h->kernel->features.kprobe_multi)
		plan__state(e, HOOK_MISSING, "no kprobe.multi (CONFIG_FPROBE)");
	else if (h->mode == ATTACH_FENTRY && h->kernel->features.function_fentry)
		plan__state(e, HOOK_MISSING, "fentry%s is refused: %s",
			    h->kernel->features.fentry ? "" : " with cookies (5.19)",
			    strerror(-h->kernel->features.function_fentry));
	else if (h->mode == ATTACH_FENTRY && !h->kernel->features.module_btf &&
		 !kernel__built_in(h->kernel, s->module))
		plan__state(e, HOOK_MISSING, "modules have no BTF on this kernel");
	else if (missing__refused(&e->hook))
		plan__state(e, HOOK_MISSING, "refused by NFCLEAKBPF_REFUSE");
	return e;
}

int plan__module(struct hooks *h, const char *module)
{
	struct module_symbols symbols;
	int unread = kernel__module_symbols(h->kernel, module, &symbols), err;

	/* Once a module has begun, its table is elsewhere. */
	if (unread)
		unread = kernel__module_symbols(h->kernel, module, &symbols);
	err = unread == -ENOMEM ? unread : 0;
	for (size_t i = 0; !err && subsystems[i]; i++) {
		const struct subsystem *s = subsystems[i];

		if (strcmp(s->module, module) != 0)
			continue;
		for (const struct hooked_function *f = s->functions; f->name; f++) {
			/* These roles want none of the arguments, or one that is only compared. */
			bool reduced = f->role == HOOK_FRAME || f->role == HOOK_ABORT;
			uint64_t addr = reduced ? module_symbols__find_reduced(&symbols, f->name)
						: module_symbols__find(&symbols, f->name);

			if (!plan__function(h, s, module, f->name, addr, f, f->role, false,
					    f->lost) ||
			    (hooks__returns(f->role) && !plan__function(h, s, module, f->name, addr,
									f, f->role, true, f->lost)))
				err = -ENOMEM;
			/* One that need not be learned. */
			if (!err && addr && f->role == HOOK_CALLBACK) {
				err = table__set(&h->callbacks, addr, h);
				h->nr_callbacks += !err;
			}
			if (err)
				break;
		}
	}
	for (size_t i = 0; unread && i < h->count; i++) {
		struct entry *e = h->entries[i];

		if (e->function && e->hook.state != HOOK_GONE && !strcmp(e->hook.module, module))
			plan__state(e, HOOK_MISSING, "the symbols of %s cannot be read: %s", module,
				    strerror(-unread));
	}
	/* What it does is told late, perhaps when it is gone. */
	if (!err && !unread && module_names__keep(h->kernel->names, module, &symbols))
		log_debug("functions of %s have no names once it is gone", module);
	module_symbols__free(&symbols);
	return err;
}

int plan__scattered(struct hooks *h)
{
	const struct hook_meaning meaning = { .role = HOOK_CALLBACK };

	for (size_t i = 0; subsystems[i]; i++) {
		const char *module = subsystems[i]->module;
		struct entry *e;

		if (!builtins__scattered(&h->kernel->builtins, module) ||
		    !hooks__wants_module(h, module))
			continue;
		e = plan__entry(h, "text", module, NULL, "all that it allocates", &meaning);
		if (!e)
			return -ENOMEM;
		plan__state(e, HOOK_MISSING,
			    "built into the kernel, with functions that are not in one place");
	}
	return 0;
}
