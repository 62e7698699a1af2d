// SPDX-License-Identifier: GPL-2.0-only
/*
 * kprobe, kprobe.multi, fentry.
 *
 * A perf kprobe is bound to its file descriptor and vanishes with the process.
 * Where perf kprobes are missing libbpf would fall back on tracefs kprobes,
 * which survive SIGKILL: src/hooks/plan.c plans none then.
 */
#include "hooks/attach.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hooks/clone.h"
#include "hooks/hooks.h"

int attach__program(struct attachment *a, struct bpf_program *program)
{
	a->link = bpf_program__attach(program);
	return a->link ? 0 : -errno;
}

/*
 * A module's BTF object has to be found among all of them: its descriptor, or -ENOENT.
 */
static int module_btf(const char *module, __u32 *id)
{
	struct bpf_btf_info info;

	*id = 0;
	while (!bpf_btf_get_next_id(*id, id)) {
		int fd = bpf_btf_get_fd_by_id(*id);
		char found[64] = "";
		__u32 len = sizeof(info);

		if (fd < 0)
			continue;
		memset(&info, 0, sizeof(info));
		info.name = (uintptr_t)found;
		info.name_len = sizeof(found);
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.kernel_btf &&
		    !strcmp(found, module))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

/*
 * The number of a function among the types; *fd is the descriptor of the module's, and -1
 * where the kernel's own are meant.
 */
static int function_type(const char *module, const char *name, int *fd)
{
	struct btf *base = btf__load_vmlinux_btf(), *btf = base;
	__u32 number;
	int id;

	*fd = -1;
	if (!base)
		return -ENOENT;
	if (module) {
		*fd = module_btf(module, &number);
		btf = *fd < 0 ? NULL : btf__load_from_kernel_by_id_split(number, base);
	}
	id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) : -ENOENT;
	if (btf != base)
		btf__free(btf);
	btf__free(base);
	return id;
}

/*
 * fentry programs are made for one function each: the template's instructions
 * (its maps already resolved) are loaded again with that function as target.
 */
static int attach_fentry(struct attachment *a, struct bpf_program *template, const char *module,
			 const char *name, uint64_t cookie, bool at_return)
{
	enum bpf_attach_type type = at_return ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY;
	LIBBPF_OPTS(bpf_prog_load_opts, load, .expected_attach_type = type);
	LIBBPF_OPTS(bpf_link_create_opts, link, .tracing.cookie = cookie);
	int fd, prog = -1, err = function_type(module, name, &fd);

	if (err < 0)
		goto out;
	load.attach_btf_obj_fd = fd < 0 ? 0 : (__u32)fd;
	load.attach_btf_id = (__u32)err;
	prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, bpf_program__name(template), "GPL",
			     bpf_program__insns(template), bpf_program__insn_cnt(template), &load);
	err = prog;
	if (err < 0)
		goto out;
	err = bpf_link_create(prog, 0, type, &link);
	if (err < 0)
		goto out;
	a->own_link = err + 1;
	a->own_prog = prog + 1;
	prog = -1;
	err = 0;
out:
	if (prog >= 0)
		close(prog);
	if (fd >= 0)
		close(fd);
	return err;
}

int attach__function(struct attachment *a, enum attach_mode mode, struct bpf_program *program,
		     uint64_t addr, const char *module, const char *name, uint64_t cookie,
		     bool at_return, bool copy)
{
	unsigned long address = addr;
	__u64 cookies = cookie;
	LIBBPF_OPTS(bpf_kprobe_opts, kprobe, .offset = addr, .bpf_cookie = cookie,
		    .retprobe = at_return);
	LIBBPF_OPTS(bpf_kprobe_multi_opts, multi, .addrs = &address, .cookies = &cookies, .cnt = 1,
		    .retprobe = at_return);

	if (mode == ATTACH_FENTRY)
		return attach_fentry(a, program, module, name, cookie, at_return);
	if (mode == ATTACH_KPROBE && copy) {
		int prog, event;
		int err = clone__attach_kprobe(program, addr, cookie, at_return, &prog, &event);

		a->own_prog = err ? 0 : prog + 1;
		a->own_link = err ? 0 : event + 1;
		return err;
	}
	if (mode == ATTACH_KPROBE_MULTI)
		a->link = bpf_program__attach_kprobe_multi_opts(program, NULL, &multi);
	else
		a->link = bpf_program__attach_kprobe_opts(program, NULL, &kprobe);
	return a->link ? 0 : -errno;
}

void attach__detach(struct attachment *a)
{
	bpf_link__destroy(a->link);
	if (a->own_link)
		close(a->own_link - 1);
	if (a->own_prog)
		close(a->own_prog - 1);
	memset(a, 0, sizeof(*a));
}

uint64_t attach__program_misses(int fd)
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);

	return fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) ? 0 : info.recursion_misses;
}

const char *attach__error(int err, enum attach_mode mode)
{
	if (err == -524) /* ENOTSUPP, which no libc knows */
		return "fentry refuses more than six arguments on this kernel";
	if (mode == ATTACH_FENTRY && err == -ENOENT)
		return "there is no BTF for it";
	if (err == -EPERM || err == -EACCES)
		return "not permitted (CAP_SYS_ADMIN, kernel.perf_event_paranoid, lockdown)";
	return strerror(-err);
}
