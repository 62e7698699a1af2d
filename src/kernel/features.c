// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds out what the kernel can do by asking it: files it shows, and tiny
 * programs that it accepts or refuses.
 */
#include "kernel/features.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "kernel/kallsyms.h"
#include "kernel/kbtf.h"
#include "kernel/query.h"

/* Without the right to it says EPERM, with a wrong command EINVAL. */
static bool have_bpf(void)
{
	return syscall(SYS_bpf, -1, NULL, 0) >= 0 || errno != ENOSYS;
}

/* A program on a function that has always been there; it does nothing, or asks for its cookie. */
static int load_fentry(const struct btf *btf, bool cookie)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_attach_cookie },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY);
	int id = btf ? btf__find_by_name_kind(btf, "__kfree_skb", BTF_KIND_FUNC) : -ENOENT;
	int fd;

	if (id < 0)
		return id;
	opts.attach_btf_id = (__u32)id;
	fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "nlb_probe", "GPL", cookie ? code : code + 1,
			   cookie ? 3 : 2, &opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

/*
 * What the kernel was started with (preempt=), kernel/sched/core.c: 0 none, 1 voluntary,
 * 2 full, 3 lazy (6.13).  One that has no choice says so by its version.
 */
static bool is_preempted(const char *version, bool rt, struct query *q)
{
	uint64_t addr;
	int mode;

	if (!rt && !query__find(q, NULL, "preempt_dynamic_mode", &addr) &&
	    !query__read(q, addr, &mode, sizeof(mode)))
		return mode >= 2;
	return strstr(version, " PREEMPT");
}

void features__probe(struct features *f, const struct btf *btf, struct query *q)
{
	char *end;
	uint64_t addr;
	struct utsname uts = { 0 };

	memset(f, 0, sizeof(*f));
	if (!uname(&uts)) {
		snprintf(f->release, sizeof(f->release), "%s", uts.release);
		f->major = (unsigned)strtoul(uts.release, &end, 10);
		f->minor = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	}
	settings__read(&f->settings, "");
	privileges__own(f->privileges, &f->settings, f->major, f->minor);
	f->privileged = true;
	for (size_t i = 0; i < NR_PRIVILEGES; i++)
		if (f->privileges[i].capability == CAP_BPF ||
		    f->privileges[i].capability == CAP_PERFMON)
			f->privileged = f->privileged && f->privileges[i].held;
	f->bpf = have_bpf();
	/* securityfs need not be mounted.  A kernel that has the helpers which the
	 * questions need, and refuses them, is locked down.
	 */
	f->lockdown =
		f->settings.lockdown == LOCKDOWN_CONFIDENTIALITY ||
		(f->privileged && !q && btf && kbtf__has_function(btf, "bpf_kallsyms_lookup_name"));
	f->btf = btf;
	f->modules = !access("/proc/modules", R_OK);
	f->kprobe = !access("/sys/bus/event_source/devices/kprobe/type", R_OK);
	f->module_btf = btf && kbtf__member_offset(btf, "module", "btf_data") >= 0;
	f->counted_misses =
		btf && kbtf__member_offset(btf, "bpf_prog_info", "recursion_misses") >= 0;
	f->whole_stacks =
		!f->kprobe || (btf && (kbtf__has_function(btf, "kretprobe_find_ret_addr") ||
				       kbtf__has_function(btf, "rethook_find_ret_addr")));
	/* Not told by any type; these came with it, in 5.13 (commit f3a95075549e). */
	f->reattach = btf && kbtf__member_offset(btf, "bpf_prog_aux", "kfunc_tab") >= 0;
	f->memory = q;
	f->syscall_program = query__has_syscall(q);
	f->preempted = is_preempted(uts.version, f->settings.preempt_rt, q);
	f->symbols = !query__find(q, NULL, "__kfree_skb", &addr);
	if (!f->symbols)
		kallsyms__why_hidden(f->syscall_program ? NULL : KALLSYMS, f->hidden,
				     sizeof(f->hidden));
	f->fentry = f->function_fentry = -EPERM;
	if (!f->privileged)
		return;
	f->cookie = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie,
					    NULL) == 1;
	f->fentry = load_fentry(btf, false);
	f->function_fentry = load_fentry(btf, true);
	/* The link type is compiled in with FPROBE and kprobe events. */
	f->kprobe_multi =
		f->kprobe && btf && btf__find_by_name_kind(btf, "fprobe", BTF_KIND_STRUCT) > 0 &&
		btf__find_by_name_kind(btf, "bpf_kprobe_multi_link", BTF_KIND_STRUCT) > 0 &&
		kbtf__has_function(btf, "register_fprobe_ips");
}
