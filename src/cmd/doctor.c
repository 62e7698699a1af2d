// SPDX-License-Identifier: GPL-2.0-only
/*
 * `nfcleakbpf doctor`: what this kernel offers, what would be hooked and how,
 * and what would be missed.  Attaches nothing, runs anywhere.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "hooks/hooks.h"
#include "util/log.h"
#include "util/wrap.h"
#include "version.h"

struct doctor {
	bool json;
	struct kernel kernel;
	struct names *names;
	struct hooks *hooks;
};

static const struct argp_option options[] = {
	{ "json", 'j', NULL, 0, "Write one JSON object", 0 },
	{ 0 },
};

static const char doc[] = "Tells what this kernel offers to nfcleakbpf, which hooks would attach "
			  "and how, and what would be missed.  Attaches nothing.";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct doctor *d = state->input;

	switch (key) {
	case 'j':
		d->json = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is too much", arg);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* One line of what was found: good or not, and what follows. */
struct fact {
	const char *name;
	bool good;
	const char *yes, *no;
};

#define NR_FACTS 15

static void collect(const struct doctor *d, struct fact facts[NR_FACTS])
{
	const struct features *f = &d->kernel.features;
	const struct fact all[NR_FACTS] = {
		{ "privileges", f->privileged, "may load BPF programs",
		  f->bpf ? "may not load BPF programs: run as root"
			 : "no BPF (CONFIG_BPF_SYSCALL): nothing can be traced" },
		{ "BTF", f->btf, "the kernel describes its types",
		  "no /sys/kernel/btf/vmlinux: nothing can be traced" },
		{ "lockdown", !f->lockdown, "kernel memory may be read",
		  "locked down (confidentiality): nothing can be traced" },
		{ "symbols", f->symbols,
		  f->syscall_program ? "the kernel tells where its functions are"
				     : "read from /proc/kallsyms (before 5.16): 3 MiB more",
		  f->hidden },
		{ "modules", f->modules, "loadable modules",
		  "no loadable modules: only what is built into the kernel can be traced" },
		{ "kprobes", f->kprobe, "module functions can be hooked without holding the module",
		  "no perf kprobes: no module function can be hooked that way" },
		{ "kprobe.multi", f->kprobe_multi, "on request (--attach kprobe-multi)",
		  "not on this kernel (needs CONFIG_FPROBE)" },
		{ "fentry", !f->fentry,
		  !f->module_btf ? "for skbs; not for module functions, which have no BTF"
		  : f->function_fentry
			  ? "for skbs; not for module functions (before 5.19)"
			  : "for skbs; for module functions on request (--attach fentry)",
		  "refused; skbs are followed by the allocation of their struct instead" },
		{ "cookies", f->cookie, "hooks can be told apart",
		  "none in kprobes (before 5.15): a program for each hook" },
		{ "memory", f->memory,
		  f->syscall_program
			  ? "suspects can be looked at"
			  : "suspects can be looked at, by a raw_tp program (before 5.14)",
		  "no programs run on demand: neither memory nor symbols can be read" },
		{ "module BTF", f->module_btf, "modules can have types: --attach fentry",
		  "no types of modules (5.11 has them): no --attach fentry" },
		{ "trampolines", f->reattach, "let a program go and take it back",
		  "take none back (before 5.13): those of skbs stay attached" },
		{ "missed runs", f->counted_misses, "the kernel counts programs that did not run",
		  "not counted (before 5.12): findings after one are not marked" },
		{ "preemption", !f->preempted, "none while a program runs",
		  "of programs; others' events meanwhile are missed (and counted)" },
		{ "stacks", f->whole_stacks, "told whole",
		  "end at a function whose return is hooked (before 5.16)" },
	};

	memcpy(facts, all, sizeof(all));
}

/* What is found out by trying to load programs cannot be told without the right to. */
static bool unknown(const struct fact *fact, const struct features *f)
{
	static const char *const tried[] = { "symbols", "kprobe.multi", "fentry", "cookies",
					     "memory" };

	for (size_t i = 0; !f->privileged && i < sizeof(tried) / sizeof(*tried); i++)
		if (!strcmp(fact->name, tried[i]))
			return true;
	return f->lockdown && !strcmp(fact->name, "symbols");
}

static const char *state_name(enum hook_state state)
{
	static const char *const names[] = {
		[HOOK_PLANNED] = "planned", [HOOK_ATTACHED] = "attached",
		[HOOK_MISSING] = "missing", [HOOK_UNNEEDED] = "unneeded",
		[HOOK_GONE] = "gone",	    [HOOK_ASLEEP] = "asleep",
	};

	return names[state];
}

/* Can it trace at all, and if not now, why? */
static const char *conclusion(const struct doctor *d, bool *can)
{
	const struct features *f = &d->kernel.features;
	static char refusal[BUILTINS_REFUSAL + 1];
	char why[BUILTINS_REFUSAL];
	size_t missing = 0;

	for (size_t i = 0; i < hooks__count(d->hooks); i++)
		missing += hooks__at(d->hooks, i)->state == HOOK_MISSING;
	*can = false;
	if (!f->bpf)
		return "'run' cannot trace on this kernel, which has no BPF.";
	if (!f->privileged)
		return "'run' needs root, or the capabilities marked above.";
	if (!f->settings.ftrace_enabled)
		return "'run' cannot trace while kernel.ftrace_enabled is 0.";
	if (!f->btf || f->lockdown || !f->symbols)
		return "'run' cannot trace on this kernel, for the reasons marked above.";
	if (!f->modules && !d->kernel.builtins.nfc)
		return "'run' has nothing to trace: this kernel has no modules, and NFC is not "
		       "built in.";
	if (!f->kprobe && f->function_fentry)
		return "'run' cannot follow commands: there are neither kprobes nor fentry.";
	if (!hooks__nr_modules(d->hooks) && d->kernel.builtins.nfc) {
		builtins__refusal(&d->kernel.builtins, why, sizeof(why));
		snprintf(refusal, sizeof(refusal), "%s.", why);
		return refusal;
	}
	if (!hooks__nr_modules(d->hooks))
		return "No NFC module is loaded; load one, or start 'run' with --wait.";
	*can = true;
	if (missing)
		return "'run' works here, with the gaps marked above.";
	return "'run' works here and misses nothing that it knows of.";
}

/* "  ok  name          what about it": a mark, a name of so many columns. */
static void print_item(const char *mark, int columns, const char *name, const char *text)
{
	char lead[64];
	int n = snprintf(lead, sizeof(lead), "  %-3s %-*s ", mark, columns, name);

	wrap__text(stdout, n, lead, text);
}

static void print_facts(const struct doctor *d)
{
	const struct features *f = &d->kernel.features;
	struct fact facts[NR_FACTS];

	collect(d, facts);
	for (size_t i = 0; i < NR_FACTS; i++) {
		if (unknown(&facts[i], f))
			print_item("?", 13, facts[i].name,
				   f->privileged ? "cannot be told while locked down"
						 : "cannot be told without root");
		else if (facts[i].good)
			print_item("ok", 13, facts[i].name, facts[i].yes);
		else
			print_item("-", 13, facts[i].name, facts[i].no);
	}
}

static void print_privileges(const struct features *f)
{
	struct remark remarks[MAX_REMARKS];
	size_t n = settings__remarks(&f->settings, remarks);

	printf("\ncapabilities, with these settings\n");
	for (size_t i = 0; i < NR_PRIVILEGES; i++) {
		const struct privilege *p = &f->privileges[i];

		print_item(!p->wanted ? "" : p->held ? "ok" : "-", 16, p->name, p->what);
	}
	if (n)
		printf("\nsettings\n");
	for (size_t i = 0; i < n; i++)
		wrap__text(stdout, 6, remarks[i].bad ? "  -   " : "", remarks[i].text);
}

static void print_built_in(const struct kernel *k)
{
	struct wrap w;

	if (!k->builtins.nfc)
		return;
	wrap__begin(&w, stdout, 2, "built into the kernel:");
	for (size_t i = 0; i < k->builtins.count; i++)
		if (k->builtins.list[i].state == BUILTIN_FOUND)
			wrap__words(&w, k->builtins.list[i].part->module);
	wrap__words(&w, "(no other driver that is built in is traced)");
	wrap__end(&w);
}

static void print_modules(const struct doctor *d)
{
	struct wrap w;

	printf("\n");
	wrap__begin(&w, stdout, 2, "modules to trace:");
	for (size_t i = 0; i < hooks__nr_modules(d->hooks); i++)
		wrap__words(&w, hooks__module(d->hooks, i));
	if (!hooks__nr_modules(d->hooks))
		wrap__words(&w, "none loaded");
	wrap__end(&w);
	print_built_in(&d->kernel);
	wrap__begin(&w, stdout, 2, "not loaded:");
	for (size_t i = 0; subsystems[i]; i++)
		if (!modules__find(&d->kernel.modules, subsystems[i]->module) &&
		    !builtins__scattered(&d->kernel.builtins, subsystems[i]->module))
			wrap__words(&w, subsystems[i]->module);
	wrap__end(&w);
}

static void print_hooks(const struct doctor *d)
{
	printf("\nhooks\n");
	for (size_t i = 0; i < hooks__count(d->hooks); i++) {
		const struct hook *h = hooks__at(d->hooks, i);
		char what[sizeof(h->target) + sizeof(h->module) + 4];

		snprintf(what, sizeof(what), "%s%s%s%s", *h->target ? h->target : "read memory",
			 *h->module ? " [" : "", h->module, *h->module ? "]" : "");
		print_item(h->state == HOOK_PLANNED    ? "ok"
			   : h->state == HOOK_UNNEEDED ? ""
						       : "-",
			   15, h->mechanism, what);
		if (h->state == HOOK_MISSING) {
			wrap__text(stdout, 6, "", h->reason);
			wrap__text(stdout, 8, "      without it:", h->lost);
		} else if (h->state == HOOK_UNNEEDED) {
			wrap__text(stdout, 8, "      not needed:", h->reason);
		}
	}
	printf("  and every callback that is seen submitted, up to 32\n");
}

static void print_text(const struct doctor *d)
{
	bool can;

	printf("kernel %s\n\n", d->kernel.features.release);
	print_facts(d);
	print_privileges(&d->kernel.features);
	print_modules(d);
	print_hooks(d);
	printf("\n");
	wrap__text(stdout, 0, "never seen:",
		   "page-fragment skb heads, vmalloc, page allocations, krealloc in place");
	printf("\n");
	wrap__text(stdout, 0, "", conclusion(d, &can));
}

static json_t *privileges_object(const struct features *f)
{
	json_t *o = json_object();

	for (size_t i = 0; i < NR_PRIVILEGES; i++) {
		const struct privilege *p = &f->privileges[i];

		json_object_set_new(o, p->name,
				    json_pack("{s:b, s:b, s:s}", "wanted", p->wanted, "held",
					      p->held, "for", p->what));
	}
	return o;
}

static json_t *settings_object(const struct settings *s)
{
	const struct {
		const char *name;
		int value;
	} list[] = {
		{ "kernel.kptr_restrict", s->kptr_restrict },
		{ "kernel.perf_event_paranoid", s->perf_event_paranoid },
		{ "kernel.unprivileged_bpf_disabled", s->unprivileged_bpf_disabled },
		{ "kernel.ftrace_enabled", s->ftrace_enabled },
		{ "net.core.bpf_jit_enable", s->bpf_jit_enable },
	};
	static const char *const lockdown[] = { "none", "integrity", "confidentiality" };
	json_t *o = json_object(), *remarks = json_array();
	struct remark remark[MAX_REMARKS];
	size_t n = settings__remarks(s, remark);

	for (size_t i = 0; i < sizeof(list) / sizeof(*list); i++)
		json_object_set_new(o, list[i].name,
				    list[i].value == SETTING_ABSENT ? json_null()
								    : json_integer(list[i].value));
	json_object_set_new(o, "lockdown", json_string(lockdown[s->lockdown]));
	json_object_set_new(o, "preempt_rt", json_boolean(s->preempt_rt));
	for (size_t i = 0; i < n; i++)
		json_array_append_new(remarks, json_string(remark[i].text));
	json_object_set_new(o, "remarks", remarks);
	return o;
}

/* What attaching one takes. */
static json_t *wanted_by(const struct kernel *k, const struct hook *h)
{
	bool module = *h->module && !kernel__built_in(k, h->module);
	const struct privilege *p = k->features.privileges;
	json_t *a = json_array();

	for (size_t i = 0; i < NR_PRIVILEGES; i++)
		if (privilege__for_hook(&p[i], h->mechanism, module))
			json_array_append_new(a, json_string(p[i].name));
	return a;
}

/* Those that were found: [] where NFC is built in and nothing was. */
static json_t *built_in_array(const struct kernel *k)
{
	json_t *a = json_array();

	for (size_t i = 0; i < k->builtins.count; i++)
		if (k->builtins.list[i].state == BUILTIN_FOUND)
			json_array_append_new(a, json_string(k->builtins.list[i].part->module));
	return a;
}

static int print_json(const struct doctor *d)
{
	json_t *o = json_object(), *features = json_object(), *modules = json_array();
	json_t *list = json_array();
	struct fact facts[NR_FACTS];
	const char *text;
	int err;
	bool can;

	collect(d, facts);
	json_object_set_new(o, "version", json_string(NFCLEAKBPF_VERSION));
	json_object_set_new(o, "kernel", json_string(d->kernel.features.release));
	for (size_t i = 0; i < NR_FACTS; i++)
		json_object_set_new(features, facts[i].name,
				    unknown(&facts[i], &d->kernel.features)
					    ? json_null()
					    : json_boolean(facts[i].good));
	json_object_set_new(o, "features", features);
	json_object_set_new(o, "capabilities", privileges_object(&d->kernel.features));
	json_object_set_new(o, "settings", settings_object(&d->kernel.features.settings));
	for (size_t i = 0; i < hooks__nr_modules(d->hooks); i++)
		json_array_append_new(modules, json_string(hooks__module(d->hooks, i)));
	json_object_set_new(o, "modules", modules);
	json_object_set_new(o, "built_in",
			    d->kernel.builtins.nfc ? built_in_array(&d->kernel) : json_null());
	for (size_t i = 0; i < hooks__count(d->hooks); i++) {
		const struct hook *h = hooks__at(d->hooks, i);
		json_t *one = json_object();

		json_object_set_new(one, "mechanism", json_string(h->mechanism));
		json_object_set_new(one, "target", json_string(h->target));
		json_object_set_new(one, "module",
				    *h->module ? json_string(h->module) : json_null());
		json_object_set_new(one, "state", json_string(state_name(h->state)));
		json_object_set_new(one, "reason",
				    *h->reason ? json_string(h->reason) : json_null());
		json_object_set_new(one, "lost", json_string(h->lost));
		json_object_set_new(one, "capabilities", wanted_by(&d->kernel, h));
		json_array_append_new(list, one);
	}
	json_object_set_new(o, "hooks", list);
	text = conclusion(d, &can);
	json_object_set_new(o, "can_trace", json_boolean(can));
	json_object_set_new(o, "conclusion", json_string(text));
	err = json_dumpf(o, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
	putchar('\n');
	json_decref(o);
	/* What could not be written is the stream's error. */
	return err && !ferror(stdout) ? -ENOMEM : 0;
}

int cmd_doctor(int argc, char **argv)
{
	static const struct argp argp = { options, parse, NULL, doc, NULL, NULL, NULL };
	struct hooks_config config = { .mode = ATTACH_AUTO };
	struct doctor d = { 0 };
	int err;

	argp_parse(&argp, argc, argv, 0, NULL, &d);
	err = kernel__open(&d.kernel, subsystem__parts());
	d.names = err ? NULL : names__new(NULL, NULL);
	if (!err)
		err = d.names ? hooks__new(&d.hooks, &config, &d.kernel, d.names) : -ENOMEM;
	if (!err && d.json)
		err = print_json(&d);
	else if (!err)
		print_text(&d);
	if (err) {
		log_error("cannot examine this kernel: %s", strerror(-err));
	} else if (fflush(stdout) || ferror(stdout)) {
		err = errno ? -errno : -EIO;
		log_error("the answer could not be written: %s", strerror(-err));
	}
	hooks__free(d.hooks);
	names__free(d.names);
	kernel__close(&d.kernel);
	return err ? EXIT_CANNOT : EXIT_DONE;
}
